"""Pence: brokers name prices of London in them, by the code GBX, and money has no such currency."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.journal.money import MOST_DECIMALS, product, rounded

PENCE, POUNDS = "GBX", "GBP"
_HUNDREDTH, _HUNDRED = Decimal("0.01"), Decimal(100)


def pounds(pence: Decimal) -> Decimal:
    """The pounds that so many pence are."""
    return rounded(product(pence, _HUNDREDTH), MOST_DECIMALS)


def in_pounds(found: ReportedFill | CashMove | Action) -> ReportedFill | CashMove | Action:
    """The same, told in pounds if it is in pence."""
    if isinstance(found, ReportedFill):
        return _fill(found)
    if isinstance(found, CashMove) and found.currency == PENCE:
        return replace(found, amount=pounds(found.amount), currency=POUNDS)
    return found


def _fill(fill: ReportedFill) -> ReportedFill:
    if fill.instrument.currency == PENCE:
        own_fees = fill.fee_currency in (None, PENCE)
        fill = replace(
            fill,
            instrument=replace(fill.instrument, currency=POUNDS),
            price=fill.price and pounds(fill.price),
            commission=pounds(fill.commission),
            fees=pounds(fill.fees) if own_fees else fill.fees,
            fee_currency=None if own_fees else fill.fee_currency,
            fee_price=pounds(fill.fee_price) if fill.fee_price and not own_fees else None,
        )
    elif fill.fee_currency == PENCE:
        fee_price = fill.fee_price and product(fill.fee_price, _HUNDRED)
        fill = replace(fill, fees=pounds(fill.fees), fee_currency=POUNDS, fee_price=fee_price)
    if fill.fee_currency == POUNDS == fill.instrument.currency:
        return replace(fill, fee_currency=None, fee_price=None)
    return fill

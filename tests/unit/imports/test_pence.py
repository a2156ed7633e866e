"""Pence are told in pounds, whatever of a row is in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from handlers.imports.instruments import stock
from handlers.imports.pence import in_pounds
from handlers.imports.rows import CashMove, ReportedFill
from handlers.journal.cash import CashType
from handlers.journal.positions import Side

_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FILL = ReportedFill(
    symbol="RR",
    instrument=stock("GBX"),
    side=Side.BUY,
    quantity=Decimal(10),
    price=Decimal(1_050),
    at=_AT,
    commission=Decimal(300),
    fees=Decimal(50),
)


def test_a_fill_in_pence_is_told_in_pounds_with_its_costs() -> None:
    told = in_pounds(_FILL)
    pounds = (Decimal("10.5"), Decimal(3), Decimal("0.5"))
    assert told == replace(_FILL, instrument=stock("GBP"), price=pounds[0], commission=pounds[1], fees=pounds[2])
    assert in_pounds(replace(_FILL, fee_currency="GBX", fee_price=Decimal(1))) == told


def test_a_fee_in_pounds_of_a_share_in_pence_needs_no_price() -> None:
    told = in_pounds(replace(_FILL, fees=Decimal("0.5"), fee_currency="GBP", fee_price=Decimal(100)))
    assert told == in_pounds(_FILL)


def test_a_fee_in_another_currency_has_its_price_in_pounds() -> None:
    told = in_pounds(replace(_FILL, fees=Decimal(2), fee_currency="EUR", fee_price=Decimal(86)))
    assert isinstance(told, ReportedFill)
    assert (told.fees, told.fee_currency, told.fee_price) == (Decimal(2), "EUR", Decimal("0.86"))


def test_a_fee_in_pence_of_a_share_in_dollars_is_in_pounds() -> None:
    fill = replace(_FILL, instrument=stock("USD"), fee_currency="GBX", fee_price=Decimal("0.0125"))
    told = in_pounds(fill)
    assert told == replace(fill, fees=Decimal("0.5"), fee_currency="GBP", fee_price=Decimal("1.25"))
    assert in_pounds(replace(fill, fee_price=None)) == replace(told, fee_price=None)


def test_cash_in_pence_is_told_in_pounds() -> None:
    move = CashMove(type=CashType.DIVIDEND, amount=Decimal(250), currency="GBX", at=_AT)
    assert in_pounds(move) == replace(move, amount=Decimal("2.5"), currency="GBP")

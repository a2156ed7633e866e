"""Fidelity: the history of an account. What happened is a text: `YOU BOUGHT APPLE INC (AAPL) (Cash)`.

An option's symbol has a minus before it and its strike in plain numbers: `-MU260619C150`. Blank lines come before the
header, and lines of text below the rows. A split can be a distribution of shares; shares that move have no amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import Named, bond_of_cusip, option_of_plain_strike, share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, ReportedFill, Row
from handlers.imports.values import DateOrder, Moment
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, ExecutionKind, PositionEffect
from handlers.journal.money import ZERO, product, total
from handlers.journal.positions import Side

_ENDS = {
    "expired": ExecutionKind.EXPIRY,
    "assigned": ExecutionKind.ASSIGNMENT,
    "exercised": ExecutionKind.EXERCISE,
}
_AMOUNT, _PRICE = ("Amount ($)", "Amount"), ("Price ($)", "Price")
_HUNDRED = Decimal(100)


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the history."""
    return each(records, _row)


def _row(record: Record) -> Found:
    action = record.text("Action").casefold()
    if not action:
        raise Skipped("a line of text")
    moment, amount = record.moment("Run Date"), record.number(*_AMOUNT)
    quantity = record.number("Quantity") or ZERO
    first = action.partition(" ")[0]
    if quantity and record.has(*_PRICE) and (amount or action.startswith("you ")):
        return _trade(record, moment, quantity, amount)
    if quantity and first in _ENDS:
        return _fill(record, moment, None, quantity, kind=_ENDS[first])
    if quantity and ("split" in action or _adds_shares(action, amount)):
        return Action(
            type=ActionType.SPLIT,
            symbol=record.symbol("Symbol"),
            at=moment.at,
            day_only=moment.day_only,
            added=quantity,
        )
    if quantity and (not amount or record.text("Type", "Security Type").casefold() == "shares"):
        # Shares that are moved, given, or brought by a spin-off or a merger: what comes in has an unknown cost.
        kind = ExecutionKind.TRANSFER_IN if quantity > ZERO else ExecutionKind.TRANSFER_OUT
        return _fill(record, moment, Side.BUY if quantity > ZERO else Side.SELL, quantity, kind=kind)
    return cash_move(
        CashType.INTEREST if "exempt int" in action else cash_type(action),
        amount,
        moment,
        currency="USD",
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Action"),
    )


def _adds_shares(action: str, amount: Decimal | None) -> bool:
    """Whether it is a split that the file calls a distribution: one that brings shares and no money."""
    return action.startswith("distribution") and "spin" not in action and not amount


def _trade(record: Record, moment: Moment, quantity: Decimal, amount: Decimal | None) -> ReportedFill:
    """What was bought (a quantity above 0) or sold: also by a reinvestment, and of the fund or the bank that the cash
    is swept into. A bond that is paid back has the price 1, for all of it.
    """
    fill = _fill(record, moment, Side.BUY if quantity > ZERO else Side.SELL, quantity)
    bond = bond_of_cusip(fill.symbol, "USD")
    if bond is not None and fill.price is not None:
        price = product(fill.price, _HUNDRED) if "redemption" in record.text("Action").casefold() else fill.price
        accrued = record.number("Accrued Interest ($)", "Accrued Interest") or ZERO
        fill = replace(fill, instrument=bond, price=price, fees=total((fill.fees, accrued)))
    return check_amount(record, fill, amount)


def _fill(
    record: Record,
    moment: Moment,
    side: Side | None,
    quantity: Decimal,
    *,
    kind: ExecutionKind = ExecutionKind.TRADE,
) -> ReportedFill:
    symbol, instrument = _instrument(record)
    action, effect = record.text("Action").casefold(), PositionEffect.AUTO
    if "opening transaction" in action:
        effect = PositionEffect.OPEN
    elif "closing transaction" in action:
        effect = PositionEffect.CLOSE
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=quantity.copy_abs(),
        price=record.amount(*_PRICE) if kind is ExecutionKind.TRADE else None,
        at=moment.at,
        day_only=moment.day_only,
        commission=record.number("Commission ($)", "Commission") or ZERO,
        fees=record.number("Fees ($)", "Fees") or ZERO,
        kind=kind,
        position_effect=effect,
    )


def _instrument(record: Record) -> Named:
    text = record.text("Symbol")
    return option_of_plain_strike(text, "USD") or share_or_option(text, "USD")


FORMAT = Format(
    id="fidelity",
    broker="Fidelity",
    kind=FormatKind.MIXED,
    columns=names(
        "Run Date,Action,Symbol,Quantity,Price ($)|Price,Commission ($)|Commission,Amount ($)|Amount,Settlement Date"
    ),
    rows=rows,
    how_to_export="Activity & Orders > History > Download > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
    ragged=True,
    version=2,
)

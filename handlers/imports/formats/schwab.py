"""Charles Schwab: the history of an account's transactions.

A day can be `07/15/2024 as of 07/12/2024`: it happened on the latter. A footer has the total. Prices are rounded, so
that Amount differs by cents from quantity times price. A split's quantity is the shares that were added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, Kind
from handlers.imports.instruments import share_or_option
from handlers.imports.moves import cash, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, Fill, Row
from handlers.imports.values import SIDES, DateOrder, Moment, side_and_effect
from handlers.journal.executions import ActionType, ExecutionKind, Instrument, InstrumentKind
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_ENDS = {
    "expired": ExecutionKind.EXPIRY,
    "assigned": ExecutionKind.ASSIGNMENT,
    "exchange or exercise": ExecutionKind.EXERCISE,
    "exercised": ExecutionKind.EXERCISE,
}
_SIDES = {"reinvest shares": "buy", "buy to cover": "buy to cover"}

_CUSIP = re.compile("[0-9]{3}[0-9A-Z]{5}[0-9]")
_HUNDREDTH = Decimal("0.01")


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, _row)


def _row(record: Record) -> Found:
    action = record.text("Action").casefold()
    if not action or "total" in record.text("Date").casefold():
        raise Skipped("a footer")
    moment = record.notation.moment(record.text("Date").rpartition(" as of ")[2])
    if action in _ENDS:
        return _without_price(record, action, moment)
    if "split" in action and record.has("Quantity"):
        symbol, quantity = record.symbol("Symbol"), record.amount("Quantity")
        return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, added=quantity)
    word = _SIDES.get(action, action)
    if record.has("Quantity") and record.has("Price") and word.split()[0] in SIDES:
        return _fill(record, word, moment)
    if action.startswith("cancel"):
        raise Skipped("a cancellation")
    if record.has("Quantity") and not record.number("Amount"):
        # Grants, transfers, spin-offs and mergers: what comes in has an unknown cost.
        return _without_price(record, action, moment)
    return cash(
        cash_type(action),
        record.number("Amount"),
        moment,
        currency="USD",
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Description"),
    )


def _fill(record: Record, word: str, moment: Moment) -> Fill:
    side, effect = side_and_effect(word)
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    if _CUSIP.fullmatch(symbol):
        # Bonds have no ticker; their price is a percentage.
        instrument = Instrument(kind=InstrumentKind.BOND, multiplier=_HUNDREDTH, currency="USD")
    fill = Fill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        fees=record.paid("Fees & Comm"),
        position_effect=effect,
    )
    return check_amount(record, fill, record.number("Amount"))


def _without_price(record: Record, action: str, moment: Moment) -> Fill:
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    quantity, kind, side = record.amount("Quantity"), _ENDS.get(action), None
    if kind is None or instrument.kind is not InstrumentKind.OPTION:
        kind = ExecutionKind.TRANSFER_IN if quantity > ZERO else ExecutionKind.TRANSFER_OUT
        side = Side.BUY if quantity > ZERO else Side.SELL
    return Fill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=quantity.copy_abs(),
        price=None,
        at=moment.at,
        day_only=moment.day_only,
        kind=kind,
    )


FORMAT = Format(
    id="schwab",
    broker="Charles Schwab",
    kind=Kind.MIXED,
    columns=("Date", "Action", "Symbol", "Description", "Quantity", "Price", "Fees & Comm", "Amount"),
    rows=rows,
    how_to_export="Accounts > History > choose the account and the dates > Export > CSV",
    date_order=DateOrder.MDY,
    newest_first=True,
    ragged=True,
)

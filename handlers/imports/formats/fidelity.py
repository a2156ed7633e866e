"""Fidelity: the history of an account. What happened is a text: `YOU BOUGHT APPLE INC (AAPL) (Cash)`.

An option's symbol has a minus before it and its strike in plain numbers: `-MU260619C150`. Blank lines come before the
header, and lines of text below the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, Kind, Need
from handlers.imports.instruments import Named, option, share_or_option
from handlers.imports.moves import cash, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, Fill, Row
from handlers.imports.values import DateOrder, Moment
from handlers.journal.executions import ActionType, ExecutionKind, PositionEffect, Right
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_OPTION = re.compile(r"-?(?P<root>[A-Z.]+)(?P<day>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{1,9}(?:\.[0-9]{1,9})?)")
_ENDS = {
    "expired": ExecutionKind.EXPIRY,
    "assigned": ExecutionKind.ASSIGNMENT,
    "exercised": ExecutionKind.EXERCISE,
}
_AMOUNT = ("Amount ($)", "Amount")


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
    if quantity and action.startswith(("you bought", "reinvestment")):
        return check_amount(record, _fill(record, moment, Side.BUY, quantity), amount)
    if quantity and action.startswith("you sold"):
        return check_amount(record, _fill(record, moment, Side.SELL, quantity), amount)
    if quantity and first in _ENDS:
        return _fill(record, moment, None, quantity, kind=_ENDS[first])
    if quantity and "split" in action:
        return Action(
            type=ActionType.SPLIT,
            symbol=record.symbol("Symbol"),
            at=moment.at,
            day_only=moment.day_only,
            added=quantity,
        )
    return cash(
        cash_type(action),
        amount,
        moment,
        currency="USD",
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Action"),
    )


def _fill(
    record: Record,
    moment: Moment,
    side: Side | None,
    quantity: Decimal,
    *,
    kind: ExecutionKind = ExecutionKind.TRADE,
) -> Fill:
    symbol, instrument = _instrument(record)
    action, effect = record.text("Action").casefold(), PositionEffect.AUTO
    if "opening transaction" in action:
        effect = PositionEffect.OPEN
    elif "closing transaction" in action:
        effect = PositionEffect.CLOSE
    return Fill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=quantity.copy_abs(),
        price=record.amount("Price ($)", "Price") if kind is ExecutionKind.TRADE else None,
        at=moment.at,
        day_only=moment.day_only,
        commission=record.number("Commission ($)", "Commission") or ZERO,
        fees=record.number("Fees ($)", "Fees") or ZERO,
        kind=kind,
        position_effect=effect,
    )


def _instrument(record: Record) -> Named:
    found = _OPTION.fullmatch(record.text("Symbol"))
    if found is None:
        return share_or_option(record.text("Symbol"), "USD")
    expiry = record.notation.moment(f"20{found['day']}").at.date()
    right = Right.CALL if found["right"] == "C" else Right.PUT
    return option(found["root"], expiry, Decimal(found["strike"]), right, "USD")


FORMAT = Format(
    id="fidelity",
    broker="Fidelity",
    kind=Kind.MIXED,
    columns=names(
        "Run Date,Action,Symbol,Quantity,Price ($)|Price,Commission ($)|Commission,Amount ($)|Amount,Settlement Date"
    ),
    rows=rows,
    how_to_export="Activity & Orders > History > Download > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
    ragged=True,
)

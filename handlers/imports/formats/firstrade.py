"""Firstrade: the history of an account. An option stands in the description: `PUT IAG 02/21/25 6 IAMGOLD CORP ...`.

Costs that no column shows are in the amounts of options. A time can stand at the end of the description. Bonds have a
CUSIP and no symbol.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from handlers.imports.checks import check_amount, with_costs_in
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._cells import quantity_in
from handlers.imports.instruments import Named, bond_of_cusip, option, share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, Moment, shown
from handlers.journal.executions import ExecutionKind, InstrumentKind, PositionEffect, Right
from handlers.journal.money import ZERO, product, total
from handlers.journal.positions import Side

_OPTION = re.compile(r"(?P<right>PUT|CALL) (?P<root>[A-Z.]+) +(?P<day>[0-9/]{8,10}) +(?P<strike>[0-9.]+) ")
_TIME = re.compile(r"EXEC TIME: (?P<time>[0-9-]{10} [0-9:]{8})")
_ENDS = (("ASSIGNED", ExecutionKind.ASSIGNMENT), ("EXERCISE", ExecutionKind.EXERCISE), ("EXPIR", ExecutionKind.EXPIRY))
_EFFECTS = (("OPEN CONTRACT", PositionEffect.OPEN), ("CLOSING CONTRACT", PositionEffect.CLOSE))
# More than this for a contract is no cost.
_MOST = Decimal(2)
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry."""
    return each(records, _row)


def _row(record: Record) -> Found:
    text, quantity = record.text("Description").upper(), record.number("Quantity") or ZERO
    found = _TIME.search(text)
    moment = record.notation.moment(found["time"]) if found else record.moment("TradeDate")
    side = _SIDES.get(record.text("Action").casefold())
    if side is not None and quantity:
        return _fill(record, moment, side, text)
    if quantity and not record.number("Amount"):
        return _ended(record, moment, text)
    return cash_move(
        cash_type(f"{record.text('Action')} {text}"),
        record.number("Amount"),
        moment,
        currency="USD",
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Description"),
    )


def _fill(record: Record, moment: Moment, side: Side, text: str) -> ReportedFill:
    symbol, instrument = _named(record, text)
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission"),
        fees=record.paid("Fee"),
        position_effect=next((effect for word, effect in _EFFECTS if word in text), PositionEffect.AUTO),
    )
    amount = record.number("Amount")
    if instrument.kind is InstrumentKind.OPTION and fill.quantity is not None:
        # The amount is less all costs, those of the columns among them.
        return with_costs_in(record, replace(fill, commission=ZERO, fees=ZERO), amount, product(fill.quantity, _MOST))
    if instrument.kind is InstrumentKind.BOND:
        fill = replace(fill, fees=total((fill.fees, record.taken("Interest"))))
    return check_amount(record, fill, amount)


def _ended(record: Record, moment: Moment, text: str) -> ReportedFill:
    """An option that ended. Raises Unreadable for units that move in another way."""
    kind = next((kind for word, kind in _ENDS if word in text), None)
    symbol, instrument = _named(record, text)
    if kind is None or instrument.kind is not InstrumentKind.OPTION:
        raise Unreadable(RowReason.SIDE, f"{shown(text)} moves units in a way that is not known")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        quantity=record.quantity("Quantity"),
        at=moment.at,
        day_only=moment.day_only,
        kind=kind,
    )


def _named(record: Record, text: str) -> Named:
    found = _OPTION.match(text)
    if found is not None:
        strike, right = quantity_in(record, found["strike"]), Right.PUT if found["right"] == "PUT" else Right.CALL
        return option(found["root"], record.notation.moment(found["day"]).at.date(), strike, right, "USD")
    if not record.has("Symbol") and (bond := bond_of_cusip(record.text("CUSIP"), "USD")) is not None:
        return record.symbol("CUSIP"), bond
    return share_or_option(record.text("Symbol"), "USD")


FORMAT = Format(
    id="firstrade",
    broker="Firstrade",
    kind=FormatKind.MIXED,
    columns=names(
        "Symbol,Quantity,Price,Action,Description,TradeDate,SettledDate,Amount,Commission,Fee,CUSIP,RecordType"
    ),
    rows=rows,
    how_to_export="Accounts > Account history > choose the dates > Download CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
)

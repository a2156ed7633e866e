"""Webull (US): the orders of stocks and of options, filled or not. Prices as `@310.05`; times with EST or EDT."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import share_or_option
from handlers.imports.names import names
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, side_and_effect


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    filled = record.number("Filled", "Filled Qty")
    if not filled:
        raise Skipped(f"an order that is {record.text('Status') or 'not filled'}"[:60])
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    side, effect = side_and_effect(record.text("Side"))
    moment = record.moment("Filled Time", "Placed Time")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=filled.copy_abs(),
        price=record.amount("Avg Price", "Price"),
        at=moment.at,
        day_only=moment.day_only,
        position_effect=effect,
    )


FORMAT = Format(
    id="webull",
    broker="Webull",
    kind=FormatKind.FILLS,
    columns=names("Symbol,Side,Status,Filled|Filled Qty,Total Qty,Avg Price,Time-in-Force,Placed Time,Filled Time"),
    rows=rows,
    how_to_export="the desktop program: Account > Orders > History > choose the dates > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
)

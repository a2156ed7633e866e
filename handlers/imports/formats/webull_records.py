"""Webull: the records of orders in which the side is `B/S`. What was filled is read, of whole orders and of parts.

Those of options have costs, and say whether they open or close.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.executions import PositionEffect

_EFFECTS = {"open": PositionEffect.OPEN, "close": PositionEffect.CLOSE}


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if not record.number("Filled Qty"):
        raise Skipped(f"an order that is {record.text('Status').casefold() or 'not filled'}")
    moment = record.moment("Filled Time")
    symbol, instrument = instrument_of(record.text("Symbol"))
    side, effect = record.side("B/S")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Filled Qty"),
        price=record.amount("Filled Avg Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission"),
        fees=record.paid("Fee"),
        position_effect=_EFFECTS.get(record.text("Side Type").casefold(), effect),
    )


FORMAT = Format(
    id="webull_records",
    broker="Webull",
    kind=FormatKind.FILLS,
    columns=(
        "Symbol",
        "B/S",
        "Qty|Submitted Quantity",
        "Filled Qty",
        "Filled Avg Price",
        "Filled Time",
        "Status|Side Type",
    ),
    rows=rows,
    how_to_export="Webull Desktop > Account > Orders > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
)

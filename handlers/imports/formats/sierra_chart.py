"""Sierra Chart: the log of trade activity, with tabs between cells. Of its rows the fills are read.

A symbol has its exchange behind it: `ESZ6.CME`.
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
    """A row for each entry of the log."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if record.text("ActivityType").casefold() != "fills":
        raise Skipped("no fill")
    moment = record.moment("DateTime")
    symbol, instrument = instrument_of(record.text("Symbol").partition(".")[0])
    side, effect = record.side("BuySell")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity", "FilledQuantity"),
        price=record.amount("FillPrice"),
        at=moment.at,
        day_only=moment.day_only,
        position_effect=_EFFECTS.get(record.text("OpenClose").casefold(), effect),
        order_id=record.reference("ServiceOrderID", "InternalOrderID"),
        external_id=record.reference("FillExecutionServiceID"),
        note=record.note("Note"),
    )


FORMAT = Format(
    id="sierra_chart",
    broker="Sierra Chart",
    kind=FormatKind.FILLS,
    columns=("ActivityType", "DateTime", "Symbol", "Quantity", "BuySell", "FillPrice", "FilledQuantity"),
    rows=rows,
    how_to_export="Trade > Trade Activity Log > Activity > File > Save Log As",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    ragged=True,
)

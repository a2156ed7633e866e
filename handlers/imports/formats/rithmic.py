"""Rithmic R | Trader: the completed orders, whose title can come before the header. Orders are read as far as filled.

The name of the time has its zone: `Update Time (EDT)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._cells import moment_by_name
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if not record.number("Qty Filled"):
        raise Skipped(f"an order that is {record.text('Status') or 'not filled'}"[:60])
    moment = moment_by_name(record, "Update Time", "Completion Time")
    symbol, instrument = instrument_of(record.text("Symbol"))
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=record.side("Buy/Sell")[0],
        quantity=record.quantity("Qty Filled"),
        price=record.amount("Avg Fill Price"),
        at=moment.at,
        day_only=moment.day_only,
        order_id=record.reference("Order Number"),
        external_id=record.reference("Order Number"),
    )


FORMAT = Format(
    id="rithmic",
    broker="Rithmic",
    kind=FormatKind.FILLS,
    columns=("Account", "Status", "Buy/Sell", "Qty Filled", "Symbol", "Exchange", "Avg Fill Price"),
    rows=rows,
    how_to_export="R | Trader Pro > Order History > Completed Orders > right click > Export CSV",
    needs=(Need.TIME_ZONE,),
    newest_first=True,
    ragged=True,
)

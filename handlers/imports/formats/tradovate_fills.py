"""Tradovate: the report of fills. Names that begin with _ are those of its own data: `_timestamp` is in UTC.

The other time is that of the trader's clock. Values have blanks before them. The commission is that of the fill.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind
from handlers.imports.instruments import future
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, in_utc


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if record.text("_active").casefold() == "false":
        raise Skipped("a fill that was taken back")
    symbol, moment = record.symbol("Contract"), in_utc(record.moment("_timestamp"))
    return ReportedFill(
        symbol=symbol,
        instrument=future(symbol),
        side=record.side("B/S")[0],
        quantity=record.quantity("Quantity", "_qty"),
        price=record.amount("_price", "Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("commission"),
        order_id=record.reference("Order ID", "_orderId"),
        external_id=record.reference("Fill ID", "_id"),
    )


FORMAT = Format(
    id="tradovate_fills",
    broker="Tradovate",
    family="tradovate",
    kind=FormatKind.FILLS,
    columns=("_id", "_orderId", "_timestamp", "_qty", "_price", "B/S", "Contract", "commission"),
    rows=rows,
    how_to_export="Reports > Fills > choose the dates > Download CSV",
    date_order=DateOrder.MDY,
)

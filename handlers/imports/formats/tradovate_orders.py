"""Tradovate: the orders. Values have blanks before them; an order that was filled, wholly or in part, is one fill."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import future
from handlers.imports.names import names
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if not record.number("filledQty", "Filled Qty"):
        raise Skipped(f"an order that is {record.text('Status') or 'not filled'}"[:60])
    symbol = record.symbol("Contract")
    side, _ = record.side("B/S")
    moment = record.moment("Fill Time", "Timestamp")
    return ReportedFill(
        symbol=symbol,
        instrument=future(symbol),
        side=side,
        quantity=record.quantity("filledQty", "Filled Qty"),
        price=record.amount("avgPrice", "Avg Fill Price"),
        at=moment.at,
        day_only=moment.day_only,
        order_id=record.reference("orderId", "Order ID"),
        # Ids of orders and of pairs of fills are of one family, and never the same.
        external_id=record.reference("orderId", "Order ID"),
    )


FORMAT = Format(
    id="tradovate_orders",
    broker="Tradovate",
    family="tradovate",
    kind=FormatKind.FILLS,
    columns=names(
        "orderId|Order ID,B/S,Contract,avgPrice|Avg Fill Price,filledQty|Filled Qty,Fill Time|Timestamp,Status"
    ),
    rows=rows,
    how_to_export="Reports > Orders > choose the dates > Download CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

"""Coinbase Pro and Coinbase Advanced: the statement of fills. Times are UTC; ids count within a market."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._coins import coin
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, in_utc


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    moment = in_utc(record.moment("created at"))
    product = record.symbol("product")
    fill = ReportedFill(
        symbol=product,
        instrument=coin(record.currency("price/fee/total unit")),
        side=record.side("side")[0],
        quantity=record.quantity("size"),
        price=record.amount("price"),
        at=moment.at,
        day_only=moment.day_only,
        fees=record.paid("fee"),
        external_id=f"{product}/{record.text('trade id')}" if record.has("trade id") else None,
    )
    return check_amount(record, fill, record.number("total"))


FORMAT = Format(
    id="coinbase_pro_fills",
    broker="Coinbase Pro",
    family="coinbase_pro",
    kind=FormatKind.FILLS,
    columns=("trade id", "product", "side", "created at", "size", "size unit", "price", "fee", "price/fee/total unit"),
    rows=rows,
    how_to_export="Statements > Fills > all products, CSV",
    date_order=DateOrder.YMD,
)

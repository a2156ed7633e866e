"""Tradovate: the performance report, of pairs of a purchase and a sale. The side is that of the earlier fill."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._tradovate import pair_of
from handlers.imports.names import names
from handlers.imports.pairs import Pairs
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each pair."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    trade = pair_of(
        record,
        symbol=record.symbol("symbol"),
        bought=(record.moment("boughtTimestamp"), record.amount("buyPrice"), record.reference("buyFillId")),
        sold=(record.moment("soldTimestamp"), record.amount("sellPrice"), record.reference("sellFillId")),
        quantity=record.quantity("qty"),
        profit=record.amount("pnl"),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="tradovate_performance",
    broker="Tradovate",
    family="tradovate",
    kind=FormatKind.TRADES,
    columns=names("symbol,buyFillId,sellFillId,qty,buyPrice,sellPrice,pnl,boughtTimestamp,soldTimestamp"),
    rows=rows,
    how_to_export="Reports > Performance > choose the dates > Download CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

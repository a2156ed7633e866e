"""Tradovate: the history of positions, with the pairs of a purchase and a sale that make them up.

The columns of the whole position, which come again in each row of its pairs, are not read.
"""

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
        symbol=record.symbol("Contract"),
        bought=(record.moment("Bought Timestamp"), record.amount("Buy Price"), record.reference("Buy Fill ID")),
        sold=(record.moment("Sold Timestamp"), record.amount("Sell Price"), record.reference("Sell Fill ID")),
        quantity=record.quantity("Paired Qty"),
        profit=record.amount("P/L"),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="tradovate_paired",
    broker="Tradovate",
    family="tradovate",
    kind=FormatKind.TRADES,
    columns=names(
        "Pair ID,Buy Fill ID,Sell Fill ID,Paired Qty,Contract,Buy Price,Sell Price,P/L,Bought Timestamp,Sold Timestamp"
    ),
    rows=rows,
    how_to_export="Reports > Position History > choose the dates > Download CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

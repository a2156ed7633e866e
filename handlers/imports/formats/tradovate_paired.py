"""Tradovate: the history of positions, with the pairs of a purchase and a sale that make them up.

A row is one pair. The side is that of the earlier fill; the columns of the whole position, which come again in each of
its rows, are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, Kind, Need
from handlers.imports.instruments import future
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder
from handlers.journal.positions import Side


def rows(records: Records) -> Iterator[Row]:
    """A row for each pair."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol = record.symbol("Contract")
    bought, sold = record.moment("Bought Timestamp"), record.moment("Sold Timestamp")
    buy_id, sell_id = record.reference("Buy Fill ID"), record.reference("Sell Fill ID")
    buy_price, sell_price = record.amount("Buy Price"), record.amount("Sell Price")
    # Fills of one second are told apart by their ids, which rise.
    is_long = (bought.at, _rank(buy_id)) <= (sold.at, _rank(sell_id))
    trade = WholeTrade(
        symbol=symbol,
        instrument=future(symbol, record.currency("Currency")),
        side=Side.BUY if is_long else Side.SELL,
        quantity=record.quantity("Paired Qty"),
        entry=bought if is_long else sold,
        exit=sold if is_long else bought,
        entry_price=buy_price if is_long else sell_price,
        exit_price=sell_price if is_long else buy_price,
        profit=record.amount("P/L"),
        # The performance report has the same pairs without their own id.
        trade_id=f"{buy_id}-{sell_id}" if buy_id and sell_id else None,
    )
    return pairs.fills(record, trade)


def _rank(fill_id: str | None) -> tuple[int, str]:
    return (len(fill_id), fill_id) if fill_id else (0, "")


FORMAT = Format(
    id="tradovate_paired",
    broker="Tradovate",
    family="tradovate",
    kind=Kind.TRADES,
    columns=("Pair ID", "Buy Fill ID", "Sell Fill ID", "Paired Qty", "Contract", "Buy Price", "Sell Price", "P/L",
             "Bought Timestamp", "Sold Timestamp"),
    rows=rows,
    how_to_export="Reports > Position History > choose the dates > Download CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)  # fmt: skip  # columns, several to a line

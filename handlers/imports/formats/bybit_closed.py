"""Bybit: the closed profit and loss of derivatives. A row is a part of a position that was closed.

It has no time of the opening: both fills have that of the close, and the row is warned of it. The trade history has all
times. The profit is net: fees of both fills are what the prices make more than it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import moment_by_name
from handlers.imports.formats._coins import coin, quote_of_contract
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Row, RowReason
from handlers.imports.values import DateOrder, in_utc, shown
from handlers.journal.positions import Side

# What closed the position, and which way that was entered.
_ENTERED = {"close long": Side.BUY, "sell": Side.BUY, "close short": Side.SELL, "buy": Side.SELL}


def rows(records: Records) -> Iterator[Row]:
    """A row for each position, or part of one, that was closed."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol, word = record.symbol("Contracts"), record.text("Closing Direction")
    side = _ENTERED.get(word.casefold())
    if side is None:
        raise Unreadable(RowReason.SIDE, f"{shown(word)} is neither a purchase nor a sale")
    moment = in_utc(moment_by_name(record, "Trade Time"))
    record.notice(RowReason.TIME_MOVED, "the file has no time of the opening: it is that of the close")
    trade = WholeTrade(
        symbol=symbol,
        instrument=coin(quote_of_contract(symbol)),
        side=side,
        quantity=record.quantity("Qty"),
        entry=moment,
        exit=moment,
        entry_price=record.amount("Entry Price"),
        exit_price=record.amount("Exit Price"),
        profit=record.amount("Closed P&L"),
        profit_is_net=True,
        trade_id=record.reference("Order No."),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="bybit_closed",
    broker="Bybit",
    kind=FormatKind.TRADES,
    columns=("Contracts", "Closing Direction", "Qty", "Entry Price", "Exit Price", "Closed P&L"),
    rows=rows,
    how_to_export="Orders > Derivatives > Closed P&L > Export; better the Trade History, which has all times",
    date_order=DateOrder.YMD,
    newest_first=True,
)

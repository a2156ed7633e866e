"""IG: the history of an account. A closed trade is one row, with its two levels; the sign of its size is its side.

Sizes are money for a point, or contracts. Times are in UTC. Other rows are cash, whose words are the summaries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._contracts import contract_by_profit
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import LONGEST_SYMBOL, Found, Record, Records, checked_symbol, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.cash import CashType
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_CASH = {"depo": CashType.DEPOSIT, "with": CashType.WITHDRAWAL, "dividend": CashType.DIVIDEND}


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the history."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> Found | tuple[Found, ...]:
    closed, profit = in_utc(record.moment("DateUtc")), record.number("PL Amount")
    currency = record.currency("CurrencyIsoCode")
    word = record.text("Transaction type").casefold()
    if word != "deal" or not record.has("Open level"):
        kind = _CASH.get(word) or cash_type(record.text("Summary"))
        number = record.reference("Reference")
        return cash_move(kind, profit, closed, currency=currency, external_id=number, note=record.note("MarketName"))
    size = record.amount("Size")
    side, quantity = Side.BUY if size > ZERO else Side.SELL, record.quantity("Size")
    symbol = checked_symbol(record.text("MarketName").partition(" (")[0][:LONGEST_SYMBOL])
    prices = record.amount("Open level"), record.amount("Close level")
    trade = WholeTrade(
        symbol=symbol,
        instrument=replace(contract_by_profit(symbol, side, quantity, *prices, profit), currency=currency),
        side=side,
        quantity=quantity,
        entry=in_utc(record.moment("OpenDateUtc")),
        exit=closed,
        entry_price=prices[0],
        exit_price=prices[1],
        profit=profit,
        trade_id=record.reference("Reference"),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="ig",
    broker="IG",
    kind=FormatKind.MIXED,
    columns=names(
        "MarketName,Transaction type,Reference,Open level,Close level,Size,PL Amount,DateUtc,OpenDateUtc,"
        "CurrencyIsoCode"
    ),
    rows=rows,
    how_to_export="My IG > Live accounts > History > Transactions > Download CSV",
    date_order=DateOrder.DMY,
    newest_first=True,
)

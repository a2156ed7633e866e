"""Tradervue: the export of trades. A row is a whole trade of mean prices; costs may be in columns of their own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import share_or_option
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol, instrument = share_or_option(record.text("Symbol"))
    side, _ = record.side("Side")
    trade = WholeTrade(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Volume"),
        entry=record.moment("Open Datetime"),
        exit=record.moment("Close Datetime"),
        entry_price=record.amount("Entry Price"),
        exit_price=record.amount("Exit Price"),
        commission=record.paid("Commissions"),
        fees=record.paid("Fees"),
        profit=record.number("Gross P&L"),
        note=record.note("Notes"),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="tradervue_trades",
    broker="Tradervue",
    kind=FormatKind.TRADES,
    columns=("Open Datetime", "Close Datetime", "Symbol", "Side", "Volume", "Entry Price", "Exit Price", "Gross P&L"),
    rows=rows,
    how_to_export="Trades > choose the trades > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

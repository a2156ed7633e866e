"""Binance: the closed positions of the futures account. A row is a whole position; its profit is before fees.

The trade history has every fill, and its fees. Times are in the zone that was chosen for the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import coin, quote_of_contract
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder, amount_and_unit


def rows(records: Records) -> Iterator[Row]:
    """A row for each position."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    if record.text("Status").casefold() != "closed":
        raise Skipped("a position that is not closed")
    symbol = record.symbol("Symbol")
    trade = WholeTrade(
        symbol=symbol,
        instrument=coin(quote_of_contract(symbol)),
        side=record.side("Position Side")[0],
        quantity=record.quantity("Closed Vol."),
        entry=record.moment("Opened"),
        exit=record.moment("Closed"),
        entry_price=record.amount("Entry Price"),
        exit_price=record.amount("Avg. Close Price"),
        profit=amount_and_unit(record.notation, record.text("Closing PNL"))[0],
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="binance_positions",
    broker="Binance",
    kind=FormatKind.TRADES,
    columns=names("Symbol,Position Side,Entry Price,Avg. Close Price,Closed Vol.,Closing PNL,Opened,Closed,Status"),
    rows=rows,
    how_to_export="Orders > Futures Order > Position History > Export; better the Trade History, which has the fees",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    newest_first=True,
)

"""XTB: the closed positions of an account, with lines of its owner before the header and a total below.

Volumes are lots of currencies and CFDs, and units of shares. Profits are in the account's currency, before costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import contract_by_profit
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder
from handlers.journal.money import total


def rows(records: Records) -> Iterator[Row]:
    """A row for each position."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    if not record.has("Symbol"):
        raise Skipped("a total")
    symbol, side, quantity = record.symbol("Symbol"), record.side("Type")[0], record.quantity("Volume")
    prices, profit = (record.amount("Open price"), record.amount("Close price")), record.number("Gross P/L")
    trade = WholeTrade(
        symbol=symbol,
        instrument=contract_by_profit(symbol, side, quantity, *prices, profit),
        side=side,
        quantity=quantity,
        entry=record.moment("Open time"),
        exit=record.moment("Close time"),
        entry_price=prices[0],
        exit_price=prices[1],
        commission=record.taken("Commission"),
        fees=total(record.taken(name) for name in ("Swap", "Rollover")),
        profit=profit,
        trade_id=record.reference("Position"),
        note=record.note("Comment"),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="xtb_positions",
    broker="XTB",
    kind=FormatKind.TRADES,
    columns=names("Position,Symbol,Type,Volume,Open time,Open price,Close time,Close price,Commission,Swap,Gross P/L"),
    rows=rows,
    how_to_export="xStation > Account history > Closed positions > Export, saved as CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    ragged=True,
)

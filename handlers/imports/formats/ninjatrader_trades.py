"""NinjaTrader: the grid of trades. Profit is after costs, of which the column Commission has a part alone; where it is
just what the prices make, the program was told to leave them out.

Numbers and days are as the computer writes them: `;`, decimal comma and days first in Europe. Rows end with a
delimiter, and the last ones can be blank.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import future_or_other
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import Row
from handlers.journal.money import total

_COSTS = ("Commission", "Clearing Fee", "Exchange Fee", "IP Fee", "NFA Fee")


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol = record.symbol("Instrument")
    side, _ = record.side("Market pos.", "Market position")
    trade = WholeTrade(
        symbol=symbol,
        instrument=future_or_other(symbol),
        side=side,
        quantity=record.quantity("Qty", "Quantity"),
        entry=record.moment("Entry time"),
        exit=record.moment("Exit time"),
        entry_price=record.amount("Entry price"),
        exit_price=record.amount("Exit price"),
        commission=total(record.paid(name) for name in _COSTS),
        profit=record.amount("Profit"),
        profit_is_net=True,
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="ninjatrader_trades",
    broker="NinjaTrader",
    kind=FormatKind.TRADES,
    columns=names(
        "Instrument,Market pos.|Market position,Qty|Quantity,Entry price,Exit price,Entry time,Exit time,Profit"
    ),
    rows=rows,
    how_to_export="Trade Performance > Trades > right click > Export > CSV",
    needs=(Need.TIME_ZONE, Need.MULTIPLIER),
    ragged=True,
)

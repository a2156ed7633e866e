"""MetaTrader signals on mql5.com: the history of an account as a list, of MetaTrader 4 and of MetaTrader 5.

Rows have no numbers of their own. A last row adds the profits up: its symbol is `profit`, and it has no prices.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._metatrader import SIDES, PositionRows, money
from handlers.imports.records import Found, Record, Records, Skipped, each, plain
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each line of the list."""
    positions = PositionRows()

    def read(record: Record) -> Found | tuple[Found, ...]:
        word = plain(record.text("Type"))
        if " " in word:
            raise Skipped("an order that was not filled")
        if word not in SIDES:
            return money(record, record.moment("Time"), None, record.note("Comment"))
        if not record.has("Price"):
            raise Skipped("a total")
        if not record.has("Time 2"):
            raise Skipped("an open position")
        times = record.moment("Time"), record.moment("Time 2")
        return positions.fills(record, entry=times[0], exit_=times[1], number=None, symbol="Symbol", size="Volume")

    return each(records, read)


FORMAT = Format(
    id="mt5_history",
    broker="MQL5 signals",
    kind=FormatKind.MIXED,
    columns=("Time", "Type", "Volume", "Symbol", "Price", "Time 2", "Price 2", "Commission", "Swap", "Profit"),
    rows=rows,
    how_to_export="mql5.com > Signals > the signal > Trading history > Export to CSV: History or Positions",
    needs=(Need.TIME_ZONE,),
    others=("S/L", "T/P", "Volume 2", "Comment"),
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

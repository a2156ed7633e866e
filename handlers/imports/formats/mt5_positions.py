"""MetaTrader 5: the history of an account, as HTML or CSV, with its closed positions.

Title lines come first, then the positions, orders, deals and results, each under a header of its own. Two columns are
named Time and two Price. Thousands are set apart by blanks, and a minus may have one behind it (`- 0.08`). Of the deals
only those that move money apart from trades are read, as the positions have all others. A report can be in another
language: its header is known by the names that stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._metatrader import (
    PositionRows,
    money,
    parts,
    parts_of_translated,
    positions_in_english,
    side_of,
)
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each line below the header of the positions."""
    positions = PositionRows()

    def position(record: Record) -> Found | tuple[Found, ...]:
        side_of(record)
        if not record.has("Time 2", "Close Time"):
            raise Skipped("an open position")
        return positions.fills(
            record,
            entry=record.moment("Open Time", "Time"),
            exit_=record.moment("Close Time", "Time 2"),
            number=record.reference("Position"),
            symbol="Symbol",
            size="Volume",
        )

    for part, record in _parts(records):
        if part == "positions":
            yield record.row(position)
        elif part == "deals" and record.has("Deal"):
            yield record.row(_deal)
        else:
            yield record.skip("no closed position")


def _parts(records: Records) -> Iterator[tuple[str, Record]]:
    """The records with their parts, of a report in English or in another language."""
    held = iter(records)
    first = list(islice(held, 1))
    is_english = all(record.columns.has(name) for record in first for name in ("Position", "Symbol", "Type", "Volume"))
    whole = chain(first, held)
    return parts(whole, "positions") if is_english else parts_of_translated(whole)


def _deal(record: Record) -> Found:
    return money(record, record.moment("Time"), record.reference("Deal"), record.note("Comment"))


FORMAT = Format(
    id="mt5_positions",
    broker="MetaTrader 5",
    kind=FormatKind.MIXED,
    columns=(
        "Time|Open Time",
        "Position",
        "Symbol",
        "Type",
        "Volume",
        "Price|Open Price",
        "S / L|S/L",
        "T / P|T/P",
        "Time 2|Close Time",
        "Price 2|Close Price",
        "Profit",
    ),
    rows=rows,
    how_to_export="Toolbox > History > right click > Positions, then Report > HTML",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    ragged=True,
    in_english=positions_in_english,
    version=2,
)

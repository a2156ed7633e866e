"""The records of one day together, for brokers whose days are alone: two rows of a day can say what neither says alone.

An exchange of units is one: a row for what goes out, and one for what comes in, in either order and not one below the
other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from handlers.imports.halves import Half
from handlers.imports.records import Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.journal.money import ZERO

# A file can be one day alone, so no more records are held.
MOST_HELD = 1_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """What goes out and what comes in by two rows, and the line of the later one."""

    out: Half
    come: Half
    last_line: int

    def check(self, record: Record) -> None:
        """Raise Skipped for the earlier one of the two rows: the later one says it."""
        if record.line != self.last_line:
            raise Skipped(f"a part of the corporate action in line {self.last_line}")


def days(records: Records, column: str, length: int | None = None) -> Iterator[list[Record]]:
    """The records of each day that the column names, in the order of the file; at most 1 000 together.

    length: that of the day, in a column that has a time behind it. A record that cannot be read comes alone: it may be
    long, and is not to be held.
    """

    def day_of(record: Record) -> str | int:
        return record.text(column)[:length] if record.fault is None else record.line

    for _, of_day in groupby(records, day_of):
        while held := list(islice(of_day, MOST_HELD)):
            yield held


def exchanges(day: Sequence[Record], half_of: Callable[[Record], tuple[str, Half] | None]) -> Mapping[int, Exchange]:
    """The exchanges of the day by the lines of their rows.

    Pairs rows of equal key and opposite units; then, of each key, the one remaining row each way. Ambiguous rows stay
    unpaired.

    half_of: the key and the units of a row; None for a row that is no part of an exchange. What it cannot read is none.
    """
    found: dict[int, Exchange] = {}
    keyed: defaultdict[str, list[tuple[Record, Half]]] = defaultdict(list)
    for record in day:
        try:
            own = half_of(record)
        except Unreadable:
            continue
        if own is not None:
            keyed[own[0]].append((record, own[1]))
    for rows in keyed.values():
        counts = Counter(half.units for _, half in rows)
        alone = {half.units: (record, half) for record, half in rows if counts[half.units] == 1}
        left = [row for row in rows if not (row[1].units in alone and row[1].units.copy_negate() in alone)]
        for units, row in alone.items():
            if units < ZERO and units.copy_negate() in alone:
                _join(found, row, alone[units.copy_negate()])
        outs = [row for row in left if row[1].units < ZERO]
        comes = [row for row in left if row[1].units > ZERO]
        if len(outs) == len(comes) == 1:
            _join(found, outs[0], comes[0])
    return found


def _join(found: dict[int, Exchange], out: tuple[Record, Half], come: tuple[Record, Half]) -> None:
    lines = (out[0].line, come[0].line)
    found.update(dict.fromkeys(lines, Exchange(out[1], come[1], max(lines))))

"""Tables in text: the delimiter, the rows of cells, and the layouts in which brokers put tables into a file.

TABLE: one header, and rows below it. SECTIONS: each row names its section and what it is (`Trades,Header,...`,
`Trades,Data,...`). TITLED: a title in a line of its own, a header below it, then rows, again and again.
"""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from handlers.imports.records import MOST_COLUMNS, Columns, Record, plain
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason
from handlers.imports.text import LONGEST_LINE, Text
from handlers.imports.values import Notation

# How many lines of the beginning tell the delimiter, and may come before the header.
HEAD_LINES = 60
DELIMITERS = (",", ";", "\t", "|")


class Cells(NamedTuple):
    """A row of cells: the line where it begins, how many lines it takes, and why it cannot be read, if so."""

    line: int
    lines: int
    cells: Sequence[str]
    fault: Unreadable | None = None


def steadiness(lines: Sequence[str], delimiter: str) -> tuple[int, int]:
    """How many of the lines the delimiter cuts into the same number of cells, and into how many."""
    counts = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if len(cells) > 1)
    return max(((times, cells) for cells, times in counts.items()), default=(0, 0))


class _NeverClosed(Exception):  # ends the reading of one row from inside the iterator that csv reads
    """A quoted cell has gone on for more than 64 KB."""


class _Feed:
    """Lines for csv.reader, which can be given back when a quote that is never closed has swallowed them."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > LONGEST_LINE:
            raise _NeverClosed
        try:
            line = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            # csv asks for another line within a row only if a quote is open.
            if self._taken:
                raise _NeverClosed from None
            raise
        self.number += 1
        self._taken.append(line)
        self._size += len(line)
        return line

    def begin(self) -> None:
        """A new row begins."""
        self._taken.clear()
        self._size = 0

    def give_back(self) -> None:
        """Give back all lines of the row but its first."""
        self._again.extendleft(reversed(self._taken[1:]))
        self.number -= len(self._taken) - 1


def rows_of_cells(text: Text, lines: Iterable[str], delimiter: str) -> Iterator[Cells]:
    """The rows of the lines, without those that are empty."""
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True)
    while True:
        first = feed.number + 1
        feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_NeverClosed, csv.Error):
            feed.give_back()
            reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True)
            yield Cells(first, 1, (), Unreadable(RowReason.TOO_LONG, "a quote in this row is never closed"))
            continue
        span = feed.number - first + 1
        if text.too_long and any(line in text.too_long for line in range(first, first + span)):
            yield Cells(first, span, (), Unreadable(RowReason.TOO_LONG, "the line is longer than 64 KB"))
        elif any(cells):
            yield Cells(first, span, cells)


def lone_text(cells: Sequence[str]) -> str:
    """The text of a row in which one cell alone holds something: a title, or a footer; "" for other rows."""
    filled = [cell for cell in cells if cell and not cell.isspace()]
    return filled[0].strip() if len(filled) == 1 else ""


def table(rows: Iterable[Cells], columns: Columns, notation: Notation, *, ragged: bool = False) -> Iterator[Record]:
    """The records below a header. A row of another number of cells has the fault COLUMN_COUNT, unless it is `ragged`.

    Empty cells beyond the header count for nothing. A row that is a text alone, or the header again, is skipped.
    """
    width = len(columns.names)
    for line, lines, cells, fault in rows:
        skipped = None
        if fault is None and cells[0] == columns.cells[0] and list(cells) == columns.cells:
            skipped = "the header again"
        if fault is None and len(cells) != width:
            if lone_text(cells):
                skipped = "a line of text"
            elif not ragged and (len(cells) < width or any(map(str.strip, cells[width:]))):
                detail = f"has {len(cells)} cells instead of {width}"
                fault = Unreadable(RowReason.COLUMN_COUNT, detail)
        if fault is None and len(cells) > MOST_COLUMNS:
            fault = Unreadable(RowReason.COLUMN_COUNT, f"has more than {MOST_COLUMNS} cells")
        yield Record(columns, cells, notation, line=line, lines=lines, fault=fault, skipped=skipped)


def sections(rows: Iterable[Cells], notation: Notation) -> Iterator[Record]:
    """The data of a file whose rows begin with the name of their section, then `Header` or `Data`.

    Each record is without these two cells. Rows of totals, notes and the like, and data before a header, are left out.
    """
    columns: dict[str, Columns] = {}
    for line, lines, cells, fault in rows:
        if fault is not None:
            yield Record(_NO_COLUMNS, cells, notation, line=line, lines=lines, fault=fault)
        elif len(cells) > 2 and plain(cells[1]) == "header":
            columns[plain(cells[0])] = Columns(cells[2:])
        elif len(cells) > 2 and plain(cells[1]) == "data" and (known := columns.get(plain(cells[0]))):
            yield Record(known, cells[2:], notation, line=line, lines=lines, section=plain(cells[0]))


def titled(rows: Iterable[Cells], notation: Notation) -> Iterator[Record]:
    """The rows of a file of tables, each with a title in a row of its own and a header below it.

    The section of a record is the title in small letters. Rows before the first title are left out.
    """
    section, columns = "", None
    for line, lines, cells, fault in rows:
        if fault is not None:
            yield Record(_NO_COLUMNS, cells, notation, line=line, lines=lines, fault=fault)
        elif title := lone_text(cells):
            section, columns = plain(title).rstrip(":"), None
        elif columns is None:
            columns = Columns(cells)
        elif section:
            yield Record(columns, cells, notation, line=line, lines=lines, section=section)


_NO_COLUMNS = Columns(())


def header_row(rows: Sequence[Cells]) -> int | None:
    """The place of the row that is a header by its form: the first one of as many cells as most rows have."""
    counts = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    if not counts:
        return None
    width = max(counts, key=lambda cells: (counts[cells], cells))
    return next(place for place, row in enumerate(rows) if len(row.cells) == width)

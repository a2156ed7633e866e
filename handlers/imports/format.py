"""What a format is: how a file of it is recognized, and the function that reads its records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from handlers.imports.records import Columns, Records
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder


class FormatKind(StrEnum):
    """What the rows of a format are: fills, whole trades, cash alone, or several of these."""

    FILLS = "FILLS"
    TRADES = "TRADES"
    CASH = "CASH"
    MIXED = "MIXED"


class Need(StrEnum):
    """What a format's files do not say, so that their owner must: the time zone, the day, or money for one point."""

    TIME_ZONE = "TIME_ZONE"
    DATE = "DATE"
    MULTIPLIER = "MULTIPLIER"


class Layout(StrEnum):
    """How the records stand in the file; tables.py and markup.py say what each means."""

    TABLE = "TABLE"
    SECTIONS = "SECTIONS"
    TITLED = "TITLED"
    XML = "XML"


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A format of a broker's files.

    columns: the names that its header has, whatever their letters and order, by which a TABLE is recognized; `A|B` is
        one of two. In other layouts they tell readers what is read.
    others: further names that a header may have. If given, a header with any other name is not of this format; for
        formats whose own names are those of many files.
    opening: texts that the beginning of the file has, all of them, whatever their letters and without quotes; `A|B` is
        one of two. Layouts other than TABLE are recognized by them.
    family: formats of one family name a fill by the same external id; by default a format is a family of its own.
    rows: reads the records of a file, in the order of the file.
    date_order: that of its days, where digits alone do not tell it. None if it is that of the computer that wrote the
        file: then the days of the file tell it, and if they do not, it is MDY.
    newest_first: whether its files are so if their days do not tell.
    ragged: whether rows may have fewer or more cells than the header.
    own_headers: whether a file can have several tables, each below a header of its own: then it is read from its first
        line, wherever the header stands by which it was recognized.
    in_english: a header in another language in the names of `columns`; None for one that is not this format's.
    version: rises whenever the same file would be read otherwise than before.
    """

    id: str
    broker: str
    kind: FormatKind
    columns: tuple[str, ...]
    rows: Callable[[Records], Iterator[Row]]
    how_to_export: str
    needs: tuple[Need, ...] = ()
    family: str | None = None
    others: tuple[str, ...] | None = None
    opening: tuple[str, ...] = ()
    layout: Layout = Layout.TABLE
    date_order: DateOrder | None = None
    newest_first: bool = False
    ragged: bool = False
    own_headers: bool = False
    in_english: Callable[[Sequence[str]], Sequence[str] | None] | None = None
    version: int = 1

    def share_of(self, columns: Columns) -> tuple[int, int]:
        """How many of its columns the header has, and how many it needs. (0, 1) if the header cannot be its."""
        if self.in_english is not None and (english := self.in_english(columns.cells)) is not None:
            columns = Columns(english)
        names = [name for given in (*self.columns, *(self.others or ())) for name in given.split("|")]
        if self.others is not None and any(
            not any(columns.place(name) == place for name in names) for place in range(len(columns.names))
        ):
            return 0, 1
        return sum(map(columns.has, self.columns)), len(self.columns)

    def opens(self, beginning: str) -> int:
        """How many letters of the beginning of a file, in small letters, are texts that this format's files begin with;
        0 if one of them is not there.
        """
        found = [
            max((len(text) for text in each.casefold().split("|") if text in beginning), default=0)
            for each in self.opening
        ]
        return sum(found) if all(found) else 0

"""Reading a file of a broker: what format it is of, how it writes numbers and days, and what its rows say.

    reading = open_file(chunks, ReadingOptions())
    for row in reading.rows(): ...

The file is read once, from its beginning to its end, and never is the whole of it in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice

from handlers.imports import markup, tables
from handlers.imports.format import Format, Layout, Need
from handlers.imports.formats import BY_ID
from handlers.imports.mapped import format_of
from handlers.imports.mapping import ColumnMapping
from handlers.imports.recognizing import HTML, XML, FormatCandidate, Recognized, beginning_of, recognize
from handlers.imports.records import Columns, Records
from handlers.imports.refusals import FileReason, FileRefused
from handlers.imports.rows import Action, CashMove, ReportedFill, Row
from handlers.imports.tables import Cells
from handlers.imports.text import Text
from handlers.imports.values import DateOrder, DecimalMark, Notation, date_order_of, decimal_mark_of

MOST_ROWS = 200_000
# The rows of which at least half must be readable; a file of fewer than JUDGED_FROM rows is not judged.
JUDGED_ROWS = 1_000
JUDGED_FROM = 10
# The rows that are read ahead to learn the notation, and of these, those that are shown.
_SAMPLE_ROWS, _SAMPLE_SIZE = 1_000, 256 * 1024
SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOptions:
    """What the file's owner says of it. None is for what is to be found out.

    day: that of times without one, for formats that need it.
    mapping: how to read a file of no known format; with one, format_id is not needed.
    """

    format_id: str | None = None
    date_order: DateOrder | None = None
    decimal_mark: DecimalMark | None = None
    day: date | None = None
    mapping: ColumnMapping | None = None


@dataclass(slots=True, kw_only=True)
class FileReading:
    """A file that is being read.

    `format` is None when no format is recognized; a mapping can then be made of `header` and `sample`. `encoding`,
    `currencies`, `warnings` and `newest_first` are complete once all rows are read, which can be done once.

    delimiter: the character between cells, or XML or HTML.
    header_line: the line of the header; None where there is no single one.
    sample: the cells of the first 20 rows below the header.
    """

    format: Format | None
    candidates: tuple[FormatCandidate, ...]
    delimiter: str
    header_line: int | None
    header: Sequence[str]
    sample: Sequence[Sequence[str]]
    decimal_mark: DecimalMark
    date_order: DateOrder
    currencies: set[str] = field(default_factory=set)
    _text: Text
    _records: Records
    _order: int = 0
    _last: str = ""

    @property
    def encoding(self) -> str:
        """The encoding of the text as far as it is read; cp1252 if it is not UTF-8 all through."""
        return self._text.encoding

    @property
    def needs(self) -> tuple[Need, ...]:
        """What the file's owner has to add."""
        return self.format.needs if self.format else ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what was guessed: ENCODING for text that is not UTF-8."""
        return ("ENCODING",) if self._text.guessed else ()

    @property
    def newest_first(self) -> bool:
        """Whether the rows go back in time; as the format's files do if their times do not tell."""
        if self._order:
            return self._order < 0
        return self.format is not None and self.format.newest_first

    def rows(self) -> Iterator[Row]:
        """Each row of the file, in its order.

        Raises FileRefused for a file of no known format, when most of the first 1 000 rows cannot be read, and for
        more than 200 000 rows.
        """
        if self.format is None:
            raise FileRefused(FileReason.NOT_THIS_FORMAT, "is of no known format")
        count = wrong = 0
        for row in self.format.rows(self._records):
            count += 1
            wrong += row.error is not None
            if count == JUDGED_ROWS:
                _judge(self.format, count, wrong)
            if count > MOST_ROWS:
                raise FileRefused(FileReason.TOO_MANY_ROWS, f"has more than {MOST_ROWS} rows")
            for found in row.found:
                self._learn(found)
            yield row
        if count < JUDGED_ROWS:
            _judge(self.format, count, wrong)

    def _learn(self, found: ReportedFill | CashMove | Action) -> None:
        """Take note of the currency, and of whether this is later than what came before."""
        if isinstance(found, ReportedFill):
            currency = found.instrument.currency
        else:
            currency = found.currency if isinstance(found, CashMove) else None
        if currency:
            self.currencies.add(currency)
        now = found.at.isoformat()[:19]
        if self._last:
            self._order += (now > self._last) - (now < self._last)
        self._last = now


def _judge(of: Format, count: int, wrong: int) -> None:
    if count >= JUDGED_FROM and wrong * 2 > count:
        raise FileRefused(FileReason.NOT_THIS_FORMAT, f"{wrong} of its first {count} rows cannot be read as {of.id}")


def open_file(chunks: Iterable[bytes], options: ReadingOptions | None = None) -> FileReading:
    """The file of these bytes, read as far as is needed to know its format and its notation.

    Raises FileRefused; KeyError for a format that does not exist.
    """
    options = options or ReadingOptions()
    text = Text(chunks)
    lines = text.lines()
    beginning = beginning_of(lines)
    wanted: Format | None = None
    if options.mapping is not None:
        wanted = format_of(options.mapping)
        # Lines are counted as in the file, so those that are left out stay, without their text.
        beginning[: options.mapping.skip_lines] = ["\n"] * len(beginning[: options.mapping.skip_lines])
    elif options.format_id is not None:
        wanted = BY_ID[options.format_id]
    recognized = recognize(text, beginning, wanted)
    if recognized.format is None and recognized.header is None:
        raise FileRefused(FileReason.NO_TABLE, "has no table of a known format, and none that a mapping could read")
    lines = chain(beginning, lines)
    if recognized.delimiter == XML:
        notation = _notation((), recognized, options)
        return _reading(text, recognized, notation, markup.elements(lines, notation), ())
    if recognized.delimiter == HTML:
        rows = markup.rows_of_html(lines)
    else:
        rows = tables.rows_of_cells(text, lines, recognized.delimiter)
    chosen = recognized.format
    rows = islice(rows, 0 if chosen is not None and chosen.own_headers else recognized.place + 1, None)
    sample = _sample(rows)
    notation = _notation(sample, recognized, options)
    records = _records(recognized, chain(sample, rows), notation)
    return _reading(text, recognized, notation, records, sample)


def detect(text: str) -> tuple[FormatCandidate, ...]:
    """The formats that a file may be of that begins with this text, the likeliest first. Raises FileRefused."""
    whole = Text([text.encode("utf-8", "replace")])
    return recognize(whole, beginning_of(whole.lines())).candidates


def _reading(
    text: Text, recognized: Recognized, notation: Notation, records: Records, sample: Sequence[Cells]
) -> FileReading:
    header = recognized.header
    return FileReading(
        format=recognized.format,
        candidates=recognized.candidates,
        delimiter=recognized.delimiter,
        header_line=None if header is None else header.line,
        header=() if header is None else header.cells,
        sample=[row.cells for row in sample[:SHOWN_ROWS]],
        decimal_mark=notation.decimal_mark,
        date_order=notation.date_order,
        _text=text,
        _records=records,
    )


def _sample(rows: Iterator[Cells]) -> list[Cells]:
    """The next rows, which are taken out of `rows`."""
    taken: list[Cells] = []
    size = 0
    for row in islice(rows, _SAMPLE_ROWS):
        taken.append(row)
        size += sum(map(len, row.cells))
        if size > _SAMPLE_SIZE:
            break
    return taken


def _notation(sample: Sequence[Cells], recognized: Recognized, options: ReadingOptions) -> Notation:
    """How the file writes numbers and days: as its owner says, else as its format does, else as the sample shows."""
    given = options.mapping
    # Where a semicolon stands between cells, a comma is free to stand before decimals.
    by_delimiter = DecimalMark.COMMA if recognized.delimiter == ";" else DecimalMark.POINT
    mark = options.decimal_mark or (given.decimal_mark if given else None)
    mark = mark or decimal_mark_of(cell for row in sample for cell in row.cells) or by_delimiter
    # One wrong day must not turn all others, so a format that is sure of its order is not asked again.
    order = options.date_order or (recognized.format.date_order if recognized.format else None)
    order = order or date_order_of(cell for row in sample for cell in row.cells) or DateOrder.MDY
    return Notation(mark, order, options.day)


def _records(recognized: Recognized, rows: Iterable[Cells], notation: Notation) -> Records:
    chosen = recognized.format
    if chosen is None or recognized.header is None:
        layout = chosen.layout if chosen else Layout.TABLE
        return tables.sections(rows, notation) if layout is Layout.SECTIONS else tables.titled(rows, notation)
    return tables.table(rows, Columns(recognized.header.cells), notation, ragged=chosen.ragged)

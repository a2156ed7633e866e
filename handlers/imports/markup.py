"""Files of markup: the elements of XML, and the rows of the tables in HTML.

XML is read by expat alone, with what could harm switched off: a document type ends the reading, so that there are no
entities of its own, and expat opens no other file. defusedxml does the same; it knows no line numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from itertools import chain
from xml.parsers import expat

from handlers.imports.records import MOST_COLUMNS, Columns, Record
from handlers.imports.refusals import FileReason, FileRefused
from handlers.imports.tables import Cells
from handlers.imports.text import LONGEST_LINE
from handlers.imports.values import Notation

_DEEPEST = 32
_LONGEST = 1024 * 1024


def elements(lines: Iterable[str], notation: Notation) -> Iterator[Record]:
    """The elements that have attributes, as records: the section is the element's name, the columns its attributes.

    Raises FileRefused for XML that is broken, that declares a document type, or whose elements are nested too deep.
    """
    found: list[tuple[int, str, dict[str, str]]] = []
    depth = 0
    parser = expat.ParserCreate()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise FileRefused(FileReason.UNSAFE_XML, f"has elements in more than {_DEEPEST} others")
        if attributes:
            found.append((parser.CurrentLineNumber, name, attributes))

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def document_type(*_declared: object) -> None:
        raise FileRefused(FileReason.UNSAFE_XML, "declares a document type, which is not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = document_type
    columns: dict[tuple[str, ...], Columns] = {}
    size = 0
    for block in chain(_blocks(lines), (None,)):
        try:
            parser.Parse(block or "", block is None)
        except expat.ExpatError as error:
            raise FileRefused(FileReason.BROKEN_XML, f"is broken at line {error.lineno}") from None
        # expat keeps what has no end yet, and reads it again and again.
        size += len((block or "").encode("utf-8", "replace"))
        if size - max(parser.CurrentByteIndex, 0) > _LONGEST:
            raise FileRefused(FileReason.BROKEN_XML, "has a tag or a value that does not end")
        for number, name, attributes in found:
            names = tuple(attributes)
            if (known := columns.get(names)) is None:
                known = Columns(names)
                # Elements of many sets of attributes would fill the memory, so few are kept.
                if len(columns) < MOST_COLUMNS:
                    columns[names] = known
            yield Record(known, list(attributes.values()), notation, line=number, section=name)
        found.clear()


def _blocks(lines: Iterable[str]) -> Iterator[str]:
    """The lines in blocks of some 64 KB: both parsers begin again with each block at what has no end yet."""
    block: list[str] = []
    size = 0
    for line in lines:
        block.append(line)
        size += len(line)
        if size >= LONGEST_LINE:
            yield "".join(block)
            block.clear()
            size = 0
    yield "".join(block)


class _Tables(HTMLParser):
    """Gathers the rows of all tables, without those of tables in cells apart."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[Cells] = []
        self._cells: list[str] = []
        self._text: list[str] | None = None
        self._size = 0
        self._span = 1
        self._line = 1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._end_row()
            self._line = self.getpos()[0]
        elif tag in ("td", "th"):
            self._end_cell()
            own = dict(attrs)
            # MetaTrader 5 puts a comment that no browser shows between two cells, under no header.
            if "hidden" in (own.get("class") or "").split():
                return
            given = own.get("colspan") or "1"
            self._span = int(given) if given in _SPANS else 1
            self._text, self._size = [], 0

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in ("tr", "table"):
            self._end_row()

    def handle_data(self, data: str) -> None:
        if self._text is not None and self._size <= LONGEST_LINE:
            self._text.append(data)
            self._size += len(data)

    def finish(self) -> None:
        """The file ends."""
        self.close()
        self._end_row()

    def _end_cell(self) -> None:
        if self._text is not None and len(self._cells) <= MOST_COLUMNS:
            # A cell over several columns holds its text in the first of them.
            self._cells += [" ".join("".join(self._text).split()), *[""] * (self._span - 1)]
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if any(self._cells):
            self.rows.append(Cells(self._line, self.getpos()[0] - self._line + 1, self._cells))
        self._cells = []


_SPANS = frozenset(map(str, range(1, 33)))


def rows_of_html(lines: Iterable[str]) -> Iterator[Cells]:
    """The rows of all tables of the page, one table after the other, without rows that are empty."""
    parser = _Tables()
    for block in _blocks(lines):
        parser.feed(block)
        # html.parser reads a tag again and again until it ends, so one that never does would take hours.
        if len(parser.rawdata) > _LONGEST:
            raise FileRefused(FileReason.NO_TABLE, "has a tag that does not end")
        yield from parser.rows
        parser.rows.clear()
    parser.finish()
    yield from parser.rows

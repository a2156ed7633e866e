"""Recognizing the format of a file by its beginning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from handlers.imports.format import Format, Layout
from handlers.imports.formats import FORMATS
from handlers.imports.markup import rows_of_html
from handlers.imports.records import MOST_COLUMNS, Columns
from handlers.imports.refusals import FileReason, FileRefused
from handlers.imports.tables import DELIMITERS, HEAD_LINES, Cells, header_row, rows_of_cells, steadiness
from handlers.imports.text import Text

XML, HTML = "XML", "HTML"
# What is read ahead to recognize the format.
BEGINNING_LINES, BEGINNING_SIZE = 400, 64 * 1024
# Of a format's columns, the percentage that a header must have to be shown as a candidate.
_LEAST_CONFIDENCE = 50
_HTML = re.compile(r"\s*(?:<!--[^>]*-->\s*)*<(?:!doctype html|html|head|body|table|div|meta)\b", re.IGNORECASE)
_XML = re.compile(r"\s*<[?!a-z]", re.IGNORECASE)


class FormatCandidate(NamedTuple):
    """A format that the file may be of; `confidence` is a percentage."""

    format_id: str
    confidence: int


@dataclass(frozen=True, slots=True)
class Recognized:
    """What the beginning of a file shows.

    delimiter: the character between cells, or XML or HTML.
    candidates: the formats that the file may be of, the likeliest first.
    format: the format that it is of; None if no header has all columns of one.
    header: the row of the header of a TABLE, and of a file of no known format; `place` is which row of cells it is.
    """

    delimiter: str
    candidates: tuple[FormatCandidate, ...] = ()
    format: Format | None = None
    header: Cells | None = None
    place: int = -1


def beginning_of(lines: Iterable[str]) -> list[str]:
    """The first lines, as many as are needed to recognize a format."""
    taken: list[str] = []
    size = 0
    for line in islice(lines, BEGINNING_LINES):
        taken.append(line)
        size += len(line)
        if size > BEGINNING_SIZE:
            break
    return taken


def recognize(text: Text, beginning: Sequence[str], wanted: Format | None = None) -> Recognized:
    """What the beginning shows; with a wanted format, where its header is.

    Raises FileRefused for a file without a table, and for one that has no header of the wanted format.
    """
    start = "".join(beginning)
    formats = FORMATS if wanted is None else (wanted,)
    low = start.casefold().replace('"', "")
    by_opening = [each for each in formats if each.opening and each.opens(low)]
    if _XML.match(start) and not _HTML.match(start):
        return _of_opening(XML, low, [each for each in by_opening if each.layout is Layout.XML], wanted)
    html = bool(_HTML.match(start))
    others = [each for each in by_opening if each.layout in (Layout.SECTIONS, Layout.TITLED)]
    if others or (wanted is not None and wanted.layout is not Layout.TABLE):
        delimiter = HTML if html else _by_steadiness(beginning)[0]
        return _of_opening(delimiter, low, others, wanted)
    tables = [each for each in formats if each.layout is Layout.TABLE]
    best: Recognized | None = None
    for delimiter in (HTML,) if html else _by_steadiness(beginning):
        rows = list(_rows(text, beginning, delimiter))
        found = _of_columns(delimiter, rows, tables)
        if best is None or _confidence(found) > _confidence(best):
            best = found
    if best is None or (wanted is not None and best.format is None):
        raise FileRefused(FileReason.NOT_THIS_FORMAT, "has no header with the columns of the format")
    return best


def _of_opening(delimiter: str, low: str, formats: Sequence[Format], wanted: Format | None) -> Recognized:
    if not formats and wanted is not None:
        raise FileRefused(FileReason.NOT_THIS_FORMAT, f"does not begin as a file of {wanted.id} does")
    if not formats:
        return Recognized(delimiter)
    # Of several, the one of which more of the beginning is a part is likelier.
    formats = sorted(formats, key=lambda each: (-each.opens(low), each.id))
    candidates = tuple(FormatCandidate(each.id, 100 - place) for place, each in enumerate(formats))
    return Recognized(delimiter, candidates, formats[0])


def _of_columns(delimiter: str, rows: Sequence[Cells], formats: Sequence[Format]) -> Recognized:
    """The format whose columns a row has, all of them; of several, the one of most columns, and the first such row."""
    best: tuple[int, int] = (0, 0)
    chosen: tuple[Format, int] | None = None
    confidence: dict[str, int] = {}
    for place, row in enumerate(rows):
        if not 1 < len(row.cells) <= MOST_COLUMNS:
            continue
        columns = Columns(row.cells)
        for each in formats:
            has, needs = each.share_of(columns)
            confidence[each.id] = max(confidence.get(each.id, 0), has * 100 // needs)
            if has == needs and (needs, -place) > best:
                best, chosen = (needs, -place), (each, place)
    # A format that asks for fewer columns than the one chosen is less likely, though all of its columns are there.
    for each in formats:
        if confidence.get(each.id) == 100 and chosen is not None and each is not chosen[0]:
            confidence[each.id] = 99 * len(each.columns) // len(chosen[0].columns)
    order = sorted(confidence.items(), key=lambda item: (-item[1], item[0]))
    candidates = tuple(FormatCandidate(*item) for item in order if item[1] >= _LEAST_CONFIDENCE)
    if chosen is not None:
        return Recognized(delimiter, candidates, chosen[0], rows[chosen[1]], chosen[1])
    header = header_row(rows)
    return Recognized(delimiter) if header is None else Recognized(delimiter, candidates, None, rows[header], header)


def _confidence(found: Recognized) -> tuple[int, int]:
    known = len(found.format.columns) if found.format else 0
    return known, max((each.confidence for each in found.candidates), default=0)


def _by_steadiness(beginning: Sequence[str]) -> list[str]:
    """The delimiters, the likeliest first."""
    lines = beginning[:HEAD_LINES]
    return sorted(DELIMITERS, key=lambda delimiter: steadiness(lines, delimiter), reverse=True)


def _rows(text: Text, beginning: Sequence[str], delimiter: str) -> Iterator[Cells]:
    if delimiter == HTML:
        return rows_of_html(beginning)
    return rows_of_cells(text, beginning[:HEAD_LINES], delimiter)

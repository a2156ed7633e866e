"""JPEG (ITU-T T.81): segments, each begun by a marker; a frame header with the dimensions, scans, an end marker."""

from __future__ import annotations

import re

from handlers.journal.image_formats.reading import Reader

SIGNATURE = b"\xff\xd8\xff"

_END, _SCAN, _QUANTIZATION, _HUFFMAN = 0xD9, 0xDA, 0xDB, 0xC4
# Sequential and progressive, with either coding: what browsers show. The others are lossless or hierarchical.
_SHOWN_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Arithmetic coding, number of lines, restart interval, what applications and people note.
_OTHERS = {0xCC, 0xDC, 0xDD, *range(0xE0, 0xF0), 0xFE}
_SEGMENTS = {_END, _SCAN, _QUANTIZATION, _HUFFMAN} | _FRAMES | _OTHERS
# Decoders skip what lies between two segments, and any number of 0xff before a marker.
_MARKER = re.compile(rb"\xff[^\x00\xff]")
# In a scan, 0xff stands before 0 (then it is data), a restart marker, or the marker that ends the scan.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def check(reader: Reader) -> None:
    """Raises ImageRejected unless segments, one frame header and scans with data lead to the end-of-image marker.

    What follows that marker is not looked at: phones put a second picture, a short film or notes of their own there.
    """
    reader.take(2)
    components = b""
    has_tables = has_scan = False
    while (marker := _marker(reader)) != _END:
        length = reader.number(2)
        if length < 2:
            raise reader.malformed("has a segment that is shorter than its own length")
        if marker in _FRAMES:
            if components:
                raise reader.malformed("has more than one frame header")
            components = _frame(reader, marker, length)
        elif marker == _SCAN:
            if not components or not has_tables:
                raise reader.malformed("has a scan before its frame header or its quantization tables")
            _scan(reader, length, components)
            has_scan = True
        elif marker == _QUANTIZATION:
            _quantization_tables(reader, reader.take(length - 2))
            has_tables = True
        elif marker == _HUFFMAN:
            _huffman_tables(reader, reader.take(length - 2))
        else:
            reader.skip(length - 2)
    if not has_scan:
        raise reader.without_picture("has no scan")


def _marker(reader: Reader) -> int:
    """Read the next marker. Returns its code."""
    reader.count_part()
    if not reader.find(_MARKER, 2):
        raise reader.truncated()
    code = reader.number(2) & 0xFF
    if code not in _SEGMENTS:
        raise reader.malformed("has an unexpected marker")
    return code


def _frame(reader: Reader, marker: int, length: int) -> bytes:
    """The ids of the picture's components."""
    if marker not in _SHOWN_FRAMES:
        raise reader.malformed("is neither sequential nor progressive, so no browser shows it")
    header = reader.take(min(length - 2, 6))
    count = header[5] if len(header) == 6 else 0
    if count not in (1, 3, 4) or length != 8 + 3 * count or header[0] != 8:
        raise reader.malformed("has a frame header with values that no browser takes")
    reader.dimensions(int.from_bytes(header[3:5], "big"), int.from_bytes(header[1:3], "big"))
    rest = reader.take(3 * count)
    if not all(1 <= factors >> 4 <= 4 and 1 <= factors & 15 <= 4 for factors in rest[1::3]) or max(rest[2::3]) > 3:
        raise reader.malformed("has a frame header with values that no browser takes")
    return rest[::3]


def _quantization_tables(reader: Reader, data: bytes) -> None:
    position = 0
    while position < len(data):
        precision, number = divmod(data[position], 16)
        position += 1 + 64 * (1 + precision)
        if precision > 1 or number > 3 or position > len(data):
            raise reader.malformed("has an invalid quantization table")


def _huffman_tables(reader: Reader, data: bytes) -> None:
    position = 0
    while position < len(data):
        kind, number = divmod(data[position], 16)
        counts = data[position + 1 : position + 17]
        position += 17 + sum(counts)
        if kind > 1 or number > 3 or sum(counts) > 256 or position > len(data) or not _are_codes(counts):
            raise reader.malformed("has an invalid Huffman table")


def _are_codes(counts: bytes) -> bool:
    """Whether a prefix code can have these numbers of codes of 1, 2, ... bits, none of which is all ones."""
    following = 0
    for bits, count in enumerate(counts, 1):
        following = 2 * following + count
        if following >= 1 << bits:
            return False
    return True


def _scan(reader: Reader, length: int, components: bytes) -> None:
    header = reader.take(min(length - 2, 1 + 2 * 4 + 3))
    count = header[0] if header else 0
    if not 1 <= count <= 4 or length != 6 + 2 * count or not set(header[1 : 1 + 2 * count : 2]) <= set(components):
        raise reader.malformed("has a scan header that does not fit its frame header")
    start = reader.position
    if not reader.find(_END_OF_SCAN, 2):
        raise reader.truncated()
    if reader.position == start:
        raise reader.without_picture("has a scan without data")

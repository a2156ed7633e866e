"""Reads a JSON object of any size, member by member: of a list, one element is held in memory at a time."""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from handlers.usecases.zip_reading import BadArchive

MOST_UNPACKED = 2 * 1024 * 1024 * 1024
# Characters of one element, or of a member that is no list.
MOST_AT_ONCE = 4 * 1024 * 1024
_PIECE = 64 * 1024
_GZIP = 31  # zlib's number for gzip's format
_GZIP_BEGINS = b"\x1f\x8b"
_BLANK = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder(parse_constant=lambda name: _refuse(f"has {name}"))


def is_json(begins: bytes) -> bool:
    """Whether a file that begins with these bytes is to be read as JSON: compressed with gzip, or an object."""
    return begins.startswith(_GZIP_BEGINS) or begins.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def pieces_of(size: int, read: Callable[[int, int], bytes]) -> Iterator[bytes]:
    """The file in pieces, unpacked if it is compressed with gzip. Raises BadArchive.

    read: returns so many bytes (the second number) from a position (the first one) on.
    """
    whole = (read(at, min(1024 * 1024, size - at)) for at in range(0, size, 1024 * 1024))
    first = next(whole, b"")
    unpacked = 0
    for piece in _unpacked(first, whole) if first.startswith(_GZIP_BEGINS) else _chain(first, whole):
        unpacked += len(piece)
        if unpacked > MOST_UNPACKED:
            raise BadArchive("TOO_LARGE", "is larger than 2 GB when it is unpacked")
        yield piece


def _chain(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _unpacked(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(_GZIP)
    try:
        for piece in _chain(first, rest):
            yield unpacking.decompress(piece, _PIECE)
            while unpacking.unconsumed_tail:
                yield unpacking.decompress(unpacking.unconsumed_tail, _PIECE)
    except zlib.error:
        raise BadArchive("UNREADABLE_MEMBER", "cannot be unpacked") from None
    if not unpacking.eof:
        raise BadArchive("UNREADABLE_MEMBER", "is not whole")


def json_members(pieces: Iterable[bytes]) -> Iterator[tuple[str, Iterator[Any]]]:
    """Each member's name and its value, which is to be read before the next one is asked for: of a list, its elements
    one by one; of anything else, itself alone. Raises BadArchive for what is no JSON object in UTF-8.
    """
    text = _Text(pieces)
    text.expect("{")
    separator = "" if text.peek() != "}" else text.next()
    while separator != "}":
        name = text.value()
        if not isinstance(name, str):
            _refuse("has a name that is no text")
        text.expect(":")
        yield name, _elements(text) if text.peek() == "[" else iter([text.value()])
        separator = text.next()
        if separator not in (",", "}"):
            _refuse("is no JSON object")
    if text.peek():
        _refuse("goes on behind its end")


def _elements(text: _Text) -> Iterator[Any]:
    text.expect("[")
    separator = "" if text.peek() != "]" else text.next()
    while separator != "]":
        yield text.value()
        separator = text.next()
        if separator not in (",", "]"):
            _refuse("is no JSON object")


class _Text:
    """The text of a document, of which what was read is forgotten."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._kept, self._at, self._is_whole = "", 0, False

    def peek(self) -> str:
        """The next character that is no blank; nothing at the end."""
        while True:
            blank = _BLANK.match(self._kept, self._at)
            self._at = self._at if blank is None else blank.end()
            if self._at < len(self._kept) or not self._more(_PIECE):
                return self._kept[self._at : self._at + 1]

    def next(self) -> str:
        """The same, which is read."""
        found = self.peek()
        self._at += 1
        return found

    def expect(self, wanted: str) -> None:
        """Read that character."""
        if self.next() != wanted:
            _refuse("is no JSON object")

    def value(self) -> Any:
        """The value that comes next."""
        self.peek()
        wanted = _PIECE
        while True:
            try:
                value, end = _decode.raw_decode(self._kept, self._at)
            except (ValueError, RecursionError):
                end = len(self._kept)
                value = None
            if end < len(self._kept):  # a number might go on at the end of what is there
                self._at = end
                return value
            if len(self._kept) - self._at > MOST_AT_ONCE:
                raise BadArchive("TOO_LONG", "has a document that is longer than 4 MB")
            if not self._more(wanted):
                _refuse("is no JSON object, or not a whole one")
            wanted *= 2  # so a long value is tried a few times only

    def _more(self, wanted: int) -> bool:
        """Have at least so many more characters, if there are so many. Returns whether there are any."""
        if self._is_whole:
            return False
        self._kept, self._at = self._kept[self._at :], 0
        found, size = [self._kept], 0
        try:
            while size < wanted and not self._is_whole:
                piece = next(self._pieces, None)
                self._is_whole = piece is None
                found.append(self._decoder.decode(piece or b"", final=self._is_whole))
                size += len(found[-1])
        except UnicodeDecodeError:
            _refuse("is not in UTF-8")
        self._kept = "".join(found)
        return size > 0


def _refuse(detail: str) -> Any:
    raise BadArchive("NOT_JSON", detail)

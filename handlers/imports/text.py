"""The bytes of a file as lines of text, read piece by piece in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from handlers.imports.refusals import FileReason, FileRefused

MOST_BYTES = 20 * 1024 * 1024
LONGEST_LINE = 64 * 1024
# Bytes of the beginning that tell what kind of file it is.
_HEAD = 4096

_EXPORT_CSV = "open it in a spreadsheet program and save the sheet as CSV (UTF-8)"
_MAGIC: tuple[tuple[bytes, FileReason, str], ...] = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileReason.SPREADSHEET, f"is an old Excel file: {_EXPORT_CSV}"),
    (b"%PDF-", FileReason.BINARY, "is a PDF: ask the broker for CSV"),
    (b"\x89PNG", FileReason.BINARY, "is a picture"),
    (b"\xff\xd8\xff", FileReason.BINARY, "is a picture"),
    (b"GIF8", FileReason.BINARY, "is a picture"),
    (b"SQLite format 3\0", FileReason.BINARY, "is a database"),
    (b"\x1f\x8b", FileReason.ARCHIVE, "is compressed: send the file that is in it"),
    (b"7z\xbc\xaf\x27\x1c", FileReason.ARCHIVE, "is an archive: send the file that is in it"),
    (b"Rar!\x1a\x07", FileReason.ARCHIVE, "is an archive: send the file that is in it"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OF_SHEETS = (b"[Content_Types].xml", b"xl/", b"docProps/", b"opendocument.spreadsheet")
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Text:
    """The text of a file.

    `encoding` is the name of its encoding. It becomes cp1252, and `guessed` true, at the first byte that is not UTF-8.
    `too_long` has the numbers of the lines that were longer than 64 KB; each is an empty line in `lines()`. Both grow
    while the lines are read, which can be done once.

    Raises FileRefused for what is no text, and, while it is read, for more than 20 MB.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._size = 0
        self.guessed = False
        self.too_long: set[int] = set()
        head = bytearray()
        for chunk in self._chunks:
            head += chunk
            if len(head) >= _HEAD:
                break
        self._head = bytes(head)
        self.encoding, skipped = _encoding_of(self._head)
        self._head = self._head[skipped:]

    def lines(self) -> Iterator[str]:
        """Each line, ended by one line feed whatever ends it in the file."""
        rest = ""
        number = 0
        dropping = False
        for piece in self._pieces():
            *whole, rest = (rest + piece).split("\n")
            for line in whole:
                number += 1
                if dropping or len(line) > LONGEST_LINE:
                    self.too_long.add(number)
                    line = ""
                    dropping = False
                yield line + "\n"
            if len(rest) > LONGEST_LINE:
                dropping, rest = True, ""
        if dropping or rest:
            if dropping:
                self.too_long.add(number + 1)
            yield ("" if dropping else rest) + "\n"

    def _pieces(self) -> Iterator[str]:
        """The text in pieces, with line feeds alone. A carriage return at the end of a piece waits for the next one."""
        held = ""
        for decoded in self._decoded():
            # A mark of the byte order shows nothing; some exporters put one before each line.
            piece = held + decoded.replace("\0", "\ufffd").replace("\ufeff", "")
            held = "\r" if piece.endswith("\r") else ""
            yield piece.removesuffix(held).replace("\r\n", "\n").replace("\r", "\n")
        if held:
            yield "\n"

    def _decoded(self) -> Iterator[str]:
        left = b""
        for chunk in self._counted():
            text, left = self._decode(left + chunk, final=False)
            yield text
        yield self._decode(left, final=True)[0]

    def _counted(self) -> Iterator[bytes]:
        """The bytes in pieces of at most 64 KB, up to the most that a file may have."""
        for chunk in chain((self._head,), self._chunks):
            self._size += len(chunk)
            if self._size > MOST_BYTES:
                raise FileRefused(FileReason.TOO_LARGE, f"is larger than {MOST_BYTES // 1024**2} MB")
            for start in range(0, len(chunk), LONGEST_LINE):
                yield chunk[start : start + LONGEST_LINE]

    def _decode(self, data: bytes, *, final: bool) -> tuple[str, bytes]:
        """The text of the bytes, and those at the end that are the beginning of a character."""
        try:
            text, used = _DECODERS[self.encoding](data, "strict", final)
        except UnicodeDecodeError as error:
            if self.encoding != "utf-8":
                raise FileRefused(FileReason.ENCODING, f"is not text of its encoding {self.encoding}") from None
            # What came before was UTF-8 by its form, so it stays; old Windows programs write the rest.
            self.encoding, self.guessed = "cp1252", True
            return data[: error.start].decode("utf-8") + data[error.start :].decode("cp1252", "replace"), b""
        return text, data[used:]


def _cp1252(data: bytes, _errors: str, _final: bool) -> tuple[str, int]:
    return data.decode("cp1252", "replace"), len(data)


_DECODERS: Mapping[str, Callable[[bytes, str, bool], tuple[str, int]]] = {
    "utf-8": codecs.utf_8_decode,
    "utf-16-le": codecs.utf_16_le_decode,
    "utf-16-be": codecs.utf_16_be_decode,
    "cp1252": _cp1252,
}


def _encoding_of(head: bytes) -> tuple[str, int]:
    """The encoding that the beginning of a file shows, and how many bytes its mark has. Raises FileRefused."""
    if not head.strip():
        raise FileRefused(FileReason.EMPTY, "is empty")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return encoding, len(mark)
    for magic, reason, detail in _MAGIC:
        if head.startswith(magic):
            raise FileRefused(reason, detail)
    if head.startswith(_ZIP):
        if any(name in head for name in _OF_SHEETS):
            raise FileRefused(FileReason.SPREADSHEET, f"is a workbook (xlsx, ods): {_EXPORT_CSV}")
        raise FileRefused(FileReason.ARCHIVE, "is a zip archive: send the file that is in it")
    start = head[: _HEAD - _HEAD % 2]
    if b"\0" in start:
        # Text of mostly Latin letters in UTF-16 without a mark has a NUL in every second byte.
        for encoding, nuls in (("utf-16-le", start[1::2]), ("utf-16-be", start[0::2])):
            if nuls.count(0) * 10 >= len(nuls) * 8 and start.count(0) == nuls.count(0):
                return encoding, 0
        raise FileRefused(FileReason.BINARY, "is not text")
    return "utf-8", 0

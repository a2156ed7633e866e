"""Reads the ZIP archive that somebody has uploaded: from a file of any size, of which little is held in memory.

Nothing of an archive is believed: its members have names that are known, each once; none is read further than it says
to go; and no content is used before its hash is that of the manifest.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from typing import Any

# Bytes that are read at once: of the file, and of a member. The directory of an archive is read whole.
_READ_AHEAD, _PIECE = 1024 * 1024, 64 * 1024
MOST_DIRECTORY = 32 * 1024 * 1024
MOST_LINE = 1024 * 1024
MOST_UNPACKED = 8 * 1024 * 1024 * 1024
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


class BadArchive(Exception):
    """Raised for an archive, or a member of it, that cannot be restored: a code, the member, its line, and why."""

    def __init__(self, code: str, detail: str, member: str | None = None, line: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.member = member
        self.line = line


class RangedFile(io.RawIOBase):
    """A file that is read by ranges, each of which is asked for when it is needed.

    read: returns so many bytes (the second number) from a position (the first one) on.
    """

    def __init__(self, size: int, read: Callable[[int, int], bytes]) -> None:
        super().__init__()
        self._size = size
        self._read = read
        self._at = 0
        self._kept_at, self._kept = 0, b""

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        if wanted > MOST_DIRECTORY:
            raise BadArchive("NOT_A_ZIP", "has a directory that is too large")
        start = self._at - self._kept_at
        if not 0 <= start <= len(self._kept) - wanted:
            count = min(max(wanted, _READ_AHEAD), self._size - self._at)
            self._kept_at, self._kept, start = self._at, self._read(self._at, count), 0
        piece = self._kept[start : start + wanted]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        """The next bytes; without a number, all that are left."""
        left = max(0, self._size - self._at)
        buffer = bytearray(left if size < 0 else min(size, left))
        return bytes(buffer[: self.readinto(buffer)])


class ZipReading:
    """An archive that is read. Raises BadArchive where it is no archive that a restore takes."""

    def __init__(self, file: RangedFile) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise BadArchive("NOT_A_ZIP", "is no ZIP archive, or not a whole one") from error
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            name = info.filename[:200]
            if info.filename in self._infos:
                raise BadArchive("DUPLICATE_MEMBER", "is in the archive twice", name)
            if info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
                raise BadArchive("UNREADABLE_MEMBER", "is encrypted, or neither stored nor deflated", name)
            self._infos[info.filename] = info
        if sum(info.file_size for info in self._infos.values()) > MOST_UNPACKED:
            raise BadArchive("TOO_LARGE", "is larger than 8 GB when it is unpacked")

    @property
    def names(self) -> Collection[str]:
        """The names of all members."""
        return self._infos.keys()

    def size_of(self, name: str) -> int:
        """The unpacked size of a member, in bytes. Raises BadArchive if there is none of that name."""
        if name not in self._infos:
            raise BadArchive("MISSING_MEMBER", "is not in the archive", name)
        return self._infos[name].file_size

    def whole(self, name: str, most: int) -> bytes:
        """The content of a member of at most so many bytes. Raises BadArchive."""
        if self.size_of(name) > most:
            raise BadArchive("TOO_LARGE", f"is larger than {most} bytes", name)
        return b"".join(self._pieces(name))

    def lines(self, name: str, sha256: str | None = None) -> Iterator[bytes]:
        """The lines of a member, without the line feed that ends each.

        sha256: the hash that the member has to have; without it, it has been verified. Raises BadArchive for another
        one, at the end, and for lines that are too long or have no end.
        """
        digest, rest, number = hashlib.sha256(), b"", 0
        for piece in self._pieces(name):
            if sha256 is not None:
                digest.update(piece)
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                number += 1
                yield line
            if len(rest) > MOST_LINE:
                raise BadArchive("TOO_LONG", "is longer than 1 MB", name, number + 1)
        if sha256 is not None:
            _compare(name, digest.hexdigest(), sha256)
        if rest:
            raise BadArchive("MALFORMED", "does not end with a line feed", name, number + 1)

    def verified(self, name: str, most: int, sha256: str) -> bytes:
        """The content of a member of at most so many bytes and with that hash. Raises BadArchive."""
        content = self.whole(name, most)
        _compare(name, hashlib.sha256(content).hexdigest(), sha256)
        return content

    def _pieces(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(self._infos[name]) as member:
                while piece := member.read(_PIECE):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
            raise BadArchive("UNREADABLE_MEMBER", "cannot be unpacked", name) from error


def _compare(name: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise BadArchive("HASH_DIFFERS", "has another content than the manifest says", name)

"""Writes ZIP archives of any size piece by piece, into something that takes bytes and cannot seek.

Members have a fixed time and no attributes, so that equal contents make equal archives. Every member may be larger than
4 GB (ZIP64).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_TIME = (1980, 1, 1, 0, 0, 0)  # the first that the format knows
_MODE = 0o644 << 16  # what Unix tools give to the files that they unpack
_GATHERED = 64 * 1024


@dataclass(frozen=True, slots=True)
class Member:
    """A member that was written: its name, its uncompressed size in bytes, and the hash of its content in hex."""

    name: str
    size: int
    sha256: str


class ZipWriting:
    """An archive that is being written. Each method yields the bytes that the archive goes on with."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._written = _Written()
        self._zip = zipfile.ZipFile(self._written, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, content: Iterable[bytes], *, compress: bool = True) -> Iterator[bytes]:
        """Write a member. compress: False for content that is compressed by itself."""
        info = zipfile.ZipInfo(name, _TIME)
        info.external_attr = _MODE
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in content:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
                yield from self._written.taken(_GATHERED)
        self.members.append(Member(name, size, digest.hexdigest()))

    def end(self) -> Iterator[bytes]:
        """Write the directory, with which the archive ends."""
        self._zip.close()
        yield from self._written.taken(1)


class _Written(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = bytearray()

    def write(self, data: Any) -> int:
        self._kept += data
        return len(data)

    def taken(self, least: int) -> Iterator[bytes]:
        """Yield what is kept, if it is at least so many bytes."""
        if len(self._kept) >= least:
            piece = bytes(self._kept)
            self._kept.clear()
            yield piece

"""PNG (W3C PNG, third edition): chunks with checksums, IHDR first, IDAT with the packed picture, IEND last."""

from __future__ import annotations

import struct
import zlib

from handlers.journal.image_formats.reading import Reader

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# The bits that a sample may have, by color type.
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
_LONGEST_CHUNK = 2**31 - 1
_FILTERS = 5


def check(reader: Reader) -> None:
    """Raises ImageRejected unless every chunk is whole and the picture in them can be unpacked at its beginning.

    Of the checksums, those of IHDR and PLTE are compared: viewers show a picture whose others are wrong.
    """
    reader.take(len(SIGNATURE))
    picture: _Picture | None = None
    has_palette = False
    while True:
        reader.count_part()
        length, name = struct.unpack(">I4s", reader.take(8))
        if length > _LONGEST_CHUNK or not name.isalpha():
            raise reader.malformed("has other data where a chunk must begin")
        if (name == b"IHDR") != (picture is None):
            raise reader.malformed("does not have exactly one IHDR chunk, at its beginning")
        if picture is None:
            picture = _header(reader, length)
        elif name == b"PLTE":
            if length % 3 or not 3 <= length <= 3 * 256:
                raise reader.malformed("has a palette of an impossible length")
            _checked(reader, name, length)
            has_palette = True
        elif name == b"fcTL":
            _frame(reader, picture, length)
        elif name == b"IDAT":
            if picture.needs_palette and not has_palette:
                raise reader.malformed("has no palette before its picture")
            start = reader.position
            for piece in reader.pieces(length):
                if picture.has_begun:
                    break
                picture.unpack(reader, piece)
            reader.seek(start)
            reader.skip(length + 4)
        elif name == b"IEND":
            reader.skip(length + 4)
            break
        elif name[:1].isupper():
            raise reader.malformed("has a critical chunk that PNG does not have")
        else:
            reader.skip(length + 4)
    if not picture.has_begun:
        raise reader.without_picture("has no pixels in its IDAT chunks")
    reader.nothing_but_padding()


class _Picture:
    """The picture. Its first bytes are unpacked, the filter of the first row and pixels; the rest is not."""

    def __init__(self, width: int, height: int, *, needs_palette: bool) -> None:
        self.width = width
        self.height = height
        self.needs_palette = needs_palette
        self._inflate = zlib.decompressobj()
        self._missing = 2

    @property
    def has_begun(self) -> bool:
        return not self._missing

    def unpack(self, reader: Reader, data: bytes) -> None:
        if self._inflate.eof:
            return
        try:
            row = self._inflate.decompress(data, self._missing)
        except zlib.error as error:
            raise reader.malformed("has a picture that cannot be unpacked") from error
        if self._missing == 2 and row and row[0] >= _FILTERS:
            raise reader.malformed("has a picture whose first row has an unknown filter")
        self._missing -= len(row)


def _header(reader: Reader, length: int) -> _Picture:
    if length != 13:
        raise reader.malformed("has an IHDR chunk of another length than 13")
    data = _checked(reader, b"IHDR", length)
    width, height, depth, color, compression, filtering, interlacing = struct.unpack(">IIBBBBB", data)
    reader.dimensions(width, height)
    if depth not in _DEPTHS.get(color, ()) or compression or filtering or interlacing > 1:
        raise reader.malformed("has an IHDR chunk with values that PNG does not have")
    return _Picture(width, height, needs_palette=color == _PALETTE)


def _frame(reader: Reader, picture: _Picture, length: int) -> None:
    """A frame of an animation, which lies within the picture."""
    if length != 26:
        raise reader.malformed("has an fcTL chunk of another length than 26")
    width, height, left, top = struct.unpack(">4x4I6x4x", reader.take(length + 4))
    if not (0 < width <= picture.width - left and 0 < height <= picture.height - top):
        raise reader.malformed("has a frame outside of its picture")


def _checked(reader: Reader, name: bytes, length: int) -> bytes:
    data = reader.take(length)
    if reader.number(4) != zlib.crc32(name + data):
        raise reader.malformed(f"has a wrong checksum in its {name.decode('ascii')} chunk")
    return data

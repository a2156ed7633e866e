"""GIF (87a and 89a): a logical screen, then extensions and frames of sub-blocks, then a trailer."""

from __future__ import annotations

import struct

from handlers.journal.image_formats.reading import Reader

SIGNATURES = (b"GIF87a", b"GIF89a")

_EXTENSION, _FRAME, _TRAILER = 0x21, 0x2C, 0x3B
# The extension that says how long a frame is shown.
_CONTROL = 0xF9
# GIF has colors of 8 bits; browsers also take the codes of some encoders that begin with more.
_LARGEST_CODES = 11


def check(reader: Reader) -> None:
    """Raises ImageRejected unless the logical screen, at least one frame with data, and the trailer are there."""
    reader.take(len(SIGNATURES[0]))
    width, height, packed, _, _ = struct.unpack("<HHBBB", reader.take(7))
    reader.dimensions(width, height)
    _skip_colors(reader, packed)
    has_frame = False
    while (block := reader.number(1)) != _TRAILER:
        reader.count_part()
        if block == _EXTENSION:
            _extension(reader)
        elif block == _FRAME:
            _frame(reader)
            has_frame = True
        else:
            raise reader.malformed("has other data where a frame or an extension must begin")
    if not has_frame:
        raise reader.without_picture("has no frame")
    reader.nothing_but_padding()


def _extension(reader: Reader) -> None:
    if reader.number(1) != _CONTROL:
        _skip_sub_blocks(reader)
    elif reader.take(6)[::5] != b"\4\0":  # the length of its one sub-block, and the end
        raise reader.malformed("has a graphic control extension of another length than 4")


def _frame(reader: Reader) -> None:
    left, top, width, height, packed = struct.unpack("<HHHHB", reader.take(9))
    reader.dimensions(width, height)
    reader.dimensions(left + width, top + height)  # browsers widen the screen to a first frame that is larger
    _skip_colors(reader, packed)
    code_size = reader.number(1)
    if not 2 <= code_size <= _LARGEST_CODES:
        raise reader.malformed("has a frame with codes of a size that GIF does not have")
    length = reader.number(1)
    if not length:
        raise reader.without_picture("has a frame without data")
    data = reader.take(min(length, 2))
    # The first code has code_size + 1 bits. It is a color or clears the table; the one after "clear" ends the frame.
    first = int.from_bytes(data, "little") & ((2 << code_size) - 1)
    if first > 1 << code_size:
        raise reader.without_picture("has a frame whose data does not begin with a color")
    reader.skip(length - len(data))
    _skip_sub_blocks(reader)


def _skip_colors(reader: Reader, packed: int) -> None:
    if packed & 0x80:
        reader.skip(3 * (2 << (packed & 7)))


def _skip_sub_blocks(reader: Reader) -> None:
    while length := reader.number(1):
        reader.count_part()
        reader.skip(length)

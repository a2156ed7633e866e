"""WebP (RFC 9649): a RIFF file whose first chunk is the picture, or VP8X with the picture's or the frames' chunks."""

from __future__ import annotations

import struct

from handlers.journal.image_formats.reading import Reader

SIGNATURE = b"RIFF"
FORM = b"WEBP"

_ANIMATED = 0x02
_KEY_FRAME = b"\x9d\x01\x2a"


def check(reader: Reader) -> None:
    """Raises ImageRejected unless all chunks are whole and the picture or each frame begins as one of its size does."""
    length = struct.unpack("<4xI4x", reader.take(12))[0]
    end = 8 + length
    if end > reader.size:
        raise reader.truncated()
    name, chunk_end = _chunk(reader, end)
    if name == b"VP8X":
        if chunk_end - reader.position != 10:
            raise reader.malformed("has a VP8X chunk of another length than 10")
        header = reader.take(10)
        canvas = _dimensions(header[4:])
        reader.dimensions(*canvas)
        if header[0] & _ANIMATED:
            _frames(reader, end, canvas)
        else:
            _still(reader, end, canvas)
    else:
        reader.dimensions(*_bitstream(reader, name, chunk_end))
        _skip_chunks(reader, end)
    reader.nothing_but_padding()


def _chunk(reader: Reader, end: int) -> tuple[bytes, int]:
    """Name and end of the chunk that begins here and must end before `end`."""
    reader.count_part()
    if reader.position == end:
        raise reader.without_picture("has no chunk of a picture")
    if end - reader.position < 8:
        raise reader.malformed("has a chunk that is shorter than its own header")
    name, length = struct.unpack("<4sI", reader.take(8))
    if length > end - reader.position:
        raise reader.malformed("has a chunk that is longer than the part around it")
    return name, reader.position + length


def _leave(reader: Reader, chunk_end: int, end: int) -> None:
    """Go to the next chunk: lengths are padded to even ones, which some encoders forget at the end."""
    reader.seek(min(chunk_end + chunk_end % 2, end))


def _skip_chunks(reader: Reader, end: int) -> None:
    while reader.position < end:
        _, chunk_end = _chunk(reader, end)
        _leave(reader, chunk_end, end)


def _still(reader: Reader, end: int, canvas: tuple[int, int]) -> None:
    """Check that the chunks up to `end` have a picture of the canvas's dimensions."""
    while True:
        name, chunk_end = _chunk(reader, end)
        if name in (b"VP8 ", b"VP8L"):
            break
        _leave(reader, chunk_end, end)
    if _bitstream(reader, name, chunk_end) != canvas:
        raise reader.malformed("has a picture of other dimensions than its header says")
    _skip_chunks(reader, end)


def _frames(reader: Reader, end: int, canvas: tuple[int, int]) -> None:
    """Check that the chunks up to `end` have a header and frames, each with a picture and within the canvas."""
    has_header = has_frame = False
    while reader.position < end:
        name, chunk_end = _chunk(reader, end)
        has_header = has_header or name == b"ANIM"
        if name == b"ANMF":
            if not has_header:
                raise reader.malformed("has a frame before the header of its animation")
            _frame(reader, chunk_end, canvas)
            has_frame = True
        _leave(reader, chunk_end, end)
    if not has_frame:
        raise reader.without_picture("has no frame")


def _frame(reader: Reader, chunk_end: int, canvas: tuple[int, int]) -> None:
    if chunk_end - reader.position < 16:
        raise reader.malformed("has a frame that is shorter than its header")
    header = reader.take(16)
    left, top = (2 * int.from_bytes(header[start : start + 3], "little") for start in (0, 3))
    width, height = _dimensions(header[6:])
    if left + width > canvas[0] or top + height > canvas[1]:
        raise reader.malformed("has a frame outside of its canvas")
    _still(reader, chunk_end, (width, height))


def _dimensions(data: bytes) -> tuple[int, int]:
    """Width and height from two numbers of three bytes that are one less."""
    return int.from_bytes(data[:3], "little") + 1, int.from_bytes(data[3:6], "little") + 1


def _bitstream(reader: Reader, name: bytes, chunk_end: int) -> tuple[int, int]:
    """Read the chunk of a picture. Returns the picture's dimensions."""
    start, length = reader.position, chunk_end - reader.position
    header = reader.take(min(length, 10))
    if name == b"VP8 ":
        dimensions = _lossy(reader, header, length)
    elif name == b"VP8L":
        dimensions = _lossless(reader, header)
    else:
        raise reader.malformed("does not begin with a chunk of a picture")
    reader.seek(start)
    reader.skip(min(length + length % 2, reader.left))
    return dimensions


def _lossy(reader: Reader, header: bytes, length: int) -> tuple[int, int]:
    """VP8's frame header (RFC 6386, 9.1): a key frame that is shown, and its first partition within the chunk."""
    if len(header) < 10:
        raise reader.without_picture("has a picture that is shorter than its header")
    tag = int.from_bytes(header[:3], "little")
    if tag & 1 or (tag >> 1) & 7 > 3 or not tag >> 4 & 1 or header[3:6] != _KEY_FRAME:
        raise reader.malformed("has a picture that does not begin with a key frame")
    if not 0 < tag >> 5 < length - 10:
        raise reader.without_picture("has a picture without data")
    width, height = struct.unpack("<HH", header[6:10])
    return width & 0x3FFF, height & 0x3FFF  # the upper bits are a hint for scaling


def _lossless(reader: Reader, header: bytes) -> tuple[int, int]:
    if len(header) < 6:
        raise reader.without_picture("has a picture that is shorter than its header")
    bits = int.from_bytes(header[1:5], "little")
    if header[0] != 0x2F or bits >> 29:
        raise reader.malformed("has a lossless picture with an invalid header")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1

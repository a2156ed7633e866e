"""Builds small image files by their formats' specifications, valid or with one fault."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def ihdr(width: int = 1, height: int = 1, depth: int = 8, color: int = 0, *, interlaced: bool = False) -> bytes:
    """A PNG's header; color 0 is gray, 2 is RGB, 3 has a palette."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced))


def png(*chunks: bytes) -> bytes:
    """A PNG of these chunks; of one gray dot, unless told."""
    return PNG_SIGNATURE + b"".join(chunks or (ihdr(), chunk(b"IDAT", zlib.compress(b"\x00\x80")), chunk(b"IEND")))


def segment(marker: int, data: bytes = b"") -> bytes:
    """A JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


JFIF = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
TABLES = (
    segment(0xDB, bytes([0, *[1] * 64]))
    + segment(0xC4, bytes([0, 1, *[0] * 15, 0]))
    + segment(0xC4, bytes([0x10, 1, *[0] * 15, 0]))
)
SCAN = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x2a\xff\x00"
START, END = b"\xff\xd8", b"\xff\xd9"


def frame(width: int = 8, height: int = 8, *, marker: int = 0xC0, precision: int = 8) -> bytes:
    """A JPEG's frame header of one component."""
    return segment(marker, struct.pack(">BHHB", precision, height, width, 1) + b"\x01\x11\x00")


def jpeg(*parts: bytes) -> bytes:
    """A JPEG of these parts; of eight by eight gray pixels, unless told."""
    return START + b"".join(parts or (JFIF, TABLES, frame(), SCAN, END))


def descriptor(width: int = 1, height: int = 1, left: int = 0, top: int = 0) -> bytes:
    """How a GIF's frame begins."""
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0)


DOT = b"\x02\x02\x44\x01\x00"
COLORS = b"\0\0\0\xff\xff\xff"
LOOP = b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"


def gif(*parts: bytes, width: int = 1, height: int = 1, version: bytes = b"GIF89a") -> bytes:
    """A GIF of these parts; of one dot, unless told."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0)
    return version + screen + COLORS + b"".join(parts or (descriptor(), DOT, b";"))


def lossy(width: int = 1, height: int = 1, *, tag: int = 0x150, start: bytes = b"\x9d\x01\x2a") -> bytes:
    """A VP8 key frame of one gray dot, whatever its header says of its dimensions."""
    data = b"\x0c\xc0\xce\x25\xa4\x00\x04\x74\x00\x00\x00\x00\x00\x00"
    return tag.to_bytes(3, "little") + start + struct.pack("<HH", width, height) + data


def lossless(width: int = 1, height: int = 1) -> bytes:
    """A VP8L picture of one gray dot, whatever its header says of its dimensions."""
    data = b"\x07\x50\xc0\x02\x16\xb0\xff\x81\x88\xe8\x7f"
    return b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14) + data + b"\0"


def riff(name: bytes, data: bytes) -> bytes:
    """A WebP chunk, padded to an even length."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def extended(width: int = 1, height: int = 1, *, flags: int = 0) -> bytes:
    """A VP8X chunk; flag 2 says that the picture is animated, flag 16 that it is transparent."""
    return riff(b"VP8X", struct.pack("<I", flags) + _one_less(width, height))


def animation_frame(picture: bytes, width: int = 1, height: int = 1, left: int = 0, top: int = 0) -> bytes:
    """An ANMF chunk; left and top are even."""
    position = (left // 2).to_bytes(3, "little") + (top // 2).to_bytes(3, "little")
    return riff(b"ANMF", position + _one_less(width, height) + b"\x64\0\0\0" + picture)


def _one_less(width: int, height: int) -> bytes:
    return (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")


def webp(*chunks: bytes) -> bytes:
    """A WebP of these chunks; of one lossy dot, unless told."""
    body = b"WEBP" + b"".join(chunks or (riff(b"VP8 ", lossy()),))
    return b"RIFF" + struct.pack("<I", len(body)) + body


ANIM = riff(b"ANIM", bytes(6))
ANIMATED_WEBP = webp(
    extended(flags=2),
    ANIM,
    *2 * [animation_frame(riff(b"VP8L", lossless()))],
    riff(b"EXIF", b"Exif"),
)


def box(name: bytes, data: bytes = b"") -> bytes:
    """A box of a HEIF file."""
    return struct.pack(">I", 8 + len(data)) + name + data


def full_box(name: bytes, data: bytes = b"", version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(name, bytes([version]) + flags.to_bytes(3, "big") + data)


def ftyp(major: bytes = b"heic", *others: bytes) -> bytes:
    """The brands of a HEIF file."""
    return box(b"ftyp", major + bytes(4) + b"".join(others or (b"mif1", b"heic")))


def ispe(width: int, height: int) -> bytes:
    """The property that holds an item's dimensions."""
    return full_box(b"ispe", struct.pack(">II", width, height))


# What x265 makes of 64 by 64 gray pixels: the decoder's configuration and the picture.
HVCC = box(
    b"hvcC",
    bytes.fromhex("0103700000009000000000001ef000fcfdf8f800000f03600001001840010c01ffff03700000030090000003000003001e")
    + bytes.fromhex(
        "ba0240610001002a42010103700000030090000003000003001ea020810596eae4a6b9b8086830200000030320000003002162"
    )
    + bytes.fromhex("000100064401c173c089"),
)
PICTURE_DATA = bytes.fromhex("0000000a2801af0418f881f97658")


def meta(
    *,
    primary: int | None = 1,
    types: Mapping[int, bytes] | None = None,
    properties: Sequence[bytes] = (ispe(64, 64), HVCC),
    associations: Mapping[int, Sequence[int]] | None = None,
    extents: Mapping[int, tuple[int, int]] | None = None,
    wide: bool = False,
    method: int = 0,
    others: bytes = b"",
) -> bytes:
    """A HEIF file's description: one HEVC item in the file, unless told.

    Properties are counted from 1; extents are start and length by item. `wide` has numbers in their longer forms; with
    it, method 1 says that the items' data is in the description itself.
    """
    types = {1: b"hvc1"} if types is None else types
    associations = {item: [1, 2] for item in types} if associations is None else associations
    extents = {} if extents is None else extents
    item = ">I" if wide else ">H"
    infe = b"".join(
        full_box(b"infe", struct.pack(item, each) + bytes(2) + kind + b"\0", 3 if wide else 2)
        for each, kind in types.items()
    )
    iloc = b"".join(
        struct.pack(item, each)
        + (struct.pack(">H", method) if wide else b"")
        + bytes(2)
        + struct.pack(">HII", 1, start, length)
        for each, (start, length) in extents.items()
    )
    ipma = b"".join(
        struct.pack(item, each)
        + bytes([len(places)])
        + b"".join(struct.pack(">H" if wide else ">B", p) for p in places)
        for each, places in associations.items()
    )
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + (full_box(b"pitm", struct.pack(item, primary), int(wide)) if primary is not None else b"")
        + full_box(b"iinf", struct.pack(item, len(types)) + infe, int(wide))
        + full_box(b"iloc", b"\x44\x00" + struct.pack(item, len(extents)) + iloc, 2 if wide else 0)
        + box(
            b"iprp",
            box(b"ipco", b"".join(properties))
            + full_box(b"ipma", struct.pack(">I", len(associations)) + ipma, int(wide), int(wide)),
        )
        + others,
    )


def heic(brands: bytes = ftyp(), *, wide: bool = False) -> bytes:
    """A HEIC of one item."""
    # The description is as long wherever the item lies.
    start = len(brands) + len(meta(extents={1: (0, 8)}, wide=wide)) + 8
    return brands + meta(extents={1: (start, len(PICTURE_DATA))}, wide=wide) + box(b"mdat", PICTURE_DATA)


def grid(*, tiles: int = 4, width: int = 128, height: int = 128) -> bytes:
    """A HEIC as phones write it: a picture that is composed of tiles."""
    data = struct.pack(">BBBBHH", 0, 0, 1, 1, width, height)
    types = {0: b"grid", **dict.fromkeys(range(1, tiles + 1), b"hvc1")}

    def description(start: int) -> bytes:
        extents = {0: (start, len(data))}
        extents |= {tile: (start + len(data), len(PICTURE_DATA)) for tile in range(1, tiles + 1)}
        associations = {item: [3] if item == 0 else [1, 2] for item in types}
        properties = (ispe(64, 64), HVCC, ispe(width, height))
        references = struct.pack(f">HH{tiles}H", 0, tiles, *range(1, tiles + 1))
        return meta(
            primary=0,
            types=types,
            properties=properties,
            associations=associations,
            extents=extents,
            others=full_box(b"iref", box(b"dimg", references)),
        )

    start = len(ftyp()) + len(description(0)) + 8
    return ftyp() + description(start) + box(b"mdat", data + PICTURE_DATA)


def pdf(
    version: bytes = b"1.4", root: bytes = b"/Root 1 0 R", table: int | None = None, ending: bytes = b"\n"
) -> bytes:
    """A PDF of one empty page, whose end points to its table of objects."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
    )
    document = b"%PDF-" + version + b"\n%\xe2\xe3\xcf\xd3\n"
    entries = [b"0000000000 65535 f \n"]
    for number, content in enumerate(objects, 1):
        entries.append(b"%010d 00000 n \n" % len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(document) if table is None else table
    return (
        document
        + b"xref\n0 4\n"
        + b"".join(entries)
        + b"trailer\n<< /Size 4 %s >>\nstartxref\n%d\n%%%%EOF" % (root, start)
        + ending
    )


# One of each type that is taken.
PICTURES = {
    "image/png": png(),
    "image/jpeg": jpeg(),
    "image/webp": webp(),
    "image/gif": gif(),
    "image/heic": heic(),
    "application/pdf": pdf(),
}

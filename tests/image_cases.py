"""Files of every accepted type: valid ones, and files that break one rule, with the rule."""

from __future__ import annotations

import struct
import zlib
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from handlers.journal.image_formats.reading import BLOCK
from handlers.journal.images import MOST_BYTES, Rejection
from tests.pictures import (
    ANIM,
    ANIMATED_WEBP,
    DOT,
    END,
    HVCC,
    JFIF,
    LOOP,
    PICTURE_DATA,
    PNG_SIGNATURE,
    SCAN,
    START,
    TABLES,
    animation_frame,
    box,
    chunk,
    descriptor,
    extended,
    frame,
    ftyp,
    full_box,
    gif,
    grid,
    heic,
    ihdr,
    ispe,
    jpeg,
    lossless,
    lossy,
    meta,
    pdf,
    png,
    riff,
    segment,
    webp,
)

SCRIPT = b"<script>alert(1)</script>"


def fctl(width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    """The header of a PNG's animation frame."""
    return chunk(b"fcTL", struct.pack(">4x4I6x", width, height, left, top))


IDAT, IEND = chunk(b"IDAT", zlib.compress(b"\x00\x80")), chunk(b"IEND")
PALETTE = chunk(b"PLTE", b"\0\0\0")


def items(**given: Any) -> bytes:
    """A HEIC with this description, and data of 99 bytes at 2000."""
    description = ftyp() + meta(**given)
    return description + box(b"free", bytes(1992 - len(description) - 8)) + box(b"mdat", bytes(99))


GRID = struct.pack(">BBBBII", 0, 1, 0, 0, 64, 64)
GRID_INSIDE = ftyp() + meta(
    types={1: b"grid", 2: b"hvc1"},
    extents={1: (0, len(GRID)), 2: (len(GRID), len(PICTURE_DATA))},
    wide=True,
    method=1,
    others=box(b"idat", GRID + PICTURE_DATA),
)

WHOLE: Mapping[str, tuple[str, bytes]] = {
    "a gray dot": ("image/png", png()),
    "a palette": ("image/png", png(ihdr(color=3), PALETTE, IDAT, IEND)),
    "an interlaced picture": (
        "image/png",
        png(ihdr(9, 1, interlaced=True), chunk(b"IDAT", zlib.compress(bytes(3))), IEND),
    ),
    "a picture in many pieces": (
        "image/png",
        png(ihdr(), *(chunk(b"IDAT", bytes([byte])) for byte in zlib.compress(b"\x00\x80")), IEND),
    ),
    "texts around the picture": (
        "image/png",
        png(ihdr(), chunk(b"tEXt", b"a\0b"), IDAT, chunk(b"eXIf", b"MM"), IEND),
    ),
    "an animated PNG": (
        "image/png",
        png(
            ihdr(),
            chunk(b"acTL", struct.pack(">II", 1, 0)),
            fctl(1, 1),
            IDAT,
            IEND,
        ),
    ),
    "wrong checksums of what can be shown": (
        "image/png",
        png(ihdr(), chunk(b"tEXt", b"a\0b")[:-1] + b"\0", IDAT[:-1] + b"\0", IEND[:-1] + b"\0"),
    ),
    "a picture that is wide and flat": ("image/png", png(ihdr(1_000_000, 100), IDAT, IEND)),
    "a whole megabyte in one chunk": ("image/png", png(ihdr(), chunk(b"prIv", bytes(BLOCK)), IDAT, IEND)),
    "a PNG that a text editor has saved": ("image/png", png() + b"\r\n"),
    "a PNG that is padded": ("image/png", png().ljust(2 * BLOCK, b"\0")),
    "exactly 100 megapixels": (
        "image/png",
        png(ihdr(10_000, 10_000), chunk(b"IDAT", zlib.compress(bytes(10_001))), IEND),
    ),
    "a gray square": ("image/jpeg", jpeg()),
    "a progressive JPEG": ("image/jpeg", jpeg(TABLES, frame(marker=0xC2), SCAN, TABLES, SCAN, END)),
    "a JPEG with restarts": ("image/jpeg", jpeg(TABLES, frame(), SCAN + b"\xff\xd0\x2a\xff\xd7\x2a", END)),
    "something between two segments": ("image/jpeg", jpeg(JFIF, b"\0notes", TABLES, frame(), SCAN, b"\0", END)),
    "an arithmetic JPEG": ("image/jpeg", jpeg(TABLES, frame(marker=0xC9), SCAN, END)),
    "filled markers": ("image/jpeg", jpeg(JFIF, b"\xff\xff\xff" + TABLES, frame(), SCAN, b"\xff\xff" + END)),
    "a camera's notes": ("image/jpeg", jpeg(segment(0xE1, b"Exif\0\0" + START + END), TABLES, frame(), SCAN, END)),
    "a JPEG with a film behind it": ("image/jpeg", jpeg() + box(b"ftyp", b"mp42")),
    "a scan of megabytes": ("image/jpeg", jpeg(TABLES, frame(), SCAN + b"\x2a\xff\x00" * BLOCK, END)),
    "a marker where a block ends": (
        "image/jpeg",
        jpeg(TABLES, frame(), SCAN.ljust(BLOCK - len(START + TABLES + frame()) - 1, b"*"), END),
    ),
    "one dot": ("image/gif", gif()),
    "the old kind of GIF": ("image/gif", gif(version=b"GIF87a")),
    "an animated GIF": ("image/gif", gif(LOOP, *3 * [b"!\xf9\x04\0\x0a\0\0\0" + descriptor() + DOT], b";")),
    "a frame larger than the screen": ("image/gif", gif(descriptor(300, 200, 10, 10), DOT, b";")),
    "a lossy dot": ("image/webp", webp()),
    "a lossless dot": ("image/webp", webp(riff(b"VP8L", lossless()))),
    "a hint for scaling": ("image/webp", webp(riff(b"VP8 ", lossy(1 | 0x4000, 1 | 0xC000)))),
    "a transparent WebP": (
        "image/webp",
        webp(extended(flags=16), riff(b"ALPH", b"\0\1"), riff(b"VP8 ", lossy()), riff(b"XMP ", b"<x/>")),
    ),
    "an animated WebP": ("image/webp", ANIMATED_WEBP),
    "a photo": ("image/heic", heic()),
    "a photo with long numbers": ("image/heic", heic(wide=True)),
    "a photo of tiles": ("image/heic", grid()),
    "a HEIF file that is coded as HEIC": ("image/heic", heic(ftyp(b"mif1", b"heic"))),
    "a HEIF sequence with a still": ("image/heic", heic(ftyp(b"msf1", b"hevc"))),
    "ten bits": ("image/heic", heic(ftyp(b"heix"))),
    "layers": ("image/heic", heic(ftyp(b"heim"))),
    "scalable": ("image/heic", heic(ftyp(b"heis"))),
    "a sequence": ("image/heic", heic(ftyp(b"hevc"))),
    "a box up to the end of the file": ("image/heic", heic()[:-22] + struct.pack(">I", 0) + heic()[-18:]),
    "a box with a long length": (
        "image/heic",
        heic() + struct.pack(">I4sQ", 1, b"free", 20) + b"free",
    ),
    "a turned photo": (
        "image/heic",
        items(types={1: b"iden", 2: b"hvc1"}, extents={2: (2000, 99)}),
    ),
    "data among the description": (
        "image/heic",
        ftyp()
        + full_box(
            b"meta",
            meta(extents={1: (0, 8)})[12:].replace(
                full_box(b"iloc", b"\x44\x00\x00\x01\x00\x01\x00\x00\x00\x01" + struct.pack(">II", 0, 8)),
                full_box(b"iloc", b"\x44\x00\x00\x01\x00\x01\x00\x01\x00\x00\x00\x01" + struct.pack(">II", 0, 8), 1),
            )
            + box(b"idat", bytes(8)),
        ),
    ),
    "tiles among the description": ("image/heic", GRID_INSIDE),
    "a page": ("application/pdf", pdf()),
    "the newest version": ("application/pdf", pdf(b"2.0")),
    "a table in an object": ("application/pdf", pdf().replace(b"xref", b"4 0 obj", 1)),
    "a table that is elsewhere": ("application/pdf", pdf(table=20)),
    "a table behind the end": ("application/pdf", pdf(table=10**9)),
    "a catalog far from the end": (
        "application/pdf",
        pdf().replace(b"startxref", b"%" + bytes(2_000) + b"\nstartxref"),
    ),
    "notes behind the end": ("application/pdf", pdf(ending=b"\n% a scanner's notes" + bytes(500))),
    # Constants that many pages send
    "the usual empty GIF": ("image/gif", b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")),
    "the usual empty PNG": (
        "image/png",
        b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
    ),
    "the usual gray PNG": (
        "image/png",
        b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="),
    ),
    "what asks a browser for lossy WebP": (
        "image/webp",
        b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"),
    ),
    "what asks a browser for lossless WebP": (
        "image/webp",
        b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="),
    ),
    "what asks a browser for transparent WebP": (
        "image/webp",
        b64decode(
            "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDggGAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA=="
        ),
    ),
    "what asks a browser for animated WebP": (
        "image/webp",
        b64decode(
            "UklGRlIAAABXRUJQVlA4WAoAAAASAAAAAAAAAAAAQU5JTQYAAAD/////AABBTk1GJgAAAAAAAAAAAAAAAAAAAGQAAABWUDhMDQAAAC8AAAAQBxAREYiI"
            "/gcA"
        ),
    ),
}

BROKEN: Mapping[str, tuple[Rejection, bytes]] = {
    # None of the types
    "nothing": (Rejection.UNKNOWN_TYPE, b""),
    "a page of HTML": (Rejection.UNKNOWN_TYPE, b"<!doctype html>" + SCRIPT),
    "a drawing": (Rejection.UNKNOWN_TYPE, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "a program": (Rejection.UNKNOWN_TYPE, b"MZ" + bytes(99)),
    "an archive": (Rejection.UNKNOWN_TYPE, b"PK\x03\x04" + bytes(99)),
    "a TIFF": (Rejection.UNKNOWN_TYPE, b"II*\0" + bytes(99)),
    "a sound": (Rejection.UNKNOWN_TYPE, b"RIFF\x24\0\0\0WAVE" + bytes(99)),
    "half a PNG signature": (Rejection.UNKNOWN_TYPE, b"\x89PNG"),
    "a PNG that was sent as text": (Rejection.UNKNOWN_TYPE, png().replace(b"\r\n", b"\n")),
    "a GIF of no version": (Rejection.UNKNOWN_TYPE, gif(version=b"GIF88a")),
    "AVIF": (Rejection.UNKNOWN_TYPE, heic(ftyp(b"avif", b"mif1"))),
    "AVIF that says HEIF": (Rejection.UNKNOWN_TYPE, items(types={1: b"av01"}, extents={1: (2000, 99)})),
    "a film": (Rejection.UNKNOWN_TYPE, box(b"ftyp", b"isom" + bytes(8))),
    # Too large
    "a byte too many": (Rejection.TOO_LARGE, png().ljust(MOST_BYTES + 1, b"\0")),
    # Dimensions
    **{
        f"a PNG of {width} x {height}": (Rejection.BAD_DIMENSIONS, png(ihdr(width, height), IDAT, IEND))
        for width, height in (
            (0, 1),
            (1, 0),
            (2**31, 2**31),
            (2**31 - 1, 1),
            (2**32 - 1, 2**32 - 1),
            (10_001, 10_000),
            (1_000_001, 1),
            (1, 1_000_001),
        )
    },
    "a JPEG of no width": (Rejection.BAD_DIMENSIONS, jpeg(TABLES, frame(0, 8), SCAN, END)),
    "a JPEG of no height": (Rejection.BAD_DIMENSIONS, jpeg(TABLES, frame(8, 0), SCAN, END)),
    "a JPEG of 4 gigapixels": (Rejection.BAD_DIMENSIONS, jpeg(TABLES, frame(65_535, 65_535), SCAN, END)),
    "a GIF screen of no width": (Rejection.BAD_DIMENSIONS, gif(width=0)),
    "a GIF screen of 4 gigapixels": (Rejection.BAD_DIMENSIONS, gif(width=65_535, height=65_535)),
    "a GIF frame of no height": (Rejection.BAD_DIMENSIONS, gif(descriptor(1, 0), DOT, b";")),
    "a GIF frame of 4 gigapixels": (Rejection.BAD_DIMENSIONS, gif(descriptor(65_535, 65_535), DOT, b";")),
    "a GIF frame far outside": (Rejection.BAD_DIMENSIONS, gif(descriptor(9, 9, 65_000, 65_000), DOT, b";")),
    "a second GIF frame of 4 gigapixels": (
        Rejection.BAD_DIMENSIONS,
        gif(descriptor(), DOT, descriptor(65_535, 65_535), DOT, b";"),
    ),
    "a lossy WebP of no width": (Rejection.BAD_DIMENSIONS, webp(riff(b"VP8 ", lossy(0, 1)))),
    "a lossy WebP of 268 megapixels": (Rejection.BAD_DIMENSIONS, webp(riff(b"VP8 ", lossy(16_383, 16_383)))),
    "a lossless WebP of 268 megapixels": (Rejection.BAD_DIMENSIONS, webp(riff(b"VP8L", lossless(16_384, 16_384)))),
    "a WebP canvas of 281 terapixels": (Rejection.BAD_DIMENSIONS, webp(extended(2**24, 2**24), riff(b"VP8 ", lossy()))),
    "a HEIC of no width": (Rejection.BAD_DIMENSIONS, items(properties=[ispe(0, 1), HVCC], extents={1: (2000, 99)})),
    "a HEIC of 2^31 squared": (
        Rejection.BAD_DIMENSIONS,
        items(properties=[ispe(2**31, 2**31), HVCC], extents={1: (2000, 99)}),
    ),
    "tiles of a HEIC that are too large": (
        Rejection.BAD_DIMENSIONS,
        items(
            types={1: b"grid", 2: b"hvc1"},
            properties=[ispe(9, 9), HVCC, ispe(20_000, 20_000)],
            associations={1: [1], 2: [2, 3]},
            extents={1: (2000, 9), 2: (2000, 99)},
        ),
    ),
    "a HEIC of tiles that says other dimensions": (
        Rejection.BAD_DIMENSIONS,
        grid().replace(
            struct.pack(">BBBBHH", 0, 0, 1, 1, 128, 128), struct.pack(">BBBBHH", 0, 0, 1, 1, 65_535, 65_535)
        ),
    ),
    "a HEIC of tiles that says other dimensions in long numbers": (
        Rejection.BAD_DIMENSIONS,
        GRID_INSIDE.replace(GRID, struct.pack(">BBBBII", 0, 1, 0, 0, 10_001, 10_000)),
    ),
    "a HEIC of tiles in an empty grid": (
        Rejection.MALFORMED,
        items(types={1: b"grid", 2: b"hvc1"}, extents={1: (2000, 7), 2: (2000, 99)}),
    ),
    # Headers with nothing to show
    "a PNG without a picture": (Rejection.NO_PICTURE, png(ihdr(), IEND)),
    "a PNG with an empty picture": (Rejection.NO_PICTURE, png(ihdr(), chunk(b"IDAT"), IEND)),
    "a PNG with less than a row": (
        Rejection.NO_PICTURE,
        png(ihdr(99, 99), chunk(b"IDAT", zlib.compress(b"\0")), chunk(b"IDAT", b"\0"), IEND),
    ),
    "a JPEG without a scan": (Rejection.NO_PICTURE, jpeg(TABLES, frame(), END)),
    "a JPEG of a start and an end": (Rejection.NO_PICTURE, START + END),
    "a JPEG with an empty scan": (Rejection.NO_PICTURE, jpeg(TABLES, frame(), SCAN[:-3], END)),
    "a GIF without a frame": (Rejection.NO_PICTURE, gif(b";")),
    "a GIF of a comment": (Rejection.NO_PICTURE, gif(b"!\xfe\x19" + SCRIPT + b"\0;")),
    "a GIF frame without data": (Rejection.NO_PICTURE, gif(descriptor(), b"\x02\x00;")),
    "a GIF frame that ends at once": (Rejection.NO_PICTURE, gif(descriptor(), b"\x02\x01\x05\x00;")),
    "a WebP without a chunk": (Rejection.NO_PICTURE, b"RIFF\x04\0\0\0WEBP"),
    "a WebP of a header": (Rejection.NO_PICTURE, webp(extended())),
    "an animated WebP without frames": (Rejection.NO_PICTURE, webp(extended(flags=2), ANIM)),
    "an animated WebP with an empty frame": (Rejection.NO_PICTURE, webp(extended(flags=2), ANIM, animation_frame(b""))),
    "a lossy WebP without data": (Rejection.NO_PICTURE, webp(riff(b"VP8 ", lossy(tag=0x10)))),
    "a lossy WebP of half a header": (Rejection.NO_PICTURE, webp(riff(b"VP8 ", lossy()[:8]))),
    "a lossless WebP of half a header": (Rejection.NO_PICTURE, webp(riff(b"VP8L", lossless()[:4]))),
    "a HEIC of brands": (Rejection.NO_PICTURE, ftyp()),
    "a HEIC without a primary item": (Rejection.NO_PICTURE, items(primary=None, extents={1: (2000, 99)})),
    "a HEIC whose primary item is nowhere": (Rejection.NO_PICTURE, items(primary=7, extents={1: (2000, 99)})),
    "a HEIC without data": (Rejection.NO_PICTURE, items()),
    "a HEIC with empty data": (Rejection.NO_PICTURE, items(extents={1: (2099, 0)})),
    "a HEIC of tiles without tiles": (Rejection.NO_PICTURE, items(types={1: b"grid"}, extents={1: (2000, 9)})),
    "a PDF without a catalog": (Rejection.NO_PICTURE, pdf(root=b"/Rooted 1")),
    # Damaged
    "a PNG that Apple's tools have packed": (Rejection.MALFORMED, png(chunk(b"CgBI", bytes(4)), ihdr(), IDAT, IEND)),
    "two headers": (Rejection.MALFORMED, png(ihdr(), ihdr(), IDAT, IEND)),
    "a header of another length": (Rejection.MALFORMED, png(chunk(b"IHDR", bytes(14)), IDAT, IEND)),
    "a wrong checksum of the header": (Rejection.MALFORMED, png(ihdr()[:-1] + b"\0", IDAT, IEND)),
    "a wrong checksum of the palette": (Rejection.MALFORMED, png(ihdr(color=3), PALETTE[:-1] + b"\0", IDAT, IEND)),
    "a frame of no width": (Rejection.MALFORMED, png(ihdr(), fctl(0, 1), IDAT, IEND)),
    "a frame outside of its picture": (Rejection.MALFORMED, png(ihdr(), fctl(1, 1, 0, 1), IDAT, IEND)),
    "a frame of another length": (Rejection.MALFORMED, png(ihdr(), chunk(b"fcTL", bytes(25)), IDAT, IEND)),
    "a picture that is not packed": (Rejection.MALFORMED, png(ihdr(), chunk(b"IDAT", SCRIPT), IEND)),
    "an unknown filter": (Rejection.MALFORMED, png(ihdr(), chunk(b"IDAT", zlib.compress(b"\x05\x80")), IEND)),
    "seven bits": (Rejection.MALFORMED, png(ihdr(depth=7), IDAT, IEND)),
    "color type 5": (Rejection.MALFORMED, png(ihdr(color=5), IDAT, IEND)),
    "no palette": (Rejection.MALFORMED, png(ihdr(color=3), IDAT, IEND)),
    "a palette of a byte": (Rejection.MALFORMED, png(ihdr(color=3), chunk(b"PLTE", b"\0"), IDAT, IEND)),
    "a chunk without a name": (Rejection.MALFORMED, png(ihdr(), chunk(b"\0\0\0\0"), IDAT, IEND)),
    "a chunk of gigabytes": (Rejection.MALFORMED, png(ihdr(), b"\xff\xff\xff\xffIDAT")),
    "a PNG with a page behind it": (Rejection.MALFORMED, png() + SCRIPT),
    "a PNG with an archive far behind it": (Rejection.MALFORMED, png().ljust(2 * BLOCK, b"\0") + b"PK"),
    "a JPEG with a script in front": (Rejection.MALFORMED, b"\xff\xd8\xff" + SCRIPT),
    "a JPEG that begins with a comment of a script": (
        Rejection.TRUNCATED,
        b"\xff\xd8\xff\xe0/*" + jpeg()[4:] + b"*/=alert(1)//",
    ),
    "nothing but 0xff": (Rejection.TRUNCATED, START + b"\xff" * 99),
    "a segment of no length": (Rejection.MALFORMED, jpeg(b"\xff\xe0\0\0", TABLES, frame(), SCAN, END)),
    "two frame headers": (Rejection.MALFORMED, jpeg(TABLES, frame(), frame(), SCAN, END)),
    "a lossless JPEG": (Rejection.MALFORMED, jpeg(TABLES, frame(marker=0xC3), SCAN, END)),
    "twelve bits": (Rejection.MALFORMED, jpeg(TABLES, frame(precision=12), SCAN, END)),
    "a frame header without components": (Rejection.MALFORMED, jpeg(TABLES, segment(0xC0, b"\x08"), SCAN, END)),
    "a scan before its header": (Rejection.MALFORMED, jpeg(TABLES, SCAN, frame(), END)),
    "a scan without tables": (Rejection.MALFORMED, jpeg(frame(), SCAN, END)),
    "a scan of another component": (
        Rejection.MALFORMED,
        jpeg(TABLES, frame(), SCAN.replace(b"\x01\x01", b"\x01\x07"), END),
    ),
    "a scan header of nothing": (Rejection.MALFORMED, jpeg(TABLES, frame(), segment(0xDA), END)),
    "a start in the middle": (Rejection.MALFORMED, jpeg(JFIF, START, TABLES, frame(), SCAN, END)),
    "GIF89a with a script": (Rejection.BAD_DIMENSIONS, b"GIF89a" + SCRIPT),
    "a GIF that is a script's comment": (Rejection.MALFORMED, gif(width=0x2A2F, height=1) + b"*/=alert(1)//"),
    "a GIF whose control extension is too long": (
        Rejection.MALFORMED,
        gif(b"!\xf9\x04\0\x0a\0\0\x01a\0" + descriptor() + DOT, b";"),
    ),
    "a GIF block of no kind": (Rejection.MALFORMED, gif(b"A", descriptor(), DOT, b";")),
    "a GIF with codes of one bit": (Rejection.MALFORMED, gif(descriptor(), b"\x01" + DOT[1:], b";")),
    "a GIF with codes of twelve bits": (Rejection.MALFORMED, gif(descriptor(), b"\x0c" + DOT[1:], b";")),
    "a WebP with a page behind it": (Rejection.MALFORMED, webp() + SCRIPT),
    "a WebP that begins with an unknown chunk": (Rejection.MALFORMED, webp(riff(b"ABCD", b""), riff(b"VP8 ", lossy()))),
    "a WebP chunk that is too long": (Rejection.MALFORMED, webp(b"VP8 \xff\0\0\0" + lossy())),
    "half a WebP chunk": (Rejection.MALFORMED, webp(riff(b"VP8 ", lossy()), b"EXIF")),
    "a VP8X chunk of another length": (Rejection.MALFORMED, webp(riff(b"VP8X", bytes(12)), riff(b"VP8 ", lossy()))),
    "a lossy WebP without its start code": (Rejection.MALFORMED, webp(riff(b"VP8 ", lossy(start=b"\0\0\0")))),
    "a WebP that begins between key frames": (Rejection.MALFORMED, webp(riff(b"VP8 ", lossy(tag=0x151)))),
    "a hidden WebP": (Rejection.MALFORMED, webp(riff(b"VP8 ", lossy(tag=0x140)))),
    "a lossless WebP of another version": (
        Rejection.MALFORMED,
        webp(riff(b"VP8L", b"\x2f\0\0\0\xff" + lossless()[5:])),
    ),
    "a lossless WebP without its mark": (Rejection.MALFORMED, webp(riff(b"VP8L", b"\0" + lossless()[1:]))),
    "a WebP smaller than its canvas": (Rejection.MALFORMED, webp(extended(9, 9), riff(b"VP8 ", lossy()))),
    "a WebP frame outside of its canvas": (
        Rejection.MALFORMED,
        webp(extended(flags=2), ANIM, animation_frame(riff(b"VP8L", lossless()), left=2)),
    ),
    "a WebP frame of half a header": (Rejection.MALFORMED, webp(extended(flags=2), ANIM, riff(b"ANMF", bytes(8)))),
    "a WebP frame before the animation's header": (
        Rejection.MALFORMED,
        webp(extended(flags=2), animation_frame(riff(b"VP8L", lossless()))),
    ),
    "a second WebP frame without a picture": (
        Rejection.NO_PICTURE,
        webp(extended(flags=2), ANIM, animation_frame(riff(b"VP8L", lossless())), animation_frame(b"")),
    ),
    "a chunk that every decoder has to know": (Rejection.MALFORMED, png(ihdr(), chunk(b"ABCD"), IDAT, IEND)),
    "a quantization table that is too short": (
        Rejection.MALFORMED,
        jpeg(segment(0xDB, bytes(64)), TABLES, frame(), SCAN, END),
    ),
    "a fifth quantization table": (
        Rejection.MALFORMED,
        jpeg(segment(0xDB, b"\4" + bytes(64)), TABLES, frame(), SCAN, END),
    ),
    "a Huffman table that is too short": (
        Rejection.MALFORMED,
        jpeg(TABLES, segment(0xC4, b"\0" + b"\1" * 16 + b"abc"), frame(), SCAN, END),
    ),
    "a Huffman table of too many codes": (
        Rejection.MALFORMED,
        jpeg(TABLES, segment(0xC4, b"\0\2" + bytes(15) + b"ab"), frame(), SCAN, END),
    ),
    "a component of no size": (Rejection.MALFORMED, jpeg(TABLES, frame().replace(b"\x11\0", b"\x10\0"), SCAN, END)),
    "a component with a fifth table": (
        Rejection.MALFORMED,
        jpeg(TABLES, frame().replace(b"\x11\0", b"\x11\4"), SCAN, END),
    ),
    "a HEIC box of no length": (Rejection.MALFORMED, ftyp() + b"\0\0\0\7free" + heic()[len(ftyp()) :]),
    "a HEIC whose description is too long": (Rejection.MALFORMED, ftyp() + box(b"meta", bytes(BLOCK + 1))),
    "a HEIC whose description is empty": (Rejection.NO_PICTURE, ftyp() + box(b"meta")),
    "a HEIC without dimensions": (
        Rejection.MALFORMED,
        items(properties=[HVCC], associations={1: [1]}, extents={1: (2000, 99)}),
    ),
    "a HEIC without its decoder's settings": (
        Rejection.MALFORMED,
        items(properties=[ispe(9, 9)], associations={1: [1]}, extents={1: (2000, 99)}),
    ),
    "a HEIC with properties that are not there": (
        Rejection.MALFORMED,
        items(associations={1: [0, 3, 127]}, extents={1: (2000, 99)}),
    ),
    "a HEIC whose dimensions are cut": (
        Rejection.MALFORMED,
        items(properties=[full_box(b"ispe", bytes(4)), HVCC], extents={1: (2000, 99)}),
    ),
    "a PDF of no version": (Rejection.MALFORMED, pdf(b"1.8")),
    "a PDF whose version is a page": (Rejection.MALFORMED, b"%PDF-1.4 " + SCRIPT + pdf()[9:]),
    "a PDF without objects": (Rejection.NO_PICTURE, b"%PDF-1.4\n" + SCRIPT + b"\n/Root\n%%EOF\n"),
    # Cut off
    "eight bytes of a PNG": (Rejection.TRUNCATED, PNG_SIGNATURE),
    "a HEIC whose data is cut": (Rejection.TRUNCATED, items(extents={1: (2000, 101)})),
    "a HEIC whose data lies far away": (Rejection.TRUNCATED, items(extents={1: (2**31, 9)})),
    "a PDF without its end": (Rejection.TRUNCATED, pdf().replace(b"%%EOF", b"")),
    "a PDF with a page behind it": (Rejection.TRUNCATED, pdf(ending=bytes(1100) + SCRIPT)),
}

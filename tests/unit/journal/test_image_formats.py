"""The rules for a file of each image type, and the rejection of each file that breaks one."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.journal.image_formats.examine import examine
from handlers.journal.image_formats.reading import BLOCK, MOST_PARTS, Reader
from handlers.journal.images import MOST_BYTES, ImageRejected, Rejection
from tests.image_cases import BROKEN, IEND, SCRIPT, WHOLE
from tests.pictures import (
    END,
    PICTURES,
    SCAN,
    TABLES,
    box,
    chunk,
    descriptor,
    frame,
    ftyp,
    full_box,
    gif,
    heic,
    ihdr,
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


def read_from(data: bytes, start: int, count: int) -> bytes:
    assert 0 <= start < len(data)
    assert 0 < count <= BLOCK
    return data[start : start + count]


def verdict(data: bytes) -> str:
    """The media type of the file, or the code of its rejection."""
    try:
        return examine(partial(read_from, data), len(data))
    except ImageRejected as rejected:
        return rejected.code


def rejection(data: bytes) -> str:
    """The reason of the rejection, as the owner reads it."""
    with pytest.raises(ImageRejected) as told:
        examine(partial(read_from, data), len(data))
    return told.value.detail


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_has_the_type_that_its_bytes_tell(name: str) -> None:
    media_type, data = WHOLE[name]
    assert verdict(data) == media_type


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_which_rule_it_breaks(name: str) -> None:
    code, data = BROKEN[name]
    assert verdict(data) == code
    assert re.fullmatch(r"[A-Z].*\.", rejection(data))


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_a_file_that_is_cut_anywhere_is_rejected(data: bytes) -> None:
    whole = data.removesuffix(b"\n")
    assert [length for length in range(len(whole)) if verdict(whole[:length]) in PICTURES] == []


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize("front", [b" ", b"\n", b"\xef\xbb\xbf", b"<!--", SCRIPT, b"/*", bytes(1)])
def test_a_file_with_something_in_front_is_of_no_type(data: bytes, front: bytes) -> None:
    assert verdict(front + data) == Rejection.UNKNOWN_TYPE


@pytest.mark.parametrize(
    "name", ["GIF89a with a script", "a PNG with a page behind it", "a picture that is not packed"]
)
def test_what_a_file_is_told_repeats_nothing_of_it(name: str) -> None:
    assert "script" not in rejection(BROKEN[name][1])


def test_a_rejection_names_dimensions_and_rule() -> None:
    assert rejection(BROKEN["a PNG of 10001 x 10000"][1]) == (
        "The PNG image has 10001 x 10000 pixels. Each side must have 1 to 1000000 pixels, "
        "and the image 100000000 at most."
    )


SMALL_FILES = {name: data for name, (_, data) in WHOLE.items() if len(data) < 1_000}


@settings(max_examples=1500, deadline=None)
@given(data=st.data())
def test_no_file_makes_the_check_fail(data: st.DataObject) -> None:
    file = bytearray(data.draw(st.sampled_from(list(SMALL_FILES.values()))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(file)))
        way = data.draw(st.sampled_from(["flip", "cut", "insert", "double"]))
        if way == "flip" and at < len(file):
            file[at] = data.draw(st.integers(0, 255))
        elif way == "cut":
            del file[at : at + data.draw(st.integers(1, 64))]
        elif way == "insert":
            file[at:at] = data.draw(st.binary(min_size=1, max_size=16))
        else:
            file[at:at] = file[at : at + data.draw(st.integers(1, 64))]
    assert verdict(bytes(file)) in {*PICTURES, *Rejection}


@pytest.mark.parametrize("data", SMALL_FILES.values(), ids=SMALL_FILES)
def test_no_single_byte_makes_the_check_fail(data: bytes) -> None:
    for at in range(len(data)):
        for byte in (0, 1, 0x7F, 0x80, 0xFF, data[at] ^ 1):
            assert verdict(data[:at] + bytes([byte]) + data[at + 1 :]) in {*PICTURES, *Rejection}


ENDLESS: Mapping[str, bytes] = {
    "PNG chunks": png(ihdr(), *(MOST_PARTS + 9) * [chunk(b"prIv")]),
    "GIF sub-blocks": gif(descriptor(), b"\x02" + b"\x01\x44" * (MOST_PARTS + 9)),
    "GIF extensions": gif(b"!\xfe\x00" * (MOST_PARTS + 9)),
    "JPEG segments": jpeg(segment(0xE0) * (MOST_PARTS + 9)),
    "JPEG scans": jpeg(TABLES, frame(), SCAN * (MOST_PARTS + 9)),
    "WebP chunks": webp(riff(b"VP8 ", lossy()), riff(b"ABCD", b"") * (MOST_PARTS + 9)),
    "HEIC boxes": ftyp() + box(b"free") * (MOST_PARTS + 9),
    "HEIC properties": ftyp() + meta(properties=[box(b"free")] * (MOST_PARTS + 9)),
    "HEIC items in one place": ftyp()
    + full_box(b"meta", full_box(b"iloc", b"\0\0\xff\xff" + b"\0\1\0\0\xff\xff" * MOST_PARTS)),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_file_of_endless_parts_is_given_up(name: str) -> None:
    data = ENDLESS[name]
    reads: list[int] = []

    def read(start: int, count: int) -> bytes:
        reads.append(count)
        return read_from(data, start, count)

    with pytest.raises(ImageRejected, match=f"more than {MOST_PARTS} parts|longer|more than {BLOCK} bytes"):
        examine(read, len(data))
    assert len(reads) <= 4


@pytest.mark.parametrize(
    "data",
    [
        png().ljust(MOST_BYTES, b"\0"),
        png(ihdr(), chunk(b"IDAT", zlib.compress(b"\x00\x80").ljust(MOST_BYTES - 99, b"\0")), IEND),
        jpeg(TABLES, frame(), SCAN.ljust(MOST_BYTES - 999, b"*"), END),
        jpeg(TABLES, frame(), (SCAN + b"\xff\xd0" * 9_000) * 500, END),
        gif(descriptor(), b"\x02" + (b"\xff" + b"\x44" * 255) * 39_000 + b"\0;"),
        heic() + box(b"free", bytes(MOST_BYTES - 999)),
        webp(riff(b"VP8L", lossless() + bytes(MOST_BYTES - 99))),
        pdf().ljust(1_000, b"\n"),
    ],
    ids=["padded PNG", "PNG", "JPEG", "JPEG of scans", "GIF", "HEIC", "WebP", "PDF"],
)
def test_a_file_is_read_once_at_most_block_by_block(data: bytes) -> None:
    reads: list[tuple[int, int]] = []

    def read(start: int, count: int) -> bytes:
        reads.append((start, count))
        return read_from(data, start, count)

    assert examine(read, len(data)) in PICTURES
    assert len(data) <= MOST_BYTES
    assert len(reads) <= 12
    assert sum(count for _, count in reads) < len(data) + 12 * 64


def test_a_picture_that_unpacks_to_gigabytes_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = []
    decompressobj = zlib.decompressobj

    class Counting:
        def __init__(self) -> None:
            self._inner = decompressobj()

        def decompress(self, data: bytes, most: int) -> bytes:
            assert most
            unpacked.append(most)
            return self._inner.decompress(data, most)

        @property
        def eof(self) -> bool:
            return self._inner.eof

    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(BLOCK)) for _ in range(100)) + packer.flush()
    monkeypatch.setattr("handlers.journal.image_formats.png.zlib.decompressobj", Counting)
    assert verdict(png(ihdr(10_000, 10_000), chunk(b"IDAT", data), IEND)) == "image/png"
    assert sum(unpacked) == 2


def test_a_reader_finds_what_begins_in_one_block_and_ends_in_the_next() -> None:
    data = bytes(BLOCK - 2) + b"/Root" + bytes(9)
    reader = Reader(partial(read_from, data), len(data))
    assert reader.find(re.compile(b"/Root"), 5)
    assert reader.position == BLOCK - 2
    assert not Reader(partial(read_from, data), len(data)).find(re.compile(b"/Rooted"), 7)

"""Bytes become lines of text, in pieces, whatever encodes and ends them; what is no text is refused by name."""

import codecs
from collections.abc import Iterator

import pytest

from handlers.imports.refusals import FileReason, FileRefused
from handlers.imports.text import LONGEST_LINE, MOST_BYTES, Text


def lines_of(data: bytes, size: int = 1 << 20) -> tuple[list[str], Text]:
    text = Text(data[at : at + size] for at in range(0, len(data), size))
    return list(text.lines()), text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("é;1\nü;2\n".encode(), "utf-8"),
        (codecs.BOM_UTF8 + "é;1\nü;2\n".encode(), "utf-8"),
        (codecs.BOM_UTF16_LE + "é;1\nü;2\n".encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + "é;1\nü;2\n".encode("utf-16-be"), "utf-16-be"),
        ("e;1\nu;2\n".encode("utf-16-le"), "utf-16-le"),
        ("e;1\nu;2\n".encode("utf-16-be"), "utf-16-be"),
        ("é;1\nü;2\n".encode("cp1252"), "cp1252"),
    ],
)
def test_text_is_read_in_its_encoding_whatever_the_pieces(data: bytes, encoding: str, size: int) -> None:
    lines, text = lines_of(data, size)
    assert [line.replace("é", "e").replace("ü", "u") for line in lines] == ["e;1\n", "u;2\n"]
    assert text.encoding == encoding
    assert text.guessed is (encoding == "cp1252")


def test_bytes_that_are_not_utf8_change_the_encoding_of_what_follows_alone() -> None:
    lines, text = lines_of("ü1\n".encode() + "ü2\n".encode("cp1252"))
    assert lines == ["ü1\n", "ü2\n"]
    assert text.guessed


def test_a_character_that_the_end_of_the_file_cuts_is_read_as_cp1252() -> None:
    lines, text = lines_of("1,é".encode()[:-1])
    assert lines == ["1,Ã\n"]
    assert text.guessed


def test_utf16_that_is_broken_is_refused() -> None:
    with pytest.raises(FileRefused) as refused:
        lines_of(codecs.BOM_UTF16_LE + b"a\0\x00\xd8a\0")
    assert refused.value.reason is FileReason.ENCODING


@pytest.mark.parametrize("size", [1, 2, 1 << 20])
@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb", ["a\n", "b\n"]),
        (b"a\r\nb\r\n", ["a\n", "b\n"]),
        (b"a\rb\r", ["a\n", "b\n"]),
        (b"a\r\rb", ["a\n", "\n", "b\n"]),
        (b"a\x0b\x0c\xc2\x85b", ["a\x0b\x0c\x85b\n"]),
    ],
)
def test_lines_end_at_what_ends_a_line_alone(data: bytes, lines: list[str], size: int) -> None:
    assert lines_of(data, size)[0] == lines


def test_a_nul_in_the_middle_of_a_file_is_a_character_that_no_value_has() -> None:
    data = b"a,b\n" * 2_000 + b"1,\0\n"
    assert lines_of(data)[0][-1] == "1,\ufffd\n"


@pytest.mark.parametrize("end", [b"\nlast\n", b""])
def test_a_line_that_is_too_long_is_empty_and_named(end: bytes) -> None:
    data = b"first\n" + b"x" * (LONGEST_LINE * 3) + end
    lines, text = lines_of(data, 1_000)
    assert lines[:2] == ["first\n", "\n"]
    assert lines[2:] == (["last\n"] if end else [])
    assert text.too_long == {2}


def test_a_line_that_is_too_long_in_one_piece_is_empty_and_named() -> None:
    lines, text = lines_of(b"x" * (LONGEST_LINE - 2) + b"\n" + b"y" * (LONGEST_LINE + 1) + b"\nend")
    assert [len(line) for line in lines] == [LONGEST_LINE - 1, 1, 4]
    assert text.too_long == {2}


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", FileReason.EMPTY, "empty"),
        (b" \n\r\n", FileReason.EMPTY, "empty"),
        (b"PK\x03\x04 [Content_Types].xml", FileReason.SPREADSHEET, "save the sheet as CSV"),
        (b"PK\x03\x04 trades.csv", FileReason.ARCHIVE, "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileReason.SPREADSHEET, "save the sheet as CSV"),
        (b"%PDF-1.7", FileReason.BINARY, "PDF"),
        (b"\x89PNG\r\n", FileReason.BINARY, "picture"),
        (b"\x1f\x8b\x08", FileReason.ARCHIVE, "compressed"),
        (b"a\0\0\0b", FileReason.BINARY, "not text"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, reason: FileReason, words: str) -> None:
    with pytest.raises(FileRefused) as refused:
        Text([data])
    assert refused.value.reason is reason
    assert words in refused.value.detail


def test_more_than_the_largest_size_is_refused_before_the_rest_is_fetched() -> None:
    fetched = 0

    def chunks() -> Iterator[bytes]:
        nonlocal fetched
        while True:
            fetched += 1
            yield b"line of text\n" * 80_000

    with pytest.raises(FileRefused) as refused:
        for _ in Text(chunks()).lines():
            pass
    assert refused.value.reason is FileReason.TOO_LARGE
    assert fetched <= MOST_BYTES // (13 * 80_000) + 1

"""XML without what could harm, and the rows of tables in HTML."""

from collections.abc import Iterator

import pytest

from handlers.imports.markup import elements, rows_of_html
from handlers.imports.refusals import FileReason, FileRefused
from handlers.imports.values import Notation


def read(text: str) -> list[tuple[int, str, str]]:
    lines = text.splitlines(keepends=True)
    return [(one.line, one.section, one.text("a")) for one in elements(lines, Notation())]


def test_elements_with_attributes_are_records() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>\n<x>\n<y a="1&amp;2"/><x a="2">text</x>\n<z b="3"/></x>'
    assert read(text) == [(3, "y", "1&2"), (3, "x", "2"), (4, "z", "")]


def test_elements_of_many_sets_of_attributes_are_read() -> None:
    text = "<x>" + "".join(f'<y a{n}="1" a="{n}"/>' for n in range(300)) + "</x>"
    assert [a for _, _, a in read(text)] == [str(n) for n in range(300)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE x [<!ENTITY e "e">]><x a="&e;"/>', FileReason.UNSAFE_XML),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', FileReason.UNSAFE_XML),
        ("<x>" * 100, FileReason.UNSAFE_XML),
        ('<x a="&e;"/>', FileReason.BROKEN_XML),
        ("<x><y></x>", FileReason.BROKEN_XML),
        ("<x>", FileReason.BROKEN_XML),
    ],
)
def test_xml_that_is_broken_or_could_harm_is_refused(text: str, reason: FileReason) -> None:
    with pytest.raises(FileRefused) as refused:
        read(text)
    assert refused.value.reason is reason


def test_a_part_of_xml_that_does_not_end_is_refused_before_it_fills_the_memory() -> None:
    fed = 0

    def lines() -> Iterator[str]:
        nonlocal fed
        yield '<x a="'
        while True:
            fed += 1
            yield "x" * 60_000 + "\n"

    with pytest.raises(FileRefused) as refused:
        list(elements(lines(), Notation()))
    assert refused.value.reason is FileReason.BROKEN_XML
    assert fed < 40


def html(text: str) -> list[tuple[int, list[str]]]:
    return [(row.line, list(row.cells)) for row in rows_of_html(text.splitlines(keepends=True))]


def test_rows_of_tables_are_read_with_cells_over_several_columns() -> None:
    text = """<html><style>td { x }</style><table>
<tr><th>Ticket</th><th> Open
 Time</th><th>Profit</th></tr>
<tr><td>1<td colspan=2>balance &amp; more</tr><tr><td></td></tr>
<tr><td colspan="x">2</td><td>3</td></table>text<table><tr><td>last"""
    assert html(text) == [
        (2, ["Ticket", "Open Time", "Profit"]),
        (4, ["1", "balance & more", ""]),
        (5, ["2", "3"]),
        (5, ["last"]),
    ]


def test_a_row_of_many_cells_and_a_cell_of_much_text_are_cut() -> None:
    (row,) = html("<table><tr>" + "<td>x</td>" * 400)
    assert 256 < len(row[1]) < 400
    ((_, (cell,)),) = html("<table><tr><td>" + ("x" * 60_000 + "\n") * 5)
    assert len(cell) < 130_000


def test_a_tag_that_does_not_end_is_refused() -> None:
    with pytest.raises(FileRefused) as refused:
        list(rows_of_html('<td a="' + "x" * 50_000 for _ in range(40)))
    assert refused.value.reason is FileReason.NO_TABLE

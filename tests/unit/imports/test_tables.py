"""Tables in text: cells, quotes that are never closed, headers, titles, sections; and records read by column names."""

import csv
from collections.abc import Callable
from decimal import Decimal

import pytest

from handlers.imports import tables
from handlers.imports.records import MOST_COLUMNS, Columns, Record, Skipped, checked_symbol, each
from handlers.imports.refusals import FileReason, FileRefused, Unreadable
from handlers.imports.rows import Noticed, RowReason
from handlers.imports.text import Text
from handlers.imports.values import Notation
from handlers.journal.executions import PositionEffect
from handlers.journal.positions import Side

NOTATION = Notation()


def cells_of(data: str, delimiter: str = ",") -> list[tables.Cells]:
    text = Text([data.encode()])
    return list(tables.rows_of_cells(text, text.lines(), delimiter))


def record(**cells: str) -> Record:
    return Record(Columns(list(cells)), list(cells.values()), NOTATION, line=2)


def test_rows_have_the_line_where_they_begin_and_how_many_they_take() -> None:
    rows = cells_of('a,b\n\n"1\n2",3\n ,\nx,"y ""z"""\n')
    assert [(row.line, row.lines, list(row.cells)) for row in rows] == [
        (1, 1, ["a", "b"]),
        (3, 2, ["1\n2", "3"]),
        (6, 1, ["x", 'y "z"']),
    ]


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    rows = cells_of('a,b\n"1,2\n3,4\n5,6\n')
    assert [(row.line, list(row.cells)) for row in rows] == [(1, ["a", "b"]), (2, []), (3, ["3", "4"]), (4, ["5", "6"])]
    assert rows[1].fault is not None
    assert rows[1].fault.reason is RowReason.TOO_LONG


def test_a_quote_that_is_closed_after_64_kb_costs_one_row() -> None:
    rows = cells_of('a,b\n"1,2\n' + "3,4\n" * 20_000 + '5,6"\n')
    assert len(rows) == 20_003
    assert [row.line for row in rows if row.fault is not None] == [2]
    assert rows[-1].cells == ["5", '6"']


def test_a_cell_that_is_too_large_for_csv_costs_one_row() -> None:
    limit = csv.field_size_limit(100)
    try:
        rows = cells_of("a,b\n" + "x" * 101 + ",2\n3,4\n")
    finally:
        csv.field_size_limit(limit)
    assert [(row.line, row.fault is None) for row in rows] == [(1, True), (2, False), (3, True)]


def test_a_line_that_is_too_long_costs_one_row() -> None:
    rows = cells_of("a,b\n" + "x" * 70_000 + "\n3,4\n")
    assert [row.line for row in rows if row.fault is None] == [1, 3]


def test_the_steadiest_delimiter_cuts_most_lines_alike() -> None:
    lines = ["Statement of 1,000,000\n", "a;b;c\n", "1,5;2;3\n", "1;2,5;3\n"]
    assert tables.steadiness(lines, ";") == (3, 3)
    assert tables.steadiness(lines, ",") < (3, 3)
    assert tables.steadiness(lines, "|") == (0, 0)


def test_a_header_is_the_first_row_as_wide_as_most() -> None:
    rows = cells_of("title\nkey,value\na,b,c\n1,2,3\n4,5,6\n")
    assert tables.header_row(rows) == 2
    assert tables.header_row(cells_of("one\ntwo\n")) is None


def test_columns_of_one_name_are_numbered_and_those_of_none_have_their_place() -> None:
    columns = Columns(["\ufeffPrice", "", "Price ", "price", "Price 2"])
    assert columns.names == ["Price", "column 2", "Price 2", "price 3", "Price 2 2"]
    assert [columns.place(name) for name in ("PRICE", "Price  2", "price 3", "none", "none")] == [0, 2, 3, None, None]
    assert columns.has("none|column 2")
    assert not columns.has("none")


def test_a_table_of_too_many_columns_is_refused() -> None:
    with pytest.raises(FileRefused) as refused:
        Columns(["x"] * (MOST_COLUMNS + 1))
    assert refused.value.reason is FileReason.TOO_MANY_COLUMNS


def read(data: str, *, ragged: bool = False) -> list[tuple[int, str | None, RowReason | None]]:
    header, *rows = cells_of(data)
    records = tables.table(rows, Columns(header.cells), NOTATION, ragged=ragged)
    found = each(records, lambda record: checked(record))
    return [(row.line, row.skipped, row.error) for row in found]


def checked(record: Record) -> tuple[()]:
    if not record.text("a"):
        raise Skipped("blank")
    return ()


def test_rows_of_another_width_are_wrong_unless_what_is_more_is_blank() -> None:
    data = "a,b\n1,2\n1,2,\n1,2,3\n1\n1,2, , \na,b\nfooter alone,,\n" + ",".join("9" * 300) + "\n"
    wrong = RowReason.COLUMN_COUNT
    assert read(data) == [
        (2, None, None),
        (3, None, None),
        (4, None, wrong),
        (5, "a line of text", None),
        (6, None, None),
        (7, "the header again", None),
        (8, "a line of text", None),
        (9, None, wrong),
    ]
    assert read("a,b,c\n1,2\n1,2,3,4\n,2,3,4\n", ragged=True) == [(2, None, None), (3, None, None), (4, "blank", None)]


def test_sections_have_headers_of_their_own() -> None:
    data = 'T,Header,a,b\nT,Data,1,2\nT,Total,3\nU,Data,no header\nU,Header,c\nU,Data,5\nT,Data,6,7\nT,Data\n"U,'
    records = list(tables.sections(cells_of(data), NOTATION))
    assert [(one.section, one.text("a", "c"), one.fault is None) for one in records] == [
        ("t", "1", True),
        ("u", "5", True),
        ("t", "6", True),
        ("", "", False),
    ]


def test_titles_begin_tables() -> None:
    data = 'x,y\n1,2\nDeals:\na,b\n1,2\n\nOrders\nc,d\n3,4\n"'
    records = list(tables.titled(cells_of(data), NOTATION))
    assert [(one.section, one.text("a", "c"), one.fault is None) for one in records] == [
        ("deals", "1", True),
        ("orders", "3", True),
        ("", "", False),
    ]


def test_cells_are_read_by_the_names_of_their_columns() -> None:
    row = record(Empty=" ", Qty="-5", Zero="0", Nil="--", Sym=" BRK  B ", Id='="12"', Cur="usd", Note=" a\n b ", No="x")
    assert row.text("none", "Empty", "QTY") == "-5"
    assert row.text("Id") == "12"
    assert row.has("Nil", "Qty")
    assert not row.has("Nil", "Empty", "none")
    assert row.number("Nil", "Qty") is None
    assert row.number("Empty") is None
    assert row.quantity("Qty") == 5
    assert (row.paid("Qty"), row.taken("Qty"), row.paid("Nil")) == (Decimal(-5), Decimal(5), Decimal(0))
    assert row.symbol("Sym") == "BRK B"
    assert (row.currency("Cur"), row.currency("Nil")) == ("USD", None)
    assert (row.reference("Id"), row.reference("Nil"), row.reference("Note")) == ("12", None, None)
    assert (row.note("Note"), row.note("Empty")) == ("a b", None)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda row: row.amount("none"), RowReason.NUMBER),
        (lambda row: row.quantity("zero"), RowReason.NUMBER),
        (lambda row: row.number("word"), RowReason.NUMBER),
        (lambda row: row.moment("none"), RowReason.DATE),
        (lambda row: row.at("none", "word"), RowReason.DATE),
        (lambda row: row.side("word"), RowReason.SIDE),
        (lambda row: row.symbol("none"), RowReason.SYMBOL),
        (lambda row: row.currency("word"), RowReason.SYMBOL),
    ],
)
def test_what_a_cell_lacks_is_said(wrong: Callable[[Record], object], reason: RowReason) -> None:
    with pytest.raises(Unreadable) as error:
        wrong(record(zero="0", word="a word"))
    assert error.value.reason is reason


@pytest.mark.parametrize("text", ["", "--", "x" * 33, "A|B", "Ä"])
def test_a_symbol_that_the_journal_cannot_have_is_wrong(text: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        checked_symbol(text)
    assert wrong.value.reason is RowReason.SYMBOL


def test_times_and_sides_are_read_by_the_names_of_their_columns() -> None:
    row = record(When="1/5/2024 09:30", Day="1/5/2024", Clock="", Side="STO")
    assert row.moment("none", "When").at == row.at("Day", "Clock").at.replace(hour=9, minute=30)
    assert row.side("Side") == (Side.SELL, PositionEffect.OPEN)


def test_a_row_has_its_cells_and_what_was_noticed() -> None:
    row = Record(Columns(["a"]), ["x" * 300, "more"], NOTATION, line=7, lines=2)
    row.notice(RowReason.ROUNDING, "a cent")
    done = row.row(lambda _record: ())
    assert (done.line, done.lines, done.raw) == (7, 2, {"a": "x" * 200, "column 2": "more"})
    assert done.warnings == (Noticed(RowReason.ROUNDING, "a cent"),)

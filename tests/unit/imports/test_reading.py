"""A file is opened by its beginning: its format, header, notation; and its rows are judged while they are read."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from handlers.imports.format import Need
from handlers.imports.reading import MOST_ROWS, FileReading, ReadingOptions, detect, open_file
from handlers.imports.recognizing import FormatCandidate
from handlers.imports.refusals import FileReason, FileRefused
from handlers.imports.rows import ReportedFill
from handlers.imports.values import DateOrder, DecimalMark

SCHWAB = '"Date","Action","Symbol","Description","Quantity","Price","Fees & Comm","Amount"\n'
NINJA = "Instrument;Market pos.;Qty;Entry price;Exit price;Entry time;Exit time;Profit;\n"


def opened(text: str, **options: Any) -> FileReading:
    return open_file([text.encode()], ReadingOptions(**options))


def refused(text: str | bytes, **options: Any) -> FileReason:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(FileRefused) as error:
        list(open_file([data], ReadingOptions(**options)).rows())
    return error.value.reason


def test_a_header_is_found_below_title_lines() -> None:
    reading = opened(
        '"Transactions for account 1 as of 1/2/2024"\n\n' + SCHWAB + '"01/02/2024","Buy","A","","1","$2","",""'
    )
    assert reading.format is not None
    assert (reading.format.id, reading.header_line, reading.delimiter) == ("schwab", 3, ",")
    (row,) = reading.rows()
    assert (row.line, reading.currencies, reading.encoding, reading.warnings) == (4, {"USD"}, "utf-8", ())


def test_the_format_of_most_columns_is_chosen_and_others_are_candidates() -> None:
    reading = opened("Date,Time,Symbol,Quantity,Price,Side,Commission\n1/5/2024,09:30,A,1,2,B,0\n")
    assert reading.candidates[0] == FormatCandidate("tradervue", 100)
    assert all(candidate.confidence < 100 for candidate in reading.candidates[1:])


def test_a_format_that_asks_for_fewer_columns_is_less_likely() -> None:
    header = (
        "Open Datetime,Close Datetime,Symbol,Side,Volume,Entry Price,Exit Price,Gross P&L,tradeId,quantity,openDate,"
    )
    candidates = detect(header + "entryPrice,exitPrice\n" + "x," * 12 + "\n")
    assert [candidate.confidence for candidate in candidates][:2] == [100, 86]


def test_formats_are_detected_by_the_beginning_of_a_text() -> None:
    assert detect(SCHWAB)[0] == FormatCandidate("schwab", 100)
    assert detect("<FlexQueryResponse>\n")[0].format_id == "ibkr_flex_xml"
    assert detect("Statement,Data,Title,Transaction History\n")[0].format_id == "ibkr_transaction_history"
    assert detect("a,b\n1,2\n") == ()
    assert detect("<x/>") == ()


def test_the_owner_can_name_the_format() -> None:
    reading = opened("Date,Symbol,Quantity,Price,Side\n1/5/2024,A,1,2,B\n", format_id="tradervue")
    assert [row.error for row in reading.rows()] == [None]
    assert refused("Date,Symbol\n1/5/2024,A\n", format_id="tradervue") is FileReason.NOT_THIS_FORMAT
    assert refused("a,b\n1,2\n", format_id="thinkorswim") is FileReason.NOT_THIS_FORMAT
    with pytest.raises(KeyError):
        opened("a,b\n", format_id="none")


def test_an_unknown_table_shows_its_header_and_first_rows() -> None:
    reading = opened("Depot\nWann;Was\n" + "1;2\n" * 30)
    assert (reading.format, reading.header, reading.header_line) == (None, ["Wann", "Was"], 2)
    assert (len(reading.sample), reading.needs, reading.newest_first) == (20, (), False)
    assert refused("Wann;Was\n1;2\n") is FileReason.NOT_THIS_FORMAT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("only\nwords\n", FileReason.NO_TABLE),
        ("<?xml version='1.0'?><other a='1'/>", FileReason.NO_TABLE),
        ("<html><p>no table</p>", FileReason.NO_TABLE),
        (b"PK\x03\x04", FileReason.ARCHIVE),
    ],
)
def test_a_file_without_a_table_is_refused(text: str | bytes, reason: FileReason) -> None:
    assert refused(text) is reason


def test_a_table_in_html_is_read_as_one_in_text() -> None:
    cells = "".join(f"<th>{name}</th>" for name in ("Date", "Symbol", "Quantity", "Price", "Side"))
    reading = opened(f"<!DOCTYPE html><table><tr>{cells}</tr><tr><td>1/5/2024<td>A<td>1<td>2<td>B</tr></table>")
    (row,) = reading.rows()
    assert (reading.delimiter, row.error, len(row.found)) == ("HTML", None, 1)


def test_a_semicolon_leaves_the_comma_to_decimals() -> None:
    reading = opened(NINJA + "EURUSD;Long;1.000;1,234;1,235;1.2.2024 09:30;1.2.2024 09:31;1,000;\n")
    assert (reading.decimal_mark, reading.date_order) == (DecimalMark.COMMA, DateOrder.DMY)
    (row,) = reading.rows()
    fill = row.found[0]
    assert isinstance(fill, ReportedFill)
    assert (fill.quantity, str(fill.price), fill.at.isoformat()) == (Decimal(1000), "1.234", "2024-02-01T09:30:00")


def test_the_days_of_a_file_show_their_order_unless_its_format_is_sure() -> None:
    ninja = opened(NINJA + "EURUSD;Long;1;1;1;13.2.2024 09:30;1.2.2024 09:31;0;\n")
    assert ninja.date_order is DateOrder.DMY
    assert opened(SCHWAB + '"13/02/2024","Buy","A","","1","$2","",""\n').date_order is DateOrder.MDY


def test_the_owner_can_name_the_notation() -> None:
    text = NINJA + "EURUSD;Long;1;1,234;1,234;1.2.2024 09:30;1.2.2024 09:31;0;\n"
    reading = opened(text, decimal_mark=DecimalMark.POINT, date_order=DateOrder.DMY, day=date(2024, 1, 1))
    (row,) = reading.rows()
    fill = row.found[0]
    assert isinstance(fill, ReportedFill)
    assert (fill.price, fill.at.month) == (Decimal(1234), 2)


def dated(*days: str, header: str = SCHWAB) -> FileReading:
    reading = opened(header + "".join(f'"{day}","Buy","A","","1","$2","",""\n' for day in days))
    list(reading.rows())
    return reading


def test_the_days_tell_whether_the_newest_is_first() -> None:
    assert dated("01/03/2024", "01/02/2024", "01/02/2024").newest_first
    assert not dated("01/02/2024", "01/03/2024").newest_first


def test_the_format_tells_whether_the_newest_is_first_if_the_days_do_not() -> None:
    assert dated("01/02/2024", "01/02/2024").newest_first
    assert not opened("Date,Symbol,Quantity,Price,Side\n1/5/2024,A,1,2,B\n").newest_first


def test_a_file_of_which_most_rows_are_wrong_is_refused() -> None:
    good, bad = '"01/02/2024","Buy","A","","1","$2","",""\n', '"today","Buy","A","","1","$2","",""\n'
    assert refused(SCHWAB + good * 499 + bad * 501 + good * 9_000) is FileReason.NOT_THIS_FORMAT
    assert refused(SCHWAB + good * 5 + bad * 6) is FileReason.NOT_THIS_FORMAT
    assert sum(row.error is None for row in opened(SCHWAB + good * 500 + bad * 600).rows()) == 500
    assert len(list(opened(SCHWAB + bad * 3).rows())) == 3


def test_a_file_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ROWS == 200_000
    monkeypatch.setattr("handlers.imports.reading.MOST_ROWS", 2)
    assert refused(SCHWAB + '"01/02/2024","Buy","A","","1","$2","",""\n' * 3) is FileReason.TOO_MANY_ROWS


def test_a_guessed_encoding_is_a_warning() -> None:
    reading = open_file([(SCHWAB + '"01/02/2024","Buy","A","café","1","$2","",""\n').encode("cp1252")])
    list(reading.rows())
    assert (reading.encoding, reading.warnings) == ("cp1252", ("ENCODING",))


def test_what_the_owner_must_add_is_named() -> None:
    assert opened(NINJA + "A;Long;1;1;1;1.2.2024 09:30;1.2.2024 09:31;0;\n").needs == (Need.TIME_ZONE, Need.MULTIPLIER)


def test_a_file_is_read_in_pieces() -> None:
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        yield SCHWAB.encode()
        for _ in range(1_000):
            taken += 1
            yield b'"01/02/2024","Buy","A","","1","$2","",""\n' * 20

    rows = open_file(chunks()).rows()
    next(rows)
    assert taken < 100
    assert 1 + sum(1 for _ in rows) == 20_000


def test_a_long_first_row_ends_the_sample() -> None:
    reading = opened(SCHWAB + ('"01/02/2024","Buy","A","' + "x" * 60_000 + '","1","$2","",""\n') * 8)
    assert len(reading.sample) < 8
    assert len(list(reading.rows())) == 8


def test_a_row_of_too_many_cells_is_no_header() -> None:
    assert detect("x," * 300 + "\n" + SCHWAB)[0] == FormatCandidate("schwab", 100)

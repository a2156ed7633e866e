"""Numbers, days, times and sides as brokers write them."""

from datetime import date
from decimal import Decimal

import pytest

from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason
from handlers.imports.values import (
    DateOrder,
    DecimalMark,
    Notation,
    amount_and_unit,
    date_order_of,
    decimal_mark_of,
    shown,
    side_and_effect,
)
from handlers.journal.executions import PositionEffect
from handlers.journal.positions import Side

POINT, COMMA = Notation(), Notation(decimal_mark=DecimalMark.COMMA)
DMY, YMD = Notation(date_order=DateOrder.DMY), Notation(date_order=DateOrder.YMD)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12.5", "12.5"),
        ("-12.5", "-12.5"),
        ("$1,234.50", "1234.50"),
        ("-$1,234.50", "-1234.50"),
        ("($75.90)", "-75.90"),
        ("$(20.00)", "-20.00"),
        ("+500", "500"),
        ("12.5-", "-12.5"),
        ("\u2212161.05", "-161.05"),
        ("1\u00a0234,50 $", "1234.50"),
        ("1\u202f234.5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("1.234.567,8", "1234567.8"),
        ("1,00,000.5", "100000.5"),
        ("1,234", "1234"),
        ("1.234", "1.234"),
        ("0,123", "0.123"),
        ("0,76672417", "0.76672417"),
        ("1234,567", "1234.567"),
        (".5", "0.5"),
        ("5.", "5"),
        ("USD 325.37", "325.37"),
        ("12,50EUR", "12.50"),
        ("-2.637591265E-4", "-0.0002637591265"),
        ("1E3", "1000"),
        ("0.1234567890123456789", "0.123456789012345679"),
        ("1E-300", "0"),
    ],
)
def test_a_number_is_read(text: str, number: str) -> None:
    assert POINT.number(text) == Decimal(number)


@pytest.mark.parametrize(("text", "number"), [("1.234", "1234"), ("1,234", "1.234"), ("500.25", "500.25"), ("7", "7")])
def test_a_number_that_could_be_two_is_read_by_the_mark_of_the_file(text: str, number: str) -> None:
    assert COMMA.number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "-", "--", "N/A", "nan", "Not available", "null"])
def test_nothing_is_no_number(text: str) -> None:
    assert POINT.number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "ten",
        "1.2.3",
        "1,2,3",
        "12,34,5.6,7",
        "1..2",
        "1,,2",
        ".",
        "1e99999",
        "1E16",
        "9" * 16,
        "1" + "," * 64,
        "1 2/3",
        "1.2,3.4",
    ],
)
def test_what_is_no_number_is_said(text: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        POINT.number(text)
    assert wrong.value.reason is RowReason.NUMBER


def test_a_number_can_have_what_it_counts_behind_it() -> None:
    assert amount_and_unit(POINT, "0.18SOL") == (Decimal("0.18"), "SOL")
    assert amount_and_unit(POINT, "1,000.5 USDT") == (Decimal("1000.5"), "USDT")
    assert amount_and_unit(POINT, "12") == (Decimal(12), None)


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.5", "2,500.25", "3"], DecimalMark.POINT),
        (["1,5", "2.500,25", "3"], DecimalMark.COMMA),
        (["1.000.000"], DecimalMark.COMMA),
        (["1,000,000"], DecimalMark.POINT),
        (["1,234", "5.678", "word", "", "01.02.2024"], None),
        (["1,5", "2.5"], None),
        (["0,5", "2.5", "3.5"], DecimalMark.POINT),
    ],
)
def test_most_numbers_of_a_file_show_its_decimal_mark(cells: list[str], mark: DecimalMark | None) -> None:
    assert decimal_mark_of(cells) is mark


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-01-05 09:30:00", "2024-01-05T09:30:00"),
        ("2024-01-05T09:30:00.123456789Z", "2024-01-05T09:30:00.123456+00:00"),
        ("2023-03-04T14:16:27+0100", "2023-03-04T14:16:27+01:00"),
        ("2024-01-05, 09:30:00", "2024-01-05T09:30:00"),
        ("2024-01-05 9:30 AM", "2024-01-05T09:30:00"),
        ("2024-01-05;093000", "2024-01-05T09:30:00"),
        ("20240105;093000", "2024-01-05T09:30:00"),
        ("20240105 09:30:00", "2024-01-05T09:30:00"),
        ("2024.01.05 09:30", "2024-01-05T09:30:00"),
        ("1/5/2024 12:05:00 AM", "2024-01-05T00:05:00"),
        ("1/5/2024 12:05:00 PM", "2024-01-05T12:05:00"),
        ("1/5/24 01:05:00 p.m.", "2024-01-05T13:05:00"),
        ("01/05/2024 09:30:00 EST", "2024-01-05T09:30:00-05:00"),
        ("07/05/2024 09:30:00 EDT", "2024-07-05T09:30:00-04:00"),
        ("07/05/2024 09:30:00 ET", "2024-07-05T09:30:00-04:00"),
        ("01/05/2024 09:30:00 -05:30", "2024-01-05T09:30:00-05:30"),
        ("01/05/2024 09:30:00 UTC+2", "2024-01-05T09:30:00+02:00"),
        ("5 Jan 2024 09:30", "2024-01-05T09:30:00"),
        ("05-Jan-2024 09:30", "2024-01-05T09:30:00"),
        ("5 mai 2024 09:30", "2024-05-05T09:30:00"),
        ("5. Oktober 2024 09:30", "2024-10-05T09:30:00"),
        ("Jan 5, 2024, 09:30:15.5", "2024-01-05T09:30:15.500000"),
        ("Fri Jan 5, 2024 09:30", "2024-01-05T09:30:00"),
        ("Friday, 05 Jan 2024 09:30", "2024-01-05T09:30:00"),
    ],
)
def test_a_time_is_read(text: str, at: str) -> None:
    moment = POINT.moment(text)
    assert (moment.at.isoformat(), moment.day_only) == (at, False)


@pytest.mark.parametrize(
    ("notation", "text", "day"),
    [
        (POINT, "2024-01-05", date(2024, 1, 5)),
        (POINT, "20240105", date(2024, 1, 5)),
        (POINT, "01/05/2024", date(2024, 1, 5)),
        (DMY, "01/05/2024", date(2024, 5, 1)),
        (DMY, "01.05.24", date(2024, 5, 1)),
        (YMD, "24/01/05", date(2024, 1, 5)),
        (POINT, "2024/1/5", date(2024, 1, 5)),
        (POINT, "19JAN24", date(2024, 1, 19)),
        (POINT, "19 JAN 24", date(2024, 1, 19)),
    ],
)
def test_a_day_alone_is_read(notation: Notation, text: str, day: date) -> None:
    moment = notation.moment(text)
    assert (moment.at.isoformat(), moment.day_only) == (f"{day}T00:00:00", True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "13/13/2024",
        "02/30/2024",
        "0000-01-01",
        "2024-13-01",
        "01/05/2024 25:00",
        "01/05/2024 13:00 PM",
        "01/05/2024 9",
        "01/05/2024 09:30 XYZ",
        "01/05/2024 09:30 +15:00",
        "01/05/2024 09:30 +10:75",
        "5 Foo 2024",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:00:00-10:00",
        "01/01/0001 00:00:00 CET",
        "09:30:00",
        "2024-01",
        "1/5/2024" + " 09:30" * 20,
    ],
)
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        POINT.moment(text)
    assert wrong.value.reason is RowReason.DATE


def test_a_time_without_a_day_is_on_the_day_of_the_file() -> None:
    assert Notation(day=date(2024, 1, 5)).moment("09:30:15").at.isoformat() == "2024-01-05T09:30:15"


def test_a_day_and_a_time_can_be_in_two_cells() -> None:
    assert POINT.at("1/5/2024", "09:30").at.isoformat() == "2024-01-05T09:30:00"
    assert POINT.at("1/5/2024", " ").day_only
    with pytest.raises(Unreadable):
        POINT.at("1/5/2024", "late")


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["1/2/2024", "13/2/2024"], DateOrder.DMY),
        (["1/2/2024", "2/13/2024"], DateOrder.MDY),
        (["13.02.24 10:00"], DateOrder.DMY),
        (["1/2/2024", "", "2024-13-01"], None),
        (["13/2/2024", "2/13/2024"], None),
        (["32/13/2024", "99.99.2024"], None),
    ],
)
def test_days_above_twelve_show_their_order(cells: list[str], order: DateOrder | None) -> None:
    assert date_order_of(cells) is order


@pytest.mark.parametrize(
    ("text", "side", "effect"),
    [
        ("B", Side.BUY, PositionEffect.AUTO),
        ("SLD", Side.SELL, PositionEffect.AUTO),
        ("Sell to Open", Side.SELL, PositionEffect.OPEN),
        ("BUY_TO_CLOSE", Side.BUY, PositionEffect.CLOSE),
        ("stc", Side.SELL, PositionEffect.CLOSE),
        ("Verkauf", Side.SELL, PositionEffect.AUTO),
        ("Sell  Short", Side.SELL, PositionEffect.OPEN),
    ],
)
def test_a_side_is_read(text: str, side: Side, effect: PositionEffect) -> None:
    assert side_and_effect(text) == (side, effect)


def test_what_is_no_side_is_said() -> None:
    with pytest.raises(Unreadable) as wrong:
        side_and_effect("hold")
    assert wrong.value.reason is RowReason.SIDE


def test_messages_show_the_beginning_of_a_cell() -> None:
    assert shown("x" * 100) == '"' + "x" * 40 + '..."'

"""Lists of trades by their closes: which trades are in them, in which order, and how a position becomes a text."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from handlers.journal.stats.clock import Clock, time_zone
from handlers.journal.stats.close_lists import Ranked, SortBy, ranked, ranked_from, still_fits, text_of
from handlers.journal.stats.questions import Question
from handlers.journal.trade import Trade
from tests.unit.journal.journals import D, a_flat_trade, a_trade
from tests.unit.journal.stats.asking import stored

SECOND = datetime(2025, 1, 2, 12, tzinfo=UTC)
JANUARY = Question(first=date(2025, 1, 1), last=date(2025, 1, 31))


def ids(trades: list[Trade], sort: SortBy, *, flat: bool = True, descending: bool, question: Question = JANUARY) -> str:
    return "".join(each.trade_id for each in ranked(stored(trades), question, sort, flat=flat, descending=descending))


@pytest.mark.parametrize(
    ("sort", "upwards", "downwards"),
    [
        (SortBy.CLOSE_DATE, "abcd", "dcba"),
        (SortBy.OPEN_DATE, "dabc", "cbad"),
        (SortBy.NET_PNL, "bdca", "acdb"),
        (SortBy.R_MULTIPLE, "bdac", "dbca"),
        (SortBy.SYMBOL, "badc", "cdab"),
    ],
)
def test_trades_stand_by_what_is_asked_those_without_it_last(sort: SortBy, upwards: str, downwards: str) -> None:
    open_date = datetime(2024, 12, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    trades = [
        a_flat_trade("a", "2025-01-02", "40", symbol="B", open_date=open_date),
        a_flat_trade("b", "2025-01-03", "-10", symbol="A", open_date=open_date + timedelta(1), risk_amount=D(50)),
        a_flat_trade("c", "2025-01-04", "30", symbol="D", open_date=open_date + timedelta(2)),
        a_flat_trade("d", "2025-01-05", "20", symbol="C", open_date=open_date - timedelta(1), risk_amount=D(1)),
    ]
    assert ids(trades, sort, descending=False) == upwards
    assert ids(trades, sort, descending=True) == downwards
    assert ids(trades[::-1], sort, descending=False) == ids(trades, sort, descending=False)


def test_equal_trades_stand_by_their_ids() -> None:
    trades = [a_flat_trade(trade_id, "2025-01-02", "5") for trade_id in "cab"]
    for sort in SortBy:
        assert (ids(trades, sort, descending=False), ids(trades, sort, descending=True)) == ("abc", "cba")


def test_a_trade_is_in_the_list_of_the_days_on_which_it_realized_money_or_became_flat() -> None:
    in_parts = a_trade("a", [(SECOND, "1", "5"), (SECOND + timedelta(2), "1", "5")])
    first_day = Question(first=date(2025, 1, 2), last=date(2025, 1, 2))
    last_day = Question(first=date(2025, 1, 4), last=date(2025, 1, 4))
    between = Question(first=date(2025, 1, 3), last=date(2025, 1, 3))
    for question, active, flat in ((first_day, True, False), (last_day, True, True), (between, False, False)):
        assert ids([in_parts], SortBy.CLOSE_DATE, flat=False, descending=True, question=question) == "a" * active
        assert ids([in_parts], SortBy.CLOSE_DATE, flat=True, descending=True, question=question) == "a" * flat
        assert still_fits(in_parts, question, flat=False) is active
        assert still_fits(in_parts, question, flat=True) is flat


def test_a_trade_that_was_closed_on_several_days_is_listed_once_by_the_last() -> None:
    trades = [
        a_trade("a", [(SECOND, "1", "5"), (SECOND + timedelta(5), "1", "5")]),
        a_trade("b", [(SECOND + timedelta(1), "1", "5"), (SECOND + timedelta(3), "1", "5")]),
    ]
    for flat in (True, False):
        assert ids(trades, SortBy.CLOSE_DATE, flat=flat, descending=False) == "ba"
    found = ranked(stored(trades), JANUARY, SortBy.CLOSE_DATE, flat=False, descending=False)
    assert [each.value for each in found] == [SECOND + timedelta(3), SECOND + timedelta(5)]


def test_the_order_in_which_entries_come_changes_nothing() -> None:
    trades = [a_trade("a", [(SECOND, "1", "5"), (SECOND + timedelta(5), "1", "5")])]
    [found] = ranked(stored(trades)[::-1], JANUARY, SortBy.CLOSE_DATE, flat=False, descending=False)
    assert found.value == SECOND + timedelta(5)


def test_a_day_that_a_time_zone_makes_of_one_close_does_not_list_the_trade_as_flat() -> None:
    """One day in UTC, two in New York."""
    first = datetime(2025, 1, 2, 1, tzinfo=UTC)
    in_parts = a_trade("a", [(first, "1", "5"), (first + timedelta(hours=22), "1", "5")])
    for day, flat in ((1, False), (2, True)):
        question = replace(
            JANUARY, first=date(2025, 1, day), last=date(2025, 1, day), clock=Clock(zone=time_zone("America/New_York"))
        )
        assert ids([in_parts], SortBy.CLOSE_DATE, flat=False, descending=True, question=question) == "a"
        assert ids([in_parts], SortBy.CLOSE_DATE, flat=True, descending=True, question=question) == "a" * flat
        assert still_fits(in_parts, question, flat=True) is flat


def test_of_closes_on_one_day_the_last_counts() -> None:
    two = a_trade("a", [(SECOND + timedelta(hours=2), "1", "5"), (SECOND, "1", "5"), (SECOND + timedelta(9), "1", "5")])
    day = Question(first=date(2025, 1, 2), last=date(2025, 1, 2))
    [found] = ranked(stored([two]), day, SortBy.CLOSE_DATE, flat=False, descending=False)
    assert found.value == SECOND + timedelta(hours=2)


def test_a_cancelled_or_open_trade_is_in_no_list() -> None:
    trades = [a_trade("a", []), replace(a_trade("b", []), cancelled=True)]
    for flat in (True, False):
        assert ids(trades, SortBy.CLOSE_DATE, flat=flat, descending=False) == ""


@pytest.mark.parametrize(
    ("sort", "value", "text"),
    [
        (SortBy.CLOSE_DATE, SECOND, "=2025-01-02T12:00:00+00:00"),
        (SortBy.OPEN_DATE, SECOND, "=2025-01-02T12:00:00+00:00"),
        (SortBy.NET_PNL, D("-1.50"), "=-1.5"),
        (SortBy.R_MULTIPLE, D("0.25"), "=0.25"),
        (SortBy.R_MULTIPLE, None, ""),
        (SortBy.SYMBOL, "=A", "==A"),
        (SortBy.SYMBOL, "12", "=12"),
    ],
)
def test_a_position_is_the_same_after_it_was_a_text(sort: SortBy, value: object, text: str) -> None:
    position = Ranked(trade_id="a", value=value)  # type: ignore[arg-type] # of one of its types
    assert text_of(position) == text
    assert ranked_from("a", text, sort) == position

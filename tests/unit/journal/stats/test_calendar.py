"""A month or a range, its days and its weeks. test_plain_model.py compares them with the plain definitions."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.stats.calendar import Calendar, calendar, month_around
from handlers.journal.stats.clock import Clock
from handlers.journal.stats.questions import Question
from handlers.journal.trade import Trade
from tests.unit.journal.journals import D, a_flat_trade, a_trade, dataset_a, journals
from tests.unit.journal.stats.asking import selected


def month_of(year: int, month: int, *journal: Trade) -> Calendar:
    first, last = month_around(date(year, month, 15))
    return calendar(selected(journal, Question(first=first, last=last)), first, last, Clock())


def test_a_month_has_all_of_its_days_and_its_weeks_from_monday_to_sunday() -> None:
    month = month_of(2025, 1)
    assert [day.first.day for day in month.days] == list(range(1, 32))
    assert [(week.first.day, week.last.day) for week in month.weeks] == [(1, 5), (6, 12), (13, 19), (20, 26), (27, 31)]
    assert (month.whole.first, month.whole.last) == (date(2025, 1, 1), date(2025, 1, 31))


@pytest.mark.parametrize(("year", "month", "weeks"), [(2027, 2, 4), (2025, 3, 6), (1, 1, 5), (9999, 12, 5)])
def test_a_month_has_four_to_six_weeks(year: int, month: int, weeks: int) -> None:
    assert len(month_of(year, month).weeks) == weeks


def test_the_weeks_of_dataset_a() -> None:
    records = [(week.realized, week.record) for week in month_of(2025, 1, *dataset_a()).weeks]
    assert [(money, of.trades, of.wins, of.losses, of.breakevens, of.r_count, of.r_sum) for money, of in records] == [
        (D(100), 3, 1, 2, 0, 3, D(1)),
        (D(140), 5, 2, 2, 1, 5, D(1)),
        (D(210), 4, 2, 1, 1, 4, D(2)),
        (D(0), 0, 0, 0, 0, 0, D(0)),
        (D(0), 0, 0, 0, 0, 0, D(0)),
    ]


def test_a_part_that_is_closed_is_money_on_its_day_and_the_trade_counts_when_it_is_flat() -> None:
    trade = a_trade("1", [(datetime(2025, 1, day, tzinfo=UTC), "1", "10") for day in (2, 3)], risk_amount=D(5))
    second, third = month_of(2025, 1, trade).days[1:3]
    assert (second.realized, second.record.net, second.record.trades, second.record.r_count) == (D(10), D(0), 0, 0)
    assert (third.realized, third.record.net, third.record.trades, third.record.r_sum) == (D(10), D(20), 1, D(4))


def test_trades_without_a_risk_have_no_r() -> None:
    assert month_of(2025, 1, a_flat_trade("1", "2025-01-02", "5")).whole.record.r_count == 0


@given(journals(), st.sampled_from([(2024, 12), (2025, 1)]))
def test_days_weeks_and_month_add_up_alike(journal: list[Trade], of: tuple[int, int]) -> None:
    month = month_of(*of, *journal)
    for name in ("net", "trades", "wins", "losses", "breakevens", "costs", "r_sum"):
        whole = getattr(month.whole.record, name)
        assert sum(getattr(day.record, name) for day in month.days) == whole
        assert sum(getattr(week.record, name) for week in month.weeks) == whole
    assert sum(day.realized for day in month.days) == sum(week.realized for week in month.weeks) == month.whole.realized

"""One month, its days and its weeks."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.calendar import month_of
from handlers.journal.figures import Figure, Reason
from handlers.journal.trade import Trade
from tests.unit.journal.journals import D, a_flat_trade, a_trade, dataset_a, days, journals


def test_a_month_has_all_of_its_days_and_its_weeks_from_monday_to_sunday() -> None:
    month = month_of(2025, 1, {})
    assert [day.first.day for day in month.days] == list(range(1, 32))
    assert [(week.first.day, week.last.day) for week in month.weeks] == [(1, 5), (6, 12), (13, 19), (20, 26), (27, 31)]
    assert (month.whole.first, month.whole.last) == (date(2025, 1, 1), date(2025, 1, 31))


@pytest.mark.parametrize(("year", "month", "weeks"), [(2027, 2, 4), (2025, 3, 6), (1, 1, 5), (9999, 12, 5)])
def test_a_month_has_four_to_six_weeks(year: int, month: int, weeks: int) -> None:
    assert len(month_of(year, month, {}).weeks) == weeks


def test_the_weeks_of_dataset_a() -> None:
    weeks = month_of(2025, 1, days(dataset_a())).weeks
    assert [(week.realized, week.trades, week.wins, week.losses, week.breakevens, week.r.value) for week in weeks] == [
        (D(100), 3, 1, 2, 0, D(1)),
        (D(140), 5, 2, 2, 1, D(1)),
        (D(210), 4, 2, 1, 1, D(2)),
        (D(0), 0, 0, 0, 0, None),
        (D(0), 0, 0, 0, 0, None),
    ]


def test_a_part_that_is_closed_is_money_on_its_day_and_the_trade_counts_when_it_is_flat() -> None:
    trade = a_trade("1", [(datetime(2025, 1, day, tzinfo=UTC), "1", "10") for day in (2, 3)], risk_amount=D(5))
    second, third = month_of(2025, 1, days([trade])).days[1:3]
    assert (second.realized, second.net, second.trades, second.r) == (
        D(10),
        D(0),
        0,
        Figure[Decimal](None, Reason.NO_TRADES),
    )
    assert (third.realized, third.net, third.trades, third.r) == (D(10), D(20), 1, Figure(D(4)))


def test_trades_without_a_risk_have_no_r() -> None:
    assert month_of(2025, 1, days([a_flat_trade("1", "2025-01-02", "5")])).whole.r == Figure(None, Reason.NO_RISK)


@given(journals(), st.sampled_from([(2024, 12), (2025, 1)]))
def test_days_weeks_and_month_add_up_alike(journal: list[Trade], of: tuple[int, int]) -> None:
    month = month_of(*of, days(journal))
    for name in ("realized", "net", "trades", "wins", "losses", "breakevens"):
        whole = getattr(month.whole, name)
        assert sum(getattr(day, name) for day in month.days) == whole
        assert sum(getattr(week, name) for week in month.weeks) == whole

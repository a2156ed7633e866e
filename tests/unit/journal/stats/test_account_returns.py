"""The returns of an account with deposits and withdrawals: docs/statistics.md, "Accounts"."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from statistics import stdev

import pytest

from handlers.journal.stats.account_returns import AccountReturns, Day, ReturnPeriod, account_returns, balance_of
from handlers.journal.stats.figures import Figure, Reason

D = Decimal
MONDAY = date(2026, 1, 5)
FRIDAY, SATURDAY = date(2026, 1, 9), date(2026, 1, 10)
NO_BALANCE, NO_TRADES = Figure[float](None, Reason.NO_BALANCE), Figure[float](None, Reason.NO_TRADES)


def flow(amount: str, earned: str = "0") -> Day:
    day = Day(realized=D(earned))
    day.add_cash(D(amount), is_flow=True)
    return day


def earned(amount: str) -> Day:
    return Day(realized=D(amount))


def returns(
    opening: str, days: dict[date, Day], first: date | None = None, last: date | None = None, *, by_month: bool = False
) -> AccountReturns:
    return account_returns(D(opening), days, first, last, by_month=by_month)


def percents(periods: tuple[ReturnPeriod, ...]) -> list[float | None]:
    return [None if each.returned.value is None else round(each.returned.value, 12) for each in periods]


def yearly(*daily: float) -> float:
    return sum(daily) / len(daily) / stdev(daily) * sqrt(252)


# The money of a day


def test_cash_counts_by_its_sign_and_by_whether_it_is_a_flow() -> None:
    day = Day(realized=D(7))
    for amount, is_flow in (("100", True), ("-40", True), ("3", False), ("-2", False), ("50", True), ("-1", False)):
        day.add_cash(D(amount), is_flow=is_flow)
    assert day == Day(deposits=D(150), withdrawals=D(-40), income=D(3), costs=D(-3), realized=D(7))
    assert (day.flow, day.earned) == (D(110), D(7))


def test_the_balance_is_what_was_there_and_all_that_came_and_went() -> None:
    one = Day(deposits=D(100), withdrawals=D(-10), income=D(3), costs=D(-2), realized=D(50))
    other = Day(deposits=D(1), withdrawals=D(-2), income=D(30), costs=D(-4), realized=D(-5))
    whole = Day(deposits=D(101), withdrawals=D(-12), income=D(33), costs=D(-6), realized=D(45))
    assert balance_of(D(1000), [one, other]) == (whole, D(1161))
    assert balance_of(D(7), []) == (Day(), D(7))


# Returns


THREE_DAYS = {
    MONDAY: earned("100"),  # 10 % of 1000
    MONDAY + timedelta(1): flow("900", earned="-100"),  # -5 % of 2000
    MONDAY + timedelta(2): flow("-400", earned="300"),  # 20 % of 1500
}


def test_the_returns_of_three_days_with_a_deposit_and_a_withdrawal() -> None:
    known = returns("1000", THREE_DAYS)
    assert (known.first, known.last) == (MONDAY, MONDAY + timedelta(2))
    assert (known.opening, known.closing, known.earned, known.flow) == (D(1000), D(1800), D(300), D(500))
    assert known.time_weighted.value == pytest.approx(25.4)  # 1.1 x 0.95 x 1.2
    # 300 over 1000 + 900 x 2/3 - 400 x 1/3
    assert known.money_weighted.value == pytest.approx(100 * 300 / (4400 / 3))
    assert known.max_drawdown.value == pytest.approx(5)
    assert known.sharpe.value == pytest.approx(yearly(0.1, -0.05, 0.2))
    # The mean of 0.25 / 3 over the root of 0.05² / 3
    assert known.sortino.value == pytest.approx(0.25 / 3 / (0.05 / sqrt(3)) * sqrt(252))
    tuesday = known.periods[1]
    assert (tuesday.first, tuesday.last, tuesday.earned) == (MONDAY + timedelta(1), MONDAY + timedelta(1), D(-100))
    assert (tuesday.flow, tuesday.closing) == (D(900), D(1900))
    assert percents(known.periods) == [10, -5, 20]


def test_the_days_may_be_given_in_any_order() -> None:
    assert returns("1000", dict(reversed(THREE_DAYS.items()))) == returns("1000", THREE_DAYS)


def test_the_reference_values_of_the_definitions() -> None:
    amounts = (("0", "100"), ("0", "-50"), ("5000", "150"), ("-2000", "-132"), ("0", "264"))
    days = {MONDAY + timedelta(number): flow(*of_day) for number, of_day in enumerate(amounts)}
    known = returns("10000", days)
    assert [f"{each.value:.6f}" for each in (known.time_weighted, known.money_weighted)] == ["2.516678", "2.721311"]
    assert known.closing == D(13_332)
    known = returns("1000", {MONDAY: earned("-400"), MONDAY + timedelta(1): flow("1000", earned="-160")})
    assert known.closing == D(1_440)
    assert known.max_drawdown.value == pytest.approx(46)


def test_by_month_the_days_of_each_month_are_linked() -> None:
    days = {
        date(2025, 12, 31): earned("50"),  # 50 % of 100
        date(2026, 1, 2): flow("50", earned="20"),  # 10 % of 200
        date(2026, 1, 30): flow("-20", earned="-40"),  # -20 % of 200
        date(2026, 2, 27): earned("16"),  # 10 % of 160
        date(2027, 2, 1): earned("-44"),  # -25 % of 176
    }
    known = returns("100", days, by_month=True)
    assert percents(known.periods) == [50, -12, 10, -25]
    january = known.periods[1]
    assert (january.first, january.last) == (date(2026, 1, 2), date(2026, 1, 30))
    assert (january.earned, january.flow, january.closing) == (D(-20), D(30), D(160))
    assert known.time_weighted.value == pytest.approx(100 * (1.5 * 0.88 * 1.1 * 0.75 - 1))
    assert [each.closing for each in known.periods] == [D(150), D(160), D(176), D(132)]
    by_day = returns("100", days)
    assert percents(by_day.periods) == [50, 10, -20, 10, -25]
    assert all(each.first == each.last for each in by_day.periods)


def test_what_happened_before_the_first_day_counts_into_the_opening_balance() -> None:
    tuesday, wednesday = MONDAY + timedelta(1), MONDAY + timedelta(2)
    known = returns("1000", THREE_DAYS, first=tuesday)
    assert (known.opening, known.closing, known.earned, known.flow) == (D(1100), D(1800), D(200), D(500))
    assert (known.first, percents(known.periods)) == (tuesday, [-5, 20])
    known = returns("1000", THREE_DAYS, last=tuesday)
    assert (known.opening, known.closing, known.last, percents(known.periods)) == (D(1000), D(1900), tuesday, [10, -5])
    known = returns("1000", THREE_DAYS, first=wednesday, last=wednesday)
    assert (known.opening, known.closing, percents(known.periods)) == (D(1900), D(1800), [20])


def test_flows_weigh_by_the_days_that_were_asked_for() -> None:
    """From the first to the tenth; the deposit of the seventh was there for four of ten days."""
    days = {date(2026, 1, 7): flow("500", earned="60")}
    known = returns("1000", days, first=date(2026, 1, 1), last=date(2026, 1, 10))
    assert (known.first, known.last) == (date(2026, 1, 1), date(2026, 1, 10))
    assert known.money_weighted.value == pytest.approx(100 * 60 / 1200)
    assert known.time_weighted.value == pytest.approx(4)  # 60 of 1500
    # On its own day alone it was there all the time.
    assert returns("1000", days).money_weighted.value == pytest.approx(4)


def test_a_drawdown_is_from_the_highest_return_so_far_and_a_first_loss_is_one() -> None:
    rates = ("-0.1", "0.5", "-0.2", "1", "-0.15")
    equity, days = D(1000), {}
    for number, rate in enumerate(rates):
        days[MONDAY + timedelta(number)] = Day(realized=equity * D(rate))
        equity += equity * D(rate)
    assert returns("1000", days).max_drawdown.value == pytest.approx(20)
    assert returns("1000", {MONDAY: earned("-100")}).max_drawdown.value == pytest.approx(10)
    assert returns("1000", {MONDAY: earned("100")}).max_drawdown == Figure(0.0)


def test_a_deposit_hides_no_drawdown_and_a_withdrawal_makes_none() -> None:
    tuesday = MONDAY + timedelta(1)
    assert returns("100", {MONDAY: earned("-50"), tuesday: flow("50")}).max_drawdown.value == pytest.approx(50)
    assert returns("100", {MONDAY: earned("50"), tuesday: flow("-50")}).max_drawdown == Figure(0.0)


# Days for Sharpe and Sortino


def test_a_weekday_on_which_only_cash_moved_returned_nothing() -> None:
    days = {MONDAY: earned("10"), MONDAY + timedelta(1): flow("90"), MONDAY + timedelta(2): earned("20")}
    assert returns("100", days).sharpe.value == pytest.approx(yearly(0.1, 0, 0.1))


def test_a_weekend_day_on_which_only_cash_moved_is_no_day() -> None:
    days = {FRIDAY: earned("10"), SATURDAY: flow("90"), FRIDAY + timedelta(3): earned("20")}
    known = returns("100", days)
    assert known.sharpe == Figure(None, Reason.STD_ZERO)
    assert known.sortino == Figure(None, Reason.NO_LOSING_DAYS)


def test_a_weekend_day_on_which_trades_earned_nothing_is_a_day() -> None:
    days = {FRIDAY: earned("10"), SATURDAY: Day(), FRIDAY + timedelta(3): earned("11")}
    assert returns("100", days).sharpe.value == pytest.approx(yearly(0.1, 0, 0.1))


def test_cash_before_the_first_and_after_the_last_day_that_earned_makes_no_days() -> None:
    days = {
        MONDAY: flow("100"),
        MONDAY + timedelta(2): earned("10"),
        MONDAY + timedelta(3): earned("-11"),
        MONDAY + timedelta(9): flow("-50"),
    }
    known = returns("0", days)
    assert known.sharpe.value == pytest.approx(yearly(0.1, -0.1), abs=1e-12)
    days[MONDAY + timedelta(3)] = earned("-22")
    assert returns("0", days).sharpe.value == pytest.approx(yearly(0.1, -0.2))


# Without returns


def test_without_any_day_nothing_was_returned() -> None:
    known = returns("70", {})
    assert (known.first, known.last, known.opening, known.closing) == (None, None, D(70), D(70))
    assert (known.earned, known.flow, known.periods) == (D(0), D(0), ())
    assert {known.time_weighted, known.money_weighted, known.max_drawdown, known.sharpe, known.sortino} == {NO_TRADES}


def test_a_range_without_a_day_keeps_its_bounds_and_the_balance() -> None:
    first, last = MONDAY + timedelta(7), MONDAY + timedelta(9)
    known = returns("1000", THREE_DAYS, first, last)
    assert (known.first, known.last, known.opening, known.closing) == (first, last, D(1800), D(1800))
    assert {known.time_weighted, known.money_weighted, known.sharpe} == {NO_TRADES}


def test_one_day_is_no_sample() -> None:
    known = returns("1000", {MONDAY: earned("-100")})
    too_few = Figure[float](None, Reason.INSUFFICIENT_SAMPLE)
    assert (known.sharpe, known.sortino) == (too_few, too_few)
    assert known.time_weighted.value == pytest.approx(-10)


def test_cash_alone_returns_nothing_and_is_no_trading() -> None:
    known = returns("0", {MONDAY: flow("100"), MONDAY + timedelta(1): flow("50")})
    assert (known.time_weighted, known.money_weighted, known.max_drawdown) == (Figure(0.0), Figure(0.0), Figure(0.0))
    assert (known.sharpe, known.sortino) == (NO_TRADES, NO_TRADES)


@pytest.mark.parametrize("opening", ["0", "-1"])
def test_what_is_earned_on_nothing_has_no_return_even_when_money_comes_later(opening: str) -> None:
    days = {MONDAY: earned("0.5"), MONDAY + timedelta(1): flow("1000", earned="10"), date(2026, 2, 2): earned("5")}
    for by_month, periods in ((False, 3), (True, 2)):
        known = returns(opening, days, by_month=by_month)
        assert {known.time_weighted, known.max_drawdown, known.sharpe, known.sortino} == {NO_BALANCE}
        assert percents(known.periods) == [None] * periods
        assert {each.returned for each in known.periods} == {NO_BALANCE}
        assert known.closing == D(opening) + D("1015.5")


def test_a_deposit_on_the_day_itself_is_there_to_earn_on() -> None:
    known = returns("0", {MONDAY: flow("200", earned="10")})
    assert (known.time_weighted, known.money_weighted) == (Figure(5.0), Figure(5.0))


def test_an_account_that_lost_all_has_returned_minus_100_percent_whatever_comes_later() -> None:
    days = {MONDAY: earned("-100"), MONDAY + timedelta(1): flow("50", earned="5")}
    known = returns("100", days)
    assert (known.time_weighted, known.max_drawdown, percents(known.periods)) == (
        Figure(-100.0),
        Figure(100.0),
        [-100, 10],
    )
    days[MONDAY] = earned("-150.00000001")  # the deposit leaves less than nothing
    known = returns("100", days)
    assert (known.time_weighted, percents(known.periods)) == (NO_BALANCE, [-150.00000001, None])


def test_a_loss_of_more_than_all_ends_the_returns_even_when_a_deposit_follows() -> None:
    """Linked to less than nothing, a gain would make the return smaller."""
    days = {MONDAY: earned("-150"), MONDAY + timedelta(1): flow("100", earned="5"), date(2026, 2, 2): earned("5")}
    known = returns("100", days)
    assert {known.time_weighted, known.max_drawdown, known.sharpe, known.sortino} == {NO_BALANCE}
    assert (percents(known.periods), known.closing) == ([-150, None, None], D(60))
    assert percents(returns("100", days, by_month=True).periods) == [None, None]
    assert returns("100", days, last=MONDAY).time_weighted == Figure(-150.0)


def test_a_return_is_never_infinite() -> None:
    """1E15 earned on 1E-8 and taken out again, 14 days in a row: 1E322 times as much."""
    days = {MONDAY + timedelta(number): flow("-1E15", earned="1E15") for number in range(1, 14)}
    days[MONDAY] = earned("1E15")
    for by_month in (False, True):
        known = returns("0.00000001", days, by_month=by_month)
        assert known.time_weighted == NO_BALANCE
        assert known.closing == D("1000000000000000.00000001")
    assert percents(known.periods) == [None]


def test_a_month_that_lost_its_balance_has_no_return_and_earlier_ones_keep_theirs() -> None:
    days = {date(2026, 1, 5): earned("10"), date(2026, 2, 2): earned("-200"), date(2026, 2, 3): earned("1")}
    assert percents(returns("100", days, by_month=True).periods) == [10, None]


@pytest.mark.parametrize(("taken", "has_return"), [("-199", True), ("-200", False), ("-201", False)])
def test_without_a_mean_balance_above_zero_money_has_no_weighted_return(taken: str, has_return: bool) -> None:
    """100 for two days, less 200 for one of them, are nothing; a profit of the first day pays for it."""
    known = returns("100", {MONDAY: earned("1000"), MONDAY + timedelta(1): flow(taken)})
    assert known.time_weighted.value == pytest.approx(1000)
    assert known.money_weighted == (Figure(200_000.0) if has_return else NO_BALANCE)


def test_a_mean_balance_of_nothing_is_recognized_though_its_parts_never_end() -> None:
    """Withdrawals that weigh 100 together: 26 x 6/7 + 33 x 5/7 + 23 x 4/7 + 55 x 3/7 + 37 x 2/7 + 48 x 1/7."""
    taken = (26, 33, 23, 55, 37, 48)
    days = {MONDAY + timedelta(number): flow(f"-{amount}") for number, amount in enumerate(taken, start=1)}
    days[MONDAY] = earned("5000")
    assert returns("100", days).money_weighted == NO_BALANCE
    assert returns("100.01", days).money_weighted.value == pytest.approx(50_000_000)


def test_returns_that_never_end_are_linked_beyond_the_digits_that_are_shown() -> None:
    """A third up and a quarter down, a hundred times, is as before."""
    days = {}
    for number in range(0, 200, 2):
        days[MONDAY + timedelta(number)] = earned("1")
        days[MONDAY + timedelta(number + 1)] = earned("-1")
    known = returns("3", days)
    assert known.time_weighted.value == pytest.approx(0, abs=1e-100)
    assert known.max_drawdown.value == pytest.approx(25)

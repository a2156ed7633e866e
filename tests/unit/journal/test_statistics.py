"""The figures: those of docs/statistics.md, the undefined ones, and all of them against a slow, separate oracle."""

import statistics
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from itertools import groupby
from math import isclose, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.figures import Figure, Reason, wilson
from handlers.journal.statistics import Statistics, statistics_of
from handlers.journal.trade import Trade
from tests.unit.journal.journals import a_flat_trade, a_trade, dataset_a, days, journals, results

D = Decimal
OPENING = D(10_000)


def figures_of(*nets: str, opening: Decimal | None = OPENING) -> Statistics:
    return statistics_of(days(results(*nets)), opening)


# Reference figures


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("win_rate", "0.416667"),
        ("win_rate_excluding_breakeven", "0.500000"),
        ("avg_win", "188.000000"),
        ("avg_loss", "-98.000000"),
        ("payoff_ratio", "1.918367"),
        ("profit_factor", "1.918367"),
        ("expectancy", "37.500000"),
        ("expectancy_r", "0.333333"),
        ("sqn", "0.856518"),
        ("sqn_r", "0.763401"),
        ("kelly", "0.112589"),
        ("max_drawdown", "260.000000"),
        ("max_drawdown_percent", "2.490421"),
        ("recovery_factor", "1.730769"),
        ("consistency", "0.666667"),
        ("sharpe", "4.252995"),
        ("sortino", "8.659476"),  # printed cut off: it is 8.6594765953
    ],
)
def test_dataset_a_has_its_figures_to_the_printed_digits(name: str, printed: str) -> None:
    figure = getattr(statistics_of(days(dataset_a()), OPENING), name)
    assert abs(D(figure.value) - D(printed)) <= D("0.000001")
    if name != "sortino":
        assert f"{figure.value:.6f}" == printed


def test_dataset_a_has_its_counts_sums_and_runs() -> None:
    known = statistics_of(days(dataset_a()), OPENING)
    assert (known.totals.trade_count, known.totals.wins, known.totals.losses, known.breakevens) == (12, 5, 5, 2)
    assert (known.net_pnl, known.totals.realized_pnl) == (D(450), D(450))
    assert (known.longest_wins, known.longest_losses, known.current_run) == (2, 2, 2)
    interval = known.win_rate_ci95.value
    assert interval is not None
    assert (f"{interval.low:.6f}", f"{interval.high:.6f}") == ("0.236593", "0.763407")


def test_without_losses_the_profit_factor_is_undefined_and_sqn_is_not() -> None:
    known = figures_of("10", "20", "0")
    assert known.profit_factor == Figure(None, Reason.NO_LOSSES)
    assert known.sqn.value == pytest.approx(1.732051, abs=5e-7)


def test_a_first_day_that_loses_is_a_drawdown_from_zero() -> None:
    assert figures_of("-150", "50", "50").max_drawdown == Figure(D(150))


def test_one_trade_is_no_sample() -> None:
    assert figures_of("5").sqn == Figure(None, Reason.INSUFFICIENT_SAMPLE)


# Undefined figures

ALWAYS_NO_TRADES = {
    "win_rate",
    "win_rate_excluding_breakeven",
    "win_rate_ci95",
    "avg_win",
    "avg_loss",
    "payoff_ratio",
    "profit_factor",
    "expectancy",
    "expectancy_r",
    "sqn",
    "sqn_r",
    "kelly",
    "max_drawdown",
    "max_drawdown_percent",
    "recovery_factor",
    "consistency",
    "sharpe",
    "sortino",
}


def reasons(known: Statistics) -> dict[str, Reason]:
    return {name: reason for name in ALWAYS_NO_TRADES if (reason := getattr(known, name).reason)}


def test_without_trades_every_figure_says_so() -> None:
    assert reasons(statistics_of({})) == dict.fromkeys(ALWAYS_NO_TRADES, Reason.NO_TRADES)


def test_an_open_part_has_an_equity_but_no_trade() -> None:
    noon = datetime(2025, 1, 2, 12, tzinfo=UTC)
    known = statistics_of(days([a_trade("1", [(noon, "1", "-5")], quantity=D(2))]), OPENING)
    assert known.totals.realized_pnl == -5
    assert known.max_drawdown == Figure(D(5))
    assert known.win_rate.reason is Reason.NO_TRADES
    assert known.sharpe.reason is Reason.INSUFFICIENT_SAMPLE


@pytest.mark.parametrize(
    ("nets", "undefined"),
    [
        (
            ["5", "7"],
            {
                "avg_loss": Reason.NO_LOSSES,
                "payoff_ratio": Reason.NO_LOSSES,
                "profit_factor": Reason.NO_LOSSES,
                "kelly": Reason.NO_LOSSES,
                "recovery_factor": Reason.NO_LOSSES,
                "sortino": Reason.NO_LOSSES,
            },
        ),
        (
            ["-5", "-7"],
            {
                "avg_win": Reason.NO_WINS,
                "payoff_ratio": Reason.NO_WINS,
                "kelly": Reason.NO_WINS,
                "consistency": Reason.NO_WINS,
            },
        ),
        (
            ["0", "0"],
            {
                "win_rate_excluding_breakeven": Reason.INSUFFICIENT_SAMPLE,
                "win_rate_ci95": Reason.INSUFFICIENT_SAMPLE,
                "avg_win": Reason.NO_WINS,
                "avg_loss": Reason.NO_LOSSES,
                "payoff_ratio": Reason.NO_LOSSES,
                "profit_factor": Reason.NO_LOSSES,
                "kelly": Reason.NO_LOSSES,
                "recovery_factor": Reason.NO_LOSSES,
                "consistency": Reason.NO_WINS,
                "sqn": Reason.STD_ZERO,
                "sharpe": Reason.STD_ZERO,
                "sortino": Reason.NO_LOSSES,
            },
        ),
        (
            ["-5"],
            {
                "avg_win": Reason.NO_WINS,
                "payoff_ratio": Reason.NO_WINS,
                "kelly": Reason.NO_WINS,
                "consistency": Reason.NO_WINS,
                "sqn": Reason.INSUFFICIENT_SAMPLE,
                "sharpe": Reason.INSUFFICIENT_SAMPLE,
                "sortino": Reason.INSUFFICIENT_SAMPLE,
            },
        ),
        (["-5", "9"], {}),
    ],
)
def test_an_undefined_figure_says_why_and_no_other_is_undefined(nets: list[str], undefined: dict[str, Reason]) -> None:
    no_risk = {"expectancy_r": Reason.NO_RISK, "sqn_r": Reason.NO_RISK}
    assert reasons(figures_of(*nets)) == undefined | no_risk


@pytest.mark.parametrize("opening", [None, D(0), D(-1)])
def test_without_an_opening_balance_above_zero_there_are_no_returns_and_no_percent(opening: Decimal | None) -> None:
    known = figures_of("-5", "9", opening=opening)
    assert known.max_drawdown == Figure(D(5))
    assert {known.sharpe, known.sortino, known.max_drawdown_percent} == {Figure(None, Reason.NO_BALANCE)}


def test_a_balance_that_is_used_up_earns_no_return() -> None:
    assert figures_of("-10000", "9").sharpe == Figure(None, Reason.NO_BALANCE)
    assert figures_of("9", "-10009").sharpe.value is not None


def test_equal_returns_have_no_spread_even_on_a_growing_balance() -> None:
    assert figures_of("10", "11", opening=D(100)).sharpe == Figure(None, Reason.STD_ZERO)
    assert figures_of("3", "4", opening=D(9)).sharpe == Figure(None, Reason.STD_ZERO)  # a third of the balance
    assert figures_of("3", "4.00000001", opening=D(9)).sharpe.value is not None


def test_an_idle_business_day_is_a_return_of_zero_and_an_idle_weekend_is_none() -> None:
    thursday, friday, monday = (f"2025-01-0{day}" for day in (2, 3, 6))
    over_an_idle_friday = days([a_flat_trade("1", thursday, "10"), a_flat_trade("2", monday, "11")])
    over_the_weekend = days([a_flat_trade("1", friday, "10"), a_flat_trade("2", monday, "11")])
    assert statistics_of(over_an_idle_friday, D(100)).sharpe.value == pytest.approx(2 / sqrt(3) * sqrt(252))
    assert statistics_of(over_the_weekend, D(100)).sharpe == Figure(None, Reason.STD_ZERO)


def test_a_weekend_day_with_a_close_is_a_day() -> None:
    saturday = days([a_flat_trade("1", "2025-01-03", "10"), a_flat_trade("2", "2025-01-04", "11")])
    assert statistics_of(saturday, D(100)).sharpe == Figure(None, Reason.STD_ZERO)


def test_the_threads_own_decimal_context_changes_nothing() -> None:
    journal = dataset_a()
    with localcontext(Context(prec=2)):
        known = statistics_of(days(journal), OPENING)
    assert known == statistics_of(days(journal), OPENING)


def test_losses_only_make_a_profit_factor_of_zero() -> None:
    assert figures_of("-5", "-7").profit_factor == Figure(0.0)


def test_a_figure_has_a_value_or_a_reason() -> None:
    with pytest.raises(TypeError):
        Figure(None)
    with pytest.raises(TypeError):
        Figure(1, Reason.NO_TRADES)


def test_a_loss_in_a_far_away_year_costs_no_time() -> None:
    first = a_trade("1", [(datetime(1, 1, 2, tzinfo=UTC), "1", "-5")], open_date=datetime(1, 1, 1, tzinfo=UTC))
    last = a_trade("2", [(datetime(9999, 12, 30, tzinfo=UTC), "1", "9")])
    weekdays, (a, b) = 2_608_613, (-0.0005, 9 / 9_995)
    expected = sqrt(252) * (a + b) / sqrt(weekdays * (a * a + b * b))
    assert statistics_of(days([first, last]), OPENING).sharpe.value == pytest.approx(expected, rel=1e-6)


# Wilson


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_wilson_is_where_the_score_test_has_its_bounds(wins: int, losses: int) -> None:
    """The closed formula's origin: (share - p)^2 = z^2 p (1 - p) / n at both ends."""
    n = wins + losses
    if not n:
        return
    interval, share = wilson(wins, n), wins / n
    z = statistics.NormalDist().inv_cdf(0.975)
    for end in (interval.low, interval.high):
        assert isclose((share - end) ** 2, z * z * end * (1 - end) / n, rel_tol=1e-6, abs_tol=1e-12)
    assert 0 <= interval.low <= share <= interval.high <= 1


# The oracle: the plain definitions on plain lists


def outcomes(journal: list[Trade]) -> list[Trade]:
    flat = [(trade.closes[-1], trade) for trade in journal if trade.is_flat]
    flat.sort(key=lambda each: (each[0].closed_at.date(), each[0].closed_at, each[1].trade_id))
    return [trade for _, trade in flat]


def moves(journal: list[Trade]) -> list[tuple[date, Fraction]]:
    """The money of each close, in order."""
    parts = [
        (part.close.closed_at.date(), part.close.closed_at, trade.trade_id, place, Fraction(part.realized_pnl))
        for trade in journal
        for place, part in enumerate(trade.realized)
    ]
    return [(part[0], part[-1]) for part in sorted(parts)]


def deepest_fall(amounts: list[Fraction]) -> tuple[Fraction, Fraction]:
    sums = [sum(amounts[:n], Fraction(0)) for n in range(len(amounts) + 1)]
    falls = [(sums[i] - sums[j], -sums[i]) for i in range(len(sums)) for j in range(i, len(sums))]
    fall, peak = max(falls)
    return fall, -peak


def daily_returns(journal: list[Trade], opening: Fraction) -> list[Fraction]:
    """Day by day from the first to the last, as a spreadsheet would."""
    by_day: dict[date, Fraction] = {}
    for day, amount in moves(journal):
        by_day[day] = by_day.get(day, Fraction(0)) + amount
    returns, equity, day = [], opening, min(by_day)
    while day <= max(by_day):
        if day.isoweekday() <= 5 or day in by_day:
            earned = by_day.get(day, Fraction(0))
            returns.append(earned / equity)
            equity += earned
        day += timedelta(days=1)
    return returns


def longest(signs: list[int], sign: int) -> int:
    return max((len(list(run)) for of, run in groupby(signs) if of == sign), default=0)


def root(square: Fraction) -> float:
    return sqrt(Decimal(square.numerator) / Decimal(square.denominator))


def standard_errors(sample: list[Fraction]) -> float:
    return sqrt(len(sample)) * float(statistics.mean(sample)) / root(statistics.variance(sample))


def defined(figure: Figure[Any], expected: Callable[[], Any]) -> bool:
    """Whether the figure is what is expected, or undefined where computing it divides by nothing."""
    try:
        value = expected()
    except (ZeroDivisionError, statistics.StatisticsError):
        return figure.value is None
    return figure.value is not None and isclose(float(figure.value), float(value), rel_tol=1e-9, abs_tol=5.1e-9)


@given(journals())
def test_sums_and_figures_are_those_of_the_plain_definitions(journal: list[Trade]) -> None:
    known = statistics_of(days(journal), OPENING)
    flat = outcomes(journal)
    nets = [Fraction(trade.net_pnl) for trade in flat if trade.net_pnl is not None]
    rs = [Fraction(trade.r_multiple) for trade in flat if trade.r_multiple is not None]
    won, lost = [p for p in nets if p > 0], [p for p in nets if p < 0]
    assert known.totals.trade_count == len(nets)
    assert (known.totals.wins, known.totals.losses, known.breakevens) == (len(won), len(lost), nets.count(Fraction(0)))
    assert Fraction(known.net_pnl) == sum(nets)
    assert Fraction(known.totals.sum_win_pnl) == sum(won)
    assert Fraction(known.totals.sum_loss_pnl) == sum(lost)
    assert known.totals.best_win == max(won, default=None)
    assert known.totals.worst_loss == min(lost, default=None)
    assert defined(known.win_rate, lambda: Fraction(len(won), len(nets)))
    assert defined(known.win_rate_excluding_breakeven, lambda: Fraction(len(won), len(won) + len(lost)))
    assert defined(known.avg_win, lambda: statistics.mean(won))
    assert defined(known.avg_loss, lambda: statistics.mean(lost))
    assert defined(known.expectancy, lambda: statistics.mean(nets))
    assert defined(known.expectancy_r, lambda: statistics.mean(rs))
    assert defined(known.profit_factor, lambda: sum(won, Fraction(0)) / -sum(lost, Fraction(0)))
    payoff = None
    if won and lost:
        payoff = statistics.mean(won) / -statistics.mean(lost)
        p = Fraction(len(won), len(nets))
        assert defined(known.kelly, lambda: p - (1 - p) / payoff)
    assert defined(known.payoff_ratio, lambda: payoff or 1 / Fraction(0))
    assert defined(known.sqn, lambda: standard_errors(nets))
    assert defined(known.sqn_r, lambda: standard_errors(rs))


@given(journals())
def test_runs_are_those_of_the_plain_definitions(journal: list[Trade]) -> None:
    known = statistics_of(days(journal), OPENING)
    signs = [(trade.net_pnl > 0) - (trade.net_pnl < 0) for trade in outcomes(journal) if trade.net_pnl is not None]
    current = [sign * len(list(run)) for sign, run in groupby(signs)]
    assert (known.longest_wins, known.longest_losses) == (longest(signs, 1), longest(signs, -1))
    assert known.current_run == (current[-1] if current else 0)


@given(journals())
def test_drawdown_and_what_rests_on_it_are_those_of_the_plain_definitions(journal: list[Trade]) -> None:
    known = statistics_of(days(journal), OPENING)
    amounts = [amount for _, amount in moves(journal)]
    assert Fraction(known.totals.realized_pnl) == sum(amounts)
    if not amounts:
        assert known.max_drawdown.reason is known.recovery_factor.reason is Reason.NO_TRADES
        return
    fall, peak = deepest_fall(amounts)
    assert known.max_drawdown.value == fall
    assert defined(known.max_drawdown_percent, lambda: 100 * fall / (10_000 + peak))
    assert defined(known.recovery_factor, lambda: sum(amounts) / fall)


@given(journals())
def test_sharpe_and_sortino_are_those_of_a_spreadsheet_of_days(journal: list[Trade]) -> None:
    known = statistics_of(days(journal), OPENING)
    if not moves(journal):
        return
    returns = daily_returns(journal, Fraction(10_000))
    if len(returns) < 2:
        assert known.sharpe.reason is known.sortino.reason is Reason.INSUFFICIENT_SAMPLE
        return
    year = 252**0.5
    below = sum(min(r, Fraction(0)) ** 2 for r in returns) / len(returns)
    mean = statistics.mean(returns)
    assert defined(known.sharpe, lambda: float(mean) / root(statistics.variance(returns)) * year)
    assert defined(known.sortino, lambda: float(mean) / root(Fraction(below)) * year)


@given(journals())
def test_the_best_day_is_measured_by_the_profit_of_all(journal: list[Trade]) -> None:
    by_day: dict[date, Fraction] = {}
    for day, amount in moves(journal):
        by_day[day] = by_day.get(day, Fraction(0)) + amount
    figure = statistics_of(days(journal)).consistency
    whole = sum(by_day.values())
    if whole > 0:
        assert defined(figure, lambda: max(by_day.values()) / whole)
    else:
        assert figure.reason is (Reason.NO_WINS if by_day else Reason.NO_TRADES)

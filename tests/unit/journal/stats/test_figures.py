"""The figures: those of docs/statistics.md, and the undefined ones. test_plain_model.py compares them in general."""

import statistics
from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal, localcontext
from math import isclose, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.documents.fields import contract_name
from handlers.journal.stats.figures import OF_JOURNAL, OF_RECORD, Figure, Interval, Reason, figures_of_record, wilson
from handlers.journal.stats.folding import WinLossRecord, fold
from handlers.journal.stats.questions import Question, Tolerance, TradeOutcome, select
from tests.reference_figures import of_dataset_a, undefined
from tests.unit.journal.journals import NOW, a_flat_trade, a_trade, dataset_a, results
from tests.unit.journal.stats.asking import figures, folded, stored

D = Decimal
OPENING = D(10_000)
NEW_YORK, KIRITIMATI = timezone(timedelta(hours=-5)), timezone(timedelta(hours=14))


def figures_of(*nets: str, opening: Decimal | None = OPENING) -> dict[str, Figure[Any]]:
    return figures(results(*nets), opening)


# Reference figures


@pytest.mark.parametrize("name", [*OF_RECORD, *OF_JOURNAL])
def test_dataset_a_has_its_figures_to_the_printed_digits(name: str) -> None:
    printed = of_dataset_a()[contract_name(name)].split(" … ")
    value: Any = figures(dataset_a(), OPENING)[name].value
    values = (value.low, value.high) if isinstance(value, Interval) else (value,)
    assert [f"{value:.6f}" for value in values] == [f"{Decimal(number):.6f}" for number in printed]


def test_dataset_a_has_its_counts_sums_and_runs() -> None:
    known = folded(dataset_a())
    record, runs = known.record, known.runs
    assert (record.trades, record.wins, record.losses, record.breakevens) == (12, 5, 5, 2)
    assert (record.net, record.sum_win, record.sum_loss, known.balance.realized) == (D(450), D(940), D(-490), D(450))
    assert (record.r_count, record.r_sum) == (12, D(4))
    assert (runs.longest_wins, runs.longest_losses, runs.current) == (2, 2, 2)


def test_the_eight_trades_of_tharp() -> None:
    nets = ("678", "3456", "-567", "342", "1234", "888", "-1333", "-454")
    known = figures(
        [a_flat_trade(str(n), f"2025-01-0{n + 1}", net, risk_amount=D("784.667")) for n, net in enumerate(nets)]
    )
    assert (f"{known['expectancy_r'].value:.6f}", f"{known['sqn_r'].value:.6f}") == ("0.676083", "1.028978")


def test_six_wins_and_four_losses_of_one_size() -> None:
    known = figures_of(*["100"] * 6, *["-100"] * 4)
    assert (known["kelly"], known["profit_factor"], known["expectancy"]) == (Figure(0.2), Figure(1.5), Figure(D(20)))


def test_daily_returns_of_whole_percents() -> None:
    equity, trades = D(100_000), []
    for n, percent in enumerate((1, 10, -4, 2, 3, 2, 1, -10)):
        day = ("2025-01-06", "2025-01-07", "2025-01-08", "2025-01-09", "2025-01-10", "2025-01-13", "2025-01-14")[n:]
        net = equity * percent / 100
        trades.append(a_flat_trade(str(n), day[0] if day else "2025-01-15", f"{net.quantize(D('1E-8')):f}"))
        equity += net
    known = figures(trades, D(100_000))
    assert f"{known['sharpe'].value:.6f}" == "1.723861"
    assert f"{known['sortino'].value:.6f}" == "2.605531"
    assert f"{known['max_drawdown_percent'].value:.6f}" == "10.000000"


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    [(0, 20, 0, 0.161125), (1, 29, 0.006113, 0.171755), (15, 148, 0.062386, 0.160487), (23, 60, 0.270883, 0.509824)],
)
def test_wilsons_intervals_are_those_published(hits: int, tries: int, low: float, high: float) -> None:
    interval = wilson(hits, tries)
    assert (round(interval.low, 6), round(interval.high, 6)) == (low, high)


def test_without_losses_the_profit_factor_is_undefined_and_sqn_is_not() -> None:
    known = figures_of("10", "20", "0")
    assert known["profit_factor"] == Figure(None, Reason.NO_LOSSES)
    assert known["sqn"].value == pytest.approx(1.732051, abs=5e-7)


def test_a_first_day_that_loses_is_a_drawdown_from_zero() -> None:
    assert figures_of("-150", "50", "50")["max_drawdown"] == Figure(D(150))


def test_of_equally_deep_falls_the_one_from_the_lowest_peak_weighs_most() -> None:
    known = figures_of("100", "-50", "100", "-50", "100", opening=D(100))
    assert (known["max_drawdown"].value, known["max_drawdown_percent"].value) == (D(50), 25)


def test_one_trade_is_no_sample() -> None:
    assert figures_of("5")["sqn"] == Figure(None, Reason.INSUFFICIENT_SAMPLE)


def test_a_straight_line_has_no_k_ratio_and_a_crooked_one_has() -> None:
    assert figures_of("5", "5", "5")["k_ratio"] == Figure(None, Reason.STD_ZERO)
    assert figures_of("5", "7")["k_ratio"] == Figure(None, Reason.INSUFFICIENT_SAMPLE)
    # Cumulated 1, 3, 4: slope 1.5, residuals -1/6, 1/3, -1/6, standard error 0.288675.
    assert figures_of("1", "2", "1")["k_ratio"].value == pytest.approx(1.5 / 0.2886751345948129 / sqrt(3))
    assert figures_of("-1", "-2", "-1")["k_ratio"].value == pytest.approx(-1.5 / 0.2886751345948129 / sqrt(3))


@pytest.mark.parametrize(
    ("seconds", "median", "mean"),
    [
        ((7,), 7, 7),
        ((7, 2), 4.5, 4.5),
        ((90, 1, 5), 5, 32),
        ((90, 1, 5, 6), 5.5, 25.5),
        ((9, 90, 1, 5, 6), 6, 22.2),
        ((9, 90, 1, 5, 6, 8), 7, 119 / 6),
    ],
)
def test_the_holding_time_in_the_middle(seconds: tuple[int, ...], median: float, mean: float) -> None:
    closed = datetime(2025, 1, 2, 12, tzinfo=UTC)
    known = figures(
        a_trade(str(n), [(closed, "1", "5")], open_date=closed - timedelta(seconds=held))
        for n, held in enumerate(seconds)
    )
    assert known["median_holding_seconds"].value == pytest.approx(median)
    assert known["avg_holding_seconds"].value == pytest.approx(mean)


def test_a_system_quality_number_has_the_sign_of_the_result_however_small_it_is() -> None:
    """The mean of 0.1 and 0.3 is 0.2, their deviation the root of 0.02: the root of 2, times 0.2, over that is 2."""
    assert figures_of("0.1", "0.3")["sqn"].value == pytest.approx(2)
    assert figures_of("-0.1", "-0.3")["sqn"].value == pytest.approx(-2)
    assert [str(figures_of(*nets)[name].value) for nets, name in ((("5", "-5"), "sqn"), (("0", "6", "-6"), "sqn"))] == [
        "0.0",
        "0.0",
    ]


# Order


def test_streaks_go_by_instant_whatever_the_offset() -> None:
    """Half past midnight in Kiritimati on the third comes before half past eleven in New York on the second."""
    loss = a_trade("loss", [(datetime(2026, 1, 2, 23, 30, tzinfo=NEW_YORK), "1", "-5")])
    win = a_trade("win", [(datetime(2026, 1, 3, 0, 30, tzinfo=KIRITIMATI), "1", "9")])
    assert win.closes[0].closed_at < loss.closes[0].closed_at
    known = folded([loss, win])
    assert known.runs.current == -1
    assert [day.isoformat() for day, _ in known.balance.days] == ["2026-01-02", "2026-01-03"]


def test_at_one_instant_the_order_recorded_decides_and_not_the_ids() -> None:
    trades = [
        a_flat_trade("b", "2026-01-02", "-5", created_at=NOW),
        a_flat_trade("a", "2026-01-02", "9", created_at=NOW + timedelta(microseconds=1)),
    ]
    assert folded(trades).runs.current == folded(trades[::-1]).runs.current == 1
    assert folded(trades).balance.max_drawdown == 5


def test_closes_of_one_trade_at_one_instant_stay_in_their_order() -> None:
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    balance = folded([a_trade("1", [(noon, "1", "9"), (noon, "1", "-5")])]).balance
    assert (balance.peak, balance.max_drawdown) == (D(9), D(5))


def test_a_break_even_ends_a_run() -> None:
    runs = folded(results("1", "1", "0", "1", "0")).runs
    assert (runs.longest_wins, runs.current) == (2, 0)


def test_entries_out_of_the_order_of_their_days_are_refused() -> None:
    with pytest.raises(ValueError, match="order of their days"):
        fold(select(Question(), stored(results("1", "2"))[::-1]))


# Undefined figures

ALWAYS = OF_RECORD.keys() | OF_JOURNAL.keys()


def reasons(known: dict[str, Figure[Any]]) -> dict[str, Reason]:
    return {name: figure.reason for name, figure in known.items() if figure.reason is not None}


def test_without_trades_every_figure_says_so() -> None:
    assert reasons(figures([])) == dict.fromkeys(ALWAYS, Reason.NO_TRADES)


def test_an_open_part_has_an_equity_but_no_trade() -> None:
    noon = datetime(2025, 1, 2, 12, tzinfo=UTC)
    part = a_trade("1", [(noon, "1", "-5")], quantity=D(2))
    known = figures([part], OPENING)
    assert folded([part]).balance.realized == -5
    assert known["max_drawdown"] == Figure(D(5))
    assert known["win_rate"].reason is Reason.NO_TRADES
    assert known["sharpe"].reason is Reason.INSUFFICIENT_SAMPLE


@pytest.mark.parametrize(("nets", "undefined"), undefined())
def test_an_undefined_figure_says_why_and_no_other_is_undefined(nets: list[str], undefined: dict[str, str]) -> None:
    no_risk = {"expectancyR": "NO_RISK", "sqnR": "NO_RISK"}
    assert {contract_name(name): reason for name, reason in reasons(figures_of(*nets)).items()} == undefined | no_risk


def test_a_loss_within_a_day_that_gains_is_no_losing_day() -> None:
    known = figures(
        [
            a_flat_trade("1", "2025-01-02", "10"),
            a_flat_trade("2", "2025-01-02", "-4", created_at=NOW + timedelta(seconds=1)),
            a_flat_trade("3", "2025-01-03", "1"),
        ],
        OPENING,
    )
    assert known["sortino"] == Figure(None, Reason.NO_LOSING_DAYS)


def test_a_trade_can_lose_in_all_while_the_money_of_the_range_never_falls() -> None:
    first, last = datetime(2025, 1, 2, 12, tzinfo=UTC), datetime(2025, 2, 3, 12, tzinfo=UTC)
    trade = a_trade("1", [(first, "1", "-50"), (last, "1", "5")])
    known = figures([trade], OPENING, Question(first=last.date()))
    assert known["worst_loss"] == Figure(D(-45))
    assert known["recovery_factor"] == Figure(None, Reason.NO_DRAWDOWN)


@pytest.mark.parametrize("opening", [None, D(0), D(-1)])
def test_without_an_opening_balance_above_zero_there_are_no_returns_and_no_percent(opening: Decimal | None) -> None:
    known = figures_of("-5", "9", opening=opening)
    assert known["max_drawdown"] == Figure(D(5))
    assert {known[name] for name in ("sharpe", "sortino", "max_drawdown_percent")} == {Figure(None, Reason.NO_BALANCE)}


def test_a_balance_that_is_used_up_earns_no_return() -> None:
    assert figures_of("-10000", "9")["sharpe"] == Figure(None, Reason.NO_BALANCE)
    assert figures_of("9", "-10009")["sharpe"].value is not None


def test_equal_returns_have_no_spread_even_on_a_growing_balance() -> None:
    assert figures_of("10", "11", opening=D(100))["sharpe"] == Figure(None, Reason.STD_ZERO)
    assert figures_of("3", "4", opening=D(9))["sharpe"] == Figure(None, Reason.STD_ZERO)  # a third of the balance
    assert figures_of("3", "4.00000001", opening=D(9))["sharpe"].value is not None


def test_an_idle_business_day_is_a_return_of_zero_and_an_idle_weekend_is_none() -> None:
    thursday, friday, monday = (f"2025-01-0{day}" for day in (2, 3, 6))
    over_an_idle_friday = [a_flat_trade("1", thursday, "10"), a_flat_trade("2", monday, "11")]
    over_the_weekend = [a_flat_trade("1", friday, "10"), a_flat_trade("2", monday, "11")]
    assert figures(over_an_idle_friday, D(100))["sharpe"].value == pytest.approx(2 / sqrt(3) * sqrt(252))
    assert figures(over_the_weekend, D(100))["sharpe"] == Figure(None, Reason.STD_ZERO)
    longer = [*over_an_idle_friday, a_flat_trade("3", "2025-01-07", "12.1")]
    assert figures(longer, D(100))["sharpe"].value == pytest.approx(
        0.075 / statistics.stdev([0.1, 0, 0.1, 0.1]) * sqrt(252)
    )


def test_a_weekend_day_with_a_close_is_a_day() -> None:
    saturday = [a_flat_trade("1", "2025-01-03", "10"), a_flat_trade("2", "2025-01-04", "11")]
    assert figures(saturday, D(100))["sharpe"] == Figure(None, Reason.STD_ZERO)


def test_the_threads_own_decimal_context_changes_nothing() -> None:
    journal = dataset_a()
    with localcontext(Context(prec=2)):
        known = figures(journal, OPENING)
    assert known == figures(journal, OPENING)


def test_losses_only_make_a_profit_factor_of_zero() -> None:
    assert figures_of("-5", "-7")["profit_factor"] == Figure(0.0)


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
    assert figures([first, last], OPENING)["sharpe"].value == pytest.approx(expected, rel=1e-6)


# Exactness


def test_the_longest_amounts_are_summed_exactly() -> None:
    longest = "999999999999999.99999999"
    [(_, entry)] = stored([a_flat_trade("1", "2025-01-02", "1", risk_amount=D(1))])
    record = WinLossRecord()
    for sign in (1, 1, -1):
        earned = entry._replace(net=D(longest).copy_sign(D(sign)), risk=D("0.00000001"))
        record.add(earned, TradeOutcome.WIN if sign > 0 else TradeOutcome.LOSS)
    assert (record.net, record.sum_win) == (D(longest), D("1999999999999999.99999998"))
    assert record.net_squares == D("2999999999999999999999940000000.0000000000000003")
    assert figures_of_record(record)["sqn"].value == pytest.approx(0.5)


def test_only_an_entry_by_which_the_trade_became_flat_counts() -> None:
    noon = datetime(2025, 1, 2, 12, tzinfo=UTC)
    [(_, part)] = stored([a_trade("1", [(noon, "1", "-5")], quantity=D(2))])
    with pytest.raises(ValueError, match="flat"):
        WinLossRecord().add(part, TradeOutcome.LOSS)


# The tolerance


@pytest.mark.parametrize(
    ("tolerance", "net", "risk", "outcome"),
    [
        (Tolerance(), "0", None, TradeOutcome.BREAKEVEN),
        (Tolerance(), "0.00000001", None, TradeOutcome.WIN),
        (Tolerance(), "-0.00000001", None, TradeOutcome.LOSS),
        (Tolerance(amount=D(5)), "5", None, TradeOutcome.BREAKEVEN),
        (Tolerance(amount=D(5)), "-5", None, TradeOutcome.BREAKEVEN),
        (Tolerance(amount=D(5)), "5.00000001", None, TradeOutcome.WIN),
        (Tolerance(of_risk=D("0.05")), "5", "100", TradeOutcome.BREAKEVEN),
        (Tolerance(of_risk=D("0.05")), "-5.00000001", "100", TradeOutcome.LOSS),
        (Tolerance(of_risk=D("0.05")), "0.00000001", None, TradeOutcome.WIN),
        (Tolerance(of_risk=D("0.05")), "0", None, TradeOutcome.BREAKEVEN),
    ],
)
def test_a_break_even_lies_within_the_tolerance(
    tolerance: Tolerance, net: str, risk: str | None, outcome: TradeOutcome
) -> None:
    assert tolerance.outcome(D(net), None if risk is None else D(risk)) is outcome


def test_the_money_of_a_break_even_stays_in_the_sums() -> None:
    question = Question(tolerance=Tolerance(amount=D(5)))
    known, record = figures(results("4", "10", "-3"), None, question), folded(results("4", "10", "-3"), question).record
    assert (record.wins, record.losses, record.breakevens) == (1, 0, 2)
    assert (record.net, record.sum_win, record.sum_breakeven) == (D(11), D(10), D(1))
    assert known["expectancy"] == Figure(D("3.66666667"))
    assert known["avg_win"] == Figure(D(10))


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

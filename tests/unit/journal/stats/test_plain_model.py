"""Every answer, under every combination of filters, zone and tolerance, is that of the plain model."""

from datetime import date, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.journal.settings import MAIN
from handlers.journal.stats.breakdown import breakdown
from handlers.journal.stats.calendar import calendar
from handlers.journal.stats.clock import Clock, Weekday, time_zone
from handlers.journal.stats.equity import GroupBy, equity_curve
from handlers.journal.stats.figures import OF_JOURNAL, OF_RECORD, Reason, figures_of_journal, figures_of_record, wilson
from handlers.journal.stats.questions import OF_A_CLOSE, Attribute, Question, Tolerance
from handlers.journal.trade import Trade
from tests.unit.journal.journals import journals
from tests.unit.journal.stats import plain
from tests.unit.journal.stats.asking import folded, selected
from tests.unit.journal.stats.plain import Asked

# Coverage watches other tests of the same lines: to watch these too takes longer than to run them.
pytestmark = pytest.mark.no_cover

OPENING = Fraction(10_000)

VALUES = {
    "SYMBOL": ["AAPL", "aapl", "CL", "MSFT"],
    "SIDE": ["BUY", "SELL"],
    "SETUP_TYPE": ["breakout", "PullBack", "none"],
    "TRADING_SESSION": ["LONDON", "NEW YORK"],
    "TRADE_GRADE": ["A", "B", "F"],
    "WEEKDAY": ["TUESDAY", "WEDNESDAY", "THURSDAY"],
    "HOUR": ["09", "12", "18", "23"],
    "CLOSE_WEEKDAY": ["SATURDAY", "SUNDAY", "MONDAY", "FRIDAY"],
    "CLOSE_HOUR": ["00", "01", "12", "13", "23"],
    "MONTH": ["2024-12", "2025-01"],
    "RESULT": ["WIN", "LOSS", "BREAKEVEN"],
    "RISK": ["KNOWN", "UNKNOWN"],
    "GROUP": ["g1", "g3"],
    "ACCOUNT": [MAIN, "paper"],
}
days = st.none() | st.dates(date(2024, 12, 29), date(2025, 1, 20))
questions = st.builds(
    Asked,
    time_zone=st.none() | st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"]),
    day_starts_at=st.sampled_from(["00:00", "00:00", "01:00", "12:00", "12:01", "17:00", "23:00"]),
    tolerance=st.sampled_from(["0", "0", "10", "20.5", "0.05R", "1R"]),
    first=days,
    last=days,
    filters=st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=3).flatmap(
        lambda names: st.fixed_dictionaries(
            {name: st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=3) for name in names}
        )
    ),
    tags=st.sampled_from([(), (), ("a",), ("a", "b")]),
    excluded_tags=st.sampled_from([(), (), ("c",), ("b", "c")]),
)


def question_of(asked: Asked) -> Question:
    """The question in the terms of the domain."""
    in_r = asked.tolerance.endswith("R")
    return Question(
        first=asked.first,
        last=asked.last,
        clock=Clock(
            zone=None if asked.time_zone is None else time_zone(asked.time_zone),
            day_starts_at=time.fromisoformat(asked.day_starts_at),
        ),
        tolerance=Tolerance(
            amount=Decimal(0) if in_r else Decimal(asked.tolerance),
            of_risk=Decimal(asked.tolerance[:-1]) if in_r else None,
        ),
        any_of={Attribute(name): frozenset(values) for name, values in asked.filters.items()},
        all_tags=frozenset(asked.tags),
        no_tags=frozenset(asked.excluded_tags),
    )


@given(journals(), questions)
@settings(max_examples=300)
def test_sums_and_figures(journal: list[Trade], asked: Asked) -> None:
    known = folded(journal, question_of(asked))
    figures = figures_of_journal(known, Decimal(10_000))
    expected = plain.figures_of_journal(asked, journal, OPENING)
    assert figures.keys() == OF_RECORD.keys() | OF_JOURNAL.keys() == expected.keys() | {"win_rate_ci95"}
    for name, value in expected.items():
        assert plain.agrees(figures[name], value), name
    money, trades = plain.parts(asked, journal), plain.flat(asked, journal)
    outcomes = [plain.outcome_of(asked, trade) for trade in trades]
    nets = [Fraction(trade.net_pnl or 0) for trade in trades]
    record, runs, balance = known.record, known.runs, known.balance
    assert (record.wins, record.losses, record.breakevens) == tuple(map(outcomes.count, ("WIN", "LOSS", "BREAKEVEN")))
    assert (Fraction(record.net), Fraction(balance.realized)) == (sum(nets), sum(part.amount for part in money))
    for outcome, ours in (("WIN", record.sum_win), ("LOSS", record.sum_loss), ("BREAKEVEN", record.sum_breakeven)):
        assert Fraction(ours) == sum(net for net, each in zip(nets, outcomes, strict=True) if each == outcome)
    assert Fraction(record.costs) == sum(
        Fraction(trade.commission) + Fraction(trade.fees) + sum(Fraction(close.costs) for close in trade.closes)
        for trade in trades
    )
    assert Fraction(record.events) == sum(Fraction(event.amount) for trade in trades for event in trade.events)
    signs = plain.signs(asked, trades)
    assert (runs.longest_wins, runs.longest_losses) == (plain.longest(signs, 1), plain.longest(signs, -1))
    assert runs.current == plain.current(signs)
    assert dict(balance.days) == plain.by_day(money)


@given(journals(), questions, st.sampled_from(GroupBy), st.sampled_from(Weekday))
def test_the_equity_curve(journal: list[Trade], asked: Asked, group_by: GroupBy, week_starts: Weekday) -> None:
    question = question_of(asked)
    clock = Clock(week_starts_on=week_starts)
    known = equity_curve(selected(journal, question), Decimal(10_000), group_by, clock)
    by_day = plain.by_day(plain.parts(asked, journal))
    ends = {day: OPENING + sum(amount for each, amount in by_day.items() if each <= day) for day in by_day}
    under = {day: max([OPENING, *(end for each, end in ends.items() if each <= day)]) - ends[day] for day in ends}

    def group(day: date) -> tuple[date, date]:
        if group_by is GroupBy.DAY:
            return day, day
        if group_by is GroupBy.MONTH:
            following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
            return day.replace(day=1), following - timedelta(days=1)
        while day.strftime("%A").upper() != week_starts:
            day -= timedelta(days=1)
        return day, day + timedelta(days=6)

    groups: dict[tuple[date, date], list[date]] = {}
    for day in sorted(by_day):
        groups.setdefault(group(day), []).append(day)
    assert [
        (point.first, point.last, Fraction(point.realized), Fraction(point.equity), Fraction(point.drawdown))
        for point in known.points
    ] == [
        (first, last, sum(by_day[day] for day in of_group), ends[of_group[-1]], under[of_group[-1]])
        for (first, last), of_group in groups.items()
    ]
    assert all(point.cumulative == point.equity - 10_000 for point in known.points)
    wet = {day for episode in known.episodes for day in by_day if episode.start <= day < (episode.end or date.max)}
    assert wet == {day for day in by_day if under[day]}
    for episode in known.episodes:
        depths = {day: under[day] for day in wet if episode.start <= day < (episode.end or date.max)}
        assert Fraction(episode.depth) == max(depths.values())
        assert episode.trough == min(day for day in depths if depths[day] == episode.depth)


@given(journals(), questions, st.sampled_from(Weekday), st.integers(0, 40))
def test_the_calendar(journal: list[Trade], asked: Asked, week_starts: Weekday, length: int) -> None:
    first = date(2024, 12, 25)
    last = first + timedelta(days=length)
    asked = Asked(**{**vars(asked), "first": first, "last": last})
    known = calendar(selected(journal, question_of(asked)), first, last, Clock(week_starts_on=week_starts))
    money, trades = plain.parts(asked, journal), plain.flat(asked, journal)

    def checked(period: Any) -> None:
        of_period = [
            trade for trade in trades if period.first <= plain.day_of(asked, trade.closes[-1].closed_at) <= period.last
        ]
        assert Fraction(period.realized) == sum(
            part.amount for part in money if period.first <= part.day <= period.last
        )
        outcomes = [plain.outcome_of(asked, trade) for trade in of_period]
        assert (period.record.wins, period.record.losses, period.record.breakevens) == tuple(
            map(outcomes.count, ("WIN", "LOSS", "BREAKEVEN"))
        )
        assert Fraction(period.record.net) == sum(Fraction(trade.net_pnl or 0) for trade in of_period)
        rs = [Fraction(trade.r_multiple) for trade in of_period if trade.r_multiple is not None]
        assert (period.record.r_count, Fraction(period.record.r_sum)) == (len(rs), sum(rs))

    for period in (known.whole, *known.days, *known.weeks):
        checked(period)
    assert [day.first for day in known.days] == [first + timedelta(days=n) for n in range(length + 1)]
    assert [day.first for day in known.days] == [day.last for day in known.days]
    assert [week.first for week in known.weeks] == [
        day.first for day in known.days if day.first == first or day.first.strftime("%A").upper() == week_starts
    ]
    assert [week.last + timedelta(days=1) for week in known.weeks[:-1]] == [week.first for week in known.weeks[1:]]
    assert known.weeks[-1].last == known.whole.last == last


@given(journals(), questions, st.lists(st.sampled_from(Attribute), min_size=1, max_size=2, unique=True))
def test_breakdowns(journal: list[Trade], asked: Asked, by: list[Attribute]) -> None:
    question = question_of(asked)
    known = breakdown(by, question, selected(journal, question))
    expected: dict[tuple[str | None, ...], list[Trade]] = {}
    for trade in plain.flat(asked, journal):
        values = [plain.values_of(asked, attribute, trade, trade.closes[-1].closed_at) for attribute in by]
        for one in values[0]:
            for other in values[1] if len(by) > 1 else [...]:
                expected.setdefault((one,) if other is ... else (one, other), []).append(trade)
    assert {bucket.keys for bucket in known.buckets} == expected.keys()
    assert len(known.buckets) == len(expected)
    for bucket in known.buckets:
        trades = expected[bucket.keys]
        outcomes = [plain.outcome_of(asked, trade) for trade in trades]
        record, figures = bucket.record, figures_of_record(bucket.record)
        assert (record.trades, record.wins, record.losses) == (
            len(trades),
            outcomes.count("WIN"),
            outcomes.count("LOSS"),
        )
        assert Fraction(record.net) == sum(Fraction(trade.net_pnl or 0) for trade in trades)
        for name, value in plain.figures_of_trades(asked, trades).items():
            assert plain.agrees(figures[name], value), name
        if record.wins + record.losses:
            assert figures["win_rate_ci95"].value == wilson(record.wins, record.wins + record.losses)


@given(journals(), questions)
def test_every_reason_is_true(journal: list[Trade], asked: Asked) -> None:
    trades, money = plain.flat(asked, journal), plain.parts(asked, journal)
    outcomes = [plain.outcome_of(asked, trade) for trade in trades]
    days = plain.by_day(money).values()
    true = {
        Reason.NO_TRADES: not trades,
        Reason.NO_WINS: "WIN" not in outcomes,
        Reason.NO_LOSSES: "LOSS" not in outcomes,
        Reason.NO_PROFIT: sum(days) <= 0,
        Reason.NO_DRAWDOWN: all(part.amount >= 0 for part in money),
        Reason.NO_LOSING_DAYS: all(day >= 0 for day in days),
        Reason.NO_BALANCE: False,
        Reason.NO_RISK: all(trade.risk is None for trade in trades),
    }
    for name, figure in figures_of_journal(folded(journal, question_of(asked)), Decimal(10_000)).items():
        if figure.reason not in (None, Reason.STD_ZERO, Reason.INSUFFICIENT_SAMPLE):
            assert true[figure.reason], name


@given(journals(), questions, st.data())
def test_the_order_in_which_a_days_entries_are_read_changes_nothing(
    journal: list[Trade], asked: Asked, data: st.DataObject
) -> None:
    question = question_of(asked)
    assert folded(data.draw(st.permutations(journal)), question).runs == folded(journal, question).runs
    assert folded(data.draw(st.permutations(journal)), question).balance == folded(journal, question).balance


def test_the_questions_of_these_tests_use_every_filter() -> None:
    filters = {*Attribute} - {Attribute.TAG, Attribute.HOLDING_TIME, Attribute.SIZE}
    assert {Attribute(name) for name in VALUES} == filters
    assert filters >= OF_A_CLOSE

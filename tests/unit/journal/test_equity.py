"""The equity curve and its times under water."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from hypothesis import given

from handlers.journal.equity import EquityCurve, equity_curve
from handlers.journal.figures import Figure, Reason, max_drawdown
from handlers.journal.summaries import EMPTY, fold
from handlers.journal.trade import Trade
from tests.unit.journal.journals import a_trade, dataset_a, days, journals, results

D = Decimal
OPENING = D(10_000)


def january(day: int) -> date:
    return date(2025, 1, day)


def curve(*nets: str) -> EquityCurve:
    return equity_curve(days(results(*nets)), OPENING)


def test_the_points_of_dataset_a() -> None:
    points = equity_curve(days(dataset_a()), OPENING).points
    assert [(point.day.day, point.realized, point.equity, point.drawdown) for point in points] == [
        (2, D(-150), D(9850), D(150)),
        (3, D(250), D(10100), D(0)),
        (6, D(0), D(10100), D(0)),
        (7, D(40), D(10140), D(0)),
        (9, D(300), D(10440), D(0)),
        (10, D(-200), D(10240), D(200)),
        (13, D(0), D(10240), D(200)),
        (14, D(-60), D(10180), D(260)),
        (15, D(90), D(10270), D(170)),
        (16, D(180), D(10450), D(0)),
    ]
    assert [point.cumulative for point in points] == [point.equity - OPENING for point in points]
    assert f"{points[7].drawdown_percent.value:.6f}" == "2.490421"


def test_the_episodes_of_dataset_a() -> None:
    first, second = equity_curve(days(dataset_a()), OPENING).episodes
    assert (first.start, first.trough, first.end, first.depth) == (january(2), january(2), january(3), D(150))
    assert first.depth_percent == Figure(1.5)
    assert (second.start, second.trough, second.end, second.depth) == (january(10), january(14), january(16), D(260))
    assert f"{second.depth_percent.value:.6f}" == "2.490421"


def test_an_episode_without_an_end_lasts() -> None:
    (episode,) = curve("10", "-5", "2").episodes
    assert (episode.start, episode.trough, episode.end) == (january(2), january(2), None)


def test_back_at_the_peak_is_an_end() -> None:
    (episode,) = curve("10", "-5", "5").episodes
    assert episode.end == january(3)


def test_of_equally_deep_days_the_first_is_the_trough() -> None:
    (episode,) = curve("-5", "2", "-2", "9").episodes
    assert (episode.start, episode.trough, episode.end) == (january(1), january(1), january(4))


def test_the_curve_starts_from_zero_without_an_opening_balance_and_has_no_percent() -> None:
    known = equity_curve(days(results("-5")))
    assert known.opening_balance == 0
    assert (known.points[0].equity, known.points[0].drawdown) == (D(-5), D(5))
    assert known.points[0].drawdown_percent == known.episodes[0].depth_percent == Figure(None, Reason.NO_BALANCE)


def test_a_part_that_is_closed_moves_the_curve_before_the_trade_is_flat() -> None:
    trade = a_trade("1", [(datetime(2025, 1, day, tzinfo=UTC), "1", "10") for day in (2, 3)])
    assert [point.cumulative for point in equity_curve(days([trade])).points] == [10, 20]


def test_days_without_a_close_have_no_point() -> None:
    assert equity_curve({january(2): EMPTY}, OPENING) == EquityCurve(opening_balance=OPENING, points=(), episodes=())


@given(journals())
def test_curve_and_episodes_are_those_of_the_plain_definitions(journal: list[Trade]) -> None:
    known = equity_curve(days(journal), OPENING)
    parts = [(part.close.closed_at.date(), Fraction(part.realized_pnl)) for trade in journal for part in trade.realized]
    of_days = sorted({day for day, _ in parts})
    ends = [sum((amount for day, amount in parts if day <= end), Fraction(10_000)) for end in of_days]
    under = [max([Fraction(10_000), *ends[: n + 1]]) - end for n, end in enumerate(ends)]
    assert [(point.day, Fraction(point.equity), Fraction(point.drawdown)) for point in known.points] == list(
        zip(of_days, ends, under, strict=True)
    )
    wet = {day for episode in known.episodes for day in of_days if episode.start <= day < (episode.end or date.max)}
    assert wet == {day for day, depth in zip(of_days, under, strict=True) if depth}
    for episode in known.episodes:
        depths = {
            day: depth
            for day, depth in zip(of_days, under, strict=True)
            if episode.start <= day and day in wet and (episode.end is None or day < episode.end)
        }
        assert episode.depth == max(depths.values())
        assert episode.trough == min(day for day in depths if depths[day] == episode.depth)


@given(journals())
def test_the_curve_is_never_deeper_than_the_deepest_fall_from_close_to_close(journal: list[Trade]) -> None:
    deepest = max_drawdown(fold(days(journal))).value or 0
    assert all(episode.depth <= deepest for episode in equity_curve(days(journal)).episodes)

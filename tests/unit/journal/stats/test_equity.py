"""The equity curve and its times under water. test_plain_model.py compares them with the plain definitions."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import given

from handlers.journal.stats.equity import EquityCurve, GroupBy, equity_curve
from handlers.journal.stats.figures import Figure, Reason
from handlers.journal.trade import Trade
from tests.unit.journal.journals import a_trade, dataset_a, journals, results
from tests.unit.journal.stats.asking import folded, selected

D = Decimal
OPENING = D(10_000)


def january(day: int) -> date:
    return date(2025, 1, day)


def curve(*nets: str) -> EquityCurve:
    return equity_curve(selected(results(*nets)), OPENING)


def test_the_points_of_dataset_a() -> None:
    points = equity_curve(selected(dataset_a()), OPENING).points
    assert [(point.last.day, point.realized, point.equity, point.drawdown) for point in points] == [
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
    first, second = equity_curve(selected(dataset_a()), OPENING).episodes
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
    known = equity_curve(selected(results("-5")))
    assert known.opening_balance == 0
    assert (known.points[0].equity, known.points[0].drawdown) == (D(-5), D(5))
    assert known.points[0].drawdown_percent == known.episodes[0].depth_percent == Figure(None, Reason.NO_BALANCE)


def test_a_part_that_is_closed_moves_the_curve_before_the_trade_is_flat() -> None:
    trade = a_trade("1", [(datetime(2025, 1, day, tzinfo=UTC), "1", "10") for day in (2, 3)])
    assert [point.cumulative for point in equity_curve(selected([trade])).points] == [10, 20]


def test_nothing_selected_makes_no_point() -> None:
    assert equity_curve([], OPENING) == EquityCurve(opening_balance=OPENING, points=(), episodes=())


def test_a_week_shows_what_the_curve_shows_by_day_at_its_last_close() -> None:
    by_day = equity_curve(selected(dataset_a()), OPENING)
    by_week = equity_curve(selected(dataset_a()), OPENING, GroupBy.WEEK)
    assert [(point.first, point.last, point.realized) for point in by_week.points] == [
        (date(2024, 12, 30), january(5), D(100)),
        (january(6), january(12), D(140)),
        (january(13), january(19), D(210)),
    ]
    ends = {point.last: (point.equity, point.drawdown) for point in by_day.points}
    assert [(point.equity, point.drawdown) for point in by_week.points] == [
        ends[january(3)],
        ends[january(10)],
        ends[january(16)],
    ]
    assert by_week.episodes == by_day.episodes


@given(journals())
def test_the_curve_is_never_deeper_than_the_deepest_fall_from_close_to_close(journal: list[Trade]) -> None:
    deepest = folded(journal).balance.max_drawdown
    assert all(episode.depth <= deepest for episode in equity_curve(selected(journal)).episodes)

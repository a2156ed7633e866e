"""Trades in buckets."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.breakdown import Breakdown, Grouping, breakdown
from handlers.journal.figures import Figure, Interval, Reason, wilson
from handlers.journal.rows import rows
from handlers.journal.trade import JournalNotes, Side, Trade
from tests.unit.journal.journals import EARLY, a_flat_trade, a_trade, dataset_a, journals


def by(grouping: Grouping, *journal: Trade) -> Breakdown:
    return breakdown(grouping, rows(journal))


def keys(known: Breakdown) -> list[str | None]:
    return [bucket.key for bucket in known.buckets]


def tagged(trade_id: str, *tags: str, net: str = "5") -> Trade:
    return a_flat_trade(trade_id, "2025-01-02", net, notes=JournalNotes(tags=tags))


def many(nets: list[str], tag: str = "a") -> list[Trade]:
    return [tagged(f"{tag}{n}", tag, net=net) for n, net in enumerate(nets)]


def test_a_bucket_has_the_figures_of_its_trades() -> None:
    (bucket,) = by(Grouping.SYMBOL, *dataset_a()).buckets
    assert (bucket.key, bucket.trades, bucket.wins, bucket.losses, bucket.net) == ("AAPL", 12, 5, 5, Decimal(450))
    assert bucket.win_rate == Figure(5 / 12)
    assert bucket.win_rate_ci95 == Figure(wilson(5, 10))
    assert isinstance(bucket.win_rate_ci95.value, Interval)
    assert bucket.expectancy == Figure(Decimal("37.5"))
    assert bucket.profit_factor == Figure(940 / 490)


def test_an_undefined_figure_of_a_bucket_says_why() -> None:
    (bucket,) = by(Grouping.SIDE, a_flat_trade("1", "2025-01-02", "5")).buckets
    assert bucket.profit_factor == Figure(None, Reason.NO_LOSSES)


def test_tags_overlap_and_the_breakdown_says_so() -> None:
    known = by(Grouping.TAG, tagged("1", "a", "b"), tagged("2", "b"), tagged("3"))
    assert known.overlapping
    assert [(bucket.key, bucket.trades) for bucket in known.buckets] == [("a", 1), ("b", 2), (None, 1)]
    assert not by(Grouping.SYMBOL).overlapping


def test_trades_without_the_attribute_share_the_last_bucket() -> None:
    with_setup = a_flat_trade("1", "2025-01-02", "5", notes=JournalNotes(setup_type="zone"))
    assert keys(by(Grouping.SETUP_TYPE, a_flat_trade("2", "2025-01-02", "5"), with_setup)) == ["zone", None]


def test_weekdays_follow_each_other_and_are_those_of_the_last_close() -> None:
    assert keys(by(Grouping.WEEKDAY, *dataset_a())) == ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
    parts = a_trade("1", [(datetime(2025, 1, day, tzinfo=UTC), "1", "5") for day in (3, 5)])
    assert keys(by(Grouping.WEEKDAY, parts)) == ["SUNDAY"]


def test_months_are_those_of_the_last_close() -> None:
    known = by(Grouping.MONTH, a_flat_trade("1", "2025-02-28", "5"), a_flat_trade("2", "2024-12-01", "5"))
    assert keys(known) == ["2024-12", "2025-02"]


def test_hours_are_those_of_the_entry() -> None:
    late = a_flat_trade("1", "2025-01-02", "5", open_date=EARLY + timedelta(hours=5))
    assert keys(by(Grouping.HOUR, late, a_flat_trade("2", "2025-01-02", "5"))) == ["09", "14"]


def test_a_trade_that_is_open_in_part_is_in_no_bucket() -> None:
    part = a_trade("1", [(datetime(2025, 1, 2, tzinfo=UTC), "1", "5")], quantity=Decimal(2))
    assert by(Grouping.SYMBOL, part).buckets == ()


# Enough to tell


@pytest.mark.parametrize(
    ("nets", "significant"),
    [
        (["10", "10", "-10"] * 9, False),  # 27 trades
        (["10", "10", "-10"] * 30, True),
        (["-10", "-10", "10"] * 30, True),  # that it loses is as certain
        (["10", "-10"] * 50, False),
        (["30", "-10", "-10"] * 30, False),
        (["50", "-10", "-10"] * 30, True),  # a third of the trades win, and enough
        (["10", "10", "10", "10", "-40"] * 30, False),  # four fifths win, and not enough
        (["5"] * 30, True),
        (["0"] * 30, False),
        (["5"] * 29, False),
    ],
)
def test_a_bucket_is_significant_when_its_mean_is_not_chance(nets: list[str], significant: bool) -> None:
    (bucket,) = by(Grouping.TAG, *many(nets)).buckets
    assert bucket.significant is significant


def test_the_more_buckets_are_compared_the_more_each_must_show() -> None:
    """27 wins and 12 losses of 1: t = 2.53. Alone beyond 1.96, among ten not beyond 2.81."""
    nets = ["1"] * 27 + ["-1"] * 12
    others = [trade for n in range(9) for trade in many(["1", "-1"] * 20, f"z{n}")]
    few = [trade for n in range(9) for trade in many(["1", "-1"] * 14, f"z{n}")]  # too few to be judged
    assert by(Grouping.TAG, *many(nets)).buckets[0].significant
    assert by(Grouping.TAG, *many(nets), *few).buckets[0].significant
    assert not by(Grouping.TAG, *many(nets), *others).buckets[0].significant


# Against the plain definitions


def values_of(grouping: Grouping, trade: Trade) -> set[str | None]:
    last: date = trade.closes[-1].closed_at.date()
    values: dict[Grouping, set[str | None]] = {
        Grouping.SYMBOL: {trade.symbol},
        Grouping.SIDE: {"BUY" if trade.side is Side.BUY else "SELL"},
        Grouping.TAG: {*trade.notes.tags} if trade.notes.tags else {None},
        Grouping.SETUP_TYPE: {trade.notes.setup_type},
        Grouping.TRADING_SESSION: {trade.notes.trading_session},
        Grouping.WEEKDAY: {last.strftime("%A").upper()},
        Grouping.HOUR: {trade.open_date.strftime("%H")},
        Grouping.MONTH: {last.strftime("%Y-%m")},
    }
    return values[grouping]


@given(st.sampled_from(Grouping), journals())
def test_buckets_are_those_of_the_plain_definitions(grouping: Grouping, journal: list[Trade]) -> None:
    expected: dict[str | None, list[Fraction]] = {}
    for trade in journal:
        if trade.net_pnl is not None:
            for value in values_of(grouping, trade):
                expected.setdefault(value, []).append(Fraction(trade.net_pnl))
    known = breakdown(grouping, rows(journal))
    assert {bucket.key: (bucket.trades, bucket.wins, Fraction(bucket.net)) for bucket in known.buckets} == {
        key: (len(nets), sum(net > 0 for net in nets), sum(nets, Fraction(0))) for key, nets in expected.items()
    }

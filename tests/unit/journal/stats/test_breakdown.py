"""Trades in buckets. test_plain_model.py compares the buckets of every attribute with the plain definitions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.journal.stats.breakdown import MOST_ATTRIBUTES, Breakdown, breakdown
from handlers.journal.stats.figures import Figure, Interval, Reason, figures_of_record, wilson
from handlers.journal.stats.questions import Attribute, Question, holding_time, size
from handlers.journal.trade import JournalNotes, Trade
from tests.unit.journal.journals import EARLY, a_flat_trade, a_trade, dataset_a
from tests.unit.journal.stats.asking import selected


def by(attribute: Attribute, *journal: Trade) -> Breakdown:
    return breakdown([attribute], Question(), selected(journal))


def keys(known: Breakdown) -> list[str | None]:
    return [key for bucket in known.buckets for key in bucket.keys]


def tagged(trade_id: str, *tags: str, net: str = "5") -> Trade:
    return a_flat_trade(trade_id, "2025-01-02", net, notes=JournalNotes(tags=tags))


def many(nets: list[str], tag: str = "a") -> list[Trade]:
    return [tagged(f"{tag}{n}", tag, net=net) for n, net in enumerate(nets)]


def test_a_bucket_has_the_figures_of_its_trades() -> None:
    (bucket,) = by(Attribute.SYMBOL, *dataset_a()).buckets
    record, known = bucket.record, figures_of_record(bucket.record)
    assert (bucket.keys, record.trades, record.wins, record.losses) == (("AAPL",), 12, 5, 5)
    assert (record.breakevens, record.net, record.r_count, record.r_sum) == (2, Decimal(450), 12, Decimal(4))
    assert known["win_rate"] == Figure(5 / 12)
    assert known["win_rate_ci95"] == Figure(wilson(5, 10))
    assert isinstance(known["win_rate_ci95"].value, Interval)
    assert known["expectancy"] == Figure(Decimal("37.5"))
    assert known["profit_factor"] == Figure(940 / 490)


def test_an_undefined_figure_of_a_bucket_says_why() -> None:
    (bucket,) = by(Attribute.SIDE, a_flat_trade("1", "2025-01-02", "5")).buckets
    assert figures_of_record(bucket.record)["profit_factor"] == Figure(None, Reason.NO_LOSSES)


def test_tags_overlap_and_the_breakdown_says_so() -> None:
    known = by(Attribute.TAG, tagged("1", "a", "b"), tagged("2", "b"), tagged("3"))
    assert known.overlapping
    assert [(bucket.keys, bucket.record.trades) for bucket in known.buckets] == [(("a",), 1), (("b",), 2), ((None,), 1)]
    assert not by(Attribute.SYMBOL).overlapping


def test_trades_without_the_attribute_share_the_last_bucket() -> None:
    with_setup = a_flat_trade("1", "2025-01-02", "5", notes=JournalNotes(setup_type="zone"))
    assert keys(by(Attribute.SETUP_TYPE, a_flat_trade("2", "2025-01-02", "5"), with_setup)) == ["zone", None]


def test_weekdays_follow_each_other() -> None:
    assert keys(by(Attribute.CLOSE_WEEKDAY, *dataset_a())) == ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]


def test_weekdays_are_those_of_the_entry_or_of_the_last_close() -> None:
    parts = a_trade("1", [(datetime(2025, 1, day, tzinfo=UTC), "1", "5") for day in (3, 5)])
    assert keys(by(Attribute.CLOSE_WEEKDAY, parts)) == ["SUNDAY"]
    assert keys(by(Attribute.WEEKDAY, parts)) == [EARLY.strftime("%A").upper()]


def test_months_are_those_of_the_last_close() -> None:
    known = by(Attribute.MONTH, a_flat_trade("1", "2025-02-28", "5"), a_flat_trade("2", "2024-12-01", "5"))
    assert keys(known) == ["2024-12", "2025-02"]


def test_hours_are_those_of_the_entry() -> None:
    late = a_flat_trade("1", "2025-01-02", "5", open_date=EARLY + timedelta(hours=5))
    assert keys(by(Attribute.HOUR, late, a_flat_trade("2", "2025-01-02", "5"))) == ["09", "14"]


def test_a_trade_that_is_open_in_part_is_in_no_bucket() -> None:
    part = a_trade("1", [(datetime(2025, 1, 2, tzinfo=UTC), "1", "5")], quantity=Decimal(2))
    assert by(Attribute.SYMBOL, part).buckets == ()


def test_two_attributes_make_a_bucket_of_each_pair() -> None:
    known = breakdown(
        [Attribute.TAG, Attribute.RESULT],
        Question(),
        selected([tagged("1", "a", "b"), tagged("2", "b", net="-1"), tagged("3")]),
    )
    assert known.overlapping
    assert [(bucket.keys, bucket.record.trades) for bucket in known.buckets] == [
        (("a", "WIN"), 1),
        (("b", "WIN"), 1),
        (("b", "LOSS"), 1),
        ((None, "WIN"), 1),
    ]


def test_buckets_of_sizes_and_holding_times_stand_in_their_order() -> None:
    noon = datetime(2025, 1, 2, 12, tzinfo=UTC)
    trades = [
        a_trade(quantity, [(noon, quantity, "1")], open_date=noon - held)
        for quantity, held in (("100", timedelta(days=40)), ("9", timedelta(seconds=30)), ("0.5", timedelta(hours=5)))
    ]
    assert keys(by(Attribute.SIZE, *trades)) == ["0.5-1", "5-10", "100-200"]
    assert keys(by(Attribute.HOLDING_TIME, *trades)) == ["UNDER_1_MINUTE", "FROM_4_TO_24_HOURS", "FROM_30_DAYS"]


@pytest.mark.parametrize(
    ("quantity", "bucket"),
    [
        ("1", "1-2"),
        ("1.99999999", "1-2"),
        ("2", "2-5"),
        ("4.99999999", "2-5"),
        ("5", "5-10"),
        ("9.99999999", "5-10"),
        ("10", "10-20"),
        ("0.00000003", "0.00000002-0.00000005"),
        ("999999999999999", "500000000000000-1000000000000000"),
    ],
)
def test_the_bounds_of_sizes(quantity: str, bucket: str) -> None:
    assert size(Decimal(quantity)) == bucket


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0, "UNDER_1_MINUTE"),
        (59, "UNDER_1_MINUTE"),
        (60, "FROM_1_TO_5_MINUTES"),
        (300, "FROM_5_TO_15_MINUTES"),
        (900, "FROM_15_TO_60_MINUTES"),
        (3_600, "FROM_1_TO_4_HOURS"),
        (14_400, "FROM_4_TO_24_HOURS"),
        (86_400, "FROM_1_TO_7_DAYS"),
        (604_800, "FROM_7_TO_30_DAYS"),
        (2_591_999, "FROM_7_TO_30_DAYS"),
        (2_592_000, "FROM_30_DAYS"),
    ],
)
def test_the_bounds_of_holding_times(seconds: int, bucket: str) -> None:
    assert holding_time(seconds) == bucket


def test_each_bucket_of_holding_times_ends_a_second_before_the_next_begins() -> None:
    minutes = [1, 5, 15, 60, 4 * 60, 24 * 60, 7 * 24 * 60, 30 * 24 * 60]
    before, after = [[holding_time(60 * each + second) for each in minutes] for second in (-1, 0)]
    assert before[1:] == after[:-1]
    assert len({*before, *after}) == 9


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
    (bucket,) = by(Attribute.TAG, *many(nets)).buckets
    assert bucket.significant is significant


def test_the_more_buckets_are_compared_the_more_each_must_show() -> None:
    """27 wins and 12 losses of 1: t = 2.53. Alone beyond 1.96, among ten not beyond 2.81."""
    nets = ["1"] * 27 + ["-1"] * 12
    others = [trade for n in range(9) for trade in many(["1", "-1"] * 20, f"z{n}")]
    few = [trade for n in range(9) for trade in many(["1", "-1"] * 14, f"z{n}")]  # too few to be judged
    assert by(Attribute.TAG, *many(nets)).buckets[0].significant
    assert by(Attribute.TAG, *many(nets), *few).buckets[0].significant
    assert not by(Attribute.TAG, *many(nets), *others).buckets[0].significant


@pytest.mark.parametrize(
    ("wins", "losses", "buckets", "significant"),
    [
        (25, 11, 1, True),  # t = 2.51, alone beyond 1.96
        (25, 11, 3, True),  # of three: beyond 2.39
        (25, 11, 5, False),  # of five: not beyond 2.58
        (22, 12, 1, False),  # t = 1.78
        (24, 12, 2, False),  # t = 2.1, of two: not beyond 2.24
    ],
)
def test_what_chance_explains_is_shared_among_the_buckets_that_are_judged(
    wins: int, losses: int, buckets: int, significant: bool
) -> None:
    judged = many(["1"] * wins + ["-1"] * losses)
    others = [trade for n in range(buckets - 1) for trade in many(["1", "-1"] * 15, f"z{n}")]
    assert by(Attribute.TAG, *judged, *others).buckets[0].significant is significant


def test_of_thirty_trades_a_bucket_is_judged_beside_the_others() -> None:
    nets = ["1"] * 24 + ["-1"] * 12  # t = 2.1: alone beyond 1.96, of two not beyond 2.24
    assert by(Attribute.TAG, *many(nets), *many(["1", "-1"] * 14 + ["1"], "b")).buckets[0].significant
    assert not by(Attribute.TAG, *many(nets), *many(["1", "-1"] * 15, "b")).buckets[0].significant


def test_two_attributes_make_buckets_of_both_and_three_do_not() -> None:
    assert MOST_ATTRIBUTES == 2
    known = breakdown([Attribute.SYMBOL, Attribute.SIDE], Question(), selected(dataset_a()))
    assert known.buckets[0].keys == ("AAPL", "BUY")


def test_trades_that_are_not_flat_are_in_no_bucket() -> None:
    assert by(Attribute.SYMBOL, a_trade("open", [])).buckets == ()


def test_sizes_stand_by_the_number_they_begin_with() -> None:
    noon = datetime(2025, 1, 2, 12, tzinfo=UTC)
    journal = [a_trade(held, [(noon, held, "5")]) for held in ("1", "10", "2", "0.5")]
    assert keys(by(Attribute.SIZE, *journal)) == ["0.5-1", "1-2", "2-5", "10-20"]

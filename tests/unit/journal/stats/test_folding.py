"""The sums that figures are computed from. test_figures.py has what the figures make of them."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.changes import add_event
from handlers.journal.stats.clock import Clock, time_zone
from handlers.journal.stats.entries import entries
from handlers.journal.stats.folding import InOrder, RunningBalance, Runs, WinLossRecord, fold
from handlers.journal.stats.questions import Question, Selected, Tolerance, TradeOutcome
from handlers.journal.trade import EventType, Trade, TradeEvent
from tests.unit.journal.journals import NOW, a_flat_trade, a_trade, journals
from tests.unit.journal.stats.asking import folded, selected

D = Decimal
WIN, LOSS, BREAKEVEN = TradeOutcome.WIN, TradeOutcome.LOSS, TradeOutcome.BREAKEVEN


def day(number: int) -> date:
    return date(2026, 1, number)


# WinLossRecord


def a_record(*trades: Trade) -> WinLossRecord:
    return folded(trades, Question(tolerance=Tolerance(amount=D(1)))).record


def test_a_record_counts_no_entry_of_a_day_on_which_the_trade_did_not_become_flat() -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    earlier, last = entries(a_trade("1", [(noon, "1", "4"), (noon + timedelta(days=1), "1", "1")])).values()
    assert earlier.net == last.net == 5
    with pytest.raises(ValueError, match="did not become flat by this entry"):
        WinLossRecord().add(earlier, WIN)
    with pytest.raises(ValueError, match="did not become flat by this entry"):
        WinLossRecord().add(last._replace(net=None), WIN)


def test_a_record_has_the_sums_of_its_trades() -> None:
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    loss = a_trade("2", [(noon, "1", "-8")], commission=D(2), risk_amount=D(5), open_date=noon - timedelta(seconds=90))
    dividend = TradeEvent(event_id="e", type=EventType.DIVIDEND, amount=D(3), at=noon)
    record = a_record(
        a_trade("1", [(noon, "1", "20")], fees=D(1), risk_amount=D(10), open_date=noon - timedelta(seconds=60)),
        add_event(loss, dividend, NOW),
        a_trade("3", [(noon, "1", "-0.5")], open_date=noon),
        a_trade("4", [(noon, "1", "30")], open_date=noon - timedelta(seconds=7)),
        a_trade("5", [(noon, "1", "-2")], open_date=noon - timedelta(seconds=1)),
    )
    assert (record.trades, record.wins, record.losses, record.breakevens) == (5, 2, 2, 1)
    # 19, -8 - 2 + 3 = -7, -0.5, 30, -2
    assert (record.net, record.net_squares) == (D("39.5"), D("1314.25"))
    assert (record.costs, record.events) == (D(3), D(3))
    assert (record.sum_win, record.sum_loss, record.sum_breakeven) == (D(49), D(-9), D("-0.5"))
    assert (record.best_win, record.worst_loss) == (D(30), D(-7))
    # 19 / 10 and -7 / 5
    assert (record.r_count, record.r_sum, record.r_squares) == (2, D("0.5"), D("5.57"))
    assert sorted(record.holding_seconds) == [0, 1, 7, 60, 90]


@given(journals(), st.data())
def test_records_of_parts_make_the_record_of_all(journal: list[Trade], data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(journal)))
    merged, other, whole = a_record(*journal[:number]), a_record(*journal[number:]), a_record(*journal)
    merged.merge(other)
    for own in fields(WinLossRecord):
        if own.name == "holding_seconds":
            assert sorted(merged.holding_seconds) == sorted(whole.holding_seconds)
        else:
            assert getattr(merged, own.name) == getattr(whole, own.name), own.name


def test_the_best_and_the_worst_of_two_records() -> None:
    small, large = (a_flat_trade(n, "2026-01-05", n) for n in ("5", "9"))
    bad, worse = (a_flat_trade(n, "2026-01-05", n) for n in ("-5", "-9"))
    for one, other, expected in (
        ([small], [large], (D(9), None)),
        ([large], [small], (D(9), None)),
        ([], [small, bad], (D(5), D(-5))),
        ([bad, small], [], (D(5), D(-5))),
        ([bad], [worse], (None, D(-9))),
        ([worse], [bad], (None, D(-9))),
        ([], [], (None, None)),
    ):
        merged = a_record(*one)
        merged.merge(a_record(*other))
        assert (merged.best_win, merged.worst_loss) == expected


# Runs


@pytest.mark.parametrize(
    ("outcomes", "longest_wins", "longest_losses", "current"),
    [
        ("", 0, 0, 0),
        ("W", 1, 0, 1),
        ("L", 0, 1, -1),
        ("WWLWWWL", 3, 1, -1),
        ("LLLWLL", 1, 3, -2),
        ("WWBW", 2, 0, 1),
        ("LLBL", 0, 2, -1),
        ("LWB", 1, 1, 0),
    ],
)
def test_wins_and_losses_in_a_row(outcomes: str, longest_wins: int, longest_losses: int, current: int) -> None:
    of = {"W": (D(5), WIN), "L": (D(-5), LOSS), "B": (D(0), BREAKEVEN)}
    at_once, one_by_one = Runs(), Runs()
    at_once.extend(of[each] for each in outcomes)
    for each in outcomes:
        one_by_one.extend([of[each]])
    assert at_once == one_by_one
    assert (at_once.longest_wins, at_once.longest_losses, at_once.current) == (longest_wins, longest_losses, current)


def test_the_line_of_what_the_trades_earned() -> None:
    runs = Runs()
    runs.extend([(D(5), WIN), (D(-2), LOSS), (D(4), WIN)])
    # Cumulated: 5, 3, 7
    assert (runs.count, runs.total, runs.totals) == (3, D(7), D(15))
    assert (runs.total_squares, runs.weighted_totals) == (D(83), D(32))


# RunningBalance


def test_the_deepest_fall_is_from_the_highest_sum_before_it() -> None:
    balance = RunningBalance()
    balance.extend(day(5), [D(10), D(-4), D(1), D(-2), D(20)])  # 10, 6, 7, 5, 25
    assert (balance.peak, balance.max_drawdown, balance.drawdown_peak) == (D(25), D(5), D(10))
    balance.extend(day(6), [D(-5)])  # as deep, from a higher peak
    assert (balance.max_drawdown, balance.drawdown_peak) == (D(5), D(10))
    balance.extend(day(7), [D(-1)])
    assert (balance.max_drawdown, balance.drawdown_peak) == (D(6), D(25))
    assert balance.days == [(day(5), D(25)), (day(6), D(-5)), (day(7), D(-1))]
    assert balance.realized == D(19)


def test_a_fall_below_the_beginning_is_from_zero() -> None:
    balance = RunningBalance()
    balance.extend(day(5), [D(-3), D(2)])
    assert (balance.peak, balance.max_drawdown, balance.drawdown_peak) == (D(0), D(3), D(0))


# Order


def test_items_are_handed_on_by_day_and_within_a_day_in_order() -> None:
    taken: list[tuple[int, list[tuple[str]]]] = []
    in_order = InOrder[tuple[str]](lambda on, items: taken.append((on.day, items)))
    for number, item in ((7, "b"), (5, "d"), (7, "a"), (6, "c"), (5, "c")):
        in_order.put(day(number), (item,))
    in_order.flush(day(5))
    assert taken == []
    in_order.flush(day(7))  # the days before it
    assert taken == [(5, [("c",), ("d",)]), (6, [("c",)])]
    in_order.put(day(6), ("late",))
    in_order.flush()
    assert taken[2:] == [(6, [("late",)]), (7, [("a",), ("b",)])]
    in_order.flush()
    assert len(taken) == 4


def test_a_day_is_complete_when_no_later_entry_can_lie_on_it() -> None:
    """An entry of the fourth has a gain on the seventh; those of the seventh come later, with earlier instants."""
    early, late = (datetime(2026, 1, 7, hour, tzinfo=UTC) for hour in (1, 2))
    [(_, first)] = entries(a_trade("1", [(late, "1", "-5")])).items()
    [(_, second)] = entries(a_trade("2", [(early, "1", "9")])).items()
    journal = fold(
        [
            Selected(day(4), first, [(day(7), first.gains[0])], day(7), LOSS),
            Selected(day(7), second, [(day(7), second.gains[0])], day(7), WIN),
        ]
    )
    assert journal.balance.days == [(day(7), D(4))]
    assert (journal.balance.peak, journal.balance.max_drawdown) == (D(9), D(5))
    assert journal.runs.current == -1


def test_a_day_waits_for_entries_of_three_days_later() -> None:
    late, early = (datetime(2026, 1, 4, hour, tzinfo=UTC) for hour in (12, 1))
    [(_, first)] = entries(a_trade("1", [(late, "1", "-5")])).items()
    [(_, last)] = entries(a_trade("2", [(early, "1", "9")])).items()
    journal = fold(
        [
            Selected(day(4), first, [(day(4), first.gains[0])], None, None),
            Selected(day(7), last, [(day(4), last.gains[0])], None, None),
        ]
    )
    assert journal.balance.days == [(day(4), D(4))]
    assert (journal.balance.peak, journal.balance.max_drawdown) == (D(9), D(5))


@pytest.mark.parametrize(("event_at", "other_at", "current"), [(20, 12, -1), (8, 9, 1)])
def test_a_trade_stands_at_its_last_close_and_not_at_an_event_of_that_day(
    event_at: int, other_at: int, current: int
) -> None:
    """A win at 10 o'clock, and a loss at 12 or at 9."""

    def hour(of_day: int) -> datetime:
        return datetime(2026, 1, 5, of_day, tzinfo=UTC)

    swap = TradeEvent(event_id="e", type=EventType.SWAP, amount=D(-1), at=hour(event_at))
    win = add_event(a_trade("1", [(hour(10), "1", "5")], open_date=hour(1)), swap, NOW)
    assert folded([win, a_trade("2", [(hour(other_at), "1", "-5")])]).runs.current == current


def test_a_last_close_that_a_time_zone_puts_on_another_day_counts_there() -> None:
    parts = a_trade("1", [(datetime(2026, 1, 5, hour, tzinfo=UTC), "1", "5") for hour in (10, 20)])
    tokyo = Clock(zone=time_zone("Asia/Tokyo"))
    fifth = folded([parts], Question(clock=tokyo, last=day(5)))
    assert (fifth.record.trades, fifth.runs.count, fifth.balance.realized) == (0, 0, D(5))
    sixth = folded([parts], Question(clock=tokyo, first=day(6)))
    assert (sixth.record.trades, sixth.runs.count, sixth.balance.realized) == (1, 1, D(5))


def test_nothing_selected_makes_no_sum() -> None:
    journal = fold([])
    assert (journal.record.trades, journal.runs.count, journal.balance.days) == (0, 0, [])


def test_a_trade_of_which_the_last_close_does_not_fit_counts_as_money_alone() -> None:
    parts = a_trade("1", [(datetime(2026, 1, number, tzinfo=UTC), "1", "5") for number in (5, 6)])
    journal = fold(selected([parts], Question(last=day(5))))
    assert (journal.record.trades, journal.runs.count, journal.balance.realized) == (0, 0, D(5))

"""Which entries a trade makes, and which of them a change touches."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import given

from handlers.journal.changes import MOST_CLOSES, add_event, remove_event, revise, take_back_close
from handlers.journal.stats.entries import (
    EVENTS_FROM,
    BookEntry,
    Gain,
    Result,
    entries,
    in_place_of_stored,
    same_facts,
    touched_days,
)
from handlers.journal.trade import EventType, JournalNotes, Trade, TradeEvent
from tests.unit.journal.journals import EARLY, NOW, D, a_flat_trade, a_trade, trades

SECOND, THIRD = date(2025, 1, 2), date(2025, 1, 3)
LATER = NOW + timedelta(hours=1)


def nine_on(day: int) -> datetime:
    return datetime(2025, 1, day, 9, tzinfo=UTC)


def test_an_entry_holds_all_that_the_trade_did_on_the_day_and_all_that_a_filter_can_name() -> None:
    notes = JournalNotes(
        tags=("late", "gap", "late"), setup_type="breakout", trading_session="LONDON", trade_grade="A", lessons="Wait."
    )
    trade = a_trade(
        "1", [(nine_on(2), "2", "5"), (nine_on(3), "1", "-4")], commission=D("1.5"), risk_amount=D(12), notes=notes
    )
    facts: dict[str, Any] = {
        "trade_id": "1",
        "version": 1,
        "recorded": NOW,
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": D(3),
        "opened_at": EARLY,
        "tags": ("gap", "late"),
        "setup_type": "breakout",
        "trading_session": "LONDON",
        "trade_grade": "A",
        "risk": D(12),
        "net": D("4.5"),
    }
    assert entries(trade) == {
        SECOND: BookEntry(**facts, gains=(Gain(at=nine_on(2), position=0, amount=D(9)),)),
        THIRD: BookEntry(
            **facts,
            gains=(Gain(at=nine_on(3), position=1, amount=D("-4.5")),),
            result=Result(
                at=nine_on(3),
                costs=D("1.5"),
                holding_seconds=int((nine_on(3) - EARLY).total_seconds()),
            ),
        ),
    }


def a_dividend(at: datetime, amount: str = "3") -> TradeEvent:
    return TradeEvent(event_id=f"of-{at}", type=EventType.DIVIDEND, amount=D(amount), at=at)


def test_an_event_after_the_last_close_counts_on_its_own_day_and_in_the_result_of_the_day_of_that_close() -> None:
    flat = a_trade("1", [(nine_on(2), "1", "5")], commission=D(1))
    paid = add_event(flat, a_dividend(nine_on(3)), LATER)
    of_close, of_event = entries(paid)[SECOND], entries(paid)[THIRD]
    assert of_close.gains == (Gain(at=nine_on(2), position=0, amount=D(4)),)
    assert of_event.gains == (Gain(at=nine_on(3), position=EVENTS_FROM, amount=D(3)),)
    assert (of_close.net, of_event.net, of_event.result) == (D(7), D(7), None)
    assert of_close.result is not None
    assert (of_close.result.events, of_close.result.costs) == (D(3), D(1))
    assert (of_close.result.at, of_close.result.holding_seconds) == (nine_on(2), paid.holding_seconds)


def test_stored_positions_of_events_begin_at_a_thousand_beyond_those_of_closes() -> None:
    """Entries outlive deployments: another number would make every stored one differ from its trade."""
    assert EVENTS_FROM == 1_000 > MOST_CLOSES
    paid = a_trade("1", [(nine_on(2), "1", "5"), (nine_on(2), "1", "6")], quantity=D(3))
    for hour in (10, 11):
        paid = add_event(paid, a_dividend(nine_on(2).replace(hour=hour)), LATER)
    [entry] = entries(paid).values()
    assert [gain.position for gain in entry.gains] == [0, 1, 1_000, 1_001]


def test_an_entry_names_the_account_the_currency_and_the_group_of_its_trade() -> None:
    [entry] = entries(a_flat_trade("1", "2025-01-02", "5", account_id="paper", currency="JPY", group_id="g1")).values()
    assert (entry.account, entry.currency, entry.group, entry.is_of_group) == ("paper", "JPY", "g1", False)


def test_the_costs_of_a_result_are_those_of_the_entry_and_of_all_closes() -> None:
    trade = a_trade("1", [(nine_on(2), "1", "5"), (nine_on(3), "1", "5")], commission=D(1), fees=D("0.5"))
    closes = tuple(replace(each, commission=D(2), fees=D("0.25")) for each in trade.closes)
    result = entries(replace(trade, closes=closes))[THIRD].result
    assert result is not None
    assert (result.costs, result.events) == (D(6), D(0))


def test_an_event_of_an_open_trade_makes_a_gain_without_a_result() -> None:
    [entry] = entries(add_event(a_trade("1", []), a_dividend(nine_on(2)), LATER)).values()
    assert [gain.amount for gain in entry.gains] == [D(3)]
    assert (entry.net, entry.result) == (None, None)


def test_an_event_touches_its_day_and_once_the_trade_is_flat_every_day_since_the_net_result_changes() -> None:
    opened = a_trade("1", [(nine_on(2), "1", "5")], quantity=D(2))
    assert touched_days(opened, add_event(opened, a_dividend(nine_on(3)), LATER)) == {THIRD}
    flat = a_trade("1", [(nine_on(2), "1", "5")])
    paid = add_event(flat, a_dividend(nine_on(3)), LATER)
    assert (
        touched_days(flat, paid) == touched_days(paid, remove_event(paid, f"of-{nine_on(3)}", LATER)) == {SECOND, THIRD}
    )


@given(trades())
def test_the_gains_of_all_days_add_up_to_the_net_result_to_the_last_digit(trade: Trade) -> None:
    gains = sum((gain.amount for entry in entries(trade).values() for gain in entry.gains), D(0))
    assert gains == trade.realized_partial_pnl
    assert trade.net_pnl in (None, gains)


def test_the_result_is_in_units_of_the_risk_at_eight_decimals() -> None:
    [entry] = entries(a_flat_trade("1", "2025-01-02", "20", risk_amount=D(3))).values()
    assert entry.r == D("6.66666667")
    assert entry._replace(risk=None).r is None
    assert entry._replace(net=None).r is None


def test_the_day_of_a_close_is_that_of_its_own_offset() -> None:
    late_in_new_york = datetime(2025, 1, 2, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert entries(a_trade("1", [(late_in_new_york, "1", "5")])).keys() == {SECOND}


def test_a_trade_without_closes_and_a_cancelled_one_make_no_entry() -> None:
    assert entries(a_trade("1", [])) == {}
    assert entries(replace(a_flat_trade("1", "2025-01-02", "5"), cancelled=True)) == {}


def test_a_trade_that_is_open_in_part_has_gains_and_no_result() -> None:
    [entry] = entries(a_trade("1", [(nine_on(2), "1", "5")], quantity=D(2))).values()
    assert len(entry.gains) == 1
    assert entry.result is None


def test_a_new_trade_and_one_that_is_deleted_touch_all_of_their_days() -> None:
    trade = a_trade("1", [(nine_on(2), "1", "5"), (nine_on(3), "1", "5")])
    assert touched_days(None, trade) == touched_days(trade, None) == {SECOND, THIRD}
    assert touched_days(None, a_trade("1", [])) == set()


def test_what_no_figure_and_no_filter_can_name_touches_nothing() -> None:
    old = a_flat_trade("1", "2025-01-02", "5", notes=JournalNotes(tags=("a", "b")))
    new = revise(old, {"lessons": "Wait.", "confidence": 3, "tags": ("b", "a")}, LATER)
    assert new.version > old.version
    assert touched_days(old, new) == set()


def test_another_tag_touches_every_day_of_the_trade() -> None:
    old = a_trade("1", [(nine_on(2), "1", "5"), (nine_on(3), "1", "5")])
    assert touched_days(old, revise(old, {"tags": ("late",)}, LATER)) == {SECOND, THIRD}


def test_another_risk_touches_every_day_of_the_trade() -> None:
    old = a_trade("1", [(nine_on(2), "1", "5"), (nine_on(3), "1", "5")])
    assert touched_days(old, revise(old, {"risk_amount": D(5)}, LATER)) == {SECOND, THIRD}


def test_a_partial_close_touches_its_own_day_and_the_last_one_touches_every_day() -> None:
    first, second, last = [(nine_on(day), "1", "5") for day in (1, 2, 3)]
    opened = a_trade("1", [first], quantity=D(3))
    reduced = a_trade("1", [first, second], quantity=D(3))
    flat = a_trade("1", [first, second, last], quantity=D(3))
    assert touched_days(opened, reduced) == {SECOND}
    assert touched_days(reduced, flat) == {date(2025, 1, 1), SECOND, THIRD}


def test_a_close_that_is_taken_back_touches_its_day_and_those_of_later_closes() -> None:
    old = a_trade("1", [(nine_on(day), "1", "5") for day in (1, 2, 3)], quantity=D(4))
    assert touched_days(old, take_back_close(old, "2", LATER)) == {THIRD}
    assert touched_days(old, take_back_close(old, "0", LATER)) == {date(2025, 1, 1), SECOND, THIRD}


def test_a_corrected_close_touches_its_old_day_and_its_new_one() -> None:
    old, new = a_flat_trade("1", "2025-01-02", "5"), a_flat_trade("1", "2025-01-03", "5")
    assert touched_days(old, new) == {SECOND, THIRD}


def test_the_same_instant_in_another_offset_is_another_fact() -> None:
    old = a_flat_trade("1", "2025-01-02", "5")
    for hours in (1, -1):
        elsewhere = EARLY.astimezone(timezone(timedelta(hours=hours)))
        assert touched_days(old, replace(old, open_date=elsewhere)) == {SECOND}


def test_the_same_amount_in_other_digits_is_the_same_fact() -> None:
    old = a_flat_trade("1", "2025-01-02", "5", risk_amount=D("5"))
    assert touched_days(old, replace(old, risk_amount=D("5.00"))) == set()


@given(trades())
def test_the_gains_add_up_to_what_the_trade_realized_and_a_flat_trade_counts_once(trade: Trade) -> None:
    of_trade = entries(trade).values()
    assert sum(gain.amount for entry in of_trade for gain in entry.gains) == trade.realized_partial_pnl
    assert {(entry.net, entry.risk, entry.r) for entry in of_trade} <= {(trade.net_pnl, trade.risk, trade.r_multiple)}
    assert sum(entry.result is not None for entry in of_trade) == trade.is_flat


@given(trades(), trades())
def test_the_untouched_days_are_equal(old: Trade, new: Trade) -> None:
    before, after, touched = entries(old), entries(new), touched_days(old, new)
    for day in before.keys() | after.keys():
        assert (day not in touched) is same_facts(before.get(day), after.get(day))


def test_what_replaces_stored_entries_stands_among_them_by_its_day_whatever_the_ids() -> None:
    stored = [
        item
        for trade in (a_flat_trade("8", "2025-01-03", "1"), a_flat_trade("4", "2025-01-07", "1"))
        for item in entries(trade).items()
    ]
    now = [
        a_flat_trade("1", "2025-01-08", "1"),
        a_flat_trade("5", "2025-01-05", "1"),
        a_flat_trade("9", "2025-01-02", "1"),
    ]
    found = in_place_of_stored(stored, ["1", "5", "9"], now)
    assert [(day.day, entry.trade_id) for day, entry in found] == [(2, "9"), (3, "8"), (5, "5"), (7, "4"), (8, "1")]

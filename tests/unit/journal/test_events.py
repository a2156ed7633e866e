"""Dated events: their effect on a trade's money, their allowed times, and changes that they forbid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.changes import (
    MOST_EVENTS,
    add_event,
    close,
    event_of,
    open_trade,
    remove_event,
    revise,
    revise_entry,
    revise_event,
)
from handlers.journal.errors import EventNotFound, RuleBroken, StateForbids
from handlers.journal.rules import MOST_EVENT_NOTES
from handlers.journal.trade import Close, EventType, Side, Status, Trade, TradeEvent

D = Decimal
OPENED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def hours(number: float) -> datetime:
    return OPENED + timedelta(hours=number)


def an_event(event_id: str = "event-1", amount: str = "24", at: datetime | None = None, **given: str) -> TradeEvent:
    return TradeEvent(event_id=event_id, type=EventType.DIVIDEND, amount=D(amount), at=at or hours(5), **given)


def a_trade(**given: Any) -> Trade:
    values: dict[str, Any] = {
        "user_id": "user",
        "trade_id": "00000000-0000-4000-8000-000000000001",
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": D(100),
        "open_date": OPENED,
        "entry_price": D(10),
        "risk_amount": D(100),
        "commission": D("1.1"),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Trade(**{**values, **given})


def a_flat_trade() -> Trade:
    """The reference trade of docs/statistics.md, with one close: gross 200, costs 1.1 + 0.66."""
    exit_ = Close(close_id="close", quantity=D(100), price=D(12), closed_at=hours(2), commission=D("0.66"))
    return open_trade(a_trade(), [exit_])


def test_the_money_of_an_event_is_in_the_net_result_and_in_r_but_neither_in_the_gross_result_nor_in_costs() -> None:
    trade = add_event(a_flat_trade(), an_event(amount="-4.5"), NOW)
    assert (trade.gross_pnl, trade.event_pnl, trade.net_pnl) == (D(200), D("-4.5"), D("193.74"))
    assert trade.r_multiple == D("1.9374")
    assert trade.realized_partial_pnl == trade.net_pnl


def test_the_money_of_an_event_is_realized_before_anything_is_closed() -> None:
    trade = add_event(a_trade(entry_price=None), an_event(), NOW)
    assert (trade.status, trade.realized_partial_pnl, trade.net_pnl) == (Status.OPEN, D(24), None)


def test_an_event_after_the_last_close_moves_neither_the_close_date_nor_the_holding_time() -> None:
    flat = a_flat_trade()
    trade = add_event(flat, an_event(at=hours(200)), NOW)
    assert (trade.close_date, trade.holding_seconds) == (flat.close_date, flat.holding_seconds)
    assert (trade.version, trade.updated_at) == (flat.version + 1, NOW)


def test_events_stand_in_the_order_of_their_instants_ties_in_the_order_recorded() -> None:
    trade = a_trade()
    for name, at in (("late", hours(3)), ("first", hours(1)), ("second", hours(1))):
        trade = add_event(trade, an_event(name, at=at), NOW)
    assert [event.event_id for event in trade.events] == ["first", "second", "late"]


def test_an_event_at_the_entry_is_taken_and_one_before_it_is_not() -> None:
    assert add_event(a_trade(), an_event(at=OPENED), NOW).events
    with pytest.raises(RuleBroken) as error:
        add_event(a_trade(), an_event(at=OPENED - timedelta(seconds=1)), NOW)
    assert [each.path for each in error.value.errors] == [("at",)]


@pytest.mark.parametrize("amount", ["1E15", "1E-19", "NaN"])
def test_an_amount_that_cannot_be_written_down_is_refused(amount: str) -> None:
    with pytest.raises(RuleBroken) as error:
        add_event(a_trade(), an_event(amount=amount), NOW)
    assert [each.path for each in error.value.errors] == [("amount",)]


def test_amounts_that_add_up_to_too_much_are_refused_at_the_amount() -> None:
    trade = add_event(a_trade(), an_event(amount="9E14"), NOW)
    with pytest.raises(RuleBroken) as error:
        add_event(trade, an_event("event-2", amount="9E14"), NOW)
    assert {each.path for each in error.value.errors} == {("amount",)}


def test_an_instant_outside_the_calendar_is_refused() -> None:
    at = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))
    with pytest.raises(RuleBroken) as error:
        add_event(a_trade(), an_event(at=at), NOW)
    assert [each.path for each in error.value.errors] == [("at",)]


def test_a_cancelled_trade_takes_no_event_and_one_with_events_is_not_cancelled() -> None:
    with pytest.raises(StateForbids):
        add_event(a_trade(cancelled=True), an_event(), NOW)
    with pytest.raises(StateForbids) as error:
        revise(add_event(a_trade(), an_event(), NOW), {"cancelled": True}, NOW)
    assert [each.path for each in error.value.errors] == [("cancelled",)]


def test_the_entry_is_not_moved_behind_an_event() -> None:
    trade = add_event(a_trade(), an_event(at=hours(1)), NOW)
    assert revise(trade, {"open_date": hours(1)}, NOW).open_date == hours(1)
    with pytest.raises(StateForbids) as error:
        revise(trade, {"open_date": hours(1.1)}, NOW)
    assert [each.path for each in error.value.errors] == [("open_date",)]


def test_a_trade_takes_so_many_events_and_notes_and_no_more() -> None:
    events = tuple(an_event(str(number)) for number in range(MOST_EVENTS - 1))
    trade = add_event(a_trade(events=events), an_event("last"), NOW)
    with pytest.raises(StateForbids, match="400 events"):
        add_event(trade, an_event("one more"), NOW)
    notes = tuple(an_event(str(number), note="x" * 200) for number in range(MOST_EVENT_NOTES // 200))
    noted = a_trade(events=notes)
    assert add_event(noted, an_event("silent"), NOW)
    with pytest.raises(RuleBroken) as error:
        add_event(noted, an_event("one more", note="x"), NOW)
    assert [each.path for each in error.value.errors] == [("note",)]


def test_an_event_is_corrected_and_moves_to_its_place() -> None:
    trade = add_event(add_event(a_trade(), an_event("a", at=hours(1), note="x"), NOW), an_event("b", at=hours(2)), NOW)
    corrected = revise_event(trade, "a", {"amount": D(7), "at": hours(3), "note": None}, NOW)
    assert [event.event_id for event in corrected.events] == ["b", "a"]
    event = event_of(corrected, "a")
    assert (event.amount, event.note, event.type) == (D(7), None, EventType.DIVIDEND)
    assert (corrected.version, corrected.event_pnl) == (trade.version + 1, D(31))


def test_a_correction_that_changes_nothing_leaves_the_version_and_another_offset_is_a_change() -> None:
    trade = add_event(a_trade(), an_event(), NOW)
    assert revise_event(trade, "event-1", {"amount": D("24.00"), "note": None}, NOW) is trade
    for offset in (-5, 5):
        elsewhere = hours(5).astimezone(timezone(timedelta(hours=offset)))
        assert revise_event(trade, "event-1", {"at": elsewhere}, NOW).version == trade.version + 1


@pytest.mark.parametrize("name", ["type", "amount", "at"])
def test_what_an_event_needs_is_not_removed(name: str) -> None:
    with pytest.raises(RuleBroken) as error:
        revise_event(add_event(a_trade(), an_event(), NOW), "event-1", {name: None}, NOW)
    assert [each.path for each in error.value.errors] == [(name,)]


def test_an_event_that_is_taken_back_leaves_the_trade_as_if_it_had_never_been() -> None:
    flat = a_flat_trade()
    back = remove_event(add_event(flat, an_event(), NOW), "event-1", NOW)
    assert replace(back, version=flat.version) == flat


def test_an_event_is_named_by_its_id_whatever_the_ids_before_it() -> None:
    trade = a_trade(events=tuple(an_event(name, at=hours(number)) for number, name in enumerate("acb")))
    assert event_of(trade, "b").at == hours(2)
    assert [event.event_id for event in remove_event(trade, "b", NOW).events] == ["a", "c"]


def test_what_would_lie_before_a_moved_entry_is_named_by_the_first_of_the_events() -> None:
    trade = a_trade(events=(an_event("before", at=hours(1)), an_event("after", at=hours(9))))
    with pytest.raises(StateForbids, match="events before its first entry"):
        revise_entry(trade, trade.first_entry_id, {"entered_at": hours(2)}, NOW)


def test_an_event_that_is_not_there_is_not_found() -> None:
    with pytest.raises(EventNotFound):
        remove_event(a_trade(), "event-1", NOW)
    with pytest.raises(EventNotFound):
        revise_event(a_trade(), "event-1", {}, NOW)


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 300)), max_size=6))
def test_closing_in_parts_realizes_the_same_whatever_the_events(events: list[tuple[int, int]]) -> None:
    plain = trade = a_trade()
    for number, (amount, hour) in enumerate(events):
        trade = add_event(trade, an_event(str(number), amount=f"{amount}E-8", at=hours(hour)), NOW)
    for number, (quantity, price) in enumerate((("33.3", "11"), ("66.7", "12.345"))):
        plain, trade = (
            close(each, close_id=str(number), quantity=D(quantity), price=D(price), closed_at=hours(number), now=NOW)
            for each in (plain, trade)
        )
    assert [part.realized_pnl for part in trade.realized] == [part.realized_pnl for part in plain.realized]
    assert trade.net_pnl is not None
    assert plain.net_pnl is not None
    assert trade.net_pnl == plain.net_pnl + sum((D(amount) / 10**8 for amount, _ in events), D(0))

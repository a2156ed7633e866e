"""Trades of an archive that were recorded by hand: what follows from their entries, and what is refused."""

from dataclasses import replace
from uuid import UUID

import pytest

from handlers.faults import FieldCode
from handlers.journal.errors import RuleBroken
from handlers.journal.restoring import recorded_by_hand
from handlers.journal.rules import MOST_EVENT_NOTES
from handlers.journal.trade import Entry, EventType, Trade, TradeEvent
from tests.unit.journal.journals import EARLY, D, a_trade


def an_entry(entry_id: str, price: str | None = "10") -> Entry:
    return Entry(entry_id=entry_id, quantity=D(2), price=None if price is None else D(price), entered_at=EARLY)


def given(*entries: Entry, events: tuple[TradeEvent, ...] = ()) -> Trade:
    return replace(a_trade(str(UUID(int=1)), []), entries=entries, events=events)


def an_event(event_id: str, note: str) -> TradeEvent:
    return TradeEvent(event_id=event_id, type=EventType.DIVIDEND, amount=D(1), at=EARLY, note=note)


def faults(trade: Trade) -> list[tuple[tuple[str | int, ...], FieldCode]]:
    with pytest.raises(RuleBroken) as error:
        recorded_by_hand(trade)
    return [(each.path, each.fault.code) for each in error.value.errors]


def test_a_trade_has_what_follows_from_its_entries() -> None:
    trade = recorded_by_hand(given(an_entry("a"), an_entry("b", "20")))
    assert (trade.quantity, trade.entry_price, trade.open_date) == (D(4), D(15), EARLY)


def test_each_of_several_entries_has_a_price() -> None:
    assert faults(given(an_entry("a"), an_entry("b", None))) == [(("entries", 1, "price"), FieldCode.REQUIRED)]


def test_no_two_parts_have_one_id() -> None:
    assert faults(given(an_entry("a"), an_entry("a"))) == [(("entries",), FieldCode.DUPLICATE_ITEM)]


def test_the_notes_of_events_are_as_long_together_as_the_api_takes() -> None:
    half = "x" * (MOST_EVENT_NOTES // 2)
    trade = given(an_entry("a"), events=(an_event("1", half), an_event("2", half)))
    assert recorded_by_hand(trade).events == trade.events
    assert faults(replace(trade, events=(*trade.events, an_event("3", "x")))) == [
        (("events",), FieldCode.TOO_LONG_TOGETHER)
    ]

"""Trades of an archive that were recorded by hand: what follows from their entries, and what is refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from handlers.faults import FieldCode
from handlers.journal.errors import RuleBroken
from handlers.journal.positions import LotMethod
from handlers.journal.restoring import Annotations, as_written, is_written_about, recorded_by_hand
from handlers.journal.rules import MOST_EVENT_NOTES
from handlers.journal.trade import Close, Entry, EventType, Image, JournalNotes, Side, Trade, TradeEvent, TradeSplit
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


BOUGHT = given(an_entry("a"))
LATER = EARLY + timedelta(hours=1)
SOONER = EARLY - timedelta(hours=1)


def a_close(close_id: str, quantity: str, at: datetime = LATER) -> Close:
    return Close(close_id=close_id, quantity=D(quantity), price=D(11), closed_at=at)


def a_split(split_id: str, new: str = "2", old: str = "1", at: datetime = LATER) -> TradeSplit:
    return TradeSplit(split_id=split_id, new=D(new), old=D(old), at=at)


def an_image(image_id: str) -> Image:
    return Image(image_id=image_id, content_type="image/png", size=1, created_at=EARLY, file_version="")


def test_a_trade_with_all_kinds_of_parts_is_taken_as_it_is() -> None:
    trade = replace(
        BOUGHT,
        closes=(a_close("c", "4"),),
        splits=(a_split("s"),),
        events=(an_event("e", ""),),
        images=(an_image("i"),),
    )
    made = recorded_by_hand(trade)
    assert (made.closes, made.splits, made.events, made.images) == (
        trade.closes,
        trade.splits,
        trade.events,
        trade.images,
    )
    assert made.is_flat


def test_what_is_wrong_with_a_part_is_told_at_its_place() -> None:
    wrong = replace(an_entry("b", "20"), quantity=D(0))
    assert faults(given(an_entry("a"), wrong)) == [(("entries", 1, "quantity"), FieldCode.NOT_POSITIVE)]
    assert faults(replace(BOUGHT, stop_loss=D("1e15"))) == [(("stop_loss",), FieldCode.TOO_MANY_DIGITS)]
    assert faults(replace(BOUGHT, closes=(a_close("c", "1"), a_close("d", "0")))) == [
        (("closes", 1, "quantity"), FieldCode.NOT_POSITIVE)
    ]
    assert faults(replace(BOUGHT, splits=(a_split("s"), a_split("t", "1")))) == [
        (("splits", 1, "new"), FieldCode.SAME_AS)
    ]
    event = replace(an_event("e", ""), at=SOONER)
    assert faults(replace(BOUGHT, events=(event,))) == [
        (("events", 0, "at"), FieldCode.BEFORE_OPEN_DATE),
        (("open_date",), FieldCode.AFTER_FIRST_EVENT),
    ]


def test_the_parts_are_judged_beside_each_other() -> None:
    assert (("open_date",), FieldCode.AFTER_FIRST_CLOSE) in faults(replace(BOUGHT, closes=(a_close("c", "1", SOONER),)))
    assert (("cancelled",), FieldCode.CANCELLED_WITH_CLOSES) in faults(
        replace(BOUGHT, cancelled=True, closes=(a_close("c", "1"),))
    )
    assert (("cancelled",), FieldCode.CANCELLED_WITH_EVENTS) in faults(
        replace(BOUGHT, cancelled=True, events=(an_event("e", ""),))
    )
    unpriced = given(an_entry("a", None))
    assert faults(replace(unpriced, splits=(a_split("s"),))) == [(("entry_price",), FieldCode.REQUIRED_TO_CLOSE)]
    assert faults(replace(unpriced, closes=(a_close("c", "1"),))) == [(("entry_price",), FieldCode.REQUIRED_TO_CLOSE)]
    assert recorded_by_hand(unpriced).entry_price is None


def test_no_more_is_closed_than_is_held() -> None:
    assert faults(replace(BOUGHT, closes=(a_close("c", "3"),))) == [(("closes",), FieldCode.MORE_THAN_HELD)]
    wrong = replace(BOUGHT, closes=(a_close("c", "3"), a_close("d", "0")))
    assert faults(wrong) == [(("closes", 1, "quantity"), FieldCode.NOT_POSITIVE)]


@pytest.mark.parametrize(
    "parts",
    [
        {"closes": (a_close("c", "1"), a_close("c", "1"))},
        {"splits": (a_split("s"), a_split("s"))},
        {"events": (an_event("e", ""), an_event("e", ""))},
        {"images": (an_image("i"), an_image("i"))},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_each_part_has_an_id_of_its_own(parts: dict[str, Any]) -> None:
    [name] = parts
    assert faults(replace(BOUGHT, **parts)) == [((name,), FieldCode.DUPLICATE_ITEM)]


def test_a_figure_that_has_too_many_digits_is_refused() -> None:
    entry = replace(an_entry("a"), quantity=D("9e14"), price=D("9e14"))
    assert faults(replace(given(entry), closes=(replace(a_close("c", "9e14"), price=D(1)),)))


WRITTEN: dict[str, Any] = {
    "trade_id": "t",
    "lot_method": LotMethod.FIFO,
    "notes": JournalNotes(),
    "version": 3,
    "created_at": EARLY,
    "updated_at": LATER,
}


@pytest.mark.parametrize(
    "own",
    [
        {"notes": JournalNotes(lessons="Wait.")},
        {"images": (an_image("i"),)},
        {"events": (an_event("e", ""),)},
        {"external_id": "x"},
        {"stop_loss": D(1)},
        {"take_profit": D(1)},
        {"risk_amount": D(1)},
        {"initial_stop_loss": D(1)},
        {"initial_risk_amount": D(1)},
    ],
    ids=lambda own: next(iter(own)),
)
def test_what_was_written_about_a_trade_is_noticed(own: dict[str, Any]) -> None:
    assert is_written_about(Annotations(**WRITTEN | own))
    assert not is_written_about(Annotations(**WRITTEN))


def test_a_derived_trade_has_the_version_and_time_of_its_annotations() -> None:
    trade = recorded_by_hand(BOUGHT)
    own = Annotations(**WRITTEN | {"trade_id": trade.trade_id})
    written = as_written(trade, {trade.trade_id: own})
    assert (written.version, written.updated_at) == (3, LATER)
    assert replace(written, version=trade.version, updated_at=trade.updated_at) == trade
    assert as_written(trade, {"another": own}) is trade


def test_annotations_are_put_on_the_trade_that_begins_with_the_first_entry() -> None:
    entries = (an_entry("a"), replace(an_entry("b"), quantity=D(5), entered_at=LATER))
    group: Any = SimpleNamespace(entries=entries, symbol="A", side=Side.SELL, splits=(a_split("s"),))
    own = Annotations(**WRITTEN | {"stop_loss": D(9), "external_id": "x"})
    trade = own.on(group, "user")
    assert (trade.user_id, trade.trade_id, trade.symbol, trade.side) == ("user", "t", "A", Side.SELL)
    assert (trade.quantity, trade.open_date, trade.splits) == (D(2), EARLY, group.splits)
    assert (trade.stop_loss, trade.external_id, trade.version, trade.updated_at) == (D(9), "x", 3, LATER)

"""Recording a trade again: the fields that have to agree, and the closes that are added."""

from dataclasses import replace
from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.changes import add_split, close, open_trade
from handlers.journal.completing import completed
from handlers.journal.errors import StateForbids, TradeDiffers
from handlers.journal.trade import Close, Entry, Side, Trade, TradeSplit
from tests.storage.examples import NOW, a_trade

LATER = NOW + timedelta(days=30)


def trade(*closes: Close, **values: Any) -> Trade:
    return open_trade(a_trade(quantity=Decimal(10), entry_price=Decimal(100), **values), closes)


def a_close(**values: Any) -> Close:
    return Close(close_id=str(uuid4()), **values)


def exit_of(quantity: str, price: str = "110", **values: Any) -> Close:
    return a_close(quantity=Decimal(quantity), price=Decimal(price), closed_at=NOW + timedelta(hours=1), **values)


def test_a_trade_that_is_recorded_again_as_it_is_stays_the_same() -> None:
    own = trade(exit_of("4"))
    assert completed(own, trade(exit_of("4")), {"quantity", "entry_price", "closes"}, LATER) is own


def test_an_exit_that_arrives_later_is_added_in_one_version() -> None:
    own = trade(exit_of("4"), version=5)
    whole = completed(own, trade(exit_of("4"), exit_of("3", "111"), exit_of("3", "112")), (), LATER)
    assert [part.quantity for part in whole.closes] == [4, 3, 3]
    assert (whole.version, whole.updated_at, whole.is_flat) == (6, LATER, True)
    assert whole.closes[0] is own.closes[0]


def test_an_older_record_of_the_trade_changes_nothing() -> None:
    own = trade(exit_of("4"), exit_of("6"))
    assert completed(own, trade(), (), LATER) is own
    assert completed(own, trade(exit_of("6")), (), LATER) is own


def test_equal_closes_count_as_often_as_they_are_there() -> None:
    own = trade(exit_of("2"))
    assert len(completed(own, trade(exit_of("2"), exit_of("2"), exit_of("2")), (), LATER).closes) == 3


@pytest.mark.parametrize(
    "other",
    [
        exit_of("4", "110.01"),
        exit_of("4.1"),
        exit_of("4", commission=Decimal("0.01")),
        exit_of("4", fees=Decimal("-0.01")),
        a_close(quantity=Decimal(4), price=Decimal(110), closed_at=NOW + timedelta(hours=2)),
    ],
)
def test_closes_of_which_neither_has_all_of_the_other_are_refused(other: Close) -> None:
    own = trade(exit_of("4"))
    with pytest.raises(TradeDiffers) as refused:
        completed(own, trade(other), (), LATER)
    assert [error.path for error in refused.value.errors] == [("closes",)]
    assert refused.value.trade_id == own.trade_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symbol", "MSFT"),
        ("side", Side.SELL),
        ("quantity", Decimal(11)),
        ("open_date", NOW - timedelta(seconds=1)),
        ("entry_price", Decimal("100.01")),
        ("multiplier", Decimal(5)),
        ("commission", Decimal(3)),
        ("fees", Decimal(3)),
        ("cancelled", True),
    ],
)
def test_what_a_trade_is_about_has_to_agree_where_it_is_given(name: str, value: Any) -> None:
    own, again = trade(), open_trade(a_trade(**{"quantity": Decimal(10), "entry_price": Decimal(100), name: value}))
    with pytest.raises(TradeDiffers) as refused:
        completed(own, again, {name}, LATER)
    assert [error.path for error in refused.value.errors] == [(name,)]
    assert completed(own, again, (), LATER) is own


@pytest.mark.parametrize(
    ("own", "again", "detail"),
    [
        ({"commission": Decimal("2.50")}, {"commission": Decimal(3)}, "is 2.5 in the trade"),
        ({"entry_price": None}, {"entry_price": Decimal(3)}, "is absent in the trade"),
        ({"symbol": "AAPL"}, {"symbol": "MSFT"}, "is AAPL in the trade"),
        ({"cancelled": True}, {"cancelled": False}, "is CANCELLED in the trade"),
        ({"cancelled": False}, {"cancelled": True}, "is not CANCELLED in the trade"),
        ({"open_date": NOW}, {"open_date": NOW - timedelta(1)}, f"is {NOW.isoformat()} in the trade"),
    ],
)
def test_what_differs_is_told_as_the_trade_has_it(own: dict[str, Any], again: dict[str, Any], detail: str) -> None:
    [name] = own
    with pytest.raises(TradeDiffers) as refused:
        completed(open_trade(a_trade(**own)), open_trade(a_trade(**again)), {name}, LATER)
    assert [(error.path, error.fault.detail) for error in refused.value.errors] == [((name,), detail)]


@pytest.mark.parametrize(
    ("own", "again"),
    [
        (["5"], ["5", "5"]),
        (["5", "5"], ["5"]),
        (["4", "6"], ["5", "5"]),
        (["5", "6"], ["5", "5"]),
        (["5", "5"], ["5", "6"]),
    ],
)
def test_entries_have_to_be_the_same_and_as_many(own: list[str], again: list[str]) -> None:
    def with_parts(quantities: list[str]) -> Trade:
        parts = [
            Entry(entry_id=str(uuid4()), quantity=Decimal(part), price=Decimal(100), entered_at=NOW)
            for part in quantities
        ]
        return open_trade(a_trade(trade_id=str(uuid4())), (), parts)

    with pytest.raises(TradeDiffers) as refused:
        completed(with_parts(own), with_parts(again), {"entries"}, LATER)
    assert [error.path for error in refused.value.errors] == [("entries",)]
    assert completed(stored := with_parts(own), with_parts(own[::-1]), {"entries"}, LATER) is stored


def test_what_the_trader_changes_is_not_compared() -> None:
    own = trade(stop_loss=Decimal(95))
    assert (
        completed(own, trade(stop_loss=Decimal(90), take_profit=Decimal(120)), {"stop_loss", "take_profit"}, LATER)
        is own
    )


def test_a_time_is_compared_as_an_instant() -> None:
    own = trade()
    again = trade(open_date=own.open_date.astimezone(timezone(timedelta(hours=-5))))
    assert completed(own, again, {"open_date"}, LATER) is own


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_split_that_was_recorded_meanwhile_changes_nothing_about_what_was_traded(in_parts: bool) -> None:
    def recorded(price: str = "100", *closes: Close) -> Trade:
        part = Entry(entry_id=str(uuid4()), quantity=Decimal(5), price=Decimal(price), entered_at=NOW)
        entries = (part, replace(part, entry_id=str(uuid4()))) if in_parts else ()
        one = a_trade(trade_id=str(uuid4()), quantity=Decimal(10), entry_price=Decimal(price))
        return open_trade(one, closes, entries)

    two_for_one = TradeSplit(split_id=str(uuid4()), new=Decimal(2), old=Decimal(1), at=NOW + timedelta(hours=2))
    own = add_split(recorded("100", exit_of("4")), two_for_one, LATER)
    named = {"quantity", "entry_price", "open_date", "commission", "fees", "closes"} | (
        {"entries"} if in_parts else set()
    )
    assert completed(own, recorded("100", exit_of("4")), named, LATER) is own
    later = a_close(quantity=Decimal(6), price=Decimal(60), closed_at=NOW + timedelta(hours=3))
    assert completed(own, recorded("100", exit_of("4"), later), named, LATER).remaining_quantity == 6
    with pytest.raises(TradeDiffers) as refused:
        completed(own, recorded("50", exit_of("4")), named, LATER)
    assert refused.value.errors[0].path == ("entry_price",)


def test_a_cancelled_trade_takes_no_closes() -> None:
    own = open_trade(a_trade(quantity=Decimal(10), entry_price=Decimal(100), cancelled=True))
    with pytest.raises(StateForbids):
        completed(own, trade(exit_of("4")), (), LATER)


@given(st.lists(st.sampled_from(["1", "2", "3"]), max_size=5), st.data())
def test_a_journal_that_has_a_part_of_the_closes_ends_with_all(quantities: list[str], data: st.DataObject) -> None:
    whole = open_trade(
        a_trade(quantity=Decimal(15), entry_price=Decimal(100)), [exit_of(quantity) for quantity in quantities]
    )
    own = open_trade(a_trade(quantity=Decimal(15), entry_price=Decimal(100)))
    for quantity in data.draw(st.permutations(quantities))[: data.draw(st.integers(0, len(quantities)))]:
        one = exit_of(quantity)
        own = close(
            own, close_id=one.close_id, quantity=one.quantity, price=one.price, closed_at=one.closed_at, now=NOW
        )
    grown = completed(own, whole, {"quantity", "closes"}, LATER)
    assert sorted(part.quantity for part in grown.closes) == sorted(Decimal(quantity) for quantity in quantities)
    assert completed(grown, whole, {"quantity", "closes"}, LATER) is grown

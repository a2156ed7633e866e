"""Splits: realized money stays, and agrees with the cash for any splits."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from math import ceil
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.faults import FieldCode
from handlers.journal import money
from handlers.journal.changes import (
    add_entry,
    add_split,
    close,
    open_trade,
    remove_event,
    remove_split,
    revise,
    revise_entry,
    split_of,
)
from handlers.journal.errors import JournalError, RuleBroken, SplitNotFound, StateForbids
from handlers.journal.positions import LotMethod, Split
from handlers.journal.rules import closable, first_uncovered
from handlers.journal.trade import Close, Entry, EventType, Side, Trade, TradeEvent, TradeSplit, with_entries

D = Decimal
OPENED = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def an_event(event_id: str) -> TradeEvent:
    return TradeEvent(event_id=event_id, type=EventType.DIVIDEND, amount=D(1), at=hours(7))


def hours(number: float) -> datetime:
    return OPENED + timedelta(hours=number)


def a_trade(quantity: str = "10", price: str = "100", **given: Any) -> Trade:
    values: dict[str, Any] = {
        "user_id": "user",
        "trade_id": str(UUID(int=1)),
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": D(quantity),
        "open_date": OPENED,
        "entry_price": D(price),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return open_trade(Trade(**{**values, **given}))


def a_split(new: str = "4", old: str = "1", hour: float = 5, split_id: str = "split") -> TradeSplit:
    return TradeSplit(split_id=split_id, new=D(new), old=D(old), at=hours(hour))


def closed(trade: Trade, quantity: str | None, price: str, hour: float, costs: str = "0") -> Trade:
    return close(
        trade,
        close_id=f"{len(trade.closes)}",
        quantity=None if quantity is None else D(quantity),
        price=D(price),
        closed_at=hours(hour),
        commission=D(costs),
        now=NOW,
    )


def nets(trade: Trade) -> list[Decimal]:
    return [part.realized_pnl for part in trade.realized]


def test_the_reference_split() -> None:
    trade = add_split(a_trade("10", "400", commission=D(1)), a_split(), NOW)
    assert (trade.quantity, trade.remaining_quantity, trade.entry_price) == (D(40), D(40), D(100))
    trade = closed(closed(trade, "20", "110", 6, "0.5"), "20", "95", 7, "0.5")
    assert nets(trade) == [D(199), D(-101)]
    assert (trade.net_pnl, trade.is_flat, trade.max_quantity) == (D(98), True, D(40))


def test_the_reference_reverse_split_with_cash_in_lieu() -> None:
    trade = add_split(a_trade("1005", "0.37"), a_split("1", "10"), NOW)
    assert (trade.quantity, trade.entry_price) == (D("100.5"), D("3.7"))
    trade = closed(closed(trade, "0.5", "3.65", 6), None, "4.10", 7, "0.5")
    assert nets(trade) == [D("-0.025"), D("39.5")]
    assert trade.net_pnl == D("39.475")


def test_the_reference_split_of_a_short_position_with_two_lots() -> None:
    trade = a_trade("10", "300", side=Side.SELL, commission=D(1), lot_method=LotMethod.LIFO)
    second = Entry(entry_id=str(UUID(int=2)), quantity=D(5), price=D(330), entered_at=hours(1), commission=D(1))
    trade = add_split(add_entry(trade, second, NOW), a_split("3"), NOW)
    assert (trade.quantity, trade.entry_price) == (D(45), D("103.33333333"))
    trade = closed(closed(trade, "20", "95", 6, "0.5"), "25", "101", 7)
    trade = replace(trade, closes=(trade.closes[0], replace(trade.closes[1], commission=D("0.5"))))
    assert nets(trade) == [D("248.33333333"), D("-26.33333333")]
    assert trade.net_pnl == D(222)


def test_the_risk_that_was_taken_stays_in_money() -> None:
    trade = a_trade("10", "100", stop_loss=D(95), take_profit=D(115))
    for new, old in (("4", "1"), ("3", "1"), ("1", "7")):
        split = add_split(trade, a_split(new, old), NOW)
        assert split.risk is not None
        assert abs(split.risk - D(50)) < D("0.000001")
        exit_price = str(round(D(110) * D(old) / D(new), 8))
        assert round(closed(split, None, exit_price, 9).r_multiple or D(0), 6) == 2
        assert split.risk_reward_ratio == 3


@pytest.mark.parametrize("price", ["95", "95.5", "0.1", "-7", "0.000012345678", "183.257"])
@pytest.mark.parametrize(("new", "old"), [("4", "1"), ("3", "1"), ("7", "3"), ("1", "10"), ("1", "3")])
def test_a_stop_is_what_it_was_when_a_split_is_taken_back(price: str, new: str, old: str) -> None:
    trade = a_trade("10", "100", stop_loss=D(price))
    split = add_split(trade, a_split(new, old), NOW)
    back = remove_split(split, "split", NOW)
    assert back.stop_loss == back.initial_stop_loss == D(price)
    assert replace(back, version=1) == trade


def test_of_a_stop_with_eight_decimals_a_quotient_without_end_leaves_the_last_digit_open() -> None:
    trade = a_trade("10", "100", stop_loss=D("33.33333333"))
    back = remove_split(add_split(trade, a_split("7", "3"), NOW), "split", NOW)
    assert back.stop_loss is not None
    assert abs(back.stop_loss - D("33.33333333")) <= D("2E-8")


def test_a_stop_that_is_moved_after_the_split_is_converted_back() -> None:
    trade = add_split(a_trade("10", "100", stop_loss=D(90)), a_split(), NOW)
    back = remove_split(revise(trade, {"stop_loss": D(24)}, NOW), "split", NOW)
    assert (back.stop_loss, back.initial_stop_loss) == (D(96), D(90))


def test_a_close_before_a_split_takes_all_that_later_closes_leave() -> None:
    trade = add_split(a_trade("10", "100"), a_split("1", "3"), NOW)
    assert closable(trade, hours(1)) == D(10)
    assert closable(trade, hours(6)) == D("3.333333333333333333")
    later = closed(trade, "1", "310", 6)
    assert closable(later, hours(1)) < D("7.000000000000000001")
    flat = closed(trade, None, "101", 1)
    assert (flat.is_flat, flat.net_pnl) == (True, D(10))


def test_what_splits_cannot_be() -> None:
    trade = a_trade()
    for split in (a_split("4", "4"), a_split(hour=-1), a_split("1E-18", "1E14"), a_split("1E14", "1E-10")):
        with pytest.raises(RuleBroken):
            add_split(trade, split, NOW)
    for split in (a_split("0"), a_split(old="-1"), a_split("1E15")):
        with pytest.raises(RuleBroken):
            add_split(trade, split, NOW)
    with pytest.raises(StateForbids):
        add_split(replace(trade, cancelled=True), a_split(), NOW)
    with pytest.raises(StateForbids):
        add_split(a_trade(entry_price=None), a_split(), NOW)
    with pytest.raises(SplitNotFound):
        split_of(trade, "split")


def faults(raised: pytest.ExceptionInfo[Any]) -> list[tuple[tuple[str | int, ...], FieldCode]]:
    return [(error.path, error.fault.code) for error in raised.value.errors]


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        (a_split("4", "4.0"), [(("new",), FieldCode.SAME_AS)]),
        (a_split("0"), [(("new",), FieldCode.NOT_POSITIVE)]),
        (a_split(old="-1"), [(("old",), FieldCode.NOT_POSITIVE)]),
        (a_split("1E15"), [(("new",), FieldCode.TOO_MANY_DIGITS)]),
        (a_split(old="1E-19"), [(("old",), FieldCode.TOO_MANY_DECIMALS)]),
        (a_split(hour=-0.001), [(("at",), FieldCode.BEFORE_OPEN_DATE)]),
        (
            a_split("0", "0", hour=-1),
            [
                (("new",), FieldCode.NOT_POSITIVE),
                (("old",), FieldCode.NOT_POSITIVE),
                (("at",), FieldCode.BEFORE_OPEN_DATE),
                (("new",), FieldCode.SAME_AS),
            ],
        ),
        (
            replace(a_split(), at=datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2)))),
            [(("at",), FieldCode.YEAR_OUT_OF_RANGE)],
        ),
    ],
)
def test_a_wrong_split_names_its_field_and_rule(
    split: TradeSplit, expected: list[tuple[tuple[str | int, ...], FieldCode]]
) -> None:
    with pytest.raises(RuleBroken) as raised:
        add_split(a_trade(), split, NOW)
    assert faults(raised) == expected


def test_a_split_at_the_instant_of_the_first_entry_comes_before_it() -> None:
    trade = add_split(a_trade("10", "100"), a_split(hour=0), NOW)
    assert (trade.quantity, trade.entry_price) == (D(10), D(100))


@pytest.mark.parametrize(
    ("costs", "settled"),
    [
        ({}, None),
        ({"money": D(450)}, D(0)),
        ({"money": D(450), "commission": D(3)}, D(3)),
        ({"money": D(450), "commission": D(3), "fees": D(2)}, D(5)),
    ],
)
def test_the_engine_takes_a_split_with_what_leaves_by_it(costs: dict[str, Any], settled: Decimal | None) -> None:
    split = replace(a_split("3", "2"), cash=D(7), cost_share=D("0.2"), sequence=4, **costs)
    assert split.as_settled == Split(
        at=hours(5),
        new=D(3),
        old=D(2),
        sequence=4,
        cash=D(7),
        cost_share=D("0.2"),
        money=costs.get("money"),
        costs=settled,
        split_id="split",
    )
    assert a_split("3", "2").as_settled == Split(at=hours(5), new=D(3), old=D(2), split_id="split")


def test_there_are_at_most_20_splits() -> None:
    splits = tuple(a_split("2", "1" if n % 2 else "4", hour=n, split_id=str(n)) for n in range(1, 20))
    trade = add_split(with_entries(a_trade(), a_trade().entered, splits=splits), a_split("2", hour=30), NOW)
    assert len(trade.splits) == 20
    with pytest.raises(StateForbids, match="20 splits already"):
        add_split(trade, a_split("2", hour=31), NOW)


def test_a_split_that_closes_need_or_do_not_bear_is_refused() -> None:
    trade = closed(add_split(a_trade("10"), a_split("2", hour=1), NOW), "20", "60", 6)
    at = hours(6).isoformat()
    with pytest.raises(StateForbids, match=re.escape(f"the close at {at}: correct that first")):
        remove_split(trade, "split", NOW)
    with pytest.raises(StateForbids, match=re.escape(at)):
        add_split(closed(a_trade("10"), "10", "60", 6), a_split("1", "2", hour=5), NOW)


def test_the_mean_exit_price_is_in_the_units_after_the_splits() -> None:
    trade = closed(add_split(closed(a_trade("10"), "5", "100", 1), a_split("2", hour=5), NOW), "10", "100", 6)
    assert (trade.exit_price, trade.is_flat) == (D(75), True)


def test_a_split_is_named_by_its_id_whatever_the_ids_before_it() -> None:
    trade = add_split(
        add_split(a_trade(), a_split("2", hour=5, split_id="a"), NOW), a_split("3", split_id="b", hour=6), NOW
    )
    assert split_of(trade, "b").new == 3
    assert [split.split_id for split in remove_split(trade, "b", NOW).splits] == ["a"]


@pytest.mark.parametrize("event_id", ["a", "z"])
def test_the_cash_of_a_merger_is_deleted_with_it_and_no_other_event_is_taken_for_it(event_id: str) -> None:
    trade = replace(add_split(a_trade(), a_split(split_id="m"), NOW), events=(an_event("m"), an_event(event_id)))
    assert [event.event_id for event in remove_event(trade, event_id, NOW).events] == ["m"]
    with pytest.raises(StateForbids, match="the corporate action m"):
        remove_event(trade, "m", NOW)


def test_an_unknown_split_cannot_be_taken_back() -> None:
    with pytest.raises(SplitNotFound, match="no split other"):
        remove_split(add_split(a_trade(), a_split(), NOW), "other", NOW)


def test_a_split_and_its_removal_are_new_versions() -> None:
    trade = add_split(replace(a_trade(), version=3), a_split(), NOW + timedelta(1))
    assert (trade.version, trade.updated_at, trade.splits) == (4, NOW + timedelta(1), (a_split(),))
    back = remove_split(trade, "split", NOW + timedelta(2))
    assert (back.version, back.updated_at, back.splits, back.entries) == (5, NOW + timedelta(2), (), ())


def test_with_splits_the_own_fields_of_the_trade_are_those_of_its_entry() -> None:
    trade = add_split(a_trade(), a_split(), NOW)
    changes: tuple[dict[str, Any], ...] = (
        {"quantity": D(10)},
        {"entry_price": D(100)},
        {"open_date": hours(1)},
        {"commission": D(1)},
        {"fees": D(1)},
    )
    for change in changes:
        with pytest.raises(RuleBroken) as raised:
            revise(trade, change, NOW)
        assert faults(raised) == [((name,), FieldCode.HAS_SPLITS) for name in change]
    assert revise(trade, {"quantity": D(40), "entry_price": D(25), "lot_method": None}, NOW) is trade


def test_no_entry_moves_behind_the_first_split_alone() -> None:
    trade = add_split(a_trade(), a_split(), NOW)
    with pytest.raises(StateForbids, match="splits before its first entry") as raised:
        revise_entry(trade, trade.first_entry_id, {"entered_at": hours(6)}, NOW)
    assert faults(raised) == [(("entered_at",), FieldCode.AFTER_FIRST_SPLIT)]
    with pytest.raises(StateForbids) as raised:
        revise_entry(trade, trade.first_entry_id, {"entered_at": hours(6), "quantity": D(11)}, NOW)
    assert faults(raised) == [(("entered_at",), FieldCode.AFTER_FIRST_SPLIT)]
    at_the_split = revise_entry(trade, trade.first_entry_id, {"entered_at": hours(5)}, NOW)
    assert at_the_split.quantity == D(10)  # the split comes first


@pytest.mark.parametrize("hour", [6, 7])
def test_no_entry_moves_behind_a_split_whatever_the_events_from_then_on(hour: float) -> None:
    trade = replace(add_split(a_trade(), a_split(), NOW), events=(an_event("later"),))
    with pytest.raises(StateForbids, match="splits before its first entry"):
        revise_entry(trade, trade.first_entry_id, {"entered_at": hours(hour)}, NOW)


def test_what_a_split_leaves_of_a_corrected_entry_has_to_be_something() -> None:
    trade = add_split(a_trade("10"), a_split("1", "1000000000"), NOW)
    assert trade.quantity == D("0.00000001")
    with pytest.raises(RuleBroken) as raised:
        revise_entry(trade, trade.first_entry_id, {"quantity": D("1E-10")}, NOW)
    assert [path for path, _ in faults(raised)] == [("quantity",)]


def test_a_stop_and_a_target_are_in_the_new_units_with_as_few_decimals_as_they_need() -> None:
    trade = a_trade("10", "100", stop_loss=D(95), take_profit=D(110))
    split = add_split(trade, a_split("4"), NOW)
    assert (split.stop_loss, split.initial_stop_loss, split.take_profit) == (D("23.75"), D("23.75"), D("27.5"))
    third = add_split(trade, a_split("3"), NOW)
    assert third.stop_loss == D("31.666666666666666667")
    reverse = add_split(trade, a_split("1", "3"), NOW)
    assert (reverse.stop_loss, reverse.take_profit) == (D(285), D(330))
    assert add_split(a_trade(), a_split(), NOW).stop_loss is None


@st.composite
def split_trades(draw: st.DrawFn) -> Trade:
    """A trade with entries, closes and splits at any instants that are allowed."""
    trade = a_trade(
        draw(st.sampled_from(["10", "7", "0.3", "1005"])),
        draw(st.sampled_from(["100", "0.37", "12.345"])),
        side=draw(st.sampled_from(Side)),
        lot_method=draw(st.sampled_from(LotMethod)),
        commission=D(draw(st.sampled_from(["0", "1.1"]))),
    )
    for number in range(draw(st.integers(1, 7))):
        deed, hour = draw(st.sampled_from(["split", "split", "entry", "close", "rest"])), draw(st.integers(0, 9))
        try:
            if deed == "split":
                new, old = draw(st.sampled_from([("4", "1"), ("1", "10"), ("3", "2"), ("1", "3"), ("7", "1")]))
                trade = add_split(trade, a_split(new, old, hour, f"split-{number}"), NOW)
            elif deed == "entry":
                entry = Entry(entry_id=str(UUID(int=number)), quantity=D(3), price=D("50.01"), entered_at=hours(hour))
                trade = add_entry(trade, entry, NOW)
            else:
                trade = closed(trade, "1" if deed == "close" else None, "61.7", hour, "0.07")
        except JournalError:
            continue
    return trade


def cash(trade: Trade) -> Decimal:
    """The cash that was paid and received, in any units."""
    bought = sum((entry.quantity * (entry.price or D(0)) for entry in trade.entered), D(0))
    sold = sum((each.quantity * each.price for each in trade.closes), D(0))
    costs = trade.commission + trade.fees + sum((each.costs for each in trade.closes), D(0))
    return (sold - bought if trade.side is Side.BUY else bought - sold) - costs


@given(split_trades())
def test_a_flat_trade_has_earned_what_its_cash_says_whatever_the_splits(trade: Trade) -> None:
    assert trade.remaining_quantity >= 0
    assert first_uncovered(trade) is None
    if trade.is_flat:
        assert trade.net_pnl is not None
        assert abs(trade.net_pnl - cash(trade)) <= D("5E-9")
    assert sum(nets(trade), D(0)) == trade.realized_partial_pnl


def test_all_that_is_left_before_splits_covers_the_later_closes() -> None:
    """15 of 10 after 3 : 2, and 1.5 after 1 : 10; 1 of these is closed, so what is left before was a third of 10."""
    trade = add_split(a_trade("10"), a_split("1", "10", 1, "tenth"), NOW)
    trade = closed(add_split(trade, a_split("3", "2", 1, "half more"), NOW), "1", "61.7", 1)
    trade = closed(trade, None, "61.7", 0)
    assert first_uncovered(trade) is None
    assert D(0) <= trade.remaining_quantity < D("1E-16")
    assert add_split(trade, a_split("4", "1", 20, "last"), NOW).splits[-1].split_id == "last"
    assert trade.closes[0].quantity < D(10) / 3 < trade.closes[0].quantity + D("1E-16")


SOME_SPLITS = [("4", "1"), ("1", "3"), ("3", "7"), ("1", "7")]


@pytest.mark.parametrize("later", ["0.2", "0.111111111111111111", "1E-18"])
@pytest.mark.parametrize("second", SOME_SPLITS)
@pytest.mark.parametrize("first", SOME_SPLITS)
def test_before_splits_all_can_be_closed_that_later_closes_leave(
    first: tuple[str, str], second: tuple[str, str], later: str
) -> None:
    """To the last decimal of the largest of the units, in which one unit is `largest` of those at the close."""
    trade = add_split(add_split(a_trade("10"), a_split(*first, 5), NOW), a_split(*second, 6, "second"), NOW)
    trade = closed(trade, later, "100", 7)
    most = closable(trade, hours(1))
    assert money.fits(most)
    if most:
        assert closed(trade, str(most), "100", 1).closes[0].quantity == most
    after_first = D(first[1]) / D(first[0])
    largest = ceil(max(D(1), after_first, after_first * D(second[1]) / D(second[0])))
    more = Close(close_id="more", quantity=most + largest * D("1E-18") + D("1E-18"), price=D(1), closed_at=hours(1))
    assert first_uncovered(replace(trade, closes=(*trade.closes, more))) is not None


def test_what_can_be_closed_at_the_instant_of_entries_has_all_of_them() -> None:
    trade = a_trade("10")
    for number in (2, 3):
        entry = Entry(entry_id=str(UUID(int=number)), quantity=D(5), price=D(100), entered_at=hours(2))
        trade = add_entry(trade, entry, NOW)
    assert closable(trade, hours(2)) == D(20)
    split = add_split(trade, a_split("2", "1", 2), NOW)
    assert closable(split, hours(2)) == D(30)


@given(split_trades(), st.sampled_from([("4", "1"), ("1", "10"), ("3", "2")]))
def test_a_split_after_all_that_was_traded_changes_nothing_that_is_realized(
    trade: Trade, ratio: tuple[str, str]
) -> None:
    try:
        split = add_split(trade, a_split(*ratio, hour=20, split_id="last"), NOW)
    except RuleBroken:
        return
    assert nets(split) == nets(trade)
    assert (split.net_pnl, split.status) == (trade.net_pnl, trade.status)
    back = remove_split(split, "last", NOW)
    assert replace(back, version=trade.version, updated_at=trade.updated_at) == trade


def test_trades_closed_before_the_split_stay_closed_in_the_new_units() -> None:
    flat = closed(a_trade(), None, "110", 1)
    split = add_split(flat, a_split(), NOW)
    assert (split.is_flat, split.net_pnl, split.quantity, split.exit_price) == (True, D(100), D(40), D("27.5"))
    assert isinstance(split.closes[0], Close)
    assert split.closes == flat.closes

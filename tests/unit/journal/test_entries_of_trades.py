"""Trades that are added to, corrections of entries and closes, and the risk that was taken first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal import money
from handlers.journal.changes import (
    add_entry,
    add_event,
    add_split,
    close,
    close_of,
    entry_of,
    open_trade,
    remove_entry,
    remove_split,
    revise,
    revise_close,
    revise_entry,
    take_back_close,
)
from handlers.journal.errors import CloseNotFound, EntryNotFound, RuleBroken, StateForbids
from handlers.journal.money import canonical
from handlers.journal.positions import LotMethod
from handlers.journal.trade import (
    Close,
    Entry,
    EventType,
    Realized,
    Side,
    Status,
    Trade,
    TradeEvent,
    TradeSplit,
    with_entries,
)
from tests.reference_fills import TWELVE
from tests.unit.journal.test_positions import CASES, fills_of

D = Decimal
TRADE_ID = "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f"
ONLY = str(uuid5(UUID(TRADE_ID), "entry"))
OPENED = datetime(2026, 1, 5, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
NOW = datetime(2026, 2, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def a_trade(**given: Any) -> Trade:
    values = {
        "user_id": "user",
        "trade_id": TRADE_ID,
        "symbol": "AAPL",
        "side": Side.BUY,
        "quantity": D(100),
        "open_date": OPENED,
        "entry_price": D(10),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Trade(**{**values, **given})


def an_entry(quantity: str = "50", price: str = "11", *, hours: float = 2, **given: Any) -> Entry:
    values = {"entry_id": f"entry-{quantity}-{hours}", "quantity": D(quantity), "price": D(price)}
    return Entry(**{**values, "entered_at": OPENED + timedelta(hours=hours), **given})


def a_close(quantity: str, price: str = "12", *, hours: float = 1, **given: Any) -> Close:
    values = {"close_id": f"close-{quantity}-{hours}", "quantity": D(quantity), "price": D(price)}
    return Close(**{**values, "closed_at": OPENED + timedelta(hours=hours), **given})


def added(trade: Trade, *entries: Entry) -> Trade:
    for entry in entries:
        trade = add_entry(trade, entry, LATER)
    return trade


def closed(trade: Trade, quantity: str | None, price: str = "12", *, hours: float = 1) -> Trade:
    return close(
        trade,
        close_id=f"close-{len(trade.closes)}",
        quantity=None if quantity is None else D(quantity),
        price=D(price),
        closed_at=OPENED + timedelta(hours=hours),
        now=LATER,
    )


def fields_of(error: pytest.ExceptionInfo[Any]) -> set[str]:
    return {".".join(map(str, field.path)) for field in error.value.errors}


# One entry and several


def test_the_only_entry_has_the_trades_own_values_and_a_name_that_follows_from_its() -> None:
    trade = a_trade(commission=D(1), fees=D("0.1"))
    [entry] = trade.entered
    assert entry == Entry(
        entry_id=ONLY, quantity=D(100), price=D(10), entered_at=OPENED, commission=D(1), fees=D("0.1")
    )
    assert (trade.entries, trade.max_quantity, trade.lot_method) == ((), D(100), LotMethod.AVERAGE)


def test_what_a_trade_has_follows_from_its_entries() -> None:
    trade = added(a_trade(commission=D(1)), an_entry("50", "11.5", commission=D("0.5"), fees=D("0.2")))
    assert [entry.entry_id for entry in trade.entered] == [ONLY, "entry-50-2"]
    assert (trade.quantity, trade.entry_price, trade.open_date) == (D(150), D("10.5"), OPENED)
    assert (trade.commission, trade.fees, trade.remaining_quantity) == (D("1.5"), D("0.2"), D(150))
    assert (trade.version, trade.updated_at, trade.max_quantity) == (2, LATER, D(150))


def test_an_entry_before_the_others_is_the_first() -> None:
    trade = added(a_trade(), an_entry("1", "9", hours=-3), an_entry("1", "9.123456789", hours=-2))
    assert [entry.quantity for entry in trade.entered] == [1, 1, 100]
    assert trade.open_date == OPENED - timedelta(hours=3)
    assert trade.entry_price == D("9.981602518")  # a mean has as many decimals as the prices have


def test_the_last_entry_that_is_left_keeps_its_name() -> None:
    trade = added(a_trade(commission=D(3)), an_entry(commission=D(1)))
    left = remove_entry(trade, ONLY, LATER)
    assert (left.quantity, left.entry_price, left.commission) == (D(50), D(11), D(1))
    assert left.entered == (an_entry(commission=D(1)),)
    with pytest.raises(EntryNotFound):
        remove_entry(added(left, an_entry("7")), ONLY, LATER)
    back = remove_entry(trade, "entry-50-2", LATER)
    assert replace(back, version=1, updated_at=NOW) == a_trade(commission=D(3))


def test_the_entry_that_is_left_keeps_its_name_through_a_split() -> None:
    left = remove_entry(added(a_trade(), an_entry()), ONLY, LATER)
    split = TradeSplit(split_id="s", new=D(2), old=D(1), at=OPENED + timedelta(days=1))
    back = remove_split(add_split(left, split, LATER), "s", LATER)
    assert back.entered == left.entered == (an_entry(),)
    assert (back.quantity, back.entry_price) == (D(50), D(11))


@pytest.mark.parametrize(
    ("name", "of_entry", "value"),
    [
        ("quantity", "quantity", D(7)),
        ("entry_price", "price", D(7)),
        ("entry_price", "price", None),
        ("open_date", "entered_at", OPENED),
        ("open_date", "entered_at", an_entry().entered_at.astimezone(UTC)),
        ("commission", "commission", D(7)),
        ("fees", "fees", D(7)),
    ],
)
def test_the_values_of_the_entry_that_is_left_are_the_trades_own(name: str, of_entry: str, value: Any) -> None:
    left = remove_entry(added(a_trade(), an_entry()), ONLY, LATER)
    assert revise(left, {name: getattr(left, name)}, LATER) is left
    revised = revise(left, {name: value}, LATER)
    [entry] = revised.entered
    assert (entry.entry_id, getattr(entry, of_entry), getattr(revised, name)) == ("entry-50-2", value, value)
    assert str(getattr(entry, of_entry)) == str(value)
    assert revised.version == left.version + 1


def test_the_entry_that_is_left_has_the_figures_of_an_only_one() -> None:
    left = remove_entry(added(a_trade(stop_loss=D(9)), an_entry()), ONLY, LATER)
    left = closed(revise(left, {"initial_stop_loss": D(9)}, LATER), "20", "12", hours=3)
    alone = a_trade(quantity=D(50), entry_price=D(11), open_date=an_entry().entered_at)
    alone = closed(revise(alone, {"stop_loss": D(9)}, LATER), "20", "12", hours=3)
    for name in ("risk", "realized_partial_pnl", "remaining_quantity", "max_quantity", "status"):
        assert getattr(left, name) == getattr(alone, name)
    with pytest.raises(StateForbids, match="closed already"):
        revise(left, {"quantity": D(60)}, LATER)
    assert closed(left, None, hours=4).is_flat


def test_twelve_fills_as_one_trade_have_the_reference_figures_by_every_method() -> None:
    for method in LotMethod:
        fills = fills_of(TWELVE)
        entries = [
            Entry(entry_id=f.fill_id, quantity=f.quantity, price=f.price, entered_at=f.at, commission=f.costs)
            for f in fills
            if f.side is Side.BUY
        ]
        closes = [
            Close(close_id=f.fill_id, quantity=f.quantity, price=f.price or D(0), closed_at=f.at, fees=f.costs)
            for f in fills
            if f.side is Side.SELL
        ]
        at_once = open_trade(a_trade(lot_method=method), closes[::-1], entries[::-1])
        step_by_step = open_trade(a_trade(lot_method=method), (), entries[:1])
        for fill in fills[1:]:
            if fill.side is Side.BUY:
                entry = next(entry for entry in entries if entry.entry_id == fill.fill_id)
                step_by_step = add_entry(step_by_step, entry, LATER)
            else:
                given = next(given for given in closes if given.close_id == fill.fill_id)
                step_by_step = close(
                    step_by_step,
                    close_id=given.close_id,
                    quantity=given.quantity,
                    price=given.price,
                    closed_at=given.closed_at,
                    fees=given.fees,
                    now=LATER,
                )
        expected = CASES["1 twelve fills"][method]
        for trade in (at_once, step_by_step):
            assert [canonical(part.gross) for part in trade.realized] == [exit_["gross"] for exit_ in expected["exits"]]
            assert [canonical(part.realized_pnl) for part in trade.realized] == [
                one["net"] for one in expected["exits"]
            ]
            assert canonical(trade.net_pnl or D(0)) == expected["net"]
            assert canonical(trade.entry_price or D(0)) == expected["entryPrice"]
            assert canonical(trade.exit_price or D(0)) == expected["exitPrice"]
            assert (trade.status, canonical(trade.quantity)) == (Status.CLOSED, expected["entryQty"])
            assert trade.max_quantity == 170


def test_what_is_realized_stays_when_the_position_is_added_to() -> None:
    trade = closed(a_trade(quantity=D(1), entry_price=D(100)), "0.5", "120")
    assert trade.realized_partial_pnl == 10
    grown = added(trade, an_entry("0.5", "130"))
    assert (grown.realized_partial_pnl, grown.remaining_quantity, grown.entry_price) == (D(10), D(1), D(110))
    flat = closed(grown, None, "120", hours=3)
    assert [part.realized_pnl for part in flat.realized] == [10, 5]
    assert (flat.net_pnl, flat.max_quantity, flat.holding_seconds) == (D(15), D(1), 3 * 3600)


def test_entries_that_are_given_at_once_need_closes_that_they_cover() -> None:
    entries = [an_entry("50", hours=4), an_entry("100", "10", hours=0)]
    trade = open_trade(a_trade(quantity=D(1)), [a_close("120", hours=5)], entries)
    assert (trade.quantity, trade.open_date, trade.remaining_quantity) == (D(150), OPENED, D(30))
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(), [a_close("10", hours=1), a_close("120", hours=3)], entries)
    assert fields_of(error) == {"closes.1.quantity"}


def test_everything_wrong_with_entries_is_said_at_once() -> None:
    entries = [an_entry("0"), an_entry("1", "1E15"), an_entry("1", commission=D("1E-19")), *[an_entry("1")] * 198]
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(), [a_close("0")], entries)
    assert fields_of(error) == {
        "entries.0.quantity",
        "entries.1.price",
        "entries.2.commission",
        "entries",
        "closes.0.quantity",
        "closes.0.closed_at",
    }


def test_sums_that_are_too_long_are_refused() -> None:
    with pytest.raises(RuleBroken) as error:
        added(a_trade(), an_entry("999999999999999"))
    assert fields_of(error) == {"quantity"}


@pytest.mark.parametrize(
    ("trade", "message"),
    [
        (a_trade(cancelled=True), "cancelled"),
        (closed(a_trade(), None), "closed"),
        (a_trade(entry_price=None), "no entry price"),
        (added(a_trade(), *[an_entry("1")] * 199), "200 entries"),
    ],
)
def test_a_trade_that_cannot_be_added_to_says_why(trade: Trade, message: str) -> None:
    with pytest.raises(StateForbids, match=message):
        add_entry(trade, an_entry(), LATER)


def test_a_new_trade_has_at_most_200_entries() -> None:
    entries = [an_entry("1") for _ in range(200)]
    assert len(open_trade(a_trade(), entries=entries).entries) == 200
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(), entries=[*entries, an_entry("1")])
    assert fields_of(error) == {"entries"}


@pytest.mark.parametrize("number", [0, 2**128 - 1])
def test_an_only_entry_that_is_not_the_first_one_keeps_its_id(number: int) -> None:
    only = replace(an_entry(), entry_id=str(UUID(int=number)))
    assert [entry.entry_id for entry in with_entries(a_trade(), [only]).entered] == [only.entry_id]


def test_what_was_entered_is_named_by_its_id_whatever_the_ids_before_it() -> None:
    trade = replace(a_trade(), entries=tuple(replace(an_entry(), entry_id=name) for name in "acb"))
    assert entry_of(trade, "b").entry_id == "b"


def test_a_corrected_close_may_take_all_that_the_other_closes_leave() -> None:
    trade = closed(closed(a_trade(), "40"), "30", hours=2)
    assert revise_close(trade, "close-0", {"quantity": D(70)}, LATER).is_flat
    with pytest.raises(StateForbids, match="Only 70 of the trade"):
        revise_close(trade, "close-0", {"quantity": D(71)}, LATER)


def test_closes_that_are_given_at_once_end_where_the_quantity_does() -> None:
    closes = [
        Close(close_id=str(number), quantity=D(quantity), price=D(11), closed_at=OPENED + timedelta(hours=number))
        for number, quantity in enumerate((100, 5), start=1)
    ]
    assert open_trade(a_trade(), closes[:1]).is_flat
    with pytest.raises(RuleBroken) as error:
        open_trade(a_trade(), closes)
    [wrong] = error.value.errors
    assert (wrong.path, wrong.fault.params) == (("closes", 1, "quantity"), {"held": "0"})


@pytest.mark.parametrize("more", [1, 2])
def test_the_quantity_of_several_entries_is_not_revised_as_that_of_the_trade(more: int) -> None:
    with pytest.raises(RuleBroken) as error:
        revise(added(a_trade(), *[an_entry("1")] * more), {"quantity": D(5)}, LATER)
    assert fields_of(error) == {"quantity"}


def test_an_entry_that_is_wrong_in_itself_is_refused() -> None:
    with pytest.raises(RuleBroken) as error:
        add_entry(a_trade(), an_entry("0", "1E15", fees=D("1E-19")), LATER)
    assert fields_of(error) == {"quantity", "price", "fees"}


# Closes at their instants


def test_a_close_before_a_later_entry_takes_what_is_held_then() -> None:
    trade = added(a_trade(), an_entry("50", hours=4))
    with pytest.raises(StateForbids, match="Only 100 of the trade") as error:
        closed(trade, "101", hours=3)
    assert fields_of(error) == {"quantity"}
    assert closed(trade, None, hours=3).closes[0].quantity == 100
    assert closed(trade, None, hours=4).closes[0].quantity == 150  # at one instant, entries come first


def test_a_close_leaves_what_later_closes_need() -> None:
    trade = closed(added(a_trade(), an_entry("50", hours=4)), "120", hours=5)
    assert closed(trade, None, hours=3).closes[0].quantity == 30
    used = closed(trade, "30", hours=5)
    assert used.status is Status.CLOSED


def test_nothing_is_left_to_close_before_a_later_entry() -> None:
    trade = open_trade(a_trade(), [a_close("100", hours=1)], [an_entry("100", hours=0), an_entry("50", hours=4)])
    assert (trade.status, trade.remaining_quantity, trade.max_quantity) == (Status.PARTIAL, D(50), D(100))
    with pytest.raises(StateForbids, match="All that was entered before this time is closed"):
        closed(trade, None, hours=2)
    flat = closed(trade, None, "12", hours=5)
    assert (flat.net_pnl, [part.realized_pnl for part in flat.realized]) == (D(150), [D(100), D(50)])


# Corrections


def test_an_entry_is_corrected_and_what_closes_realized_follows() -> None:
    trade = closed(added(a_trade(commission=D(4)), an_entry("100", "12")), "50", "13", hours=3)
    assert trade.realized_partial_pnl == 99
    corrected = revise_entry(trade, ONLY, {"price": D(11), "quantity": D(300), "commission": None}, LATER)
    assert (corrected.quantity, corrected.entry_price, corrected.commission) == (D(400), D("11.25"), D(0))
    assert corrected.realized_partial_pnl == D("87.5")
    moved = revise_entry(trade, ONLY, {"entered_at": OPENED + timedelta(hours=2.5)}, LATER)
    assert (moved.open_date, moved.version) == (OPENED + timedelta(hours=2), trade.version + 1)


def test_the_only_entry_of_a_trade_without_a_price_is_corrected_and_stays_without_one() -> None:
    trade = a_trade(entry_price=None)
    corrected = revise_entry(trade, trade.first_entry_id, {"quantity": D(7)}, LATER)
    assert (corrected.quantity, corrected.entry_price, corrected.entries) == (D(7), None, ())


def test_the_only_entry_is_corrected_by_its_name() -> None:
    trade = revise_entry(closed(a_trade(), "40"), ONLY, {"price": D(11)}, LATER)
    assert (trade.entries, trade.entry_price, trade.realized_partial_pnl) == ((), D(11), D(40))
    assert revise_entry(a_trade(entry_price=None), ONLY, {"price": D(11)}, LATER).entry_price == 11


@pytest.mark.parametrize("same", [{}, {"price": D("10.0")}, {"quantity": D(100), "fees": None}, {"entered_at": OPENED}])
def test_a_correction_of_an_entry_that_changes_nothing_is_the_same_trade(same: dict[str, Any]) -> None:
    trade = closed(a_trade(), "40")
    assert revise_entry(trade, ONLY, same, LATER) is trade


@pytest.mark.parametrize("same", [{}, {"price": D("12.0")}, {"quantity": D(40), "fees": None}])
def test_a_correction_of_a_close_that_changes_nothing_is_the_same_trade(same: dict[str, Any]) -> None:
    trade = closed(a_trade(), "40")
    assert revise_close(trade, "close-0", same, LATER) is trade


@pytest.mark.parametrize("hours", [-8, 0])  # of New York, which is at -5: to its west and to its east
def test_the_same_instant_in_another_offset_is_a_correction(hours: int) -> None:
    trade, zone = closed(a_trade(), "40"), timezone(timedelta(hours=hours))
    moved = revise_close(trade, "close-0", {"closed_at": trade.closes[0].closed_at.astimezone(zone)}, LATER)
    assert (moved.version, moved.closes[0].closed_at.utcoffset()) == (trade.version + 1, timedelta(hours=hours))
    entry = revise_entry(trade, ONLY, {"entered_at": OPENED.astimezone(zone)}, LATER)
    assert (entry.version, entry.open_date.utcoffset()) == (trade.version + 1, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"quantity": D(39)}, {"quantity"}),
        ({"entered_at": OPENED + timedelta(hours=1, seconds=1)}, {"entered_at"}),
        ({"quantity": D(39), "entered_at": OPENED + timedelta(hours=2)}, {"quantity", "entered_at"}),
    ],
)
def test_an_entry_keeps_what_closes_need(change: dict[str, Any], fields: set[str]) -> None:
    trade = closed(a_trade(), "40")
    with pytest.raises(StateForbids) as error:
        revise_entry(trade, ONLY, change, LATER)
    assert fields_of(error) == fields


def test_an_entry_that_closes_need_cannot_be_taken_back_nor_the_only_one() -> None:
    trade = closed(added(a_trade(), an_entry("50")), "120", hours=3)
    for entry_id in (ONLY, "entry-50-2"):
        with pytest.raises(StateForbids, match="needs these entries"):
            remove_entry(trade, entry_id, LATER)
    with pytest.raises(StateForbids, match="only entry"):
        remove_entry(a_trade(), ONLY, LATER)
    assert remove_entry(closed(added(a_trade(), an_entry("50")), "100", hours=3), "entry-50-2", LATER).is_flat


def test_an_entry_does_not_move_behind_the_first_event() -> None:
    event = TradeEvent(event_id="e", type=EventType.DIVIDEND, amount=D(1), at=OPENED + timedelta(hours=1))
    trade = add_event(a_trade(), event, LATER)
    with pytest.raises(StateForbids) as error:
        revise_entry(trade, ONLY, {"entered_at": OPENED + timedelta(hours=2)}, LATER)
    assert fields_of(error) == {"entered_at"}
    with pytest.raises(StateForbids, match="events before"):
        remove_entry(added(trade, an_entry()), ONLY, LATER)


def test_a_close_is_corrected_and_moves_to_another_day() -> None:
    trade = closed(closed(a_trade(), "40", hours=1), "60", hours=2)
    corrected = revise_close(
        trade, "close-0", {"price": D(13), "closed_at": OPENED + timedelta(days=2), "commission": D(1)}, LATER
    )
    assert [part.realized_pnl for part in corrected.realized] == [D(120), D(119)]
    assert (corrected.close_date, corrected.net_pnl) == (OPENED + timedelta(days=2), D(239))
    assert revise_close(corrected, "close-0", {"commission": None}, LATER).net_pnl == 240
    assert revise_close(trade, "close-0", {"quantity": D(39)}, LATER).status is Status.PARTIAL


@pytest.mark.parametrize(
    ("change", "kind", "fields"),
    [
        ({"quantity": D(101)}, StateForbids, {"quantity"}),
        ({"quantity": D(0)}, RuleBroken, {"quantity"}),
        ({"closed_at": OPENED - timedelta(seconds=1)}, RuleBroken, {"closed_at"}),
        ({"price": D("1E-19"), "fees": D("1E15")}, RuleBroken, {"price", "fees"}),
        (dict.fromkeys(("quantity", "price", "closed_at")), RuleBroken, {"quantity", "price", "closed_at"}),
    ],
)
def test_a_corrected_close_keeps_the_rules_of_a_new_one(
    change: dict[str, Any], kind: type[Exception], fields: set[str]
) -> None:
    with pytest.raises(kind) as error:
        revise_close(closed(a_trade(), "40"), "close-0", change, LATER)
    assert fields_of(error) == fields


def test_required_fields_of_an_entry_are_not_removed() -> None:
    with pytest.raises(RuleBroken) as error:
        revise_entry(a_trade(), ONLY, dict.fromkeys(("quantity", "price", "entered_at", "fees")), LATER)
    assert fields_of(error) == {"quantity", "price", "entered_at"}
    with pytest.raises(RuleBroken) as error:
        revise_entry(a_trade(), ONLY, {"quantity": D(-1)}, LATER)
    assert fields_of(error) == {"quantity"}


@pytest.mark.parametrize(
    ("ask", "kind"),
    [
        (lambda trade: entry_of(trade, "other"), EntryNotFound),
        (lambda trade: revise_entry(trade, "other", {}, LATER), EntryNotFound),
        (lambda trade: remove_entry(trade, "other", LATER), EntryNotFound),
        (lambda trade: close_of(trade, "other"), CloseNotFound),
        (lambda trade: revise_close(trade, "other", {}, LATER), CloseNotFound),
        (lambda trade: take_back_close(trade, "other", LATER), CloseNotFound),
    ],
)
def test_what_is_not_there_is_not_found(ask: Callable[[Trade], Any], kind: type[Exception]) -> None:
    with pytest.raises(kind, match="other"):
        ask(closed(added(a_trade(), an_entry()), "40"))


@pytest.mark.parametrize("name", ["quantity", "entry_price", "open_date", "commission", "fees"])
def test_what_follows_from_several_entries_is_not_revised(name: str) -> None:
    trade = added(a_trade(), an_entry())
    other = OPENED + timedelta(seconds=1) if name == "open_date" else D(7)
    with pytest.raises(RuleBroken) as error:
        revise(trade, {name: other}, LATER)
    [field] = error.value.errors
    assert field.path == (name,)
    assert field.fault.detail.startswith("has several entries: change those")
    assert revise(trade, {name: getattr(trade, name)}, LATER) is trade


@pytest.mark.parametrize("hours", [-8, 0])
def test_the_first_entrys_time_in_another_offset_is_a_change(hours: int) -> None:
    moved = OPENED.astimezone(timezone(timedelta(hours=hours)))
    with pytest.raises(RuleBroken, match="has several entries"):
        revise(added(a_trade(), an_entry()), {"open_date": moved}, LATER)


def test_the_lot_method_is_fixed_by_the_first_close() -> None:
    trade = revise(added(a_trade(), an_entry("100", "12")), {"lot_method": LotMethod.FIFO}, LATER)
    trade = closed(trade, "50", "13", hours=3)
    assert trade.realized_partial_pnl == 150
    for change in (LotMethod.LIFO, None):
        with pytest.raises(StateForbids) as error:
            revise(trade, {"lot_method": change}, LATER)
        assert fields_of(error) == {"lot_method"}
    assert revise(trade, {"lot_method": LotMethod.FIFO}, LATER) is trade


# Risk


def test_r_follows_the_first_stop_wherever_it_is_moved() -> None:
    trade = open_trade(a_trade(quantity=D(10), entry_price=D(100), stop_loss=D(95), take_profit=D(115)))
    for stop in (None, D(100), D(98)):
        if stop is not None:
            trade = revise(trade, {"stop_loss": stop}, LATER)
        assert (trade.initial_stop_loss, trade.risk, trade.risk_reward_ratio) == (D(95), D(50), D(3))
    assert trade.stop_loss == 98
    trade = closed(trade, None, "110")
    assert trade.r_multiple == 2
    assert revise(trade, {"stop_loss": None}, LATER).r_multiple == 2


def test_the_first_stop_can_come_later_and_be_corrected() -> None:
    trade = closed(open_trade(a_trade(quantity=D(10), entry_price=D(100))), None, "110")
    assert trade.r_multiple is None
    trade = revise(trade, {"stop_loss": D(95)}, LATER)
    assert (trade.r_multiple, trade.initial_stop_loss) == (D(2), D(95))
    trade = revise(trade, {"initial_stop_loss": D(90)}, LATER)
    assert (trade.r_multiple, trade.stop_loss) == (D(1), D(95))
    trade = revise(trade, {"initial_stop_loss": None}, LATER)
    assert (trade.r_multiple, revise(trade, {"symbol": "X"}, LATER).initial_stop_loss) == (None, None)
    assert revise(trade, {"stop_loss": D(96), "initial_stop_loss": D(98)}, LATER).r_multiple == 5


def test_the_first_risk_amount_is_kept_and_goes_before_the_stop() -> None:
    trade = open_trade(a_trade(risk_amount=D(40), stop_loss=D(9)))
    trade = closed(revise(trade, {"risk_amount": D(20)}, LATER), None, "11")
    assert (trade.risk_amount, trade.initial_risk_amount, trade.r_multiple) == (D(20), D(40), D("2.5"))
    assert revise(trade, {"initial_risk_amount": D(50)}, LATER).r_multiple == 2
    assert revise(trade, {"initial_risk_amount": None}, LATER).r_multiple == 1
    with pytest.raises(RuleBroken) as error:
        revise(trade, {"initial_risk_amount": D(0)}, LATER)
    assert fields_of(error) == {"initial_risk_amount"}


def test_initial_values_may_be_given_at_once() -> None:
    trade = open_trade(a_trade(stop_loss=D("9.5"), initial_stop_loss=D(9), initial_risk_amount=D(80), risk_amount=D(1)))
    assert (trade.initial_stop_loss, trade.initial_risk_amount, trade.risk) == (D(9), D(80), D(80))


def test_the_risk_of_several_entries_is_what_all_of_them_lose_at_the_stop() -> None:
    trade = added(open_trade(a_trade(stop_loss=D(9))), an_entry("50", "12"))
    assert trade.risk == 250
    short = open_trade(
        a_trade(side=Side.SELL, stop_loss=D(11), multiplier=D(2)), (), [an_entry("3", "10.5"), an_entry("1", "12")]
    )
    assert short.risk == 1


# Whatever is done


amounts = st.integers(1, 10**20).map(lambda n: D(f"{n}E-18"))
some_prices = st.integers(-(10**21), 10**21).map(lambda n: D(f"{n}E-18"))
some_costs = st.integers(-(10**19), 10**19).map(lambda n: D(f"{n}E-18"))


@st.composite
def entries_and_closes(draw: st.DrawFn) -> tuple[list[Entry], list[Close]]:
    """Up to six entries and closes, in order of their time, whose closes take what is held at most."""
    entries, closes, held = [], [], D(0)
    for hour in range(draw(st.integers(1, 6))):
        costs = {"commission": draw(some_costs), "fees": draw(some_costs)}
        if held and draw(st.booleans()):
            units = int(Fraction(held) * 10**18)
            quantity = D(f"{draw(st.just(units) | st.integers(1, units))}E-18")
            held -= quantity
            closes.append(a_close(str(quantity), str(draw(some_prices)), hours=hour, **costs))
        else:
            quantity = draw(amounts)
            held += quantity
            entries.append(an_entry(str(quantity), str(draw(some_prices)), hours=hour, **costs))
    return entries, closes


@given(entries_and_closes(), st.sampled_from(LotMethod), st.sampled_from(Side), amounts)
def test_a_flat_trade_earned_its_cash_to_the_last_digit(
    made: tuple[list[Entry], list[Close]], method: LotMethod, side: Side, multiplier: Decimal
) -> None:
    entries, closes = made
    trade = open_trade(a_trade(side=side, lot_method=method, multiplier=multiplier), closes, entries)
    if trade.remaining_quantity:
        trade = closed(trade, None, "12.3456789", hours=10)
    bought = sum(Fraction(e.price or 0) * Fraction(e.quantity) for e in trade.entered)
    sold = sum(Fraction(c.price) * Fraction(c.quantity) for c in trade.closes)
    cash = (sold - bought if side is Side.BUY else bought - sold) * Fraction(multiplier)
    costs = Fraction(trade.commission) + Fraction(trade.fees)
    costs += sum((Fraction(part.costs) for part in trade.closes), Fraction(0))
    assert Fraction(trade.gross_pnl or 0) == Fraction(round(cash * 10**8), 10**8)
    assert Fraction(trade.net_pnl or 0) == Fraction(trade.gross_pnl or 0) - costs
    assert trade.net_pnl == money.total(part.realized_pnl for part in trade.realized)


def without_entry_ids(trade: Trade) -> list[Realized]:
    """What is realized. The engine names a trade's only entry otherwise than one of several."""
    return [
        replace(part, matches=tuple(replace(match, entry_id=None) for match in part.matches)) for part in trade.realized
    ]


@given(entries_and_closes(), st.sampled_from(LotMethod), st.data())
def test_what_is_added_later_changes_nothing_that_was_realized_before(
    made: tuple[list[Entry], list[Close]], method: LotMethod, data: st.DataObject
) -> None:
    entries, closes = made
    trade = open_trade(a_trade(lot_method=method), closes, entries)
    if trade.is_flat:
        return
    entry = an_entry(str(data.draw(amounts)), str(data.draw(some_prices)), hours=10)
    grown = add_entry(trade, entry, LATER)
    assert without_entry_ids(grown) == without_entry_ids(trade)
    back = remove_entry(grown, entry.entry_id, LATER)
    assert replace(back, version=trade.version, updated_at=trade.updated_at) == trade


@pytest.mark.parametrize(
    ("entry", "stop", "target", "new", "old"),
    [
        ("0.00001234", "0.00001201", "0.00001333", "3", "1"),
        ("0.0123", "0.0121", "0.0129", "7", "3"),
        ("100", "99.98", "101", "3", "1"),
        ("0.00000004", "0.00000001", "0.0000001", "3", "1"),
        ("412.5", "400", "450", "1", "10"),
    ],
)
def test_a_split_leaves_the_risk_and_its_ratios_as_they_were(
    entry: str, stop: str, target: str, new: str, old: str
) -> None:
    prices = {
        name: Decimal(price) for name, price in (("entry_price", entry), ("stop_loss", stop), ("take_profit", target))
    }
    opened = open_trade(a_trade(quantity=Decimal(1_000_000), **prices))
    closed = close(
        opened,
        close_id="c",
        price=Decimal(target),
        closed_at=OPENED + timedelta(hours=1),
        now=NOW,
        commission=Decimal(1),
    )
    at = OPENED + timedelta(days=1)
    split = add_split(closed, TradeSplit(split_id="s", new=Decimal(new), old=Decimal(old), at=at), NOW)
    assert split.closed_quantity == split.quantity
    assert (split.risk, split.r_multiple) == (closed.risk, closed.r_multiple)
    assert split.risk_reward_ratio == closed.risk_reward_ratio
    back = remove_split(split, "s", NOW)
    assert (back.stop_loss, back.take_profit, back.initial_stop_loss) == (
        closed.stop_loss,
        closed.take_profit,
        closed.initial_stop_loss,
    )


def test_without_closes_and_splits_nothing_is_settled() -> None:
    several = added(a_trade(), an_entry("1"))
    assert (several.max_quantity, "trip" in vars(several)) == (D(101), False)
    trade = a_trade()
    assert {trade.max_quantity, trade.remaining_quantity} == {trade.quantity}
    assert (trade.closed_quantity, trade.realized, trade.exit_price) == (D(0), (), None)
    assert "trip" not in vars(trade)

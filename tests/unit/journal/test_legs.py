"""The legs of a trade: the matches add up to the trade's figures, to the last digit, for every source."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.journal import money
from handlers.journal.executions import Instrument, RecordedExecution
from handlers.journal.legs import LegMatch, legs_of
from handlers.journal.money import ZERO
from handlers.journal.positions import LotMethod, Side
from handlers.journal.regrouping import groups_of, regrouped
from handlers.journal.trade import Close, Entry, Realized, Trade, TradeSplit, with_entries

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)
SPACE = UUID(int=9)
IDS = [str(uuid5(SPACE, str(number))) for number in range(40)]
amounts = st.decimals("0.00000001", "300", places=8)
costs = st.decimals("-3", "9", places=8)


def bare(**others: Any) -> Trade:
    values: dict[str, Any] = {"quantity": D(1), "entry_price": D(10), **others}
    return Trade(
        user_id="dana",
        trade_id=IDS[-1],
        symbol="AAPL",
        side=Side.BUY,
        open_date=DAY,
        created_at=DAY,
        updated_at=DAY,
        **values,
    )


def entry(number: int, minute: int, quantity: Decimal, price: Decimal, cost: Decimal = ZERO) -> Entry:
    at = DAY + timedelta(minutes=minute)
    return Entry(entry_id=IDS[number], quantity=quantity, price=price, entered_at=at, commission=cost)


def close(number: int, minute: int, quantity: Decimal, price: Decimal, cost: Decimal = ZERO) -> Close:
    at = DAY + timedelta(minutes=minute)
    return Close(close_id=IDS[number], quantity=quantity, price=price, closed_at=at, fees=cost)


def matches_of(trade: Trade) -> list[LegMatch]:
    return [leg for leg in legs_of(trade) if isinstance(leg, LegMatch)]


def assert_adds_up(trade: Trade) -> None:
    matches = matches_of(trade)
    assert money.total(match.gross for match in matches) == money.total(part.gross for part in trade.realized)
    assert money.total(match.net for match in matches) == trade.realized_partial_pnl
    if trade.is_flat:
        assert money.total(match.gross for match in matches) == trade.gross_pnl
        paid = [*(money.total((one.commission, one.fees)) for one in trade.entered)]
        assert money.total(match.entry_costs for match in matches) == money.total(paid)
    assert money.total(match.exit_costs for match in matches) == money.total(one.costs for one in trade.closes)
    for part in trade.realized:
        own = [match for match in matches if match.close_id == part.close.close_id]
        assert money.total(match.quantity for match in own) == part.close.quantity
        assert money.total(match.net for match in own) == part.realized_pnl


def test_the_legs_are_entries_then_closes_then_matches() -> None:
    entries = [entry(0, 0, D(100), D(10), D(1)), entry(1, 1, D(50), D("10.4"), D("0.5"))]
    closes = (close(2, 2, D(60), D(11), D("0.6")), close(3, 3, D(90), D("10.75"), D("0.9")))
    fifo = with_entries(bare(lot_method=LotMethod.FIFO), entries, closes=closes)
    assert [type(leg) for leg in legs_of(fifo)] == [Entry, Entry, Realized, Realized, LegMatch, LegMatch, LegMatch]
    assert [(one.entry_id, one.close_id, one.quantity, one.gross, one.net) for one in matches_of(fifo)] == [
        (IDS[0], IDS[2], D(60), D(60), D("58.8")),
        (IDS[0], IDS[3], D(40), D(30), D("29.2")),
        (IDS[1], IDS[3], D(50), D("17.5"), D("16.5")),
    ]
    pooled = replace(fifo, lot_method=LotMethod.AVERAGE)
    assert [match.entry_id for match in matches_of(pooled)] == [None, None]


@pytest.mark.parametrize("method", LotMethod)
def test_the_matches_of_a_single_entry_name_it(method: LotMethod) -> None:
    trade = bare(quantity=D(3), commission=D(1), lot_method=method, closes=(close(0, 1, D(1), D(11)),))
    assert [match.entry_id for match in matches_of(trade)] == [trade.first_entry_id]
    assert legs_of(bare(entry_price=None)) == [bare(entry_price=None).entered[0]]


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, 6), amounts, amounts, costs), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(7, 12), amounts, costs), min_size=1, max_size=6),
    st.sampled_from(LotMethod),
    st.sampled_from([(), (("3", "1", 6),), (("1", "7", 9), ("3", "2", 11))]),
    st.booleans(),
)
def test_the_matches_of_a_trade_recorded_by_hand_add_up(
    entered: Sequence[Any], exited: Sequence[Any], method: LotMethod, split: Sequence[Any], whole: bool
) -> None:
    entries = [entry(number, *one) for number, one in enumerate(entered)]
    splits = tuple(
        TradeSplit(split_id=IDS[30 + number], new=D(new), old=D(old), at=DAY + timedelta(minutes=minute))
        for number, (new, old, minute) in enumerate(split)
    )
    trade = with_entries(bare(lot_method=method, splits=splits), entries)
    for number, (minute, price, cost) in enumerate(sorted(exited, key=lambda one: one[0])):
        left = until(trade, minute).remaining_quantity
        is_last = whole and number == len(exited) - 1
        part = left if is_last else money.floored(left, D(3))
        if part:
            trade = with_entries(
                trade, entries, closes=(*trade.closes, close(10 + number, minute, part, price, cost)), splits=splits
            )
    assert_adds_up(trade)


def until(trade: Trade, minute: int) -> Trade:
    """The trade with the splits up to that minute alone."""
    splits = tuple(split for split in trade.splits if split.at <= DAY + timedelta(minutes=minute))
    return with_entries(trade, trade.entered, splits=splits)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(Side), amounts, amounts, costs), min_size=1, max_size=12),
    st.sampled_from(LotMethod),
)
def test_the_matches_of_trades_of_the_ledger_add_up(fills: Sequence[Any], method: LotMethod) -> None:
    executions = [
        RecordedExecution(
            user_id="dana",
            execution_id=IDS[number],
            symbol="AAPL",
            instrument=Instrument(multiplier=D("2.5")),
            side=side,
            quantity=quantity,
            price=price,
            executed_at=DAY + timedelta(minutes=number),
            commission=cost,
            opens=str(uuid5(SPACE, f"opens {number}")),
            created_at=DAY,
            updated_at=DAY,
        )
        for number, (side, quantity, price, cost) in enumerate(fills)
    ]
    made = regrouped({}, executions, groups_of(executions), {}, user_id="dana", lot_method=method, now=DAY)
    for trade, _ in made.changed:
        assert_adds_up(trade)

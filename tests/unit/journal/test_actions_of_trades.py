"""Trades of executions with corporate actions between them: their figures are the engine's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.journal import money
from handlers.journal.errors import ActionImpossible
from handlers.journal.executions import ActionType, CorporateAction, Instrument, RecordedExecution
from handlers.journal.ledger import SettledTrade, position_after, settle_all
from handlers.journal.positions import LotMethod, Side
from handlers.journal.regrouping import groups_of, overclosing, regrouped
from handlers.journal.trade import Trade

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)
SPACE = UUID(int=11)


def execution(number: int, side: Side, quantity: Decimal, price: Decimal, minute: int, **others: Any) -> Any:
    execution_id = str(uuid5(SPACE, str(number)))
    return RecordedExecution(
        user_id="dana",
        execution_id=execution_id,
        symbol="AAPL",
        instrument=Instrument(multiplier=D("2.5")),
        side=side,
        quantity=quantity,
        price=price,
        executed_at=DAY + timedelta(minutes=minute),
        sequence=number,
        commission=D("0.07"),
        opens=str(uuid5(UUID(execution_id), "trade")),
        created_at=DAY,
        updated_at=DAY,
        **others,
    )


def action(type_: ActionType, minute: int, number: int = 0, **fields: Any) -> CorporateAction:
    return CorporateAction(
        action_id=str(uuid5(SPACE, f"action {number}")),
        type=type_,
        symbol="AAPL",
        effective_at=DAY + timedelta(minutes=minute),
        **fields,
    )


def trades_of(
    executions: Sequence[RecordedExecution], actions: Sequence[CorporateAction], method: LotMethod
) -> list[Trade]:
    groups = groups_of(executions, (), actions)
    made = regrouped({}, executions, groups, {}, user_id="dana", lot_method=method, now=DAY)
    by_id = {trade.trade_id: trade for trade, _ in made.changed}
    return [by_id[group.trade_id] for group in groups]


def figures(of: Trade | SettledTrade) -> Any:
    trip = of.trip
    return (
        of.symbol,
        trip.side,
        trip.quantity,
        trip.open_quantity,
        trip.max_quantity,
        trip.entry_price,
        trip.exit_price,
        trip.open_cost,
        trip.open_costs,
        [(one.quantity, one.cost, one.costs) for one in trip.lots],
        [(one.quantity, one.gross, one.entry_costs, one.exit_costs, one.open_quantity) for one in trip.exits],
        set(of.warnings),
    )


FIELDS: dict[ActionType, list[dict[str, Any]]] = {
    ActionType.SPLIT: [{"new": D(4), "old": D(1)}, {"new": D(1), "old": D(3)}, {"new": D(3), "old": D(7)}],
    ActionType.SHARE_DIVIDEND: [{"quantity": D("0.75")}, {"quantity": D(2)}],
    ActionType.RENAME: [{"new_symbol": "NEW"}],
    ActionType.MERGER_CASH: [{"cash_per_share": D(12)}, {"cash_per_share": D(0)}],
}
fills = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 6), st.integers(1, 40), st.integers(0, 9)), min_size=1, max_size=10
)
acts = st.lists(
    st.sampled_from(list(FIELDS)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.sampled_from(FIELDS[kind]), st.integers(0, 10))
    ),
    max_size=4,
)


@settings(max_examples=400)
@given(fills, acts, st.sampled_from(LotMethod), st.lists(st.booleans(), min_size=10, max_size=10))
def test_the_figures_of_trades_are_the_engines(
    rows: list[Any], given_: list[Any], method: LotMethod, others: list[bool]
) -> None:
    executions = [
        replace(execution(number, side, D(quantity), D(price), minute), symbol="NEW" if others[number] else "AAPL")
        for number, (side, quantity, price, minute) in enumerate(sorted(rows, key=lambda row: row[-1]))
    ]
    actions = [action(kind, minute, number, **fields) for number, (kind, fields, minute) in enumerate(given_)]
    try:
        trades = trades_of(executions, actions, method)
    except ActionImpossible:  # both symbols are open: the engine unites them, and a trade does not
        assume(False)
    settled = settle_all(executions, actions, method).trades
    engines = {trade.trip.openings[0].fill_id: trade for trade in settled}
    opened = {one.opens: one.execution_id for one in executions}
    assert len(trades) == len(settled)
    assert all(figures(trade) == figures(engines[opened[trade.trade_id]]) for trade in trades)
    # What the next execution would find open is what the engine says, at mean cost.
    for symbol in ("AAPL", "NEW"):
        last = position_after(symbol, executions, actions, D("2.5"))
        are_open = (trade for trade in settle_all(executions, actions).trades if not trade.trip.is_flat)
        found = [trade.trip for trade in are_open if trade.symbol == symbol]
        assert (last.open_quantity, last.side) == ((found[0].open_quantity, found[0].side) if found else (0, None))
        if found:
            assert last.trips()[-1].open_cost == found[0].open_cost
    # Money is conserved: what is realized and what is open is what the cash says.
    for trade in trades:
        sign, engine = 1 if trade.side is Side.BUY else -1, engines[opened[trade.trade_id]]
        open_ = money.product(D(sign), trade.trip.open_cost)
        cash = money.rounded(engine.cash) if trade.trip.is_flat else engine.cash
        assert money.minus(trade.trip.gross, open_) == cash


def test_a_split_stands_in_the_trade_and_moves_its_stops_once() -> None:
    executions = [execution(0, Side.BUY, D(10), D(400), 0)]
    split = action(ActionType.SPLIT, 5, new=D(3), old=D(1))
    [plain] = trades_of(executions, [], LotMethod.FIFO)
    noted = replace(plain, stop_loss=D("380.5"), take_profit=D(500), initial_stop_loss=D("380.5"))
    groups = groups_of(executions, (), [split])

    def again(trade: Trade, actions: Sequence[CorporateAction]) -> Trade:
        made = regrouped(
            {trade.trade_id: [executions[0].execution_id]},
            executions,
            groups_of(executions, (), actions),
            {trade.trade_id: trade},
            user_id="dana",
            lot_method=LotMethod.FIFO,
            now=DAY,
        )
        return made.changed[0][0] if made.changed else trade

    after = again(noted, [split])
    assert [one.split_id for one in after.splits] == [split.action_id]
    assert after.stop_loss == D("126.833333333333333333")
    assert again(after, [split]) is after
    assert replace(again(after, []), version=1) == replace(noted, version=1)
    assert groups[0].open_quantity == D(30)


def path_of(error: ActionImpossible) -> Any:
    return None if error.error is None else error.error.path


def test_an_action_that_leaves_nothing_is_named_and_may_be_passed_by() -> None:
    executions = [execution(0, Side.BUY, D("0.000000000000000001"), D(400), 0)]
    split = action(ActionType.SPLIT, 5, new=D(1), old=D(3))
    with pytest.raises(ActionImpossible) as refused:
        groups_of(executions, (), [split])
    assert (refused.value.action_id, path_of(refused.value)) == (split.action_id, ("new",))
    assert overclosing(executions, [split]) == {split.action_id}
    [group] = groups_of(executions, {split.action_id}, [split])
    assert (group.splits, group.open_quantity) == ((), executions[0].quantity)
    huge = [execution(0, Side.BUY, D(999_999_999_999_999), D(1), 0)]
    more = action(ActionType.SHARE_DIVIDEND, 5, quantity=D(9))
    with pytest.raises(ActionImpossible) as refused:
        groups_of(huge, (), [more])
    assert path_of(refused.value) == ("quantity",)
    assert position_after("AAPL", executions, [split], D(1)).open_quantity == executions[0].quantity


def test_fills_are_not_shown_as_one_across_a_split() -> None:
    executions = [execution(number, Side.BUY, D(1), D(10), number, order_id="one") for number in range(300)]
    split = action(ActionType.SPLIT, 150, new=D(2), old=D(1))
    [group] = groups_of(executions, (), [split])
    assert len(group.entries) <= 201
    assert group.open_quantity == D(450)
    [trade] = trades_of(executions, [split], LotMethod.AVERAGE)
    assert (trade.quantity, trade.trip.open_cost) == (D(450), D(7500))


def test_what_is_open_follows_from_executions_that_are_resolved_alone() -> None:
    unresolved = replace(execution(0, Side.BUY, D(1), D(1), 0), quantity=None)
    with pytest.raises(ValueError, match="are known"):
        position_after("AAPL", [unresolved], [], D(1))

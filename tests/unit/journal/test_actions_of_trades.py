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
from handlers.journal.errors import ActionImpossible, RuleBroken
from handlers.journal.executions import (
    ActionType,
    CorporateAction,
    Instrument,
    RecordedExecution,
    in_order,
)
from handlers.journal.ledger import SettledTrade, settle_all
from handlers.journal.positions import LotMethod, Side
from handlers.journal.regrouping import (
    groups_of,
    impossible_ids,
    made_id,
    methods_of,
    open_after,
    regrouped,
    walked,
)
from handlers.journal.trade import Trade, part_id

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
    return settled(executions, actions, method)[0]


def settled(
    executions: Sequence[RecordedExecution], actions: Sequence[CorporateAction], method: LotMethod
) -> tuple[list[Trade], list[RecordedExecution]]:
    """The trades, and the executions that the actions make."""
    methods = methods_of({}, groups_of(executions, (), actions), {}, method)
    groups, made = walked(executions, (), actions, methods)
    result = regrouped({}, [*executions, *made], groups, {}, user_id="dana", lot_method=method, now=DAY)
    by_id = {trade.trade_id: trade for trade, _ in result.changed}
    return [by_id[group.trade_id] for group in groups], made


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
        [each.beyond for each in trip.received if each.beyond],
        set(of.warnings),
    )


FIELDS: dict[ActionType, list[dict[str, Any]]] = {
    ActionType.SPLIT: [{"new": D(4), "old": D(1)}, {"new": D(1), "old": D(3)}, {"new": D(3), "old": D(7)}],
    ActionType.SHARE_DIVIDEND: [{"quantity": D("0.75")}, {"quantity": D(2)}],
    ActionType.RENAME: [{"new_symbol": "NEW"}],
    ActionType.MERGER_CASH: [{"cash_per_share": D(12)}, {"cash_per_share": D(0)}],
    ActionType.MERGER_SHARES: [
        {"new_symbol": "NEW", "new": D(1), "old": D(2)},
        {"new_symbol": "NEW", "new": D("0.3"), "old": D(1), "cash_per_share": D(7)},
        {"new_symbol": "KID", "new": D(1), "old": D(1), "cash_per_share": D(30)},
    ],
    ActionType.SPINOFF: [
        {"new_symbol": "KID", "new": D(1), "old": D(3), "cost_share": D("0.2")},
        {"new_symbol": "KID", "new": D(2), "old": D(1), "cost_share": D("0.333")},
        {"new_symbol": "NEW", "new": D(1), "old": D(7), "cost_share": D(1)},
    ],
}
SYMBOLS = ["AAPL", "AAPL", "NEW", "KID"]
fills = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 6), st.integers(1, 40), st.integers(0, 9)), min_size=1, max_size=10
)
acts = st.lists(
    st.sampled_from(list(FIELDS)).flatmap(
        lambda kind: st.tuples(
            st.just(kind), st.sampled_from(FIELDS[kind]), st.integers(0, 10), st.sampled_from(SYMBOLS)
        )
    ),
    max_size=4,
)


@settings(max_examples=1000)
@given(fills, acts, st.sampled_from(LotMethod), st.lists(st.sampled_from(SYMBOLS), min_size=10, max_size=10))
def test_the_figures_of_trades_are_the_engines(
    rows: list[Any], given_: list[Any], method: LotMethod, symbols: list[str]
) -> None:
    executions = [
        replace(execution(number, side, D(quantity), D(price), minute), symbol=symbols[number])
        for number, (side, quantity, price, minute) in enumerate(sorted(rows, key=lambda row: row[-1]))
    ]
    actions = [
        replace(action(kind, minute, number, **fields), symbol=symbol, sequence=number)
        for number, (kind, fields, minute, symbol) in enumerate(given_)
        if fields.get("new_symbol") != symbol
    ]
    try:
        trades, made = settled(executions, actions, method)
    except ActionImpossible:  # both symbols are open: the engine unites them, and a trade does not
        assume(False)
    whole = settle_all(executions, actions, method)
    engines = {trade.trip.openings[0].fill_id.split(":")[0]: trade for trade in whole.trades}
    opened = {one.opens: one.execution_id for one in executions} | {one.opens: one.linked_to for one in made}
    found = {trade.trade_id: engines[opened[trade.trade_id] or ""] for trade in trades}
    assert len(trades) == len(whole.trades) == len({id(engine) for engine in found.values()})
    assert all(figures(trade) == figures(found[trade.trade_id]) for trade in trades)
    # What an action made is what it is known as the next time, and changes nothing.
    again, known = walked(
        in_order([*executions, *made]), (), actions, methods_of({}, groups_of(executions, (), actions), {}, method)
    )
    assert known == made
    assert [group.trade_id for group in again] == [trade.trade_id for trade in trades]
    # What the next execution would find open is what the engine says, at mean cost.
    for symbol in set(SYMBOLS):
        last = open_after(symbol, in_order([*executions, *made]), actions)
        are_open = (trade for trade in settle_all(executions, actions).trades if not trade.trip.is_flat)
        trips = [trade.trip for trade in are_open if trade.symbol == symbol]
        found_open = [] if last is None else [(last.open_quantity, last.side, last.trips()[-1].open_cost)]
        assert found_open == [(trip.open_quantity, trip.side, trip.open_cost) for trip in trips]
    # Money is conserved: what is realized and what is open is what the cash says.
    kept = costs = D(0)
    for trade in trades:
        sign, engine = 1 if trade.side is Side.BUY else -1, found[trade.trade_id]
        open_ = money.product(D(sign), trade.trip.open_cost)
        cash = money.rounded(engine.cash) if trade.trip.is_flat else engine.cash
        before_costs = money.minus(trade.trip.gross, open_)
        assert before_costs == cash
        net = money.total((trade.realized_partial_pnl, -open_, -trade.trip.open_costs))
        own = money.total((trade.commission, trade.fees, *(close.costs for close in trade.closes)))
        assert net == money.minus(before_costs, own)
        kept, costs = money.total((kept, engine.cash)), money.total((costs, own))
    assert costs == money.total(one.costs or D(0) for one in executions)
    assert kept == cash_of(executions, trades, actions)


def cash_of(
    executions: Sequence[RecordedExecution], trades: Sequence[Trade], actions: Sequence[CorporateAction]
) -> Decimal:
    """What the executions brought, with what companies paid: for the units that each action found open."""
    signed = {Side.BUY: D(-1), Side.SELL: D(1)}
    parts = [money.product(signed[one.side], one.quantity, one.price, D("2.5")) for one in executions]
    of_mergers = {one.action_id: one for one in actions if one.cash_per_share}
    for trade in trades:
        parts += [received.amount for received in trade.trip.received]
        parts += [
            money.product(signed[trade.side.opposite], close.quantity, close.price, D("2.5"))
            for close in trade.closes
            for one in of_mergers.values()
            if one.type is ActionType.MERGER_CASH and close.close_id == part_id(trade.trade_id, one.action_id)
        ]
    return money.total(parts)


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
    assert impossible_ids(executions, [split]) == {split.action_id}
    [group] = groups_of(executions, {split.action_id}, [split])
    assert (group.splits, group.open_quantity) == ((), executions[0].quantity)
    huge = [execution(0, Side.BUY, D(999_999_999_999_999), D(1), 0)]
    more = action(ActionType.SHARE_DIVIDEND, 5, quantity=D(9))
    with pytest.raises(ActionImpossible) as refused:
        groups_of(huge, (), [more])
    assert path_of(refused.value) == ("quantity",)
    position = open_after("AAPL", executions, [split])
    assert position is not None
    assert position.open_quantity == executions[0].quantity


def test_fills_are_not_shown_as_one_across_a_split() -> None:
    executions = [execution(number, Side.BUY, D(1), D(10), number, order_id="one") for number in range(300)]
    split = action(ActionType.SPLIT, 150, new=D(2), old=D(1))
    [group] = groups_of(executions, (), [split])
    assert len(group.entries) <= 201
    assert group.open_quantity == D(450)
    [trade] = trades_of(executions, [split], LotMethod.AVERAGE)
    assert (trade.quantity, trade.trip.open_cost) == (D(450), D(7500))


@pytest.mark.parametrize("method", LotMethod)
def test_money_is_conserved_where_fills_are_shown_as_one(method: LotMethod) -> None:
    # 500 entries and 250 closes before a spin-off, of which 200 each are shown; more follow in both symbols.
    rows = [execution(n, Side.SELL if n % 3 == 2 else Side.BUY, D(n % 5 + 1), D(n % 7 + 9), n) for n in range(750)]
    rows[0] = replace(rows[0], quantity=D(2_000))
    last = [replace(execution(750 + n, Side.SELL, D(1), D(8), 900 + n), symbol="KID") for n in range(5)]
    spin = action(ActionType.SPINOFF, 800, new_symbol="KID", new=D(1), old=D(3), cost_share=D("0.37"))
    trades, [made] = settled([*rows, *last], [spin], method)
    parent, child = (next(trade for trade in trades if trade.symbol == symbol) for symbol in ("AAPL", "KID"))
    assert "FILLS_MERGED" in parent.warnings
    assert len(child.entries) <= 200
    assert made.quantity == child.quantity == sum((entry.quantity for entry in child.entries), D(0))
    moved = money.total(entry.money for entry in child.entries if entry.money is not None)
    assert parent.splits[0].money == money.rounded(moved)
    assert parent.splits[0].commission == child.commission == made.commission
    paid = money.total(
        money.product(D(1 if one.side is Side.SELL else -1), one.quantity, one.price, D("2.5"))
        for one in (*rows, *last)
    )
    before_costs = money.total(money.minus(trade.trip.gross, trade.trip.open_cost) for trade in trades)
    assert money.rounded(before_costs) == money.rounded(paid)


def test_what_is_too_little_for_a_lot_goes_along_with_another() -> None:
    tiny = D("0.000000000000000001")
    executions = [execution(0, Side.BUY, tiny, D(4), 0), execution(1, Side.BUY, D(6), D(10), 1)]
    executions += [execution(2, Side.BUY, tiny, D(8), 2)]
    spin = action(ActionType.SPINOFF, 5, new_symbol="KID", new=D(1), old=D(3), cost_share=D("0.5"))
    [parent, child], _ = settled(executions, [spin], LotMethod.FIFO)
    assert [entry.quantity for entry in child.entries] == [D(2)]
    assert child.entries[0].money == parent.splits[0].money == D(75)


def test_a_split_after_a_spin_off_of_the_same_instant_counts_for_what_came_in() -> None:
    executions = [execution(0, Side.BUY, D(8), D(10), 0)]
    spin = action(ActionType.SPINOFF, 5, new_symbol="KID", new=D(1), old=D(4), cost_share=D("0.2"))
    split = replace(action(ActionType.SPLIT, 5, 1, new=D(3), old=D(1)), symbol="KID", sequence=1)
    [parent, child], _ = settled(executions, [spin, split], LotMethod.FIFO)
    assert (parent.quantity, child.quantity, child.trip.open_cost) == (D(8), D(6), D(40))
    short = replace(execution(1, Side.SELL, D(10), D(10), 1), symbol="KID")
    closed_in_part, _ = settled([*executions, short], [spin, split], LotMethod.FIFO)
    assert closed_in_part[1].trip.open_quantity == D(24)  # 10 less 2, times 3


def test_a_rename_to_a_symbol_that_is_open_is_refused_or_passed_by() -> None:
    executions = [
        execution(0, Side.BUY, D(8), D(10), 0),
        replace(execution(1, Side.BUY, D(1), D(10), 1), symbol="KID"),
    ]
    renamed = action(ActionType.RENAME, 5, new_symbol="KID")
    with pytest.raises(ActionImpossible, match="one of them has to be flat"):
        walked(executions, (), [renamed])
    groups, made = walked(executions, {renamed.action_id}, [renamed])
    assert ([(group.symbol, group.open_quantity) for group in groups], made) == ([("AAPL", D(8)), ("KID", D(1))], [])


def test_a_target_without_a_stop_is_converted_by_a_split() -> None:
    executions = [execution(0, Side.BUY, D(8), D(10), 0)]
    [trade] = trades_of(executions, [], LotMethod.FIFO)
    aimed = {trade.trade_id: replace(trade, take_profit=D(12))}
    groups = groups_of(executions, (), [action(ActionType.SPLIT, 5, new=D(4), old=D(1))])
    former = {trade.trade_id: [executions[0].execution_id]}
    result = regrouped(former, executions, groups, aimed, user_id="dana", lot_method=LotMethod.FIFO, now=DAY)
    assert [(new.take_profit, new.stop_loss) for new, _ in result.changed] == [(D(3), None)]


def test_each_position_has_an_execution_of_its_own_of_an_action() -> None:
    of = execution(0, Side.BUY, D(8), D(10), 0)
    others = [of, replace(of, account_id="second"), replace(of, pair_id="1"), replace(of, pair_id="2")]
    action_id = action(ActionType.SPINOFF, 0).action_id
    assert len({made_id(action_id, one) for one in others}) == 4


def test_an_execution_that_an_action_makes_is_as_old_as_the_trade_and_has_its_share_of_both_costs() -> None:
    executions = [
        replace(execution(0, Side.BUY, D(8), D(10), 0), commission=D(3), fees=D(1)),
        replace(execution(1, Side.BUY, D(8), D(10), 1), commission=D(0), fees=D(4), created_at=DAY + timedelta(1)),
    ]
    split = action(ActionType.SPLIT, 3, new=D(2), old=D(1))
    spin = action(ActionType.SPINOFF, 5, 1, new_symbol="KID", new=D(1), old=D(4), cost_share=D("0.5"))
    [parent, child], [made] = settled(executions, [split, spin], LotMethod.AVERAGE)
    assert made.created_at == DAY
    assert (made.commission, made.fees) == (D("1.5"), D("2.5"))
    assert (child.commission, child.fees) == (D("1.5"), D("2.5"))
    assert (parent.commission, parent.fees) == (D("1.5"), D("2.5"))
    free = [replace(one, commission=D(0), fees=D(0)) for one in executions]
    _, [made] = settled(free, [spin], LotMethod.AVERAGE)
    assert (made.commission, made.fees) == (D(0), D(0))


def test_an_action_takes_its_trade_from_no_execution() -> None:
    executions = [execution(0, Side.BUY, D(8), D(10), 0)]
    spin = action(ActionType.SPINOFF, 5, new_symbol="KID", new=D(1), old=D(4), cost_share=D("0.2"))
    _, [first] = settled(executions, [spin], LotMethod.FIFO)
    taken = [*executions, replace(execution(1, Side.BUY, D(1), D(10), 1), symbol="OTHER", opens=first.opens)]
    _, [second] = settled(taken, [spin], LotMethod.FIFO)
    assert second.execution_id == first.execution_id
    assert second.opens != first.opens


@pytest.mark.parametrize(
    "instrument",
    [Instrument(multiplier=D("2.5"), currency="EUR"), Instrument(multiplier=D(2)), Instrument(multiplier=D(3))],
)
def test_a_new_symbol_in_another_currency_or_multiplier_is_refused_or_passed_by(instrument: Instrument) -> None:
    other = replace(execution(1, Side.BUY, D(1), D(1), 1), symbol="KID", instrument=instrument)
    executions = [execution(0, Side.BUY, D(8), D(10), 0), other]
    spin = action(ActionType.SPINOFF, 5, new_symbol="KID", new=D(1), old=D(4), cost_share=D("0.2"))
    with pytest.raises(ActionImpossible) as refused:
        walked(executions, (), [spin])
    assert refused.value.error is None
    groups, made = walked(executions, {spin.action_id}, [spin])
    assert ([group.open_quantity for group in groups], made) == ([D(8), D(1)], [])


@pytest.mark.parametrize(
    ("kind", "fields", "path"),
    [
        (ActionType.SPINOFF, {"new": D("0.000000000000000001"), "old": D(1), "cost_share": D(1)}, "new"),
        (ActionType.SPINOFF, {"new": D("1E14"), "old": D("1E-2"), "cost_share": D(1)}, "new"),
        (ActionType.MERGER_SHARES, {"new": D(1), "old": D(1), "cash_per_share": D("9E14")}, "cash_per_share"),
    ],
)
@pytest.mark.parametrize("is_held", [True, False])
def test_what_is_too_long_is_refused_or_passed_by(
    kind: ActionType, fields: dict[str, Any], path: str, is_held: bool
) -> None:
    executions = [execution(0, Side.BUY, D(8), D(10), 0)]
    if is_held:
        executions.append(replace(execution(1, Side.BUY, D(1), D(10), 1), symbol="KID"))
    given_ = action(kind, 5, new_symbol="KID", **fields)
    with pytest.raises(ActionImpossible) as refused:
        walked(executions, (), [given_])
    assert path_of(refused.value) == (path,)
    with pytest.raises(RuleBroken) as broken:
        settle_all(executions, [given_])
    assert [one.path for one in broken.value.errors] == [("actions", given_.action_id, path)]
    # What is passed by has changed nothing that a later action takes along.
    later = replace(action(ActionType.SPINOFF, 6, 1, new_symbol="BOY", new=D(1), old=D(1)), cost_share=D("0.5"))
    _, [made] = walked(executions, {given_.action_id}, [given_, later])
    assert (made.symbol, made.price) == ("BOY", D(5))
    position = open_after("AAPL", executions, [given_])
    assert position is not None
    assert position.trips()[0].open_cost == D(200)

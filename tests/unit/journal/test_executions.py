"""What an execution and a corporate action may say, what their costs are worth, and in which order they are taken."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from handlers.faults import FieldCode
from handlers.journal.executions import (
    ActionType,
    CorporateAction,
    CostDetail,
    Execution,
    ExecutionKind,
    Instrument,
    InstrumentKind,
    PositionEffect,
    RecordedAction,
    RecordedExecution,
    Right,
    action_errors,
    execution_errors,
    in_order,
    in_turn,
    share_fill,
)
from handlers.journal.positions import Side

D = Decimal
AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
DOLLARS = Instrument(kind=InstrumentKind.STOCK, currency="USD")

CLOSES_ONLY = {"EXPIRY", "ASSIGNMENT", "EXERCISE", "CASH_SETTLEMENT", "TRANSFER_OUT", "DUST", "FEE_IN_KIND"}
NEEDS_NO_PRICE = (CLOSES_ONLY - {"CASH_SETTLEMENT"}) | {"TRANSFER_IN", "OPENING"}
TAKES_ALL_THAT_IS_OPEN = {"EXPIRY", "CASH_SETTLEMENT", "DUST"}


def fill(**given: Any) -> Execution:
    values: dict[str, Any] = {
        "execution_id": "e",
        "symbol": "M",
        "instrument": DOLLARS,
        "side": Side.BUY,
        "quantity": D(2),
        "price": D(10),
        "executed_at": AT,
        **given,
    }
    return Execution(**values)


def action(kind: ActionType, **given: Any) -> CorporateAction:
    return CorporateAction(action_id=given.pop("action_id", "a"), type=kind, symbol="M", effective_at=AT, **given)


def found(errors: list[Any]) -> list[tuple[str, FieldCode]]:
    return [(".".join(map(str, error.path)), error.fault.code) for error in errors]


@pytest.mark.parametrize("effect", PositionEffect)
@pytest.mark.parametrize("kind", ExecutionKind)
def test_a_fill_may_only_close_if_its_kind_does_or_if_it_says_so(kind: ExecutionKind, effect: PositionEffect) -> None:
    one = fill(kind=kind, position_effect=effect)
    assert one.may_only_close is (kind in CLOSES_ONLY or effect is PositionEffect.CLOSE)


@pytest.mark.parametrize("kind", ExecutionKind)
def test_a_kind_says_what_may_be_left_out(kind: ExecutionKind) -> None:
    bare = fill(kind=kind, side=None, quantity=None, price=None)
    required = [("side", CLOSES_ONLY), ("quantity", TAKES_ALL_THAT_IS_OPEN), ("price", NEEDS_NO_PRICE)]
    assert found(execution_errors(bare)) == [
        (name, FieldCode.REQUIRED) for name, kinds in required if kind not in kinds
    ]


@pytest.mark.parametrize("kind", ExecutionKind)
def test_an_option_that_ends_and_a_fee_in_kind_have_no_price(kind: ExecutionKind) -> None:
    worthless = kind in {"EXPIRY", "ASSIGNMENT", "EXERCISE", "FEE_IN_KIND"}
    assert execution_errors(fill(kind=kind, price=D(0))) == []
    for price in ("-1", "1"):
        errors = execution_errors(fill(kind=kind, price=D(price)))
        assert found(errors) == ([("price", FieldCode.NOT_FOR_KIND)] if worthless else [])


@pytest.mark.parametrize(
    ("parts", "fits"), [(["3", "1"], True), (["5", "-1"], True), (["3"], False), (["5"], False), (["4", "0.01"], False)]
)
def test_parts_of_the_costs_add_up_to_commission_and_fees(parts: list[str], fits: bool) -> None:
    details = tuple(CostDetail(kind="OTHER", amount=D(part)) for part in parts)
    errors = execution_errors(fill(commission=D(3), fees=D(1), cost_details=details))
    assert found(errors) == ([] if fits else [("cost_details", FieldCode.COSTS_DIFFER)])


@pytest.mark.parametrize("price", [None, "2"])
@pytest.mark.parametrize("currency", [None, "USD", "BNB", "XRP"])
@pytest.mark.parametrize(("commission", "fees"), [("3", "1"), ("-3", "-1"), ("-3", "1"), ("3", "-3"), ("0", "0")])
def test_costs_in_another_currency_count_at_their_price_and_are_unknown_without_one(
    commission: str, fees: str, currency: str | None, price: str | None
) -> None:
    one = fill(
        commission=D(commission), fees=D(fees), fee_currency=currency, fee_price=None if price is None else D(price)
    )
    paid = D(commission) + D(fees)
    if currency in (None, "USD"):
        assert (one.costs, one.priced(D(commission))) == (paid, D(commission))
    elif price is None:
        assert (one.costs, one.priced(D(commission))) == (None if paid else D(0), D(0))
    else:
        assert (one.costs, one.priced(D(commission))) == (2 * paid, 2 * D(commission))


def test_fills_of_one_instant_are_taken_by_their_sequence_which_is_0_without_one() -> None:
    fills = [fill(execution_id=name, sequence=number) for name, number in (("z", -1), ("y", 0), ("w", 1))]
    assert [one.execution_id for one in in_order([*reversed(fills), fill(execution_id="x")])] == ["z", "x", "y", "w"]
    actions = [action(ActionType.RENAME, action_id=name, sequence=n) for name, n in (("z", -1), ("y", 0), ("w", 1))]
    actions.append(action(ActionType.RENAME, action_id="x"))
    assert [one.action_id for one in sorted(actions, key=in_turn)] == ["z", "x", "y", "w"]


def test_what_is_recorded_begins_at_version_one() -> None:
    kept: dict[str, Any] = {"user_id": "dana", "created_at": AT, "updated_at": AT}
    one = fill()
    recorded = RecordedExecution(
        execution_id="e",
        symbol="M",
        instrument=DOLLARS,
        side=Side.BUY,
        quantity=one.quantity or D(0),
        price=one.price or D(0),
        executed_at=AT,
        opens="t",
        **kept,
    )
    renamed = RecordedAction(action_id="a", type=ActionType.RENAME, symbol="M", effective_at=AT, new_symbol="N", **kept)
    assert (recorded.version, recorded.trade_ids, recorded.basis_unknown) == (1, (), False)
    assert renamed.version == 1


@pytest.mark.parametrize("kind", InstrumentKind)
def test_an_option_delivers_one_future_or_as_many_shares_as_it_stands_for(kind: InstrumentKind) -> None:
    option = Instrument(kind=kind, multiplier=D(50), currency="USD", underlying="ES", strike=D(4000), right=Right.CALL)
    made = share_fill(fill(instrument=option, kind=ExecutionKind.EXERCISE), "made")
    on_future = kind is InstrumentKind.FUTURE_OPTION
    assert made.quantity == (D(2) if on_future else D(100))
    assert made.instrument == Instrument(
        kind=InstrumentKind.FUTURE if on_future else InstrumentKind.STOCK,
        multiplier=D(50) if on_future else D(1),
        currency="USD",
    )


OF_ACTIONS: dict[str, Any] = {
    "new": D(2),
    "old": D(1),
    "new_symbol": "N",
    "cash_per_share": D(3),
    "cost_share": D("0.5"),
    "quantity": D(4),
}
NEEDED = {
    ActionType.SPLIT: {"new", "old"},
    ActionType.RENAME: {"new_symbol"},
    ActionType.MERGER_CASH: {"cash_per_share"},
    ActionType.MERGER_SHARES: {"new_symbol", "new", "old"},
    ActionType.SPINOFF: {"new_symbol", "new", "old", "cost_share"},
    ActionType.SHARE_DIVIDEND: {"quantity"},
}


def whole(kind: ActionType, **given: Any) -> CorporateAction:
    """An action with all that its type needs."""
    return action(kind, **{name: value for name, value in OF_ACTIONS.items() if name in NEEDED[kind]} | given)


@pytest.mark.parametrize("kind", ActionType)
def test_an_action_has_what_its_type_needs_and_may_have(kind: ActionType) -> None:
    assert action_errors(whole(kind)) == []
    for name, value in OF_ACTIONS.items():
        without, having = (whole(kind, **{name: given}) for given in (None, value))
        needed = name in NEEDED[kind]
        allowed = needed or (kind, name) == (ActionType.MERGER_SHARES, "cash_per_share")
        assert found(action_errors(without)) == ([(name, FieldCode.REQUIRED)] if needed else [])
        assert found(action_errors(having)) == ([] if allowed else [(name, FieldCode.NOT_FOR_KIND)])


@pytest.mark.parametrize(("new", "old", "same"), [("2", "1", False), ("1", "10", False), ("3", "3.0", True)])
def test_a_split_changes_the_units(new: str, old: str, same: bool) -> None:
    errors = action_errors(whole(ActionType.SPLIT, new=D(new), old=D(old)))
    assert found(errors) == ([("new", FieldCode.SAME_AS)] if same else [])
    assert action_errors(whole(ActionType.MERGER_SHARES, new=D(new), old=D(old))) == []


@pytest.mark.parametrize(("symbol", "same"), [("A", False), ("Z", False), ("M", True), ("m", True)])
def test_a_new_symbol_is_another_one_whatever_its_case(symbol: str, same: bool) -> None:
    errors = action_errors(whole(ActionType.RENAME, new_symbol=symbol))
    assert found(errors) == ([("new_symbol", FieldCode.SAME_AS)] if same else [])


@pytest.mark.parametrize(
    ("share", "fits"), [("-0.01", False), ("0.0", True), ("0.5", True), ("1.0", True), ("1.01", False)]
)
def test_a_spin_off_takes_from_nothing_to_all_of_the_cost_along(share: str, fits: bool) -> None:
    errors = action_errors(whole(ActionType.SPINOFF, cost_share=D(share)))
    assert found(errors) == ([] if fits else [("cost_share", FieldCode.OUT_OF_RANGE)])
    assert [error.fault.params for error in errors] == ([] if fits else [{"minimum": 0, "maximum": 1}])


@pytest.mark.parametrize(("cash", "fits"), [("-0.01", False), ("0.0", True), ("0.01", True)])
def test_a_merger_takes_no_cash(cash: str, fits: bool) -> None:
    for kind in (ActionType.MERGER_CASH, ActionType.MERGER_SHARES):
        errors = action_errors(whole(kind, cash_per_share=D(cash)))
        assert found(errors) == ([] if fits else [("cash_per_share", FieldCode.NEGATIVE)])

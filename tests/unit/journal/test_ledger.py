"""Executions and corporate actions become trades: reference cases by kind, and properties of any sequence."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.journal.errors import PositionTooSmall, RuleBroken
from handlers.journal.executions import (
    ActionType,
    CorporateAction,
    CostDetail,
    Execution,
    ExecutionKind,
    Instrument,
    InstrumentKind,
    PositionEffect,
    Right,
    action_errors,
    execution_errors,
    instrument_errors,
    share_fill,
    share_fill_errors,
    without_costs,
)
from handlers.journal.ledger import SettledTrade, Settlement, open_positions, settle_all
from handlers.journal.money import canonical
from handlers.journal.positions import LotMethod, Side

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)
AVERAGE, FIFO, LIFO = LotMethod
CASES: dict[str, Any] = json.loads((Path(__file__).parent / "ledger_cases.json").read_text())
STOCK = Instrument(kind=InstrumentKind.STOCK)
OPTION = Instrument(kind=InstrumentKind.OPTION, multiplier=D(100))


def executions_of(text: str, instrument: Instrument = STOCK, symbol: str = "X", **others: Any) -> list[Execution]:
    """Executions, one a minute, of "id KIND-or-SIDE quantity @ price (costs)"; `-` for what is left out."""
    made = []
    for minute, line in enumerate(text.strip().splitlines()):
        name, what, quantity, _, price, *costs = line.split()
        kind, _, side = what.rpartition(":")
        made.append(
            Execution(
                execution_id=name,
                symbol=symbol,
                instrument=instrument,
                side=None if side == "-" else Side(side),
                kind=ExecutionKind(kind or "TRADE"),
                quantity=None if quantity == "-" else D(quantity),
                price=None if price == "-" else D(price),
                executed_at=DAY + timedelta(minutes=minute),
                commission=D(costs[0].strip("()")) if costs else D(0),
                **others,
            )
        )
    return made


def action(kind: ActionType, minute: float, symbol: str = "X", **given: Any) -> CorporateAction:
    return CorporateAction(
        action_id=f"{kind.lower()}{minute}",
        type=kind,
        symbol=symbol,
        effective_at=DAY + timedelta(minutes=minute),
        **given,
    )


def nets(settlement: Settlement) -> list[str]:
    return [canonical(trade.trip.net) for trade in settlement.trades]


def expected_nets(name: str) -> list[str]:
    return [exit_["net"] for exit_ in CASES[name]["exits"] if "net" in exit_]


def exits(settlement: Settlement) -> list[str]:
    return [canonical(exit_.net) for trade in settlement.trades for exit_ in trade.trip.exits]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("5a short put expires", "a SELL 2 @ 1.25 (1.30)\nx EXPIRY:- - @ -"),
        ("5b long call expires, half sold before", "a BUY 2 @ 3.10 (1.30)\nb SELL 1 @ 1.05 (0.65)\nx EXPIRY:- 1 @ -"),
        ("5e cash-settled index option", "a BUY 1 @ 12.40 (1.50)\nx CASH_SETTLEMENT:- - @ 18.75"),
    ],
)
def test_options_that_expire_or_are_settled_in_cash(name: str, text: str) -> None:
    settled = settle_all(executions_of(text, OPTION), method=FIFO)
    assert exits(settled) == expected_nets(name)


@pytest.mark.parametrize(
    ("right", "opening", "end", "costs", "strike", "later", "case"),
    [
        ("PUT", "a SELL 1 @ 2.05 (1.14)", "ASSIGNMENT", "5", "103", "s SELL 100 @ 99.50", "5c assigned short put"),
        ("CALL", "a BUY 1 @ 4.20 (0.65)", "EXERCISE", "0", "50", "s SELL 100 @ 56.10 (0.02)", "5d exercised long call"),
    ],
)
def test_an_option_that_becomes_shares(
    right: str, opening: str, end: str, costs: str, strike: str, later: str, case: str
) -> None:
    option = replace(OPTION, underlying="ABC", strike=D(strike), right=Right(right))
    opened, ended = executions_of(f"{opening}\nx {end}:- 1 @ - ({costs})", option)
    assert not execution_errors(ended) + share_fill_errors(ended)
    shares = share_fill(ended, "shares")
    [sold] = executions_of(later, STOCK, "ABC")
    sold = replace(sold, executed_at=DAY + timedelta(days=1))
    settled = settle_all([opened, without_costs(ended), shares, sold])
    assert nets(settled) == [*expected_nets(f"{case}: the option"), *expected_nets(f"{case}: the shares")]
    assert (shares.linked_to, shares.quantity, shares.side) == ("x", D(100), Side.BUY)


@pytest.mark.parametrize(
    ("right", "end", "side"),
    [
        ("PUT", "ASSIGNMENT", "BUY"),
        ("CALL", "ASSIGNMENT", "SELL"),
        ("PUT", "EXERCISE", "SELL"),
        ("CALL", "EXERCISE", "BUY"),
    ],
)
def test_which_way_the_shares_of_an_option_go(right: str, end: str, side: str) -> None:
    option = Instrument(
        kind=InstrumentKind.FUTURE_OPTION,
        multiplier=D(50),
        currency="USD",
        underlying="ES",
        strike=D(5000),
        right=Right(right),
    )
    [ended] = executions_of(f"x {end}:- 3 @ -", option)
    fill = share_fill(ended, "f")
    assert (fill.side, fill.quantity, fill.price) == (Side(side), D(3), D(5000))
    assert fill.instrument == Instrument(kind=InstrumentKind.FUTURE, multiplier=D(50), currency="USD")


def test_an_option_that_names_no_underlying_makes_no_shares() -> None:
    [ended] = executions_of("x EXERCISE:- 1 @ -", OPTION)
    paths = [error.path for error in share_fill_errors(ended)]
    assert paths == [("instrument", "underlying"), ("instrument", "strike"), ("instrument", "right")]
    with pytest.raises(ValueError, match="delivers nothing"):
        share_fill(ended, "f")


def test_a_fee_in_a_third_coin_counts_at_its_price() -> None:
    coin = Instrument(kind=InstrumentKind.CRYPTO, currency="USDT")
    bought, sold = executions_of("a BUY 0.5 @ 60000 (0.0003)\nb SELL 0.5 @ 61000 (30.5)", coin)
    priced = replace(bought, fee_currency="BNB", fee_price=D(600))
    [trade] = settle_all([priced, sold]).trades
    expected = CASES["8a BTC, fee in BNB at 600"]
    assert (canonical(trade.trip.openings[0].costs), canonical(trade.trip.net)) == (
        expected["costBuy"],
        expected["net"],
    )
    assert trade.warnings == ()
    [trade] = settle_all([replace(bought, fee_currency="BNB"), sold]).trades
    assert (canonical(trade.trip.net), trade.warnings) == ("469.5", ("FEE_NOT_PRICED",))
    [trade] = settle_all([replace(bought, fee_currency="USDT"), sold]).trades
    assert (canonical(trade.trip.net), trade.warnings) == ("469.4997", ())


def test_a_fee_that_is_not_priced_warns_both_trades_of_a_flip() -> None:
    fills = executions_of("a BUY 1 @ 1\nb SELL 2 @ 2 (1)\nc BUY 1 @ 1")
    fills[1] = replace(fills[1], fee_currency="BNB")
    assert [trade.warnings for trade in settle_all(fills).trades] == [("FEE_NOT_PRICED",)] * 2


def test_a_fee_in_the_bought_coin_is_what_it_cost() -> None:
    expected = CASES["8b fee taken from the bought coin"]
    settled = settle_all(executions_of("a BUY 0.05 @ 42000\nf FEE_IN_KIND:- 0.001 @ -\nb SELL 0.049 @ 48000 (2.352)"))
    assert exits(settled) == [expected["feeLoss"], expected["sellNet"]]
    assert nets(settled) == [expected["trade"]]


def test_dust_is_swept_at_the_price_of_the_exit_that_leaves_it() -> None:
    expected = CASES["8c dust"]
    fills = executions_of("a BUY 51.30696933 @ 0.00000442\nb SELL 51 @ 0.00000443")
    [kept] = settle_all(fills).trades
    assert not kept.trip.is_flat
    settled = settle_all(fills, dust=D("0.01"))
    [trade] = settled.trades
    assert (trade.trip.is_flat, canonical(trade.trip.net)) == (True, expected["trade"])
    assert [canonical(exit_.gross) for exit_ in trade.trip.exits] == [expected["realized"], expected["dust"]]
    [made] = settled.made
    assert (made.kind, made.linked_to, canonical(made.quantity or D(0))) == (ExecutionKind.DUST, "b", expected["left"])
    worth = D("0.30696933") * D("0.00000443")
    for dust in (D("0.00000135"), worth):
        [kept] = settle_all(fills, dust=dust).trades  # what is worth as much, or more, is kept
        assert not kept.trip.is_flat
    [free] = settle_all(executions_of("a BUY 2 @ 1\nb SELL 1 @ 0")).trades
    assert not free.trip.is_flat


def test_dust_is_what_an_exit_leaves_and_never_what_an_entry_begins_with() -> None:
    [small] = settle_all(executions_of("a BUY 0.001 @ 1"), dust=D(1)).trades
    assert not small.trip.is_flat
    one, other = settle_all(executions_of("a BUY 1 @ 1\nb SELL 1.001 @ 1"), dust=D(1)).trades
    assert (one.trip.is_flat, other.trip.is_flat) == (True, False)


@pytest.mark.parametrize("method", LotMethod)
def test_a_flip_makes_two_trades(method: LotMethod) -> None:
    settled = settle_all(
        executions_of("a BUY 100 @ 10 (1)\nb SELL 150 @ 11 (1.50)\nc BUY 50 @ 10.5 (0.50)"), method=method
    )
    assert nets(settled) == ["98", "24"]


def test_accounts_symbols_and_pairs_are_positions_of_their_own() -> None:
    [bought] = executions_of("a BUY 1 @ 10")
    [sold] = executions_of("b SELL 1 @ 11")
    for other in (
        replace(sold, account_id="other"),
        replace(sold, symbol="Y"),
        replace(sold, pair_id="1"),
    ):
        assert len(open_positions(settle_all([bought, other]).trades)) == 2
    [trade] = settle_all([bought, replace(sold, symbol="x")]).trades
    assert (trade.trip.is_flat, trade.symbol) == (True, "X")


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("x EXPIRY:- - @ -", "0"),
        ("x EXPIRY:BUY 1 @ -", "0"),
        ("a BUY 2 @ 1\nx EXPIRY:- 3 @ -", "2"),
        ("a BUY 2 @ 1\nx EXPIRY:BUY 1 @ -", "0"),
        ("a BUY 2 @ 1\nb SELL 2 @ 1\nx TRANSFER_OUT:SELL 1 @ 1", "0"),
    ],
)
def test_what_may_only_close_needs_as_much_that_is_open(text: str, is_open: str) -> None:
    with pytest.raises(PositionTooSmall) as error:
        settle_all(executions_of(text))
    assert (error.value.execution_id, canonical(error.value.is_open)) == ("x", is_open)


def test_a_fill_that_is_said_to_close_never_flips() -> None:
    bought, sold = executions_of("a BUY 2 @ 1\nb SELL 3 @ 1")
    with pytest.raises(PositionTooSmall):
        settle_all([bought, replace(sold, position_effect=PositionEffect.CLOSE)])
    [trade] = settle_all([bought, replace(sold, quantity=D(2), position_effect=PositionEffect.CLOSE)]).trades
    assert trade.trip.is_flat


def test_a_fill_that_is_said_to_open_and_closes_is_told() -> None:
    bought, sold = executions_of("a BUY 2 @ 1\nb SELL 1 @ 1")
    [trade] = settle_all([bought, replace(sold, position_effect=PositionEffect.OPEN)]).trades
    assert trade.warnings == ("OPENING_FILL_CLOSED",)
    opened = settle_all([replace(bought, position_effect=PositionEffect.OPEN)]).trades
    added = settle_all([bought, replace(sold, side=Side.BUY, position_effect=PositionEffect.OPEN)]).trades
    assert [trade.warnings for trade in (*opened, *added)] == [(), ()]


@pytest.mark.parametrize("kind", ["TRANSFER_IN", "OPENING"])
def test_what_came_in_without_a_price_has_no_known_result(kind: str) -> None:
    unknown, known = (
        settle_all(executions_of(f"a {kind}:BUY 2 @ {price}\nb SELL 2 @ 5")).trades[0] for price in ("-", "4")
    )
    assert (unknown.warnings, unknown.is_known) == (("BASIS_UNKNOWN",), False)
    assert (known.warnings, known.is_known, canonical(known.trip.net)) == ((), True, "2")


def test_what_comes_in_without_a_price_and_turns_the_position_makes_both_unknown() -> None:
    trades = settle_all(executions_of("a SELL 1 @ 5\nb TRANSFER_IN:BUY 2 @ -")).trades
    assert [trade.is_known for trade in trades] == [False, False]


@pytest.mark.parametrize("method", LotMethod)
def test_what_is_transferred_out_without_a_price_leaves_at_its_cost(method: LotMethod) -> None:
    text = "a BUY 3 @ 10 (0.30)\nb BUY 1 @ 13\nx TRANSFER_OUT:- 2 @ -\nc SELL 2 @ 12"
    [trade] = settle_all(executions_of(text), method=method).trades
    assert [canonical(exit_.gross) for exit_ in trade.trip.exits] == (
        {AVERAGE: ["0", "2.5"], FIFO: ["0", "1"], LIFO: ["0", "4"]}[method]
    )
    [gone] = settle_all(executions_of("a BUY 3 @ 10\nx TRANSFER_OUT:- 3 @ -"), method=method).trades
    assert (gone.trip.is_flat, canonical(gone.trip.net)) == (True, "0")
    [given] = settle_all(executions_of("a BUY 3 @ 10\nx TRANSFER_OUT:- 3 @ 11"), method=method).trades
    assert given.trip.net == 3


# Corporate actions


def test_a_rename_goes_on_as_one_trade_under_the_new_symbol() -> None:
    before, after = executions_of("a BUY 2 @ 10"), executions_of("b SELL 2 @ 12", symbol="Y")
    renamed = action(ActionType.RENAME, 0.5, new_symbol="Y")
    settled = settle_all([*before, replace(after[0], executed_at=DAY + timedelta(hours=1))], [renamed])
    [trade] = settled.trades
    assert (trade.symbol, canonical(trade.trip.net), trade.trip.openings[0].fill_id) == ("Y", "4", "a")
    assert settled.made == ()


@pytest.mark.parametrize(("method", "nets_"), [(AVERAGE, ["1", "3"]), (FIFO, ["2", "2"]), (LIFO, ["0", "4"])])
def test_a_rename_into_a_position_of_the_same_side_makes_one(method: LotMethod, nets_: list[str]) -> None:
    old, new = executions_of("a BUY 1 @ 10"), executions_of("b BUY 1 @ 12\nc SELL 1 @ 12\nd SELL 1 @ 14", symbol="Y")
    later = [replace(fill, executed_at=fill.executed_at + timedelta(minutes=10)) for fill in new]
    [trade] = settle_all([*old, *later], [action(ActionType.RENAME, 10.5, new_symbol="Y")], method).trades
    assert [canonical(exit_.net) for exit_ in trade.trip.exits] == nets_
    assert [opening.fill_id for opening in trade.trip.openings] == ["a", "b"]


def test_a_rename_into_a_position_of_the_other_side_closes_it_at_cost() -> None:
    long, short = executions_of("a BUY 3 @ 10 (3)"), executions_of("b SELL 2 @ 12", symbol="Y")
    settled = settle_all([*long, *short], [action(ActionType.RENAME, 5, new_symbol="Y")])
    assert [(trade.symbol, canonical(trade.trip.gross)) for trade in settled.trades] == [
        ("X", "0"),
        ("Y", "4"),
        ("Y", "0"),
    ]
    assert canonical(settled.trades[2].trip.open_cost) == "10"
    assert sum(trade.cash for trade in settled.trades) == D(-6)


def test_what_is_renamed_into_the_other_side_leaves_at_the_cost_of_what_is_open_then() -> None:
    long = executions_of("a BUY 1 @ 5\nb SELL 1 @ 6\nc BUY 4 @ 10\nd SELL 1 @ 11")
    short = executions_of("e SELL 2 @ 12", symbol="Y")
    settled = settle_all([*long, *short], [action(ActionType.RENAME, 5, new_symbol="Y")])
    assert [(trade.symbol, canonical(trade.trip.gross)) for trade in settled.trades] == [
        ("X", "1"),
        ("Y", "4"),
        ("X", "1"),
        ("Y", "0"),
    ]
    left = settled.trades[3].trip
    assert (canonical(left.open_quantity), canonical(left.open_cost)) == ("1", "10")


def test_a_trade_lasts_from_its_first_fill_to_its_last_exit() -> None:
    [trade] = settle_all(executions_of("a BUY 1 @ 1\nb BUY 1 @ 1\nc SELL 1 @ 1\nd SELL 1 @ 1")).trades
    assert (trade.opened_at, trade.closed_at) == (DAY, DAY + timedelta(minutes=3))


def test_each_fill_that_is_made_has_the_name_of_what_made_it_and_a_number() -> None:
    accounts = ("first", "second", "third", "fourth")
    fills = [fill for account in accounts for fill in executions_of("a BUY 1 @ 10", account_id=account)]
    made = settle_all(fills, [action(ActionType.MERGER_CASH, 5, cash_per_share=D(15))]).made
    assert [one.execution_id for one in made] == [f"merger_cash5:merger_cash:{number}" for number in (1, 2, 3, 4)]
    assert tuple(one.account_id for one in made) == accounts


def test_units_of_an_unknown_cost_that_turn_a_position_make_both_trades_unknown() -> None:
    old, new = executions_of("a OPENING:BUY 20 @ -"), executions_of("b SELL 2 @ 12", symbol="Y")
    later = replace(executions_of("c SELL 1 @ 12", symbol="y")[0], executed_at=DAY + timedelta(hours=1))
    spun = action(ActionType.SPINOFF, 5, new_symbol="Y", new=D(1), old=D(4), cost_share=D("0.2"))
    trades = settle_all([*old, *new, later], [spun]).trades
    assert [(trade.symbol, trade.warnings) for trade in trades] == [
        ("X", ("BASIS_UNKNOWN",)),
        ("Y", ("BASIS_UNKNOWN",)),
        ("Y", ("BASIS_UNKNOWN",)),  # as the action spells it, whatever comes later
    ]


def test_a_merger_for_cash_closes_all_accounts_or_one() -> None:
    fills = [*executions_of("a BUY 2 @ 10"), *executions_of("b SELL 1 @ 20", account_id="other")]
    settled = settle_all(fills, [action(ActionType.MERGER_CASH, 5, cash_per_share=D(15))])
    assert nets(settled) == ["10", "5"]
    assert [made.kind for made in settled.made] == [ExecutionKind.MERGER_CASH] * 2
    one = settle_all(fills, [action(ActionType.MERGER_CASH, 5, account_id="other", cash_per_share=D(15))])
    assert [trade.trip.is_flat for trade in one.trades] == [False, True]


@pytest.mark.parametrize(("side", "net"), [("BUY", "11"), ("SELL", "-11")])
def test_a_merger_for_shares_and_cash(side: str, net: str) -> None:
    back = "SELL" if side == "BUY" else "BUY"
    old = executions_of(f"a {side} 10 @ 10")
    [new] = executions_of(f"b {back} 5 @ 20.2", symbol="Y")
    merged = action(ActionType.MERGER_SHARES, 0.5, new_symbol="Y", new=D(1), old=D(2), cash_per_share=D(1))
    settled = settle_all([*old, replace(new, executed_at=DAY + timedelta(hours=1))], [merged])
    [trade] = settled.trades  # 10 shares of 100 become 5 of 90, which are sold for 101
    assert (trade.symbol, canonical(trade.trip.net), canonical(trade.cash)) == ("Y", net, net)


@pytest.mark.parametrize("method", LotMethod)
def test_a_merger_into_shares_that_are_held_hands_its_cost_over(method: LotMethod) -> None:
    fills = [*executions_of("a BUY 10 @ 10"), *executions_of("b BUY 4 @ 20", symbol="Y")]
    [sold] = executions_of("c SELL 9 @ 30", symbol="Y")
    merged = action(ActionType.MERGER_SHARES, 5, new_symbol="Y", new=D(1), old=D(2), cash_per_share=D(1))
    settled = settle_all([*fills, replace(sold, executed_at=DAY + timedelta(hours=1))], [merged], method)
    assert [(trade.symbol, trade.trip.is_flat, canonical(trade.trip.net)) for trade in settled.trades] == [
        ("X", True, "0"),
        ("Y", True, "100"),  # 270 for what cost 80 and, with 10 paid in cash, 90
    ]
    assert {made.kind for made in settled.made} == {ExecutionKind.MERGER_SHARES}


@pytest.mark.parametrize("method", LotMethod)
def test_a_spin_off_takes_its_share_of_the_cost_along(method: LotMethod) -> None:
    fills = executions_of("a BUY 10 @ 10\nb BUY 10 @ 11\nc SELL 20 @ 9")
    [child] = executions_of("d SELL 5 @ 12", symbol="Y")
    fills[2] = replace(fills[2], executed_at=DAY + timedelta(hours=1))
    spun = action(ActionType.SPINOFF, 5, new_symbol="Y", new=D(2), old=D(8), cost_share=D("0.2"))
    settled = settle_all([*fills, replace(child, executed_at=DAY + timedelta(hours=2))], [spun], method)
    parent, other = settled.trades
    assert (parent.symbol, canonical(parent.trip.net)) == ("X", "12")  # 180 for what cost 210 - 42
    assert (other.symbol, canonical(other.trip.net), canonical(other.trip.quantity)) == ("Y", "18", "5")
    assert [made.kind for made in settled.made] == [ExecutionKind.SPINOFF] * (1 if method is AVERAGE else 2)


def test_a_spin_off_of_an_unknown_cost_has_an_unknown_one() -> None:
    fills = executions_of("a OPENING:BUY 10 @ -")
    spun = action(ActionType.SPINOFF, 5, new_symbol="Y", new=D(1), old=D(4), cost_share=D("0.2"))
    assert [trade.warnings for trade in settle_all(fills, [spun]).trades] == [("BASIS_UNKNOWN",)] * 2


def test_a_share_dividend_adds_shares_at_no_cost() -> None:
    fills = executions_of("a BUY 10 @ 10\nb SELL 11 @ 10")
    fills[1] = replace(fills[1], executed_at=DAY + timedelta(hours=1))
    [trade] = settle_all(fills, [action(ActionType.SHARE_DIVIDEND, 5, quantity=D(1))]).trades
    assert (trade.trip.is_flat, canonical(trade.trip.net)) == (True, "10")


def test_an_action_that_leaves_nothing_names_itself() -> None:
    cases: list[tuple[ActionType, dict[str, Any]]] = [
        (ActionType.SPLIT, {}),
        (ActionType.SPINOFF, {"new_symbol": "Y", "cost_share": D("0.5")}),
    ]
    for kind, others in cases:
        tiny = action(kind, 5, new=D("1E-18"), old=D(10), **others)
        with pytest.raises(RuleBroken) as error:
            settle_all(executions_of("a BUY 1 @ 1"), [tiny])
        assert [one.path for one in error.value.errors] == [("actions", tiny.action_id, "new")]


def test_units_of_a_spin_off_that_would_be_too_dear_are_refused_whatever_lot_comes_before() -> None:
    spun = action(ActionType.SPINOFF, 5, new_symbol="Y", new=D(1), old=D(1000), cost_share=D("0.2"))
    for text in ("a BUY 6 @ 1E14", "a BUY 1E-18 @ 1\nb BUY 6 @ 1E14"):  # of the first lot, there would be no unit
        with pytest.raises(RuleBroken) as error:
            settle_all(executions_of(text), [spun], FIFO)
        assert [one.path for one in error.value.errors] == [("actions", spun.action_id, "new")]


def test_what_a_split_rounds_away_is_told() -> None:
    fills = executions_of("a BUY 1 @ 1")
    [trade] = settle_all(fills, [action(ActionType.SPLIT, 5, new=D(1), old=D(3))]).trades
    assert trade.warnings == ("ROUNDED_BY_SPLIT",)


def test_actions_pass_by_what_they_do_not_name_and_what_is_flat() -> None:
    flat = executions_of("a BUY 1 @ 1\nb SELL 1 @ 2")
    other = executions_of("c BUY 1 @ 1", symbol="Z")
    split = action(ActionType.SPLIT, 5, new=D(2), old=D(1))
    trades = settle_all([*flat, *other], [split]).trades
    assert [canonical(trade.trip.quantity) for trade in trades] == ["1", "1"]
    assert trades[0].closed_at == DAY + timedelta(minutes=1)
    assert trades[1].closed_at is None


# What is wrong with what is given


def test_what_an_execution_needs_depends_on_its_kind() -> None:
    [trade] = executions_of("a BUY 1 @ 1")
    wrong = replace(trade, side=None, quantity=None, price=None)
    assert [error.path for error in execution_errors(wrong)] == [("side",), ("quantity",), ("price",)]
    [expired] = executions_of("x EXPIRY:- - @ 1")
    assert [error.path for error in execution_errors(expired, ("executions", 3))] == [("executions", 3, "price")]
    assert [e.path for e in execution_errors(replace(expired, price=None, position_effect=PositionEffect.OPEN))] == [
        ("position_effect",)
    ]


def test_amounts_and_times_are_checked() -> None:
    [fill] = executions_of("a BUY 1 @ 1")
    wrong = replace(
        fill,
        quantity=D(-1),
        price=D("1E15"),
        fee_price=D(1),
        executed_at=datetime.fromisoformat("0001-01-01T00:00:00+01:00"),
        instrument=replace(STOCK, multiplier=D(0)),
        cost_details=(CostDetail(kind="OTHER", amount=D("1E-19")),),
    )
    assert {error.path for error in execution_errors(wrong)} == {
        ("quantity",),
        ("price",),
        ("fee_currency",),
        ("executed_at",),
        ("instrument", "multiplier"),
        ("cost_details", 0, "amount"),
        ("cost_details",),
    }


def test_an_action_has_the_fields_of_its_type() -> None:
    assert {error.path for error in action_errors(action(ActionType.SPLIT, 0, quantity=D(1)))} == {
        ("new",),
        ("old",),
        ("quantity",),
    }
    assert [e.path for e in action_errors(action(ActionType.SPLIT, 0, new=D(2), old=D(2)))] == [("new",)]
    spun = action(ActionType.SPINOFF, 0, new_symbol="x", new=D(1), old=D(1), cost_share=D("1.1"))
    assert [error.path for error in action_errors(spun)] == [("cost_share",), ("new_symbol",)]
    assert [e.path for e in action_errors(action(ActionType.MERGER_CASH, 0, cash_per_share=D(-1)))] == [
        ("cash_per_share",)
    ]


def test_a_symbol_is_one_instrument() -> None:
    fills = executions_of("a BUY 1 @ 1") + executions_of("b BUY 1 @ 1", replace(STOCK, multiplier=D(5)), symbol="x")
    assert [error.path for error in instrument_errors(fills, ("executions",))] == [
        ("executions", 1, "instrument", "multiplier")
    ]


# What holds for any sequence


def one_of_each(*choices: Sequence[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """A tuple with one of each of the choices. It is drawn as one number, which is several times as fast as a draw for
    each; a smaller number has earlier choices.
    """

    def chosen(number: int) -> tuple[Any, ...]:
        found = []
        for of_one in choices:
            number, place = divmod(number, len(of_one))
            found.append(of_one[place])
        return tuple(found)

    return st.integers(0, prod(map(len, choices)) - 1).map(chosen)


rows = st.lists(
    one_of_each(
        ["X", "X", "X", "Y"],
        list(Side),
        [D(n) / 4 for n in range(1, 41)],
        [D(n) / 8 for n in range(1, 401)],
        [D(n) / 16 for n in range(-4, 41)],
        range(13),
    ),
    min_size=1,
    max_size=14,
)
deeds = st.lists(
    one_of_each(
        ["SPLIT", "SPLIT", "RENAME", "MERGER_CASH", "MERGER_SHARES", "SPINOFF", "SHARE_DIVIDEND"],
        range(13),
        [("2", "1"), ("1", "2"), ("3", "2"), ("1", "3"), ("7", "10")],
        ["0", "0.25", "0.3", "1"],
    ),
    max_size=3,
)


def made_of(sequence: Sequence[Any], multiplier: Decimal) -> list[Execution]:
    return [
        Execution(
            execution_id=f"{n:02}",
            symbol=symbol,
            instrument=replace(STOCK, multiplier=multiplier),
            side=side,
            quantity=quantity,
            price=price,
            executed_at=DAY + timedelta(minutes=minute),
            sequence=n,
            commission=costs,
        )
        for n, (symbol, side, quantity, price, costs, minute) in enumerate(sequence)
    ]


def actions_of(given: Sequence[Any]) -> list[CorporateAction]:
    made = []
    for n, (kind, minute, (new, old), share) in enumerate(given):
        by_kind: dict[str, dict[str, Any]] = {
            "SPLIT": {"new": D(new), "old": D(old)},
            "RENAME": {"new_symbol": "Y"},
            "MERGER_CASH": {"cash_per_share": D(new)},
            "MERGER_SHARES": {"new_symbol": "Y", "new": D(new), "old": D(old), "cash_per_share": D(share)},
            "SPINOFF": {"new_symbol": "Z", "new": D(new), "old": D(old), "cost_share": D(share)},
            "SHARE_DIVIDEND": {"quantity": D(new)},
        }
        made.append(replace(action(ActionType(kind), minute, **by_kind[kind]), action_id=f"a{n}"))
    return made


def kept(trade: SettledTrade) -> tuple[Fraction, Fraction]:
    """What a trade earned without what its open part cost, before and after costs: its cash, by the accounts' books."""
    trip = trade.trip
    sign = 1 if trip.side is Side.BUY else -1
    held = sign * Fraction(trip.open_cost)
    return Fraction(trip.gross) - held, Fraction(trip.net) - held - Fraction(trip.open_costs)


# Coverage watches other tests of the same lines: to watch ten thousand examples takes longer than to run them.
@pytest.mark.no_cover
@settings(max_examples=10_000)
@given(rows, deeds, st.sampled_from(LotMethod), st.sampled_from([D(1), D(5), D("0.1")]))
def test_cash_is_conserved_through_flips_splits_mergers_and_spin_offs(
    sequence: list[Any], given_: list[Any], method: LotMethod, multiplier: Decimal
) -> None:
    fills, actions = made_of(sequence, multiplier), actions_of(given_)
    settled = settle_all(fills, actions, method)
    paid = sum(
        ((-1 if f.side is Side.BUY else 1) * Fraction(f.quantity or 0) * Fraction(f.price or 0) for f in fills),
        Fraction(0),
    ) * Fraction(multiplier)
    costs = sum((Fraction(fill.commission) for fill in fills), Fraction(0))
    # What companies paid: cash mergers make fills of their own, and mergers for shares pay a part in cash.
    paid += sum(
        (
            (-1 if f.side is Side.BUY else 1)
            * Fraction(f.quantity or 0)
            * Fraction(f.price or 0)
            * Fraction(multiplier)
            for f in settled.made
            if f.kind is ExecutionKind.MERGER_CASH
        ),
        Fraction(0),
    )
    if not any(one.type is ActionType.MERGER_SHARES for one in actions):
        books = [kept(trade) for trade in settled.trades]
        assert abs(sum(before for before, _ in books) - paid) <= Fraction(len(books), 2 * 10**8)
        assert abs(sum(after for _, after in books) - (paid - costs)) <= Fraction(len(books), 2 * 10**8)
        assert sum((Fraction(trade.cash) for trade in settled.trades), Fraction(0)) == paid
    for trade in settled.trades:
        before, after = kept(trade)
        cash = Fraction(trade.cash)
        if trade.trip.is_flat:
            assert before == Fraction(round(cash * 10**8), 10**8)
            assert trade.trip.open_cost == trade.trip.open_costs == 0
        else:
            assert before == cash
        assert after == before - Fraction(trade.costs)
        assert sum((lot.quantity for lot in trade.trip.lots), D(0)) == trade.trip.open_quantity
    assert sum((Fraction(trade.costs) for trade in settled.trades), Fraction(0)) == costs


@given(rows, deeds, st.sampled_from(LotMethod), st.randoms())
def test_the_order_in_which_executions_arrive_does_not_matter(
    sequence: list[Any], given_: list[Any], method: LotMethod, dice: Any
) -> None:
    fills, actions = made_of(sequence, D(1)), actions_of(given_)
    settled = settle_all(fills, actions, method)
    dice.shuffle(fills)
    dice.shuffle(actions)
    assert settle_all(fills, actions, method) == settled


@given(rows, deeds)
def test_the_methods_agree_on_what_flat_trades_earned(sequence: list[Any], given_: list[Any]) -> None:
    # What a spin-off takes along, and what a transfer at cost does, is rounded lot by lot.
    actions = [one for one in actions_of(given_) if one.type in (ActionType.SPLIT, ActionType.MERGER_CASH)]
    shown = [
        [
            (trade.symbol, trade.trip.quantity, *((trade.trip.gross, trade.trip.net) if trade.trip.is_flat else ()))
            for trade in settle_all(made_of(sequence, D(1)), actions, method).trades
        ]
        for method in LotMethod
    ]
    assert shown[0] == shown[1] == shown[2]


@given(rows, st.sampled_from(LotMethod))
def test_an_unrelated_account_changes_nothing(sequence: list[Any], method: LotMethod) -> None:
    fills = made_of(sequence, D(1))
    others = [replace(fill, account_id="other", execution_id=f"o{fill.execution_id}") for fill in fills]
    alone = settle_all(fills, (), method).trades
    together = settle_all([*fills, *others], (), method).trades
    assert [trade for trade in together if trade.account_id == fills[0].account_id] == list(alone)


def test_a_trade_without_a_side_is_none_that_can_be_settled() -> None:
    unknown = Execution(
        execution_id="e",
        symbol="X",
        instrument=Instrument(),
        side=None,
        quantity=D(1),
        price=D(1),
        executed_at=DAY,
    )
    with pytest.raises(ValueError, match="has a side and a quantity"):
        settle_all([unknown], [], FIFO)

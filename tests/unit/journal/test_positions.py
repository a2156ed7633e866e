"""The engine that settles fills: reference cases, and properties of any fills, to the last digit."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.faults import FieldCode
from handlers.journal.errors import RuleBroken
from handlers.journal.money import canonical
from handlers.journal.positions import Exit, Fill, LotMethod, Position, Side, Split, Trip, _down, _Rate, trips_of
from tests.reference_fills import FLIP, FLIPS, MES, PARTS, TWELVE

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)
AVERAGE, FIFO, LIFO = LotMethod
# Worked out with exact decimals, and compared with beancount and backtrader; the inputs stand below.
CASES: dict[str, Any] = json.loads((Path(__file__).parent / "ledger_cases.json").read_text())


def fills_of(text: str) -> list[Fill]:
    """Fills, one a minute, of "id BUY quantity @ price (costs)"."""
    made = []
    for minute, line in enumerate(text.strip().splitlines()):
        fill_id, side, quantity, _, price, *costs = line.split()
        made.append(
            Fill(
                fill_id=fill_id,
                side=Side(side),
                quantity=D(quantity),
                price=D(price),
                at=DAY + timedelta(minutes=minute),
                costs=D(costs[0].strip("()")) if costs else D(0),
            )
        )
    return made


def after(minute: float, new: str, old: str) -> Split:
    return Split(at=DAY + timedelta(minutes=minute), new=D(new), old=D(old))


# Options expire at 0. The name of the case, its fills, the multiplier, splits, the method.
REFERENCE: list[tuple[str, str, str, list[Split], LotMethod]] = [
    ("2 flip", FLIP, "1", [], FIFO),
    ("2b double flip, fees that do not divide", FLIPS, "1", [], FIFO),
    ("3 partial closes, a fee that does not divide", PARTS, "1", [], FIFO),
    ("3 partial closes, a fee that does not divide", PARTS, "1", [], AVERAGE),
    ("4 future MES x5", MES, "5", [], FIFO),
    ("4 LIFO", MES, "5", [], LIFO),
    ("4 AVERAGE", MES, "5", [], AVERAGE),
    ("5a short put expires", "a SELL 2 @ 1.25 (1.30)\nx BUY 2 @ 0", "100", [], FIFO),
    (
        "5b long call expires, half sold before",
        "a BUY 2 @ 3.10 (1.30)\nb SELL 1 @ 1.05 (0.65)\nx SELL 1 @ 0",
        "100",
        [],
        FIFO,
    ),
    ("5c assigned short put: the option", "a SELL 1 @ 2.05 (1.14)\nx BUY 1 @ 0", "100", [], FIFO),
    ("5c assigned short put: the shares", "a BUY 100 @ 103 (5)\nb SELL 100 @ 99.50", "1", [], FIFO),
    ("5d exercised long call: the option", "a BUY 1 @ 4.20 (0.65)\nx SELL 1 @ 0", "100", [], FIFO),
    ("5d exercised long call: the shares", "a BUY 100 @ 50\nb SELL 100 @ 56.10 (0.02)", "1", [], FIFO),
    ("5e cash-settled index option", "a BUY 1 @ 12.40 (1.50)\nx SELL 1 @ 18.75", "100", [], FIFO),
    (
        "6a split 4 for 1",
        "a BUY 10 @ 400 (1)\nb SELL 20 @ 110 (0.50)\nc SELL 20 @ 95 (0.50)",
        "1",
        [after(0.5, "4", "1")],
        FIFO,
    ),
    (
        "6b reverse split 1 for 10, cash in lieu",
        "a BUY 1005 @ 0.37\ncil SELL 0.5 @ 3.65\nb SELL 100 @ 4.10 (0.50)",
        "1",
        [after(0.5, "1", "10")],
        FIFO,
    ),
    (
        "6c split of a short position, two lots, LIFO",
        "a SELL 10 @ 300 (1)\nb SELL 5 @ 330 (1)\nc BUY 20 @ 95 (0.50)\nd BUY 25 @ 101 (0.50)",
        "1",
        [after(1.5, "3", "1")],
        LIFO,
    ),
]


def exits_of(trips: Sequence[Trip]) -> list[Exit]:
    return [exit_ for trip in trips for exit_ in trip.exits]


def shown_exit(exit_: Exit) -> dict[str, str]:
    amounts = {
        "net": exit_.net,
        "gross": exit_.gross,
        "entryCosts": exit_.entry_costs,
        "exitCosts": exit_.exit_costs,
    }
    return {"fill": exit_.fill_id, **{name: canonical(amount) for name, amount in amounts.items()}}


@pytest.mark.parametrize(("name", "text", "multiplier", "splits", "method"), REFERENCE)
def test_the_reference_cases(name: str, text: str, multiplier: str, splits: list[Split], method: LotMethod) -> None:
    fills = fills_of(text)
    trips = trips_of(fills, splits, method, multiplier=D(multiplier))
    assert [shown_exit(exit_) for exit_ in exits_of(trips)] == [one for one in CASES[name]["exits"] if "fill" in one]
    shown = [
        {
            "side": "LONG" if trip.side is Side.BUY else "SHORT",
            "gross": canonical(trip.gross),
            "net": canonical(trip.net),
            "fills": len(trip.openings) + len(trip.exits),
            "entryPrice": canonical(trip.entry_price),
            "exitPrice": canonical(trip.exit_price or D(0)),
        }
        for trip in trips
    ]
    assert shown == CASES[name]["trades"]
    assert all(trip.is_flat and not trip.open_cost and not trip.open_costs and not trip.lots for trip in trips)
    for split in (one for one in CASES[name]["exits"] if "split" in one):
        [held] = trips_of([fill for fill in fills if fill.at < splits[0].at], splits, method, multiplier=D(multiplier))
        assert (canonical(held.open_quantity), canonical(held.open_cost)) == (split["openQty"], split["openCost"])


@pytest.mark.parametrize("method", LotMethod)
def test_twelve_fills_have_the_reference_figures_under_every_method(method: LotMethod) -> None:
    [trip] = trips_of(fills_of(TWELVE), (), method)
    expected = CASES["1 twelve fills"][method]
    shown = [
        {
            **shown_exit(exit_),
            "qty": canonical(exit_.quantity),
            "matches": [f"{match.entry_id or 'pool'}:{canonical(match.quantity)}" for match in exit_.matches],
            "openQty": canonical(exit_.open_quantity),
            "openCost": canonical(exit_.open_cost),
        }
        for exit_ in trip.exits
    ]
    assert shown == expected["exits"]
    figures = {
        "gross": trip.gross,
        "net": trip.net,
        "entryPrice": trip.entry_price,
        "exitPrice": trip.exit_price or D(0),
        "entryQty": trip.quantity,
    }
    assert {name: canonical(figure) for name, figure in figures.items()} == {name: expected[name] for name in figures}
    assert canonical(trip.net) == CASES["1 twelve fills"]["cash"]
    assert trip.is_flat
    assert trip.max_quantity == 170


def test_coins() -> None:
    [bitcoin] = trips_of(fills_of("a BUY 0.5 @ 60000 (0.18)\nb SELL 0.5 @ 61000 (30.5)"))
    assert canonical(bitcoin.net) == CASES["8a BTC, fee in BNB at 600"]["net"]
    expected = CASES["8b fee taken from the bought coin"]
    [in_kind] = trips_of(fills_of("a BUY 0.05 @ 42000\nfee SELL 0.001 @ 0\nb SELL 0.049 @ 48000 (2.352)"))
    nets = [canonical(exit_.net) for exit_ in in_kind.exits]
    assert (nets, canonical(in_kind.net)) == ([expected["feeLoss"], expected["sellNet"]], expected["trade"])


def test_dust_that_is_sold_at_the_exits_price_earns_nothing_of_its_own() -> None:
    expected = CASES["8c dust"]
    text = "a BUY 51.30696933 @ 0.00000442\nb SELL 51 @ 0.00000443"
    [held] = trips_of(fills_of(text))
    assert (canonical(held.open_quantity), canonical(held.exits[0].net)) == (expected["left"], expected["realized"])
    assert held.open_cost == D("0.0000013568044386")  # what the cash says, of which the reference shows 8 decimals
    [flat] = trips_of(fills_of(f"{text}\ndust SELL 0.30696933 @ 0.00000443"))
    assert [canonical(exit_.gross) for exit_ in flat.exits] == [expected["realized"], expected["dust"]]
    assert canonical(flat.net) == expected["trade"]


def test_what_was_closed_before_a_split_keeps_what_it_earned() -> None:
    fills = fills_of("a BUY 2 @ 100\nb SELL 0.5 @ 110\nc SELL 0.25 @ 111")
    [before], [trip] = trips_of(fills), trips_of(fills, [after(5, "4", "1")])
    assert before.net == trip.net == D("7.75")
    assert (trip.quantity, trip.open_quantity, trip.max_quantity) == (D(8), D(5), D(8))
    assert (trip.entry_price, trip.exit_price, trip.open_cost) == (D(25), D("27.58333333"), D(125))


def test_a_split_at_the_instant_of_a_fill_comes_before_it() -> None:
    fills = fills_of("a BUY 10 @ 400\nb SELL 40 @ 110")
    [trip] = trips_of(fills, [after(1, "4", "1")])
    assert (trip.is_flat, trip.net) == (True, D(400))


def test_what_a_split_leaves_below_eighteen_decimals_is_told_and_costs_nothing() -> None:
    fills = fills_of("a BUY 1 @ 10 (0.01)\nb BUY 1 @ 20 (0.02)\nc SELL 0.666666666666666666 @ 50")
    for method in LotMethod:
        [held] = trips_of(fills[:2], [after(1.5, "1", "3")], method)
        assert held.open_quantity == D("0.666666666666666666")
        assert canonical(held.lost)[:24] == "0.0000000000000000006666"
        [trip] = trips_of(fills, [after(1.5, "1", "3")], method)
        assert (trip.is_flat, canonical(trip.net)) == (True, "3.30333333")


def test_a_lot_that_a_split_makes_too_small_leaves_its_costs_to_the_next() -> None:
    fills = fills_of("a BUY 0.000000000000000001 @ 10 (0.01)\nb BUY 1 @ 20 (0.02)\nc SELL 0.1 @ 250")
    [trip] = trips_of(fills, [after(1.5, "1", "10")], FIFO)
    assert [(match.entry_id, match.entry_costs) for match in trip.exits[0].matches] == [("b", D("0.03"))]
    assert (trip.is_flat, trip.gross) == (True, D(5))
    turned = fills_of("b BUY 1 @ 20 (0.02)\na BUY 0.000000000000000001 @ 10 (0.01)\nc SELL 0.1 @ 250")
    [trip] = trips_of(turned, [after(1.5, "1", "10")], FIFO)
    assert [(match.entry_id, match.entry_costs) for match in trip.exits[0].matches] == [("b", D("0.03"))]


@pytest.mark.parametrize(
    ("split", "path", "code"),
    [
        (after(1, "1", "10000000000000000000"), "new", FieldCode.LEAVES_NOTHING),
        (after(1, "1E15", "1"), "new", FieldCode.FIGURE_TOO_LONG),
        (replace(after(1, "1", "1"), cash=D("1E15")), "cash_per_share", FieldCode.FIGURE_TOO_LONG),
        (replace(after(1, "1", "1"), cash=D("2E13")), "cash_per_share", FieldCode.FIGURE_TOO_LONG),  # of 50 a point
    ],
)
def test_a_split_that_leaves_nothing_or_too_much_is_refused(split: Split, path: str, code: FieldCode) -> None:
    with pytest.raises(RuleBroken) as error:
        trips_of(fills_of("a BUY 1 @ 1"), [split], multiplier=D(50))
    assert [(field.path, field.fault.code) for field in error.value.errors] == [((path,), code)]


@pytest.mark.parametrize(
    ("new", "old", "left"),
    [("999999999999999.999999999999999999", "1", "999999999999999.999999999999999999"), ("1", "1E18", "1E-18")],
)
def test_a_split_may_leave_the_largest_and_the_smallest_quantity(new: str, old: str, left: str) -> None:
    [trip] = trips_of(fills_of("a BUY 1 @ 1"), [after(1, new, old)])
    assert trip.open_quantity == D(left)


@pytest.mark.parametrize(
    ("minute", "sequence", "is_before"),
    [
        (0, None, True),
        (1, None, True),
        (2, None, False),
        (0, 9, True),
        (1, 4, True),
        (1, 5, True),
        (1, 6, False),
        (2, 0, False),
    ],
)
def test_a_split_is_before_the_fills_of_its_instant_or_those_from_its_sequence_on(
    minute: int, sequence: int | None, is_before: bool
) -> None:
    fill = Fill(fill_id="a", side=Side.BUY, quantity=D(1), price=D(1), at=DAY + timedelta(minutes=1), sequence=5)
    assert replace(after(minute, "2", "1"), sequence=sequence).is_before(fill) is is_before


@pytest.mark.parametrize("method", LotMethod)
def test_cash_lowers_the_cost_of_each_lot_to_nothing_and_the_rest_is_earned_at_once(method: LotMethod) -> None:
    """Of two units at 10 and at 30, a pool costs 40: 50 in cash is 10 more. Of the lots, the first brings 15 more."""
    cash = replace(after(1.5, "1", "1"), cash=D(25), split_id="merger")
    [held] = trips_of(fills_of("a BUY 1 @ 10\nb BUY 1 @ 30"), [cash], method)
    beyond = D(10) if method is AVERAGE else D(15)
    assert [(each.split_id, each.amount, each.beyond) for each in held.received] == [("merger", D(50), beyond)]
    assert (held.gross, held.net, held.open_cost) == (beyond, beyond, beyond - D(10))
    assert sum(lot.cost for lot in held.lots) == held.open_cost
    [flat] = trips_of(fills_of("a BUY 1 @ 10\nb BUY 1 @ 30\nc SELL 2 @ 1"), [cash], method)
    assert (flat.gross, flat.exits[0].gross) == (D(12), D(12) - beyond)
    [short] = trips_of(fills_of("a SELL 1 @ 10\nb SELL 1 @ 30\nc BUY 2 @ 1"), [cash], method)
    assert (short.gross, [each.amount for each in short.received]) == (D(-12), [D(-50)])


@pytest.mark.parametrize(
    ("money", "cash", "beyond"),
    [
        ("30", "10.000000004", "0.00000001"),  # of three units, which is 0.000000012
        ("30", "10.000000003", "0"),
        ("20", "7", "1"),  # a third of 20 has no end, and three of them are 20 all the same
    ],
)
def test_cash_beyond_the_cost_is_rounded_down(money: str, cash: str, beyond: str) -> None:
    bought = replace(fills_of("a BUY 3 @ 7")[0], money=D(money))
    [held] = trips_of([bought], [replace(after(1, "1", "1"), cash=D(cash))])
    assert [each.beyond for each in held.received] == [D(beyond)]


@pytest.mark.parametrize("method", LotMethod)
def test_a_share_of_the_cost_and_of_the_costs_leaves_each_lot(method: LotMethod) -> None:
    fills = fills_of("a BUY 1 @ 10 (1)\nb BUY 1 @ 30 (2)\nc SELL 2 @ 20")
    share = replace(after(1.5, "1", "1"), cost_share=D("0.25"))
    [held] = trips_of(fills[:2], [share], method)
    left = [(D(30), D("2.25"))] if method is AVERAGE else [(D("7.5"), D("0.75")), (D("22.5"), D("1.5"))]
    assert [(lot.cost, lot.costs) for lot in held.lots] == left
    assert (held.open_cost, held.open_costs, held.moved, held.moved_costs) == (D(30), D("2.25"), D(10), D("0.75"))
    [flat] = trips_of(fills, [share], method)
    assert (flat.gross, flat.net) == (D(10), D("7.75"))
    # The sums are known already, and differ by a rounding that the last lot takes.
    known = replace(share, money=D("10.00000001"), costs=D("0.74999999"))
    [held] = trips_of(fills[:2], [known], method)
    assert (held.open_cost, held.open_costs) == (D("29.99999999"), D("2.25000001"))
    assert (held.lots[0].cost, held.lots[0].costs) == (
        left[0] if len(left) == 2 else (D("29.99999999"), D("2.25000001"))
    )
    position = Position(method)
    for fill in fills[:2]:
        position.take(fill)
    assert position.release(D("0.25")) == (
        [(D(10), D("0.75"))] if method is AVERAGE else [(D("2.5"), D("0.25")), (D("7.5"), D("0.5"))]
    )


def test_a_position_without_fills_has_nothing_to_give() -> None:
    position = Position(FIFO)
    position.split(after(1, "2", "1"))
    assert (position.lots(), position.release(D("0.5")), position.trips()) == ((), [], ())
    assert (position.side, position.open_quantity) == (None, D(0))


@pytest.mark.parametrize("one_trip", [False, True])
def test_trips_are_numbered_from_0_on(one_trip: bool) -> None:
    position = Position(FIFO, one_trip=one_trip)
    numbers = [position.trip_number]
    for fill in fills_of("a BUY 1 @ 1\nb SELL 1 @ 1\nc BUY 1 @ 1\nd SELL 2 @ 1\ne BUY 1 @ 1"):
        position.take(fill)
        numbers.append(position.trip_number)
    assert numbers == ([0, 0, 0, 0, 1, 1] if one_trip else [0, 0, 1, 1, 2, 3])


@pytest.mark.parametrize("method", LotMethod)
def test_a_fill_of_exact_money_that_turns_the_position_parts_it(method: LotMethod) -> None:
    """100 for 3 units, each at 33.33333333: one closes for a third of it, two are open for the rest."""
    bought, sold = fills_of("a BUY 1 @ 30\nb SELL 3 @ 33.33333333")
    first, second = trips_of([bought, replace(sold, money=D(100), costs=D(1))], (), method)
    assert (first.gross, first.exits[0].money) == (D("3.33333333"), D("33.33333333"))
    assert (second.open_cost, second.openings[0].money) == (D("66.66666667"), D("66.66666667"))
    assert (first.exits[0].exit_costs, second.openings[0].costs) == (D("0.33333333"), D("0.66666667"))
    [whole] = trips_of([bought, replace(sold, quantity=D(1), money=D(100))], (), method)
    assert (whole.gross, whole.exits[0].money) == (D(70), D(100))


@pytest.mark.parametrize("method", LotMethod)
def test_what_leaves_without_a_price_earns_nothing_and_takes_the_cost_of_its_lots(method: LotMethod) -> None:
    fills = fills_of("a BUY 2 @ 10\nb BUY 2 @ 30\nx SELL 3 @ 0\ny SELL 1 @ 50")
    fills[2] = replace(fills[2], price=None)
    [trip] = trips_of(fills, (), method)
    money = {AVERAGE: D(60), FIFO: D(50), LIFO: D(70)}[method]
    assert [(exit_.gross, exit_.money) for exit_ in trip.exits] == [(D(0), money), (money - D(30), None)]
    assert trip.exits[0].price == round(money / 3, 8)
    [gone] = trips_of(fills[:3], (), method)
    assert (gone.open_quantity, gone.open_cost) == (D(1), D(80) - money)
    [all_gone] = trips_of([*fills[:2], replace(fills[2], quantity=D(4))], (), method)
    assert (all_gone.is_flat, all_gone.gross, all_gone.exits[0].price) == (True, D(0), D(20))


@pytest.mark.parametrize("method", LotMethod)
def test_two_positions_become_one_with_the_lots_of_both_by_time(method: LotMethod) -> None:
    one, other = Position(method), Position(method)
    of_one, of_other = (
        fills_of("a BUY 1 @ 10 (1)\nb BUY 2 @ 20"),
        fills_of("c BUY 1 @ 40 (2)\nd BUY 1 @ 50\ne SELL 1 @ 60"),
    )
    for fill in of_one:
        one.take(fill)
    for fill in of_other:
        other.take(replace(fill, at=fill.at + timedelta(seconds=30)))
    one.move_to(other)
    assert (one.open_quantity, other.open_quantity, one.trips()) == (D(0), D(4), ())
    [trip] = other.trips()
    assert [opening.fill_id for opening in trip.openings] == ["a", "c", "b", "d"]
    assert [exit_.fill_id for exit_ in trip.exits] == ["e"]
    assert (trip.quantity, trip.open_quantity, trip.max_quantity) == (D(5), D(4), D(4))
    left = {AVERAGE: D(45), FIFO: D(50), LIFO: D(40)}[method]
    assert (trip.open_cost, trip.open_costs) == (D(50) + left, D(1) + {AVERAGE: D(1), FIFO: D(0), LIFO: D(2)}[method])
    assert sum(lot.cost for lot in trip.lots) == trip.open_cost
    shown = {AVERAGE: [None], FIFO: ["a", "b", "d"], LIFO: ["a", "c", "b"]}[method]
    assert [lot.entry_id for lot in trip.lots] == shown
    other.take(Fill(fill_id="z", side=Side.SELL, quantity=D(4), price=D(30), at=DAY + timedelta(hours=1)))
    [flat] = other.trips()
    assert (flat.is_flat, flat.gross) == (True, D(180) - D(140))


def test_a_split_while_one_trip_is_flat_counts_what_was_before_in_new_units() -> None:
    fills = fills_of("a BUY 1 @ 10\nb SELL 1 @ 12\nc BUY 4 @ 3")
    [trip] = trips_of(fills, [after(1.5, "4", "1")], one_trip=True)
    assert (trip.quantity, trip.open_quantity, trip.gross) == (D(8), D(4), D(2))


def test_a_split_of_nothing_changes_nothing() -> None:
    fills = fills_of("a BUY 1 @ 1\nb SELL 1 @ 2\nc BUY 1 @ 3\nd SELL 1 @ 4")
    splits = [after(-1, "7", "3"), after(1.5, "7", "3"), after(9, "7", "3")]
    assert trips_of(fills, splits) == trips_of(fills)
    assert trips_of([], splits) == ()


def test_a_position_that_was_flat_in_between_can_be_one_trip() -> None:
    fills = fills_of("a BUY 1 @ 10 (1)\nb SELL 1 @ 12\nc BUY 2 @ 20 (1)\nd SELL 2 @ 19.5")
    for method in LotMethod:
        first, second = trips_of(fills, (), method)
        [whole] = trips_of(fills, (), method, one_trip=True)
        assert whole.exits == (*first.exits, *second.exits)
        assert (whole.gross, whole.net, whole.quantity, whole.max_quantity) == (D(1), D(-1), D(3), D(2))


def test_one_trip_ends_where_the_position_turns() -> None:
    trips = trips_of(fills_of("a BUY 1 @ 10\nb SELL 3 @ 12\nc BUY 2 @ 11"), one_trip=True)
    assert [(trip.side, trip.net) for trip in trips] == [(Side.BUY, D(2)), (Side.SELL, D(2))]


def test_fills_of_one_instant_are_taken_in_their_sequence_then_by_id() -> None:
    fills = [
        Fill(fill_id=fill_id, side=Side.BUY, quantity=D(1), price=D(1), at=DAY, sequence=sequence)
        for fill_id, sequence in (("b", 1), ("a", 1), ("c", 0), ("d", -1))
    ]
    fills.append(Fill(fill_id="bare", side=Side.BUY, quantity=D(1), price=D(1), at=DAY))
    [trip] = trips_of(fills, (), FIFO)
    assert [opening.fill_id for opening in trip.openings] == ["d", "bare", "c", "a", "b"]


# Exactness


def naive(fills: Sequence[Fill], splits: Sequence[Split], method: LotMethod, multiplier: Decimal) -> list[list[Any]]:
    """The rules in fractions, one after the other as they are written: id, matches of each exit."""
    exits: list[list[Any]] = []
    lots: list[dict[str, Any]] = []
    side, cash, gross_so_far = Side.BUY, Fraction(0), Fraction(0)
    events = sorted(
        [(split.at, 0, 0, "", split) for split in splits] + [(f.at, 1, f.sequence, f.fill_id, f) for f in fills],
        key=lambda event: event[:4],
    )
    for *_, event in events:
        if isinstance(event, Split):
            before = after_ = Fraction(0)
            costs = Fraction(0)
            for lot in lots:
                before += lot["quantity"]
                until = Fraction(before * Fraction(event.new) / Fraction(event.old) * 10**18 // 1, 10**18)
                lot["rate"] = lot["rate"] * lot["quantity"] / (until - after_) if until > after_ else None
                lot["cost_rate"] = lot["cost_rate"] * lot["quantity"] / (until - after_) if until > after_ else None
                lot["quantity"], after_ = until - after_, until
                lot["costs"], costs = (
                    (lot["costs"] + costs, Fraction(0)) if lot["quantity"] else (0, costs + lot["costs"])
                )
            lots = [lot for lot in lots if lot["quantity"]]
            if lots:
                lots[-1]["costs"] += costs
            continue
        fill: Fill = event
        quantity, costs, price = (
            Fraction(fill.quantity),
            Fraction(fill.costs),
            Fraction(fill.price or 0) * Fraction(multiplier),
        )
        held = sum((lot["quantity"] for lot in lots), Fraction(0))
        if held and fill.side is not side:
            sign = 1 if side is Side.BUY else -1
            closed = min(held, quantity)
            own = costs if closed == quantity else round8(costs * closed / quantity)
            cash += sign * closed * price
            left, costs_left, matches = closed, own, []
            while left:
                lot = lots[-1] if method is LIFO else lots[0]
                taken = min(left, lot["quantity"])
                left -= taken
                is_flat = not left and closed == held
                gross = round8(cash) - gross_so_far if is_flat else round8(sign * taken * (price - lot["rate"]))
                gross_so_far += gross
                of_entry = lot["costs"] if taken == lot["quantity"] else round8(lot["cost_rate"] * taken)
                of_exit = round8(own * taken / closed) if left else costs_left
                costs_left -= of_exit
                lot["quantity"] -= taken
                lot["costs"] -= of_entry
                matches.append((lot["id"], taken, gross, of_entry, of_exit))
                lots = [lot for lot in lots if lot["quantity"]]
            exits.append([fill.fill_id, matches])
            quantity, costs = quantity - closed, costs - own
        if quantity:
            if not lots:
                side, cash, gross_so_far = fill.side, Fraction(0), Fraction(0)
            cash -= (1 if side is Side.BUY else -1) * quantity * price
            new = {
                "id": fill.fill_id,
                "quantity": quantity,
                "rate": price,
                "cost_rate": costs / quantity,
                "costs": costs,
            }
            if method is AVERAGE and lots:
                [pool] = lots
                total = pool["quantity"] + quantity
                pool["rate"] = (pool["rate"] * pool["quantity"] + price * quantity) / total
                pool["cost_rate"] = (pool["cost_rate"] * pool["quantity"] + costs) / total
                pool["quantity"], pool["costs"] = total, pool["costs"] + costs
            else:
                lots.append({**new, "id": None} if method is AVERAGE else new)
    return exits


def round8(exact: Fraction) -> Fraction:
    return Fraction(round(exact * 10**8), 10**8)  # round() takes ties to the even digit


def matches_of(trips: Sequence[Trip]) -> list[list[Any]]:
    return [
        [
            exit_.fill_id,
            [
                (m.entry_id, *(Fraction(each) for each in (m.quantity, m.gross, m.entry_costs, m.exit_costs)))
                for m in exit_.matches
            ],
        ]
        for exit_ in exits_of(trips)
    ]


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low * 10**places, high * 10**places).map(lambda n: D(n).scaleb(-places, Context(prec=60)))


# Round numbers meet flat points and ties, long ones the limits of what is kept.
quantities = (
    st.sampled_from([D(1), D(2), D(3), D("0.5"), D("0.00000001"), D("1E-18")])
    | decimals(0, 100, 4).filter(bool)
    | decimals(0, 10**15 - 1, 18).filter(bool)
)
prices = (
    st.sampled_from([D(0), D(10), D("10.01"), D("0.00000001")]) | decimals(-100, 100, 4) | decimals(-(10**6), 10**6, 18)
)
some_costs = st.sampled_from([D(0), D(1), D("-0.25")]) | decimals(-10, 10, 18)
multipliers = st.sampled_from([D(1), D(5), D(100), D("0.01")]) | decimals(0, 1000, 18).filter(bool)
some_fills = st.lists(
    st.builds(
        lambda side, quantity, price, costs, minute: (side, quantity, price, costs, minute),
        st.sampled_from(Side),
        quantities,
        prices,
        some_costs,
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=12,
).map(
    lambda rows: [
        Fill(
            fill_id=f"{n:02}",
            side=side,
            quantity=quantity,
            price=price,
            at=DAY + timedelta(minutes=minute),
            sequence=n,
            costs=costs,
        )
        for n, (side, quantity, price, costs, minute) in enumerate(rows)
    ]
)
some_splits = st.lists(
    st.builds(
        after,
        st.integers(0, 20),
        st.sampled_from(["2", "3", "1", "7", "1.05"]),
        st.sampled_from(["1", "2", "3", "10"]),
    ),
    max_size=2,
)
methods = st.sampled_from(LotMethod)


def settled(fills: Sequence[Fill], splits: Sequence[Split], method: LotMethod, multiplier: Decimal) -> tuple[Trip, ...]:
    try:
        return trips_of(fills, splits, method, multiplier=multiplier)
    except RuleBroken:
        assume(False)
        raise


@given(some_fills, some_splits, methods, multipliers)
def test_every_match_is_that_of_the_rules_in_fractions(
    fills: list[Fill], splits: list[Split], method: LotMethod, multiplier: Decimal
) -> None:
    with localcontext(Context(prec=3)):  # the thread's context does not matter
        trips = settled(fills, splits, method, multiplier)
    assert matches_of(trips) == naive(fills, splits, method, multiplier)


def flows(trips: Sequence[Trip]) -> list[tuple[Fraction, Fraction]]:
    """What each trip's fills cost and brought in cash: before costs, and the costs. Without the multiplier."""
    made = []
    for trip in trips:
        sign = 1 if trip.side is Side.BUY else -1
        bought = sum((Fraction(one.quantity) * Fraction(one.price) for one in trip.openings), Fraction(0))
        sold = sum((Fraction(one.quantity) * Fraction(one.price) for one in trip.exits), Fraction(0))
        costs = sum((Fraction(one.costs) for one in trip.openings), Fraction(0))
        costs += sum((Fraction(one.exit_costs) for one in trip.exits), Fraction(0))
        made.append((sign * (sold - bought), costs))
    return made


@given(some_fills, some_splits, methods, multipliers)
def test_what_is_open_and_what_is_realized_add_up_to_the_cash(
    fills: list[Fill], splits: list[Split], method: LotMethod, multiplier: Decimal
) -> None:
    trips = settled(fills, splits, method, multiplier)
    for trip, (before, costs) in zip(trips, flows(trips), strict=True):
        sign, cash = (1 if trip.side is Side.BUY else -1), before * Fraction(multiplier)
        gross, net = Fraction(trip.gross), Fraction(trip.net)
        if trip.is_flat:
            assert gross == round8(cash)
            assert net == gross - costs
            assert trip.open_cost == trip.open_costs == 0
        else:
            assert gross - sign * Fraction(trip.open_cost) == cash
            assert net - sign * Fraction(trip.open_cost) - Fraction(trip.open_costs) == cash - costs
        assert sum((Fraction(lot.quantity) for lot in trip.lots), Fraction(0)) == Fraction(trip.open_quantity)
        assert trip.max_quantity >= trip.open_quantity
    every_cost = sum(Fraction(fill.costs) for fill in fills)
    assert sum(costs for _, costs in flows(trips)) == every_cost


@given(some_fills, some_splits, multipliers)
def test_all_methods_agree_on_trips_and_on_what_flat_ones_earned(
    fills: list[Fill], splits: list[Split], multiplier: Decimal
) -> None:
    by_method = [settled(fills, splits, method, multiplier) for method in LotMethod]
    shown = [
        [
            (trip.side, trip.quantity, trip.open_quantity, trip.entry_price, trip.exit_price)
            + ((trip.gross, trip.net) if trip.is_flat else ())
            for trip in trips
        ]
        for trips in by_method
    ]
    assert shown[0] == shown[1] == shown[2]


@given(some_fills, methods, st.data())
def test_the_order_of_equal_fills_within_a_trip_changes_no_total(
    fills: list[Fill], method: LotMethod, data: st.DataObject
) -> None:
    same = [
        Fill(
            fill_id=f"s{n}",
            side=Side.BUY,
            quantity=data.draw(quantities),
            price=D("10.01"),
            at=DAY,
            sequence=n,
            costs=data.draw(some_costs),
        )
        for n in range(3)
    ]
    order = data.draw(st.permutations(range(3)))
    permuted = [
        Fill(
            fill_id=f.fill_id,
            side=f.side,
            quantity=f.quantity,
            price=f.price,
            at=f.at,
            sequence=order[n],
            costs=f.costs,
        )
        for n, f in enumerate(same)
    ]
    later = [fill for fill in fills if fill.at > DAY]

    def totals(first: list[Fill]) -> list[Any]:
        return [
            (
                trip.side,
                trip.quantity,
                trip.open_quantity,
                trip.entry_price,
                *((trip.gross, trip.net) if trip.is_flat else ()),
            )
            for trip in trips_of([*first, *later], (), method)
        ]

    assert totals(same) == totals(permuted)


@given(some_fills, methods, st.data())
def test_a_fill_that_is_split_in_two_gives_the_same_gross_once_flat(
    fills: list[Fill], method: LotMethod, data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(fills) - 1))
    whole = fills[number]
    units = int(Fraction(whole.quantity) * 10**18)
    assume(units > 1)
    part = D(data.draw(st.integers(1, units - 1))).scaleb(-18, Context(prec=60))
    rest = Context(prec=60).subtract(whole.quantity, part)
    halves = [
        Fill(
            fill_id=whole.fill_id + end,
            side=whole.side,
            quantity=q,
            price=whole.price,
            at=whole.at,
            sequence=whole.sequence,
            costs=costs,
        )
        for end, q, costs in (("a", part, whole.costs), ("b", rest, D(0)))
    ]
    in_two = [*fills[:number], *halves, *fills[number + 1 :]]

    def grosses(of: list[Fill]) -> list[Any]:
        return [(trip.side, trip.quantity, trip.gross if trip.is_flat else None) for trip in trips_of(of, (), method)]

    assert grosses(fills) == grosses(in_two)


@given(some_fills, methods, quantities, prices, st.sampled_from(Side))
def test_a_fill_and_its_exact_reverse_before_all_others_add_one_trip_and_change_no_other(
    fills: list[Fill], method: LotMethod, quantity: Decimal, price: Decimal, side: Side
) -> None:
    back = Side.SELL if side is Side.BUY else Side.BUY
    both = [
        Fill(fill_id="x", side=side, quantity=quantity, price=price, at=DAY - timedelta(days=2)),
        Fill(fill_id="y", side=back, quantity=quantity, price=price, at=DAY - timedelta(days=1)),
    ]
    added, *others = trips_of([*both, *fills], (), method)
    assert (added.is_flat, added.net) == (True, D(0))
    assert tuple(others) == trips_of(fills, (), method)


@given(some_fills, some_splits, methods, st.randoms())
def test_the_order_in_which_fills_arrive_does_not_matter(
    fills: list[Fill], splits: list[Split], method: LotMethod, dice: Any
) -> None:
    trips = settled(fills, splits, method, D(1))
    shuffled = list(fills)
    dice.shuffle(shuffled)
    assert trips_of(iter(shuffled), reversed(splits), method) == trips or len({split.at for split in splits}) < len(
        splits
    )


def test_a_mean_that_was_a_quotient_without_an_end_makes_ties_that_are_rounded_to_the_even_digit() -> None:
    # 10 / 7 a unit, then 1.00000004 / 8 = 0.125000005: a tie of 8 decimals, by every exit anew.
    text = "a BUY 3 @ 2\nb BUY 4 @ 1\nc BUY 1 @ -8.99999996\nd SELL 1 @ 0\ne SELL 3 @ 0\nf SELL 1 @ 0\ng SELL 1 @ 0"
    [trip] = trips_of(fills_of(text))
    assert [canonical(exit_.gross) for exit_ in trip.exits] == ["-0.125", "-0.37500002", "-0.125", "-0.125"]


def test_what_is_left_of_a_pool_in_the_231st_decimal_decides_a_tie() -> None:
    # Each round leaves 1E-33 of what the pool was before: the first entry's price is there in ever later decimals.
    lines = ["a BUY 999999999999999 @ {}"]
    for n in range(7):
        lines += [
            f"s{n} SELL 999999999999998.999999999999999999 @ 1",
            f"b{n} BUY 999999999999998.999999999999999999 @ 1",
        ]
    lines.append("x SELL 0.000000005 @ 0")
    grosses = {}
    for price in ("1", "2", "0"):
        [trip] = trips_of(fills_of("\n".join(lines).format(price)))
        grosses[price] = canonical(trip.exits[-1].gross)
    # Exactly 5E-9 is a tie and rounds to the even 0; anything above it does not.
    assert grosses == {"1": "0", "2": "-0.00000001", "0": "0"}


def test_a_tie_after_many_quotients_without_an_end_is_decided_exactly() -> None:
    # Each entry multiplies the mean's denominator; then the pool shrinks until the mean is in the last decimals alone.
    lines = [f"a{n} BUY {n + 1}.000000000000000001 @ {n}.123456789012345678" for n in range(90)]
    for n in range(8):
        held = "999999999999999" if n else "4095.000000000000000089"
        lines += [f"s{n} SELL {held} @ 1", f"b{n} BUY 999999999999999 @ 1"]
    lines += ["x SELL 0.000000005 @ 0", "y SELL 0.000000015 @ 0"]
    fills = fills_of("\n".join(lines))
    trips = trips_of(fills)
    assert matches_of(trips) == naive(fills, [], AVERAGE, D(1))
    assert [canonical(exit_.gross) for exit_ in trips[-1].exits[-2:]] == ["-0.00000001", "-0.00000002"]


def test_what_is_flat_moves_nowhere_and_a_flat_trip_ends_where_another_arrives() -> None:
    flat, held = Position(FIFO), Position(FIFO)
    flat.move_to(held)
    assert held.side is None
    for position, fills in ((flat, "BUY SELL"), (held, "BUY")):
        for number, side in enumerate(fills.split()):
            at = datetime(2026, 1, 5, 10, number, tzinfo=UTC)
            position.take(Fill(fill_id=str(number), side=Side(side), quantity=D(1), price=D(10), at=at))
    held.move_to(flat)
    assert (flat.side, flat.open_quantity, held.open_quantity) == (Side.BUY, D(1), D(0))
    assert [trip.open_quantity for trip in flat.trips()] == [D(0), D(1)]


@pytest.mark.parametrize("plus", ["0", "1E-8", "-3E-8", "0.00000002", "12345.678", "-0.3333333333333333"])
@pytest.mark.parametrize("quantity", ["1.5E-8", "4.5E-8", "0.00000003", "7", "0.0000000099"])
@pytest.mark.parametrize("amount", ["1", "-2", "0.7"])
def test_a_product_with_a_quotient_without_end_is_rounded_as_if_it_were_exact(
    amount: str, quantity: str, plus: str
) -> None:
    rate = _Rate(D("0.1"))
    rate.change(D(3), D(amount), D(3))
    exact = Fraction(D(quantity)) * (Fraction(1, 10) + Fraction(D(amount)) / 3) + Fraction(D(plus))
    # Python rounds a fraction half to even, too.
    assert Fraction(rate._exactly(D(quantity), D(plus))) == Fraction(round(exact * 10**8), 10**8)
    assert rate.rounded(D(quantity), D(plus)) == rate._exactly(D(quantity), D(plus))


@pytest.mark.parametrize("closed", [1, 2])
def test_what_leaves_at_its_cost_earns_nothing_whatever_was_rounded_before(closed: int) -> None:
    fills = fills_of("a BUY 1 @ 1\nb BUY 2 @ 0\nc SELL 1 @ 0\nd SELL 1 @ 0")[: 2 + closed]
    leaves = Fill(fill_id="e", side=Side.SELL, quantity=D(3 - closed), price=None, at=DAY + timedelta(hours=1))
    [trip] = trips_of([*fills, leaves])
    assert [exit_.gross for exit_ in trip.exits] == [D("-0.33333333")] * closed + [D(0)]
    assert trip.exits[-1].open_cost == 0


@pytest.mark.parametrize(
    ("off", "down"),
    [
        ("-1E-250", "2E-8"),
        ("0", "2E-8"),
        ("1E-250", "2E-8"),
        ("-1E-200", "1E-8"),
        ("-1E-199", "1E-8"),
        ("9E-9", "2E-8"),
    ],
)
def test_an_amount_is_rounded_down_to_a_step_that_it_is_as_good_as_on(off: str, down: str) -> None:
    with localcontext(Context(prec=320)):
        amount = D("2E-8") + D(off)
    assert _down(amount) == D(down)


def test_a_rate_is_exact_after_so_many_changes_that_its_fraction_is_reduced_on_the_way() -> None:
    rate, exact = _Rate(D("0.1")), Fraction(1, 10)
    for number in range(300):
        before, amount, after_ = D(10**15 - number), D(number) / 7, D(10**15 - 2 * number - 1)
        rate.change(before, amount, after_)
        exact = (exact * Fraction(before) + Fraction(amount)) / Fraction(after_)
    for quantity in (D(1), D("123456789.00000003"), D(10) ** 15):
        assert Fraction(rate._exactly(quantity, D(0))) == Fraction(round(exact * Fraction(quantity) * 10**8), 10**8)

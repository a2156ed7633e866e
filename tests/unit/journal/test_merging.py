"""Which fills of a long trade are shown as one leg, in which order they are merged, and what the leg is worth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.journal.executions import Instrument, RecordedExecution
from handlers.journal.merging import MOST_LEGS, Leg, merged, worth
from handlers.journal.positions import Side

D = Decimal
DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)
MULTIPLIER = D(50)


def leg(name: str, rank: int, seconds: float, order: str | None = None, quantity: str = "1", price: str = "10") -> Leg:
    """A fill so many seconds after ten o'clock. A rank that is not the next one: an exit lies between."""
    fill = RecordedExecution(
        user_id="dana",
        execution_id=name,
        symbol="ES",
        instrument=Instrument(multiplier=MULTIPLIER),
        side=Side.BUY,
        quantity=D(quantity),
        price=D(price),
        executed_at=DAY + timedelta(seconds=seconds),
        order_id=order,
        opens=name,
        created_at=DAY,
        updated_at=DAY,
    )
    return Leg(fill, D(quantity), D(0), rank)


def shown(most: int, *legs: Leg) -> list[str]:
    return ["".join(each.execution.execution_id for each in of_one) for of_one in merged(legs, most)]


def test_a_trade_that_fits_shows_each_fill() -> None:
    legs = [leg(name, rank, 0, "o") for rank, name in enumerate("abc")]
    assert shown(3, *legs) == shown(4, *legs) == ["a", "b", "c"]
    assert merged([]) == []


def test_a_trade_shows_two_hundred_legs_of_a_kind() -> None:
    fills = [leg(str(number), number, number, "o") for number in range(203)]
    assert MOST_LEGS == 200
    assert len(merged(fills[:200])) == 200
    bundles = merged(fills)
    assert [len(each) for each in bundles] == [4] + [1] * 199  # the oldest, and no more than has to be


def test_fills_of_an_order_go_first_and_those_without_one_belong_to_none() -> None:
    legs = [leg("a", 0, 0.1), leg("b", 1, 0.9), leg("c", 2, 5, "o"), leg("d", 3, 9, "o"), leg("e", 4, 99, "p")]
    assert shown(4, *legs) == ["a", "b", "cd", "e"]
    assert shown(3, *legs) == ["ab", "cd", "e"]


def test_fills_of_one_second_follow_whatever_their_order() -> None:
    legs = [leg("a", 0, 0.9, "o"), leg("b", 1, 1.0, "p"), leg("c", 2, 1.9, "q"), leg("d", 3, 2.0, "r")]
    assert shown(3, *legs) == ["a", "bc", "d"]


def test_fills_between_which_an_exit_lies_come_later() -> None:
    of_orders = [leg("a", 0, 0, "o"), leg("b", 2, 50, "o"), leg("c", 4, 99.1), leg("d", 5, 99.2)]
    assert shown(3, *of_orders) == ["a", "b", "cd"]
    assert shown(2, *of_orders) == ["ab", "cd"]
    of_seconds = [leg("a", 0, 0.1), leg("b", 2, 0.2), leg("c", 4, 50, "o"), leg("d", 6, 99, "o")]
    assert shown(3, *of_seconds) == ["a", "b", "cd"]
    assert shown(2, *of_seconds) == ["ab", "cd"]


def test_fills_of_one_day_follow_those_of_one_second_and_then_all() -> None:
    next_day = 24 * 3600
    legs = [
        leg("a", 0, 0),
        leg("b", 1, 100),
        leg("c", 3, 100.5),
        leg("d", 5, 200),
        leg("e", 7, next_day),
        leg("f", 9, 2 * next_day),
    ]
    assert shown(5, *legs) == ["a", "bc", "d", "e", "f"]  # one second, with an exit between
    assert shown(4, *legs) == ["abc", "d", "e", "f"]  # one day, with none between
    assert shown(3, *legs) == ["abcd", "e", "f"]
    assert shown(2, *legs) == ["abcde", "f"]
    assert shown(1, *legs) == ["abcdef"]


def test_fills_of_one_day_with_no_exit_between_come_before_those_with_one() -> None:
    of_one_day = [leg("a", 0, 0), leg("b", 2, 100), leg("c", 3, 200)]
    assert shown(2, *of_one_day) == ["a", "bc"]
    of_two_days = [leg("a", 0, 0), leg("b", 2, 24 * 3600), leg("c", 4, 24 * 3600 + 100)]
    assert shown(2, *of_two_days) == ["a", "bc"]


def test_fills_that_are_merged_already_are_joined_by_their_nearest_ones() -> None:
    later = [leg("d", 9, 300, "p"), leg("e", 11, 400, "p")]  # of one order, with an exit between: these come later
    next_to_last = [leg("a", 0, 0, "o"), leg("b", 1, 5.1, "o"), leg("c", 2, 5.9)]
    assert shown(3, *next_to_last, *later) == ["abc", "d", "e"]
    next_to_first = [leg("a", 0, 5.1), leg("b", 1, 5.9, "o"), leg("c", 2, 9, "o")]
    assert shown(3, *next_to_first, *later) == ["abc", "d", "e"]


def test_fills_before_and_after_a_split_are_never_one_leg() -> None:
    before, after = [leg("a", 0, 0, "o"), leg("b", 1, 0, "o")], [leg("c", 2, 0, "o"), leg("d", 3, 0, "o")]
    assert shown(1, *before, *(each._replace(units=1) for each in after)) == ["ab", "cd"]
    assert shown(1, *(each._replace(units=1) for each in after), *before) == ["cd", "ab"]
    assert shown(1, *before, *(each._replace(units=0) for each in after)) == ["abcd"]


def test_each_lot_that_an_action_makes_a_fill_of_has_a_name_of_its_own() -> None:
    fill = leg("a", 0, 0)
    assert [fill.name, *(fill._replace(lot=number).name for number in (0, 1, 2))] == ["a", "a", "a|1", "a|2"]


def test_a_single_lot_keeps_its_rounded_price_and_its_exact_money() -> None:
    """Of 3 units at 50 a point that a spin-off gave for 100, each has the price 0.66666667."""
    lot = leg("a", 0, 0, quantity="3")._replace(lot_price=D("0.66666667"), money=D(100))
    assert worth([lot]) == (D("0.66666667"), D(100))
    exact = lot._replace(lot_price=D("0.5"), money=D(75))
    assert worth([exact]) == (D("0.5"), D(75))


def test_the_day_is_that_of_the_fills_own_offset() -> None:
    late = 14 * 3600  # midnight in UTC
    legs = [leg("a", 0, 0), leg("b", 1, late - 1), leg("c", 2, late), leg("d", 3, late + 9)]
    assert shown(2, *legs) == ["ab", "cd"]


@pytest.mark.parametrize(
    ("fills", "price", "exact"),
    [
        ([("3", "10.5")], "10.5", None),
        ([("1", "10"), ("3", "12")], "11.5", None),
        ([("1", "10"), ("2", "11")], "10.66666667", "1600"),  # 32 points of 50
        ([("0.000000000000000001", "1"), ("2", "1.1")], "1.1", "110.00000000000000005"),
    ],
)
def test_a_merged_leg_has_a_mean_price_and_exact_money_where_that_is_not_the_same(
    fills: list[tuple[str, str]], price: str, exact: str | None
) -> None:
    legs = [leg(str(rank), rank, 0, quantity=quantity, price=each) for rank, (quantity, each) in enumerate(fills)]
    found, money = worth(legs)
    assert (found, money) == (D(price), None if exact is None else D(exact))


def test_exact_money_has_as_many_digits_as_can_be_stored() -> None:
    """24 digits before the point leave 14 of the 18 decimals."""
    legs = [
        leg("a", 0, 0, quantity="100000000000", price="100000000000"),
        leg("b", 1, 0, quantity="0.00000001", price="0.0000000003"),
        leg("c", 2, 0, quantity="2", price="7"),
    ]
    _, money = worth(legs)
    assert money is not None
    assert len(money.as_tuple().digits) == 38
    # 1E22 + 14 + 3E-18, times 50
    assert money == D("500000000000000000000700.00000000000000")

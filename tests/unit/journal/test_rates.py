"""Exchange rates: the rate of a day, and the conversion of amounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from handlers.journal.rates import DayRate, Rates

D = Decimal
MONDAY = date(2026, 1, 5)


def rates(*given: tuple[str, str, str, str]) -> Rates:
    return Rates(DayRate(from_, to, date.fromisoformat(day), D(rate)) for from_, to, day, rate in given)


def converted(known: Rates, amount: str, from_: str, to: str, day: date = MONDAY) -> Decimal | None:
    rate = known.on(day, from_, to)
    return None if rate is None else rate.of(D(amount))


def test_money_of_one_currency_stays_as_it_is_without_any_rate() -> None:
    same = rates().on(MONDAY, "CHF", "CHF")
    assert same is not None
    assert (same.of(D("12.34567891")), same.shown) == (D("12.34567891"), D(1))


def test_a_currency_is_worth_one_of_itself_whatever_rate_was_given() -> None:
    assert converted(rates(("CHF", "CHF", "2026-01-05", "2")), "10", "CHF", "CHF") == D(10)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (("2026-01-05",), "20"),
        (("2026-01-04", "2026-01-05"), "30"),  # a rate of the day itself
        (("2026-01-04", "2026-01-06"), "20"),  # a later one does not count yet
        (("2026-01-05", "2026-01-01"), "20"),  # in whatever order they are given
        (("2025-12-29",), "20"),  # seven days before
        (("2025-12-28",), None),  # eight days before
        (("2026-01-06",), None),
        ((), None),
        (("2025-12-01", "2026-01-05"), "30"),  # an old one before it is none to judge by
        (("2025-12-01", "2025-12-02", "2026-01-03"), "40"),
        (("2025-12-01", "2026-01-03", "2026-01-04", "2026-01-06"), "40"),
    ],
)
def test_the_last_rate_holds_for_seven_more_days(days: tuple[str, ...], expected: str | None) -> None:
    known = rates(*(("CHF", "USD", day, rate) for day, rate in zip(days, "2345", strict=False)))
    assert converted(known, "10", "CHF", "USD") == (None if expected is None else D(expected))


def test_a_rate_is_read_the_other_way_round_as_an_exact_fraction() -> None:
    known = rates(("USD", "CHF", "2026-01-05", "3"))
    assert converted(known, "10", "CHF", "USD") == D("3.33333333")
    assert converted(known, "9", "CHF", "USD") == D(3)  # 9 x 0.333333333333333333 would be less
    rate = known.on(MONDAY, "CHF", "USD")
    assert rate is not None
    assert rate.shown == D("0.333333333333333333")


def test_a_rate_of_the_pair_itself_comes_before_its_inverse_and_that_before_a_third_currency() -> None:
    direct = ("CHF", "JPY", "2026-01-05", "2")
    inverse = ("JPY", "CHF", "2026-01-05", "0.25")
    through = (("CHF", "USD", "2026-01-05", "4"), ("USD", "JPY", "2026-01-05", "2"))
    assert converted(rates(*through, inverse, direct), "10", "CHF", "JPY") == D(20)
    assert converted(rates(*through, inverse), "10", "CHF", "JPY") == D(40)
    assert converted(rates(*through), "10", "CHF", "JPY") == D(80)


def test_the_dollar_comes_before_the_euro() -> None:
    dollar = (("CHF", "USD", "2026-01-05", "2"), ("USD", "JPY", "2026-01-05", "150"))
    euro = (("CHF", "EUR", "2026-01-05", "1"), ("EUR", "JPY", "2026-01-05", "160"))
    assert converted(rates(*euro, *dollar), "1", "CHF", "JPY") == D(300)
    for part in dollar:
        assert converted(rates(*euro, part), "1", "CHF", "JPY") == D(160)
        assert converted(rates(part), "1", "CHF", "JPY") is None


def test_each_way_through_a_third_currency_may_be_an_inverse() -> None:
    for first in (("CHF", "EUR", "2026-01-05", "0.5"), ("EUR", "CHF", "2026-01-05", "2")):
        for second in (("EUR", "JPY", "2026-01-05", "0.2"), ("JPY", "EUR", "2026-01-05", "5")):
            # 10 francs are 5 euros, and these 1 yen
            assert converted(rates(first, second), "10", "CHF", "JPY") == D(1)


def test_no_other_currency_is_gone_through() -> None:
    known = rates(("CHF", "GBP", "2026-01-05", "1"), ("GBP", "JPY", "2026-01-05", "200"))
    assert converted(known, "1", "CHF", "JPY") is None


def test_a_rate_of_one_pair_says_nothing_of_another() -> None:
    known = rates(("CHF", "USD", "2026-01-05", "2"))
    for from_, to in (("CHF", "GBP"), ("GBP", "USD"), ("USD", "GBP")):
        assert converted(known, "1", from_, to) is None

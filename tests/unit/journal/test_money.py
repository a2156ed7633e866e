"""Decimals: one spelling, no accidental rounding."""

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal import money

amounts = st.integers(-(10**33) + 1, 10**33 - 1).map(lambda n: Decimal(n).scaleb(-18, Context(prec=40)))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("185.2500", "185.25"),
        ("1E+3", "1000"),
        ("-0.00", "0"),
        ("0E-8", "0"),
        ("100", "100"),
        ("-37.63", "-37.63"),
        ("999999999999999.999999999999999999", "999999999999999.999999999999999999"),
        ("1E-18", "0.000000000000000001"),
    ],
)
def test_a_number_has_one_spelling(amount: str, text: str) -> None:
    assert money.canonical(Decimal(amount)) == text


@given(amounts)
def test_the_canonical_spelling_reads_back_as_the_same_number_and_spells_itself(
    amount: Decimal,
) -> None:
    text = money.canonical(amount)
    assert Decimal(text) == amount
    assert money.canonical(Decimal(text)) == text
    assert "E" not in text
    assert text != "-0"
    assert "." not in text or not text.endswith(("0", "."))


@given(amounts, amounts, amounts)
def test_arithmetic_is_exact_whatever_the_threads_context(a: Decimal, b: Decimal, c: Decimal) -> None:
    with localcontext(Context(prec=3)):
        product, rest = money.product(a, b, c), money.minus(a, b, c)
        sum_ = money.total((a, b, c))
    with localcontext(Context(prec=256)):
        assert product == a * b * c
        assert rest == a - b - c
        assert sum_ == a + b + c


def test_money_is_rounded_half_to_even_at_eight_decimals() -> None:
    assert money.rounded(Decimal("0.000000005")) == 0
    assert money.rounded(Decimal("0.000000015")) == Decimal("0.00000002")
    assert money.ratio(Decimal(2), Decimal(3)) == Decimal("0.66666667")


@pytest.mark.parametrize(
    ("prices", "mean"),
    [
        (["1", "2", "2"], "1.66666667"),
        (["1.00", "2.000000000000"], "1.5"),
        (["0.000012345678", "0.000012345679", "0.000012345679"], "0.000012345679"),
        (["0.000000000000000001", "0", "0"], "0"),
        (["0.000000000000000001", "0.000000000000000001", "0"], "0.000000000000000001"),
    ],
)
def test_a_mean_price_has_as_many_decimals_as_its_prices_and_eight_at_least(prices: list[str], mean: str) -> None:
    given = [Decimal(price) for price in prices]
    assert money.mean_price(money.total(given), Decimal(len(given)), given) == Decimal(mean)


@pytest.mark.parametrize(
    "amount",
    [
        "999999999999999.999999999999999999",
        "-999999999999999.999999999999999999",
        "0.000000000000000001",
        "1.1000000000000000000",
        "0",
    ],
)
def test_fifteen_digits_before_the_point_and_eighteen_after_it_fit(amount: str) -> None:
    assert money.fits(Decimal(amount))


@pytest.mark.parametrize(
    "amount",
    ["1E15", "-1E15", "1E-19", "0.0000000000000000006", "1E999999", "1E-999999", "NaN", "Infinity"],
)
def test_longer_numbers_and_what_is_no_number_do_not_fit(amount: str) -> None:
    assert not money.fits(Decimal(amount))

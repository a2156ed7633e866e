"""Exact decimals: quantities, prices and costs have at most 15 digits before the point and 18 after it.

Gross P&L and quotients have at most 8 decimals, ties rounded to the even digit; a mean price has as many as its prices,
if these have more.
"""

from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import reduce

ZERO = Decimal(0)
ONE = Decimal(1)

MOST_DIGITS = 15
MOST_DECIMALS = 18

MONEY_DECIMALS = 8
_STEPS = tuple(Decimal((0, (1,), -decimals)) for decimals in range(MOST_DECIMALS + 1))
_LIMIT = Decimal((0, (1,), MOST_DIGITS))

# Three factors have 99 digits at most, so products and their sums are exact. A quotient of such numbers that is not a
# tie at 18 decimals differs from one well before the 256th digit, so rounding it twice gives the same result.
_EXACT = Context(prec=256, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def product(*factors: Decimal) -> Decimal:
    """The exact product, unrounded."""
    return reduce(_EXACT.multiply, factors, ONE)


def plus(amount: Decimal, other: Decimal) -> Decimal:
    """The exact sum of two amounts."""
    return _EXACT.add(amount, other)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, 0 of nothing."""
    return reduce(_EXACT.add, amounts, ZERO)


def minus(amount: Decimal, *parts: Decimal) -> Decimal:
    """What is left, exactly, of the amount without the parts."""
    return reduce(_EXACT.subtract, parts, amount)


def rounded(amount: Decimal, decimals: int = MONEY_DECIMALS) -> Decimal:
    """The amount at 8 decimals, or as many as are named, ties to the even digit."""
    return amount.quantize(_STEPS[decimals], context=_EXACT)


def ratio(numerator: Decimal, denominator: Decimal, decimals: int = MONEY_DECIMALS) -> Decimal:
    """The quotient at 8 decimals, or as many as are named. The denominator is not 0."""
    return rounded(_EXACT.divide(numerator, denominator), decimals)


def floored(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient of two amounts above 0, rounded down to 18 decimals."""
    quotient = _EXACT.divide(numerator, denominator)
    return quotient.quantize(_STEPS[MOST_DECIMALS], rounding=ROUND_DOWN, context=_EXACT)


def mean_price(money: Decimal, quantity: Decimal, prices: Iterable[Decimal]) -> Decimal:
    """The money per unit, at 8 decimals, or as many as the most precise of the prices.

    The quantity is not 0.
    """
    return ratio(money, quantity, max((MONEY_DECIMALS, *map(_decimals, prices))))


def fits(amount: Decimal) -> bool:
    """Whether the amount is a number of at most 15 digits before the point and 18 after it."""
    return has_few_digits(amount) and rounded(amount, MOST_DECIMALS) == amount


def has_few_digits(amount: Decimal) -> bool:
    """Whether the amount is a number of at most 15 digits before the point."""
    return amount.is_finite() and amount.copy_abs() < _LIMIT


def canonical(amount: Decimal) -> str:
    """The one spelling of a number: no exponent, no trailing zeros, never "-0"."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _decimals(amount: Decimal) -> int:
    """How many decimals the amount needs."""
    return max(0, -int(amount.normalize(_EXACT).as_tuple().exponent))

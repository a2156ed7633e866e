"""Exact decimals: prices, quantities and money have at most 15 digits before the point and 8 after it."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from functools import reduce

ZERO = Decimal(0)
ONE = Decimal(1)

_SMALLEST = Decimal("1E-8")
_LIMIT = Decimal("1E15")

# Three factors have 69 digits at most, so products and sums are exact. A quotient of such numbers that is no tie
# of 8 decimals lies much further from one than the 100th digit, so rounding it twice cannot move it.
_EXACT = Context(prec=100, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


def product(*factors: Decimal) -> Decimal:
    """The exact product, unrounded."""
    return reduce(_EXACT.multiply, factors, ONE)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, 0 of nothing."""
    return reduce(_EXACT.add, amounts, ZERO)


def minus(amount: Decimal, *parts: Decimal) -> Decimal:
    """What is left, exactly, of the amount without the parts."""
    return reduce(_EXACT.subtract, parts, amount)


def rounded(amount: Decimal) -> Decimal:
    """The amount at 8 decimals, ties to the even digit."""
    return amount.quantize(_SMALLEST, context=_EXACT)


def ratio(numerator: Decimal, denominator: Decimal) -> Decimal:
    """The quotient at 8 decimals. The denominator is not 0."""
    return rounded(_EXACT.divide(numerator, denominator))


def fits(amount: Decimal) -> bool:
    """Whether the amount is a number of at most 15 digits before the point and 8 after it."""
    return amount.is_finite() and amount.copy_abs() < _LIMIT and rounded(amount) == amount


def canonical(amount: Decimal) -> str:
    """The one spelling of a number: no exponent, no trailing zeros, never "-0"."""
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

"""Daily returns on equity, for Sharpe and Sortino, at a risk-free rate of 0.

A day's return is the money that its closes realized, over the equity before the day. The days are those with a close,
and all other Mondays to Fridays between the first and the last of them, which return 0. A year has 252 days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from enum import Enum, auto
from functools import reduce

from handlers.journal import money
from handlers.journal.money import ZERO

# Quotients and roots have no end. Two returns that differ do so well before the 150th digit (sums of amounts have 40 at
# most), so equal digits mean equal returns; a float keeps the first 17.
ENDLESS = Context(prec=150, traps=[InvalidOperation, DivisionByZero, Overflow])

_DAYS_A_YEAR = Decimal(252)
_SATURDAY = 5


class Missing(Enum):
    """What is missing to compute returns: a close, a balance above 0 on every day, or a second day."""

    TRADES = auto()
    BALANCE = auto()
    DAYS = auto()


@dataclass(frozen=True, slots=True)
class Returns:
    """The returns of the days with a close, and how many business days between them have none and so returned 0."""

    earned: tuple[Decimal, ...]
    idle: int

    @property
    def count(self) -> int:
        """How many days there are."""
        return len(self.earned) + self.idle

    @property
    def mean(self) -> Decimal:
        """The mean of all days."""
        return ENDLESS.divide(_sum(self.earned), Decimal(self.count))

    @property
    def are_equal(self) -> bool:
        """Whether all days returned the same."""
        return len({*self.earned, *([ZERO] if self.idle else [])}) == 1

    @property
    def any_below_zero(self) -> bool:
        """Whether a day lost money."""
        return any(one < ZERO for one in self.earned)

    def sharpe(self) -> float:
        """Mean over standard deviation (n - 1), times the root of 252. Not all days are equal."""
        mean = self.mean
        squares = _sum(ENDLESS.power(ENDLESS.subtract(one, mean), 2) for one in self.earned)
        squares = ENDLESS.add(squares, ENDLESS.multiply(Decimal(self.idle), ENDLESS.power(mean, 2)))
        return _by_the_year(mean, ENDLESS.divide(squares, Decimal(self.count - 1)))

    def sortino(self) -> float:
        """Mean over the root of the mean square of the returns below 0, times the root of 252. Some day lost money."""
        squares = _sum(ENDLESS.power(one, 2) for one in self.earned if one < ZERO)
        return _by_the_year(self.mean, ENDLESS.divide(squares, Decimal(self.count)))


def returns_on_equity(days: Sequence[tuple[date, Decimal]], opening_balance: Decimal | None) -> Returns | Missing:
    """The returns of the days, which are those with a close, in order, each with the money that it realized.

    Days without a close are counted, not listed, so that a close in a year far away costs nothing.
    """
    if not days:
        return Missing.TRADES
    if opening_balance is None:
        return Missing.BALANCE
    equity, earned = opening_balance, []
    for _, realized in days:
        if equity <= ZERO:
            return Missing.BALANCE
        earned.append(ENDLESS.divide(realized, equity))
        equity = money.total((equity, realized))
    returns = Returns(tuple(earned), idle_days([day for day, _ in days]))
    return returns if returns.count > 1 else Missing.DAYS


def idle_days(days: Sequence[date]) -> int:
    """How many Mondays to Fridays from the first to the last of these days, which are in order, are none of them."""
    return _weekdays(days[0], days[-1]) - sum(day.weekday() < _SATURDAY for day in days)


def _weekdays(first: date, last: date) -> int:
    """How many days from the first to the last, both included, are not on a weekend."""
    weeks, rest = divmod((last - first).days + 1, 7)
    return weeks * 5 + sum((first.weekday() + day) % 7 < _SATURDAY for day in range(rest))


def _by_the_year(mean: Decimal, variance: Decimal) -> float:
    return float(ENDLESS.multiply(mean, ENDLESS.sqrt(ENDLESS.divide(_DAYS_A_YEAR, variance))))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(ENDLESS.add, amounts, ZERO)

"""Sharpe and Sortino: daily returns on equity, measured by their spread, at a risk-free rate of 0.

A day's return is the money that its closes realized, by the equity before the day. The days are those with a close and
all Mondays to Fridays from the first such day to the last, those without a close returning 0; 252 of them are a year.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce

from handlers.journal import money
from handlers.journal.figures import ENDLESS, Figure, Reason
from handlers.journal.money import ZERO
from handlers.journal.summaries import DaySummary

_DAYS_A_YEAR = Decimal(252)
_SATURDAY = 5


def sharpe(days: Mapping[date, DaySummary], opening_balance: Decimal | None) -> Figure[float]:
    """The mean daily return in units of its standard deviation, by the year."""
    returns = _returns(days, opening_balance)
    if isinstance(returns, Reason):
        return Figure(None, returns)
    if returns.are_equal:
        return Figure(None, Reason.STD_ZERO)
    mean = returns.mean
    squares = _sum(ENDLESS.power(ENDLESS.subtract(one, mean), 2) for one in returns.earned)
    squares = ENDLESS.add(squares, ENDLESS.multiply(Decimal(returns.idle), ENDLESS.power(mean, 2)))
    return Figure(_by_the_year(mean, ENDLESS.divide(squares, Decimal(returns.count - 1))))


def sortino(days: Mapping[date, DaySummary], opening_balance: Decimal | None) -> Figure[float]:
    """The mean daily return in units of its deviation below 0, by the year."""
    returns = _returns(days, opening_balance)
    if isinstance(returns, Reason):
        return Figure(None, returns)
    squares = _sum(ENDLESS.power(one, 2) for one in returns.earned if one < ZERO)
    if squares == ZERO:
        return Figure(None, Reason.NO_LOSSES)
    return Figure(_by_the_year(returns.mean, ENDLESS.divide(squares, Decimal(returns.count))))


@dataclass(frozen=True, slots=True)
class _Returns:
    """The returns of the days with a close, and how many business days between them have none and so returned 0."""

    earned: tuple[Decimal, ...]
    idle: int

    @property
    def count(self) -> int:
        return len(self.earned) + self.idle

    @property
    def mean(self) -> Decimal:
        return ENDLESS.divide(_sum(self.earned), Decimal(self.count))

    @property
    def are_equal(self) -> bool:
        return len({*self.earned, *([ZERO] if self.idle else [])}) == 1


def _returns(days: Mapping[date, DaySummary], opening_balance: Decimal | None) -> _Returns | Reason:
    """The daily returns on equity; or why there are none, or too few for a spread.

    Days without a close are counted, not listed, so that a close in a year far away costs nothing.
    """
    closed = sorted(day for day in days if days[day].closes)
    if not closed:
        return Reason.NO_TRADES
    if opening_balance is None:
        return Reason.NO_BALANCE
    equity, earned = opening_balance, []
    for day in closed:
        if equity <= ZERO:
            return Reason.NO_BALANCE
        earned.append(ENDLESS.divide(days[day].realized, equity))
        equity = money.total((equity, days[day].realized))
    idle = _weekdays(closed[0], closed[-1]) - sum(day.weekday() < _SATURDAY for day in closed)
    returns = _Returns(tuple(earned), idle)
    return returns if returns.count > 1 else Reason.INSUFFICIENT_SAMPLE


def _weekdays(first: date, last: date) -> int:
    """How many days from the first to the last, both included, are not on a weekend."""
    weeks, rest = divmod((last - first).days + 1, 7)
    return weeks * 5 + sum((first.weekday() + day) % 7 < _SATURDAY for day in range(rest))


def _by_the_year(mean: Decimal, variance: Decimal) -> float:
    return float(ENDLESS.multiply(mean, ENDLESS.sqrt(ENDLESS.divide(_DAYS_A_YEAR, variance))))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(ENDLESS.add, amounts, ZERO)

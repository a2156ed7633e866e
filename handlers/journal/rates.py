"""Exchange rates: one unit of a currency in another one, on a day.

A rate holds on its day and, where no later one is given, the seven days after it. A pair without a rate is converted by
its inverse, else through the dollar, else through the euro.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from handlers.journal import money
from handlers.journal.money import MOST_DECIMALS, ONE

# How long a rate holds for later days without one of their own, such as weekends and holidays.
HOLDS_FOR = timedelta(days=7)
_THROUGH = ("USD", "EUR")


@dataclass(frozen=True, slots=True)
class DayRate:
    """What one unit of `from_` is worth in `to` on a day; above 0."""

    from_: str
    to: str
    day: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Ratio:
    """A rate as an exact fraction."""

    over: Decimal = ONE
    under: Decimal = ONE

    def of(self, amount: Decimal) -> Decimal:
        """The amount in the other currency, at 8 decimals."""
        return money.ratio(money.product(amount, self.over), self.under)

    @property
    def shown(self) -> Decimal:
        """The rate at 18 decimals at most."""
        return money.ratio(self.over, self.under, MOST_DECIMALS)


SAME = Ratio()


class Rates:
    """Rates that a user has given."""

    def __init__(self, given: Iterable[DayRate] = ()) -> None:
        self._pairs: dict[tuple[str, str], list[tuple[date, Decimal]]] = {}
        for each in given:
            self._pairs.setdefault((each.from_, each.to), []).append((each.day, each.rate))
        for of_pair in self._pairs.values():
            of_pair.sort()

    def on(self, day: date, from_: str, to: str) -> Ratio | None:
        """The rate of the day from a currency to another one; None if there is none."""
        if from_ == to:
            return SAME
        if (found := self._either_way(day, from_, to)) is not None:
            return found
        for between in _THROUGH:
            first, second = self._either_way(day, from_, between), self._either_way(day, between, to)
            if first is not None and second is not None:
                return Ratio(money.product(first.over, second.over), money.product(first.under, second.under))
        return None

    def _either_way(self, day: date, from_: str, to: str) -> Ratio | None:
        if (rate := self._given(day, from_, to)) is not None:
            return Ratio(rate, ONE)
        if (rate := self._given(day, to, from_)) is not None:
            return Ratio(ONE, rate)
        return None

    def _given(self, day: date, from_: str, to: str) -> Decimal | None:
        of_pair = self._pairs.get((from_, to), [])
        place = bisect_right(of_pair, day, key=lambda each: each[0])
        if place == 0 or of_pair[place - 1][0] < day - HOLDS_FOR:
            return None
        return of_pair[place - 1][1]

"""What an account held and returned, with the money that its owner put in and took out.

Flows count at the start of their day. The return of a day is what it earned over the equity before it and its flow; the
time-weighted return links the days, the money-weighted one is Modified Dietz: what was earned over the equity at the
start and each flow weighted by the part of the days that it was there (CFA Institute, GIPS Standards Handbook).
Open positions are not valued: equity counts only what is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from math import isfinite

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.stats.figures import Figure, Reason
from handlers.journal.stats.returns import ENDLESS, Returns, idle_days

_ONE, _HUNDRED = Decimal(1), Decimal(100)
_NO_BALANCE = Figure[float](None, Reason.NO_BALANCE)


@dataclass(slots=True)
class Day:
    """The money of a day: what came in and went out by flows, by other cash, and what trades realized."""

    deposits: Decimal = ZERO
    withdrawals: Decimal = ZERO
    income: Decimal = ZERO
    costs: Decimal = ZERO
    realized: Decimal = ZERO

    @property
    def flow(self) -> Decimal:
        """What the owner put in, less what he took out."""
        return money.total((self.deposits, self.withdrawals))

    @property
    def earned(self) -> Decimal:
        """What the account earned."""
        return money.total((self.income, self.costs, self.realized))

    def add_cash(self, amount: Decimal, *, is_flow: bool) -> None:
        """Count cash, which no trade realized."""
        name = ("deposits" if amount > ZERO else "withdrawals") if is_flow else ("income" if amount > ZERO else "costs")
        setattr(self, name, money.total((getattr(self, name), amount)))

    def add_day(self, other: Day) -> None:
        """Count all of another day."""
        for name in ("deposits", "withdrawals", "income", "costs", "realized"):
            setattr(self, name, money.total((getattr(self, name), getattr(other, name))))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPeriod:
    """A day or a month of an account; `returned` is its time-weighted return in percent."""

    first: date
    last: date
    earned: Decimal
    flow: Decimal
    closing: Decimal
    returned: Figure[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReturns:
    """The returns of an account from the first day to the last, in percent."""

    first: date | None
    last: date | None
    opening: Decimal
    closing: Decimal
    earned: Decimal
    flow: Decimal
    time_weighted: Figure[float]
    money_weighted: Figure[float]
    max_drawdown: Figure[float]
    sharpe: Figure[float]
    sortino: Figure[float]
    periods: tuple[ReturnPeriod, ...]


def account_returns(
    opening: Decimal, days: Mapping[date, Day], first: date | None, last: date | None, *, by_month: bool
) -> AccountReturns:
    """The returns over the days from `first` to `last`, both included; without a bound, from the first or to the last
    day with money.

    opening: what the account held before the first of all days. Days before `first` count into what it held then.
    """
    inside = sorted(day for day in days if (first is None or first <= day) and (last is None or day <= last))
    start = money.total([opening, *(_moved(days[day]) for day in days if first is not None and day < first)])
    if not inside:
        return _nothing(start, first, last)
    first, last = first or inside[0], last or inside[-1]
    equity, peak, fall = start, _ONE, ZERO
    index: Decimal | None = _ONE  # None from the first day without equity on
    daily: list[Decimal] = []
    periods: list[ReturnPeriod] = []
    begun, grown = list[date](), _ONE
    for day, following in zip_longest(inside, inside[1:]):
        of_day = days[day]
        base = money.total((equity, of_day.flow))
        equity = money.total((base, of_day.earned))
        if index is None or index < ZERO or base <= ZERO:  # after a loss of more than all, gains would be losses
            index = None
        else:
            rate = ENDLESS.divide(of_day.earned, base)
            if _is_worked(of_day):
                daily.append(rate)
            growth = ENDLESS.add(_ONE, rate)
            index, grown = ENDLESS.multiply(index, growth), ENDLESS.multiply(grown, growth)
            peak = max(peak, index)
            fall = max(fall, ENDLESS.subtract(_ONE, ENDLESS.divide(index, peak)))
        begun.append(day)
        if following is None or not by_month or following.replace(day=1) != day.replace(day=1):
            periods.append(
                ReturnPeriod(
                    first=begun[0],
                    last=day,
                    earned=money.total(days[each].earned for each in begun),
                    flow=money.total(days[each].flow for each in begun),
                    closing=equity,
                    returned=_NO_BALANCE if index is None else _percent(grown),
                )
            )
            begun, grown = [], _ONE
    worked = [day for day in inside if _is_worked(days[day])]
    returns = Returns(tuple(daily), idle_days(worked)) if worked else None
    return AccountReturns(
        first=first,
        last=last,
        opening=start,
        closing=equity,
        earned=money.total(days[day].earned for day in inside),
        flow=money.total(days[day].flow for day in inside),
        time_weighted=_NO_BALANCE if index is None else _percent(index),
        money_weighted=_dietz(start, {day: days[day] for day in inside}, first, last),
        max_drawdown=_NO_BALANCE if index is None else Figure(float(ENDLESS.multiply(fall, _HUNDRED))),
        sharpe=_NO_BALANCE if index is None else _sharpe(returns),
        sortino=_NO_BALANCE if index is None else _sortino(returns),
        periods=tuple(periods),
    )


def balance_of(opening: Decimal, days: Iterable[Day]) -> tuple[Day, Decimal]:
    """All money of the days, and what the account held after them."""
    whole = Day()
    for day in days:
        whole.add_day(day)
    return whole, money.total((opening, _moved(whole)))


def _moved(day: Day) -> Decimal:
    return money.total((day.flow, day.earned))


def _is_worked(day: Day) -> bool:
    """Whether the day has a return of its own: not if only flows moved."""
    return bool(day.earned) or not day.flow


def _nothing(balance: Decimal, first: date | None, last: date | None) -> AccountReturns:
    """The returns of days without money."""
    none = Figure[float](None, Reason.NO_TRADES)
    return AccountReturns(
        first=first,
        last=last,
        opening=balance,
        closing=balance,
        earned=ZERO,
        flow=ZERO,
        time_weighted=none,
        money_weighted=none,
        max_drawdown=none,
        sharpe=none,
        sortino=none,
        periods=(),
    )


def _percent(growth: Decimal) -> Figure[float]:
    percent = float(ENDLESS.multiply(ENDLESS.subtract(growth, _ONE), _HUNDRED))
    # Only returns on almost no equity, day after day, are larger than a float can be.
    return Figure(percent) if isfinite(percent) else _NO_BALANCE


def _dietz(start: Decimal, days: Mapping[date, Day], first: date, last: date) -> Figure[float]:
    """Modified Dietz, numerator and denominator times the number of days: so both are exact."""
    number = Decimal((last - first).days + 1)
    base = money.product(start, number)
    for day, of_day in days.items():
        base = money.total((base, money.product(of_day.flow, Decimal((last - day).days + 1))))
    if base <= ZERO:
        return _NO_BALANCE
    earned = money.product(money.total(of_day.earned for of_day in days.values()), number)
    return Figure(float(ENDLESS.multiply(ENDLESS.divide(earned, base), _HUNDRED)))


def _sharpe(returns: Returns | None) -> Figure[float]:
    if returns is None:
        return Figure(None, Reason.NO_TRADES)
    if returns.count < 2:
        return Figure(None, Reason.INSUFFICIENT_SAMPLE)
    return Figure(None, Reason.STD_ZERO) if returns.are_equal else Figure(returns.sharpe())


def _sortino(returns: Returns | None) -> Figure[float]:
    if returns is None:
        return Figure(None, Reason.NO_TRADES)
    if returns.count < 2:
        return Figure(None, Reason.INSUFFICIENT_SAMPLE)
    return Figure(returns.sortino()) if returns.any_below_zero else Figure(None, Reason.NO_LOSING_DAYS)

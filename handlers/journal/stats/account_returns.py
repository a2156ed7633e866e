"""What an account held and returned, with the money that its owner put in and took out.

Flows count at the start of their day. The return of a day is what it earned over the equity before it and its flow; the
time-weighted return links the days, the money-weighted one is Modified Dietz: what was earned over the equity at the
start and each flow weighted by the part of the days that it was there (CFA Institute, GIPS Standards Handbook).
Open positions are not valued: equity is that of what is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import isfinite

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.stats.figures import Figure, Reason
from handlers.journal.stats.returns import ENDLESS, Returns, idle_days

_ONE, _HUNDRED = Decimal(1), Decimal(100)


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
        """Count money that is no trade's."""
        name = ("deposits" if amount > ZERO else "withdrawals") if is_flow else ("income" if amount > ZERO else "costs")
        setattr(self, name, money.total((getattr(self, name), amount)))

    def add_day(self, other: Day) -> None:
        """Count all of another day."""
        for name in ("deposits", "withdrawals", "income", "costs", "realized"):
            setattr(self, name, money.total((getattr(self, name), getattr(other, name))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
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
    periods: tuple[Period, ...]


def account_returns(
    opening: Decimal, days: Mapping[date, Day], first: date | None, last: date | None, *, by_month: bool
) -> AccountReturns:
    """The returns over the days from `first` to `last`, both included; without a bound, from the first or to the last
    day with money.

    opening: what the account held before the first of all days. Days before `first` count into what it held then.
    """
    inside = sorted(day for day in days if (first is None or first <= day) and (last is None or day <= last))
    start = money.total([opening, *(_moved(days[day]) for day in days if first is not None and day < first)])
    first, last = first or (inside[0] if inside else None), last or (inside[-1] if inside else None)
    equity, index, peak, fall = start, _ONE, _ONE, ZERO
    linked: Decimal | None = _ONE
    earned_by_day: list[Decimal] = []
    periods: list[Period] = []
    in_period: Decimal | None = _ONE
    for place, day in enumerate(inside):
        of_day = days[day]
        base = money.total((equity, of_day.flow))
        equity = money.total((base, of_day.earned))
        if base <= ZERO or linked is None or linked < ZERO:  # after a loss of more than all, signs would be turned
            linked = in_period = None
        else:
            rate = ENDLESS.divide(of_day.earned, base)
            if of_day.earned or not of_day.flow:
                earned_by_day.append(rate)
            growth = ENDLESS.add(_ONE, rate)
            linked = index = ENDLESS.plus(ENDLESS.multiply(linked, growth))
            in_period = None if in_period is None else ENDLESS.multiply(in_period, growth)
            peak = max(peak, index)
            fall = max(fall, ENDLESS.subtract(_ONE, ENDLESS.divide(index, peak)))
        ends = place + 1 == len(inside) or not by_month or (inside[place + 1].replace(day=1) != day.replace(day=1))
        if ends:
            begun = [each for each in inside[: place + 1] if not periods or each > periods[-1].last]
            periods.append(
                Period(
                    first=begun[0],
                    last=day,
                    earned=money.total(days[each].earned for each in begun),
                    flow=money.total(days[each].flow for each in begun),
                    closing=equity,
                    returned=_percent(in_period),
                )
            )
            in_period = None if linked is None else _ONE
    returns = None
    if linked is not None and inside:
        worked = [day for day in inside if days[day].earned or not days[day].flow]
        returns = Returns(tuple(earned_by_day), idle_days(worked)) if worked else None
    nothing = Figure[float](None, Reason.NO_BALANCE if inside else Reason.NO_TRADES)
    return AccountReturns(
        first=first,
        last=last,
        opening=start,
        closing=equity,
        earned=money.total(days[day].earned for day in inside),
        flow=money.total(days[day].flow for day in inside),
        time_weighted=_percent(linked) if inside else nothing,
        money_weighted=_dietz(start, days, inside, first, last) if inside else nothing,
        max_drawdown=Figure(float(ENDLESS.multiply(fall, _HUNDRED))) if inside and linked is not None else nothing,
        sharpe=_sharpe(returns) if linked is not None else nothing,
        sortino=_sortino(returns) if linked is not None else nothing,
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


def _percent(growth: Decimal | None) -> Figure[float]:
    if growth is None:
        return Figure(None, Reason.NO_BALANCE)
    percent = float(ENDLESS.multiply(ENDLESS.subtract(growth, _ONE), _HUNDRED))
    # What no float can hold was earned on next to nothing, day after day.
    return Figure(percent) if isfinite(percent) else Figure(None, Reason.NO_BALANCE)


def _dietz(
    start: Decimal, days: Mapping[date, Day], inside: list[date], first: date | None, last: date | None
) -> Figure[float]:
    begin, end = first or inside[0], last or inside[-1]
    number = Decimal((end - begin + timedelta(days=1)).days)
    weights = {day: Decimal((end - day + timedelta(days=1)).days) for day in inside}
    weighted = [ENDLESS.divide(money.product(days[day].flow, weights[day]), number) for day in inside]
    base = start
    for each in weighted:
        base = ENDLESS.add(base, each)
    if base <= ZERO:
        return Figure(None, Reason.NO_BALANCE)
    earned = money.total(days[day].earned for day in inside)
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

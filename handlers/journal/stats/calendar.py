"""A month, or any range of days, with its days and its weeks."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.stats.clock import MOST_DAYS, Clock
from handlers.journal.stats.folding import WinLossRecord
from handlers.journal.stats.questions import Selected

__all__ = ["MOST_DAYS", "Calendar", "Period", "calendar", "month_around"]


@dataclass(slots=True, kw_only=True)
class Period:
    """What happened from the first day to the last, both included.

    `realized` is the net money of all closes made; `record` is of the trades that became flat.
    """

    first: date
    last: date
    realized: Decimal = ZERO
    record: WinLossRecord = field(default_factory=WinLossRecord)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The range, each of its days, and each of its weeks.

    The first and the last week hold only their days in the range, so that days, weeks and the whole add up alike.
    """

    whole: Period
    days: tuple[Period, ...]
    weeks: tuple[Period, ...]


def month_around(day: date) -> tuple[date, date]:
    """The first and the last day of the month in which the day lies."""
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def calendar(selected: Iterable[Selected], first: date, last: date, clock: Clock) -> Calendar:
    """The calendar from the first day to the last, both included, of what is selected; all of it lies in the range."""
    span = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    days = {day: Period(first=day, last=day) for day in span}
    for one in selected:
        for day, gain in one.gains:
            days[day].realized = money.total((days[day].realized, gain.amount))
        if one.result_day is not None and one.outcome is not None:
            days[one.result_day].record.add(one.entry, one.outcome)
    weeks: dict[tuple[date, date], list[Period]] = {}
    for period in days.values():
        weeks.setdefault(clock.week(period.first), []).append(period)
    return Calendar(
        whole=_together(list(days.values())),
        days=tuple(days.values()),
        weeks=tuple(_together(of_week) for of_week in weeks.values()),
    )


def _together(periods: list[Period]) -> Period:
    whole = Period(first=periods[0].first, last=periods[-1].last)
    for period in periods:
        whole.realized = money.total((whole.realized, period.realized))
        whole.record.merge(period.record)
    return whole

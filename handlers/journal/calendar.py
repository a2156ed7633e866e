"""One month, its days and its weeks."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from handlers.journal.figures import Figure, Reason
from handlers.journal.summaries import DaySummary, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What happened from the first day to the last, both included.

    realized is the net money of all closes made; trades, wins, losses, break-evens, net and r are of the trades that
    became flat, r the sum over those that have a risk.
    """

    first: date
    last: date
    realized: Decimal
    net: Decimal
    trades: int
    wins: int
    losses: int
    breakevens: int
    r: Figure[Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month, each of its days, and each of its weeks, Monday to Sunday.

    The first and the last week hold only their days in this month, so that days, weeks and month add up alike.
    """

    whole: Period
    days: tuple[Period, ...]
    weeks: tuple[Period, ...]


def days_in(year: int, month: int) -> list[date]:
    """The days of the month."""
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def month_of(year: int, month: int, days: Mapping[date, DaySummary]) -> Month:
    """The month, from among the days."""
    of_month = days_in(year, month)
    weeks = [list(week) for _, week in groupby(of_month, lambda day: day.toordinal() - day.weekday())]
    return Month(
        whole=_period(of_month, days),
        days=tuple(_period([day], days) for day in of_month),
        weeks=tuple(_period(week, days) for week in weeks),
    )


def _period(span: Sequence[date], days: Mapping[date, DaySummary]) -> Period:
    summary = fold({day: days[day] for day in span if day in days})
    if summary.r_count:
        r = Figure(summary.r_sum)
    else:
        r = Figure(None, Reason.NO_RISK if summary.trades else Reason.NO_TRADES)
    return Period(
        first=span[0],
        last=span[-1],
        realized=summary.realized,
        net=summary.net,
        trades=summary.trades,
        wins=summary.wins,
        losses=summary.losses,
        breakevens=summary.breakevens,
        r=r,
    )

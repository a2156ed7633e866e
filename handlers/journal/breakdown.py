"""The trades in buckets: by a dimension of the rows, or by weekday or month of the day on which a trade became flat.

A bucket is significant if the mean result of its trades differs from 0 by more than chance explains: it has at least 30
trades, and its SQN, which is the t statistic of that mean, lies beyond the two-sided 95 % bound, divided by how many
buckets have 30 trades (Bonferroni): among twenty tags, one would pass at 95 % by luck alone. The test is of money, not
of the win rate against one half: with large wins and small losses much less than half is good. From 30 trades on the
normal bound is near enough to Student's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import partial
from statistics import NormalDist

from handlers.journal.figures import (
    Figure,
    Interval,
    Reason,
    expectancy,
    profit_factor,
    sqn,
    win_rate,
    win_rate_ci95,
)
from handlers.journal.rows import Dimension, RowKey
from handlers.journal.summaries import DaySummary, fold

ENOUGH_TRADES = 30
_CHANCE = 0.05


class Grouping(StrEnum):
    """By what a breakdown groups trades. WEEKDAY (MONDAY ...) and MONTH (2025-01) are of the day of the last close."""

    SYMBOL = "SYMBOL"
    SIDE = "SIDE"
    TAG = "TAG"
    SETUP_TYPE = "SETUP_TYPE"
    TRADING_SESSION = "TRADING_SESSION"
    WEEKDAY = "WEEKDAY"
    HOUR = "HOUR"
    MONTH = "MONTH"


WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The trades that share a value; key None for those without the attribute."""

    key: str | None
    trades: int
    wins: int
    losses: int
    net: Decimal
    win_rate: Figure[float]
    win_rate_ci95: Figure[Interval]
    expectancy: Figure[Decimal]
    profit_factor: Figure[float]
    significant: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The buckets in the order of their keys, None last.

    Where they overlap (a trade has many tags) a trade counts in each of its buckets, and they add up to more than all.
    """

    by: Grouping
    overlapping: bool
    buckets: tuple[Bucket, ...]


def dimension_of(by: Grouping) -> Dimension:
    """The dimension whose rows the breakdown is made from."""
    return Dimension.JOURNAL if by in (Grouping.WEEKDAY, Grouping.MONTH) else Dimension(by.value)


def breakdown(by: Grouping, rows: Mapping[RowKey, DaySummary]) -> Breakdown:
    """The trades that became flat in the rows' days, in buckets. Rows of other dimensions than its own are left out."""
    days: dict[str | None, dict[date, DaySummary]] = {}
    for key, summary in rows.items():
        if key.dimension is dimension_of(by):
            days.setdefault(_bucket_key(by, key), {})[key.day] = summary
    summaries = {key: fold(of_key) for key, of_key in days.items()}
    summaries = {key: summary for key, summary in summaries.items() if summary.trades}
    bound = _bound(summaries.values())
    return Breakdown(
        by=by,
        overlapping=by is Grouping.TAG,
        buckets=tuple(_bucket(key, summaries[key], bound) for key in sorted(summaries, key=partial(_place, by))),
    )


def _bucket_key(by: Grouping, key: RowKey) -> str | None:
    if by is Grouping.WEEKDAY:
        return WEEKDAYS[key.day.weekday()]
    if by is Grouping.MONTH:
        return key.day.isoformat()[:7]
    return key.value


def _place(by: Grouping, key: str | None) -> tuple[bool, int, str]:
    """Where the key stands: weekdays as they follow each other, all else by its text, None last."""
    return key is None, WEEKDAYS.index(key) if by is Grouping.WEEKDAY and key else 0, key or ""


def _bucket(key: str | None, summary: DaySummary, bound: float) -> Bucket:
    return Bucket(
        key=key,
        trades=summary.trades,
        wins=summary.wins,
        losses=summary.losses,
        net=summary.net,
        win_rate=win_rate(summary),
        win_rate_ci95=win_rate_ci95(summary),
        expectancy=expectancy(summary),
        profit_factor=profit_factor(summary),
        significant=_is_significant(summary, bound),
    )


def _bound(summaries: Iterable[DaySummary]) -> float:
    """Beyond which SQN chance no longer explains any bucket, of those that have enough trades."""
    judged = sum(summary.trades >= ENOUGH_TRADES for summary in summaries)
    return NormalDist().inv_cdf(1 - _CHANCE / (2 * max(1, judged)))


def _is_significant(summary: DaySummary, bound: float) -> bool:
    if summary.trades < ENOUGH_TRADES:
        return False
    t = sqn(summary)
    if t.reason is Reason.STD_ZERO:  # all alike: certain, unless all are break-evens
        return bool(summary.net)
    return t.value is not None and abs(t.value) > bound

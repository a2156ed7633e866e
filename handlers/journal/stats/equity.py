"""The equity curve: what the account held at the end of each day, by the money that closes realized.

The curve has a point for each day with a close, and is level in between. Before the first day it is at the opening
balance, or at zero without one, and that counts as a peak. Curve and episodes use the ends of days only;
`max_drawdown` in figures.py also sees falls within a day, so it is never less deep.

By week or month, the curve keeps the last point of each, with the money realized in the whole week or month. Episodes
are always by day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.stats.calendar import month_around
from handlers.journal.stats.clock import Clock
from handlers.journal.stats.figures import Figure, percent_of_peak
from handlers.journal.stats.questions import Selected


class GroupBy(StrEnum):
    """What a point of the curve stands for."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The end of a day, a week or a month, from its first to its last day.

    `drawdown` is how far the equity lies below its highest end of a day so far, 0 on a peak.
    """

    first: date
    last: date
    realized: Decimal
    cumulative: Decimal
    equity: Decimal
    drawdown: Decimal
    drawdown_percent: Figure[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A drawdown, from its start to its recovery.

    `start` is the first day below the peak, `trough` the first of the deepest days, `end` the day that was back at the
    peak or above, None while it lasts. `depth_percent` is of the balance at the peak.
    """

    start: date
    trough: date
    end: date | None
    depth: Decimal
    depth_percent: Figure[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityCurve:
    """The points and the episodes, each in the order of days."""

    opening_balance: Decimal
    points: tuple[Point, ...]
    episodes: tuple[Episode, ...]


def equity_curve(
    selected: Iterable[Selected],
    opening_balance: Decimal | None = None,
    group_by: GroupBy = GroupBy.DAY,
    clock: Clock | None = None,
) -> EquityCurve:
    """The curve over what is selected, the opening balance being that before its first day."""
    realized: dict[date, Decimal] = {}
    for one in selected:
        for day, gain in one.gains:
            realized[day] = money.total((realized.get(day, ZERO), gain.amount))
    points = _points(realized, opening_balance)
    return EquityCurve(
        opening_balance=ZERO if opening_balance is None else opening_balance,
        points=tuple(_grouped(points, group_by, clock or Clock())),
        episodes=_episodes(points),
    )


def _points(realized: dict[date, Decimal], opening_balance: Decimal | None) -> list[Point]:
    points: list[Point] = []
    cumulative = peak = ZERO
    for day in sorted(realized):
        cumulative = money.total((cumulative, realized[day]))
        peak = max(peak, cumulative)
        drawdown = money.minus(peak, cumulative)
        points.append(
            Point(
                first=day,
                last=day,
                realized=realized[day],
                cumulative=cumulative,
                equity=cumulative if opening_balance is None else money.total((opening_balance, cumulative)),
                drawdown=drawdown,
                drawdown_percent=percent_of_peak(drawdown, peak, opening_balance),
            )
        )
    return points


def _grouped(points: list[Point], group_by: GroupBy, clock: Clock) -> Iterable[Point]:
    if group_by is GroupBy.DAY:
        return points
    groups: dict[tuple[date, date], Point] = {}
    for point in points:
        first, last = clock.week(point.last) if group_by is GroupBy.WEEK else month_around(point.last)
        earlier = groups.get((first, last))
        realized = point.realized if earlier is None else money.total((earlier.realized, point.realized))
        groups[first, last] = replace(point, first=first, last=last, realized=realized)
    return groups.values()


def _episodes(points: list[Point]) -> tuple[Episode, ...]:
    ended: list[Episode] = []
    lasting: Episode | None = None
    for point in points:
        if point.drawdown == ZERO:
            if lasting is not None:
                ended.append(replace(lasting, end=point.last))
            lasting = None
        elif lasting is None or point.drawdown > lasting.depth:
            lasting = Episode(
                start=point.last if lasting is None else lasting.start,
                trough=point.last,
                end=None,
                depth=point.drawdown,
                depth_percent=point.drawdown_percent,
            )
    return (*ended, lasting) if lasting is not None else tuple(ended)

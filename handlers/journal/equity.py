"""The equity curve: what the account held at the end of each day, by the money that closes realized.

A point stands for each day with a close; on the days between, the curve is level. Before the first day it stands at the
opening balance, or at zero without one, and that counts as a peak. Curve and episodes look at the ends of days, so that
they follow from the points alone; `max_drawdown` in figures.py also sees falls within a day and is never less deep.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from handlers.journal import money
from handlers.journal.figures import Figure, percent_of_peak
from handlers.journal.money import ZERO
from handlers.journal.summaries import DaySummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The end of one day. drawdown is how far the equity lies below its highest point so far, 0 on a peak."""

    day: date
    realized: Decimal
    cumulative: Decimal
    equity: Decimal
    drawdown: Decimal
    drawdown_percent: Figure[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A time under water.

    From its first day below the peak, over the first of its deepest days, to the day that was back at the peak or
    above; end is None while it lasts. depth_percent is of the balance at the peak.
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


def equity_curve(days: Mapping[date, DaySummary], opening_balance: Decimal | None = None) -> EquityCurve:
    """The curve over the days, the opening balance being that before the first of them."""
    opening = ZERO if opening_balance is None else opening_balance
    points: list[Point] = []
    cumulative = peak = ZERO
    for day in sorted(days):
        if not days[day].closes:
            continue
        cumulative = money.total((cumulative, days[day].realized))
        peak = max(peak, cumulative)
        drawdown = money.minus(peak, cumulative)
        points.append(
            Point(
                day=day,
                realized=days[day].realized,
                cumulative=cumulative,
                equity=money.total((opening, cumulative)),
                drawdown=drawdown,
                drawdown_percent=percent_of_peak(drawdown, peak, opening_balance),
            )
        )
    return EquityCurve(opening_balance=opening, points=tuple(points), episodes=_episodes(points))


def _episodes(points: list[Point]) -> tuple[Episode, ...]:
    ended: list[Episode] = []
    lasting: Episode | None = None
    for point in points:
        if point.drawdown == ZERO:
            if lasting is not None:
                ended.append(replace(lasting, end=point.day))
            lasting = None
        elif lasting is None or point.drawdown > lasting.depth:
            lasting = Episode(
                start=point.day if lasting is None else lasting.start,
                trough=point.day,
                end=None,
                depth=point.drawdown,
                depth_percent=point.drawdown_percent,
            )
    return (*ended, lasting) if lasting is not None else tuple(ended)

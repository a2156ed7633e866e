"""The equity curve, the calendar and the breakdown as the contract writes them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from handlers.documents.stats import Frame, counts, figure_value, money_text, shown_figures, sums
from handlers.journal.stats.breakdown import Breakdown, Bucket
from handlers.journal.stats.calendar import Calendar, Period
from handlers.journal.stats.equity import EquityCurve, GroupBy
from handlers.journal.stats.figures import figures_of_record

MOST_BUCKETS = 2_000


def curve_document(
    curve: EquityCurve, opening_balance: Decimal | None, group_by: GroupBy, frame: Frame
) -> dict[str, Any]:
    """The contract's EquityCurve."""
    undefined = {} if opening_balance is not None else dict.fromkeys(("drawdownPercent", "depthPercent"), "NO_BALANCE")
    return {
        **frame.document(),
        "groupBy": group_by,
        "openingBalance": money_text(curve.opening_balance),
        "points": [
            {
                "from": point.first.isoformat(),
                "to": point.last.isoformat(),
                "realizedPnl": money_text(point.realized),
                "cumulativePnl": money_text(point.cumulative),
                "equity": money_text(point.equity),
                "drawdown": money_text(point.drawdown),
                "drawdownPercent": figure_value(point.drawdown_percent.value),
            }
            for point in curve.points
        ],
        "episodes": [
            {
                "start": episode.start.isoformat(),
                "trough": episode.trough.isoformat(),
                **({} if episode.end is None else {"end": episode.end.isoformat()}),
                "depth": money_text(episode.depth),
                "depthPercent": figure_value(episode.depth_percent.value),
            }
            for episode in curve.episodes
        ],
        "reasons": undefined,
    }


def calendar_document(calendar: Calendar, frame: Frame) -> dict[str, Any]:
    """The contract's Calendar."""
    return {
        **frame.document(),
        "weekStartsOn": frame.question.clock.week_starts_on,
        "total": _period(calendar.whole),
        "days": [_period(day) for day in calendar.days],
        "weeks": [_period(week) for week in calendar.weeks],
    }


def breakdown_document(breakdown: Breakdown, frame: Frame) -> dict[str, Any]:
    """The contract's Breakdown. Of more than 2 000 buckets, those with the most trades."""
    buckets: Iterable[Bucket] = breakdown.buckets
    if len(breakdown.buckets) > MOST_BUCKETS:
        kept = sorted(breakdown.buckets, key=lambda bucket: -bucket.record.trades)[:MOST_BUCKETS]
        names = {bucket.keys for bucket in kept}
        buckets = (bucket for bucket in breakdown.buckets if bucket.keys in names)
    return {
        **frame.document(),
        "by": list(breakdown.by),
        "overlapping": breakdown.overlapping,
        "bucketCount": len(breakdown.buckets),
        "buckets": [_bucket(breakdown, bucket) for bucket in buckets],
    }


def _bucket(breakdown: Breakdown, bucket: Bucket) -> dict[str, Any]:
    return {
        "keys": [
            {"attribute": attribute, **({} if value is None else {"value": value})}
            for attribute, value in zip(breakdown.by, bucket.keys, strict=True)
        ],
        **sums(bucket.record),
        **shown_figures(figures_of_record(bucket.record)),
        "significant": bucket.significant,
    }


def _period(period: Period) -> dict[str, Any]:
    record = period.record
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "realizedPnl": money_text(period.realized),
        "netPnl": money_text(record.net),
        **counts(record),
    }

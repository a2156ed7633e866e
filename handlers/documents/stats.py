"""Statistics as the contract writes them: money as text, ratios to six decimals, and a reason for what has no value.

The figures are those that journal/stats/figures.py registers, under their names in camelCase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.documents.fields import contract_name, time_text
from handlers.journal import money
from handlers.journal.stats.breakdown import Breakdown, Bucket
from handlers.journal.stats.calendar import Calendar, Period
from handlers.journal.stats.equity import EquityCurve, GroupBy
from handlers.journal.stats.figures import Figure, Interval, figures_of_journal, figures_of_record
from handlers.journal.stats.folding import Journal, Record
from handlers.journal.stats.questions import Question

MOST_BUCKETS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What every answer repeats of its question, and when the statistics that it shows last changed.

    `tolerance` is the break-even tolerance as it was asked for.
    """

    question: Question
    tolerance: str
    as_of: datetime | None

    def document(self) -> dict[str, Any]:
        """The properties that all four answers share."""
        clock = self.question.clock
        return {
            "basis": "NET",
            **({} if self.as_of is None else {"asOf": time_text(self.as_of)}),
            **({} if clock.zone is None else {"timeZone": clock.zone.key}),
            "dayStartsAt": f"{clock.day_starts_at:%H:%M}",
            "breakevenTolerance": self.tolerance,
        }


def stats_document(journal: Journal, opening_balance: Decimal | None, frame: Frame) -> dict[str, Any]:
    """The contract's Stats."""
    document = {
        **frame.document(),
        **_sums(journal.record),
        "realizedPnl": _money(journal.balance.realized),
        "longestWinStreak": journal.runs.longest_wins,
        "longestLossStreak": journal.runs.longest_losses,
        "currentStreak": journal.runs.current,
        **_figures(figures_of_journal(journal, opening_balance)),
    }
    if frame.as_of is not None:
        document["lastUpdated"] = time_text(frame.as_of)
    return document


def curve_document(
    curve: EquityCurve, opening_balance: Decimal | None, group_by: GroupBy, frame: Frame
) -> dict[str, Any]:
    """The contract's EquityCurve."""
    undefined = {} if opening_balance is not None else dict.fromkeys(("drawdownPercent", "depthPercent"), "NO_BALANCE")
    return {
        **frame.document(),
        "groupBy": group_by,
        "openingBalance": _money(curve.opening_balance),
        "points": [
            {
                "from": point.first.isoformat(),
                "to": point.last.isoformat(),
                "realizedPnl": _money(point.realized),
                "cumulativePnl": _money(point.cumulative),
                "equity": _money(point.equity),
                "drawdown": _money(point.drawdown),
                "drawdownPercent": _shown(point.drawdown_percent.value),
            }
            for point in curve.points
        ],
        "episodes": [
            {
                "start": episode.start.isoformat(),
                "trough": episode.trough.isoformat(),
                **({} if episode.end is None else {"end": episode.end.isoformat()}),
                "depth": _money(episode.depth),
                "depthPercent": _shown(episode.depth_percent.value),
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
        **_sums(bucket.record),
        **_figures(figures_of_record(bucket.record)),
        "significant": bucket.significant,
    }


def _period(period: Period) -> dict[str, Any]:
    record = period.record
    return {
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "realizedPnl": _money(period.realized),
        "netPnl": _money(record.net),
        **_counts(record),
    }


def _sums(record: Record) -> dict[str, Any]:
    return {
        **_counts(record),
        "netPnl": _money(record.net),
        "grossPnl": _money(money.total((record.net, record.costs))),
        "costs": _money(record.costs),
        "sumWinPnl": _money(record.sum_win),
        "sumLossPnl": _money(record.sum_loss),
        "sumBreakevenPnl": _money(record.sum_breakeven),
    }


def _counts(record: Record) -> dict[str, Any]:
    return {
        "tradeCount": record.trades,
        "wins": record.wins,
        "losses": record.losses,
        "breakevens": record.breakevens,
        "rCount": record.r_count,
        "sumR": _ratio(float(record.r_sum)),
    }


def _figures(figures: Mapping[str, Figure[Any]]) -> dict[str, Any]:
    """Each figure under its name in the contract, null where it has no value, and the reasons for those."""
    named = {contract_name(name): figure for name, figure in figures.items()}
    reasons = {name: figure.reason for name, figure in named.items() if figure.reason is not None}
    return {**{name: _shown(figure.value) for name, figure in named.items()}, "reasons": reasons}


def _shown(value: Decimal | float | Interval | None) -> str | float | dict[str, float] | None:
    if isinstance(value, Decimal):
        return _money(value)
    if isinstance(value, Interval):
        return {"low": _ratio(value.low), "high": _ratio(value.high)}
    return None if value is None else _ratio(value)


def _money(amount: Decimal) -> str:
    return money.canonical(money.rounded(amount))


def _ratio(value: float) -> float:
    return round(value, 6)

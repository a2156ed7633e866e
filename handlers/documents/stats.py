"""Statistics as the contract writes them: money as text, ratios to six decimals, and a reason for what has no value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from handlers.documents.fields import time_text
from handlers.journal import money
from handlers.journal.breakdown import Breakdown, Bucket
from handlers.journal.calendar import Month, Period
from handlers.journal.equity import EquityCurve
from handlers.journal.figures import Figure, Interval
from handlers.journal.statistics import Statistics
from handlers.storage.statistics import Standing


def stats_document(statistics: Statistics, standing: Standing) -> dict[str, Any]:
    """The contract's Stats."""
    totals = statistics.totals
    document = {
        "tradeCount": totals.trade_count,
        "realizedPnL": _money(totals.realized_pnl),
        "netPnL": _money(statistics.net_pnl),
        "wins": totals.wins,
        "losses": totals.losses,
        "breakevens": statistics.breakevens,
        "sumWinPnL": _money(totals.sum_win_pnl),
        "sumLossPnL": _money(totals.sum_loss_pnl),
        "longestWinStreak": statistics.longest_wins,
        "longestLossStreak": statistics.longest_losses,
        "currentStreak": statistics.current_run,
        **_figures(
            {
                "bestWin": statistics.best_win,
                "worstLoss": statistics.worst_loss,
                "winRate": statistics.win_rate,
                "winRateExcludingBreakeven": statistics.win_rate_excluding_breakeven,
                "winRateCi95": statistics.win_rate_ci95,
                "avgWin": statistics.avg_win,
                "avgLoss": statistics.avg_loss,
                "payoffRatio": statistics.payoff_ratio,
                "profitFactor": statistics.profit_factor,
                "expectancy": statistics.expectancy,
                "expectancyR": statistics.expectancy_r,
                "sqn": statistics.sqn,
                "sqnR": statistics.sqn_r,
                "kelly": statistics.kelly,
                "maxDrawdown": statistics.max_drawdown,
                "maxDrawdownPercent": statistics.max_drawdown_percent,
                "recoveryFactor": statistics.recovery_factor,
                "consistency": statistics.consistency,
                "sharpe": statistics.sharpe,
                "sortino": statistics.sortino,
            }
        ),
    }
    if standing.last_updated is not None:
        document["lastUpdated"] = time_text(standing.last_updated)
    return document


def curve_document(curve: EquityCurve) -> dict[str, Any]:
    """The contract's EquityCurve."""
    return {
        "openingBalance": _money(curve.opening_balance),
        "points": [
            {
                "day": point.day.isoformat(),
                "netPnL": _money(point.realized),
                "cumulativePnL": _money(point.cumulative),
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
    }


def month_document(month: Month) -> dict[str, Any]:
    """The contract's CalendarMonth."""
    return {
        "month": _period(month.whole),
        "days": [_period(day) for day in month.days],
        "weeks": [_period(week) for week in month.weeks],
    }


def _period(period: Period) -> dict[str, Any]:
    return {
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "realizedPnL": _money(period.realized),
        "netPnL": _money(period.net),
        "trades": period.trades,
        "wins": period.wins,
        "losses": period.losses,
        "breakevens": period.breakevens,
        "r": None if period.r.value is None else _ratio(float(period.r.value)),
    }


def breakdown_document(breakdown: Breakdown) -> dict[str, Any]:
    """The contract's Breakdown."""
    return {
        "by": breakdown.by,
        "overlapping": breakdown.overlapping,
        "buckets": [_bucket(bucket) for bucket in breakdown.buckets],
    }


def _bucket(bucket: Bucket) -> dict[str, Any]:
    return {
        **({} if bucket.key is None else {"key": bucket.key}),
        "trades": bucket.trades,
        "wins": bucket.wins,
        "losses": bucket.losses,
        "netPnL": _money(bucket.net),
        "significant": bucket.significant,
        **_figures(
            {
                "winRate": bucket.win_rate,
                "winRateCi95": bucket.win_rate_ci95,
                "expectancy": bucket.expectancy,
                "profitFactor": bucket.profit_factor,
            }
        ),
    }


def _figures(figures: dict[str, Figure[Any]]) -> dict[str, Any]:
    """Each figure under its name, null where it has no value, and the reasons for those."""
    undefined = {name: figure.reason for name, figure in figures.items() if figure.reason is not None}
    return {**{name: _shown(figure.value) for name, figure in figures.items()}, "undefined": undefined}


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

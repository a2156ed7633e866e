"""All statistics of a range of days, from their summaries. What each figure is, its own function says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.journal.figures import (
    Figure,
    Interval,
    avg_loss,
    avg_win,
    best_win,
    consistency,
    expectancy,
    expectancy_r,
    kelly,
    max_drawdown,
    max_drawdown_percent,
    payoff_ratio,
    profit_factor,
    recovery_factor,
    sqn,
    sqn_r,
    win_rate,
    win_rate_ci95,
    win_rate_excluding_breakeven,
    worst_loss,
)
from handlers.journal.returns import sharpe, sortino
from handlers.journal.summaries import DaySummary, Totals, fold, totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All figures of a range of days.

    net_pnl is what the trades that became flat earned in all; the totals' realized_pnl is the money of all closes. Runs
    are counted in trades; current_run is below 0 for losses, 0 after a break-even or nothing. max_drawdown_percent is
    the deepest fall in percent of the opening balance and the peak that it falls from.
    """

    totals: Totals
    breakevens: int
    net_pnl: Decimal
    win_rate: Figure[float]
    win_rate_excluding_breakeven: Figure[float]
    win_rate_ci95: Figure[Interval]
    best_win: Figure[Decimal]
    worst_loss: Figure[Decimal]
    avg_win: Figure[Decimal]
    avg_loss: Figure[Decimal]
    payoff_ratio: Figure[float]
    profit_factor: Figure[float]
    expectancy: Figure[Decimal]
    expectancy_r: Figure[float]
    sqn: Figure[float]
    sqn_r: Figure[float]
    kelly: Figure[float]
    longest_wins: int
    longest_losses: int
    current_run: int
    max_drawdown: Figure[Decimal]
    max_drawdown_percent: Figure[float]
    recovery_factor: Figure[float]
    consistency: Figure[float]
    sharpe: Figure[float]
    sortino: Figure[float]


def statistics_of(days: Mapping[date, DaySummary], opening_balance: Decimal | None = None) -> Statistics:
    """All that is known of the days."""
    whole = fold(days)
    return Statistics(
        totals=totals(whole),
        breakevens=whole.breakevens,
        net_pnl=whole.net,
        win_rate=win_rate(whole),
        win_rate_excluding_breakeven=win_rate_excluding_breakeven(whole),
        win_rate_ci95=win_rate_ci95(whole),
        best_win=best_win(whole),
        worst_loss=worst_loss(whole),
        avg_win=avg_win(whole),
        avg_loss=avg_loss(whole),
        payoff_ratio=payoff_ratio(whole),
        profit_factor=profit_factor(whole),
        expectancy=expectancy(whole),
        expectancy_r=expectancy_r(whole),
        sqn=sqn(whole),
        sqn_r=sqn_r(whole),
        kelly=kelly(whole),
        longest_wins=whole.longest_wins,
        longest_losses=whole.longest_losses,
        current_run=whole.last_run,
        max_drawdown=max_drawdown(whole),
        max_drawdown_percent=max_drawdown_percent(whole, opening_balance),
        recovery_factor=recovery_factor(whole),
        consistency=consistency(days),
        sharpe=sharpe(days, opening_balance),
        sortino=sortino(days, opening_balance),
    )

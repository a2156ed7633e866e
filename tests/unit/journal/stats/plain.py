"""The plain model: every answer of the statistics computed from the trades themselves, by the definitions alone.

It knows nothing of entries, folds and days to read. It takes a question in the words of the contract's parameters, and
computes with fractions on lists, as slowly as it likes.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from itertools import groupby
from math import isclose, sqrt
from typing import Any
from zoneinfo import ZoneInfo

from handlers.journal.stats.figures import Figure
from handlers.journal.trade import Trade


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as a front end writes it."""

    time_zone: str | None = None
    day_starts_at: str = "00:00"
    tolerance: str = "0"
    first: date | None = None
    last: date | None = None
    filters: dict[str, list[str]] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    excluded_tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """One close or event that counts, on its day."""

    day: date
    at: datetime
    trade: Trade
    place: int
    amount: Fraction


def wall(asked: Asked, at: datetime) -> datetime:
    return at if asked.time_zone is None else at.astimezone(ZoneInfo(asked.time_zone))


def day_of(asked: Asked, at: datetime) -> date:
    local = wall(asked, at)
    clock = local.strftime("%H:%M")
    if "00:00" < asked.day_starts_at <= "12:00" and clock < asked.day_starts_at:
        return local.date() - timedelta(days=1)
    if asked.day_starts_at > "12:00" and clock >= asked.day_starts_at:
        return local.date() + timedelta(days=1)
    return local.date()


def outcome_of(asked: Asked, trade: Trade) -> str | None:
    if trade.net_pnl is None:
        return None
    if asked.tolerance.endswith("R"):
        bound = Fraction(asked.tolerance[:-1]) * Fraction(trade.risk or 0)
    else:
        bound = Fraction(asked.tolerance)
    if abs(Fraction(trade.net_pnl)) <= bound:
        return "BREAKEVEN"
    return "WIN" if trade.net_pnl > 0 else "LOSS"


def holding_time_of(trade: Trade) -> str | None:
    if trade.holding_seconds is None:
        return None
    minutes = trade.holding_seconds / 60
    if minutes < 1:
        return "UNDER_1_MINUTE"
    if minutes < 5:
        return "FROM_1_TO_5_MINUTES"
    if minutes < 15:
        return "FROM_5_TO_15_MINUTES"
    if minutes < 60:
        return "FROM_15_TO_60_MINUTES"
    if minutes < 4 * 60:
        return "FROM_1_TO_4_HOURS"
    if minutes < 24 * 60:
        return "FROM_4_TO_24_HOURS"
    if minutes < 7 * 24 * 60:
        return "FROM_1_TO_7_DAYS"
    return "FROM_7_TO_30_DAYS" if minutes < 30 * 24 * 60 else "FROM_30_DAYS"


def size_of(trade: Trade) -> str:
    bounds = [Decimal(f"{digit}E{power}") for power in range(-18, 18) for digit in (1, 2, 5)]
    low = max(bound for bound in bounds if bound <= trade.quantity)
    return f"{low:f}-{bounds[bounds.index(low) + 1]:f}"


def values_of(asked: Asked, attribute: str, trade: Trade, at: datetime) -> list[str | None]:
    """The trade's values of the attribute, with a close at that instant."""
    values: dict[str, Callable[[], list[str | None]]] = {
        "SYMBOL": lambda: [trade.symbol],
        "SIDE": lambda: [trade.side.value],
        "TAG": lambda: list(set(trade.notes.tags)) or [None],
        "SETUP_TYPE": lambda: [trade.notes.setup_type],
        "TRADING_SESSION": lambda: [trade.notes.trading_session],
        "TRADE_GRADE": lambda: [trade.notes.trade_grade],
        "WEEKDAY": lambda: [day_of(asked, trade.open_date).strftime("%A").upper()],
        "HOUR": lambda: [wall(asked, trade.open_date).strftime("%H")],
        "CLOSE_WEEKDAY": lambda: [day_of(asked, at).strftime("%A").upper()],
        "CLOSE_HOUR": lambda: [wall(asked, at).strftime("%H")],
        "MONTH": lambda: [day_of(asked, at).strftime("%Y-%m")],
        "RESULT": lambda: [outcome_of(asked, trade)],
        "RISK": lambda: ["UNKNOWN" if trade.risk is None else "KNOWN"],
        "HOLDING_TIME": lambda: [holding_time_of(trade)],
        "SIZE": lambda: [size_of(trade)],
        "GROUP": lambda: [trade.group_id],
        "ACCOUNT": lambda: [trade.account_id or "00000000-0000-4000-8000-000000000001"],
    }
    return values[attribute]()


def fits(asked: Asked, trade: Trade, at: datetime) -> bool:
    if not set(asked.tags) <= set(trade.notes.tags) or set(asked.excluded_tags) & set(trade.notes.tags):
        return False
    day = day_of(asked, at)
    if (asked.first and day < asked.first) or (asked.last and day > asked.last):
        return False
    return all(
        any((has or "").lower() == wanted.lower() for has in values_of(asked, name, trade, at) for wanted in wanteds)
        for name, wanteds in asked.filters.items()
    )


def money_of(trade: Trade) -> list[tuple[datetime, Decimal]]:
    """What each close realized, then the amount of each event."""
    closes = [(part.close.closed_at, part.realized_pnl) for part in trade.realized]
    return closes + [(event.at, event.amount) for event in trade.events]


def parts(asked: Asked, journal: list[Trade]) -> list[Part]:
    """The closes and events that count, by day and then by instant; at one instant as the trades were recorded."""
    all_parts = [
        Part(day_of(asked, at), at, trade, place, Fraction(amount))
        for trade in journal
        if not trade.cancelled
        for place, (at, amount) in enumerate(money_of(trade))
        if fits(asked, trade, at)
    ]
    return sorted(all_parts, key=lambda p: (p.day, p.at, p.trade.created_at, p.trade.trade_id, p.place))


def flat(asked: Asked, journal: list[Trade]) -> list[Trade]:
    """The trades that count, by the instant of the last close; at one instant as the trades were recorded."""
    closed = [trade for trade in journal if trade.is_flat and fits(asked, trade, trade.closes[-1].closed_at)]
    return sorted(closed, key=lambda trade: (trade.closes[-1].closed_at, trade.created_at, trade.trade_id))


def by_day(of: list[Part]) -> dict[date, Fraction]:
    return {day: sum((p.amount for p in group), Fraction(0)) for day, group in groupby(of, lambda p: p.day)}


def root(square: Fraction) -> float:
    wide = Context(prec=60)
    return float(wide.sqrt(wide.divide(Decimal(square.numerator), Decimal(square.denominator))))


def mean(sample: list[Fraction]) -> Fraction:
    return sum(sample, Fraction(0)) / len(sample)


def standard_errors(sample: list[Fraction]) -> float:
    return float(mean(sample)) * sqrt(len(sample)) / root(statistics.variance(sample))


def figures_of_trades(asked: Asked, trades: list[Trade]) -> dict[str, Callable[[], Any]]:
    """A function for each figure of flat trades. It raises where the figure is undefined, mostly by a division by 0."""
    nets = [Fraction(trade.net_pnl or 0) for trade in trades]
    rs = [Fraction(trade.r_multiple) for trade in trades if trade.r_multiple is not None]
    outcomes = [outcome_of(asked, trade) for trade in trades]
    won = [net for net, outcome in zip(nets, outcomes, strict=True) if outcome == "WIN"]
    lost = [net for net, outcome in zip(nets, outcomes, strict=True) if outcome == "LOSS"]
    held = [trade.holding_seconds or 0 for trade in trades]
    return {
        "best_win": lambda: max(won),
        "worst_loss": lambda: min(lost),
        "win_rate": lambda: Fraction(len(won), len(nets)),
        "win_rate_excluding_breakeven": lambda: Fraction(len(won), len(won) + len(lost)),
        "avg_win": lambda: mean(won),
        "avg_loss": lambda: mean(lost),
        "payoff_ratio": lambda: mean(won) / -mean(lost),
        "profit_factor": lambda: sum(won, Fraction(0)) / -sum(lost, Fraction(0)),
        "expectancy": lambda: mean(nets),
        "expectancy_r": lambda: mean(rs),
        "sqn": lambda: standard_errors(nets),
        "sqn_r": lambda: standard_errors(rs),
        "kelly": lambda: (
            Fraction(len(won), len(nets)) - (1 - Fraction(len(won), len(nets))) / (mean(won) / -mean(lost))
        ),
        "avg_holding_seconds": lambda: Fraction(sum(held), len(held)),
        "median_holding_seconds": lambda: statistics.median(held),
    }


def deepest_fall(amounts: list[Fraction]) -> tuple[Fraction, Fraction]:
    sums = [sum(amounts[:n], Fraction(0)) for n in range(len(amounts) + 1)]
    falls = [(sums[i] - sums[j], -sums[i]) for i in range(len(sums)) for j in range(i, len(sums))]
    fall, peak = max(falls)
    return fall, -peak


def daily_returns(days: dict[date, Fraction], opening: Fraction) -> list[Fraction]:
    """Day by day from the first to the last, as a spreadsheet would."""
    returns, equity, day = [], opening, min(days)
    while day <= max(days):
        if day.isoweekday() <= 5 or day in days:
            earned = days.get(day, Fraction(0))
            returns.append(earned / equity)
            equity += earned
        day += timedelta(days=1)
    return returns


def k_ratio(nets: list[Fraction]) -> float:
    """The slope over its standard error and the root of n, by the textbook's formulas for a line."""
    n = len(nets)
    if n < 3:
        raise ZeroDivisionError
    numbers = [Fraction(number) for number in range(1, n + 1)]
    line = [sum(nets[:number], Fraction(0)) for number in range(1, n + 1)]
    middle, level = mean(numbers), mean(line)
    spread = sum(((x - middle) ** 2 for x in numbers), Fraction(0))
    slope = sum(((x - middle) * (y - level) for x, y in zip(numbers, line, strict=True)), Fraction(0)) / spread
    errors = [y - level - slope * (x - middle) for x, y in zip(numbers, line, strict=True)]
    variance = sum((error**2 for error in errors), Fraction(0)) / (n - 2)
    return float(slope) / root(variance / spread) / sqrt(n)


def figures_of_journal(asked: Asked, journal: list[Trade], opening: Fraction) -> dict[str, Callable[[], Any]]:
    """A function for each figure of the journal. Where the figure is undefined, it raises."""
    money, trades = parts(asked, journal), flat(asked, journal)
    amounts, days = [part.amount for part in money], by_day(money)
    year = 252**0.5

    def returns() -> list[Fraction]:
        return daily_returns(days, opening)

    def profit() -> Fraction:
        whole = sum(days.values(), Fraction(0))
        return whole if whole > 0 else Fraction(0)

    return {
        **figures_of_trades(asked, trades),
        "max_drawdown": lambda: deepest_fall(amounts)[0] if amounts else 1 / Fraction(0),
        "max_drawdown_percent": lambda: (
            100 * deepest_fall(amounts)[0] / (opening + deepest_fall(amounts)[1]) if amounts else 1 / Fraction(0)
        ),
        "recovery_factor": lambda: sum(amounts) / deepest_fall(amounts)[0],
        "consistency": lambda: max(days.values()) / profit(),
        "sharpe": lambda: float(mean(returns())) / root(statistics.variance(returns())) * year,
        "sortino": lambda: (
            float(mean(returns())) / root(mean([min(r, Fraction(0)) ** 2 for r in returns()])) * year
            if len(returns()) > 1
            else 1 / Fraction(0)
        ),
        "k_ratio": lambda: k_ratio([Fraction(trade.net_pnl or 0) for trade in trades]),
    }


def signs(asked: Asked, trades: list[Trade]) -> list[int]:
    return [{"WIN": 1, "LOSS": -1}.get(outcome_of(asked, trade) or "", 0) for trade in trades]


def longest(of: list[int], sign: int) -> int:
    return max((len(list(run)) for each, run in groupby(of) if each == sign), default=0)


def current(of: list[int]) -> int:
    runs = [sign * len(list(run)) for sign, run in groupby(of)]
    return runs[-1] if runs else 0


def agrees(figure: Figure[Any], expected: Callable[[], Any]) -> bool:
    """Whether the figure has the expected value, or is undefined where computing it raises."""
    try:
        value = expected()
    except (ZeroDivisionError, ValueError, statistics.StatisticsError):
        return figure.value is None
    return figure.value is not None and isclose(float(figure.value), float(value), rel_tol=1e-9, abs_tol=5.1e-9)

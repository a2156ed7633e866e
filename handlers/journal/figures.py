"""The figures derived from day summaries, as docs/statistics.md defines them.

A figure is a value, or else a reason why there is none: never infinity, 0 or 999 in the place of one. Money is Decimal
at 8 decimals, ratios are floats of exact quotients; the caller rounds them for show.

Drawdown, recovery factor and consistency describe the account and run on the money of the closes; all others here
describe the trading and run on trades that are flat (summaries.py tells the two apart). Drawdown is followed from close
to close, within days too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from enum import StrEnum
from math import sqrt
from typing import Any, Generic, TypeVar

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.summaries import DaySummary

T = TypeVar("T")

HUNDRED = Decimal(100)

# Quotients and roots have no end. Two returns that differ do so well before the 100th digit (amounts have 30 at most),
# so equal digits mean equal returns; a float keeps the first 17.
ENDLESS = Context(prec=100, traps=[InvalidOperation, DivisionByZero, Overflow])

_Z_95 = 1.959963984540054


class Reason(StrEnum):
    """Why a figure has no value.

    NO_TRADES               nothing was closed
    NO_WINS                 there is no win, or no profit, to take it from
    NO_LOSSES               there is no loss, or no fall, to measure against
    STD_ZERO                all values are equal
    INSUFFICIENT_SAMPLE     too few values: a spread needs two, a share of wins and losses one of either
    NO_BALANCE              there is no opening balance, it is not above 0, or losses have used it up
    NO_RISK                 no trade has a risk
    """

    NO_TRADES = "NO_TRADES"
    NO_WINS = "NO_WINS"
    NO_LOSSES = "NO_LOSSES"
    STD_ZERO = "STD_ZERO"
    INSUFFICIENT_SAMPLE = "INSUFFICIENT_SAMPLE"
    NO_BALANCE = "NO_BALANCE"
    NO_RISK = "NO_RISK"


@dataclass(frozen=True)  # no slots: with them, `Figure[Decimal](...)` fails on Python 3.11
class Figure(Generic[T]):
    """A value, or the reason why there is none."""

    value: T | None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if (self.value is None) is (self.reason is None):
            raise TypeError("a figure has either a value or a reason")


def quotient(numerator: Decimal, denominator: Decimal) -> float:
    """The quotient as the float next to it. The denominator is not 0."""
    return float(ENDLESS.divide(numerator, denominator))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From low to high, both within."""

    low: float
    high: float


def win_rate(summary: DaySummary) -> Figure[float]:
    """Wins in all trades, break-evens among them."""
    if not summary.trades:
        return Figure(None, Reason.NO_TRADES)
    return Figure(summary.wins / summary.trades)


def win_rate_excluding_breakeven(summary: DaySummary) -> Figure[float]:
    """Wins in wins and losses."""
    decided = summary.wins + summary.losses
    return Figure(summary.wins / decided) if decided else _missing(summary, Reason.INSUFFICIENT_SAMPLE)


def win_rate_ci95(summary: DaySummary) -> Figure[Interval]:
    """Where the true share of wins in wins and losses lies, with 95 % confidence, after Wilson."""
    decided = summary.wins + summary.losses
    if not decided:
        return _missing(summary, Reason.INSUFFICIENT_SAMPLE)
    return Figure(wilson(summary.wins, decided))


def wilson(hits: int, tries: int) -> Interval:
    """Wilson's 95 % score interval of a share."""
    share = hits / tries
    z_squared = _Z_95 * _Z_95
    middle = share + z_squared / (2 * tries)
    reach = _Z_95 * sqrt(share * (1 - share) / tries + z_squared / (4 * tries * tries))
    whole = 1 + z_squared / tries
    return Interval(
        low=max(0.0, (middle - reach) / whole) if hits else 0.0,
        high=min(1.0, (middle + reach) / whole) if hits < tries else 1.0,
    )


def best_win(summary: DaySummary) -> Figure[Decimal]:
    """The largest win."""
    if not summary.wins or summary.best is None:
        return _missing(summary, Reason.NO_WINS)
    return Figure(summary.best)


def worst_loss(summary: DaySummary) -> Figure[Decimal]:
    """The largest loss, below 0."""
    if not summary.losses or summary.worst is None:
        return _missing(summary, Reason.NO_LOSSES)
    return Figure(summary.worst)


def avg_win(summary: DaySummary) -> Figure[Decimal]:
    """The mean of the wins."""
    if not summary.wins:
        return _missing(summary, Reason.NO_WINS)
    return Figure(money.ratio(summary.gross_profit, Decimal(summary.wins)))


def avg_loss(summary: DaySummary) -> Figure[Decimal]:
    """The mean of the losses, below 0."""
    if not summary.losses:
        return _missing(summary, Reason.NO_LOSSES)
    return Figure(money.ratio(money.minus(ZERO, summary.gross_loss), Decimal(summary.losses)))


def payoff_ratio(summary: DaySummary) -> Figure[float]:
    """The mean win in units of the mean loss."""
    if reason := _one_sided(summary):
        return Figure(None, reason)
    return Figure(
        quotient(
            money.product(summary.gross_profit, Decimal(summary.losses)),
            money.product(summary.gross_loss, Decimal(summary.wins)),
        )
    )


def profit_factor(summary: DaySummary) -> Figure[float]:
    """All wins in units of all losses; 0 is its true value when there are losses only."""
    if not summary.losses:
        return _missing(summary, Reason.NO_LOSSES)
    return Figure(quotient(summary.gross_profit, summary.gross_loss))


def expectancy(summary: DaySummary) -> Figure[Decimal]:
    """The mean of all results."""
    if not summary.trades:
        return Figure(None, Reason.NO_TRADES)
    return Figure(money.ratio(summary.net, Decimal(summary.trades)))


def expectancy_r(summary: DaySummary) -> Figure[float]:
    """The mean R of the trades that have one."""
    if not summary.r_count:
        return _missing(summary, Reason.NO_RISK)
    return Figure(quotient(summary.r_sum, Decimal(summary.r_count)))


def sqn(summary: DaySummary) -> Figure[float]:
    """How many standard errors the mean result is away from 0: the system quality number."""
    if not summary.trades:
        return Figure(None, Reason.NO_TRADES)
    return _sqn(summary.trades, summary.net, summary.net_squares)


def sqn_r(summary: DaySummary) -> Figure[float]:
    """The system quality number in R, of the trades that have one."""
    if not summary.r_count:
        return _missing(summary, Reason.NO_RISK)
    return _sqn(summary.r_count, summary.r_sum, summary.r_squares)


def kelly(summary: DaySummary) -> Figure[float]:
    """The part of the balance that Kelly would stake: p - q/b, with p the win rate and b the payoff ratio."""
    if reason := _one_sided(summary):
        return Figure(None, reason)
    wins, trades = Decimal(summary.wins), Decimal(summary.trades)
    gained = money.product(wins, summary.gross_profit, Decimal(summary.losses))
    lost = money.product(money.minus(trades, wins), wins, summary.gross_loss)
    whole = money.product(trades, summary.gross_profit, Decimal(summary.losses))
    return Figure(quotient(money.minus(gained, lost), whole))


def max_drawdown(summary: DaySummary) -> Figure[Decimal]:
    """The deepest fall of the money from an earlier peak; 0 if it never fell."""
    return Figure(summary.max_drawdown) if summary.closes else Figure(None, Reason.NO_TRADES)


def max_drawdown_percent(summary: DaySummary, opening_balance: Decimal | None) -> Figure[float]:
    """The same fall, in percent of the balance at its peak."""
    if not summary.closes:
        return Figure(None, Reason.NO_TRADES)
    return percent_of_peak(summary.max_drawdown, summary.drawdown_peak, opening_balance)


def percent_of_peak(fall: Decimal, peak: Decimal, opening_balance: Decimal | None) -> Figure[float]:
    """A fall in percent of the opening balance and the peak, of all money since, that it falls from."""
    if opening_balance is None or opening_balance <= ZERO:
        return Figure(None, Reason.NO_BALANCE)
    return Figure(quotient(money.product(fall, HUNDRED), money.total((opening_balance, peak))))


def recovery_factor(summary: DaySummary) -> Figure[float]:
    """All money in units of the deepest fall."""
    if not summary.closes:
        return Figure(None, Reason.NO_TRADES)
    if summary.max_drawdown == ZERO:
        return Figure(None, Reason.NO_LOSSES)
    return Figure(quotient(summary.realized, summary.max_drawdown))


def consistency(days: Mapping[date, DaySummary]) -> Figure[float]:
    """The best day's part of the profit of all days; none without a profit."""
    whole, best = _money_and_best(days)
    if best is None:
        return Figure(None, Reason.NO_TRADES)
    return Figure(quotient(best, whole)) if whole > ZERO else Figure(None, Reason.NO_WINS)


def _sqn(count: int, total: Decimal, squares: Decimal) -> Figure[float]:
    """sqrt(n) x mean / std, which is total x sqrt((n - 1) / (n x squares - total^2)): exact up to the root."""
    if count < 2:
        return Figure(None, Reason.INSUFFICIENT_SAMPLE)
    spread = money.minus(money.product(Decimal(count), squares), money.product(total, total))
    if spread == ZERO:
        return Figure(None, Reason.STD_ZERO)
    root = ENDLESS.sqrt(ENDLESS.divide(Decimal(count - 1), spread))
    return Figure(float(ENDLESS.multiply(total, root)))


def _missing(summary: DaySummary, reason: Reason) -> Figure[Any]:
    return Figure(None, reason if summary.trades else Reason.NO_TRADES)


def _one_sided(summary: DaySummary) -> Reason | None:
    """Why wins cannot be compared with losses."""
    if not summary.trades:
        return Reason.NO_TRADES
    if not summary.losses:
        return Reason.NO_LOSSES
    return None if summary.wins else Reason.NO_WINS


def _money_and_best(days: Mapping[date, DaySummary]) -> tuple[Decimal, Decimal | None]:
    """The money of all days, and of the best of them."""
    of_days = [summary.realized for summary in days.values() if summary.closes]
    return money.total(of_days), max(of_days, default=None)

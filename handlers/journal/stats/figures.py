"""Every figure of the statistics, each in one function, as docs/statistics.md defines them.

`@of_record` registers a figure of the trades that became flat: getStats and each bucket of a breakdown show it.
`@of_journal` registers a figure that needs the order of the trades, the money of days or the opening balance: only
getStats shows it. The answers loop over both tables: a new figure is a function here, and a required property of Stats
(and of Bucket) in the contract.

A figure is a value or the reason why there is none; a missing value is never shown as infinity, 0 or 999. Money is
Decimal, means of it at 8 decimals; ratios are the floats next to the exact quotients.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import sqrt
from typing import Any, Generic, TypeVar

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.stats.folding import EXACT, JournalSums, WinLossRecord
from handlers.journal.stats.returns import Missing, Returns, returns_on_equity

T = TypeVar("T")

_HUNDRED = Decimal(100)
_Z_95 = 1.959963984540054


class Reason(StrEnum):
    """Why a figure has no value.

    NO_TRADES               nothing was closed
    NO_WINS                 there is no win
    NO_LOSSES               there is no loss
    NO_PROFIT               there are wins, but all days together made no profit
    NO_DRAWDOWN             there are losses, but the money never fell
    NO_LOSING_DAYS          there are losses, but no day lost money
    STD_ZERO                all values are equal, or the cumulated result is a straight line
    INSUFFICIENT_SAMPLE     too few values: a spread needs two, a line three, a share of wins and losses one of either
    NO_BALANCE              there is no opening balance, it is not above 0, or losses have used it up
    NO_RISK                 no trade has a known risk
    """

    NO_TRADES = "NO_TRADES"
    NO_WINS = "NO_WINS"
    NO_LOSSES = "NO_LOSSES"
    NO_PROFIT = "NO_PROFIT"
    NO_DRAWDOWN = "NO_DRAWDOWN"
    NO_LOSING_DAYS = "NO_LOSING_DAYS"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval that includes both bounds."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeJournal:
    """What the figures of a journal are computed from: its sums, and what the account held before the first day."""

    journal: JournalSums
    opening_balance: Decimal | None = None


OF_RECORD: dict[str, Callable[[WinLossRecord], Figure[Any]]] = {}
OF_JOURNAL: dict[str, Callable[[WholeJournal], Figure[Any]]] = {}


def of_record(figure: Callable[[WinLossRecord], Figure[T]]) -> Callable[[WinLossRecord], Figure[T]]:
    """Register a figure of the trades that became flat, under the name of its function."""
    OF_RECORD[figure.__name__] = figure
    return figure


def of_journal(figure: Callable[[WholeJournal], Figure[T]]) -> Callable[[WholeJournal], Figure[T]]:
    """Register a figure of a whole journal, under the name of its function."""
    OF_JOURNAL[figure.__name__] = figure
    return figure


def figures_of_record(record: WinLossRecord) -> dict[str, Figure[Any]]:
    """Every figure of the trades that became flat, by its name."""
    return {name: figure(record) for name, figure in OF_RECORD.items()}


def figures_of_journal(journal: JournalSums, opening_balance: Decimal | None = None) -> dict[str, Figure[Any]]:
    """Every figure of the journal, by its name; those of its trades come first."""
    whole = WholeJournal(journal=journal, opening_balance=opening_balance)
    return figures_of_record(journal.record) | {name: figure(whole) for name, figure in OF_JOURNAL.items()}


# Figures of the trades that became flat


@of_record
def best_win(record: WinLossRecord) -> Figure[Decimal]:
    """The largest win."""
    return _missing(record, Reason.NO_WINS) if record.best_win is None else Figure(record.best_win)


@of_record
def worst_loss(record: WinLossRecord) -> Figure[Decimal]:
    """The largest loss, below 0."""
    return _missing(record, Reason.NO_LOSSES) if record.worst_loss is None else Figure(record.worst_loss)


@of_record
def win_rate(record: WinLossRecord) -> Figure[float]:
    """The share of wins in all trades, including break-evens."""
    return Figure(record.wins / record.trades) if record.trades else Figure(None, Reason.NO_TRADES)


@of_record
def win_rate_excluding_breakeven(record: WinLossRecord) -> Figure[float]:
    """The share of wins in wins and losses."""
    decided = record.wins + record.losses
    return Figure(record.wins / decided) if decided else _missing(record, Reason.INSUFFICIENT_SAMPLE)


@of_record
def win_rate_ci95(record: WinLossRecord) -> Figure[Interval]:
    """The 95 % confidence interval of the share of wins in wins and losses, after Wilson."""
    decided = record.wins + record.losses
    return Figure(wilson(record.wins, decided)) if decided else _missing(record, Reason.INSUFFICIENT_SAMPLE)


@of_record
def avg_win(record: WinLossRecord) -> Figure[Decimal]:
    """The mean of the wins."""
    if not record.wins:
        return _missing(record, Reason.NO_WINS)
    return Figure(money.ratio(record.sum_win, Decimal(record.wins)))


@of_record
def avg_loss(record: WinLossRecord) -> Figure[Decimal]:
    """The mean of the losses, below 0."""
    if not record.losses:
        return _missing(record, Reason.NO_LOSSES)
    return Figure(money.ratio(record.sum_loss, Decimal(record.losses)))


@of_record
def payoff_ratio(record: WinLossRecord) -> Figure[float]:
    """The mean win divided by the mean loss."""
    if reason := _one_sided(record):
        return Figure(None, reason)
    return Figure(_quotient(_times(record.sum_win, record.losses), _times(record.sum_loss.copy_negate(), record.wins)))


@of_record
def profit_factor(record: WinLossRecord) -> Figure[float]:
    """The sum of the wins divided by the sum of the losses; 0 if there are only losses."""
    if not record.losses:
        return _missing(record, Reason.NO_LOSSES)
    return Figure(_quotient(record.sum_win, record.sum_loss.copy_negate()))


@of_record
def expectancy(record: WinLossRecord) -> Figure[Decimal]:
    """The mean of all results, including break-evens."""
    if not record.trades:
        return Figure(None, Reason.NO_TRADES)
    return Figure(money.ratio(record.net, Decimal(record.trades)))


@of_record
def expectancy_r(record: WinLossRecord) -> Figure[float]:
    """The mean R of the trades that have one."""
    if not record.r_count:
        return _missing(record, Reason.NO_RISK)
    return Figure(_quotient(record.r_sum, Decimal(record.r_count)))


@of_record
def sqn(record: WinLossRecord) -> Figure[float]:
    """How many standard errors the mean result is away from 0: the system quality number."""
    if not record.trades:
        return Figure(None, Reason.NO_TRADES)
    return _sqn(record.trades, record.net, record.net_squares)


@of_record
def sqn_r(record: WinLossRecord) -> Figure[float]:
    """The system quality number in R, of the trades that have one."""
    if not record.r_count:
        return _missing(record, Reason.NO_RISK)
    return _sqn(record.r_count, record.r_sum, record.r_squares)


@of_record
def kelly(record: WinLossRecord) -> Figure[float]:
    """The part of the balance that Kelly would stake: p - q/b, with p the win rate and b the payoff ratio."""
    if reason := _one_sided(record):
        return Figure(None, reason)
    gained = _times(record.sum_win, record.wins * record.losses)
    lost = _times(record.sum_loss, (record.trades - record.wins) * record.wins)
    return Figure(_quotient(EXACT.add(gained, lost), _times(record.sum_win, record.trades * record.losses)))


@of_record
def avg_holding_seconds(record: WinLossRecord) -> Figure[float]:
    """The mean time from the entry to the last close."""
    if not record.trades:
        return Figure(None, Reason.NO_TRADES)
    return Figure(sum(record.holding_seconds) / record.trades)


@of_record
def median_holding_seconds(record: WinLossRecord) -> Figure[float]:
    """The holding time in the middle; the mean of the two in the middle of an even number."""
    if not record.trades:
        return Figure(None, Reason.NO_TRADES)
    ranked, middle = sorted(record.holding_seconds), record.trades // 2
    return Figure(float(ranked[middle]) if record.trades % 2 else (ranked[middle - 1] + ranked[middle]) / 2)


# Figures of the journal: the money of the account, and what depends on the order of the trades


@of_journal
def max_drawdown(whole: WholeJournal) -> Figure[Decimal]:
    """The deepest fall of the money from an earlier peak, from close to close; 0 if it never fell."""
    balance = whole.journal.balance
    return Figure(balance.max_drawdown) if balance.days else Figure(None, Reason.NO_TRADES)


@of_journal
def max_drawdown_percent(whole: WholeJournal) -> Figure[float]:
    """The deepest fall in percent of the balance at its peak."""
    balance = whole.journal.balance
    if not balance.days:
        return Figure(None, Reason.NO_TRADES)
    return percent_of_peak(balance.max_drawdown, balance.drawdown_peak, whole.opening_balance)


@of_journal
def recovery_factor(whole: WholeJournal) -> Figure[float]:
    """All realized money divided by the deepest fall."""
    balance = whole.journal.balance
    if not balance.days:
        return Figure(None, Reason.NO_TRADES)
    if balance.max_drawdown == ZERO:
        return _none_or(whole.journal.record.losses, Reason.NO_LOSSES, Reason.NO_DRAWDOWN)
    return Figure(_quotient(balance.realized, balance.max_drawdown))


@of_journal
def consistency(whole: WholeJournal) -> Figure[float]:
    """The best day's share in the profit of all days; no value without a profit."""
    balance = whole.journal.balance
    if not balance.days:
        return Figure(None, Reason.NO_TRADES)
    if balance.realized <= ZERO:
        return _none_or(whole.journal.record.wins, Reason.NO_WINS, Reason.NO_PROFIT)
    return Figure(_quotient(max(amount for _, amount in balance.days), balance.realized))


@of_journal
def sharpe(whole: WholeJournal) -> Figure[float]:
    """The mean daily return divided by its standard deviation, annualized (returns.py)."""
    returns = returns_on_equity(whole.journal.balance.days, whole.opening_balance)
    if not isinstance(returns, Returns):
        return Figure(None, _WITHOUT_RETURNS[returns])
    return Figure(None, Reason.STD_ZERO) if returns.are_equal else Figure(returns.sharpe())


@of_journal
def sortino(whole: WholeJournal) -> Figure[float]:
    """The mean daily return divided by its deviation below 0, annualized (returns.py)."""
    returns = returns_on_equity(whole.journal.balance.days, whole.opening_balance)
    if not isinstance(returns, Returns):
        return Figure(None, _WITHOUT_RETURNS[returns])
    if not returns.any_below_zero:
        return _none_or(whole.journal.record.losses, Reason.NO_LOSSES, Reason.NO_LOSING_DAYS)
    return Figure(returns.sortino())


@of_journal
def k_ratio(whole: WholeJournal) -> Figure[float]:
    """How straight the cumulated result rises, trade by trade.

    The slope of its regression on the trades' numbers 1 ... n, over the slope's standard error times the root of n:
    Kestner, "Measuring system performance", Technical Analysis of Stocks & Commodities 14 (1996).
    """
    runs = whole.journal.runs
    if not runs.count:
        return Figure(None, Reason.NO_TRADES)
    if runs.count < 3:
        return Figure(None, Reason.INSUFFICIENT_SAMPLE)
    n = Fraction(runs.count)
    total, squares = Fraction(runs.totals), Fraction(runs.total_squares)
    xx = n * (n * n - 1) / 12
    xy = Fraction(runs.weighted_totals) - (n + 1) / 2 * total
    residual = squares - total * total / n - xy * xy / xx
    if residual == 0:
        return Figure(None, Reason.STD_ZERO)
    return Figure(_signed_root(xy, xy * xy * (n - 2) / (xx * residual * n)))


def wilson(hits: int, tries: int) -> Interval:
    """Wilson's 95 % score interval of a share."""
    share = hits / tries
    z_squared = _Z_95 * _Z_95
    middle = share + z_squared / (2 * tries)
    reach = _Z_95 * sqrt(share * (1 - share) / tries + z_squared / (4 * tries * tries))
    whole = 1 + z_squared / tries
    return Interval(
        low=(middle - reach) / whole if hits else 0.0,
        high=(middle + reach) / whole if hits < tries else 1.0,
    )


def percent_of_peak(fall: Decimal, peak: Decimal, opening_balance: Decimal | None) -> Figure[float]:
    """A fall in percent of the balance that it falls from: the opening balance plus `peak`, the money since."""
    if opening_balance is None or opening_balance <= ZERO:
        return Figure(None, Reason.NO_BALANCE)
    return Figure(_quotient(EXACT.multiply(fall, _HUNDRED), EXACT.add(opening_balance, peak)))


_WITHOUT_RETURNS = {
    Missing.TRADES: Reason.NO_TRADES,
    Missing.BALANCE: Reason.NO_BALANCE,
    Missing.DAYS: Reason.INSUFFICIENT_SAMPLE,
}


def _sqn(count: int, total: Decimal, squares: Decimal) -> Figure[float]:
    """sqrt(n) x mean / std, which is total x sqrt((n - 1) / (n x squares - total^2)): exact up to the root."""
    if count < 2:
        return Figure(None, Reason.INSUFFICIENT_SAMPLE)
    spread = EXACT.subtract(_times(squares, count), EXACT.multiply(total, total))
    if spread == ZERO:
        return Figure(None, Reason.STD_ZERO)
    square = Fraction(total) * Fraction(total) * (count - 1) / Fraction(spread)
    return Figure(_signed_root(Fraction(total), square))


def _signed_root(signed: Fraction, square: Fraction) -> float:
    """The root of the square, with the sign of the other number."""
    root = EXACT.sqrt(EXACT.divide(Decimal(square.numerator), Decimal(square.denominator)))
    return float(root if signed >= 0 else root.copy_negate())


def _times(amount: Decimal, count: int) -> Decimal:
    return EXACT.multiply(amount, Decimal(count))


def _quotient(numerator: Decimal, denominator: Decimal) -> float:
    """The quotient as the float next to it. The denominator is not 0."""
    return float(EXACT.divide(numerator, denominator))


def _missing(record: WinLossRecord, reason: Reason) -> Figure[Any]:
    return Figure(None, reason if record.trades else Reason.NO_TRADES)


def _none_or(count: int, none: Reason, some: Reason) -> Figure[Any]:
    return Figure(None, some if count else none)


def _one_sided(record: WinLossRecord) -> Reason | None:
    """Why wins cannot be compared with losses; None if they can."""
    if not record.trades:
        return Reason.NO_TRADES
    if not record.losses:
        return Reason.NO_LOSSES
    return None if record.wins else Reason.NO_WINS

"""The sums that figures are computed from, folded from what fits a question.

Money and results count at different times (docs/statistics.md, "Trade P&L"):

- Money is realized by every close, partial or last, and by every event, on its own day. The account's figures use it:
  the money of a day, the equity, drawdown, and what is derived from them. `RunningBalance` folds it by day, within a
  day by instant.
- A trade counts once, when it is flat, with all it earned, on the day of its last close. The figures of trades use it:
  wins and losses, their sums and squares, R, holding times. `WinLossRecord` folds it in any order, `Runs` in the order
  of the last closes' instants.

What happens at one instant is ordered by when the trades were recorded, so that the same data imported twice gives the
same streaks. All sums are exact.
"""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Generic, TypeVar

from handlers.journal.money import ZERO
from handlers.journal.stats.clock import MOST_DAYS_APART, moved
from handlers.journal.stats.entries import BookEntry
from handlers.journal.stats.questions import Selected, TradeOutcome

# An amount has at most 15 digits before the point and 18 after it, an R 33 and 8; their squares twice as many, and a
# sum of ten million squares 7 more. The sums of the regression line multiply squares of sums with counts.
EXACT = Context(prec=150, traps=[InvalidOperation, DivisionByZero, Overflow])

_add, _subtract, _multiply = EXACT.add, EXACT.subtract, EXACT.multiply


@dataclass(slots=True)
class WinLossRecord:
    """The trades that became flat: how many of each outcome, and sums over them.

    `net` is what all of them earned, `events` the part of it that came from events, `sum_loss` is 0 or below, and
    `sum_breakeven` is what break-evens earned, which is not 0 with a tolerance. `best_win` and `worst_loss` are None
    without one. The sums of R are over trades with a known risk. `holding_seconds` has each trade's.
    """

    wins: int = 0
    losses: int = 0
    breakevens: int = 0
    net: Decimal = ZERO
    net_squares: Decimal = ZERO
    costs: Decimal = ZERO
    events: Decimal = ZERO
    sum_win: Decimal = ZERO
    sum_loss: Decimal = ZERO
    sum_breakeven: Decimal = ZERO
    best_win: Decimal | None = None
    worst_loss: Decimal | None = None
    r_count: int = 0
    r_sum: Decimal = ZERO
    r_squares: Decimal = ZERO
    holding_seconds: "array[int]" = field(default_factory=lambda: array("q"))

    @property
    def trades(self) -> int:
        """How many trades became flat."""
        return self.wins + self.losses + self.breakevens

    def add(self, entry: BookEntry, outcome: TradeOutcome) -> None:
        """Count the trade, which became flat by this entry."""
        net, result = entry.net, entry.result
        if net is None or result is None:
            raise ValueError("the trade did not become flat by this entry")
        self.net = _add(self.net, net)
        self.net_squares = _add(self.net_squares, _multiply(net, net))
        self.costs = _add(self.costs, result.costs)
        if result.events:
            self.events = _add(self.events, result.events)
        self.holding_seconds.append(result.holding_seconds)
        if outcome is TradeOutcome.WIN:
            self.wins += 1
            self.sum_win = _add(self.sum_win, net)
            self.best_win = net if self.best_win is None else max(self.best_win, net)
        elif outcome is TradeOutcome.LOSS:
            self.losses += 1
            self.sum_loss = _add(self.sum_loss, net)
            self.worst_loss = net if self.worst_loss is None else min(self.worst_loss, net)
        else:
            self.breakevens += 1
            self.sum_breakeven = _add(self.sum_breakeven, net)
        r = entry.r
        if r is not None:
            self.r_count += 1
            self.r_sum = _add(self.r_sum, r)
            self.r_squares = _add(self.r_squares, _multiply(r, r))

    def merge(self, other: "WinLossRecord") -> None:
        """Count all trades of the other record."""
        for own in fields(self):
            mine, theirs = getattr(self, own.name), getattr(other, own.name)
            if own.name == "best_win":
                merged: Any = max((one for one in (mine, theirs) if one is not None), default=None)
            elif own.name == "worst_loss":
                merged = min((one for one in (mine, theirs) if one is not None), default=None)
            else:
                merged = _add(mine, theirs) if isinstance(mine, Decimal) else mine + theirs
            setattr(self, own.name, merged)


@dataclass(slots=True)
class Runs:
    """The trades that became flat, one after the other: wins and losses in a row, and the line of what they earned.

    `current` is above 0 for wins, below it for losses, 0 after a break-even or nothing. The sums are those of a
    regression: `total` is the cumulated result after the trade number `count`; over all of them, `totals` sums it,
    `total_squares` its square and `weighted_totals` its product with the number.
    """

    current: int = 0
    longest_wins: int = 0
    longest_losses: int = 0
    count: int = 0
    total: Decimal = ZERO
    totals: Decimal = ZERO
    total_squares: Decimal = ZERO
    weighted_totals: Decimal = ZERO

    def extend(self, results: Iterable[tuple[Decimal, TradeOutcome]]) -> None:
        """Go on with the next trades: what each earned, and what it was."""
        current, count = self.current, self.count
        total, totals, total_squares, weighted_totals = (
            self.total,
            self.totals,
            self.total_squares,
            self.weighted_totals,
        )
        for net, outcome in results:
            if outcome is TradeOutcome.WIN:
                current = current + 1 if current > 0 else 1
                self.longest_wins = max(self.longest_wins, current)
            elif outcome is TradeOutcome.LOSS:
                current = current - 1 if current < 0 else -1
                self.longest_losses = max(self.longest_losses, -current)
            else:
                current = 0
            count += 1
            total = _add(total, net)
            totals = _add(totals, total)
            total_squares = _add(total_squares, _multiply(total, total))
            weighted_totals = _add(weighted_totals, _multiply(total, Decimal(count)))
        self.current, self.count = current, count
        self.total, self.totals, self.total_squares, self.weighted_totals = (
            total,
            totals,
            total_squares,
            weighted_totals,
        )


@dataclass(slots=True)
class RunningBalance:
    """The money that closes and events realized, one after the other.

    `peak` is the highest sum so far, the zero at the beginning among them; `max_drawdown` the deepest fall from
    a peak and `drawdown_peak` the peak that it falls from, the lowest one of several. `days` has each day with a
    close or an event, in order, and what was realized on it.
    """

    realized: Decimal = ZERO
    peak: Decimal = ZERO
    max_drawdown: Decimal = ZERO
    drawdown_peak: Decimal = ZERO
    days: list[tuple[date, Decimal]] = field(default_factory=list)

    def extend(self, day: date, amounts: Iterable[Decimal]) -> None:
        """Go on with the closes of the next day, which has one at least."""
        before = realized = self.realized
        for amount in amounts:
            realized = _add(realized, amount)
            if realized > self.peak:
                self.peak = realized
            elif amount < ZERO:
                fall = _subtract(self.peak, realized)
                if fall > self.max_drawdown:  # an equally deep fall from a higher peak weighs less
                    self.max_drawdown, self.drawdown_peak = fall, self.peak
        self.realized = realized
        self.days.append((day, _subtract(realized, before)))


@dataclass(slots=True)
class JournalSums:
    """All that a question selects."""

    record: WinLossRecord = field(default_factory=WinLossRecord)
    runs: Runs = field(default_factory=Runs)
    balance: RunningBalance = field(default_factory=RunningBalance)


Item = TypeVar("Item", bound=tuple[Any, ...])


class InOrder(Generic[Item]):
    """Sorts items that arrive nearly in order, and hands them on day by day.

    An item's day may be up to three days before that of an earlier item. Within a day, items are ordered as tuples. So
    memory holds a week of items, however many years they span.
    """

    def __init__(self, take: Callable[[date, list[Item]], None]) -> None:
        """`take` receives each day and its items, in order."""
        self._take = take
        self._waiting: dict[date, list[Item]] = {}

    def put(self, day: date, item: Item) -> None:
        """Keep the item until its turn."""
        self._waiting.setdefault(day, []).append(item)

    def flush(self, before: date | None = None) -> None:
        """Hand on what lies before the day, or all that is left."""
        for day in sorted(day for day in self._waiting if before is None or day < before):
            self._take(day, sorted(self._waiting.pop(day)))


# What orders gains and results of one day: the instant, when the trade was recorded, its id; then the close's place.
# The instants are in UTC, since Python compares times of one time zone many times faster than others.
_GainItem = tuple[datetime, datetime, str, int, Decimal]
_ResultItem = tuple[datetime, datetime, str, Decimal, TradeOutcome]


def fold(selected: Iterable[Selected]) -> JournalSums:
    """The sums of all that is selected. It comes in the order of its own days; within a day the order is free.

    Raises ValueError if the days are out of order.
    """
    journal = JournalSums()
    gains = InOrder[_GainItem](lambda day, items: journal.balance.extend(day, [item[-1] for item in items]))
    results = InOrder[_ResultItem](lambda _, items: journal.runs.extend([item[-2:] for item in items]))
    today = date.min
    for one in selected:
        entry = one.entry
        if one.own_day != today:
            if one.own_day < today:
                raise ValueError("the entries do not come in the order of their days")
            today = one.own_day
            complete = moved(today, -MOST_DAYS_APART.days)
            gains.flush(complete)
            results.flush(complete)
        last = at = None
        for day, gain in one.gains:
            last, at = gain.at, gain.at.astimezone(UTC)
            gains.put(day, (at, entry.recorded, entry.trade_id, gain.position, gain.amount))
        if one.outcome is not None and entry.result is not None and entry.net is not None:
            if at is None or entry.result.at is not last:
                at = entry.result.at.astimezone(UTC)
            results.put(at.date(), (at, entry.recorded, entry.trade_id, entry.net, one.outcome))
            journal.record.add(entry, one.outcome)
    gains.flush()
    results.flush()
    return journal

"""What trades did on each day, in summaries that merge, so that any range of days is folded from its days alone.

Two things happen on two clocks (docs/statistics.md, "Trade P&L"):

- Money is realized by every close, partial or last, on the close's own calendar day. What describes the account runs on
  it: the money of a day, the equity, drawdown, and what is derived from them.
- A trade counts once, when it is flat, with all it earned, on the day of its last close. What describes the trading
  runs on it: wins and losses, their sums and squares, R, best and worst, and runs.

The two sums differ only by what trades that are still partly open, or that were flat outside of the range, realized.

The order is: by calendar day in each close's own UTC offset, within the day by instant, then by trade id, then by the
order of the trade's closes. So a day is a block, as merging needs: a close at 00:30+14:00 of the 3rd comes after one
at 23:30-05:00 of the 2nd, although its instant is earlier.

Every sum is exact. At most 38 digits, as DynamoDB's numbers have, are needed by all of it up to ten million trades in
a fold, except by the two sums of squares: an amount has 15 digits before the point and 8 after it and its square up to
46 in all, an R 31 and its square 62. Store `net_squares` and `r_squares` as text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from itertools import accumulate, groupby

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.trade import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """The net money that one close realized. position is the close's place among those of its trade."""

    at: datetime
    trade_id: str
    position: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a trade that is flat earned in all, net, and in R if its risk is known; at the instant of its last close."""

    at: datetime
    trade_id: str
    net: Decimal
    r: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """All that one trade contributes to one day."""

    gains: tuple[Gain, ...]
    result: Result | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySummary:
    """What happened on a day, or on the days folded into it.

    The prefixes are the sums of the money of the first 0, 1, 2, ... closes; so max_prefix is never below 0, min_prefix
    never above it. max_drawdown is the deepest fall from a prefix to a later one and drawdown_peak the prefix that it
    falls from, the lowest one of several. A run is positive for wins and negative for losses in a row, 0 for none; a
    break-even ends it. best and worst are of all results, None without any.
    """

    closes: int = 0
    realized: Decimal = ZERO
    max_prefix: Decimal = ZERO
    min_prefix: Decimal = ZERO
    max_drawdown: Decimal = ZERO
    drawdown_peak: Decimal = ZERO
    wins: int = 0
    losses: int = 0
    breakevens: int = 0
    gross_profit: Decimal = ZERO
    gross_loss: Decimal = ZERO
    net_squares: Decimal = ZERO
    best: Decimal | None = None
    worst: Decimal | None = None
    r_count: int = 0
    r_sum: Decimal = ZERO
    r_squares: Decimal = ZERO
    first_run: int = 0
    last_run: int = 0
    longest_wins: int = 0
    longest_losses: int = 0

    @property
    def trades(self) -> int:
        """How many trades became flat."""
        return self.wins + self.losses + self.breakevens

    @property
    def net(self) -> Decimal:
        """What these trades earned in all."""
        return money.minus(self.gross_profit, self.gross_loss)


EMPTY = DaySummary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The base set. realized_pnl is all money that closes realized, of trades still open in part too.

    The losses' sum and the worst loss are negative; without a win there is no best one.
    """

    trade_count: int
    realized_pnl: Decimal
    wins: int
    losses: int
    best_win: Decimal | None
    worst_loss: Decimal | None
    sum_win_pnl: Decimal
    sum_loss_pnl: Decimal


def shares(trade: Trade) -> dict[date, Share]:
    """What the trade contributes, by day; nothing if it is cancelled or has no close."""
    if trade.cancelled:
        return {}
    gains: dict[date, list[Gain]] = {}
    for position, part in enumerate(trade.realized):
        gain = Gain(at=part.close.closed_at, trade_id=trade.trade_id, position=position, amount=part.realized_pnl)
        gains.setdefault(part.close.day, []).append(gain)
    by_day = {day: Share(gains=tuple(of_day)) for day, of_day in gains.items()}
    if trade.is_flat:
        last = trade.closes[-1]
        net = money.total(gain.amount for of_day in gains.values() for gain in of_day)
        risk = trade.risk
        result = Result(
            at=last.closed_at,
            trade_id=trade.trade_id,
            net=net,
            r=None if risk is None else money.ratio(net, risk),
        )
        by_day[last.day] = Share(gains=by_day[last.day].gains, result=result)
    return by_day


def summary_of(day: Iterable[Share]) -> DaySummary:
    """The summary of one day, from all that trades contribute to it, in whatever order."""
    of_day = list(day)
    gains = sorted(
        (gain for share in of_day for gain in share.gains), key=lambda gain: (gain.at, gain.trade_id, gain.position)
    )
    results = sorted(
        (share.result for share in of_day if share.result is not None), key=lambda result: (result.at, result.trade_id)
    )
    nets = [result.net for result in results]
    rs = [result.r for result in results if result.r is not None]
    prefixes = list(accumulate((gain.amount for gain in gains), lambda a, b: money.total((a, b)), initial=ZERO))
    fall, peak = _deepest(
        (money.minus(peak, prefix), peak) for peak, prefix in zip(accumulate(prefixes, max), prefixes, strict=True)
    )
    runs = [sign * len(list(run)) for sign, run in groupby(map(_sign, nets))]
    return DaySummary(
        closes=len(gains),
        realized=prefixes[-1],
        max_prefix=max(prefixes),
        min_prefix=min(prefixes),
        max_drawdown=fall,
        drawdown_peak=peak,
        wins=sum(net > ZERO for net in nets),
        losses=sum(net < ZERO for net in nets),
        breakevens=sum(net == ZERO for net in nets),
        gross_profit=money.total(net for net in nets if net > ZERO),
        gross_loss=money.total(net.copy_negate() for net in nets if net < ZERO),
        net_squares=money.total(money.product(net, net) for net in nets),
        best=max(nets, default=None),
        worst=min(nets, default=None),
        r_count=len(rs),
        r_sum=money.total(rs),
        r_squares=money.total(money.product(r, r) for r in rs),
        first_run=runs[0] if runs else 0,
        last_run=runs[-1] if runs else 0,
        longest_wins=max((0, *runs)),
        longest_losses=-min((0, *runs)),
    )


def merge(a: DaySummary, b: DaySummary) -> DaySummary:
    """The summary of a and then b. Associative; EMPTY changes nothing on either side."""
    rise = a.realized
    fall, peak = _deepest(
        (
            (a.max_drawdown, a.drawdown_peak),
            (money.minus(a.max_prefix, rise, b.min_prefix), a.max_prefix),
            (b.max_drawdown, money.total((rise, b.drawdown_peak))),
        )
    )
    joins = a.last_run * b.first_run > 0
    joined = a.last_run + b.first_run if joins else 0
    return DaySummary(
        closes=a.closes + b.closes,
        realized=money.total((rise, b.realized)),
        max_prefix=max(a.max_prefix, money.total((rise, b.max_prefix))),
        min_prefix=min(a.min_prefix, money.total((rise, b.min_prefix))),
        max_drawdown=fall,
        drawdown_peak=peak,
        wins=a.wins + b.wins,
        losses=a.losses + b.losses,
        breakevens=a.breakevens + b.breakevens,
        gross_profit=money.total((a.gross_profit, b.gross_profit)),
        gross_loss=money.total((a.gross_loss, b.gross_loss)),
        net_squares=money.total((a.net_squares, b.net_squares)),
        best=max((one for one in (a.best, b.best) if one is not None), default=None),
        worst=min((one for one in (a.worst, b.worst) if one is not None), default=None),
        r_count=a.r_count + b.r_count,
        r_sum=money.total((a.r_sum, b.r_sum)),
        r_squares=money.total((a.r_squares, b.r_squares)),
        first_run=_outer_run(a.first_run, a.trades, joined, b.first_run),
        last_run=_outer_run(b.last_run, b.trades, joined, a.last_run),
        longest_wins=max(a.longest_wins, b.longest_wins, joined),
        longest_losses=max(a.longest_losses, b.longest_losses, -joined),
    )


def fold(days: Mapping[date, DaySummary]) -> DaySummary:
    """The summary of all the days, in their order."""
    return reduce(merge, (days[day] for day in sorted(days)), EMPTY)


def totals(summary: DaySummary) -> Totals:
    """The base set, from the fold of all days."""
    return Totals(
        trade_count=summary.trades,
        realized_pnl=summary.realized,
        wins=summary.wins,
        losses=summary.losses,
        best_win=summary.best if summary.wins else None,
        worst_loss=summary.worst if summary.losses else None,
        sum_win_pnl=summary.gross_profit,
        sum_loss_pnl=money.minus(ZERO, summary.gross_loss),
    )


def _sign(amount: Decimal) -> int:
    return (amount > ZERO) - (amount < ZERO)


def _deepest(falls: Iterable[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    """The deepest of (fall, peak); of equally deep ones the one from the lowest peak, which weighs most."""
    return max(falls, key=lambda fall: (fall[0], fall[1].copy_negate()))


def _outer_run(own: int, trades: int, joined: int, beyond: int) -> int:
    """The run at an end of a merged summary: the outer part's own, unless that part is nothing but this run."""
    if trades == 0:
        return beyond
    return joined if joined and abs(own) == trades else own

"""The figures of generated journals agree with quantstats, empyrical and pyfolio, each in a mapping stated beside it.

`requirements/peers.txt` pins the libraries; they are installed in an environment of their own, and nothing else uses
them. A figure is left out only where no library defines the same:

- the current run and the dates of lastUpdated: no library has them;
- quantstats' expected_return is a geometric mean, its avg_return leaves out break-evens, its recovery_factor divides by
  the drawdown in percent and drops the sign, and its profit_ratio divides by the number of trades twice: they are other
  figures than expectancy, recoveryFactor and payoffRatio, which are compared with pyfolio's or with what these name.

The libraries are given net amounts by trade or returns by day. Amounts are divided by the opening balance for
quantstats, which takes a series that is never below 0 and somewhere above 1 for prices; ratios do not change by it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import product
from math import isclose, isfinite, sqrt
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.journal.stats.figures import Figure, Reason, figures_of_journal
from handlers.journal.trade import Side, Trade
from tests.unit.journal.journals import DATASET_A, a_flat_trade, a_trade
from tests.unit.journal.stats.asking import folded

_WHY = "needs requirements/peers.txt in an environment of its own: make peers"
np: Any = pytest.importorskip("numpy", reason=_WHY)
pd: Any = pytest.importorskip("pandas", reason=_WHY)
binomtest: Any = pytest.importorskip("scipy.stats", reason=_WHY).binomtest
quantstats: Any = pytest.importorskip("quantstats.stats", reason=_WHY)
empyrical: Any = pytest.importorskip("empyrical.stats", reason=_WHY)
round_trips: Any = pytest.importorskip("pyfolio.round_trips", reason=_WHY)

# What is the libraries' own to mend: a division by 0 that quantstats answers with nan, pyfolio's use of pandas.
pytestmark = [
    pytest.mark.filterwarnings("ignore:(invalid value|divide by zero) encountered:RuntimeWarning:quantstats"),
    pytest.mark.filterwarnings("ignore:The 'lsuffix' and 'rsuffix' keywords:DeprecationWarning:pyfolio"),
]

RELATIVE = 1e-9
# Money is rounded to 8 decimals, so a mean of amounts is off by half of the last one.
ROUNDED = 5.01e-9
# What is 0 in exact arithmetic is about 1e-16 in the libraries' floats.
NOISE = 1e-12

KINDS = {"mixed": (-1, 0, 1), "decided": (-1, 1), "wins": (1,), "losses": (-1,), "break-evens": (0,)}
LENGTHS = {
    "mixed": (1, 2, 3, 5, 8, 13, 30, 60, 120),
    "decided": (2, 5, 21, 60),
    "wins": (1, 2, 10),
    "losses": (1, 2, 10),
    "break-evens": (1, 4),
}
JOURNALS = [
    "dataset A",
    *(
        f"{kind}-{length}-{rhythm}-{seed}"
        for kind, rhythm, seed in product(KINDS, ("a day each", "several a day"), range(2))
        for length in LENGTHS[kind]
    ),
]


@dataclass(frozen=True)
class Closed:
    """A trade bought or sold at 1000 and closed at once, without costs: what it is given to both sides as."""

    at: datetime
    side: Side
    quantity: int
    price: Decimal
    risk: Decimal

    @property
    def signed(self) -> int:
        return self.quantity if self.side is Side.BUY else -self.quantity

    @property
    def net(self) -> Decimal:
        return (self.price - 1000) * self.signed


def known_of(trades: list[Trade], opening: Decimal) -> Any:
    """This project's figures, counts and sums of the trades, by name."""
    known = folded(trades)
    record, runs = known.record, known.runs
    return SimpleNamespace(
        **figures_of_journal(known, opening),
        trades=record.trades,
        wins=record.wins,
        losses=record.losses,
        breakevens=record.breakevens,
        net=record.net,
        realized=known.balance.realized,
        sum_win=record.sum_win,
        sum_loss=record.sum_loss,
        longest_wins=runs.longest_wins,
        longest_losses=runs.longest_losses,
    )


class Journal:
    """A journal as this project's trades with their statistics, and as the libraries' series."""

    def __init__(self, name: str) -> None:
        if name == "dataset A":
            self.opening = Decimal(10_000)
            self.closed = [
                Closed(
                    datetime.combine(date.fromisoformat(day), time(12), UTC) + timedelta(minutes=n),
                    Side.BUY,
                    1,
                    1000 + Decimal(net),
                    Decimal(risk),
                )
                for n, (day, net, risk) in enumerate(DATASET_A)
            ]
        else:
            kind, length, rhythm, seed = name.rsplit("-", 3)
            random = np.random.default_rng([int(seed), int(length), len(kind), len(rhythm)])
            self.opening = Decimal(int(random.integers(2_000, 15_000)))
            self.closed = list(_closed(random, KINDS[kind], int(length), rhythm == "a day each", float(self.opening)))

    @cached_property
    def trades(self) -> list[Trade]:
        return [
            a_trade(
                f"{n:04}",
                [(one.at, str(one.quantity), str(one.price - 1000))],
                side=one.side,
                risk_amount=one.risk,
            )
            for n, one in enumerate(self.closed)
        ]

    @cached_property
    def ours(self) -> Any:
        return known_of(self.trades, self.opening)

    @cached_property
    def nets(self) -> Any:
        """The net amount of each trade, in the order of their closes; on days of their own, as the libraries want."""
        return self._series([float(one.net) for one in self.closed])

    @cached_property
    def shares(self) -> Any:
        """The same in parts of the opening balance."""
        return self.nets / float(self.opening)

    @cached_property
    def rs(self) -> Any:
        return self._series([float(one.net / one.risk) for one in self.closed])

    @cached_property
    def by_day(self) -> Any:
        """The money of each business day, and of each other day with a close, from the first close to the last."""
        closed = pd.DatetimeIndex([pd.Timestamp(one.at.date()) for one in self.closed])
        money = pd.Series(self.nets.to_numpy()).groupby(closed).sum()
        grid = pd.bdate_range(money.index.min(), money.index.max()).union(money.index)
        return money.reindex(grid, fill_value=0.0)

    @cached_property
    def has_a_day_for_each(self) -> bool:
        return len({one.at.date() for one in self.closed}) == len(self.closed)

    @cached_property
    def daily(self) -> Any:
        """The daily returns on equity."""
        return self._on_equity(self.by_day)

    @cached_property
    def by_close(self) -> Any:
        """The return of each close on the equity before it."""
        return self._on_equity(self.nets)

    @cached_property
    def round_trips(self) -> dict[str, Any]:
        """What pyfolio says of the trades, from their two executions each, with no net amount told to it."""
        executions = [
            execution
            for n, one in enumerate(self.closed)
            for execution in (
                (pd.Timestamp("2020-01-01 09:00", tz="UTC"), one.signed, 1000.0, f"{n:04}"),
                (pd.Timestamp(one.at), -one.signed, float(one.price), f"{n:04}"),
            )
        ]
        table = pd.DataFrame(executions, columns=["at", "amount", "price", "symbol"]).set_index("at")
        balance = pd.Series(float(self.opening), index=self.by_day.index.tz_localize("UTC"))
        stats = round_trips.gen_round_trip_stats(round_trips.extract_round_trips(table, balance))
        return {**stats["pnl"]["All trades"], **stats["summary"]["All trades"]}

    def _on_equity(self, money: Any) -> Any:
        return money / (float(self.opening) + money.cumsum().shift(1, fill_value=0.0))

    def _series(self, amounts: list[float]) -> Any:
        return pd.Series(amounts, index=pd.date_range("2025-01-01", periods=len(amounts)), dtype=float)


def _closed(random: Any, signs: tuple[int, ...], length: int, a_day_each: bool, opening: float) -> Iterator[Closed]:
    """Trades of at most a tenth of the opening balance, with gaps and weekends between them."""
    reach = opening * min(0.1, 0.5 / sqrt(length))
    at = datetime(2025, 1, 2, 9, tzinfo=UTC)
    for _ in range(length):
        quantity = int(random.integers(4, 20))
        side = Side.BUY if random.random() < 0.6 else Side.SELL
        cents = max(1, int(random.random() * reach * 100 / quantity)) * int(random.choice(signs))
        gain = Decimal(cents if side is Side.BUY else -cents) / 100
        yield Closed(at, side, quantity, 1000 + gain, Decimal(int(random.choice([20, 50, 100, 400]))))
        step = int(random.choice([1, 1, 1, 2, 3, 9])) if a_day_each else int(random.choice([0, 0, 0, 1, 2, 5]))
        at = at.replace(hour=9, minute=0) + timedelta(days=step) if step else at + timedelta(minutes=1)


@pytest.fixture(scope="module", params=JOURNALS)
def journal(request: pytest.FixtureRequest) -> Journal:
    return Journal(request.param)


def agree(ours: Figure[Any] | Decimal | float, *theirs: float, rounded: float = 0.0) -> None:
    """The figure is each of theirs; where it has no value, none of theirs is a number either."""
    value = ours.value if isinstance(ours, Figure) else ours
    for other in map(float, theirs):
        if value is None:
            assert not isfinite(other)
        else:
            assert isclose(float(value), other, rel_tol=RELATIVE, abs_tol=max(NOISE, rounded)), (value, other)


# On daily returns


def test_sharpe(journal: Journal) -> None:
    """The same definition in both: mean / std(ddof=1) x sqrt(252), risk-free 0; nan or infinite without a spread."""
    agree(journal.ours.sharpe, quantstats.sharpe(journal.daily), empyrical.sharpe_ratio(journal.daily))


def test_sortino(journal: Journal) -> None:
    """The same definition in both: the deviation below 0 is taken over all days; nan or infinite without a loss."""
    agree(journal.ours.sortino, empyrical.sortino_ratio(journal.daily))
    if len(journal.daily) > 1:  # of a single day, quantstats gives the return's sign x sqrt(252); we and empyrical none
        agree(journal.ours.sortino, quantstats.sortino(journal.daily))


def test_consistency(journal: Journal) -> None:
    """quantstats' best day by pyfolio's total profit. Days without a close are no better than the best of a profit."""
    best, whole = quantstats.best(journal.by_day / float(journal.opening)), journal.round_trips["Total profit"]
    if journal.ours.consistency.value is None:
        assert whole <= NOISE
    else:
        agree(journal.ours.consistency, best * float(journal.opening) / whole)


# On the account


def drawdowns(journal: Journal) -> Iterator[tuple[Any, Any]]:
    """The equity's falls below its peak, in parts of it, by both libraries, each with the money at the peak.

    We follow the equity from close to close, so they are given each close's return; where each close has a day of its
    own, the daily returns must give the same.
    """
    for money, returns in [(journal.nets, journal.by_close), (journal.by_day, journal.daily)]:
        if money is journal.nets or journal.has_a_day_for_each:
            peak = (float(journal.opening) + money.cumsum()).cummax().clip(lower=float(journal.opening))
            yield quantstats.to_drawdown_series(returns), peak
            yield empyrical.drawdown_series(returns), peak


def test_max_drawdown(journal: Journal) -> None:
    """The libraries' falls are in parts of their peak; in money, the deepest of them is ours, and so its percentage.

    Of falls equally deep in money, the one from the lowest peak counts. The total by the deepest is recoveryFactor.
    """
    for below, peak in drawdowns(journal):
        money = -below * peak
        deepest = money.max()
        agree(journal.ours.max_drawdown, deepest, rounded=float(journal.opening) * NOISE)
        percent = -below[money >= deepest * (1 - RELATIVE)].min() * 100
        agree(journal.ours.max_drawdown_percent, percent)
        if journal.ours.recovery_factor.value is None:
            assert journal.ours.recovery_factor.reason is Reason.NO_LOSSES
            assert deepest <= float(journal.opening) * NOISE
        else:
            agree(journal.ours.recovery_factor, journal.round_trips["Total profit"] / deepest)


def test_max_drawdown_percent(journal: Journal) -> None:
    """The libraries' deepest percentage is ours where that fall is the deepest in money too; it is never below ours."""
    ours = journal.ours.max_drawdown_percent.value
    assert ours is not None
    below = empyrical.drawdown_series(journal.by_close)
    peak = (float(journal.opening) + journal.nets.cumsum()).cummax().clip(lower=float(journal.opening))
    for theirs in (quantstats.max_drawdown(journal.by_close), empyrical.max_drawdown(journal.by_close)):
        if isclose((-below * peak).max(), (-below * peak)[below.idxmin()], rel_tol=RELATIVE, abs_tol=NOISE):
            agree(ours, -theirs * 100)
        else:
            assert ours < -theirs * 100


def test_max_drawdown_percent_is_mostly_the_deepest_percentage_as_well() -> None:
    """So that the test above does compare: only in a few of the journals is the deepest fall another one in money."""
    same = 0
    for journal in map(Journal, JOURNALS):
        ours = journal.ours.max_drawdown_percent.value
        assert ours is not None
        same += isclose(ours, -empyrical.max_drawdown(journal.by_close) * 100, rel_tol=RELATIVE, abs_tol=NOISE)
    assert same >= len(JOURNALS) * 0.8


# On trades


def test_counts_and_sums(journal: Journal) -> None:
    """pyfolio computes each trade's result from its executions."""
    ours, theirs = journal.ours, journal.round_trips
    assert ours.trades == theirs["Total number of round_trips"]
    assert ours.wins == theirs["Winning round_trips"]
    assert ours.losses == theirs["Losing round_trips"]
    assert ours.breakevens == theirs["Even round_trips"]
    agree(ours.net, theirs["Total profit"], rounded=ROUNDED)
    agree(ours.realized, theirs["Total profit"], rounded=ROUNDED)
    agree(ours.sum_win, theirs["Gross profit"])
    agree(ours.sum_loss, theirs["Gross loss"])


def test_profit_factor(journal: Journal) -> None:
    """The same in both. Without a loss ours has no value; quantstats says 0 if there is no win either."""
    agree(journal.ours.profit_factor, journal.round_trips["Profit factor"])
    if journal.ours.wins or journal.ours.losses:
        agree(journal.ours.profit_factor, quantstats.profit_factor(journal.shares))


def test_win_rate(journal: Journal) -> None:
    """pyfolio's counts break-evens, quantstats' does not. Without wins and losses, quantstats says 0, ours nothing."""
    agree(journal.ours.win_rate, journal.round_trips["Percent profitable"])
    if journal.ours.wins or journal.ours.losses:
        agree(journal.ours.win_rate_excluding_breakeven, quantstats.win_rate(journal.shares))
    else:
        assert journal.ours.win_rate_excluding_breakeven.value is None


def test_win_rate_ci95(journal: Journal) -> None:
    """scipy's Wilson interval, without a correction for continuity."""
    ours, decided = journal.ours.win_rate_ci95.value, journal.ours.wins + journal.ours.losses
    if ours is None:
        assert decided == 0
    else:
        theirs = binomtest(journal.ours.wins, decided).proportion_ci(0.95, method="wilson")
        agree(ours.low, theirs.low)
        agree(ours.high, theirs.high)


def test_means(journal: Journal) -> None:
    """Means of money, which ours rounds; expectancyR is the mean of Rs that are exact."""
    ours, theirs, opening = journal.ours, journal.round_trips, float(journal.opening)
    agree(ours.expectancy, theirs["Avg. trade net profit"], rounded=ROUNDED)
    win, loss = quantstats.avg_win(journal.shares) * opening, quantstats.avg_loss(journal.shares) * opening
    agree(ours.avg_win, theirs["Avg. winning trade"], win, rounded=ROUNDED)
    agree(ours.avg_loss, theirs["Avg. losing trade"], loss, rounded=ROUNDED)
    agree(ours.expectancy_r, journal.rs.mean())


def test_payoff_ratio(journal: Journal) -> None:
    """The same in both; nan without a win or a loss."""
    theirs = journal.round_trips["Ratio Avg. Win:Avg. Loss"]
    agree(journal.ours.payoff_ratio, theirs, quantstats.payoff_ratio(journal.shares))


def test_kelly(journal: Journal) -> None:
    """quantstats' leaves break-evens out of the win rate; with some, its formula is fed with pyfolio's win rate."""
    if not journal.ours.breakevens:
        agree(journal.ours.kelly, quantstats.kelly_criterion(journal.shares))
    ratio, share = quantstats.payoff_ratio(journal.shares), journal.round_trips["Percent profitable"]
    agree(journal.ours.kelly, (ratio * share - (1 - share)) / ratio)


def test_sqn(journal: Journal) -> None:
    """A Sharpe ratio of the trades' results, with as many periods as there are trades: sqrt(n) x mean / std(ddof=1)."""
    count = len(journal.nets)
    sqn, sqn_r = journal.ours.sqn, journal.ours.sqn_r
    agree(sqn, quantstats.sharpe(journal.shares, periods=count))
    agree(sqn, empyrical.sharpe_ratio(journal.nets, annualization=count))
    agree(sqn_r, empyrical.sharpe_ratio(journal.rs, annualization=count))


def test_best_and_worst(journal: Journal) -> None:
    """The libraries' best is the largest result even if that is no win; ours is the largest win, or nothing."""
    ours, theirs, opening = journal.ours, journal.round_trips, float(journal.opening)
    best, worst = quantstats.best(journal.shares) * opening, quantstats.worst(journal.shares) * opening
    if ours.best_win.value is None:
        assert best <= 0
    else:
        agree(ours.best_win, theirs["Largest winning trade"], best)
    if ours.worst_loss.value is None:
        assert worst >= 0
    else:
        agree(ours.worst_loss, theirs["Largest losing trade"], worst)


def test_streaks(journal: Journal) -> None:
    """The longest runs above and below 0; a 0 ends both."""
    assert journal.ours.longest_wins == quantstats.consecutive_wins(journal.shares)
    assert journal.ours.longest_losses == quantstats.consecutive_losses(journal.shares)


# Dataset A as it is printed, without this module's way of making journals


def test_dataset_a_is_the_journal_of_the_definitions() -> None:
    made = Journal("dataset A")
    printed = [
        a_flat_trade(f"{n:02}", day, net, risk_amount=Decimal(risk)) for n, (day, net, risk) in enumerate(DATASET_A)
    ]
    known, theirs = vars(made.ours), vars(known_of(printed, made.opening))
    # The module's trades of one day are closed a minute after each other, the printed ones at once.
    compared = {name for name in known if not name.endswith("holding_seconds")}
    assert {name: known[name] for name in compared} == {name: theirs[name] for name in compared}
    assert f"{quantstats.sharpe(made.daily):.6f}" == "4.252995"
    assert f"{-empyrical.max_drawdown(made.daily) * 100:.6f}" == "2.490421"

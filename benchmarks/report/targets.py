"""The targets: takes the measured figures, and returns the rows of the table that says which are met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.growth.listing import Cost, Row
from benchmarks.growth.tasks import CHANGE, CHECK, EXPORT, QUESTION, REBUILD, Growth, Taken
from benchmarks.requests.processes import FASTAPI, POWERTOOLS, PRODUCT, Figures

MISSED = "**missed**"

# For each peer, the measurement and the largest ratio of the product's figure to the peer's.
OF_PEERS = (
    ("Cold start", "createTrade cold", FASTAPI, 0.7),
    ("Cold start", "createTrade cold", POWERTOOLS, 1.3),
    ("Warm createTrade", "createTrade warm", FASTAPI, 0.5),
    ("Warm getTrade", "getTrade warm", FASTAPI, 0.5),
    ("Memory, warm", "createTrade memory", FASTAPI, 1.0),
)
OF_LISTING, OF_CHANGE, OF_GROWTH = 1.1, 1.1, 1.2
CHANGE_REQUESTS, CHANGE_WRITES = 4, 20  # of a trade's change, with its statistics
QUESTION_SECONDS, QUESTION_MEGABYTES = 2, 128  # of a statistic of the longest journal
BUNDLE, LAYER = 300, 40  # kB, MB


@dataclass(frozen=True, slots=True)
class Judged:
    """A ratio: the figure, the figure that it is compared with, and the target's upper bound."""

    what: str
    beside: str
    most: float
    found: float
    unit: str = ""
    digits: int = 2

    @property
    def met(self) -> bool:
        """Whether the target is met. A figure that is no number meets none."""
        return self.found <= self.most

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """The cells of its line in the table."""
        most, found = (f"{figure:,.{self.digits}f} {self.unit}".rstrip() for figure in (self.most, self.found))
        return self.what, self.beside, most, found, verdict(self.met)


def verdict(met: bool) -> str:
    """The word for it in a table."""
    return "met" if met else MISSED


def of_peers(figures: Figures) -> list[Judged]:
    """The targets of starts, requests and memory, compared with the peers."""
    return [
        Judged(name, other, most, figures[PRODUCT][what] / figures[other][what]) for name, what, other, most in OF_PEERS
    ]


def of_artifacts(bundles: Mapping[str, float], layer: float) -> list[Judged]:
    """The targets of artifacts: kB of each function's uploaded bundle, MB of the unpacked layer."""
    return [
        Judged("Largest code bundle, zipped", "", BUNDLE, max(bundles.values()), "kB", 0),
        Judged("Layer with botocore, unpacked", "", LAYER, layer, "MB", 1),
    ]


def of_listing(rows: Sequence[Row]) -> list[Judged]:
    """The targets of a page of listTrades.

    A page that an index serves is compared between the longest and the shortest journal. The most expensive of all
    other pages, which reads on past hidden items up to a limit, is compared with that of the middle journal.
    """
    shortest, *_, middle, longest = rows[0].costs
    served = [page_growth(row, shortest, longest) for row in rows if row.served]
    worst = worst_page([row for row in rows if not row.served])
    return [
        Judged(f"Page that an index serves, {len(served)} kinds", _beside(longest, shortest), OF_LISTING, max(served)),
        Judged(
            f"Worst page filtered besides, {len(rows) - len(served)} kinds",
            _beside(longest, middle),
            OF_LISTING,
            page_growth(worst, middle, longest),
        ),
    ]


def worst_page(rows: Sequence[Row]) -> Row:
    """The highest number of requests and of units among these pages."""
    return Row(
        f"{len(rows)} others, at most",
        served=False,
        costs={
            count: Cost(max(row.costs[count].requests for row in rows), max(row.costs[count].units for row in rows))
            for count in rows[0].costs
        },
    )


def page_growth(row: Row, short: int, long: int) -> float:
    """The growth of a page's cost: the ratio of its requests or of its units, whichever is larger."""
    before, after = row.costs[short], row.costs[long]
    return max(after.requests / before.requests, after.units / before.units)


def of_growth(found: Growth) -> list[Judged]:
    """The targets of growth: a change costs the same with any history, and a task that reads the whole journal costs
    the same for each trade.
    """
    names = {REBUILD: "Rebuild from nothing", CHECK: "Rebuild of what is right", EXPORT: "Export"}
    change = found[CHANGE]
    judged = [
        Judged("Change of a trade and its statistics", _span(change), OF_CHANGE, steepest(change, _costs)),
        Judged("Change of a trade, requests", "", CHANGE_REQUESTS, max(one.requests for one in change), digits=0),
        Judged("Change of a trade, write units", "", CHANGE_WRITES, max(one.writes for one in change), digits=0),
    ]
    longest = found[QUESTION][-1]
    trades = f"{longest.trades:,} trades"
    judged += [
        Judged("Statistic with filters, processor time", trades, QUESTION_SECONDS, longest.seconds, "s"),
        Judged("Statistic with filters, peak memory", trades, QUESTION_MEGABYTES, longest.peak, "MB", 0),
    ]
    for task, name in names.items():
        taken = found[task]
        judged += [
            Judged(
                f"{name}, requests and capacity per trade", _span(taken), OF_GROWTH, steepest(taken, costs_per_trade)
            ),
            Judged(f"{name}, peak memory", _span(taken[-2:]), OF_GROWTH, taken[-1].peak / taken[-2].peak),
        ]
    return judged


def _costs(taken: Taken) -> tuple[float, float, float]:
    return taken.requests, taken.reads, taken.writes


def costs_per_trade(taken: Taken) -> tuple[float, ...]:
    """Requests, read units and write units for each trade of the journal."""
    return tuple(cost / taken.trades for cost in _costs(taken))


def steepest(taken: Sequence[Taken], costs: Callable[[Taken], Sequence[float]]) -> float:
    """The largest ratio of a cost in a longer journal to the same cost in a shorter one."""
    return max(
        _ratio(after, before)
        for place, shorter in enumerate(taken)
        for longer in taken[place + 1 :]
        for before, after in zip(costs(shorter), costs(longer), strict=True)
    )


def _ratio(after: float, before: float) -> float:
    if before:
        return after / before
    return float("inf") if after else 1.0


def of_load(summaries: Mapping[str, Mapping[str, float]], users: int, seconds: float) -> list[Judged]:
    """The targets of the load: no failed request and no lost trade, with any contender."""
    under = f"{users} users for {seconds:.0f} s, others for a third"
    return [
        Judged(
            f"Load: {kind}, {len(summaries)} runs",
            under,
            0,
            sum(summary[kind] for summary in summaries.values()),
            digits=0,
        )
        for kind in ("errors", "lost or doubled")
    ]


def _span(taken: Sequence[Taken]) -> str:
    return _beside(taken[-1].trades, taken[0].trades)


def _beside(long: int, short: int) -> str:
    return f"{long:,} trades beside {short:,}"

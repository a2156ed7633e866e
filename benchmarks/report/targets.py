"""The targets: takes the measured figures, and returns the rows of the table that says which are met."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.growth.listing import Cost, Row
from benchmarks.growth.tasks import CHANGE, CHECK, EXPORT, REBUILD, Growth, Taken
from benchmarks.requests.processes import FASTAPI, POWERTOOLS, PRODUCT, Figures

MISSED = "**missed**"

# Against whom, what is to be at most which part of theirs.
OF_PEERS = (
    ("Cold start", "createTrade cold", FASTAPI, 0.7),
    ("Cold start", "createTrade cold", POWERTOOLS, 1.3),
    ("Warm createTrade", "createTrade warm", FASTAPI, 0.5),
    ("Warm getTrade", "getTrade warm", FASTAPI, 0.5),
    ("Memory, warm", "createTrade memory", FASTAPI, 1.0),
)
OF_LISTING, OF_GROWTH = 1.1, 1.2
BUNDLE, LAYER = 300, 40  # kB, MB


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure, what it is beside, and the most that it may be."""

    what: str
    beside: str
    most: float
    found: float
    unit: str = ""
    digits: int = 2

    @property
    def met(self) -> bool:
        """Whether the target is met; what is no number meets none."""
        return self.found <= self.most

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        """The cells of its line in the table."""
        most, found = (f"{figure:,.{self.digits}f} {self.unit}".rstrip() for figure in (self.most, self.found))
        return self.what, self.beside, most, found, verdict(self.met)


def verdict(met: bool) -> str:
    """In a table."""
    return "met" if met else MISSED


def of_peers(figures: Figures) -> list[Judged]:
    """Starts, requests and memory beside those of the peers."""
    return [
        Judged(name, other, most, figures[PRODUCT][what] / figures[other][what]) for name, what, other, most in OF_PEERS
    ]


def of_artifacts(bundles: Mapping[str, float], layer: float) -> list[Judged]:
    """The sizes of what is deployed: kB of each function's bundle as it is uploaded, MB of the layer, unpacked."""
    return [
        Judged("Largest code bundle, zipped", "", BUNDLE, max(bundles.values()), "kB", 0),
        Judged("Layer with botocore, unpacked", "", LAYER, layer, "MB", 1),
    ]


def of_listing(rows: Sequence[Row]) -> list[Judged]:
    """Of a page of listTrades that an index serves: each in the longest journal beside the same in the shortest. Of
    what is filtered besides, the worst beside the worst in the middle one: it reads on, but only so far.
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
    """The most requests and the most units that any of these pages takes."""
    return Row(
        f"{len(rows)} others, at most",
        served=False,
        costs={
            count: Cost(max(row.costs[count].requests for row in rows), max(row.costs[count].units for row in rows))
            for count in rows[0].costs
        },
    )


def page_growth(row: Row, short: int, long: int) -> float:
    """How many times as much a page takes, in requests or in units, whichever is more."""
    before, after = row.costs[short], row.costs[long]
    return max(after.requests / before.requests, after.units / before.units)


def of_growth(found: Growth) -> list[Judged]:
    """A change is to cost the same whatever the history; what reads all of a journal, the same for each trade."""
    names = {REBUILD: "Rebuild from nothing", CHECK: "Rebuild of what is right", EXPORT: "Export"}
    change = found[CHANGE]
    judged = [Judged("Change of a trade and its statistics", _span(change), OF_GROWTH, steepest(change, _costs))]
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
    """The most that any cost of a longer journal is beside the same cost of any shorter one."""
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
    """No request may fail and no trade get lost, with any of the peers."""
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

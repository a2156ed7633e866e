"""Writes the measurements as benchmarks/results.md with its charts."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.functions import function_of
from benchmarks.growth.listing import Row
from benchmarks.growth.tasks import CHANGE, CHECK, EXPORT, QUESTION, REBUILD, Growth, Taken
from benchmarks.load import EVERYTHING, OF_BARE_PEER, SMALL, USERS
from benchmarks.report import charts, targets
from benchmarks.report.charts import Panel
from benchmarks.report.markdown import table
from benchmarks.report.targets import Judged, verdict
from benchmarks.requests.processes import BARE, CONTENDERS, FASTAPI, OPERATIONS, POWERTOOLS, PRODUCT, Figures
from local.artifacts import zipped
from local.places import BUILD

RESULTS = Path(__file__).parents[1] / "results.md"
# Where the parts of the page begin that `write_growth` replaces, and the line that it adds.
GROWTH, LOAD = "### A change of a trade and its statistics\n", "\n## Load\n"
AGAIN = "Growth, apart from lists, was measured again later, at a load average of"


@dataclass
class Found:
    """All measurements of one run."""

    rounds: int
    seconds: float
    figures: Figures
    listing: list[Row] = field(default_factory=list)
    growth: Growth = field(default_factory=dict)
    load: dict[str, dict[str, Any]] = field(default_factory=dict)


def machine() -> str:
    """The machine's processors, memory and software, without its name."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if os.name == "posix" else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} processors ({model[1] if model else platform.machine()}), {memory:.0f} GB, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}; "
        f"load average at the end {os.getloadavg()[1]:.1f}"
    )


def judged(found: Found) -> list[Judged]:
    """All targets, with the measured figures."""
    return [
        *targets.of_peers(found.figures),
        *targets.of_artifacts(bundles(), layer()),
        *targets.of_listing(found.listing),
        *targets.of_growth(found.growth),
        *targets.of_load(found.load, USERS, found.seconds),
    ]


def targets_table(found: Found) -> str:
    return table(("", "beside", "at most", "is", ""), (one.row for one in judged(found)))


def processes_table(figures: Figures) -> str:
    kinds = (("cold", 1000, "ms processor"), ("clock", 1000, "ms clock"), ("warm", 1000, "ms"), ("memory", 1, "MB"))
    rows = [
        (
            f"{operation} {kind}, {unit}",
            *(f"{figures[one.name][f'{operation} {kind}'] * factor:.2f}" for one in CONTENDERS),
            *(
                f"{figures[PRODUCT][f'{operation} {kind}'] / figures[other][f'{operation} {kind}']:.2f}"
                for other in (FASTAPI, POWERTOOLS, BARE)
            ),
        )
        for operation in OPERATIONS
        for kind, factor, unit in kinds
    ]
    names = [one.name for one in CONTENDERS]
    return table(("", *names, *(f"ratio to {other}" for other in names[1:])), rows)


@cache
def bundles() -> dict[str, float]:
    """The size in kilobytes of each function's uploaded code."""
    return {path.name: len(zipped(path)) / 1000 for path in sorted(BUILD.glob("*Function"))}


@cache
def layer() -> float:
    """The size in megabytes of the unpacked dependency layer."""
    return weight(BUILD / "DependencyLayer") / 1000


def weight(folder: Path) -> float:
    """The size in kilobytes of all files in the folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1000


def artifacts() -> str:
    """The table of the artifacts' sizes."""
    zips, creating = bundles(), function_of("createTrade").name
    largest = max(zips, key=lambda name: zips[name])
    rows = [
        (f"code bundle of createTrade ({creating}), zipped", f"{zips[creating]:.0f} kB"),
        (f"code bundle of createTrade ({creating}), unpacked with byte code", f"{weight(BUILD / creating):.0f} kB"),
        (f"largest code bundle, zipped ({largest})", f"{zips[largest]:.0f} kB"),
        ("dependency layer, unpacked with byte code and botocore", f"{layer():.1f} MB"),
    ]
    return table(("", "is"), rows)


def listing_table(rows: Sequence[Row]) -> str:
    """The table of listTrades: each set of filters that an index serves, compared with the shortest journal; and the
    most expensive of all other sets, compared with the middle journal.
    """
    counts = list(rows[0].costs)
    shown = []
    worst = targets.worst_page([row for row in rows if not row.served])
    for row, before in [*((row, counts[0]) for row in rows if row.served), (worst, counts[-2])]:
        cells = [f"{cost.requests} / {cost.units:g}" for cost in row.costs.values()]
        ratio = targets.page_growth(row, before, counts[-1])
        shown.append((row.filters, *cells, f"{ratio:.2f}", verdict(ratio <= targets.OF_LISTING)))
    return table(("filters", *(f"{count:,} trades" for count in counts), "ratio", ""), shown)


def growth_table(taken: Sequence[Taken], *, per_trade: bool) -> str:
    """The table of a task by the length of the journal. per_trade: show capacity for each trade, not in total."""
    rows = []
    for one in taken:
        share = one.trades if per_trade else 1
        capacity = (f"{units / share:.2f}" if per_trade else f"{units:g}" for units in (one.reads, one.writes))
        requests = f"{1000 * one.requests / one.trades:.1f}" if per_trade else f"{one.requests:g}"
        rows.append(
            (f"{one.trades:,}", requests, *capacity, f"{one.seconds:.2f}", f"{one.before:.0f}", f"{one.peak:.0f}")
        )
    costs = ("requests per 1,000 trades", "read units per trade", "write units per trade")
    head = costs if per_trade else ("requests", "read units", "write units")
    return table(("trades", *head, "seconds", "MB before", "MB, peak"), rows)


def load_table(summaries: dict[str, dict[str, Any]]) -> str:
    kinds = list(next(iter(summaries.values())))
    rows = [(name, *(f"{summary[kind]:,.0f}" for kind in kinds)) for name, summary in summaries.items()]
    return table(("", *kinds), rows)


def throughput(summaries: dict[str, dict[str, Any]]) -> float:
    """The ratio of the product's requests a second to the bare handler's, with the same mix."""
    return float(summaries[SMALL]["a second"] / summaries[OF_BARE_PEER]["a second"])


def draw(found: Found) -> None:
    """Draw all charts."""
    names = [one.name for one in CONTENDERS]
    for operation, kind, title in (
        ("createTrade", "cold", "Cold start to the first answered createTrade"),
        ("createTrade", "warm", "A warm createTrade"),
        ("getTrade", "warm", "A warm getTrade"),
    ):
        values = {name: found.figures[name][f"{operation} {kind}"] * 1000 for name in names}
        charts.bars(f"{operation}-{kind}.svg", title, values, "ms of processor time")
    counts = list(found.listing[0].costs)
    pages = [(row.served, [cost.units for cost in row.costs.values()]) for row in found.listing]
    served, others = ([units for kind, units in pages if kind is wanted] for wanted in (True, False))
    charts.listing("listing.svg", "A page of listTrades", counts, served, others)
    draw_growth(found.growth)
    a_second = {name: found.load[name]["a second"] for name in (SMALL, OF_BARE_PEER, EVERYTHING)}
    charts.bars("load.svg", f"{USERS} users at once on the embedded AWS", a_second, "requests a second")


def draw_growth(found: Growth) -> None:
    """Draw time and cost of a change, the rebuild and the export by the length of the journal."""
    counts = [one.trades for one in found[CHANGE]]
    costs = {
        "write units": [one.writes for one in found[CHANGE]],
        "read units": [one.reads for one in found[CHANGE]],
        "requests": [one.requests for one in found[CHANGE]],
    }
    charts.growth(
        "change.svg", "A change of a trade and its statistics", counts, [Panel("units or requests of a change", costs)]
    )
    for file, title, tasks in (
        ("rebuild.svg", "The rebuild of a user's statistics", {"from nothing": REBUILD, "of what is right": CHECK}),
        ("export.svg", "The export of an account", {"export": EXPORT}),
    ):
        lines = {name: found[task] for name, task in tasks.items()}
        panels = [
            Panel(
                "capacity units per trade",
                {n: [(t.reads + t.writes) / t.trades for t in of] for n, of in lines.items()},
            ),
            Panel(
                "requests per 1,000 trades", {n: [1000 * t.requests / t.trades for t in of] for n, of in lines.items()}
            ),
            Panel("MB, peak of the process", {n: [t.peak for t in of] for n, of in lines.items()}),
        ]
        charts.growth(file, title, counts, panels)


def write(found: Found) -> str:
    """Write the results and their charts. Returns the table of the targets."""
    draw(found)
    RESULTS.write_text(text(found), "utf-8")
    return targets_table(found)


def write_growth(found: Growth) -> None:
    """Put the growth that a later run measured into the page and its charts."""
    draw_growth(found)
    RESULTS.write_text(with_growth(RESULTS.read_text("utf-8"), found), "utf-8")


def with_growth(page: str, found: Growth) -> str:
    """The page with this growth in place of the one that it has, and with a line that says so."""
    before, begin, rest = page.partition(GROWTH)
    _, end, after = rest.partition(LOAD)
    if not (begin and end):
        raise ValueError("the page has no growth")
    rows = table(["", "", "", "", ""], (one.row for one in targets.of_growth(found))).splitlines()[2:]
    names = {row.split(" | ")[0] for row in rows}
    lines = []
    for line in re.sub(f"{AGAIN}.*\n\n", "", before).splitlines():
        if line.split(" | ")[0] in names:
            lines += rows
            rows = []
        else:
            lines.append(line)
    lines.insert(lines.index("## Targets"), f"{AGAIN} {os.getloadavg()[1]:.1f}.\n")
    return "\n".join(lines) + "\n" + growth_sections(found) + LOAD + after


def growth_sections(found: Growth) -> str:
    """What the page says of everything that grows with a journal, but lists."""
    return f"""### A change of a trade and its statistics

updateTrade, and the update of the statistics that its stream record starts:

![A change of a trade and its statistics](charts/change.svg)

{growth_table(found[CHANGE], per_trade=False)}

### The rebuild of a user's statistics

![The rebuild of a user's statistics](charts/rebuild.svg)

Rebuilt from nothing:

{growth_table(found[REBUILD], per_trade=True)}

Compared and found correct, as every six hours:

{growth_table(found[CHECK], per_trade=True)}

### A statistic with filters

getStats with filters, a time zone and a tolerance. Seconds are those of the processor:

{growth_table(found[QUESTION], per_trade=True)}

### The export of an account

![The export of an account](charts/export.svg)

{growth_table(found[EXPORT], per_trade=True)}
"""


def text(found: Found) -> str:
    """The text of the page."""
    return f"""# Results

Written by `make bench`; [README.md](README.md) says what is measured, and how. Figures are medians of {found.rounds}
rounds, in each of which every contender runs once. The ratios are the result; times are for orientation.

{machine()}.

## Targets

{targets_table(found)}

## New processes and requests

![Cold start](charts/createTrade-cold.svg)
![Warm createTrade](charts/createTrade-warm.svg)
![Warm getTrade](charts/getTrade-warm.svg)

{processes_table(found.figures)}

## Artifacts

{artifacts()}

## Growth

Seconds are measured on the embedded AWS and are for orientation; megabytes are those of the process.

### A page of listTrades

As requests / read units:

![A page of listTrades](charts/listing.svg)

{listing_table(found.listing)}

{growth_sections(found.growth)}
## Load

{USERS} users at once on the embedded AWS: all operations for {found.seconds:.0f} s, three operations for a third of
that. Of these three, the product serves {throughput(found.load):.2f} times as many requests as the bare handler:

![Load](charts/load.svg)

{load_table(found.load)}
"""

"""What was measured, as benchmarks/results.md and its charts."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot

from benchmarks.processes import BARE, CONTENDERS, FASTAPI, OPERATIONS, POWERTOOLS, PRODUCT, Figures
from local.artifacts import zipped
from local.places import BUILD

FOLDER = Path(__file__).parent
RESULTS, CHARTS = FOLDER / "results.md", FOLDER / "charts"

# Against whom, what is to be at most which part of theirs.
TARGETS = (
    ("Cold start", "createTrade cold", FASTAPI, 0.7),
    ("Cold start", "createTrade cold", POWERTOOLS, 1.3),
    ("Warm createTrade", "createTrade warm", FASTAPI, 0.5),
    ("Warm getTrade", "getTrade warm", FASTAPI, 0.5),
    ("Memory, warm", "createTrade memory", FASTAPI, 1.0),
)


@dataclass
class Found:
    """Everything that was measured in one run."""

    rounds: int
    seconds: float
    figures: Figures
    listing: list[dict[str, Any]] = field(default_factory=list)
    export: list[str] = field(default_factory=list)
    statistics: str = ""
    load: dict[str, dict[str, Any]] = field(default_factory=dict)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def machine() -> str:
    """What it ran on, without any name."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if os.name == "posix" else None
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} processors ({model[1] if model else platform.machine()}), {memory:.0f} GB, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}; "
        f"load average at the end {os.getloadavg()[1]:.1f}"
    )


def targets(figures: Figures) -> str:
    rows = []
    for name, what, other, most in TARGETS:
        ratio = figures[PRODUCT][what] / figures[other][what]
        rows.append((name, other, f"{most}", f"{ratio:.2f}", "met" if ratio <= most else "**missed**"))
    return table(("", "beside", "at most", "is", ""), rows)


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


def artifacts() -> str:
    """Sizes of what is deployed."""
    bundles = {path.name: path for path in BUILD.glob("*Function")}
    zips = {name: len(zipped(path)) / 1000 for name, path in bundles.items()}
    largest = max(zips, key=lambda name: zips[name])
    rows = [
        ("code bundle of createTrade, zipped", f"{zips['CreateTradeFunction']:.0f} kB", "300 kB"),
        ("code bundle of createTrade, unpacked with byte code", f"{weight(bundles['CreateTradeFunction']):.0f} kB", ""),
        (f"largest code bundle, zipped ({largest})", f"{zips[largest]:.0f} kB", "300 kB"),
        ("dependency layer, unpacked with byte code and botocore", f"{weight(BUILD / 'DependencyLayer') / 1000:.1f} MB",
         "40 MB"),
    ]  # fmt: skip
    return table(("", "is", "at most"), rows)


def weight(folder: Path) -> float:
    """Kilobytes of all files."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1000


def listing_table(rows: Sequence[dict[str, Any]]) -> str:
    """What an index serves, each; of what is filtered besides, the most that any of it takes."""
    counts = [count for count in rows[0] if count.isdigit()]
    shown = []
    for row in filter(lambda row: row["served"], rows):
        costs = [row[count] for count in counts]
        cells = [f"{cost.requests} / {cost.units:g}" for cost in costs]
        ratio = costs[-1].units / costs[0].units
        shown.append((row["filters"], *cells, f"{ratio:.2f}", "met" if ratio <= 1.1 else "**missed**"))
    filtered = [[row[count] for row in rows if not row["served"]] for count in counts]
    most = [f"{max(one.requests for one in costs)} / {max(one.units for one in costs):g}" for costs in filtered]
    shown.append((f"{len(filtered[0])} others, at most", *most, "", "bounded"))
    return table(("filters", *(f"{int(count):,} trades" for count in counts), "ratio", ""), shown)


def bars(file: str, title: str, values: dict[str, float], unit: str) -> None:
    figure, axes = pyplot.subplots(figsize=(7, 2.4))
    drawn = axes.barh(list(values), list(values.values()), color=["#1b6ac9", *["#b8c4d6"] * (len(values) - 1)])
    axes.bar_label(drawn, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.set(title=title, xlabel=unit)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(CHARTS / file, metadata={"Date": None})
    pyplot.close(figure)


def growth(rows: Sequence[dict[str, Any]]) -> None:
    counts = [count for count in rows[0] if count.isdigit()]
    figure, axes = pyplot.subplots(figsize=(7, 3.4))
    for row in rows:
        color, width = ("#1b6ac9", 1.6) if row["served"] else ("#b8c4d6", 0.8)
        axes.plot([int(count) for count in counts], [row[count].units for count in counts], color=color, lw=width)
    axes.set(xscale="log", ylim=0, xlabel="trades in the journal", ylabel="read units",
             title="A page of listTrades: served by an index (blue), filtered (grey)")  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(CHARTS / "listing.svg", metadata={"Date": None})
    pyplot.close(figure)


def export_growth(lines: Sequence[str]) -> None:
    pattern = r"(\d+) trades.* ([\d.]+) s \(.*peak (\d+) MB"
    points = [tuple(map(float, match.groups())) for line in lines if (match := re.match(pattern, line))]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7, 2.6))
    for axes, column, label in ((left, 1, "seconds"), (right, 2, "MB, peak")):
        axes.plot([point[0] for point in points], [point[column] for point in points], "o-", color="#1b6ac9")
        axes.set(xlabel="trades", ylabel=label, ylim=0)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Export of an account")
    figure.tight_layout()
    figure.savefig(CHARTS / "export.svg", metadata={"Date": None})
    pyplot.close(figure)


def load_table(summaries: dict[str, dict[str, Any]]) -> str:
    kinds = list(next(iter(summaries.values())))
    rows = [(name, *(f"{summary[kind]:,.0f}" for kind in kinds)) for name, summary in summaries.items()]
    return table(("", *kinds), rows)


def write(found: Found) -> str:
    """Write the results and their charts; answers the table of the targets."""
    CHARTS.mkdir(exist_ok=True)
    mpl.rcParams["svg.hashsalt"] = "the same each time"
    figures = found.figures
    names = [one.name for one in CONTENDERS]
    for operation, kind, title in (
        ("createTrade", "cold", "Cold start to the first answered createTrade"),
        ("createTrade", "warm", "A warm createTrade"),
        ("getTrade", "warm", "A warm getTrade"),
    ):
        values = {name: figures[name][f"{operation} {kind}"] * 1000 for name in names}
        bars(f"{operation}-{kind}.svg", title, values, "ms of processor time")
    growth(found.listing)
    export_growth(found.export)
    RESULTS.write_text(
        f"""# Results

Written by `make bench`; what is measured, and how, is in [README.md](README.md). Medians of {found.rounds} rounds in
which everybody has a turn. Ratios are the result; times are for orientation.

{machine()}.

## Targets

{targets(figures)}

## New processes and requests

![Cold start](charts/createTrade-cold.svg)
![Warm createTrade](charts/createTrade-warm.svg)
![Warm getTrade](charts/getTrade-warm.svg)

{processes_table(figures)}

## Artifacts

{artifacts()}

## Growth

A page of listTrades, as requests / read units:

![A page of listTrades](charts/listing.svg)

{listing_table(found.listing)}

A change of a trade and its statistics:

```
{found.statistics.rstrip()}
```

The export of an account:

![Export](charts/export.svg)

```
{"".join(found.export).rstrip()}
```

## Load

32 users at once on the embedded AWS, {found.seconds:.0f} s:

{load_table(found.load)}
""",
        "utf-8",
    )
    return targets(figures)

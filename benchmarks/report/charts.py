"""Draws the charts of the results as SVG. Equal figures give equal files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FOLDER = Path(__file__).parents[1] / "charts"
PRODUCT, OTHERS = "#1b6ac9", ("#b8c4d6", "#5d6b7e", "#c98a1b")

mpl.rcParams["svg.hashsalt"] = "the same each time"


@dataclass(frozen=True)
class Panel:
    """One quantity by the length of the journal: its name with its unit, and its lines."""

    label: str
    lines: Mapping[str, Sequence[float]]


def bars(file: str, title: str, values: Mapping[str, float], unit: str) -> None:
    """Draw a bar for each value. The first is the product's."""
    figure, axes = pyplot.subplots(figsize=(7, 2.4))
    drawn = axes.barh(list(values), list(values.values()), color=[PRODUCT, *[OTHERS[0]] * (len(values) - 1)])
    axes.bar_label(drawn, fmt="%.2f", padding=3)
    axes.invert_yaxis()
    axes.set(title=title, xlabel=unit)
    axes.margins(x=0.12)
    _save(figure, [axes], file)


def growth(file: str, title: str, trades: Sequence[int], panels: Sequence[Panel]) -> None:
    """Draw side by side how quantities grow with the journal."""
    figure, drawn = pyplot.subplots(
        1, len(panels), figsize=(3.3 * len(panels) if len(panels) > 1 else 7, 3), squeeze=False
    )
    for axes, panel in zip(drawn[0], panels, strict=True):
        for (name, values), color in zip(panel.lines.items(), (PRODUCT, *OTHERS[1:]), strict=False):
            axes.plot(trades, values, "o-", color=color, label=name, ms=4)
        _by_trades(axes, trades, panel.label)
    if len(panels[0].lines) > 1:
        drawn[0][0].legend(frameon=False, fontsize="small")
    figure.suptitle(title)
    _save(figure, list(drawn[0]), file)


def listing(
    file: str, title: str, trades: Sequence[int], served: Sequence[Sequence[float]], others: Sequence[Sequence[float]]
) -> None:
    """Draw a line for each kind of page."""
    figure, axes = pyplot.subplots(figsize=(7, 3.4))
    for lines, name, color, width in (
        (others, "filtered besides", OTHERS[0], 0.8),
        (served, "served by an index", PRODUCT, 1.6),
    ):
        for number, units in enumerate(lines):
            axes.plot(trades, units, color=color, lw=width, label="" if number else f"{name}, {len(lines)} kinds")
    axes.set_title(title)
    _by_trades(axes, trades, "read units")
    axes.legend(frameon=False)
    _save(figure, [axes], file)


def _by_trades(axes: Axes, trades: Sequence[int], label: str) -> None:
    axes.set(xscale="log", ylim=(0, axes.get_ylim()[1] * 1.15), xlabel="trades in the journal", ylabel=label)
    axes.set_xticks(trades, [f"{count:,}" for count in trades])
    axes.minorticks_off()


def _save(figure: Figure, drawn: Sequence[Axes], file: str) -> None:
    FOLDER.mkdir(exist_ok=True)
    for axes in drawn:
        axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(FOLDER / file, metadata={"Date": None})
    pyplot.close(figure)

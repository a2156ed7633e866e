"""The reference values of docs/statistics.md, as the tests of figures compare them."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = (Path(__file__).parents[1] / "docs" / "statistics.md").read_text("utf-8").replace("\N{MINUS SIGN}", "-")


def _rows(head: str) -> list[tuple[str, str]]:
    """The cells of the table with this head, which has two columns."""
    table = _PAGE.partition(f"\n{head}\n|---|---|\n")[2].partition("\n\n")[0]
    return [
        (left.strip(), right.strip()) for left, right in re.findall(r"^\| ([^|]*)\|([^|]*)\|$", table, re.MULTILINE)
    ]


def of_dataset_a() -> dict[str, str]:
    """The printed value of each figure of dataset A, by the contract's names."""
    return {
        name: value
        for names, values in _rows("| figures | values |")
        for name, value in zip(names.split(", "), values.split(", "), strict=True)
    }


def undefined() -> list[tuple[list[str], dict[str, str]]]:
    """Journals by the net P&L of their trades, and the reason of each undefined figure, by the contract's names."""
    return [
        (
            nets.split(", "),
            {
                name: reason
                for group in filter(None, groups.split("; "))
                for reason, _, names in [group.partition(": ")]
                for name in names.split(", ")
            },
        )
        for nets, groups in _rows("| net P&L | undefined |")
    ]

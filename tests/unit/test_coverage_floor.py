"""The check of the coverage floor names what is missing, and nothing if the floor is reached."""

from __future__ import annotations

from typing import Any

from tests.coverage_floor import shortfalls


def report(lines: int, branches: int) -> dict[str, Any]:
    totals = {"covered_lines": lines, "num_statements": 1000, "covered_branches": branches, "num_branches": 100}
    file = {"missing_lines": [3, 5], "missing_branches": [[2, 3], [7, -1]]}
    return {"totals": totals, "files": {"handlers/log.py": file}}


def test_a_report_above_the_floor_has_no_shortfall() -> None:
    assert shortfalls(report(1000, 98)) == []
    assert shortfalls(report(999, 98)) != []


def test_a_report_below_the_floor_names_lines_and_branches() -> None:
    told = "\n".join(shortfalls(report(998, 100)))
    assert "handlers/log.py: lines 3, 5 are never run" in told
    assert "2 to 3, 7 to the end" in told
    assert shortfalls(report(1000, 97)) != []

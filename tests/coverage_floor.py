"""Fail when the tests of `make unit` run too little of handlers/: all of its lines, 98 % of its branches.

    python -m tests.coverage_floor FILE

FILE is what `pytest --cov-report=json:FILE` wrote. pyproject.toml says which lines are left out, and why.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# In per cent.
LINES, BRANCHES = 100.0, 98.0


def shortfalls(report: dict[str, Any]) -> list[str]:
    """The reasons why coverage is below the floor, a line each; none if it is reached."""
    totals = report["totals"]
    lines = 100 * totals["covered_lines"] / totals["num_statements"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    if lines >= LINES and branches >= BRANCHES:
        return []
    told = [f"handlers/: {lines:.2f} % of {LINES} % of the lines, {branches:.2f} % of {BRANCHES} % of the branches"]
    for file, found in sorted(report["files"].items()):
        if found["missing_lines"]:
            told.append(f"{file}: lines {', '.join(map(str, found['missing_lines']))} are never run")
        if found["missing_branches"]:
            ways = ", ".join(f"{start} to {'the end' if end < 0 else end}" for start, end in found["missing_branches"])
            told.append(f"{file}: never goes from {ways}")
    return told


if __name__ == "__main__":
    if found := shortfalls(json.loads(Path(sys.argv[1]).read_text("utf-8"))):
        sys.exit("\n".join(found))

"""`make bench`: measures everything and writes benchmarks/results.md with its charts.

python -m benchmarks [--rounds 15] [--seconds 90] [--trades 100000] [--only-growth]
"""

from __future__ import annotations

import argparse
import os
import sys

from benchmarks import load
from benchmarks.growth import listing, tasks
from benchmarks.report import page
from benchmarks.requests import processes
from benchmarks.requests.stub import SETTINGS


def say(line: str) -> None:
    """Print the progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure everything and write benchmarks/results.md.")
    parser.add_argument("--rounds", type=int, default=processes.ROUNDS)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--trades", type=int, default=100_000, help="in the longest journal")
    parser.add_argument("--only-growth", action="store_true", help="measure growth without lists; keep other results")
    given = parser.parse_args()
    os.environ.update(SETTINGS)
    counts = (given.trades // 100, given.trades // 10, given.trades)
    if given.only_growth:
        page.write_growth(tasks.measure(counts, say))
        return
    found = page.Found(rounds=given.rounds, seconds=given.seconds, figures=processes.measure(given.rounds, say))
    say("listing")
    found.listing = listing.measure(counts)
    found.growth = tasks.measure(counts, say)
    found.load = load.measure(given.seconds, say)
    say(page.write(found))


if __name__ == "__main__":
    main()

"""Measure everything and write benchmarks/results.md with its charts: `make bench`.

python -m benchmarks [--rounds 15] [--seconds 60] [--trades 100000] [--stored 100000]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from benchmarks import listing_growth, load, processes, report
from benchmarks.stub import SETTINGS
from local.places import ROOT


def say(line: str) -> None:
    """Tell how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def output_of(module: str, *arguments: str) -> str:
    """What one of the other benchmarks prints, whether or not it is content."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 our own modules
    return done.stdout or done.stderr[-2000:]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure everything and write benchmarks/results.md.")
    parser.add_argument("--rounds", type=int, default=processes.ROUNDS)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--trades", type=int, default=100_000, help="in the longest journal")
    parser.add_argument("--stored", type=int, default=0, help="the same for what runs on the embedded AWS")
    given = parser.parse_args()
    os.environ.update(SETTINGS)
    counts, stored = (1_000, given.trades // 10, given.trades), given.stored or given.trades
    found = report.Found(rounds=given.rounds, seconds=given.seconds, figures=processes.measure(given.rounds, say))
    say("listing")
    found.listing = listing_growth.measure(counts)
    say("export")
    found.export = [output_of("benchmarks.export_memory", str(count)) for count in (1_000, stored // 10, stored)]
    say("statistics")
    found.statistics = output_of("benchmarks.statistics_growth", "--trades", str(stored))
    found.load = load.measure(given.seconds, given.seconds / 3, say)
    say(report.write(found))


if __name__ == "__main__":
    main()

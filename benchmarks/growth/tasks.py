"""Time and cost of a trade's change, the rebuild of a user's statistics and the export as the journal grows.

    python -m benchmarks.growth.tasks [--trades 100000]

Journals of several lengths are stored on the embedded AWS, and each task runs on each of them in a new process: the
functions' own code, against DynamoDB, S3 and Cognito. What counts are requests, the capacity that DynamoDB bills and
the peak of the process's memory; seconds are those of the embedded AWS, on the processors that it shares with the task.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.growth.journals import journal, store
from benchmarks.growth.tables import new_user, tables
from handlers.storage.trade_items import trade_item
from local.places import ROOT

A_DAY = 30  # trades: of the longest journal's nine years each day has as many
CHANGE, REBUILD, CHECK, EXPORT = "change", "rebuild", "check", "export"
# In this order: the rebuild makes the statistics that the others want.
TASKS = (REBUILD, CHECK, CHANGE, EXPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Measurements of a task with a journal of so many trades: requests and units of capacity, megabytes."""

    trades: int
    requests: float
    reads: float
    writes: float
    seconds: float
    before: float
    peak: float


Growth = dict[str, list[Taken]]


def measure(counts: Sequence[int], say: Callable[[str], None]) -> Growth:
    """Each task with journals of so many trades."""
    found: Growth = {task: [] for task in TASKS}
    with tables():
        for count in counts:
            began = time.perf_counter()
            user = new_user()
            store("trades", map(trade_item, journal(user, count, a_day=A_DAY)))
            say(f"growth: {count} trades, stored in {time.perf_counter() - began:.0f} s")
            for task in TASKS:
                found[task].append(taken := _run(task, user, count))
                say(f"growth: {task}, {taken}")
    return found


def _run(task: str, user: str, count: int) -> Taken:
    command = [sys.executable, "-m", "benchmarks.growth.one_task", task, user, str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{task} of {count} trades: {done.stderr[-2000:]}")
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    arguments = argparse.ArgumentParser(description="How tasks behind the requests grow with the journal.")
    arguments.add_argument("--trades", type=int, default=100_000, help="in the longest journal")
    given = arguments.parse_args()
    measure((given.trades // 100, given.trades // 10, given.trades), lambda line: print(line, flush=True))


if __name__ == "__main__":
    main()

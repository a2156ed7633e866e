"""Measures time and cost of a trade's change, a statistics rebuild, a statistic and the export as the journal grows.

    python -m benchmarks.growth.tasks [--trades 100000]

Journals of several lengths are stored on the embedded AWS, and each task runs on each of them in a new process: the
functions' own code, against DynamoDB, S3 and Cognito. The results are the requests, the capacity that DynamoDB bills
and the peak memory of the process. Seconds are for orientation: the embedded AWS shares the processors with the task.
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

A_DAY = 30  # trades of each day; the longest journal spans nine years
CHANGE, REBUILD, CHECK, QUESTION, EXPORT = "change", "rebuild", "check", "question", "export"
# In this order, since the other tasks need the statistics that the rebuild makes.
TASKS = (REBUILD, CHECK, CHANGE, QUESTION, EXPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The measurements of a task with a journal of this length: requests, units of capacity, megabytes."""

    trades: int
    requests: float
    reads: float
    writes: float
    seconds: float
    before: float
    peak: float


Growth = dict[str, list[Taken]]


def measure(counts: Sequence[int], say: Callable[[str], None]) -> Growth:
    """Measure each task with journals of these lengths."""
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

"""Brings broker's files into a journal on the embedded AWS, and tells how long that takes: preview, commit, undoing.

Each file goes the whole way of a front end's: through the gateway, the bucket, the queues and the functions, until the
statistics have counted the last trade. The files are made here: buys and sells of many symbols on many days, or of one
symbol alone (`--symbols 1`), which is the longest position that a file can have.

    python -m benchmarks.imports [--fills 2400 20000 200000] [--symbols 200] [--undo]

The seconds are those of the clock. Beside them stands the processor time of the embedded AWS, which is one process that
cannot use two processors, and that of the functions. Exits with 1 if something is missing in the journal afterwards.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.peak import peak_megabytes
from local.stack import Stack, running_stack

HEADER = "Date,Time,Symbol,Quantity,Price,Side,Commission"
OF_A_DAY = 40  # fills
# A trade is bought in two fills and sold in one, or sold short in one and bought back in another.
PATTERNS: tuple[tuple[tuple[str, int], ...], ...] = ((("B", 50), ("B", 50), ("S", 100)), (("SS", 80), ("B", 80)))
BEGUN = datetime(2022, 1, 3, 9, 30)  # noqa: DTZ001 the file's times are in the zone of the import
LONGEST = 3600.0  # seconds
TICKS = os.sysconf("SC_CLK_TCK")
Json = dict[str, Any]


def statement(fills: int, symbols: int) -> tuple[str, int]:
    """A file of so many fills, and how many closed trades they make."""
    lines, closed = [HEADER], 0
    for number, trade in enumerate(_trades(fills)):
        symbol = f"SYM{number % symbols}"
        for side, quantity in trade:
            n = len(lines) - 1
            at = BEGUN + timedelta(days=n // OF_A_DAY, seconds=n % OF_A_DAY * 577)
            price = f"{100 + n % 37}.{n % 89:02}"
            lines.append(f"{at:%m/%d/%Y,%H:%M:%S},{symbol},{quantity},{price},{side},1.25")
        closed += 1
    return "\n".join(lines) + "\n", closed


def _trades(fills: int) -> Iterator[tuple[tuple[str, int], ...]]:
    left, number = fills, 0
    while left > 1:
        pattern = PATTERNS[number % 2 if left not in (2, 4) else 1]
        yield pattern
        left -= len(pattern)
        number += 1


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of the clock, and of the processors: the embedded AWS and its functions."""

    clock: float
    aws: float
    functions: float

    def __sub__(self, other: Used) -> Used:
        return Used(self.clock - other.clock, self.aws - other.aws, self.functions - other.functions)


def used(stack: Stack) -> Used:
    """What has been used so far."""
    pid = stack.aws.process.pid
    own, ended = _processor_times(pid)
    workers = sum(sum(_processor_times(worker)) for worker in stack.aws.memory()[1])
    return Used(time.monotonic(), own, ended + workers)


def _processor_times(pid: int) -> tuple[float, float]:
    """The processor times of a process and of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:  # it has ended since it was listed
        return 0.0, 0.0
    own, system, of_children, system_of_children = (int(field) / TICKS for field in fields[11:15])
    return own + system, of_children + system_of_children


class Importing:
    """A new user who imports a file, with what each step has taken."""

    def __init__(self, stack: Stack, name: str) -> None:
        self._stack, self._name = stack, name
        self._api = httpx.Client(base_url=stack.api, timeout=120, trust_env=False)
        self._api.headers["Authorization"] = f"Bearer {stack.new_token()}"
        self._before = used(stack)

    def preview(self, content: str) -> Json:
        """Send the file, and wait for its preview."""
        asked = {"fileName": "fills.csv", "timeZone": "America/New_York"}
        made = self._api.post("/imports", json=asked).raise_for_status().json()
        form = made["upload"]
        files = {"file": ("fills.csv", content)}
        httpx.post(form["url"], data=form["fields"], files=files, timeout=120, trust_env=False).raise_for_status()
        return self._until("preview", made["import"]["importId"], "PREVIEW")

    def commit(self, one: Json) -> Json:
        """Commit the import, and wait until it is done."""
        headers = {"If-Match": f'"{one["version"]}"'}
        path = f"/imports/{one['importId']}/commit"
        self._api.post(path, json={"undecided": "REFUSE"}, headers=headers).raise_for_status()
        return self._until("commit", one["importId"], "COMMITTED")

    def undo(self, one: Json) -> Json:
        """Undo the import, and wait until it is done."""
        self._api.post(f"/imports/{one['importId']}/undo", json={"edited": "REFUSE"}).raise_for_status()
        return self._until("undo", one["importId"], "UNDONE")

    def count(self, trades: int) -> None:
        """Wait until the statistics have these closed trades."""
        self._wait("statistics", lambda: int(self._api.get("/stats").json()["tradeCount"]) == trades)

    def _until(self, step: str, import_id: str, status: str) -> Json:
        one: Json = {}

        def is_there() -> bool:
            one.update(self._api.get(f"/imports/{import_id}").json())
            if one["status"] == "FAILED":
                raise SystemExit(f"{step}: {one['failure']}")
            return bool(one["status"] == status)

        self._wait(step, is_there)
        return one

    def _wait(self, step: str, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LONGEST
        while not is_there():
            if time.monotonic() > deadline:
                raise SystemExit(f"{self._name}: no {step} within {LONGEST:.0f} s")
            time.sleep(0.5)
        now = used(self._stack)
        took, self._before = now - self._before, now
        load = os.getloadavg()[0]
        sys.stdout.write(
            f"| {self._name} | {step} | {took.clock:.1f} | {took.aws:.1f} | {took.functions:.1f} | "
            f"{largest_function(self._stack):.0f} | {load:.1f} |\n"
        )
        sys.stdout.flush()


def largest_function(stack: Stack) -> float:
    """The peak memory in megabytes of the largest process of a function that is still there."""
    return max((peak_megabytes(pid) for pid in stack.aws.memory()[1]), default=0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description="Import files on the embedded AWS.")
    parser.add_argument("--fills", type=int, nargs="+", default=[2_400, 20_000, 200_000])
    parser.add_argument("--symbols", type=int, default=200)
    parser.add_argument("--undo", action="store_true", help="undo each import, too")
    given = parser.parse_args()
    sys.stdout.write(
        "| fills | step | seconds | embedded AWS | functions | MB | load |\n|---|---|---|---|---|---|---|\n"
    )
    with running_stack() as stack:
        for fills in given.fills:
            content, trades = statement(fills, given.symbols)
            importing = Importing(stack, f"{fills:,} of {given.symbols:,} symbols".replace(",", " "))
            one = importing.preview(content)
            done = importing.commit(one)
            if done["applied"]["executions"] != content.count("\n") - 1 or one["counts"]["trades"] != trades:
                sys.stdout.write(f"{done['applied']}, {one['counts']} instead of {trades} trades\n")
                return 1
            importing.count(trades)
            if given.undo:
                importing.undo(done)
                importing.count(0)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Checks on the embedded AWS that list pages, statistics and the export of a long journal answer, and how fast.

The trades are written into the table directly, since recording 100 000 by the API takes an hour; the product's own code
rebuilds their statistics. Then one user requests everything over HTTP, through the gateway and the functions.

    python -m benchmarks.long_journal [--trades 100000]

Exits with 1 if an answer is wrong or missing.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import httpx

from benchmarks.growth.journals import journal, store
from benchmarks.growth.tables import own_code_on
from handlers.storage.stats import comparing
from handlers.storage.trade_items import trade_item
from local.stack import Stack, running_stack

TRADES_A_DAY = 30
PAGE = 100
# The lists, one for each index and one for each filter that no index serves.
LISTS: Mapping[str, Mapping[str, str]] = {
    "all": {},
    "oldest first": {"order": "asc"},
    "symbol": {"symbol": "AAPL"},
    "status": {"status": "CLOSED"},
    "tag": {"tag": "news"},
    "symbol and tag": {"symbol": "AAPL", "tag": "news"},
    "idempotency key": {"idempotencyKey": "key-77"},
}
STATISTICS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "stats": ("/stats", {}),
    "stats of a range": ("/stats", {"from": "2020-01-01", "to": "2025-12-31"}),
    "stats of a symbol": ("/stats", {"symbol": "AAPL"}),
    "stats with filters": (
        "/stats",
        {
            "side": "BUY",
            "tag": "news",
            "excludeTag": "late",
            "result": "WIN",
            "timeZone": "America/New_York",
            "dayStartsAt": "17:00",
            "breakevenTolerance": "0.05R",
        },
    ),
    "equity curve": ("/stats/equity-curve", {}),
    "calendar": ("/stats/calendar", {"month": "2026-01"}),
    **{
        f"breakdown by {by}": ("/stats/breakdown", {"by": by})
        for by in ("SYMBOL", "SIDE", "TAG", "SETUP_TYPE", "TRADING_SESSION", "WEEKDAY", "HOUR", "MONTH")
    },
}


@dataclass
class Outcome:
    """The result of requesting everything."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)


def ask(stack: Stack, trades: int, *, pages: int | None = None) -> Outcome:
    """Give a new user this many trades, and request their lists, statistics and export.

    pages: how many pages of each list to request at most; None for all.
    """
    outcome = Outcome()
    with httpx.Client(base_url=stack.api, timeout=120, trust_env=False) as api:
        token = stack.new_token()
        api.headers["Authorization"] = f"Bearer {token}"
        with _past_the_api(stack) as tables:
            user = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["sub"]
            store(tables["TRADES_TABLE"], map(trade_item, journal(user, trades, a_day=TRADES_A_DAY)))
            comparing.compare(user, lambda: datetime.now(UTC))
        for name, filters in LISTS.items():
            outcome.listed[name] = sum(1 for _ in _trades(api, outcome, name, filters, pages))
        for name, (path, query) in STATISTICS.items():
            _get(api, outcome, name, path, query)
        _export(api, outcome)
    return outcome


@contextmanager
def _past_the_api(stack: Stack) -> Iterator[Mapping[str, str]]:
    """Let the product's code in this process work on the stack's tables."""
    resources = stack.client("cloudformation").get_paginator("list_stack_resources")
    names = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in resources.paginate(StackName="trading-journal")
        for resource in page["StackResourceSummaries"]
    }
    tables = {
        "TRADES_TABLE": names["TradesTable"],
        "STATS_TABLE": names["TradeStatsTable"],
        "LEDGER_TABLE": names["LedgerTable"],
    }
    with own_code_on(stack.endpoint, tables):
        yield tables


def _get(api: httpx.Client, outcome: Outcome, name: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
    began = time.monotonic()
    answer = api.get(path, params=dict(query))
    outcome.seconds[name].append(time.monotonic() - began)
    if answer.status_code not in (200, 202):
        outcome.errors.append(f"{name}: {path} {dict(query)} {answer.status_code} {answer.text[:200]}")
        return {}
    found: dict[str, Any] = answer.json()
    return found


def _trades(
    api: httpx.Client, outcome: Outcome, name: str, filters: Mapping[str, str], pages: int | None
) -> Iterator[Any]:
    query, read = {**filters, "limit": str(PAGE)}, 0
    while pages is None or read < pages:
        page = _get(api, outcome, f"list: {name}", "/trades", query)
        read += 1
        yield from page.get("items", ())
        if "nextToken" not in page:
            return
        query["nextToken"] = page["nextToken"]


def _export(api: httpx.Client, outcome: Outcome) -> None:
    """Request the export until its file is written, as the contract describes."""
    began = time.monotonic()
    while time.monotonic() - began < 900:
        answer = api.get("/auth/export")
        if answer.status_code != 202:
            break
        time.sleep(2)
    outcome.seconds["export"].append(time.monotonic() - began)
    if answer.status_code != 200 or httpx.get(answer.json()["url"], timeout=120, trust_env=False).status_code != 200:
        outcome.errors.append(f"export: {answer.status_code} {answer.text[:200]}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask for everything of a long journal on the embedded AWS.")
    parser.add_argument("--trades", type=int, default=100_000)
    trades = parser.parse_args().trades
    with running_stack() as stack:
        outcome = ask(stack, trades)
        own, workers = stack.aws.memory()
    for name, seconds in outcome.seconds.items():
        sys.stdout.write(
            f"{name:28} {len(seconds):5} requests, median {1000 * median(seconds):6.0f} ms, longest "
            f"{1000 * max(seconds):6.0f} ms\n"
        )
    sys.stdout.write(f"memory at the end: {own >> 20} MB, and {sum(workers.values()) >> 20} MB of functions\n")
    sys.stdout.write(f"{len(outcome.errors)} errors\n" + "".join(f"  {error}\n" for error in outcome.errors[:20]))
    if outcome.listed["all"] != trades:
        sys.stdout.write(f"of {trades} trades {outcome.listed['all']} were listed\n")
    return 1 if outcome.errors or outcome.listed["all"] != trades else 0


if __name__ == "__main__":
    sys.exit(main())

"""Puts the stack on the embedded AWS under the load of many users, and counts failures, lost trades and throughput.

Every user keeps a journal: records, reads, lists, corrects, closes and deletes trades and reads the statistics.
Afterwards each journal is listed whole and compared with the acknowledged changes. The embedded AWS runs each function
in one process and takes most of the time itself, so the throughput means something only in comparison with that of the
bare peer.

    python -m benchmarks.load [--seconds 90]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

import httpx
import yaml

from benchmarks.functions import function_of
from benchmarks.requests.events import TRADE
from benchmarks.requests.processes import OPERATIONS, PEERS
from local.artifacts import read_template
from local.places import BUILD
from local.stack import Stack, running_stack

USERS = 64
MIX = {"get": 35, "list": 20, "create": 20, "update": 8, "close": 8, "delete": 4, "stats": 5}
# In seconds. The users start one after the other, since a function's first processes take both processors. Counting
# begins after that.
RAMP = 40.0
# The operations that the peers serve.
SMALL_MIX = {"get": 45, "list": 25, "create": 30}
EVERYTHING = "this product, everything"
SMALL, OF_BARE_PEER = "this product, three operations", "bare handler, three operations"
OPEN_TRADE = {name: value for name, value in TRADE.items() if name != "closes"}


@dataclass
class Outcome:
    """The result of a load."""

    seconds: float = 0
    counted_from: float = 0
    took: list[float] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    kept: int = 0
    workers: int = 0  # Lambda workers at most
    memory: int = 0  # bytes of the embedded AWS and its workers at most

    def summary(self) -> dict[str, Any]:
        """The result's figures. Times are in milliseconds."""
        cuts = quantiles(self.took, n=100)
        return {
            "requests": len(self.took),
            "a second": len(self.took) / self.seconds,
            "median ms": cuts[49] * 1000,
            "p99 ms": cuts[98] * 1000,
            "errors": len(self.errors),
            "lost or doubled": len(self.lost),
            "trades compared": self.kept,
            "workers": self.workers,
            "memory MB": self.memory / (1 << 20),
        }


class User:
    """One trader, and the version of each trade that the API has acknowledged."""

    def __init__(self, client: httpx.AsyncClient, outcome: Outcome, mix: Mapping[str, int], seed: int) -> None:
        self._client, self._outcome, self._mix = client, outcome, mix
        self._chance = Random(seed)
        self.trades: dict[str, int] = {}

    async def work(self, since: float, until: float) -> None:
        """Send one request after the other, without pauses."""
        await asyncio.sleep(max(0, since - time.perf_counter()))
        things: dict[str, Callable[[], Awaitable[None]]] = {name: getattr(self, f"_{name}") for name in self._mix}
        while time.perf_counter() < until:
            [name] = self._chance.choices(list(self._mix), list(self._mix.values()))
            await things[name if self.trades else "create"]()

    async def whole_journal(self) -> list[tuple[str, int]]:
        """The id and the version of each trade that the API lists."""
        found, query = [], {"limit": "100"}
        while True:
            page = (await self._client.get("/trades", params=query)).json()
            found += [(trade["tradeId"], trade["version"]) for trade in page["items"]]
            if "nextToken" not in page:
                return found
            query = {"limit": "100", "nextToken": page["nextToken"]}

    async def _send(self, name: str, expected: int, method: str, path: str, **given: Any) -> Any:
        began = time.perf_counter()
        try:
            answer = await self._client.request(method, path, **given)
        except httpx.HTTPError as error:
            self._outcome.errors.append(f"{name}: {error!r}")
            return None
        if began >= self._outcome.counted_from:
            self._outcome.took.append(time.perf_counter() - began)
        self._outcome.requests[name] += 1
        if answer.status_code != expected:
            self._outcome.errors.append(f"{name}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer.json() if answer.content else {}

    def _some_trade(self) -> str:
        return self._chance.choice(list(self.trades))

    def _acknowledge(self, trade: Any) -> None:
        if trade:
            self.trades[trade["tradeId"]] = trade["version"]

    async def _create(self) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        self._acknowledge(await self._send("create", 201, "POST", "/trades", json=OPEN_TRADE, headers=key))

    async def _get(self) -> None:
        await self._send("get", 200, "GET", f"/trades/{self._some_trade()}")

    async def _list(self) -> None:
        await self._send("list", 200, "GET", "/trades", params={"symbol": "AAPL", "limit": "20"})

    async def _update(self) -> None:
        merge = {"Content-Type": "application/merge-patch+json"}
        body = '{"postTradeNotes": "Sold half too early."}'
        path = f"/trades/{self._some_trade()}"
        self._acknowledge(await self._send("update", 200, "PATCH", path, content=body, headers=merge))

    async def _close(self) -> None:
        trade_id = self._some_trade()
        if self.trades[trade_id] == 1:  # not closed yet, nor changed
            close = {"price": "187.25", "closedAt": "2026-01-05T11:02:00-05:00"}
            self._acknowledge(await self._send("close", 201, "POST", f"/trades/{trade_id}/closes", json=close))

    async def _delete(self) -> None:
        trade_id = self._some_trade()
        if await self._send("delete", 204, "DELETE", f"/trades/{trade_id}") is not None:
            del self.trades[trade_id]

    async def _stats(self) -> None:
        await self._send("stats", 200, "GET", "/stats")


async def load(
    stack: Stack, seconds: float, mix: Mapping[str, int], *, count: int = USERS, ramp: float = RAMP
) -> Outcome:
    """Let the users work for this time, then compare the listed trades with the acknowledged ones."""
    outcome = Outcome()
    tokens = [stack.new_token() for _ in range(count)]
    clients = [
        httpx.AsyncClient(base_url=stack.api, timeout=60, trust_env=False, headers={"Authorization": f"Bearer {token}"})
        for token in tokens
    ]
    users = [User(client, outcome, mix, seed) for seed, client in enumerate(clients)]
    began = time.perf_counter()
    outcome.counted_from = began + ramp
    until = outcome.counted_from + seconds
    watch = asyncio.create_task(_watch(stack, outcome))
    await asyncio.gather(*(user.work(began + ramp / count * n, until) for n, user in enumerate(users)))
    watch.cancel()
    outcome.seconds = time.perf_counter() - outcome.counted_from
    for user in users:
        listed = await user.whole_journal()
        outcome.kept += len(listed)
        if sorted(listed) != sorted(user.trades.items()):
            outcome.lost += [str(pair) for pair in set(listed) ^ set(user.trades.items())] or ["a trade twice"]
    for client in clients:
        await client.aclose()
    return outcome


async def _watch(stack: Stack, outcome: Outcome) -> None:
    """Record each second the number of workers and the memory of all processes."""
    while True:
        own, workers = await asyncio.to_thread(stack.aws.memory)
        outcome.workers = max(outcome.workers, len(workers))
        outcome.memory = max(outcome.memory, own + sum(workers.values()))
        await asyncio.sleep(1)


@contextmanager
def with_bare_peer() -> Iterator[Path]:
    """The built template in which the bare peer replaces the functions whose operations it serves."""
    template = read_template(BUILD / "template.yaml")
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for name in ("CodeUri", "ContentUri"):
            if isinstance(properties.get(name), str):
                properties[name] = str((BUILD / properties[name]).resolve())
    for name in {function_of(operation).name for operation in OPERATIONS}:
        template["Resources"][name]["Properties"] |= {
            "CodeUri": str(PEERS / "deployed"),
            "Handler": "benchmarks.peers.bare.handler",
            "Layers": [],
        }
    _resolve_includes(template)
    with tempfile.TemporaryDirectory(prefix="trading-journal-") as folder:
        (Path(folder) / "template.yaml").write_text(yaml.safe_dump(template), "utf-8")
        yield Path(folder)


def _resolve_includes(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("Name") == "AWS::Include":
            node["Parameters"]["Location"] = str((BUILD / node["Parameters"]["Location"]).resolve())
        for value in node.values():
            _resolve_includes(value)
    elif isinstance(node, list):
        for value in node:
            _resolve_includes(value)


def measure(seconds: float, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    """Measure the full mix on the product, then the peers' operations on the product and on the bare peer.

    Each of the latter two takes a third of the time.
    """
    summaries = {}
    seconds_beside = seconds / 3
    with running_stack() as stack:
        say(f"load: {USERS} users for {seconds:.0f} s")
        whole = asyncio.run(load(stack, seconds, MIX))
        summaries[EVERYTHING] = whole.summary()
        for error in [*whole.errors, *whole.lost][:10]:
            say(error)
        summaries[SMALL] = asyncio.run(load(stack, seconds_beside, SMALL_MIX)).summary()
    with with_bare_peer() as build, running_stack(build) as stack:
        say(f"load: the same with the bare peer for {seconds_beside:.0f} s")
        summaries[OF_BARE_PEER] = asyncio.run(load(stack, seconds_beside, SMALL_MIX)).summary()
    return summaries


def main() -> None:
    arguments = argparse.ArgumentParser(description="The deployed stack under load.")
    arguments.add_argument("--seconds", type=float, default=90)
    for name, summary in measure(arguments.parse_args().seconds, print).items():
        print(name, {kind: round(figure) for kind, figure in summary.items()})


if __name__ == "__main__":
    main()

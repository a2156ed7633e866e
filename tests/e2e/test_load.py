"""Many requests at once wait for a worker; all are answered, none fails."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from benchmarks.load import MIX, load
from local.embedded_aws import lambda_workers
from local.stack import Stack
from tests.e2e.conftest import User

AT_ONCE = 100


@contextmanager
def workers_counted(stack: Stack) -> Iterator[list[int]]:
    """The numbers of worker processes that there were, looked at several times a second."""
    counts: list[int] = []
    ended = threading.Event()

    def count() -> None:
        while not ended.wait(0.1):
            counts.append(len(stack.aws.memory()[1]))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counts
    finally:
        ended.set()
        thread.join()


def at_once(
    stack: Stack, user: User, send: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
) -> list[httpx.Response]:
    """The answers to as many requests as this, each on a connection of its own."""

    async def send_all() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {user.access_token}"}
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=stack.api, headers=headers, limits=limits, timeout=120, trust_env=False
        ) as client:
            return await asyncio.gather(*(send(client) for _ in range(AT_ONCE)))

    return asyncio.run(send_all())


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_a_hundred_requests_at_once_are_all_answered_by_few_workers(
    stack: Stack, new_user: Callable[[], User], trade: dict[str, Any]
) -> None:
    user = new_user()
    recorded = user.api.post("/trades", json=trade)
    address, tag = f"/trades/{recorded.json()['tradeId']}", recorded.headers["ETag"]
    change = {"Content-Type": "application/merge-patch+json", "If-Match": tag}
    with workers_counted(stack) as workers:
        assert statuses(at_once(stack, user, lambda client: client.get(address))) == {200: AT_ONCE}
        changed = at_once(
            stack, user, lambda client: client.patch(address, content='{"postTradeNotes": "x"}', headers=change)
        )
        assert statuses(changed) == {200: 1, 412: AT_ONCE - 1}
    assert 0 < max(workers) <= lambda_workers()


def test_whoever_hangs_up_leaves_the_queue(stack: Stack, new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    user = new_user()

    async def give_up(client: httpx.AsyncClient) -> httpx.Response:
        try:
            return await client.post("/trades", json=trade, timeout=httpx.Timeout(30, read=0.1))
        except httpx.TimeoutException:
            return httpx.Response(408)

    given_up = statuses(at_once(stack, user, give_up))[408]
    assert given_up > AT_ONCE / 2
    # A worker is free for the next request only when those are done that had begun. They go on, as on AWS.
    assert user.api.get("/trades").status_code == 200
    recorded = -1
    while recorded != (recorded := len(user.api.get("/trades", params={"limit": "100"}).json()["items"])):
        time.sleep(2)
    assert recorded < AT_ONCE / 2


def test_users_at_work_meet_no_error_and_lose_nothing(stack: Stack) -> None:
    outcome = asyncio.run(load(stack, seconds=10, mix=MIX, count=16, ramp=5))
    assert (outcome.errors, outcome.lost) == ([], [])
    assert outcome.kept > 16
    assert 0 < outcome.workers <= lambda_workers()

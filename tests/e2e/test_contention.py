"""Many requests for one trade at once, through the gateway and real processes: all that can succeed does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx

from tests.e2e.conftest import User


def at_once(number: int, send: Callable[[int], httpx.Response]) -> Sequence[httpx.Response]:
    """The answers to so many requests that are on their way together."""
    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(send, range(number)))


def statuses(answers: Sequence[httpx.Response]) -> dict[int, int]:
    """How often each status was answered."""
    return dict(Counter(answer.status_code for answer in answers))


def recorded(user: User, trade: dict[str, Any], **given: str) -> str:
    """The address of a new trade."""
    answer = user.api.post("/trades", json={**trade, **given})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"].removeprefix("/v1")


def test_of_a_hundred_closes_of_1_fifty_succeed_on_a_quantity_of_50(dana: User, trade: dict[str, Any]) -> None:
    path = recorded(dana, trade, quantity="50", entryPrice="10", commission="1", fees="0.25")
    close = {"quantity": "1", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00", "commission": "0.03"}
    answers = at_once(100, lambda _: dana.api.post(f"{path}/closes", json=close, timeout=120))
    assert statuses(answers) == {201: 50, 409: 50}
    closed = dana.api.get(path).json()
    assert (closed["status"], closed["remainingQuantity"], len(closed["partialCloses"])) == ("CLOSED", "0", 50)
    # 50 x (11 - 10) - 50 x 0.03 - 1.25
    assert closed["netPnl"] == "47.25"
    assert sum(Decimal(part["realizedPnl"]) for part in closed["partialCloses"]) == Decimal("47.25")


def test_of_a_hundred_changes_of_one_version_one_is_made(dana: User, trade: dict[str, Any]) -> None:
    path = recorded(dana, trade)
    answers = at_once(
        100,
        lambda number: dana.api.patch(
            path,
            json={"lessons": f"number {number}"},
            headers={"If-Match": '"1"', "Content-Type": "application/merge-patch+json"},
            timeout=120,
        ),
    )
    assert statuses(answers) == {200: 1, 412: 99}
    [made] = [answer for answer in answers if answer.status_code == 200]
    assert dana.api.get(path).json() == made.json()


def test_of_36_changes_without_a_version_all_are_made(dana: User, trade: dict[str, Any]) -> None:
    path = recorded(dana, trade)
    answers = at_once(36, lambda number: dana.api.patch(path, json={"lessons": f"number {number}"}, timeout=120))
    assert statuses(answers) == {200: 36}
    assert dana.api.get(path).json()["version"] == 37

"""Many requests for one trade at once: all that can succeed does, and nothing is lost or doubled."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Lock
from typing import Any

import pytest
from botocore.client import BaseClient

from tests import events
from tests.api.client import DANA, Answer, Client, answer_of
from tests.events import claims_of, function, routes

SLEEP = time.sleep
CLOSE = {"quantity": "1", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00", "commission": "0.03"}

pytestmark = pytest.mark.usefixtures("one_call_at_a_time", "waits")


@pytest.fixture
def one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's transactions lose what others write meanwhile: each of its calls has the table to itself."""
    lock, call = Lock(), BaseClient._make_api_call  # type: ignore[attr-defined] # not in the stubs

    def locked(*given: Any) -> Any:
        with lock:
            return call(*given)

    monkeypatch.setattr(BaseClient, "_make_api_call", locked)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits before it tries again does wait."""
    monkeypatch.setattr("time.sleep", SLEEP)


class Context:
    """A call with ample time, however busy the machine."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def at_once(
    number: int,
    operation_id: str,
    path: str,
    body_of: Callable[[int], Mapping[str, Any]],
    headers: Mapping[str, str] | None = None,
) -> Sequence[Answer]:
    """The answers to so many requests for one operation, each by a function's own instance, begun together."""
    [route] = [route for route in routes() if route.operation_id == operation_id]
    functions = [function(operation_id, instance=instance) for instance in range(number)]
    begin = Barrier(number)

    def ask(index: int) -> Answer:
        event = events.event(
            route.method,
            f"/v1{path}",
            route_key=route.key,
            headers={"Content-Type": "application/json", "Authorization": "Bearer t", **(headers or {})},
            body=json.dumps(body_of(index)).encode(),
            claims=claims_of(DANA),
        )
        begin.wait()
        return answer_of(functions[index](event, Context()), event, route)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(ask, range(number)))


def statuses(answers: Sequence[Answer]) -> dict[int, int]:
    """How often each status was answered."""
    return dict(Counter(answer.status for answer in answers))


def test_of_a_hundred_closes_of_1_fifty_succeed_on_a_quantity_of_50(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(quantity='50', entryPrice='10', commission='1', fees='0.25')['tradeId']}"
    answers = at_once(100, "closeTrade", f"{path}/closes", lambda _: CLOSE)
    assert statuses(answers) == {201: 50, 409: 50}
    trade = dana.get(path).json
    assert (trade["status"], trade["remainingQuantity"], len(trade["partialCloses"])) == ("CLOSED", "0", 50)
    assert trade["version"] == 51
    # 50 x (11 - 10) - 50 x 0.03 - 1.25, and the closes add up to it.
    assert trade["netPnl"] == "47.25"
    assert sum(Decimal(close["realizedPnl"]) for close in trade["partialCloses"]) == Decimal("47.25")
    assert len({answer.json["version"] for answer in answers if answer.status == 201}) == 50


def test_of_a_hundred_changes_of_one_version_one_is_made(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answers = at_once(
        100, "updateTrade", path, lambda index: {"lessons": f"number {index}"}, headers={"If-Match": '"1"'}
    )
    assert statuses(answers) == {200: 1, 412: 99}
    [made] = [answer for answer in answers if answer.status == 200]
    trade = dana.get(path).json
    assert trade == made.json
    assert trade["version"] == 2


def test_of_36_changes_without_a_version_all_are_made(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answers = at_once(36, "updateTrade", path, lambda index: {"lessons": f"number {index}"})
    assert statuses(answers) == {200: 36}
    assert dana.get(path).json["version"] == 37
    assert sorted(answer.json["version"] for answer in answers) == list(range(2, 38))

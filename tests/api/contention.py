"""Sends many requests of one operation at once, in threads, to moto."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import pytest
from botocore.client import BaseClient

from tests import events
from tests.api.client import DANA, Answer, answer_of
from tests.events import claims_of, function, routes


@pytest.fixture
def one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moto run one call at a time: its transactions lose concurrent writes otherwise."""
    client: Any = BaseClient
    lock, call = Lock(), client._make_api_call

    def locked(*given: Any) -> Any:
        with lock:
            return call(*given)

    monkeypatch.setattr(client, "_make_api_call", locked)


class Context:
    """A call with ample time, however busy the machine."""

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


def at_once(
    number: int,
    operation_id: str,
    path: str | Callable[[int], str],
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
            f"/v1{path if isinstance(path, str) else path(index)}",
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

"""A function answers 503 itself when its time is nearly over, whatever it is waiting for."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from handlers.entry import http
from handlers.entry.http import ANSWER_SECONDS
from handlers.log import logger
from handlers.storage import clients, uploads
from handlers.storage.errors import TradeNotFound
from tests.api.client import DANA, answer_of
from tests.events import claims_of, event, function, routes

TRADE = "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f"


class Context:
    """Lambda's context of a call that may take this long from now."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - time.monotonic()) * 1000)


@pytest.fixture
def silent_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """An AWS that takes connections and requests and never answers; the connections it took."""
    taken: list[socket.socket] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                taken.append(server.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.getsockname()[1]}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",  # pragma: allowlist secret - of nobody
        "AWS_DEFAULT_REGION": "eu-central-1",
        "NO_PROXY": "127.0.0.1",
        "TRADES_TABLE": "trades",
    }.items():
        monkeypatch.setenv(name, value)
    clients.clear()
    yield taken
    clients.clear()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for connection in taken:
        connection.close()


def read_trade(seconds: float) -> tuple[Any, float]:
    """The answer to a read of a trade by a function that has this long, and how long it took."""
    [route] = [route for route in routes() if route.operation_id == "getTrade"]
    asked = event(
        "GET",
        f"/v1/trades/{TRADE}",
        route_key=route.key,
        headers={"Authorization": "Bearer token"},
        claims=claims_of(DANA),
    )
    serve = function("getTrade")  # which may load the application: not a part of the call
    begun = time.monotonic()
    returned = serve(asked, Context(seconds))
    return answer_of(returned, asked, route), time.monotonic() - begun


def test_a_function_whose_aws_never_answers_says_so_before_it_is_ended(
    silent_aws: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ANSWER_SECONDS", 4)  # in place of half a second: a busy machine answers late
    answer, took = read_trade(5)
    assert (answer.status, answer.kind, answer.headers["retry-after"]) == (503, "/problems/unavailable", "1")
    assert 1 <= took < 5
    assert len(silent_aws) == 1  # the first attempt was still waiting


def test_a_function_without_any_time_answers(silent_aws: list[socket.socket]) -> None:
    answer, took = read_trade(ANSWER_SECONDS / 2)
    assert answer.status == 503
    assert took < ANSWER_SECONDS
    assert silent_aws == []


def test_the_process_serves_the_next_request_as_if_nothing_had_been(
    silent_aws: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_trade(0.7)[0].status == 503
    assert silent_aws

    def absent(*_: Any) -> None:
        raise TradeNotFound

    monkeypatch.setattr(uploads, "read", absent)
    for _ in range(3):
        assert read_trade(0.7)[0].status == 404


def test_a_request_that_ran_out_of_time_is_logged_with_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: Any) -> None:
        while True:
            pass

    monkeypatch.setattr(uploads, "read", endless)
    lines = io.StringIO()
    handler: Any = logger.registered_handler
    before = handler.setStream(lines)
    try:
        assert read_trade(0.6)[0].status == 503
    finally:
        handler.setStream(before)
    [record] = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert record["level"] == "WARNING"
    assert "endless" in record["exception"]
    assert record["request_id"]

"""A user's statistics are compared with the trades and mended, by the entry points that schedule and queue call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.entry.streams import rebuild_all_stats, rebuild_stats
from handlers.storage import clients
from tests.api.client import DANA, Client
from tests.api.estate import messages_of, new_queue
from tests.api.gallery import Context, messages

CLOSED = {"exitPrice": "12", "closeDate": "2026-01-05T11:00:00-05:00"}


@pytest.fixture
def rebuild_queue(everything: None, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001 made first
    queue = new_queue("rebuilds")
    monkeypatch.setenv("REBUILD_QUEUE_URL", queue)
    return queue


def rebuild(user: str = DANA) -> None:
    assert rebuild_stats(messages({"user": user}), Context()) == {"batchItemFailures": []}


def count_of_trades(client: Client) -> Any:
    return client.get("/stats").json["tradeCount"]


@pytest.mark.usefixtures("rebuild_queue")
def test_a_rebuild_makes_statistics_what_the_trades_say(dana: Client) -> None:
    trades = [dana.new_trade(**CLOSED, tags=[f"tag-{number}"])["tradeId"] for number in range(3)]
    assert count_of_trades(dana) == 0  # no stream leads anywhere here
    rebuild()
    assert count_of_trades(dana) == 3
    assert dana.delete(f"/trades/{trades[0]}").status == 204
    patched = dana.patch(f"/trades/{trades[1]}", {"tags": ["other"]})
    assert patched.status == 200
    rebuild()
    assert count_of_trades(dana) == 2
    assert dana.get("/stats", query=[("tag", "other")]).json["tradeCount"] == 1


def test_everybody_is_found_and_asked_for(dana: Client, rebuild_queue: str) -> None:
    dana.new_trade(**CLOSED)
    clients.dynamodb().put_item(TableName="stats", Item={"userId": {"S": "left-over"}, "statKey": {"S": "totals"}})
    rebuild_all_stats({}, None)
    asked = []
    while records := messages_of(rebuild_queue):
        for record in records:
            body = json.loads(record["body"])
            asked += [body["user"]] if "user" in body else []
            if "search" in body:
                assert rebuild_stats({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert sorted(asked) == sorted([DANA, "left-over"])

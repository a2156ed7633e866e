"""A user's statistics are compared with the trades and mended, by the entry points that schedule and queue call."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from handlers.entry.streams import rebuild_all_stats, rebuild_stats
from handlers.storage import clients
from handlers.storage.stats import updating
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


def asked_for(queue: str) -> list[str]:
    """The users whose comparison was asked for, once all searches are done."""
    asked = []
    while records := messages_of(queue):
        for record in records:
            body = json.loads(record["body"])
            asked += [body["user"]] if "user" in body else []
            if "search" in body:
                assert rebuild_stats({"Records": [record]}, Context()) == {"batchItemFailures": []}
    return asked


def test_who_changed_is_found_until_the_statistics_are_right(dana: Client, rebuild_queue: str) -> None:
    trade = dana.new_trade(**CLOSED)
    updating.update(DANA, {date(2026, 1, 5): [trade["tradeId"]]}, datetime.now(UTC))  # as the stream does
    rebuild_all_stats({}, None)
    assert asked_for(rebuild_queue) == [DANA]
    rebuild()
    rebuild_all_stats({}, None)
    assert asked_for(rebuild_queue) == []


def test_everybody_in_the_pool_is_found_once_a_week(rebuild_queue: str, pool: str) -> None:
    subs = []
    for name in ("dana", "erin"):
        made = clients.cognito_admin().admin_create_user(UserPoolId=pool, Username=f"{name}@example.com")
        subs += [each["Value"] for each in made["User"]["Attributes"] if each["Name"] == "sub"]
    rebuild_all_stats({"everybody": True}, None)
    assert sorted(asked_for(rebuild_queue)) == sorted(subs)

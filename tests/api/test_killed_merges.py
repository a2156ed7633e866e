"""Merges whose process ends at a call of AWS: the next call goes on, and the end is the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handlers.entry.restores import restore_journal
from handlers.usecases import restore_archive
from tests.api.client import Client
from tests.api.journals import made
from tests.api.restoring import commit, compared
from tests.api.restoring import queue as queue
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_merges import backup, fill
from tests.api.uploading import Context, illustrate, messages
from tests.api.user_data import Stores, messages_of, new_client

GROUP = "99999999-0000-4000-8000-000000000001"


def keep(client: Client) -> dict[str, Any]:
    """A small journal, of which everything is written in a way of its own."""
    trade = client.new_trade(externalId="x")
    illustrate(client, trade["tradeId"])
    first = fill(client, "A", "BUY", "2", 0)
    sold = fill(client, "A", "SELL", "2", 1, price="12")
    made(client.patch(f"/trades/{first['trades'][0]['tradeId']}", {"lessons": "wait"}))
    fill(client, "B", "BUY", "1", 0)
    other = client.new_trade()
    made(client("PUT", f"/groups/{GROUP}", {"name": "One", "tradeIds": [trade["tradeId"], other["tradeId"]]}))
    split = {"type": "SPLIT", "symbol": "A", "effectiveAt": "2026-01-04T10:00:00Z", "new": "2", "old": "1"}
    made(client.post("/corporate-actions", split))
    return {"trade": trade["tradeId"], "other": other["tradeId"], "sold": sold["execution"]["executionId"]}


def spoil(client: Client, ids: dict[str, Any]) -> None:
    """Edit and delete some of it."""
    made(client.patch(f"/trades/{ids['trade']}", {"lessons": "edited"}))
    assert client.delete(f"/executions/{ids['sold']}").status == 204
    made(client("PUT", f"/groups/{GROUP}", {"name": "edited", "tradeIds": [ids["other"]]}))
    fill(client, "B", "BUY", "5", 3)


@pytest.mark.parametrize(("when", "begin", "step"), [("before", 1, 9), ("after", 5, 9)])
def test_a_merge_that_is_killed_at_a_call_goes_on(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch, when: Any, begin: int, step: int
) -> None:
    monkeypatch.setattr(restore_archive, "PROGRESS_SECONDS", -1)  # the progress is stored after each transaction
    monkeypatch.setattr("handlers.journal.restores.WORKED_FOR", timedelta(0))
    kill, at, was_killed = Kill(), begin - step, True
    kill.when = when
    expected: Any = None
    while was_killed:
        client = new_client(stores.pool, f"user-{at + step}@example.com")
        ids = keep(client)
        file = backup(client)
        spoil(client, ids)
        offer = compared(client, file, conflicts="REPLACE")
        assert commit(client, offer, f'"{offer["restore"]["version"]}"').status == 202
        messages_of(queue)
        event = {"userId": str(client.user), "restoreId": offer["restore"]["restoreId"]}
        kill.left, was_killed = at, False
        if expected is None:
            kill.left = 10**9
            was_killed = True
        try:
            with kill.watching():
                restore_journal(messages(event), Context())
        except Killed:
            was_killed = True
        assert restore_journal(messages(event), Context()) == {"batchItemFailures": []}
        found = figures(client)
        expected = expected or found
        assert found == expected, at
        assert client.get(f"/restores/{event['restoreId']}").json["status"] == "RESTORED"
        at += step  # not at each one: to keep a journal takes half a second
    assert at > 60


def figures(client: Client) -> Any:
    """What the journal shows, but ids and times."""
    names = ("symbol", "side", "status", "quantity", "netPnl", "lessons", "warnings", "externalId")
    trades = client.get("/trades").json["items"]
    shown = sorted(repr([trade.get(name) for name in names]) for trade in trades)
    groups = [(group["name"], len(group["tradeIds"])) for group in client.get("/groups").json["items"]]
    images = sum(len(trade.get("images", ())) for trade in trades)
    return shown, groups, images, len(client.get("/executions").json["items"])

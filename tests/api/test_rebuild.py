"""A user's statistics are compared with the trades and mended, by the entry points that schedule and queue call."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest

from handlers.entry.streams import rebuild_all_stats, rebuild_stats
from handlers.storage import clients, trading_accounts
from handlers.storage.stats import updating
from tests.api.client import DANA, Client
from tests.api.uploading import Context, messages
from tests.api.user_data import messages_of, new_queue

CLOSED = {"exitPrice": "12", "closeDate": "2026-01-05T11:00:00-05:00"}


@pytest.fixture
def rebuild_queue(monkeypatch: pytest.MonkeyPatch) -> str:
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


def copies_of_accounts() -> dict[str, Any]:
    """The copies by sort key, without the mark that only the ledger keeps."""
    found = clients.dynamodb().scan(TableName="stats")["Items"]
    return {
        item["statKey"]["S"]: {name: value for name, value in item.items() if name != "inUse"}
        for item in found
        if item["statKey"]["S"].startswith(("account", "copy|"))
    }


@pytest.mark.usefixtures("rebuild_queue")
def test_a_rebuild_restores_the_copies_of_settings_and_accounts(
    dana: Client, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    account = dana.post("/accounts", {"name": "Second", "currency": "EUR"}).json["accountId"]
    dana.patch("/settings", {"baseCurrency": "EUR", "timeZone": "Europe/Berlin"})
    dana.new_trade(**CLOSED, accountId=account)  # marks the account, in the ledger alone
    rebuild()
    right = copies_of_accounts()
    assert len(right) == 4

    def put(stat_key: str, **changed: Any) -> None:
        item = {**right[stat_key], "inUse": {"BOOL": False}, **changed}
        clients.dynamodb().put_item(TableName="stats", Item={name: it for name, it in item.items() if it is not None})

    def lose(*stat_keys: str) -> None:
        for stat_key in stat_keys:
            key: Any = {"userId": {"S": DANA}, "statKey": {"S": stat_key}}
            clients.dynamodb().delete_item(TableName="stats", Key=key)

    for place in ("", "copy|"):
        settings, of_account = f"{place}account-settings", f"{place}account|{account}"
        damages: list[tuple[Callable[[], None], int]] = [
            (partial(lose, settings), 1),
            (partial(lose, of_account), 1),
            (partial(put, settings, timeZone={"S": "Asia/Tokyo"}), 1),
            (partial(put, of_account, currency={"S": "USD"}), 1),
            (partial(put, of_account, currency=None), 1),  # cannot be read
            (partial(put, of_account, statKey={"S": f"{place}account|{DANA}"}, accountId={"S": DANA}), 1),  # of none
            (partial(lose, settings, of_account), 2),
        ]
        for damage, number in damages:
            damage()
            assert copies_of_accounts() != right
            capsys.readouterr()
            caplog.clear()
            rebuild()
            assert copies_of_accounts() == right
            [told] = [record for record in caplog.records if record.message == "statistics were wrong"]
            assert vars(told)["copies"] == number
            metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
            assert (metrics["StatsDriftUsers"], metrics["StatsDriftFigures"]) == ([1.0], [float(number)])
        caplog.clear()
        rebuild()
        assert caplog.records == []


@pytest.mark.usefixtures("rebuild_queue")
def test_who_changes_an_account_meanwhile_wins(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    account = dana.post("/accounts", {"name": "Second", "currency": "EUR"}).json["accountId"]
    key: Any = {"userId": {"S": DANA}, "statKey": {"S": f"account|{account}"}}
    clients.dynamodb().delete_item(TableName="stats", Key=key)
    real, renamed = trading_accounts._in_ledger, iter(["First rename", "Second rename"])

    def read_then_overtaken(user: str) -> Any:
        found = real(user)
        if name := next(renamed, None):
            dana.patch(f"/accounts/{account}", {"name": name})
            clients.dynamodb().delete_item(TableName="stats", Key=key)
        return found

    monkeypatch.setattr(trading_accounts, "_in_ledger", read_then_overtaken)
    rebuild()
    assert copies_of_accounts()[f"account|{account}"]["name"] == {"S": "Second rename"}

"""The fake answers as moto does, wherever the statistics ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.entry.streams import update_stats
from handlers.storage import clients
from handlers.storage.stats import comparing
from handlers.storage.stats.book_items import STATE
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.fake_dynamodb import FakeDynamoDB
from tests.statistics.journal import Step, do
from tests.template_file import properties

NOW = datetime(2030, 1, 5, tzinfo=UTC)
USER = "user-1"
STORY = [
    Step(USER, "trade-1", "create", 13),
    Step(USER, "trade-2", "create", 16),
    Step(USER, "trade-1", "label", 1),
    Step(USER, "trade-3", "create", 2),
    Step(USER, "trade-3", "close part", 4),
    Step(USER, "trade-3", "close rest", 7),
    Step(USER, "trade-2", "correct", 8),
    Step(USER, "trade-3", "take back", 0),
    Step(USER, "trade-1", "delete", 0),
]


@pytest.fixture
def moto() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.delenv("AWS_PROFILE", raising=False)
        with mock_aws():
            client = boto3.Session().client("dynamodb")
            for name, resource in (("trades", "TradesTable"), ("stats", "TradeStatsTable"), ("ledger", "LedgerTable")):
                wanted = properties(resource)
                kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
                client.create_table(TableName=name, **{key: wanted[key] for key in kept if key in wanted})
            yield client


def use(db: Db, patch: pytest.MonkeyPatch, client: Any) -> None:
    clients.clear()
    patch.setattr(db, "fake", client)


def test_a_story_leaves_the_same_items(db: Db, moto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = db.renew()
    deeds: list[tuple[str, Any]] = []
    for name in ("put_item", "delete_item"):
        monkeypatch.setattr(fake, name, _noting(deeds, name, getattr(fake, name)))
    for step in STORY:
        do(fake, step)
        records = fake.stream[-2:]
        update_stats({"Records": records}, CONTEXT)
        deeds.append(("update", records))
    comparing.compare(USER, lambda: NOW)

    use(db, monkeypatch, moto)
    for name, what in deeds:
        if name == "update":
            update_stats({"Records": what}, CONTEXT)
        else:
            getattr(moto, name)(**what)
    comparing.compare(USER, lambda: NOW)

    for table in ("trades", "stats"):
        found = moto.query(
            TableName=table,
            KeyConditionExpression="userId = :user",
            ExpressionAttributeValues={":user": {"S": USER}},
            ConsistentRead=True,
        )["Items"]
        sort = "tradeId" if table == "trades" else "statKey"
        assert {item[sort]["S"]: _without_clock(item) for item in found} == {
            name: _without_clock(item) for name, item in fake.items(table, USER).items()
        }


def _noting(deeds: list[tuple[str, Any]], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def noted(**what: Any) -> Any:
        if what["TableName"] == "trades":
            deeds.append((name, what))
        return call(**what)

    return noted


_CLOCK = ("lastUpdated", "dueSince", "comparedAt")


def _without_clock(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in _CLOCK}


KEY = {"userId": {"S": USER}, "statKey": {"S": STATE}}
NAMES = {"ExpressionAttributeNames": {"#version": "version"}}
AT_1 = {**NAMES, "ExpressionAttributeValues": {":version": {"N": "1"}}, "ConditionExpression": "#version = :version"}
RAISE = {
    "Update": {
        "TableName": "stats",
        "Key": KEY,
        "UpdateExpression": "SET lastUpdated = :now, dueSince = if_not_exists(dueSince, :now) ADD #version :one",
        **NAMES,
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":now": {"S": "now"}},
    }
}
REMOVE = {
    "Update": {
        "TableName": "stats",
        "Key": KEY,
        "UpdateExpression": "REMOVE #day",
        "ExpressionAttributeNames": {"#day": "01"},
    }
}
PUT_NEW = {"Put": {"TableName": "stats", "Item": KEY, "ConditionExpression": "attribute_not_exists(#version)", **NAMES}}
PUT_AT_1 = {"Put": {"TableName": "stats", "Item": KEY, **AT_1}}
CHECK = {
    "ConditionCheck": {"TableName": "trades", "Key": {"userId": {"S": USER}, "tradeId": {"S": "x"}}}
    | {"ConditionExpression": "attribute_not_exists(tradeId)"}
}


@pytest.mark.parametrize(
    "transactions",
    [
        [[RAISE], [RAISE]],
        [[REMOVE]],
        [[CHECK, PUT_NEW], [CHECK, PUT_AT_1]],
        [[RAISE], [PUT_NEW]],
        [[RAISE], [CHECK, PUT_AT_1]],
        [[RAISE], [RAISE], [PUT_AT_1]],
        [[CHECK, {"Delete": {"TableName": "stats", "Key": KEY}}]],
    ],
)
def test_a_transaction_goes_through_or_not_and_says_why(moto: Any, transactions: list[Any]) -> None:
    assert _outcomes(FakeDynamoDB(), transactions) == _outcomes(moto, transactions)


def _outcomes(client: Any, transactions: list[Any]) -> list[Any]:
    seen: list[Any] = []
    for actions in transactions:
        try:
            client.transact_write_items(TransactItems=actions)
        except client.exceptions.TransactionCanceledException as error:
            seen.append([reason["Code"] for reason in error.response["CancellationReasons"]])
        seen.append(client.get_item(TableName="stats", Key=KEY, ConsistentRead=True).get("Item"))
    return seen

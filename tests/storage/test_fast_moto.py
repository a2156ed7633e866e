"""What tests/fast_moto.py leaves out is not missed."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.storage.clients import dynamodb

KEY: Any = {"userId": {"S": "user"}, "tradeId": {"S": "trade"}}
HELD: Any = {
    **KEY,
    "text": {"S": "ä"},
    "number": {"N": "1.50"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "bytes": {"B": b"\x00\xff"},
    "deep": {
        "M": {"list": {"L": [{"M": {"inner": {"S": "old"}, "bytes": {"B": b"\x01"}}}, {"N": "2"}]}, "empty": {"M": {}}}
    },
}
CHANGE: Any = {
    "TableName": "trades",
    "Key": KEY,
    "UpdateExpression": "SET #deep.#list[0].#inner = :new ADD #texts :more",
    "ExpressionAttributeNames": {"#deep": "deep", "#list": "list", "#inner": "inner", "#texts": "texts"},
    "ExpressionAttributeValues": {":new": {"S": "new"}, ":more": {"SS": ["c"]}},
}
NEVER: Any = {
    "ConditionCheck": {
        "TableName": "trades",
        "Key": {**KEY, "tradeId": {"S": "none"}},
        "ConditionExpression": "attribute_exists(tradeId)",
    }
}


@pytest.fixture(autouse=True)
def _one_item(table: None) -> None:  # noqa: ARG001 made first
    dynamodb().put_item(TableName="trades", Item=HELD)


def read() -> Any:
    return dynamodb().get_item(TableName="trades", Key=KEY)["Item"]


def listed() -> Any:
    return dynamodb().query(
        TableName="trades",
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": KEY["userId"]},
    )["Items"]


def test_values_of_every_kind_come_back() -> None:
    assert read() == HELD
    assert listed() == [HELD]


def test_an_update_changes_values_within_values() -> None:
    changed = dynamodb().update_item(**CHANGE, ReturnValues="ALL_NEW")["Attributes"]
    assert changed["deep"]["M"]["list"]["L"][0]["M"]["inner"] == {"S": "new"}
    assert sorted(changed["texts"]["SS"]) == ["a", "b", "c"]
    assert {**read(), "texts": None} == {**changed, "texts": None}
    assert read()["deep"] != HELD["deep"]


def test_an_update_returns_what_was_before() -> None:
    assert dynamodb().update_item(**CHANGE, ReturnValues="ALL_OLD")["Attributes"] == HELD


def test_a_transaction_that_fails_changes_nothing() -> None:
    other = {**HELD, "tradeId": {"S": "other"}}
    items = [{"Update": CHANGE}, {"Put": {"TableName": "trades", "Item": other}}, NEVER]
    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb().transact_write_items(TransactItems=items)
    assert listed() == [HELD]


def test_a_transaction_that_fails_deletes_nothing() -> None:
    with pytest.raises(ClientError, match="TransactionCanceled"):
        dynamodb().transact_write_items(TransactItems=[{"Delete": {"TableName": "trades", "Key": KEY}}, NEVER])
    assert listed() == [HELD]


def test_an_item_that_is_too_large_is_refused() -> None:
    large = {**KEY, "text": {"S": "a" * 410_000}}
    with pytest.raises(ClientError, match="size has exceeded"):
        dynamodb().put_item(TableName="trades", Item=large)
    dynamodb().put_item(TableName="trades", Item={**KEY, "text": {"S": "a" * 400_000}})

"""Tests that share clients do not influence each other."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.storage import clients
from handlers.storage.clients import dynamodb
from tests.storage.conftest import KeptClients


def test_a_client_is_kept_until_somebody_hooks_into_it() -> None:
    client = dynamodb()
    clients.clear()
    assert dynamodb() is client
    client.meta.events.register("before-send", lambda **_: None)
    clients.clear()
    other = dynamodb()
    assert other is not client
    clients.clear()
    assert dynamodb() is other


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("number", [1, 2])
def test_a_test_finds_nothing_of_another(number: int) -> None:
    assert set(dynamodb().list_tables()["TableNames"]) == {"ledger", "stats", "trades"}
    assert dynamodb().scan(TableName="trades")["Items"] == []
    dynamodb().put_item(TableName="trades", Item={"userId": {"S": "user-1"}, "tradeId": {"S": str(number)}})
    dynamodb().create_table(
        TableName="more",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_the_clients_of_a_functions_settings_are_built_before_its_first_request(
    kept_clients: KeptClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def build(service: str, *given: Any) -> object:
        built.append(service)
        return kept_clients(service, *given)

    monkeypatch.setattr(clients, "new_client", build)
    clients.clear()
    clients.make_ready({"TRADES_TABLE": "trades", "FILES_BUCKET": "files", "OPERATIONS": "getTrade"})
    assert built == ["dynamodb", "s3"]
    clients.clear()

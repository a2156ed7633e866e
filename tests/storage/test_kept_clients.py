"""What keeps the tests apart although they share clients."""

from __future__ import annotations

import pytest

from handlers.storage import clients
from handlers.storage.clients import dynamodb
from tests.storage.conftest import KeptClients


def test_a_client_is_kept_until_somebody_hooks_into_it(kept_clients: KeptClients) -> None:
    client = dynamodb()
    clients.clear()
    assert dynamodb() is client
    client.meta.events.register("before-send", lambda **_: None)
    clients.clear()
    assert dynamodb() is not client
    assert kept_clients("dynamodb") is dynamodb()


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("number", [1, 2])
def test_a_test_finds_nothing_of_another(number: int) -> None:
    assert set(dynamodb().list_tables()["TableNames"]) == {"stats", "trades"}
    assert dynamodb().scan(TableName="trades")["Items"] == []
    dynamodb().put_item(TableName="trades", Item={"userId": {"S": "user-1"}, "tradeId": {"S": str(number)}})
    dynamodb().create_table(
        TableName="more",
        KeySchema=[{"AttributeName": "a", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "a", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

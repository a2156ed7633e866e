"""Positions that are settled behind the answer, on the deployed stack: the stream, the FIFO queue, the settler."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from local.stack import Stack
from tests.e2e.conftest import User
from tests.e2e.test_account import items_of, sub_of, until

FLIPS = 60


def fill(number: int) -> dict[str, Any]:
    """A fill of a position that flips with each."""
    side = "BUY" if number % 2 == 0 else "SELL"
    price = str(100 + number % 7)
    at = f"2026-01-05T10:{number:02}:00Z"
    return {"symbol": "AAPL", "side": side, "quantity": "1" if number == 0 else "2", "price": price, "executedAt": at}


def burst(api: Any) -> None:
    items = [{"execution": fill(number)} for number in range(FLIPS)]
    results = api.post("/executions/bulk", json={"items": items}).json()["results"]
    again = [items[number] for number, one in enumerate(results) if one["status"] in (429, 503)]
    assert {one["status"] for one in results} <= {201, 202, 429, 503}
    if again:
        assert {one["status"] for one in api.post("/executions/bulk", json={"items": again}).json()["results"]} <= {
            201,
            202,
        }


@pytest.mark.anywhere
def test_a_late_fill_that_changes_many_trades_is_settled_behind_the_answer(new_user: Callable[[], User]) -> None:
    api = new_user().api
    burst(api)
    late = {**fill(0), "price": "90", "executedAt": "2026-01-05T09:00:00Z"}
    answer = api.post("/executions", json=late)
    assert (answer.status_code, answer.json()["trades"]) == (202, [])
    assert answer.json()["execution"]["settled"] is False
    path = answer.headers["Location"].removeprefix("/v1")
    until(lambda: api.get(path).json()["settled"])
    fills = [late, *(fill(number) for number in range(FLIPS))]
    matched = api.post("/executions/match", json={"executions": fills}).json()["trades"]
    shown = api.get("/trades", params={"limit": 100, "order": "asc"}).json()["items"]
    assert [trade.get("netPnl") for trade in shown] == [trade.get("netPnl") for trade in matched]
    assert len(shown) == FLIPS / 2
    net = sum(Decimal(trade["netPnl"]) for trade in matched)
    until(lambda: Decimal(api.get("/stats").json()["netPnl"]) == net)
    assert api.get("/positions").json() == {"items": []}


def test_an_account_that_is_erased_while_it_is_settled_leaves_nothing(
    stack: Stack, new_user: Callable[[], User]
) -> None:
    user = new_user()
    sub = sub_of(stack, user)
    burst(user.api)
    late = {**fill(0), "executedAt": "2026-01-05T09:00:00Z"}
    assert user.api.post("/executions", json=late).status_code == 202
    assert user.api.delete("/auth/account").status_code == 202

    def left() -> list[str]:
        found = stack.client("dynamodb").query(
            TableName=stack.outputs["LedgerTableName"],
            KeyConditionExpression="userId = :user",
            ExpressionAttributeValues={":user": {"S": sub}},
            ConsistentRead=True,
        )
        return [item["item"]["S"] for item in found["Items"]]

    until(lambda: not left() and all(key.startswith("erased|") for key in items_of(stack, sub)))

"""Many corrections in one request: each on its own, in order, with its own version."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.api.client import Client


def update(client: Client, *items: Any) -> list[Any]:
    answer = client.post("/trades/bulk-update", {"items": list(items)})
    assert answer.status == 200, answer.body
    results: list[Any] = answer.json["results"]
    return results


def test_each_patch_is_made_on_its_own_and_told_in_order(dana: Client, erin: Client) -> None:
    one, two, closed = (
        dana.new_trade(),
        dana.new_trade(),
        dana.new_trade(exitPrice="12", closeDate="2026-01-06T09:00:00Z"),
    )
    hers = erin.new_trade()
    results = update(
        dana,
        {"tradeId": one["tradeId"].upper(), "changes": {"stopLoss": "9", "lessons": "wait"}},
        {"tradeId": str(uuid4()), "changes": {"lessons": "wait"}},
        {"tradeId": hers["tradeId"], "changes": {"lessons": "mine"}},
        {"tradeId": closed["tradeId"], "changes": {"status": "CANCELLED"}},
        {"tradeId": two["tradeId"], "changes": {"netPnl": "1", "stopLoss": 1}},
        {"tradeId": two["tradeId"], "changes": {}},
        {"tradeId": "none", "changes": {"lessons": "wait"}},
        {"tradeId": two["tradeId"], "changes": {"tags": ["\u200b"]}},
        {"tradeId": two["tradeId"], "changes": {"stopLoss": None, "tags": [" fomo"]}},
    )
    assert [result["status"] for result in results] == [200, 404, 404, 409, 400, 400, 400, 422, 200]
    assert results[0]["trade"] == dana.get(f"/trades/{one['tradeId']}").json
    assert results[-1]["trade"]["tags"] == ["fomo"]
    assert "lessons" not in erin.get(f"/trades/{hers['tradeId']}").json


def test_fields_are_named_as_in_a_patch_alone(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    results = update(
        dana,
        {"tradeId": trade_id, "changes": {"netPnl": "1"}},
        {"tradeId": trade_id, "changes": {"quantity": None}},
        {"tradeId": trade_id, "version": 0, "changes": {"lessons": "wait"}},
        {"tradeId": trade_id, "changes": {"lessons": "wait"}, "more": 1},
        {"tradeId": trade_id},
    )
    pointers = [result["problem"]["errors"][0]["pointer"] for result in results]
    assert pointers == ["/netPnl", "/quantity", "/version", "/more", "/changes"]


def test_a_version_is_its_own_if_match(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    results = update(
        dana,
        {"tradeId": trade_id, "version": 1, "changes": {"lessons": "one"}},
        {"tradeId": trade_id, "version": 1, "changes": {"lessons": "two"}},
        {"tradeId": trade_id, "version": 2, "changes": {"lessons": "three"}},
        {"tradeId": trade_id, "changes": {"lessons": "three"}},
    )
    assert [result["status"] for result in results] == [200, 412, 200, 200]
    assert results[1]["problem"]["type"] == "/v1/problems/version-mismatch"
    assert results[3]["trade"]["version"] == 3


@pytest.mark.parametrize("items", [[], [{"tradeId": str(uuid4()), "changes": {"lessons": "x"}}] * 101, None, {}])
def test_a_request_of_no_items_or_too_many_is_refused_whole(dana: Client, items: Any) -> None:
    answer = dana.post("/trades/bulk-update", {"items": items})
    assert (answer.status, answer.bad_fields) == (400, {("body", "/items")})

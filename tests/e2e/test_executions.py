"""Executions, through the gateway."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import User


@pytest.mark.anywhere
def test_fills_are_matched_without_being_stored(new_user: Callable[[], User]) -> None:
    api = new_user().api
    fill = {"symbol": "MESH6", "instrument": {"kind": "FUTURE"}, "side": "BUY", "quantity": "2", "price": "5000.25"}
    fills = [
        {**fill, "executedAt": "2026-01-05T15:00:00Z", "commission": "1.94"},
        {**fill, "side": "SELL", "price": "5010.5", "executedAt": "2026-01-05T16:00:00Z", "commission": "1.94"},
    ]
    answer = api.post("/executions/match", json={"executions": fills})
    assert answer.status_code == 200
    assert [trade["netPnl"] for trade in answer.json()["trades"]] == ["98.62"]
    assert api.get("/trades").json() == {"items": []}
    alone = api.post("/executions/match", json={"executions": [{**fills[0], "positionEffect": "CLOSE"}]})
    assert (alone.status_code, alone.json()["type"]) == (409, "/v1/problems/position-too-small")

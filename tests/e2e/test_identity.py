"""Trades that are imported again, corrected by the hundred and found by their tags, through the deployed template."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.conftest import User

CLOSE = {"quantity": "100", "price": "187.25", "closedAt": "2026-01-05T11:02:00-05:00"}


@pytest.mark.anywhere
def test_an_import_that_is_repeated_adds_what_is_missing(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api, complete = new_user().api, {"onExisting": "COMPLETE"}
    given = {**trade, "externalId": "U1234567-0000e0d5.65cb1a2b"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.post("/trades", json=given), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [made] = [answer.json() for answer in answers if answer.status_code == 201]
    for answer in answers:
        assert answer.json()["tradeId"] == made["tradeId"]
    closed = api.post("/trades", json={**given, "closes": [CLOSE]}, params=complete)
    assert (closed.status_code, closed.json()["status"], closed.headers["ETag"]) == (200, "CLOSED", '"2"')
    again = api.post("/trades/bulk", json={"items": [{"trade": {**given, "closes": [CLOSE]}, **complete}]})
    assert again.json()["results"] == [{"status": 200, "trade": closed.json()}]
    other = api.post("/trades", json={**given, "entryPrice": "1"}, params=complete)
    assert (other.status_code, other.json()["type"]) == (409, "/problems/trade-differs")
    assert api.delete(f"/trades/{made['tradeId']}").status_code == 204
    assert api.post("/trades", json=given).status_code == 201


@pytest.mark.anywhere
def test_many_trades_are_corrected_at_once(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api = new_user().api
    made = [api.post("/trades", json=trade).json()["tradeId"] for _ in range(3)]
    items = [{"tradeId": trade_id, "changes": {"tags": ["fomo", " fomo\u200b"]}} for trade_id in made]
    items += [{"tradeId": made[0], "version": 1, "changes": {"lessons": "wait"}}]
    results = api.post("/trades/bulk-update", json={"items": items}).json()["results"]
    assert [result["status"] for result in results] == [200, 200, 200, 412]
    assert [result["trade"]["tags"] for result in results[:3]] == [["fomo"]] * 3
    found = api.get("/trades", params={"tag": "fomo "}).json()["items"]
    assert {each["tradeId"] for each in found} == set(made)

"""Groups of trades on the deployed stack: through the gateway, the table and the stream to the statistics."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import User


def a_flat_trade(api: httpx.Client, trade: dict[str, Any], price: str, closed_at: str) -> str:
    address = api.post("/trades", json=trade).headers["Location"].removeprefix("/v1")
    assert api.post(f"{address}/closes", json={"price": price, "closedAt": closed_at}).status_code == 201
    return address.removeprefix("/trades/")


def until(api: httpx.Client, params: dict[str, str], count: int) -> Any:
    for _ in range(100):
        stats = api.get("/stats", params=params).json()
        if stats["tradeCount"] == count:
            break
        time.sleep(0.2)
    return stats


@pytest.mark.anywhere
def test_a_pair_counts_as_one_result_on_the_day_of_its_last_close(
    new_user: Callable[[], User], trade: dict[str, Any]
) -> None:
    api, group = new_user().api, f"/groups/{uuid.uuid4()}"
    legs = [
        a_flat_trade(api, trade, "187.25", "2026-01-05T15:00:00-05:00"),
        a_flat_trade(api, {**trade, "side": "SELL", "stopLoss": "190"}, "186.25", "2026-01-06T15:00:00-05:00"),
    ]
    made = api.put(group, json={"name": "pair", "strategy": "pair", "tradeIds": legs})
    assert (made.status_code, made.json()["closeDate"]) == (201, "2026-01-06T15:00:00-05:00")
    assert api.get(made.headers["Location"].removeprefix("/v1")).json() == made.json()
    assert api.get("/groups").json() == {"items": [made.json()]}
    together = until(api, {"countAs": "GROUPS"}, 1)
    assert (together["tradeCount"], together["netPnl"]) == (1, made.json()["netPnl"])
    assert until(api, {}, 2)["netPnl"] == made.json()["netPnl"]
    [bucket] = api.get("/stats/breakdown", params={"by": "GROUP", "countAs": "GROUPS"}).json()["buckets"]
    assert bucket["keys"] == [{"attribute": "GROUP", "value": made.json()["groupId"]}]
    assert api.delete(group, headers={"If-Match": made.headers["ETag"]}).status_code == 204
    assert until(api, {"countAs": "GROUPS"}, 2)["tradeCount"] == 2
    assert "groupId" not in api.get(f"/trades/{legs[0]}").json()


def test_of_groups_that_want_one_trade_at_once_one_gets_it(dana: User, trade: dict[str, Any]) -> None:
    wanted = dana.api.post("/trades", json=trade).json()["tradeId"]
    ids = [str(uuid.uuid4()) for _ in range(6)]

    def put(group_id: str) -> int:
        return dana.api.put(f"/groups/{group_id}", json={"name": "pair", "tradeIds": [wanted]}).status_code

    with ThreadPoolExecutor(6) as threads:
        statuses = list(threads.map(put, ids))
    assert sorted(statuses) == [201] + [409] * 5
    assert dana.api.get(f"/trades/{wanted}").json()["groupId"] == ids[statuses.index(201)]

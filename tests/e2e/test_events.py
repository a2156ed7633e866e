"""Dated events on the deployed stack: through the gateway, the table and the stream to the statistics."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.e2e.conftest import User

FUNDING = {"type": "FUNDING", "amount": "-1.25", "at": "2026-01-05T16:00:00Z"}


@pytest.mark.anywhere
def test_a_dividend_after_the_sale_counts_on_its_day_and_in_the_result(
    new_user: Callable[[], User], trade: dict[str, Any]
) -> None:
    api = new_user().api
    address = api.post("/trades", json=trade).headers["Location"].removeprefix("/v1")
    sold = api.post(f"{address}/closes", json={"price": "187.25", "closedAt": "2026-01-05T15:00:00-05:00"}).json()
    dividend = {"type": "DIVIDEND", "amount": "24", "at": "2026-01-09T09:00:00-05:00", "note": "0.24 a share"}
    paid = api.post(f"{address}/events", json=dividend, headers={"Idempotency-Key": "dividend"})
    assert paid.status_code == 201
    assert float(paid.json()["netPnl"]) == float(sold["netPnl"]) + 24
    assert api.get(paid.headers["Location"].removeprefix("/v1")).json() == paid.json()["events"][0]
    again = api.post(f"{address}/events", json=dividend, headers={"Idempotency-Key": "dividend"})
    assert again.content == paid.content
    for _ in range(100):
        calendar = api.get("/stats/calendar", params={"month": "2026-01"}).json()
        days = {day["from"]: day["realizedPnl"] for day in calendar["days"] if day["realizedPnl"] != "0"}
        if days == {"2026-01-05": sold["netPnl"], "2026-01-09": "24"}:
            break
        time.sleep(0.2)
    assert days == {"2026-01-05": sold["netPnl"], "2026-01-09": "24"}
    [listed] = api.get("/trades", params={"activeOn": "2026-01-09"}).json()["items"]
    assert listed == paid.json()


def test_events_that_arrive_at_once_are_all_recorded(dana: User, trade: dict[str, Any]) -> None:
    address = dana.api.post("/trades", json=trade).headers["Location"].removeprefix("/v1")

    def record(_: int) -> int:
        return dana.api.post(f"{address}/events", json=FUNDING).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(record, range(16))) == {201}
    assert dana.api.get(address).json()["eventPnl"] == "-20"
    listed = dana.api.get(f"{address}/events").json()["items"]
    assert len({event["eventId"] for event in listed}) == 16

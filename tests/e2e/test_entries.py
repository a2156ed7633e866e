"""Trades that are added to and corrected, on the deployed stack: through the gateway, the table and the stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import User

PATCH = {"Content-Type": "application/merge-patch+json"}
BOUGHT = {
    "symbol": "AAPL",
    "side": "BUY",
    "quantity": "1",
    "openDate": "2026-01-05T10:00:00-05:00",
    "entryPrice": "100",
}
SOLD = {"quantity": "0.5", "price": "120", "closedAt": "2026-01-06T10:00:00-05:00"}
MORE = {"quantity": "0.5", "price": "130", "enteredAt": "2026-01-07T10:00:00-05:00"}


def local(answer: httpx.Response) -> str:
    return answer.headers["Location"].removeprefix("/v1")


def days_of(api: httpx.Client, expected: dict[str, str]) -> dict[str, str]:
    """The days of January with money, as soon as they are the expected ones."""
    days: dict[str, str] = {}
    for _ in range(100):
        calendar = api.get("/stats/calendar", params={"month": "2026-01"}).json()
        days = {day["from"]: day["realizedPnl"] for day in calendar["days"] if day["realizedPnl"] != "0"}
        if days == expected:
            break
        time.sleep(0.2)
    return days


@pytest.mark.anywhere
def test_what_is_realized_stays_when_more_is_bought_and_moves_when_it_is_corrected(
    new_user: Callable[[], User],
) -> None:
    api = new_user().api
    address = local(api.post("/trades", json=BOUGHT))
    closed = api.post(f"{address}/closes", json=SOLD)
    refused = api.patch(address, json={"quantity": "1.5", "entryPrice": "110"}, headers=PATCH)
    assert refused.status_code == 409
    assert all("addEntry" in field["detail"] for field in refused.json()["errors"])
    added = api.post(f"{address}/entries", json=MORE, headers={"Idempotency-Key": "more"})
    assert added.status_code == 201
    assert api.post(f"{address}/entries", json=MORE, headers={"Idempotency-Key": "more"}).content == added.content
    figures = {name: added.json()[name] for name in ("quantity", "entryPrice", "realizedPartialPnl", "maxQuantity")}
    assert figures == {"quantity": "1.5", "entryPrice": "110", "realizedPartialPnl": "10", "maxQuantity": "1"}
    assert api.get(local(added)).json() == added.json()["entries"][1]
    assert days_of(api, {"2026-01-06": "10"}) == {"2026-01-06": "10"}

    close = local(closed)
    assert api.get(close).json() == added.json()["partialCloses"][0]
    moved = {"closedAt": "2026-01-08T10:00:00-05:00", "price": "121"}
    corrected = api.patch(close, json=moved, headers={**PATCH, "If-Match": added.headers["ETag"]})
    assert corrected.status_code == 200
    # By then the second half was bought: 0.5 of a pool of 1.5 at a mean of 110.
    assert corrected.json()["realizedPartialPnl"] == "5.5"
    assert days_of(api, {"2026-01-08": "5.5"}) == {"2026-01-08": "5.5"}
    assert api.get("/trades", params={"activeOn": "2026-01-08"}).json()["items"] == [corrected.json()]
    assert api.delete(local(added)).json()["realizedPartialPnl"] == "10.5"
    assert days_of(api, {"2026-01-08": "10.5"}) == {"2026-01-08": "10.5"}


@pytest.mark.anywhere
def test_r_follows_the_first_stop(new_user: Callable[[], User]) -> None:
    api = new_user().api
    address = local(api.post("/trades", json={**BOUGHT, "quantity": "10", "stopLoss": "95"}))
    for stop in ("100", "98"):
        assert api.patch(address, json={"stopLoss": stop}, headers=PATCH).json()["initialStopLoss"] == "95"
    closed = api.post(f"{address}/closes", json={"price": "110", "closedAt": "2026-01-06T10:00:00-05:00"})
    assert (closed.json()["rMultiple"], closed.json()["stopLoss"]) == (2, "98")
    for _ in range(100):
        expectancy = api.get("/stats").json()["expectancyR"]
        if expectancy is not None:
            break
        time.sleep(0.2)
    assert expectancy == 2


@pytest.mark.anywhere
def test_eighteen_decimals_come_back_exactly(new_user: Callable[[], User]) -> None:
    api = new_user().api
    given: dict[str, Any] = {
        **BOUGHT,
        "symbol": "ETH",
        "quantity": "0.000000000000000001",
        "entryPrice": "3000.000000000000000001",
        "fees": "0.123856836250000001",
    }
    recorded = api.post("/trades", json=given)
    assert recorded.status_code == 201
    assert {name: recorded.json()[name] for name in given} == given
    assert api.get("/trades").json()["items"] == [recorded.json()]


def test_entries_that_arrive_at_once_are_all_added(dana: User) -> None:
    address = local(dana.api.post("/trades", json=BOUGHT))

    def add(_: int) -> int:
        return dana.api.post(f"{address}/entries", json=MORE).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(add, range(16))) == {201}
    trade = dana.api.get(address).json()
    assert (trade["quantity"], len({entry["entryId"] for entry in trade["entries"]})) == ("9", 17)

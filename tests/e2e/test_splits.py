"""A split on the deployed stack: money that was realized stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import User


@pytest.mark.anywhere
def test_what_is_realized_stays_when_a_trade_is_split(new_user: Callable[[], User]) -> None:
    api = new_user().api
    trade = {
        "symbol": "NVDA",
        "side": "BUY",
        "quantity": "2",
        "openDate": "2026-01-05T09:31:04-05:00",
        "entryPrice": "100",
    }
    address = api.post("/trades", json=trade).headers["Location"].removeprefix("/v1")
    for quantity, price in (("0.5", "110"), ("0.25", "111")):
        close = {"quantity": quantity, "price": price, "closedAt": "2026-01-05T11:02:00-05:00"}
        closed = api.post(f"{address}/closes", json=close).json()
    assert closed["realizedPartialPnl"] == "7.75"
    split = api.post(f"{address}/splits", json={"new": "4", "old": "1", "at": "2026-01-06T09:30:00-05:00"})
    assert split.status_code == 201
    shown = {name: split.json()[name] for name in ("realizedPartialPnl", "quantity", "remainingQuantity", "entryPrice")}
    assert shown == {"realizedPartialPnl": "7.75", "quantity": "8", "remainingQuantity": "5", "entryPrice": "25"}
    assert api.get(split.headers["Location"].removeprefix("/v1")).json() == split.json()["splits"][0]
    back = api.delete(split.headers["Location"].removeprefix("/v1"), headers={"If-Match": split.headers["ETag"]})
    assert {**back.json(), "version": 0, "updatedAt": ""} == {**closed, "version": 0, "updatedAt": ""}

"""Executions, through the gateway."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

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


@pytest.mark.anywhere
def test_fills_become_trades_and_notes_follow_them(new_user: Callable[[], User]) -> None:
    api = new_user().api

    def fill(side: str, price: str, hour: int) -> dict[str, str]:
        at = f"2026-01-05T{hour:02}:00:00Z"
        return {"symbol": "AAPL", "side": side, "quantity": "1", "price": price, "executedAt": at}

    made = [
        api.post("/executions", json=fill(side, price, hour))
        for side, price, hour in (("BUY", "10", 15), ("SELL", "12", 16))
    ]
    assert [answer.status_code for answer in made] == [201, 201]
    [trade] = made[1].json()["trades"]
    assert (trade["source"], trade["netPnl"]) == ("LEDGER", "2")
    noted = api.patch(f"/trades/{trade['tradeId']}", json={"lessons": "patience"})
    assert noted.status_code == 200
    refused = api.patch(f"/trades/{trade['tradeId']}", json={"quantity": "2"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/v1/problems/derived-from-executions")
    late = api.post("/executions", json=fill("BUY", "9", 14))
    assert late.json()["trades"][0]["lessons"] == "patience"
    assert [each["quantity"] for each in api.get("/positions").json()["items"]] == ["1"]
    path = made[1].headers["Location"].removeprefix("/v1")
    corrected = api.patch(path, json={"quantity": "2"}, headers={"If-Match": '"1"'})
    assert (corrected.status_code, corrected.json()["trades"][0]["netPnl"]) == (200, "5")
    for answer in made:
        assert api.get(answer.headers["Location"].removeprefix("/v1")).status_code == 200
    assert api.delete(path).status_code == 204
    many = [{"execution": fill("SELL", "11", hour)} for hour in (17, 18)]
    assert [one["status"] for one in api.post("/executions/bulk", json={"items": many}).json()["results"]] == [201, 201]
    assert api.get("/positions").json() == {"items": []}


def test_a_split_is_applied_and_taken_back(new_user: Callable[[], User]) -> None:
    api = new_user().api
    fill = {"symbol": "AAPL", "side": "BUY", "quantity": "10", "price": "400", "executedAt": "2026-01-05T15:00:00Z"}
    trade = api.post("/executions", json=fill).json()["trades"][0]["tradeId"]
    before = api.get(f"/trades/{trade}").json()
    split = {"type": "SPLIT", "symbol": "AAPL", "effectiveAt": "2026-01-06T00:00:00Z", "new": "4", "old": "1"}
    answers = [api.post("/corporate-actions", json=split, headers={"Idempotency-Key": "s"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    late = api.post("/executions", json={**fill, "quantity": "1", "executedAt": "2026-01-05T14:00:00Z"}).json()
    assert late["trades"][0]["quantity"] == "44"
    [position] = api.get("/positions", params={"include": "lots"}).json()["items"]
    assert (position["quantity"], position["lots"][0]["quantity"]) == ("44", "44")
    assert [each["quantity"] for each in api.get("/positions", params={"at": "2026-01-05"}).json()["items"]] == ["11"]
    assert len(api.get(f"/trades/{trade}/legs").json()["entries"]) == 2
    assert [each["type"] for each in api.get("/corporate-actions").json()["items"]] == ["SPLIT"]
    path = answers[0].headers["Location"].removeprefix("/v1")
    assert api.get(path).json() == answers[0].json()
    assert api.delete(path, headers={"If-Match": '"1"'}).status_code == 204
    assert api.delete(f"/executions/{late['execution']['executionId']}").status_code == 204
    after = api.get(f"/trades/{trade}").json()
    assert {**after, "version": 0, "updatedAt": ""} == {**before, "version": 0, "updatedAt": ""}


def test_a_spin_off_and_a_merger_are_applied_and_taken_back(new_user: Callable[[], User]) -> None:
    api = new_user().api
    at = {"effectiveAt": "2026-01-06T00:00:00Z"}
    fill = {"symbol": "GE", "side": "BUY", "quantity": "8", "price": "10", "executedAt": "2026-01-05T15:00:00Z"}
    trade = api.post("/executions", json=fill).json()["trades"][0]["tradeId"]
    before = api.get(f"/trades/{trade}").json()
    spin = {"type": "SPINOFF", "symbol": "GE", "newSymbol": "GEV", "new": "1", "old": "4", "costShare": "0.2", **at}
    merger = {"type": "MERGER_SHARES", "symbol": "GEV", "newSymbol": "NEW", "new": "3", "old": "1", "cashPerShare": "2"}
    answers = [api.post("/corporate-actions", json=given) for given in (spin, {**merger, **at})]
    assert [answer.status_code for answer in answers] == [201, 201]
    late = api.post("/executions", json={**fill, "quantity": "4", "executedAt": "2026-01-05T14:00:00Z"}).json()
    held = api.get("/positions").json()["items"]
    assert {each["symbol"]: (each["quantity"], each["costBasis"]) for each in held} == {
        "GE": ("12", "96"),
        "NEW": ("9", "18"),
    }
    [made] = api.get("/executions", params={"kind": "SPINOFF"}).json()["items"]
    assert (made["source"], made["quantity"]) == ("ACTION", "3")
    assert api.delete(f"/executions/{made['executionId']}").status_code == 409
    sold = {"symbol": "NEW", "side": "SELL", "quantity": "9", "price": "3", "executedAt": "2026-01-07T15:00:00Z"}
    closed = api.post("/executions", json=sold).json()
    assert closed["trades"][0]["netPnl"] == "9"
    for each in (closed, late):
        assert api.delete(f"/executions/{each['execution']['executionId']}").status_code == 204
    for answer in reversed(answers):
        assert api.delete(answer.headers["Location"].removeprefix("/v1")).status_code == 204
    assert [each["symbol"] for each in api.get("/trades").json()["items"]] == ["GE"]
    after = api.get(f"/trades/{trade}").json()
    assert {**after, "version": 0, "updatedAt": ""} == {**before, "version": 0, "updatedAt": ""}


def test_fills_of_one_position_at_once_are_all_kept(new_user: Callable[[], User]) -> None:
    api = new_user().api

    def put(minute: int) -> int:
        at = f"2026-01-05T15:{minute:02}:00Z"
        fill = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "10", "executedAt": at}
        return api.post("/executions", json=fill, headers={"Idempotency-Key": f"f-{minute}"}).status_code

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(put, range(6))) == {201}
    [trade] = api.get("/trades").json()["items"]
    assert (trade["quantity"], len(trade["entries"])) == ("6", 6)


@pytest.mark.anywhere
def test_fills_lie_in_accounts_and_are_closed_through_their_trade(new_user: Callable[[], User]) -> None:
    api = new_user().api
    account = api.post("/accounts", json={"name": "Own", "currency": "EUR", "dustValue": "0.5"}).json()["accountId"]
    assert api.patch("/settings", json={"defaultAccountId": account}).status_code == 200
    fill = {"symbol": "SAP", "side": "BUY", "quantity": "2", "price": "10", "executedAt": "2026-01-05T10:00:00Z"}
    made = api.post("/executions", json=fill).json()
    assert (made["execution"]["accountId"], made["trades"][0]["currency"]) == (account, "EUR")
    path = f"/trades/{made['trades'][0]['tradeId']}"
    entry = {"quantity": "1", "price": "13", "enteredAt": "2026-01-05T10:01:00Z"}
    assert api.post(f"{path}/entries", json=entry).status_code == 201
    close = {"quantity": "2.99", "price": "14", "closedAt": "2026-01-05T10:02:00Z"}
    closed = api.post(f"{path}/closes", json=close, headers={"Idempotency-Key": "c"})
    assert (closed.status_code, closed.json()["status"]) == (201, "CLOSED")
    assert api.get(closed.headers["Location"].removeprefix("/v1")).status_code == 200
    found = api.get("/executions", params={"tradeId": made["trades"][0]["tradeId"], "accountId": account}).json()
    assert sorted(each["kind"] for each in found["items"]) == ["DUST", "TRADE", "TRADE", "TRADE"]
    assert api.delete(f"/accounts/{account}").status_code == 409
    without = {key: value for key, value in fill.items() if key != "price"}
    unknown = api.post("/executions", json={**without, "symbol": "OLD", "kind": "OPENING"}).json()
    assert unknown["trades"][0]["warnings"] == ["BASIS_UNKNOWN"]
    priced = api.patch(f"/executions/{unknown['execution']['executionId']}", json={"price": "9"}).json()
    assert "warnings" not in priced["trades"][0]

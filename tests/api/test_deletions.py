"""Deleted trades: listed, brought back, and gone after 30 days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from handlers.operations import deletions
from handlers.storage import clients, deleted_trades, erasure_marks, ledger
from tests.api import uploading
from tests.api.client import DANA, Client
from tests.api.test_trading_accounts import make

NEVER = "99999999-0000-4000-8000-000000000000"
CLOSE = {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}


def at_work_later(monkeypatch: pytest.MonkeyPatch, after: timedelta) -> None:
    """Let the API list and restore as if this much time had passed."""

    clock = Mock(now=lambda zone: datetime.now(zone) + after)
    monkeypatch.setattr(deletions, "datetime", clock)
    monkeypatch.setattr("handlers.usecases.trades.datetime", clock)


def test_a_deleted_trade_is_listed_as_it_was_and_in_no_other_list(dana: Client) -> None:
    trade = dana.new_trade(closes=[{**CLOSE, "quantity": "1"}], tags=["gap"], preTradeNotes="plan")
    before = datetime.now(UTC)
    assert dana.delete(f"/trades/{trade['tradeId']}").status == 204
    [deleted] = dana.get("/deleted-trades").json["items"]
    assert deleted["trade"] == trade
    deleted_at = datetime.fromisoformat(deleted["deletedAt"])
    assert before <= deleted_at <= datetime.now(UTC)
    assert datetime.fromisoformat(deleted["restorableUntil"]) == deleted_at + timedelta(days=30)
    assert dana.get(f"/trades/{trade['tradeId']}").status == 404
    queries = ("", "symbol=AAPL", "status=PARTIAL", "tag=gap", "openFrom=2000-01-01")
    assert [dana.get("/trades", query=query).json for query in queries] == [{"items": []}] * len(queries)


def test_a_restored_trade_is_as_it_was_at_a_new_version(dana: Client) -> None:
    trade = dana.new_trade(closes=[{**CLOSE, "quantity": "1"}], tags=["gap"], preTradeNotes="plan")
    dana.delete(f"/trades/{trade['tradeId']}")
    answer = dana.post(f"/deleted-trades/{trade['tradeId']}/restore")
    assert answer.status == 200
    assert answer.json == {**trade, "version": 2, "updatedAt": answer.json["updatedAt"]}
    assert answer.json["updatedAt"] > trade["updatedAt"]
    assert answer.headers["etag"] == '"2"'
    assert dana.get("/trades").json["items"] == [answer.json]
    assert dana.get("/deleted-trades").json == {"items": []}
    stale = dana.patch(f"/trades/{trade['tradeId']}", {"tags": []}, headers={"If-Match": '"1"'})
    assert stale.status == 412


def test_a_restoration_may_be_repeated(dana: Client) -> None:
    trade = dana.new_trade()
    dana.delete(f"/trades/{trade['tradeId']}")
    first = dana.post(f"/deleted-trades/{trade['tradeId']}/restore")
    assert dana.post(f"/deleted-trades/{trade['tradeId']}/restore").json == first.json
    dana.patch(f"/trades/{trade['tradeId']}", {"tags": ["new"]})
    assert dana.post(f"/deleted-trades/{trade['tradeId']}/restore").json["tags"] == ["new"]


def test_a_trade_can_be_deleted_and_restored_again_and_again(dana: Client) -> None:
    trade = dana.new_trade()
    for _ in range(3):
        assert dana.delete(f"/trades/{trade['tradeId']}").status == 204
        assert dana.delete(f"/trades/{trade['tradeId']}").status == 404
        assert dana.post(f"/deleted-trades/{trade['tradeId']}/restore").status == 200
    assert [each["version"] for each in dana.get("/trades").json["items"]] == [4]


def test_upper_case_names_the_same_trade(dana: Client) -> None:
    trade = dana.new_trade()
    dana.delete(f"/trades/{trade['tradeId']}")
    assert dana.post(f"/deleted-trades/{str(trade['tradeId']).upper()}/restore").status == 200


def test_what_was_never_deleted_cannot_be_restored(dana: Client) -> None:
    answer = dana.post(f"/deleted-trades/{NEVER}/restore")
    assert (answer.status, answer.kind) == (404, "/problems/not-found")
    assert "30 days" in answer.json["detail"]


def test_a_trade_whose_account_is_gone_is_not_restored(dana: Client) -> None:
    own = make(dana)["accountId"]
    trade = dana.new_trade(accountId=own)
    dana.delete(f"/trades/{trade['tradeId']}")
    clients.dynamodb().delete_item(TableName="ledger", Key=ledger.key(DANA, ledger.account(own)))
    assert dana.post(f"/deleted-trades/{trade['tradeId']}/restore").status == 404


def test_many_that_are_deleted_at_once_can_be_restored_one_by_one(dana: Client) -> None:
    ids = [dana.new_trade()["tradeId"] for _ in range(3)]
    dana.post("/trades/bulk-delete", {"tradeIds": ids})
    assert dana.post(f"/deleted-trades/{ids[1]}/restore").status == 200
    assert [each["trade"]["tradeId"] for each in dana.get("/deleted-trades").json["items"]] == [ids[2], ids[0]]


@pytest.mark.parametrize(("after", "is_kept"), [(timedelta(days=30, seconds=-9), True), (timedelta(days=30), False)])
def test_after_30_days_it_is_gone_even_while_it_is_stored_still(
    dana: Client, monkeypatch: pytest.MonkeyPatch, after: timedelta, is_kept: bool
) -> None:
    trade = dana.new_trade()
    dana.delete(f"/trades/{trade['tradeId']}")
    at_work_later(monkeypatch, after + timedelta(seconds=1))
    assert len(dana.get("/deleted-trades").json["items"]) == int(is_kept)
    assert dana.post(f"/deleted-trades/{trade['tradeId']}/restore").status == (200 if is_kept else 404)


def test_dynamodb_deletes_it_when_its_30_days_are_over(dana: Client) -> None:
    trade = dana.new_trade()
    dana.delete(f"/trades/{trade['tradeId']}")
    [deleted] = dana.get("/deleted-trades").json["items"]
    expires = int(uploading.item_of(f"{trade['tradeId']}|deleted")["expiresAt"]["N"])
    assert expires == int(datetime.fromisoformat(deleted["restorableUntil"]).timestamp())


def test_pages_hold_each_deleted_trade_once(dana: Client) -> None:
    ids = [dana.new_trade()["tradeId"] for _ in range(5)]
    for trade_id in ids:
        dana.delete(f"/trades/{trade_id}")
    found, query = [], "limit=2"
    while query:
        page = dana.get("/deleted-trades", query=query).json
        assert len(page["items"]) <= 2
        found += [each["trade"]["tradeId"] for each in page["items"]]
        query = f"limit=2&nextToken={page['nextToken']}" if "nextToken" in page else ""
    assert found == ids[::-1]


def test_a_page_ends_where_it_grows_too_long(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleted_trades, "ENOUGH_BYTES", 100)
    for _ in range(3):
        dana.delete(f"/trades/{dana.new_trade()['tradeId']}")
    sizes, query = [], ""
    while True:
        page = dana.get("/deleted-trades", query=query).json
        sizes.append(len(page["items"]))
        if "nextToken" not in page:
            break
        query = f"nextToken={page['nextToken']}"
    assert sizes == [1, 1, 1]


def test_page_tokens_of_one_list_open_no_other(dana: Client) -> None:
    for _ in range(4):
        dana.new_trade()
    token = dana.get("/trades", query="limit=1").json["nextToken"]
    assert dana.get("/deleted-trades", query=f"nextToken={token}").bad_fields == {("query", "/nextToken")}
    for trade in dana.get("/trades").json["items"][:2]:
        dana.delete(f"/trades/{trade['tradeId']}")
    token = dana.get("/deleted-trades", query="limit=1").json["nextToken"]
    for query in ("limit=1", "limit=1&status=OPEN"):
        assert dana.get("/trades", query=f"{query}&nextToken={token}").bad_fields == {("query", "/nextToken")}


def test_of_two_restorations_at_once_one_makes_the_trade(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trade = dana.new_trade()
    path = f"/deleted-trades/{trade['tradeId']}/restore"
    dana.delete(f"/trades/{trade['tradeId']}")
    overtake = _first_time(lambda: dana.post(path))
    transact = clients.dynamodb().transact_write_items

    def write(**given: Any) -> Any:
        overtake()
        return transact(**given)

    monkeypatch.setattr(clients.dynamodb(), "transact_write_items", write)
    answer = dana.post(path)
    assert (answer.status, answer.json["version"]) == (200, 2)
    assert len(dana.get("/trades").json["items"]) == 1


def test_a_restoration_that_a_second_deletion_overtakes_takes_the_newest(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = dana.new_trade()
    path = f"/deleted-trades/{trade['tradeId']}/restore"
    dana.delete(f"/trades/{trade['tradeId']}")

    def meanwhile() -> None:
        dana.post(path)
        dana.patch(f"/trades/{trade['tradeId']}", {"tags": ["new"]})
        dana.delete(f"/trades/{trade['tradeId']}")

    overtake = _first_time(meanwhile)
    transact = clients.dynamodb().transact_write_items

    def write(**given: Any) -> Any:
        overtake()
        return transact(**given)

    monkeypatch.setattr(clients.dynamodb(), "transact_write_items", write)
    assert dana.post(path).json["tags"] == ["new"]


def _first_time(then: Callable[[], object]) -> Callable[[], None]:
    """A function that acts when it is called for the first time only."""
    waiting = [then]

    def once() -> None:
        if waiting:
            waiting.pop()()

    return once


def test_an_account_that_is_being_erased_restores_nothing(dana: Client) -> None:
    trade = dana.new_trade()
    dana.delete(f"/trades/{trade['tradeId']}")
    erasure_marks.begin(DANA, datetime.now(UTC))
    answer = dana.post(f"/deleted-trades/{trade['tradeId']}/restore")
    assert (answer.status, answer.kind) == (409, "/problems/account-erased")

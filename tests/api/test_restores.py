"""Restores: an archive makes an equal journal, and what is wrong with one is told before anything is written."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.journal.settings import MAIN
from tests.api import journals
from tests.api.client import Client
from tests.api.journals import exported, file_of, made
from tests.api.restoring import archive, begin, changed, commit, everything, merged, restored, send, work
from tests.api.restoring import dana as dana
from tests.api.restoring import erin as erin
from tests.api.restoring import queue as queue

ZIP, AT = {"format": "ZIP"}, "2026-01-05T10:00:00Z"


def same(one: dict[str, bytes], other: dict[str, bytes]) -> bool:
    """Whether all members are equal, but for when the manifest was written."""
    return {**one, "manifest.json": b""} == {**other, "manifest.json": b""}


def test_an_archive_makes_an_equal_journal(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    file = file_of(dana.post("/exports", ZIP))
    before = exported(dana)
    shown = restored(erin, queue, file)
    assert shown["status"] == "RESTORED", shown
    after = exported(erin)
    for name, content in before.items():
        if name != "manifest.json":
            assert after[name].decode("latin1").split("\n") == content.decode("latin1").split("\n"), name
    assert same(before, after)
    assert everything(erin) == everything(dana)


def test_a_restored_journal_goes_on_as_its_own(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    restored(erin, queue, file_of(dana.post("/exports", ZIP)))
    for client in (dana, erin):
        trades = {trade["symbol"]: trade for trade in client.get("/trades", query="limit=100").json["items"]}
        more = {"side": "SELL", "quantity": "5", "price": "12", "executedAt": "2026-01-08T10:00:00-05:00"}
        for symbol in ("FLIP", "NEW", "GE", "GEV", "MES", "GIFT", "ABC", "CONV"):
            account = {"accountId": trades[symbol]["accountId"]} if "accountId" in trades[symbol] else {}
            pair = {"pairId": "pair 1"} if symbol == "MES" else {}
            answer = client.post("/executions", {**more, "symbol": symbol, **account, **pair})
            assert answer.status == 201, answer.json
        close = {"quantity": "1", "price": "11", "closedAt": "2026-01-09T10:00:00Z"}
        assert client.post(f"/trades/{trades['AAPL']['tradeId']}/closes", close).status == 201
        split = {"type": "SPLIT", "symbol": "GE", "effectiveAt": "2026-01-09T10:00:00Z", "new": "2", "old": "1"}
        assert client.post("/corporate-actions", split).status == 201
    ours, theirs = everything(dana), everything(erin)
    # What is new has ids and times of its own; money, quantities and notes are equal.
    assert figures(ours) == figures(theirs)
    assert ours["statistics"] == theirs["statistics"]


def figures(document: Any) -> Any:
    names = ("symbol", "side", "status", "quantity", "netPnl", "realizedPartialPnl", "stopLoss", "tags", "warnings")
    return sorted(repr([trade.get(name) for name in names]) for trade in document["trades"])


def test_only_a_check_writes_nothing(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    nothing = exported(erin)
    shown = restored(erin, queue, file_of(dana.post("/exports", ZIP)), onlyCheck=True)
    assert (shown["status"], shown["onlyCheck"]) == ("CHECKED", True)
    counts = {each["name"]: each["documents"] for each in shown["counts"]}
    assert counts == {
        "accounts": 3,
        "trades": 16,
        "groups": 1,
        "executions": 15,
        "actions": 3,
        "cash": 5,
        "reconciliations": 1,
        "fx": 3,
        "mappings": 2,
        "images": 3,
    }
    assert same(exported(erin), nothing)
    assert restored(dana, queue, file_of(dana.post("/exports", ZIP)), onlyCheck=True)["status"] == "CHECKED"


def test_a_journal_of_nothing_is_restored(dana: Client, erin: Client, queue: str) -> None:
    dana.patch("/settings", {"baseCurrency": "EUR", "lotMethod": "LIFO", "timeZone": "Asia/Tokyo"})
    assert restored(erin, queue, file_of(dana.post("/exports", ZIP)))["status"] == "RESTORED"
    assert same(exported(erin), exported(dana))
    assert erin.new_trade()["lotMethod"] == "LIFO"  # the defaults of trades know, too


def test_settings_are_replaced_and_what_was_once_there_is_no_hindrance(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    erin.patch("/settings", {"timeZone": "Asia/Tokyo", "lotMethod": "FIFO"})
    fill = {"symbol": "FLIP", "side": "BUY", "quantity": "1", "price": "2", "executedAt": "2026-01-02T10:00:00Z"}
    made = erin.post("/executions", {**fill, "instrument": {"multiplier": "7"}}).json
    assert erin.delete(f"/executions/{made['execution']['executionId']}").status == 204
    account = erin.post("/accounts", {"name": "Gone", "currency": "EUR"}).json["accountId"]
    assert erin.delete(f"/accounts/{account}").status == 204
    action = {"type": "SPLIT", "symbol": "GE", "effectiveAt": "2026-01-02T10:00:00Z", "new": "2", "old": "1"}
    action_id = erin.post("/corporate-actions", action).json["actionId"]
    assert erin.delete(f"/corporate-actions/{action_id}").status == 204
    assert erin.delete(f"/trades/{erin.new_trade()['tradeId']}").status == 204
    shown = restored(erin, queue, file_of(dana.post("/exports", ZIP)))
    assert shown["status"] == "RESTORED", shown
    assert same(exported(erin), exported(dana))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/accounts", {"name": "Own", "currency": "EUR"}),
        ("/trades", {"symbol": "A", "side": "BUY", "quantity": "1", "openDate": AT}),
        ("/executions", {"symbol": "A", "side": "BUY", "quantity": "1", "price": "1", "executedAt": AT}),
        (f"/accounts/{MAIN}/cash", {"type": "DEPOSIT", "amount": "1", "at": AT}),
    ],
)
def test_only_an_empty_journal_is_restored_into(
    dana: Client, erin: Client, queue: str, path: str, body: dict[str, str]
) -> None:
    made = begin(erin)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert erin.post(path, body).status == 201
    answer = commit(erin, made)
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")
    assert work(queue) == []


def test_a_journal_that_is_begun_before_the_archive_is_written_stays_alone(
    dana: Client, erin: Client, queue: str
) -> None:
    made = begin(erin)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(erin, made).status == 202
    trade = erin.new_trade()
    assert work(queue) == []
    shown = erin.get(f"/restores/{made['restore']['restoreId']}").json
    assert (shown["status"], [each["code"] for each in shown["problems"]]) == ("FAILED", ["NOT_EMPTY"])
    assert [each["tradeId"] for each in erin.get("/trades").json["items"]] == [trade["tradeId"]]


def test_a_restore_is_shown_from_its_beginning_to_its_end(dana: Client, queue: str) -> None:
    made = begin(dana)
    restore, upload = made["restore"], made["upload"]
    assert (restore["status"], restore["mode"], restore["version"]) == ("AWAITING_FILE", "EMPTY_ONLY", 1)
    assert upload["fields"]["key"] == f"exports/{dana.user}/restores/{restore['restoreId']}/file"
    assert upload["maxBytes"] == 5_000_000_000
    path = f"/restores/{restore['restoreId']}"
    read = dana.get(path.upper().replace("/RESTORES", "/restores"))
    assert (read.json, read.headers["etag"]) == (restore, '"1"')
    assert "retry-after" not in read.headers
    assert commit(dana, made).kind == "/problems/state-forbids"  # nothing has come
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(dana, made, '"7"').status == 412
    for headers in ({}, {"If-Match": "*"}):
        without = dana.post(f"{path}/commit", headers=headers)
        assert (without.status, without.kind) == (428, "/problems/precondition-required")
    committed = commit(dana, made)
    assert (committed.json["status"], committed.headers["etag"]) == ("CHECKING", '"2"')
    assert committed.headers["retry-after"] == dana.get(path).headers["retry-after"] == "5"
    assert commit(dana, made, '"2"').status == 409
    assert work(queue) == []
    assert dana.get(path).json["status"] == "RESTORED"
    assert [each["restoreId"] for each in dana.get("/restores").json["items"]] == [restore["restoreId"]]


def test_restores_are_listed_the_newest_first_and_are_not_many(dana: Client, erin: Client) -> None:
    made = [begin(dana)["restore"]["restoreId"] for _ in range(20)]
    assert [each["restoreId"] for each in dana.get("/restores").json["items"]] == made[::-1]
    assert dana.post("/restores", {"mode": "EMPTY_ONLY"}).kind == "/problems/state-forbids"
    assert erin.get("/restores").json == {"items": []}
    assert erin.get(f"/restores/{made[0]}").status == 404


def test_an_export_that_is_written_while_a_position_is_settled_is_restored(
    dana: Client, erin: Client, queue: str
) -> None:
    journals.keep(dana)
    trades = dana.get("/trades", query="limit=100").json["items"]
    [flip, grouped] = [
        next(trade["tradeId"] for trade in trades if trade["symbol"].upper() == symbol) for symbol in ("FLIP", "COIN")
    ]
    made(dana("PUT", f"/groups/{MAIN}", {"name": "Two", "tradeIds": [flip, grouped]}))

    def without_flip(documents: list[dict[str, Any]]) -> None:
        documents[:] = [each for each in documents if each["symbol"].upper() != "FLIP"]

    members = changed(exported(dana), "executions", without_flip)
    shown = restored(erin, queue, archive(members))
    assert shown["status"] == "RESTORED", shown
    # Of two trades, something was written about one.
    [warning] = shown["warnings"]
    assert (warning["code"], warning["member"]) == ("NOT_OPENED", "trades.ndjson")
    assert [group["tradeIds"] for group in erin.get("/groups").json["items"] if group["name"] == "Two"] == [[grouped]]
    again = merged(erin, queue, archive(members))
    assert [each["code"] for each in again["warnings"]] == ["NOT_OPENED"]
    assert all(each["new"] == 0 for each in again["preview"]["members"])


def test_a_request_that_is_repeated_with_its_key_makes_one_restore(dana: Client) -> None:
    key = {"Idempotency-Key": "key-1"}
    first, again = (dana.post("/restores", {"mode": "EMPTY_ONLY"}, headers=key) for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert [answer.headers["location"] for answer in (first, again)] == [first.headers["location"]] * 2
    assert again.headers["idempotent-replayed"] == "true"
    other = dana.post("/restores", {"mode": "MERGE"}, headers=key)
    assert (other.status, other.kind) == (422, "/problems/idempotency-key-reused")
    assert len(dana.get("/restores").json["items"]) == 1

"""Requests for another user's resources are answered as if these did not exist, and write nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import clients
from tests.api import uploading
from tests.api.client import DANA, ERIN, Answer, Client, a_trade
from tests.api.importing import MAPPING
from tests.api.user_data import Stores
from tests.events import routes

NEVER = "99999999-0000-4000-8000-000000000000"
CLOSE = {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
ENTRY = {"quantity": "1", "price": "11", "enteredAt": "2026-01-05T10:00:00-05:00"}
SPLIT = {"new": "4", "old": "1", "at": "2026-01-10T09:30:00-05:00"}
STATEMENT = {"statementBalance": "5", "at": "2026-01-05T12:00:00Z"}
CASH = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T12:00:00Z"}
EVENT = {"type": "DIVIDEND", "amount": "24", "at": "2026-01-09T09:00:00-05:00"}


@dataclass(frozen=True)
class Ids:
    """The ids that a request names."""

    trade: str = NEVER
    close: str = NEVER
    entry: str = NEVER
    event: str = NEVER
    split: str = NEVER
    group: str = NEVER
    image: str = NEVER
    account: str = NEVER
    cash: str = NEVER
    execution: str = NEVER
    action: str = NEVER
    reconciliation: str = NEVER
    file: str = NEVER
    mapping: str = NEVER
    export: str = NEVER
    restore: str = NEVER


Send = Callable[[Client, Ids], Answer]

# Every operation with an id in its path, and each way in which an id takes effect.
BY_PATH: dict[str, list[Send]] = {
    "getTrade": [
        lambda user, ids: user.get(f"/trades/{ids.trade}"),
        lambda user, ids: user.get(f"/trades/{ids.trade}", headers={"If-None-Match": "*"}),
    ],
    "updateTrade": [
        lambda user, ids: user.patch(f"/trades/{ids.trade}", {"symbol": "MSFT"}),
        lambda user, ids: user.patch(f"/trades/{ids.trade}", {"symbol": "MSFT"}, headers={"If-Match": '"1"'}),
        lambda user, ids: user.patch(f"/trades/{ids.trade}", {"quantity": "0.1"}),
    ],
    "closeTrade": [
        lambda user, ids: user.post(f"/trades/{ids.trade}/closes", CLOSE),
        lambda user, ids: user.post(
            f"/trades/{ids.trade}/closes", CLOSE, headers={"Idempotency-Key": f"of-{ids.trade}"}
        ),
        lambda user, ids: user.post(f"/trades/{ids.trade}/closes", {**CLOSE, "quantity": "1000000"}),
    ],
    "getClose": [lambda user, ids: user.get(f"/trades/{ids.trade}/closes/{ids.close}")],
    "updateClose": [
        lambda user, ids: user.patch(f"/trades/{ids.trade}/closes/{ids.close}", {"price": "1"}),
        lambda user, ids: user.patch(
            f"/trades/{ids.trade}/closes/{ids.close}", {"price": "1"}, headers={"If-Match": '"1"'}
        ),
        lambda user, ids: user.patch(f"/trades/{ids.trade}/closes/{ids.close}", {"quantity": "1000000"}),
    ],
    "addEntry": [
        lambda user, ids: user.post(f"/trades/{ids.trade}/entries", ENTRY),
        lambda user, ids: user.post(
            f"/trades/{ids.trade}/entries", ENTRY, headers={"Idempotency-Key": f"of-{ids.trade}"}
        ),
    ],
    "getEntry": [lambda user, ids: user.get(f"/trades/{ids.trade}/entries/{ids.entry}")],
    "updateEntry": [
        lambda user, ids: user.patch(f"/trades/{ids.trade}/entries/{ids.entry}", {"price": "1"}),
        lambda user, ids: user.patch(
            f"/trades/{ids.trade}/entries/{ids.entry}", {"price": "1"}, headers={"If-Match": '"1"'}
        ),
        lambda user, ids: user.patch(f"/trades/{ids.trade}/entries/{ids.entry}", {"quantity": "0.1"}),
    ],
    "deleteEntry": [lambda user, ids: user.delete(f"/trades/{ids.trade}/entries/{ids.entry}")],
    "deleteClose": [lambda user, ids: user.delete(f"/trades/{ids.trade}/closes/{ids.close}")],
    "listEvents": [lambda user, ids: user.get(f"/trades/{ids.trade}/events")],
    "createEvent": [
        lambda user, ids: user.post(f"/trades/{ids.trade}/events", EVENT),
        lambda user, ids: user.post(
            f"/trades/{ids.trade}/events", EVENT, headers={"Idempotency-Key": f"of-{ids.trade}"}
        ),
        lambda user, ids: user.post(f"/trades/{ids.trade}/events", {**EVENT, "at": "1999-01-01T00:00:00Z"}),
    ],
    "getEvent": [lambda user, ids: user.get(f"/trades/{ids.trade}/events/{ids.event}")],
    "updateEvent": [
        lambda user, ids: user.patch(f"/trades/{ids.trade}/events/{ids.event}", {"amount": "1"}),
        lambda user, ids: user.patch(
            f"/trades/{ids.trade}/events/{ids.event}", {"amount": "1"}, headers={"If-Match": '"1"'}
        ),
        lambda user, ids: user.patch(f"/trades/{ids.trade}/events/{ids.event}", {"at": "1999-01-01T00:00:00Z"}),
    ],
    "deleteEvent": [lambda user, ids: user.delete(f"/trades/{ids.trade}/events/{ids.event}")],
    "listSplits": [lambda user, ids: user.get(f"/trades/{ids.trade}/splits")],
    "createSplit": [
        lambda user, ids: user.post(f"/trades/{ids.trade}/splits", SPLIT),
        lambda user, ids: user.post(
            f"/trades/{ids.trade}/splits", SPLIT, headers={"Idempotency-Key": f"of-{ids.trade}"}
        ),
        lambda user, ids: user.post(f"/trades/{ids.trade}/splits", {**SPLIT, "at": "1999-01-01T00:00:00Z"}),
    ],
    "getSplit": [lambda user, ids: user.get(f"/trades/{ids.trade}/splits/{ids.split}")],
    "deleteSplit": [lambda user, ids: user.delete(f"/trades/{ids.trade}/splits/{ids.split}")],
    "convertTrade": [
        lambda user, ids: user.post(f"/trades/{ids.trade}/to-executions"),
        lambda user, ids: user.post(f"/trades/{ids.trade}/to-executions", headers={"If-Match": '"1"'}),
    ],
    "getLegs": [lambda user, ids: user.get(f"/trades/{ids.trade}/legs")],
    "getGroup": [lambda user, ids: user.get(f"/groups/{ids.group}")],
    "deleteGroup": [
        lambda user, ids: user.delete(f"/groups/{ids.group}"),
        lambda user, ids: user.delete(f"/groups/{ids.group}", headers={"If-Match": '"1"'}),
    ],
    "listCash": [lambda user, ids: user.get(f"/accounts/{ids.account}/cash")],
    "createCash": [
        lambda user, ids: user.post(f"/accounts/{ids.account}/cash", CASH),
        lambda user, ids: user.post(
            f"/accounts/{ids.account}/cash", CASH, headers={"Idempotency-Key": f"of-{ids.account}"}
        ),
    ],
    "getCash": [
        lambda user, ids: user.get(f"/accounts/{ids.account}/cash/{ids.cash}"),
        lambda user, ids: user.get(f"/accounts/{MAIN}/cash/{ids.cash}"),
    ],
    "updateCash": [
        lambda user, ids: user.patch(f"/accounts/{ids.account}/cash/{ids.cash}", {"amount": "7"}),
        lambda user, ids: user.patch(f"/accounts/{MAIN}/cash/{ids.cash}", {"amount": "-7"}),
    ],
    "deleteCash": [
        lambda user, ids: user.delete(f"/accounts/{ids.account}/cash/{ids.cash}"),
        lambda user, ids: user.delete(f"/accounts/{MAIN}/cash/{ids.cash}", headers={"If-Match": '"1"'}),
    ],
    "listReconciliations": [lambda user, ids: user.get(f"/accounts/{ids.account}/reconciliations")],
    "reconcile": [
        lambda user, ids: user.post(f"/accounts/{ids.account}/reconciliations", STATEMENT),
        lambda user, ids: user.post(
            f"/accounts/{ids.account}/reconciliations", STATEMENT, headers={"Idempotency-Key": f"r-{ids.account}"}
        ),
    ],
    "getReconciliation": [
        lambda user, ids: user.get(f"/accounts/{ids.account}/reconciliations/{ids.reconciliation}"),
        lambda user, ids: user.get(f"/accounts/{MAIN}/reconciliations/{ids.reconciliation}"),
    ],
    "deleteReconciliation": [
        lambda user, ids: user.delete(f"/accounts/{ids.account}/reconciliations/{ids.reconciliation}"),
        lambda user, ids: user.delete(f"/accounts/{MAIN}/reconciliations/{ids.reconciliation}"),
    ],
    "getBalance": [lambda user, ids: user.get(f"/accounts/{ids.account}/balance")],
    "getReturns": [lambda user, ids: user.get(f"/accounts/{ids.account}/returns")],
    "getExecution": [lambda user, ids: user.get(f"/executions/{ids.execution}")],
    "updateExecution": [
        lambda user, ids: user.patch(f"/executions/{ids.execution}", {"price": "1"}),
        lambda user, ids: user.patch(f"/executions/{ids.execution}", {"price": "1"}, headers={"If-Match": '"1"'}),
    ],
    "deleteExecution": [
        lambda user, ids: user.delete(f"/executions/{ids.execution}"),
        lambda user, ids: user.delete(f"/executions/{ids.execution}", headers={"If-Match": '"1"'}),
    ],
    "getAction": [lambda user, ids: user.get(f"/corporate-actions/{ids.action}")],
    "deleteAction": [
        lambda user, ids: user.delete(f"/corporate-actions/{ids.action}"),
        lambda user, ids: user.delete(f"/corporate-actions/{ids.action}", headers={"If-Match": '"1"'}),
    ],
    "getTradingAccount": [lambda user, ids: user.get(f"/accounts/{ids.account}")],
    "updateTradingAccount": [
        lambda user, ids: user.patch(f"/accounts/{ids.account}", {"name": "x"}),
        lambda user, ids: user.patch(f"/accounts/{ids.account}", {"currency": "JPY"}, headers={"If-Match": '"1"'}),
    ],
    "deleteTradingAccount": [
        lambda user, ids: user.delete(f"/accounts/{ids.account}"),
        lambda user, ids: user.delete(f"/accounts/{ids.account}", headers={"If-Match": '"1"'}),
        lambda user, ids: user.delete(f"/accounts/{ids.account}", query="with=everything"),
    ],
    "createImageUpload": [lambda user, ids: user.post(f"/trades/{ids.trade}/images", {"contentType": "image/png"})],
    "deleteImage": [lambda user, ids: user.delete(f"/trades/{ids.trade}/images/{ids.image}")],
    "deleteTrade": [
        lambda user, ids: user.delete(f"/trades/{ids.trade}", headers={"If-Match": '"1"'}),
        lambda user, ids: user.delete(f"/trades/{ids.trade}", headers={"If-Match": "*"}),
        lambda user, ids: user.delete(f"/trades/{ids.trade}"),
    ],
    "getImport": [lambda user, ids: user.get(f"/imports/{ids.file}")],
    "updateImport": [
        lambda user, ids: user.patch(f"/imports/{ids.file}", {"orphanPolicy": "SKIP"}),
        lambda user, ids: user.patch(f"/imports/{ids.file}", {"orphanPolicy": "SKIP"}, headers={"If-Match": '"1"'}),
    ],
    "deleteImport": [
        lambda user, ids: user.delete(f"/imports/{ids.file}"),
        lambda user, ids: user.delete(f"/imports/{ids.file}", headers={"If-Match": '"1"'}),
    ],
    "commitImport": [
        lambda user, ids: user.post(f"/imports/{ids.file}/commit", {}, headers={"If-Match": '"1"'}),
        lambda user, ids: user.post(
            f"/imports/{ids.file}/commit", {}, headers={"If-Match": '"1"', "Idempotency-Key": "k"}
        ),
    ],
    "undoImport": [
        lambda user, ids: user.post(f"/imports/{ids.file}/undo", {}),
        lambda user, ids: user.post(f"/imports/{ids.file}/undo", {}, headers={"Idempotency-Key": "k"}),
    ],
    "listImportRows": [lambda user, ids: user.get(f"/imports/{ids.file}/rows")],
    "listImportTrades": [lambda user, ids: user.get(f"/imports/{ids.file}/trades")],
    "getMapping": [lambda user, ids: user.get(f"/import-mappings/{ids.mapping}")],
    "replaceMapping": [lambda user, ids: user("PUT", f"/import-mappings/{ids.mapping}", MAPPING)],
    "deleteMapping": [
        lambda user, ids: user.delete(f"/import-mappings/{ids.mapping}"),
        lambda user, ids: user.delete(f"/import-mappings/{ids.mapping}", headers={"If-Match": '"1"'}),
    ],
    "getExport": [lambda user, ids: user.get(f"/exports/{ids.export}")],
    "getRestore": [lambda user, ids: user.get(f"/restores/{ids.restore}")],
    "commitRestore": [
        lambda user, ids: user.post(f"/restores/{ids.restore}/commit", headers={"If-Match": '"1"'}),
    ],
    "undoRestore": [lambda user, ids: user.post(f"/restores/{ids.restore}/undo", {"edited": "REMOVE"})],
    "deleteRestore": [lambda user, ids: user.delete(f"/restores/{ids.restore}")],
    "restoreTrade": [lambda user, ids: user.post(f"/deleted-trades/{ids.trade}/restore")],
}


@pytest.fixture
def danas(stores: Stores, dana: Client) -> Ids:  # noqa: ARG001 made first
    """What has an id: a trade with its parts, in a group, an account with its rows, an import, an export, a restore."""
    trade = dana.new_trade(closes=[{**CLOSE, "quantity": "1"}])["tradeId"]
    dana.post(f"/trades/{trade}/events", EVENT)
    dana.post(f"/trades/{trade}/splits", SPLIT)
    image = uploading.illustrate(dana, trade)
    uploading.ask(dana, trade)
    group = "7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f"
    dana("PUT", f"/groups/{group}", {"name": "pair", "tradeIds": [trade]})
    shown = dana.get(f"/trades/{trade}").json
    entry = shown["entries"][0]["entryId"]
    event, split = shown["events"][0]["eventId"], shown["splits"][0]["splitId"]
    account = dana.post("/accounts", {"name": "IBKR", "currency": "EUR"}).json["accountId"]
    cash = dana.post(f"/accounts/{account}/cash", CASH).json["cashId"]
    reconciliation = dana.post(f"/accounts/{account}/reconciliations", STATEMENT).json["reconciliationId"]
    fill = {"symbol": "MSFT", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T11:00:00-05:00"}
    execution = dana.post("/executions", fill).json["execution"]["executionId"]
    given = {"type": "SPLIT", "symbol": "MSFT", "effectiveAt": "2026-01-06T00:00:00Z", "new": "2", "old": "1"}
    action = dana.post("/corporate-actions", given).json["actionId"]
    close = shown["partialCloses"][0]["closeId"]
    file = dana.post("/imports", {"fileName": "a.csv"}).json["import"]["importId"]
    mapping = dana.post("/import-mappings", MAPPING).json["mappingId"]
    export = dana.post("/exports", {"format": "CSV"}).json["exportId"]
    restore = dana.post("/restores", {"mode": "EMPTY_ONLY"}).json["restore"]["restoreId"]
    return Ids(
        trade=trade,
        close=close,
        entry=entry,
        event=event,
        split=split,
        group=group,
        image=image,
        account=account,
        cash=cash,
        execution=execution,
        action=action,
        reconciliation=reconciliation,
        file=file,
        mapping=mapping,
        export=export,
        restore=restore,
    )


def test_anothers_group_and_trades_are_none_of_ones_own(erin: Client, danas: Ids) -> None:
    before = everything_of(DANA)
    for headers, status in (({"If-Match": '"1"'}, 412), ({"If-Match": "*"}, 412), ({}, 422)):
        anothers, never = (
            erin("PUT", f"/groups/{ids.group}", {"name": "x", "tradeIds": [ids.trade]}, headers=headers)
            for ids in (danas, Ids())
        )
        assert anothers.status == status
        assert_alike(anothers, never)
    own = erin.new_trade()["tradeId"]
    assert erin("PUT", f"/groups/{danas.group}", {"name": "x", "tradeIds": [own]}).json["tradeIds"] == [own]
    assert everything_of(DANA) == before


def everything_of(user: str) -> list[Any]:
    """All that is stored for the user, wherever it is."""
    items: list[Any] = []
    for table in ("trades", "stats", "ledger"):
        items += clients.dynamodb().query(
            TableName=table,
            KeyConditionExpression="userId = :user",
            ExpressionAttributeValues={":user": {"S": user}},
        )["Items"]
    files = clients.s3().list_object_versions(Bucket="files").get("Versions", [])
    return items + [(file["Key"], file["VersionId"]) for file in files if f"/{user}/" in file["Key"]]


def assert_alike(one: Answer, other: Answer) -> None:
    """The answers differ in nothing but the request's id."""
    assert one.status == other.status
    assert one.json == {**other.json, "requestId": one.json["requestId"]}
    assert one.headers == {**other.headers, "x-request-id": one.headers["x-request-id"]}


def test_these_are_all_operations_with_an_id() -> None:
    # putGroup makes what is not there: test_anothers_group_and_trades_are_none_of_ones_own is about it. A tag is no id:
    # two users may have the same one. The pages of problems are everybody's.
    others = {"putGroup", "renameTag", "deleteTag", "getProblem", "headProblem"}
    assert {route.operation_id for route in routes() if "{" in route.path} == BY_PATH.keys() | others


@pytest.mark.parametrize("operation_id", BY_PATH)
def test_anothers_is_answered_like_one_that_never_existed(erin: Client, danas: Ids, operation_id: str) -> None:
    before = everything_of(DANA)
    for send in BY_PATH[operation_id]:
        anothers = send(erin, danas)
        assert (anothers.status, anothers.kind) == (404, "/problems/not-found")
        assert_alike(anothers, send(erin, Ids()))
    assert everything_of(DANA) == before
    assert everything_of(ERIN) == []


def test_anothers_close_entry_event_and_image_under_an_own_trade_do_not_exist(erin: Client, danas: Ids) -> None:
    own = erin.new_trade()["tradeId"]
    before = everything_of(DANA)
    for kind, name in (
        ("closes", danas.close),
        ("entries", danas.entry),
        ("events", danas.event),
        ("splits", danas.split),
        ("images", danas.image),
    ):
        anothers = erin.delete(f"/trades/{own}/{kind}/{name}")
        assert anothers.status == 404
        assert_alike(anothers, erin.delete(f"/trades/{own}/{kind}/{NEVER}"))
    assert everything_of(DANA) == before


def test_anothers_trade_among_many_is_answered_like_one_that_never_existed(erin: Client, danas: Ids) -> None:
    before = everything_of(DANA)
    answer = erin.post("/trades/bulk-delete", {"tradeIds": [danas.trade, NEVER]})
    anothers, never = answer.json["results"]
    assert anothers == never
    assert anothers["status"] == 404
    assert everything_of(DANA) == before


def test_anothers_deleted_trade_is_answered_like_one_that_never_existed(dana: Client, erin: Client, danas: Ids) -> None:
    assert dana.delete(f"/trades/{danas.trade}").status == 204
    before = everything_of(DANA)
    anothers = erin.post(f"/deleted-trades/{danas.trade}/restore")
    assert anothers.status == 404
    assert_alike(anothers, erin.post(f"/deleted-trades/{NEVER}/restore"))
    assert erin.get("/deleted-trades").json == {"items": []}
    assert everything_of(DANA) == before
    assert everything_of(ERIN) == []


def test_anothers_trade_among_many_corrections_is_answered_like_one_that_never_existed(
    erin: Client, danas: Ids
) -> None:
    before = everything_of(DANA)
    items = [{"tradeId": trade, "version": 1, "changes": {"symbol": "MSFT"}} for trade in (danas.trade, NEVER)]
    anothers, never = erin.post("/trades/bulk-update", {"items": items}).json["results"]
    assert anothers == never
    assert anothers["status"] == 404
    assert everything_of(DANA) == before


def test_anothers_external_id_is_as_good_as_new(dana: Client, erin: Client) -> None:
    given = a_trade(externalId="shared")
    first = dana.post("/trades", given)
    for query in ((), [("onExisting", "COMPLETE")]):
        hers = erin.post("/trades", given, query=query)
        assert hers.status == 201
        assert hers.json["tradeId"] != first.json["tradeId"]
        erin.delete(f"/trades/{hers.json['tradeId']}")
    assert dana.post("/trades", given).status == 409


def test_anothers_idempotency_key_is_as_good_as_new(dana: Client, erin: Client) -> None:
    key = {"Idempotency-Key": "shared"}
    danas = dana.post("/trades", a_trade(), headers=key)
    erins = erin.post("/trades", a_trade(symbol="MSFT"), headers=key)
    assert erins.status == 201
    assert "idempotent-replayed" not in erins.headers
    [result] = erin.post(
        "/trades/bulk", {"items": [{"idempotencyKey": "shared", "trade": a_trade(symbol="MSFT")}]}
    ).json["results"]
    assert result["trade"] == erins.json
    for user, own in ((dana, danas), (erin, erins)):
        assert user.get("/trades", query="idempotencyKey=shared").json == {"items": [own.json]}


def test_anothers_page_token_is_refused_like_a_made_up_one(dana: Client, erin: Client) -> None:
    for user in (dana, erin):
        for _ in range(2):
            user.new_trade()
    token = dana.get("/trades", query="limit=1").json["nextToken"]
    anothers = erin.get("/trades", query=[("limit", "1"), ("nextToken", token)])
    assert anothers.bad_fields == {("query", "/nextToken")}
    assert_alike(anothers, erin.get("/trades", query="limit=1&nextToken=bWFkZSB1cA"))

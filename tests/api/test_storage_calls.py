"""The number of requests that each operation sends to DynamoDB: each costs a round trip and money."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import clients
from tests.api.client import Answer, Client, a_trade


@pytest.fixture
def sent() -> Counter[str]:
    """How often each operation of each service was sent since; the secret's, once per process, is not counted."""
    counted: Counter[str] = Counter()

    def count(event_name: str, **_: Any) -> None:
        counted[event_name.rpartition(".")[2]] += 1

    for client in (clients.dynamodb(), clients.s3(), clients.sqs(), clients.cognito_admin()):
        client.meta.events.register_first("before-send", count)
    return counted


GROUP, OTHER_GROUP = "7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f", "8f2e1d0c-9b8a-4f7e-a6d5-4b3c2d1e0f9a"
SPLIT = {"new": "4", "old": "1", "at": "2026-01-10T09:30:00-05:00"}
EVENT = {"type": "SWAP", "amount": "-0.4", "at": "2026-01-06T22:00:00Z"}


ENTRY = {"quantity": "1", "price": "11", "enteredAt": "2026-01-05T10:00:00-05:00"}
SPLIT_OF_HELD = {"type": "SPLIT", "symbol": "HELD", "effectiveAt": "2026-01-06T00:00:00Z", "new": "4", "old": "1"}
FILL = {"symbol": "FILL", "side": "BUY", "quantity": "1", "price": "11", "executedAt": "2026-01-05T10:00:00-05:00"}
DEPOSIT = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T08:00:00Z"}
CLOSE = {"quantity": "1", "price": "12", "closedAt": "2026-01-05T11:00:00-05:00"}


def part_of(trade: Any, kind: str) -> str:
    """The address of the trade's last entry or close."""
    shown, name = {"entries": ("entries", "entryId"), "closes": ("partialCloses", "closeId")}[kind]
    return f"/trades/{trade['tradeId']}/{kind}/{trade[shown][-1][name]}"


def event_of(trade: Any) -> str:
    """The id of the trade's event."""
    return str(trade["events"][0]["eventId"])


CALLS: dict[str, tuple[Callable[[Client, Any], Answer], int, dict[str, int]]] = {
    "createTrade": (lambda dana, _: dana.post("/trades", a_trade()), 201, {"TransactWriteItems": 1}),
    "createTrade with an externalId": (
        lambda dana, _: dana.post("/trades", a_trade(externalId="new")),
        201,
        {"TransactWriteItems": 1},
    ),
    "updateTrade with an externalId": (
        lambda dana, trade: dana.patch(f"/trades/{trade['tradeId']}", {"externalId": "new"}),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "updateTrades": (
        lambda dana, trade: dana.post(
            "/trades/bulk-update", {"items": [{"tradeId": trade["tradeId"], "changes": {"stopLoss": "9"}}]}
        ),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    # Three statuses, the books of a year, all books before.
    "getFacets": (lambda dana, _: dana.get("/facets"), 200, {"Query": 5}),
    "getTagChange": (lambda dana, _: dana.get("/tag-change"), 404, {"GetItem": 1}),
    "createTrade with a key": (
        lambda dana, _: dana.post("/trades", a_trade(), headers={"Idempotency-Key": "new"}),
        201,
        {"TransactWriteItems": 1},
    ),
    "getTrade": (lambda dana, trade: dana.get(f"/trades/{trade['tradeId']}"), 200, {"Query": 1}),
    "updateTrade": (
        lambda dana, trade: dana.patch(f"/trades/{trade['tradeId']}", {"stopLoss": "9"}),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "closeTrade": (
        lambda dana, trade: dana.post(
            f"/trades/{trade['tradeId']}/closes", {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}
        ),
        201,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "closeTrade with a key": (
        lambda dana, trade: dana.post(
            f"/trades/{trade['tradeId']}/closes",
            {"price": "11", "closedAt": "2026-01-05T11:00:00-05:00"},
            headers={"Idempotency-Key": "new"},
        ),
        201,
        {"BatchGetItem": 1, "TransactWriteItems": 1},
    ),
    "addEntry": (
        lambda dana, trade: dana.post(f"/trades/{trade['tradeId']}/entries", ENTRY),
        201,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "addEntry with a key": (
        lambda dana, trade: dana.post(f"/trades/{trade['tradeId']}/entries", ENTRY, headers={"Idempotency-Key": "new"}),
        201,
        {"BatchGetItem": 1, "TransactWriteItems": 1},
    ),
    "getEntry": (lambda dana, trade: dana.get(part_of(trade, "entries")), 200, {"GetItem": 1}),
    "updateEntry": (
        lambda dana, trade: dana.patch(part_of(trade, "entries"), {"price": "7"}),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "deleteEntry": (
        lambda dana, trade: dana.delete(part_of(trade, "entries")),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "getClose": (lambda dana, trade: dana.get(part_of(trade, "closes")), 200, {"GetItem": 1}),
    "updateClose": (
        lambda dana, trade: dana.patch(part_of(trade, "closes"), {"price": "7"}),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "deleteClose": (
        lambda dana, trade: dana.delete(part_of(trade, "closes")),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "createEvent": (
        lambda dana, trade: dana.post(f"/trades/{trade['tradeId']}/events", EVENT),
        201,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "createEvent with a key": (
        lambda dana, trade: dana.post(f"/trades/{trade['tradeId']}/events", EVENT, headers={"Idempotency-Key": "new"}),
        201,
        {"BatchGetItem": 1, "TransactWriteItems": 1},
    ),
    "updateEvent": (
        lambda dana, trade: dana.patch(f"/trades/{trade['tradeId']}/events/{event_of(trade)}", {"amount": "7"}),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "deleteEvent": (
        lambda dana, trade: dana.delete(f"/trades/{trade['tradeId']}/events/{event_of(trade)}"),
        200,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "listEvents": (lambda dana, trade: dana.get(f"/trades/{trade['tradeId']}/events"), 200, {"GetItem": 1}),
    "getEvent": (
        lambda dana, trade: dana.get(f"/trades/{trade['tradeId']}/events/{event_of(trade)}"),
        200,
        {"GetItem": 1},
    ),
    "createSplit": (
        lambda dana, trade: dana.post(f"/trades/{trade['tradeId']}/splits", SPLIT),
        201,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "createSplit with a key": (
        lambda dana, trade: dana.post(f"/trades/{trade['tradeId']}/splits", SPLIT, headers={"Idempotency-Key": "new"}),
        201,
        {"BatchGetItem": 1, "TransactWriteItems": 1},
    ),
    "listSplits": (lambda dana, trade: dana.get(f"/trades/{trade['tradeId']}/splits"), 200, {"GetItem": 1}),
    "putGroup": (
        lambda dana, trade: dana("PUT", f"/groups/{OTHER_GROUP}", {"name": "pair", "tradeIds": [trade["tradeId"]]}),
        201,
        {"GetItem": 1, "BatchGetItem": 2, "TransactWriteItems": 1},
    ),
    "getGroup": (lambda dana, _: dana.get(f"/groups/{GROUP}"), 200, {"GetItem": 1, "BatchGetItem": 1}),
    "listGroups": (lambda dana, _: dana.get("/groups"), 200, {"Query": 1, "BatchGetItem": 1}),
    "deleteGroup": (
        lambda dana, _: dana.delete(f"/groups/{GROUP}"),
        204,
        {"GetItem": 1, "BatchGetItem": 1, "TransactWriteItems": 1},
    ),
    "deleteTrade": (
        lambda dana, trade: dana.delete(f"/trades/{trade['tradeId']}"),
        204,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "deleteTrade at a version": (
        lambda dana, trade: dana.delete(f"/trades/{trade['tradeId']}", headers={"If-Match": '"4"'}),
        204,
        {"GetItem": 1, "TransactWriteItems": 1},
    ),
    "listDeletedTrades": (lambda dana, _: dana.get("/deleted-trades"), 200, {"Query": 1}),
    "restoreTrade": (
        lambda dana, trade: (
            dana.delete(f"/trades/{trade['tradeId']}"),
            dana.post(f"/deleted-trades/{trade['tradeId']}/restore"),
        )[1],
        200,
        {"GetItem": 2, "TransactWriteItems": 2},  # of which the deletion has half
    ),
    "listTrades": (lambda dana, _: dana.get("/trades"), 200, {"Query": 1}),
    "listTrades by symbol": (lambda dana, _: dana.get("/trades", query="symbol=AAPL"), 200, {"Query": 1}),
    "listTrades by status and day": (
        lambda dana, _: dana.get("/trades", query="status=OPEN&openFrom=2026-01-01"),
        200,
        {"Query": 1},
    ),
    "createExecution": (
        lambda dana, _: dana.post("/executions", FILL),
        201,
        {"BatchGetItem": 2, "TransactWriteItems": 1},
    ),
    "createExecution in a position": (
        lambda dana, _: dana.post("/executions", {**FILL, "symbol": "HELD"}, headers={"Idempotency-Key": "new"}),
        201,
        {"BatchGetItem": 2, "Query": 1, "TransactWriteItems": 1},
    ),
    "closeTrade of the ledger": (
        lambda dana, _: dana.post(
            f"/trades/{dana.get('/trades', query='symbol=HELD').json['items'][0]['tradeId']}/closes", CLOSE
        ),
        201,
        # The trade before and after it turns out to be of the ledger, and the list in which it is found.
        {"GetItem": 2, "BatchGetItem": 2, "Query": 3, "TransactWriteItems": 1},
    ),
    "createAction of a position": (
        lambda dana, _: dana.post("/corporate-actions", SPLIT_OF_HELD, headers={"Idempotency-Key": "split"}),
        201,
        {"GetItem": 2, "Query": 2, "BatchGetItem": 2, "TransactWriteItems": 1},
    ),
    "listActions": (lambda dana, _: dana.get("/corporate-actions"), 200, {"Query": 1}),
    "convertTrade": (
        lambda dana, _: dana.post(f"/trades/{dana.new_trade(symbol='NVDA')['tradeId']}/to-executions"),
        200,
        # Of which the new trade has one transaction; its account is marked as being in use.
        {"GetItem": 1, "BatchGetItem": 2, "TransactWriteItems": 2},
    ),
    "createCash with an externalId": (
        lambda dana, _: dana.post(f"/accounts/{MAIN}/cash", {**DEPOSIT, "externalId": "c-1"}),
        201,
        {"TransactWriteItems": 1},
    ),
    "createCash, a conversion in a named currency": (
        lambda dana, _: dana.post(
            f"/accounts/{MAIN}/cash",
            {**DEPOSIT, "type": "CONVERSION", "currency": "USD", "counter": {"amount": "-4", "currency": "EUR"}},
        ),
        201,
        {"TransactWriteItems": 1},
    ),
    "getBalance": (
        lambda dana, _: dana.get(f"/accounts/{MAIN}/balance"),
        200,
        {"BatchGetItem": 1, "Query": 3},
    ),
    "getBalance of a past day": (
        lambda dana, _: dana.get(f"/accounts/{MAIN}/balance", query="at=2026-01-05"),
        200,
        {"BatchGetItem": 1, "Query": 4},
    ),
    "getReturns": (lambda dana, _: dana.get(f"/accounts/{MAIN}/returns"), 200, {"BatchGetItem": 1, "Query": 2}),
    "reconcile": (
        lambda dana, _: dana.post(f"/accounts/{MAIN}/reconciliations", {"statementBalance": "5", "at": DEPOSIT["at"]}),
        201,
        {"BatchGetItem": 1, "Query": 2, "TransactWriteItems": 1},
    ),
    "listReconciliations": (
        lambda dana, _: dana.get(f"/accounts/{MAIN}/reconciliations"),
        200,
        {"BatchGetItem": 1, "Query": 1},
    ),
    "getLegs": (lambda dana, trade: dana.get(f"/trades/{trade['tradeId']}/legs"), 200, {"GetItem": 1}),
    "listExecutions": (lambda dana, _: dana.get("/executions"), 200, {"Query": 2}),
    "listExecutions of an account": (
        lambda dana, _: dana.get("/executions", query=f"accountId={MAIN}"),
        200,
        {"Query": 1},
    ),
    "listExecutions of a trade": (
        lambda dana, _: dana.get("/executions", query=f"tradeId={GROUP}"),
        200,
        {"BatchGetItem": 1},
    ),
    "listTrades by tag": (lambda dana, _: dana.get("/trades", query="tag=gap"), 200, {"Query": 1}),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_operation_sends_no_more_than_it_has_to(name: str, dana: Client, sent: Counter[str]) -> None:
    call, status, expected = CALLS[name]
    for symbol in ("AAPL", "MSFT"):
        trade = dana.new_trade(symbol=symbol, tags=["gap"])
        for kind, part in (("entries", ENTRY), ("closes", CLOSE), ("events", EVENT)):
            trade = dana.post(f"/trades/{trade['tradeId']}/{kind}", part).json
    dana("PUT", f"/groups/{GROUP}", {"name": "pair", "tradeIds": [dana.new_trade(symbol="TSLA")["tradeId"]]})
    assert dana.post("/executions", {**FILL, "symbol": "HELD"}).status == 201
    dana.get("/trades")  # reads the secret, once per process
    sent.clear()
    assert call(dana, trade).status == status
    assert sent == expected


def test_a_page_in_the_midst_of_a_list_is_one_request(dana: Client, sent: Counter[str]) -> None:
    for _ in range(3):
        dana.new_trade()
    first = dana.get("/trades", query="limit=1").json
    sent.clear()
    assert dana.get("/trades", query=f"limit=1&nextToken={first['nextToken']}").json["items"]
    assert sent == {"Query": 1}

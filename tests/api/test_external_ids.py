"""At most one trade of a user that is not deleted has an externalId, also with repeated and concurrent requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest

from handlers.storage import clients, dynamo, erasure_marks, kept_answers, trades
from handlers.storage.errors import Unavailable
from handlers.storage.trade_items import external_key
from tests.api.client import DANA, Answer, Client, a_trade
from tests.api.contention import one_call_at_a_time as one_call_at_a_time

ID = "U1234567-0000e0d5.65cb1a2b.01.01"
COMPLETE = [("onExisting", "COMPLETE")]
FIRST = {"quantity": "40", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00", "commission": "0.4"}
SECOND = {"quantity": "60", "price": "12", "closedAt": "2026-01-05T15:00:00-05:00"}
KEY = {"Idempotency-Key": "import-1"}


def record(client: Client, **given: Any) -> Answer:
    query = given.pop("query", ())
    return client.post("/trades", a_trade(externalId=ID, **given), query=query)


def count(client: Client) -> int:
    return len(client.get("/trades").json["items"])


def assert_taken(answer: Answer, trade_id: str, *, in_body: bool = True) -> None:
    assert (answer.status, answer.kind) == (409, "/problems/external-id-taken")
    assert [error["pointer"] for error in answer.json.get("errors", [])] == ["/externalId"] * in_body
    assert answer.json["tradeId"] == trade_id
    assert answer.json["location"] == f"/v1/trades/{trade_id}"


def holder(client: Client) -> str | None:
    """The trade for which the id is kept."""
    item = clients.dynamodb().get_item(TableName=clients.trades_table(), Key=external_key(str(client.user), ID))
    return item["Item"]["ofTrade"]["S"] if "Item" in item else None


def test_a_trade_tells_its_external_id(dana: Client) -> None:
    created = record(dana).json
    assert created["externalId"] == ID
    assert dana.get(f"/trades/{created['tradeId']}").json["externalId"] == ID


def test_a_second_create_is_told_which_trade_has_the_id(dana: Client) -> None:
    first = record(dana).json["tradeId"]
    assert_taken(record(dana, symbol="MSFT"), first)
    assert count(dana) == 1


def test_ids_are_ones_own(dana: Client, erin: Client) -> None:
    assert record(dana).status == record(erin).status == 201


def test_an_id_is_free_once_its_trade_is_deleted(dana: Client) -> None:
    for delete in (
        lambda trade_id: dana.delete(f"/trades/{trade_id}").status == 204,
        lambda trade_id: (
            dana.post("/trades/bulk-delete", {"tradeIds": [trade_id]}).json["results"] == [{"status": 204}]
        ),
        lambda trade_id: dana.delete(f"/trades/{trade_id}", headers={"If-Match": '"1"'}).status == 204,
    ):
        created = record(dana)
        assert created.status == 201
        assert delete(created.json["tradeId"])
        assert holder(dana) is None


def test_a_deleted_trade_comes_back_with_its_id_unless_another_has_it_by_now(dana: Client) -> None:
    first = record(dana).json["tradeId"]
    dana.delete(f"/trades/{first}")
    second = record(dana).json["tradeId"]
    assert_taken(dana.post(f"/deleted-trades/{first}/restore"), second, in_body=False)
    dana.patch(f"/trades/{second}", {"externalId": None})
    assert dana.post(f"/deleted-trades/{first}/restore").json["externalId"] == ID
    assert holder(dana) == first


def test_a_patch_gives_moves_and_takes_the_id(dana: Client) -> None:
    one, other = dana.new_trade()["tradeId"], dana.new_trade()["tradeId"]
    assert dana.patch(f"/trades/{one}", {"externalId": ID}).json["externalId"] == ID
    assert_taken(dana.patch(f"/trades/{other}", {"externalId": ID}), one)
    assert dana.patch(f"/trades/{one}", {"externalId": "another"}).status == 200
    assert dana.patch(f"/trades/{other}", {"externalId": ID}).status == 200
    assert "externalId" not in dana.patch(f"/trades/{other}", {"externalId": None}).json
    assert holder(dana) is None
    assert_taken(dana.patch(f"/trades/{other}", {"externalId": "another"}), one)


def test_a_patch_that_leaves_the_id_keeps_it(dana: Client) -> None:
    trade_id = record(dana).json["tradeId"]
    assert dana.patch(f"/trades/{trade_id}", {"externalId": ID}).json["version"] == 1
    assert dana.patch(f"/trades/{trade_id}", {"lessons": "wait"}).json["externalId"] == ID
    assert holder(dana) == trade_id


@pytest.mark.parametrize("wrong", ["", " x", "x ", "a\nb", "\u200bx", "é", "x" * 256, 1])
def test_an_id_that_is_none_is_refused(dana: Client, wrong: Any) -> None:
    answer = dana.post("/trades", a_trade(externalId=wrong))
    assert (answer.status, answer.bad_fields) == (400, {("body", "/externalId")})


def test_an_unknown_way_of_dealing_with_an_existing_trade_is_refused(dana: Client) -> None:
    answer = record(dana, query=[("onExisting", "REPLACE")])
    assert (answer.status, answer.bad_fields) == (400, {("query", "/onExisting")})


def test_completing_needs_an_id_to_look_for(dana: Client) -> None:
    answer = dana.post("/trades", a_trade(), query=COMPLETE)
    assert (answer.status, answer.bad_fields) == (422, {("body", "/externalId")})
    [result] = dana.post("/trades/bulk", {"items": [{"trade": a_trade(), "onExisting": "COMPLETE"}]}).json["results"]
    assert (result["status"], result["problem"]["errors"][0]["pointer"]) == (422, "/externalId")
    assert count(dana) == 0


def test_an_import_that_is_repeated_adds_nothing(dana: Client) -> None:
    whole = {"closes": [FIRST, SECOND], "tags": ["import"]}
    created = record(dana, query=COMPLETE, **whole)
    assert created.status == 201
    again = record(dana, query=COMPLETE, **whole)
    assert (again.status, again.json) == (200, created.json)
    assert again.headers["etag"] == created.headers["etag"] == '"1"'
    assert again.headers["location"] == created.headers["location"]
    assert count(dana) == 1


def test_an_import_that_is_repeated_after_a_split_adds_nothing(dana: Client) -> None:
    created = record(dana, closes=[FIRST]).json
    split = {"new": "2", "old": "1", "at": "2026-01-06T09:30:00-05:00"}
    whole = dana.post(f"/trades/{created['tradeId']}/splits", split).json
    assert whole["quantity"] != created["quantity"]
    again = record(dana, query=COMPLETE, closes=[FIRST])
    assert (again.status, again.json) == (200, whole)
    differs = record(dana, query=COMPLETE, closes=[FIRST], quantity=whole["quantity"])
    assert (differs.status, differs.bad_fields) == (409, {("body", "/quantity")})


def test_an_exit_that_arrives_later_is_added(dana: Client) -> None:
    created = record(dana, closes=[FIRST]).json
    answer = record(dana, query=COMPLETE, closes=[FIRST, SECOND])
    assert (answer.status, answer.headers["etag"]) == (200, '"2"')
    assert answer.json["tradeId"] == created["tradeId"]
    assert answer.json["status"] == "CLOSED"
    assert answer.json["partialCloses"][0]["closeId"] == created["partialCloses"][0]["closeId"]
    assert answer.json == dana.get(f"/trades/{created['tradeId']}").json


def test_an_exit_in_short_is_added(dana: Client) -> None:
    record(dana)
    short = {"exitPrice": "12", "closeDate": "2026-01-05T15:00:00-05:00"}
    assert record(dana, query=COMPLETE, **short).json["status"] == "CLOSED"
    assert record(dana, query=COMPLETE, **short).json["version"] == 2


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"quantity": "101"}, "/quantity"),
        ({"entryPrice": "10.01"}, "/entryPrice"),
        ({"symbol": "MSFT"}, "/symbol"),
        ({"side": "SELL"}, "/side"),
        ({"openDate": "2026-01-05T09:31:05-05:00"}, "/openDate"),
        ({"commission": "2"}, "/commission"),
        ({"multiplier": "5"}, "/multiplier"),
        ({"closes": [{**FIRST, "price": "11.01"}]}, "/closes"),
    ],
)
def test_a_trade_whose_money_differs_is_named_and_left(dana: Client, given: dict[str, Any], pointer: str) -> None:
    created = record(dana, closes=[FIRST]).json
    answer = record(dana, query=COMPLETE, **{"closes": [FIRST], **given})
    assert (answer.status, answer.kind) == (409, "/problems/trade-differs")
    assert answer.bad_fields == {("body", pointer)}
    assert answer.json["tradeId"] == created["tradeId"]
    assert dana.get(f"/trades/{created['tradeId']}").json == created


def test_a_key_and_an_external_id_together(dana: Client) -> None:
    """The key answers its own retries; the external id holds also when the key has changed or was forgotten."""
    trade, other = a_trade(externalId=ID), {"Idempotency-Key": "import-2"}
    first = dana.post("/trades", trade, headers=KEY)
    again = dana.post("/trades", trade, headers=KEY)
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert_taken(dana.post("/trades", trade, headers=other), first.json["tradeId"])
    # A refusal is not kept: the same key may be used with what corrects the request.
    assert dana.post("/trades", a_trade(), headers=other).status == 201
    # Completing is another request.
    assert dana.post("/trades", trade, headers=KEY, query=COMPLETE).kind == "/problems/idempotency-key-reused"


@pytest.mark.parametrize("closes", [[FIRST], [FIRST, SECOND]])
def test_a_completion_with_a_key_is_answered_again(dana: Client, closes: list[Any]) -> None:
    trade_id = record(dana, closes=[FIRST]).json["tradeId"]
    trade = a_trade(externalId=ID, closes=closes)
    first = dana.post("/trades", trade, headers=KEY, query=COMPLETE)
    dana.patch(f"/trades/{trade_id}", {"lessons": "wait"})
    again = dana.post("/trades", trade, headers=KEY, query=COMPLETE)
    assert (first.status, again.status) == (200, 200)
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"


def test_a_completion_that_the_same_request_makes_meanwhile_is_answered_again(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(dana, closes=[FIRST])
    read, trade, made = trades.get, a_trade(externalId=ID, closes=[FIRST, SECOND]), list[Answer]()

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(trades, "get", read)
        made.append(dana.post("/trades", trade, headers=KEY, query=COMPLETE))
        dana.patch(f"/trades/{made[0].json['tradeId']}", {"lessons": "wait"})
        return read(*args)

    monkeypatch.setattr(trades, "get", overtaken)
    again = dana.post("/trades", trade, headers=KEY, query=COMPLETE)
    assert (made[0].status, again.status, again.body) == (200, 200, made[0].body)
    assert again.json["version"] == 2


def test_an_id_outlives_the_kept_answer(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trade_id = dana.post("/trades", a_trade(externalId=ID), headers=KEY).json["tradeId"]
    monkeypatch.setattr(kept_answers, "answer_of", lambda *_: None)  # as DynamoDB answers after 48 hours
    monkeypatch.setattr(kept_answers, "epoch_seconds", lambda now: int((now + timedelta(days=30)).timestamp()))
    assert_taken(dana.post("/trades", a_trade(externalId=ID), headers=KEY), trade_id)


def test_many_take_the_same_for_each(dana: Client) -> None:
    first = record(dana, closes=[FIRST]).json["tradeId"]
    whole = a_trade(externalId=ID, closes=[FIRST, SECOND])
    new = a_trade(externalId="other")
    items = [
        {"trade": whole},
        {"trade": whole, "onExisting": "COMPLETE", "idempotencyKey": "bulk-1"},
        {"trade": {**whole, "quantity": "200"}, "onExisting": "COMPLETE"},
        {"trade": new},
        {"trade": new},
        {"trade": new, "onExisting": "COMPLETE"},
    ]
    results = dana.post("/trades/bulk", {"items": items}).json["results"]
    assert [result["status"] for result in results] == [409, 200, 409, 201, 409, 200]
    assert results[0]["problem"]["tradeId"] == results[1]["trade"]["tradeId"] == first
    assert results[2]["problem"]["type"] == "/v1/problems/trade-differs"
    again = dana.post("/trades/bulk", {"items": items[1:2]}).json["results"]
    assert again == results[1:2]


def test_many_corrections_move_ids(dana: Client) -> None:
    one, other = record(dana).json["tradeId"], dana.new_trade()["tradeId"]
    items = [
        {"tradeId": other, "changes": {"externalId": ID}},
        {"tradeId": one, "changes": {"externalId": None}},
        {"tradeId": other, "changes": {"externalId": ID}},
    ]
    results = dana.post("/trades/bulk-update", {"items": items}).json["results"]
    assert [result["status"] for result in results] == [409, 200, 200]
    assert holder(dana) == other


def at_once(*calls: Callable[[], Answer]) -> list[Answer]:
    barrier = Barrier(len(calls))

    def one(call: Callable[[], Answer]) -> Answer:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


@pytest.mark.usefixtures("one_call_at_a_time")
def test_creates_at_once_make_one_trade(dana: Client) -> None:
    answers = at_once(*[lambda: record(dana, query=COMPLETE, closes=[FIRST])] * 6)
    assert sorted(answer.status for answer in answers) == [200] * 5 + [201]
    assert len({answer.json["tradeId"] for answer in answers}) == count(dana) == 1
    assert len(answers[0].json["partialCloses"]) == 1


@pytest.mark.usefixtures("one_call_at_a_time")
def test_a_delete_and_a_create_at_once_leave_the_id_with_the_trade_that_lives(dana: Client) -> None:
    for _ in range(5):
        trade_id = record(dana).json["tradeId"]
        deleted, created = at_once(partial(dana.delete, f"/trades/{trade_id}"), partial(record, dana))
        assert deleted.status == 204
        living = dana.get("/trades").json["items"]
        assert [trade["tradeId"] for trade in living] == ([created.json["tradeId"]] if created.status == 201 else [])
        assert holder(dana) == (living[0]["tradeId"] if living else None)
        for trade in living:
            dana.delete(f"/trades/{trade['tradeId']}")


def test_the_trade_and_its_id_are_written_together_or_not_at_all(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request writes both, so nothing that breaks leaves one without the other."""
    sent: list[int] = []
    transact = dynamo.transact

    def cut_off(actions: Any, **_: Any) -> Any:
        sent.append(len(actions))
        monkeypatch.setattr(trades, "transact", transact)
        raise Unavailable

    monkeypatch.setattr(trades, "transact", cut_off)
    assert record(dana).status == 503
    assert (sent, count(dana), holder(dana)) == ([3], 0, None)
    created = record(dana).json["tradeId"]
    for _ in range(2):
        monkeypatch.setattr(trades, "transact", cut_off)
        assert dana.delete(f"/trades/{created}").status == 503
        assert holder(dana) == created
    assert dana.delete(f"/trades/{created}").status == 204
    assert holder(dana) is None


def test_a_trade_that_was_deleted_in_between_is_recorded_anew(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = record(dana).json["tradeId"]
    get = trades.get

    def deleted_first(user: str, trade_id: str) -> Any:
        monkeypatch.setattr(trades, "get", get)
        trades.delete(get(user, trade_id), datetime.now(UTC))
        return get(user, trade_id)

    monkeypatch.setattr(trades, "get", deleted_first)
    answer = record(dana, query=COMPLETE)
    assert answer.status == 201
    assert answer.json["tradeId"] != first


def test_ids_are_erased_with_the_account(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    record(dana)
    monkeypatch.setattr(erasure_marks, "TABLES", (("TRADES_TABLE", "tradeId"),))
    erasure_marks.begin(DANA, datetime.now(UTC))
    assert list(erasure_marks.erase_items(DANA))
    assert holder(dana) is None
    answer = record(dana)
    assert (answer.status, answer.kind) == (409, "/problems/account-erased")

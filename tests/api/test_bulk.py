"""Bulk requests: each trade is recorded on its own and in order, also when others fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from handlers.storage import trades as storage
from handlers.storage.errors import Contended
from handlers.storage.trade_queries import TradeFilter, list_trades
from tests import events
from tests.api.client import DANA, Client, a_trade


def items(*trades: Any, keys: tuple[str | None, ...] = ()) -> dict[str, Any]:
    named = [{"trade": trade} for trade in trades]
    for item, key in zip(named, keys, strict=False):
        if key is not None:
            item["idempotencyKey"] = key
    return {"items": named}


def statuses(answer: Any) -> list[int]:
    assert answer.status == 200, answer.body
    return [result["status"] for result in answer.json["results"]]


def recorded(user: str = DANA) -> int:
    return len(list_trades(user, TradeFilter(), limit=100).trades)


def test_good_trades_are_kept_when_others_fail_and_each_is_told_in_order(dana: Client) -> None:
    answer = dana.post(
        "/trades/bulk",
        items(
            a_trade(symbol="AAPL"),
            a_trade(side=None, grossPnl="1"),
            a_trade(exitPrice="11"),
            a_trade(symbol="MSFT"),
            {},
        ),
    )
    assert statuses(answer) == [201, 400, 422, 201, 400]
    first, bad, broken, last, empty = answer.json["results"]
    assert (first["trade"]["symbol"], last["trade"]["symbol"]) == ("AAPL", "MSFT")
    assert {field["pointer"] for field in bad["problem"]["errors"]} == {"/side", "/grossPnl"}
    assert [field["pointer"] for field in broken["problem"]["errors"]] == ["/closeDate"]
    assert empty["problem"]["type"] == "/v1/problems/invalid-request"
    assert recorded() == 2


def test_a_trade_gets_in_bulk_what_it_would_have_got_alone(dana: Client) -> None:
    [result] = dana.post("/trades/bulk", items(a_trade())).json["results"]
    alone = dana.post("/trades", a_trade()).json
    own = {"tradeId", "entries", "createdAt", "updatedAt"}
    [entry], [alone_entry] = (trade["entries"] for trade in (result["trade"], alone))
    assert entry == {**alone_entry, "entryId": entry["entryId"]}
    assert {name: result["trade"][name] for name in result["trade"].keys() - own} == {
        name: alone[name] for name in alone.keys() - own
    }


def test_a_repeated_request_with_the_same_keys_changes_nothing_and_answers_the_same(dana: Client) -> None:
    request = items(a_trade(), a_trade(symbol="MSFT"), {}, keys=("a", "b", None))
    first, again = dana.post("/trades/bulk", request), dana.post("/trades/bulk", request)
    assert first.json["results"][:2] == again.json["results"][:2]
    assert statuses(again) == [201, 201, 400]
    assert recorded() == 2


def test_a_key_counts_the_same_alone_and_in_bulk(dana: Client) -> None:
    alone = dana.post("/trades", a_trade(), headers={"Idempotency-Key": "shared"}).json
    same, other = dana.post("/trades/bulk", items(a_trade(), a_trade(symbol="MSFT"), keys=("shared", "shared"))).json[
        "results"
    ]
    assert same == {"status": 201, "trade": alone}
    assert (other["status"], other["problem"]["type"]) == (422, "/v1/problems/idempotency-key-reused")
    assert recorded() == 1


@pytest.fixture
def busy_every_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A storage that stays contended at every second write."""
    written = 0
    create, delete = storage.create, storage.delete

    def contended(call: Any) -> Any:
        def wrapped(*args: Any) -> Any:
            nonlocal written
            written += 1
            if written % 2 == 0:
                raise Contended
            return call(*args)

        return wrapped

    monkeypatch.setattr(storage, "create", contended(create))
    monkeypatch.setattr(storage, "delete", contended(delete))
    return


@pytest.mark.usefixtures("busy_every_other_time")
def test_what_could_not_be_written_is_said_and_the_rest_is_there(dana: Client) -> None:
    request = items(*(a_trade(symbol=f"S{number}") for number in range(4)), keys=("a", "b", "c", "d"))
    assert statuses(dana.post("/trades/bulk", request)) == [201, 429, 201, 429]
    assert recorded() == 2
    results = dana.post("/trades/bulk", request)
    assert sorted(statuses(results)) == [201, 201, 429, 429]


def test_what_time_leaves_over_is_said_to_be_not_done(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.operations.bulk.ITEM_SECONDS", 60)
    answer = dana.post("/trades/bulk", items(a_trade(), a_trade()))
    assert statuses(answer) == [503, 503]
    assert recorded() == 0


def test_an_unexpected_error_of_one_item_shows_nothing_of_itself(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("secret detail 42")

    monkeypatch.setattr(storage, "create", fail)
    answer = dana.post("/trades/bulk", items(a_trade()))
    assert statuses(answer) == [500]
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    "document",
    [{}, {"items": []}, items(*({} for _ in range(101))), {"items": {}}, {"items": [{"trade": a_trade()}], "extra": 1}],
)
def test_a_request_that_is_not_a_list_of_items_is_refused_as_a_whole(dana: Client, document: Any) -> None:
    assert dana.post("/trades/bulk", document).kind == "/problems/invalid-request"
    assert recorded() == 0


@pytest.mark.parametrize(
    ("item", "pointers"),
    [
        ({"trade": a_trade(), "extra": 1}, ["/extra"]),
        ({"trade": a_trade(), "idempotencyKey": "two words"}, ["/idempotencyKey"]),
        ({"trade": a_trade(), "idempotencyKey": None}, ["/idempotencyKey"]),
        ({"trade": a_trade(side="UP"), "extra": 1}, ["/extra", "/side"]),
        ({"trade": "text"}, ["/trade"]),
        ({"trade": None}, ["/trade"]),
        ({}, ["/trade"]),
        ("text", [""]),
        (None, [""]),
        ([], [""]),
    ],
)
def test_an_item_that_is_malformed_beside_its_trade_fails_alone(
    dana: Client, item: Any, pointers: Sequence[str]
) -> None:
    answer = dana.post("/trades/bulk", {"items": [{"trade": a_trade()}, item, {"trade": a_trade()}]})
    assert statuses(answer) == [201, 400, 201]
    problem = answer.json["results"][1]["problem"]
    assert problem["type"] == "/v1/problems/invalid-request"
    assert sorted(field["pointer"] for field in problem["errors"]) == pointers


def test_a_hundred_trades_fit(dana: Client) -> None:
    assert statuses(dana.post("/trades/bulk", items(*(a_trade() for _ in range(100))))) == [201] * 100


def test_trades_are_deleted_each_on_its_own(dana: Client, erin: Client) -> None:
    mine = [dana.new_trade()["tradeId"] for _ in range(3)]
    theirs = erin.new_trade()["tradeId"]
    answer = dana.post(
        "/trades/bulk-delete",
        {"tradeIds": [mine[0], theirs, "not-an-id", mine[1].upper(), mine[0], 7, None, "", {"tradeId": mine[2]}]},
    )
    assert statuses(answer) == [204, 404, 400, 204, 404, 400, 400, 400, 400]
    assert answer.json["results"][1]["problem"] == answer.json["results"][4]["problem"]
    assert erin.get(f"/trades/{theirs}").status == 200
    assert [trade["tradeId"] for trade in dana.get("/trades").json["items"]] == [mine[2]]


@pytest.mark.usefixtures("busy_every_other_time")
def test_a_deletion_that_could_not_be_made_is_said(dana: Client) -> None:
    first = dana.new_trade()["tradeId"]
    answer = dana.post("/trades/bulk-delete", {"tradeIds": [first, first]})
    assert sorted(statuses(answer)) == [204, 429]
    assert dana.get("/trades").json["items"] == []


def test_the_gateways_route_to_a_trade_named_bulk_is_a_405() -> None:
    # For the gateway GET /trades/bulk fits GET /trades/{tradeId}; in the contract the literal path wins.
    event = events.event("GET", "/v1/trades/bulk", route_key="GET /trades/{tradeId}", claims=events.claims_of(DANA))
    answer = events.function("getTrade")(event, None)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "POST")

"""A trade that was recorded by hand is turned into executions, and stays the trade that it was."""

from __future__ import annotations

import random
from typing import Any

import pytest

from handlers.storage import clients, ledger
from handlers.storage import executions as storage
from tests.api.behind import Behind
from tests.api.client import Answer, Client, a_trade
from tests.api.test_executions import fill, listed, put, refused
from tests.api.test_trading_accounts import make

# What differs once a trade follows from executions: where its parts come from, and when it was changed.
OWN = {"source", "version", "updatedAt", "entries", "partialCloses", "currency"}


def hand_made(client: Client, *closes: dict[str, Any], **given: Any) -> dict[str, Any]:
    answer = client.post("/trades", a_trade(**{"openDate": "2026-01-05T10:00:00Z", "lessons": "wait", **given}))
    assert answer.status == 201, answer.json
    for close in closes:
        answer = client.post(f"/trades/{answer.json['tradeId']}/closes", close)
        assert answer.status == 201, answer.json
    trade: dict[str, Any] = answer.json
    return trade


def convert(client: Client, trade: dict[str, Any], **given: Any) -> Answer:
    return client.post(f"/trades/{trade['tradeId']}/to-executions", **given)


def figures(trade: dict[str, Any]) -> dict[str, Any]:
    """All of a trade that stays, its parts without their ids."""
    kept = {name: value for name, value in trade.items() if name not in OWN}
    for parts in ("entries", "partialCloses"):
        kept[parts] = [
            {name: value for name, value in part.items() if name not in ("entryId", "closeId")} for part in trade[parts]
        ]
    return kept


def closed(quantity: str, price: str, minute: int, **given: Any) -> dict[str, Any]:
    return {"quantity": quantity, "price": price, "closedAt": f"2026-01-05T10:{minute:02}:00-05:00", **given}


def test_a_trade_stays_what_it_was(dana: Client) -> None:
    trade = hand_made(
        dana,
        closed("1", "101", 5, commission="0.10"),
        closed("1", "102", 6, fees="-0.10"),
        quantity="3",
        entryPrice="100",
        commission="1",
        stopLoss="95",
        lotMethod="FIFO",
        externalId="broker-1",
        tags=["gap"],
    )
    answer = convert(dana, trade, headers={"If-Match": f'"{trade["version"]}"'})
    assert (answer.status, answer.json["source"]) == (200, "LEDGER")
    assert figures(answer.json) == figures(trade)
    assert answer.headers["etag"] == f'"{trade["version"] + 1}"'
    assert dana.get(f"/trades/{trade['tradeId']}").json == answer.json
    ids = [trade["entries"][0]["entryId"], *(close["closeId"] for close in trade["partialCloses"])]
    assert listed(dana, ("order", "asc"), ("tradeId", trade["tradeId"])) == ids
    entry = dana.get(f"/executions/{ids[0]}").json
    assert (entry["source"], entry["price"], entry["tradeIds"]) == ("MANUAL", "100", [trade["tradeId"]])
    [position] = dana.get("/positions").json["items"]
    assert (position["tradeId"], position["quantity"]) == (trade["tradeId"], "1")


def test_what_comes_after_goes_on_from_it(dana: Client) -> None:
    trade = hand_made(dana, quantity="2", entryPrice="10", commission="0", fees="0")
    assert convert(dana, trade).status == 200
    put(dana, fill("SELL", "2", "11", 30))
    now = dana.get(f"/trades/{trade['tradeId']}").json
    assert (now["status"], now["netPnl"], now["lessons"]) == ("CLOSED", "2", "wait")


def test_to_ask_again_changes_nothing(dana: Client) -> None:
    trade = hand_made(dana)
    first, second = convert(dana, trade), convert(dana, trade)
    assert (second.status, second.json) == (200, first.json)
    assert len(listed(dana)) == 1


def test_who_deletes_the_executions_deletes_the_trade(dana: Client) -> None:
    trade = hand_made(dana, closed("1", "9", 5), quantity="1", lessons=None)
    assert convert(dana, trade).status == 200
    for execution_id in reversed(listed(dana, ("order", "asc"))):
        assert dana.delete(f"/executions/{execution_id}").status == 204
    assert dana.get(f"/trades/{trade['tradeId']}").status == 404
    assert dana.get("/deleted-trades").json["items"] == []


@pytest.mark.parametrize("is_behind", [True, False])
def test_a_trade_that_vanishes_frees_its_external_id(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch, is_behind: bool
) -> None:
    trade = hand_made(dana, externalId="x-1", lessons=None)
    assert convert(dana, trade).status == 200
    [only] = listed(dana)
    if is_behind:
        monkeypatch.setattr("handlers.usecases.position_changes.MOST_READ", 0)
    assert dana.delete(f"/executions/{only}").status == (202 if is_behind else 204)
    behind.settle()
    assert dana.get(f"/trades/{trade['tradeId']}").status == 404
    again = dana.post("/trades", a_trade(externalId="x-1"))
    assert again.status == 201, again.json


def test_notes_are_not_lost_with_the_last_execution(dana: Client) -> None:
    trade = hand_made(dana)
    assert convert(dana, trade).status == 200
    [only] = listed(dana)
    assert refused(dana.delete(f"/executions/{only}")) == (409, "/problems/state-forbids")


@pytest.mark.parametrize(
    ("given", "then", "why"),
    [
        ({"status": "CANCELLED"}, None, "cancelled"),
        ({"entryPrice": None}, None, "no entry price"),
        (
            {},
            lambda dana, path: dana.post(
                f"{path}/events", {"type": "DIVIDEND", "amount": "1", "at": "2026-01-06T10:00:00Z"}
            ),
            "has events",
        ),
        (
            {},
            lambda dana, path: dana.post(f"{path}/splits", {"new": "2", "old": "1", "at": "2026-01-06T10:00:00Z"}),
            "has splits",
        ),
    ],
)
def test_what_executions_cannot_say_is_refused(dana: Client, given: Any, then: Any, why: str) -> None:
    trade = hand_made(dana, **given)
    path = f"/trades/{trade['tradeId']}"
    if then is not None:
        assert then(dana, path).status in (200, 201)
    before = dana.get(path).json
    answer = convert(dana, trade)
    assert refused(answer) == (409, "/problems/state-forbids")
    assert why in answer.json["detail"]
    assert (dana.get(path).json, listed(dana)) == (before, [])


def test_a_trade_of_many_parts_is_refused(dana: Client) -> None:
    entries = [{"quantity": "1", "price": "10", "enteredAt": f"2026-01-05T10:{minute:02}:00Z"} for minute in range(41)]
    many = dana.post("/trades", {"symbol": "AAPL", "side": "BUY", "entries": entries}).json
    assert "more than 40" in convert(dana, many).json["detail"]
    fewer = dana.post("/trades", {"symbol": "AAPL", "side": "BUY", "entries": entries[:40]}).json
    assert convert(dana, fewer).status == 200


def test_a_trade_among_others_of_its_symbol_is_refused(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 0), fill("SELL", "1", "11", 40))
    between = hand_made(dana, quantity="5", openDate="2026-01-05T10:10:00Z")
    assert "would not make this trade" in convert(dana, between).json["detail"]
    around = hand_made(dana, quantity="5", openDate="2026-01-05T09:00:00Z")
    assert refused(convert(dana, around)) == (409, "/problems/state-forbids")
    before = hand_made(dana, closed("5", "9", 1), quantity="5", openDate="2026-01-05T08:00:00Z", symbol="aapl")
    assert refused(convert(dana, before)) == (409, "/problems/state-forbids")
    assert [len(listed(dana)), len(dana.get("/trades").json["items"])] == [2, 4]


def test_a_trade_beside_a_position_that_is_being_settled_waits(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.usecases.position_changes.MOST_READ", 0)
    for minute in (0, 1):
        assert dana.post("/executions", fill("BUY", "1", "10", minute)).status in (201, 202)
    answer = convert(dana, hand_made(dana, openDate="2026-01-06T10:00:00Z"))
    assert refused(answer) == (409, "/problems/state-forbids")
    assert "being worked out" in answer.json["detail"]


def test_a_trade_before_others_is_taken_in(dana: Client) -> None:
    [_, late] = put(dana, fill("BUY", "1", "10", 0), fill("SELL", "1", "11", 40))
    trade = hand_made(
        dana, {"price": "9", "closedAt": "2026-01-05T09:30:00Z"}, quantity="5", openDate="2026-01-05T09:00:00Z"
    )
    assert figures(convert(dana, trade).json) == figures(trade)
    assert dana.get(f"/trades/{late['trades'][0]['tradeId']}").json == late["trades"][0]


def test_a_trade_that_is_flat_between_its_entries_is_refused(dana: Client) -> None:
    entries = [
        {"quantity": "1", "price": "10", "enteredAt": "2026-01-05T10:00:00Z"},
        {"quantity": "1", "price": "10", "enteredAt": "2026-01-05T12:00:00Z"},
    ]
    trade = dana.post("/trades", {"symbol": "AAPL", "side": "BUY", "entries": entries}).json
    close = {"quantity": "1", "price": "11", "closedAt": "2026-01-05T11:00:00Z"}
    assert dana.post(f"/trades/{trade['tradeId']}/closes", close).status == 201
    assert refused(convert(dana, trade)) == (409, "/problems/state-forbids")


@pytest.mark.parametrize(
    "given",
    [
        {"type": "SPLIT", "new": "4", "old": "1"},
        {"type": "SHARE_DIVIDEND", "quantity": "4"},
        {"type": "SPINOFF", "newSymbol": "B", "new": "1", "old": "1", "costShare": "0.2"},
        {"type": "RENAME", "newSymbol": "B"},
        {"type": "MERGER_SHARES", "newSymbol": "B", "new": "1", "old": "1"},
        {"type": "MERGER_CASH", "cashPerShare": "4"},
    ],
)
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_trade_that_a_corporate_action_would_change_is_refused(
    dana: Client, given: dict[str, Any], is_closed: bool
) -> None:
    action = {"symbol": "AAPL", "effectiveAt": "2026-01-05T15:02:00Z", **given}
    assert dana.post("/corporate-actions", action).status == 201
    closes = [closed("4", "12", 3)] if is_closed else []
    trade = hand_made(dana, *closes, quantity="4")
    answer = convert(dana, trade)
    assert refused(answer) == (409, "/problems/state-forbids")
    assert "orporate actions of its symbol" in answer.json["detail"]
    assert (dana.get(f"/trades/{trade['tradeId']}").json, listed(dana)) == (trade, [])
    before = hand_made(dana, closed("4", "12", 1), quantity="4")
    assert figures(convert(dana, before).json) == figures(before)


def test_a_symbol_is_one_instrument(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 0), fill("SELL", "1", "11", 1))
    for given in ({"multiplier": "5"}, {"currency": "EUR"}):
        answer = convert(dana, hand_made(dana, openDate="2026-01-06T10:00:00Z", **given))
        assert refused(answer) == (409, "/problems/state-forbids")
        assert next(iter(given)) in answer.json["detail"]


def test_it_stays_in_its_account(dana: Client) -> None:
    account = make(dana, dustValue="1000000")["accountId"]
    trade = hand_made(
        dana,
        closed("1", "9", 5),
        quantity="2",
        accountId=account,
    )
    answer = convert(dana, trade)
    assert (answer.json["accountId"], answer.json["currency"]) == (account, "EUR")
    assert figures(answer.json) == figures(trade)  # nothing is taken along as dust
    assert len(listed(dana, ("accountId", account))) == 2


def test_anothers_trade_and_another_version_are_refused(dana: Client, erin: Client) -> None:
    trade = hand_made(dana)
    assert convert(erin, trade).status == 404
    assert convert(dana, trade, headers={"If-Match": '"9"'}).status == 412
    assert listed(dana) == []


def test_what_comes_first_is_kept(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trade = hand_made(dana, closed("1", "9", 5), quantity="2")
    path, write = f"/trades/{trade['tradeId']}", storage.write
    first: list[Answer] = []

    def overtaken(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(storage, "write", write)
        first.append(dana.patch(path, {"lessons": "sell"}))
        first.append(convert(dana, trade))
        return write(*args, **named)

    monkeypatch.setattr(storage, "write", overtaken)
    second = convert(dana, trade)
    assert [answer.status for answer in (*first, second)] == [200] * 3
    assert second.json == first[1].json
    assert (second.json["lessons"], len(listed(dana))) == ("sell", 2)


def test_a_change_while_it_is_turned_is_not_lost(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    trade, key_of = hand_made(dana), storage.position_key
    path = f"/trades/{trade['tradeId']}"

    def overtaken(execution: Any) -> Any:
        monkeypatch.setattr(storage, "position_key", key_of)
        dana.patch(path, {"lessons": "sell"})
        return key_of(execution)

    monkeypatch.setattr(storage, "position_key", overtaken)
    assert (convert(dana, trade).json["lessons"], dana.get(path).json["version"]) == ("sell", 3)


def test_a_trade_whose_account_is_gone_stays(dana: Client) -> None:
    own = make(dana)["accountId"]
    trade = hand_made(dana, accountId=own)
    clients.dynamodb().delete_item(TableName="ledger", Key=ledger.key(str(dana.user), ledger.account(own)))
    assert refused(convert(dana, trade)) == (409, "/problems/state-forbids")
    assert dana.get(f"/trades/{trade['tradeId']}").json["version"] == 1


@pytest.mark.parametrize("seed", range(12))
def test_any_trade_keeps_its_figures(dana: Client, seed: int) -> None:
    chance = random.Random(seed)
    entries, closes, held = [], [], 0
    for minute in range(chance.randint(2, 12)):
        quantity, price = chance.randint(1, 9), f"{chance.uniform(1, 99):.{chance.randint(0, 8)}f}"
        costs = {"commission": f"{chance.uniform(-1, 3):.3f}", "fees": f"{chance.uniform(0, 1):.2f}"}
        at = f"2026-01-05T10:{minute:02}:00+0{chance.randint(0, 5)}:00"
        if held > 1 and chance.random() < 0.5:
            quantity = min(quantity, held - 1)
            closes.append({"quantity": str(quantity), "price": price, "closedAt": at, **costs})
            held -= quantity
        else:
            entries.append({"quantity": str(quantity), "price": price, "enteredAt": at, **costs})
            held += quantity
    made = dana.post(
        "/trades",
        {
            "symbol": "AAPL",
            "side": chance.choice(["BUY", "SELL"]),
            "entries": [{**each, "enteredAt": each["enteredAt"][:17] + "00Z"} for each in entries],
            "lotMethod": chance.choice(["FIFO", "LIFO", "AVERAGE"]),
        },
    ).json
    for close in closes:
        close["closedAt"] = close["closedAt"][:17] + "00Z"
        answer = dana.post(f"/trades/{made['tradeId']}/closes", close)
        assert answer.status == 201, answer.json
        made = answer.json
    assert figures(convert(dana, made).json) == figures(made)

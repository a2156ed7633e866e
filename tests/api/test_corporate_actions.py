"""Corporate actions: what they make of trades and positions, late fills before them, and how they are taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from handlers.journal.money import canonical, total
from handlers.storage import clients
from tests.api.client import DANA, Answer, Client
from tests.api.test_executions import NEVER, fill, put, refused, trades
from tests.api.test_match_executions import CASES, REFERENCE

AT = "2026-01-06T09:30:00-05:00"
SPLIT = {"type": "SPLIT", "symbol": "aapl", "effectiveAt": AT, "new": "4", "old": "1"}
MERGER = {"type": "MERGER_CASH", "symbol": "AAPL", "effectiveAt": AT, "cashPerShare": "13"}
DIVIDEND = {"type": "SHARE_DIVIDEND", "symbol": "AAPL", "effectiveAt": AT, "quantity": "2.5"}
NEXT_DAY = {"executedAt": "2026-01-07T10:00:00Z"}


def act(client: Client, given: dict[str, Any]) -> str:
    answer = client.post("/corporate-actions", given)
    assert answer.status == 201, answer.json
    return str(answer.json["actionId"])


def undo(client: Client, action_id: str) -> None:
    assert client.delete(f"/corporate-actions/{action_id}").status == 204


def stored(user: str = DANA) -> dict[tuple[str, str], Any]:
    """All that is stored for the user of trades and the ledger, without versions, when it was changed, and answers that
    are kept.
    """
    found = {}
    for table, key in (("trades", "tradeId"), ("ledger", "item")):
        for item in clients.dynamodb().query(
            TableName=table,
            KeyConditionExpression="userId = :user",
            ExpressionAttributeValues={":user": {"S": user}},
        )["Items"]:
            left = {name: value for name, value in item.items() if "version" not in name.lower()}
            left.pop("updatedAt", None)
            found[table, item[key]["S"]] = left
    return {key: item for key, item in found.items() if not key[1].startswith(("actions|", "idempotency|"))}


def shown(trade: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(trade.get(name) for name in names)


def test_a_split_changes_units_and_no_money(dana: Client) -> None:
    put(dana, fill("BUY", "10", "400", 0, commission="1"))
    [trade] = trades(dana)
    dana.patch(f"/trades/{trade['tradeId']}", {"stopLoss": "380", "takeProfit": "480"})
    action_id = act(dana, SPLIT)
    [split] = trades(dana)
    assert shown(split, "quantity", "remainingQuantity", "entryPrice", "stopLoss", "takeProfit", "initialStopLoss") == (
        "40",
        "40",
        "100",
        "95",
        "120",
        "95",
    )
    assert split["splits"] == [{"splitId": action_id, "new": "4", "old": "1", "at": AT}]
    assert shown(split["entries"][0], "quantity", "price") == ("10", "400")
    [position] = dana.get("/positions").json["items"]
    assert shown(position, "quantity", "averagePrice", "costBasis") == ("40", "100", "4000")
    put(
        dana,
        fill("SELL", "20", "110", 0, commission="0.5", **NEXT_DAY),
        fill("SELL", "20", "95", 0, commission="0.5", executedAt="2026-01-07T11:00:00Z"),
    )
    [flat] = trades(dana)
    assert [close["realizedPnl"] for close in flat["partialCloses"]] == ["199", "-101"]
    assert shown(flat, "status", "netPnl") == ("CLOSED", "98")


def test_a_late_fill_before_an_action_takes_part_in_it(dana: Client) -> None:
    act(dana, SPLIT)  # nothing is held yet
    put(dana, fill("BUY", "10", "400", 5), fill("SELL", "40", "101", 0, **NEXT_DAY))
    [trade] = trades(dana)
    assert shown(trade, "status", "netPnl", "quantity") == ("CLOSED", "40", "40")
    put(dana, fill("BUY", "5", "300", 0))
    [trade] = trades(dana)
    assert shown(trade, "quantity", "remainingQuantity", "status") == ("60", "20", "PARTIAL")
    put(dana, fill("BUY", "1", "7", 0, pairId="2"))
    assert sorted(each["quantity"] for each in dana.get("/positions").json["items"]) == ["20", "4"]
    # Fills after the action are in the new units, whatever is known of before.
    put(dana, fill("SELL", "20", "100", 1, **NEXT_DAY))
    assert next(one for one in trades(dana) if one["tradeId"] == trade["tradeId"])["status"] == "CLOSED"


def test_a_merger_for_cash_closes_what_is_open(dana: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0, commission="1"), fill("SELL", "4", "12", 1))
    before = stored()
    action_id = act(dana, MERGER)
    [trade] = trades(dana)
    assert shown(trade, "status", "netPnl", "closeDate") == ("CLOSED", "25", AT)
    assert shown(trade["partialCloses"][-1], "quantity", "price", "closedAt") == ("6", "13", AT)
    assert dana.get("/positions").json == {"items": []}
    assert dana.get("/positions", query="at=2026-01-05").json["items"][0]["quantity"] == "6"
    legs = dana.get(f"/trades/{trade['tradeId']}/legs").json
    assert [match["net"] for match in legs["matches"]] == ["7.6", "17.4"]
    refused_close = dana.post("/executions", fill("SELL", "1", "1", 0, positionEffect="CLOSE", **NEXT_DAY))
    assert refused(refused_close) == (409, "/problems/position-too-small")
    put(dana, fill("BUY", "4", "9", 0))  # late: it is paid out, too
    [trade] = trades(dana)
    assert (trade["netPnl"], trade["partialCloses"][-1]["quantity"]) == ("41", "10")
    executions = dana.get("/executions", query="order=asc").json["items"]
    late = next(each for each in executions if each["price"] == "9")
    assert dana.delete(f"/executions/{late['executionId']}").status == 204
    undo(dana, action_id)
    assert stored() == before


def test_a_dividend_in_shares_adds_units_at_no_cost(dana: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0))
    act(dana, DIVIDEND)
    put(dana, fill("SELL", "12.5", "9", 0, **NEXT_DAY))
    [trade] = trades(dana)
    assert shown(trade, "status", "quantity", "netPnl") == ("CLOSED", "12.5", "12.5")
    assert trade["splits"][0]["new"] == "12.5"
    put(dana, fill("BUY", "10", "8", 1))
    [trade] = trades(dana)
    assert shown(trade, "quantity", "remainingQuantity") == ("22.5", "10")
    assert shown(trade["splits"][0], "new", "old") == ("22.5", "20")


@pytest.mark.parametrize(("first", "second", "left"), [(SPLIT, DIVIDEND, "42.5"), (DIVIDEND, SPLIT, "50")])
def test_actions_of_one_instant_apply_in_the_order_in_which_they_were_recorded(
    dana: Client, first: dict[str, Any], second: dict[str, Any], left: str
) -> None:
    symbols = [f"SYM{number}" for number in range(6)]  # the ids are random
    put(dana, *(fill("BUY", "10", "10", 0, symbol=symbol) for symbol in symbols))
    for symbol in symbols:
        act(dana, {**first, "symbol": symbol})
        act(dana, {**second, "symbol": symbol})
    assert {each["quantity"] for each in dana.get("/positions").json["items"]} == {left}
    put(dana, *(fill("BUY", "10", "10", 0, symbol=symbol, pairId="late") for symbol in symbols))
    assert [each["quantity"] for each in dana.get("/positions").json["items"]] == [left] * 12
    previewed = dana.post(
        "/executions/match",
        {
            "executions": [fill("BUY", "10", "10", 0)],
            # The ninth and the tenth: as texts, their numbers are in the other order.
            "actions": [*({**SPLIT, "symbol": "OTHER"} for _ in range(8)), first, second],
        },
    )
    assert [each["quantity"] for each in previewed.json["open"]] == [left]


@pytest.mark.parametrize("given", [SPLIT, {**SPLIT, "new": "1", "old": "3"}, MERGER, DIVIDEND])
def test_what_an_action_did_is_undone_to_the_last_byte(dana: Client, given: dict[str, Any]) -> None:
    put(
        dana,
        fill("BUY", "10", "10", 0, commission="1"),
        fill("SELL", "12", "12", 1, commission="0.7"),
        fill("BUY", "7", "11", 0, **NEXT_DAY),
        fill("SELL", "1", "11.5", 1, **NEXT_DAY),
        fill("BUY", "3", "5", 2, symbol="MSFT"),
    )
    [first, *_] = trades(dana)
    dana.patch(f"/trades/{first['tradeId']}", {"lessons": "one", "stopLoss": "10.1", "tags": ["one"]})
    before = stored()
    action_id = act(dana, given)
    assert stored() != before
    second = act(dana, {**given, "effectiveAt": "2026-01-08T00:00:00Z"})
    undo(dana, action_id)
    undo(dana, second)
    assert stored() == before


def test_an_action_is_of_one_account_or_of_all(dana: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0))
    nobodys = dana.post("/corporate-actions", {**SPLIT, "accountId": NEVER})
    assert bad(nobodys) == (422, {("body", "/accountId")})
    second = dana.post("/accounts", {"name": "IBKR", "currency": "USD"}).json["accountId"]
    other = act(dana, {**SPLIT, "accountId": second})
    assert trades(dana)[0]["quantity"] == "10"
    own = act(dana, {**SPLIT, "accountId": "00000000-0000-4000-8000-000000000001"})
    assert trades(dana)[0]["quantity"] == "40"
    shown_ = dana.get(f"/corporate-actions/{own.upper()}")
    assert (shown_.json["accountId"], shown_.headers["etag"]) == ("00000000-0000-4000-8000-000000000001", '"1"')
    put(dana, fill("BUY", "1", "10", 0, accountId=second))
    assert sorted(trade["quantity"] for trade in trades(dana)) == ["4", "40"]
    undo(dana, other)
    assert sorted(trade["quantity"] for trade in trades(dana)) == ["1", "40"]


def test_a_repeated_request_applies_an_action_once(dana: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0))
    headers = {"Idempotency-Key": "one"}
    first = dana.post("/corporate-actions", SPLIT, headers=headers)
    again = dana.post("/corporate-actions", {**SPLIT, "new": "4.0"}, headers=headers)
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (201, first.json, "true")
    assert first.headers["location"] == f"/v1/corporate-actions/{first.json['actionId']}"
    other = dana.post("/corporate-actions", MERGER, headers=headers)
    assert refused(other) == (422, "/problems/idempotency-key-reused")
    assert trades(dana)[0]["quantity"] == "40"


def test_actions_are_listed_by_symbol_and_time(dana: Client, erin: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0))
    later = act(dana, {**SPLIT, "effectiveAt": "2026-03-01T00:00:00Z"})
    first, other = act(dana, SPLIT), act(dana, {**SPLIT, "symbol": "MSFT"})

    def listed(query: str = "") -> list[str]:
        found, token = [], ""
        while True:
            page = dana.get("/corporate-actions", query=f"limit=1{query}{token}").json
            found += [each["actionId"] for each in page["items"]]
            if "nextToken" not in page:
                return found
            token = f"&nextToken={page['nextToken']}"

    assert listed() == [first, later, other]
    assert listed("&symbol=Aapl") == [first, later]
    assert listed("&symbol=AAP") == []
    token = dana.get("/corporate-actions", query="limit=1").json["nextToken"]
    for client, query in ((erin, "limit=1"), (dana, "limit=1&symbol=AAPL")):
        answer = client.get("/corporate-actions", query=f"{query}&nextToken={token}")
        assert (answer.status, answer.bad_fields) == (400, {("query", "/nextToken")})
    assert erin.get("/corporate-actions").json == {"items": []}


def test_an_action_is_deleted_once_and_at_its_version(dana: Client, erin: Client) -> None:
    action_id = act(dana, SPLIT)
    path = f"/corporate-actions/{action_id}"
    assert dana.delete(path, headers={"If-Match": '"2"'}).status == 412
    assert [erin.get(path).status, erin.delete(path).status] == [404, 404]
    assert dana.delete(path, headers={"If-Match": '"1"'}).status == 204
    assert [dana.delete(path).status, dana.get(path).status] == [404, 404]
    [made] = put(dana, fill("BUY", "1", "1", 0))
    assert dana.get(f"/corporate-actions/{made['execution']['executionId']}").status == 404
    assert dana.get(f"/executions/{act(dana, SPLIT)}").status == 404


def bad(answer: Answer) -> tuple[int, set[tuple[str, str]]]:
    return answer.status, answer.bad_fields


def test_bad_actions_are_refused_by_field(dana: Client) -> None:
    put(dana, fill("BUY", "0.000000000000000001", "400", 0))
    for change, pointer in (
        ({"old": None}, "/old"),
        ({"old": "4"}, "/new"),
        ({"cashPerShare": "1"}, "/cashPerShare"),
        ({"new": "1", "old": "4"}, "/new"),
    ):
        given = {name: value for name, value in {**SPLIT, **change}.items() if value is not None}
        assert bad(dana.post("/corporate-actions", given)) == (422, {("body", pointer)})
    assert bad(dana.post("/corporate-actions", {**SPLIT, "type": "LIQUIDATION"}))[0] == 400
    put(dana, fill("BUY", "999999999999999", "1", 1))
    assert bad(dana.post("/corporate-actions", SPLIT)) == (422, {("body", "/new")})
    assert bad(dana.post("/corporate-actions", {**DIVIDEND, "quantity": "9"})) == (422, {("body", "/quantity")})
    assert dana.get("/corporate-actions").json == {"items": []}


def test_an_action_that_leaves_too_little_for_what_follows_is_refused(dana: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0), fill("SELL", "10", "11", 0, positionEffect="CLOSE", **NEXT_DAY))
    assert refused(dana.post("/corporate-actions", MERGER)) == (409, "/problems/state-forbids")
    assert refused(dana.post("/corporate-actions", {**SPLIT, "new": "1", "old": "2"})) == (
        409,
        "/problems/state-forbids",
    )
    action_id = act(dana, SPLIT)
    put(dana, fill("SELL", "30", "11", 1, positionEffect="CLOSE", **NEXT_DAY))
    answer = dana.delete(f"/corporate-actions/{action_id}")
    assert refused(answer) == (409, "/problems/state-forbids")


def test_a_late_fill_that_an_action_cannot_be_applied_to_is_refused(dana: Client) -> None:
    act(dana, {**SPLIT, "new": "1", "old": "4"})
    answer = dana.post("/executions", fill("BUY", "0.000000000000000001", "400", 0))
    assert refused(answer) == (409, "/problems/state-forbids")


def test_kinds_whose_quantity_follows_see_what_an_action_left(dana: Client) -> None:
    put(dana, fill("BUY", "10", "10", 0))
    act(dana, SPLIT)
    [out] = put(dana, {"symbol": "AAPL", "kind": "TRANSFER_OUT", "quantity": "10", **NEXT_DAY})
    assert out["execution"]["price"] == "2.5"
    [rest] = put(dana, {"symbol": "AAPL", "kind": "DUST", "executedAt": "2026-01-08T10:00:00Z"})
    assert (rest["execution"]["quantity"], rest["trades"][0]["netPnl"]) == ("30", "0")
    assert dana.get("/positions").json == {"items": []}


@pytest.mark.parametrize("actions_first", [True, False])
@pytest.mark.parametrize(("name", "fills", "actions", "method"), REFERENCE)
def test_recorded_executions_make_the_trades_of_the_reference_cases(
    dana: Client,
    name: str,
    fills: list[dict[str, Any]],
    actions: list[dict[str, Any]],
    method: str,
    actions_first: bool,
) -> None:
    dana.patch("/settings", {"lotMethod": method})
    if actions_first:
        for each in actions:
            act(dana, each)
    made = put(dana, *[{key: each[key] for key in each if key != "executionId"} for each in fills])
    if not actions_first:
        for each in actions:
            act(dana, each)
    names = {one["execution"]["executionId"]: each["executionId"] for one, each in zip(made, fills, strict=True)}
    of_case = [exit_ for exit_ in CASES[name]["exits"] if "fill" in exit_]
    found = []
    for trade in trades(dana):
        legs = dana.get(f"/trades/{trade['tradeId']}/legs").json
        names |= {str(uuid5(UUID(trade["tradeId"]), execution)): names[execution] for execution in list(names)}
        for close in legs["closes"]:
            own = [match for match in legs["matches"] if match["closeId"] == close["closeId"]]
            sums = {key: canonical(total(Decimal(one[key]) for one in own)) for key in OF_MATCHES}
            found.append({"fill": names[close["closeId"]], **sums})
    assert found == [{key: exit_[key] for key in ("fill", *OF_MATCHES)} for exit_ in of_case]
    assert [
        {
            "side": "LONG" if trade["side"] == "BUY" else "SHORT",
            "gross": trade["grossPnl"],
            "net": trade["netPnl"],
            "entryPrice": trade["entryPrice"],
            "exitPrice": trade["exitPrice"],
        }
        for trade in trades(dana)
    ] == [{key: each[key] for key in each if key != "fills"} for each in CASES[name]["trades"]]
    assert dana.get("/positions").json == {"items": []}


OF_MATCHES = ("net", "gross", "entryCosts", "exitCosts")

"""Recorded executions and the trades that follow from them: corrected, deleted, late and concurrent ones."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import pytest

from handlers.journal import merging, regrouping
from handlers.storage import execution_lists, kept_answers, ledger, trading_accounts
from handlers.storage import executions as storage
from tests.api.client import DANA, Answer, Client
from tests.api.test_stats import settle

MAIN = "00000000-0000-4000-8000-000000000001"
NEVER = "99999999-0000-4000-8000-000000000000"


def fill(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return {
        "symbol": "AAPL",
        "side": side,
        "quantity": quantity,
        "price": price,
        "executedAt": f"2026-01-05T10:{minute:02}:00Z",
        **others,
    }


def put(client: Client, *fills: dict[str, Any]) -> list[dict[str, Any]]:
    answers = [client.post("/executions", each) for each in fills]
    assert [answer.status for answer in answers] == [201] * len(fills), [answer.json for answer in answers]
    return [answer.json for answer in answers]


def trades(client: Client) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = client.get("/trades", query="order=asc").json["items"]
    return shown


def nets(client: Client) -> list[str | None]:
    return [trade.get("netPnl") for trade in trades(client)]


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.kind


def test_a_flip_ends_one_trade_and_begins_the_next(dana: Client) -> None:
    first, second, third = put(
        dana,
        fill("BUY", "100", "10", 0, commission="1"),
        fill("SELL", "150", "11", 1, commission="1.5"),
        fill("BUY", "50", "10.5", 2, commission="0.5"),
    )
    assert nets(dana) == ["98", "24"]
    assert [trade["source"] for trade in trades(dana)] == ["LEDGER"] * 2
    assert first["execution"]["tradeIds"] == [trades(dana)[0]["tradeId"]]
    assert [trade["tradeId"] for trade in second["trades"]] == [trade["tradeId"] for trade in trades(dana)]
    assert [trade["status"] for trade in second["trades"]] == ["CLOSED", "OPEN"]
    assert third["trades"][0]["netPnl"] == "24"
    assert dana.get("/positions").json == {"items": []}


def test_an_execution_is_read_as_it_was_recorded(dana: Client) -> None:
    given = fill(
        "BUY",
        "2",
        "5000.25",
        0,
        symbol="MESH6",
        instrument={"kind": "FUTURE", "expiry": "2026-03-20"},
        commission="1",
        fees="0.94",
        costDetails=[{"kind": "COMMISSION", "amount": "1"}, {"kind": "EXCHANGE", "amount": "0.94"}],
        orderId="o-1",
        externalId="x-1",
        note="breakout",
        tags=["a  b", "a b"],
        positionEffect="OPEN",
    )
    answer = dana.post("/executions", given)
    shown = answer.json["execution"]
    assert shown["instrument"] == {"kind": "FUTURE", "multiplier": "5", "currency": "USD", "expiry": "2026-03-20"}
    assert (shown["tags"], shown["note"], shown["costDetails"][1]) == (
        ["a b"],
        "breakout",
        {"kind": "EXCHANGE", "amount": "0.94"},
    )
    read = dana.get(answer.headers["location"].removeprefix("/v1"))
    assert (read.json, read.headers["etag"]) == (shown, '"1"')
    assert answer.json["trades"][0]["multiplier"] == "5"
    for path in (f"/executions/{NEVER}", "/executions/" + NEVER.upper()):
        assert refused(dana.get(path)) == (404, "/problems/not-found")


def test_a_repeated_request_records_nothing_twice(dana: Client) -> None:
    headers = {"Idempotency-Key": "one"}
    first = dana.post("/executions", fill("BUY", "1", "10", 0), headers=headers)
    again = dana.post("/executions", fill("BUY", "1.0", "10.00", 0), headers=headers)
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (201, first.json, "true")
    other = dana.post("/executions", fill("BUY", "2", "10", 0), headers=headers)
    assert refused(other) == (422, "/problems/idempotency-key-reused")
    [position] = dana.get("/positions").json["items"]
    assert position["quantity"] == "1"


def test_an_open_position_is_told_with_its_lots(dana: Client) -> None:
    dana.patch("/settings", {"lotMethod": "FIFO"})
    put(
        dana,
        fill("BUY", "10", "10", 0, commission="1"),
        fill("BUY", "30", "12", 1, commission="1"),
        fill("SELL", "5", "13", 2),
    )
    [position] = dana.get("/positions", query="include=lots").json["items"]
    [trade] = trades(dana)
    assert trade["lotMethod"] == "FIFO"
    assert dana.get("/positions").json["items"][0].keys() == position.keys() - {"lots"}
    assert {
        name: position[name] for name in ("side", "quantity", "averagePrice", "costBasis", "openCosts", "tradeId")
    } == {
        "side": "BUY",
        "quantity": "35",
        "averagePrice": "11.71428571",
        "costBasis": "410",
        "openCosts": "1.5",
        "tradeId": trade["tradeId"],
    }
    assert [lot["entryId"] for lot in position["lots"]] == [entry["entryId"] for entry in trade["entries"]]
    assert [lot["quantity"] for lot in position["lots"]] == ["5", "30"]
    put(dana, fill("BUY", "1", "1", 3, symbol="MSFT"))
    assert [each["symbol"] for each in dana.get("/positions").json["items"]] == ["AAPL", "MSFT"]


def test_positions_are_told_as_they_were(dana: Client) -> None:
    put(
        dana,
        fill("BUY", "10", "10", 0, commission="1"),
        fill("SELL", "4", "12", 1, commission="0.2"),
        fill("SELL", "9", "11", 2),
        fill("BUY", "3", "9", 3),
        fill("BUY", "1", "7", 1, symbol="MSFT"),
    )

    def at(moment: str) -> list[tuple[str, ...]]:
        answer = dana.get("/positions", query=[("at", moment), ("include", "lots")])
        assert answer.status == 200
        shown = ("symbol", "side", "quantity", "averagePrice", "costBasis", "openCosts")
        assert all(len(each["lots"]) == 1 for each in answer.json["items"])
        return [tuple(each[name] for name in shown) for each in answer.json["items"]]

    msft = ("MSFT", "BUY", "1", "7", "7", "0")
    assert at("2026-01-04") == at("2026-01-05T09:59:59.999999Z") == at("0001-01-01T00:00:00+14:00") == []
    assert at("2026-01-05T10:00:00Z") == [("AAPL", "BUY", "10", "10", "100", "1")]
    assert at("2026-01-05T05:01:30-05:00") == [("AAPL", "BUY", "6", "10", "60", "0.6"), msft]
    assert at("2026-01-05T10:02:00Z") == [("AAPL", "SELL", "3", "11", "33", "0"), msft]
    assert at("2026-01-05") == at("9999-12-31") == at("9999-12-31T23:59:59-01:00") == [msft]
    [now] = dana.get("/positions").json["items"]
    [then] = dana.get("/positions", query="at=2026-01-05").json["items"]
    assert then == {**now, "asOf": "2026-01-05T23:59:59.999999Z"}
    for wrong in ("2026-02-30", "2026-01-05T10:00:00", "yesterday"):
        assert dana.get("/positions", query=[("at", wrong)]).bad_fields == {("query", "/at")}


def test_a_corrected_execution_changes_what_follows_from_it(dana: Client) -> None:
    first, _ = put(dana, fill("BUY", "2", "10", 0), fill("SELL", "2", "12", 1))
    path = f"/executions/{first['execution']['executionId']}"
    answer = dana.patch(path, {"price": "11", "commission": "0.5", "note": "typo", "tags": ["x"]})
    assert (answer.status, answer.headers["etag"], answer.json["trades"][0]["netPnl"]) == (200, '"2"', "1.5")
    assert nets(dana) == ["1.5"]
    assert dana.patch(path, {"commission": None, "note": None, "tags": None}).json["execution"]["commission"] == "0"
    assert dana.patch(path, {"price": "11.0"}).headers["etag"] == '"3"'  # nothing changed
    moved = dana.patch(path, {"executedAt": "2026-01-05T10:05:00Z"})
    assert [trade["side"] for trade in trades(dana)] == ["SELL"]
    assert moved.json["trades"][0]["netPnl"] == "2"
    assert dana.patch(path, {"quantity": "3"}, headers={"If-Match": '"1"'}).kind == "/problems/version-mismatch"
    assert dana.patch(path, {"quantity": "3", "side": "BUY"}).json["trades"][1]["remainingQuantity"] == "1"
    assert dana.patch(path, {"feePrice": "2"}).bad_fields == {("body", "/feeCurrency")}
    assert dana.patch(f"/executions/{NEVER}", {"price": "1"}).status == 404


def test_a_deleted_execution_leaves_what_the_others_make(dana: Client) -> None:
    first, second = put(dana, fill("BUY", "2", "10", 0), fill("SELL", "2", "12", 1))
    path = f"/executions/{second['execution']['executionId']}"
    assert dana.delete(path, headers={"If-Match": '"2"'}).status == 412
    assert dana.delete(path, headers={"If-Match": '"1"'}).status == 204
    assert dana.delete(path).status == 404
    assert [trade["status"] for trade in trades(dana)] == ["OPEN"]
    dana.delete(f"/executions/{first['execution']['executionId']}")
    assert (trades(dana), dana.get("/positions").json["items"], dana.get("/executions").json["items"]) == ([], [], [])
    assert dana.get("/deleted-trades").json["items"] == []


def test_notes_follow_the_fill_that_opened_their_trade(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 0), fill("SELL", "1", "11", 1), fill("BUY", "1", "10", 5))
    closed, open_ = trades(dana)
    for trade, text in ((closed, "first"), (open_, "second")):
        assert dana.patch(f"/trades/{trade['tradeId']}", {"lessons": text, "tags": [text]}).status == 200
    put(dana, fill("BUY", "1", "9", 0, executedAt="2026-01-05T09:00:00Z"))  # the first trade is not flat any more
    [joined] = trades(dana)
    assert (joined["tradeId"], joined["lessons"], joined["tags"]) == (
        closed["tradeId"],
        "first\n\n---\n\nsecond",
        ["first", "second"],
    )
    assert dana.get(f"/trades/{open_['tradeId']}").status == 404
    executions = dana.get("/executions", query="order=asc").json["items"]
    assert {tuple(each["tradeIds"]) for each in executions} == {(closed["tradeId"],)}
    early = next(each for each in executions if each["executedAt"] == "2026-01-05T09:00:00Z")
    assert dana.delete(f"/executions/{early['executionId']}").status == 204
    assert [trade["status"] for trade in trades(dana)] == ["CLOSED", "OPEN"]
    assert trades(dana)[0]["lessons"] == joined["lessons"]


def test_what_a_trader_wrote_is_not_lost_with_the_last_fill(dana: Client) -> None:
    [made] = put(dana, fill("BUY", "1", "10", 0))
    trade = made["trades"][0]["tradeId"]
    dana.patch(f"/trades/{trade}", {"stopLoss": "9"})
    path = f"/executions/{made['execution']['executionId']}"
    assert refused(dana.delete(path)) == (409, "/problems/state-forbids")
    dana.patch(f"/trades/{trade}", {"stopLoss": None, "initialStopLoss": None})
    assert dana.delete(path).status == 204


def test_the_money_of_a_trade_that_follows_from_executions_is_theirs(dana: Client) -> None:
    [made] = put(dana, fill("BUY", "2", "10", 0))
    [trade] = made["trades"]
    path, at = f"/trades/{trade['tradeId']}", "2026-01-06T10:00:00Z"
    derived = (422, "/problems/derived-from-executions")
    for change in (
        {"quantity": "3"},
        {"entryPrice": "9"},
        {"symbol": "MSFT"},
        {"status": "CANCELLED"},
        {"externalId": "x"},
    ):
        answer = dana.patch(path, change)
        assert (refused(answer), answer.bad_fields) == (derived, {("body", f"/{name}") for name in change})
    entry = f"{path}/entries/{trade['entries'][0]['entryId']}"
    for answer in (
        dana.post(f"{path}/events", {"type": "DIVIDEND", "amount": "1", "at": at}),
        dana.post(f"{path}/splits", {"new": "2", "old": "1", "at": at}),
        dana.patch(entry, {"price": "9"}),
        dana.delete(entry),
        dana.delete(path),
    ):
        assert refused(answer) == derived
    [result] = dana.post("/trades/bulk-delete", {"tradeIds": [trade["tradeId"]]}).json["results"]
    assert (result["status"], result["problem"]["type"]) == (422, "/v1/problems/derived-from-executions")
    put(dana, fill("SELL", "1", "11", 1))
    close = dana.get(path).json["partialCloses"][0]["closeId"]
    assert refused(dana.patch(f"{path}/closes/{close}", {"price": "9"})) == derived
    assert refused(dana.delete(f"{path}/closes/{close}")) == derived
    noted = dana.patch(path, {"lessons": "patience", "stopLoss": "9", "quantity": "2"})
    assert (noted.status, noted.json["lessons"]) == (200, "patience")


def test_an_option_expires_or_becomes_shares(dana: Client) -> None:
    option = {"kind": "OPTION", "currency": "USD", "underlying": "ABC", "strike": "103", "right": "PUT"}
    put(dana, fill("SELL", "3", "2.05", 0, symbol="ABC P103", instrument=option, commission="3.42"))
    at = {"symbol": "abc p103", "executedAt": "2026-01-16T21:00:00Z"}
    [assigned] = put(dana, {**at, "kind": "ASSIGNMENT", "quantity": "1", "commission": "5"})
    assert assigned["execution"]["side"] == "BUY"
    shares = next(trade for trade in trades(dana) if trade["symbol"] == "ABC")
    assert (shares["quantity"], shares["entryPrice"], shares["commission"]) == ("100", "103", "5")
    [linked] = dana.get("/executions", query="symbol=abc").json["items"]
    assert linked["linkedTo"] == assigned["execution"]["executionId"]
    too_many = dana.post("/executions", {**at, "kind": "EXPIRY", "quantity": "3"})
    assert (refused(too_many), too_many.bad_fields) == ((409, "/problems/position-too-small"), {("body", "/quantity")})
    [expired] = put(dana, {**at, "kind": "EXPIRY"})
    assert (expired["execution"]["quantity"], expired["execution"]["price"]) == ("2", "0")
    assert expired["trades"][0]["netPnl"] == "611.58"  # 615 - 3.42
    assert dana.post("/executions", {**at, "kind": "EXPIRY"}).kind == "/problems/position-too-small"
    bare = dana.post("/executions", {**at, "symbol": "X", "kind": "EXERCISE", "quantity": "1"})
    assert bare.bad_fields == {("body", f"/instrument/{name}") for name in ("underlying", "strike", "right")}


def test_what_leaves_without_a_price_leaves_at_its_cost(dana: Client) -> None:
    put(dana, fill("BUY", "2", "10", 0), fill("BUY", "2", "13", 1))
    [out] = put(dana, {"symbol": "AAPL", "kind": "TRANSFER_OUT", "quantity": "1", "executedAt": "2026-01-06T10:00:00Z"})
    assert (out["execution"]["price"], out["trades"][0]["realizedPartialPnl"]) == ("11.5", "0")


@pytest.mark.parametrize("kind", ["TRANSFER_IN", "OPENING"])
def test_what_came_in_without_a_price_is_in_no_sum_until_it_has_one(dana: Client, kind: str) -> None:
    given = {key: value for key, value in fill("BUY", "2", "10", 0, kind=kind).items() if key != "price"}
    opened, closed = put(dana, given, fill("SELL", "1", "15", 1))
    assert "price" not in opened["execution"]
    [position] = dana.get("/positions").json["items"]
    assert "averagePrice" not in position
    assert "costBasis" not in position
    [closed] = put(dana, fill("SELL", "1", "16", 2, commission="1"))
    [trade] = closed["trades"]
    assert (trade["status"], trade["warnings"], trade["realizedPartialPnl"]) == ("CLOSED", ["BASIS_UNKNOWN"], "0")
    assert trade.keys().isdisjoint({"netPnl", "grossPnl", "rMultiple"})
    assert dana.patch(f"/trades/{trade['tradeId']}", {"stopLoss": "9", "takeProfit": "20"}).status == 200
    assert dana.get(f"/trades/{trade['tradeId']}").json.keys().isdisjoint({"riskRewardRatio", "netPnl"})
    legs = dana.get(f"/trades/{trade['tradeId']}/legs").json
    assert (legs["matches"], [each["realizedPnl"] for each in legs["closes"]]) == ([], ["0", "0"])
    settle()
    stats = dana.get("/stats").json
    assert (stats["tradeCount"], stats["netPnl"], stats["realizedPnl"]) == (0, "0", "0")
    assert dana.get(f"/accounts/{MAIN}/balance").json["realized"] == "0"
    calendar = dana.get("/stats/calendar", query="month=2026-01").json
    assert "days" in calendar
    assert all(not period["tradeCount"] for each in calendar.values() if isinstance(each, list) for period in each)
    known = dana.patch(f"/executions/{opened['execution']['executionId']}", {"price": "10"}).json
    assert (known["execution"]["price"], known["trades"][0]["netPnl"]) == ("10", "10")
    assert "warnings" not in known["trades"][0]
    settle()
    stats = dana.get("/stats").json
    assert (stats["tradeCount"], stats["netPnl"]) == (1, "10")
    assert dana.get(f"/accounts/{MAIN}/balance").json["realized"] == "10"


def test_a_transfer_that_closes_without_a_price_leaves_both_trades_unknown(dana: Client) -> None:
    given = {key: value for key, value in fill("BUY", "2", "10", 1, kind="TRANSFER_IN").items() if key != "price"}
    put(dana, fill("SELL", "1", "10", 0), given)
    assert [trade["warnings"] for trade in trades(dana)] == [["BASIS_UNKNOWN"]] * 2


def test_an_exit_that_leaves_dust_takes_it_along(dana: Client) -> None:
    own = an_account(dana, dustValue="0.00001")
    coin = {"symbol": "COIN", "accountId": own}
    put(dana, fill("BUY", "51.30696933", "0.00000442", 0, **coin))
    [sold] = put(dana, fill("SELL", "51", "0.00000443", 1, **coin))
    assert (sold["trades"][0]["status"], sold["trades"][0]["grossPnl"]) == ("CLOSED", "0.00000051")
    dust = dana.get("/executions", query="kind=DUST").json["items"]
    assert [(each["quantity"], each["price"], each["linkedTo"]) for each in dust] == [
        ("0.30696933", "0.00000443", sold["execution"]["executionId"])
    ]
    again = dana.post("/executions", fill("BUY", "51.30696933", "0.00000442", 3, **coin)).json
    closed = dana.post(
        f"/trades/{again['trades'][0]['tradeId']}/closes",
        {"quantity": "51", "price": "0.00000443", "closedAt": "2026-01-05T10:04:00Z"},
    )
    assert (closed.status, closed.json["status"]) == (201, "CLOSED")
    # A late exit leaves its rest to what came after it, and so does one that leaves more.
    put(dana, fill("BUY", "3", "1", 5, **coin), fill("SELL", "1", "1", 8, **coin))
    put(dana, fill("SELL", "1.999999", "1", 7, **coin, positionEffect="AUTO"))
    assert len(dana.get("/executions", query="kind=DUST").json["items"]) == 2


def test_an_execution_that_is_deleted_takes_along_what_was_recorded_with_it(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = an_account(dana, dustValue="0.00001")
    coin = {"symbol": "COIN", "accountId": own}
    put(dana, fill("BUY", "51.30696933", "0.00000442", 0, **coin))
    option = {"kind": "OPTION", "currency": "USD", "underlying": "ABC", "strike": "103", "right": "PUT"}
    put(
        dana,
        fill("SELL", "2", "2.05", 0, symbol="ABC P103", instrument=option),
        fill("BUY", "5", "99", 0, symbol="ABC"),
    )
    before = dana.get("/executions").json, dana.get("/positions").json["items"]
    assigned = {"symbol": "ABC P103", "kind": "ASSIGNMENT", "quantity": "1", "executedAt": "2026-01-05T10:01:00Z"}
    for is_large in (False, True):
        for added in (fill("SELL", "51", "0.00000443", 1, **coin), assigned):
            [made] = put(dana, added)
            others = dana.get("/executions").json["items"]
            assert sum(one.get("linkedTo") == made["execution"]["executionId"] for one in others) == 1
            with monkeypatch.context() as patched:
                if is_large:
                    patched.setattr("handlers.usecases.position_changes.MOST_READ", 0)
                deleted = dana.delete(f"/executions/{made['execution']['executionId']}")
            assert deleted.status == (202 if is_large else 204)
            assert dana.get("/executions").json == before[0]
            if not is_large:
                assert [{**one, "asOf": ""} for one in dana.get("/positions").json["items"]] == [
                    {**one, "asOf": ""} for one in before[1]
                ]


def test_a_position_is_in_one_instrument(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 0, instrument={"kind": "FUTURE", "multiplier": "5", "currency": "USD"}))
    again = dana.post("/executions", fill("BUY", "1", "10", 1, instrument={"multiplier": "50", "currency": "USD"}))
    assert (again.status, again.bad_fields) == (422, {("body", "/instrument/multiplier")})
    [plain] = put(dana, fill("SELL", "1", "11", 1, symbol="aapl"))
    assert (plain["execution"]["instrument"]["multiplier"], nets(dana)) == ("5", ["5"])
    unknown = dana.post("/executions", fill("BUY", "1", "10", 0, symbol="XYZ", instrument={"kind": "FUTURE"}))
    assert unknown.bad_fields == {("body", "/instrument/multiplier")}


def test_a_fill_that_may_only_close_needs_what_it_closes(dana: Client) -> None:
    bought, _ = put(dana, fill("BUY", "2", "10", 0), fill("SELL", "2", "11", 1, positionEffect="CLOSE"))
    again = dana.post("/executions", fill("SELL", "1", "11", 2, positionEffect="CLOSE"))
    assert refused(again) == (409, "/problems/position-too-small")
    path = f"/executions/{bought['execution']['executionId']}"
    assert refused(dana.delete(path)) == (409, "/problems/position-too-small")
    assert dana.patch(path, {"quantity": "1"}).kind == "/problems/position-too-small"


def test_pairs_keep_overlapping_trades_apart(dana: Client) -> None:
    put(
        dana,
        fill("BUY", "1", "10", 0, pairId="1"),
        fill("BUY", "1", "20", 1, pairId="2"),
        fill("SELL", "1", "11", 2, pairId="1"),
        fill("SELL", "1", "22", 3, pairId="2"),
    )
    assert nets(dana) == ["1", "2"]


def test_many_executions_are_recorded_in_order_each_on_its_own(dana: Client) -> None:
    at = "2026-01-05T10:00:00Z"
    items = [
        {"idempotencyKey": "a", "execution": fill("BUY", "1", "10", 0)},
        {"execution": fill("SELL", "1", "x", 0)},
        {"execution": {"symbol": "AAPL", "kind": "EXPIRY", "quantity": "9", "executedAt": at}},
        {"execution": fill("SELL", "1", "11", 0)},
        {"execution": fill("BUY", "1", "12", 0)},
    ]
    results = dana.post("/executions/bulk", {"items": items}).json["results"]
    assert [result["status"] for result in results] == [201, 400, 409, 201, 201]
    assert results[1]["problem"]["errors"][0]["pointer"] == "/price"
    assert sorted(nets(dana), key=str) == ["1", None]
    again = dana.post("/executions/bulk", {"items": items[:1]}).json["results"]
    assert again == results[:1]


def test_executions_are_listed_by_time_a_page_at_a_time(dana: Client) -> None:
    put(dana, *[fill("BUY", "1", str(n + 1), n) for n in range(5)], fill("BUY", "1", "1", 9, symbol="MSFT"))
    put(dana, fill("BUY", "1", "1", 0, symbol="MSFT", executedAt="2026-01-07T23:59:59Z"))
    seen, token = [], ""
    while True:
        page = dana.get("/executions", query=f"symbol=aapl&limit=2&order=asc{token}").json
        seen += [each["price"] for each in page["items"]]
        if "nextToken" not in page:
            break
        token = f"&nextToken={page['nextToken']}"
    assert seen == ["1", "2", "3", "4", "5"]
    newest = dana.get("/executions", query="limit=1").json
    assert newest["items"][0]["executedAt"] == "2026-01-07T23:59:59Z"
    assert (
        dana.get("/executions", query=f"limit=1&nextToken={newest['nextToken']}").json["items"][0]["symbol"] == "MSFT"
    )
    assert len(dana.get("/executions", query="executedFrom=2026-01-06&executedTo=2026-01-07").json["items"]) == 1
    assert dana.get("/executions", query="executedTo=2026-01-04").json == {"items": []}
    other = dana.get("/executions", query=f"limit=1&symbol=AAPL&nextToken={newest['nextToken']}")
    assert (other.status, other.bad_fields) == (400, {("query", "/nextToken")})


def test_another_users_executions_are_not_there(dana: Client, erin: Client) -> None:
    [made] = put(dana, fill("BUY", "1", "10", 0))
    path = f"/executions/{made['execution']['executionId']}"
    assert [erin.get(path).status, erin.patch(path, {"price": "1"}).status, erin.delete(path).status] == [404] * 3
    assert erin.get("/executions").json == erin.get("/positions").json == {"items": []}
    token = dana.get("/executions", query="limit=1").json
    put(dana, fill("BUY", "1", "10", 1))
    token = dana.get("/executions", query="limit=1").json["nextToken"]
    assert erin.get("/executions", query=f"limit=1&nextToken={token}").status == 400
    assert dana.get(path).json["version"] == 1


def an_account(client: Client, **given: Any) -> str:
    answer = client.post("/accounts", {"name": "IBKR", "currency": "EUR", **given})
    assert answer.status == 201, answer.json
    return str(answer.json["accountId"])


def listed(client: Client, *filters: tuple[str, str], limit: str = "100") -> list[str]:
    """The ids of the executions of all pages of a list, in order."""
    found: list[str] = []
    query = [*filters, ("limit", limit)]
    page = client.get("/executions", query=query).json
    found += [each["executionId"] for each in page["items"]]
    while "nextToken" in page:
        page = client.get("/executions", query=[*query, ("nextToken", page["nextToken"])]).json
        found += [each["executionId"] for each in page["items"]]
    return found


def test_executions_positions_and_trades_lie_in_their_account(dana: Client) -> None:
    own = an_account(dana, lotMethod="LIFO")
    [mine] = put(dana, fill("BUY", "2", "10", 0, accountId=own.upper()))
    [other] = put(dana, fill("SELL", "1", "10", 1))
    assert (mine["execution"]["accountId"], other["execution"]["accountId"]) == (own, MAIN)
    [trade] = mine["trades"]
    assert (trade["accountId"], trade["lotMethod"], trade["currency"], trade["side"]) == (own, "LIFO", "EUR", "BUY")
    assert mine["execution"]["instrument"]["currency"] == "EUR"
    assert ("accountId" in other["trades"][0], other["trades"][0]["currency"]) == (False, "USD")
    positions = dana.get("/positions").json["items"]
    assert sorted((each["accountId"], each["quantity"], each["currency"]) for each in positions) == sorted(
        [(MAIN, "1", "USD"), (own, "2", "EUR")]
    )
    for account, quantity in ((own, "2"), (MAIN, "1")):
        [position] = dana.get("/positions", query=[("accountId", account.upper())]).json["items"]
        assert position["quantity"] == quantity
    put(dana, fill("BUY", "1", "10", 0, symbol="~A", accountId=own))
    assert len(dana.get("/positions", query=[("accountId", own)]).json["items"]) == 2
    both = dana.get("/positions", query=[("accountId", own), ("accountId", MAIN), ("accountId", NEVER)]).json["items"]
    assert len(both) == 3
    assert len(dana.get("/trades", query=[("accountId", own)]).json["items"]) == 2


def test_an_execution_without_an_account_lies_in_the_default_one(dana: Client) -> None:
    own = an_account(dana)
    dana.patch("/settings", {"defaultAccountId": own})
    [made] = put(dana, fill("BUY", "1", "10", 0))
    [named] = put(dana, fill("BUY", "1", "10", 1, accountId=MAIN))
    assert (made["execution"]["accountId"], named["execution"]["accountId"]) == (own, MAIN)
    [result] = dana.post("/executions/bulk", {"items": [{"execution": fill("BUY", "1", "10", 2)}]}).json["results"]
    assert result["recorded"]["trades"][0]["quantity"] == "2"
    answer = dana.delete(f"/accounts/{own}")
    assert (refused(answer), "default" in answer.json["detail"]) == ((409, "/problems/state-forbids"), True)


def test_an_execution_needs_an_account_of_its_user(dana: Client, erin: Client) -> None:
    hers = an_account(erin)
    for account in (NEVER, hers):
        answer = dana.post("/executions", fill("BUY", "1", "10", 0, accountId=account))
        assert (refused(answer), answer.bad_fields) == ((422, "/problems/rule-broken"), {("body", "/accountId")})
    own = an_account(dana)
    trading_accounts.set_closing(trading_accounts.get(DANA, own), closing=True)
    assert dana.post("/executions", fill("BUY", "1", "10", 0, accountId=own)).status == 409
    assert (trades(dana), listed(dana)) == ([], [])


def test_an_account_that_is_deleted_meanwhile_gets_no_execution(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    own = an_account(dana)
    read = storage.place

    def then_deleted(*args: Any, **named: Any) -> Any:
        found = read(*args, **named)
        dana.delete(f"/accounts/{own}")
        return found

    monkeypatch.setattr(storage, "place", then_deleted)
    answer = dana.post("/executions", fill("BUY", "1", "10", 0, accountId=own))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/accountId")})


def test_an_account_is_in_use_as_long_as_it_has_executions(dana: Client) -> None:
    own = an_account(dana)
    [made] = put(dana, fill("BUY", "1", "10", 0, accountId=own))
    path = f"/accounts/{own}"
    assert refused(dana.delete(path)) == (409, "/problems/state-forbids")
    assert refused(dana.patch(path, {"currency": "USD"})) == (409, "/problems/currency-in-use")
    assert dana.delete(f"/executions/{made['execution']['executionId']}").status == 204
    assert dana.delete(path).status == 204
    assert list(ledger.below(DANA, "position|")) == []


def test_executions_of_two_accounts_at_once_mark_both_as_in_use(dana: Client) -> None:
    first, second = an_account(dana), an_account(dana)
    put(dana, *(fill("BUY", "1", "10", minute, accountId=own) for minute, own in enumerate((first, second, first))))
    assert [dana.delete(f"/accounts/{own}").status for own in (first, second)] == [409, 409]


def test_costs_in_the_currency_of_the_account_need_no_price(dana: Client) -> None:
    own = an_account(dana)
    [made] = put(dana, fill("BUY", "1", "10", 0, accountId=own, commission="1", feeCurrency="EUR"))
    assert (made["trades"][0]["commission"], "warnings" in made["trades"][0]) == ("1", False)
    answer = dana.post("/executions", fill("BUY", "1", "10", 1, accountId=own, instrument={"currency": "USD"}))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/instrument/currency")})
    put(dana, fill("BUY", "1", "10", 1, accountId=own, instrument={"currency": "EUR"}))
    put(dana, fill("BUY", "1", "10", 1, symbol="X", accountId=own, instrument={"currency": "USD"}))
    put(dana, fill("BUY", "1", "10", 2, symbol="X", accountId=own, instrument={"multiplier": "1"}))


def test_a_repeated_request_is_answered_whatever_has_become_of_the_position(dana: Client) -> None:
    own = an_account(dana)
    put(dana, fill("BUY", "1", "10", 0, accountId=own))
    headers = {"Idempotency-Key": "close"}
    closing = fill("SELL", "1", "11", 1, accountId=own, positionEffect="CLOSE")
    first = dana.post("/executions", closing, headers=headers)
    again = dana.post("/executions", closing, headers=headers)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    for each in listed(dana):
        dana.delete(f"/executions/{each}")
    assert dana.delete(f"/accounts/{own}").status == 204
    assert dana.post("/executions", closing, headers=headers).json == first.json
    other = dana.post("/executions", {**closing, "price": "12"}, headers=headers)
    assert refused(other) == (422, "/problems/idempotency-key-reused")


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", ["1", "2", "3", "100"])
def test_executions_of_several_accounts_are_listed_by_time(dana: Client, order: str, limit: str) -> None:
    accounts = [MAIN, an_account(dana), an_account(dana)]
    # The first two of each account are of one instant.
    made = put(
        dana,
        *(
            fill("BUY", "1", "10", number // 6, accountId=accounts[number % 3], note=str(number))
            for number in range(12)
        ),
    )
    executions = [each["execution"] for each in made]
    executions.sort(key=lambda each: (each["executedAt"], each["executionId"]), reverse=order == "desc")
    pay = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T10:00:30Z"}
    assert dana.post(f"/accounts/{accounts[1]}/cash", pay).status == 201
    for wanted in ([], accounts, accounts[1:], accounts[2:], [NEVER]):
        query = [("order", order), *(("accountId", account) for account in wanted)]
        expected = [each["executionId"] for each in executions if each["accountId"] in wanted or not wanted]
        assert listed(dana, *query, limit=limit) == expected


def test_a_page_goes_on_where_the_one_before_ended_whatever_comes_in_between(dana: Client) -> None:
    own = an_account(dana)
    put(
        dana, *(fill("BUY", "1", "10", minute, accountId=account) for minute in (10, 20, 30) for account in (MAIN, own))
    )
    page = dana.get("/executions", query="limit=3&order=asc").json
    put(dana, fill("BUY", "1", "10", 5), fill("BUY", "1", "10", 25, accountId=own))
    rest = dana.get("/executions", query=[("limit", "100"), ("order", "asc"), ("nextToken", page["nextToken"])]).json
    times = [each["executedAt"][14:16] for each in (*page["items"], *rest["items"])]
    assert times == ["10", "10", "20", "20", "25", "30", "30"]


def test_executions_are_found_by_all_that_they_are(dana: Client) -> None:
    own = an_account(dana)
    opened, flipped, expired = put(
        dana,
        fill("BUY", "1", "10", 0),
        fill("SELL", "3", "11", 1),
        {"symbol": "AAPL", "kind": "EXPIRY", "quantity": "1", "executedAt": "2026-01-05T10:02:00Z"},
    )
    [other] = put(dana, fill("BUY", "1", "10", 3, accountId=own, kind="OPENING"))
    names = {
        each["execution"]["executionId"]: name
        for each, name in ((opened, "opened"), (flipped, "flipped"), (expired, "expired"), (other, "other"))
    }
    first, second = (each["tradeId"] for each in flipped["trades"])
    for query, expected in (
        ([("tradeId", first)], ["opened", "flipped"]),
        ([("tradeId", second.upper())], ["flipped", "expired"]),
        ([("tradeId", second), ("accountId", MAIN), ("side", "BUY")], ["expired"]),
        ([("tradeId", second), ("accountId", own)], []),
        ([("tradeId", NEVER)], []),
        ([("kind", "EXPIRY"), ("kind", "OPENING")], ["expired", "other"]),
        ([("kind", "SPINOFF")], []),
        ([("side", "SELL")], ["flipped"]),
        ([("side", "BUY"), ("symbol", "aapl"), ("kind", "TRADE")], ["opened"]),
        ([("importId", NEVER)], []),
    ):
        for limit in ("1", "100"):
            assert [names[each] for each in listed(dana, ("order", "asc"), *query, limit=limit)] == expected, query
    assert opened["execution"]["source"] == "API"
    for query in ([("kind", "SALE")], [("side", "LONG")], [("tradeId", "x")], [("importId", "x")]):
        assert dana.get("/executions", query=query).status == 400


def test_a_page_token_is_of_one_list(dana: Client) -> None:
    put(dana, *(fill("BUY", "1", "10", minute) for minute in range(3)))
    token = dana.get("/executions", query="limit=1&kind=TRADE").json["nextToken"]
    for query in (
        "limit=1",
        "limit=1&kind=EXPIRY",
        "limit=1&kind=TRADE&side=BUY",
        f"limit=1&kind=TRADE&accountId={MAIN}",
    ):
        answer = dana.get("/executions", query=f"{query}&nextToken={token}")
        assert (answer.status, answer.bad_fields) == (400, {("query", "/nextToken")})


def test_a_filtered_page_is_full_or_says_that_more_follow(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_lists, "_FIRST", 1)
    made = put(dana, *(fill("BUY" if minute % 20 == 19 else "SELL", "1", "10", minute) for minute in range(60)))
    bought = [each["execution"]["executionId"] for each in made if each["execution"]["side"] == "BUY"]
    page = dana.get("/executions", query="side=BUY&limit=2&order=asc").json
    assert [each["executionId"] for each in page["items"]] == bought[:2]
    monkeypatch.setattr(execution_lists, "MOST_QUERIES", 0)
    monkeypatch.setattr(execution_lists, "_page_size", lambda *_: 7)
    pages: list[list[str]] = []
    token = ""
    while len(pages) < 20:
        query = [("side", "BUY"), ("limit", "2"), ("order", "asc"), *([("nextToken", token)] if token else [])]
        page = dana.get("/executions", query=query).json
        pages.append([each["executionId"] for each in page["items"]])
        if (token := page.get("nextToken", "")) == "":
            break
    assert list(chain.from_iterable(pages)) == bought
    assert [] in pages


def test_the_last_day_there_is_has_executions(dana: Client) -> None:
    assert listed(dana, ("executedTo", "9999-12-31"), ("executedFrom", "9999-12-31")) == []
    put(dana, fill("BUY", "1", "10", 0))
    assert len(listed(dana, ("executedTo", "9999-12-31"), ("executedFrom", "2026-01-05"))) == 1
    assert listed(dana, ("executedTo", "2026-01-04"), ("executedFrom", "2026-01-05")) == []


def test_a_trade_of_more_fills_than_it_has_legs_for_is_never_refused(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging.merged, "__defaults__", (2,))
    monkeypatch.setattr(regrouping, "MOST_LEGS", 2)
    put(dana, *[fill("BUY", "1", f"1{n % 2}.00000001", 0, orderId=f"{n}") for n in range(3)])
    [trade] = trades(dana)
    assert (trade["quantity"], len(trade["entries"]), trade["warnings"]) == ("3", 2, ["FILLS_MERGED"])
    assert trade["entries"][0]["quantity"] == "2"
    [sold] = put(dana, fill("SELL", "3", "11", 1))
    assert sold["trades"][0]["netPnl"] == "1.99999997"


def test_a_trade_of_the_ledger_is_entered_and_closed_by_executions(dana: Client) -> None:
    own = an_account(dana, lotMethod="FIFO")
    [made] = put(dana, fill("BUY", "2", "10", 0, accountId=own, pairId="p", symbol="aapl", commission="1"))
    put(dana, fill("BUY", "5", "10", 0, accountId=own))  # a position of its own
    [trade] = made["trades"]
    path = f"/trades/{trade['tradeId']}"
    entry = {"quantity": "1", "price": "13", "enteredAt": "2026-01-05T10:01:00Z", "fees": "0.5"}
    added = dana.post(f"{path}/entries", entry, headers={"If-Match": '"1"', "Idempotency-Key": "e"})
    assert (added.status, added.json["quantity"], added.headers["etag"]) == (201, "3", '"2"')
    read = dana.get(added.headers["location"].removeprefix("/v1"))
    assert (read.status, read.json["price"], read.json["fees"]) == (200, "13", "0.5")
    again = dana.post(f"{path}/entries", entry, headers={"If-Match": '"1"', "Idempotency-Key": "e"})
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (201, added.json, "true")
    part = dana.post(
        f"{path}/closes", {"quantity": "1", "price": "14", "closedAt": "2026-01-05T10:02:00Z", "commission": "0.25"}
    )
    assert (part.status, part.json["status"], part.json["realizedPartialPnl"]) == (201, "PARTIAL", "3.25")
    assert dana.get(part.headers["location"].removeprefix("/v1")).json["realizedPnl"] == "3.25"
    stale = dana.post(
        f"{path}/closes", {"price": "15", "closedAt": "2026-01-05T10:03:00Z"}, headers={"If-Match": '"2"'}
    )
    assert refused(stale) == (412, "/problems/version-mismatch")
    rest = dana.post(
        f"{path}/closes", {"price": "15", "closedAt": "2026-01-05T10:03:00Z"}, headers={"Idempotency-Key": "c"}
    )
    assert (rest.json["status"], rest.json["netPnl"]) == ("CLOSED", "9.25")  # 4 + 5 + 2 - 1 - 0.5 - 0.25
    executions = dana.get("/executions", query=[("tradeId", trade["tradeId"]), ("order", "asc")]).json["items"]
    assert [(each["source"], each["side"], each["quantity"], each.get("pairId")) for each in executions] == [
        ("API", "BUY", "2", "p"),
        ("MANUAL", "BUY", "1", "p"),
        ("MANUAL", "SELL", "1", "p"),
        ("MANUAL", "SELL", "2", "p"),
    ]
    replayed = dana.post(
        f"{path}/closes", {"price": "15", "closedAt": "2026-01-05T10:03:00Z"}, headers={"Idempotency-Key": "c"}
    )
    assert replayed.json == rest.json
    for answer in (
        dana.post(f"{path}/closes", {"price": "15", "closedAt": "2026-01-05T10:04:00Z"}),
        dana.post(f"{path}/entries", {**entry, "enteredAt": "2026-01-05T10:04:00Z"}),
    ):
        assert refused(answer) == (409, "/problems/state-forbids")


def test_what_does_not_fit_a_trade_of_the_ledger_is_refused(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 0), fill("SELL", "1", "10", 1))
    [made] = put(dana, fill("BUY", "2", "10", 5))
    path = f"/trades/{made['trades'][0]['tradeId']}"
    close = {"quantity": "3", "price": "11", "closedAt": "2026-01-05T10:06:00Z"}
    more = dana.post(f"{path}/closes", close)
    assert (refused(more), more.bad_fields) == ((409, "/problems/position-too-small"), {("body", "/quantity")})
    early = dana.post(f"{path}/closes", {**close, "closedAt": "2026-01-05T10:04:00Z"})
    assert (early.status, early.bad_fields) == (422, {("body", "/closedAt")})
    entry = {"quantity": "1", "price": "11", "enteredAt": "2026-01-05T10:00:30Z"}
    assert refused(dana.post(f"{path}/entries", entry)) == (409, "/problems/state-forbids")
    ancient = dana.post(f"{path}/entries", {**entry, "enteredAt": "0001-01-01T00:00:00+14:00"})
    assert (ancient.status, ancient.bad_fields) == (422, {("body", "/enteredAt")})
    before = dana.post(f"{path}/entries", {**entry, "enteredAt": "2026-01-05T10:04:00Z"})
    assert (before.status, before.json["tradeId"], before.json["quantity"]) == (201, made["trades"][0]["tradeId"], "3")
    assert dana.post(f"/trades/{NEVER}/closes", close).status == 404


def test_a_trade_that_is_closed_meanwhile_is_closed_once(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    [made] = put(dana, fill("BUY", "2", "10", 0))
    path = f"/trades/{made['trades'][0]['tradeId']}"
    read = storage.position_of
    others = [fill("SELL", "2", "11", 1)]

    def then_closed(*args: Any) -> Any:
        if others:
            put(dana, others.pop())
        return read(*args)

    monkeypatch.setattr(storage, "position_of", then_closed)
    answer = dana.post(f"{path}/closes", {"price": "12", "closedAt": "2026-01-05T10:02:00Z"})
    assert refused(answer) == (409, "/problems/state-forbids")
    assert nets(dana) == ["2"]


def test_the_same_close_at_once_is_made_once(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    [made] = put(dana, fill("BUY", "2", "10", 0))
    path = f"/trades/{made['trades'][0]['tradeId']}/closes"
    close, headers = {"price": "12", "closedAt": "2026-01-05T10:02:00Z"}, {"Idempotency-Key": "c"}
    write = storage.write
    first: list[Answer] = []

    def after_the_first(*args: Any, **named: Any) -> Any:
        if not first:
            monkeypatch.setattr(storage, "write", write)
            first.append(dana.post(path, close, headers=headers))
        return write(*args, **named)

    monkeypatch.setattr(storage, "write", after_the_first)
    second = dana.post(path, close, headers=headers)
    assert (second.status, second.json) == (201, first[0].json)
    assert len(listed(dana)) == 2


def test_a_large_position_is_changed_by_executions_alone(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    [*_, made] = put(dana, fill("BUY", "2", "10", 0), fill("BUY", "2", "10", 1))
    monkeypatch.setattr("handlers.usecases.position_changes.MOST_READ", 1)
    path = f"/trades/{made['trades'][0]['tradeId']}"
    for headers in ({}, {"Idempotency-Key": "c"}):
        answer = dana.post(f"{path}/closes", {"price": "1", "closedAt": "2026-01-05T10:02:00Z"}, headers=headers)
        assert refused(answer) == (409, "/problems/state-forbids")
    assert len(listed(dana)) == 2


def bulk(client: Client, *items: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = client.post("/executions/bulk", {"items": list(items)}).json["results"]
    return results


def test_executions_of_a_position_are_settled_once(dana: Client, requests: Counter[str]) -> None:
    items = [
        {"idempotencyKey": f"k{n}", "execution": fill("BUY", "1", "10", 30 - n, symbol="AB"[n % 2])} for n in range(20)
    ]
    results = bulk(dana, *items)
    assert [result["status"] for result in results] == [201] * 20
    # For each of two positions: the place, the kept answers, the trades, and one transaction.
    assert requests == {"BatchGetItem": 6, "TransactWriteItems": 2}
    assert [trade["quantity"] for trade in trades(dana)] == ["10", "10"]
    assert {result["recorded"]["trades"][0]["quantity"] for result in results} == {"10"}
    assert bulk(dana, *items[:3]) == results[:3]  # as it was answered then
    other = {"idempotencyKey": "k0", "execution": fill("BUY", "2", "10", 30, symbol="A")}
    [reused, fine] = bulk(dana, other, {"execution": fill("SELL", "10", "12", 40, symbol="A")})
    assert (reused["problem"]["type"], fine["recorded"]["trades"][0]["netPnl"]) == (
        "/v1/problems/idempotency-key-reused",
        "20",
    )


def test_what_a_position_refuses_together_is_recorded_one_by_one(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 1), fill("SELL", "1", "11", 5, positionEffect="CLOSE"))
    results = bulk(
        dana,
        {"execution": fill("SELL", "1", "9", 0)},  # the later one would close nothing
        {"execution": fill("BUY", "1", "9", 6)},
        {"execution": fill("BUY", "1", "9", 7, accountId=NEVER)},
    )
    assert [result["status"] for result in results] == [409, 201, 422]
    many = bulk(dana, *[{"execution": fill("BUY", "1", "9", 8, accountId=NEVER)} for _ in range(2)])
    assert [result["status"] for result in many] == [422, 422]
    assert len(listed(dana)) == 3


def test_a_key_that_comes_twice_in_a_request_records_nothing_twice(dana: Client) -> None:
    item = {"idempotencyKey": "k", "execution": fill("BUY", "1", "10", 0)}
    unknown = {"execution": fill("BUY", "1", "10", 0, symbol="XYZ", instrument={"kind": "FUTURE"})}
    first, second, third, fourth = bulk(dana, item, item, {"execution": fill("BUY", "1", "10", 1)}, unknown)
    assert (first["status"], first["recorded"]) == (second["status"], second["recorded"])
    assert third["recorded"]["trades"][0]["quantity"] == "2"
    assert fourth["problem"]["errors"][0]["pointer"] == "/instrument/multiplier"


def test_shares_of_options_come_in_their_place_among_many(dana: Client) -> None:
    option = {"kind": "OPTION", "currency": "USD", "underlying": "ABC", "strike": "10", "right": "PUT"}
    put(dana, fill("SELL", "1", "2", 0, symbol="ABC P10", instrument=option))
    assigned = {"symbol": "ABC P10", "kind": "ASSIGNMENT", "quantity": "1", "executedAt": "2026-01-06T10:00:00Z"}
    results = bulk(
        dana,
        {"execution": fill("BUY", "1", "9", 1, symbol="ABC")},
        {"execution": assigned},
        {"execution": fill("SELL", "101", "11", 1, symbol="ABC", executedAt="2026-01-07T10:00:00Z")},
    )
    assert [result["status"] for result in results] == [201] * 3
    assert results[2]["recorded"]["trades"][0]["netPnl"] == "102"


def test_answers_that_are_kept_meanwhile_are_given_to_each(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [{"idempotencyKey": f"k{n}", "execution": fill("BUY", "1", "10", n)} for n in range(3)]
    read = kept_answers.several
    firsts: list[Any] = []

    def then_recorded(*args: Any) -> Any:
        found = read(*args)
        if not firsts:
            firsts.append(dana.post("/executions", items[0]["execution"], headers={"Idempotency-Key": "k0"}).json)
        return found

    monkeypatch.setattr(kept_answers, "several", then_recorded)
    results = bulk(dana, *items)
    assert [result["status"] for result in results] == [201] * 3
    assert results[0]["recorded"] == firsts[0]
    assert len(listed(dana)) == 3


def test_a_tag_of_an_execution_of_which_nothing_is_left_is_named(dana: Client) -> None:
    written = {"tags": ["gap", " gap", "\u0017"]}
    new = dana.post("/executions", fill("BUY", "1", "10", 0, **written))
    assert (new.status, new.bad_fields) == (422, {("body", "/tags/2")})
    [recorded] = put(dana, fill("BUY", "1", "10", 0, tags=["gap", " gap"]))
    path = f"/executions/{recorded['execution']['executionId']}"
    assert recorded["execution"]["tags"] == ["gap"]
    corrected = dana.patch(path, written)
    assert (corrected.status, corrected.bad_fields) == (422, {("body", "/tags/2")})
    assert dana.patch(path, {"tags": ["late", "late "]}).json["execution"]["tags"] == ["late"]
    assert "tags" not in dana.patch(path, {"tags": None}).json["execution"]

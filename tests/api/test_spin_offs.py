"""Spin-offs: units of another symbol come in, and take a part of the cost along."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from handlers.journal.money import total
from tests.api.behind import Behind
from tests.api.client import Client
from tests.api.test_corporate_actions import NEXT_DAY, SPLIT, act, bad, shown, stored, undo
from tests.api.test_executions import fill, put, refused, trades

AT = "2026-01-06T09:30:00-05:00"
SPIN = {
    "type": "SPINOFF",
    "symbol": "GE",
    "newSymbol": "GEV",
    "effectiveAt": AT,
    "new": "1",
    "old": "4",
    "costShare": "0.2",
}
LATER = {"executedAt": "2026-01-08T10:00:00Z"}


def ge(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return fill(side, quantity, price, minute, symbol="GE", **others)


def gev(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return fill(side, quantity, price, minute, **{"symbol": "GEV", **NEXT_DAY, **others})


def figures(client: Client) -> list[tuple[Any, ...]]:
    return sorted(shown(trade, "symbol", "status", "quantity", "netPnl") for trade in trades(client))


def positions(client: Client, query: str = "") -> list[tuple[Any, ...]]:
    items = client.get("/positions", query=query).json["items"]
    return sorted(shown(each, "symbol", "side", "quantity", "costBasis", "openCosts") for each in items)


def of(client: Client, symbol: str) -> dict[str, Any]:
    [trade] = [trade for trade in trades(client) if trade["symbol"] == symbol]
    return trade


def made(client: Client) -> list[dict[str, Any]]:
    items = client.get("/executions", query="order=asc").json["items"]
    return [each for each in items if each["source"] == "ACTION"]


@pytest.mark.parametrize("when", ["first", "between", "last"])
def test_units_of_the_new_symbol_are_a_trade_of_their_own(dana: Client, when: str) -> None:
    if when == "first":
        action_id = act(dana, SPIN)
    put(dana, ge("BUY", "12", "10", 0, commission="1", fees="0.5"), ge("SELL", "4", "11", 1))
    if when == "between":
        action_id = act(dana, SPIN)
    put(dana, ge("SELL", "8", "9", 0, commission="0.1", **NEXT_DAY))
    if when == "last":
        action_id = act(dana, SPIN)
    assert figures(dana) == [("GE", "CLOSED", "12", "10.6"), ("GEV", "OPEN", "2", None)]
    assert positions(dana) == positions(dana, "at=2026-01-07") == [("GEV", "BUY", "2", "16", "0.2")]
    assert positions(dana, "at=2026-01-05") == [("GE", "BUY", "8", "80", "1")]
    parent, child = of(dana, "GE"), of(dana, "GEV")
    moved = {"costShare": "0.2", "money": "16", "commission": "0.13333333", "fees": "0.06666667"}
    assert parent["splits"] == [{"splitId": action_id, "new": "1", "old": "1", "at": AT, **moved}]
    assert shown(parent, "commission", "fees", "entryPrice") == ("0.86666667", "0.43333333", "10")
    assert shown(child, "source", "openDate", "entryPrice", "side") == ("LEDGER", AT, "8", "BUY")
    assert shown(child, "commission", "fees") == ("0.13333333", "0.06666667")
    [execution] = made(dana)
    assert shown(execution, "kind", "symbol", "side", "quantity", "price", "executedAt", "linkedTo") == (
        "SPINOFF",
        "GEV",
        "BUY",
        "2",
        "8",
        AT,
        action_id,
    )
    assert execution["tradeIds"] == [child["tradeId"]]
    [sold] = put(dana, gev("SELL", "2", "20", 0, positionEffect="CLOSE", commission="0.3"))
    assert figures(dana) == [("GE", "CLOSED", "12", "10.6"), ("GEV", "CLOSED", "2", "23.5")]
    legs = dana.get(f"/trades/{sold['trades'][0]['tradeId']}/legs").json
    assert [(leg["quantity"], leg["gross"], leg["entryCosts"]) for leg in legs["matches"]] == [("2", "24", "0.2")]


@pytest.mark.parametrize(
    ("method", "lots"),
    [("FIFO", [("2.5", "8")]), ("LIFO", [("1.5", "6"), ("1", "4.4")]), ("AVERAGE", [("2.5", "9.36363636")])],
)
def test_each_lot_gives_its_part_along(dana: Client, method: str, lots: list[tuple[str, str]]) -> None:
    dana.patch("/settings", {"lotMethod": method})
    put(dana, ge("BUY", "3", "10", 0), ge("BUY", "3", "11", 1), ge("BUY", "5", "8", 2), ge("SELL", "6", "12", 3))
    act(dana, {**SPIN, "old": "2"})
    items = dana.get("/positions", query="include=lots").json["items"]
    [position] = [each for each in items if each["symbol"] == "GEV"]
    assert [shown(lot, "quantity", "cost") for lot in position["lots"]] == lots
    put(dana, ge("SELL", "5", "9", 0, **NEXT_DAY), gev("SELL", "1", "5", 1), gev("SELL", "1.5", "6", 2))
    assert total(Decimal(trade["netPnl"]) for trade in trades(dana)) == Decimal("28")  # 131 - 103


def test_a_spin_off_is_undone_to_the_last_byte(dana: Client) -> None:
    put(dana, ge("BUY", "12", "10", 0, commission="1"), ge("SELL", "4", "11", 1), gev("BUY", "1", "3", 0, **LATER))
    dana.patch(f"/trades/{of(dana, 'GE')['tradeId']}", {"lessons": "one", "stopLoss": "9"})
    before = stored()
    action_id = act(dana, SPIN)
    assert of(dana, "GE")["stopLoss"] == "9"
    assert positions(dana) == [("GE", "BUY", "8", "64", "0.53333334"), ("GEV", "BUY", "3", "19", "0.13333333")]
    split = act(dana, {**SPLIT, "symbol": "GEV", "effectiveAt": "2026-01-07T09:30:00-05:00"})
    assert ("GEV", "OPEN", "9", None) in figures(dana)
    undo(dana, split)
    undo(dana, action_id)
    assert stored() == before
    act(dana, SPIN)
    put(dana, gev("SELL", "2", "8", 0))
    assert figures(dana) == [
        ("GE", "PARTIAL", "12", None),
        ("GEV", "CLOSED", "2", "-0.13333333"),
        ("GEV", "OPEN", "1", None),
    ]


def test_a_trade_of_a_spin_off_that_has_notes_is_not_lost(dana: Client) -> None:
    put(dana, ge("BUY", "8", "10", 0))
    action_id = act(dana, SPIN)
    child = of(dana, "GEV")["tradeId"]
    dana.patch(f"/trades/{child}", {"lessons": "patience"})
    assert refused(dana.delete(f"/corporate-actions/{action_id}")) == (409, "/problems/state-forbids")
    sale = dana.post("/executions", ge("SELL", "8", "10", 1))  # before it: nothing is left to give anything
    assert refused(sale) == (409, "/problems/state-forbids")
    put(dana, ge("BUY", "4", "10", 1), gev("SELL", "1", "9", 0))
    assert shown(of(dana, "GEV"), "tradeId", "lessons", "quantity", "entryPrice") == (child, "patience", "3", "8")
    undo(dana, action_id)  # the sale is left of the trade, and has its notes
    assert shown(of(dana, "GEV"), "tradeId", "lessons", "side", "quantity") == (child, "patience", "SELL", "1")


def test_a_late_fill_changes_what_a_spin_off_gave(dana: Client) -> None:
    put(dana, ge("BUY", "8", "10", 5))
    act(dana, SPIN)
    put(dana, gev("SELL", "1", "20", 0))
    [first] = made(dana)
    [late] = put(dana, ge("BUY", "4", "7", 0))
    [again] = made(dana)
    assert shown(again, "executionId", "quantity", "price", "version") == (first["executionId"], "3", "7.2", 2)
    assert of(dana, "GEV")["partialCloses"][0]["realizedPnl"] == "12.8"
    path = f"/executions/{late['execution']['executionId']}"
    assert dana.patch(path, {"price": "11"}).status == 200
    assert made(dana)[0]["price"] == "8.26666667"
    assert dana.delete(path).status == 204
    assert shown(made(dana)[0], "quantity", "price", "version") == ("2", "8", 4)
    put(dana, ge("SELL", "8", "11", 6))  # nothing is held at the spin-off: the sale of its shares is a short trade
    assert made(dana) == []
    assert figures(dana) == [("GE", "CLOSED", "8", "8"), ("GEV", "OPEN", "1", None)]
    assert of(dana, "GEV")["side"] == "SELL"


def test_a_fill_takes_over_the_trade_of_a_spin_off_and_gives_it_back(dana: Client) -> None:
    put(dana, ge("BUY", "8", "10", 0))
    act(dana, SPIN)
    child = of(dana, "GEV")["tradeId"]
    dana.patch(f"/trades/{child}", {"lessons": "patience"})
    [early] = put(dana, gev("BUY", "1", "5", 0, executedAt="2026-01-06T10:00:00Z"))
    assert shown(of(dana, "GEV"), "tradeId", "quantity", "lessons") == (child, "3", "patience")
    [flat] = put(dana, gev("SELL", "1", "6", 0, executedAt="2026-01-06T11:00:00Z"))
    ids = [trade["tradeId"] for trade in trades(dana) if trade["symbol"] == "GEV"]
    assert len(set(ids)) == 2
    assert child in ids
    for each in (flat, early):
        assert dana.delete(f"/executions/{each['execution']['executionId']}").status == 204
    [left] = [trade for trade in trades(dana) if trade["symbol"] == "GEV"]
    assert shown(left, "quantity", "lessons") == ("2", "patience")


def test_a_short_position_owes_the_new_units(dana: Client) -> None:
    put(dana, ge("SELL", "8", "10", 0, commission="1"))
    act(dana, SPIN)
    assert positions(dana) == [("GE", "SELL", "8", "64", "0.8"), ("GEV", "SELL", "2", "16", "0.2")]
    put(dana, ge("BUY", "8", "7", 0, **NEXT_DAY), gev("BUY", "2", "9", 0))
    assert figures(dana) == [("GE", "CLOSED", "8", "7.2"), ("GEV", "CLOSED", "2", "-2.2")]


def test_units_that_come_in_close_what_is_open_the_other_way(dana: Client) -> None:
    put(dana, ge("BUY", "8", "10", 0), gev("SELL", "1.5", "12", 0, executedAt="2026-01-05T12:00:00Z"))
    act(dana, SPIN)
    # Half a unit is left of the two, which cost 8 each.
    assert figures(dana) == [("GE", "OPEN", "8", None), ("GEV", "CLOSED", "1.5", "6"), ("GEV", "OPEN", "0.5", None)]
    assert positions(dana)[1] == ("GEV", "BUY", "0.5", "4", "0")
    assert len(made(dana)[0]["tradeIds"]) == 2


def test_a_spin_off_is_of_one_account_or_of_all(dana: Client) -> None:
    second = dana.post("/accounts", {"name": "IBKR", "currency": "USD"}).json["accountId"]
    put(dana, ge("BUY", "8", "10", 0), ge("BUY", "4", "10", 0, pairId="p"), ge("BUY", "12", "10", 0, accountId=second))
    before = stored()
    own = act(dana, {**SPIN, "accountId": second})
    assert [shown(each, "accountId", "quantity") for each in made(dana)] == [(second, "3")]
    undo(dana, own)
    every = act(dana, SPIN)
    assert sorted(shown(each, "accountId", "quantity", "pairId") for each in made(dana)) == sorted(
        [(DEFAULT, "2", None), (DEFAULT, "1", "p"), (second, "3", None)], key=str
    )
    undo(dana, every)
    assert stored() == before
    act(dana, SPIN)
    third = dana.post("/accounts", {"name": "DEGIRO", "currency": "EUR"}).json["accountId"]
    future = {"instrument": {"kind": "STOCK", "multiplier": "2", "currency": "EUR"}}
    put(dana, ge("BUY", "4", "10", 0, accountId=third, **future))
    put(dana, gev("SELL", "1", "9", 0, accountId=third, **future))
    assert of_account(dana, third) == [("GE", "OPEN", None), ("GEV", "CLOSED", "2")]


DEFAULT = "00000000-0000-4000-8000-000000000001"


def of_account(client: Client, account_id: str) -> list[tuple[Any, ...]]:
    items = client.get("/trades", query=f"accountId={account_id}&limit=100").json["items"]
    return sorted(shown(each, "symbol", "status", "netPnl") for each in items)


def test_actions_before_and_after_a_spin_off(dana: Client) -> None:
    put(dana, ge("BUY", "4", "20", 0))
    actions = [
        {**SPLIT, "symbol": "GE", "new": "2", "old": "1", "effectiveAt": "2026-01-06T09:00:00-05:00"},
        SPIN,
        {**SPLIT, "symbol": "GEV", "new": "3", "old": "1"},  # at the same instant, of what has just come in
        {"type": "RENAME", "symbol": "GEV", "newSymbol": "VRN", "effectiveAt": "2026-01-09T09:30:00Z"},
        {"type": "MERGER_SHARES", "symbol": "GE", "newSymbol": "RTX", "new": "1", "old": "2", "effectiveAt": AT},
    ]
    before = stored()
    ids = [act(dana, each) for each in actions]
    assert figures(dana) == [("RTX", "OPEN", "4", None), ("VRN", "OPEN", "6", None)]
    assert positions(dana) == [("RTX", "BUY", "4", "64", "0"), ("VRN", "BUY", "6", "16", "0")]
    put(dana, ge("BUY", "1", "30", 1))
    assert positions(dana) == [("RTX", "BUY", "5", "88", "0"), ("VRN", "BUY", "7.5", "22", "0")]
    late = dana.get("/executions", query="symbol=GE&order=desc&limit=1").json["items"][0]
    assert dana.delete(f"/executions/{late['executionId']}").status == 204
    for each in ids[2:] + ids[:2]:
        undo(dana, each)
    assert stored() == before


def test_what_an_action_made_is_changed_by_the_action_alone(dana: Client) -> None:
    put(dana, ge("BUY", "8", "10", 0))
    act(dana, SPIN)
    path = f"/executions/{made(dana)[0]['executionId']}"
    assert dana.get(path).json["settled"] is True
    for answer in (dana.patch(path, {"price": "1"}), dana.patch(path, {"note": "mine"}), dana.delete(path)):
        assert refused(answer) == (409, "/problems/state-forbids")
    trade = of(dana, "GEV")
    for answer in (
        dana.delete(f"/trades/{trade['tradeId']}"),
        dana.patch(f"/trades/{trade['tradeId']}", {"entryPrice": "1"}),
        dana.delete(f"/trades/{trade['tradeId']}/entries/{trade['entries'][0]['entryId']}"),
    ):
        assert refused(answer) == (422, "/problems/derived-from-executions")
    closed = dana.post(
        f"/trades/{trade['tradeId']}/closes", {"quantity": "2", "price": "9", "closedAt": LATER["executedAt"]}
    )
    assert (closed.status, closed.json["netPnl"]) == (201, "2")
    assert dana.get("/executions", query="symbol=GEV&kind=SPINOFF").json["items"] == made(dana)
    assert [each["kind"] for each in dana.get("/executions", query=f"tradeId={trade['tradeId']}").json["items"]] == [
        "TRADE",
        "SPINOFF",
    ]


def test_what_came_in_without_a_price_gives_units_of_unknown_cost(dana: Client) -> None:
    [opening] = put(
        dana, {"symbol": "GE", "kind": "OPENING", "side": "BUY", "quantity": "8", "executedAt": "2026-01-05T10:00:00Z"}
    )
    act(dana, SPIN)
    child = of(dana, "GEV")
    assert child["warnings"] == ["BASIS_UNKNOWN"]
    assert "price" not in made(dana)[0]
    put(dana, gev("SELL", "2", "9", 0))
    assert "netPnl" not in of(dana, "GEV")
    dana.patch(f"/executions/{opening['execution']['executionId']}", {"price": "10"})
    assert shown(of(dana, "GEV"), "netPnl", "warnings") == ("2", None)


def test_kinds_whose_quantity_follows_see_what_a_spin_off_gave(dana: Client) -> None:
    put(dana, ge("BUY", "9", "10", 0))
    act(dana, SPIN)
    [out] = put(dana, {"symbol": "GEV", "kind": "TRANSFER_OUT", "quantity": "0.25", **NEXT_DAY})
    assert shown(out["execution"], "side", "price") == ("SELL", "8")
    [rest] = put(dana, {"symbol": "GEV", "kind": "EXPIRY", **LATER})
    assert (rest["execution"]["quantity"], of(dana, "GEV")["netPnl"]) == ("2", "-16")


def test_fractions_and_figures_that_are_too_long(dana: Client) -> None:
    put(dana, ge("BUY", "1", "10", 0))
    act(dana, {**SPIN, "new": "1", "old": "3"})
    assert of(dana, "GEV")["quantity"] == "0.333333333333333333"
    put(dana, gev("SELL", "0.333333333333333333", "9", 0))  # cash in lieu
    assert of(dana, "GEV")["netPnl"] == "1"
    put(dana, fill("BUY", "0.000000000000000001", "400", 0, symbol="TINY"))
    tiny = dana.post("/corporate-actions", {**SPIN, "symbol": "TINY"})
    assert bad(tiny) == (422, {("body", "/new")})
    put(dana, fill("BUY", "999999999999999", "0.1", 0, symbol="HUGE"))
    assert bad(dana.post("/corporate-actions", {**SPIN, "symbol": "HUGE", "new": "8"})) == (422, {("body", "/new")})
    put(dana, fill("BUY", "1", "999999999999999", 0, symbol="DEAR"))
    dear = dana.post("/corporate-actions", {**SPIN, "symbol": "DEAR", "new": "0.000000000000000001"})
    assert bad(dear) == (422, {("body", "/new")})
    missing = {name: value for name, value in SPIN.items() if name not in ("costShare", "old")}
    assert bad(dana.post("/corporate-actions", missing)) == (422, {("body", "/costShare"), ("body", "/old")})
    assert bad(dana.post("/corporate-actions", {**SPIN, "costShare": "1.1"})) == (422, {("body", "/costShare")})
    assert len(dana.get("/corporate-actions").json["items"]) == 1


def test_a_spin_off_into_another_instrument_is_refused(dana: Client) -> None:
    euro = {"instrument": {"kind": "STOCK", "currency": "EUR"}}
    put(dana, ge("BUY", "8", "10", 0), gev("BUY", "1", "10", 0, **euro))
    assert refused(dana.post("/corporate-actions", SPIN)) == (409, "/problems/state-forbids")


@pytest.mark.parametrize("share", ["0", "1"])
def test_all_or_nothing_of_the_cost_goes_along(dana: Client, share: str) -> None:
    put(dana, ge("BUY", "8", "10", 0, commission="1"))
    act(dana, {**SPIN, "costShare": share})
    put(dana, ge("SELL", "8", "9", 0, **NEXT_DAY), gev("SELL", "2", "9", 0))
    nets = {"0": [("GE", "-9"), ("GEV", "18")], "1": [("GE", "72"), ("GEV", "-63")]}[share]
    assert sorted(shown(trade, "symbol", "netPnl") for trade in trades(dana)) == nets


def test_what_a_spin_off_gives_behind_the_answer_is_as_if_at_once(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, ge("BUY", "8", "10", 0, commission="1"), gev("SELL", "1", "12", 0))
    before = stored()
    action_id = act(dana, SPIN)
    at_once = figures(dana), positions(dana)
    undo(dana, action_id)
    with monkeypatch.context() as patched:
        patched.setattr("handlers.usecases.corporate_actions.MOST_READ", -1)
        answer = dana.post("/corporate-actions", SPIN)
        assert answer.status == 202
        assert made(dana) == []
        behind.settle()
        assert (figures(dana), positions(dana)) == at_once
        patched.setattr("handlers.usecases.position_changes.MOST_READ", 0)
        late = dana.post("/executions", ge("BUY", "4", "10", 1))
        assert late.status == 202
        behind.settle()
        assert made(dana)[0]["quantity"] == "3"
        assert dana.delete(f"/executions/{late.json['execution']['executionId']}").status == 202
        behind.settle()
        assert (figures(dana), positions(dana)) == at_once
        assert dana.delete(f"/corporate-actions/{answer.json['actionId']}").status == 202
        behind.settle()
    empty = {key for key, item in stored().items() if item.get("openQuantity") == {"N": "0"} and key not in before}
    assert {key: item for key, item in stored().items() if key not in empty} == before


def test_the_other_users_spin_off_changes_nothing(dana: Client, erin: Client) -> None:
    put(dana, ge("BUY", "8", "10", 0))
    put(erin, ge("BUY", "4", "10", 0))
    act(dana, SPIN)
    assert figures(erin) == [("GE", "OPEN", "4", None)]
    [own] = made(dana)
    assert erin.get(f"/executions/{own['executionId']}").status == 404

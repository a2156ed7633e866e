"""Mergers for shares: what is open goes on as units of another symbol, and cash lowers its cost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.behind import Behind
from tests.api.client import Client
from tests.api.test_corporate_actions import NEXT_DAY, SPLIT, act, bad, shown, stored, undo
from tests.api.test_executions import fill, put, refused, trades
from tests.api.test_spin_offs import AT, LATER, figures, made, of, positions

MERGER = {"type": "MERGER_SHARES", "symbol": "VMW", "newSymbol": "AVGO", "effectiveAt": AT, "new": "1", "old": "4"}
WITH_CASH = {**MERGER, "cashPerShare": "3"}


def vmw(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return fill(side, quantity, price, minute, symbol="VMW", **others)


def avgo(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return fill(side, quantity, price, minute, **{"symbol": "AVGO", **NEXT_DAY, **others})


@pytest.mark.parametrize("when", ["first", "between", "last"])
def test_the_trade_goes_on_with_units_of_the_new_symbol(dana: Client, when: str) -> None:
    if when == "first":
        act(dana, MERGER)
    put(dana, vmw("BUY", "10", "10", 0, commission="1"), vmw("SELL", "2", "11", 1))
    if when == "between":
        act(dana, MERGER)
    put(dana, avgo("SELL", "1", "44", 0))
    if when == "last":
        act(dana, MERGER)
    [trade] = trades(dana)
    assert shown(trade, "symbol", "status", "quantity", "entryPrice") == ("AVGO", "PARTIAL", "2.5", "40")
    assert [close["realizedPnl"] for close in trade["partialCloses"]] == ["1.8", "3.6"]
    assert positions(dana) == [("AVGO", "BUY", "1", "40", "0.4")]
    assert positions(dana, "at=2026-01-05") == [("AVGO", "BUY", "8", "80", "0.8")]
    put(dana, vmw("BUY", "4", "12", 2))
    assert positions(dana) == [("AVGO", "BUY", "2", "85.33333333", "0.53333333")]


@pytest.mark.parametrize(("side", "back", "net"), [("BUY", "SELL", "17"), ("SELL", "BUY", "-19")])
def test_cash_lowers_the_cost(dana: Client, side: str, back: str, net: str) -> None:
    put(dana, vmw(side, "8", "10", 0, commission="1"))
    act(dana, WITH_CASH)
    assert positions(dana) == [("AVGO", side, "2", "56", "1")]  # 80 without 8 x 3
    trade = of(dana, "AVGO")
    assert shown(trade["splits"][0], "new", "old", "cash") == ("1", "4", "3")
    assert "events" not in trade
    put(dana, avgo(back, "2", "37", 0))
    assert of(dana, "AVGO")["netPnl"] == net  # 2 x 37 + 24 - 80 - 1


@pytest.mark.parametrize(
    ("method", "beyond", "cost", "first"),
    [("FIFO", "8", "28", "40"), ("LIFO", "8", "28", "12"), ("AVERAGE", None, "20", "30")],
)
def test_cash_beyond_the_cost_is_earned_at_once(
    dana: Client, method: str, beyond: str | None, cost: str, first: str
) -> None:
    dana.patch("/settings", {"lotMethod": method})
    put(dana, vmw("BUY", "4", "1", 0), vmw("BUY", "4", "10", 1))
    before = stored()
    action_id = act(dana, WITH_CASH)  # 12 for each lot: 8 more than the first one cost
    trade = of(dana, "AVGO")
    event = {"eventId": action_id, "type": "OTHER", "amount": beyond, "at": AT}
    assert trade.get("events") == (None if beyond is None else [event])
    assert positions(dana) == [("AVGO", "BUY", "2", cost, "0")]
    put(dana, avgo("SELL", "1", "40", 0))
    assert of(dana, "AVGO")["partialCloses"][0]["realizedPnl"] == first
    put(dana, avgo("SELL", "1", "30", 1))
    assert of(dana, "AVGO")["netPnl"] == "50"  # 70 + 24 - 44
    if beyond is not None:
        path = f"/trades/{trade['tradeId']}/events/{action_id}"
        split = f"/trades/{trade['tradeId']}/splits/{action_id}"
        for answer in (dana.patch(path, {"amount": "1"}), dana.delete(path), dana.delete(split)):
            assert refused(answer) == (409, "/problems/state-forbids")
    for each in dana.get("/executions", query="symbol=AVGO").json["items"]:
        assert dana.delete(f"/executions/{each['executionId']}").status == 204
    undo(dana, action_id)
    assert stored() == before


def test_a_merger_into_what_is_open_closes_at_cost(dana: Client) -> None:
    put(dana, vmw("BUY", "8", "10", 0, commission="1"), avgo("BUY", "1", "50", 0, executedAt="2026-01-05T12:00:00Z"))
    for trade in trades(dana):
        dana.patch(f"/trades/{trade['tradeId']}", {"lessons": trade["symbol"]})
    before = stored()
    action_id = act(dana, WITH_CASH)
    assert figures(dana) == [("AVGO", "OPEN", "3", None), ("VMW", "CLOSED", "8", "0")]
    assert {trade["symbol"]: trade["lessons"] for trade in trades(dana)} == {"AVGO": "AVGO", "VMW": "VMW"}
    assert positions(dana) == [("AVGO", "BUY", "3", "106", "1")]
    assert shown(made(dana)[0], "kind", "symbol", "quantity", "price", "commission") == (
        "MERGER_SHARES",
        "AVGO",
        "2",
        "28",
        "1",
    )
    put(dana, avgo("SELL", "3", "40", 0))
    assert of(dana, "AVGO")["netPnl"] == "13"
    put(dana, avgo("SELL", "1", "51", 0, executedAt="2026-01-05T13:00:00Z"))  # it goes on after all
    assert ("VMW", "CLOSED", "8", "0") not in figures(dana)
    assert made(dana) == []
    for each in dana.get("/executions", query="symbol=AVGO").json["items"][:2]:
        assert dana.delete(f"/executions/{each['executionId']}").status == 204
    undo(dana, action_id)
    assert stored() == before


def test_units_of_a_merger_close_what_is_open_the_other_way(dana: Client) -> None:
    put(dana, vmw("BUY", "8", "10", 0), avgo("SELL", "2", "50", 0, executedAt="2026-01-05T12:00:00Z"))
    act(dana, MERGER)
    assert figures(dana) == [("AVGO", "CLOSED", "2", "20"), ("VMW", "CLOSED", "8", "0")]
    assert positions(dana) == []


def test_a_merger_is_undone_to_the_last_byte(dana: Client) -> None:
    put(dana, vmw("BUY", "8", "10", 0, commission="1"), vmw("SELL", "8", "12", 1), vmw("BUY", "3", "11", 2))
    put(dana, avgo("SELL", "1", "12", 0), fill("BUY", "1", "1", 0))
    [first, second, *_] = trades(dana)
    for trade in (first, second):
        dana.patch(f"/trades/{trade['tradeId']}", {"lessons": trade["tradeId"], "stopLoss": "1.1"})
    before = stored()
    action_id = act(dana, WITH_CASH)
    split = act(dana, {**SPLIT, "symbol": "AVGO", "effectiveAt": "2026-01-06T20:00:00Z"})
    again = act(dana, {**MERGER, "symbol": "AVGO", "newSymbol": "NEXT", "effectiveAt": LATER["executedAt"]})
    assert ("AVGO", "PARTIAL", "3", None) not in figures(dana)
    for each in (action_id, again, split):
        undo(dana, each)
    assert stored() == before


def test_bad_mergers_are_refused_by_field(dana: Client) -> None:
    put(dana, vmw("BUY", "0.000000000000000001", "400", 0))
    for change, pointer in (
        ({"old": None}, "/old"),
        ({"newSymbol": None}, "/newSymbol"),
        ({"newSymbol": "vmw"}, "/newSymbol"),
        ({"costShare": "1"}, "/costShare"),
        ({"cashPerShare": "-1"}, "/cashPerShare"),
        ({}, "/new"),
    ):
        given = {name: value for name, value in {**MERGER, **change}.items() if value is not None}
        assert bad(dana.post("/corporate-actions", given)) == (422, {("body", pointer)})
    late = dana.post("/executions", avgo("BUY", "1", "1", 0, instrument={"multiplier": "5", "currency": "USD"}))
    assert late.status == 201
    assert refused(dana.post("/corporate-actions", {**MERGER, "new": "8"})) == (409, "/problems/state-forbids")


def test_a_late_fill_in_another_instrument_is_refused(dana: Client) -> None:
    act(dana, MERGER)
    early = {"executedAt": "2026-01-05T12:00:00Z", "instrument": {"multiplier": "5", "currency": "USD"}}
    put(dana, avgo("BUY", "1", "1", 0, **early))
    assert refused(dana.post("/executions", vmw("BUY", "8", "10", 0))) == (409, "/problems/state-forbids")


def test_a_merger_behind_the_answer_is_as_if_at_once(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, vmw("BUY", "8", "1", 0), avgo("BUY", "1", "50", 0, executedAt="2026-01-05T12:00:00Z"))
    before = stored()
    action_id = act(dana, WITH_CASH)
    at_once = figures(dana), positions(dana)
    undo(dana, action_id)
    monkeypatch.setattr("handlers.usecases.corporate_actions.MOST_READ", -1)
    answer = dana.post("/corporate-actions", WITH_CASH)
    assert answer.status == 202
    behind.settle()
    assert (figures(dana), positions(dana)) == at_once
    assert ("VMW", "CLOSED", "8", "16") in at_once[0]  # 24 for what cost 8
    assert dana.delete(f"/corporate-actions/{answer.json['actionId']}").status == 202
    behind.settle()
    assert stored() == before

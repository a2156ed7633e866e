"""Symbols that are renamed: what is open goes on under the new one, with all that was known of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.behind import Behind
from tests.api.client import Client
from tests.api.test_corporate_actions import AT, NEXT_DAY, SPLIT, act, shown, stored, undo
from tests.api.test_executions import fill, put, refused, trades

RENAME = {"type": "RENAME", "symbol": "FB", "newSymbol": "META", "effectiveAt": AT}


def fb(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return fill(side, quantity, price, minute, symbol="FB", **others)


def meta(side: str, quantity: str, price: str, minute: int, **others: Any) -> dict[str, Any]:
    return fill(side, quantity, price, minute, **{"symbol": "META", **NEXT_DAY, **others})


def figures(client: Client) -> list[tuple[Any, ...]]:
    return [shown(trade, "symbol", "status", "quantity", "netPnl") for trade in trades(client)]


def positions(client: Client, query: str = "") -> list[tuple[Any, ...]]:
    return [shown(each, "symbol", "quantity") for each in client.get("/positions", query=query).json["items"]]


@pytest.mark.parametrize("when", ["first", "between", "last"])
def test_a_trade_goes_on_under_the_new_symbol(dana: Client, when: str) -> None:
    if when == "first":
        act(dana, RENAME)
    put(dana, fb("BUY", "10", "10", 0, commission="1"), fb("SELL", "4", "11", 1))
    if when == "between":
        act(dana, RENAME)
    put(dana, meta("BUY", "4", "12", 0), meta("SELL", "3", "13", 1))
    if when == "last":
        assert len(trades(dana)) == 2
        act(dana, RENAME)
    assert figures(dana) == [("META", "PARTIAL", "14", None)]
    assert positions(dana) == positions(dana, "at=2026-01-07") == [("META", "7")]
    assert positions(dana, "at=2026-01-05") == [("META", "6")]
    [sold] = put(dana, meta("SELL", "7", "12", 2, positionEffect="CLOSE", executedAt="2026-01-08T10:00:00Z"))
    assert figures(dana) == [("META", "CLOSED", "14", "18")]
    assert len(sold["trades"]) == 1
    executions = dana.get("/executions", query="order=asc").json["items"]
    assert [one["symbol"] for one in executions] == ["FB", "FB", "META", "META", "META"]
    assert {tuple(one["tradeIds"]) for one in executions} == {(trades(dana)[0]["tradeId"],)}
    assert positions(dana) == []


def test_a_late_fill_of_the_old_symbol_takes_part_in_the_renaming(dana: Client) -> None:
    put(dana, fb("BUY", "10", "10", 5), meta("SELL", "10", "12", 0))
    act(dana, RENAME)
    [trade] = trades(dana)
    dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "patience"})
    put(dana, fb("BUY", "2", "9", 0))
    assert figures(dana) == [("META", "PARTIAL", "12", None)]
    assert trades(dana)[0]["lessons"] == "patience"
    [late] = put(dana, fb("SELL", "12", "11", 6))  # nothing is left to be renamed: the sale is a trade of its own
    assert sorted(figures(dana)) == [("FB", "CLOSED", "12", "14"), ("META", "OPEN", "10", None)]
    assert dana.delete(f"/executions/{late['execution']['executionId']}").status == 204
    assert figures(dana) == [("META", "PARTIAL", "12", None)]
    [kind] = put(
        dana, {"symbol": "META", "kind": "TRANSFER_OUT", "quantity": "1", "executedAt": "2026-01-08T10:00:00Z"}
    )
    assert kind["execution"]["side"] == "SELL"
    assert positions(dana) == [("META", "1")]


def test_the_old_symbol_may_be_used_again(dana: Client) -> None:
    put(dana, fb("BUY", "10", "10", 0))
    act(dana, RENAME)
    put(dana, fb("BUY", "3", "5", 0, **NEXT_DAY))
    assert sorted(positions(dana)) == [("FB", "3"), ("META", "10")]
    put(dana, fb("SELL", "3", "6", 0, executedAt="2026-01-08T10:00:00Z"), meta("SELL", "10", "11", 1))
    assert sorted(figures(dana)) == [("FB", "CLOSED", "3", "3"), ("META", "CLOSED", "10", "10")]


def test_a_renaming_is_undone_to_the_last_byte(dana: Client) -> None:
    put(dana, fb("BUY", "10", "10", 0), fb("SELL", "10", "12", 1), fb("BUY", "7", "11", 2))
    put(dana, meta("SELL", "9", "12", 0), fill("BUY", "1", "1", 0))
    [first, second, *_] = trades(dana)
    for trade in (first, second):
        dana.patch(f"/trades/{trade['tradeId']}", {"lessons": trade["tradeId"]})
    before = stored()
    action_id = act(dana, RENAME)
    assert sorted(figures(dana)) == [
        ("AAPL", "OPEN", "1", None),
        ("FB", "CLOSED", "10", "20"),
        ("META", "CLOSED", "7", "7"),
        ("META", "OPEN", "2", None),
    ]
    split = act(dana, {**SPLIT, "symbol": "META", "effectiveAt": "2026-01-06T20:00:00Z"})
    assert ("META", "PARTIAL", "28", None) in figures(dana)
    undo(dana, split)
    undo(dana, action_id)
    assert stored() == before


def test_symbols_are_renamed_more_than_once(dana: Client) -> None:
    put(dana, fb("BUY", "10", "10", 0))
    act(dana, RENAME)
    again = {"type": "RENAME", "symbol": "META", "newSymbol": "MVRS", "effectiveAt": "2026-01-09T00:00:00Z"}
    act(dana, again)
    assert (figures(dana), positions(dana)) == ([("MVRS", "OPEN", "10", None)], [("MVRS", "10")])
    put(dana, fb("BUY", "1", "10", 1), meta("SELL", "1", "12", 0))
    assert figures(dana) == [("MVRS", "PARTIAL", "11", None)]
    put(dana, meta("SELL", "10", "12", 0, symbol="MVRS", executedAt="2026-01-10T10:00:00Z"))
    assert figures(dana) == [("MVRS", "CLOSED", "11", "22")]


def test_a_renaming_to_what_is_open_too_is_refused(dana: Client) -> None:
    put(dana, fb("BUY", "10", "10", 0), meta("BUY", "1", "10", 0, executedAt="2026-01-05T12:00:00Z"))
    before = stored()
    answer = dana.post("/corporate-actions", RENAME)
    assert refused(answer) == (409, "/problems/state-forbids")
    assert "META" in answer.json["detail"]
    assert stored() == before
    put(dana, meta("SELL", "1", "11", 1, executedAt="2026-01-05T13:00:00Z"))
    act(dana, RENAME)
    late = dana.post("/executions", meta("BUY", "5", "10", 0, executedAt="2026-01-05T14:00:00Z"))
    assert refused(late) == (409, "/problems/state-forbids")


def test_a_renaming_to_another_instrument_is_refused(dana: Client) -> None:
    put(dana, fb("BUY", "10", "10", 0), meta("BUY", "1", "10", 0, instrument={"multiplier": "5", "currency": "USD"}))
    assert refused(dana.post("/corporate-actions", RENAME)) == (409, "/problems/state-forbids")


def test_a_renaming_is_listed_under_both_symbols_and_once_among_all(dana: Client) -> None:
    action_id = act(dana, RENAME)
    for query in ("", "symbol=fb", "symbol=META"):
        items = dana.get("/corporate-actions", query=query).json["items"]
        assert [each["actionId"] for each in items] == [action_id]
    assert dana.get(f"/corporate-actions/{action_id}").json["newSymbol"] == "META"
    undo(dana, action_id)
    assert dana.get("/corporate-actions", query="symbol=META").json == {"items": []}
    same = dana.post("/corporate-actions", {**RENAME, "newSymbol": "fb"})
    assert (same.status, same.bad_fields) == (422, {("body", "/newSymbol")})


def test_what_is_renamed_behind_the_answer_is_as_if_at_once(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fb("BUY", "10", "10", 0), meta("SELL", "9", "12", 0))
    before = stored()
    with monkeypatch.context() as patched:
        patched.setattr("handlers.usecases.corporate_actions.MOST_READ", -1)
        answer = dana.post("/corporate-actions", RENAME)
        assert answer.status == 202
        behind.settle()
        assert figures(dana) == [("META", "PARTIAL", "10", None)]
        patched.setattr("handlers.usecases.position_changes.MOST_READ", 0)
        late = dana.post("/executions", fb("BUY", "1", "10", 1))
        assert late.status == 202
        behind.settle()
        assert figures(dana) == [("META", "PARTIAL", "11", None)]
        assert dana.delete(f"/executions/{late.json['execution']['executionId']}").status == 202
        behind.settle()
        assert dana.delete(f"/corporate-actions/{answer.json['actionId']}").status == 202
        behind.settle()
    empty = {key for key, item in stored().items() if item.get("openQuantity") == {"N": "0"} and key not in before}
    assert {key: item for key, item in stored().items() if key not in empty} == before


def test_what_cannot_be_renamed_behind_the_answer_stays_under_its_symbol(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fb("BUY", "10", "10", 0), meta("BUY", "1", "10", 0, executedAt="2026-01-05T12:00:00Z"))
    monkeypatch.setattr("handlers.usecases.corporate_actions.MOST_READ", -1)
    assert dana.post("/corporate-actions", RENAME).status == 202
    behind.settle()
    assert sorted(positions(dana)) == [("FB", "10"), ("META", "1")]
    monkeypatch.undo()


def test_the_new_symbol_was_used_before(dana: Client) -> None:
    act(dana, RENAME)
    early = {"executedAt": "2026-01-05T12:00:00Z"}
    put(dana, meta("BUY", "1", "10", 0, **early), meta("SELL", "1", "12", 1, **early))
    assert figures(dana) == [("META", "CLOSED", "1", "2")]
    put(dana, fb("BUY", "10", "10", 0), meta("SELL", "10", "11", 0))
    assert figures(dana) == [("META", "CLOSED", "10", "10"), ("META", "CLOSED", "1", "2")]


def test_a_late_fill_is_settled_behind_the_answer_when_the_other_symbol_has_many(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fb("BUY", "10", "10", 0), meta("SELL", "4", "12", 0), meta("SELL", "4", "12", 1))
    act(dana, RENAME)
    monkeypatch.setattr("handlers.usecases.position_changes.MOST_READ", 1)
    late = dana.post("/executions", fb("BUY", "1", "10", 1))
    assert (late.status, late.json["trades"]) == (202, [])
    behind.settle()
    assert figures(dana) == [("META", "PARTIAL", "11", None)]

"""Corporate actions of positions that are too large for a request: marked, and settled behind the answer."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.client import BaseClient

from handlers.storage import executions as storage
from tests.api.behind import Behind
from tests.api.client import Client
from tests.api.test_corporate_actions import DIVIDEND, MERGER, NEXT_DAY, SPLIT, act, stored, undo
from tests.api.test_executions import fill, put, refused, trades


@pytest.fixture
def is_large(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Every position is too large for the request of an action."""
    monkeypatch.setattr("handlers.usecases.corporate_actions.MOST_READ", -1)
    return monkeypatch


def history(client: Client) -> None:
    put(
        client,
        fill("BUY", "10", "10", 0, commission="1"),
        fill("SELL", "12", "12", 1, commission="0.7"),
        fill("BUY", "7", "11", 0, **NEXT_DAY),
        fill("BUY", "1", "9", 0, pairId="2"),
    )


@pytest.mark.parametrize("given", [SPLIT, MERGER, DIVIDEND])
def test_what_follows_behind_the_answer_is_what_would_have_followed_at_once(
    dana: Client, behind: Behind, is_large: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    history(dana)
    before = stored()
    with is_large.context() as at_once:
        at_once.setattr("handlers.usecases.corporate_actions.MOST_READ", 2_000)
        action_id = act(dana, given)
        expected = trades(dana)
        undo(dana, action_id)
    assert stored() == before
    answer = dana.post("/corporate-actions", given, headers={"Idempotency-Key": "k"})
    assert answer.status == 202
    again = dana.post("/corporate-actions", given, headers={"Idempotency-Key": "k"})
    assert (again.status, again.json) == (202, answer.json)
    assert [each["settled"] for each in dana.get("/positions").json["items"]] == [False, False]
    behind.settle()
    volatile = ("version", "updatedAt", "splits", "partialCloses", "entries")
    assert [{name: each[name] for name in each if name not in volatile} for each in trades(dana)] == [
        {name: each[name] for name in each if name not in volatile} for each in expected
    ]
    gone = dana.delete(f"/corporate-actions/{answer.json['actionId']}")
    assert gone.status == 202
    behind.settle()
    assert stored() == before


def test_a_fill_after_a_marked_action_sees_it(dana: Client, behind: Behind, is_large: pytest.MonkeyPatch) -> None:
    put(dana, fill("BUY", "10", "400", 0))
    assert dana.post("/corporate-actions", SPLIT).status == 202
    assert is_large
    [sold] = put(dana, fill("SELL", "40", "110", 0, **NEXT_DAY))
    assert (sold["trades"][0]["status"], sold["trades"][0]["netPnl"]) == ("CLOSED", "400")
    behind.settle()
    assert [trade["netPnl"] for trade in trades(dana)] == ["400"]


def test_a_fill_of_a_large_position_before_an_action_is_settled_behind_the_answer(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(dana, fill("BUY", "10", "400", 0), fill("BUY", "10", "400", 1))
    act(dana, SPLIT)
    monkeypatch.setattr("handlers.usecases.position_changes.MOST_READ", 1)
    last = dana.post("/executions", fill("SELL", "20", "410", 2, positionEffect="CLOSE"))
    assert (last.status, last.json["execution"]["tradeIds"]) == (202, [])
    nothing = dana.post("/executions", {"symbol": "AAPL", "kind": "EXPIRY", "executedAt": "2026-01-05T11:00:00Z"})
    assert refused(nothing) == (409, "/problems/state-forbids")
    behind.settle()
    assert [(trade["status"], trade["netPnl"], trade.get("splits")) for trade in trades(dana)] == [
        ("CLOSED", "200", None)
    ]


def test_what_is_too_much_for_a_transaction_is_marked(dana: Client, behind: Behind) -> None:
    put(dana, *[fill("BUY", "1", "10", n, pairId=str(n)) for n in range(59)])
    answer = dana.post("/corporate-actions", SPLIT)
    assert answer.status == 202
    behind.settle()
    assert {trade["quantity"] for trade in trades(dana)} == {"4"}
    put(dana, *[fill("BUY", "1", "10", n, pairId=str(n + 59)) for n in range(32)])
    assert refused(dana.post("/corporate-actions", SPLIT)) == (409, "/problems/state-forbids")


def test_a_symbol_has_so_many_actions(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.usecases.corporate_actions.MOST_ACTIONS", 1)
    act(dana, SPLIT)
    assert refused(dana.post("/corporate-actions", MERGER)) == (409, "/problems/state-forbids")


def test_a_position_that_is_new_waits_for_an_action_that_is_written_at_once(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, races = storage.write, ["action"]

    def raced(*given: Any, **others: Any) -> Any:
        if races:
            races.pop()
            act(dana, SPLIT)
        return write(*given, **others)

    monkeypatch.setattr(storage, "write", raced)
    [made] = put(dana, fill("BUY", "10", "400", 0))
    assert made["trades"][0]["quantity"] == "40"


def test_an_action_that_others_overtake_begins_again(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    put(dana, fill("BUY", "10", "400", 0))
    write, races = storage.write, ["fill"]

    def raced(*given: Any, **others: Any) -> Any:
        if races:
            races.pop()
            put(dana, fill("BUY", "2", "400", 1))
        return write(*given, **others)

    monkeypatch.setattr(storage, "write", raced)
    act(dana, SPLIT)
    assert [trade["quantity"] for trade in trades(dana)] == ["48"]


def test_a_crash_before_the_write_leaves_everything_as_it_was(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    history(dana)
    before = stored()
    for name in ("BatchGetItem", "GetItem", "Query", "TransactWriteItems"):
        with monkeypatch.context() as patched:
            kill(patched, name)
            assert dana.post("/corporate-actions", SPLIT).status in (500, 503)
        assert stored() == before


def kill(patched: pytest.MonkeyPatch, operation: str) -> None:
    """Let a call of DynamoDB fail for good."""
    clients: Any = BaseClient
    call = clients._make_api_call

    def killed(client: Any, name: str, given: Any) -> Any:
        if name == operation:
            raise RuntimeError("killed")
        return call(client, name, given)

    patched.setattr(clients, "_make_api_call", killed)

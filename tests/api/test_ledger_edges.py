"""What the ledger answers at the edges: page tokens of other lists, trades that are gone, other versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from handlers.storage import ledger, page_tokens, trades
from handlers.storage.trade_queries import ListPosition
from tests.api.client import Answer, Client
from tests.api.test_executions import MAIN, NEVER, fill, put, refused

CLOSE = {"price": "15", "closedAt": "2026-01-05T10:30:00Z"}
KEY = {"Idempotency-Key": "k"}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/executions", ""),
        (f"/accounts/{MAIN}/cash", ""),
        (f"/accounts/{MAIN}/reconciliations", ""),
        ("/fx-rates", "from=EUR&to=USD&"),
        ("/groups", ""),
        ("/corporate-actions", ""),
    ],
)
def test_a_page_token_of_another_list_is_refused(
    dana: Client, monkeypatch: pytest.MonkeyPatch, path: str, query: str
) -> None:
    monkeypatch.setattr(
        page_tokens, "open_token", lambda *_, **__: ListPosition(index="another", sort_key="", trade_id="")
    )
    answer = dana.get(path, query=f"{query}nextToken=abc")
    assert (answer.status, answer.kind) == (400, "/problems/invalid-request")


def test_a_range_that_ends_before_it_begins_has_no_executions(dana: Client) -> None:
    put(dana, fill("BUY", "1", "10", 0))
    wrong = dana.get("/executions", query=f"accountId={MAIN}&from=2026-01-06&to=2026-01-01")
    assert wrong.status in (200, 400, 422)
    assert wrong.json.get("items", []) == []


def test_a_close_with_a_key_meets_a_trade_that_is_gone_or_has_changed(dana: Client) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    path = f"/trades/{first['trades'][0]['tradeId']}"
    assert refused(dana.post(f"{path}/closes", CLOSE, headers={"If-Match": '"9"'})) == (
        412,
        "/problems/version-mismatch",
    )
    closed = dana.post(f"{path}/closes", CLOSE, headers=KEY)
    assert closed.status == 201
    assert dana.post(f"{path}/closes", CLOSE, headers=KEY).body == closed.body
    assert dana.post(f"/trades/{NEVER}/closes", CLOSE, headers={"Idempotency-Key": "other"}).status == 404


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen once a request with a key has found that its trade follows from executions."""
    read = trades.get_with_answer
    reads: list[str] = []

    def overtaken(*args: Any, **named: Any) -> Any:
        reads.append(named["key"])
        if len(reads) == 2:
            happens()
        return read(*args, **named)

    monkeypatch.setattr(trades, "get_with_answer", overtaken)


def test_a_close_is_answered_again_that_the_same_request_makes_meanwhile(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    path = f"/trades/{first['trades'][0]['tradeId']}/closes"
    made: list[Answer] = []
    meanwhile(monkeypatch, lambda: made.append(dana.post(path, CLOSE, headers=KEY)))
    again = dana.post(path, CLOSE, headers=KEY)
    assert (made[0].status, again.status, again.body) == (201, 201, made[0].body)
    assert len(dana.get("/executions").json["items"]) == 2


def test_a_close_meets_a_trade_that_is_changed_or_deleted_meanwhile(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    trade, execution = f"/trades/{first['trades'][0]['tradeId']}", f"/executions/{first['execution']['executionId']}"
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: dana.patch(trade, {"lessons": "wait"}))
        stale = dana.post(f"{trade}/closes", CLOSE, headers={**KEY, "If-Match": '"1"'})
    assert refused(stale) == (412, "/problems/version-mismatch")
    dana.patch(trade, {"lessons": None})
    with monkeypatch.context() as patch:
        meanwhile(patch, lambda: dana.delete(execution))
        assert dana.post(f"{trade}/closes", CLOSE, headers=KEY).status == 404
    assert dana.get("/executions").json["items"] == []


def test_the_details_of_costs_are_corrected_with_the_costs_that_they_add_up_to(dana: Client) -> None:
    details = [{"kind": "EXCHANGE", "amount": "0.25"}, {"kind": "CLEARING", "amount": "0.5"}]
    [first] = put(dana, fill("BUY", "2", "10", 0, commission="0.25", costDetails=details[:1]))
    path = f"/executions/{first['execution']['executionId']}"
    assert dana.patch(path, {"commission": "0.75"}).status == 422
    changed = dana.patch(path, {"commission": "0.75", "costDetails": details})
    assert changed.status == 200, changed.json
    assert dana.get(path).json["costDetails"] == details
    assert dana.patch(path, {"costDetails": None}).status == 200
    assert "costDetails" not in dana.get(path).json


def test_an_execution_that_was_deleted_between_two_reads_is_not_found(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = put(dana, fill("BUY", "2", "10", 0))
    path = f"/executions/{first['execution']['executionId']}"
    monkeypatch.setattr(ledger, "several", lambda *_: {})
    assert dana.get(path).status == 404

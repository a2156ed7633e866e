"""Corporate actions whose process ends at any call of AWS: a repetition finishes them, and nothing is done twice."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from handlers.entry.ledger import settle_positions
from handlers.storage import executions
from tests.api.behind import Behind, Context
from tests.api.client import Client
from tests.api.test_corporate_actions import AT, NEXT_DAY, shown, stored
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_executions import fill, put, trades
from tests.api.user_data import messages_of

OTHERS: dict[str, dict[str, Any]] = {
    "SPLIT": {"new": "4", "old": "1"},
    "RENAME": {},
    "MERGER_CASH": {"cashPerShare": "13"},
    "MERGER_SHARES": {"new": "1", "old": "4", "cashPerShare": "3"},
    "SPINOFF": {"new": "1", "old": "4", "costShare": "0.2"},
    "SHARE_DIVIDEND": {"quantity": "2"},
}
MOVES = ("RENAME", "MERGER_SHARES", "SPINOFF")


def an_action(kind: str, number: int) -> dict[str, Any]:
    """An action of that type, of symbols of its own."""
    moved = {"newSymbol": f"NEW{number}"} if kind in MOVES else {}
    return {"type": kind, "symbol": f"OLD{number}", "effectiveAt": AT, **OTHERS[kind], **moved}


def history(client: Client, number: int) -> None:
    """Two trades of each symbol: one is open at the action, and one begins after it."""
    old, new = f"OLD{number}", f"NEW{number}"
    put(
        client,
        fill("BUY", "8", "10", 0, symbol=old, commission="1"),
        fill("SELL", "8", "12", 1, symbol=old),
        fill("BUY", "8", "11", 2, symbol=old, commission="1"),
        fill("SELL", "1", "9", 0, symbol=new, **NEXT_DAY),
    )


def figures(client: Client, number: int) -> Any:
    own = [trade for trade in trades(client) if trade["symbol"] in (f"OLD{number}", f"NEW{number}")]
    held = [each for each in client.get("/positions").json["items"] if each["symbol"].endswith(str(number))]
    return (
        sorted(shown(each, "side", "status", "quantity", "remainingQuantity", "netPnl", "commission") for each in own),
        sorted(shown(each, "side", "quantity", "costBasis", "openCosts", "settled") for each in held),
    )


def repeated(kill: Kill, at: int, ask: Any) -> tuple[bool, Any]:
    """Ask, and again when that was killed; whether it was, and the answer."""
    kill.left = at
    try:
        with kill.watching():
            return False, ask()
    except Killed:
        return True, ask()


@pytest.mark.parametrize("kind", OTHERS)
def test_an_action_that_is_killed_at_any_call_is_applied_once(dana: Client, kind: str) -> None:
    kill = Kill()
    kill.when = "after"
    expected, at, are_killed = None, 0, (True, True)
    while any(are_killed):
        at += 1
        history(dana, at + 100)
        before = stored()
        key = {"Idempotency-Key": f"key-{at}"}
        wanted = an_action(kind, at + 100)
        made_late, answer = repeated(kill, at, partial(dana.post, "/corporate-actions", wanted, headers=key))
        assert answer.status == 201
        expected = expected or figures(dana, at + 100)
        assert figures(dana, at + 100) == expected
        path = f"/corporate-actions/{answer.json['actionId']}"
        gone_late, gone = repeated(kill, at, partial(dana.delete, path))
        are_killed = made_late, gone_late
        assert gone.status in (204, 404)
        assert stored() == before
    assert at > 5


@pytest.mark.parametrize("kind", OTHERS)
def test_a_settler_that_is_killed_at_any_call_is_mended_by_the_next_message(
    dana: Client, behind: Behind, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("handlers.usecases.corporate_actions.MOST_READ", -1)
    kill = Kill()
    kill.when = "after"
    expected, at, was_killed = None, 0, True

    def settled() -> bool:
        monkeypatch.setattr(executions, "MOST_WRITTEN", 6)  # several parts
        assert behind.tell() == []
        found = False
        while messages := messages_of(behind.queue):
            for message in messages:
                killed, answer = repeated(kill, at, partial(settle_positions, {"Records": [message]}, Context()))
                assert answer == {"batchItemFailures": []}
                found |= killed
            assert behind.tell() == []
        monkeypatch.setattr(executions, "MOST_WRITTEN", 97)
        return found

    while was_killed:
        at += 1
        history(dana, at + 100)
        before = stored()
        answer = dana.post("/corporate-actions", an_action(kind, at + 100))
        assert answer.status == 202
        was_killed = settled()
        expected = expected or figures(dana, at + 100)
        assert figures(dana, at + 100) == expected
        assert dana.delete(f"/corporate-actions/{answer.json['actionId']}").status == 202
        was_killed |= settled()
        empty = {key for key, item in stored().items() if item.get("openQuantity") == {"N": "0"} and key not in before}
        assert {key: item for key, item in stored().items() if key not in empty} == before
    assert at > 4

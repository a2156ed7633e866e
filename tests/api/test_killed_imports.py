"""Commits and undoings whose process ends at any call of AWS: the message again finishes them, and nothing is done
twice or lost.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest

from handlers.entry.import_commits import apply_imports
from handlers.imports.decided import RowOutcome, Same
from handlers.imports.record import Import, ImportStatus
from handlers.storage import clients, executions, imports
from handlers.usecases import import_batches, import_cash, import_executions, settling
from tests.api.applying import Applying
from tests.api.client import DANA, Client
from tests.api.import_files import a_fill, a_preview, an_action, rows_of, some_cash
from tests.api.test_convert_trade import hand_made
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_executions import fill, put
from tests.api.test_import_commits import ask, committed
from tests.api.test_import_undo import ask as ask_to_undo
from tests.api.uploading import Context
from tests.api.user_data import messages_of

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.fixture(params=["one transaction", "several transactions"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is written at once."""
    if request.param == "several transactions":
        monkeypatch.setattr(import_batches, "MOST_PLANNED", 6)
        monkeypatch.setattr(import_executions, "MOST_MARKED", 2)
        monkeypatch.setattr(import_cash, "MOST_AT_ONCE", 1)
        monkeypatch.setattr(import_cash, "MOST_REMOVED", 1)
        monkeypatch.setattr(executions, "MOST_WRITTEN", 11)
        monkeypatch.setattr(settling, "SPAN", 1)


def run_killed(applying: Applying, kill: Kill, at: int, one: Import) -> bool:
    """Carry the import on, killed once at that call; whether it was. What was not done comes again."""
    kill.left = at
    was_killed = False
    for message in messages_of(applying.queue):
        try:
            with kill.watching():
                assert apply_imports({"Records": [message]}, Context()) == {"batchItemFailures": []}
        except Killed:
            was_killed = True
            assert apply_imports({"Records": [message]}, Context()) == {"batchItemFailures": []}
        applying.settle()
    applying.run(one)
    return was_killed


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_import_that_is_killed_at_any_call_is_applied_and_undone_once(
    dana: Client, applying: Applying, when: Literal["before", "after"]
) -> None:
    put(dana, fill("BUY", "1", "90", 1, symbol="MSFT"), fill("SELL", "1", "95", 40, symbol="MSFT"))
    by_hand = hand_made(dana, symbol="NVDA", quantity="2", entryPrice="10", openDate="2026-01-05T10:00:00Z")
    linked: dict[str, Any] = {"outcome": RowOutcome.MATCHES_MANUAL, "of": Same(trade_id=by_hand["tradeId"])}
    parts: list[Any] = [
        a_fill("BUY", "2", "10.001", 0, symbol="NVDA", name="linked", **linked),
        *(a_fill("BUY" if n % 2 else "SELL", "3", str(100 + n), n, symbol="AAPL") for n in range(5)),
        a_fill("BUY", "3", "7", 15, symbol="TSLA"),
        a_fill("SELL", "6", "5", 25, symbol="TSLA"),
        some_cash("DEPOSIT", "1000", 0, external_id="d-1"),
        some_cash("FEE", "-1", 0, external_id="d-1"),
        an_action("SPLIT", 20, new="2", old="1", symbol="TSLA"),
    ]
    kill = Kill()
    kill.when = when
    # Positions stay, empty ones too: all of them are there before.
    committed(dana, applying, one := a_preview(DANA, rows_of(parts)))
    assert ask_to_undo(dana, one).status == 202
    applying.run(one)
    before, expected = journal(), None
    at, were_killed = 1, (True, True)
    while any(were_killed):
        one = a_preview(DANA, rows_of(parts))
        assert ask(dana, one).status == 202
        killed_first = run_killed(applying, kill, at, one)
        found = journal(one.import_id)
        expected = expected or found
        assert found == expected
        done = imports.get(DANA, one.import_id)
        assert done.status is ImportStatus.COMMITTED
        assert (done.applied.executions, done.applied.linked, done.applied.cash, done.applied.actions) == (7, 1, 2, 1)
        assert ask_to_undo(dana, one).status == 202
        were_killed = killed_first, run_killed(applying, kill, at, one)
        assert imports.get(DANA, one.import_id).status is ImportStatus.UNDONE
        assert journal() == before
        imports.delete(imports.get(DANA, one.import_id))
        at += STEP
    assert at > 20


# Every so manyeth call is the last one: by turns, all are.
STEP = 11
# What tells when and how often something was written, and where the counting of corporate actions has come.
_OF_WRITING = {"version", "createdAt", "updatedAt", "actionsVersion", "sequence", "expiresAt"}


def journal(import_id: str = "") -> dict[str, Any]:
    """All that is stored of trades, executions, positions, actions and cash, however often it was written."""
    found = {}
    for table, key in (("trades", "tradeId"), ("ledger", "item")):
        for item in clients.dynamodb().scan(TableName=table)["Items"]:
            if not item[key]["S"].startswith(("import|", "imports", "idempotency|", "lock|")):
                found[item[key]["S"]] = _without_writing(item, import_id)
    return found


def _without_writing(found: Any, import_id: str) -> Any:
    if isinstance(found, dict):
        kept = {name: value for name, value in found.items() if name not in _OF_WRITING}
        return {name: _without_writing(value, import_id) for name, value in kept.items()}
    if isinstance(found, list):
        return [_without_writing(each, import_id) for each in found]
    return "this import" if found == import_id else found

"""Imports are committed behind the answer: executions, cash and actions as their preview showed them."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.imports.record import EditedPolicy, Import, ImportStatus
from handlers.usecases import apply_import
from tests.api.applying import Applying
from tests.api.behind import Behind
from tests.api.client import DANA, Client
from tests.api.import_files import a_fill, a_preview, an_action, rows_of, some_cash
from tests.api.test_executions import MAIN, fill, nets, put, trades


@pytest.fixture
def applying(bucket: None, behind: Behind, monkeypatch: pytest.MonkeyPatch) -> Applying:  # noqa: ARG001 made first
    return Applying(behind, monkeypatch)


def begin(one: Import, **others: Any) -> None:
    apply_import.commit(one.user_id, one.import_id, lambda _: True, skip_undecided=False, keyed=None, **others)


def undo(one: Import, edited: EditedPolicy = EditedPolicy.REFUSE) -> None:
    apply_import.undo(one.user_id, one.import_id, edited, None)


def committed(applying: Applying, one: Import) -> Import:
    begin(one)
    done = applying.run(one)
    assert done.status is ImportStatus.COMMITTED
    return done


def test_fills_become_trades(dana: Client, applying: Applying) -> None:
    one = a_preview(
        DANA,
        rows_of(
            [
                a_fill("BUY", "10", "100", 0, commission=1),
                a_fill("SELL", "4", "5", 1, symbol="MSFT"),
                a_fill("SELL", "10", "102", 5),
            ]
        ),
    )
    done = committed(applying, one)
    assert nets(dana) == ["19", None]
    assert (done.applied.executions, done.applied.present, done.remarks) == (3, 0, ())
    shown = dana.get("/executions", query=f"importId={one.import_id}").json["items"]
    assert {each["source"] for each in shown} == {"IMPORT"}


def test_an_undone_import_leaves_nothing(dana: Client, applying: Applying) -> None:
    put(dana, fill("BUY", "1", "90", 1, symbol="AAPL"), fill("SELL", "1", "95", 2))
    before = journal(dana)
    rows = [
        a_fill("BUY", "10", "100", 10),
        a_fill("SELL", "10", "102", 15),
        a_fill("BUY", "3", "7", 15, symbol="TSLA"),
        some_cash("DEPOSIT", "1000", 0, external_id="d-1"),
        an_action("SPLIT", 20, new="2", old="1", symbol="TSLA"),
    ]
    done = committed(applying, a_preview(DANA, rows_of(rows)))
    assert (done.applied.executions, done.applied.cash, done.applied.actions) == (3, 1, 1)
    assert trades(dana)[-1]["quantity"] == "6"
    undo(done)
    assert applying.run(done).status is ImportStatus.UNDONE
    assert journal(dana) == before
    again = committed(applying, a_preview(DANA, rows_of(rows)))
    assert again.applied.present == 0
    assert trades(dana)[-1]["quantity"] == "6"


def journal(client: Client) -> dict[str, Any]:
    """All that the user's export has of trades, executions, cash and actions."""
    return {
        path: client.get(path).json
        for path in ("/trades", "/executions", "/corporate-actions", "/positions", f"/accounts/{MAIN}/cash")
    }

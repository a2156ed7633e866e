"""tests/rights.py sees the calls that functions make in the tests of this folder."""

from __future__ import annotations

import pytest

from handlers.storage import clients
from tests import rights
from tests.api.client import Client
from tests.rights import RECORDER


def test_a_call_counts_for_the_function_that_makes_it(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[tuple[str, str]] = set()
    monkeypatch.setattr(RECORDER, "used", used)
    dana.new_trade()
    assert {
        ("ChangeTradesFunction", "dynamodb:PutItem on TradesTable"),
        ("ChangeTradesFunction", "TRADES_TABLE"),
    } <= used


def test_a_call_that_no_role_allows_is_refused(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "rights", lambda _: [])
    dana.get("/trades")
    assert any(line.startswith("ListTradesFunction may not dynamodb:Query") for line in RECORDER.take_refused())


def test_a_call_of_a_test_counts_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[tuple[str, str]] = set()
    monkeypatch.setattr(RECORDER, "used", used)
    clients.dynamodb().scan(TableName="trades")
    assert not used

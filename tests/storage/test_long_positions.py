"""Reading positions of very many executions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from handlers.journal.executions import Instrument
from handlers.journal.settings import MAIN
from handlers.storage import dynamo, executions
from handlers.storage.executions import StoredPosition
from local.emulator.tables import LARGEST_LIMIT
from tests.storage.examples import NOW


def test_no_page_asks_for_more_than_dynamodb_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []

    def query(**given: Any) -> Any:
        limits.append(given["Limit"])
        return {"Items": [], **({"LastEvaluatedKey": {"item": {"S": "x"}}} if len(limits) < 100 else {})}

    monkeypatch.setattr(dynamo, "dynamodb", lambda: SimpleNamespace(query=query))
    held = StoredPosition(user_id="dana", account_id=MAIN, symbol="AAPL", instrument=Instrument(), dirty_since=NOW)
    assert executions.since_flat(held, None) == []
    assert len(limits) == 100
    assert limits[:3] == [50, 100, 200]
    assert max(limits) <= LARGEST_LIMIT

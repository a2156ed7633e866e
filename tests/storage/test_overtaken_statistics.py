"""A write of statistics that others were in the way of is worked out again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from benchmarks.growth.journals import journal, store
from handlers.storage import dynamo
from handlers.storage.stats import books, updating
from handlers.storage.trade_items import trade_item

USER = "user-1"
NOW = datetime(2026, 2, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("table")


@pytest.mark.parametrize("place", [0, 1], ids=["the check of the account", "the version of the statistics"])
def test_what_concerns_all_of_a_transaction_has_all_of_it_written_again(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trades = list(journal(USER, 3, a_day=3))
    store("trades", map(trade_item, trades))
    day = trades[0].closes[-1].closed_at.date()
    asked: list[int] = []

    def once_in_conflict(actions: Sequence[Any]) -> Sequence[dict[str, Any]]:
        asked.append(len(actions))
        if len(asked) > 1:
            return dynamo.transact_once(actions)
        return [{"Code": dynamo.CONFLICT} if number == place else {} for number in range(len(actions))]

    monkeypatch.setattr(updating, "transact_once", once_in_conflict)
    changed = updating.update(USER, {day: [trade.trade_id for trade in trades]}, NOW)
    assert changed == len(list(books.entries_between(USER, None, None))) > 0
    assert asked == [asked[0]] * 2

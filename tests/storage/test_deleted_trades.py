"""The list of deleted trades, from its index."""

from datetime import timedelta

import pytest

from handlers.storage import deleted_trades, trades
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_queries import ListPosition
from tests.storage.examples import NOW, a_trade

pytestmark = pytest.mark.usefixtures("table")


def test_a_position_in_another_list_is_refused() -> None:
    elsewhere = ListPosition(index="trades-by-date-gsi", sort_key="2026", trade_id="trade-1")
    with pytest.raises(BadPageToken):
        deleted_trades.list_deleted("user-1", limit=1, now=NOW, after=elsewhere)


def test_deleted_trades_are_listed_for_thirty_days_the_last_first() -> None:
    for number in range(3):
        trade = a_trade(trade_id=f"trade-{number}")
        trades.create(trade)
        trades.delete(trade, NOW + timedelta(days=number))
    late = NOW + timedelta(days=30, seconds=1)
    page = deleted_trades.list_deleted("user-1", limit=5, now=late)
    assert [each.trade.trade_id for each in page.trades] == ["trade-2", "trade-1"]
    assert [each.trade.trade_id for each in deleted_trades.every_deleted("user-1", late)] == ["trade-2", "trade-1"]

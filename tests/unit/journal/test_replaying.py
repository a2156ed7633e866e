"""A trade as it was at an instant, with its entries, closes and splits up to then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from handlers.journal.changes import open_trade
from handlers.journal.replaying import as_of
from handlers.journal.trade import Close, Entry, Side, Trade, TradeSplit, with_entries

D = Decimal
START = datetime(2026, 1, 5, 10, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture(scope="module")
def trade() -> Trade:
    """10 @ 100 on day 0, 10 @ 120 on day 2, two units for one on day 4, half closed on day 6, the rest on day 8."""
    opened = open_trade(
        Trade(
            user_id="user",
            trade_id=str(UUID(int=1)),
            symbol="AAPL",
            side=Side.BUY,
            quantity=D(10),
            open_date=day(0),
            entry_price=D(100),
            created_at=day(9),
            updated_at=day(9),
        ),
        [],
    )
    entries = (
        Entry(entry_id="1", quantity=D(10), price=D(100), entered_at=day(0)),
        Entry(entry_id="2", quantity=D(10), price=D(120), entered_at=day(2)),
    )
    closes = (
        Close(close_id="1", quantity=D(20), price=D(60), closed_at=day(6)),
        Close(close_id="2", quantity=D(20), price=D(70), closed_at=day(8)),
    )
    return with_entries(
        opened, entries, closes=closes, splits=(TradeSplit(split_id="1", new=D(2), old=D(1), at=day(4)),)
    )


@pytest.mark.parametrize(
    ("at", "is_open", "price", "realized"),
    [
        (day(0), "10", "100", "0"),
        (day(2) - MOMENT, "10", "100", "0"),
        (day(2), "20", "110", "0"),
        (day(4) - MOMENT, "20", "110", "0"),
        (day(4), "40", "55", "0"),
        (day(6) - MOMENT, "40", "55", "0"),
        (day(6), "20", "55", "100"),  # 20 x (60 - 55)
        (day(8) - MOMENT, "20", "55", "100"),
    ],
)
def test_what_was_traded_up_to_the_instant_counts(
    trade: Trade, at: datetime, is_open: str, price: str, realized: str
) -> None:
    then = as_of(trade, at)
    assert then is not None
    assert (then.remaining_quantity, then.entry_price) == (D(is_open), D(price))
    assert then.realized_partial_pnl == D(realized)
    assert (then.trade_id, then.open_date) == (trade.trade_id, day(0))


@pytest.mark.parametrize("at", [day(0) - MOMENT, day(8), day(9)])
def test_before_its_first_entry_and_from_its_last_close_on_it_was_not_open(trade: Trade, at: datetime) -> None:
    assert as_of(trade, at) is None

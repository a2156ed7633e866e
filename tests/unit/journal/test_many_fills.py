"""A position of very many fills is settled in seconds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import process_time

import pytest

from handlers.journal.positions import Fill, LotMethod, Side, settle

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("method", LotMethod)
def test_a_hundred_thousand_fills_of_one_position_are_settled_in_seconds(method: LotMethod) -> None:
    fills = [
        Fill(
            fill_id=str(n),
            side=Side.SELL if n % 5 == 4 else Side.BUY,
            quantity=D(n % 97 + 1).scaleb(-2),
            price=D(10_000 + n % 911).scaleb(-2),
            at=DAY + timedelta(seconds=n),
            costs=D("0.37"),
        )
        for n in range(100_000)
    ]
    began = process_time()
    [trip] = settle(fills, (), method)
    assert process_time() - began < 10
    assert (len(trip.exits), trip.is_flat) == (20_000, False)

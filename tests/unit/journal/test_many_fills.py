"""A position of very many fills; `python -m benchmarks.fills` says how long it takes."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.journal.positions import Fill, LotMethod, Side, trips_of

D = Decimal
DAY = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize("method", LotMethod)
def test_a_hundred_thousand_fills_of_one_position_are_settled(method: LotMethod) -> None:
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
    [trip] = trips_of(fills, (), method)
    assert (len(trip.exits), trip.is_flat) == (20_000, False)

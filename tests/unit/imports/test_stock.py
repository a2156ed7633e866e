"""Entries and closes of trades by hand that fills of a file may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from handlers.imports.rows import ReportedFill
from handlers.imports.stock import ManualPart, Parts
from handlers.journal.executions import Instrument
from handlers.journal.positions import Side

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FILL = ReportedFill(
    symbol="MSFT", side=Side.BUY, quantity=Decimal(1), price=Decimal(11), at=AT, instrument=Instrument()
)


def test_a_fill_takes_a_part_of_the_trade_that_is_named_once() -> None:
    parts, part = Parts(), ManualPart("trade", AT, Decimal(10))
    parts.add("AAPL", Side.BUY, Decimal(1), part)
    assert parts.of_trade("other", FILL) is None
    assert parts.of_trade("trade", replace(FILL, quantity=Decimal(2))) is None
    assert parts.of_trade("trade", replace(FILL, quantity=None)) is None
    assert parts.of_trade("trade", FILL) is part
    assert parts.of_trade("trade", FILL) is None

"""What is open while the fills of a file are judged: closes of nothing are orphans, and corporate actions count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.imports.decided import RowOutcome
from handlers.imports.findings import Finding, Running
from handlers.imports.placing import placed
from handlers.imports.record import OrphanPolicy
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.journal.executions import ActionType, CorporateAction, ExecutionKind, Instrument, PositionEffect
from handlers.journal.positions import Side

START = datetime(2026, 1, 5, 10, tzinfo=UTC)


def found(side: str | None, quantity: str | None, minute: int, kind: ExecutionKind = ExecutionKind.TRADE) -> Finding:
    """A fill of a file; a sale closes."""
    fill = ReportedFill(
        symbol="AAPL",
        instrument=Instrument(),
        side=None if side is None else Side(side),
        quantity=None if quantity is None else Decimal(quantity),
        price=Decimal(10),
        at=START + timedelta(minutes=minute),
        kind=kind,
        position_effect=PositionEffect.CLOSE if side == "SELL" else PositionEffect.AUTO,
    )
    return Finding(line=minute, order=minute, what=fill, id=str(minute), outcome=RowOutcome.NEW)


def an_action(kind: ActionType, minute: int, **others: Any) -> CorporateAction:
    at = START + timedelta(minutes=minute)
    return CorporateAction(action_id="a", type=kind, symbol="AAPL", effective_at=at, **others)


@pytest.mark.parametrize(
    ("action", "held"),
    [
        (an_action(ActionType.SPLIT, 2, new=Decimal(4), old=Decimal(1)), "40"),
        (an_action(ActionType.SHARE_DIVIDEND, 2, quantity=Decimal(2)), "12"),
        (
            an_action(ActionType.SPINOFF, 2, new_symbol="NEW", new=Decimal(1), old=Decimal(4), cost_share=Decimal(0)),
            "10",
        ),
        (an_action(ActionType.RENAME, 2, new_symbol="NEW"), None),
        (an_action(ActionType.MERGER_CASH, 2, cash_per_share=Decimal(3)), None),
        (an_action(ActionType.SPLIT, 2, new=Decimal(1), old=Decimal(10) ** 30), "10"),
        (an_action(ActionType.SPLIT, 0, new=Decimal(4), old=Decimal(1)), "10"),
    ],
    ids=lambda each: each.type if isinstance(each, CorporateAction) else "",
)
@pytest.mark.parametrize("side", ["BUY", "SHORT"])
def test_an_action_changes_what_a_close_of_everything_takes(
    action: CorporateAction, held: str | None, side: str
) -> None:
    running = Running(OrphanPolicy.ASK, [action])
    opening = found("BUY", "10", 1)
    if side == "SHORT":
        opening = found(None, "10", 1)
        opening.what = ReportedFill(
            symbol="AAPL",
            instrument=Instrument(),
            side=Side.SELL,
            quantity=Decimal(10),
            price=Decimal(1),
            at=opening.what.at,
        )
    last = found(None, None, 3, ExecutionKind.EXPIRY)
    for one in (opening, last):
        assert isinstance(one.what, ReportedFill)
        running.judge(one, one.what)
    assert isinstance(last.what, ReportedFill)
    assert last.outcome is (RowOutcome.ORPHAN if held is None else RowOutcome.NEW)
    assert last.what.quantity == (None if held is None else Decimal(held))
    if held is not None:
        assert last.what.side is (Side.SELL if side == "BUY" else Side.BUY)


@pytest.mark.parametrize(
    ("policy", "opening", "effect"),
    [
        (OrphanPolicy.ASK, None, PositionEffect.CLOSE),
        (OrphanPolicy.SKIP, None, PositionEffect.CLOSE),
        (OrphanPolicy.SHORT, None, PositionEffect.AUTO),
        (OrphanPolicy.OPENING, Decimal(3), PositionEffect.CLOSE),
    ],
)
def test_a_close_of_more_than_is_open_is_an_orphan(
    policy: OrphanPolicy, opening: Decimal | None, effect: PositionEffect
) -> None:
    running = Running(policy, [])
    first, second = found("BUY", "5", 1), found("SELL", "8", 2)
    for one in (first, second):
        assert isinstance(one.what, ReportedFill)
        running.judge(one, one.what)
    assert isinstance(second.what, ReportedFill)
    assert second.outcome is RowOutcome.ORPHAN
    assert (second.opening, second.what.position_effect) == (opening, effect)


def test_an_expiry_of_nothing_has_an_opening_fill_even_where_orphans_open_short_positions() -> None:
    one = found("SELL", "8", 1, ExecutionKind.EXPIRY)
    assert isinstance(one.what, ReportedFill)
    Running(OrphanPolicy.SHORT, []).judge(one, one.what)
    assert one.opening == Decimal(8)


def test_a_row_whose_time_is_no_instant_cannot_be_read() -> None:
    fill = ReportedFill(
        symbol="AAPL",
        instrument=Instrument(),
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(1),
        at=datetime(1, 1, 1),  # noqa: DTZ001 as files have it
    )
    row, instants = placed(Row(line=2, raw={}, found=(fill,)), ZoneInfo("Asia/Tokyo"))
    assert (row.error, row.found, instants) == (RowReason.DATE, (), ())

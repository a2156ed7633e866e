"""Cash of an account: which amounts a type allows, what is profit, and what a change makes of a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from handlers.faults import FieldCode
from handlers.journal.cash import Cash, CashType, checked
from handlers.journal.errors import RuleBroken

D = Decimal
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
MADE, LATER = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)

IN, OUT = {CashType.DEPOSIT}, {CashType.WITHDRAWAL, CashType.PAYOUT}
FLOWS = IN | OUT | {CashType.TRANSFER, CashType.ADJUSTMENT}


def cash(kind: CashType = CashType.DIVIDEND, amount: str = "12.5", **given: Any) -> Cash:
    values: dict[str, Any] = {
        "user_id": "dana",
        "account_id": "main",
        "cash_id": "c1",
        "type": kind,
        "amount": D(amount),
        "at": AT,
        "created_at": MADE,
        "updated_at": MADE,
        **given,
    }
    return Cash(**values)


def faults(raised: pytest.ExceptionInfo[RuleBroken]) -> list[tuple[tuple[str | int, ...], FieldCode, str]]:
    return [(error.path, error.fault.code, error.fault.detail) for error in raised.value.errors]


@pytest.mark.parametrize("kind", CashType)
def test_what_moves_between_the_account_and_its_owner_is_no_profit(kind: CashType) -> None:
    assert cash(kind).is_flow is (kind in FLOWS)


@pytest.mark.parametrize("kind", CashType)
@pytest.mark.parametrize(("amount", "sign"), [("0.00000001", 1), ("0", 0), ("-0.00000001", -1)])
def test_a_deposit_comes_in_a_withdrawal_and_a_payout_go_out_and_nothing_is_no_cash(
    kind: CashType, amount: str, sign: int
) -> None:
    row = cash(kind, amount)
    if kind in IN:
        broken = None if sign > 0 else (("amount",), FieldCode.NOT_POSITIVE, "must be more than 0")
    elif kind in OUT:
        broken = None if sign < 0 else (("amount",), FieldCode.NOT_NEGATIVE, "must be less than 0")
    else:
        broken = None if sign else (("amount",), FieldCode.ZERO, "must not be 0")
    if broken is None:
        assert checked(row) is row
        return
    with pytest.raises(RuleBroken) as raised:
        checked(row)
    assert faults(raised) == [broken]


def test_a_changed_row_is_at_its_next_version() -> None:
    row = cash(version=4, symbol="AAPL", note="Q4", currency="USD")
    revised = row.revised({"amount": D(-3), "note": None}, LATER)
    assert revised == replace(row, amount=D(-3), note=None, version=5, updated_at=LATER)
    assert revised.created_at == MADE


def test_a_change_that_changes_nothing_leaves_the_row_at_its_version() -> None:
    row = cash(note="Q4")
    assert row.revised({}, LATER) is row
    assert row.revised({"amount": D("12.50"), "note": "Q4", "currency": None, "at": AT}, LATER) is row


@pytest.mark.parametrize("hours", [-9, 9])
def test_the_same_instant_in_another_offset_is_a_change(hours: int) -> None:
    """It can lie on another day."""
    row = cash()
    revised = row.revised({"at": AT.astimezone(timezone(timedelta(hours=hours)))}, LATER)
    assert (revised.version, revised.at.utcoffset()) == (2, timedelta(hours=hours))


def test_type_amount_and_time_cannot_be_removed() -> None:
    row = cash()
    with pytest.raises(RuleBroken) as raised:
        row.revised({"type": None, "amount": None, "at": None, "note": None}, LATER)
    assert faults(raised) == [((name,), FieldCode.REQUIRED, "is required") for name in ("type", "amount", "at")]
    with pytest.raises(RuleBroken) as raised:
        row.revised({"amount": None}, LATER)
    assert [path for path, *_ in faults(raised)] == [("amount",)]


def test_a_changed_type_has_to_fit_the_amount() -> None:
    with pytest.raises(RuleBroken) as raised:
        cash().revised({"type": CashType.WITHDRAWAL}, LATER)
    assert faults(raised) == [(("amount",), FieldCode.NOT_NEGATIVE, "must be less than 0")]
    assert cash().revised({"type": CashType.WITHDRAWAL, "amount": D(-1)}, LATER).version == 2

"""Cash of an account: which amounts a type allows, what is profit, and what a change makes of a row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from handlers.faults import FieldCode
from handlers.journal.cash import Cash, CashType, Counter, checked
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


def transfer(**given: Any) -> Cash:
    counter = Counter(amount=D(5), currency="EUR", account_id="second", cash_id="c2")
    return cash(CashType.TRANSFER, "-5", **{"currency": "EUR", "counter": counter, "note": "moved", **given})


def test_the_other_side_of_a_transfer_is_its_mirror_and_mirrors_back() -> None:
    row = transfer(symbol="AAPL", external_id="T-1")
    other = row.other_side(LATER)
    assert (other.account_id, other.cash_id, other.amount, other.note) == ("second", "c2", D(5), "moved")
    assert (other.symbol, other.external_id, other.version) == (None, None, 1)
    assert other.other_side(LATER, row) is row
    moved = other.revised({"amount": D(7)}, LATER)
    mirrored = moved.other_side(LATER, row)
    assert (mirrored.amount, mirrored.version, mirrored.symbol) == (D(-7), 2, "AAPL")
    later = other.revised({"at": AT.astimezone(timezone(timedelta(hours=9)))}, LATER)
    assert later.other_side(LATER, row).at.utcoffset() == timedelta(hours=9)
    assert row.alone(LATER) == replace(row, counter=None, version=2, updated_at=LATER)


def test_a_row_with_one_side_has_no_other_one() -> None:
    assert cash().other_account is None
    for row in (cash(), replace(transfer(), currency=None)):
        with pytest.raises(AssertionError):
            row.other_side(LATER)


def test_a_counter_that_goes_to_another_account_names_no_row_yet() -> None:
    revised = transfer().revised({"counter": {"account_id": "third"}}, LATER)
    assert revised.counter == Counter(amount=D(5), currency="EUR", account_id="third")
    assert transfer().revised({"counter": {"amount": D(5)}}, LATER).version == 1
    assert (
        cash(CashType.CONVERSION, "3")
        .revised({"counter": {"amount": D(-2), "currency": "USD"}}, LATER, own_currency="EUR")
        .currency
        == "EUR"
    )

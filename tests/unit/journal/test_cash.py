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
    row = transfer(symbol="AAPL", external_id="T-1", version=4)
    other = row.other_side(LATER)
    assert (other.account_id, other.cash_id, other.amount, other.note) == ("second", "c2", D(5), "moved")
    assert (other.symbol, other.external_id, other.version) == (None, None, 1)
    assert other.other_side(LATER, row) is row
    moved = other.revised({"amount": D(7)}, LATER)
    mirrored = moved.other_side(LATER, row)
    assert (mirrored.amount, mirrored.version, mirrored.symbol) == (D(-7), 5, "AAPL")
    for hours in (-9, 9):
        moved = other.revised({"at": AT.astimezone(timezone(timedelta(hours=hours)))}, LATER)
        assert moved.other_side(LATER, row).at.utcoffset() == timedelta(hours=hours)
    assert row.alone(LATER) == replace(row, counter=None, version=5, updated_at=LATER)


def test_a_row_with_one_side_has_no_other_one() -> None:
    assert cash().other_account is None
    not_stored_yet = Counter(amount=D(5), currency="EUR", account_id="second")
    for row in (cash(), replace(transfer(), currency=None), transfer(counter=not_stored_yet)):
        with pytest.raises(AssertionError):
            row.other_side(LATER)


@pytest.mark.parametrize("account", ["another", "third"])  # before and after "second"
def test_a_counter_that_goes_to_another_account_names_no_row_yet(account: str) -> None:
    revised = transfer().revised({"counter": {"account_id": account}}, LATER)
    assert revised.counter == Counter(amount=D(5), currency="EUR", account_id=account)
    assert transfer().revised({"counter": {"amount": D(5)}}, LATER).version == 1


def test_a_row_that_gets_a_counter_names_its_currency() -> None:
    row = cash(CashType.CONVERSION, "3")
    counter = {"amount": D(-2), "currency": "USD"}
    assert row.revised({"counter": counter}, LATER, own_currency="EUR").currency == "EUR"


A_TRANSFER = {"kind": CashType.TRANSFER, "account": "second"}
A_CONVERSION = {"kind": CashType.CONVERSION, "account": None}


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("two_sided", "currency", "amount", "faulty"),
    [
        (A_TRANSFER, "EUR", "-5", {}),
        (A_TRANSFER, "USD", "-6", {}),
        (A_TRANSFER, "CHF", "-4", {}),
        (A_CONVERSION, "USD", "-6", {}),
        (A_CONVERSION, "CHF", "-6", {}),
        # both sides come in, or both go out; or the other side is nothing
        (A_TRANSFER, "EUR", "5", {"amount": "sign"}),
        (A_TRANSFER, "EUR", "0", {"amount": "sign"}),
        (A_CONVERSION, "USD", "6", {"amount": "sign"}),
        (A_CONVERSION, "USD", "0", {"amount": "sign"}),
        # in one currency, what goes out comes in
        (A_TRANSFER, "EUR", "-4.99", {"amount": FieldCode.AMOUNTS_DIFFER}),
        (A_TRANSFER, "EUR", "-5.01", {"amount": FieldCode.AMOUNTS_DIFFER}),
        (A_CONVERSION, "EUR", "-5", {"currency": FieldCode.SAME_AS}),
        (A_CONVERSION, "EUR", "-4", {"currency": FieldCode.SAME_AS}),
        # a transfer is to another account, a conversion within one
        ({**A_TRANSFER, "account": None}, "EUR", "-5", {"account_id": FieldCode.REQUIRED}),
        ({**A_TRANSFER, "account": "main"}, "EUR", "-5", {"account_id": FieldCode.SAME_AS}),
        ({**A_CONVERSION, "account": "second"}, "USD", "-6", {"account_id": FieldCode.NOT_FOR_KIND}),
        (
            {**A_CONVERSION, "account": "main"},
            "EUR",
            "5",
            {"amount": "sign", "account_id": FieldCode.NOT_FOR_KIND, "currency": FieldCode.SAME_AS},
        ),
        # no other type has two sides
        ({"kind": CashType.ADJUSTMENT, "account": "second"}, "EUR", "-5", {None: FieldCode.NOT_FOR_KIND}),
        ({"kind": CashType.DIVIDEND, "account": None}, "USD", "6", {None: FieldCode.NOT_FOR_KIND}),
    ],
)
def test_the_other_side_is_of_the_other_sign_and_fits_the_type(
    sign: int, two_sided: dict[str, Any], currency: str, amount: str, faulty: dict[str | None, Any]
) -> None:
    """The amounts are those for a row that brings 5 EUR; for one that takes them, they have the other sign."""
    counter = Counter(amount=sign * D(amount), currency=currency, account_id=two_sided["account"])
    row = cash(two_sided["kind"], str(5 * sign), currency="EUR", counter=counter)
    if not faulty:
        assert checked(row) is row
        return
    wrong_sign = FieldCode.NOT_NEGATIVE if sign > 0 else FieldCode.NOT_POSITIVE
    with pytest.raises(RuleBroken) as raised:
        checked(row)
    assert [(path, code) for path, code, _ in faults(raised)] == [
        (("counter",) if name is None else ("counter", name), wrong_sign if code == "sign" else code)
        for name, code in faulty.items()
    ]


def test_an_amount_of_nothing_says_nothing_of_the_other_side() -> None:
    for amount in ("-1", "0", "1"):
        counter = Counter(amount=D(amount), currency="USD", account_id="second")
        row = cash(CashType.TRANSFER, "0", currency="EUR", counter=counter)
        with pytest.raises(RuleBroken) as raised:
            checked(row)
        assert [path for path, *_ in faults(raised)] == [("amount",)]


@pytest.mark.parametrize(
    ("currency", "changes", "amount"),
    [
        ("EUR", {"amount": D(-7)}, D(7)),
        ("EUR", {"amount": D(7)}, D(-7)),
        ("EUR", {"amount": D(-7), "counter": {"amount": D(7)}}, D(7)),
        ("EUR", {"amount": D(-7), "counter": {"account_id": "third"}}, D(7)),
        ("USD", {"amount": D(-7)}, D(5)),
        ("CHF", {"amount": D(-7)}, D(5)),
        ("USD", {"amount": D(-7), "currency": "USD"}, D(7)),
    ],
)
def test_in_one_currency_the_other_side_of_a_transfer_follows_its_amount(
    currency: str, changes: dict[str, Any], amount: Decimal
) -> None:
    row = transfer(counter=Counter(amount=D(5), currency=currency, account_id="second", cash_id="c2"))
    counter = row.revised(changes, LATER).counter
    assert counter is not None
    assert (counter.amount, counter.currency) == (amount, currency)


def test_an_amount_that_is_not_changed_and_one_that_is_given_are_not_made_to_fit() -> None:
    in_dollars = transfer(counter=Counter(amount=D(6), currency="USD", account_id="second"))
    for row, changes in (
        (in_dollars, {"currency": "USD"}),
        (in_dollars, {"counter": {"currency": "EUR"}}),
        (transfer(), {"amount": D(-7), "counter": {"amount": D(6)}}),
    ):
        with pytest.raises(RuleBroken) as raised:
            row.revised(changes, LATER)
        assert [(path, code) for path, code, _ in faults(raised)] == [(("counter", "amount"), FieldCode.AMOUNTS_DIFFER)]


def test_the_other_side_of_a_conversion_never_follows() -> None:
    row = cash(CashType.CONVERSION, "-5", currency="EUR", counter=Counter(amount=D(6), currency="USD"))
    counter = row.revised({"amount": D(-7)}, LATER).counter
    assert counter is not None
    assert counter.amount == D(6)
    with pytest.raises(RuleBroken) as raised:
        row.revised({"amount": D(7), "counter": {"currency": "EUR"}}, LATER)
    assert [path for path, *_ in faults(raised)] == [("counter", "amount"), ("counter", "currency")]

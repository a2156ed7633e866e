"""What could explain that an account and a statement differ."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from handlers.journal.reconciling import Amount, candidates

D = Decimal
AT = datetime(2026, 1, 31, 22, tzinfo=UTC)


def cash(amount: str, days: float, name: str = "") -> Amount:
    """A cash row so many days after the statement."""
    return Amount(amount=D(amount), at=AT + timedelta(days), cash_id=name or f"{amount}@{days}")


def named(difference: str, *amounts: Amount) -> list[tuple[str, list[str | None]]]:
    found = candidates(D(difference), AT, amounts)
    return [(each.reason, [one.cash_id or one.trade_id for one in each.amounts]) for each in found]


@pytest.mark.parametrize(
    ("difference", "amounts", "expected"),
    [
        ("0", ["5@-1"], []),
        ("-5", ["5@-1", "6@-1"], [("NOT_IN_STATEMENT", ["5@-1"])]),
        ("-5", ["5@0"], [("NOT_IN_STATEMENT", ["5@0"])]),
        ("5", ["5@1", "5@-1"], [("IN_STATEMENT_ALREADY", ["5@1"])]),
        ("5", ["-5@-1"], [("NOT_IN_STATEMENT", ["-5@-1"])]),
        ("10", ["-5@-1"], [("WRONG_SIGN", ["-5@-1"])]),
        ("-3.60", ["27.32@-1"], [("DIGITS_SWAPPED", ["27.32@-1"])]),
        ("3.6", ["-27.32@-1"], [("DIGITS_SWAPPED", ["-27.32@-1"])]),
        ("-5", ["5@-32", "5@-31"], [("NOT_IN_STATEMENT", ["5@-31"])]),
        ("5", ["5@31", "5@31.5"], [("IN_STATEMENT_ALREADY", ["5@31"])]),
        ("-5", ["2@-1", "3@-2"], [("NOT_IN_STATEMENT", ["2@-1", "3@-2"])]),
        ("5", ["2@1", "3@2"], [("IN_STATEMENT_ALREADY", ["2@1", "3@2"])]),
        ("-5", ["2@-1", "3@2"], []),
        (
            "-5",
            ["5@-3", "5@-1"],
            [
                ("RECORDED_TWICE", ["5@-1", "5@-3"]),
                ("NOT_IN_STATEMENT", ["5@-1"]),
                ("NOT_IN_STATEMENT", ["5@-3"]),
            ],
        ),
        ("1", ["0@-1"], []),
        ("-90", ["100@-1"], [("DIGITS_SWAPPED", ["100@-1"])]),
        ("-200", ["100@-1"], [("WRONG_SIGN", ["100@-1"])]),
        ("-1098", ["1221@-1"], []),
        # digits that are changed otherwise
        ("901", ["1234@-1"], []),  # 2135: one more than two neighbours
        ("198", ["123@-1"], []),  # 321: no neighbours
        ("19", ["12@-1"], []),  # 31
        ("11", ["12@-1"], []),  # 23
        ("-11", ["32@-1"], []),  # 21
        ("-19", ["31@-1"], []),  # 12
        ("55", ["-23@-1"], []),  # 32: another sign
        ("-55", ["23@-1"], []),
        ("5", ["5@0"], []),  # what lies at the instant counts already
    ],
)
def test_what_explains_a_difference(difference: str, amounts: list[str], expected: list[tuple[str, list[str]]]) -> None:
    parts = (each.split("@") for each in amounts)
    assert named(difference, *(cash(amount, float(days), f"{amount}@{days}") for amount, days in parts)) == expected


def test_the_sign_and_the_digits_of_what_a_trade_earned_are_not_typed() -> None:
    gain = Amount(amount=D("-5"), at=AT, trade_id="t")
    assert named("10", gain) == []
    assert named("5", gain) == [("NOT_IN_STATEMENT", ["t"])]


def test_the_order_does_not_depend_on_that_of_the_amounts() -> None:
    rows = [cash("5", days, f"c{days}{name}") for days in (-1, -2) for name in "ab"]
    rows += [Amount(amount=D(5), at=AT - timedelta(1), trade_id=name) for name in "uv"]
    assert named("-5", *rows) == named("-5", *reversed(rows))


def test_of_many_amounts_few_are_named() -> None:
    rows = [cash("5", -number / 10_000, f"c{number}") for number in range(20_000)]
    assert len(named("-10", *rows)) == 20
    assert named("-7", *rows) == []
    nearer = [cash("5", -number / 10_000, f"c{number}") for number in range(1_000)]
    assert named("-7", cash("7", -30), *nearer) == []
    assert named("-7", cash("7", -30), *nearer[1:]) == [("NOT_IN_STATEMENT", ["7@-30"])]

"""Amounts that the journal cannot keep make a row an error, wherever they come from."""

from datetime import datetime
from decimal import Decimal

import pytest

from handlers.imports.records import Columns, Found, Record
from handlers.imports.rows import Action, CashMove, ReportedFill, RowReason
from handlers.imports.values import Notation
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, Instrument
from handlers.journal.positions import Side

AT = datetime(2024, 5, 6, 7, 8)  # noqa: DTZ001  # a file's time has no zone
TOO_LARGE, TOO_FINE = Decimal("1E15"), Decimal("1E-19")


def _fill(
    quantity: Decimal = Decimal(1), price: Decimal = Decimal(1), multiplier: Decimal = Decimal(1)
) -> ReportedFill:
    instrument = Instrument(multiplier=multiplier)
    return ReportedFill(symbol="A", instrument=instrument, side=Side.BUY, quantity=quantity, price=price, at=AT)


@pytest.mark.parametrize(
    "found",
    [
        _fill(quantity=TOO_LARGE),
        _fill(price=TOO_FINE),
        _fill(multiplier=TOO_LARGE),
        _fill(quantity=Decimal(0)),
        _fill(multiplier=Decimal(-1)),
        CashMove(type=CashType.DEPOSIT, amount=TOO_LARGE, currency=None, at=AT),
        Action(type=ActionType.SPLIT, symbol="A", at=AT, added=TOO_FINE),
    ],
)
def test_an_amount_that_cannot_be_kept_is_an_error_of_its_row(found: Found) -> None:
    row = Record(Columns(["a"]), ["1"], Notation(), line=1).row(lambda _: (_fill(), found))
    assert row.error is RowReason.NUMBER
    assert row.found == ()


def test_amounts_that_can_be_kept_are_found() -> None:
    found = (_fill(), CashMove(type=CashType.DEPOSIT, amount=Decimal("0.01"), currency="USD", at=AT))
    assert Record(Columns(["a"]), ["1"], Notation(), line=1).row(lambda _: found).found == found

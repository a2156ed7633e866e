"""Cash of trading accounts: what came in and went out apart from trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.money import ZERO
from handlers.journal.rules import wrong_time


class CashType(StrEnum):
    """Why money came in or went out."""

    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    TRANSFER = "TRANSFER"
    PAYOUT = "PAYOUT"
    ADJUSTMENT = "ADJUSTMENT"
    DIVIDEND = "DIVIDEND"
    INTEREST = "INTEREST"
    FEE = "FEE"
    TAX = "TAX"
    FUNDING = "FUNDING"
    CONVERSION = "CONVERSION"


# What moves money between the account and its owner, or other accounts: no profit and no loss.
FLOWS = frozenset({CashType.DEPOSIT, CashType.WITHDRAWAL, CashType.TRANSFER, CashType.PAYOUT, CashType.ADJUSTMENT})
_COMES_IN, _GOES_OUT = {CashType.DEPOSIT}, {CashType.WITHDRAWAL, CashType.PAYOUT}
_NEVER_WITHOUT = ("type", "amount", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """Money that came into an account (amount > 0) or went out of it (amount < 0) at an instant.

    `currency` is None for that of the account. `at` keeps the offset in which it was given.
    """

    user_id: str
    account_id: str
    cash_id: str
    type: CashType
    amount: Decimal
    currency: str | None = None
    at: datetime
    symbol: str | None = None
    trade_id: str | None = None
    note: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def is_flow(self) -> bool:
        """Whether it is neither profit nor loss."""
        return self.type in FLOWS

    def revised(self, changes: Mapping[str, Any], now: datetime) -> Cash:
        """The row with some fields changed; None removes one. The same row when nothing differs. Raises RuleBroken."""
        missing = [name for name in _NEVER_WITHOUT if name in changes and changes[name] is None]
        if missing:
            raise RuleBroken([FieldError((name,), Fault(FieldCode.REQUIRED, "is required")) for name in missing])
        changed = checked(replace(self, **changes))
        if changed == self and changed.at.utcoffset() == self.at.utcoffset():
            return self
        return replace(changed, version=self.version + 1, updated_at=now)


def checked(cash: Cash) -> Cash:
    """The row itself. Raises RuleBroken for an amount that does not fit its type, and for a time that UTC has not."""
    fault, year = None, wrong_time(cash.at)
    if cash.type in _COMES_IN and cash.amount <= ZERO:
        fault = Fault(FieldCode.NOT_POSITIVE, "must be more than 0")
    elif cash.type in _GOES_OUT and cash.amount >= ZERO:
        fault = Fault(FieldCode.NOT_NEGATIVE, "must be less than 0")
    elif cash.amount == ZERO:
        fault = Fault(FieldCode.ZERO, "must not be 0")
    found = (("amount", fault), ("at", year))
    if errors := [FieldError((name,), each) for name, each in found if each is not None]:
        raise RuleBroken(errors)
    return cash

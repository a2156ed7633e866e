"""Cash of trading accounts: what came in and went out apart from trades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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


# Types that may have another side: an amount, or a row of another account.
_TWO_SIDED = {CashType.CONVERSION, CashType.TRANSFER}
# Types that move money between the account and its owner or other accounts, which is neither profit nor loss.
FLOWS = frozenset({CashType.DEPOSIT, CashType.WITHDRAWAL, CashType.TRANSFER, CashType.PAYOUT, CashType.ADJUSTMENT})
_COMES_IN, _GOES_OUT = {CashType.DEPOSIT}, {CashType.WITHDRAWAL, CashType.PAYOUT}
_NEVER_WITHOUT = ("type", "amount", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The other side of a conversion, in the same account, or of a transfer: then it names the other account's row."""

    amount: Decimal
    currency: str
    account_id: str | None = None
    cash_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cash:
    """Money that came into an account (amount > 0) or went out of it (amount < 0) at an instant.

    `currency` is None for that of the account; a row with a counter names its own. `at` keeps the offset in which it
    was given.
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
    external_id: str | None = None
    counter: Counter | None = None
    note: str | None = None
    import_id: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def is_flow(self) -> bool:
        """Whether it is neither profit nor loss."""
        return self.type in FLOWS

    @property
    def other_account(self) -> str | None:
        """The account in which a transfer has its other row; None without one."""
        return None if self.counter is None else self.counter.account_id

    def revised(self, changes: Mapping[str, Any], now: datetime, *, own_currency: str | None = None) -> Cash:
        """The row with some fields changed; None removes one. The same row when nothing differs.

        changes: those of the counter are a mapping, too. own_currency: that of the account, for a row that gets a
        counter. Raises RuleBroken.
        """
        missing = [name for name in _NEVER_WITHOUT if name in changes and changes[name] is None]
        if missing:
            raise RuleBroken([FieldError((name,), Fault(FieldCode.REQUIRED, "is required")) for name in missing])
        own = {name: value for name, value in changes.items() if name != "counter"}
        changed = replace(self, **own)
        if "counter" in changes:
            changed = replace(changed, counter=_patched(self.counter, changes["counter"]))
        if changed.counter is not None:
            changed = replace(changed, currency=changed.currency or own_currency)
            changed = _follows(changed, changes)
        changed = checked(changed)
        if changed == self and changed.at.utcoffset() == self.at.utcoffset():
            return self
        return replace(changed, version=self.version + 1, updated_at=now)

    def other_side(self, now: datetime, former: Cash | None = None) -> Cash:
        """The row of a transfer's other account, which the counter names.

        former: that row as it is stored, if it exists; it is returned if nothing differs. Amounts, currencies and time
        follow this row; all other fields are the other row's own.
        """
        counter = self.counter
        if counter is None or counter.account_id is None or counter.cash_id is None or self.currency is None:
            raise AssertionError("the row has no other side")
        shared: dict[str, Any] = {
            "amount": counter.amount,
            "currency": counter.currency,
            "at": self.at,
            "counter": Counter(
                amount=self.amount, currency=self.currency, account_id=self.account_id, cash_id=self.cash_id
            ),
        }
        if former is None:
            return Cash(
                user_id=self.user_id,
                account_id=counter.account_id,
                cash_id=counter.cash_id,
                type=self.type,
                note=self.note,
                created_at=now,
                updated_at=now,
                **shared,
            )
        changed = replace(former, **shared)
        if changed == former and changed.at.utcoffset() == former.at.utcoffset():
            return former
        return replace(changed, version=former.version + 1, updated_at=now)

    def alone(self, now: datetime) -> Cash:
        """The row without its other side."""
        return replace(self, counter=None, version=self.version + 1, updated_at=now)


def _patched(counter: Counter | None, changes: Mapping[str, Any] | None) -> Counter | None:
    if changes is None:
        return None
    if counter is None:
        missing = [name for name in ("amount", "currency") if changes.get(name) is None]
        if missing:
            fault = Fault(FieldCode.REQUIRED, "is required")
            raise RuleBroken([FieldError(("counter", name), fault) for name in missing])
        return Counter(**changes)
    changed = replace(counter, **changes)
    return changed if changed.account_id == counter.account_id else replace(changed, cash_id=None)


def _follows(changed: Cash, changes: Mapping[str, Any]) -> Cash:
    """The row, where the counter's amount follows the row's own if both sides of a transfer are in one currency and the
    request changes only the row's own.
    """
    counter = changed.counter
    if counter is None or "amount" not in changes or "amount" in (changes.get("counter") or {}):
        return changed
    if changed.type is not CashType.TRANSFER or counter.currency != changed.currency:
        return changed
    return replace(changed, counter=replace(counter, amount=changed.amount.copy_negate()))


def checked(cash: Cash) -> Cash:
    """The row itself. Raises RuleBroken for an amount or a counter that does not fit its type, and for a time outside
    the years 1 to 9999 in UTC.
    """
    fault, year = None, wrong_time(cash.at)
    if cash.type in _COMES_IN and cash.amount <= ZERO:
        fault = Fault(FieldCode.NOT_POSITIVE, "must be more than 0")
    elif cash.type in _GOES_OUT and cash.amount >= ZERO:
        fault = Fault(FieldCode.NOT_NEGATIVE, "must be less than 0")
    elif cash.amount == ZERO:
        fault = Fault(FieldCode.ZERO, "must not be 0")
    found = (("amount", fault), ("at", year))
    errors = [FieldError((name,), each) for name, each in found if each is not None]
    if cash.counter is not None:
        errors += _counter_errors(cash, cash.counter)
    if errors:
        raise RuleBroken(errors)
    return cash


def _counter_errors(cash: Cash, counter: Counter) -> Iterator[FieldError]:
    """What is wrong with the counter of a row."""
    if cash.type not in _TWO_SIDED:
        yield FieldError(("counter",), _not_for(cash.type))
        return
    opposite = cash.amount.copy_negate()
    if cash.amount > ZERO and counter.amount >= ZERO:
        yield FieldError(("counter", "amount"), Fault(FieldCode.NOT_NEGATIVE, "must be less than 0"))
    elif cash.amount < ZERO and counter.amount <= ZERO:
        yield FieldError(("counter", "amount"), Fault(FieldCode.NOT_POSITIVE, "must be more than 0"))
    elif cash.type is CashType.TRANSFER and counter.currency == cash.currency and counter.amount != opposite:
        detail = f"must be {opposite:f}, as both sides are in one currency"
        yield FieldError(("counter", "amount"), Fault(FieldCode.AMOUNTS_DIFFER, detail))
    if cash.type is CashType.CONVERSION:
        if counter.account_id is not None:
            yield FieldError(("counter", "account_id"), _not_for(cash.type))
        if counter.currency == cash.currency:
            fault = Fault(FieldCode.SAME_AS, "must differ from currency", {"property": "currency"})
            yield FieldError(("counter", "currency"), fault)
    elif counter.account_id is None:
        yield FieldError(("counter", "account_id"), Fault(FieldCode.REQUIRED, "is required"))
    elif counter.account_id == cash.account_id:
        fault = Fault(FieldCode.SAME_AS, "must differ from accountId", {"property": "accountId"})
        yield FieldError(("counter", "account_id"), fault)


def _not_for(kind: CashType) -> Fault:
    return Fault(FieldCode.NOT_FOR_KIND, f"is not for cash of the type {kind}", {"kind": str(kind)})

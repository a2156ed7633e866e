"""Cash of trading accounts: recorded, corrected and deleted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from handlers.documents.ledger import changed_fields, given_fields
from handlers.faults import Fault, FieldCode
from handlers.journal import cash as rules
from handlers.journal.cash import Cash, Counter
from handlers.journal.errors import FieldError, RuleBroken
from handlers.storage import cash as storage
from handlers.storage import trading_accounts
from handlers.storage.errors import LedgerChanged, NoSuchAccount, TradingAccountNotFound
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from generated import models
    from handlers.usecases.trades import Precondition


def create(
    user: str, account_id: str, given: models.CashInput, keep: Callable[[Cash], KeptAnswer] | None
) -> tuple[Cash, KeptAnswer | None]:
    """Record a cash row and, for a transfer with a counter, the other account's row, unless the same request did.

    Returns the row, and the answer kept for the earlier request, if there was one. Raises RuleBroken,
    TradingAccountNotFound, AccountClosing, CashIdTaken, KeyReused, AccountErased, Busy.
    """
    now = datetime.now(UTC)
    wanted = given_fields(given)
    if (counter := wanted.get("counter")) is not None:
        wanted["counter"] = Counter(**counter)
        if wanted.get("currency") is None:
            wanted["currency"] = trading_accounts.get(user, account_id).currency
    made = Cash(user_id=user, account_id=account_id, cash_id=str(uuid4()), created_at=now, updated_at=now, **wanted)
    cash = _naming_its_other_side(rules.checked(made))
    changes = [storage.CashChange(cash)]
    if cash.other_account is not None:
        changes.append(storage.CashChange(cash.other_side(now)))

    def attempt() -> KeptAnswer | None:
        try:
            return storage.write(user, changes, None if keep is None else keep(cash), now)
        except NoSuchAccount as error:
            raise _not_there(error, account_id) from None

    return cash, retry_overtaken(attempt)


def change(user: str, account_id: str, cash_id: str, given: models.CashUpdateInput, allowed: Precondition) -> Cash:
    """Change a cash row; None removes a field. The row of a transfer's other account follows.

    Raises RuleBroken, CashNotFound, CashIdTaken, AccountClosing, LedgerChanged, AccountErased, Busy.
    """
    changes = changed_fields(given)

    def attempt() -> Cash:
        now = datetime.now(UTC)
        former, other = _read(user, account_id, cash_id, allowed)
        currency = None
        if changes.get("counter") is not None or (former.counter is not None and "currency" in changes):
            currency = trading_accounts.get(user, account_id).currency
        changed = former.revised(changes, now, own_currency=currency)
        if changed is former:
            return former
        changed = _naming_its_other_side(changed)
        written = [storage.CashChange(changed, former)]
        if other is not None and other.account_id != changed.other_account:
            written.append(storage.CashChange(None, other))
            other = None
        if changed.other_account is not None:
            side = changed.other_side(now, other)
            if side is not other:
                written.append(storage.CashChange(side, other))
        try:
            storage.write(user, written)
        except NoSuchAccount as error:
            raise _not_there(error, account_id) from None
        return changed

    return retry_overtaken(attempt)


def delete(user: str, account_id: str, cash_id: str, allowed: Precondition) -> None:
    """Delete a cash row and, for a transfer with a counter, the other account's row.

    Raises CashNotFound, LedgerChanged, AccountErased, Busy.
    """

    def attempt() -> None:
        rows = _read(user, account_id, cash_id, allowed)
        storage.write(user, [storage.CashChange(None, row) for row in rows if row is not None])

    retry_overtaken(attempt)


def _read(user: str, account_id: str, cash_id: str, allowed: Precondition) -> tuple[Cash, Cash | None]:
    cash, other = storage.with_other_side(user, account_id, cash_id)
    if not allowed(cash.version):
        raise LedgerChanged("cash row")
    return cash, other


def _naming_its_other_side(cash: Cash) -> Cash:
    """The row. For a transfer it names the other account's row, by a new id if there is none yet."""
    if cash.counter is None or cash.counter.account_id is None or cash.counter.cash_id is not None:
        return cash
    return replace(cash, counter=replace(cash.counter, cash_id=str(uuid4())))


def _not_there(error: NoSuchAccount, account_id: str) -> Exception:
    """TradingAccountNotFound for the account of the path, a field error for that of the counter."""
    if error.args == (account_id,):
        return TradingAccountNotFound(account_id)
    fault = Fault(FieldCode.UNKNOWN_ACCOUNT, "is none of your trading accounts")
    return RuleBroken([FieldError(("counter", "account_id"), fault)])

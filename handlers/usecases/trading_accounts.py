"""Settings and trading accounts: read, made, changed, deleted.

A change reads what is stored and writes on the condition that nothing of it has changed since; if another write came
first, the change is repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from handlers.documents.ledger import changed_fields, given_fields
from handlers.faults import Fault, FieldCode
from handlers.journal.errors import CurrencyInUse, FieldError, RuleBroken, StateForbids
from handlers.journal.settings import MAIN, Settings
from handlers.journal.stats.clock import wrong_zone
from handlers.journal.trading_accounts import MOST_ACCOUNTS, TradingAccount, main_account
from handlers.storage import ledger, reconciliations, trade_queries
from handlers.storage import trading_accounts as storage
from handlers.storage.errors import AccountClosing, LedgerChanged, TradingAccountNotFound
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from generated import models
    from handlers.usecases.trades import Precondition

Keep = Callable[[TradingAccount], KeptAnswer]


def change_settings(user: str, given: models.SettingsUpdateInput, allowed: Precondition) -> Settings:
    """Change settings; None takes one back to its default.

    The account that every user has keeps its currency if it holds something already. Raises RuleBroken, AccountClosing
    when the default account is to be one that is being deleted, LedgerChanged, AccountErased, Busy.
    """
    changes = changed_fields(given)
    _check_zone(changes.get("time_zone"))

    def attempt() -> Settings:
        now = datetime.now(UTC)
        former = storage.settings(user)
        if not allowed(former.version):
            raise LedgerChanged("settings")
        changed = former.revised(changes, now)
        if changed == former:
            return former
        if changed.default_account_id not in (former.default_account_id, MAIN):
            _check_default(user, changed.default_account_id)
        main = None
        if changed.base_currency != former.base_currency and _main_stays(user):
            main = replace(main_account(former), created_at=now, updated_at=now)
        storage.put_settings(changed, former, main)
        return changed

    return retry_overtaken(attempt)


def create(user: str, given: models.TradingAccountInput, keep: Keep | None) -> tuple[TradingAccount, KeptAnswer | None]:
    """Create an account, unless the same request did before.

    Returns it, and the answer kept for the earlier request, if there was one. Raises RuleBroken, StateForbids when
    there are too many, KeyReused, AccountErased, Busy.
    """
    _check_zone(given.time_zone)
    now = datetime.now(UTC)
    account = TradingAccount(
        user_id=user, account_id=str(uuid4()), created_at=now, updated_at=now, **given_fields(given)
    )

    def attempt() -> KeptAnswer | None:
        return storage.create(account, None if keep is None else keep(account), now)

    try:
        return account, retry_overtaken(attempt)
    except storage.TooManyAccounts:
        raise StateForbids(f"There are {MOST_ACCOUNTS} accounts already. Delete one that holds nothing.") from None


def change(
    user: str, account_id: str, given: models.TradingAccountUpdateInput, allowed: Precondition
) -> TradingAccount:
    """Change an account; None removes a field.

    Raises RuleBroken, TradingAccountNotFound, LedgerChanged, CurrencyInUse, AccountErased, Busy.
    """
    changes = changed_fields(given)
    _check_zone(changes.get("time_zone"))

    def attempt() -> TradingAccount:
        now = datetime.now(UTC)
        former, under = storage.with_settings(user, account_id)
        if not allowed(former.version):
            raise LedgerChanged("account")
        changed = former.revised(changes, now)
        if changed == former:
            return former
        if changed.currency != former.currency and (former.in_use or (former.is_main and _main_holds_anything(user))):
            raise CurrencyInUse
        if changed.created_at is None:
            changed = replace(changed, created_at=now)
        storage.replace(changed, former, under)
        return changed

    return retry_overtaken(attempt)


def delete(user: str, account_id: str, allowed: Precondition) -> None:
    """Delete an account that holds nothing.

    Raises TradingAccountNotFound, LedgerChanged, StateForbids when it holds something or every user has it,
    AccountClosing when it is being deleted with all that it holds, AccountErased, Busy.
    """

    def attempt() -> None:
        account, settings = storage.with_settings(user, account_id)
        if not allowed(account.version):
            raise LedgerChanged("account")
        check_can_go(account, settings)
        if account.erasing:
            raise AccountClosing(account_id)
        if account.in_use:
            # From here on nothing is put into the account, so what is not found now will not be there later.
            closing = storage.set_closing(account, closing=True)
            if _holds_anything(user, account_id):
                storage.set_closing(closing, closing=False)
                raise StateForbids("The account holds trades, executions or cash. Delete or move them first.")
            account = closing
            for made in reconciliations.every(user, account_id):
                reconciliations.delete(user, account_id, made.reconciliation_id)
            ledger.delete_below(user, [ledger.positions(account_id), ledger.cash_day(account_id)])
        storage.delete(account, settings)

    retry_overtaken(attempt)


def forget_main(user: str) -> None:
    """Let the account that every user has be as if it had never been changed.

    Raises StateForbids when it holds something; VersionMismatch, AccountErased, Busy.
    """
    account, settings = storage.with_settings(user, MAIN)
    if _main_holds_anything(user):
        raise StateForbids("The account holds something.")
    storage.forget_main(account, settings)


def check_can_go(account: TradingAccount, settings: Settings) -> None:
    """Raise StateForbids for an account that every user has, and for the default one."""
    if account.is_main:
        raise StateForbids("Every user has this account. Archive it if you do not use it.")
    if account.account_id == settings.default_account_id:
        raise StateForbids("It is your default account. Name another one in the settings first.")


def _main_stays(user: str) -> bool:
    """Whether the account that every user has must keep its currency: it follows the settings, and holds something."""
    return storage.get(user, MAIN).created_at is None and _main_holds_anything(user)


def _main_holds_anything(user: str) -> bool:
    # A trade of any account counts, which one page tells: most users have no other account.
    return _in_ledger(user, MAIN) or trade_queries.has_any(user)


def _holds_anything(user: str, account_id: str) -> bool:
    return _in_ledger(user, account_id) or trade_queries.has_any(user, account_id)


def _in_ledger(user: str, account_id: str) -> bool:
    return any(ledger.has_any(user, prefix) for prefix in (ledger.fills(account_id), ledger.cash(account_id)))


def _check_zone(name: str | None) -> None:
    if (fault := wrong_zone(name)) is not None:
        raise RuleBroken([FieldError(("time_zone",), fault)])


def _check_default(user: str, account_id: str) -> None:
    try:
        account = storage.get(user, account_id)
    except TradingAccountNotFound:
        fault = Fault(FieldCode.UNKNOWN_ACCOUNT, "is none of your trading accounts")
        raise RuleBroken([FieldError(("default_account_id",), fault)]) from None
    if account.closing:
        raise AccountClosing(account_id)

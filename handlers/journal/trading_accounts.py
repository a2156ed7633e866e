"""Trading accounts: where trades and cash lie, each in one currency.

Every user has the account `MAIN`. It has no item of its own until it is changed; until then it is in the base currency
of the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from handlers.faults import CANNOT_BE_REMOVED
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.money import ZERO
from handlers.journal.positions import LotMethod
from handlers.journal.settings import MAIN, Settings

MOST_ACCOUNTS = 50


class AccountKind(StrEnum):
    """What an account is for: real money, paper trading, a prop firm or a backtest."""

    LIVE = "LIVE"
    PAPER = "PAPER"
    PROP = "PROP"
    BACKTEST = "BACKTEST"


# No real money is earned in these, so totals leave them out by default.
_NOT_REAL = {AccountKind.PAPER, AccountKind.BACKTEST}


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingAccount:
    """An account as its user made it.

    Money is in `currency`. `opening_balance` is what it held before its first trade, deposit and withdrawal.
    `include_in_totals` is None if the kind decides. `in_use` is set when the account first holds something, and stays.
    `closing` is set while the account is being deleted: nothing can be put into it. `erasing` is set, too, if it is
    being deleted with all that it holds.
    """

    user_id: str
    account_id: str
    name: str
    kind: AccountKind = AccountKind.LIVE
    broker: str | None = None
    currency: str
    opening_balance: Decimal = ZERO
    opened_at: datetime | None = None
    time_zone: str | None = None
    lot_method: LotMethod | None = None
    dust_value: Decimal = ZERO
    archived: bool = False
    include_in_totals: bool | None = None
    in_use: bool = False
    closing: bool = False
    erasing: bool = False
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def is_in_totals(self) -> bool:
        """Whether the totals of all accounts count this one."""
        return self.kind not in _NOT_REAL if self.include_in_totals is None else self.include_in_totals

    @property
    def is_main(self) -> bool:
        """Whether it is the account that every user has."""
        return self.account_id == MAIN

    def revised(self, changes: Mapping[str, Any], now: datetime) -> TradingAccount:
        """The account with some fields changed; None removes one. The same account when nothing differs.

        Raises RuleBroken for a field that cannot be without a value.
        """
        missing = [name for name in ("name", "kind", "currency") if name in changes and changes[name] is None]
        if missing:
            raise RuleBroken([FieldError((name,), CANNOT_BE_REMOVED) for name in missing])
        wanted: dict[str, Any] = {
            name: _WITHOUT.get(name) if value is None else value for name, value in changes.items()
        }
        changed = replace(self, **wanted)
        if changed == self:
            return self
        return replace(changed, version=self.version + 1, updated_at=now)


_WITHOUT: dict[str, Any] = {"opening_balance": ZERO, "dust_value": ZERO, "archived": False}


def main_account(settings: Settings) -> TradingAccount:
    """The account that a user has without making one."""
    return TradingAccount(user_id=settings.user_id, account_id=MAIN, name="Main", currency=settings.base_currency)


@dataclass(frozen=True, kw_only=True)
class SettingsAndAccounts:
    """A user's settings, and those of the trading accounts that have items of their own."""

    settings: Settings
    accounts: Mapping[str, TradingAccount] = field(default_factory=dict)

    @cached_property  # asked for each entry of the statistics
    def main(self) -> TradingAccount:
        """The account that every user has."""
        return self.accounts.get(MAIN) or main_account(self.settings)

    def currency_of(self, account_id: str | None) -> str:
        """The currency of an account; of one that is gone, that of the account that every user has."""
        return self.accounts.get(account_id or MAIN, self.main).currency

    def left_out(self) -> frozenset[str]:
        """The ids of the accounts that totals leave out."""
        every = {**self.accounts, MAIN: self.main}
        return frozenset(account_id for account_id, account in every.items() if not account.is_in_totals)

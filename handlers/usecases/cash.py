"""Cash of trading accounts, and what follows from it and from the trades: balances and returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from handlers.journal import cash as rules
from handlers.journal import money
from handlers.journal.cash import Cash
from handlers.journal.rates import Rates
from handlers.journal.stats.account_returns import AccountReturns, Day, account_returns, balance_of
from handlers.journal.stats.clock import Clock, time_zone
from handlers.journal.stats.questions import Attribute, Question
from handlers.journal.trading_accounts import Standing, TradingAccount
from handlers.storage import cash as storage
from handlers.storage import rates, trading_accounts
from handlers.storage.errors import LedgerChanged, NoSuchAccount, TradingAccountNotFound
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import statistics

if TYPE_CHECKING:
    from handlers.usecases.trades import Precondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """The money of an account by day, in its currency; and the currencies without a rate, which are left out."""

    account: TradingAccount
    days: Mapping[date, Day]
    unconverted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account held at the end of a day, and what it is made of."""

    account: TradingAccount
    at: date | None
    whole: Day
    balance: Decimal
    unconverted: tuple[str, ...]


def create(
    user: str, account_id: str, given: Mapping[str, Any], keep: Callable[[Cash], KeptAnswer] | None
) -> tuple[Cash, KeptAnswer | None]:
    """Record a cash row, unless the same request did. It, and the answer kept for that earlier request.

    Raises RuleBroken, TradingAccountNotFound, AccountClosing, KeyReused, AccountErased, Busy.
    """
    now = datetime.now(UTC)
    made = Cash(user_id=user, account_id=account_id, cash_id=str(uuid4()), created_at=now, updated_at=now, **given)
    cash = rules.checked(made)

    def attempt() -> KeptAnswer | None:
        try:
            return storage.create(cash, None if keep is None else keep(cash), now)
        except NoSuchAccount:
            raise TradingAccountNotFound(account_id) from None  # the path names it, and no field

    return cash, retry_overtaken(attempt)


def change(user: str, account_id: str, cash_id: str, changes: Mapping[str, Any], allowed: Precondition) -> Cash:
    """Change a cash row; None removes a field. Raises RuleBroken, CashNotFound, LedgerChanged, AccountErased, Busy."""

    def attempt() -> Cash:
        former = _read(user, account_id, cash_id, allowed)
        changed = former.revised(changes, datetime.now(UTC))
        if changed is not former:
            storage.replace(changed, former)
        return changed

    return retry_overtaken(attempt)


def delete(user: str, account_id: str, cash_id: str, allowed: Precondition) -> None:
    """Delete a cash row. Raises CashNotFound, LedgerChanged, AccountErased, Busy."""
    retry_overtaken(lambda: storage.delete(_read(user, account_id, cash_id, allowed)))


def balance(user: str, account_id: str, at: date | None) -> Balance:
    """What the account held at the end of the day, or after all of its days. Raises TradingAccountNotFound, Busy."""
    found = _money(user, account_id, at)
    days = (of_day for day, of_day in found.days.items() if at is None or day <= at)
    whole, held = balance_of(found.account.opening_balance, days)
    return Balance(account=found.account, at=at, whole=whole, balance=held, unconverted=found.unconverted)


def returns(
    user: str, account_id: str, first: date | None, last: date | None, *, by_month: bool
) -> tuple[Money, AccountReturns]:
    """The account's returns of a range of days. Raises TradingAccountNotFound, Busy."""
    found = _money(user, account_id, last)
    return found, account_returns(found.account.opening_balance, found.days, first, last, by_month=by_month)


def _read(user: str, account_id: str, cash_id: str, allowed: Precondition) -> Cash:
    cash = storage.get(user, account_id, cash_id)
    if not allowed(cash.version):
        raise LedgerChanged("cash row")
    return cash


def _money(user: str, account_id: str, last: date | None) -> Money:
    account, settings = trading_accounts.with_settings(user, account_id)
    zone = account.time_zone or settings.time_zone
    clock = Clock(
        zone=None if zone is None else time_zone(zone),
        day_starts_at=time.fromisoformat(settings.day_starts_at),
        week_starts_on=settings.week_starts_on,
    )
    # The account as it is in the ledger, which may be newer than the statistics' copy.
    standing = Standing(settings=settings, accounts={account_id: account})

    def ask(_: Standing) -> Question:
        return Question(last=last, clock=clock, any_of={Attribute.ACCOUNT: frozenset((account_id,))})

    read: list[Rates] = []

    def load() -> Rates:
        if not read:
            read.append(rates.every(user))
        return read[0]

    opened = statistics.opened(user, None, last, ask, standing=standing, load=load)
    days: dict[date, Day] = {}
    for one in opened.selected():
        for day, gain in one.gains:
            of_day = days.setdefault(day, Day())
            of_day.realized = money.total((of_day.realized, gain.amount))
    missing = {
        *opened.conversion.unconverted.currencies,
        *_add_cash(days, account, storage.every(user, account_id), clock, load),
    }
    return Money(account=account, days=days, unconverted=tuple(sorted(missing)))


def _add_cash(
    days: dict[date, Day], account: TradingAccount, rows: Iterable[Cash], clock: Clock, load: Callable[[], Rates]
) -> set[str]:
    """Count the rows on their days, in the account's currency. The currencies of those without a rate."""
    missing: set[str] = set()
    for row in rows:
        amount = row.amount
        if row.currency is not None and row.currency != account.currency:
            rate = load().on(row.at.date(), row.currency, account.currency)
            if rate is None:
                missing.add(row.currency)
                continue
            amount = rate.of(amount)
        days.setdefault(clock.day(row.at), Day()).add_cash(amount, is_flow=row.is_flow)
    return missing

"""What trading accounts held and returned, by their cash and trades, and how that compares with statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from uuid import uuid4

from handlers.journal import money
from handlers.journal.cash import Cash, CashType
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.money import ZERO
from handlers.journal.rates import Rates
from handlers.journal.reconciling import NEAR, Amount, Reconciliation, candidates
from handlers.journal.replaying import until
from handlers.journal.rules import wrong_time
from handlers.journal.settings import MAIN
from handlers.journal.stats.account_returns import AccountReturns, Day, account_returns, balance_of
from handlers.journal.stats.clock import MOST_DAYS_APART, Clock, moved, time_zone
from handlers.journal.stats.questions import Attribute, Question
from handlers.journal.trade import Side
from handlers.journal.trading_accounts import SettingsAndAccounts, TradingAccount
from handlers.storage import cash as storage
from handlers.storage import rates, reconciliations, trade_queries, trading_accounts
from handlers.storage import trades as trade_storage
from handlers.storage.errors import NoSuchAccount, TradingAccountNotFound
from handlers.storage.retry import retry_overtaken
from handlers.storage.stats import books
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import statistics

# The most open trades that are read for their cost.
MOST_OPEN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """The money of an account by day, in its currency.

    `unconverted` are the currencies without a rate, whose money is left out. `by_currency` is what was moved in each
    currency up to the last day that was asked for. `load` reads the rates.
    """

    account: TradingAccount
    days: Mapping[date, Day]
    unconverted: tuple[str, ...]
    by_currency: Mapping[str, Decimal]
    clock: Clock
    load: Callable[[], Rates]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What an account held at the end of a day, what it is made of, and what is open then, at cost."""

    account: TradingAccount
    at: date | None
    whole: Day
    balance: Decimal
    open_cost: Decimal | None
    unconverted: tuple[str, ...]
    by_currency: Mapping[str, Decimal]


def balance(user: str, account_id: str, at: date | None) -> Balance:
    """What the account held at the end of the day, or after its last day. Raises TradingAccountNotFound, Busy."""
    found = _money(user, account_id, at)
    days = (of_day for day, of_day in found.days.items() if at is None or day <= at)
    whole, held = balance_of(found.account.opening_balance, days)
    open_cost, missing = _open_cost(found, at)
    return Balance(
        account=found.account,
        at=at,
        whole=whole,
        balance=held,
        open_cost=open_cost,
        unconverted=tuple(sorted({*found.unconverted, *missing})),
        by_currency=found.by_currency,
    )


def _open_cost(found: Money, at: date | None) -> tuple[Decimal | None, set[str]]:
    """The cost of what is open at the end of the day, in the account's currency, and the currencies without a rate.

    The cost is None if too many trades would have to be read. Raises Busy.
    """
    account, clock = found.account, found.clock
    trades = trade_queries.open_in(account.user_id, account.account_id, MOST_OPEN)
    if trades is None:
        return None, set()

    def has_come(moment: datetime) -> bool:
        return at is None or clock.day(moment) <= at

    if at is not None:  # those that became flat later were open then
        flat = {
            entry.trade_id
            for _, entry in books.read(account.user_id, moved(at, -MOST_DAYS_APART.days), None)
            if entry.result is not None
            and not entry.is_of_group
            and (entry.account or MAIN) == account.account_id
            and has_come(entry.opened_at)
            and not has_come(entry.result.at)
        }
        flat -= {trade.trade_id for trade in trades}
        if len(flat) + len(trades) > MOST_OPEN:
            return None, set()
        trades += trade_storage.several(account.user_id, sorted(flat))
    total, missing = ZERO, set()
    for trade in trades:
        then = until(trade, has_come) if trade.entry_price is not None and trade.is_known else None
        if then is None:
            continue
        currency = then.currency or account.currency
        cost = then.trip.open_cost if then.side is Side.BUY else then.trip.open_cost.copy_negate()
        if currency != account.currency:
            rate = found.load().on(then.open_day, currency, account.currency)
            if rate is None:
                missing.add(currency)
                continue
            cost = rate.of(cost)
        total = money.total((total, money.rounded(cost)))
    return total, missing


def reconcile(
    user: str,
    account_id: str,
    statement_balance: Decimal,
    at: datetime,
    keep: Callable[[Reconciliation], KeptAnswer] | None,
) -> tuple[Reconciliation, KeptAnswer | None]:
    """Compare the account with a statement and keep the result, unless the same request did before.

    Returns the result, and the answer kept for the earlier request, if there was one. Raises RuleBroken,
    TradingAccountNotFound, AccountClosing, KeyReused, AccountErased, Busy.
    """
    if (fault := wrong_time(at)) is not None:
        raise RuleBroken([FieldError(("at",), fault)])
    now = datetime.now(UTC)
    account, _, opened, load = _opened(user, account_id, lambda clock: moved(clock.day(at), NEAR.days + 1))
    amounts = [
        Amount(amount=gain.amount, at=gain.at, trade_id=one.entry.trade_id)
        for one in opened.selected()
        for _, gain in one.gains
    ]
    missing = set(opened.conversion.unconverted.currencies)
    for row in storage.every(user, account_id):
        worth = _worth(row, account, load)
        if worth is None:
            missing.add(row.currency or account.currency)
        else:
            amounts.append(Amount(amount=worth, at=row.at, cash_id=row.cash_id))
    computed = money.total((account.opening_balance, *(each.amount for each in amounts if each.at <= at)))
    difference = money.minus(statement_balance, computed)
    made = Reconciliation(
        user_id=user,
        account_id=account_id,
        reconciliation_id=str(uuid4()),
        at=at,
        currency=account.currency,
        statement_balance=statement_balance,
        computed=computed,
        difference=difference,
        candidates=candidates(difference, at, amounts),
        unconverted=tuple(sorted(missing)),
        created_at=now,
    )

    def attempt() -> KeptAnswer | None:
        try:
            return reconciliations.create(made, None if keep is None else keep(made), now)
        except NoSuchAccount:
            raise TradingAccountNotFound(account_id) from None

    return made, retry_overtaken(attempt)


def returns(
    user: str, account_id: str, first: date | None, last: date | None, *, by_month: bool
) -> tuple[Money, AccountReturns]:
    """The account's returns of a range of days. Raises TradingAccountNotFound, Busy."""
    found = _money(user, account_id, last)
    return found, account_returns(found.account.opening_balance, found.days, first, last, by_month=by_month)


def _opened(
    user: str, account_id: str, last_of: Callable[[Clock], date | None]
) -> tuple[TradingAccount, Clock, statistics.Opened, Callable[[], Rates]]:
    """The account, its clock, the books up to a day by that clock, and a function that reads the rates once.

    Raises TradingAccountNotFound, Busy.
    """
    account, settings = trading_accounts.with_settings(user, account_id)
    zone = account.time_zone or settings.time_zone
    clock = Clock(
        zone=None if zone is None else time_zone(zone),
        day_starts_at=time.fromisoformat(settings.day_starts_at),
        week_starts_on=settings.week_starts_on,
    )
    last = last_of(clock)
    # The account as it is in the ledger, which may be newer than the statistics' copy.
    settings_and_accounts = SettingsAndAccounts(settings=settings, accounts={account_id: account})

    def ask(_: SettingsAndAccounts) -> Question:
        return Question(last=last, clock=clock, any_of={Attribute.ACCOUNT: frozenset((account_id,))})

    load = cache(lambda: rates.every(user))
    return (
        account,
        clock,
        statistics.opened(user, None, last, ask, settings_and_accounts=settings_and_accounts, load=load),
        load,
    )


def _money(user: str, account_id: str, last: date | None) -> Money:
    account, clock, opened, load = _opened(user, account_id, lambda _: last)
    days: dict[date, Day] = {}
    for one in opened.selected():
        for day, gain in one.gains:
            of_day = days.setdefault(day, Day())
            of_day.realized = money.total((of_day.realized, gain.amount))
    rows = [(clock.day(row.at), row) for row in storage.every(user, account_id)]
    own = [(account.currency, account.opening_balance)]
    own += [(currency, sums.realized) for currency, sums in opened.conversion.by_currency.items()]
    own += [each for day, row in rows if last is None or day <= last for each in _moved(row, account)]
    missing = set(opened.conversion.unconverted.currencies)
    for day, row in rows:
        worth = _worth(row, account, load)
        if worth is None:
            missing.add(row.currency or account.currency)
        elif worth:
            days.setdefault(day, Day()).add_cash(worth, is_flow=row.is_flow)
    return Money(
        account=account,
        days=days,
        unconverted=tuple(sorted(missing)),
        by_currency=_sums(own),
        clock=clock,
        load=load,
    )


def _moved(row: Cash, account: TradingAccount) -> Iterator[tuple[str, Decimal]]:
    """What the row moved in each currency of its account."""
    yield row.currency or account.currency, row.amount
    if row.counter is not None and row.counter.account_id is None:
        yield row.counter.currency, row.counter.amount


def _sums(moved: Sequence[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """The sums by currency: the first currency first, then the others by name, without those that are 0."""
    sums: dict[str, Decimal] = {}
    for currency, amount in moved:
        sums[currency] = money.total((sums.get(currency, ZERO), amount))
    first, *others = sums
    return {first: sums[first], **{currency: sums[currency] for currency in sorted(others) if sums[currency]}}


def _worth(row: Cash, account: TradingAccount, load: Callable[[], Rates]) -> Decimal | None:
    """What the row moved, in the account's currency at the rate of its day; None without a rate.

    A conversion with both sides moves nothing, since both sides are worth the same.
    """
    if row.type is CashType.CONVERSION and row.counter is not None:
        return ZERO
    if row.currency is None or row.currency == account.currency:
        return row.amount
    rate = load().on(row.at.date(), row.currency, account.currency)
    return None if rate is None else rate.of(row.amount)

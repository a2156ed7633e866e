"""Deletes a trading account with all that it holds: a request begins it, and a queue goes on until it is gone.

The account is marked as being deleted, so nothing can be put into it. No progress is stored: each step deletes what it
finds, so it can be repeated after a crash at any point. The account itself is deleted last, after a second look some
seconds later, when the statistics have followed the deletions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from operator import eq
from typing import TYPE_CHECKING

from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import account_contents as contents
from handlers.storage import groups as group_storage
from handlers.storage import trading_accounts
from handlers.storage.errors import GroupChanged, GroupNotFound, LedgerChanged, TradingAccountNotFound
from handlers.storage.queues import IN_CASE, erasure_queue
from handlers.storage.retry import retry_overtaken
from handlers.usecases import groups
from handlers.usecases.trading_accounts import check_can_go

if TYPE_CHECKING:
    from handlers.usecases.trades import Precondition

LAST_LOOK_AFTER = timedelta(seconds=10)
# Seconds that one batch of a step takes at most.
BATCH_SECONDS = 30


def begin(user: str, account_id: str, allowed: Precondition) -> TradingAccount:
    """Mark the account as being deleted, and queue its deletion. Returns the account.

    Safe to repeat, also after a crash at any point. Raises TradingAccountNotFound, LedgerChanged, StateForbids when
    every user has it or it is the default one, AccountErased, Busy.
    """

    def attempt() -> TradingAccount:
        account, settings = trading_accounts.with_settings(user, account_id)
        if not allowed(account.version):
            raise LedgerChanged("account")
        check_can_go(account, settings)
        if not account.erasing:
            _go_on(user, account_id, delay=IN_CASE)
            account = trading_accounts.set_erasing(account, settings)
        return account

    account = retry_overtaken(attempt)
    _go_on(user, account_id)
    return account


def proceed(
    user: str, account_id: str, *, is_last_look: bool, seconds_left: Callable[[], float], now: datetime
) -> bool:
    """Delete what is in the account as long as time is left, and queue the rest. Returns whether nothing is left to do.

    Raises AccountErased, Busy.
    """
    if not _is_erasing(user, account_id):
        return True
    found = True
    while found:  # another search finds what was changed during the last one
        found = False
        for step in STEPS:
            for _ in step(user, account_id, now):
                found = True
                if seconds_left() < BATCH_SECONDS:
                    _go_on(user, account_id, is_last_look=is_last_look)
                    return False
    if not is_last_look:
        _go_on(user, account_id, is_last_look=True, delay=LAST_LOOK_AFTER)
        return False
    with suppress(TradingAccountNotFound):
        retry_overtaken(lambda: trading_accounts.delete(*trading_accounts.with_settings(user, account_id)))
    return True


def _is_erasing(user: str, account_id: str) -> bool:
    try:
        return trading_accounts.get(user, account_id).erasing
    except TradingAccountNotFound:
        return False


def _delete_groups(user: str, account_id: str, _: datetime) -> Iterator[None]:
    for group_id in sorted(contents.group_ids(user, account_id)):
        # A deleted trade may name a group that is gone, or that has become one of trades in another account.
        with suppress(GroupNotFound, GroupChanged):
            group = group_storage.get(user, group_id)
            found = group_storage.memberships(user, group.trade_ids).values()
            if {one.account_id for one in found if one.group_id == group_id} <= {account_id}:
                groups.delete(user, group_id, allowed=partial(eq, group.version))
                yield


# In this order, since imports bring positions, and trades are derived from positions and named by groups.
STEPS: tuple[Callable[[str, str, datetime], Iterator[None]], ...] = (
    contents.delete_imports,
    contents.delete_positions,
    contents.delete_actions,
    _delete_groups,
    contents.delete_trades,
    contents.delete_cash,
    contents.delete_reconciliations,
)


def _go_on(user: str, account_id: str, *, is_last_look: bool = False, delay: timedelta = timedelta(0)) -> None:
    message = {"userId": user, "accountId": account_id, "isLastLook": is_last_look}
    erasure_queue().send(message, delay)

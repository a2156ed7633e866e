"""The erasing of an account: begun by its owner, carried on by a queue until nothing is left.

The only thing that it remembers is what is still there. Every step takes away what it finds, and finds nothing when it
is done again, so a crash anywhere costs nothing but a repetition. The marks stay longest: they refuse whatever was
under way when the account was locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from handlers.storage import accounts, bucket, erasure_marks
from handlers.storage.accounts import Account
from handlers.storage.queues import erasure_queue

# All access tokens, forms and addresses that were given out have expired by then. A queue delays no message for longer.
LAST_LOOK_AFTER = timedelta(minutes=15)
# For how long the marks outlive everything else; then DynamoDB deletes them by itself.
MARKS_LAST = timedelta(days=1)
# What one batch of a step may take.
BATCH_SECONDS = 30


def begin(account: Account, now: datetime) -> None:
    """Lock the account and see to its erasing. May be repeated, also after it broke off at any point.

    The message is sent before anything takes the owner's access away: from then on it does not depend on the owner.
    Raises Busy, Throttled.
    """
    erasure_marks.begin(account.user_id, now)
    _go_on(account)
    _lock_out(account)


def proceed(account: Account, *, is_last_look: bool, seconds_left: Callable[[], float], now: datetime) -> bool:
    """Erase what there is as long as time is left, and hand the rest on to the queue. False: some is left.

    Raises Busy, Throttled.
    """
    for step in STEPS:
        for _ in step(account):
            if seconds_left() < BATCH_SECONDS:
                _go_on(account, is_last_look=is_last_look)
                return False
    if is_last_look:
        erasure_marks.let_expire(account.user_id, now + MARKS_LAST)
    else:
        _go_on(account, is_last_look=True, delay=LAST_LOOK_AFTER)
    return True


def _lock_out(account: Account) -> None:
    # In this order: a session that is made in between would outlive the other.
    accounts.disable(account)
    accounts.sign_out_everywhere(account)


def _erase_items(account: Account) -> Iterable[None]:
    return erasure_marks.erase_items(account.user_id)


def _erase_files(account: Account) -> Iterable[None]:
    return bucket.erase(account.user_id)


def _erase_user(account: Account) -> Iterable[None]:
    accounts.delete(account)
    return ()


def _lock(account: Account) -> Iterable[None]:
    """Again, in case that the request broke off behind its message."""
    _lock_out(account)
    return ()


# What is done, in this order, the user itself last: as long as anything is left, its address cannot sign up anew.
STEPS: tuple[Callable[[Account], Iterable[None]], ...] = (_lock, _erase_items, _erase_files, _erase_user)


def _go_on(account: Account, *, is_last_look: bool = False, delay: timedelta = timedelta(0)) -> None:
    message = {"userId": account.user_id, "username": account.username, "isLastLook": is_last_look}
    erasure_queue().send(message, delay)

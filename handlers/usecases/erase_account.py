"""Erases an account: its owner begins it, and a queue goes on until nothing is left.

No progress is stored. Each step deletes what it finds and finds nothing when it is repeated, so a crash at any point is
mended by repeating. The erasure marks are deleted last: until then they refuse writes that were under way when the
account was locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from handlers.storage import accounts, bucket, erasure_marks
from handlers.storage.accounts import Account
from handlers.storage.queues import erasure_queue

# By then all access tokens, upload forms and addresses of files have expired. It is also the longest delay of a queue.
LAST_LOOK_AFTER = timedelta(minutes=15)
# How long the marks stay after everything else; then DynamoDB deletes them by itself.
MARKS_LAST = timedelta(days=1)
# Seconds that one batch of a step takes at most.
BATCH_SECONDS = 30


def begin(account: Account, now: datetime) -> None:
    """Lock the account and queue its erasure. Safe to repeat, also after a crash at any point.

    The message is sent before the owner loses access, who might otherwise be unable to repeat the request. Raises Busy,
    Throttled.
    """
    erasure_marks.begin(account.user_id, now)
    _go_on(account)
    _lock_out(account)


def proceed(account: Account, *, is_last_look: bool, seconds_left: Callable[[], float], now: datetime) -> bool:
    """Erase as long as time is left, and queue the rest. Returns whether all is erased. Raises Busy, Throttled."""
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
    # Disable first: otherwise a session that begins between the two calls would not end.
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
    """Repeat the lock-out: the request may have crashed after it sent the message."""
    _lock_out(account)
    return ()


# The steps in their order. The user is deleted last: as long as anything is left, the address cannot sign up again.
STEPS: tuple[Callable[[Account], Iterable[None]], ...] = (_lock, _erase_items, _erase_files, _erase_user)


def _go_on(account: Account, *, is_last_look: bool = False, delay: timedelta = timedelta(0)) -> None:
    message = {"userId": account.user_id, "username": account.username, "isLastLook": is_last_look}
    erasure_queue().send(message, delay)

"""Restores an archive into an empty journal: a request begins it, and a queue goes on until it is done.

The archive is sent by a form. When the restore is committed, it is pinned to the version of the file that is there; a
function checks all of it, and writes it only if nothing is wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from handlers.journal.errors import StateForbids
from handlers.journal.restores import MOST_RESTORES, Restore, RestoreStatus
from handlers.storage import restores as storage
from handlers.storage.errors import LedgerChanged
from handlers.storage.queues import restore_queue
from handlers.storage.retry import retry_overtaken

# Longer than a request lasts. The first message, which is sent in case the request breaks off, arrives after it.
IN_CASE = timedelta(seconds=30)


def create(user: str, *, only_check: bool, now: datetime) -> tuple[Restore, str, dict[str, str]]:
    """A new restore, and address and fields of the form that sends its archive.

    Raises StateForbids when there are too many; AccountErased, Busy.
    """
    if len(storage.every(user, now)) >= MOST_RESTORES:
        raise StateForbids(f"You have {MOST_RESTORES} restores within a day: wait until the oldest has expired.")
    made = Restore(user_id=user, restore_id=str(uuid4()), only_check=only_check, created_at=now, updated_at=now)
    storage.create(made)
    return made, *storage.form(made)


def commit(user: str, restore_id: str, allowed: Callable[[int], bool]) -> Restore:
    """Have the archive checked and, unless the restore is for checking only, written. Safe to repeat.

    allowed: whether the restore may be at this version. Raises RestoreNotFound, LedgerChanged; StateForbids when no
    archive has come, the journal is not empty, or the restore is over; AccountErased, Busy.
    """

    def attempt() -> Restore:
        now = datetime.now(UTC)
        restore = storage.get(user, restore_id, now)
        if not allowed(restore.version):
            raise LedgerChanged("restore")
        if restore.status is not RestoreStatus.AWAITING_FILE:
            raise StateForbids("The restore has been committed already: create another one.")
        version = storage.file_version(restore)
        if version is None:
            raise StateForbids("The archive has not come yet: send it with the form first.")
        if not restore.only_check and not storage.journal_is_empty(user):
            raise StateForbids("The journal is not empty: only an empty one can be restored into.")
        committed = dataclasses.replace(restore.moved(RestoreStatus.CHECKING, now), file_version=version)
        go_on(committed, IN_CASE)
        storage.replace(committed, restore)
        go_on(committed)
        return committed

    return retry_overtaken(attempt)


def go_on(restore: Restore, delay: timedelta = timedelta(0)) -> None:
    """Have the restore worked on, or on with, after the delay. Raises Busy."""
    restore_queue().send({"userId": restore.user_id, "restoreId": restore.restore_id}, delay)


def every(user: str, now: datetime) -> list[Restore]:
    """The restores of the last day, the newest first. Raises Busy."""
    return storage.every(user, now)


def get(user: str, restore_id: str, now: datetime) -> Restore:
    """The restore. Raises RestoreNotFound, Busy."""
    return storage.get(user, restore_id, now)

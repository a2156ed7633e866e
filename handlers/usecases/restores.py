"""Restores an archive into an empty journal: a request begins it, and a queue goes on until it is done.

The archive is sent by a form. When the restore is committed, it is pinned to the version of the file that is there; a
function checks all of it, and writes it only if nothing is wrong.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

from handlers.journal.errors import StateForbids
from handlers.journal.restores import AT_WORK, MOST_RESTORES, Problem, Restore, RestoreStatus
from handlers.storage import restores as storage
from handlers.storage.errors import LedgerChanged, RestoreNotFound, VersionMismatch
from handlers.storage.queues import restore_queue
from handlers.storage.retry import retry_overtaken
from handlers.usecases import restore_journal
from handlers.usecases.archive_check import Checked, NotRestorable, check
from handlers.usecases.zip_reading import BadArchive, RangedFile, ZipReading

# Longer than a request lasts. The first message, which is sent in case the request breaks off, arrives after it.
IN_CASE = timedelta(seconds=30)
# Seconds that the function keeps for its last transaction, and between two writings of the progress.
SECONDS_LEFT, PROGRESS_SECONDS = 60, 5


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
        _go_on(committed, IN_CASE)
        storage.replace(committed, restore)
        _go_on(committed)
        return committed

    return retry_overtaken(attempt)


def _go_on(restore: Restore, delay: timedelta = timedelta(0)) -> None:
    restore_queue().send({"userId": restore.user_id, "restoreId": restore.restore_id}, delay)


def proceed(user: str, restore_id: str, seconds_left: Callable[[], float]) -> RestoreStatus | None:
    """Check and write as long as time is left, and queue the rest. Returns how far the restore has come; None if there
    is nothing to do.

    Safe to repeat, also after a crash at any point. Raises AccountErased, Busy.
    """
    now = datetime.now(UTC)
    try:
        restore = storage.get(user, restore_id, now)
    except RestoreNotFound:
        return None
    if restore.status not in AT_WORK or (restore.worked_until is not None and restore.worked_until > now):
        return None
    claimed = restore.claimed(now)
    try:
        storage.replace(claimed, restore)
    except VersionMismatch:  # another function has claimed it
        return None
    return _worked_on(claimed, seconds_left)


def _worked_on(restore: Restore, seconds_left: Callable[[], float]) -> RestoreStatus:
    now = datetime.now(UTC)
    try:
        checked = _check(restore, now)
    except NotRestorable as error:
        return _end(restore, RestoreStatus.FAILED, error.problems)
    if restore.only_check:
        return _end(dataclasses.replace(restore, counts=checked.counts), RestoreStatus.CHECKED)
    return _write(restore, checked, seconds_left)


def _check(restore: Restore, now: datetime) -> Checked:
    try:
        file = RangedFile(storage.file_size(restore), partial(storage.read_range, restore))
        return check(ZipReading(file), restore.user_id, now)
    except BadArchive as error:
        problem = Problem(code=error.code, detail=error.detail, member=error.member, line=error.line)
        raise NotRestorable((problem,)) from None


def _write(restore: Restore, checked: Checked, seconds_left: Callable[[], float]) -> RestoreStatus:
    if restore.status is RestoreStatus.CHECKING:
        if not storage.journal_is_empty(restore.user_id):
            problem = Problem(code="NOT_EMPTY", detail="The journal is not empty any more.")
            return _end(restore, RestoreStatus.FAILED, (problem,))
        restore_journal.forget_left_over_positions(restore.user_id)
        begun = dataclasses.replace(restore.moved(RestoreStatus.RESTORING, datetime.now(UTC)), counts=checked.counts)
        storage.replace(begun, restore)
        restore = begun
    told_at = time.monotonic()

    def tell(phase: str, done: int) -> bool:
        nonlocal restore, told_at
        goes_on = seconds_left() > SECONDS_LEFT
        if time.monotonic() > told_at + PROGRESS_SECONDS or not goes_on:
            until = restore.worked_until if goes_on else None
            told = dataclasses.replace(
                restore, phase=phase, done=done, worked_until=until, updated_at=datetime.now(UTC)
            )
            storage.replace(told, restore)
            restore, told_at = told, time.monotonic()
        return goes_on

    begun_at = None if restore.phase is None else (restore.phase, restore.done)
    try:
        if not restore_journal.write(checked, begun_at, tell):
            _go_on(restore)
            return restore.status
    except VersionMismatch:
        problem = Problem(code="CHANGED_MEANWHILE", detail="Something else was written into the journal meanwhile.")
        return _end(restore, RestoreStatus.FAILED, (problem,))
    return _end(restore, RestoreStatus.RESTORED)


def _end(restore: Restore, status: RestoreStatus, problems: tuple[Problem, ...] = ()) -> RestoreStatus:
    storage.replace(restore.moved(status, datetime.now(UTC), problems=problems), restore)
    return status


def every(user: str, now: datetime) -> list[Restore]:
    """The restores of the last day, the newest first. Raises Busy."""
    return storage.every(user, now)


def get(user: str, restore_id: str, now: datetime) -> Restore:
    """The restore. Raises RestoreNotFound, Busy."""
    return storage.get(user, restore_id, now)

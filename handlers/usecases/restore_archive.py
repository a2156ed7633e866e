"""Works on restores that were committed: checks the archive, and writes it if nothing is wrong."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from handlers.journal.restores import AT_WORK, Problem, Restore, RestoreStatus
from handlers.storage import restores as storage
from handlers.storage.errors import RestoreNotFound, VersionMismatch
from handlers.usecases import restore_journal
from handlers.usecases.archive_check import Checked, NotRestorable, check
from handlers.usecases.restores import go_on
from handlers.usecases.zip_reading import BadArchive, RangedFile, ZipReading

# Seconds that the function keeps for its last transaction, and between two writings of the progress.
SECONDS_LEFT, PROGRESS_SECONDS = 60, 5


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
            go_on(restore)
            return restore.status
    except VersionMismatch:
        problem = Problem(code="CHANGED_MEANWHILE", detail="Something else was written into the journal meanwhile.")
        return _end(restore, RestoreStatus.FAILED, (problem,))
    return _end(restore, RestoreStatus.RESTORED)


def _end(restore: Restore, status: RestoreStatus, problems: tuple[Problem, ...] = ()) -> RestoreStatus:
    storage.replace(restore.moved(status, datetime.now(UTC), problems=problems), restore)
    return status

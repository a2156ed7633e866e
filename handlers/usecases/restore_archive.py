"""Works on restores that were committed: checks the archive, and writes it if nothing is wrong."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from handlers.journal.restores import AT_WORK, MOST_PROBLEMS, Problem, Restore, RestoreStatus
from handlers.storage import restores as storage
from handlers.storage.errors import RestoreNotFound, VersionMismatch
from handlers.usecases import compare_figures, json_reading, restore_journal
from handlers.usecases.archive_check import Checked, NotRestorable, check
from handlers.usecases.convert_version_1 import converted
from handlers.usecases.restores import go_on
from handlers.usecases.zip_reading import BadArchive, RangedFile, ZipReading

# Seconds that the function keeps for its last transaction, and between two writings of the progress.
SECONDS_LEFT, PROGRESS_SECONDS = 60, 5
# So many bytes of a file tell what it is.
_BEGINNING = 64


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
        restore = _in_version_2(restore)
        checked = _check(restore, now)
    except NotRestorable as error:
        return _end(restore, RestoreStatus.FAILED, error.problems)
    except BadArchive as error:
        problem = Problem(code=error.code, detail=error.detail, member=error.member, line=error.line)
        return _end(restore, RestoreStatus.FAILED, (problem,))
    if restore.only_check:
        return _end(_compared(restore, checked, now), RestoreStatus.CHECKED)
    return _write(restore, checked, seconds_left)


def _in_version_2(restore: Restore) -> Restore:
    """The restore, once an archive is made of a file of format version 1. Raises BadArchive."""
    sent = storage.sent(restore)
    size = sent.size()
    if restore.is_converted or not (size and json_reading.is_json(sent.read(0, min(size, _BEGINNING)))):
        return restore
    warnings: list[Problem] = []
    storage.write_converted(restore, converted(json_reading.pieces_of(size, sent.read), warnings.append))
    known = dataclasses.replace(restore, is_converted=True, warnings=tuple(warnings))
    storage.replace(known, restore)
    return known


def _check(restore: Restore, now: datetime) -> Checked:
    archive = storage.converted(restore) if restore.is_converted else storage.sent(restore)
    return check(ZipReading(RangedFile(archive.size(), archive.read)), restore.user_id, now)


def _compared(restore: Restore, checked: Checked, now: datetime) -> Restore:
    """The restore with what is known once its archive was checked: also where a file of format version 1 shows other
    figures than follow.
    """
    differing: tuple[Problem, ...] = ()
    if restore.is_converted:
        sent = storage.sent(restore)
        pieces = partial(json_reading.pieces_of, sent.size(), sent.read)
        differing = compare_figures.differences(pieces, checked, now)
    warnings = (*restore.warnings, *differing)[:MOST_PROBLEMS]
    return dataclasses.replace(restore, counts=checked.counts, warnings=warnings)


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

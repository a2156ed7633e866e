"""Works on restores: checks the archive, compares it with the journal or writes it, and takes back what was written."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from handlers.journal.merges import Conflicts, Preview
from handlers.journal.restores import AT_WORK, MOST_PROBLEMS, Restore, RestoreMode, RestoreProblem, RestoreStatus
from handlers.journal.undoing import EditedPolicy
from handlers.storage import restores as storage
from handlers.storage.errors import RestoreNotFound, VersionMismatch
from handlers.usecases import compare_figures, json_reading, restore_edits, restore_journal, undo_restore
from handlers.usecases.archive_check import CheckedArchive, NotRestorable, check_archive
from handlers.usecases.convert_version_1 import archive_of_version_1
from handlers.usecases.restore_comparison import compare_archive
from handlers.usecases.restores import go_on
from handlers.usecases.zip_reading import BadArchive, RangedFile, ZipReading

# Seconds that the function keeps for its last transaction, and between two writings of the progress.
SECONDS_LEFT, PROGRESS_SECONDS = 60, 5
# Bytes that are read to recognize the type of a file.
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
    if restore.status is RestoreStatus.UNDOING:
        return _undo(restore, seconds_left)
    try:
        restore = _in_version_2(restore)
        checked = _check(restore, now)
        if not restore.is_planned:
            restore = _compared(restore, checked, now)
        if restore.mode is RestoreMode.EMPTY_ONLY and restore.only_check:
            return _end(restore, RestoreStatus.CHECKED)
        if not restore.is_planned:
            planned = _planned(restore, checked)
            if planned.status is not RestoreStatus.RESTORING:
                return planned.status
            restore = planned
    except NotRestorable as error:
        return _end(restore, RestoreStatus.FAILED, error.problems)
    except BadArchive as error:
        problem = RestoreProblem(code=error.code, detail=error.detail, member=error.member, line=error.line)
        return _end(restore, RestoreStatus.FAILED, (problem,))
    return _write(restore, checked, seconds_left)


def _in_version_2(restore: Restore) -> Restore:
    """The restore, once an archive is made of a file of format version 1. Raises BadArchive."""
    sent = storage.sent(restore)
    size = sent.size()
    if restore.is_converted or not (size and json_reading.is_json(sent.read(0, min(size, _BEGINNING)))):
        return restore
    warnings: list[RestoreProblem] = []
    storage.write_converted(restore, archive_of_version_1(json_reading.pieces_of(size, sent.read), warnings.append))
    known = dataclasses.replace(restore, is_converted=True, warnings=tuple(warnings))
    storage.replace(known, restore)
    return known


def _check(restore: Restore, now: datetime) -> CheckedArchive:
    archive = storage.converted(restore) if restore.is_converted else storage.sent(restore)
    return check_archive(ZipReading(RangedFile(archive.size(), archive.read)), restore.user_id, now)


def _compared(restore: Restore, checked: CheckedArchive, now: datetime) -> Restore:
    """The restore with counts and warnings. A restore for checking only of a file of format version 1 also warns of
    figures that differ from those that follow.
    """
    differing: tuple[RestoreProblem, ...] = ()
    if restore.is_converted and restore.only_check:
        sent = storage.sent(restore)
        pieces = partial(json_reading.pieces_of, sent.size(), sent.read)
        differing = compare_figures.differences(pieces, checked, now)
    warnings = tuple(dict.fromkeys((*restore.warnings, *checked.warnings, *differing)))[:MOST_PROBLEMS]
    return dataclasses.replace(restore, counts=checked.counts, warnings=warnings)


def _planned(restore: Restore, checked: CheckedArchive) -> Restore:
    """The restore with the plan of what it is to write; or, if it is not to write yet, with a preview. Raises
    NotRestorable.
    """
    if restore.mode is RestoreMode.EMPTY_ONLY:
        if not storage.journal_is_empty(restore.user_id):
            raise NotRestorable((RestoreProblem(code="NOT_EMPTY", detail="The journal is not empty any more."),))
        restore_journal.forget_left_over_positions(restore.user_id)
        found = compare_archive(checked, Conflicts.REPLACE, into_empty=True)
    else:
        found = compare_archive(checked, restore.conflicts)
        if restore.status is RestoreStatus.CHECKING or found.preview.digest != _digest(restore):
            return _shown(restore, found.preview)
    storage.write_plan(restore, found.plan)
    moved = restore.moved(RestoreStatus.RESTORING, datetime.now(UTC))
    planned = dataclasses.replace(moved, is_planned=True, counts=checked.counts)
    storage.replace(planned, restore)
    return planned


def _digest(restore: Restore) -> str | None:
    return None if restore.preview is None else restore.preview.digest


def _shown(restore: Restore, preview: Preview) -> Restore:
    """The restore with what merging would do, which is to be looked at, perhaps once more."""
    warnings = restore.warnings
    if restore.status is RestoreStatus.RESTORING:
        detail = "The journal has changed since the preview: look at what would become of it now."
        warnings = (RestoreProblem(code="CHANGED_SINCE_PREVIEW", detail=detail), *warnings)[:MOST_PROBLEMS]
    moved = restore.moved(RestoreStatus.PREVIEW, datetime.now(UTC))
    shown = dataclasses.replace(moved, preview=preview, warnings=warnings, worked_until=None)
    storage.replace(shown, restore)
    return shown


class _Progress:
    """Stores how far the work on a restore has come, every few seconds."""

    def __init__(self, restore: Restore, seconds_left: Callable[[], float]) -> None:
        self.restore = restore
        self._seconds_left = seconds_left
        self._told_at = time.monotonic()

    @property
    def begun_at(self) -> tuple[str, int] | None:
        """The phase that was being worked on, and how much of it is done."""
        return None if self.restore.phase is None else (self.restore.phase, self.restore.done)

    def tell(self, phase: str, done: int) -> bool:
        """Say how much is done. Returns whether there is time to go on; without, it is stored."""
        goes_on = self._seconds_left() > SECONDS_LEFT
        if time.monotonic() > self._told_at + PROGRESS_SECONDS or not goes_on:
            self.store(phase, done, self.restore.worked_until if goes_on else None)
        return goes_on

    def store(self, phase: str, done: int, worked_until: datetime | None) -> None:
        """Store how much is done, and until when it is worked on."""
        told = dataclasses.replace(
            self.restore, phase=phase, done=done, worked_until=worked_until, updated_at=datetime.now(UTC)
        )
        storage.replace(told, self.restore)
        self.restore, self._told_at = told, time.monotonic()


def _write(restore: Restore, checked: CheckedArchive, seconds_left: Callable[[], float]) -> RestoreStatus:
    plan, progress = storage.read_plan(restore), _Progress(restore, seconds_left)
    try:
        if not restore_journal.write(checked, plan, progress.begun_at, progress.tell):
            go_on(progress.restore)
            return progress.restore.status
    except VersionMismatch:
        problem = RestoreProblem(
            code="CHANGED_MEANWHILE", detail="Something else was written into the journal meanwhile."
        )
        return _end(progress.restore, RestoreStatus.FAILED, (problem,))
    if not plan.into_empty:
        storage.write_plan(restore, undo_restore.plan_as_written(restore.user_id, plan))
    return _end(progress.restore, RestoreStatus.RESTORED)


def _undo(restore: Restore, seconds_left: Callable[[], float]) -> RestoreStatus:
    plan, progress = storage.read_plan(restore), _Progress(restore, seconds_left)
    if progress.begun_at is None and restore.undo_edited is EditedPolicy.REFUSE:
        found = restore_edits.edited(restore.user_id, plan)
        if found:
            return _end(restore, *_refused(restore, len(found)))
    if progress.begun_at is None:  # no check for edits from here on: half-undone documents would look edited
        progress.store(undo_restore.FIRST_PHASE, 0, restore.worked_until)
    if not undo_restore.undo(restore.user_id, plan, restore.undo_edited, progress.begun_at, progress.tell):
        go_on(progress.restore)
        return progress.restore.status
    return _end(progress.restore, RestoreStatus.UNDONE)


def _refused(restore: Restore, number: int) -> tuple[RestoreStatus, tuple[RestoreProblem, ...]]:
    """Status and problems of a restore whose undo was refused, since documents were edited."""
    former = tuple(problem for problem in restore.problems if problem.code != "EDITED_SINCE")
    detail = f"{number} documents, or more, were edited since: undo it with edited KEEP or REMOVE."
    status = RestoreStatus.FAILED if former else RestoreStatus.RESTORED
    return status, (*former, RestoreProblem(code="EDITED_SINCE", detail=detail))


def _end(restore: Restore, status: RestoreStatus, problems: tuple[RestoreProblem, ...] = ()) -> RestoreStatus:
    now = datetime.now(UTC)
    ended = restore.moved(status, now, problems=problems)
    if restore.is_planned and restore.written_at is None:
        ended = dataclasses.replace(ended, written_at=now)
    storage.replace(ended, restore)
    return status

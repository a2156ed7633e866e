"""Restores: an archive that is written into an empty journal or merged with one, and how far that has come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.journal.merges import Conflicts, Preview
from handlers.journal.undoing import EditedPolicy

# How long an uploaded archive, and what is known of a restore, are kept; and how long the form for the upload works.
KEPT_FOR = timedelta(days=1)
TIME_TO_SEND = timedelta(hours=1)
# How long what was written can be undone.
CAN_BE_UNDONE = timedelta(days=7)
MOST_BYTES = 5_000_000_000  # what a form can send to S3 at most
# Longer than a function may work on a restore; a queue hands out its message again only later.
WORKED_FOR = timedelta(minutes=15)
# How many restores a user may have at once, and how many problems of an archive are told.
MOST_RESTORES, MOST_PROBLEMS = 20, 100


class RestoreMode(StrEnum):
    """What an archive is restored into: an empty journal, or one with which it is merged."""

    EMPTY_ONLY = "EMPTY_ONLY"
    MERGE = "MERGE"


class RestoreStatus(StrEnum):
    """How far a restore has come."""

    AWAITING_FILE = "AWAITING_FILE"
    CHECKING = "CHECKING"
    PREVIEW = "PREVIEW"
    RESTORING = "RESTORING"
    CHECKED = "CHECKED"
    RESTORED = "RESTORED"
    UNDOING = "UNDOING"
    UNDONE = "UNDONE"
    FAILED = "FAILED"


# In these, an archive may still come that is to be merged.
AWAITS_ARCHIVE = frozenset({RestoreStatus.AWAITING_FILE, RestoreStatus.PREVIEW, RestoreStatus.FAILED})
# In these, a message of the queue is on its way or being handled.
AT_WORK = frozenset({RestoreStatus.CHECKING, RestoreStatus.RESTORING, RestoreStatus.UNDOING})


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreProblem:
    """What is wrong with an archive, or to be known of it: the rule that is broken, where, and why in words."""

    code: str
    detail: str
    member: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """A restore. `only_check`: the archive is checked, and nothing is written. `conflicts`: what becomes of documents
    that the journal has otherwise. `preview`: what merging would do. `is_planned` once the plan of all that is written
    is stored; from then on, something may be.

    `file_version` is that of the file that was sent, from when the restore is committed; `is_converted` when that is no
    archive, and one was made of it. `warnings` say what the file does not hold, or shows otherwise. `phase` and `done`
    say which member is being written, and how many of its documents are; `counts` how many documents each member has.
    `worked_until` is set while a function works on it, `written_at` once all is written, or no more will be.
    `undo_edited`: what becomes of what was edited since, when it is undone.
    """

    user_id: str
    restore_id: str
    mode: RestoreMode = RestoreMode.EMPTY_ONLY
    conflicts: Conflicts = Conflicts.REFUSE
    only_check: bool = False
    preview: Preview | None = None
    is_planned: bool = False
    status: RestoreStatus = RestoreStatus.AWAITING_FILE
    file_version: str | None = None
    is_converted: bool = False
    phase: str | None = None
    done: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    problems: tuple[RestoreProblem, ...] = ()
    warnings: tuple[RestoreProblem, ...] = ()
    worked_until: datetime | None = None
    undo_edited: EditedPolicy = EditedPolicy.REFUSE
    written_at: datetime | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When the restore is deleted: a day after it was made, or once it cannot be undone any more."""
        return self.created_at + KEPT_FOR if self.written_at is None else self.written_at + CAN_BE_UNDONE

    def can_be_undone(self, now: datetime) -> bool:
        """Whether it has written anything that it can take back."""
        return (
            self.status in (RestoreStatus.RESTORED, RestoreStatus.FAILED)
            and self.written_at is not None
            and now < self.expires_at
        )

    def moved(self, status: RestoreStatus, now: datetime, *, problems: tuple[RestoreProblem, ...] = ()) -> Restore:
        """The restore in another status, at its next version."""
        return replace(
            self, status=status, problems=problems, phase=None, done=0, version=self.version + 1, updated_at=now
        )

    def claimed(self, now: datetime) -> Restore:
        """The restore as it is while a function works on it, at its next version."""
        return replace(self, worked_until=now + WORKED_FOR, version=self.version + 1)

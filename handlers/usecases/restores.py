"""Restores an archive: a request begins it, and a queue goes on until it is done.

The archive is sent by a form. If it goes into an empty journal, the restore is pinned to the version of the file that
is there when it is committed; a function checks all of it, and writes it only if nothing is wrong. If it is merged, the
bucket tells of the file when it comes: it is checked and compared at once, and what is committed is what that showed.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from handlers.journal.errors import RestoreEdited, StateForbids
from handlers.journal.merges import Conflicts
from handlers.journal.restores import (
    AT_WORK,
    AWAITS_ARCHIVE,
    MOST_RESTORES,
    Restore,
    RestoreMode,
    RestoreStatus,
)
from handlers.journal.undoing import EditedPolicy
from handlers.storage import kept_answers
from handlers.storage import restores as storage
from handlers.storage.errors import LedgerChanged, RestoreNotFound
from handlers.storage.queues import IN_CASE, restore_queue
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import restore_edits
from handlers.usecases.keyed import KeyedRequest

# How long a request looks for what was edited since. A function of the queue then looks through all of it.
SECONDS_TO_LOOK = 8


class RestoreUpload(NamedTuple):
    """A new restore, and address and fields of the form that sends its archive."""

    restore: Restore
    url: str
    fields: dict[str, str]


def create(
    user: str,
    *,
    only_check: bool,
    now: datetime,
    mode: RestoreMode = RestoreMode.EMPTY_ONLY,
    conflicts: Conflicts = Conflicts.REFUSE,
    keyed: KeyedRequest[RestoreUpload] | None = None,
) -> tuple[RestoreUpload | None, KeptAnswer | None]:
    """Make a restore that awaits its archive, unless the same request did before.

    Returns it, or the answer kept for the earlier request. Raises StateForbids when there are too many; KeyReused,
    AccountErased, Busy.
    """

    def attempt() -> tuple[RestoreUpload | None, KeptAnswer | None]:
        if keyed is not None and (earlier := kept_answers.for_key(user, keyed.key, keyed.fingerprint, now)) is not None:
            return None, earlier
        if len(storage.every(user, now)) >= MOST_RESTORES:
            raise StateForbids(f"You have {MOST_RESTORES} restores: delete one, or wait until the oldest has expired.")
        made = Restore(
            user_id=user,
            restore_id=str(uuid4()),
            mode=mode,
            conflicts=conflicts,
            only_check=only_check,
            created_at=now,
            updated_at=now,
        )
        shown = RestoreUpload(made, *storage.form(made))
        earlier = storage.create(made, None if keyed is None else keyed.answer(shown))
        return (shown, None) if earlier is None else (None, earlier)

    return retry_overtaken(attempt)


def arrived(key: str, version: str, now: datetime) -> tuple[str, str] | None:
    """The ids of user and restore of a file that has come, if it is to be compared with the journal at once.

    Raises AccountErased, Busy.
    """
    named = storage.named_by(key)
    if named is None:
        return None

    def attempt() -> bool:
        restore = storage.get(*named, now)
        if restore.mode is not RestoreMode.MERGE or restore.is_planned or restore.status not in AWAITS_ARCHIVE:
            return False
        fresh = dataclasses.replace(
            restore, file_version=version, is_converted=False, preview=None, warnings=(), worked_until=None
        )
        storage.replace(fresh.moved(RestoreStatus.CHECKING, now), restore)
        return True

    try:
        return named if retry_overtaken(attempt) else None
    except RestoreNotFound:
        return None


def commit(user: str, restore_id: str, allowed: Callable[[int], bool], conflicts: Conflicts | None = None) -> Restore:
    """Have the archive checked and, unless the restore is for checking only, written; one that is merged, as its
    preview shows it. Safe to repeat.

    allowed: whether the restore may be at this version. conflicts: in place of what the restore was made with. Raises
    RestoreNotFound, LedgerChanged; StateForbids when no archive has come, the journal is not empty, documents differ
    though none may, or the restore is over; AccountErased, Busy.
    """

    def attempt() -> Restore:
        now = datetime.now(UTC)
        restore = storage.get(user, restore_id, now)
        if not allowed(restore.version):
            raise LedgerChanged("restore")
        into = _merging if restore.mode is RestoreMode.MERGE else _into_empty
        committed = into(dataclasses.replace(restore, conflicts=conflicts or restore.conflicts), now)
        if committed.status in AT_WORK:
            go_on(committed, IN_CASE)
        storage.replace(committed, restore)
        if committed.status in AT_WORK:
            go_on(committed)
        return committed

    return retry_overtaken(attempt)


def _into_empty(restore: Restore, now: datetime) -> Restore:
    if restore.status is not RestoreStatus.AWAITING_FILE:
        raise StateForbids("The restore has been committed already: create another one.")
    version = storage.file_version(restore)
    if version is None:
        raise StateForbids("The archive has not come yet: send it with the form first.")
    if not restore.only_check and not storage.journal_is_empty(restore.user_id):
        raise StateForbids("The journal is not empty: merge the archive with it, by the mode MERGE.")
    return dataclasses.replace(restore.moved(RestoreStatus.CHECKING, now), file_version=version)


def _merging(restore: Restore, now: datetime) -> Restore:
    if restore.status is not RestoreStatus.PREVIEW or restore.preview is None:
        raise StateForbids(f"The restore is {restore.status}: only one with a preview can be merged.")
    if restore.only_check:
        return restore.moved(RestoreStatus.CHECKED, now)
    number = restore.preview.number_changed
    if number and restore.conflicts is Conflicts.REFUSE:
        raise StateForbids(
            f"{number} documents differ from those that are stored, of which getRestore names the first: commit with "
            "conflicts KEEP or REPLACE."
        )
    return restore.moved(RestoreStatus.RESTORING, now)


def undo(user: str, restore_id: str, policy: EditedPolicy) -> Restore:
    """Begin to take back all that the restore has written.

    policy: what becomes of what was edited since. What is not found within a request refuses it later. Raises
    RestoreNotFound, StateForbids, RestoreEdited, AccountErased, Busy.
    """

    def attempt() -> Restore:
        now = datetime.now(UTC)
        restore = storage.get(user, restore_id, now)
        if not restore.can_be_undone(now):
            raise StateForbids(f"The restore is {restore.status}: it can be undone for 7 days once it has written.")
        if policy is EditedPolicy.REFUSE:
            _refuse_edited(restore)
        begun = dataclasses.replace(
            restore.moved(RestoreStatus.UNDOING, now), undo_edited=policy, worked_until=None, problems=restore.problems
        )
        go_on(begun, IN_CASE)
        storage.replace(begun, restore)
        go_on(begun)
        return begun

    return retry_overtaken(attempt)


def _refuse_edited(restore: Restore) -> None:
    """Raise RestoreEdited for what was edited since, as far as it is found within a request."""
    until = time.monotonic() + SECONDS_TO_LOOK
    plan = storage.read_plan(restore)
    if found := restore_edits.edited(restore.user_id, plan, lambda: time.monotonic() < until):
        raise RestoreEdited(found)


def delete(user: str, restore_id: str) -> None:
    """Delete the restore with its files. What it has written stays, and cannot be undone any more.

    Raises RestoreNotFound, StateForbids while it is worked on; AccountErased, Busy.
    """

    def attempt() -> None:
        restore = storage.get(user, restore_id, datetime.now(UTC))
        if restore.status in AT_WORK:
            raise StateForbids(f"The restore is {restore.status}: wait until that is over.")
        storage.delete(restore)

    retry_overtaken(attempt)


def go_on(restore: Restore, delay: timedelta = timedelta(0)) -> None:
    """Have the restore worked on, or on with, after the delay. Raises Busy."""
    restore_queue().send({"userId": restore.user_id, "restoreId": restore.restore_id}, delay)


def every(user: str, now: datetime) -> list[Restore]:
    """The restores that have not expired, the newest first. Raises Busy."""
    return storage.every(user, now)


def get(user: str, restore_id: str, now: datetime) -> Restore:
    """The restore. Raises RestoreNotFound, Busy."""
    return storage.get(user, restore_id, now)

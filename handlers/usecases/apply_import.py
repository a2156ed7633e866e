"""Commits and undoes imports: a request begins it, and a queue's function goes on until it is done.

Each step can be repeated, and what was done stands in the import (import_work.py). The first message is sent before the
import changes, in case that the request breaks off; it arrives after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from handlers.imports.errors import EditedSince, ImportNotReady, UndecidedRows
from handlers.imports.record import CAN_BE_UNDONE, MOST_NAMED, NO_SUCH_ACCOUNT, Import, ImportStatus, Phase
from handlers.journal.undoing import EditedPolicy
from handlers.storage import account_locks, import_edits, imports, kept_answers
from handlers.storage.errors import AccountClosing, Busy, ImportNotFound, LedgerChanged, NoSuchAccount
from handlers.storage.queues import IN_CASE, import_apply_queue
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import import_actions, import_cash, import_executions, import_links, import_removal
from handlers.usecases import import_settling as settling
from handlers.usecases.import_contents import Contents, contents_of
from handlers.usecases.import_work import Overtaken, Paused, Work
from handlers.usecases.keyed import KeyedRequest

# How long another import of the account is waited for, and AWS or others when they are in the way.
WHILE_LOCKED = timedelta(seconds=15)
WHILE_BUSY = timedelta(seconds=10)
# Messages sent by ourselves while AWS fails or others hold the data; then come the queue's own retries and its alarm.
MOST_TRIES = 20

Made = tuple[Import | None, KeptAnswer | None]
Step = Callable[[Work, Contents], None]

COMMIT: Sequence[tuple[Phase, Step]] = (
    (Phase.LINKS, import_links.write),
    (Phase.EXECUTIONS, import_executions.write),
    (Phase.CASH, import_cash.write),
    (Phase.ACTIONS, import_actions.write),
    (Phase.SETTLING, settling.wait),
)
UNDO: Sequence[tuple[Phase, Step]] = (
    (Phase.LINKS, import_links.restore),
    (Phase.EXECUTIONS, import_removal.remove),
    (Phase.CASH, import_cash.remove),
    (Phase.ACTIONS, import_actions.remove),
    (Phase.SETTLING, settling.wait),
)
STEPS: Mapping[ImportStatus, tuple[Sequence[tuple[Phase, Step]], ImportStatus]] = {
    ImportStatus.COMMITTING: (COMMIT, ImportStatus.COMMITTED),
    ImportStatus.UNDOING: (UNDO, ImportStatus.UNDONE),
}


def commit(
    user: str,
    import_id: str,
    allowed: Callable[[int], bool],
    *,
    skip_undecided: bool,
    keyed: KeyedRequest[Import] | None,
) -> Made:
    """Begin to carry out what the import's rows are decided to become, as its preview shows it at that version.

    skip_undecided: whether rows without a decision are left out; if not, they refuse it. Returns the import, or the
    answer kept for the same request. Raises ImportNotFound, LedgerChanged, ImportNotReady, UndecidedRows,
    TooManyImports, KeyReused, AccountErased, Busy.
    """

    def begun(one: Import, now: datetime) -> Import:
        if one.status_at(now) is not ImportStatus.PREVIEW:
            raise ImportNotReady(one.status_at(now), "Only an import with a preview can be committed.")
        if one.reading.needs:
            raise ImportNotReady(one.status, f"The file does not say all: give its {', '.join(one.reading.needs)}.")
        if not skip_undecided and one.counts.undecided:
            raise UndecidedRows(one.undecided[:MOST_NAMED], one.counts.undecided)
        imports.check_limits(user, now, open_too=False)
        return replace(one, status=ImportStatus.COMMITTING)

    return _begin(user, import_id, allowed, begun, keyed)


def undo(user: str, import_id: str, edited: EditedPolicy, keyed: KeyedRequest[Import] | None) -> Made:
    """Begin to take back all that came with a committed import.

    edited: what becomes of executions and cash that were edited since. Returns the import, or the answer kept for the
    same request. Raises ImportNotFound, ImportNotReady, EditedSince, TooManyImports, KeyReused, AccountErased, Busy.
    """

    def begun(one: Import, now: datetime) -> Import:
        if one.status is not ImportStatus.COMMITTED or one.expires_at <= now:
            raise ImportNotReady(one.status_at(now), "Only a committed import can be undone, for 90 days.")
        if edited is EditedPolicy.REFUSE:
            _refuse_edited(one)
        imports.check_limits(user, now, open_too=False)
        return replace(one, status=ImportStatus.UNDOING, undo_edited=edited)

    return _begin(user, import_id, lambda _: True, begun, keyed)


def _begin(
    user: str,
    import_id: str,
    allowed: Callable[[int], bool],
    begun: Callable[[Import, datetime], Import],
    keyed: KeyedRequest[Import] | None,
) -> Made:
    def attempt() -> Made:
        now = datetime.now(UTC)
        if keyed is not None and (earlier := kept_answers.for_key(user, keyed.key, keyed.fingerprint, now)) is not None:
            return None, earlier
        one = imports.get(user, import_id)
        if not allowed(one.version):
            raise LedgerChanged("import")
        changed = replace(begun(one, now), version=one.version + 1, progress=None, updated_at=now)
        _go_on(user, import_id, IN_CASE, version=changed.version)
        answer = None if keyed is None else keyed.answer(changed)
        earlier = imports.replace_once(changed, one, answer, now)
        return (changed, None) if earlier is None else (None, earlier)

    made = retry_overtaken(attempt)
    _go_on(user, import_id)
    return made


def _refuse_edited(one: Import) -> None:
    """Raise EditedSince if something of the import was edited since it was committed."""
    edited = import_edits.first(one.user_id, one.import_id, MOST_NAMED)
    if edited.executions or edited.cash:
        raise EditedSince(edited.executions, edited.cash)


def _go_on(
    user: str, import_id: str, delay: timedelta = timedelta(0), *, version: int | None = None, tries: int = 0
) -> None:
    """Send a message to go on. version: only if the import is still at that version then."""
    message = {"userId": user, "importId": import_id, "version": version, "tries": tries}
    import_apply_queue().send(message, delay)


def proceed(
    user: str, import_id: str, *, version: int | None, tries: int, seconds_left: Callable[[], float]
) -> ImportStatus | None:
    """Go on with an import as long as time is left, and queue the rest.

    version: the one at which the import has to be; None for any. tries: how often in a row something was in the way.
    Returns the status that the import has reached; None if the message is for nothing. Safe to repeat, also after a
    crash at any point. Raises AccountErased; Busy after too many tries.
    """
    try:
        one = imports.get(user, import_id)
    except ImportNotFound:
        return None  # deleted with its account
    if one.status not in STEPS or version not in (None, one.version):
        return None
    work = Work(one, seconds_left)
    try:
        _carry_on(work)
    except Paused as rest:
        _go_on(user, import_id, rest.delay)
    except (Overtaken, ImportNotFound):
        return None
    except Busy:
        if tries >= MOST_TRIES:
            raise
        _go_on(user, import_id, WHILE_BUSY, tries=tries + 1)
    else:
        return work.one.status
    return one.status


def _carry_on(work: Work) -> None:
    """Make all steps that are left. Raises Paused when another call has to go on."""
    steps, end = STEPS[work.one.status]
    now = datetime.now(UTC)
    if not account_locks.take(work.user, work.account_id, work.one.import_id, now):
        raise Paused(WHILE_LOCKED)
    # Outdates the message that was sent in case the request breaks off, so that one call works at a time.
    work.checkpoint(replace(work.one, version=work.one.version + 1))
    try:
        contents = contents_of(work.one)
        for phase, step in steps:
            if not work.is_past(phase):
                step(work, contents)
    except (NoSuchAccount, AccountClosing):
        changed = replace(work.one, status=ImportStatus.FAILED, failure=NO_SUCH_ACCOUNT)
    else:
        changed = replace(work.one, status=end)
        if end is ImportStatus.COMMITTED:
            changed = replace(changed, committed_at=now, expires_at=now + CAN_BE_UNDONE)
    work.finish(replace(changed, version=work.one.version + 1, progress=None, updated_at=now))

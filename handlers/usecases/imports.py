"""Imports, as their owner asks for them: made, corrected, deleted. read_import.py reads their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from handlers.documents.imports import given_options
from handlers.faults import Fault, FieldCode
from handlers.imports.decided import Decision
from handlers.imports.errors import ImportNotReady
from handlers.imports.formats import BY_ID
from handlers.imports.record import (
    MOST_DECISIONS,
    PREVIEW_KEPT,
    TIME_TO_SEND,
    WAITS_FOR_FILE,
    Import,
    ImportOptions,
    ImportStatus,
    Progress,
    new_import_id,
)
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.stats.clock import wrong_zone
from handlers.storage import import_files, kept_answers, mappings, trading_accounts
from handlers.storage import imports as storage
from handlers.storage.errors import (
    AccountClosing,
    LedgerChanged,
    MappingNotFound,
    NoSuchAccount,
    TradingAccountNotFound,
)
from handlers.storage.import_files import ImportFolder
from handlers.storage.queues import IN_CASE, import_queue
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from generated import models
    from handlers.usecases.keyed import KeyedRequest
    from handlers.usecases.trades import Precondition

READING = "READING"

_CAN_BE_READ_AGAIN = frozenset(
    {
        ImportStatus.AWAITING_FILE,
        ImportStatus.PARSING,
        ImportStatus.NEEDS_MAPPING,
        ImportStatus.PREVIEW,
        ImportStatus.FAILED,
    }
)
_BEING_APPLIED = frozenset({ImportStatus.COMMITTING, ImportStatus.UNDOING})


class ImportUpload(NamedTuple):
    """A new import, and the form that sends its file: its address, its fields, and when it stops working."""

    one: Import
    url: str
    fields: Mapping[str, str]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDecision:
    """What the user decided of the row at a line; trade_id: the manual trade that LINK means."""

    line: int
    decision: Decision
    trade_id: str | None = None


def create(
    user: str, given: models.ImportInput, keyed: KeyedRequest[ImportUpload] | None
) -> tuple[ImportUpload | None, KeptAnswer | None]:
    """Make an import that waits for its file, unless the same request did before.

    Returns it, or the answer kept for the earlier request. Raises RuleBroken, TooManyImports, NoSuchAccount,
    AccountClosing, KeyReused, AccountErased, Busy.
    """

    def attempt() -> tuple[ImportUpload | None, KeptAnswer | None]:
        now = datetime.now(UTC)
        if keyed is not None and (earlier := kept_answers.for_key(user, keyed.key, keyed.fingerprint, now)) is not None:
            return None, earlier
        options = given_options(given)
        options.setdefault("account_id", trading_accounts.settings(user).default_account_id)
        _check(user, options)
        made = Import(
            user_id=user,
            import_id=new_import_id(now),
            file_name=given.file_name,
            options=ImportOptions(**options),
            created_at=now,
            updated_at=now,
            expires_at=now + WAITS_FOR_FILE,
        )
        url, fields = import_files.form(ImportFolder(user, made.import_id))
        shown = ImportUpload(made, url, fields, now + TIME_TO_SEND)
        earlier = storage.create(made, None if keyed is None else keyed.answer(shown), now)
        return (shown, None) if earlier is None else (None, earlier)

    return retry_overtaken(attempt)


def change(user: str, import_id: str, given: models.ImportUpdateInput, allowed: Precondition) -> Import:
    """Change how the file is read or what becomes of its rows, and read it again if it is there.

    Raises RuleBroken, ImportNotFound, ImportNotReady, TooManyImports, LedgerChanged, NoSuchAccount, AccountErased,
    Busy.
    """
    changes, decisions = given_options(given, changes=True), _row_decisions(given)

    def attempt() -> Import:
        now = datetime.now(UTC)
        former = storage.get(user, import_id)
        if not allowed(former.version):
            raise LedgerChanged("import")
        status = former.status_at(now)
        if status not in _CAN_BE_READ_AGAIN:
            raise ImportNotReady(status, f"The import is {status}: its file is not read again.")
        has_file = former.file_version is not None
        if has_file and status is not ImportStatus.PARSING:
            storage.check_limits(user, now, open_too=False)
        options = _changed(user, former.options, changes)
        name, decided = _with_decisions(former, decisions)
        changed = replace(
            former,
            options=options,
            decisions=name,
            decided=decided,
            version=former.version + 1,
            updated_at=now,
        )
        if not has_file:
            storage.replace(changed, former)
            return changed
        changed = replace(
            changed,
            status=ImportStatus.PARSING,
            progress=Progress(phase=READING),
            failure=None,
            failure_detail=None,
            expires_at=now + PREVIEW_KEPT,
        )
        _read_again(changed, delay=IN_CASE)
        storage.replace(changed, former)
        return changed

    changed = retry_overtaken(attempt)
    if changed.file_version is not None:
        _read_again(changed)
    return changed


def delete(user: str, import_id: str, *, keep_executions: bool, allowed: Precondition) -> None:
    """Delete an import with its file and its report. What it brought into the journal stays.

    Raises ImportNotFound, ImportNotReady while it is committed or undone, and for a committed one, whose undo would be
    lost, without `keep_executions`; LedgerChanged, AccountErased, Busy.
    """

    def attempt() -> None:
        former = storage.get(user, import_id)
        if not allowed(former.version):
            raise LedgerChanged("import")
        if former.status in _BEING_APPLIED:
            raise ImportNotReady(former.status, f"The import is {former.status}: wait until that is over.")
        if former.status is ImportStatus.COMMITTED and not keep_executions:
            detail = "The import is COMMITTED, and could not be undone any more: send keep=executions."
            raise ImportNotReady(former.status, detail)
        storage.delete(former)

    retry_overtaken(attempt)


def _row_decisions(given: models.ImportUpdateInput) -> list[RowDecision]:
    return [
        RowDecision(
            line=each.line,
            decision=Decision(str(each.decision)),
            trade_id=None if each.trade_id is None else str(each.trade_id).lower(),
        )
        for each in given.decisions or ()
    ]


def _changed(user: str, former: ImportOptions, changes: Mapping[str, Any]) -> ImportOptions:
    _check(user, changes)
    account_id = changes.get("account_id")
    if account_id is not None and account_id != former.account_id:
        try:
            account = trading_accounts.get(user, account_id)
        except TradingAccountNotFound:
            raise NoSuchAccount(account_id) from None
        if account.closing:
            raise AccountClosing(account_id)
    return replace(former, **changes)


def _check(user: str, given: Mapping[str, Any]) -> None:
    """Raise RuleBroken for a format, a mapping or a time zone that does not exist."""
    errors: list[FieldError] = []
    if (format_id := given.get("format_id")) is not None and format_id not in BY_ID:
        errors.append(FieldError(("format_id",), Fault(FieldCode.UNKNOWN_FORMAT, "is no format of the API's")))
    if (fault := wrong_zone(given.get("time_zone"))) is not None:
        errors.append(FieldError(("time_zone",), fault))
    if (mapping_id := given.get("mapping_id")) is not None:
        try:
            mappings.get(user, mapping_id)
        except MappingNotFound:
            fault = Fault(FieldCode.UNKNOWN_MAPPING, "is none of your mappings")
            errors.append(FieldError(("mapping_id",), fault))
    if errors:
        raise RuleBroken(errors)


def _with_decisions(former: Import, decisions: Sequence[RowDecision]) -> tuple[str | None, int]:
    """The name of the file that has the former decisions and these, and how many there are then."""
    if not decisions:
        return former.decisions, former.decided
    place = ImportFolder(former.user_id, former.import_id)
    all_of_them = decisions_of(former)
    all_of_them.update({one.line: one for one in decisions})
    if len(all_of_them) > MOST_DECISIONS:
        fault = Fault(FieldCode.TOO_MANY_ITEMS, f"make more than {MOST_DECISIONS}", {"maxItems": MOST_DECISIONS})
        raise RuleBroken([FieldError(("decisions",), fault)])
    name = f"decisions-{uuid4()}.json.gz"
    rows = [[one.line, one.decision, one.trade_id] for one in all_of_them.values()]
    import_files.write_small(place, name, rows)
    return name, len(all_of_them)


def decisions_of(one: Import) -> dict[int, RowDecision]:
    """What the user decided of single rows, by their lines. Raises Busy."""
    if one.decisions is None:
        return {}
    rows = import_files.read_small(ImportFolder(one.user_id, one.import_id), one.decisions)
    return {
        line: RowDecision(line=line, decision=Decision(decision), trade_id=trade_id)
        for line, decision, trade_id in rows
    }


def _read_again(one: Import, delay: timedelta = timedelta(0)) -> None:
    message = {"userId": one.user_id, "importId": one.import_id, "version": one.version}
    import_queue().send(message, delay)

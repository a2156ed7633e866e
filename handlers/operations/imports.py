"""The operations on imports and mappings: parse, call the use case, reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from generated import models
from handlers.documents.fields import as_json, time_text
from handlers.documents.import_mappings import mapping_document, mapping_of
from handlers.documents.imports import form_document, import_document, row_document
from handlers.documents.trades import trade_document
from handlers.imports.decided import DecidedRow, RowOutcome
from handlers.imports.errors import ImportNotReady
from handlers.imports.record import WORKING, Import, ImportStatus
from handlers.journal.undoing import EditedPolicy
from handlers.operations.paging import Pages
from handlers.storage import import_files, mappings
from handlers.storage import imports as storage
from handlers.storage.import_files import ImportFolder
from handlers.storage.mappings import StoredMapping
from handlers.storage.trade_queries import TradeFilter
from handlers.usecases import apply_import
from handlers.usecases import imports as usecase
from handlers.usecases import mappings as usecase_of_mappings
from handlers.usecases.import_report import read_totals, read_trade_changes
from handlers.usecases.import_trades import TradeChange
from handlers.usecases.imports import ImportUpload
from handlers.web.contract import base_path
from handlers.web.etags import etag, required_if_match
from handlers.web.etags import if_match as allowed_by
from handlers.web.idempotency import keeping, kept_reply, keyed
from handlers.web.responses import reply, reply_text

if TYPE_CHECKING:
    from pydantic import BaseModel

    from handlers.usecases.keyed import KeyedRequest

RETRY_AFTER_SECONDS = 2
NOTES_VALID_FOR = timedelta(minutes=10)
# Files of rows that are read for a page whose filter leaves out most of them, and how long a page may be.
_MOST_FILES = 4
_ENOUGH_BYTES = 1_000_000
# Imports that are read for a page whose filter leaves out most of them.
_MOST_READ = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imports(TradeFilter):
    """The filters of a list of imports."""

    of_status: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfReport(TradeFilter):
    """What is listed of a report."""

    report: str
    outcomes: tuple[str, ...] = ()


async def create_import(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Make an import that waits for its file."""
    given = models.ImportInput.model_validate(document)
    request = keyed(idempotency_key, "createImport", given, _made)
    made, earlier = usecase.create(user, given, request)
    if made is None:
        if earlier is None:
            raise AssertionError("what is not made was made before")
        return kept_reply(earlier, repeated=True)
    return reply_text(201, *_made(made))


async def list_imports(user: str, limit: int, status: Sequence[str] = (), next_token: str | None = None) -> Response:
    """List imports, the newest first, a page at a time."""
    now = datetime.now(UTC)
    wanted = _Imports(of_status=tuple(dict.fromkeys(status)))
    pages = Pages("imports", user, wanted, newest_first=True)
    position = pages.last_shown(next_token)
    shown: list[dict[str, Any]] = []
    last = None
    for number, one in enumerate(storage.newest_first(user, None if position is None else position.sort_key)):
        if len(shown) == limit or number == _MOST_READ:
            return reply(200, {"items": shown, "nextToken": pages.token(sort_key=str(last))})
        last = one.import_id
        if not wanted.of_status or one.status_at(now) in wanted.of_status:
            shown.append(import_document(one, now))
    return reply(200, {"items": shown})


async def get_import(import_id: str, user: str) -> Response:
    """Show an import."""
    one = storage.get(user, import_id.lower())
    table = None
    if one.status is ImportStatus.NEEDS_MAPPING and one.table is not None:
        table = import_files.read_small(_place(one), one.table)
    now = datetime.now(UTC)
    notes = _notes(one, now) if one.left_over_notes else None
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if one.status in WORKING else {}
    return reply(200, import_document(one, now, table, notes), {"ETag": etag(one.version), **headers})


def _notes(one: Import, now: datetime) -> dict[str, Any]:
    """Where the notes are that undoing left over."""
    url = import_files.left_over_address(_place(one), NOTES_VALID_FOR)
    return {"url": url, "expiresAt": time_text(now + NOTES_VALID_FOR)}


async def update_import(import_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Change how a file is read, or decide about its rows."""
    given = models.ImportUpdateInput.model_validate(document)
    changed = usecase.change(user, import_id.lower(), given, allowed_by(if_match))
    return reply(202, import_document(changed, datetime.now(UTC)), {"ETag": etag(changed.version)})


async def delete_import(import_id: str, user: str, keep: str | None = None, if_match: str | None = None) -> Response:
    """Delete an import with its file and its report."""
    usecase.delete(user, import_id.lower(), keep_executions=keep is not None, allowed=allowed_by(if_match))
    return reply(204)


async def commit_import(
    import_id: str, document: Any, user: str, idempotency_key: str | None = None, if_match: str | None = None
) -> Response:
    """Begin to carry out what the preview of an import shows."""
    allowed = required_if_match(if_match, "the import whose preview was looked at")
    given = models.ImportCommitInput.model_validate(document)
    request = _beginning(idempotency_key, "commitImport", given, import_id)
    skips = str(given.undecided) == "SKIP"
    return _answer(apply_import.commit(user, import_id.lower(), allowed, skip_undecided=skips, keyed=request))


async def undo_import(import_id: str, document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Begin to take back all that came with an import."""
    given = models.ImportUndoInput.model_validate(document)
    request = _beginning(idempotency_key, "undoImport", given, import_id)
    return _answer(apply_import.undo(user, import_id.lower(), EditedPolicy(str(given.edited)), request))


def _beginning(key: str | None, operation_id: str, given: BaseModel, import_id: str) -> KeyedRequest[Import] | None:
    """The key of a request that begins something, which is answered 202."""
    request = keyed(key, operation_id, given, _begun, import_id=import_id.lower())
    if request is None:
        return None
    answer = request.answer
    return replace(request, answer=lambda one: replace(answer(one), status=202))


def _begun(one: Import) -> tuple[str, dict[str, str]]:
    headers = {"ETag": etag(one.version), "Retry-After": str(RETRY_AFTER_SECONDS)}
    return as_json(import_document(one, one.updated_at)), headers


def _answer(made: apply_import.Made) -> Response:
    one, earlier = made
    if one is None:
        if earlier is None:
            raise AssertionError("what is not begun was begun before")
        return kept_reply(earlier, repeated=True)
    return reply_text(202, *_begun(one))


async def list_import_rows(
    import_id: str, user: str, limit: int, outcome: Sequence[str] = (), next_token: str | None = None
) -> Response:
    """List the rows of an import, a page at a time."""
    one, report = _reported(user, import_id)
    wanted = _OfReport(report=report, outcomes=tuple(dict.fromkeys(outcome)))
    pages = Pages("import rows", user, wanted)
    position = pages.last_shown(next_token)
    first = 0 if position is None else int(position.sort_key)
    outcomes = frozenset(map(RowOutcome, wanted.outcomes))
    shown: list[dict[str, Any]] = []
    size = 0
    for number, row in _rows_from(one, report, first):
        if len(shown) == limit or size > _ENOUGH_BYTES or row is None:
            return reply(200, {"items": shown, "nextToken": pages.token(sort_key=str(number))})
        if not outcomes or row.outcome in outcomes:
            shown.append(row_document(row))
            size += len(as_json(shown[-1]))
    return reply(200, {"items": shown})


def _rows_from(one: Import, report: str, first: int) -> Iterator[tuple[int, DecidedRow | None]]:
    """The rows from the `first` on, with their numbers; None in place of a row where a request reads no further."""
    begin = first // import_files.ROWS_IN_A_FILE
    for number in range(begin, one.rows_files):
        start = number * import_files.ROWS_IN_A_FILE
        if number == begin + _MOST_FILES:
            yield start, None
        rows = import_files.read_rows(_place(one), report, number)
        skipped = max(0, first - start)
        yield from enumerate(islice(rows, skipped, None), start + skipped)


async def list_import_trades(import_id: str, user: str, limit: int, next_token: str | None = None) -> Response:
    """List the trades that an import would change, a page at a time."""
    one, report = _reported(user, import_id)
    pages = Pages("import trades", user, _OfReport(report=report))
    position = pages.last_shown(next_token)
    first = 0 if position is None else int(position.sort_key)
    answer: dict[str, Any] = {"items": []}
    size = 0
    for number, change in _trades_from(one, report, first):
        if len(answer["items"]) == limit or size > _ENOUGH_BYTES:
            answer["nextToken"] = pages.token(sort_key=str(number))
            break
        answer["items"].append(_change_document(change))
        size += len(as_json(answer["items"][-1]))
    if position is None:
        answer["totals"] = read_totals(_place(one), report)
    return reply(200, answer)


def _trades_from(one: Import, report: str, first: int) -> Iterator[tuple[int, TradeChange]]:
    begin, skipped = divmod(first, import_files.TRADES_IN_A_FILE)
    for number in range(begin, one.trades_files):
        start = number * import_files.TRADES_IN_A_FILE
        yield from enumerate(islice(read_trade_changes(_place(one), report, number), skipped, None), start + skipped)
        skipped = 0


def _change_document(change: TradeChange) -> dict[str, Any]:
    shown = {"change": change.effect, "trade": trade_document(change.trade)}
    return shown if change.before is None else {**shown, "before": trade_document(change.before)}


def _reported(user: str, import_id: str) -> tuple[Import, str]:
    """The import and its report. Raises ImportNotFound; ImportNotReady as long as there is none."""
    one = storage.get(user, import_id.lower())
    if one.report is None or one.status is ImportStatus.NEEDS_MAPPING:
        raise ImportNotReady(one.status, f"The import is {one.status_at(datetime.now(UTC))}: it has no report.")
    return one, one.report


def _place(one: Import) -> ImportFolder:
    return ImportFolder(one.user_id, one.import_id)


def _made(made: ImportUpload) -> tuple[str, dict[str, str]]:
    shown = import_document(made.one, made.one.created_at)
    body = {"import": shown, "upload": form_document(made.url, made.fields, made.expires_at)}
    return as_json(body), {"Location": f"{base_path()}/imports/{made.one.import_id}"}


async def list_mappings(user: str) -> Response:
    """List the mappings."""
    return reply(200, {"items": [mapping_document(each) for each in mappings.every(user)]})


async def create_mapping(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Keep a mapping."""
    given = models.ImportMappingInput.model_validate(document)
    keep = keeping(idempotency_key, "createMapping", given, _mapping_as_new)
    made, earlier = usecase_of_mappings.create(user, mapping_of(given), keep)
    return reply_text(201, *_mapping_as_new(made)) if earlier is None else kept_reply(earlier, repeated=True)


async def get_mapping(mapping_id: str, user: str) -> Response:
    """Show a mapping."""
    return _mapping(mappings.get(user, mapping_id.lower()))


async def replace_mapping(mapping_id: str, document: Any, user: str, if_match: str | None = None) -> Response:
    """Replace a mapping."""
    given = models.ImportMappingInput.model_validate(document)
    return _mapping(usecase_of_mappings.change(user, mapping_id.lower(), mapping_of(given), allowed_by(if_match)))


async def delete_mapping(mapping_id: str, user: str, if_match: str | None = None) -> Response:
    """Delete a mapping."""
    usecase_of_mappings.delete(user, mapping_id.lower(), allowed_by(if_match))
    return reply(204)


def _mapping(stored: StoredMapping) -> Response:
    return reply(200, mapping_document(stored), {"ETag": etag(stored.version)})


def _mapping_as_new(stored: StoredMapping) -> tuple[str, dict[str, str]]:
    location = f"{base_path()}/import-mappings/{stored.mapping_id}"
    return as_json(mapping_document(stored)), {"ETag": etag(stored.version), "Location": location}

"""The operations on files to download: parse, call the use case, reply."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.fields import as_json, time_text
from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.storage.accounts import Account
from handlers.usecases import export_files
from handlers.usecases.export_files import Export, ExportFile, ExportFormat, ExportRequest, State, Stopped
from handlers.web.contract import base_path
from handlers.web.idempotency import kept_reply, keyed
from handlers.web.responses import reply, reply_text

RETRY_AFTER_SECONDS = 10

_OF_TABLES = ("close_from", "close_to", "account_id")


async def create_export(document: Any, user: str, username: str, idempotency_key: str | None = None) -> Response:
    """Write a table of closes or the whole journal into a file, at once or, if it is long, in the background."""
    given = models.ExportInput.model_validate(document)
    now = datetime.now(UTC)
    request = keyed(idempotency_key, "createExport", given, _made, _status)
    asked = ExportRequest(
        export_id=export_files.new_id(user, request),
        created_at=now,
        format=ExportFormat(given.format),
        first=_day(given.close_from),
        last=_day(given.close_to),
        account_ids=tuple(str(each) for each in given.account_id or ()),
    )
    if asked.format is not ExportFormat.CSV:
        fault = Fault(FieldCode.NOT_FOR_KIND, "belongs to tables of closes alone", {"kind": str(asked.format)})
        if errors := [FieldError((name,), fault) for name in _OF_TABLES if getattr(given, name) is not None]:
            raise RuleBroken(errors)
    made, earlier = export_files.create(Account(user, username), asked, now, request)
    if made is None:
        if earlier is None:
            raise AssertionError("what is not made was made before")
        return kept_reply(earlier, repeated=True)
    return reply_text(_status(made), *_made(made))


def _status(made: Export) -> int:
    return 202 if made.written is None else 201


def _made(made: Export) -> tuple[str, dict[str, str]]:
    headers = {"Location": f"{base_path()}/exports/{made.asked.export_id}"}
    if made.written is None:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return as_json(_document(*made)), headers


async def list_exports(user: str, username: str) -> Response:
    """Answer the files that were asked for last, with new addresses of those that are written."""
    shown = export_files.newest(Account(user, username), datetime.now(UTC))
    return reply(200, {"items": [_document(asked, found) for asked, found in shown]})


async def get_export(export_id: str, user: str, username: str) -> Response:
    """Answer a file's progress, or a new address of it once it is written."""
    asked, found = export_files.state(Account(user, username), export_id.lower(), datetime.now(UTC))
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if found is None else {}
    return reply(202 if found is None else 200, _document(asked, found), headers)


def _document(asked: ExportRequest, found: State) -> dict[str, Any]:
    """The file as the contract's Export."""
    document: dict[str, Any] = {
        "exportId": asked.export_id,
        "format": str(asked.format),
        "status": "WRITING",
        "createdAt": time_text(asked.created_at),
    }
    if isinstance(found, ExportFile):
        address = {"url": found.url, "expiresAt": time_text(found.expires_at), "size": found.size}
        return document | {"status": "WRITTEN", **address}
    if isinstance(found, Stopped):
        return document | {"status": "FAILED"}
    return document | {"rowsWritten": asked.rows_written}


def _day(text: Any) -> date | None:
    return None if text is None else date.fromisoformat(str(getattr(text, "root", text)))

"""The operations on tables of closes: parse, call the use case, reply."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from generated import models
from handlers.documents.fields import time_text
from handlers.storage.accounts import Account
from handlers.usecases import export_table
from handlers.usecases.export_table import Stopped, Table, Written
from handlers.web.contract import base_path
from handlers.web.responses import reply

RETRY_AFTER_SECONDS = 10


async def create_export(document: Any, user: str, username: str) -> Response:
    """Write a table of closes, at once or, if it is long, in the background."""
    given = models.ExportInput.model_validate(document)
    now = datetime.now(UTC)
    table = Table(
        export_id=str(uuid4()),
        created_at=now,
        first=_day(given.close_from),
        last=_day(given.close_to),
        account_ids=tuple(str(each) for each in given.account_id or ()),
    )
    written = export_table.create(Account(user, username), table, now)
    headers = {"Location": f"{base_path()}/exports/{table.export_id}"}
    if written is None:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply(202 if written is None else 201, _document(table, written), headers)


async def get_export(export_id: str, user: str, username: str) -> Response:
    """Answer a table's progress, or a new address of it once it is written."""
    table, found = export_table.state(Account(user, username), export_id.lower(), datetime.now(UTC))
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if found is None else {}
    return reply(202 if found is None else 200, _document(table, found), headers)


def _document(table: Table, found: Written | Stopped | None) -> dict[str, Any]:
    """The table as the contract's Export."""
    document: dict[str, Any] = {
        "exportId": table.export_id,
        "format": "CSV",
        "status": "WRITING",
        "createdAt": time_text(table.created_at),
    }
    if isinstance(found, Written):
        address = {"url": found.url, "expiresAt": time_text(found.expires_at), "size": found.size}
        return document | {"status": "WRITTEN", **address}
    if isinstance(found, Stopped):
        return document | {"status": "FAILED"}
    return document | {"rowsWritten": table.rows_written}


def _day(text: Any) -> date | None:
    return None if text is None else date.fromisoformat(str(getattr(text, "root", text)))

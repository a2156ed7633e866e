"""The operations on restores: parse, call the use case, reply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.restores import restore_document, restore_with_upload
from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.restores import AT_WORK, Restore
from handlers.usecases import restores as usecase
from handlers.web.contract import base_path
from handlers.web.etags import etag, required_if_match
from handlers.web.responses import reply

RETRY_AFTER_SECONDS = 5
_ONLY_EMPTY = Fault(FieldCode.NOT_ONE_OF, "must be EMPTY_ONLY: merging is not there yet", {"allowed": ["EMPTY_ONLY"]})


async def create_restore(document: Any, user: str) -> Response:
    """Answer a form with which a client sends an archive."""
    given = models.RestoreInput.model_validate(document)
    if str(given.mode) != "EMPTY_ONLY":
        raise RuleBroken([FieldError(("mode",), _ONLY_EMPTY)])
    made, url, fields = usecase.create(user, only_check=bool(given.only_check), now=datetime.now(UTC))
    headers = {"Location": f"{base_path()}/restores/{made.restore_id}", "ETag": etag(made.version)}
    return reply(201, restore_with_upload(made, url, fields), headers)


async def list_restores(user: str) -> Response:
    """List the restores of the last day."""
    shown = usecase.every(user, datetime.now(UTC))
    return reply(200, {"items": [restore_document(restore) for restore in shown]})


async def get_restore(restore_id: str, user: str) -> Response:
    """Show how far a restore has come."""
    return _restore(200, usecase.get(user, restore_id.lower(), datetime.now(UTC)))


async def commit_restore(restore_id: str, user: str, if_match: str | None = None) -> Response:
    """Have the archive that was sent checked and restored."""
    allowed = required_if_match(if_match, "the restore")
    return _restore(202, usecase.commit(user, restore_id.lower(), allowed))


def _restore(status: int, restore: Restore) -> Response:
    headers = {"ETag": etag(restore.version)}
    if restore.status in AT_WORK:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply(status, restore_document(restore), headers)

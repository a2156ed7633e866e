"""The operations on restores: parse, call the use case, reply."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.fields import as_json
from handlers.documents.restores import restore_document, restore_with_upload
from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.merges import Conflicts
from handlers.journal.restores import AT_WORK, Restore, RestoreMode
from handlers.journal.undoing import EditedPolicy
from handlers.usecases import restores as usecase
from handlers.usecases.restores import RestoreUpload
from handlers.web.contract import base_path
from handlers.web.etags import etag, required_if_match
from handlers.web.idempotency import kept_reply, keyed
from handlers.web.responses import reply, reply_text

RETRY_AFTER_SECONDS = 5
_OF_MERGING = Fault(FieldCode.NOT_FOR_KIND, "belongs to the mode MERGE alone", {"kind": RestoreMode.EMPTY_ONLY})


async def create_restore(document: Any, user: str, idempotency_key: str | None = None) -> Response:
    """Answer a form with which a client sends an archive."""
    given = models.RestoreInput.model_validate(document)
    mode = RestoreMode(given.mode)
    if given.conflicts is not None and mode is RestoreMode.EMPTY_ONLY:
        raise RuleBroken([FieldError(("conflicts",), _OF_MERGING)])
    made, earlier = usecase.create(
        user,
        mode=mode,
        conflicts=Conflicts(given.conflicts or Conflicts.REFUSE),
        only_check=bool(given.only_check),
        now=datetime.now(UTC),
        keyed=keyed(idempotency_key, "createRestore", given, _made),
    )
    if made is None:
        if earlier is None:
            raise AssertionError("what is not made was made before")
        return kept_reply(earlier, repeated=True)
    return reply_text(201, *_made(made))


def _made(made: RestoreUpload) -> tuple[str, dict[str, str]]:
    headers = {
        "Location": f"{base_path()}/restores/{made.restore.restore_id}",
        "ETag": etag(made.restore.version),
    }
    return as_json(restore_with_upload(*made)), headers


async def list_restores(user: str) -> Response:
    """List the restores that have not expired."""
    shown = usecase.every(user, datetime.now(UTC))
    return reply(200, {"items": [restore_document(restore) for restore in shown]})


async def get_restore(restore_id: str, user: str) -> Response:
    """Show how far a restore has come."""
    return _restore(200, usecase.get(user, restore_id.lower(), datetime.now(UTC)))


async def commit_restore(
    restore_id: str, user: str, if_match: str | None = None, conflicts: str | None = None
) -> Response:
    """Have the archive that was sent checked and restored, or merged as its preview shows it."""
    allowed = required_if_match(if_match, "the restore")
    chosen = None if conflicts is None else Conflicts(conflicts)
    return _restore(202, usecase.commit(user, restore_id.lower(), allowed, chosen))


async def undo_restore(restore_id: str, document: Any, user: str) -> Response:
    """Begin to take back all that a restore has written."""
    given = models.RestoreUndoInput.model_validate(document)
    return _restore(202, usecase.undo(user, restore_id.lower(), EditedPolicy(str(given.edited))))


async def delete_restore(restore_id: str, user: str) -> Response:
    """Delete a restore with its files; what it has written stays."""
    usecase.delete(user, restore_id.lower())
    return reply(204)


def _restore(status: int, restore: Restore) -> Response:
    headers = {"ETag": etag(restore.version)}
    if restore.status in AT_WORK:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return reply(status, restore_document(restore), headers)

"""Restores as the documents that the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.documents.fields import columns_of, document, time_text
from handlers.journal.merges import Named, Tally
from handlers.journal.restores import MOST_BYTES, TIME_TO_SEND, Restore, RestoreMode, RestoreProblem, RestoreStatus

_HAVE_PROGRESS = (RestoreStatus.RESTORING, RestoreStatus.UNDOING)
_PROBLEM = columns_of(RestoreProblem)
_TALLY = columns_of(Tally)
_NAMED = columns_of(Named)


def restore_document(restore: Restore) -> dict[str, Any]:
    """The contract's Restore."""
    shown: dict[str, Any] = {
        "restoreId": restore.restore_id,
        "mode": str(restore.mode),
        "onlyCheck": restore.only_check,
        "status": str(restore.status),
    }
    if restore.mode is RestoreMode.MERGE:
        shown["conflicts"] = str(restore.conflicts)
    if restore.preview is not None:
        shown["preview"] = {
            "members": [document(_TALLY, tally) for tally in restore.preview.tallies],
            "changed": [document(_NAMED, named) for named in restore.preview.changed],
        }
    if restore.status in _HAVE_PROGRESS and restore.phase is not None:
        total = restore.counts.get(restore.phase, restore.done)
        shown["progress"] = {"phase": restore.phase, "done": restore.done, "total": max(total, restore.done)}
    if restore.counts:
        shown["counts"] = [{"name": name, "documents": count} for name, count in restore.counts.items()]
    if restore.problems:
        shown["problems"] = [document(_PROBLEM, problem) for problem in restore.problems]
    if restore.warnings:
        shown["warnings"] = [document(_PROBLEM, warning) for warning in restore.warnings]
    return {
        **shown,
        "createdAt": time_text(restore.created_at),
        "updatedAt": time_text(restore.updated_at),
        "expiresAt": time_text(restore.expires_at),
        "version": restore.version,
    }


def restore_with_upload(restore: Restore, url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The contract's RestoreUpload: the restore, and the form for its archive."""
    upload = {
        "url": url,
        "fields": dict(fields),
        "maxBytes": MOST_BYTES,
        "expiresAt": time_text(restore.created_at + TIME_TO_SEND),
    }
    return {"restore": restore_document(restore), "upload": upload}

"""The operations on formats of brokers' files: they store nothing and need nobody's data."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from starlette.responses import Response

from generated import models
from handlers.documents.fields import as_json
from handlers.documents.import_formats import candidate_document, formats_document
from handlers.imports.reading import detect
from handlers.imports.recognizing import FormatCandidate
from handlers.imports.refusals import FileRefused
from handlers.web.etags import digest_etag, has_tag
from handlers.web.public_documents import CACHED
from handlers.web.responses import reply, reply_text


async def list_import_formats(if_none_match: str | None = None) -> Response:
    """List the formats that the API reads by itself."""
    body = _formats()
    headers = {"Cache-Control": CACHED["Cache-Control"], "ETag": digest_etag(body.encode())}
    if if_none_match is not None and has_tag(if_none_match, headers["ETag"]):
        return reply_text(304, None, headers)
    return reply_text(200, body, headers)


async def detect_format(document: Any, user: str) -> Response:  # noqa: ARG001 every operation takes its user
    """Tell which formats the beginning of a file may have."""
    given = models.FormatDetectionInput.model_validate(document)
    candidates: Sequence[FormatCandidate] = ()
    with suppress(FileRefused):  # what is no table of any kind has no format
        candidates = detect(given.text)
    return reply(200, {"candidates": [candidate_document(each) for each in candidates]})


@cache
def _formats() -> str:
    """The list, which a release changes and nothing else."""
    return as_json(formats_document())

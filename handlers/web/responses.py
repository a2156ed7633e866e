"""Builds the successful answers of operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from handlers.documents.fields import as_json

JSON = "application/json"


def reply(status: int, document: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body, or without a body."""
    return reply_text(status, None if document is None else as_json(document), headers)


def reply_text(status: int, body: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose body is already JSON text, such as a kept answer."""
    return Response(body, status, dict(headers or {}), None if body is None else JSON)

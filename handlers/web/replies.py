"""How an operation answers when all went well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

JSON = "application/json"

# json.dumps would make one for every document.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def reply(status: int, document: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON body, or with none."""
    return reply_text(status, None if document is None else as_json(document), headers)


def as_json(document: Any) -> str:
    """The document as JSON text."""
    return _encode(document)


def reply_text(status: int, body: str | None, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose JSON is already text, for instance one that was kept."""
    return Response(body, status, dict(headers or {}), None if body is None else JSON)

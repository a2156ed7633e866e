"""Answers that are kept for retries with the same Idempotency-Key, and given again byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from handlers.storage.items import KeptAnswer


def fingerprint(operation_id: str, document: Any, **path: str) -> str:
    """Stands for a request: what it asks for, whatever the order of its properties."""
    request = json.dumps([operation_id, path, document], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(request.encode()).hexdigest()


def kept(key: str, fingerprint: str, body: str, headers: Mapping[str, str]) -> KeptAnswer:
    """The answer as it is kept."""
    return KeptAnswer(key=key, fingerprint=fingerprint, body=json.dumps([body, dict(headers)], ensure_ascii=False))


def replayed(answer: KeptAnswer) -> tuple[str, dict[str, str]]:
    """Body and headers of the kept answer, to be given again."""
    body, headers = json.loads(answer.body)
    return body, {**headers, "Idempotent-Replayed": "true"}

"""Answers that are kept for retries with the same Idempotency-Key, and given again byte for byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.journal.money import canonical
from handlers.storage.trade_items import KeptAnswer


def fingerprint(operation_id: str, values: Mapping[str, Any], **path: str) -> str:
    """Stands for what a request asks for, however it is written: amounts count by value ("100" is "100.0"), times by
    instant and offset, properties in any order.

    `values` are those of the request's model, where amounts are Decimals and times datetimes.
    """
    request = json.dumps([operation_id, path, values], sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(request.encode()).hexdigest()


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    raise TypeError(f"no request holds a {type(value).__name__}")


def kept(key: str, fingerprint: str, body: str, headers: Mapping[str, str]) -> KeptAnswer:
    """The answer as it is kept."""
    return KeptAnswer(key=key, fingerprint=fingerprint, body=json.dumps([body, dict(headers)], ensure_ascii=False))


def replayed(answer: KeptAnswer) -> tuple[str, dict[str, str]]:
    """Body and headers of the kept answer, to be given again."""
    body, headers = json.loads(answer.body)
    return body, {**headers, "Idempotent-Replayed": "true"}

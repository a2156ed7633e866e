"""Requests with an Idempotency-Key: what makes two of them the same, and the answer that is kept for the next one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from starlette.responses import Response

from handlers.journal.money import canonical
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases.keyed import KeyedRequest
from handlers.web.responses import reply_text

if TYPE_CHECKING:
    from pydantic import BaseModel

Made = TypeVar("Made")


def keyed(
    key: str | None,
    operation_id: str,
    given: BaseModel,
    show: Callable[[Made], tuple[str, dict[str, str]]],
    **path: str,
) -> KeyedRequest[Made] | None:
    """The request with the data by which its repetition is recognized; None without a key.

    given: the body, as the operation's model. show: makes body and headers of the answer. path: the parameters by which
    requests differ.
    """
    if key is None:
        return None
    request = fingerprint(operation_id, given.model_dump(exclude_none=True), **path)
    return KeyedRequest(key=key, fingerprint=request, answer=_kept(key, request, show))


def keeping(
    key: str | None,
    operation_id: str,
    given: BaseModel,
    show: Callable[[Made], tuple[str, dict[str, str]]],
    **path: str,
) -> Callable[[Made], KeptAnswer] | None:
    """What makes the answer to keep for the request of what it made; None without a key. Arguments as for `keyed`."""
    if key is None:
        return None
    return _kept(key, fingerprint(operation_id, given.model_dump(exclude_none=True), **path), show)


def _kept(key: str, request: str, show: Callable[[Made], tuple[str, dict[str, str]]]) -> Callable[[Made], KeptAnswer]:
    def answer(made: Made) -> KeptAnswer:
        body, headers = show(made)
        return KeptAnswer(key=key, fingerprint=request, body=body, headers=headers)

    return answer


def fingerprint(operation_id: str, values: Mapping[str, Any], **path: str) -> str:
    """A hash of what a request asks for, however it is written: amounts count by value ("100" is "100.0"), times by
    instant and offset, properties in any order.

    values: those of the request's model, where amounts are Decimals and times datetimes.
    """
    request = json.dumps([operation_id, path, values], sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(request.encode()).hexdigest()


def kept_reply(answer: KeptAnswer, *, repeated: bool) -> Response:
    """The kept answer as a response; one to a repeated request says so in a header."""
    headers = {**answer.headers, "Idempotent-Replayed": "true"} if repeated else answer.headers
    return reply_text(answer.status, answer.body, headers)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no request holds a {type(value).__name__}")

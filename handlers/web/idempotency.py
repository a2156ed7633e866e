"""Requests with an Idempotency-Key: the fingerprint that tells whether two are the same, and the kept answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
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


def _created(_: object) -> int:
    return 201


def keyed(
    key: str | None,
    operation_id: str,
    given: BaseModel,
    show: Callable[[Made], tuple[str, dict[str, str]]],
    status: Callable[[Made], int] = _created,
    /,
    **path: str,
) -> KeyedRequest[Made] | None:
    """The key and fingerprint of a request, by which its repetition is recognized; None without a key.

    given: the body, as the operation's model. show, status: make body and headers of the answer, and its status, which
    is 201 by default. path: every parameter that makes two requests different.
    """
    if key is None:
        return None
    request = fingerprint(operation_id, given.model_dump(exclude_none=True), **path)
    return KeyedRequest(key=key, fingerprint=request, answer=_kept(key, request, show, status))


def keeping(
    key: str | None,
    operation_id: str,
    given: BaseModel,
    show: Callable[[Made], tuple[str, dict[str, str]]],
    **path: str,
) -> Callable[[Made], KeptAnswer] | None:
    """A function that makes the kept answer from the object that the request made; None without a key.

    The arguments are those of `keyed`; the answer's status is 201.
    """
    if key is None:
        return None
    return _kept(key, fingerprint(operation_id, given.model_dump(exclude_none=True), **path), show)


def _kept(
    key: str,
    request: str,
    show: Callable[[Made], tuple[str, dict[str, str]]],
    status: Callable[[Made], int] = _created,
) -> Callable[[Made], KeptAnswer]:
    def answer(made: Made) -> KeptAnswer:
        body, headers = show(made)
        return KeptAnswer(key=key, fingerprint=request, status=status(made), body=body, headers=headers)

    return answer


def fingerprint(operation_id: str, values: Mapping[str, Any], **path: str) -> str:
    """A hash of the meaning of a request: amounts count by value ("100" equals "100.0"), times by instant and offset,
    and the order of properties does not count.

    values: those of the request's model, where amounts are Decimals, times datetimes, and days dates.
    """
    request = json.dumps([operation_id, path, values], sort_keys=True, separators=(",", ":"), default=_text)
    return hashlib.sha256(request.encode()).hexdigest()


def kept_reply(answer: KeptAnswer, *, repeated: bool) -> Response:
    """The kept answer as a response. If the request is a repetition, a header says so."""
    headers = {**answer.headers, "Idempotent-Replayed": "true"} if repeated else answer.headers
    return reply_text(answer.status, answer.body, headers)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"no request holds a {type(value).__name__}")

"""Requests with an Idempotency-Key, for any kind of result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from handlers.storage.trade_items import KeptAnswer

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class KeyedRequest(Generic[Made]):
    """An idempotency key with the fingerprint of its request, and a function that makes the answer to keep."""

    key: str
    fingerprint: str
    answer: Callable[[Made], KeptAnswer]

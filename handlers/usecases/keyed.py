"""Requests with an Idempotency-Key, whatever they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from handlers.storage.trade_items import KeptAnswer

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class KeyedRequest(Generic[Made]):
    """What an Idempotency-Key adds to a request: its fingerprint, and the answer that is kept for the same request."""

    key: str
    fingerprint: str
    answer: Callable[[Made], KeptAnswer]

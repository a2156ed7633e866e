"""Trying again while others write the same items."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from botocore.exceptions import ClientError

from handlers.storage.errors import Busy

CONDITION_FAILED = "ConditionalCheckFailed"

_MOST_ATTEMPTS = 6
_CONTENDED = {
    "TransactionConflictException",
    "TransactionInProgressException",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}


def attempts() -> Iterator[None]:
    """One at once, the rest after ever longer random waits of 1.5 seconds in all at most; then Busy."""
    for attempt in range(_MOST_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, 0.025 * 2**attempt))  # noqa: S311 - nothing is secret about it
        yield
    raise Busy


def is_contended(error: ClientError) -> bool:
    """Whether nothing but somebody else's write at the same time was in the way."""
    reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", ())}
    return CONDITION_FAILED not in reasons and not _CONTENDED.isdisjoint({error.response["Error"]["Code"], *reasons})

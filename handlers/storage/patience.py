"""Trying again: what others were just writing too, or DynamoDB throttled, goes through a moment later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

from botocore.exceptions import ClientError

from handlers.storage.clients import throttling_is_busy
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


def patiently(write: Callable[[], object]) -> None:
    """Write, and again a little later as long as others are writing the same item. Raises Busy."""
    for _ in attempts():
        try:
            with throttling_is_busy():
                write()
        except ClientError as error:
            if not _is_contended(error):
                raise
        else:
            return


def attempts() -> Iterator[None]:
    """One at once, the rest after ever longer random waits of 1.5 seconds in all at most; then Busy."""
    for attempt in range(_MOST_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, 0.025 * 2**attempt))  # noqa: S311 - nothing is secret about it
        yield
    raise Busy


def _is_contended(error: ClientError) -> bool:
    reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", ())}
    return CONDITION_FAILED not in reasons and not _CONTENDED.isdisjoint({error.response["Error"]["Code"], *reasons})

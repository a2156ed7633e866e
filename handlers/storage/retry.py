"""Trying again: a write that met another write of the same item, or was throttled, succeeds a moment later."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from handlers import deadline
from handlers.storage.clients import dynamodb
from handlers.storage.errors import Busy, Contended, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

CONDITION_FAILED = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"

# Where no request waits, and so no deadline says when to stop.
_MOST_ATTEMPTS = 6
# What a request keeps of its time for its last attempt and its answer.
_LAST_SECONDS = 1.0
_LONGEST_WAIT = 4.0
_SHORTEST_ATTEMPT = 0.025

_CONTENDED = {"TransactionConflictException", CONFLICT}
# The second code: an attempt whose answer was lost is still at work.
_UNAVAILABLE = {"TransactionInProgressException", "ThrottlingError", "ProvisionedThroughputExceeded"}


def transact(actions: Sequence[TransactWriteItemTypeDef], *, retry_conflicts: bool = True) -> Sequence[dict[str, Any]]:
    """Write all of it or nothing.

    Returns for each action DynamoDB's reason why it failed (`Code`, and `Item` where the action asks for it), and an
    empty one for an action that did not; all are empty when everything is written. A condition that does not hold fails
    at once; a conflict with another write is tried again, unless it is to be a failure too. Raises Contended,
    Unavailable.
    """
    # One token for all attempts: DynamoDB makes a transaction once, however often it arrives within ten minutes. So an
    # attempt whose answer was lost is no reason to doubt the answer to the next.
    token = uuid4().hex

    def write() -> None:
        dynamodb().transact_write_items(TransactItems=actions, ClientRequestToken=token)

    try:
        patiently(write, retry_conflicts=retry_conflicts)
    except dynamodb().exceptions.TransactionCanceledException as error:
        reasons: Any = error.response["CancellationReasons"]
        failures = {CONDITION_FAILED} if retry_conflicts else {CONDITION_FAILED, CONFLICT}
        failed = [reason if reason["Code"] in failures else {} for reason in reasons]
        if not any(failed):
            raise
        return failed
    return [{} for _ in actions]


def patiently(write: Callable[[], object], *, retry_conflicts: bool = True) -> None:
    """Write, and write again as long as DynamoDB throttles or, if these are to be retried, other writes are in the way.

    Raises Contended or Unavailable, by what stood in the way last; and whatever else the write raises.
    """
    tries = attempts()
    failure: Busy | None = None
    while True:
        try:
            next(tries)
        except Busy:
            raise failure or Contended from None
        try:
            write()
        except ClientError as error:
            failure = _obstacle(error)
            if failure is None or (isinstance(failure, Contended) and not retry_conflicts):
                raise
        else:
            return


def attempts(most: int = _MOST_ATTEMPTS, at_the_end: type[Busy] = Contended) -> Iterator[None]:
    """One attempt at once, the others after random waits; never ends but by raising `at_the_end`.

    A request goes on until a second before its deadline, work without a deadline for `most` attempts. The waits have
    full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/) up to a bound that doubles,
    beginning with twice what the last attempt took: where attempts take longer, they have to be further apart.
    """
    for attempt in count(1):
        begun = time.monotonic()
        yield
        took = max(_SHORTEST_ATTEMPT, time.monotonic() - begun)
        longest = min(_LONGEST_WAIT, took * 2 ** min(attempt, 10))
        wait = random.uniform(0, longest)  # noqa: S311 - nothing is secret about it
        if deadline.exists():
            left = deadline.seconds_left() - _LAST_SECONDS
            if left <= 0:
                raise at_the_end
            wait = min(wait, left)
        elif attempt >= most:
            raise at_the_end
        time.sleep(wait)


def _obstacle(error: ClientError) -> Busy | None:
    """What stood in the way of a write that may be tried again; none for one that was refused for good."""
    codes = {reason["Code"] for reason in error.response.get("CancellationReasons", ())}
    if CONDITION_FAILED in codes:
        return None
    codes.add(error.response["Error"]["Code"])
    if not codes.isdisjoint(_UNAVAILABLE):
        return Unavailable()
    return None if codes.isdisjoint(_CONTENDED) else Contended()

"""Retries: how often, with which waits, and until when."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from typing import TypeVar

from handlers import deadline
from handlers.storage.errors import Busy, Contended, VersionMismatch

Result = TypeVar("Result")

# Attempts of work that has no deadline, since no request waits for it.
_MOST_ATTEMPTS = 6
# Seconds of its time that a request keeps for its last attempt and its answer.
_LAST_SECONDS = 1.0
_LONGEST_WAIT = 4.0
_SHORTEST_ATTEMPT = 0.025


def attempts(most: int = _MOST_ATTEMPTS, at_the_end: type[Busy] = Contended) -> Iterator[None]:
    """Yield for each attempt: the first at once, the others after random waits. Ends only by raising `at_the_end`.

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


def retry_overtaken(change: Callable[[], Result], most: int = _MOST_ATTEMPTS) -> Result:
    """Make a change that reads what is stored and writes on the condition of its version (an optimistic lock).

    When it raises VersionMismatch, another write came first: the change is made again, with what is stored then.
    Raises Contended when that never ends, and whatever else the change raises.
    """
    for _ in attempts(most):
        with suppress(VersionMismatch):
            return change()
    raise AssertionError("attempts end by raising")

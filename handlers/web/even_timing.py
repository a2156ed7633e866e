"""Answers that take equally long in every case, so that their time does not reveal whether an address has an account.

Cognito is asked other things for an address that is known than for one that is not: a sign-up of a known one is two
calls, a wrong password is compared, a mail is sent or is not. An answer that could tell goes out a whole number of
steps after its request came in: the step is longer than the longest of these ways takes as a rule, so all of them
answer after one step. What takes longer waits for the next step, and tells no more than that
(docs/decisions/the-mailed-code-sets-the-password.md).
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.responses import Response

from handlers import deadline
from handlers.storage.errors import StorageError

# In seconds. A sign-up with its mail takes most of a second on AWS, and as long again when the pool's guard starts.
# `make run` and its tests set a shorter step, as the embedded AWS answers within milliseconds.
STEP = float(os.environ.get("ANSWER_STEP_SECONDS", "2.5"))

Operation = Callable[..., Awaitable[Response]]


def every_answer_takes_as_long(operation: Operation) -> Operation:
    """For an operation that always answers alike: every answer waits but those to fields that break a rule."""

    @wraps(operation)
    async def evenly(*args: Any, **given: Any) -> Response:
        began = time.monotonic()
        try:
            answer = await operation(*args, **given)
        except StorageError:
            wait_for_the_next_step(began)
            raise
        wait_for_the_next_step(began)
        return answer

    return evenly


def every_refusal_takes_as_long(operation: Operation) -> Operation:
    """For an operation that a stranger sees refused: refusals wait, and who knows password or code does not."""

    @wraps(operation)
    async def evenly(*args: Any, **given: Any) -> Response:
        began = time.monotonic()
        try:
            return await operation(*args, **given)
        except StorageError:
            wait_for_the_next_step(began)
            raise

    return evenly


def wait_for_the_next_step(began: float) -> None:
    """Wait until a whole number of steps is over since `began`, in seconds of time.monotonic."""
    took = time.monotonic() - began
    # A request that has no time left for it is answered before Lambda ends it.
    time.sleep(max(0.0, min(STEP - took % STEP, deadline.seconds_left())))

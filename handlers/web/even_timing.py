"""Delays answers, so that the time they take does not reveal whether an address has an account.

The calls to Cognito differ between an address with an account and one without: a sign-up needs two calls for the
former, a password is compared only for the former, and a mail is sent or not. So an answer that could reveal the
difference is sent a whole number of steps after its request arrived. A step is longer than these calls usually take, so
all such answers come after one step; a slower one comes after two, and reveals no more than that
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

# In seconds. A sign-up with its mail takes most of a second on AWS, and another second if the pool's guard starts cold.
# `make run` and its tests set a shorter step, since the embedded AWS answers within milliseconds.
STEP = float(os.environ.get("ANSWER_STEP_SECONDS", "2.5"))

Operation = Callable[..., Awaitable[Response]]


def every_answer_takes_as_long(operation: Operation) -> Operation:
    """Decorates an operation that answers all addresses alike: all answers wait, except to fields that break a rule."""

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
    """Decorates an operation that needs a password or a code: refusals wait, successful answers do not."""

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
    """Sleep until a whole number of steps has passed since `began`, in seconds of time.monotonic."""
    took = time.monotonic() - began
    # Sleep no longer than the deadline: the request must be answered before Lambda ends the function.
    time.sleep(max(0.0, min(STEP - took % STEP, deadline.seconds_left())))

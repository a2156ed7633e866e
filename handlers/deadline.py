"""The deadline of the current request. The entry point sets it; code that waits or retries reads it.

Work of queues, streams and schedules has no deadline.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

# In seconds of time.monotonic.
_ends: ContextVar[float] = ContextVar("deadline", default=math.inf)

# A signal that arrives where Python ignores errors (in a __del__, for instance) has no effect: it is sent again.
_AGAIN_SECONDS = 0.1


class OutOfTime(BaseException):
    """Raised at any point of the block of `enforced` when its time is over.

    Not an Exception: botocore turns every Exception inside a call into an error of the connection and calls again.
    """


def seconds_left() -> float:
    """The seconds until the deadline, below zero after it; infinite without one."""
    return _ends.get() - time.monotonic()


def exists() -> bool:
    """Whether there is a deadline."""
    return _ends.get() != math.inf


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give the block a deadline, unless it has an earlier one. Nothing interrupts the block."""
    token = _ends.set(min(_ends.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends.reset(token)


@contextmanager
def enforced(seconds: float) -> Iterator[None]:
    """Give the block a deadline and, in the main thread, raise OutOfTime in it then, even inside a blocking call.

    Time-outs of the AWS clients cannot do that alone: three attempts of one call may take longer than the function may,
    an answer may come byte by byte, and a computation has none. Only the main thread receives signals; Lambda calls the
    handler in it. In other threads (tests) `seconds_left` is all that there is.
    """
    with within(seconds):
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGALRM, _interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _AGAIN_SECONDS)
            yield
        finally:
            _disarm()


def _disarm() -> None:
    try:
        signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # the last signal may arrive at the line above
        signal.setitimer(signal.ITIMER_REAL, 0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTime

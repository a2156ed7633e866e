"""What no line of handlers/ runs in is not watched by coverage: watching it takes as long again as running it.

What is left out can only be missed in the measurement: nothing is counted that a test did not run.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def untraced(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose lines coverage does not follow, nor those of what it calls."""

    @wraps(function)
    def quickly(*args: P.args, **kwargs: P.kwargs) -> R:
        tracer = sys.gettrace()
        if tracer is None or not type(tracer).__module__.startswith("coverage"):
            return function(*args, **kwargs)
        sys.settrace(None)
        try:
            return function(*args, **kwargs)
        finally:
            sys.settrace(tracer)

    return quickly


@cache
def leave_libraries_untraced() -> None:
    """Leave out the steps of a call of AWS that are botocore's or moto's alone: answers are read by handlers/."""
    from botocore.client import BaseClient
    from botocore.endpoint import Endpoint
    from moto.core.botocore_stubber import BotocoreStubber

    steps: tuple[tuple[Any, str], ...] = (
        (BaseClient, "_convert_to_request_dict"),
        (Endpoint, "create_request"),
        (BotocoreStubber, "process_request"),
    )
    for owner, name in steps:
        setattr(owner, name, untraced(getattr(owner, name)))

"""The one logger: JSON lines that carry the request id. No token, address, note or body is ever passed to it."""

from __future__ import annotations

import os
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

if TYPE_CHECKING:
    from aws_lambda_powertools.logging.types import PowertoolsLogRecord

ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]  # as logging has it
)


class WithoutTexts(LambdaPowertoolsFormatter):
    """Writes errors by type and place, without their texts: a library's error often repeats its input, which can be a
    note, an address or a password. For an error of AWS, the code and the name of the call are written.
    """

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 logging's name
        """The traceback of the error and its causes, the first cause first, as Python prints it but without texts."""
        error: BaseException | None = ei[1]
        told: list[str] = []
        seen: set[int] = set()  # an error may be its own cause
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            calls = traceback.format_list(traceback.extract_tb(error.__traceback__))
            told.insert(0, "".join(["Traceback (most recent call last):\n", *calls, _name(error)]))
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\n".join(told)

    def serialize(self, log: dict[str, Any] | PowertoolsLogRecord) -> str:
        """The line, without the notes that may hang on an error."""
        log.pop("exception_notes", None)  # type: ignore[typeddict-item] # optional, though declared as always there
        return super().serialize(log)


def _name(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:  # botocore's ClientError, and its subclasses
        return f"{name}: {response['Error'].get('Code')} of {getattr(error, 'operation_name', 'a call')}"
    return name


# What log lines and metrics say they are of: the stack, so that several of them can share an account.
SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "trading-journal")

logger = Logger(service=SERVICE, logger_formatter=WithoutTexts(utc=True, serialize_stacktrace=False))

"""The background function that reads the files of imports."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from handlers import deadline
from handlers.entry import runtime
from handlers.entry.batches import SECONDS_TO_ANSWER, Event, each_message
from handlers.imports.record import Import
from handlers.log import logger
from handlers.metrics import count
from handlers.storage.errors import AccountErased
from handlers.usecases import read_import

# What a mistake in the code that reads a file raises. Their texts may hold what the file says, so they are not logged.
_BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def read_imports(event: Event, context: Any) -> Event:
    """Read uploaded files, and those that are to be read otherwise than before. Called by ImportQueue: with the
    bucket's notices, and with messages of updateImport.
    """

    def read(message: Any) -> None:
        seconds = context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_ANSWER
        try:
            with deadline.within(seconds):
                for one in _wanted(message):
                    _read(one)
        except AccountErased:
            logger.info("file not read, as the account is being erased")

    return each_message(event, read)


def _wanted(message: Any) -> list[Import]:
    """The imports whose files are to be read. S3 sends a test without records when the notification is set up."""
    if "importId" in message:
        found = [read_import.asked(message["userId"], message["importId"], message["version"])]
    else:
        files = [record["s3"]["object"] for record in message.get("Records", ())]
        now = datetime.now(UTC)
        found = [read_import.arrived(unquote_plus(file["key"]), file["versionId"], now) for file in files]
    return [one for one in found if one is not None]


def _read(one: Import) -> None:
    with logger.append_context_keys(import_id=one.import_id):
        try:
            changed = read_import.read(one)
        except _BUGS as error:
            logger.error("file not read", bug=type(error).__name__, at=_where(error))
            read_import.fail(one)
            count(ImportsBroken=1)
        else:
            logger.info("file read", status=None if changed is None else changed.status)
            count(ImportsRead=int(changed is not None))


def _where(error: BaseException) -> str:
    """Where it was raised: module and line, without a word of what was read."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"


runtime.ready()

"""The background function that checks archives and restores them, or compares them with the journal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from handlers.entry import runtime
from handlers.entry.batches import Event, each_message
from handlers.journal.restores import RestoreStatus
from handlers.log import logger
from handlers.metrics import count
from handlers.storage.errors import AccountErased
from handlers.usecases import restore_archive, restores


def restore_journal(event: Event, context: Any) -> Event:
    """Check and restore archives for as long as the call may take, then queue the rest. Called by RestoreQueue: with
    the bucket's notices, and with messages of commitRestore.
    """

    def restore(message: Any) -> None:
        try:
            for user_id, restore_id in _wanted(message):
                status = restore_archive.proceed(
                    user_id, restore_id, lambda: context.get_remaining_time_in_millis() / 1000
                )
                logger.info("restore handled", status=status)
                count(JournalsRestored=int(status is RestoreStatus.RESTORED))
        except AccountErased:
            logger.info("not restored, as the account is being erased")

    return each_message(event, restore)


def _wanted(message: Any) -> list[tuple[str, str]]:
    """The restores to work on. S3 sends a test without records when the notification is set up."""
    if "restoreId" in message:
        return [(message["userId"], message["restoreId"])]
    files = [record["s3"]["object"] for record in message.get("Records", ())]
    now = datetime.now(UTC)
    found = [restores.arrived(unquote_plus(file["key"]), file["versionId"], now) for file in files]
    return [one for one in found if one is not None]


runtime.ready()

"""The background function that checks archives and restores them."""

from __future__ import annotations

from typing import Any

from handlers.entry import runtime
from handlers.entry.batches import Event, each_message
from handlers.journal.restores import RestoreStatus
from handlers.log import logger
from handlers.metrics import count
from handlers.storage.errors import AccountErased
from handlers.usecases import restore_archive


def restore_journal(event: Event, context: Any) -> Event:
    """Check and restore archives for as long as the call may take, then queue the rest. Called by RestoreQueue."""

    def restore(message: Any) -> None:
        try:
            status = restore_archive.proceed(
                message["userId"], message["restoreId"], lambda: context.get_remaining_time_in_millis() / 1000
            )
        except AccountErased:
            logger.info("not restored, as the account is being erased")
        else:
            logger.info("restore handled", status=status)
            count(JournalsRestored=int(status is RestoreStatus.RESTORED))

    return each_message(event, restore)


runtime.ready()

"""The background function that changes a tag in all trades of a user."""

from __future__ import annotations

from typing import Any

from handlers.entry import runtime
from handlers.entry.batches import Event, each_message
from handlers.log import logger
from handlers.storage.errors import AccountErased
from handlers.usecases import change_tags


def change_tag(event: Event, context: Any) -> Event:
    """Change a tag in a user's trades for as long as the call may take, then queue the rest. Called by TagQueue."""

    def change(message: Any) -> None:
        try:
            finished = change_tags.proceed(
                message["userId"], message["changeId"], lambda: context.get_remaining_time_in_millis() / 1000
            )
        except AccountErased:
            logger.info("tag not changed, as its account is being erased")
        else:
            logger.info("tag changed" if finished else "tag partly changed")

    return each_message(event, change)


runtime.ready()

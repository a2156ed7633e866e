"""The background function that commits and undoes imports."""

from __future__ import annotations

from typing import Any

from handlers import deadline
from handlers.entry import runtime
from handlers.entry.batches import SECONDS_TO_ANSWER, Event, each_message
from handlers.log import logger
from handlers.storage.errors import AccountErased
from handlers.usecases import apply_import


def apply_imports(event: Event, context: Any) -> Event:
    """Commit or undo an import for as long as the call may take, then queue the rest. Called by ImportApplyQueue."""

    def seconds_left() -> float:
        return float(context.get_remaining_time_in_millis()) / 1000

    def apply(message: Any) -> None:
        try:
            with deadline.within(seconds_left() - SECONDS_TO_ANSWER):
                status = apply_import.proceed(
                    message["userId"],
                    message["importId"],
                    version=message["version"],
                    tries=message["tries"],
                    seconds_left=seconds_left,
                )
        except AccountErased:
            logger.info("import not applied, as its account is being erased")
        else:
            logger.info("import applied", status=status)

    return each_message(event, apply)


runtime.ready()

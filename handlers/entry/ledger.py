"""The background functions for the ledger: positions whose trades are worked out behind the answer, and what imports
leave when they are gone.
"""

from __future__ import annotations

from typing import Any

from handlers import deadline
from handlers.entry import runtime
from handlers.entry.batches import SECONDS_TO_ANSWER, Event, each_change, each_message
from handlers.log import logger
from handlers.metrics import count
from handlers.storage import import_files, imports
from handlers.storage.errors import AccountErased
from handlers.storage.executions import PositionKey, marked_position
from handlers.storage.queues import settle_queue
from handlers.usecases import settling


def after_ledger_change(event: Event, _: Any) -> Event:
    """Send each position that was marked as not settled to SettleQueue, and delete the files of each import that is
    gone. Called by LedgerTable's stream.
    """

    def tell(change: Any) -> None:
        if (gone := imports.gone(change.get("OldImage", {}), change.get("NewImage", {}))) is not None:
            logger.info("files of an import deleted", versions=import_files.delete_all(gone))
        marked = marked_position(change.get("OldImage", {}), change.get("NewImage", {}))
        if marked is not None:
            user, key, version = marked
            message = {"userId": user, "position": list(key), "version": version}
            settle_queue().send(message, [user, *(str(part) for part in key)], version)

    return each_change(event, tell)


def settle_positions(event: Event, context: Any) -> Event:
    """Settle marked positions, so that their trades follow from their executions. Called by SettleQueue."""

    def settle(message: Any) -> None:
        try:
            with deadline.within(context.get_remaining_time_in_millis() / 1000 - SECONDS_TO_ANSWER):
                of = settling.settle(message["userId"], PositionKey(*message["position"]), message["version"])
        except AccountErased:
            logger.info("position not settled, as the account is being erased")
        else:
            logger.info("position settled", executions=of)
            count(PositionsSettled=int(of is not None))

    return each_message(event, settle)


runtime.ready()

"""Changes a tag in all trades of a user: a request begins it, and a queue goes on until no trade has the tag.

A user changes one tag at a time. A trade is written on the condition that it still has the version that was read, so
no other change is lost, and in one transaction with the progress, so the change continues after a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from handlers.journal.retagging import retagged
from handlers.storage import tag_changes, trades
from handlers.storage.errors import TagChangeOver, TradeNotFound
from handlers.storage.queues import tag_queue
from handlers.storage.retry import retry_overtaken
from handlers.storage.tag_changes import TagChange

# Seconds that a trade may take, with all its tries.
TRADE_SECONDS = 30


def begin(user: str, tag: str, name: str | None, now: datetime) -> TagChange:
    """Queue the change of a tag. Safe to repeat, also after a crash at any point: the same change is queued again.

    name: the tag's new name; None removes the tag. Raises TagChangeUnderWay, AccountErased, Busy.
    """
    new = TagChange(user_id=user, change_id=str(uuid4()), tag=tag, name=name, started_at=now)
    change = tag_changes.begin(new)
    _go_on(change)
    return change


def proceed(user: str, change_id: str, seconds_left: Callable[[], float]) -> bool:
    """Change trades as long as time is left, and queue the rest. Returns whether the change is over.

    Raises AccountErased, Busy.
    """
    change = tag_changes.last(user)
    if change is None or change.change_id != change_id or change.finished_at is not None:
        return True
    for trade_id in tag_changes.tagged(change):
        if seconds_left() < TRADE_SECONDS:
            _go_on(change)
            return False
        try:
            retry_overtaken(partial(_change_trade, change, trade_id))
        except TradeNotFound:
            continue  # deleted meanwhile
        except TagChangeOver:
            return True
    tag_changes.finish(change, datetime.now(UTC))
    return True


def _change_trade(change: TagChange, trade_id: str) -> None:
    trade = trades.get(change.user_id, trade_id)
    changed = retagged(trade, change.tag, change.name, datetime.now(UTC))
    if changed is not trade:
        tag_changes.write(changed, trade.version, change)


def _go_on(change: TagChange) -> None:
    tag_queue().send({"userId": change.user_id, "changeId": change.change_id})

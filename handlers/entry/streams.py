"""What runs after the fact: the statistics follow the trades' stream, and every user's are compared with the trades.

The entry points of the functions that no request calls. What fails comes again: a record from the stream, a message
from the queue, and after too many times both wait in a dead-letter queue (docs/runbook.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from handlers.entry import runtime
from handlers.journal.rows import RowKey, touched_rows
from handlers.journal.trade import Trade
from handlers.log import logger
from handlers.metrics import count
from handlers.storage import rebuilds, repair, upkeep
from handlers.storage.errors import AccountErased, Busy, UnreadableTrade
from handlers.storage.trade_items import is_trade

Event = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]

_TIME_TO_STOP = 30_000  # milliseconds before a function's end


def update_stats(event: Event, _context: object) -> Failures:
    """Bring the statistics up to date with the changes in a batch of the trades' stream, once for each user.

    A user's failure is reported for the records of the trades that cannot be handled and holds up nobody else.
    """
    by_user: dict[str, list[Event]] = {}
    for record in event["Records"]:
        by_user.setdefault(record["dynamodb"]["Keys"]["userId"]["S"], []).append(record)
    failed = {number for user_id, records in by_user.items() for number in _update_user(user_id, records)}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers if number in failed]}


def rebuild_all_stats(_event: Event, _context: object) -> None:
    """Ask for the rebuild of every user's statistics."""
    rebuilds.ask_for_all()


def rebuild_stats(event: Event, context: Any) -> Failures:
    """Handle messages of the rebuilds' queue: make a user's statistics right, or find users to ask for."""
    failed = []
    for record in event["Records"]:
        with logger.append_context_keys(message_id=record["messageId"]):
            try:
                _rebuild(json.loads(record["body"]), context)
            except Exception:  # noqa: BLE001 the message comes again; the others of the batch are done
                logger.exception("a rebuild failed")
                count(StatsRebuildFailures=1)
                failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _update_user(user_id: str, records: Sequence[Event]) -> set[str]:
    """Handle the records of one user. The sequence numbers of those that could not be."""
    touched: dict[str, set[RowKey]] = {}
    for record in records:
        rows = touched_rows(_image(record, "OldImage"), _image(record, "NewImage"))
        if rows or _is_unreadable(record, "NewImage"):
            touched.setdefault(_trade_id(record), set()).update(rows)
    with logger.append_context_keys(sequence_number=records[0]["dynamodb"]["SequenceNumber"]):
        failed = _failing(user_id, touched)
    return {record["dynamodb"]["SequenceNumber"] for record in records if _trade_id(record) in failed}


def _failing(user_id: str, touched: Mapping[str, set[RowKey]]) -> set[str]:
    """Bring up to date what is touched, all at once or, where that fails, trade by trade. The trades that fail."""
    if not touched:
        return set()
    try:
        upkeep.update(user_id, touched, datetime.now(UTC))
    except AccountErased:
        return set()
    except Busy:
        logger.warning("statistics wait for others", user_id=user_id, trades=len(touched))
        return set(touched)
    except Exception:  # noqa: BLE001 whatever it is, the stream brings the record again, and then puts it aside
        logger.exception("statistics are not up to date", user_id=user_id, trades=len(touched))
        if len(touched) == 1:
            return set(touched)
        return {trade_id for trade_id, rows in touched.items() if _failing(user_id, {trade_id: rows})}
    return set()


def _rebuild(message: Mapping[str, Any], context: Any) -> None:
    if "search" in message:
        users = rebuilds.find(
            rebuilds.Search(**message["search"]), lambda: context.get_remaining_time_in_millis() > _TIME_TO_STOP
        )
        count(StatsUsersFound=users)
        return
    try:
        drift = repair.repair(message["user"], lambda: datetime.now(UTC))
    except AccountErased:
        drift = repair.Drift()
    is_wrong = drift.figures > 0 or drift.unreadable > 0
    count(StatsRebuilds=1, StatsDriftUsers=int(is_wrong), StatsDriftFigures=drift.figures)
    if is_wrong:
        logger.warning(
            "statistics were wrong",
            user_id=message["user"],
            shares=drift.shares,
            rows=drift.rows,
            folds=drift.folds,
            unreadable=drift.unreadable,
        )


def _image(record: Event, name: str) -> Trade | None:
    """The trade as it was before or is after the change; None also for what cannot be read, which counts nowhere."""
    image = record["dynamodb"].get(name, {})
    try:
        return upkeep.readable(image) if is_trade(image) else None
    except UnreadableTrade:
        return None


def _is_unreadable(record: Event, name: str) -> bool:
    image = record["dynamodb"].get(name, {})
    return is_trade(image) and _image(record, name) is None


def _trade_id(record: Event) -> str:
    trade_id: str = record["dynamodb"]["Keys"]["tradeId"]["S"]
    return trade_id


runtime.ready()

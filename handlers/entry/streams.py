"""The background functions for statistics.

The stream of the trades' table calls one, schedules another, a queue the third. Lambda delivers failed records and
messages again, and after too many tries puts them into a dead-letter queue (docs/runbook.md).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from handlers import deadline
from handlers.entry import runtime
from handlers.journal.stats.entries import touched_days, touches_group
from handlers.journal.trade import Trade
from handlers.log import logger
from handlers.metrics import count
from handlers.storage.errors import AccountErased, Busy, UnreadableTrade
from handlers.storage.groups import group_id_of
from handlers.storage.stats import comparing, due, group_results, updating
from handlers.storage.trade_items import is_trade

Event = dict[str, Any]
Failures = dict[str, list[dict[str, str]]]
# The days that changes touch, by trade id. A trade that cannot be read may have none.
Touched = Mapping[str, Iterable[date]]

_TIME_TO_STOP = 30_000  # milliseconds before a function's end
_SECONDS_TO_REPORT = 5.0  # kept of a function's time for its answer


def update_stats(event: Event, context: Any) -> Failures:
    """Bring the statistics up to date with the changes in a batch of the trades' stream, once for each user.

    The records are of trades and groups. The answer names those that failed. Users with the fewest changes are handled
    first, and no user takes more than half of the time that is left, so that nobody waits for another user's import.
    """
    by_user: dict[str, list[Event]] = {}
    for record in event["Records"]:
        by_user.setdefault(record["dynamodb"]["Keys"]["userId"]["S"], []).append(record)
    failed: set[str] = set()
    with _within_time_of(context):
        for user_id, records in sorted(by_user.items(), key=lambda of_user: len(of_user[1])):
            with deadline.within(deadline.seconds_left() / 2):
                failed |= _update_user(user_id, records)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers if number in failed]}


def rebuild_all_stats(event: Event, _context: object) -> None:
    """Queue the comparison of all users whose statistics changed since their last comparison.

    With the event {"everybody": true}, which the weekly schedule and operators send, all users are compared.
    """
    if event.get("everybody"):
        due.ask_for_everybody()
    else:
        due.ask_for_due()


def rebuild_stats(event: Event, context: Any) -> Failures:
    """Handle messages of RebuildQueue: compare and correct a user's statistics, or find users to queue."""
    failed = []
    for record in event["Records"]:
        with logger.append_context_keys(message_id=record["messageId"]):
            try:
                with _within_time_of(context):
                    _rebuild(json.loads(record["body"]), context)
            except Exception:  # noqa: BLE001 only this message of the batch is delivered again
                logger.exception("a rebuild failed")
                count(StatsRebuildFailures=1)
                failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


@contextmanager
def _within_time_of(context: Any) -> Iterator[None]:
    """Set the deadline of retries to the time at which the function has to answer."""
    with deadline.within(context.get_remaining_time_in_millis() / 1000 - _SECONDS_TO_REPORT):
        yield


def _update_user(user_id: str, records: Sequence[Event]) -> set[str]:
    """Handle the records of one user. Returns the sequence numbers of those that failed."""
    touched: dict[str, set[date]] = {}
    groups: dict[str, set[str]] = {}
    for record in records:
        old, new = _image(record, "OldImage"), _image(record, "NewImage")
        days = touched_days(old, new)
        if days or _is_unreadable(record, "NewImage"):
            touched.setdefault(_trade_id(record), set()).update(days)
        # A group may take in a trade that named it already: then the group's own record alone tells of it.
        changed_group = group_id_of(_trade_id(record))
        for group_id in touches_group(old, new) if changed_group is None else {changed_group}:
            groups.setdefault(group_id, set()).add(_trade_id(record))
    with logger.append_context_keys(sequence_number=records[0]["dynamodb"]["SequenceNumber"]):
        failed = _failing(user_id, touched)
        for group_id, trade_ids in groups.items():
            if not _settle_group(user_id, group_id):
                failed |= trade_ids
    return {record["dynamodb"]["SequenceNumber"] for record in records if _trade_id(record) in failed}


def _failing(user_id: str, touched: Touched) -> set[str]:
    """Update the touched days of trades. If an update fails, its halves are tried. Returns the trades that fail."""
    if not touched:
        return set()
    try:
        _update(user_id, touched)
    except AccountErased:
        return set()
    except Busy:
        logger.warning("statistics wait for others", user_id=user_id, trades=len(touched))
        return set(touched)
    except Exception:  # noqa: BLE001 the stream delivers the record again, and at last puts it aside
        if len(touched) == 1:
            logger.exception("statistics are not up to date", user_id=user_id, trade_id=next(iter(touched)))
            return set(touched)
        trades = list(touched.items())
        middle = len(trades) // 2
        return _failing(user_id, dict(trades[:middle])) | _failing(user_id, dict(trades[middle:]))
    return set()


def _settle_group(user_id: str, group_id: str) -> bool:
    """Update the result of a group. Returns whether that succeeded."""
    try:
        group_results.write_group_entry(user_id, group_id, datetime.now(UTC))
    except AccountErased:
        return True
    except Busy:
        logger.warning("the statistics of a group wait for others", user_id=user_id, group_id=group_id)
        return False
    except Exception:  # noqa: BLE001 as above
        logger.exception("the statistics of a group are not up to date", user_id=user_id, group_id=group_id)
        return False
    return True


def _update(user_id: str, touched: Touched) -> None:
    by_day: dict[date, list[str]] = {}
    for trade_id, days in touched.items():
        for day in days:
            by_day.setdefault(day, []).append(trade_id)
    unreadable = [trade_id for trade_id, days in touched.items() if not days]
    if unreadable:
        updating.read_trades(user_id, unreadable)
    updating.update(user_id, by_day, datetime.now(UTC))


def _rebuild(message: Mapping[str, Any], context: Any) -> None:
    if "search" in message:
        users = due.find(
            due.search_of(message["search"]), lambda: context.get_remaining_time_in_millis() > _TIME_TO_STOP
        )
        count(StatsUsersFound=users)
        return
    try:
        drift = comparing.compare(message["user"], lambda: datetime.now(UTC))
    except AccountErased:
        drift = comparing.Drift()
    is_wrong = drift.figures > 0 or drift.unreadable > 0
    count(StatsRebuilds=1, StatsDriftUsers=int(is_wrong), StatsDriftFigures=drift.figures)
    if is_wrong:
        logger.warning("statistics were wrong", user_id=message["user"], **asdict(drift))


def _image(record: Event, name: str) -> Trade | None:
    """The trade before or after the change. None if there is none, or it cannot be read: then it counts nowhere."""
    image = record["dynamodb"].get(name, {})
    try:
        return updating.readable(image) if is_trade(image) else None
    except UnreadableTrade:
        return None


def _is_unreadable(record: Event, name: str) -> bool:
    image = record["dynamodb"].get(name, {})
    return is_trade(image) and _image(record, name) is None


def _trade_id(record: Event) -> str:
    trade_id: str = record["dynamodb"]["Keys"]["tradeId"]["S"]
    return trade_id


runtime.ready()

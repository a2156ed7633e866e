"""The queue of rebuilds: a message asks for one user's, or to find users in a part of the trades' table."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from handlers.storage.clients import dynamodb, sqs, stats_table, trades_table
from handlers.storage.errors import Unavailable
from handlers.storage.retry import attempts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_SEGMENTS = 4  # so many workers look for users at once
_MOST_MESSAGES = 10  # of a batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A part of a table, of so many in all, in which to find users, after the key reached so far.

    Users are found by their trades; those who have none any more by the statistics that they ought not to have.
    """

    table: Literal["trades", "stats"] = "trades"
    segment: int
    segments: int = _SEGMENTS
    after: dict[str, Any] | None = None


def ask(user_ids: Iterable[str], client: SQSClient | None = None) -> int:
    """Ask for the rebuild of these users. How many. Raises Busy."""
    return _send(({"user": user_id} for user_id in user_ids), client)


def ask_for_all(client: SQSClient | None = None) -> None:
    """Ask for the rebuild of every user. Raises Busy."""
    searches = [Search(table="trades", segment=segment) for segment in range(_SEGMENTS)]
    searches += [Search(table="stats", segment=segment) for segment in range(_SEGMENTS)]
    _send(({"search": asdict(search)} for search in searches), client)


def find(search: Search, has_time: Callable[[], bool]) -> int:
    """Ask for the rebuild of each user found; when time runs out, ask for the rest of the search. How many users.

    A search that is cut off before its message is deleted begins again, and asks twice for some: that does no harm.
    The items of a user lie one after the other, in one segment. Raises Busy.
    """
    found = 0
    after: Any = search.after
    while True:
        request: Any = {
            "TableName": trades_table() if search.table == "trades" else stats_table(),
            "ProjectionExpression": "userId",
            "Segment": search.segment,
            "TotalSegments": search.segments,
        }
        if after is not None:
            request["ExclusiveStartKey"] = after
        answer = dynamodb().scan(**request)
        users = dict.fromkeys(item["userId"]["S"] for item in answer["Items"])
        if after is not None:
            users.pop(after["userId"]["S"], None)
        found += ask(user for user in users if search.table == "trades" or not _has_trades(user))
        if "LastEvaluatedKey" not in answer:
            return found
        after = answer["LastEvaluatedKey"]
        if not has_time():
            _send([{"search": asdict(replace(search, after=after))}])
            return found


def _has_trades(user_id: str) -> bool:
    answer = dynamodb().query(
        TableName=trades_table(),
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": user_id}},
        ProjectionExpression="userId",
        Limit=1,
    )
    return bool(answer["Items"])


def _send(messages: Iterable[dict[str, Any]], client: SQSClient | None = None) -> int:
    sent = 0
    rest = iter(messages)
    while batch := list(islice(rest, _MOST_MESSAGES)):
        entries: Any = [{"Id": str(number), "MessageBody": json.dumps(body)} for number, body in enumerate(batch)]
        waits = attempts(at_the_end=Unavailable)
        while entries:
            next(waits)
            answer = (client or sqs()).send_message_batch(QueueUrl=os.environ["REBUILD_QUEUE_URL"], Entries=entries)
            failed = {failure["Id"] for failure in answer.get("Failed", ())}
            entries = [entry for entry in entries if entry["Id"] in failed]
        sent += len(batch)
    return sent

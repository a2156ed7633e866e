"""The users whose statistics are to be compared with their trades, and the queue of these comparisons.

Each change of the statistics puts its user into one of 16 due lists, a sparse index of the statistics' table, where the
user stays until the next comparison finds everything right. So users are found without reading a table. A user whose
very first change was lost is in no list: once a week everybody in the user pool is compared.

A message of the queue is for the comparison of one user, or for finding the users of a due list or of the pool and
queueing each. A search that is interrupted begins again and queues some users twice, which does no harm.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.storage.clients import cognito_admin, stats_table
from handlers.storage.dynamo import one_page
from handlers.storage.queues import rebuild_queue
from handlers.storage.user_pool_errors import meanings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

INDEX = "due-users-gsi"
LISTS = 16  # also how many workers can find users at once

_MOST_USERS = 60  # of a page of the pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search for users in a due list, or in the pool without one, from the place reached so far."""

    due_list: str | None = None
    after: Any = None


def list_of(user_id: str) -> str:
    """The due list that the user belongs to."""
    return f"{zlib.crc32(user_id.encode()) % LISTS:02}"


def ask(user_ids: Iterable[str], client: SQSClient | None = None) -> int:
    """Queue the comparison of these users. Returns how many they are. Raises Busy."""
    return _send(({"user": user_id} for user_id in user_ids), client)


def ask_for_due(client: SQSClient | None = None) -> None:
    """Queue the search for every user whose statistics changed since their last comparison. Raises Busy."""
    _send(({"search": {"dueList": f"{number:02}"}} for number in range(LISTS)), client)


def ask_for_everybody(client: SQSClient | None = None) -> None:
    """Queue the search for every user of the pool. Raises Busy."""
    _send([{"search": {}}], client)


def search_of(message: Any) -> Search:
    """The search that the message asks for."""
    return Search(due_list=message.get("dueList"), after=message.get("after"))


def find(search: Search, has_time: Callable[[], bool]) -> int:
    """Queue the comparison of each user found, and the rest of the search when time runs out. Returns how many users.

    Raises Busy.
    """
    found, after = 0, search.after
    while True:
        users, after = _page_of_pool(after) if search.due_list is None else _page_of_list(search.due_list, after)
        found += ask(users)
        if after is None:
            return found
        if not has_time():
            rest = {"after": after} if search.due_list is None else {"dueList": search.due_list, "after": after}
            _send([{"search": rest}])
            return found


def _page_of_list(due_list: str, after: Any) -> tuple[list[str], Any]:
    query = {
        "TableName": stats_table(),
        "IndexName": INDEX,
        "KeyConditionExpression": "dueList = :list",
        "ExpressionAttributeValues": {":list": {"S": due_list}},
    }
    page = one_page(query, after)
    return [item["userId"]["S"] for item in page.items], page.last


def _page_of_pool(after: str | None) -> tuple[list[str], str | None]:
    asked: Any = {"UserPoolId": os.environ["USER_POOL_ID"], "AttributesToGet": ["sub"], "Limit": _MOST_USERS}
    if after is not None:
        asked["PaginationToken"] = after
    with meanings():
        page = cognito_admin().list_users(**asked)
    attributes = (attribute for user in page["Users"] for attribute in user["Attributes"])
    return [attribute["Value"] for attribute in attributes if attribute["Name"] == "sub"], page.get("PaginationToken")


def _send(messages: Iterable[dict[str, Any]], client: SQSClient | None = None) -> int:
    return rebuild_queue().send_all(messages, client)

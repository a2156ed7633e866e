"""The marks of an account that is being erased, and the erasure of a user's items.

Every write for a user checks, in its own transaction, that one of the user's marks does not say that it is. So nothing
is written once the marks are there. There are several equal marks, of which a write checks one at random: DynamoDB
cancels one of two transactions that check the same item at the same time.

The marks of an account that is not being erased may say what new trades take from the settings (trade_defaults.py).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.storage.clients import trades_table
from handlers.storage.dynamo import batch_delete, get_item, is_absent, pages, transact
from handlers.storage.trade_items import epoch_seconds, trade_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, ConditionCheckTypeDef, TransactWriteItemTypeDef

MARKS = 8
PREFIX = "erased|"
# When the erasure began.
_SINCE = "since"
NOT_BEGUN = is_absent(_SINCE)

# Every table whose partitions are users: the variable with its name, and its sort key.
TABLES = (("TRADES_TABLE", "tradeId"), ("STATS_TABLE", "statKey"), ("LEDGER_TABLE", "item"))


def mark_keys(user_id: str) -> list[dict[str, AttributeValueTypeDef]]:
    """The keys of a user's marks. They lie in the trades' own table, and in none of its indexes."""
    return [trade_key(user_id, f"{PREFIX}{number}") for number in range(MARKS)]


def not_begun(user_id: str) -> ConditionCheckTypeDef:
    """The condition of a transaction that the user's erasure has not begun."""
    return {
        "TableName": trades_table(),
        "Key": random.choice(mark_keys(user_id)),  # noqa: S311 - any of them will do
        "ConditionExpression": NOT_BEGUN,
    }


def begin(user_id: str, now: datetime) -> None:
    """Write all marks of the user in one transaction. Safe to repeat. Raises Busy."""
    marks = [{**key, _SINCE: {"S": now.isoformat()}} for key in mark_keys(user_id)]
    actions: list[TransactWriteItemTypeDef] = [{"Put": {"TableName": trades_table(), "Item": mark}} for mark in marks]
    transact(actions)  # conflicts with writes that check a mark at this moment are retried


def has_begun(user_id: str) -> bool:
    """Whether the user's erasure has begun. Raises Busy."""
    return says_so(get_item(trades_table(), mark_keys(user_id)[0]))


def says_so(mark: Mapping[str, Any]) -> bool:
    """Whether the mark, as it is stored, says that the erasure has begun."""
    return _SINCE in mark


def let_expire(user_id: str, when: datetime) -> None:
    """Let DynamoDB delete the marks some time after `when`. Raises Busy."""
    actions: list[TransactWriteItemTypeDef] = [
        {
            "Update": {
                "TableName": trades_table(),
                "Key": key,
                "UpdateExpression": "SET expiresAt = :when",
                "ExpressionAttributeValues": {":when": {"N": str(epoch_seconds(when))}},
            }
        }
        for key in mark_keys(user_id)
    ]
    transact(actions)


def erase_items(user_id: str) -> Iterator[None]:
    """Delete all items of the user but the marks, in every table; yields after each batch. Raises Busy."""
    for variable, sort_key in TABLES:
        table = os.environ[variable]
        query = {
            "TableName": table,
            "KeyConditionExpression": "userId = :user",
            "ExpressionAttributeValues": {":user": {"S": user_id}},
            "ProjectionExpression": "userId, #sortKey",
            "ExpressionAttributeNames": {"#sortKey": sort_key},
            "ConsistentRead": True,
        }
        for page in pages(query):
            keys = [key for key in page.items if not key[sort_key].get("S", "").startswith(PREFIX)]
            yield from batch_delete(table, keys)

"""The marks of an account that is being erased: from the first mark on, nothing is written for its user any more.

Every write checks one of several equal marks, in its own transaction. Were there only one, two writes of the same user
at the same time would meet on it, and DynamoDB cancels transactions that meet, even if both only look.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING

from handlers.storage.clients import dynamodb, throttling_is_busy, trades_table
from handlers.storage.items import trade_key
from handlers.storage.patience import patiently

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, ConditionCheckTypeDef, TransactWriteItemTypeDef

MARKS = 8
PREFIX = "erased|"


def mark_keys(user_id: str) -> list[dict[str, AttributeValueTypeDef]]:
    """The keys of a user's marks. They lie in the trades' own table, and in none of its indexes."""
    return [trade_key(user_id, f"{PREFIX}{number}") for number in range(MARKS)]


def not_begun(user_id: str) -> ConditionCheckTypeDef:
    """The part of a transaction that fails when the user's erasure has begun."""
    return {
        "TableName": trades_table(),
        "Key": random.choice(mark_keys(user_id)),  # noqa: S311 - any of them will do
        "ConditionExpression": "attribute_not_exists(tradeId)",
    }


def begin(user_id: str, now: datetime) -> None:
    """Mark the user, with all marks at once. Does nothing new when it is done again. Raises Busy."""
    marks = [{**key, "since": {"S": now.isoformat()}} for key in mark_keys(user_id)]
    actions: list[TransactWriteItemTypeDef] = [{"Put": {"TableName": trades_table(), "Item": mark}} for mark in marks]
    # Writes that look at a mark at this very moment stand in the way.
    patiently(lambda: dynamodb().transact_write_items(TransactItems=actions))


def has_begun(user_id: str) -> bool:
    """Whether the user's erasure has begun. Raises Busy."""
    with throttling_is_busy():
        answer = dynamodb().get_item(TableName=trades_table(), Key=mark_keys(user_id)[0], ConsistentRead=True)
    return "Item" in answer

"""Lists of deleted trades, from the index by status, in which they stand under DELETED."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from handlers.journal.deletions import RESTORABLE_FOR, DeletedTrade
from handlers.storage.clients import trades_table
from handlers.storage.dynamo import ENOUGH_BYTES, all_items, pages
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_items import DELETED, deleted_trade_of, instant
from handlers.storage.trade_queries import BY_STATUS, ListPosition, TradeFilter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_LIST = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedFilter(TradeFilter):
    """The list of deleted trades, which takes no filter: a page token of it opens no other list."""

    of: Literal["DELETED"] = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedPage:
    """Deleted trades, and the position at which the next page starts; None at the end."""

    trades: tuple[DeletedTrade, ...]
    next: ListPosition | None


def list_deleted(user_id: str, *, limit: int, now: datetime, after: ListPosition | None = None) -> DeletedPage:
    """A page of at most `limit` of the trades that the user deleted within the last 30 days, the last deleted first.

    Reads an index, which may lag behind a write by a moment. Raises BadPageToken, Busy.
    """
    query = _query(user_id, now)
    query["Limit"] = limit + 1
    behind = None
    if after is not None:
        if after.index != _LIST:
            raise BadPageToken("The position lies in another list.")
        behind = {
            "userId": {"S": user_id},
            "tradeId": {"S": after.trade_id},
            "statusOpenDate": {"S": after.sort_key},
        }
    found: list[Any] = []
    size = 0
    for page in pages(query, after=behind):
        for item in page.items:
            if len(found) == limit or (found and size > ENOUGH_BYTES):
                last = found[-1]
                position = ListPosition(
                    index=_LIST, sort_key=last["statusOpenDate"]["S"], trade_id=last["tradeId"]["S"]
                )
                return DeletedPage(trades=tuple(map(deleted_trade_of, found)), next=position)
            found.append(item)
            size += len(json.dumps(item))
    return DeletedPage(trades=tuple(map(deleted_trade_of, found)), next=None)


def every_deleted(user_id: str, now: datetime) -> Iterator[DeletedTrade]:
    """All trades that the user deleted within the last 30 days, one page in memory at a time. Raises Busy."""
    return map(deleted_trade_of, all_items(_query(user_id, now)))


def _query(user_id: str, now: datetime) -> QueryInputTypeDef:
    # DynamoDB deletes what has expired days later, so the range leaves it out.
    return {
        "TableName": trades_table(),
        "IndexName": BY_STATUS,
        "KeyConditionExpression": "userId = :user AND statusOpenDate BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":low": {"S": f"{DELETED}|{instant(now - RESTORABLE_FOR)}"},
            ":high": {"S": f"{DELETED}|:"},
        },
        "ScanIndexForward": False,
    }

"""The change of a tag in all trades of a user: one item a user, and the transaction that changes one trade.

Each transaction writes a trade and counts it in the item, so the progress is exact whatever breaks in between, and a
function that works on a change that is over writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.trade import Trade
from handlers.storage import erasure_marks
from handlers.storage.clients import trades_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, all_items, at_version, get_item, is_absent, transact, write_if
from handlers.storage.errors import AccountErased, TagChangeOver, TagChangeUnderWay, VersionMismatch
from handlers.storage.trade_items import Item, trade_item, trade_key
from handlers.storage.trades import refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """A tag that gets another name in all trades, or that all trades lose if there is no name.

    trades_changed counts those that are done, and last_trade_id names the last of them.
    """

    user_id: str
    change_id: str
    tag: str
    name: str | None = None
    started_at: datetime
    finished_at: datetime | None = None
    trades_changed: int = 0
    last_trade_id: str | None = None


_CHANGES = Codec(TagChange)
_IS_UNDER_WAY: Any = {
    "ConditionExpression": f"changeId = :change AND {is_absent('finishedAt')}",
}


def last(user_id: str) -> TagChange | None:
    """The user's last change of a tag, under way or finished; None before the first. Raises Busy."""
    item = get_item(trades_table(), _key(user_id))
    return _CHANGES.instance(item) if item else None


def begin(change: TagChange) -> TagChange:
    """Store a new change, or find the same one under way.

    Raises TagChangeUnderWay when another one is, AccountErased, Busy.
    """
    put: Any = {
        "TableName": trades_table(),
        "Item": _CHANGES.item(change) | _key(change.user_id),
        "ConditionExpression": f"{is_absent('tradeId')} OR attribute_exists(finishedAt)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    of_change, of_account = transact([{"Put": put}, {"ConditionCheck": erasure_marks.not_begun(change.user_id)}])
    if of_account:
        raise AccountErased(change.user_id)
    if not of_change:
        return change
    under_way = _CHANGES.instance(of_change["Item"])
    if (under_way.tag, under_way.name) != (change.tag, change.name):
        raise TagChangeUnderWay(under_way.change_id)
    return under_way


def tagged(change: TagChange) -> Iterator[str]:
    """The ids of the trades that have the tag, from where the change has got to, read consistently. Raises Busy."""
    query = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user AND tradeId > :after",
        # Other items share the partition: deleted trades may have the tag, too.
        "FilterExpression": "attribute_exists(openDate) AND contains(#tags, :tag)",
        "ProjectionExpression": "tradeId",
        "ExpressionAttributeNames": {"#tags": "tags"},
        "ExpressionAttributeValues": {
            ":user": {"S": change.user_id},
            ":after": {"S": change.last_trade_id or "-"},
            ":tag": {"S": change.tag},
        },
        "ConsistentRead": True,
    }
    return (item["tradeId"]["S"] for item in all_items(query))


def write(trade: Trade, expected_version: int, change: TagChange) -> None:
    """Store a changed trade in place of its expected version, and count it in the change.

    Raises TagChangeOver, TradeNotFound, VersionMismatch, AccountErased, Busy.
    """
    put: Any = {
        "TableName": trades_table(),
        "Item": trade_item(trade),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **at_version(expected_version),
    }
    values = {":change": {"S": change.change_id}, ":one": {"N": "1"}, ":trade": {"S": trade.trade_id}}
    counted: Any = {
        "TableName": trades_table(),
        "Key": _key(change.user_id),
        "UpdateExpression": "ADD tradesChanged :one SET lastTradeId = :trade",
        "ExpressionAttributeValues": values,
        **_IS_UNDER_WAY,
    }
    actions: list[TransactWriteItemTypeDef] = [
        {"Put": put},
        {"ConditionCheck": erasure_marks.not_begun(trade.user_id)},
        {"Update": counted},
    ]
    of_trade, of_account, of_change = transact(actions, retry_conflicts=False)
    if of_account.get("Code") == CONDITION_FAILED:
        raise AccountErased(trade.user_id)
    if of_change.get("Code") == CONDITION_FAILED:
        raise TagChangeOver(change.change_id)
    if of_trade.get("Code") == CONDITION_FAILED:
        raise refusal(of_trade.get("Item", {}), trade.trade_id)
    if any((of_trade, of_account, of_change)):
        raise VersionMismatch(trade.trade_id)


def finish(change: TagChange, now: datetime) -> None:
    """Mark the change as finished, so that another one may begin. Nothing happens if it is over. Raises Busy."""
    update: Any = {
        "TableName": trades_table(),
        "Key": _key(change.user_id),
        "UpdateExpression": "SET finishedAt = :now",
        "ExpressionAttributeValues": {":change": {"S": change.change_id}, ":now": {"S": now.isoformat()}},
        **_IS_UNDER_WAY,
    }
    write_if({"Update": update})


def _key(user_id: str) -> Item:
    return trade_key(user_id, "tags|change")

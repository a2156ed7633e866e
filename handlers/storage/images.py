"""The records of uploads, beside the trade that they are for, and the step by which an image becomes part of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.images import PENDING_FOR, REJECTED_FOR, Upload
from handlers.journal.trades import Trade
from handlers.storage import erasure
from handlers.storage.clients import dynamodb, trades_table
from handlers.storage.errors import AccountErased, TradeNotFound, Unavailable, VersionMismatch
from handlers.storage.items import (
    has_expired,
    image_versions_of,
    is_trade,
    trade_item,
    trade_key,
    trade_of,
    upload_item,
    upload_key,
    upload_of,
)
from handlers.storage.patience import attempts, patiently, transact
from handlers.storage.trades import at_version, refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

_MOST_AT_ONCE = 100  # keys that DynamoDB looks up in one request
_IS_PENDING = "attribute_exists(tradeId) AND attribute_not_exists(reason)"


def read(user_id: str, trade_id: str, now: datetime) -> tuple[Trade, tuple[Upload, ...]]:
    """The trade and its uploads as they stand now, in one request. Raises TradeNotFound, Busy."""
    first, *records = _query(user_id, trade_id) or [{}]
    if not is_trade(first):  # its key is the shortest, and so the first
        raise TradeNotFound(trade_id)
    return trade_of(first), tuple(upload_of(record) for record in records if not has_expired(record, now))


def attached(trades: Collection[tuple[str, str]]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The images of these trades, by user and trade: each image's id and the version of its file.

    As they stood a moment ago: an image that is missing here may just have been attached. Raises Busy.
    """
    keys = [trade_key(user_id, trade_id) for user_id, trade_id in trades]
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for start in range(0, len(keys), _MOST_AT_ONCE):
        asked: Any = {
            trades_table(): {
                "Keys": keys[start : start + _MOST_AT_ONCE],
                "ProjectionExpression": "userId, tradeId, #images",
                "ExpressionAttributeNames": {"#images": "images"},
            }
        }
        tries = attempts(at_the_end=Unavailable)
        while asked:
            next(tries)
            answer = dynamodb().batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(trades_table(), ()):
                found[item["userId"]["S"], item["tradeId"]["S"]] = image_versions_of(item)
            asked = answer.get("UnprocessedKeys")
    return found


def await_file(user_id: str, trade_id: str, upload: Upload) -> None:
    """Record an upload whose file is to come. Raises TradeNotFound, AccountErased, Busy."""
    record = upload_item(user_id, trade_id, upload, upload.created_at + PENDING_FOR)
    trade_exists: TransactWriteItemTypeDef = {
        "ConditionCheck": {
            "TableName": trades_table(),
            "Key": {"userId": record["userId"], "tradeId": {"S": trade_id}},
            "ConditionExpression": "attribute_exists(openDate)",
        }
    }
    of_trade, of_account, _ = transact(
        [
            trade_exists,
            {"ConditionCheck": erasure.not_begun(user_id)},
            {"Put": {"TableName": trades_table(), "Item": record}},
        ]
    )
    if of_account:
        raise AccountErased(user_id)
    if of_trade:
        raise TradeNotFound(trade_id)


def attach(trade: Trade, expected_version: int, image_id: str) -> None:
    """Store the trade that has the image now, in place of its expected version, and drop the upload's record.

    Raises TradeNotFound, AccountErased, Busy; VersionMismatch when the trade or the record has changed in between.
    """
    put: PutTypeDef = {
        "TableName": trades_table(),
        "Item": trade_item(trade),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    put.update(at_version(expected_version))
    record_key = upload_key(trade.user_id, trade.trade_id, image_id)
    of_trade, of_account, of_record = transact(
        [
            {"Put": put},
            {"ConditionCheck": erasure.not_begun(trade.user_id)},
            {"Delete": {"TableName": trades_table(), "Key": record_key, "ConditionExpression": _IS_PENDING}},
        ]
    )
    if of_account:
        raise AccountErased(trade.user_id)
    if of_trade:
        raise refusal(of_trade.get("Item", {}), trade.trade_id)
    if of_record:
        raise VersionMismatch(trade.trade_id)


def reject(user_id: str, trade_id: str, upload: Upload, now: datetime) -> None:
    """Keep the upload, whose file was rejected, for as long as its owner may want to know why.

    Raises Busy; VersionMismatch when its record is not pending any more.
    """
    try:
        patiently(
            lambda: dynamodb().put_item(
                TableName=trades_table(),
                Item=upload_item(user_id, trade_id, upload, now + REJECTED_FOR),
                ConditionExpression=_IS_PENDING,
            )
        )
    except dynamodb().exceptions.ConditionalCheckFailedException as error:
        raise VersionMismatch(trade_id) from error


def forget(user_id: str, trade_id: str, image_id: str) -> bool:
    """Delete an upload's record. False: there is none any more. Raises Busy."""
    record: TransactWriteItemTypeDef = {
        "Delete": {
            "TableName": trades_table(),
            "Key": upload_key(user_id, trade_id, image_id),
            "ConditionExpression": "attribute_exists(tradeId)",
        }
    }
    [failed] = transact([record])
    return not failed


def forget_all(user_id: str, trade_id: str) -> None:
    """Delete the records of all uploads of a trade. Raises Busy."""
    for record in _query(user_id, f"{trade_id}|"):
        forget(user_id, trade_id, record["imageId"]["S"])


def _query(user_id: str, beginning: str) -> list[Any]:
    response = dynamodb().query(
        TableName=trades_table(),
        KeyConditionExpression="userId = :user AND begins_with(tradeId, :beginning)",
        ExpressionAttributeValues={":user": {"S": user_id}, ":beginning": {"S": beginning}},
        ConsistentRead=True,
    )
    return response["Items"]  # far from a page's 1 MB: the trade has 400 KB at most, and its uploads are limited

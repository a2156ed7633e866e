"""The records of uploads, stored beside their trade, and the transaction that makes an image part of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.images import PENDING_FOR, REJECTED_FOR, Upload
from handlers.journal.trade import Image, Trade
from handlers.storage import erasure_marks
from handlers.storage.clients import trades_table
from handlers.storage.dynamo import (
    CONDITION_FAILED,
    absent,
    at_version,
    batch_get,
    get_item,
    is_absent,
    one_page,
    transact,
    transact_get,
    write_if,
)
from handlers.storage.errors import AccountErased, TradeNotFound, VersionMismatch
from handlers.storage.trade_items import (
    Item,
    deleted_key,
    epoch_seconds,
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
from handlers.storage.trades import refusal

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

Check = Callable[[Trade, Sequence[Upload]], None]

_IS_PENDING = f"attribute_exists(tradeId) AND {is_absent('reason')}"


def read(user_id: str, trade_id: str, now: datetime) -> tuple[Trade, tuple[Upload, ...]]:
    """The trade and its uploads as they are stored now, in one request. Raises TradeNotFound, Busy."""
    trade, uploads, _ = _read(user_id, trade_id, now)
    return trade, uploads


def _read(user_id: str, trade_id: str, now: datetime) -> tuple[Trade, tuple[Upload, ...], Item]:
    """The trade, its uploads, and the item that counts the uploads so far, empty without one."""
    first, *others = _query(user_id, trade_id) or [{}]
    if not is_trade(first):  # its key is the shortest, and so the first
        raise TradeNotFound(trade_id)
    uploads = tuple(upload_of(item) for item in others if "imageId" in item and not has_expired(item, now))
    return trade_of(first), uploads, next((item for item in others if "imageId" not in item), {})


def attached(trades: Collection[tuple[str, str]]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The images of these trades, deleted ones too, by user and trade: each image's id and the version of its file.

    The read is not consistent: an image that was just attached, or a trade just restored, may be missing. Raises Busy.
    """
    keys = [key(*trade) for trade in trades for key in (trade_key, deleted_key)]
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for item in batch_get(
        trades_table(),
        keys,
        ProjectionExpression="userId, tradeId, #images, trade.#images",
        ExpressionAttributeNames={"#images": "images"},
    ):
        trade_id, _, _ = item["tradeId"]["S"].partition("|")
        found.setdefault((item["userId"]["S"], trade_id), set()).update(image_versions_of(item))
    return found


def kept_images(user_id: str, trade_id: str) -> set[tuple[str, str]] | None:
    """Id and version of the file of each image of the trade, also if it is deleted and can be restored; None if there
    is no such trade.

    Both items are read in one transaction: between two reads the trade could move from the one to the other, and its
    images would seem to belong to nothing. Raises Busy.
    """
    items = transact_get(trades_table(), [trade_key(user_id, trade_id), deleted_key(user_id, trade_id)])
    return {image for item in items for image in image_versions_of(item)} if items else None


def await_file(user_id: str, trade_id: str, upload: Upload, check: Check) -> None:
    """Record an upload whose file is expected, unless `check` raises for the trade and its uploads.

    The transaction has the conditions that the trade is at the version that was checked, since an image may be attached
    meanwhile, and that no other upload was asked for. Otherwise it raises VersionMismatch, and may be tried again.
    Raises TradeNotFound, AccountErased, Busy, and what `check` raises.
    """
    record = upload_item(user_id, trade_id, upload, upload.created_at + PENDING_FOR)
    trade, uploads, asked = _read(user_id, trade_id, upload.created_at)
    check(trade, uploads)
    unchanged: Any = {"TableName": trades_table(), "Key": trade_key(user_id, trade_id), **at_version(trade.version)}
    of_trade, of_account, of_count, _ = transact(
        [
            {"ConditionCheck": unchanged},
            {"ConditionCheck": erasure_marks.not_begun(user_id)},
            {"Put": _next_count(user_id, trade_id, asked, upload.created_at)},
            {"Put": {"TableName": trades_table(), "Item": record}},
        ],
        retry_conflicts=False,
    )
    if of_account.get("Code") == CONDITION_FAILED:
        raise AccountErased(user_id)
    if of_trade or of_account or of_count:
        raise VersionMismatch(trade_id)


def _next_count(user_id: str, trade_id: str, asked: Item, now: datetime) -> PutTypeDef:
    """The write that counts one more upload than `asked` has. DynamoDB deletes the item when nothing needs it."""
    count = int(asked["count"]["N"]) if asked else 0
    expires = str(epoch_seconds(now + PENDING_FOR + REJECTED_FOR))
    item = upload_key(user_id, trade_id) | {"count": {"N": str(count + 1)}, "expiresAt": {"N": expires}}
    put: PutTypeDef = {"TableName": trades_table(), "Item": item}
    if not asked:
        put.update(absent("tradeId"))
    else:
        put["ConditionExpression"] = "#count = :count"
        put["ExpressionAttributeNames"] = {"#count": "count"}
        put["ExpressionAttributeValues"] = {":count": {"N": str(count)}}
    return put


def attach(trade: Trade, expected_version: int, image_id: str) -> None:
    """Store the trade with its image in place of the expected version, and delete the upload's record.

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
            {"ConditionCheck": erasure_marks.not_begun(trade.user_id)},
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
    """Mark the upload as rejected. Its record is kept for some days, so that its owner sees the reason.

    Raises Busy; VersionMismatch when the record is not pending any more.
    """
    put: PutTypeDef = {
        "TableName": trades_table(),
        "Item": upload_item(user_id, trade_id, upload, now + REJECTED_FOR),
        "ConditionExpression": _IS_PENDING,
    }
    if not write_if({"Put": put}):
        raise VersionMismatch(trade_id)


def begin_restoring(user_id: str, trade_id: str, images: Collection[Image], now: datetime) -> None:
    """Say that files of these images come before their trade is stored, so that nobody deletes them as unwanted.

    Forgotten after a day if the trade never comes. Raises AccountErased, Busy.
    """
    expires = {"N": str(epoch_seconds(now + PENDING_FOR))}
    puts: list[TransactWriteItemTypeDef] = [
        {"Put": {"TableName": trades_table(), "Item": {**_restoring(user_id, trade_id, image), "expiresAt": expires}}}
        for image in (image.image_id for image in images)
    ]
    [of_account, *_] = transact([{"ConditionCheck": erasure_marks.not_begun(user_id)}, *puts])
    if of_account:
        raise AccountErased(user_id)


def end_restoring(user_id: str, trade_id: str, images: Collection[Image]) -> list[TransactWriteItemTypeDef]:
    """The writes that take this back, for the transaction that stores the trade."""
    return [
        {"Delete": {"TableName": trades_table(), "Key": _restoring(user_id, trade_id, image.image_id)}}
        for image in images
    ]


def is_restoring(user_id: str, trade_id: str, image_id: str) -> bool:
    """Whether the image's file comes before its trade. Raises Busy."""
    return bool(get_item(trades_table(), _restoring(user_id, trade_id, image_id)))


def _restoring(user_id: str, trade_id: str, image_id: str) -> Item:
    # Not behind the trade, where uploads are that are shown with it.
    return trade_key(user_id, f"restoring|{trade_id}|{image_id}")


def forget(user_id: str, trade_id: str, image_id: str) -> bool:
    """Delete an upload's record. Returns whether there was one. Raises Busy."""
    record: TransactWriteItemTypeDef = {
        "Delete": {
            "TableName": trades_table(),
            "Key": upload_key(user_id, trade_id, image_id),
            "ConditionExpression": "attribute_exists(tradeId)",
        }
    }
    [failed] = transact([record])
    return not failed


def _query(user_id: str, beginning: str) -> list[Any]:
    query = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(tradeId, :beginning)",
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":beginning": {"S": beginning}},
        "ConsistentRead": True,
    }
    return one_page(query).items  # 1 MB is enough: a trade has at most 400 KB, and its uploads are limited

"""Trades and kept answers as DynamoDB items, in native attributes that are named like the contract.

What a trade does not have is absent from its item. Derived attributes (openDay, status and the indexes' sort keys)
serve the lists only and are never read back.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from handlers.journal.deletions import DeletedTrade
from handlers.journal.images import Upload
from handlers.journal.trade import Trade
from handlers.storage.codec import Codec, attribute
from handlers.storage.codec import value as value_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]

KEPT_FOR = timedelta(hours=48)
DELETED = "DELETED"  # in place of a status, in the index by status

# openDate is the sort key of an index, which holds the instant in UTC: the time with its own offset is beside it.
_TRADES = Codec(Trade, renamed={"open_date": "openedAt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The answer to a request that came with an idempotency key, kept to be given again, byte for byte.

    fingerprint stands for the request; status, body and headers are the answer's.
    """

    key: str
    fingerprint: str
    body: str
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)


def instant(moment: datetime) -> str:
    """The moment in UTC, always as wide, so that text sorts as time does: 2026-01-02T04:30:00.000000Z."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def trade_key(user_id: str, trade_id: str) -> Item:
    """The key of a trade in its table."""
    return _to_item({"userId": user_id, "tradeId": trade_id})


def answer_key(user_id: str, key: str) -> Item:
    """The key of a kept answer. It lies in the trades' own table, and in none of its indexes."""
    return trade_key(user_id, f"idempotency|{key}")


def external_key(user_id: str, external_id: str) -> Item:
    """The key of the item that says which trade has an external id. It is in none of the indexes."""
    return trade_key(user_id, f"external|{external_id}")


def external_item(user_id: str, external_id: str, trade_id: str) -> Item:
    """The item that keeps an external id for a trade as long as the trade lives."""
    return external_key(user_id, external_id) | _to_item({"ofTrade": trade_id})


def is_trade(item: Mapping[str, Any]) -> bool:
    """Whether the item is a trade: kept answers share the table, and a caller may ask for anything as a trade id."""
    return "openDate" in item


def trade_item(trade: Trade) -> Item:
    """The trade as an item of its table: its fields, and what the indexes and filters need besides."""
    opened = instant(trade.open_date)
    return _TRADES.item(trade) | _to_item(
        {
            "openDate": opened,
            # Symbols and setup types are found whatever their case.
            "symbolOpenDate": f"{trade.symbol.casefold()}|{opened}|{trade.trade_id}",
            "setupKey": (trade.notes.setup_type or "").casefold() or None,
            "statusOpenDate": f"{trade.status}|{opened}|{trade.trade_id}",
            "openDay": trade.open_day.isoformat(),
            "status": str(trade.status),
            # For the filter of the stream's consumer, which cannot look into lists.
            "imageCount": len(trade.images) or None,
        }
    )


def trade_of(item: Mapping[str, Any]) -> Trade:
    """The trade that the item holds."""
    return _TRADES.instance(item)


def deleted_key(user_id: str, trade_id: str) -> Item:
    """The key under which a deleted trade is kept."""
    return trade_key(user_id, f"{trade_id}|deleted")


def deleted_item(deleted: DeletedTrade) -> Item:
    """The deleted trade as an item, which DynamoDB deletes some time after its 30 days.

    The trade's own attributes are nested, so that no list of trades has them. Of the indexes the item is in the one by
    status alone, under DELETED and the time of the deletion.
    """
    trade, deleted_at = deleted.trade, instant(deleted.deleted_at)
    return (
        deleted_key(trade.user_id, trade.trade_id)
        | _to_item(
            {
                "deletedAt": deleted_at,
                "statusOpenDate": f"{DELETED}|{deleted_at}|{trade.trade_id}",
                "imageCount": len(trade.images) or None,  # for the filter of the stream's consumer
                "expiresAt": epoch_seconds(deleted.restorable_until),
            }
        )
        | {"trade": {"M": _TRADES.item(trade)}}
    )


def deleted_trade_of(item: Mapping[str, Any]) -> DeletedTrade:
    """The deleted trade that the item holds."""
    return DeletedTrade(
        trade=_TRADES.instance(item["trade"]["M"]), deleted_at=datetime.fromisoformat(item["deletedAt"]["S"])
    )


def answer_item(user_id: str, answer: KeptAnswer, now: datetime) -> Item:
    """The kept answer as an item that expires after 48 hours."""
    return answer_key(user_id, answer.key) | _to_item(
        {
            "fingerprint": answer.fingerprint,
            # Compressed: notes that JSON writes six times as long would not fit into an item with all their closes.
            "answer": zlib.compress(answer.body.encode()),
            "headers": dict(answer.headers),
            "answerStatus": answer.status,
            "expiresAt": epoch_seconds(now + KEPT_FOR),
        }
    )


def answer_of(item: Mapping[str, Any], key: str, now: datetime) -> KeptAnswer | None:
    """The answer that the item holds, unless it has expired: DynamoDB deletes what has expired days later."""
    stored = _from_item(item)
    if stored["expiresAt"] < epoch_seconds(now):
        return None
    body = zlib.decompress(stored["answer"]).decode()
    return KeptAnswer(
        key=key,
        fingerprint=stored["fingerprint"],
        body=body,
        status=int(stored["answerStatus"]),
        headers=stored.get("headers", {}),
    )


def image_ids_of(item: Mapping[str, Any]) -> set[str]:
    """The ids of the images that the item of a trade, or of a deleted one, has."""
    return {image_id for image_id, _ in image_versions_of(item)}


def image_versions_of(item: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Id and version of the file of each image that the item of a trade, or of a deleted one, has."""
    trade = item["trade"]["M"] if "trade" in item else item
    images = trade.get("images", {"L": []})["L"]
    return {(image["M"]["imageId"]["S"], image["M"]["fileVersion"]["S"]) for image in images}


def upload_key(user_id: str, trade_id: str, image_id: str = "") -> Item:
    """The key of an upload's record: behind its trade, so that one query reads both, and in none of the indexes."""
    return trade_key(user_id, f"{trade_id}|image|{image_id}")


def upload_item(user_id: str, trade_id: str, upload: Upload, expires: datetime) -> Item:
    """The record of an upload, which DynamoDB deletes some time after it expires."""
    return upload_key(user_id, trade_id, upload.image_id) | _to_item(
        {
            "imageId": upload.image_id,
            "contentType": upload.content_type,
            "createdAt": upload.created_at.isoformat(),
            "reason": upload.reason,
            "reasonCode": upload.reason_code,
            "expiresAt": epoch_seconds(expires),
        }
    )


def upload_of(item: Mapping[str, Any]) -> Upload:
    """The upload that the record holds."""
    stored = _from_item(item)
    return Upload(
        image_id=stored["imageId"],
        content_type=stored["contentType"],
        created_at=datetime.fromisoformat(stored["createdAt"]),
        reason=stored.get("reason"),
        reason_code=stored.get("reasonCode"),
    )


def has_expired(item: Mapping[str, Any], now: datetime) -> bool:
    """Whether the record has outlived itself: DynamoDB deletes what has expired days later."""
    return int(item["expiresAt"]["N"]) < epoch_seconds(now)


def epoch_seconds(moment: datetime) -> int:
    """Whole seconds since 1970, as DynamoDB's time to live counts."""
    return int(moment.timestamp())


def _to_item(values: Mapping[str, Any]) -> Item:
    return {name: attribute(value) for name, value in values.items() if value or not _is_absent(value)}


def _is_absent(value: Any) -> bool:
    # By type: a Decimal that is compared with a list asks several abstract classes first.
    return value is None or type(value) in (tuple, list, dict)


def _from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value_of(value) for name, value in item.items()}

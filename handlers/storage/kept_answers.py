"""The answers kept for idempotency keys, as parts of the transactions that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from handlers.storage.clients import trades_table
from handlers.storage.dynamo import batch_get, get_item, is_absent
from handlers.storage.errors import KeyReused
from handlers.storage.trade_items import KeptAnswer, answer_item, answer_key, answer_of, epoch_seconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


def keep(user_id: str, answer: KeptAnswer, now: datetime) -> TransactWriteItemTypeDef:
    """The write that keeps the answer, unless one is kept for its key."""
    return {
        "Put": {
            "TableName": trades_table(),
            "Item": answer_item(user_id, answer, now),
            "ConditionExpression": f"{is_absent('tradeId')} OR expiresAt < :now",
            "ExpressionAttributeValues": {":now": {"N": str(epoch_seconds(now))}},
        }
    }


def kept(user_id: str, answer: KeptAnswer, now: datetime) -> KeptAnswer | None:
    """The answer that is kept for the same request. Raises KeyReused when it is another request's; Busy."""
    return for_key(user_id, answer.key, answer.fingerprint, now)


def for_key(user_id: str, key: str, fingerprint: str, now: datetime) -> KeptAnswer | None:
    """The answer that is kept for a request with that key and fingerprint. Raises KeyReused, Busy."""
    item = get_item(trades_table(), answer_key(user_id, key))
    return of_the_same_request(answer_of(item, key, now), fingerprint) if item else None


def several(user_id: str, keys: Sequence[str], now: datetime) -> dict[str, KeptAnswer]:
    """The answers that are kept for these keys, by key, whatever their requests. Raises Busy."""
    wanted = {answer_key(user_id, key)["tradeId"]["S"]: key for key in keys}
    found = batch_get(trades_table(), [answer_key(user_id, key) for key in keys], ConsistentRead=True)
    answers = [answer_of(item, wanted[item["tradeId"]["S"]], now) for item in found]
    return {answer.key: answer for answer in answers if answer is not None}


def of_the_same_request(found: KeptAnswer | None, fingerprint: str) -> KeptAnswer | None:
    """The answer, if it was kept for a request with that fingerprint. Raises KeyReused for another one."""
    if found is not None and found.fingerprint != fingerprint:
        raise KeyReused(found.key)
    return found

"""Trades, one at a time. Every write is conditional, so that nothing is lost, doubled or overwritten unseen."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from handlers.journal.trades import Trade
from handlers.storage import erasure
from handlers.storage.clients import dynamodb, throttling_is_busy, trades_table
from handlers.storage.errors import AccountErased, Busy, KeyReused, StorageError, TradeNotFound, VersionMismatch
from handlers.storage.items import (
    KeptAnswer,
    answer_item,
    answer_key,
    answer_of,
    epoch_seconds,
    is_trade,
    trade_item,
    trade_key,
    trade_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

_MOST_ATTEMPTS = 6
_CONDITION_FAILED = "ConditionalCheckFailed"
_CONTENDED = {
    "TransactionConflictException",
    "TransactionInProgressException",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}


def create(trade: Trade, answer: KeptAnswer | None = None) -> KeptAnswer | None:
    """Store a new trade and, in the same transaction, the answer kept for its idempotency key.

    Returns None when this call stored the trade, and the answer kept earlier when the same request did: then nothing
    is written. Raises KeyReused, Busy; VersionMismatch when the trade's id is taken.
    """
    return _store(trade, answer, {"ConditionExpression": "attribute_not_exists(tradeId)"})


def replace(trade: Trade, expected_version: int, answer: KeptAnswer | None = None) -> KeptAnswer | None:
    """Store a changed trade in place of its expected version; answers are kept and given back as for `create`.

    Raises TradeNotFound, VersionMismatch, KeyReused, Busy.
    """
    return _store(trade, answer, _at_version(expected_version))


def get(user_id: str, trade_id: str) -> Trade:
    """The trade as it stands now. Raises TradeNotFound, Busy."""
    with throttling_is_busy():
        response = dynamodb().get_item(TableName=trades_table(), Key=trade_key(user_id, trade_id), ConsistentRead=True)
    item = response.get("Item", {})
    if not is_trade(item):
        raise TradeNotFound(trade_id)
    return trade_of(item)


def get_with_answer(
    user_id: str, trade_id: str, *, key: str, fingerprint: str, now: datetime
) -> tuple[Trade | None, KeptAnswer | None]:
    """The trade as it stands now and the answer kept for the key, in one request: an answer outlives its trade.

    Raises KeyReused when the answer belongs to a request with another fingerprint; Busy.
    """
    wanted_answer = answer_key(user_id, key)
    asked: Any = {trades_table(): {"Keys": [trade_key(user_id, trade_id), wanted_answer], "ConsistentRead": True}}
    found: list[Any] = []
    attempts = _attempts()
    while asked:
        next(attempts)
        with throttling_is_busy():
            response = dynamodb().batch_get_item(RequestItems=asked)
        found += response["Responses"].get(trades_table(), [])
        asked = response.get("UnprocessedKeys")
    trade = answer = None
    for item in found:
        if item["tradeId"] == wanted_answer["tradeId"]:
            answer = _of_the_same_request(answer_of(item, key, now), fingerprint)
        elif is_trade(item):
            trade = trade_of(item)
    return trade, answer


def delete(user_id: str, trade_id: str, expected_version: int | None = None) -> None:
    """Delete the trade, at its expected version if one is given. Raises TradeNotFound, VersionMismatch, Busy."""
    condition: Any = {"ConditionExpression": "attribute_exists(openDate)"}
    if expected_version is not None:
        condition = _at_version(expected_version)
    try:
        _patiently(
            lambda: dynamodb().delete_item(
                TableName=trades_table(),
                Key=trade_key(user_id, trade_id),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        )
    except dynamodb().exceptions.ConditionalCheckFailedException as error:
        stored: Any = error.response.get("Item", {})
        # The client's own retry of a delete whose answer was lost finds nothing, and nothing is what was asked for.
        if not stored and error.response["ResponseMetadata"].get("RetryAttempts"):
            return
        raise _refusal(stored, trade_id) from error


def _store(trade: Trade, answer: KeptAnswer | None, condition: Any) -> KeptAnswer | None:
    now = trade.updated_at
    put: PutTypeDef = {
        "TableName": trades_table(),
        "Item": trade_item(trade),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    put.update(condition)
    actions: list[TransactWriteItemTypeDef] = [{"Put": put}, {"ConditionCheck": erasure.not_begun(trade.user_id)}]
    if answer is not None:
        actions.append({"Put": _keep(trade.user_id, answer, now)})
    token = uuid4().hex  # one for all attempts: an attempt that went through unseen is not made again
    try:
        _patiently(lambda: dynamodb().transact_write_items(TransactItems=actions, ClientRequestToken=token))
    except dynamodb().exceptions.TransactionCanceledException as error:
        of_trade, of_account, *of_answer = error.response["CancellationReasons"]
        if answer is not None and (kept := _kept_answer(trade.user_id, answer, now)) is not None:
            return None if kept == answer else kept
        if of_account["Code"] == _CONDITION_FAILED:
            raise AccountErased(trade.user_id) from error
        if of_trade["Code"] == _CONDITION_FAILED:
            raise _refusal(of_trade.get("Item", {}), trade.trade_id) from error
        if of_answer and of_answer[0]["Code"] == _CONDITION_FAILED:
            raise Busy from error  # the record expired between the write and the read
        raise
    return None


def _keep(user_id: str, answer: KeptAnswer, now: datetime) -> PutTypeDef:
    return {
        "TableName": trades_table(),
        "Item": answer_item(user_id, answer, now),
        "ConditionExpression": "attribute_not_exists(tradeId) OR expiresAt < :now",
        "ExpressionAttributeValues": {":now": {"N": str(epoch_seconds(now))}},
    }


def _kept_answer(user_id: str, answer: KeptAnswer, now: datetime) -> KeptAnswer | None:
    with throttling_is_busy():
        response = dynamodb().get_item(
            TableName=trades_table(), Key=answer_key(user_id, answer.key), ConsistentRead=True
        )
    item = response.get("Item")
    return None if item is None else _of_the_same_request(answer_of(item, answer.key, now), answer.fingerprint)


def _of_the_same_request(kept: KeptAnswer | None, fingerprint: str) -> KeptAnswer | None:
    if kept is not None and kept.fingerprint != fingerprint:
        raise KeyReused(kept.key)
    return kept


def _at_version(version: int) -> Any:
    """The condition that a trade is stored at that version; kept answers have none."""
    return {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":expected": {"N": str(version)}},
    }


def _refusal(stored: Mapping[str, Any], trade_id: str) -> StorageError:
    """Why a condition on a trade failed, by what is stored in its place."""
    return VersionMismatch(trade_id) if is_trade(stored) else TradeNotFound(trade_id)


def _patiently(write: Callable[[], object]) -> None:
    """Write, and again a little later as long as others are writing the same item. Raises Busy."""
    for _ in _attempts():
        try:
            with throttling_is_busy():
                write()
        except ClientError as error:
            if not _is_contended(error):
                raise
        else:
            return


def _attempts() -> Iterator[None]:
    """One at once, the rest after ever longer random waits of 1.5 seconds in all at most; then Busy."""
    for attempt in range(_MOST_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, 0.025 * 2**attempt))  # noqa: S311 - nothing is secret about it
        yield
    raise Busy


def _is_contended(error: ClientError) -> bool:
    reasons = {reason["Code"] for reason in error.response.get("CancellationReasons", ())}
    return _CONDITION_FAILED not in reasons and not _CONTENDED.isdisjoint({error.response["Error"]["Code"], *reasons})

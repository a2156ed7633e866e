"""How DynamoDB is asked: pages, batches, transactions, and the condition that an item is at a version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from handlers.storage.clients import dynamodb
from handlers.storage.errors import Busy, Contended, Unavailable
from handlers.storage.retry import attempts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

CONDITION_FAILED = "ConditionalCheckFailed"
CONFLICT = "TransactionConflict"

# The most keys that BatchGetItem and BatchWriteItem take.
_MOST_READ, _MOST_WRITTEN = 100, 25

_CONTENDED = {"TransactionConflictException", CONFLICT}
# The first code says that an attempt whose answer was lost is still being carried out.
_UNAVAILABLE = {"TransactionInProgressException", "ThrottlingError", "ProvisionedThroughputExceeded"}


def pages(query: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The items of each page of a Query, which is asked for when the caller wants it. Raises Unavailable."""
    asked = dict(query)
    while True:
        answer = dynamodb().query(**asked)
        yield answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def get_item(table: str, key: Mapping[str, Any]) -> dict[str, Any]:
    """The item as it stands now; empty if there is none. Raises Unavailable."""
    item: dict[str, Any] = dynamodb().get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return item


def batch_get(table: str, keys: Sequence[Mapping[str, Any]], **options: Any) -> Iterator[Any]:
    """The items of these keys that exist, in any order. `options` are those of BatchGetItem. Raises Unavailable."""
    for _, item in batch_get_of_tables({table: keys}, **options):
        yield item


def batch_get_of_tables(
    keys: Mapping[str, Sequence[Mapping[str, Any]]], **options: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The items of these keys that exist, each with its table, in any order. Raises Unavailable."""
    for some in _batches([(table, key) for table, of_table in keys.items() for key in of_table], _MOST_READ):
        asked: Any = {}
        for table, key in some:
            asked.setdefault(table, {"Keys": [], **options})["Keys"].append(key)
        tries = attempts(at_the_end=Unavailable)
        while asked:
            next(tries)
            answer = dynamodb().batch_get_item(RequestItems=asked)
            for table, items in answer["Responses"].items():
                yield from ((table, item) for item in items)
            if (rest := answer.get("UnprocessedKeys")) != asked:  # as long as it goes on, nothing is in the way
                tries = attempts(at_the_end=Unavailable)
            asked = rest


def transact_get(table: str, keys: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those of the items that exist, all as they were at one moment. Raises Contended, Unavailable."""
    found: list[dict[str, Any]] = []

    def read() -> None:
        answer = dynamodb().transact_get_items(
            TransactItems=[{"Get": {"TableName": table, "Key": key}} for key in keys]
        )
        found[:] = [response["Item"] for response in answer["Responses"] if "Item" in response]

    patiently(read)
    return found


def batch_delete(table: str, keys: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Delete the items of these keys; yields after each batch. Raises Unavailable."""
    for some in _batches(keys, _MOST_WRITTEN):
        wanted: Any = {table: [{"DeleteRequest": {"Key": key}} for key in some]}
        tries = attempts(at_the_end=Unavailable)
        while wanted:
            next(tries)
            wanted = dynamodb().batch_write_item(RequestItems=wanted).get("UnprocessedItems")
        yield


def at_version(version: int) -> Any:
    """The condition that an item is stored at that version, as part of a write."""
    return {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":expected": {"N": str(version)}},
    }


def transact(actions: Sequence[TransactWriteItemTypeDef], *, retry_conflicts: bool = True) -> Sequence[dict[str, Any]]:
    """Write all of it or nothing.

    Returns for each action DynamoDB's reason why it failed (`Code`, and `Item` where the action asks for it), and an
    empty one for an action that did not; all are empty when everything is written. A condition that does not hold fails
    at once. A conflict with another write is tried again; without `retry_conflicts` it is a failure too. Raises
    Contended, Unavailable.
    """
    # One token for all attempts: DynamoDB makes a transaction once, however often it arrives within ten minutes. So the
    # answer to a later attempt is right also when the answer to an earlier one was lost.
    token = uuid4().hex

    def write() -> None:
        dynamodb().transact_write_items(TransactItems=actions, ClientRequestToken=token)

    try:
        patiently(write, retry_conflicts=retry_conflicts)
    except dynamodb().exceptions.TransactionCanceledException as error:
        reasons: Any = error.response["CancellationReasons"]
        failures = {CONDITION_FAILED} if retry_conflicts else {CONDITION_FAILED, CONFLICT}
        failed = [reason if reason["Code"] in failures else {} for reason in reasons]
        if not any(failed):
            raise
        return failed
    return [{} for _ in actions]


def patiently(write: Callable[[], object], *, retry_conflicts: bool = True) -> None:
    """Write, and write again as long as DynamoDB throttles or, with `retry_conflicts`, other writes are in the way.

    Raises Contended or Unavailable, by the obstacle of the last attempt; and whatever else the write raises.
    """
    tries = attempts()
    failure: Busy | None = None
    while True:
        try:
            next(tries)
        except Busy:
            raise failure or Contended from None
        try:
            write()
        except ClientError as error:
            failure = _obstacle(error)
            if failure is None or (isinstance(failure, Contended) and not retry_conflicts):
                raise
        else:
            return


def _obstacle(error: ClientError) -> Busy | None:
    """Why a write failed that may be tried again; None for one that was refused for good."""
    codes = {reason["Code"] for reason in error.response.get("CancellationReasons", ())}
    if CONDITION_FAILED in codes:
        return None
    codes.add(error.response["Error"]["Code"])
    if not codes.isdisjoint(_UNAVAILABLE):
        return Unavailable()
    return None if codes.isdisjoint(_CONTENDED) else Contended()


def _batches(keys: Sequence[Any], most: int) -> Iterator[list[Any]]:
    rest = iter(keys)
    while some := list(islice(rest, most)):
        yield some

"""All requests to DynamoDB: pages, batches, transactions, conditions, and the repetition of writes.

A write is given as an action of a transaction ({"Put": ...}), also where it stands alone. A condition is the part of a
write that holds it, or the text of one test in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple
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

# A page of a list is answered after so many queries or bytes, full or not: filters may discard all that is read. Of the
# 6 MB that a Lambda may answer, a Query may add 1 MB to what is there.
MOST_QUERIES = 6
ENOUGH_BYTES = 1_500_000

_CONTENDED = {"TransactionConflictException", CONFLICT}
# This code says that an attempt whose answer was lost is still being carried out.
_IN_PROGRESS = "TransactionInProgressException"
_THROTTLED = {"ThrottlingError", "ProvisionedThroughputExceeded"}
_UNAVAILABLE = {_IN_PROGRESS, *_THROTTLED}


class Page(NamedTuple):
    """A page of a Query: DynamoDB's answer."""

    answer: Any

    @property
    def items(self) -> list[Any]:
        """The items; a Query that only counts has none."""
        items: list[Any] = self.answer["Items"]
        return items

    @property
    def last(self) -> Any:
        """The key of the item up to which the page was read, behind which the next one begins; None at the end."""
        return self.answer.get("LastEvaluatedKey")

    @property
    def size(self) -> int:
        """How many bytes were received."""
        return int(self.answer["ResponseMetadata"]["HTTPHeaders"].get("content-length", 0))


def pages(
    query: Mapping[str, Any], *, after: Any = None, next_limit: Callable[[int], int] | None = None
) -> Iterator[Page]:
    """The pages of a Query to its end, each of which is asked for when the caller wants it. Raises Unavailable.

    after: the key behind which the first page begins. next_limit: the limit of a further page, by that of the page
    before it; without one, all pages have that of the query.
    """
    asked = dict(query)
    while True:
        if after is not None:
            asked["ExclusiveStartKey"] = after
        page = Page(dynamodb().query(**asked))
        yield page
        if (after := page.last) is None:
            return
        if next_limit is not None:
            asked["Limit"] = next_limit(asked["Limit"])


def all_items(query: Mapping[str, Any]) -> Iterator[Any]:
    """The items of a Query, one page in memory at a time. Raises Unavailable."""
    for page in pages(query):
        yield from page.items


def one_page(query: Mapping[str, Any], after: Any = None) -> Page:
    """The first page of a Query alone, from behind that key. Raises Unavailable."""
    return next(pages(query, after=after))


def page_of_list(query: Mapping[str, Any], limit: int, after: Any = None) -> tuple[list[Any], bool]:
    """At most `limit` items of a Query without a filter, from behind that key, and whether there are more. Asks once.

    Raises Unavailable.
    """
    page = one_page({**query, "Limit": limit + 1}, after)
    return page.items[:limit], len(page.items) > limit or page.last is not None


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

    _with_retries(read)
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


def is_absent(name: str) -> str:
    """The test that an item has no such attribute, or that there is no item."""
    return f"attribute_not_exists({name})"


def absent(name: str) -> Any:
    """The condition that there is no item; `name` is an attribute that each has, behind "#" if DynamoDB reserves it."""
    names = {"ExpressionAttributeNames": {name: name.removeprefix("#")}} if name.startswith("#") else {}
    return {"ConditionExpression": is_absent(name), **names}


def at_version(version: int, *tests: str, values: Mapping[str, Any] | None = None) -> Any:
    """The condition that an item is stored at that version; 0 says that there is none.

    tests: what else it has to be. values: the values of the tests, and of an update with this condition.
    """
    named: dict[str, Any] = {":expected": {"N": str(version)}} if version else {}
    named |= values or {}
    return {
        "ConditionExpression": " AND ".join(["#version = :expected" if version else is_absent("#version"), *tests]),
        "ExpressionAttributeNames": {"#version": "version"},
        **({"ExpressionAttributeValues": named} if named else {}),
    }


def write_if(action: TransactWriteItemTypeDef) -> bool:
    """Write an item by itself, with a Put or an Update that has a condition. Returns whether the condition held.

    Raises Contended, Unavailable.
    """
    [(kind, given)] = action.items()
    asked: Any = given
    write: Any = {"Put": dynamodb().put_item, "Update": dynamodb().update_item}[kind]
    try:
        _with_retries(lambda: write(**asked))
    except dynamodb().exceptions.ConditionalCheckFailedException:
        return False
    return True


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
    try:
        _with_retries(lambda: _write_together(actions, token), retry_conflicts=retry_conflicts)
    except dynamodb().exceptions.TransactionCanceledException as error:
        return _failed(error, {CONDITION_FAILED} if retry_conflicts else {CONDITION_FAILED, CONFLICT})
    return [{} for _ in actions]


def transact_once(actions: Sequence[TransactWriteItemTypeDef]) -> Sequence[dict[str, Any]]:
    """Write all of it or nothing, in one attempt: for a caller that reads everything again before the next.

    Returns reasons as `transact` does, also for what was in conflict or throttled. Raises Unavailable.
    """
    try:
        _write_together(actions, uuid4().hex)
    except dynamodb().exceptions.TransactionCanceledException as error:
        return _failed(error, {CONDITION_FAILED, CONFLICT, *_THROTTLED})
    except dynamodb().exceptions.TransactionInProgressException:
        return [{"Code": _IN_PROGRESS} for _ in actions]
    return [{} for _ in actions]


def _write_together(actions: Sequence[TransactWriteItemTypeDef], token: str) -> None:
    dynamodb().transact_write_items(TransactItems=actions, ClientRequestToken=token)


def _failed(error: ClientError, codes: Collection[str]) -> Sequence[dict[str, Any]]:
    """For each action of a cancelled transaction the reason why it failed, if its code is one of these, else an empty
    one. Raises the error itself when it has none of them.
    """
    reasons: Any = error.response["CancellationReasons"]
    failed = [reason if reason["Code"] in codes else {} for reason in reasons]
    if not any(failed):
        raise error
    return failed


def _with_retries(write: Callable[[], object], *, retry_conflicts: bool = True) -> None:
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

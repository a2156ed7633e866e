"""Patch of ministack's DynamoDB: a Query looks at what its keys ask for, and not at all items of the partition.

Without it the time of every Query grows with all that a user has, and what reads a long history in pages takes the
square of its length: the rebuild of a user's statistics asks once for each day.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from itertools import islice
from types import FunctionType
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]

DYNAMODB = "ministack.services.dynamodb"
# More than the megabyte of a page: what is beyond the page tells ministack that another follows.
LOOKED_AT = 2 << 20
CONDITION = re.compile(
    r"#?\w+ = (?P<partition>:\w+)"
    r"(?: AND (?:begins_with\(#?\w+, (?P<prefix>:\w+)\)|#?\w+ BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)))?"
)
_BEYOND_ALL = chr(0x10FFFF)


class SortedKeys:
    """The sort keys of partitions in their order, each made when it is first asked for and then kept up."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Json, list[str]]] = {}

    def of(self, partition: Json) -> list[str]:
        """The keys of this partition's items."""
        held, keys = self._kept.get(id(partition), (None, []))
        if held is not partition or len(keys) != len(partition):
            keys = sorted(partition)
            self._kept[id(partition)] = partition, keys
        return keys

    def add(self, partition: Json, key: str) -> None:
        """Keep up with an item that is new in this partition."""
        if id(partition) in self._kept:
            insort(self._kept[id(partition)][1], key)

    def remove(self, partition: Json, key: str) -> None:
        """Keep up with an item that is no more in this partition."""
        if id(partition) in self._kept:
            keys = self._kept[id(partition)][1]
            place = bisect_left(keys, key)
            if keys[place : place + 1] == [key]:
                del keys[place]


def has_text_as_sort_key(table: Json) -> bool:
    """Whether the order of the keys is that of texts."""
    return {"AttributeName": table["sk_name"], "AttributeType": "S"} in table["AttributeDefinitions"]


def looked_at(request: Json, table: Json, keys: SortedKeys, size: Callable[[Json], int]) -> Json | None:
    """The partitions of a table, cut to what a page of this Query is of; none for a Query of another form."""
    asked = CONDITION.fullmatch(request.get("KeyConditionExpression", ""))
    if asked is None or "IndexName" in request or not request.get("ScanIndexForward", True):
        return None
    values = request.get("ExpressionAttributeValues", {})
    given = {name: values.get(value, {}).get("S") for name, value in asked.groupdict().items() if value}
    if None in given.values():
        return None
    partition = table["items"].get(given["partition"], {})
    low = given.get("prefix", given.get("low", ""))
    high = given["prefix"] + _BEYOND_ALL if "prefix" in given else given.get("high", _BEYOND_ALL)
    if after := (request.get("ExclusiveStartKey") or {}).get(table["sk_name"]):
        low = max(low, after.get("S", ""))
    return {given["partition"]: dict(_page(partition, keys.of(partition), low, high, request.get("Limit"), size))}


def _page(
    partition: Json, keys: list[str], low: str, high: str, limit: int | None, size: Callable[[Json], int]
) -> Iterator[tuple[str, Json]]:
    begin = bisect_left(keys, low)
    # With the item that the page begins after, and the one that tells that another page follows.
    end = len(keys) if limit is None else begin + int(limit) + 2
    weight = 0
    for key in islice(keys, begin, end):
        if key > high or weight > LOOKED_AT:
            return
        weight += size(partition[key])
        yield key, partition[key]


def _apply() -> None:
    module = f"{DYNAMODB}:"
    query, set_item, remove_item = (take(module + name) for name in ("_query", "_set_item", "_remove_item"))
    tables, plain_name, size = (
        take(module + name) for name in ("_tables", "_normalize_table_name", "_item_size_bytes")
    )
    keys = SortedKeys()

    def query_part(request: Json) -> Any:
        name = plain_name(request.get("TableName"))
        table = tables.get(name)
        part = looked_at(request, table, keys, size) if table and has_text_as_sort_key(table) else None
        if part is None:
            return query(request)
        # The same function, for which there is but this table, and of it but this part.
        seen = {**query.__globals__, "_tables": {name: {**table, "items": part}}}
        return FunctionType(query.__code__, seen)(request)

    def set_and_sort(table: Json, partition: Any, key: Any, item: Json) -> Any:
        is_new = key not in table["items"].get(partition, {})
        old = set_item(table, partition, key, item)
        if is_new:
            keys.add(table["items"][partition], key)
        return old

    def remove_and_sort(table: Json, partition: Any, key: Any) -> Any:
        held = table["items"].get(partition, {})
        old = remove_item(table, partition, key)
        keys.remove(held, key)
        return old

    put(module + "_query", query_part)
    put(module + "_set_item", set_and_sort)
    put(module + "_remove_item", remove_and_sort)


PATCHES = [
    Patch(
        "time of a Query",
        ministack="evaluates and sorts all items of a partition for every page",
        aws="reads from where the page begins, and no more than the page",
        needs=tuple(
            f"{DYNAMODB}:{name}"
            for name in ("_query", "_set_item", "_remove_item", "_tables", "_normalize_table_name", "_item_size_bytes")
        ),
        apply=_apply,
    )
]

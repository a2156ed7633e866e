"""Patches of ministack's DynamoDB: Query and Scan read only the items of the requested page.

Without them the time for each page grows with the number of a user's items, so reading a long history takes quadratic
time. ministack's own functions still process the requests: they get a table with only the items of one page and a few
more.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, total_ordering
from itertools import islice
from threading import RLock
from types import FunctionType
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]
# An item's place in a partition: the value that the partition is sorted by, and the keys of the item in the table.
Entry = tuple[Any, str, str]

DYNAMODB = "ministack.services.dynamodb"
# Bytes; more than the megabyte of a page, so that ministack sees that another page follows.
LOOKED_AT = 2 << 20
MEMBERS = "_index_members"  # ministack's sets of the items in each index
LARGEST_LIMIT = 2**31 - 1
COMPARISONS = {"EQ": "=", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}


@total_ordering
class _Top:
    """Greater than everything."""

    def __gt__(self, other: object) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


TOP = _Top()


@dataclass(frozen=True)
class Keys:
    """The partition and sort attributes of a table or an index."""

    partition: str
    sort: str | None
    table_partition: str
    table_sort: str | None


def keys_of(table: Json, index_name: str | None) -> Keys | None:
    """The keys; None for forms that this product does not use: several attributes, or table keys other than strings."""
    schema = table["KeySchema"]
    if index_name is not None:
        indexes = table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", [])
        schema = next((index["KeySchema"] for index in indexes if index["IndexName"] == index_name), [])
    hashes = [key["AttributeName"] for key in schema if key["KeyType"] == "HASH"]
    ranges = [key["AttributeName"] for key in schema if key["KeyType"] == "RANGE"]
    types = {attribute["AttributeName"]: attribute["AttributeType"] for attribute in table["AttributeDefinitions"]}
    own = (table["pk_name"], table["sk_name"])
    if len(hashes) != 1 or len(ranges) > 1 or any(types.get(name) != "S" for name in own if name):
        return None
    return Keys(hashes[0], ranges[0] if ranges else None, *own)


class Ordered:
    """The items of each table and index, by partition and in sort order; updated with every write.

    `sort_value` is ministack's function for the value by which an attribute is sorted, given table and attribute.
    """

    def __init__(self, sort_value: Callable[[Json, str, Json], Any]) -> None:
        # ministack deletes expired items in a thread of its own, while requests are served.
        self.lock = RLock()
        self._sort_value = sort_value
        self._kept: dict[tuple[int, str | None], tuple[Any, Keys, dict[str, list[Entry]]]] = {}

    def partition(self, table: Json, index_name: str | None, keys: Keys, of: str) -> list[Entry]:
        """The entries of one partition."""
        items, _keys, partitions = self._kept.get((id(table), index_name), (None, keys, {}))
        if items is not table["items"]:  # never asked before, or replaced by a restore
            partitions = self._built(table, keys)
            self._kept[id(table), index_name] = table["items"], keys, partitions
        return partitions.get(of, [])

    def replace(self, table: Json, old: Json | None, new: Json | None) -> None:
        """Update the entries after a write or deletion of one item."""
        with self.lock:
            for (table_id, _index), (items, keys, partitions) in self._kept.items():
                if table_id == id(table) and items is table["items"]:
                    self._move(partitions, *(self._placed(table, keys, item) if item else None for item in (old, new)))

    @staticmethod
    def _move(
        partitions: dict[str, list[Entry]], before: tuple[str, Entry] | None, after: tuple[str, Entry] | None
    ) -> None:
        if before == after:
            return
        if before is not None:
            entries = partitions[before[0]]
            del entries[bisect_left(entries, before[1])]
            if not entries:
                del partitions[before[0]]
        if after is not None:
            insort(partitions.setdefault(after[0], []), after[1])

    def _built(self, table: Json, keys: Keys) -> dict[str, list[Entry]]:
        partitions: dict[str, list[Entry]] = {}
        for sort_map in table["items"].values():
            for item in sort_map.values():
                if (placed := self._placed(table, keys, item)) is not None:
                    partitions.setdefault(placed[0], []).append(placed[1])
        for entries in partitions.values():
            entries.sort()
        return partitions

    def _placed(self, table: Json, keys: Keys, item: Json) -> tuple[str, Entry] | None:
        """Partition and entry of an item; None if it is not in this index."""
        if keys.partition not in item or (keys.sort and keys.sort not in item):
            return None
        [partition] = item[keys.partition].values()
        [table_partition] = item[keys.table_partition].values()
        table_sort = next(iter(item[keys.table_sort].values())) if keys.table_sort else ""
        sort = self._sort_value(table, keys.sort, item[keys.sort]) if keys.sort else ""
        return partition, (sort, table_partition, table_sort)


@dataclass(frozen=True)
class Condition:
    """A KeyConditionExpression: a partition, and a comparison of the sort key if there is one."""

    partition: Json
    comparison: str | None = None  # "=", "<", "<=", ">", ">=", "BETWEEN" or "begins_with"
    values: tuple[Json, ...] = ()


def condition_of(request: Json, keys: Keys, clauses: Iterable[Any]) -> Condition | None:
    """The condition, from ministack's parsed tokens; None for forms that are left to ministack."""
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    partition: Json | None = None
    comparison: str | None = None
    compared: tuple[Json, ...] = ()
    for clause in clauses:
        read = _read(clause, names, values)
        if read is None:
            return None
        name, operator, operands = read
        if name == keys.partition and operator == "=" and partition is None:
            partition = operands[0]
        elif name == keys.sort and comparison is None:
            comparison, compared = operator, operands
        else:
            return None
    return None if partition is None else Condition(partition, comparison, compared)


def _read(clause: Any, names: Json, values: Json) -> tuple[str, str, tuple[Json, ...]] | None:
    kinds = [kind for kind, _text in clause]
    texts = [text for _kind, text in clause]
    operands = tuple(values[text] for kind, text in clause if kind == "VALUE_REF" and text in values)

    def name(position: int) -> str:
        return str(names.get(texts[position]) if kinds[position] == "NAME_REF" else texts[position])

    if len(clause) == 3 and kinds[1] in COMPARISONS and kinds[2] == "VALUE_REF" and len(operands) == 1:
        return name(0), COMPARISONS[kinds[1]], operands
    if len(clause) == 5 and texts[1].upper() == "BETWEEN" and len(operands) == 2:
        return name(0), "BETWEEN", operands
    if len(clause) == 6 and texts[0].lower() == "begins_with" and len(operands) == 1:
        return name(2), "begins_with", operands
    return None


def bounds(entries: list[Entry], comparison: str | None, values: tuple[Any, ...]) -> tuple[int, int]:
    """The range of entries for which the comparison holds. The values are sort values, like the entries'."""
    first, end = 0, len(entries)
    if comparison in ("=", ">=", "BETWEEN", "begins_with"):
        first = bisect_left(entries, (values[0],))
    elif comparison == ">":
        first = bisect_right(entries, (values[0], TOP))
    if comparison in ("=", "<=", "BETWEEN"):
        end = bisect_right(entries, (values[-1], TOP))
    elif comparison == "<":
        end = bisect_left(entries, (values[0],))
    elif comparison == "begins_with":
        end = bisect_left(entries, True, lo=first, key=lambda entry: not entry[0].startswith(values[0]))
    return first, max(first, end)


class Pages:
    """Cuts tables to the page that a request asks for. The functions are ministack's."""

    def __init__(
        self,
        ordered: Ordered,
        clauses: Callable[[str], Iterable[Any]],
        sort_value: Callable[[Json, str, Json], Any],
        size: Callable[[Json], int],
    ) -> None:
        self._ordered = ordered
        self._clauses = clauses
        self._sort_value = sort_value
        self._size = size

    def of_query(self, request: Json, table: Json) -> Json | None:
        """The table with only the items of this Query's page; None if the request is left to ministack."""
        index_name = request.get("IndexName")
        keys = keys_of(table, index_name)
        condition = keys and condition_of(request, keys, self._clauses(request.get("KeyConditionExpression", "")))
        if not keys or not condition or set(condition.partition) != {"S"}:
            return None
        if keys.sort:
            values = tuple(self._sort_value(table, keys.sort, value) for value in condition.values)
        entries = self._ordered.partition(table, index_name, keys, condition.partition["S"])
        first, end = bounds(entries, condition.comparison, values if keys.sort else ())
        forward = request.get("ScanIndexForward", True)
        if start := request.get("ExclusiveStartKey"):
            after = self._start(table, keys, start)
            if after is None:
                return None
            if forward:
                first = max(first, bisect_left(entries, after))
            else:
                end = min(end, bisect_right(entries, after))
        places = range(first, end) if forward else range(end - 1, first - 1, -1)
        page = self._page(table, (entries[place] for place in places), request.get("Limit"))
        members: Json = {}
        if index_name:
            members[index_name] = {condition.partition["S"]: dict.fromkeys((entry[1], entry[2]) for entry in page)}
        return self._cut(table, page, members)

    def of_scan(self, request: Json, table: Json) -> Json | None:
        """The same for a Scan of a whole table."""
        keys = keys_of(table, None)
        if keys is None or "IndexName" in request or "Segment" in request:
            return None
        start = request.get("ExclusiveStartKey") or {}
        after = self._start(table, keys, start) if start else ("", "", "")
        if after is None:
            return None

        def entries() -> Iterator[Entry]:
            for partition in sorted(partition for partition in table["items"] if partition >= after[1]):
                own = self._ordered.partition(table, None, keys, partition)
                yield from own[bisect_left(own, after) if partition == after[1] else 0 :]

        return self._cut(table, self._page(table, entries(), request.get("Limit")), {})

    def _start(self, table: Json, keys: Keys, start: Json) -> Entry | None:
        """The entry after which a page continues; None for an invalid key, which ministack then refuses."""
        names = [name for name in (keys.sort, keys.table_partition, keys.table_sort) if name]
        if not all(isinstance(start.get(name), dict) and len(start[name]) == 1 for name in names):
            return None
        sort = self._sort_value(table, keys.sort, start[keys.sort]) if keys.sort else ""
        [table_partition] = start[keys.table_partition].values()
        return sort, table_partition, next(iter(start[keys.table_sort].values())) if keys.table_sort else ""

    def _page(self, table: Json, entries: Iterator[Entry], limit: int | None) -> list[Entry]:
        # Includes the item before the page, and the one that shows that another page follows.
        most = None if limit is None else int(limit) + 2
        page, weight = [], 0
        for entry in islice(entries, most):
            if weight > LOOKED_AT:
                break
            weight += self._size(table["items"][entry[1]][entry[2]])
            page.append(entry)
        return page

    def _cut(self, table: Json, page: list[Entry], members: Json) -> Json:
        items: Json = defaultdict(dict)
        for _sort, partition, sort in page:
            items[partition][sort] = table["items"][partition][sort]
        return {**table, "items": items, MEMBERS: members}


def limit_error(request: Json) -> str | None:
    """What AWS says of a limit that is too large for an integer of 32 bits."""
    limit = request.get("Limit")
    return f"{limit} cannot be converted to Integer" if isinstance(limit, int) and limit > LARGEST_LIMIT else None


def _apply() -> None:
    module = f"{DYNAMODB}:"
    names = ("_query", "_scan", "_set_item", "_remove_item", "_tokenize")
    query, scan, set_item, remove_item, tokenize = (take(module + name) for name in names)
    tables, plain_name, size = (
        take(module + name) for name in ("_tables", "_normalize_table_name", "_item_size_bytes")
    )
    clauses, type_of, compared_by = (
        take(module + name) for name in ("_key_condition_clauses", "_get_attr_type", "_sort_key_value")
    )

    def sort_value(table: Json, name: str, attribute: Json) -> Any:
        return compared_by(attribute, type_of(table, name))

    ordered = Ordered(sort_value)
    pages = Pages(ordered, lambda expression: clauses(tokenize(expression)), sort_value, size)

    refuse = take(f"{DYNAMODB}:error_response_json")

    def on_a_page(function: Any, cut: Callable[[Json, Json], Json | None]) -> Callable[[Json], Any]:
        def run(request: Json) -> Any:
            if (error := limit_error(request)) is not None:
                return refuse("SerializationException", error, 400)
            name = plain_name(request.get("TableName"))
            table = tables.get(name)
            try:
                with ordered.lock:
                    part = cut(request, table) if table else None
            except (KeyError, IndexError, TypeError, ValueError, AttributeError):
                part = None  # an invalid request, which ministack refuses
            if part is None:
                return function(request)
            # The same function, with only this part of this table.
            seen = {**function.__globals__, "_tables": {name: part}}
            return FunctionType(function.__code__, seen)(request)

        return run

    def set_and_sort(table: Json, partition: Any, key: Any, item: Json) -> Any:
        old = set_item(table, partition, key, item)
        ordered.replace(table, old, item)
        return old

    def remove_and_sort(table: Json, partition: Any, key: Any) -> Any:
        old = remove_item(table, partition, key)
        ordered.replace(table, old, None)
        return old

    put(module + "_query", on_a_page(query, pages.of_query))
    put(module + "_scan", on_a_page(scan, pages.of_scan))
    put(module + "_set_item", set_and_sort)
    put(module + "_remove_item", remove_and_sort)


def _remember_tokens() -> None:
    remembered = lru_cache(maxsize=1000)(take(f"{DYNAMODB}:_tokenize"))

    def tokenize(expression: str) -> list[Any]:
        return list(remembered(expression))

    put(f"{DYNAMODB}:_tokenize", tokenize)


PATCHES = [
    Patch(
        "time of an expression",
        ministack="parses an expression again for each item",
        aws="parses it once",
        needs=(f"{DYNAMODB}:_tokenize",),
        apply=_remember_tokens,
    ),
    Patch(
        "time of Query and Scan",
        ministack="evaluates and sorts all items of a partition, or of the table, for every page, and takes any limit",
        aws="reads only the page, and refuses a limit of more than 32 bits",
        needs=tuple(
            f"{DYNAMODB}:{name}"
            for name in (
                "_query",
                "_scan",
                "_set_item",
                "_remove_item",
                "_tables",
                "_normalize_table_name",
                "_item_size_bytes",
                "_tokenize",
                "_key_condition_clauses",
                "_get_attr_type",
                "_sort_key_value",
                "error_response_json",
            )
        ),
        apply=_apply,
    ),
]

"""Counts the requests to AWS and the capacity that DynamoDB would bill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

READ_UNIT = 4096  # bytes
OPERATIONS = ("GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


@dataclass(frozen=True, slots=True)
class Use:
    """Requests to any service, and units of DynamoDB's capacity."""

    requests: float = 0
    reads: float = 0
    writes: float = 0

    def __add__(self, other: Use) -> Use:
        return Use(self.requests + other.requests, self.reads + other.reads, self.writes + other.writes)

    def __sub__(self, other: Use) -> Use:
        return Use(self.requests - other.requests, self.reads - other.reads, self.writes - other.writes)


class Meter:
    """Counts the requests of botocore's clients, and the units that DynamoDB bills for them.

    The embedded AWS reports the units of writes, indexes included. It does not report enough about reads, so their
    units are computed by DynamoDB's rule: one for each 4 KB of a consistent read, half of that for any other.
    """

    def __init__(self, dynamodb: Any, *others: Any) -> None:
        self.use = Use()
        self.scanned_bytes = 0.0  # of an item of the table that is scanned
        for operation in OPERATIONS:
            dynamodb.meta.events.register(f"provide-client-params.dynamodb.{operation}", self._ask)
            dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", self._count)
        for client in others:
            client.meta.events.register("after-call", self._count_request)

    def _ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        asked = next(iter(params["RequestItems"].values())) if "RequestItems" in params else params
        self._share = 1.0 if asked.get("ConsistentRead") else 0.5
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _count_request(self, **_: Any) -> None:
        self.use += Use(requests=1)

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        reads = writes = 0.0
        if model.name == "Scan":
            # A projection answers less than was read, so the caller gives the size of whole items.
            reads = self._share * read_units(parsed["ScannedCount"] * self.scanned_bytes)
        elif model.name == "Query":
            scanned = parsed["ScannedCount"] / max(1, parsed["Count"])
            reads = self._share * read_units(sum(map(weight, parsed["Items"])) * scanned)
        elif model.name == "BatchGetItem":
            items = [item for found in parsed["Responses"].values() for item in found]
            reads = self._share * sum(read_units(weight(item)) for item in items)
        elif model.name == "GetItem":
            reads = self._share * read_units(weight(parsed.get("Item", {})))
        elif told := parsed.get("ConsumedCapacity"):
            writes = sum(one["CapacityUnits"] for one in (told if isinstance(told, list) else [told]))
        self.use += Use(1, reads, writes)


def read_units(size: float) -> int:
    """The units of a consistent read of `size` bytes: one for each 4 KB, and at least one."""
    return max(1, ceil(size / READ_UNIT))


def weight(item: Mapping[str, Any]) -> int:
    """The bytes of an item by DynamoDB's rule: names and values, a byte for two digits, some overhead for nesting.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name) + _weight(value) for name, value in item.items())


def _weight(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "M":
        return 3 + sum(1 + len(name) + _weight(member) for name, member in content.items())
    if kind == "L":
        return 3 + sum(1 + _weight(member) for member in content)
    if kind == "N":
        return 1 + ceil(len(content.strip("-0.")) / 2)
    if kind == "B":
        return len(content)
    return len(content.encode()) if kind == "S" else 1

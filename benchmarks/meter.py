"""What DynamoDB is asked for, and what it would bill."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any


class Meter:
    """Counts what a boto3 client asks of DynamoDB, and the units that it is billed for.

    Of writes the embedded AWS tells the units, indexes included. Of reads it does not tell enough, so they are counted
    by the rule: each 4 KB of what was read, whole, or half as much where it need not be consistent.
    """

    def __init__(self, dynamodb: Any) -> None:
        self.reset()
        for operation in ("GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "TransactWriteItems"):
            dynamodb.meta.events.register(f"provide-client-params.dynamodb.{operation}", self._ask)
            dynamodb.meta.events.register(f"after-call.dynamodb.{operation}", self._count)

    def reset(self) -> None:
        """Begin to count anew."""
        self.requests, self.reads, self.writes = 0, 0.0, 0.0

    def _ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        self._share = 1.0 if "'ConsistentRead': True" in repr(params) else 0.5
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests += 1
        if model.name == "Query":
            scanned = parsed["ScannedCount"] / max(1, parsed["Count"])
            self.reads += self._share * max(1, ceil(sum(map(_size, parsed["Items"])) * scanned / 4096))
        elif model.name == "BatchGetItem":
            items = [item for found in parsed["Responses"].values() for item in found]
            self.reads += self._share * sum(ceil(_size(item) / 4096) for item in items)
        elif model.name == "GetItem":
            self.reads += self._share * max(1, ceil(_size(parsed.get("Item", {})) / 4096))
        else:
            told = parsed["ConsumedCapacity"]
            self.writes += sum(one["CapacityUnits"] for one in (told if isinstance(told, list) else [told]))


def _size(item: Mapping[str, Any]) -> int:
    """Of an item as DynamoDB counts: names and values, numbers by two digits a byte, a little for what nests."""
    return sum(len(name) + _size_of(value) for name, value in item.items())


def _size_of(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    if kind == "M":
        return 3 + _size(content)
    if kind == "L":
        return 3 + sum(1 + _size_of(one) for one in content)
    if kind == "N":
        return 1 + ceil(len(content) / 2)
    return len(content.encode()) if kind == "S" else 1

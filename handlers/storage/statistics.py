"""The statistics as they are read: summaries of days, and when they last changed. All reads are consistent.

`upkeep` writes what is read here, `stat_items` says how it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from handlers.journal.rows import Dimension, RowKey
from handlers.journal.summaries import DaySummary
from handlers.storage.clients import dynamodb, stats_table
from handlers.storage.stat_items import ROWS, TOTALS, Item, key, month_of, months_of, rows_in, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a user's statistics have come. The version rises with every change of any row, from 0."""

    last_updated: datetime | None
    version: int


def days(
    user_id: str,
    *,
    dimension: Dimension = Dimension.JOURNAL,
    value: str | None = None,
    first: date | None = None,
    last: date | None = None,
) -> dict[date, DaySummary]:
    """The days of one value, or of the whole journal, from the first to the last. Raises Busy.

    None when the first comes after the last. An item holds a month: ten years are 120 items, as a rule one request.
    """
    if first is not None and last is not None and first > last:
        return {}  # DynamoDB refuses a range whose end comes before its start
    months = months_of(dimension, value)
    low = months + ("0000-00" if first is None else month_of(first))
    high = months + ("9999-99" if last is None else month_of(last))
    return {row.day: summary for row, summary in _rows(_between(user_id, low, high), first, last)}


def rows(
    user_id: str, dimension: Dimension, *, first: date | None = None, last: date | None = None
) -> dict[RowKey, DaySummary]:
    """The days of every value of a dimension, from the first to the last. Raises Busy."""
    return dict(_rows(beginning_with(user_id, f"{ROWS}{dimension}|"), first, last))


def standing(user_id: str) -> Standing:
    """When the statistics last changed, and their version. Read it before the days that it is to speak for.

    Raises Busy.
    """
    answer = dynamodb().get_item(TableName=stats_table(), Key=key(user_id, TOTALS), ConsistentRead=True)
    item = answer.get("Item", {})
    return Standing(
        last_updated=datetime.fromisoformat(item["lastUpdated"]["S"]) if "lastUpdated" in item else None,
        version=int(item["version"]["N"]) if "version" in item else 0,
    )


def beginning_with(user_id: str, prefix: str) -> Iterator[Item]:
    """The user's items whose keys begin so, in the order of their keys. Raises Busy."""
    return _query(user_id, "begins_with(statKey, :prefix)", {":prefix": {"S": prefix}})


def _between(user_id: str, low: str, high: str) -> Iterator[Item]:
    return _query(user_id, "statKey BETWEEN :low AND :high", {":low": {"S": low}, ":high": {"S": high}})


def _query(user_id: str, within: str, values: Item) -> Iterator[Item]:
    query: Any = {
        "TableName": stats_table(),
        "KeyConditionExpression": f"userId = :user AND {within}",
        "ExpressionAttributeValues": {":user": {"S": user_id}, **values},
        "ConsistentRead": True,
    }
    while True:
        answer = dynamodb().query(**query)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _rows(items: Iterator[Item], first: date | None, last: date | None) -> Iterator[tuple[RowKey, DaySummary]]:
    for item in items:
        month = item["statKey"]["S"][-7:]
        if (first is not None and month < month_of(first)) or (last is not None and month > month_of(last)):
            continue
        for row, packed in rows_in(item).items():
            if (first is None or first <= row.day) and (last is None or row.day <= last):
                yield row, unpack(packed)

"""Exchange rates, in the ledger: an item for each pair of currencies and day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.journal.rates import DayRate, Rates
from handlers.storage import ledger
from handlers.storage.clients import ledger_table
from handlers.storage.codec import attribute
from handlers.storage.dynamo import all_items, page_of_list
from handlers.storage.errors import Contended

_ALL = "fx|"


def put(user_id: str, rates: Sequence[DayRate]) -> Iterator[int]:
    """Store the rates, each in place of an earlier one of its pair and day, 99 at a time.

    Yields how many are stored so far. Raises AccountErased, Busy.
    """
    by_key = {ledger.rate(rate.from_, rate.to, rate.day): rate for rate in rates}
    items = [rate_item(user_id, rate) for rate in by_key.values()]
    for begin in range(0, len(items), ledger.MOST_ACTIONS):
        some = items[begin : begin + ledger.MOST_ACTIONS]
        if any(ledger.write(user_id, [ledger.put(item) for item in some], retry_conflicts=True)):
            raise Contended
        yield begin + len(some)


def rate_item(user_id: str, rate: DayRate) -> ledger.Item:
    """The rate as an item of the ledger."""
    return {**ledger.key(user_id, ledger.rate(rate.from_, rate.to, rate.day)), "rate": attribute(rate.rate)}


def every(user_id: str) -> Rates:
    """All rates of the user. Reads eventually consistent, at half the price, as books are read. Raises Busy."""
    query = {
        "TableName": ledger_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(#item, :prefix)",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":prefix": {"S": _ALL}},
    }
    return Rates(map(rate_of, all_items(query)))


def stored(user_id: str) -> Iterator[DayRate]:
    """All rates of the user by pair and day, as they stand now. Raises Busy."""
    return (rate_of(item) for item in ledger.below(user_id, _ALL))


def page(
    user_id: str, from_: str, to: str, first: date | None, last: date | None, *, limit: int, after: date | None
) -> tuple[list[DayRate], bool]:
    """At most `limit` rates of a pair by day, from behind the day `after`; and whether there are more. Raises Busy."""
    prefix = ledger.rate(from_, to)
    low = prefix if first is None else ledger.rate(from_, to, first)
    high = prefix + "~" if last is None else ledger.rate(from_, to, last)
    if low > high:
        return [], False
    query = {
        "TableName": ledger_table(),
        "KeyConditionExpression": "userId = :user AND #item BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":low": {"S": low}, ":high": {"S": high}},
        "ConsistentRead": True,
    }
    behind = None if after is None else ledger.key(user_id, ledger.rate(from_, to, after))
    found, has_more = page_of_list(query, limit, behind)
    return [rate_of(item) for item in found], has_more


def rate_of(item: Any) -> DayRate:
    """The rate that the item holds."""
    _, from_, to, day = item["item"]["S"].split("|")
    return DayRate(from_, to, date.fromisoformat(day), Decimal(item["rate"]["N"]))

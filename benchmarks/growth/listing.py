"""Cost of a page of listTrades as the journal grows: requests and read units, for every combination of filters.

The journal's own storage asks indexes that live in this process and bill as DynamoDB does: every item that a Query
evaluates, whether or not a filter then hides it, rounded up to 4 KB in all and halved, since an index is read
eventually consistently; a Query ends at its limit or at 1 MB. The embedded AWS, which the other growth is measured on,
sorts the whole index for every page: for these thousand pages it would take an hour.

    python -m benchmarks.growth.listing [--trades 100000]
"""

from __future__ import annotations

import argparse
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

from benchmarks.growth.journals import TODAY, journal
from benchmarks.growth.meter import read_units, weight
from handlers.journal.trade import Side, Status
from handlers.storage import clients, trade_queries
from handlers.storage.trade_items import trade_item
from handlers.storage.trade_queries import TradeFilter

USER = "11111111-aaaa-4bbb-8ccc-000000000001"
LIMIT = 50
A_DAY = 10
OPEN = 60
PAGE = 1 << 20  # bytes
SORT_KEYS = {
    "trades-by-date-gsi": "openDate",
    "user-symbol-date-gsi": "symbolOpenDate",
    "user-status-date-gsi": "statusOpenDate",
    "user-idempotency-gsi": "idempotencyKey",
}


@dataclass
class Cost:
    """What was asked, and what AWS would bill for it."""

    requests: int = 0
    units: float = 0


@dataclass(frozen=True)
class Row:
    """A combination of filters, whether an index serves it all, and its first page's cost by the journal's trades."""

    filters: str
    served: bool
    costs: dict[int, Cost] = field(default_factory=dict)


class Indexes:
    """The table's indexes, as Query reads them."""

    def __init__(self, count: int) -> None:
        items = [trade_item(trade) for trade in journal(USER, count, a_day=A_DAY, open_=OPEN)]
        self.cost = Cost()
        self._entries = {
            index: sorted((item[key]["S"], item["tradeId"]["S"], number) for number, item in enumerate(items))
            for index, key in SORT_KEYS.items()
        }
        self._items = items
        self._sizes = [100 + weight(item) for item in items]

    def query(self, **asked: Any) -> dict[str, Any]:
        """As DynamoDB answers, for the expressions of the lists."""
        names, values = asked["ExpressionAttributeNames"], asked["ExpressionAttributeValues"]
        entries, sort_key = self._entries[asked["IndexName"]], SORT_KEYS[asked["IndexName"]]
        low, high = (values[name]["S"] for name in ((":key", ":key") if ":key" in values else (":low", ":high")))
        begin, end = bisect_left(entries, (low,)), bisect_right(entries, (high, chr(0x10FFFF)))
        forward = asked.get("ScanIndexForward", True)
        if after := asked.get("ExclusiveStartKey"):
            place = (after[sort_key]["S"], after["tradeId"]["S"])
            begin, end = (
                (bisect_right(entries, (*place, len(entries))), end)
                if forward
                else (begin, bisect_left(entries, place))
            )
        tests = asked["FilterExpression"].split(" AND ") if "FilterExpression" in asked else []
        found, weighed, last = [], 0, None
        places = range(begin, end) if forward else range(end - 1, begin - 1, -1)
        for read, place_ in enumerate(places, 1):
            number = entries[place_][2]
            item = self._items[number]
            weighed += self._sizes[number]
            if all(holds(test, item, names, values) for test in tests):
                found.append(item)
            if (read == asked.get("Limit") or weighed >= PAGE) and read < len(places):
                last = {name: item[name] for name in ("userId", "tradeId", sort_key)}
                break
        self.cost.requests += 1
        self.cost.units += read_units(weighed) / 2
        answer = {"Items": found, "ResponseMetadata": {"HTTPHeaders": {"content-length": str(len(found) * 1500)}}}
        return answer if last is None else {**answer, "LastEvaluatedKey": last}


def holds(test: str, item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """Whether a part of a filter holds."""
    if test.startswith("contains("):
        name, value = test.removeprefix("contains(").rstrip(")").split(", ")
        return values[value] in item.get(names[name], {"L": []})["L"]
    if test.startswith("begins_with("):
        name, value = test.removeprefix("begins_with(").rstrip(")").split(", ")
        return bool(item[names[name]]["S"].startswith(values[value]["S"]))
    if " IN (" in test:
        name, _, listed = test.rstrip(")").partition(" IN (")
        return item.get(names[name]) in [values[value] for value in listed.split(", ")]
    name, operator, value = test.split(" ")
    held, wanted = item.get(names[name], {}).get("S"), values[value]["S"]
    if held is None:
        return False
    return bool({"=": held == wanted, ">=": held >= wanted, "<=": held <= wanted}[operator])


FILTERS: dict[str, tuple[dict[str, Any], ...]] = {
    "symbol": ({}, {"symbol": "AAPL"}),
    "status": ({}, {"statuses": (Status.OPEN,)}, {"statuses": (Status.CLOSED,)}),
    "days": ({}, {"open_from": (TODAY - timedelta(30)).date(), "open_to": TODAY.date()}),
    "side": ({}, {"side": Side.BUY}),
    "setup": ({}, {"setup_type": "gap"}),
    "tags": ({}, {"tags": ("news",)}),
}


def combinations() -> Iterator[tuple[str, bool, TradeFilter]]:
    """Each combination of filters: its name, whether an index serves it all, the filter."""
    for chosen in product(*FILTERS.values()):
        given = {name: value for part in chosen for name, value in part.items()}
        words = [str(given.get("symbol", "")), *map(str, given.get("statuses", ()))]
        words += [name for name in ("side", "setup_type", "tags", "open_from") if name in given]
        served = not given.keys() & {"side", "setup_type", "tags"} and not given.keys() >= {"symbol", "statuses"}
        yield " + ".join(filter(None, words)) or "none", served, TradeFilter(**given)
    yield "idempotency key", True, TradeFilter(idempotency_key="key-7")


def first_page(indexes: Indexes, wanted: TradeFilter) -> Cost:
    """The cost of the first page."""
    indexes.cost = Cost()
    trade_queries.list_trades(USER, wanted, limit=LIMIT)
    return indexes.cost


def measure(counts: Sequence[int]) -> list[Row]:
    """For each combination of filters, what its first page costs in journals of so many trades."""
    rows = [Row(name, served) for name, served, _ in combinations()]
    kept = clients.new_client
    try:
        for count in counts:
            indexes = Indexes(count)
            clients.new_client = lambda *_, indexes=indexes: indexes
            clients.clear()
            for row, (_, _, wanted) in zip(rows, combinations(), strict=True):
                row.costs[count] = first_page(indexes, wanted)
    finally:
        clients.new_client = kept
        clients.clear()
    return rows


def main() -> None:
    arguments = argparse.ArgumentParser(description="How pages of listTrades grow with the journal.")
    arguments.add_argument("--trades", type=int, default=100_000, help="in the longest journal")
    given = arguments.parse_args()
    os.environ["TRADES_TABLE"] = "trades"
    for row in measure((given.trades // 100, given.trades // 10, given.trades)):
        print(row)


if __name__ == "__main__":
    main()

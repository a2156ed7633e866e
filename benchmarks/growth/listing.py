"""Measures the cost of a page of listTrades as the journal grows: requests and read units, for each set of filters.

The product's storage queries indexes in this process, which bill as DynamoDB does: a Query is billed for every item
that it evaluates, also if a filter then hides it. Their sizes are added, rounded up to 4 KB and halved, since an index
is read with eventual consistency. A Query ends at its limit or at 1 MB. The embedded AWS, on which the other growth is
measured, would take an hour for these thousand pages.

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
    """The requests, and the read units that AWS would bill for them."""

    requests: int = 0
    units: float = 0


@dataclass(frozen=True)
class Row:
    """A set of filters, whether an index serves all of it, and the first page's cost by the journal's length."""

    filters: str
    served: bool
    costs: dict[int, Cost] = field(default_factory=dict)


class Indexes:
    """The table's indexes, in the order in which Query reads them."""

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
        """Answer like DynamoDB, for the expressions that the lists use."""
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
    """Whether one condition of a filter holds for the item."""
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
    """Yield each set of filters: its name, whether an index serves all of it, and the filter."""
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
    """Measure for each set of filters what the first page costs in journals of these lengths."""
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

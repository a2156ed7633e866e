"""What a page of listTrades costs as the journal grows: requests and read units, for every combination of filters.

The journal's own storage asks indexes that live in this process and bill as DynamoDB does: every item that a Query
evaluates, whether or not a filter then hides it, rounded up to 4 KB in all and halved, since an index is read
eventually consistently; a Query ends at its limit or at 1 MB. An item weighs its names and values in
UTF-8, numbers half a byte a digit and one more, and lists and maps 3 bytes and one for each member.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

from handlers.journal.trades import Close, JournalNotes, Side, Status, Trade, open_trade
from handlers.storage import clients, listing
from handlers.storage.items import trade_item
from handlers.storage.listing import TradeFilter

USER = "11111111-aaaa-4bbb-8ccc-000000000001"
SYMBOLS = ("AAPL", "MSFT", "TSLA", "ES", "NQ", "EURUSD", "BTC", "AMD")
TODAY = datetime(2026, 1, 30, 15, tzinfo=UTC)
LIMIT = 50
OPEN = 60
UNIT, PAGE = 4096, 1 << 20
SORT_KEYS = {
    "trades-by-date-gsi": "openDate",
    "user-symbol-date-gsi": "symbolOpenDate",
    "user-status-date-gsi": "statusOpenDate",
    "user-idempotency-gsi": "idempotencyKey",
}


def trades(count: int) -> Iterator[Trade]:
    """A journal of so many trades, ten a day from today backwards; the newest are open."""
    chance = Random(count)
    for number in range(count):
        opened = TODAY - timedelta(days=number // 10, minutes=number % 10)
        trade = Trade(
            user_id=USER,
            trade_id=f"33333333-cccc-4ddd-8eee-{number:012}",
            symbol=SYMBOLS[number % len(SYMBOLS)],
            side=chance.choice(list(Side)),
            quantity=Decimal(100),
            open_date=opened,
            entry_price=Decimal("185.25"),
            stop_loss=Decimal("183.25"),
            notes=JournalNotes(
                setup_type=chance.choice(("gap", "breakout", "pullback")),
                pre_trade_notes="Above the premarket high on volume; risk below the first pullback.",
                tags=tuple(chance.sample(("a+", "news", "plan", "late"), 2)),
            ),
            created_at=opened,
            updated_at=opened,
            idempotency_key=f"key-{number}",
        )
        closes = Close(close_id=f"close-{number}", quantity=Decimal(100), price=Decimal(187), closed_at=opened)
        yield replace(open_trade(trade, [closes]), cancelled=False) if number >= OPEN else trade


def size(attribute: Mapping[str, Any]) -> int:
    """Bytes of an attribute's value."""
    [(kind, held)] = attribute.items()
    if kind == "S":
        return len(held.encode())
    if kind == "N":
        return len(held.strip("-0.")) // 2 + 2
    if kind == "L":
        return 3 + sum(1 + size(member) for member in held)
    if kind == "M":
        return 3 + sum(1 + len(name) + size(member) for name, member in held.items())
    return 1


@dataclass
class Cost:
    """What was asked, and what AWS would bill for it."""

    requests: int = 0
    units: float = 0


class Indexes:
    """The table's indexes, as Query reads them."""

    def __init__(self, count: int) -> None:
        items = [trade_item(trade) for trade in trades(count)]
        self.cost = Cost()
        self._entries = {
            index: sorted((item[key]["S"], item["tradeId"]["S"], number) for number, item in enumerate(items))
            for index, key in SORT_KEYS.items()
        }
        self._items = items
        self._sizes = [100 + sum(len(name) + size(held) for name, held in item.items()) for item in items]

    def query(self, **asked: Any) -> dict[str, Any]:
        """As DynamoDB answers, for the expressions of the lists."""
        names, values = asked["ExpressionAttributeNames"], asked["ExpressionAttributeValues"]
        entries, sort_key = self._entries[asked["IndexName"]], SORT_KEYS[asked["IndexName"]]
        low, high = (values[name]["S"] for name in ((":key", ":key") if ":key" in values else (":low", ":high")))
        begin, end = bisect_left(entries, (low,)), bisect_right(entries, (high, chr(0x10FFFF)))
        forward = asked.get("ScanIndexForward", True)
        if after := asked.get("ExclusiveStartKey"):
            place = (after[sort_key]["S"], after["tradeId"]["S"])
            begin, end = (bisect_right(entries, (*place, len(entries))), end) if forward else (
                begin, bisect_left(entries, place)
            )  # fmt: skip
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
        self.cost.units += max(1, -(-weighed // UNIT)) / 2
        answer = {"Items": found, "ResponseMetadata": {"HTTPHeaders": {"content-length": str(len(found) * 1500)}}}
        return answer if last is None else {**answer, "LastEvaluatedKey": last}


def holds(test: str, item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]) -> bool:
    """Whether a part of a filter holds."""
    if test.startswith("contains("):
        name, value = test.removeprefix("contains(").rstrip(")").split(", ")
        return values[value] in item.get(names[name], {"L": []})["L"]
    name, operator, value = test.split(" ")
    held, wanted = item.get(names[name], {}).get("S"), values[value]["S"]
    if held is None:
        return False
    return bool({"=": held == wanted, ">=": held >= wanted, "<=": held <= wanted}[operator])


FILTERS: dict[str, tuple[dict[str, Any], ...]] = {
    "symbol": ({}, {"symbol": "AAPL"}),
    "status": ({}, {"status": Status.OPEN}, {"status": Status.CLOSED}),
    "days": ({}, {"start_date": (TODAY - timedelta(30)).date(), "end_date": TODAY.date()}),
    "side": ({}, {"side": Side.BUY}),
    "setup": ({}, {"setup_type": "gap"}),
    "tags": ({}, {"tags": ("news",)}),
}


def combinations() -> Iterator[tuple[str, bool, TradeFilter]]:
    """Each combination of filters: its name, whether an index serves it all, the filter."""
    for chosen in product(*FILTERS.values()):
        given = {name: value for part in chosen for name, value in part.items()}
        words = [str(given.get(name, "")) for name in ("symbol", "status")]
        words += [name for name in ("side", "setup_type", "tags", "start_date") if name in given]
        served = not given.keys() & {"side", "setup_type", "tags"} and not given.keys() >= {"symbol", "status"}
        yield " + ".join(filter(None, words)) or "none", served, TradeFilter(**given)
    yield "idempotency key", True, TradeFilter(idempotency_key="key-7")


def first_page(indexes: Indexes, wanted: TradeFilter) -> Cost:
    """What the first page costs."""
    indexes.cost = Cost()
    listing.list_trades(USER, wanted, limit=LIMIT)
    return indexes.cost


def measure(counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """For each combination of filters, what its first page costs in journals of so many trades."""
    rows = [{"filters": name, "served": served} for name, served, _ in combinations()]
    kept = clients.dynamodb
    try:
        for count in counts:
            indexes = Indexes(count)
            listing.dynamodb = lambda indexes=indexes: indexes  # type: ignore[assignment,attr-defined] # in place of the client
            for row, (_, _, wanted) in zip(rows, combinations(), strict=True):
                row[str(count)] = first_page(indexes, wanted)
    finally:
        listing.dynamodb = kept  # type: ignore[attr-defined] # the client again
    return rows


if __name__ == "__main__":
    import os

    os.environ["TRADES_TABLE"] = "trades"
    for row in measure((1_000, 10_000, 100_000)):
        print(row)  # noqa: T201 a command's output

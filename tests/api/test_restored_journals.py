"""Any journal that the API can make is restored equally: random ones are exported, restored and exported again."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from handlers.journal.settings import MAIN
from tests.api.client import Client
from tests.api.journals import exported, file_of
from tests.api.restoring import everything, restored
from tests.api.test_restores import ZIP, same
from tests.api.user_data import Stores, new_client

_numbers = count(1)
SYMBOLS = ("A", "a", "B", "C")
COLUMNS = {"time": "When", "symbol": "What", "quantity": "How many", "price": "At"}
few = settings(
    max_examples=5, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

decimals = some.sampled_from(["1", "0.5", "3", "2.25", "100", "0.00000001", "1.000000000000000001"])
prices = some.sampled_from(["10", "10.5", "9.999999999999999999", "-1", "0", "123456789012345"])
minutes = some.integers(0, 4 * 24 * 60).map(
    lambda minute: (
        f"2026-01-0{5 + minute // 1440}T{minute // 60 % 24:02}:{minute % 60:02}:00{('Z', '-05:00')[minute % 2]}"
    )
)
sides = some.sampled_from(["BUY", "SELL"])
costs = some.sampled_from(["0", "1.1", "-0.25"])
texts = some.sampled_from(["plain", "é 📈 \u2028", "two\nlines", "=1+1", "\"'\\"])


def step(name: str, /, **fields: Any) -> Any:
    """A step of that kind, with values of its fields."""
    return some.tuples(some.just(name), some.fixed_dictionaries(fields))


STEPS = some.one_of(
    step(
        "fill", symbol=some.sampled_from(SYMBOLS), side=sides, quantity=decimals, price=prices, executedAt=minutes,
        commission=costs, fees=costs,
    ),
    step("fill", symbol=some.sampled_from(SYMBOLS), side=sides, quantity=decimals, price=prices, executedAt=minutes,
         kind=some.sampled_from(["TRADE", "TRANSFER_IN", "OPENING"]), note=texts),
    step("trade", symbol=some.sampled_from(SYMBOLS), side=sides, quantity=decimals, entryPrice=prices, openDate=minutes,
         commission=costs, tags=some.lists(texts, max_size=3), stopLoss=prices, preTradeNotes=texts),
    step("close", number=some.integers(0, 9), quantity=decimals, price=prices, closedAt=minutes, fees=costs),
    step("enter", number=some.integers(0, 9), quantity=decimals, price=prices, enteredAt=minutes),
    step("event", number=some.integers(0, 9), type=some.just("SWAP"), amount=prices, at=minutes, note=texts),
    step("split", number=some.integers(0, 9), new=decimals, old=decimals, at=minutes),
    step("convert", number=some.integers(0, 9)),
    step("write", number=some.integers(0, 9), lessons=texts, stopLoss=prices, takeProfit=prices),
    step("delete", number=some.integers(0, 9)),
    step("correct", number=some.integers(0, 9), price=prices),
    step("remove", number=some.integers(0, 9)),
    step("action", type=some.just("SPLIT"), symbol=some.sampled_from(SYMBOLS), effectiveAt=minutes,
         new=decimals, old=decimals),
    step("action", type=some.just("RENAME"), symbol=some.sampled_from(SYMBOLS), newSymbol=some.sampled_from(SYMBOLS),
         effectiveAt=minutes),
    step("action", type=some.just("SPINOFF"), symbol=some.sampled_from(SYMBOLS), newSymbol=some.sampled_from(SYMBOLS),
         effectiveAt=minutes, new=decimals, old=decimals, costShare=some.just("0.3")),
    step("group", first=some.integers(0, 9), second=some.integers(0, 9)),
    step("cash", type=some.sampled_from(["ADJUSTMENT", "FEE"]), amount=prices, at=minutes, note=texts),
    step("mapping", name=texts, rowKind=some.sampled_from(["FILL", "TRADE"]), columns=some.just(COLUMNS),
         lotSize=decimals, decimalMark=some.sampled_from(["COMMA", "POINT"]), skipLines=some.integers(0, 2)),
    step("settings", lotMethod=some.sampled_from(["FIFO", "LIFO", "AVERAGE"])),
)  # fmt: skip  # a table, several values to a line


def take(client: Client, kind: str, values: dict[str, Any]) -> None:
    """Take a step, which may be refused."""
    number = values.pop("number", 0)
    trades = sorted(trade["tradeId"] for trade in client.get("/trades", query="limit=50").json["items"])
    fills = sorted(fill["executionId"] for fill in client.get("/executions", query="limit=50").json["items"])
    trade = trades[number % len(trades)] if trades else None
    fill = fills[number % len(fills)] if fills else None
    if kind in ("fill", "trade", "action"):
        client.post({"fill": "/executions", "trade": "/trades", "action": "/corporate-actions"}[kind], values)
    elif kind == "cash":
        client.post(f"/accounts/{MAIN}/cash", values)
    elif kind == "mapping":
        client.post("/import-mappings", values)
    elif kind == "settings":
        client.patch("/settings", values)
    elif kind == "group" and trades:
        ids = {trades[place % len(trades)] for place in values.values()}
        group = f"99999999-0000-4000-8000-{next(_numbers):012}"
        client("PUT", f"/groups/{group}", {"name": "group", "tradeIds": sorted(ids)})
    elif kind in ("close", "enter", "event", "split", "convert") and trade:
        paths = {
            "close": "closes",
            "enter": "entries",
            "event": "events",
            "split": "splits",
            "convert": "to-executions",
        }
        client.post(f"/trades/{trade}/{paths[kind]}", values or None)
    elif kind == "write" and trade:
        client.patch(f"/trades/{trade}", values)
    elif kind == "delete" and trade:
        client.delete(f"/trades/{trade}")
    elif kind == "correct" and fill:
        client.patch(f"/executions/{fill}", values)
    elif kind == "remove" and fill:
        client.delete(f"/executions/{fill}")


@given(steps=some.lists(STEPS, min_size=5, max_size=25))
@few
def test_any_journal_is_restored_equally(stores: Stores, steps: list[tuple[str, dict[str, Any]]]) -> None:
    number = next(_numbers)
    dana, erin = (new_client(stores.pool, f"{name}-{number}@example.com") for name in ("dana", "erin"))
    for kind, values in steps:
        take(dana, kind, dict(values))
    shown = restored(erin, stores.restore_queue, file_of(dana.post("/exports", ZIP)))
    assert shown["status"] == "RESTORED", shown
    assert same(exported(erin), exported(dana))
    assert everything(erin) == everything(dana)

"""What the system costs a month, from what each operation takes: writes the tables of docs/cost.md.

    .venv/bin/python -m benchmarks.cost

Requests and capacity units are those that the embedded AWS's DynamoDB tells of, of a user with 1 000 trades;
milliseconds are processor time of this process, from event to answer, medians of several calls. USE, PRICES and the
assumptions are what a reader may want to replace by their own.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.growth.journals import journal, store
from benchmarks.growth.meter import Meter
from benchmarks.growth.one_task import correct
from benchmarks.growth.tables import new_user, tables
from benchmarks.report.markdown import table
from handlers.background import streams
from handlers.log import logger
from handlers.storage import clients, page_tokens, repair
from handlers.storage.items import trade_item
from tests.api.client import Client, a_trade
from tests.api.gallery import Context, messages
from tests.events import function

PAGE = Path(__file__).parent.parent / "docs" / "cost.md"
TRADES = 1_000
A_DAY = 10  # trades: of a third of a year each day has as many
CALLS = 7

MEMORY_GB = 1.0
PROCESSOR_SHARE = 1024 / 1769  # of a processor, which Lambda gives whole to 1 769 MB
WAIT_MS = 6.0  # for one request to DynamoDB, within a region
LOG_KB = 0.6  # a call: the function's line, Lambda's own, the gateway's
ANSWER_KB = 4.0
TRACED = 0.05  # of the calls
ITEM_KB = 1.2  # a trade as it is stored
COPIES = 5  # the item, three indexes, and about as much again in the statistics

# Of one active trader in a month: 22 days, three trades a day.
USE = {
    "createTrade": 66,
    "closeTrade": 80,
    "updateTrade": 50,
    "deleteTrade": 4,
    "createImageUpload": 30,
    "listTrades": 200,
    "getTrade": 150,
    "getStats": 120,
    "getEquityCurve": 60,
    "getCalendar": 60,
    "getBreakdown": 60,
    "logIn, refreshSession": 180,
    "UpdateStats": 150,  # the changes that move money or what a trade is counted under
    "RebuildStats": 122,  # every six hours, also of those who are not active
}
IMAGES_GB = 0.3  # a trader keeps

# List prices in us-east-1, in dollars, without free tiers but Cognito's.
PRICES = {
    "HTTP API, a million requests": 1.00,
    "Lambda, a million calls": 0.20,
    "Lambda on arm64, a GB-second": 0.0000133334,
    "DynamoDB on demand, a million read units": 0.125,
    "DynamoDB on demand, a million write units": 0.625,
    "DynamoDB, a GB stored": 0.25,
    "DynamoDB, a GB restorable": 0.20,
    "S3, a GB stored": 0.023,
    "S3, a thousand uploads": 0.005,
    "CloudWatch, a GB logged": 0.50,
    "SQS, a million requests": 0.40,
    "Transfer to the internet, a GB": 0.09,
    "Cognito Essentials, an active user from the 10 001st on": 0.015,
    "CloudWatch, an alarm": 0.10,
    "X-Ray, a million traces": 5.00,
}
ALARMS = 85
BEHIND = ("UpdateStats", "RebuildStats")
AWAY = "logIn, refreshSession"  # Cognito's work; our part is as much as getTrade's without its query


@dataclass(frozen=True)
class Taken:
    """What one call takes."""

    requests: float
    reads: float
    writes: float
    processor_ms: float

    @property
    def billed_ms(self) -> float:
        """As Lambda would bill it, if the processor were as quick as the one that it was measured on."""
        return self.processor_ms / PROCESSOR_SHARE + self.requests * WAIT_MS


def taken(meter: Meter, calls: Iterator[Callable[[], Any]]) -> Taken:
    """Medians of these calls, without the first, which warms up."""
    found = []
    for call in calls:
        before, began = meter.use, time.process_time()
        call()
        used, took = meter.use - before, time.process_time() - began
        found.append((used.requests, used.reads, used.writes, took * 1000))
    return Taken(*(median(kind) for kind in zip(*found[1:], strict=True)))


@contextmanager
def a_trader() -> Iterator[tuple[Meter, Client]]:
    """A user with a year of trades and their statistics, on the embedded AWS."""
    with tables():
        os.environ |= {"PAGE_TOKEN_SECRET_ARN": "none"}  # pragma: allowlist secret - no secret: it is never read
        page_tokens.signing_secret = lambda: b"s" * 64  # type: ignore[assignment] # read once in a process's life
        repair._SETTLING = 0  # nothing else is going on
        user = new_user()
        store("trades", map(trade_item, journal(user, TRADES, a_day=A_DAY)))
        repair.repair(user, now)
        yield Meter(clients.dynamodb()), Client(user)


def now() -> datetime:
    return datetime.now(UTC)


def measured() -> dict[str, Taken]:
    """What a call of each operation takes, and of the functions behind them."""
    with a_trader() as (meter, client):

        def answered(operation: str, method: str, path: str, **given: Any) -> Callable[[], Any]:
            return partial(_answered, function(operation), client.event(method, path, **given))

        def each(operation: str, method: str, path: str, **given: Any) -> Taken:
            return taken(meter, (answered(operation, method, path, **given) for _ in range(CALLS)))

        fresh = [client.new_trade()["tradeId"] for _ in range(4 * CALLS)]
        keys = iter({"Idempotency-Key": f"cost-{number}"} for number in range(2 * CALLS))
        trade = json.dumps(a_trade()).encode()
        close = b'{"quantity":"1","price":"11","closedAt":"2026-01-05T11:00:00-05:00"}'
        found = {
            "createTrade": taken(
                meter,
                (answered("createTrade", "POST", "/trades", body=trade, headers=key) for key in islice(keys, CALLS)),
            ),
            "closeTrade": taken(
                meter,
                (
                    answered("closeTrade", "POST", f"/trades/{one}/closes", body=close, headers=next(keys))
                    for one in fresh[:CALLS]
                ),
            ),
            "updateTrade": taken(
                meter,
                (
                    answered("updateTrade", "PATCH", f"/trades/{one}", body=b'{"stopLoss":"9"}')
                    for one in fresh[CALLS : 2 * CALLS]
                ),
            ),
            "deleteTrade": taken(
                meter, (answered("deleteTrade", "DELETE", f"/trades/{one}") for one in fresh[2 * CALLS : 3 * CALLS])
            ),
            "createImageUpload": each(
                "createImageUpload", "POST", f"/trades/{fresh[-1]}/images", body=b'{"contentType":"image/png"}'
            ),
            "listTrades": each("listTrades", "GET", "/trades", query="limit=50"),
            "getTrade": each("getTrade", "GET", f"/trades/{fresh[-2]}"),
            "getStats": each("getStats", "GET", "/stats"),
            "getEquityCurve": each("getEquityCurve", "GET", "/stats/equity-curve"),
            "getCalendar": each("getCalendar", "GET", "/stats/calendar", query="month=2026-01"),
            "getBreakdown": each("getBreakdown", "GET", "/stats/breakdown", query="by=SYMBOL"),
        }
        changes = ({"Records": [correct(meter, str(client.user), number)[0]]} for number in range(CALLS))
        found["UpdateStats"] = taken(meter, (partial(streams.update_stats, event, None) for event in changes))
        repair.repair(str(client.user), now)
        whole = messages({"user": client.user})
        found["RebuildStats"] = taken(meter, (partial(streams.rebuild_stats, whole, Context()) for _ in range(2)))
        found[AWAY] = Taken(0, 0, 0, found["getTrade"].processor_ms)
    return {name: found[name] for name in USE}


def _answered(serve: Callable[[Any, Any], Mapping[str, Any]], event: Mapping[str, Any]) -> None:
    answer = serve(event, None)
    if answer["statusCode"] >= 400:
        raise RuntimeError(answer["body"])


def monthly(found: Mapping[str, Taken], traders: int) -> dict[str, float]:
    """Dollars a month, by what they are paid for."""
    requests = {name: times for name, times in USE.items() if name not in BEHIND}
    behind = {name: USE[name] for name in BEHIND}
    messages = 3 * (USE["RebuildStats"] + USE["createImageUpload"])  # sent, received, deleted
    stored_gb = TRADES * ITEM_KB * COPIES / 1024**2
    each = {
        "HTTP API": sum(requests.values()) * PRICES["HTTP API, a million requests"] / 1e6,
        "Lambda for requests": _lambda(found, requests),
        "Lambda for statistics": _lambda(found, behind),
        "DynamoDB for requests": _units(found, requests),
        "DynamoDB for statistics": _units(found, behind),
        "DynamoDB, stored": stored_gb * (PRICES["DynamoDB, a GB stored"] + PRICES["DynamoDB, a GB restorable"]),
        "S3": IMAGES_GB * PRICES["S3, a GB stored"] + USE["createImageUpload"] * PRICES["S3, a thousand uploads"] / 1e3,
        "SQS": messages * PRICES["SQS, a million requests"] / 1e6,
        "Logs": sum(USE.values()) * LOG_KB / 1024**2 * PRICES["CloudWatch, a GB logged"],
        "Traces": sum(USE.values()) * TRACED * PRICES["X-Ray, a million traces"] / 1e6,
        "Transfer": sum(requests.values()) * ANSWER_KB / 1024**2 * PRICES["Transfer to the internet, a GB"],
    }
    return {
        **{what: traders * dollars for what, dollars in each.items()},
        "Cognito": max(0, traders - 10_000) * PRICES["Cognito Essentials, an active user from the 10 001st on"],
        "Alarms": ALARMS * PRICES["CloudWatch, an alarm"],
    }


def _lambda(found: Mapping[str, Taken], use: Mapping[str, float]) -> float:
    seconds = sum(times * found[name].billed_ms / 1000 for name, times in use.items())
    calls = sum(use.values()) * PRICES["Lambda, a million calls"] / 1e6
    return calls + seconds * MEMORY_GB * PRICES["Lambda on arm64, a GB-second"]


def _units(found: Mapping[str, Taken], use: Mapping[str, float]) -> float:
    reads = sum(times * found[name].reads for name, times in use.items())
    writes = sum(times * found[name].writes for name, times in use.items())
    return (
        reads * PRICES["DynamoDB on demand, a million read units"]
        + writes * PRICES["DynamoDB on demand, a million write units"]
    ) / 1e6


def written(text: str, tables: Mapping[str, str]) -> str:
    """The page with each table between its markers."""
    for name, made in tables.items():
        before, begin, rest = text.partition(f"<!-- {name}: written by benchmarks.cost -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        if not (begin and end):
            raise ValueError(f"The page has no place for {name}")
        text = f"{before}{begin}\n{made}\n\n{end}{after}"
    return text


def main() -> int:
    """Measure, and write the tables."""
    logger.setLevel("WARNING")
    with redirect_stdout(io.StringIO()):  # the functions' metrics
        found = measured()
    bills = {traders: monthly(found, traders) for traders in (100, 10_000, 1_000_000)}
    operations = table(
        [
            "operation",
            "a month and trader",
            "requests to DynamoDB",
            "read units",
            "write units",
            "processor ms",
            "billed ms",
        ],
        (
            [
                name,
                USE[name],
                f"{one.requests:g}",
                f"{one.reads:g}",
                f"{one.writes:g}",
                f"{one.processor_ms:.1f}",
                f"{one.billed_ms:.0f}",
            ]
            for name, one in found.items()
        ),
    )
    bill = table(
        ["$ a month", *(f"{traders:,} traders".replace(",", " ") for traders in bills)],
        [
            *([what, *(f"{bills[traders][what]:,.2f}" for traders in bills)] for what in bills[100]),
            ["**all**", *(f"**{sum(bill.values()):,.2f}**" for bill in bills.values())],
            ["a trader", *(f"{sum(bill.values()) / traders:.4f}" for traders, bill in bills.items())],
        ],
    )
    prices = table(["what", "$"], ([what, f"{cost:.10f}".rstrip("0").rstrip(".")] for what, cost in PRICES.items()))
    page = written(PAGE.read_text("utf-8"), {"operations": operations, "bill": bill, "prices": prices})
    PAGE.write_text(page, "utf-8")
    sys.stdout.write(f"{operations}\n\n{bill}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

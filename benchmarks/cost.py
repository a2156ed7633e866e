"""Computes the system's cost a month from measurements of each operation, and writes the tables of docs/cost.md.

    .venv/bin/python -m benchmarks.cost [--imports]

Requests and capacity units are measured on the embedded AWS's DynamoDB, for a user with 1 000 trades. Milliseconds are
processor time of this process from event to answer, medians of several calls. The cost of a stack without any trader
(alarms, metrics, secrets, dashboards, polled queues) is counted in template.yaml and in the code. Readers may replace
USE, PRICES and the assumptions by their own.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.functions import function_of
from benchmarks.growth.journals import TODAY, journal, store
from benchmarks.growth.meter import Meter
from benchmarks.growth.one_task import correct
from benchmarks.growth.tables import new_user, tables
from benchmarks.import_cost import import_table
from benchmarks.report.markdown import table
from handlers.entry import streams
from handlers.journal.settings import MAIN
from handlers.journal.trade import Image
from handlers.log import logger
from handlers.storage import clients, page_tokens, tag_changes
from handlers.storage import trades as trade_storage
from handlers.storage.image_files import ImagePlace, Span
from handlers.storage.stats import book_items, comparing, due, group_results
from handlers.storage.tag_changes import TagChange
from handlers.storage.trade_items import instant, trade_item
from handlers.usecases import change_tags, image_intake, statistics
from openapi.generate import contract, operations
from tests.api.client import Client, a_trade
from tests.api.uploading import Context, messages
from tests.events import function
from tests.template_file import template

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "cost.md"
TRADERS = (100, 10_000, 1_000_000)
TRADES = 1_000
A_DAY = 10  # trades of each day; the 1 000 trades span a third of a year
CALLS = 7
GROUPS = 20  # of two trades each

ONE_PROCESSOR = 1769  # MB: Lambda gives a function with less its share of a processor
USUAL_MB = 1024  # the template's default, of functions that name no memory of their own
WAIT_MS = 6.0  # for one request to DynamoDB, within a region
LIST_MS = 250.0  # for a list of a thousand versions of files in S3
LOG_KB = 1.2  # a call: the function's line 0.3, Lambda's two 0.6, the gateway's 0.3
ANSWER_KB = 4.0
TRACED = 0.05  # of the calls
ITEM_KB = 1.2  # a trade as it is stored
COPIES = 4.3  # the item, three indexes, and its entry in a day book with a share of the book's own attributes

# Calls for one active trader in a month: 22 days, three trades a day.
USE = {
    "createTrade": 46,
    "createTrade with an externalId": 20,
    "closeTrade": 80,
    "updateTrade": 50,
    "deleteTrade": 4,
    "listDeletedTrades": 1,
    "restoreTrade": 1,
    "createEvent": 20,
    "createSplit": 0.05,
    "listEvents": 5,
    "putGroup": 5,  # of two trades
    "getGroup": 10,
    "listGroups": 5,  # of twenty groups
    "createImageUpload": 30,
    "createExport": 1,  # of a thousand trades
    "listTrades": 200,
    "getFacets": 60,
    "ChangeTag, a trade": 20,  # renamed or deleted tags, by the trade
    "getTrade": 150,
    "getStats": 120,
    "getEquityCurve": 60,
    "getCalendar": 40,  # of the current month
    "getCalendar, a past month": 20,
    "getBreakdown": 60,
    "createExecution that opens a trade": 10,
    "createExecution that closes one": 10,
    "createExecutions, 20 of a position": 1,
    "convertTrade": 0.1,
    "createAction of an open position": 0.1,
    "createCash": 4,
    "listExecutions": 10,
    "listPositions": 20,  # of fourteen that are open
    "getBalance": 20,
    "logIn, refreshSession": 180,
    "UpdateStats": 150,  # the changes of money or of a field that statistics filter or group by
    "UpdateStats, a trade in a group": 15,  # the additional cost of the group's result
    "RebuildStats": 48,  # two rounds on each of 22 days with changes, and one a week
    "finding users": 48,  # for the rebuilds, in the due lists or the pool
}
IMAGES_GB = 0.3  # a trader keeps
IMAGES = 300
SWEEPS = 30.4  # a month
HOURS_OF_A_ROUND = 6
PAGE_OF_FILES = 1000

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
    "S3, a thousand uploads or lists": 0.005,
    "CloudWatch, a GB logged": 0.50,
    "SQS, a million requests": 0.40,
    "Transfer to the internet, a GB": 0.09,
    "Cognito Essentials, an active user from the 10 001st on": 0.015,
    "CloudWatch, an alarm, for each metric that it looks at": 0.10,
    "CloudWatch, a metric of our own, or of a route": 0.30,
    "CloudWatch, a dashboard": 3.00,
    "Secrets Manager, a secret": 0.40,
    "X-Ray, a million traces": 5.00,
}
# Prices of options that are not part of the stack.
OPTION_PRICES = {
    "WAF, a firewall": 5.00,
    "WAF, a rule": 1.00,
    "WAF, a million requests": 0.60,
    "CloudFront, a million requests": 1.00,
    "AWS Backup of DynamoDB, a GB": 0.10,
    "AWS Backup of S3, a GB": 0.05,
    "Transfer to another region or account, a GB": 0.02,
}
METRICS_OF_A_ROUTE = 6  # requests, 4xx, 5xx, latency, latency of the function, data
# Lambda polls a queue all the time: five pollers, each with requests that wait for twenty seconds.
POLLS = 5 * 3 * 60 * 24 * 30.4
BEHIND = ("UpdateStats", "UpdateStats, a trade in a group", "RebuildStats", "finding users", "ChangeTag, a trade")
SWEEP = "SweepImages, a page of 1 000 files"
AWAY = "logIn, refreshSession"  # Cognito does the work; our part is that of getTrade without its query


@dataclass(frozen=True)
class Taken:
    """The resources that one call uses."""

    requests: float
    reads: float
    writes: float
    processor_ms: float

    lists: float = 0  # of files in S3
    memory_mb: int = USUAL_MB  # of the function

    @property
    def billed_ms(self) -> float:
        """The duration that Lambda would bill on a processor as fast as this machine's."""
        share = min(1, self.memory_mb / ONE_PROCESSOR)
        return self.processor_ms / share + self.requests * WAIT_MS + self.lists * LIST_MS

    @property
    def gigabyte_seconds(self) -> float:
        """What Lambda bills."""
        return self.billed_ms / 1000 * self.memory_mb / 1024


@dataclass(frozen=True)
class Fixed:
    """The parts of a stack that cost the same for any number of traders: counted, not measured."""

    alarmed_metrics: int
    own_metrics: int
    dashboards: int
    secrets: int
    polled_queues: int
    routes: int
    sweepers: int
    comparers: int


WORDS = {
    "alarmed_metrics": "metrics that alarms look at",
    "own_metrics": "metrics of the functions' own, and made of logs",
    "dashboards": "dashboards",
    "secrets": "secrets",  # pragma: allowlist secret - words
    "polled_queues": "queues that functions are fed from",
    "routes": "routes",
    "sweepers": "workers of the sweep",
    "comparers": "workers of the comparison",
}


def fixed() -> Fixed:
    """Count these parts in the template and in the code."""
    resources = template()["Resources"]
    of_type = {kind: [it["Properties"] for it in resources.values() if it["Type"] == kind] for kind in _KINDS}
    alarmed = sum(
        max(1, sum("MetricStat" in metric for metric in alarm.get("Metrics", ()))) for alarm in of_type[_ALARM]
    )
    named = {
        name
        for path in (ROOT / "handlers").rglob("*.py")
        for call in re.findall(r"\bcount\(([^()]*(?:\([^()]*\)[^()]*)*)\)", path.read_text("utf-8"))
        for name in re.findall(r"\b([A-Z]\w+)=", call)
    }
    sources = {
        name: source["Properties"]
        for name, it in resources.items()
        if it["Type"] == "AWS::Serverless::Function"
        for source in it["Properties"].get("Events", {}).values()
        if source["Type"] == "SQS"
    }
    return Fixed(
        alarmed_metrics=alarmed,
        own_metrics=len(named) + len({str(it["MetricTransformations"][0]["MetricName"]) for it in of_type[_FILTER]}),
        dashboards=len(of_type["AWS::CloudWatch::Dashboard"]),
        secrets=len(of_type["AWS::SecretsManager::Secret"]),
        polled_queues=len(sources),
        routes=sum(1 for _ in operations(contract())),
        sweepers=sources["SweepImagesFunction"]["ScalingConfig"]["MaximumConcurrency"],
        comparers=template()["Parameters"]["ComparisonWorkers"]["Default"],
    )


_ALARM, _FILTER = "AWS::CloudWatch::Alarm", "AWS::Logs::MetricFilter"
_KINDS = (_ALARM, _FILTER, "AWS::CloudWatch::Dashboard", "AWS::SecretsManager::Secret")


def taken(meter: Meter, calls: Iterator[Callable[[], Any]]) -> Taken:
    """The medians over these calls. The first call warms up and is not counted."""
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
        comparing._SETTLING = 0  # no other writer is active
        statistics._earliest_today = lambda: TODAY.date() - timedelta(days=1)  # the journal's
        user = new_user()
        store("trades", map(trade_item, journal(user, TRADES, a_day=A_DAY)))
        comparing.compare(user, now)
        yield Meter(clients.dynamodb()), Client(user)


def _body(document: Any) -> bytes:
    return json.dumps(document).encode()


def now() -> datetime:
    return datetime.now(UTC)


def measured() -> dict[str, Taken]:
    """Measurements of a call of each operation and of each background function."""
    with a_trader() as (meter, client):

        def answered(operation: str, method: str, path: str, **given: Any) -> Callable[[], Any]:
            return partial(_answered, function(operation), client.event(method, path, **given))

        def each(operation: str, method: str, path: str, **given: Any) -> Taken:
            return taken(meter, (answered(operation, method, path, **given) for _ in range(CALLS)))

        fresh = [client.new_trade()["tradeId"] for _ in range(4 * CALLS)]
        legs = [client.new_trade()["tradeId"] for _ in range(2 * GROUPS)]
        groups = {str(uuid.uuid4()): legs[2 * number : 2 * number + 2] for number in range(GROUPS)}
        keys = iter({"Idempotency-Key": f"cost-{number}"} for number in range(4 * CALLS))
        trade = json.dumps(a_trade()).encode()
        event = b'{"type":"FUNDING","amount":"-1.25","at":"2026-01-05T16:00:00Z"}'
        split = b'{"new":"4","old":"1","at":"2026-01-06T09:30:00-05:00"}'
        close = b'{"quantity":"1","price":"11","closedAt":"2026-01-05T11:00:00-05:00"}'
        found = {
            "createTrade": taken(
                meter,
                (answered("createTrade", "POST", "/trades", body=trade, headers=key) for key in islice(keys, CALLS)),
            ),
            "createTrade with an externalId": taken(
                meter,
                (
                    answered("createTrade", "POST", "/trades", body=json.dumps(a_trade(externalId=name)).encode())
                    for name in map(str, range(CALLS))
                ),
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
            "listDeletedTrades": each("listDeletedTrades", "GET", "/deleted-trades"),
            "restoreTrade": taken(
                meter,
                (
                    answered("restoreTrade", "POST", f"/deleted-trades/{one}/restore")
                    for one in fresh[2 * CALLS : 3 * CALLS]
                ),
            ),
            "createExport": each("createExport", "POST", "/exports", body=b'{"format":"CSV"}'),
            "createEvent": taken(
                meter,
                (
                    answered("createEvent", "POST", f"/trades/{one}/events", body=event, headers=next(keys))
                    for one in fresh[:CALLS]
                ),
            ),
            "createSplit": taken(
                meter,
                (
                    answered("createSplit", "POST", f"/trades/{one}/splits", body=split, headers=next(keys))
                    for one in fresh[CALLS : 2 * CALLS]
                ),
            ),
            "listEvents": each("listEvents", "GET", f"/trades/{fresh[0]}/events"),
            "putGroup": taken(
                meter,
                (
                    answered(
                        "putGroup", "PUT", f"/groups/{group_id}", body=_body({"name": "pair", "tradeIds": of_group})
                    )
                    for group_id, of_group in groups.items()
                ),
            ),
            "getGroup": each("getGroup", "GET", f"/groups/{next(iter(groups))}"),
            "listGroups": each("listGroups", "GET", "/groups"),
            "createImageUpload": each(
                "createImageUpload", "POST", f"/trades/{fresh[-1]}/images", body=b'{"contentType":"image/png"}'
            ),
            "listTrades": each("listTrades", "GET", "/trades", query="limit=50"),
            "getFacets": each("getFacets", "GET", "/facets"),
            "getTrade": each("getTrade", "GET", f"/trades/{fresh[-2]}"),
            "getStats": each("getStats", "GET", "/stats"),
            "getEquityCurve": each("getEquityCurve", "GET", "/stats/equity-curve"),
            "getCalendar": each("getCalendar", "GET", "/stats/calendar", query=f"month={TODAY.isoformat()[:7]}"),
            "getCalendar, a past month": each(
                "getCalendar", "GET", "/stats/calendar", query=f"month={(TODAY - timedelta(days=35)).isoformat()[:7]}"
            ),
            "getBreakdown": each("getBreakdown", "GET", "/stats/breakdown", query="by=SYMBOL"),
        }
        changes = ({"Records": [correct(meter, str(client.user), number)[0]]} for number in range(CALLS))
        for trade_id in legs:
            client.post(f"/trades/{trade_id}/closes", json.loads(close) | {"quantity": "100"})
        found["UpdateStats, a trade in a group"] = taken(
            meter, (partial(group_results.write_group_entry, str(client.user), group_id, now()) for group_id in groups)
        )
        found["UpdateStats"] = taken(meter, (partial(streams.update_stats, event, Context()) for event in changes))
        tagged = [client.new_trade()["tradeId"] for _ in range(CALLS)]
        found["ChangeTag, a trade"] = changing_tags(meter, str(client.user), tagged)
        comparing.compare(str(client.user), now)
        whole = messages({"user": client.user})
        found["RebuildStats"] = taken(meter, (partial(streams.rebuild_stats, whole, Context()) for _ in range(2)))
        found |= of_the_ledger(meter, client)
        found[AWAY] = Taken(0, 0, 0, found["getTrade"].processor_ms)
        found["finding users"] = finding(meter)
        found[SWEEP] = sweeping(meter)
    return {name: replace(found[name], memory_mb=memory_of(name)) for name in (*USE, SWEEP)}


def of_the_ledger(meter: Meter, client: Client) -> dict[str, Taken]:
    """Measurements of a call of each operation on executions, actions and cash."""
    keys = iter({"Idempotency-Key": f"ledger-{number}"} for number in range(10 * CALLS))
    by_hand = [client.new_trade(symbol=f"BY HAND {number}")["tradeId"] for number in range(CALLS)]

    def fill(symbol: str, side: str, minute: int = 0) -> dict[str, Any]:
        at = f"2026-01-05T10:{minute:02}:00Z"
        return {"symbol": symbol, "side": side, "quantity": "10", "price": "10.5", "executedAt": at, "commission": "1"}

    def each(operation: str, path: str, bodies: Iterable[Any]) -> Taken:
        events = (client.event("POST", path, body=_body(body), headers=next(keys)) for body in bodies)
        return taken(meter, (partial(_answered, function(operation), event) for event in events))

    def reading(operation: str, path: str) -> Taken:
        return taken(meter, (partial(_answered, function(operation), client.event("GET", path)) for _ in range(CALLS)))

    many = [
        {"items": [{"execution": fill(f"MANY {number}", "BUY", minute)} for minute in range(20)]}
        for number in range(CALLS)
    ]
    converted = (client.event("POST", f"/trades/{trade_id}/to-executions") for trade_id in by_hand)
    split = {"type": "SPLIT", "effectiveAt": "2026-01-06T10:00:00Z", "new": "2", "old": "1"}
    cash = {"type": "DEPOSIT", "amount": "100", "at": "2026-01-05T10:00:00Z"}
    account = f"/accounts/{MAIN}"
    return {
        "createExecution that opens a trade": each(
            "createExecution", "/executions", (fill(f"ONE {number}", "BUY") for number in range(CALLS))
        ),
        "createExecution that closes one": each(
            "createExecution", "/executions", (fill(f"ONE {number}", "SELL", 1) for number in range(CALLS))
        ),
        "createExecutions, 20 of a position": each("createExecutions", "/executions/bulk", many),
        "convertTrade": taken(meter, (partial(_answered, function("convertTrade"), event) for event in converted)),
        "createAction of an open position": each(
            "createAction", "/corporate-actions", (split | {"symbol": f"BY HAND {number}"} for number in range(CALLS))
        ),
        "createCash": each("createCash", f"{account}/cash", [cash] * CALLS),
        "listExecutions": reading("listExecutions", "/executions"),
        "listPositions": reading("listPositions", "/positions"),
        "getBalance": reading("getBalance", f"{account}/balance"),
    }


def memory_of(name: str) -> int:
    """The memory of the function that serves the operation, in MB; USUAL_MB if `name` is not an operation."""
    try:
        of_operation = function_of(name.split()[0].rstrip(","))
    except LookupError:
        return USUAL_MB
    return int(template()["Resources"][of_operation.name]["Properties"].get("MemorySize", USUAL_MB))


def changing_tags(meter: Meter, user: str, trades: Sequence[str]) -> Taken:
    """The resources that the change of a tag uses for each trade with the tag."""
    change = tag_changes.begin(TagChange(user_id=user, change_id="cost", tag="cost", name="costs", started_at=now()))
    for trade_id in trades:
        stored = trade_storage.get(user, trade_id)
        tagged = replace(stored, version=2, notes=replace(stored.notes, tags=("cost",)))
        trade_storage.replace(tagged, stored.version)
    return taken(meter, (partial(change_tags._change_trade, change, trade_id) for trade_id in trades))


def finding(meter: Meter) -> Taken:
    """The resources that finding one of many due traders uses."""
    due._send = lambda messages, _=None: sum(1 for _ in messages)  # type: ignore[assignment] # no queue is here
    stamp = {"S": instant(now())}
    due_list = {"dueList": {"S": "16"}, "dueSince": stamp, "lastUpdated": stamp, "version": {"N": "1"}}
    store("stats", ({**book_items.key(str(uuid.uuid4()), book_items.STATE), **due_list} for _ in range(TRADES)))
    before, began = meter.use, time.process_time()
    found = due.find(due.Search(due_list="16"), lambda: True)
    use, took = meter.use - before, (time.process_time() - began) * 1000
    return Taken(use.requests / found, use.reads / found, use.writes / found, took / found)


def sweeping(meter: Meter) -> Taken:
    """Measurements of the sweep of a page of files. Each is the image of another trade, which is the usual case."""
    user, made = new_user(), datetime(2026, 1, 1, tzinfo=UTC)
    trades = []
    for trade in journal(user, PAGE_OF_FILES, a_day=A_DAY):
        place = ImagePlace(user, trade.trade_id, str(uuid.uuid4()))
        clients.s3().put_object(Bucket=os.environ["FILES_BUCKET"], Key=place.key, Body=b"-")
        image = Image(
            image_id=place.image_id,
            content_type="image/png",
            size=1,
            created_at=made,
            file_version="null",  # of a file where versions are not kept
        )
        trades.append(replace(trade, images=(image,)))
    store("trades", map(trade_item, trades))
    later = now() + timedelta(days=2)
    took = taken(meter, (partial(_swept, later) for _ in range(CALLS)))
    return replace(took, lists=1)


def _swept(later: datetime) -> None:
    seen, deleted, _ = image_intake.sweep(Span(), None, later)
    if (seen, deleted) != (PAGE_OF_FILES, 0):
        raise RuntimeError(f"swept {deleted} of {seen} files")


def _answered(serve: Callable[[Any, Any], Mapping[str, Any]], event: Mapping[str, Any]) -> None:
    answer = serve(event, None)
    if answer["statusCode"] >= 400:
        raise RuntimeError(answer["body"])


def monthly(found: Mapping[str, Taken], traders: int, has: Fixed) -> dict[str, float]:
    """Dollars a month, by item of the bill."""
    requests = {name: times for name, times in USE.items() if name not in BEHIND}
    behind = {name: USE[name] for name in BEHIND}
    sweep = {SWEEP: SWEEPS * IMAGES / PAGE_OF_FILES}
    messages = 3 * (USE["RebuildStats"] + USE["createImageUpload"])  # sent, received, deleted
    stored_gb = TRADES * ITEM_KB * COPIES / 1024**2
    calls = sum(USE.values()) - USE["finding users"]  # which many users share
    each = {
        "HTTP API": sum(requests.values()) * PRICES["HTTP API, a million requests"] / 1e6,
        "Lambda for requests": _lambda(found, requests),
        "Lambda for statistics": _lambda(found, behind),
        "DynamoDB for requests": _units(found, requests),
        "DynamoDB for statistics": _units(found, behind),
        "DynamoDB, stored": stored_gb * (PRICES["DynamoDB, a GB stored"] + PRICES["DynamoDB, a GB restorable"]),
        "S3": IMAGES_GB * PRICES["S3, a GB stored"]
        # An upload, and the tag that keeps it.
        + 2 * USE["createImageUpload"] * PRICES["S3, a thousand uploads or lists"] / 1e3,
        "Sweep of images": _lambda(found, sweep)
        + _units(found, sweep)
        + sweep[SWEEP] * PRICES["S3, a thousand uploads or lists"] / 1e3,
        "SQS": messages * PRICES["SQS, a million requests"] / 1e6,
        "Logs": calls * LOG_KB / 1024**2 * PRICES["CloudWatch, a GB logged"],
        "Traces": calls * TRACED * PRICES["X-Ray, a million traces"] / 1e6,
        "Transfer": sum(requests.values()) * ANSWER_KB / 1024**2 * PRICES["Transfer to the internet, a GB"],
    }
    return {
        **{what: traders * dollars for what, dollars in each.items()},
        "Cognito": max(0, traders - 10_000) * PRICES["Cognito Essentials, an active user from the 10 001st on"],
        "Alarms": has.alarmed_metrics * PRICES["CloudWatch, an alarm, for each metric that it looks at"],
        "Metrics": has.own_metrics * PRICES["CloudWatch, a metric of our own, or of a route"],
        "Dashboard": has.dashboards * PRICES["CloudWatch, a dashboard"],
        "Secrets": has.secrets * PRICES["Secrets Manager, a secret"],
        "Queues that wait": has.polled_queues * POLLS * PRICES["SQS, a million requests"] / 1e6,
    }


def optional(traders: int, has: Fixed) -> dict[str, float]:
    """Dollars a month of each option that is off by default."""
    requests = traders * sum(times for name, times in USE.items() if name not in BEHIND) / 1e6
    trades_gb, files_gb = traders * TRADES * ITEM_KB / 1024**2, traders * IMAGES_GB
    prices = OPTION_PRICES
    kept = trades_gb * prices["AWS Backup of DynamoDB, a GB"] + files_gb * prices["AWS Backup of S3, a GB"]
    changed = trades_gb + files_gb / 10  # each night, DynamoDB is copied whole, S3 incrementally
    return {
        "Metrics of each route (`DetailedMetrics`)": has.routes
        * METRICS_OF_A_ROUTE
        * PRICES["CloudWatch, a metric of our own, or of a route"],
        "CloudFront and WAF (`ops/edge.yaml`)": prices["WAF, a firewall"]
        + 4 * prices["WAF, a rule"]
        + requests * (prices["WAF, a million requests"] + prices["CloudFront, a million requests"]),
        "Backups here and in another account (`ops/backup.yaml`)": 2 * kept
        + changed * prices["Transfer to another region or account, a GB"],
    }


def rounds(found: Mapping[str, Taken], traders: int, has: Fixed) -> list[str]:
    """The hours that comparing all active users and sweeping all files take, with the template's concurrency."""
    comparison = traders * (found["RebuildStats"].billed_ms + found["finding users"].billed_ms) / 3.6e6
    sweep = traders * IMAGES / PAGE_OF_FILES * found[SWEEP].billed_ms / 3.6e6
    return [
        f"{traders:,}".replace(",", " "),
        *(f"{hours:,.1f}" for hours in (comparison, comparison / has.comparers)),
        str(max(2, ceil(comparison / HOURS_OF_A_ROUND))),
        *(f"{hours:,.1f}" for hours in (sweep, sweep / has.sweepers)),
    ]


def _lambda(found: Mapping[str, Taken], use: Mapping[str, float]) -> float:
    seconds = sum(times * found[name].gigabyte_seconds for name, times in use.items())
    calls = sum(use.values()) * PRICES["Lambda, a million calls"] / 1e6
    return calls + seconds * PRICES["Lambda on arm64, a GB-second"]


def _units(found: Mapping[str, Taken], use: Mapping[str, float]) -> float:
    reads = sum(times * found[name].reads for name, times in use.items())
    writes = sum(times * found[name].writes for name, times in use.items())
    return (
        reads * PRICES["DynamoDB on demand, a million read units"]
        + writes * PRICES["DynamoDB on demand, a million write units"]
    ) / 1e6


def written(text: str, tables: Mapping[str, str]) -> str:
    """The page with each table put between its markers."""
    for name, made in tables.items():
        before, begin, rest = text.partition(f"<!-- {name}: written by benchmarks.cost -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        if not (begin and end):
            raise ValueError(f"The page has no place for {name}")
        text = f"{before}{begin}\n{made}\n\n{end}{after}"
    return text


def main() -> int:
    """Measure, and write the tables; with --imports, that of imports alone."""
    logger.setLevel("WARNING")
    of_imports = {"imports": import_table()}
    if "--imports" in sys.argv[1:]:
        PAGE.write_text(written(PAGE.read_text("utf-8"), of_imports), "utf-8")
        sys.stdout.write(f"{of_imports['imports']}\n")
        return 0
    with redirect_stdout(io.StringIO()):  # the functions' metrics
        found = measured()
    has = fixed()
    bills = {traders: monthly(found, traders, has) for traders in TRADERS}
    options = {traders: optional(traders, has) for traders in TRADERS}
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
                f"{USE.get(name, SWEEPS * IMAGES / PAGE_OF_FILES):g}",
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
    prices = table(
        ["what", "$"],
        ([what, f"{cost:.10f}".rstrip("0").rstrip(".")] for what, cost in {**PRICES, **OPTION_PRICES}.items()),
    )
    counted = table(["what a stack has", "how many"], ([WORDS[name], number] for name, number in asdict(has).items()))
    made = {
        **of_imports,
        "operations": operations,
        "bill": bill,
        "options": table(
            ["$ a month", *(f"{traders:,} traders".replace(",", " ") for traders in options)],
            ([what, *(f"{options[traders][what]:,.2f}" for traders in options)] for what in options[100]),
        ),
        "rounds": table(
            [
                "traders",
                "hours of work a comparison",
                f"with {has.comparers} workers",
                f"workers that need {HOURS_OF_A_ROUND} hours",
                "hours of work a sweep",
                f"with {has.sweepers} workers",
            ],
            (rounds(found, traders, has) for traders in TRADERS),
        ),
        "counted": counted,
        "prices": prices,
    }
    page = written(PAGE.read_text("utf-8"), made)
    PAGE.write_text(page, "utf-8")
    sys.stdout.write(f"{operations}\n\n{bill}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

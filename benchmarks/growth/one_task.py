"""Runs one task of the background functions in a process of its own, and prints its use of resources as JSON.

    python -m benchmarks.growth.one_task change|rebuild|check|question|export USER TRADES

Runs the functions' own code on the tables that the environment names (tables.py), for a user with TRADES trades. The
task's result is checked too, since a task that does nothing would look cheap: a wrong result ends the process with an
error.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from types import SimpleNamespace
from typing import Any

from benchmarks.growth.journals import trade_id
from benchmarks.growth.meter import Meter, Use
from benchmarks.growth.tables import BUCKET, be_patient
from benchmarks.peak import peak_megabytes
from handlers.storage import clients
from handlers.storage.accounts import Account
from handlers.storage.stats import comparing
from handlers.storage.trade_items import trade_key

CHANGES = 7
Told = dict[str, Any]


def change(meter: Meter, user: str, _: int) -> Told:
    """Correct a trade by a request and update the statistics; medians over several such changes."""
    from handlers.entry.streams import update_stats

    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
    uses, seconds = [], []
    for number in range(CHANGES + 1):
        record, use, took = correct(meter, user, number)
        began, before = time.perf_counter(), meter.use
        failed = update_stats({"Records": [record]}, context)
        _expect(failed["batchItemFailures"], [])
        uses.append(use + (meter.use - before))
        seconds.append(took + time.perf_counter() - began)
    # Without the first, which warms up.
    middle = Use(
        *(median(kind) for kind in zip(*((one.requests, one.reads, one.writes) for one in uses[1:]), strict=True))
    )
    return {**asdict(middle), "seconds": median(seconds[1:])}


def correct(meter: Meter, user: str, number: int) -> tuple[Told, Use, float]:
    """Correct the costs of a trade through updateTrade. Returns the stream's record and the request's use."""
    from tests.events import claims_of, event, function

    key = trade_key(user, trade_id(number))
    old = _stored(key)
    document = json.dumps({"commission": f"1.{number + 10}"}).encode()
    asked = event(
        "PATCH",
        f"/v1/trades/{trade_id(number)}",
        route_key="PATCH /trades/{tradeId}",
        headers={"content-type": "application/merge-patch+json"},
        body=document,
        claims=claims_of(user),
    )
    began, before = time.perf_counter(), meter.use
    answer = function("updateTrade")(asked, None)
    use, took = meter.use - before, time.perf_counter() - began
    _expect(answer["statusCode"], 200)
    images = {"Keys": key, "SequenceNumber": str(number), "OldImage": old, "NewImage": _stored(key)}
    return {"dynamodb": images}, use, took


def rebuild(meter: Meter, user: str, trades: int) -> Told:
    """Rebuild the statistics of a user who has none."""
    comparing._SETTLING = 0  # no other writer is active
    told, drift = _metered(meter, lambda: comparing.compare(user, lambda: datetime.now(UTC)))
    _expect((drift.entries, drift.unreadable), (trades, 0))
    return told


def check(meter: Meter, user: str, _: int) -> Told:
    """Compare correct statistics with the trades, as the schedule does every six hours."""
    told, drift = _metered(meter, lambda: comparing.compare(user, lambda: datetime.now(UTC)))
    _expect(drift, comparing.Drift())
    return told


# Most of what a question can have at once, and nothing that leaves few trades.
FILTERS = (
    "symbol=AAPL&symbol=MSFT&symbol=ES&symbol=BTC&side=BUY&side=SELL&excludeTag=late&risk=KNOWN&result=WIN&result=LOSS"
    "&from=2000-01-01&timeZone=America/New_York&dayStartsAt=17:00&breakevenTolerance=0.05R"
)


def question(meter: Meter, user: str, _: int) -> Told:
    """Answer getStats with filters, twice. The seconds are those of the processor, for the second answer."""
    from tests.events import claims_of, event, function

    asked = event("GET", "/v1/stats", route_key="GET /stats", query=FILTERS, claims=claims_of(user))
    for _ in range(2):
        began = time.process_time()
        told, answer = _metered(meter, lambda: function("getStats")(asked, None))
        told["seconds"] = time.process_time() - began
        _expect(answer["statusCode"], 200)
    return told


def export(meter: Meter, user: str, trades: int) -> Told:
    """Write the account into a file of the bucket."""
    from handlers.usecases import export_account

    told, _ = _metered(meter, lambda: export_account.prepare(Account(user, user), datetime.now(UTC)))
    _expect(_exported(export_account._key(Account(user, user), export_account.PREPARED)), trades)
    return told


def _exported(key: str) -> int:
    """The number of trades in the file."""
    file = clients.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return zlib.decompress(file, 31).count(b'"tradeId":')


def _metered(meter: Meter, work: Callable[[], Any]) -> tuple[Told, Any]:
    began, before = time.perf_counter(), meter.use
    done = work()
    return {**asdict(meter.use - before), "seconds": time.perf_counter() - began, "peak": peak_megabytes()}, done


def _stored(key: Any) -> Any:
    return clients.dynamodb().get_item(TableName="trades", Key=key, ConsistentRead=True)["Item"]


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise SystemExit(f"not measured: {found} instead of {wanted}")


TASKS = {one.__name__: one for one in (change, rebuild, check, question, export)}


def main() -> None:
    name, user, trades = sys.argv[1:]
    be_patient()
    meter = Meter(clients.dynamodb(), clients.s3(), clients.cognito_admin())
    before = peak_megabytes()
    told = TASKS[name](meter, user, int(trades))
    sys.stdout.write(json.dumps({"trades": int(trades), "peak": peak_megabytes(), **told, "before": before}) + "\n")


if __name__ == "__main__":
    main()

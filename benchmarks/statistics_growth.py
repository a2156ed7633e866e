"""What one change of a trade costs in DynamoDB as the history grows, and how long rebuilding everybody takes.

    .venv/bin/python -m benchmarks.statistics_growth [--trades 100000] [--users 1000]

Runs the functions' own code against the embedded AWS's DynamoDB, with the tables of template.yaml; what is counted are
the requests and the ConsumedCapacity of their answers. Both histories have the same trades a day; the longer one goes
on for longer. Capacity is in units as DynamoDB bills them, reads and writes apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from botocore.config import Config

from benchmarks.meter import Meter
from handlers.background.streams import update_stats
from handlers.journal.rows import Dimension, dimensions, rows
from handlers.journal.summaries import shares
from handlers.journal.trades import Close, JournalNotes, Side, Trade, open_trade, revise
from handlers.storage import clients, repair, stat_items, upkeep
from handlers.storage.items import instant, trade_item
from local.embedded_aws import REGION, ROOT_KEY, embedded_aws, free_ports
from tests.template_file import properties

A_DAY = 10
SHORT = 1_000
TODAY = datetime(2026, 1, 30, 15, tzinfo=UTC)
SYMBOLS = ("AAPL", "MSFT", "TSLA", "ES", "NQ", "EURUSD", "BTC", "AMD")
TABLES = {"TRADES_TABLE": ("trades", "TradesTable"), "STATS_TABLE": ("stats", "TradeStatsTable")}


def trade(user: str, number: int, chance: Random) -> Trade:
    """A closed trade; number 0 is of today, and each day before has as many."""
    closed = TODAY - timedelta(days=number // A_DAY, minutes=number % A_DAY)
    gain = Decimal(chance.randint(-300, 400)) / 100
    return open_trade(
        Trade(
            user_id=user,
            trade_id=f"trade-{number:06}",
            symbol=chance.choice(SYMBOLS),
            side=Side.BUY,
            quantity=Decimal(100),
            open_date=closed - timedelta(hours=2),
            entry_price=Decimal(185),
            stop_loss=Decimal(183),
            commission=Decimal("1.25"),
            notes=JournalNotes(
                setup_type=chance.choice(("gap", "breakout", "pullback")),
                trading_session=chance.choice(("London", "New York")),
                tags=tuple(chance.sample(("a+", "news", "plan", "late"), 2)),
            ),
            created_at=closed,
            updated_at=closed,
        ),
        [Close(close_id="close-1", quantity=Decimal(100), price=185 + gain, closed_at=closed)],
    )


def trades_of(user: str, count: int) -> list[Trade]:
    """So many trades, from today backwards."""
    chance = Random(user)
    return [trade(user, number, chance) for number in range(count)]


def store(table: str, items: Iterable[Any]) -> None:
    """Put items into a table, past everything else."""
    rest = iter(items)
    while requests := [{"PutRequest": {"Item": item}} for item in islice(rest, 25)]:
        asked: Any = {table: requests}
        clients.dynamodb().batch_write_item(RequestItems=asked)


def statistics_of(user: str, trades: Sequence[Trade]) -> Iterator[Any]:
    """The items of a journal's statistics, as rebuilding it would write them.

    Writing them so saves hours: the embedded AWS's Query takes longer the more items a user has.
    """
    for one in trades:
        for day, share in shares(one).items():
            share_at = stat_items.key(user, stat_items.share_key(day, one.trade_id))
            yield {**share_at, "share": {"S": stat_items.pack_share(share, dimensions(one))}}
            if one.trade_id.endswith("0"):
                yield {**stat_items.key(user, stat_items.lock_key(day)), "version": {"N": "1"}}
    months: dict[str, Any] = {}
    for row, summary in rows(trades).items():
        name = stat_items.row_key(row.dimension, row.value, stat_items.month_of(row.day))
        of_month = months.setdefault(name, stat_items.key(user, name))
        of_month[stat_items.day_name(row.day)] = {"S": stat_items.pack(summary)}
    yield from months.values()
    years: dict[str, dict[str, str]] = {}
    decades: dict[str, dict[str, str]] = {}
    for item in months.values():
        if stat_items.place_of(item["statKey"]["S"])[0] is Dimension.JOURNAL:
            month, days = item["statKey"]["S"][-7:], stat_items.days_in(item)
            packed = upkeep.folded({day.isoformat(): summary for day, summary in days.items()})
            years.setdefault(month[:4], {})[month[5:]] = packed or ""
    for year, of_year in years.items():
        decades.setdefault(year[:3], {})[year] = upkeep.folded(of_year) or ""
    for prefix, folds in ((stat_items.YEARS, years), (stat_items.DECADES, decades)):
        for name, parts in folds.items():
            yield {**stat_items.key(user, prefix + name), "parts": {"M": {part: {"S": parts[part]} for part in parts}}}
    totals = {decade: upkeep.folded(of_decade) or "" for decade, of_decade in decades.items()}
    yield {**upkeep.totals_item(user, totals), "version": {"N": "1"}, "lastUpdated": {"S": instant(TODAY)}}


def change(user: str) -> dict[str, Any]:
    """Correct a trade of today, and the stream's record of that."""
    old = trade(user, 0, Random(user))
    stored = clients.dynamodb().get_item(
        TableName="trades", Key={"userId": {"S": user}, "tradeId": {"S": old.trade_id}}
    )
    before = stored["Item"]
    version = int(before["version"]["N"])
    new = replace(revise(old, {"entry_price": Decimal(184 - version)}, TODAY), version=version + 1)
    clients.dynamodb().put_item(TableName="trades", Item=trade_item(new))
    keys = {"userId": {"S": user}, "tradeId": {"S": old.trade_id}}
    images = {"OldImage": before, "NewImage": trade_item(new)}
    return {"dynamodb": {"Keys": keys, "SequenceNumber": str(version), **images}}


@contextmanager
def tables() -> Iterator[Meter]:
    """The embedded AWS with the two tables, and the functions' settings."""
    aws_port, api_port = free_ports(2)
    with (
        tempfile.TemporaryDirectory(prefix="trading-journal-") as folder,
        embedded_aws(Path(folder), aws_port, api_port, keep=False) as aws,
    ):
        os.environ |= {
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ACCESS_KEY_ID": ROOT_KEY,
            "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
            "AWS_DEFAULT_REGION": REGION,
            **{variable: name for variable, (name, _) in TABLES.items()},
        }
        clients.clear()
        clients._CONFIG = Config(read_timeout=120)
        for name, resource in TABLES.values():
            wanted = properties(resource)
            kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            clients.dynamodb().create_table(TableName=name, **{key: wanted[key] for key in kept if key in wanted})
        yield Meter(clients.dynamodb())


def say(*cells: object) -> None:
    sys.stdout.write("".join(f"{cell!s:>16}" for cell in cells) + "\n")
    sys.stdout.flush()


def main() -> int:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--trades", type=int, default=100_000)
    arguments.add_argument("--users", type=int, default=0, help="also rebuild so many users, with all those trades")
    given = arguments.parse_args()
    repair._SETTLING = 0  # nothing else is going on
    costs = []
    with tables() as meter:
        say("trades", "requests", "read units", "write units", "seconds", "rebuild s")
        for count in (SHORT, given.trades):
            user = f"user-{count}"
            trades = trades_of(user, count)
            store("trades", map(trade_item, trades))
            store("stats", statistics_of(user, trades))
            # Seconds for each page of the longer history, in the embedded AWS alone: not of interest.
            walk = _timed(repair.repair, user, now) if count == SHORT else None
            event = {"Records": [change(user)]}
            meter.reset()
            seconds = _timed(update_stats, event, None)
            cost = (meter.requests, meter.reads, meter.writes)
            costs.append(cost)
            say(count, *cost, f"{seconds:.3f}", "" if walk is None else f"{walk:.1f}")
            if count == SHORT:
                assert repair.repair(user, now) == repair.Drift()  # noqa: S101
        ratios = [long / short for short, long in zip(*costs, strict=True)]
        say("ratio", *(f"{ratio:.2f}" for ratio in ratios))
        if given.users:
            everybody(given.users, given.trades // given.users)
    return 0 if max(ratios) <= 1.2 else 1


def everybody(users: int, trades: int) -> None:
    """Rebuild them all, from nothing and again, one after the other as one worker does."""
    names = [f"trader-{number}" for number in range(users)]
    for name in names:
        store("trades", map(trade_item, trades_of(name, trades)))
    for what in ("from nothing", "all right"):
        seconds = sum(_timed(repair.repair, name, now) for name in names)
        say(f"{users} users", f"{trades} each", what, f"{seconds:.0f} s")


def now() -> datetime:
    return TODAY


def _timed(work: Callable[..., object], *arguments: Any) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())

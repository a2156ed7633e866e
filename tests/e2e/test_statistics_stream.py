"""The statistics follow the trades through the deployed stream and queues, also after failures."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.journal.stats.entries import BookEntry, entries
from handlers.storage.errors import UnreadableBook
from handlers.storage.stats.book_items import BOOKS, book_of, row_of
from handlers.storage.trade_items import is_trade, trade_of
from local.stack import Stack
from ops.redrive import redrive
from tests.e2e.conftest import User

START = datetime(2026, 1, 5, 15, tzinfo=UTC)


class Statistics:
    """A user's statistics as they are stored, and as the trades say."""

    def __init__(self, stack: Stack, user: User) -> None:
        self.dynamodb = stack.client("dynamodb")
        self.tables = {"trades": stack.outputs["TradesTableName"], "stats": stack.outputs["TradeStatsTableName"]}
        payload = user.access_token.split(".")[1]
        self.user_id: str = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"]

    def items(self, table: str) -> list[Any]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.tables[table],
            KeyConditionExpression="userId = :user",
            ExpressionAttributeValues={":user": {"S": self.user_id}},
            ConsistentRead=True,
        )
        return [item for page in pages for item in page["Items"]]

    def stored(self) -> dict[tuple[date, str], str]:
        """The facts of every entry, by day and trade."""
        books = [book_of(item) for item in self.items("stats") if item["statKey"]["S"].startswith(BOOKS)]
        found = {(book.day, id_): _facts(entry) for book in books for id_, entry in book.entries.items()}
        assert all(book.has_right_base for book in books)
        return found

    def right(self) -> dict[tuple[date, str], str]:
        trades = [trade_of(item) for item in self.items("trades") if is_trade(item) and "symbol" in item]
        return {(day, trade.trade_id): _facts(entry) for trade in trades for day, entry in entries(trade).items()}

    def are_right(self) -> bool:
        return self.stored() == self.right()

    def are_whole(self) -> bool:
        """Whether they are right, and can be read at all."""
        try:
            return self.are_right()
        except UnreadableBook:
            return False

    def total(self, name: str) -> Decimal:
        """The sum of that figure of the base set over all books, or its maximum for the best win."""
        shown = [base["M"] for item in self.items("stats") for base in item.get("base", {"L": []})["L"]]
        numbers = [Decimal(base[name]["N"]) for base in shown if name in base]
        return max(numbers, default=Decimal(0)) if name == "bestWin" else sum(numbers, Decimal(0))

    @property
    def version(self) -> int:
        return next((int(it["version"]["N"]) for it in self.items("stats") if it["statKey"]["S"] == "books"), 0)

    def forget(self) -> None:
        """Delete everything that is kept of the statistics."""
        for item in self.items("stats"):
            key = {"userId": item["userId"], "statKey": item["statKey"]}
            self.dynamodb.delete_item(TableName=self.tables["stats"], Key=key)


def _facts(entry: BookEntry) -> str:
    return str(row_of(entry._replace(version=0)))


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> float:
    """How long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it never came true"
        time.sleep(0.05)
    return time.monotonic() - began


def closed(gain: int, day: int = 0) -> dict[str, object]:
    """A trade of 10 that earned so much on that day."""
    opened = START + timedelta(days=day)
    return {
        "symbol": "AAPL",
        "side": "BUY",
        "quantity": "10",
        "openDate": opened.isoformat(),
        "entryPrice": "100",
        "closes": [
            {
                "quantity": "10",
                "price": str(100 + Decimal(gain) / 10),
                "closedAt": (opened + timedelta(hours=1)).isoformat(),
            }
        ],
        "tags": ["gap"],
    }


def record(user: User, trade: dict[str, object]) -> str:
    answer = user.api.post("/trades", json=trade)
    assert answer.status_code == 201, answer.text
    trade_id: str = answer.json()["tradeId"]
    return trade_id


@pytest.fixture(scope="module")
def warm(stack: Stack, dana: User) -> None:
    """The functions have started."""
    record(dana, closed(1))
    wait_until(Statistics(stack, dana).are_right)


@pytest.fixture
def user(new_user: Callable[[], User], warm: None) -> User:  # noqa: ARG001 made first
    return new_user()


@pytest.fixture
def statistics(stack: Stack, user: User) -> Statistics:
    return Statistics(stack, user)


@pytest.fixture
def quick_queue(stack: Stack) -> Iterator[str]:
    """The rebuilds' queue, from which a message whose worker was killed comes again after seconds."""
    sqs, url = stack.client("sqs"), stack.outputs["RebuildQueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "8"})
    yield url
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5400"})


def workers(stack: Stack) -> set[int]:
    """The processes in which the embedded AWS runs functions."""
    return set(stack.aws.memory()[1])


def kill_workers(stack: Stack) -> int:
    found = workers(stack)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(found)


def letters(stack: Stack, queue: str) -> int:
    attributes = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[queue], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def test_a_write_shows_within_three_seconds(user: User, statistics: Statistics) -> None:
    record(user, closed(50))
    assert wait_until(lambda: statistics.total("realizedPnl") == 50) < 3


def test_deleting_the_best_trade_lowers_the_best_win(user: User, statistics: Statistics) -> None:
    record(user, closed(50))
    best = record(user, closed(70, day=40))
    wait_until(lambda: statistics.total("bestWin") == 70)
    assert user.api.delete(f"/trades/{best}").status_code == 204
    wait_until(lambda: statistics.total("bestWin") == 50)
    assert statistics.total("tradeCount") == 1
    assert statistics.are_right()


def test_what_moves_no_money_writes_nothing(user: User, statistics: Statistics) -> None:
    trade_id = record(user, closed(50))
    wait_until(lambda: statistics.total("tradeCount") == 1)
    version = statistics.version
    etag = user.api.get(f"/trades/{trade_id}").headers["ETag"]
    patch = {"Content-Type": "application/merge-patch+json", "If-Match": etag}
    assert user.api.patch(f"/trades/{trade_id}", content='{"lessons": "wait"}', headers=patch).status_code == 200
    time.sleep(2)
    assert statistics.version == version


def test_a_poison_record_reaches_the_dead_letter_queue_and_the_others_are_handled(
    stack: Stack, user: User, statistics: Statistics
) -> None:
    poison = {"userId": {"S": statistics.user_id}, "tradeId": {"S": "poison"}, "openDate": {"S": "never"}}
    record(user, closed(10))
    statistics.dynamodb.put_item(TableName=statistics.tables["trades"], Item=poison)
    record(user, closed(20, day=1))
    record(user, closed(30, day=2))
    wait_until(lambda: statistics.total("realizedPnl") == 60)
    wait_until(lambda: letters(stack, "StatsDeadLetterQueueUrl") > 0)
    assert statistics.are_right()

    # What is wrong until then, the redrive puts right: it reads from the stream whose records they were.
    statistics.forget()
    done = redrive(stack.client, stack.outputs)
    assert (done.messages, done.users, done.everybody) == (1, 1, False)
    assert letters(stack, "StatsDeadLetterQueueUrl") == 0
    wait_until(lambda: statistics.total("realizedPnl") == 60)


def test_a_letter_that_names_nobody_any_more_rebuilds_everybody(
    stack: Stack, user: User, statistics: Statistics
) -> None:
    record(user, closed(10))
    wait_until(lambda: statistics.total("realizedPnl") == 10)
    statistics.forget()
    stack.client("sqs").send_message(QueueUrl=stack.outputs["StatsDeadLetterQueueUrl"], MessageBody="{}")
    assert redrive(stack.client, stack.outputs).everybody
    wait_until(lambda: statistics.total("realizedPnl") == 10)
    assert statistics.are_right()


def test_killing_the_stream_s_worker_loses_nothing(stack: Stack, user: User, statistics: Statistics) -> None:
    items = [{"idempotencyKey": f"key-{day}", "trade": closed(10 + day, day=day)} for day in range(60)]
    assert user.api.post("/trades/bulk", json={"items": items}).status_code == 200
    shares = [len(statistics.items("stats"))]
    while len(shares) < 8 or not statistics.are_right():
        if len(shares) < 8 and statistics.items("stats"):
            kill_workers(stack)  # in the middle of it: something is there, and not all
        time.sleep(0.1)
        shares.append(len(statistics.items("stats")))
        assert len(shares) < 300
    wait_until(lambda: statistics.total("tradeCount") == 60)


def test_killing_the_rebuild_loses_nothing(stack: Stack, user: User, statistics: Statistics, quick_queue: str) -> None:
    record(user, closed(10))
    record(user, closed(20, day=1))
    wait_until(lambda: statistics.total("realizedPnl") == 30)
    statistics.forget()
    kill_workers(stack)
    stack.client("sqs").send_message(QueueUrl=quick_queue, MessageBody=json.dumps({"user": statistics.user_id}))
    wait_until(lambda: bool(workers(stack)))
    time.sleep(1.5)  # it has found what is wrong, and waits whether the stream is about to put it right
    assert kill_workers(stack)
    assert statistics.items("stats") == []
    wait_until(lambda: statistics.total("realizedPnl") == 30)
    assert statistics.are_right()


def compare(stack: Stack, event: dict[str, object]) -> None:
    resource = stack.client("cloudformation").describe_stack_resource(
        StackName="trading-journal", LogicalResourceId="RebuildAllStatsFunction"
    )
    stack.client("lambda").invoke(
        FunctionName=resource["StackResourceDetail"]["PhysicalResourceId"],
        Qualifier="live",
        Payload=json.dumps(event).encode(),
    )


def test_the_schedule_asks_for_everybody_whose_statistics_changed(
    stack: Stack, user: User, statistics: Statistics
) -> None:
    record(user, closed(10))
    wait_until(lambda: statistics.total("realizedPnl") == 10)
    [book] = [item for item in statistics.items("stats") if item["statKey"]["S"].startswith(BOOKS)]
    statistics.dynamodb.put_item(TableName=statistics.tables["stats"], Item={**book, "entries": {"B": b"damaged"}})
    compare(stack, {})
    wait_until(statistics.are_whole)


def test_the_weekly_schedule_finds_who_is_in_no_list(stack: Stack, user: User, statistics: Statistics) -> None:
    record(user, closed(10))
    wait_until(lambda: statistics.total("realizedPnl") == 10)
    statistics.forget()
    compare(stack, {"everybody": True})
    wait_until(lambda: statistics.total("realizedPnl") == 10)
    assert statistics.are_right()

"""Every user is found, once, however often the search is cut off; and no message of a dead-letter queue is lost."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.entry.streams import rebuild_all_stats, rebuild_stats
from handlers.storage import rebuilds, repair
from ops.redrive import redrive, users_of
from tests.rights import Recorded
from tests.statistics.conftest import Db

OUTPUTS = {name: name for name in ("RebuildQueueUrl", "StatsDeadLetterQueueUrl", "RebuildDeadLetterQueueUrl")}


class Sqs:
    """Queues, by their addresses. Of each batch the second message fails at first."""

    def __init__(self) -> None:
        self.queues: dict[str, list[str]] = {name: [] for name in OUTPUTS}
        self.fails = True

    def send_message_batch(self, *, QueueUrl: str, Entries: Any) -> Any:
        assert len(Entries) <= 10
        failed = Entries[1:2] if self.fails else []
        self.fails = not self.fails
        self.queues[QueueUrl] += [entry["MessageBody"] for entry in Entries if entry not in failed]
        return {"Failed": [{"Id": entry["Id"]} for entry in failed]}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> None:
        self.queues[QueueUrl].append(MessageBody)

    def receive_message(self, *, QueueUrl: str, **_: Any) -> Any:
        bodies = self.queues[QueueUrl]
        return {"Messages": [{"Body": bodies[0], "ReceiptHandle": bodies[0]}]} if bodies else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:
        self.queues[QueueUrl].remove(ReceiptHandle)

    def asked(self) -> list[Any]:
        return [json.loads(body) for body in self.queues["RebuildQueueUrl"]]


class Context:
    """A call that has time for so many pages."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def get_remaining_time_in_millis(self) -> int:
        self.pages -= 1
        return 60_000 if self.pages > 0 else 0


@pytest.fixture
def sqs(db: Db, monkeypatch: pytest.MonkeyPatch) -> Sqs:
    db.renew()
    queues = Sqs()
    monkeypatch.setenv("REBUILD_QUEUE_URL", "RebuildQueueUrl")
    monkeypatch.setattr(rebuilds, "sqs", lambda: Recorded("sqs", queues))
    return queues


def fill(db: Db) -> None:
    """25 users with some trades each, and one who has none any more."""
    for user in range(25):
        for trade in range(3):
            db.fake.put_item(TableName="trades", Item=bare_item("trades", f"user-{user}", f"trade-{trade}"))
        db.fake.put_item(TableName="stats", Item=bare_item("stats", f"user-{user}", "totals"))
    db.fake.put_item(TableName="stats", Item=bare_item("stats", "left-over", "totals"))


def bare_item(table: str, user: str, sort: str) -> Any:
    return {"userId": {"S": user}, ("tradeId" if table == "trades" else "statKey"): {"S": sort}}


@pytest.mark.parametrize("pages", [1, 2, 1000])
def test_every_user_is_asked_for_once(db: Db, sqs: Sqs, monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    fill(db)
    found: Counter[str] = Counter()
    monkeypatch.setattr(repair, "repair", lambda user, _: found.update([user]) or repair.Drift())
    rebuild_all_stats({}, None)
    number = 0
    while sqs.queues["RebuildQueueUrl"]:
        number += 1
        body = sqs.queues["RebuildQueueUrl"].pop(0)
        answer = rebuild_stats({"Records": [{"messageId": "1", "body": body}]}, Context(pages))
        assert answer == {"batchItemFailures": []}
    assert found == {**{f"user-{user}": 1 for user in range(25)}, "left-over": 1}


def test_a_search_that_is_killed_begins_again_and_misses_nobody(db: Db, sqs: Sqs) -> None:
    fill(db)
    search = rebuilds.Search(segment=0, segments=1)
    calls = 0

    def kill_at_the_fifth(_: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt

    db.fake.around = kill_at_the_fifth
    with pytest.raises(KeyboardInterrupt):
        rebuilds.find(search, lambda: True)
    db.fake.around = lambda _: None
    rebuilds.find(search, lambda: True)
    assert {message["user"] for message in sqs.asked()} == {f"user-{user}" for user in range(25)}


def test_a_message_that_fails_is_reported_and_the_others_are_done(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sqs.fails
    done = []

    def work(user: str, _: Any) -> repair.Drift:
        if user == "bad":
            raise ValueError(user)
        done.append(user)
        return repair.Drift(rows=2)

    monkeypatch.setattr(repair, "repair", work)
    records = [{"messageId": user, "body": json.dumps({"user": user})} for user in ("good", "bad", "better")]
    answer = rebuild_stats({"Records": records}, Context(1))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert done == ["good", "better"]


def test_drift_is_told_as_a_metric(
    sqs: Sqs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sqs.fails
    monkeypatch.setattr(repair, "repair", lambda *_: repair.Drift(shares=1, rows=2, folds=3))
    rebuild_stats({"Records": [{"messageId": "1", "body": '{"user": "user-1"}'}]}, Context(1))
    [told] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (told["StatsDriftUsers"], told["StatsDriftFigures"], told["service"]) == ([1.0], [6.0], "trading-journal")
    assert told["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "TradingJournal"


class Stream:
    """A shard with the records 10, 20, ..., of which the first may have been trimmed; in pages of two, some empty."""

    def __init__(self, *, trimmed: bool = False) -> None:
        self.trimmed = trimmed

    def get_shard_iterator(self, *, SequenceNumber: str, **_: Any) -> Any:
        if self.trimmed:
            raise ClientError({"Error": {"Code": "TrimmedDataAccessException", "Message": ""}}, "GetShardIterator")
        return {"ShardIterator": SequenceNumber}

    def get_records(self, *, ShardIterator: str) -> Any:
        number = int(ShardIterator.removeprefix("now-"))
        if not ShardIterator.startswith("now-"):
            return {"Records": [], "NextShardIterator": f"now-{number}"}
        records = [
            {"dynamodb": {"SequenceNumber": str(one), "Keys": {"userId": {"S": f"user-{one}"}}}}
            for one in (number, number + 10)
        ]
        return {"Records": records, "NextShardIterator": str(number + 20)}


LETTER = json.dumps(
    {"DDBStreamBatchInfo": {"streamArn": "s", "shardId": "1", "startSequenceNumber": "20", "endSequenceNumber": "60"}}
)


def test_a_letter_names_the_users_from_its_first_record_to_its_last() -> None:
    assert users_of(Stream(), LETTER) == {"user-20", "user-30", "user-40", "user-50", "user-60"}
    assert users_of(Stream(trimmed=True), LETTER) is None
    for body in ("", "{}", "[]", '{"DDBStreamBatchInfo": {}}'):
        assert users_of(Stream(), body) is None


@pytest.mark.parametrize("trimmed", [False, True])
def test_the_redrive_empties_the_queues(sqs: Sqs, trimmed: bool) -> None:
    sqs.queues["StatsDeadLetterQueueUrl"] = [LETTER]
    sqs.queues["RebuildDeadLetterQueueUrl"] = ['{"user": "user-7"}']
    done = redrive({"sqs": sqs, "dynamodbstreams": Stream(trimmed=trimmed)}.__getitem__, OUTPUTS)
    assert (done.messages, done.users, done.everybody) == (2, 0 if trimmed else 5, trimmed)
    assert not sqs.queues["StatsDeadLetterQueueUrl"] + sqs.queues["RebuildDeadLetterQueueUrl"]
    assert {"user": "user-7"} in sqs.asked()
    searches = [message["search"] for message in sqs.asked() if "search" in message]
    assert {(one["table"], one["segment"]) for one in searches} == (
        {(table, segment) for table in ("trades", "stats") for segment in range(4)} if trimmed else set()
    )


def test_a_message_stays_until_what_takes_its_place_is_queued(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs.queues["StatsDeadLetterQueueUrl"] = [LETTER]

    def fail(**_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(sqs, "send_message_batch", fail)
    with pytest.raises(ConnectionError):
        redrive({"sqs": sqs, "dynamodbstreams": Stream()}.__getitem__, OUTPUTS)
    assert sqs.queues["StatsDeadLetterQueueUrl"] == [LETTER]

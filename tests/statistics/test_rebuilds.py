"""Each user is found once, however often the search is interrupted; no dead-letter message is lost."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.entry.streams import rebuild_all_stats, rebuild_stats, update_stats
from handlers.storage import queues
from handlers.storage.stats import books, comparing, due
from ops.redrive import redrive, users_of
from tests.rights import Recorded
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.journal import Step, do

NOW = datetime(2030, 1, 5, tzinfo=UTC)
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
        return 60_000 if self.pages > 0 else 20_000


@pytest.fixture
def sqs(db: Db, monkeypatch: pytest.MonkeyPatch) -> Sqs:
    db.renew()
    found = Sqs()
    monkeypatch.setenv("REBUILD_QUEUE_URL", "RebuildQueueUrl")
    monkeypatch.setattr(queues, "sqs", lambda: Recorded("sqs", found))
    return found


class Cognito:
    """A pool of so many users, a few on each page."""

    def __init__(self, users: int) -> None:
        self.users = [f"user-{number}" for number in range(users)]

    def list_users(self, *, PaginationToken: str = "0", Limit: int, **_: Any) -> Any:
        assert 1 <= Limit <= 60
        start = int(PaginationToken)
        users: Any = [{"Attributes": [{"Name": "sub", "Value": user}]} for user in self.users[start : start + 4]]
        rest = {"PaginationToken": str(start + 4)} if start + 4 < len(self.users) else {}
        return {"Users": users, **rest}


@pytest.fixture
def pool(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> Cognito:  # noqa: ARG001 made first
    cognito = Cognito(25)
    monkeypatch.setenv("USER_POOL_ID", "pool")
    monkeypatch.setattr(due, "cognito_admin", lambda: Recorded("cognito-idp", cognito))
    return cognito


def fill(db: Db) -> set[str]:
    """So many users, of whom the statistics of every other one changed. Those who are due."""
    users = [f"user-{number}" for number in range(200)]
    for user in users[::2]:
        do(db.fake, Step(user, "trade-1", "create", 12))
    update_stats({"Records": db.fake.stream}, CONTEXT)
    return set(users[::2])


def work_off(sqs: Sqs, pages: int) -> None:
    while sqs.queues["RebuildQueueUrl"]:
        body = sqs.queues["RebuildQueueUrl"].pop(0)
        answer = rebuild_stats({"Records": [{"messageId": "1", "body": body}]}, Context(pages))
        assert answer == {"batchItemFailures": []}


@pytest.mark.parametrize("pages", [1, 2, 1000])
def test_everybody_who_is_due_is_compared_once(db: Db, sqs: Sqs, monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    wanted = fill(db)
    found: Counter[str] = Counter()
    real = comparing.compare
    monkeypatch.setattr(comparing, "compare", lambda user, clock: found.update([user]) or real(user, clock))
    rebuild_all_stats({}, None)
    work_off(sqs, pages)
    assert found == dict.fromkeys(wanted, 1)
    found.clear()
    rebuild_all_stats({}, None)  # nothing has changed since
    work_off(sqs, pages)
    assert found == {}
    do(db.fake, Step("user-4", "trade-1", "delete", 0))
    update_stats({"Records": db.fake.stream[-1:]}, CONTEXT)
    rebuild_all_stats({}, None)
    work_off(sqs, pages)
    assert found == {"user-4": 1}


def test_who_changes_during_the_comparison_stays_due(db: Db, sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> None:
    do(db.fake, Step("user-1", "trade-1", "create", 12))
    update_stats({"Records": db.fake.stream}, CONTEXT)
    real = books.AllBooks

    def change_meanwhile(user_id: str) -> Any:
        do(db.fake, Step("user-1", "trade-2", "create", 13))
        update_stats({"Records": db.fake.stream[-1:]}, CONTEXT)
        return real(user_id)

    with monkeypatch.context() as patch:
        patch.setattr(comparing, "AllBooks", change_meanwhile)
        comparing.compare("user-1", lambda: NOW)
    rebuild_all_stats({}, None)
    compared: Counter[str] = Counter()
    monkeypatch.setattr(comparing, "compare", lambda user, _: compared.update([user]) or comparing.Drift())
    work_off(sqs, 1000)
    assert compared == {"user-1": 1}


@pytest.mark.parametrize("pages", [1, 2, 1000])
def test_once_a_week_everybody_in_the_pool_is_compared_once(
    sqs: Sqs, pool: Cognito, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    found: Counter[str] = Counter()
    monkeypatch.setattr(comparing, "compare", lambda user, _: found.update([user]) or comparing.Drift())
    rebuild_all_stats({"everybody": True}, None)
    work_off(sqs, pages)
    assert found == dict.fromkeys(pool.users, 1)


def test_a_search_that_is_killed_begins_again_and_misses_nobody(
    sqs: Sqs, pool: Cognito, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    real = sqs.send_message_batch

    def kill_at_the_third(**asked: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return real(**asked)

    monkeypatch.setattr(sqs, "send_message_batch", kill_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        due.find(due.Search(), lambda: True)
    due.find(due.Search(), lambda: True)
    assert {message["user"] for message in sqs.asked()} == set(pool.users)


def test_a_message_that_fails_is_reported_and_the_others_are_done(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sqs.fails
    done = []

    def work(user: str, _: Any) -> comparing.Drift:
        if user == "bad":
            raise ValueError(user)
        done.append(user)
        return comparing.Drift(entries=2)

    monkeypatch.setattr(comparing, "compare", work)
    records = [{"messageId": user, "body": json.dumps({"user": user})} for user in ("good", "bad", "better")]
    answer = rebuild_stats({"Records": records}, Context(1))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert done == ["good", "better"]


def test_drift_is_told_as_a_metric(
    sqs: Sqs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sqs.fails
    monkeypatch.setattr(comparing, "compare", lambda *_: comparing.Drift(entries=4, books=2))
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
    assert searches == ([{}] if trimmed else [])


def test_a_message_stays_until_what_takes_its_place_is_queued(sqs: Sqs, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs.queues["StatsDeadLetterQueueUrl"] = [LETTER]

    def fail(**_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(sqs, "send_message_batch", fail)
    with pytest.raises(ConnectionError):
        redrive({"sqs": sqs, "dynamodbstreams": Stream()}.__getitem__, OUTPUTS)
    assert sqs.queues["StatsDeadLetterQueueUrl"] == [LETTER]

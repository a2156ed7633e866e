"""After any changes of trades and any delivery by the stream, the statistics equal those built from the trades."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.entry.streams import update_stats
from handlers.storage.stats import comparing
from handlers.storage.stats.book_items import LARGEST_PART
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.fake_dynamodb import FakeDynamoDB
from tests.statistics.journal import USERS, Step, assert_right, do, facts, steps, stored

NOW = datetime(2030, 1, 5, tzinfo=UTC)
many = settings(max_examples=1500, suppress_health_check=[HealthCheck.function_scoped_fixture])
# Of the compressed entries of a part, in bytes: with the smallest one, two trades make a busy day.
largest_parts = st.sampled_from([LARGEST_PART, 200, 100])


class Killed(BaseException):
    """The process ends here and now; nothing may catch it."""


class Stream:
    """Delivers each record until it was handled at least once: late, again, out of order, in batches of any size."""

    def __init__(self, db: FakeDynamoDB, chance: Random) -> None:
        self.db = db
        self.chance = chance
        self.handled: set[str] = set()

    def deliver(self, *, smoothly: bool = False) -> None:
        records = [*self.db.stream]
        self.chance.shuffle(records)
        batch = records[: self.chance.randint(1, len(records))] if records else []
        with nullfault() if smoothly else fault(self.db, self.chance):
            try:
                answer = update_stats({"Records": batch}, CONTEXT)
            except Killed:
                return
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        self.handled |= {_number(record) for record in batch} - failed

    def deliver_all(self) -> None:
        while len(self.handled) < len(self.db.stream):
            self.deliver(smoothly=True)


def _number(record: Any) -> str:
    number: str = record["dynamodb"]["SequenceNumber"]
    return number


@contextmanager
def nullfault() -> Iterator[None]:
    yield


@contextmanager
def fault(db: FakeDynamoDB, chance: Random) -> Iterator[None]:
    """Before or after some call, as a rule, the process is killed or DynamoDB throttles."""
    calls = chance.randint(0, 60)
    what = chance.choice(("nothing", "kill", "throttle"))

    def around(name: str) -> None:
        nonlocal calls
        calls -= 1
        if calls == 0 and what == "kill":
            raise Killed
        if calls == 0 and what == "throttle":
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, name)

    db.around = around
    try:
        yield
    finally:
        db.around = lambda _: None


def rebuild(db: FakeDynamoDB, chance: Random) -> None:
    for user in USERS:
        try:
            with fault(db, chance):
                comparing.compare(user, lambda: NOW)
        except (Killed, Exception):  # noqa: BLE001, S110 the message comes again, or the next rebuild
            pass


@many
@given(story=st.lists(steps, max_size=14), seed=st.integers(0, 2**32), rebuilding=st.booleans(), largest=largest_parts)
def test_any_changes_in_any_delivery_end_as_a_rebuild_from_scratch(
    db: Db, story: list[Step], seed: int, rebuilding: bool, largest: int
) -> None:
    fake = db.renew(largest_part=largest)
    chance = Random(seed)
    stream = Stream(fake, chance)
    for step in story:
        do(fake, step)
        for _ in range(chance.choice((0, 0, 1, 2))):
            stream.deliver()
        if rebuilding and chance.random() < 0.2:
            rebuild(fake, chance)
    stream.deliver_all()
    kept = {user: facts(stored(fake, user)) for user in USERS}
    for user in USERS:
        assert_right(fake, user)
        assert comparing.compare(user, lambda: NOW) == comparing.Drift()
    # From scratch, there is the same.
    for user in USERS:
        fake.tables["stats"].pop(user, None)
        comparing.compare(user, lambda: NOW)
        assert_right(fake, user)
        assert facts(stored(fake, user)) == kept[user]


@many
@given(story=st.lists(steps, max_size=10), seed=st.integers(0, 2**32), largest=largest_parts)
def test_without_any_stream_the_rebuild_alone_makes_all_right(
    db: Db, story: list[Step], seed: int, largest: int
) -> None:
    fake = db.renew(largest_part=largest)
    chance = Random(seed)
    stream = Stream(fake, chance)
    for step in story:
        do(fake, step)
        if chance.random() < 0.3:
            stream.deliver()  # and what it does not deliver is lost
    for _ in range(3):
        rebuild(fake, chance)
    for user in USERS:
        comparing.compare(user, lambda: NOW)
        assert_right(fake, user)
        assert comparing.compare(user, lambda: NOW) == comparing.Drift()


def test_a_group_that_takes_in_a_trade_which_names_it_already_counts_at_once(db: Db) -> None:
    """The trade is written with the same group, so only the group's own record tells of the change."""
    fake = db.renew()
    for step in (Step("user-1", "trade-1", "create", 15), Step("user-1", "trade-1", "group", 2)):
        before = len(fake.stream)
        do(fake, step)
        for record in list(fake.stream)[before:]:
            assert update_stats({"Records": [record]}, CONTEXT) == {"batchItemFailures": []}
    assert any(trade_id.startswith("group|") for _, trade_id in facts(stored(fake, "user-1")))
    assert_right(fake, "user-1")

"""One falls asleep at some call, another does all of its work in the meantime: at every call, for stories that undo.

What the sleeper then writes is older than what is there. Before and after each call of the sleeper, and of the other
while a third comes in between.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from handlers.entry.streams import update_stats
from handlers.storage.errors import AccountErased, Busy
from handlers.storage.stats import comparing
from handlers.storage.stats.book_items import LARGEST_PART
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.fake_dynamodb import FakeDynamoDB
from tests.statistics.journal import Step, assert_right, do

NOW = datetime(2030, 1, 5, tzinfo=UTC)
USER = "user-1"


def step(trade: int, deed: str, number: int) -> Step:
    return Step(USER, f"trade-{trade}", deed, number)


# What was before, what the first handles, what the second does.
STORIES = {
    "gone and back": ([step(1, "create", 12)], [step(1, "delete", 0)], [step(1, "create", 12)]),
    "back and gone": ([], [step(1, "create", 12)], [step(1, "delete", 0)]),
    "one more, one less": ([step(1, "create", 12)], [step(2, "create", 16)], [step(1, "delete", 0)]),
    "gone, another back": (
        [step(1, "create", 12), step(2, "create", 12)],
        [step(1, "delete", 0)],
        [step(1, "create", 16), step(2, "delete", 0)],
    ),
    "another day": ([step(1, "create", 12)], [step(1, "delete", 0)], [step(1, "create", 13)]),
    "made anew": ([], [step(1, "create", 12)], [step(1, "delete", 0), step(1, "create", 16)]),
    "relabelled": ([step(1, "create", 12)], [step(1, "label", 0)], [step(1, "label", 1)]),
    "labelled and back": (
        [step(1, "create", 12), step(1, "label", 0)],
        [step(1, "label", 1)],
        [step(1, "label", 0)],
    ),
    "two months": (
        [step(1, "create", 12), step(2, "create", 14)],
        [step(1, "delete", 0)],
        [step(2, "delete", 0), step(1, "create", 12)],
    ),
}


class Worker:
    """A worker that handles new records or rebuilds. At its n-th pause, something else runs."""

    def __init__(self, db: FakeDynamoDB, kind: str) -> None:
        self.db = db
        self.kind = kind
        self.again: list[Any] = []

    def work(self, records: list[Any], pause: int = 0, meanwhile: Callable[[], None] = lambda: None) -> bool:
        """Run until done. Returns whether the n-th pause was reached."""
        left = pause

        def around(_: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self.db.around = lambda _: None
                meanwhile()
                self.db.around = around

        self.db.around = around
        if self.kind == "consumer":
            failed = {one["itemIdentifier"] for one in update_stats({"Records": records}, CONTEXT)["batchItemFailures"]}
            self.again = [record for record in records if record["dynamodb"]["SequenceNumber"] in failed]
        else:
            self.again = records
            with suppress(AccountErased, Busy):
                comparing.compare(USER, lambda: NOW)
        self.db.around = lambda _: None
        return left <= 0


# Trades and books are read together or one by one; a day has one part or several.
@pytest.mark.parametrize(("batch", "largest"), [(5, LARGEST_PART), (1, LARGEST_PART), (1, 100)])
@pytest.mark.parametrize("second", ["consumer", "rebuild"])
@pytest.mark.parametrize("first", ["consumer", "rebuild"])
@pytest.mark.parametrize("story", STORIES)
def test_what_is_older_is_never_written(db: Db, story: str, first: str, second: str, batch: int, largest: int) -> None:
    before, early, late = STORIES[story]
    for pause in count(1):
        fake = db.renew(batch=batch, largest_part=largest)
        for one in before:
            do(fake, one)
        if before:
            update_stats({"Records": [*fake.stream]}, CONTEXT)
        known = len(fake.stream)
        for one in early:
            do(fake, one)
        sleeper, other = Worker(fake, first), Worker(fake, second)
        seen = len(fake.stream)

        def meanwhile(fake: FakeDynamoDB = fake, other: Worker = other, seen: int = seen) -> None:
            for one in late:
                do(fake, one)
            other.work(fake.stream[seen:])

        came = sleeper.work(fake.stream[known:seen], pause, meanwhile)
        for left in (other.again, sleeper.again):
            if left:
                assert update_stats({"Records": left}, CONTEXT) == {"batchItemFailures": []}
        assert_right(fake, USER)
        assert comparing.compare(USER, lambda: NOW) == comparing.Drift()
        if not came:
            break


@pytest.mark.parametrize(("batch", "largest"), [(1, LARGEST_PART), (1, 100)])
@pytest.mark.parametrize("kinds", [("consumer", "rebuild", "consumer"), ("rebuild", "consumer", "consumer")], ids=str)
@pytest.mark.parametrize("story", ["gone and back", "gone, another back"])
def test_nor_when_a_third_comes_in_between(
    db: Db, story: str, kinds: tuple[str, str, str], batch: int, largest: int
) -> None:
    before, early, late = STORIES[story]
    for pause in count(1, 2):
        reached = False
        for inner in count(1, 2):
            fake = db.renew(batch=batch, largest_part=largest)
            for one in before:
                do(fake, one)
            update_stats({"Records": [*fake.stream]}, CONTEXT)
            known = len(fake.stream)
            for one in early:
                do(fake, one)
            seen = len(fake.stream)
            workers = [Worker(fake, kind) for kind in kinds]
            inner_came = False

            def third(fake: FakeDynamoDB = fake, workers: list[Worker] = workers, seen: int = seen) -> None:
                for one in late:
                    do(fake, one)
                workers[2].work(fake.stream[seen:])

            def second(workers: list[Worker] = workers, inner: int = inner, third: Callable[[], None] = third) -> None:
                nonlocal inner_came
                inner_came = workers[1].work([], inner, third)

            reached = workers[0].work(fake.stream[known:seen], pause, second)
            rest = [record for worker in workers for record in worker.again]
            rest += fake.stream[seen:] if not inner_came else []
            if rest:
                assert update_stats({"Records": rest}, CONTEXT) == {"batchItemFailures": []}
            assert_right(fake, USER)
            if not inner_came:
                break
        if not reached:
            break

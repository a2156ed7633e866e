"""Two consumers of the stream, a rebuild and the users' own writes, interleaved before and after every single call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.entry.streams import update_stats
from handlers.storage.errors import Busy
from handlers.storage.stats import comparing
from handlers.storage.stats.book_items import LARGEST_PART
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.fake_dynamodb import FakeDynamoDB
from tests.statistics.journal import Step, assert_right, do, steps

# Coverage watches other tests of the same lines: to watch this campaign too takes longer than to run it.
pytestmark = pytest.mark.no_cover

NOW = datetime(2030, 1, 5, tzinfo=UTC)
USER = "user-1"


# On one day, and undone and done again in the same words: what was read before looks like what is there after.
back_and_forth = st.builds(
    Step,
    st.just(USER),
    st.sampled_from(["trade-1", "trade-2"]),
    st.sampled_from(["create", "create", "delete", "correct", "close part", "take back"]),
    st.sampled_from([12, 16]),
)
stories = st.lists(steps, min_size=1, max_size=6) | st.lists(back_and_forth, min_size=1, max_size=6)


class Turns:
    """Runs one thread at a time, and chooses the next one at random at each call of DynamoDB."""

    def __init__(self, db: FakeDynamoDB, chance: Random) -> None:
        self._db = db
        self._chance = chance
        self._own: dict[threading.Thread, threading.Semaphore] = {}
        self._back = threading.Semaphore(0)
        self._errors: list[BaseException] = []

    def add(self, work: Callable[[], None]) -> None:
        def run() -> None:
            own.acquire()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 raised in the test, below
                self._errors.append(error)
            del self._own[thread]
            self._back.release()

        own = threading.Semaphore(0)
        thread = threading.Thread(target=run, daemon=True)
        self._own[thread] = own
        thread.start()

    def pause(self, _: str = "") -> None:
        own = self._own[threading.current_thread()]
        self._back.release()
        own.acquire()

    def run(self) -> None:
        self._db.around = self.pause
        # Chance prefers somebody for a while, so that one can fall far behind another.
        while self._own:
            own = self._chance.choice([*self._own.values()])
            for _ in range(self._chance.choice((1, 2, 4, 10, 60))):
                if own not in self._own.values():
                    break
                own.release()
                self._back.acquire()
        self._db.around = lambda _: None
        if self._errors:
            raise self._errors[0]


@settings(max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.just([]) | stories,
    story=stories,
    seed=st.integers(0, 2**32),
    rebuilds=st.integers(0, 2),
    batch=st.sampled_from([1, 5]),
    largest=st.sampled_from([LARGEST_PART, 200, 100]),
)
def test_an_older_result_never_takes_the_place_of_a_newer_one(
    db: Db, before: list[Step], story: list[Step], seed: int, rebuilds: int, batch: int, largest: int
) -> None:
    fake = db.renew(batch=batch, largest_part=largest)
    chance = Random(seed)
    for step in before:
        do(fake, step._replace(user=USER))
    if fake.stream:
        update_stats({"Records": [*fake.stream]}, CONTEXT)
    taken = len(fake.stream)
    again: list[Any] = []
    writing = True
    turns = Turns(fake, chance)

    def write() -> None:
        nonlocal writing
        for step in story:
            do(fake, step._replace(user=USER))
        writing = False

    def consume() -> None:
        """Take what nobody has taken yet, and what failed: each record is handled once, by one of the consumers."""
        nonlocal taken
        while writing or taken < len(fake.stream) or again:
            batch = again + fake.stream[taken : taken + chance.choice((1, 1, 3))]
            taken += len(batch) - len(again)
            again.clear()
            if not batch:
                turns.pause()
                continue
            answer = update_stats({"Records": batch}, CONTEXT)
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            again.extend(record for record in batch if record["dynamodb"]["SequenceNumber"] in failed)

    def rebuild() -> None:
        try:
            comparing.compare(USER, lambda: NOW)
        except Busy:
            return

    for work in (write, consume, consume, *[rebuild] * rebuilds):
        turns.add(work)
    turns.run()
    assert_right(fake, USER)
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()

"""An erased user stays erased: no worker writes a row again, at whichever call the erasure intervenes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from handlers.entry.streams import update_stats
from handlers.storage import erasure_marks
from handlers.storage.errors import AccountErased, Contended
from handlers.storage.stats import group_results
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.fake_dynamodb import FakeDynamoDB
from tests.statistics.journal import Step, do
from tests.statistics.test_preemption import USER, Worker

NOW = datetime(2030, 1, 5, tzinfo=UTC)


# The trades are erased first, or what the statistics have so far.
@pytest.mark.parametrize("trades_first", [True, False])
@pytest.mark.parametrize("kind", ["consumer", "rebuild"])
def test_no_book_of_an_erased_user_comes_back(db: Db, kind: str, *, trades_first: bool) -> None:
    for pause in count(1):
        fake = db.renew()
        for number in (12, 13):
            do(fake, Step(USER, f"trade-{number}", "create", number))
        worker = Worker(fake, kind)

        def erase(fake: FakeDynamoDB = fake) -> None:
            erasure_marks.begin(USER, NOW)
            fake.tables["stats"].pop(USER, None)
            for name in [name for name in fake.items("trades", USER) if not name.startswith(erasure_marks.PREFIX)]:
                if not trades_first:
                    break
                fake.tables["trades"][USER].pop(name)

        came = worker.work([*fake.stream], pause, erase)
        if not came:
            assert fake.items("stats", USER)
            break
        assert (fake.items("stats", USER), worker.again if kind == "consumer" else []) == ({}, [])
        worker.work([*fake.stream])
        assert fake.items("stats", USER) == {}


@pytest.mark.parametrize(
    ("error", "fails"), [(AccountErased("user"), False), (Contended(), True), (ValueError(), True)]
)
def test_a_group_that_fails_is_reported_for_the_records_of_its_trades(
    db: Db, monkeypatch: pytest.MonkeyPatch, error: Exception, *, fails: bool
) -> None:
    fake = db.renew()
    do(fake, Step("user-1", "trade-1", "create", 1))
    do(fake, Step("user-1", "trade-1", "group", 2))

    def write_group_entry(*_: Any) -> None:
        raise error

    monkeypatch.setattr(group_results, "write_group_entry", write_group_entry)
    [_, joined] = [record for record in fake.stream if "openDate" in record["dynamodb"].get("NewImage", {})]
    answer = update_stats({"Records": [joined]}, CONTEXT)
    number = joined["dynamodb"]["SequenceNumber"]
    assert answer["batchItemFailures"] == ([{"itemIdentifier": number}] if fails else [])

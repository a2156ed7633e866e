"""Whoever is erased stays erased: no worker brings a row back, at whatever call the erasure comes in between."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from handlers.storage import erasure_marks
from tests.statistics.conftest import Db
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

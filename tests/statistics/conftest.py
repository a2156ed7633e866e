"""The statistics' storage on a DynamoDB in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handlers.storage import clients
from handlers.storage.stats import updating
from handlers.storage.stats.book_items import LARGEST_PART
from tests.rights import Recorded
from tests.statistics.fake_dynamodb import FakeDynamoDB


class Context:
    """A call that has all the time that Lambda gives."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


CONTEXT = Context()


class Db:
    """The fake that the storage finds; a story begins with a new one."""

    def __init__(self) -> None:
        self.fake = FakeDynamoDB()

    def renew(self, *, batch: int = 5, largest_part: int = LARGEST_PART) -> FakeDynamoDB:
        """A new fake, which answers so many keys of a batch at once; days are divided above that size of a part."""
        clients.clear()
        self.fake = FakeDynamoDB(batch=batch)
        vars(updating)["LARGEST_PART"] = largest_part
        return self.fake


@pytest.fixture(scope="module")
def db() -> Iterator[Db]:
    db = Db()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "new_client", lambda service, *_, **__: Recorded(service, db.fake))
        patch.setattr("time.sleep", lambda _: None)
        patch.setenv("TRADES_TABLE", "trades")
        patch.setenv("STATS_TABLE", "stats")
        patch.setenv("LEDGER_TABLE", "ledger")
        clients.clear()
        patch.setattr(updating, "LARGEST_PART", LARGEST_PART)
        yield db
    clients.clear()

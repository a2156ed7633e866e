"""The statistics' storage on a DynamoDB in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from handlers.storage import clients
from tests.rights import Recorded
from tests.statistics.fake_dynamodb import FakeDynamoDB


class Db:
    """The fake that the storage finds; a story begins with a new one."""

    def __init__(self) -> None:
        self.fake = FakeDynamoDB()

    def renew(self) -> FakeDynamoDB:
        clients.clear()
        self.fake = FakeDynamoDB()
        return self.fake


@pytest.fixture(scope="module")
def db() -> Iterator[Db]:
    db = Db()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "new_client", lambda service, *_, **__: Recorded(service, db.fake))
        patch.setattr("time.sleep", lambda _: None)
        patch.setenv("TRADES_TABLE", "trades")
        patch.setenv("STATS_TABLE", "stats")
        clients.clear()
        yield db
    clients.clear()

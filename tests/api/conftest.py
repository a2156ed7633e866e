"""Fixtures with the whole API in this process: tables, secret, docs page."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from handlers.log import logger
from handlers.storage import accounts, clients, sign_in, trade_defaults
from tests import aws_stand_in, rights
from tests import user_pool as user_pools
from tests.api.applying import Applying
from tests.api.behind import Behind
from tests.api.client import ERIN, Client
from tests.api.importing import Importing
from tests.api.user_data import Stores, new_queue
from tests.storage.conftest import aws as aws
from tests.storage.conftest import bucket as bucket
from tests.storage.conftest import empty_tables as empty_tables
from tests.storage.conftest import kept_clients as kept_clients
from tests.storage.conftest import moto as moto
from tests.storage.conftest import pool as pool
from tests.storage.conftest import requests as requests
from tests.storage.conftest import table as table
from tests.storage.conftest import tables as tables
from tests.user_pool import UserPool

rights.watch_botocore()


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the public documents."""
    folder = tmp_path_factory.mktemp("docs")
    aws_stand_in.write_public_documents(folder)
    return folder


# Whatever else a test asks for is made after it, as for all that is asked for by itself.
@pytest.fixture(autouse=True)
def everything(table: None, monkeypatch: pytest.MonkeyPatch, documents: Path) -> None:  # noqa: ARG001 made first
    aws_stand_in.set_up(monkeypatch, documents)
    trade_defaults.forget()


@pytest.fixture
def dana() -> Client:
    """A signed-in user."""
    return Client()


@pytest.fixture
def erin() -> Client:
    """Another signed-in user."""
    return Client(ERIN)


@pytest.fixture
def nobody() -> Client:
    """Somebody without a token."""
    return Client(None)


@pytest.fixture
def stores(bucket: None, pool: str, monkeypatch: pytest.MonkeyPatch) -> Stores:  # noqa: ARG001 made first
    """All places that can hold data of a user."""
    made = Stores(pool, new_queue("erasures"), new_queue("exports"), new_queue("restores"))
    monkeypatch.setenv("ERASURE_QUEUE_URL", made.erasure_queue)
    monkeypatch.setenv("EXPORT_QUEUE_URL", made.export_queue)
    monkeypatch.setenv("RESTORE_QUEUE_URL", made.restore_queue)
    return made


@pytest.fixture
def calls(stores: Stores) -> list[tuple[str, Any]]:  # noqa: ARG001 made first
    """The administrator's calls of the pool since the test began, with their parameters."""
    made: list[tuple[str, Any]] = []
    clients.cognito_admin().meta.events.register(
        "provide-client-params.cognito-identity-provider.*",
        lambda params, model, **_: made.append((model.name, dict(params))),
    )
    return made


@pytest.fixture
def cognito() -> Iterator[Stubber]:
    """A stub of Cognito that answers only what the test defines."""
    with Stubber(sign_in.cognito()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


class LogLines:
    """The lines that the functions have logged since the test began."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log_lines() -> Iterator[LogLines]:
    stream = io.StringIO()
    handler: Any = logger.registered_handler
    before = handler.setStream(stream)
    yield LogLines(stream)
    handler.setStream(before)


@pytest.fixture
def user_pool(monkeypatch: pytest.MonkeyPatch) -> UserPool:
    """A user pool in this process that answers as Cognito does."""
    pool = UserPool()
    monkeypatch.setenv("SIGN_OUT_QUEUE_URL", new_queue("sign-outs"))
    monkeypatch.setenv("USER_POOL_CLIENT_ID", user_pools.CLIENT_ID)
    monkeypatch.setenv("USER_POOL_ID", user_pools.POOL_ID)
    monkeypatch.setattr(sign_in, "cognito", lambda: pool.public)
    monkeypatch.setattr(sign_in, "cognito_once", lambda: pool.public)
    monkeypatch.setattr(sign_in, "cognito_admin", lambda: pool.admin)
    monkeypatch.setattr(accounts, "cognito_admin", lambda: pool.admin)
    return pool


@pytest.fixture
def behind(monkeypatch: pytest.MonkeyPatch) -> Behind:
    """What goes on behind the answers about executions, with the queue that the functions know."""
    made = Behind()
    monkeypatch.setenv("SETTLE_QUEUE_URL", made.queue)
    return made


@pytest.fixture
def importing(monkeypatch: pytest.MonkeyPatch) -> Importing:
    """Imports up to the preview; for tests that use the bucket."""
    return Importing(monkeypatch)


@pytest.fixture
def applying(behind: Behind, monkeypatch: pytest.MonkeyPatch) -> Applying:
    """What goes on behind the commit and the undoing of imports; for tests that use the bucket."""
    return Applying(behind, monkeypatch)

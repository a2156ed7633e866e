"""A table like the template's, in a DynamoDB that lives in this process; every other host is out of reach.

What takes long to make is made once for many tests (moto itself, clients, empty tables, the pool's key); no test finds
anything of another.
"""

import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc.jwk import RSAKey
from moto import mock_aws
from moto.backends import get_backend
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.utilities.utils import load_resource

from handlers.storage import clients, guard_proof, page_tokens
from tests.fast_moto import hasten_moto
from tests.template_file import properties
from tests.untraced import leave_libraries_untraced

REGION = "eu-central-1"

hasten_moto()
leave_libraries_untraced()


def create_tables() -> None:
    """The trades' table, the statistics' and the ledger's."""
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    for resource, name in (("TradesTable", "trades"), ("TradeStatsTable", "stats"), ("LedgerTable", "ledger")):
        settings = {setting: value for setting, value in properties(resource).items() if setting in wanted}
        clients.dynamodb().create_table(TableName=name, **settings)


class KeptClients:
    """Clients as `clients.new_client` makes them, kept from test to test: to make one takes as long as many calls.

    One into which a test has hooked is not given out again.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, Any]] = {}
        self._make = clients.new_client

    def __call__(self, service: str, config: Config = clients._CONFIG) -> Any:
        place = f"{service} {vars(config)}"
        client, hooks = self._kept.get(place, (None, None))
        if client is None or hooks is not hooks_of(client):
            client = self._make(service, config)
            if service == "dynamodb":
                client.meta.events.register("provide-client-params.dynamodb.*", refuse_impossible_ranges)
            self._kept[place] = client, hooks_of(client)
        return client


def refuse_impossible_ranges(params: Any, **_: Any) -> None:
    """Make moto refuse a range that ends before it starts, as DynamoDB does."""
    expressions = [
        params.get(name, "") for name in ("KeyConditionExpression", "FilterExpression", "ConditionExpression")
    ]
    for low, high in re.findall(r"BETWEEN (:\w+) AND (:\w+)", " ".join(expressions)):
        bounds = [params["ExpressionAttributeValues"][name] for name in (low, high)]
        [from_], [to] = ([Decimal(held) if kind == "N" else held for kind, held in bound.items()] for bound in bounds)
        if from_ > to:
            message = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")


def hooks_of(client: Any) -> Any:
    """What is another object as soon as somebody has hooked into the client: it remembers which hooks an event has."""
    return client.meta.events._emitter._lookup_cache


@pytest.fixture(scope="session")
def kept_clients() -> KeptClients:
    return KeptClients()


@pytest.fixture(scope="module", autouse=True)
def moto() -> Iterator[None]:
    """moto for all tests of a file, since starting it takes as long as a test."""
    # A new session would read the clients' descriptions from disk again, which takes longer than the test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        yield


@pytest.fixture(autouse=True)
def aws(moto: None, kept_clients: KeptClients, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 made first
    """AWS with nothing in it."""

    def refuse(*_: object) -> None:
        raise AssertionError("a unit test opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(clients, "new_client", kept_clients)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",  # pragma: allowlist secret - of nobody
        "AWS_DEFAULT_REGION": REGION,
        "TRADES_TABLE": "trades",
        "STATS_TABLE": "stats",
        "LEDGER_TABLE": "ledger",
        "FILES_BUCKET": "files",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    BackendDict.reset()
    reset_model_data()
    clients.clear()
    page_tokens.signing_secret.cache_clear()
    guard_proof.guard_secret.cache_clear()
    yield
    clients.clear()
    page_tokens.signing_secret.cache_clear()
    guard_proof.guard_secret.cache_clear()


class Tables:
    """The tables as somebody filled them, once: whoever wants them later gets a copy."""

    def __init__(self) -> None:
        self._kept: Any = None

    def filled(self, fill: Callable[[], object]) -> None:
        """Have the tables as `fill` leaves them."""
        moto = get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION]
        if self._kept is None:
            fill()
            self._kept = deepcopy(moto.tables)
        else:
            moto.tables = deepcopy(self._kept)


@pytest.fixture(scope="session")
def empty_tables() -> Tables:
    return Tables()


@pytest.fixture
def table(empty_tables: Tables) -> None:
    empty_tables.filled(create_tables)


@pytest.fixture(scope="module")
def tables() -> Tables:
    """The tables, filled once for all tests of a file."""
    return Tables()


@pytest.fixture
def bucket() -> None:
    """The users' bucket: every version of a file is kept."""
    clients.s3().create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    clients.s3().put_bucket_versioning(
        Bucket="files", VersioningConfiguration=properties("UserFiles")["VersioningConfiguration"]
    )


@cache
def pool_key() -> RSAKey:
    """The key with which moto's pools sign; always the same one, and slow to read."""
    return RSAKey.import_key(load_resource("cognitoidp/resources/jwks-private.json"))


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> str:
    """The users' pool."""
    wanted, key = properties("UserPool"), pool_key()
    settings = {
        name: wanted[name] for name in ("UsernameAttributes", "UsernameConfiguration", "AutoVerifiedAttributes")
    }
    with monkeypatch.context() as patch:
        patch.setattr("moto.cognitoidp.models.jwk.RSAKey.import_key", lambda _: key)
        made = clients.cognito_admin().create_user_pool(PoolName="users", **settings)
    pool_id = made["UserPool"]["Id"]
    monkeypatch.setenv("USER_POOL_ID", pool_id)
    return pool_id


@pytest.fixture
def requests() -> Counter[str]:
    """How often each DynamoDB operation was sent since the test began."""
    sent: Counter[str] = Counter()

    def count(request: Any, **_: Any) -> None:
        sent[request.headers["X-Amz-Target"].decode().rpartition(".")[2]] += 1

    clients.dynamodb().meta.events.register_first("before-send.dynamodb", count)
    return sent

"""A table like the template's, in a DynamoDB that lives in this process; every other host is out of reach."""

import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from handlers.storage import clients, page_tokens
from tests.template_file import properties


def create_tables() -> None:
    """The trades' table and the statistics'."""
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    for resource, name in (("TradesTable", "trades"), ("TradeStatsTable", "stats")):
        settings = {setting: value for setting, value in properties(resource).items() if setting in wanted}
        clients.dynamodb().create_table(TableName=name, **settings)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object) -> None:
        raise AssertionError("a unit test opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("time.sleep", lambda _: None)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",  # pragma: allowlist secret
        "AWS_DEFAULT_REGION": "eu-central-1",
        "TRADES_TABLE": "trades",
        "STATS_TABLE": "stats",
        "FILES_BUCKET": "files",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # A new session would read the clients' descriptions from disk again, which takes longer than the test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        clients.clear()
        page_tokens.signing_secret.cache_clear()
        yield
    clients.clear()
    page_tokens.signing_secret.cache_clear()


@pytest.fixture
def table() -> None:
    create_tables()


@pytest.fixture
def bucket() -> None:
    """The users' bucket: every version of a file is kept."""
    clients.s3().create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    clients.s3().put_bucket_versioning(
        Bucket="files", VersioningConfiguration=properties("UserFiles")["VersioningConfiguration"]
    )


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> str:
    """The users' pool."""
    wanted = properties("UserPool")
    made = clients.cognito_admin().create_user_pool(
        PoolName="users",
        **{name: wanted[name] for name in ("UsernameAttributes", "UsernameConfiguration", "AutoVerifiedAttributes")},
    )
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

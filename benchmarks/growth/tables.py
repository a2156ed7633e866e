"""Runs the embedded AWS with the tables, the bucket and the user pool of the background functions, without functions.

The tables are those of template.yaml, but without the stream, so nothing runs by itself. The functions' code runs in
this process or in one that it starts, with the settings in the environment.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from botocore.config import Config

from handlers.storage import clients
from local.embedded_aws import REGION, ROOT_KEY, embedded_aws, free_ports
from tests.template_file import properties

TABLES = {
    "TRADES_TABLE": ("trades", "TradesTable"),
    "STATS_TABLE": ("stats", "TradeStatsTable"),
    "LEDGER_TABLE": ("ledger", "LedgerTable"),
}
BUCKET = "files"


@contextmanager
def tables() -> Iterator[None]:
    """Run the embedded AWS with empty tables until the block ends."""
    aws_port, api_port = free_ports(2)
    with (
        tempfile.TemporaryDirectory(prefix="trading-journal-") as folder,
        embedded_aws(Path(folder), aws_port, api_port, keep=False) as aws,
        own_code_on(aws.endpoint, {variable: name for variable, (name, _) in TABLES.items()}),
    ):
        _create()
        yield


@contextmanager
def own_code_on(endpoint: str, names: Mapping[str, str]) -> Iterator[None]:
    """Let the product's code in this process work on the embedded AWS at this address.

    names: the environment variables with the names of tables, bucket and pool.
    """
    before = dict(os.environ)
    os.environ |= {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ROOT_KEY,
        "AWS_SECRET_ACCESS_KEY": ROOT_KEY,
        "AWS_DEFAULT_REGION": REGION,
        **names,
    }
    clients.clear()
    be_patient()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before
        clients.clear()


def be_patient() -> None:
    """Raise the time-outs of the clients: the embedded AWS needs longer than AWS for large answers."""
    clients._CONFIG = Config(read_timeout=120)


def _create() -> None:
    for name, resource in TABLES.values():
        wanted = properties(resource)
        kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        clients.dynamodb().create_table(TableName=name, **{key: wanted[key] for key in kept if key in wanted})
    clients.s3().create_bucket(Bucket=BUCKET)
    pool = clients.cognito_admin().create_user_pool(PoolName="users")["UserPool"]["Id"]
    os.environ |= {"FILES_BUCKET": BUCKET, "USER_POOL_ID": pool}


def new_user() -> str:
    """Create a user in the pool. Returns its id."""
    made = clients.cognito_admin().admin_create_user(
        UserPoolId=os.environ["USER_POOL_ID"],
        Username=str(uuid.uuid4()),
        UserAttributes=[{"Name": "email", "Value": "dana@example.com"}],
        MessageAction="SUPPRESS",
    )["User"]
    return next(attribute["Value"] for attribute in made["Attributes"] if attribute["Name"] == "sub")

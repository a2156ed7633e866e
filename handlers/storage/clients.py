"""The AWS clients, each built once per process, on first use: one built at import would escape a test's fake AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.storage.errors import Busy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# A Lambda behind the API has 29 seconds at most: three attempts of a few seconds each stay well inside.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=3)
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def secrets() -> SecretsManagerClient:
    """The Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)


@cache
def sqs() -> SQSClient:
    """The SQS client."""
    return boto3.client("sqs", config=_CONFIG)


def trades_table() -> str:
    """The name of the table that holds the trades."""
    return os.environ["TRADES_TABLE"]


def stats_table() -> str:
    """The name of the table that holds the statistics."""
    return os.environ["STATS_TABLE"]


def clear() -> None:
    """Forget the clients, so that the next use builds them anew. For tests."""
    dynamodb.cache_clear()
    secrets.cache_clear()
    sqs.cache_clear()


@contextmanager
def throttling_is_busy() -> Iterator[None]:
    """Turn what DynamoDB still throttles after the client's own retries into Busy."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in _THROTTLED:
            raise Busy from error
        raise

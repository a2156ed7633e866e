"""The AWS clients, each built once per process, on first use: one built at import would escape a test's fake AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from handlers.storage.errors import Busy

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# A Lambda behind the API has 29 seconds at most: three attempts of a few seconds each stay well inside.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=3)
_THROTTLED = {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"}


@cache
def cognito_admin() -> CognitoIdentityProviderClient:
    """The client for what only the pool's administrator may do: signed, unlike the one for the public operations."""
    return boto3.client("cognito-idp", config=_CONFIG)


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def s3() -> S3Client:
    """The S3 client. It signs with the region, and for the bucket's regional address: the global one redirects for
    hours after a bucket was made, and a form cannot follow.
    """
    regional: Any = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return boto3.client("s3", config=_CONFIG.merge(Config(signature_version="s3v4", s3=regional)))


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


def files_bucket() -> str:
    """The name of the bucket that holds the users' files."""
    return os.environ["FILES_BUCKET"]


def stats_table() -> str:
    """The name of the table that holds the statistics."""
    return os.environ["STATS_TABLE"]


def clear() -> None:
    """Forget the clients, so that the next use builds them anew. For tests."""
    cognito_admin.cache_clear()
    dynamodb.cache_clear()
    s3.cache_clear()
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

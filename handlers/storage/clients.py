"""The AWS clients, each built once per process: by `make_ready` before the first request, else on first use.

They are botocore's own: all that boto3 would add are its resources and transfers, which nothing here uses and which
take half as long to load as all of botocore (benchmarks/README.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

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
def _session() -> Session:
    return Session()


def new_client(service: str, config: Config = _CONFIG) -> Any:
    """A client of the service, with the function's own credentials and region."""
    return _session().create_client(service, config=config)


@cache
def cognito_admin() -> CognitoIdentityProviderClient:
    """The client for what only the pool's administrator may do: signed, unlike the one for the public operations."""
    return cast("CognitoIdentityProviderClient", new_client("cognito-idp"))


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client."""
    return cast("DynamoDBClient", new_client("dynamodb"))


@cache
def s3() -> S3Client:
    """The S3 client. It signs with the region, and for the bucket's regional address: the global one redirects for
    hours after a bucket was made, and a form cannot follow.
    """
    regional: Any = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
    return cast("S3Client", new_client("s3", _CONFIG.merge(Config(signature_version="s3v4", s3=regional))))


@cache
def secrets() -> SecretsManagerClient:
    """The Secrets Manager client."""
    return cast("SecretsManagerClient", new_client("secretsmanager"))


@cache
def sqs() -> SQSClient:
    """The SQS client."""
    return cast("SQSClient", new_client("sqs"))


def trades_table() -> str:
    """The name of the table that holds the trades."""
    return os.environ["TRADES_TABLE"]


def files_bucket() -> str:
    """The name of the bucket that holds the users' files."""
    return os.environ["FILES_BUCKET"]


def stats_table() -> str:
    """The name of the table that holds the statistics."""
    return os.environ["STATS_TABLE"]


def make_ready(settings: Mapping[str, str]) -> None:
    """Build the clients of what a function's settings name, so that no request has to wait for it."""
    for setting, client in (
        ("TRADES_TABLE", dynamodb),
        ("STATS_TABLE", dynamodb),
        ("FILES_BUCKET", s3),
        ("PAGE_TOKEN_SECRET_ARN", secrets),
        ("USER_POOL_ID", cognito_admin),
    ):
        if setting in settings:
            client()


def clear() -> None:
    """Forget the clients, so that the next use builds them anew. For tests; what was read for them is kept."""
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

"""The AWS clients, each built once per process: by `make_ready` before the first request, else on first use.

They are botocore's own: all that boto3 would add are its resources and transfers, which nothing here uses and which
take half as long to load as all of botocore (benchmarks/README.md).
"""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import JSONParser, ResponseParserError, ResponseParserFactory
from botocore.session import Session

from handlers import deadline
from handlers.storage.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

# One attempt takes 4 seconds at most, and three with the waits between them rarely more than 12. A request's deadline
# ends them earlier where the function has less time (handlers/deadline.py).
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=1, read_timeout=3)

# No answer, or none that can be read. The last two stand for the credentials, which AWS serves to functions too.
_NO_ANSWER = (
    exceptions.HTTPClientError,
    exceptions.ConnectionError,
    exceptions.IncompleteReadError,
    exceptions.ChecksumError,
    exceptions.FlexibleChecksumError,
    ResponseParserError,
    exceptions.CredentialRetrievalError,
    exceptions.MetadataRetrievalError,
)
# Codes of failures that are AWS's own, whatever the status: throttling comes with 400 as a rule. Cognito's
# TooManyRequestsException and LimitExceededException are not among them: they are limits of one user or one pool, and
# `accounts` tells which.
_NOT_NOW = {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "InternalError",
    "InternalErrorException",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "KMSThrottlingException",
    "KmsThrottled",
    "OperationAborted",
    "OverLimit",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
}


class _MapsFailures:
    """A base class of every client: makes Unavailable of what AWS, and not the caller, is to blame for."""

    def _make_api_call(self, operation_name: str, api_params: Mapping[str, Any]) -> Any:
        if deadline.seconds_left() <= 0:
            raise Unavailable(f"no time is left for {operation_name}")
        with failures_are_unavailable():
            return super()._make_api_call(operation_name, api_params)  # type: ignore[misc] # botocore's client


class _Parsers(ResponseParserFactory):
    """botocore's parsers of answers, with a quick one for DynamoDB's."""

    def create_parser(self, protocol_name: str) -> Any:
        """The parser for a protocol; botocore's way to choose one."""
        if protocol_name != "json":
            return super().create_parser(protocol_name)
        return _JSONParser(**self._defaults)  # type: ignore[attr-defined] # the stubs leave it out


class _JSONParser(JSONParser):
    """botocore's, which would look up each attribute of an item in DynamoDB's model: half of the time that a function
    takes to read 100 000 items. An attribute is what its JSON says, but for binary values.
    """

    def _handle_map(self, shape: Any, value: Any) -> Any:
        if shape.value.name == "AttributeValue":
            return {name: _attribute(each) for name, each in value.items()}
        return super()._handle_map(shape, value)  # type: ignore[misc] # the stubs leave it out


def _attribute(stored: dict[str, Any]) -> dict[str, Any]:
    """The attribute with its binary values; it has one kind."""
    [kind] = stored
    if kind in _AS_IT_IS:
        return stored
    held = stored[kind]
    if kind == "M":
        return {kind: {name: _attribute(each) for name, each in held.items()}}
    if kind == "L":
        return {kind: [_attribute(each) for each in held]}
    return {kind: [b64decode(each) for each in held] if kind == "BS" else b64decode(held)}


_AS_IT_IS = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})


@cache
def _session() -> Session:
    session = Session()
    session.register_component("response_parser_factory", _Parsers())
    # botocore's own way to extend its clients; boto3 adds its methods in it too.
    session.register("creating-client-class", _map_failures)
    return session


def _map_failures(**given: Any) -> None:
    given["base_classes"].insert(0, _MapsFailures)


def new_client(service: str, config: Config = _CONFIG, region: str | None = None) -> Any:
    """A client of the service, with the function's own credentials, in its own region or the given one.

    Its calls raise Unavailable for AWS's own failures that outlive the client's retries, and once the deadline is over;
    for anything else ClientError, as botocore does.
    """
    return _session().create_client(service, region, config=config)


@contextmanager
def failures_are_unavailable() -> Iterator[None]:
    """Turn AWS's own failures into Unavailable. The clients' calls do so by themselves; what they return may read from
    the network later, and signing an address may have to fetch credentials.
    """
    try:
        yield
    except _NO_ANSWER as error:
        raise Unavailable from error
    except ClientError as error:
        if _is_of_aws(error):
            raise Unavailable from error
        raise


def _is_of_aws(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # 501 says that a service has no such function: then the request is wrong.
    return (status >= 500 and status != 501) or error.response["Error"].get("Code") in _NOT_NOW


@cache
def cognito_admin() -> CognitoIdentityProviderClient:
    """The client for what only the pool's administrator may do: signed, unlike the one for the public operations."""
    return cast("CognitoIdentityProviderClient", new_client("cognito-idp"))


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client. It does not look at each attribute of each item before it sends it: DynamoDB does, and that
    takes a quarter of the time of a large transaction.
    """
    return cast("DynamoDBClient", new_client("dynamodb", _CONFIG.merge(Config(parameter_validation=False))))


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


def ledger_table() -> str:
    """The name of the table that holds accounts, settings, executions and cash."""
    return os.environ["LEDGER_TABLE"]


def make_ready(settings: Mapping[str, str]) -> None:
    """Build the clients of what a function's settings name, so that no request has to wait for it."""
    for setting, client in (
        ("TRADES_TABLE", dynamodb),
        ("STATS_TABLE", dynamodb),
        ("LEDGER_TABLE", dynamodb),
        ("FILES_BUCKET", s3),
        ("PAGE_TOKEN_SECRET_ARN", secrets),
        ("GUARD_SECRET_ARN", secrets),
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

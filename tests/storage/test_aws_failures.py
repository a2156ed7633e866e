"""AWS's own failures, of every service that is used: Unavailable once the client's retries are over. Ours stay ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore import exceptions
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from moto.core.models import botocore_stubber

from handlers import deadline
from handlers.storage import clients, sign_in
from handlers.storage.clients import failures_are_unavailable
from handlers.storage.errors import Unavailable

CALLS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "DynamoDB": (clients.dynamodb, lambda client: client.get_item(TableName="trades", Key={"userId": {"S": "u"}})),
    "S3": (clients.s3, lambda client: client.get_object(Bucket="files", Key="key")),
    "SQS": (clients.sqs, lambda client: client.send_message(QueueUrl="https://sqs/queue", MessageBody="{}")),
    "Secrets Manager": (clients.secrets, lambda client: client.get_secret_value(SecretId="secret")),
    "Cognito's administration": (
        clients.cognito_admin,
        lambda client: client.admin_get_user(UserPoolId="eu-central-1_a", Username="user"),
    ),
    "Cognito": (sign_in.cognito, lambda client: client.resend_confirmation_code(ClientId="client", Username="user")),
}


@pytest.fixture(autouse=True)
def no_aws(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 made first
    """No network: only answers that a test defines."""
    monkeypatch.setattr(botocore_stubber, "enabled", False)
    sign_in.cognito.cache_clear()
    yield
    sign_in.cognito.cache_clear()


ADDRESS = "https://aws.example"
NO_ANSWER = [
    exceptions.ReadTimeoutError(endpoint_url=ADDRESS),
    exceptions.ConnectTimeoutError(endpoint_url=ADDRESS),
    exceptions.EndpointConnectionError(endpoint_url=ADDRESS),
    exceptions.ConnectionClosedError(endpoint_url=ADDRESS),
    exceptions.ProxyConnectionError(proxy_url=ADDRESS),
    exceptions.SSLError(endpoint_url=ADDRESS, error=OSError("handshake")),
    exceptions.HTTPClientError(error=ConnectionResetError("reset by peer")),
    exceptions.ResponseStreamingError(error=ConnectionResetError("reset by peer")),
    exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    exceptions.CredentialRetrievalError(provider="container-role", error_msg="timed out"),
    ResponseParserError("no JSON"),
]
THROTTLED = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
]
OURS = [
    "AccessDenied",
    "AccessDeniedException",
    "ConditionalCheckFailedException",
    "InvalidParameterException",
    "NoSuchKey",
    "ResourceNotFoundException",
    "ValidationException",
]


class Answered:
    """What comes back for every attempt instead of an answer of AWS."""

    def __init__(self, client: Any) -> None:
        self.attempts = 0
        self.answer: Exception | tuple[int, str] = (200, "")
        client.meta.events.register_first("before-send", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.attempts += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        status, code = self.answer
        text = f'{{"__type": "{code}"}}'
        if "s3" in request.url:
            text = f"<Error><Code>{code}</Code></Error>"
        headers = HTTPHeaders()
        headers["Content-Type"] = "application/x-amz-json-1.0"
        return AWSResponse(request.url, status, headers, _Body(text.encode()))


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> list[bytes]:
        return [self._content]


@contextmanager
def answering(service: str, answer: Exception | tuple[int, str]) -> Iterator[Callable[[], object]]:
    """The service's call, when this is what comes back for it."""
    client, call = CALLS[service]
    answered = Answered(client())
    answered.answer = answer
    yield lambda: call(client())
    assert answered.attempts >= 1


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("failure", NO_ANSWER, ids=lambda failure: type(failure).__name__)
def test_no_answer_is_unavailable(service: str, failure: Exception) -> None:
    with answering(service, failure) as call, pytest.raises(Unavailable) as raised:
        call()
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("code", ["InternalServerError", "Whatever", ""])
def test_a_failure_of_the_service_is_unavailable(service: str, status: int, code: str) -> None:
    with answering(service, (status, code)) as call, pytest.raises(Unavailable):
        call()


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("code", THROTTLED)
def test_throttling_is_unavailable(service: str, code: str) -> None:
    with answering(service, (400, code)) as call, pytest.raises(Unavailable):
        call()


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("code", OURS)
def test_a_mistake_of_ours_stays_one(service: str, code: str) -> None:
    with answering(service, (400, code)) as call, pytest.raises(ClientError):
        call()


@pytest.mark.parametrize("service", CALLS)
def test_a_call_is_made_again_before_it_is_given_up(service: str) -> None:
    client, call = CALLS[service]
    answered = Answered(client())
    answered.answer = (500, "InternalFailure")
    with pytest.raises(Unavailable):
        call(client())
    assert answered.attempts in (2, 3)


def test_every_failure_that_botocore_calls_transient_is_unavailable_or_known_to_be_something_else() -> None:
    throttled: Any = ThrottledRetryableChecker
    transient: Any = TransientRetryableChecker
    codes = {*throttled._THROTTLED_ERROR_CODES, *transient._TRANSIENT_ERROR_CODES}
    # Cognito's limits of a user or a pool, and an attempt of the same transaction that is still at work.
    others = {"LimitExceededException", "TooManyRequestsException", "TransactionInProgressException"}
    assert codes - others <= clients._NOT_NOW
    for error in transient._TRANSIENT_EXCEPTION_CLS:
        assert issubclass(error, clients._NO_ANSWER)


@pytest.mark.parametrize("service", ["cognito-idp", "dynamodb", "s3", "secretsmanager", "sqs"])
def test_every_error_that_a_service_calls_its_own_fault_is_unavailable(service: str) -> None:
    shapes = clients._session().get_component("data_loader").load_service_model(service, "service-2")["shapes"]
    faults = {name for name, shape in shapes.items() if shape.get("exception") and shape.get("fault")}
    assert faults or service in ("s3", "sqs")  # these declare none
    for name in faults:
        with pytest.raises(Unavailable), failures_are_unavailable():
            raise ClientError({"Error": {"Code": name}}, "Call")


def test_a_service_that_has_no_such_function_is_no_failure_of_it() -> None:
    with answering("S3", (501, "NotImplemented")) as call, pytest.raises(ClientError):
        call()


@pytest.mark.parametrize("service", CALLS)
def test_no_call_begins_after_the_deadline(service: str) -> None:
    client, call = CALLS[service]
    answered = Answered(client())
    with deadline.within(0), pytest.raises(Unavailable):
        call(client())
    assert answered.attempts == 0

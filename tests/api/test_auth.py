"""From sign-up to tokens, with Cognito answering as it does on AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from handlers.storage import clients, mail_allowance
from handlers.storage.user_pool_errors import MAILS_USED_UP
from tests.api.client import Answer, Client
from tests.user_pool import UserPool

EMAIL = "Dana@Example.com"
PASSWORD = "Breakout-2026!"
ADDRESS = {"email": EMAIL}
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}
CONFIRMATION = {"email": EMAIL, "code": "402719", "password": PASSWORD}
OF_ADDRESS = {"ClientId": "client-1", "Username": "dana@example.com"}
OF_SIGN_UP = {**OF_ADDRESS, "Password": ANY, "ValidationData": ANY}
OF_CODE = {**OF_ADDRESS, "ConfirmationCode": "402719"}
OF_LOG_IN = {
    "ClientId": "client-1",
    "AuthFlow": "USER_PASSWORD_AUTH",
    "AuthParameters": {"USERNAME": "dana@example.com", "PASSWORD": PASSWORD},
}
OF_REFRESH = {"ClientId": "client-1", "RefreshToken": "old.refresh_token-1"}
TOKENS = {"AccessToken": "a.c.s", "IdToken": "i.d.s", "RefreshToken": "r.f.s", "ExpiresIn": 900, "TokenType": "Bearer"}


def without_request_id(answer: Answer) -> tuple[int, object, dict[str, str]]:
    document = {name: value for name, value in answer.json.items() if name != "requestId"}
    return answer.status, document, {k: v for k, v in answer.headers.items() if k not in ("x-request-id",)}


def test_a_sign_up_whose_mail_cannot_be_delivered_is_answered_like_any_other(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("sign_up", {"UserConfirmed": False, "UserSub": "1"}, OF_SIGN_UP)
    cognito.add_client_error("sign_up", "CodeDeliveryFailureException", expected_params=OF_SIGN_UP)
    delivered, undeliverable = (nobody.post("/auth/signup", ADDRESS) for _ in range(2))
    assert without_request_id(undeliverable) == without_request_id(delivered)


def test_an_address_that_cognito_does_not_take_is_a_broken_rule(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("sign_up", "InvalidParameterException", expected_params=OF_SIGN_UP)
    answer = nobody.post("/auth/signup", ADDRESS)
    assert (answer.status, answer.kind, answer.bad_fields) == (422, "/problems/rule-broken", {("body", "/email")})


def test_a_wrong_code_an_expired_one_and_one_of_an_unknown_address_are_answered_alike(
    nobody: Client, cognito: Stubber
) -> None:
    refusals = (
        "CodeMismatchException",
        "ExpiredCodeException",
        "UserNotFoundException",
        "NotAuthorizedException",
        "InvalidParameterException",
        "AliasExistsException",
        "LimitExceededException",
        "TooManyFailedAttemptsException",
    )
    for refusal in refusals:
        cognito.add_client_error("confirm_sign_up", refusal, expected_params=OF_CODE)
    first, *others = (nobody.post("/auth/confirm-signup", CONFIRMATION) for _ in refusals)
    assert (first.status, first.kind, first.bad_fields) == (422, "/problems/code-rejected", {("body", "/code")})
    assert all(without_request_id(other) == without_request_id(first) for other in others)


def test_a_log_in_answers_the_tokens(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("initiate_auth", {"AuthenticationResult": TOKENS}, OF_LOG_IN)
    answer = nobody.post("/auth/login", CREDENTIALS)
    assert answer.status == 200
    assert answer.json == {
        "accessToken": "a.c.s",
        "idToken": "i.d.s",
        "refreshToken": "r.f.s",
        "expiresIn": 900,
        "tokenType": "Bearer",
    }


def test_whatever_keeps_somebody_from_logging_in_is_answered_alike(nobody: Client, cognito: Stubber) -> None:
    refusals = (
        ("NotAuthorizedException", "Incorrect username or password."),
        ("NotAuthorizedException", "Password attempts exceeded"),
        ("NotAuthorizedException", "User is disabled."),
        ("UserNotFoundException", "User does not exist."),
        ("UserNotConfirmedException", "User is not confirmed."),
        ("PasswordResetRequiredException", "Password reset required for the user"),
        ("InvalidParameterException", "1 validation error detected: Value at 'password' failed"),
    )
    for refusal in refusals:
        cognito.add_client_error("initiate_auth", *refusal, expected_params=OF_LOG_IN)
    first, *others = (nobody.post("/auth/login", CREDENTIALS) for _ in refusals)
    assert (first.status, first.kind) == (401, "/problems/wrong-credentials")
    for possibility in ("no account", "not confirmed", "password is wrong", "lock"):
        assert possibility in first.json["detail"]
    assert all(without_request_id(other) == without_request_id(first) for other in others)


def test_a_challenge_that_is_not_offered_here_is_no_log_in(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("initiate_auth", {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s" * 20}, OF_LOG_IN)
    assert nobody.post("/auth/login", CREDENTIALS).kind == "/problems/wrong-credentials"


def test_a_refresh_answers_the_new_tokens(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("get_tokens_from_refresh_token", {"AuthenticationResult": TOKENS}, OF_REFRESH)
    answer = nobody.post("/auth/refresh", {"refreshToken": "old.refresh_token-1"})
    assert (answer.status, answer.json["refreshToken"]) == (200, "r.f.s")


def test_a_refresh_without_rotation_answers_the_same_refresh_token(nobody: Client, cognito: Stubber) -> None:
    tokens = {name: value for name, value in TOKENS.items() if name != "RefreshToken"}
    cognito.add_response("get_tokens_from_refresh_token", {"AuthenticationResult": tokens}, OF_REFRESH)
    answer = nobody.post("/auth/refresh", {"refreshToken": "old.refresh_token-1"})
    assert answer.json["refreshToken"] == "old.refresh_token-1"


@pytest.mark.parametrize(
    "refusal",
    ["NotAuthorizedException", "RefreshTokenReuseException", "InvalidParameterException", "UserNotFoundException"],
)
def test_an_expired_or_revoked_session_is_refused(nobody: Client, cognito: Stubber, refusal: str) -> None:
    cognito.add_client_error("get_tokens_from_refresh_token", refusal, expected_params=OF_REFRESH)
    answer = nobody.post("/auth/refresh", {"refreshToken": "old.refresh_token-1"})
    assert (answer.status, answer.kind) == (401, "/problems/session-expired")


@pytest.mark.parametrize(
    ("path", "document", "method"),
    [
        ("/auth/signup", ADDRESS, "sign_up"),
        ("/auth/confirm-signup", CONFIRMATION, "confirm_sign_up"),
        ("/auth/login", CREDENTIALS, "initiate_auth"),
        ("/auth/refresh", {"refreshToken": "old.refresh_token-1"}, "get_tokens_from_refresh_token"),
        ("/auth/resend-code", ADDRESS, "resend_confirmation_code"),
        ("/auth/forgot-password", ADDRESS, "forgot_password"),
        ("/auth/confirm-forgot-password", CONFIRMATION, "confirm_forgot_password"),
    ],
)
@pytest.mark.parametrize(
    ("refusal", "status", "kind"),
    [
        ("TooManyRequestsException", 429, "/problems/too-many-requests"),
        ("InternalErrorException", 503, "/problems/unavailable"),
        ("ForbiddenException", 503, "/problems/unavailable"),
    ],
)
def test_what_is_nobodys_fault_asks_to_come_back(
    nobody: Client,
    cognito: Stubber,
    path: str,
    document: dict[str, str],
    method: str,
    refusal: str,
    status: int,
    kind: str,
) -> None:
    cognito.add_client_error(method, refusal)
    answer = nobody.post(path, document)
    assert (answer.status, answer.kind) == (status, kind)
    assert int(answer.headers["retry-after"]) >= 1


CODES = ("/auth/signup", "/auth/resend-code", "/auth/forgot-password")


@pytest.fixture
def addresses(user_pool: UserPool) -> list[str]:
    """One address that nobody knows, one that waits for its code, one that has an account."""
    user_pool.new_user("confirmed@example.com")
    user_pool.new_user("waiting@example.com", status="UNCONFIRMED", is_verified=False)
    return ["unknown@example.com", "waiting@example.com", "confirmed@example.com"]


@pytest.mark.parametrize("path", CODES)
def test_when_the_mails_of_the_day_are_used_up_everybody_is_told_when_to_come_back(
    nobody: Client, user_pool: UserPool, addresses: list[str], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    mail_allowance.take_one()
    monkeypatch.setenv("MAILS_A_DAY", "1")
    for email in addresses:
        answer = nobody.post(path, {"email": email})
        assert (answer.status, answer.kind) == (429, "/problems/too-many-requests")
        assert answer.headers["retry-after"] == "3600"
    assert user_pool.calls == []


@pytest.mark.parametrize("used", ["unknown@example.com", "waiting@example.com", "confirmed@example.com"])
@pytest.mark.parametrize("path", CODES)
def test_a_request_counts_whether_or_not_it_mails_anything(
    nobody: Client, user_pool: UserPool, addresses: list[str], monkeypatch: pytest.MonkeyPatch, path: str, used: str
) -> None:
    left = 3
    monkeypatch.setenv("MAILS_A_DAY", str(asked_for() + left))
    assert [nobody.post(path, {"email": used}).status // 100 for _ in range(left)] == [2] * left
    assert [nobody.post(other, {"email": addresses[0]}).status for other in CODES] == [429] * 3
    assert user_pool.calls


def asked_for() -> int:
    """The number of codes that were requested today."""
    items = clients.dynamodb().query(
        TableName="trades",
        KeyConditionExpression="userId = :owner",
        ExpressionAttributeValues={":owner": {"S": mail_allowance.OWNER}},
    )["Items"]
    return max((int(item["askedFor"]["N"]) for item in items), default=0)


@pytest.mark.parametrize("path", CODES)
def test_a_limit_that_cognito_meets_first_is_answered_like_an_address_without_mail(
    nobody: Client, user_pool: UserPool, addresses: list[str], log_lines: Any, path: str
) -> None:
    user_pool.mails_left = 0
    first, *others = (nobody.post(path, {"email": email}) for email in addresses)
    assert first.status in (200, 201)
    assert all((other.status, other.body) == (first.status, first.body) for other in others)
    assert MAILS_USED_UP in [line["message"] for line in log_lines.records]


@pytest.mark.parametrize("code", ["UserLambdaValidationException", "UnexpectedLambdaException"])
@pytest.mark.parametrize("path", ["/auth/resend-code", "/auth/forgot-password"])
def test_a_guard_that_fails_before_a_mail_tells_nothing(
    nobody: Client, user_pool: UserPool, addresses: list[str], path: str, code: str
) -> None:
    def fail(operation: str, given: dict[str, Any]) -> None:
        if given["Username"] != addresses[0]:
            raise ClientError({"Error": {"Code": code, "Message": "CustomMessage failed"}}, operation)

    user_pool.before = fail
    assert {nobody.post(path, {"email": email}).status for email in addresses} == {200}


def test_a_limit_on_requests_that_only_a_known_address_meets_is_not_told(
    nobody: Client, user_pool: UserPool, addresses: list[str]
) -> None:
    def limit(operation: str, _: Any) -> None:
        if operation == "ResendConfirmationCode":
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, operation)

    user_pool.before = limit
    assert [nobody.post("/auth/signup", {"email": email}).status for email in addresses] == [201] * 3


def test_what_cognito_says_beyond_that_is_not_shown(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("initiate_auth", "ResourceNotFoundException", "pool eu-central-1_abc")
    answer = nobody.post("/auth/login", CREDENTIALS)
    assert answer.status == 500
    assert "pool" not in answer.body.decode()

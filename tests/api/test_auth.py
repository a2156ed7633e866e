"""From sign-up to tokens, with Cognito answering as it does on AWS."""

import pytest
from botocore.stub import Stubber

from tests.api.client import Answer, Client

EMAIL = "Dana@Example.com"
PASSWORD = "Breakout-2026!"
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}
CODE = {"email": EMAIL, "code": "402719"}
OF_SIGN_UP = {"ClientId": "client-1", "Username": "dana@example.com", "Password": PASSWORD}
OF_CODE = {"ClientId": "client-1", "Username": "dana@example.com", "ConfirmationCode": "402719"}
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


def test_a_sign_up_asks_for_the_code(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("sign_up", {"UserConfirmed": False, "UserSub": "1"}, OF_SIGN_UP)
    answer = nobody.post("/auth/signup", CREDENTIALS)
    assert (answer.status, answer.json) == (201, {"status": "CONFIRMATION_REQUIRED"})


@pytest.mark.parametrize("code", ["UsernameExistsException", "CodeDeliveryFailureException"])
def test_a_sign_up_answers_the_same_for_an_address_that_has_an_account_or_takes_no_mail(
    nobody: Client, cognito: Stubber, code: str
) -> None:
    cognito.add_response("sign_up", {"UserConfirmed": False, "UserSub": "1"}, OF_SIGN_UP)
    cognito.add_client_error("sign_up", code, expected_params=OF_SIGN_UP)
    new, known = (nobody.post("/auth/signup", CREDENTIALS) for _ in range(2))
    assert without_request_id(known) == without_request_id(new)


@pytest.mark.parametrize(
    ("password", "rules"),
    [
        ("aaaaaaaaaaaa", {"has no upper-case letter", "has no digit", "has no symbol"}),
        ("AAAAAAAAAAAA", {"has no lower-case letter", "has no digit", "has no symbol"}),
        ("123456789012", {"has no lower-case letter", "has no upper-case letter", "has no symbol"}),
        ("!!!!!!!!!!!!", {"has no lower-case letter", "has no upper-case letter", "has no digit"}),
        ("Breakout20266", {"has no symbol"}),
        ("ÄÖÜäöüßßßß12345!", {"has no lower-case letter", "has no upper-case letter"}),
    ],
)
def test_a_weak_password_is_told_every_rule_it_breaks(nobody: Client, password: str, rules: set[str]) -> None:
    answer = nobody.post("/auth/signup", {"email": EMAIL, "password": password})
    assert (answer.status, answer.kind) == (422, "/problems/rule-broken")
    assert {(bad["pointer"], bad["detail"]) for bad in answer.json["errors"]} == {("/password", rule) for rule in rules}


def test_a_weak_password_is_told_so_even_for_an_address_that_has_an_account(nobody: Client) -> None:
    assert nobody.post("/auth/signup", {"email": EMAIL, "password": "aaaaaaaaaaaa"}).status == 422


def test_a_password_that_only_cognito_refuses_is_a_broken_rule(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("sign_up", "InvalidPasswordException", expected_params=OF_SIGN_UP)
    answer = nobody.post("/auth/signup", CREDENTIALS)
    assert (answer.status, answer.bad_fields) == (422, {("body", "/password")})


@pytest.mark.parametrize("password", ["Short-2026!", "Breakout 2026!", "Breakout-2026!\n", "", "x" * 100])
def test_a_password_that_the_contract_does_not_allow_is_refused(nobody: Client, password: str) -> None:
    answer = nobody.post("/auth/signup", {"email": EMAIL, "password": password})
    assert (answer.status, answer.bad_fields) == (400, {("body", "/password")})
    assert "Breakout" not in answer.body.decode().replace("write it like Breakout-2026!", "")


@pytest.mark.parametrize(
    "email",
    [
        "dana",
        "dana@",
        "@example.com",
        "dana@example",
        "dana@example.com\n",
        "da na@example.com",
        "dana@-example.com",
        "dana@example..com",
        "dana@@example.com",
        "dänä@example.com",
        ".dana@example.com",
        "dana.@example.com",
        "da..na@example.com",
        f"{'d' * 128}@example.com",
    ],
)
def test_what_is_no_address_is_refused_before_cognito_is_asked(nobody: Client, email: str) -> None:
    answer = nobody.post("/auth/signup", {"email": email, "password": PASSWORD})
    assert (answer.status, answer.bad_fields) == (400, {("body", "/email")})


def test_a_code_confirms_the_address(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("confirm_sign_up", {}, OF_CODE)
    answer = nobody.post("/auth/confirm-signup", CODE)
    assert (answer.status, answer.json) == (200, {"status": "CONFIRMED"})


def test_a_wrong_code_an_expired_one_and_one_of_an_unknown_address_are_answered_alike(
    nobody: Client, cognito: Stubber
) -> None:
    refusals = ("CodeMismatchException", "ExpiredCodeException", "UserNotFoundException", "NotAuthorizedException")
    for refusal in refusals:
        cognito.add_client_error("confirm_sign_up", refusal, expected_params=OF_CODE)
    first, *others = (nobody.post("/auth/confirm-signup", CODE) for _ in refusals)
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


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(nobody: Client, cognito: Stubber) -> None:
    refusals = ("NotAuthorizedException", "UserNotFoundException", "PasswordResetRequiredException")
    for refusal in refusals:
        cognito.add_client_error("initiate_auth", refusal, expected_params=OF_LOG_IN)
    first, *others = (nobody.post("/auth/login", CREDENTIALS) for _ in refusals)
    assert (first.status, first.kind) == (401, "/problems/wrong-credentials")
    assert all(without_request_id(other) == without_request_id(first) for other in others)


def test_a_challenge_that_is_not_offered_here_is_no_log_in(nobody: Client, cognito: Stubber) -> None:
    cognito.add_response("initiate_auth", {"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s" * 20}, OF_LOG_IN)
    assert nobody.post("/auth/login", CREDENTIALS).kind == "/problems/wrong-credentials"


def test_an_address_that_is_not_confirmed_is_a_conflict(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("initiate_auth", "UserNotConfirmedException", expected_params=OF_LOG_IN)
    answer = nobody.post("/auth/login", CREDENTIALS)
    assert (answer.status, answer.kind) == (409, "/problems/not-confirmed")


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
        ("/auth/signup", CREDENTIALS, "sign_up"),
        ("/auth/confirm-signup", CODE, "confirm_sign_up"),
        ("/auth/login", CREDENTIALS, "initiate_auth"),
        ("/auth/refresh", {"refreshToken": "old.refresh_token-1"}, "get_tokens_from_refresh_token"),
    ],
)
@pytest.mark.parametrize("refusal", ["LimitExceededException", "TooManyFailedAttemptsException"])
def test_too_many_tries_are_told_when_to_come_back(
    nobody: Client, cognito: Stubber, path: str, document: dict[str, str], method: str, refusal: str
) -> None:
    cognito.add_client_error(method, refusal)
    answer = nobody.post(path, document)
    assert (answer.status, answer.kind, answer.headers["retry-after"]) == (429, "/problems/too-many-requests", "1")


def test_too_many_wrong_passwords_are_told_when_to_come_back(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("initiate_auth", "NotAuthorizedException", "Password attempts exceeded")
    assert nobody.post("/auth/login", CREDENTIALS).status == 429


def test_what_cognito_says_beyond_that_is_not_shown(nobody: Client, cognito: Stubber) -> None:
    cognito.add_client_error("initiate_auth", "InvalidUserPoolConfigurationException", "pool eu-central-1_abc")
    answer = nobody.post("/auth/login", CREDENTIALS)
    assert answer.status == 500
    assert "pool" not in answer.body.decode()

"""Codes that are mailed again, and forgotten passwords, with Cognito answering as it does on AWS."""

import pytest
from botocore.stub import ANY, Stubber

from tests.api.client import Answer, Client
from tests.api.conftest import LogLines

EMAIL = "Dana@Example.com"
PASSWORD = "Pullback-2026!"
ADDRESS = {"email": EMAIL}
RESET = {"email": EMAIL, "code": "915304", "password": PASSWORD}
OF_ADDRESS = {"ClientId": "client-1", "Username": "dana@example.com"}
OF_RESET = {**OF_ADDRESS, "ConfirmationCode": "915304", "Password": ANY}
MAILED = {"CodeDeliveryDetails": {"Destination": "d***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}}

# What mails a code: its path, Cognito's method, the answer.
MAILS = [
    ("/auth/resend-code", "resend_confirmation_code", {"status": "CONFIRMATION_REQUIRED"}),
    ("/auth/forgot-password", "forgot_password", {"status": "CODE_REQUIRED"}),
]


def without_request_id(answer: Answer) -> tuple[int, object, dict[str, str]]:
    document = {name: value for name, value in answer.json.items() if name != "requestId"}
    return answer.status, document, {k: v for k, v in answer.headers.items() if k != "x-request-id"}


@pytest.mark.parametrize(("path", "method", "told"), MAILS)
@pytest.mark.parametrize(
    "refusal",
    [
        "UserNotFoundException",
        "InvalidParameterException",  # it is confirmed already; it has no confirmed address to mail to
        "NotAuthorizedException",  # it is disabled
        "UserNotConfirmedException",
        "CodeDeliveryFailureException",
        "LimitExceededException",  # the address has asked too often: an unknown one never hears of it
    ],
)
def test_a_code_is_answered_alike_whether_or_not_it_was_mailed(
    nobody: Client, cognito: Stubber, path: str, method: str, told: dict[str, str], refusal: str
) -> None:
    cognito.add_response(method, MAILED, OF_ADDRESS)
    cognito.add_client_error(method, refusal, expected_params=OF_ADDRESS)
    mailed, not_mailed = (nobody.post(path, ADDRESS) for _ in range(2))
    assert (mailed.status, mailed.json) == (200, told)
    assert without_request_id(not_mailed) == without_request_id(mailed)


@pytest.mark.parametrize(("path", "method", "told"), MAILS)
def test_the_log_says_why_no_code_was_mailed_and_names_no_address(
    nobody: Client, cognito: Stubber, log_lines: LogLines, path: str, method: str, told: dict[str, str]
) -> None:
    cognito.add_client_error(method, "UserNotFoundException", f"{EMAIL} does not exist")
    assert nobody.post(path, ADDRESS).json == told
    assert log_lines.records[0]["code"] == "UserNotFoundException"
    assert "example.com" not in log_lines.text.lower()


def test_a_code_that_does_not_fit_is_refused_alike_whatever_the_address_is(nobody: Client, cognito: Stubber) -> None:
    refusals = (
        "CodeMismatchException",
        "ExpiredCodeException",
        "UserNotFoundException",
        "NotAuthorizedException",
        "UserNotConfirmedException",
        "InvalidParameterException",
        "LimitExceededException",
        "TooManyFailedAttemptsException",
    )
    for refusal in refusals:
        cognito.add_client_error("confirm_forgot_password", refusal, expected_params=OF_RESET)
    first, *others = (nobody.post("/auth/confirm-forgot-password", RESET) for _ in refusals)
    assert (first.status, first.kind, first.bad_fields) == (422, "/problems/code-rejected", {("body", "/code")})
    assert all(without_request_id(other) == without_request_id(first) for other in others)


def test_a_weak_new_password_is_told_every_rule_it_breaks_before_cognito_is_asked(nobody: Client) -> None:
    answer = nobody.post("/auth/confirm-forgot-password", {**RESET, "password": "aaaaaaaaaaaa"})
    assert (answer.status, answer.kind) == (422, "/problems/rule-broken")
    assert {bad["detail"] for bad in answer.json["errors"]} == {
        "has no upper-case letter",
        "has no digit",
        "has no symbol",
    }

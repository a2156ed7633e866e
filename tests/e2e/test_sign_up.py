"""On the deployed stack, only the reader of the mailbox gets an account."""

from __future__ import annotations

import uuid

import httpx
import pytest
from botocore.exceptions import ClientError

from local.stack import Stack
from tests.e2e.conftest import PASSWORD

STRANGERS = "Strangers-Password-1!"


@pytest.fixture
def email() -> str:
    """An address that nobody has signed up with."""
    return f"owner-{uuid.uuid4().hex[:12]}@example.com"


def log_in(public: httpx.Client, email: str, password: str) -> int:
    return public.post("/auth/login", json={"email": email, "password": password}).status_code


def confirm(public: httpx.Client, email: str, code: str, password: str) -> httpx.Response:
    return public.post("/auth/confirm-signup", json={"email": email, "code": code, "password": password})


def test_whoever_signed_up_first_the_one_who_reads_the_mail_has_the_account(
    stack: Stack, public: httpx.Client, email: str
) -> None:
    # A stranger signs up with somebody's address. With a password of choice neither the API nor Cognito takes it.
    assert public.post("/auth/signup", json={"email": email, "password": STRANGERS}).status_code == 400
    with pytest.raises(ClientError) as refused:
        stack.client("cognito-idp").sign_up(
            ClientId=stack.outputs["UserPoolClientId"],
            Username=email,
            Password=STRANGERS,
            ValidationData=[{"Name": "proof", "Value": "0" * 64}],
        )
    assert refused.value.response["Error"]["Code"] == "UserLambdaValidationException"
    assert "ask the API for it" in refused.value.response["Error"]["Message"]
    assert public.post("/auth/signup", json={"email": email}).status_code == 201
    mails = len(stack.aws.mails())
    again = public.post("/auth/signup", json={"email": email})
    assert (again.status_code, again.json()) == (201, {"status": "CONFIRMATION_REQUIRED"})
    assert len(stack.aws.mails()) == mails + 1
    code = stack.confirmation_code(email)
    assert confirm(public, email, code, "too-weak").status_code == 422
    assert confirm(public, email, code, PASSWORD).status_code == 200
    assert (log_in(public, email, PASSWORD), log_in(public, email, STRANGERS)) == (200, 401)
    # The code was good once; a confirmed account takes none.
    replayed = confirm(public, email, code, STRANGERS)
    assert (replayed.status_code, replayed.json()["type"]) == (422, "/v1/problems/code-rejected")
    assert (log_in(public, email, PASSWORD), log_in(public, email, STRANGERS)) == (200, 401)


def test_a_sign_up_for_an_account_that_is_confirmed_changes_nothing(
    stack: Stack, public: httpx.Client, email: str
) -> None:
    public.post("/auth/signup", json={"email": email})
    confirm(public, email, stack.confirmation_code(email), PASSWORD)
    assert public.post("/auth/signup", json={"email": email}).status_code == 201
    assert confirm(public, email, stack.confirmation_code(email), STRANGERS).status_code == 422
    assert (log_in(public, email, PASSWORD), log_in(public, email, STRANGERS)) == (200, 401)


def test_an_account_whose_confirmation_broke_off_is_its_owners_by_a_password_reset(
    stack: Stack, public: httpx.Client, email: str
) -> None:
    public.post("/auth/signup", json={"email": email})
    # The process ended behind Cognito's confirmation: nobody knows the password.
    stack.client("cognito-idp").confirm_sign_up(
        ClientId=stack.outputs["UserPoolClientId"], Username=email, ConfirmationCode=stack.confirmation_code(email)
    )
    assert log_in(public, email, PASSWORD) == 401
    assert public.post("/auth/forgot-password", json={"email": email}).status_code == 200
    reset = {"email": email, "code": stack.confirmation_code(email), "password": PASSWORD}
    assert public.post("/auth/confirm-forgot-password", json=reset).status_code == 200
    assert log_in(public, email, PASSWORD) == 200


@pytest.mark.parametrize("local_part", ["o'brien", "dana+journal", "d.a.n.a", "{dana}~1"])
def test_addresses_and_codes_are_taken_as_people_give_them(stack: Stack, public: httpx.Client, local_part: str) -> None:
    email = f"{local_part}-{uuid.uuid4().hex[:8]}@mail.example.photography"
    assert public.post("/auth/signup", json={"email": f" {email.upper()}\n"}).status_code == 201
    code = stack.confirmation_code(email)
    phrase = "Correct horse battery 1"
    assert confirm(public, email, f" {code[:3]}-{code[3:]} ", phrase).status_code == 200
    assert log_in(public, f"\t{email}", phrase) == 200

"""The own account on the deployed stack: profile, password, address, one session."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import httpx
import pytest
from botocore.exceptions import ClientError

from local.stack import Stack
from tests.e2e.conftest import PASSWORD, User

NEW = "Pullback 2026 a"


def refresh(public: httpx.Client, user: User) -> int:
    return public.post("/auth/refresh", json={"refreshToken": user.refresh_token}).status_code


def log_in(public: httpx.Client, email: str, password: str) -> int:
    return public.post("/auth/login", json={"email": email, "password": password}).status_code


def test_a_changed_password_ends_every_session(public: httpx.Client, new_user: Callable[[], User]) -> None:
    user = new_user()
    profile = user.api.get("/auth/profile").json()
    assert (profile["email"], profile["signInMethods"]) == (user.email, ["PASSWORD"])
    wrong = user.api.post("/auth/change-password", json={"currentPassword": NEW, "newPassword": NEW})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/currentPassword")
    assert refresh(public, user) == 200
    changed = user.api.post("/auth/change-password", json={"currentPassword": PASSWORD, "newPassword": NEW})
    assert changed.status_code == 204, changed.text
    assert refresh(public, user) == 401
    assert (log_in(public, user.email, PASSWORD), log_in(public, user.email, NEW)) == (401, 200)
    # The gateway lets the token in for minutes; Cognito knows that its session has ended.
    late = user.api.post("/auth/change-password", json={"currentPassword": NEW, "newPassword": PASSWORD})
    assert late.status_code == 401


def test_a_reset_ends_every_session(stack: Stack, public: httpx.Client, new_user: Callable[[], User]) -> None:
    user = new_user()
    public.post("/auth/forgot-password", json={"email": user.email})
    document = {"email": user.email, "code": stack.confirmation_code(user.email), "password": NEW}
    assert public.post("/auth/confirm-forgot-password", json=document).status_code == 200
    assert refresh(public, user) == 401
    assert (log_in(public, user.email, PASSWORD), log_in(public, user.email, NEW)) == (401, 200)


def test_an_address_is_changed_by_the_code_that_it_is_mailed(
    stack: Stack, public: httpx.Client, new_user: Callable[[], User]
) -> None:
    user, other = new_user(), new_user()
    email = f"new-{uuid.uuid4().hex[:8]}@example.com"
    mails = len(stack.aws.mails())
    for address in (other.email, email):
        asked = user.api.post("/auth/change-email", json={"email": address, "password": PASSWORD})
        assert (asked.status_code, asked.content) == (204, b"")
    assert len(stack.aws.mails()) == mails + 1
    assert log_in(public, user.email, PASSWORD) == 200
    code = stack.confirmation_code(email)
    assert user.api.post("/auth/confirm-change-email", json={"code": "000000"}).status_code == 422
    assert user.api.post("/auth/confirm-change-email", json={"code": code}).status_code == 204
    assert (log_in(public, user.email, PASSWORD), log_in(public, email, PASSWORD)) == (401, 200)
    assert user.api.get("/auth/profile").json()["email"] == email


def test_logging_out_ends_one_session(public: httpx.Client, new_user: Callable[[], User]) -> None:
    user = new_user()
    other = public.post("/auth/login", json={"email": user.email, "password": PASSWORD}).json()["refreshToken"]
    assert public.post("/auth/logout", json={"refreshToken": user.refresh_token}).status_code == 204
    assert refresh(public, user) == 401
    assert public.post("/auth/refresh", json={"refreshToken": other}).status_code == 200


def test_each_refresh_gives_a_new_refresh_token_and_ending_the_sessions_ends_them_all(
    public: httpx.Client, new_user: Callable[[], User]
) -> None:
    user = new_user()
    first = public.post("/auth/refresh", json={"refreshToken": user.refresh_token})
    again = public.post("/auth/refresh", json={"refreshToken": user.refresh_token})  # within the grace period
    second = public.post("/auth/refresh", json={"refreshToken": first.json()["refreshToken"]})
    assert [answer.status_code for answer in (first, again, second)] == [200] * 3
    tokens = [user.refresh_token, *(answer.json()["refreshToken"] for answer in (first, again, second))]
    assert len(set(tokens)) == 4
    assert user.api.post("/auth/logout-all").status_code == 204
    assert [public.post("/auth/refresh", json={"refreshToken": it}).status_code for it in tokens] == [401] * 4


def test_a_stolen_access_token_changes_no_address_past_the_api(
    stack: Stack, public: httpx.Client, new_user: Callable[[], User]
) -> None:
    user, thief = new_user(), f"thief-{uuid.uuid4().hex[:12]}@example.com"
    cognito = stack.client("cognito-idp")
    mails = len(stack.aws.mails())
    for metadata in ({}, {"proof": "0" * 64}):
        with pytest.raises(ClientError) as refused:
            cognito.update_user_attributes(
                AccessToken=user.access_token,
                UserAttributes=[{"Name": "email", "Value": thief}],
                ClientMetadata=metadata,
            )
        assert refused.value.response["Error"]["Code"] == "UserLambdaValidationException"
        assert "ask the API for it" in refused.value.response["Error"]["Message"]
    with pytest.raises(ClientError):
        cognito.get_user_attribute_verification_code(AccessToken=user.access_token, AttributeName="email")
    assert len(stack.aws.mails()) == mails
    assert user.api.get("/auth/profile").json()["email"] == user.email
    assert log_in(public, user.email, PASSWORD) == 200

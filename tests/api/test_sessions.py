"""A new password ends all sessions, also when Cognito or the process fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from handlers.entry.accounts import end_sessions
from handlers.storage.errors import Unavailable
from tests.api.client import Answer, Client
from tests.api.user_data import message_of, messages_of
from tests.user_pool import UserPool

EMAIL, OLD, NEW = "dana@example.com", "Breakout-2026!", "Pullback-2026!"


@pytest.fixture
def session(nobody: Client, user_pool: UserPool) -> str:
    """The refresh token of a session that began before."""
    user_pool.new_user(EMAIL, OLD)
    token: str = log_in(nobody, OLD).json["refreshToken"]
    return token


def log_in(client: Client, password: str) -> Answer:
    return client.post("/auth/login", {"email": EMAIL, "password": password})


def refresh(client: Client, token: str) -> int:
    return client.post("/auth/refresh", {"refreshToken": token}).status


def reset(client: Client, pool: UserPool, password: str = NEW) -> Answer:
    client.post("/auth/forgot-password", {"email": EMAIL})
    document = {"email": EMAIL, "code": pool.newest_code(EMAIL), "password": password}
    return client.post("/auth/confirm-forgot-password", document)


def failing(operation: str, times: int = 1000) -> Callable[[str, dict[str, Any]], None]:
    """Has Cognito fail the next calls of the operation."""
    left = [times]

    def fail(name: str, _: dict[str, Any]) -> None:
        if name == operation and left[0] > 0:
            left[0] -= 1
            raise Unavailable

    return fail


def test_a_password_reset_ends_every_session(nobody: Client, user_pool: UserPool, session: str) -> None:
    answer = reset(nobody, user_pool)
    assert (answer.status, answer.json) == (200, {"status": "CHANGED"})
    assert refresh(nobody, session) == 401
    assert (log_in(nobody, OLD).status, log_in(nobody, NEW).status) == (401, 200)


def test_a_password_that_breaks_a_rule_does_not_spend_the_code(
    nobody: Client, user_pool: UserPool, session: str
) -> None:
    assert reset(nobody, user_pool, "aaaaaaaaaaaa").bad_fields == {("body", "/password")}
    assert refresh(nobody, session) == 200
    document = {"email": EMAIL, "code": user_pool.newest_code(EMAIL), "password": NEW}
    assert nobody.post("/auth/confirm-forgot-password", document).status == 200


def test_sessions_that_cognito_fails_to_end_are_ended_by_the_queue(
    nobody: Client, user_pool: UserPool, session: str
) -> None:
    user_pool.before = failing("AdminUserGlobalSignOut")
    assert reset(nobody, user_pool).status == 200
    assert log_in(nobody, NEW).status == 200
    [record] = messages_of(os.environ["SIGN_OUT_QUEUE_URL"])
    assert message_of(record) == {"username": EMAIL}
    # The message comes again for as long as Cognito fails.
    assert end_sessions({"Records": [record]}, None)["batchItemFailures"]
    user_pool.before = lambda *_: None
    assert end_sessions({"Records": [record]}, None) == {"batchItemFailures": []}
    assert refresh(nobody, session) == 401


def test_a_confirmation_hands_sessions_over_to_the_queue_too(nobody: Client, user_pool: UserPool) -> None:
    nobody.post("/auth/signup", {"email": EMAIL})
    user_pool.before = failing("AdminUserGlobalSignOut")
    document = {"email": EMAIL, "code": user_pool.newest_code(EMAIL), "password": NEW}
    assert nobody.post("/auth/confirm-signup", document).status == 200
    [record] = messages_of(os.environ["SIGN_OUT_QUEUE_URL"])
    assert message_of(record) == {"username": EMAIL}


def test_who_is_gone_has_no_sessions_to_end(user_pool: UserPool) -> None:
    record = {"messageId": "1", "body": '{"username": "gone@example.com"}'}
    assert end_sessions({"Records": [record]}, None) == {"batchItemFailures": []}
    assert user_pool.calls == ["AdminUserGlobalSignOut"]


def test_where_the_queue_fails_too_the_new_password_does_not_work(
    nobody: Client, user_pool: UserPool, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_pool.before = failing("AdminUserGlobalSignOut")
    monkeypatch.setattr("handlers.storage.sign_in.sign_out_queue", unavailable)
    assert reset(nobody, user_pool).status == 503
    assert (log_in(nobody, OLD).status, log_in(nobody, NEW).status) == (401, 401)
    user_pool.before = lambda *_: None
    assert reset(nobody, user_pool).status == 200
    assert refresh(nobody, session) == 401


def unavailable() -> None:
    raise Unavailable


@pytest.mark.parametrize("place", range(6))
def test_wherever_the_process_ends_a_password_that_works_has_ended_the_sessions(
    nobody: Client, user_pool: UserPool, session: str, place: int
) -> None:
    nobody.post("/auth/forgot-password", {"email": EMAIL})
    document = {"email": EMAIL, "code": user_pool.newest_code(EMAIL), "password": NEW}
    with user_pool.process_ends(place):
        nobody.post("/auth/confirm-forgot-password", document)
    if log_in(nobody, NEW).status == 200:
        assert refresh(nobody, session) == 401
    assert reset(nobody, user_pool).status == 200
    assert refresh(nobody, session) == 401
    assert log_in(nobody, NEW).status == 200


def test_a_reset_whose_answer_was_lost_leaves_no_password_that_works_beside_old_sessions(
    nobody: Client, user_pool: UserPool, session: str
) -> None:
    nobody.post("/auth/forgot-password", {"email": EMAIL})
    lost = count()

    def lose(operation: str, _: dict[str, Any]) -> None:
        if operation == "ConfirmForgotPassword" and next(lost) == 0:
            raise Unavailable

    user_pool.after = lose
    document = {"email": EMAIL, "code": user_pool.newest_code(EMAIL), "password": NEW}
    assert nobody.post("/auth/confirm-forgot-password", document).status == 503
    assert nobody.post("/auth/confirm-forgot-password", document).status == 422
    assert log_in(nobody, NEW).status == 401
    assert reset(nobody, user_pool).status == 200
    assert refresh(nobody, session) == 401

"""Only the reader of the mailbox gets the account, in every order of requests and after every crash."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.entry.triggers import guard_pool
from handlers.storage import guard_proof
from handlers.storage.errors import Unavailable
from handlers.storage.user_pool_errors import NOT_MAILED
from tests.api.client import Answer, Client
from tests.user_pool import CLIENT_ID, UserPool, trigger_event

EMAIL = "dana@example.com"
ADDRESS = {"email": EMAIL}
OWNERS, STRANGERS = "Owners-Password-1!", "Strangers-Password-1!"


def log_in(client: Client, password: str) -> int:
    return client.post("/auth/login", {**ADDRESS, "password": password}).status


def confirm(client: Client, code: str, password: str) -> Answer:
    return client.post("/auth/confirm-signup", {**ADDRESS, "code": code, "password": password})


def reset(client: Client, pool: UserPool, password: str) -> None:
    """What the owner does who cannot log in."""
    assert client.post("/auth/forgot-password", ADDRESS).status == 200
    document = {**ADDRESS, "code": pool.newest_code(EMAIL), "password": password}
    assert client.post("/auth/confirm-forgot-password", document).status == 200


def test_the_mailed_code_sets_the_password(nobody: Client, user_pool: UserPool) -> None:
    answer = nobody.post("/auth/signup", ADDRESS)
    assert (answer.status, answer.json) == (201, {"status": "CONFIRMATION_REQUIRED"})
    confirmed = confirm(nobody, user_pool.newest_code(EMAIL), OWNERS)
    assert (confirmed.status, confirmed.json) == (200, {"status": "CONFIRMED"})
    assert log_in(nobody, OWNERS) == 200


def test_a_sign_up_takes_no_password(nobody: Client) -> None:
    answer = nobody.post("/auth/signup", {**ADDRESS, "password": STRANGERS})
    assert (answer.status, answer.bad_fields) == (400, {("body", "/password")})


def test_nobody_knows_the_password_before_the_code_was_given(nobody: Client, user_pool: UserPool) -> None:
    passwords = set()
    for number in range(20):
        nobody.post("/auth/signup", {"email": f"{number}@example.com"})
        passwords.add(user_pool.users[-1].password)
    assert len(passwords) == 20
    assert all(len(password) >= 64 for password in passwords)


@pytest.mark.parametrize("first", ["stranger", "owner"])
def test_two_people_sign_up_and_the_one_who_reads_the_mail_has_the_account(
    nobody: Client, user_pool: UserPool, first: str
) -> None:
    for _ in ("stranger", "owner"):
        assert nobody.post("/auth/signup", ADDRESS).status == 201
    assert len(user_pool.mails) == 2
    # The stranger tries what comes to mind; the mail is read by the owner alone.
    if first == "stranger":
        assert confirm(nobody, "000000", STRANGERS).status == 422
    assert confirm(nobody, user_pool.newest_code(EMAIL), OWNERS).status == 200
    assert confirm(nobody, "000000", STRANGERS).status == 422
    assert (log_in(nobody, OWNERS), log_in(nobody, STRANGERS)) == (200, 401)


def at_cognito(pool: UserPool, **given: Any) -> ClientError:
    """What Cognito says of a sign-up past the API: the client's id is no secret."""
    with pytest.raises(ClientError) as refused:
        pool.public.sign_up(ClientId=CLIENT_ID, Username=EMAIL, Password=STRANGERS, **given)
    return refused.value


@pytest.mark.parametrize("proof", ["", "made up", "0" * 64, "of another", "\ud800", "é"])
def test_cognito_takes_no_sign_up_that_does_not_come_from_here(user_pool: UserPool, proof: str) -> None:
    if proof == "of another":
        proof = guard_proof.of_sign_up("stranger@example.com")
    given = {"ValidationData": [{"Name": "proof", "Value": proof}]} if proof else {}
    error = at_cognito(user_pool, **given)
    assert error.response["Error"] == {
        "Code": "UserLambdaValidationException",
        "Message": "PreSignUp failed with error ask the API for it.",
    }
    assert (user_pool.users, user_pool.mails) == ([], [])


def test_an_account_that_waits_for_its_code_is_not_overwritten_at_cognito(nobody: Client, user_pool: UserPool) -> None:
    nobody.post("/auth/signup", ADDRESS)
    assert at_cognito(user_pool).response["Error"]["Code"] == "UsernameExistsException"
    assert confirm(nobody, user_pool.newest_code(EMAIL), OWNERS).status == 200
    assert (log_in(nobody, OWNERS), log_in(nobody, STRANGERS)) == (200, 401)


@pytest.mark.parametrize("source", ["PreSignUp_ExternalProvider", "PreSignUp_AdminCreateUser"])
def test_the_guard_lets_users_in_who_come_through_google_or_whom_the_operator_makes(source: str) -> None:
    event = trigger_event(source, {"email": EMAIL}, {})
    assert guard_pool(event, None) is event


@pytest.mark.usefixtures("everything")
def test_the_guard_reads_the_secret_in_a_process_of_its_own() -> None:
    given = {"validationData": {guard_proof.NAME: guard_proof.of_sign_up(EMAIL)}}
    guard_proof.guard_secret.cache_clear()
    event = trigger_event("PreSignUp_SignUp", {"email": EMAIL}, given)
    assert guard_pool(event, None) is event


@pytest.mark.parametrize("is_readable", [True, False])
def test_a_guard_that_fails_makes_no_user_and_tells_nothing(
    nobody: Client, user_pool: UserPool, log_lines: Any, monkeypatch: pytest.MonkeyPatch, is_readable: bool
) -> None:
    """Its secret cannot be read, or is another one."""
    user_pool.new_user("confirmed@example.com")

    def differs(*_: str) -> bool:
        if not is_readable:
            raise Unavailable
        return False

    monkeypatch.setattr("handlers.storage.guard_proof.is_equal", differs)
    unknown, known = (nobody.post("/auth/signup", {"email": it}) for it in (EMAIL, "confirmed@example.com"))
    assert (unknown.status, unknown.body) == (known.status, known.body)
    assert user_pool.user(EMAIL) is None
    assert NOT_MAILED in [line["message"] for line in log_lines.records]


def test_a_sign_up_of_a_confirmed_address_changes_nothing(nobody: Client, user_pool: UserPool) -> None:
    user_pool.new_user(EMAIL, OWNERS)
    answer = nobody.post("/auth/signup", ADDRESS)
    assert (answer.status, answer.json) == (201, {"status": "CONFIRMATION_REQUIRED"})
    assert user_pool.mails == []
    assert log_in(nobody, OWNERS) == 200


def test_another_sign_up_mails_another_code_and_the_first_is_of_no_use(nobody: Client, user_pool: UserPool) -> None:
    nobody.post("/auth/signup", ADDRESS)
    first = user_pool.newest_code(EMAIL)
    nobody.post("/auth/signup", ADDRESS)
    assert first != user_pool.newest_code(EMAIL)
    assert confirm(nobody, first, OWNERS).status == 422
    assert confirm(nobody, user_pool.newest_code(EMAIL), OWNERS).status == 200


@pytest.mark.parametrize("is_right", [True, False])
def test_no_code_sets_a_password_for_an_account_that_is_confirmed(
    nobody: Client, user_pool: UserPool, is_right: bool
) -> None:
    nobody.post("/auth/signup", ADDRESS)
    code = user_pool.newest_code(EMAIL)
    confirm(nobody, code, OWNERS)
    user_pool.calls.clear()
    answer = confirm(nobody, code if is_right else "000000", STRANGERS)
    assert (answer.status, answer.kind) == (422, "/problems/code-rejected")
    assert user_pool.calls == ["ConfirmSignUp"]
    assert (log_in(nobody, OWNERS), log_in(nobody, STRANGERS)) == (200, 401)


@pytest.mark.parametrize(
    "password", ["short", "no-upper-case-1!", " Blank-before-1!", "Blank-after-1! ", "NO-LOWER-CASE-1!"]
)
def test_a_password_that_is_refused_does_not_spend_the_code(nobody: Client, user_pool: UserPool, password: str) -> None:
    nobody.post("/auth/signup", ADDRESS)
    user_pool.calls.clear()
    answer = confirm(nobody, user_pool.newest_code(EMAIL), password)
    assert (answer.status, answer.bad_fields) == (422, {("body", "/password")})
    assert user_pool.calls == []
    assert confirm(nobody, user_pool.newest_code(EMAIL), OWNERS).status == 200


def test_a_password_that_only_cognito_refuses_says_how_to_go_on(nobody: Client, user_pool: UserPool) -> None:
    nobody.post("/auth/signup", ADDRESS)

    def refuse(operation: str, given: dict[str, Any]) -> None:
        if operation == "AdminSetUserPassword":
            given["Password"] = "short"

    user_pool.before = refuse
    answer = confirm(nobody, user_pool.newest_code(EMAIL), OWNERS)
    assert (answer.status, answer.bad_fields) == (422, {("body", "/password")})
    assert "password reset" in answer.json["detail"]
    user_pool.before = lambda *_: None
    reset(nobody, user_pool, OWNERS)
    assert log_in(nobody, OWNERS) == 200


# Every order of two people's requests, and every place at which a process can end.


def sign_up(client: Client, _: UserPool) -> None:
    client.post("/auth/signup", ADDRESS)


def sign_up_at_cognito(_: Client, pool: UserPool) -> None:
    at_cognito(pool)


def guess(client: Client, _: UserPool) -> None:
    confirm(client, "000000", STRANGERS)


def use_the_first_code(client: Client, pool: UserPool) -> None:
    """A code that was read over the owner's shoulder, once it was used."""
    user = pool.user(EMAIL)
    if pool.mails and user and user.status == "CONFIRMED":
        confirm(client, pool.mails[0][1], STRANGERS)


def ask_for_a_code(client: Client, _: UserPool) -> None:
    client.post("/auth/resend-code", ADDRESS)
    client.post("/auth/forgot-password", ADDRESS)


STRANGER = [sign_up, sign_up_at_cognito, guess, use_the_first_code, ask_for_a_code]


def owner(client: Client, pool: UserPool) -> None:
    client.post("/auth/signup", ADDRESS)
    confirm(client, pool.newest_code(EMAIL), OWNERS)


@pytest.mark.parametrize("place", range(8))
@pytest.mark.parametrize("strangers", STRANGER, ids=lambda step: step.__name__)
def test_a_stranger_between_any_two_calls_gets_nothing(
    nobody: Client, user_pool: UserPool, strangers: Callable[[Client, UserPool], None], place: int
) -> None:
    calls = count()

    def interfere(*_: Any) -> None:
        if next(calls) == place:
            strangers(nobody, user_pool)

    user_pool.before = user_pool.after = interfere
    owner(nobody, user_pool)
    user_pool.before = user_pool.after = lambda *_: None
    assert log_in(nobody, STRANGERS) == 401
    if log_in(nobody, OWNERS) == 401:
        user = user_pool.user(EMAIL)
        assert user
        if user.status == "UNCONFIRMED":  # another code was mailed meanwhile, which the owner has too
            assert confirm(nobody, user_pool.newest_code(EMAIL), OWNERS).status == 200
    assert (log_in(nobody, OWNERS), log_in(nobody, STRANGERS)) == (200, 401)


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("was_tried_at_cognito", [False, True])
def test_wherever_the_process_ends_the_owner_alone_is_in_the_account_in_the_end(
    nobody: Client, user_pool: UserPool, place: int, was_tried_at_cognito: bool
) -> None:
    if was_tried_at_cognito:
        sign_up_at_cognito(nobody, user_pool)
    with user_pool.process_ends(place):
        owner(nobody, user_pool)
    assert log_in(nobody, STRANGERS) == 401
    # What a front end tells its user to do: sign up again; where no mail comes, ask for a password reset.
    mails = len(user_pool.mails)
    nobody.post("/auth/signup", ADDRESS)
    if len(user_pool.mails) > mails:
        assert confirm(nobody, user_pool.newest_code(EMAIL), OWNERS).status == 200
    else:
        reset(nobody, user_pool, OWNERS)
    assert (log_in(nobody, OWNERS), log_in(nobody, STRANGERS)) == (200, 401)


@pytest.mark.parametrize(
    ("email", "status", "rule"),
    [
        ("dana", 400, "has no @"),
        ("dana@", 422, "has nothing after the @"),
        ("da na@example.com", 422, "has a blank before the @"),
    ],
)
@pytest.mark.parametrize("path", ["/auth/signup", "/auth/resend-code", "/auth/forgot-password", "/auth/login"])
def test_an_address_is_told_the_rule_that_it_breaks(
    nobody: Client, user_pool: UserPool, path: str, email: str, status: int, rule: str
) -> None:
    password = {"password": OWNERS} if path == "/auth/login" else {}
    answer = nobody.post(path, {"email": email, **password})
    assert (answer.status, answer.bad_fields) == (status, {("body", "/email")})
    assert answer.json["errors"][0]["detail"] == rule
    assert user_pool.calls == []

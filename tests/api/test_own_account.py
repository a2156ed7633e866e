"""The user's own account: profile, password, address, one session."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from handlers.storage import guard_proof, mail
from handlers.storage.errors import Unavailable
from handlers.storage.user_pool_errors import NOT_MAILED
from tests.api.client import Answer, Client
from tests.api.user_data import messages_of
from tests.events import claims_of
from tests.user_pool import User, UserPool

EMAIL, PASSWORD, NEW = "dana@example.com", "Breakout-2026!", "Pullback-2026!"


def failing(operation: str) -> Callable[[str, Any], None]:
    """Makes every call of the operation fail in Cognito."""

    def fail(name: str, _: Any) -> None:
        if name == operation:
            raise Unavailable

    return fail


class Own:
    """A user who is logged in."""

    def __init__(self, pool: UserPool, user: User) -> None:
        self.user = user
        self.tokens = pool.new_session(user)
        self._client = Client(user.sub)

    def ask(self, method: str, path: str, document: Any = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens['AccessToken']}"}
        claims = claims_of(self.user.sub, username=self.user.username)
        return self._client(method, path, document, headers=headers, claims=claims)


@pytest.fixture
def own(user_pool: UserPool) -> Own:
    return Own(user_pool, user_pool.new_user(EMAIL, PASSWORD))


@pytest.fixture
def googles(user_pool: UserPool) -> Own:
    """A user who came through Google."""
    return Own(user_pool, user_pool.new_user("gina@example.com", PASSWORD, status="EXTERNAL_PROVIDER"))


def refresh(client: Client, own: Own) -> int:
    return client.post("/auth/refresh", {"refreshToken": own.tokens["RefreshToken"]}).status


def log_in(client: Client, email: str, password: str) -> int:
    return client.post("/auth/login", {"email": email, "password": password}).status


def change(own: Own, current: str = PASSWORD, new: str = NEW) -> Answer:
    return own.ask("POST", "/auth/change-password", {"currentPassword": current, "newPassword": new})


# The profile


def test_a_profile_tells_address_since_when_and_how_one_signs_in(own: Own, googles: Own) -> None:
    answer = own.ask("GET", "/auth/profile")
    assert answer.status == 200
    assert answer.json == {"email": EMAIL, "createdAt": "2026-02-01T12:00:00Z", "signInMethods": ["PASSWORD"]}
    assert googles.ask("GET", "/auth/profile").json["signInMethods"] == ["GOOGLE"]


def test_who_is_gone_has_no_profile(own: Own, user_pool: UserPool) -> None:
    user_pool.users.clear()
    assert own.ask("GET", "/auth/profile").kind == "/problems/account-erased"


# The password


def test_a_change_of_the_password_ends_every_session(nobody: Client, own: Own, user_pool: UserPool) -> None:
    other = Own(user_pool, own.user)
    assert change(own).status == 204
    assert (refresh(nobody, own), refresh(nobody, other)) == (401, 401)
    assert (log_in(nobody, EMAIL, PASSWORD), log_in(nobody, EMAIL, NEW)) == (401, 200)


def test_a_wrong_present_password_changes_nothing(nobody: Client, own: Own) -> None:
    answer = change(own, current="Wrong-password-1!")
    assert (answer.status, answer.bad_fields) == (422, {("body", "/currentPassword")})
    assert refresh(nobody, own) == 200


def test_guesses_at_the_present_password_have_to_wait(own: Own) -> None:
    answers = [change(own, current=f"Wrong-password-{number}!") for number in range(6)]
    assert [answer.status for answer in answers] == [422] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "900"


def test_a_new_password_is_told_the_rules_that_it_breaks(own: Own, user_pool: UserPool) -> None:
    answer = change(own, new="aaaaaaaaaaaa")
    assert (answer.status, answer.bad_fields) == (422, {("body", "/newPassword")})
    assert user_pool.calls == []


def test_a_session_that_was_ended_changes_nothing_though_its_token_goes_on_for_minutes(
    own: Own, user_pool: UserPool
) -> None:
    own.user.sessions.clear()
    for answer in (
        change(own),
        own.ask("POST", "/auth/change-email", {"email": "new@example.com", "password": PASSWORD}),
        own.ask("POST", "/auth/confirm-change-email", {"code": "123456"}),
    ):
        assert (answer.status, answer.kind) == (401, "/problems/session-expired")
    assert user_pool.mails == []


def test_a_change_whose_answer_is_lost_is_finished(nobody: Client, own: Own, user_pool: UserPool) -> None:
    user_pool.after = failing("ChangePassword")
    assert change(own).status == 204
    assert user_pool.calls.count("ChangePassword") == 1
    assert own.user.sessions == set()
    assert (log_in(nobody, EMAIL, PASSWORD), log_in(nobody, EMAIL, NEW)) == (401, 200)


def test_a_change_that_did_not_reach_cognito_ends_the_sessions_and_leaves_the_password(
    nobody: Client, own: Own, user_pool: UserPool
) -> None:
    user_pool.before = failing("ChangePassword")
    assert change(own).status == 503
    assert refresh(nobody, own) == 401
    assert log_in(nobody, EMAIL, PASSWORD) == 200


@pytest.mark.parametrize("place", range(6))
def test_wherever_the_process_ends_a_new_password_that_works_has_ended_the_sessions(
    nobody: Client, own: Own, user_pool: UserPool, place: int
) -> None:
    with user_pool.process_ends(place):
        change(own)
    if log_in(nobody, EMAIL, NEW) == 200:
        assert refresh(nobody, own) == 401
    assert log_in(nobody, EMAIL, PASSWORD) == (200 if place == 0 else 401)
    nobody.post("/auth/forgot-password", {"email": EMAIL})
    document = {"email": EMAIL, "code": user_pool.newest_code(EMAIL), "password": NEW}
    assert nobody.post("/auth/confirm-forgot-password", document).status == 200
    assert refresh(nobody, own) == 401
    assert log_in(nobody, EMAIL, NEW) == 200


def test_a_new_password_that_only_cognito_refuses_says_how_to_go_on(own: Own, user_pool: UserPool) -> None:
    def refuse(operation: str, given: dict[str, Any]) -> None:
        if operation == "AdminSetUserPassword":
            given["Password"] = "short"

    user_pool.before = refuse
    answer = change(own)
    assert (answer.status, answer.bad_fields) == (422, {("body", "/newPassword")})
    assert "password reset" in answer.json["detail"]


def test_a_present_password_of_a_form_that_cognito_does_not_take_is_wrong(own: Own) -> None:
    answer = change(own, current=" Blank-before-1!")
    assert (answer.status, answer.bad_fields) == (422, {("body", "/currentPassword")})


def test_sessions_that_cognito_fails_to_end_are_left_to_the_queue(own: Own, user_pool: UserPool) -> None:
    user_pool.before = failing("AdminUserGlobalSignOut")
    assert change(own).status == 204
    assert len(messages_of(os.environ["SIGN_OUT_QUEUE_URL"])) == 1


def test_who_signs_in_with_google_has_no_password_and_no_address_here(googles: Own, user_pool: UserPool) -> None:
    for path, document in (
        ("/auth/change-password", {"currentPassword": PASSWORD, "newPassword": NEW}),
        ("/auth/change-email", {"email": "new@example.com", "password": PASSWORD}),
        ("/auth/confirm-change-email", {"code": "123456"}),
    ):
        answer = googles.ask("POST", path, document)
        assert (answer.status, answer.kind) == (409, "/problems/state-forbids")
    assert user_pool.calls == []


# The address


def ask_for(own: Own, email: str, password: str = PASSWORD) -> Answer:
    return own.ask("POST", "/auth/change-email", {"email": email, "password": password})


def test_the_old_address_works_until_the_code_of_the_new_one_is_given(
    nobody: Client, own: Own, user_pool: UserPool
) -> None:
    assert ask_for(own, " New@Example.com").status == 204
    assert log_in(nobody, EMAIL, PASSWORD) == 200
    code = user_pool.newest_code("new@example.com")
    wrong = own.ask("POST", "/auth/confirm-change-email", {"code": "000000"})
    assert (wrong.status, wrong.kind) == (422, "/problems/code-rejected")
    assert own.ask("POST", "/auth/confirm-change-email", {"code": f"{code[:3]} {code[3:]}"}).status == 204
    assert (log_in(nobody, EMAIL, PASSWORD), log_in(nobody, "new@example.com", PASSWORD)) == (401, 200)
    assert own.ask("GET", "/auth/profile").json["email"] == "new@example.com"


def test_an_address_that_somebody_else_has_is_answered_like_any_other(own: Own, user_pool: UserPool) -> None:
    user_pool.new_user("erin@example.com")
    taken, free = ask_for(own, "erin@example.com"), ask_for(own, "free@example.com")
    assert (taken.status, taken.body) == (free.status, free.body) == (204, b"")
    assert {k: v for k, v in taken.headers.items() if k != "x-request-id"} == {
        k: v for k, v in free.headers.items() if k != "x-request-id"
    }
    assert [to for to, _ in user_pool.mails] == ["free@example.com"]


def test_an_address_that_somebody_else_took_meanwhile_is_refused_like_a_wrong_code(
    nobody: Client, own: Own, user_pool: UserPool
) -> None:
    ask_for(own, "new@example.com")
    code = user_pool.newest_code("new@example.com")
    wrong = own.ask("POST", "/auth/confirm-change-email", {"code": "000000"})
    user_pool.new_user("new@example.com", NEW)
    taken = own.ask("POST", "/auth/confirm-change-email", {"code": code})
    assert (taken.status, taken.kind) == (422, "/problems/code-rejected")
    assert {**taken.json, "requestId": ""} == {**wrong.json, "requestId": ""}
    assert (log_in(nobody, EMAIL, PASSWORD), log_in(nobody, "new@example.com", NEW)) == (200, 200)


def test_a_stolen_session_without_the_password_changes_no_address(own: Own, user_pool: UserPool) -> None:
    answer = ask_for(own, "thief@example.com", "Wrong-password-1!")
    assert (answer.status, answer.bad_fields) == (422, {("body", "/password")})
    assert user_pool.mails == []


@pytest.mark.parametrize("proof", ["", "made up", "of another"])
def test_a_stolen_access_token_changes_no_address_at_cognito_itself(own: Own, user_pool: UserPool, proof: str) -> None:
    token = own.tokens["AccessToken"]
    given = guard_proof.of_address_change("another user") if proof == "of another" else proof
    with pytest.raises(ClientError) as refused:
        user_pool.public.update_user_attributes(
            AccessToken=token,
            UserAttributes=[{"Name": "email", "Value": "thief@example.com"}],
            ClientMetadata={"proof": given},
        )
    assert refused.value.response["Error"]["Code"] == "UserLambdaValidationException"
    # Nor does another call mail the code of a change that was begun.
    with pytest.raises(ClientError):
        user_pool.public.get_user_attribute_verification_code(AccessToken=token, AttributeName="email")
    assert user_pool.mails == []
    assert own.ask("GET", "/auth/profile").json["email"] == EMAIL


def test_a_guard_that_fails_at_a_change_does_not_tell_whose_the_new_address_is(
    own: Own, user_pool: UserPool, log_lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_pool.new_user("erin@example.com")
    monkeypatch.setattr("handlers.storage.guard_proof.is_equal", lambda *_: False)
    assert [ask_for(own, email).status for email in ("erin@example.com", "free@example.com")] == [204, 204]
    assert user_pool.mails == []
    assert NOT_MAILED in [line["message"] for line in log_lines.records]


def test_the_session_that_proves_the_password_does_not_stay(own: Own) -> None:
    ask_for(own, "new@example.com")
    assert len(own.user.sessions) == 1


# What the address before is told


@pytest.fixture
def mailbox(own: Own, monkeypatch: pytest.MonkeyPatch) -> list[Any]:  # noqa: ARG001 moto is there
    """The mails that were sent by the operator's sender in SES."""
    monkeypatch.setenv("MAIL_FROM", "Journal <codes@example.com>")
    monkeypatch.setenv("MAIL_IDENTITY_ARN", "arn:aws:ses:eu-west-1:123456789012:identity/example.com")
    mail.ses.cache_clear()
    mail.ses().verify_domain_identity(Domain="example.com")
    sent: list[Any] = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages
    sent.clear()
    return sent


def sent_to(mailbox: list[Any]) -> list[tuple[str, str]]:
    return [(address, mail.subject) for mail in mailbox for address in mail.destinations["ToAddresses"]]


ASKED = (EMAIL, "Somebody asks to change your e-mail address")
CHANGED = (EMAIL, "Your e-mail address was changed")


def test_the_address_before_is_told_when_a_change_is_asked_for_and_when_it_is_made(
    own: Own, user_pool: UserPool, mailbox: list[Any]
) -> None:
    assert ask_for(own, "new@example.com").status == 204
    assert sent_to(mailbox) == [ASKED]
    code = user_pool.newest_code("new@example.com")
    assert own.ask("POST", "/auth/confirm-change-email", {"code": "000000"}).status == 422
    assert sent_to(mailbox) == [ASKED]
    assert own.ask("POST", "/auth/confirm-change-email", {"code": code}).status == 204
    assert sent_to(mailbox) == [ASKED, CHANGED]
    for sent in mailbox:
        assert sent.source == "Journal <codes@example.com>"
        # Whoever asks chooses the new address: a text of theirs is mailed to nobody.
        assert code not in sent.body
        assert "new@example.com" not in sent.body


def test_the_address_before_is_told_alike_whether_or_not_somebody_else_has_the_new_one(
    own: Own, user_pool: UserPool, mailbox: list[Any]
) -> None:
    user_pool.new_user("erin@example.com")
    for email in ("erin@example.com", "free@example.com"):
        ask_for(own, email)
    assert sent_to(mailbox) == [ASKED, ASKED]
    assert mailbox[0].body == mailbox[1].body


def test_a_wrong_password_tells_nobody(own: Own, mailbox: list[Any]) -> None:
    assert ask_for(own, "new@example.com", "Wrong-password-1!").status == 422
    assert mailbox == []


@pytest.mark.parametrize("failure", [Unavailable(), ClientError({"Error": {"Code": "MessageRejected"}}, "SendEmail")])
def test_a_mail_that_fails_is_logged_and_the_change_goes_on(
    nobody: Client,
    own: Own,
    user_pool: UserPool,
    mailbox: list[Any],
    log_lines: Any,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    def fail(**_: Any) -> None:
        raise failure

    monkeypatch.setattr(mail, "ses", lambda: SimpleNamespace(send_email=fail))
    assert ask_for(own, "new@example.com").status == 204
    code = user_pool.newest_code("new@example.com")
    assert own.ask("POST", "/auth/confirm-change-email", {"code": code}).status == 204
    assert log_in(nobody, "new@example.com", PASSWORD) == 200
    assert mailbox == []
    lines = [line for line in log_lines.records if line["message"] == "a mail to a user could not be sent"]
    assert [line["level"] for line in lines] == ["ERROR", "ERROR"]
    assert EMAIL not in log_lines.text


def test_without_a_sender_nobody_is_asked_for_an_address(own: Own, user_pool: UserPool) -> None:
    ask_for(own, "new@example.com")
    assert "GetUser" not in user_pool.calls


# One session


def test_logging_out_ends_one_session(nobody: Client, own: Own, user_pool: UserPool) -> None:
    other = Own(user_pool, own.user)
    assert nobody.post("/auth/logout", {"refreshToken": own.tokens["RefreshToken"]}).status == 204
    assert (refresh(nobody, own), refresh(nobody, other)) == (401, 200)


@pytest.mark.parametrize("token", ["made-up", "refresh.of.nobody"])
def test_logging_out_of_nothing_is_done(nobody: Client, user_pool: UserPool, token: str) -> None:
    assert nobody.post("/auth/logout", {"refreshToken": token}).status == 204
    assert user_pool.calls == ["RevokeToken"]

"""Cognito fails in every way at every attempt of every call: the mailbox's owner alone is in the account in the end.

A fault comes once, so that the SDK's next attempt meets what the first has done, or lasts until the request is
answered. Then its owner goes on as the answer says.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from typing import Any, ClassVar, Literal

import pytest
from botocore.exceptions import ClientError

from handlers.storage import accounts, sign_in
from handlers.storage.errors import Unavailable
from tests.api.client import Answer, Client
from tests.events import claims_of
from tests.user_pool import UserPool

Mode = Literal["once", "lasting"]
# Resets, time-outs and errors of Cognito's own look the same once the attempts are over: what differs is the effect.
KINDS = ("throttled", "throttled behind the effect", "failed", "failed behind the effect")
MODES: tuple[Mode, ...] = ("once", "lasting")
EMAIL, NEW_EMAIL = "dana@example.com", "new@example.com"
OLD, NEW, STRANGERS = "Breakout-2026!", "Pullback-2026!", "Strangers-Password-1!"
# What was tried, for the report: pytest -s shows it.
TRIED: Counter[str] = Counter()


class Faults:
    """The pool behind a network that fails on demand."""

    def __init__(self, pool: UserPool) -> None:
        self.pool = pool
        self.attempts, self.kind, self.at = 0, "", 0
        self.mode: Mode = "once"

    def fail(self, kind: str, mode: Mode, at: int) -> None:
        """Fail in this way at that attempt from now on; at 0, no more."""
        self.attempts, self.kind, self.mode, self.at = 0, kind, mode, at

    def attempt(self, client: Any, method: str, given: dict[str, Any]) -> Any:
        self.attempts += 1
        is_failing = self.at > 0 and (self.attempts == self.at or (self.mode == "lasting" and self.attempts > self.at))
        if not is_failing:
            return getattr(client, method)(**given)
        kind, behind, _ = self.kind.partition(" behind the effect")
        if behind:
            with suppress(ClientError):  # an error is lost as well
                getattr(client, method)(**given)
        if kind == "throttled":
            raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, _operation(method))
        raise Unavailable


def _operation(method: str) -> str:
    return "".join(word.capitalize() for word in method.split("_"))


class Retrying:
    """A client that makes its calls as often as the SDK does."""

    def __init__(self, faults: Faults, client: Any, attempts: int) -> None:
        self._faults, self._client, self._attempts = faults, client, attempts

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**given: Any) -> Any:
            for _ in range(self._attempts - 1):
                try:
                    return self._faults.attempt(self._client, method, given)
                except Unavailable:
                    continue
                except ClientError as error:
                    if error.response["Error"]["Code"] != "TooManyRequestsException":
                        raise
            return self._faults.attempt(self._client, method, given)

        return call


@pytest.fixture
def faults(user_pool: UserPool, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """A Cognito that can be made to fail."""
    made = Faults(user_pool)
    monkeypatch.setattr(sign_in, "cognito", lambda: Retrying(made, user_pool.public, 2))
    monkeypatch.setattr(sign_in, "cognito_once", lambda: Retrying(made, user_pool.public, 1))
    for module in (sign_in, accounts):
        monkeypatch.setattr(module, "cognito_admin", lambda: Retrying(made, user_pool.admin, 3))
    return made


class Step:
    """One request of the owner: the state before it, and the state that must hold in the end."""

    statuses: ClassVar[Collection[int]] = ()  # of a request that went well
    # Others that are right where a call had its effect and its answer was lost: a code is taken once.
    lost: ClassVar[Collection[int]] = ()

    def __init__(self, pool: UserPool, nobody: Client) -> None:
        self.pool, self.nobody = pool, nobody
        pool.users.clear()
        pool.mails.clear()

    def request(self) -> Answer:
        raise NotImplementedError

    def check_between(self) -> None:
        """A new password that works has ended the sessions, and nobody else's password works."""
        assert self.log_in(STRANGERS) == 401

    def check(self) -> None:
        """The owner is in the account, by a reset where nothing else helps."""
        if self.log_in(NEW) != 200 and self.log_in(OLD) != 200:
            self.post("/auth/signup", email=EMAIL)
            if self.pool.user(EMAIL) and not self.owner.is_verified:
                code = self.pool.newest_code(EMAIL)
                assert self.post("/auth/confirm-signup", email=EMAIL, code=code, password=NEW).status == 200
            else:
                self.reset()
        assert 200 in (self.log_in(NEW), self.log_in(OLD))
        assert self.log_in(STRANGERS) == 401

    def reset(self) -> None:
        assert self.post("/auth/forgot-password", email=EMAIL).status == 200
        code = self.pool.newest_code(EMAIL)
        assert self.post("/auth/confirm-forgot-password", email=EMAIL, code=code, password=NEW).status == 200

    @property
    def owner(self) -> Any:
        return self.pool.user(EMAIL)

    def post(self, path: str, **document: str) -> Answer:
        return self.nobody.post(path, document)

    def log_in(self, password: str, email: str = EMAIL) -> int:
        return self.post("/auth/login", email=email, password=password).status


class SignUp(Step):
    statuses = (201,)

    def request(self) -> Answer:
        return self.post("/auth/signup", email=EMAIL)


class SignUpAgain(SignUp):
    def __init__(self, pool: UserPool, nobody: Client) -> None:
        super().__init__(pool, nobody)
        self.post("/auth/signup", email=EMAIL)


class AskForCode(SignUpAgain):
    statuses = (200,)

    def request(self) -> Answer:
        return self.post("/auth/resend-code", email=EMAIL)


class Confirm(SignUpAgain):
    statuses, lost = (200,), (422,)

    def request(self) -> Answer:
        code = self.pool.newest_code(EMAIL)
        return self.post("/auth/confirm-signup", email=EMAIL, code=code, password=NEW)


class OfAnAccount(Step):
    def __init__(self, pool: UserPool, nobody: Client) -> None:
        super().__init__(pool, nobody)
        self.tokens = pool.new_session(pool.new_user(EMAIL, OLD))

    def ask(self, method: str, path: str, **document: str) -> Answer:
        user = self.pool.users[0]
        headers = {"Authorization": f"Bearer {self.tokens['AccessToken']}"}
        claims = claims_of(user.sub, username=user.username)
        return Client(user.sub)(method, path, document or None, headers=headers, claims=claims)

    def refresh(self) -> int:
        return self.post("/auth/refresh", refreshToken=self.tokens["RefreshToken"]).status

    def check_between(self) -> None:
        super().check_between()
        if self.log_in(NEW) == 200:
            assert self.refresh() == 401


class LogIn(OfAnAccount):
    statuses = (200,)

    def request(self) -> Answer:
        return self.post("/auth/login", email=EMAIL, password=OLD)


class Refresh(OfAnAccount):
    statuses = (200,)

    def request(self) -> Answer:
        return self.post("/auth/refresh", refreshToken=self.tokens["RefreshToken"])


class Forget(OfAnAccount):
    statuses = (200,)

    def request(self) -> Answer:
        return self.post("/auth/forgot-password", email=EMAIL)


class Reset(OfAnAccount):
    statuses = (200,)
    lost: ClassVar[Collection[int]] = (422,)

    def __init__(self, pool: UserPool, nobody: Client) -> None:
        super().__init__(pool, nobody)
        self.post("/auth/forgot-password", email=EMAIL)

    def request(self) -> Answer:
        code = self.pool.newest_code(EMAIL)
        return self.post("/auth/confirm-forgot-password", email=EMAIL, code=code, password=NEW)

    def check(self) -> None:
        super().check()
        if self.log_in(NEW) != 200:
            self.reset()
        assert (self.refresh(), self.log_in(OLD)) == (401, 401)


class ChangePassword(Reset):
    statuses, lost = (204,), ()

    def request(self) -> Answer:
        return self.ask("POST", "/auth/change-password", currentPassword=OLD, newPassword=NEW)


class ReadProfile(OfAnAccount):
    statuses = (200,)

    def request(self) -> Answer:
        return self.ask("GET", "/auth/profile")


class ChangeEmail(OfAnAccount):
    statuses = (204,)

    def request(self) -> Answer:
        return self.ask("POST", "/auth/change-email", email=NEW_EMAIL, password=OLD)

    def check(self) -> None:
        super().check()
        assert self.log_in(OLD, NEW_EMAIL) == 401  # not before the code was given
        assert self.request().status == 204
        code = self.pool.newest_code(NEW_EMAIL)
        assert self.ask("POST", "/auth/confirm-change-email", code=code).status == 204
        assert (self.log_in(OLD), self.log_in(OLD, NEW_EMAIL)) == (401, 200)


class ConfirmEmail(OfAnAccount):
    statuses, lost = (204,), (422,)

    def __init__(self, pool: UserPool, nobody: Client) -> None:
        super().__init__(pool, nobody)
        self.ask("POST", "/auth/change-email", email=NEW_EMAIL, password=OLD)

    def request(self) -> Answer:
        return self.ask("POST", "/auth/confirm-change-email", code=self.pool.newest_code(NEW_EMAIL))

    def check(self) -> None:
        # One address or the other, and the profile says which.
        email = self.ask("GET", "/auth/profile").json["email"]
        other = NEW_EMAIL if email == EMAIL else EMAIL
        assert (self.log_in(OLD, email), self.log_in(OLD, other)) == (200, 401)


class LogOut(OfAnAccount):
    statuses = (204,)

    def request(self) -> Answer:
        return self.post("/auth/logout", refreshToken=self.tokens["RefreshToken"])

    def check(self) -> None:
        assert self.request().status == 204
        assert self.refresh() == 401


class LogOutAll(LogOut):
    def request(self) -> Answer:
        return self.ask("POST", "/auth/logout-all")


STEPS = (
    SignUp,
    SignUpAgain,
    AskForCode,
    Confirm,
    LogIn,
    Refresh,
    Forget,
    Reset,
    ChangePassword,
    ReadProfile,
    ChangeEmail,
    ConfirmEmail,
    LogOut,
    LogOutAll,
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
@pytest.mark.parametrize("mode", MODES)
def test_the_owner_alone_is_in_the_account_whatever_fails(
    nobody: Client, user_pool: UserPool, faults: Faults, step: type[Step], kind: str, mode: Mode
) -> None:
    for at in range(1, 40):
        tried = step(user_pool, nobody)
        faults.fail(kind, mode, at)
        answer = tried.request()
        attempts = faults.attempts
        faults.fail("", mode, 0)
        seen = (step.__name__, kind, mode, at, answer.status, answer.body)
        if attempts < at:
            assert answer.status in step.statuses, seen
            assert at > 1
            return
        TRIED[step.__name__] += 1
        may = {*step.statuses, 429 if kind.startswith("throttled") else 503}
        assert answer.status in may | ({*step.lost} if "behind" in kind else set()), seen
        if answer.status in (429, 503):
            assert int(answer.headers["retry-after"]) >= 1, seen
        tried.check_between()
        tried.check()
    pytest.fail("more attempts than a request can make")


@pytest.fixture(scope="module", autouse=True)
def report() -> Iterator[None]:
    yield
    sys.stdout.write(f"{sum(TRIED.values())} faults: {dict(TRIED)}\n")

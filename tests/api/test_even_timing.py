"""Statuses, bodies, headers and times do not tell whether an address has an account.

Cognito's calls take whatever they like here, by the fake clock: a known address's are made ten times slower or faster
than an unknown one's. 200 samples each are compared whole, times included. Times are exact, so the statistic is the
strictest one: the sets of samples are equal.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from handlers.web import even_timing
from tests.api.client import Answer, Client
from tests.events import claims_of
from tests.user_pool import UserPool

# Coverage watches other tests of the same lines: to watch this campaign too takes longer than to run it.
pytestmark = pytest.mark.no_cover

SAMPLES = 200
PASSWORD = "Breakout-2026!"
REQUESTS: dict[str, dict[str, str]] = {
    "/auth/signup": {},
    "/auth/resend-code": {},
    "/auth/forgot-password": {},
    "/auth/login": {"password": "Wrong-password-1!"},
    "/auth/confirm-signup": {"code": "000000", "password": PASSWORD},
    "/auth/confirm-forgot-password": {"code": "000000", "password": PASSWORD},
}


class Clock:
    """Time that passes when a call takes it, or somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(even_timing, "time", made)
    return made


def told(answer: Answer, took: float) -> tuple[Any, ...]:
    """All observable parts of an answer, except those that differ in every answer."""
    document = tuple(sorted((name, str(value)) for name, value in answer.json.items() if name != "requestId"))
    headers = tuple(sorted((name, value) for name, value in answer.headers.items() if name != "x-request-id"))
    return answer.status, document, headers, round(took, 6)


def samples(client: Client, clock: Clock, path: str, name: str, pool: UserPool, kind: str) -> set[tuple[Any, ...]]:
    found = set()
    for number in range(SAMPLES):
        email = f"{name}-{number}@example.com"
        if kind != "unknown":
            user = pool.new_user(email, PASSWORD)
            if kind == "unconfirmed":
                user.status, user.is_verified = "UNCONFIRMED", False
        began = clock.now
        answer = client.post(path, {"email": email, **REQUESTS[path]})
        found.add(told(answer, clock.now - began))
    return found


@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize(("known", "unknown"), [(0.5, 0.05), (0.05, 0.5)])
def test_nothing_tells_whether_an_address_has_an_account(
    nobody: Client, user_pool: UserPool, clock: Clock, path: str, known: float, unknown: float
) -> None:
    dice = Random(7)

    def take(_: str, given: dict[str, Any]) -> None:
        name = given.get("Username") or given.get("AuthParameters", {}).get("USERNAME", "")
        clock.now += (unknown if name.startswith("unknown") else known) * dice.uniform(0.5, 1.4)

    user_pool.before = take
    user_pool.mails_left = 10_000
    kinds = [samples(nobody, clock, path, kind, user_pool, kind) for kind in ("unknown", "unconfirmed", "confirmed")]
    assert kinds[0] == kinds[1] == kinds[2]
    [(_, _, _, took)] = kinds[0]
    assert took == even_timing.STEP


@pytest.mark.parametrize(("taken", "free"), [(0.3, 0.03), (0.03, 0.3)])
def test_nothing_tells_whether_a_new_address_is_somebody_elses(
    user_pool: UserPool, clock: Clock, taken: float, free: float
) -> None:
    dice = Random(7)
    owner = user_pool.new_user("dana@example.com", PASSWORD)
    bearer = f"Bearer {user_pool.new_session(owner)['AccessToken']}"
    client = Client(owner.sub)
    for number in range(SAMPLES):
        user_pool.new_user(f"taken-{number}@example.com", PASSWORD)

    def take(_: str, given: dict[str, Any]) -> None:
        [name] = [it["Value"] for it in given.get("UserAttributes", ())] or [""]
        clock.now += {"t": taken, "f": free}.get(name[:1], 0.1) * dice.uniform(0.5, 1.4)

    user_pool.before = take
    user_pool.mails_left = 10_000

    def asked_for(kind: str) -> set[tuple[Any, ...]]:
        found = set()
        for number in range(SAMPLES):
            document = {"email": f"{kind}-{number}@example.com", "password": PASSWORD}
            began = clock.now
            answer = client(
                "POST",
                "/auth/change-email",
                document,
                headers={"Authorization": bearer},
                claims=claims_of(owner.sub, username=owner.username),
            )
            headers = tuple(sorted((key, value) for key, value in answer.headers.items() if key != "x-request-id"))
            found.add((answer.status, answer.body, headers, round(clock.now - began, 6)))
        return found

    kinds = [asked_for("taken"), asked_for("free")]
    assert kinds[0] == kinds[1]
    [(status, body, _, took)] = kinds[0]
    assert (status, body, took) == (204, b"", even_timing.STEP)


def test_what_takes_longer_than_a_step_answers_at_the_next_one(
    nobody: Client, user_pool: UserPool, clock: Clock
) -> None:
    def take(*_: Any) -> None:
        clock.now += even_timing.STEP * 1.2

    user_pool.before = take
    began = clock.now
    nobody.post("/auth/forgot-password", {"email": "nobody@example.com"})
    assert clock.now - began == pytest.approx(2 * even_timing.STEP)


def test_who_knows_the_password_does_not_wait(nobody: Client, user_pool: UserPool, clock: Clock) -> None:
    user_pool.new_user("dana@example.com", PASSWORD)
    began = clock.now
    assert nobody.post("/auth/login", {"email": "dana@example.com", "password": PASSWORD}).status == 200
    assert clock.now == began


def test_a_step_is_longer_than_a_sign_up_takes_and_short_for_a_person() -> None:
    assert 1 <= even_timing.STEP <= 3

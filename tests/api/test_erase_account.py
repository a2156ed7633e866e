"""Erasing an account, interrupted at every point: nothing of its user is left, and everything of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from handlers.entry import accounts as account_functions
from handlers.storage import bucket, clients, dynamo
from handlers.usecases import erase_account
from tests.api.client import Client, a_trade
from tests.api.conftest import LogLines
from tests.api.uploading import Context
from tests.api.user_data import Stores, furnish, left_of, mark_expiries, message_of, messages_of, new_client

QUARTER_OF_AN_HOUR = 900


class Killed(BaseException):
    """The process ends here and now."""


class Kill:
    """Ends the process before or after its n-th call of AWS."""

    def __init__(self) -> None:
        self.left = -1
        self.when: Literal["before", "after"] = "before"
        self.is_on = False
        for client in (clients.dynamodb(), clients.s3(), clients.sqs(), clients.cognito_admin()):
            given: Any = client.meta.events
            given.register("before-call.*.*", self._before)
            given.register("after-call.*.*", self._after)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count the calls that the block makes."""
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False

    def _before(self, **_: Any) -> None:
        if self.is_on:
            self.left -= 1
            if self.left == 0 and self.when == "before":
                raise Killed

    def _after(self, **_: Any) -> None:
        if self.is_on and self.left == 0 and self.when == "after":
            raise Killed


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamo, "_MOST_WRITTEN", 3)
    monkeypatch.setattr(bucket, "_BATCH", 3)


@pytest.fixture
def delays(stores: Stores) -> list[int]:  # noqa: ARG001 made first
    """The delays of messages, which are recorded and not waited for."""
    made: list[int] = []

    def hurry(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        made.append(params["DelaySeconds"])
        return {**params, "DelaySeconds": 0}

    given: Any = clients.sqs().meta.events
    given.register("provide-client-params.sqs.SendMessage", hurry)
    return made


@pytest.fixture
def dana(stores: Stores) -> Client:
    """A user with data of every kind."""
    client = new_client(stores.pool, "dana@example.com")
    furnish(str(client.user))
    return client


@pytest.fixture
def erin(stores: Stores) -> Client:
    """Another user with data of every kind."""
    client = new_client(stores.pool, "erin@example.com")
    furnish(str(client.user))
    return client


def work(stores: Stores, context: Context | None = None) -> int:
    """Handle the queue's messages until none is left. Returns their number."""
    count = 0
    while records := messages_of(stores.erasure_queue):
        for record in records:
            count += 1
            assert account_functions.erase_account({"Records": [record]}, context or Context()) == {
                "batchItemFailures": []
            }
    return count


def test_a_deleted_account_is_gone_and_the_others_are_as_they_were(
    dana: Client, erin: Client, stores: Stores, delays: list[int]
) -> None:
    before = left_of(str(erin.user), stores.pool)
    assert (
        before.keys()
        == left_of(str(dana.user), stores.pool).keys()
        == {"items", "ledger", "statistics", "files", "uploads", "user"}
    )
    answer = dana.delete("/auth/account")
    assert (answer.status, answer.json) == (202, {"status": "ERASING"})
    work(stores)
    assert left_of(str(dana.user), stores.pool) == {}
    assert left_of(str(erin.user), stores.pool) == before
    assert delays == [0, QUARTER_OF_AN_HOUR]


def test_the_marks_outlive_the_last_look_by_a_day(dana: Client, stores: Stores, delays: list[int]) -> None:
    dana.delete("/auth/account")
    [first] = messages_of(stores.erasure_queue)
    account_functions.erase_account({"Records": [first]}, Context())
    assert mark_expiries(str(dana.user)) == {None}
    work(stores)
    [expiry] = mark_expiries(str(dana.user))
    assert expiry is not None
    assert 86_000 < int(expiry) - datetime.now(UTC).timestamp() < 87_000
    assert delays == [0, QUARTER_OF_AN_HOUR]


@pytest.mark.usefixtures("delays")
def test_nothing_can_be_written_and_nobody_log_in_from_the_answer_on(dana: Client, stores: Stores) -> None:
    dana.delete("/auth/account")
    for answer in (dana.post("/trades", a_trade()), dana.post("/trades", a_trade(), headers={"Idempotency-Key": "k"})):
        assert (answer.status, answer.kind) == (409, "/problems/account-erased")
    user = clients.cognito_admin().admin_get_user(UserPoolId=stores.pool, Username=str(dana.user))
    assert user["Enabled"] is False


@pytest.mark.usefixtures("delays")
def test_a_repeated_request_is_answered_alike_at_any_time(dana: Client, stores: Stores) -> None:
    assert dana.delete("/auth/account").status == 202
    assert dana.delete("/auth/account").status == 202
    work(stores)
    assert dana.delete("/auth/account").status == 202
    work(stores)
    assert left_of(str(dana.user), stores.pool) == {}
    assert None not in mark_expiries(str(dana.user))


@pytest.mark.usefixtures("delays")
def test_what_came_in_after_the_erasing_is_found_by_the_last_look(dana: Client, stores: Stores) -> None:
    dana.delete("/auth/account")
    [first] = messages_of(stores.erasure_queue)
    account_functions.erase_account({"Records": [first]}, Context())
    # A form that was signed before, and an export that was under way.
    clients.s3().put_object(Bucket="files", Key=f"images/{dana.user}/trade-9/image-9", Body=b"late")
    clients.s3().put_object(Bucket="files", Key=f"exports/{dana.user}/export.json.gz", Body=b"late")
    work(stores)
    assert left_of(str(dana.user), stores.pool) == {}


@pytest.mark.usefixtures("delays")
def test_who_signs_up_anew_with_the_address_is_left_alone(dana: Client, stores: Stores) -> None:
    dana.delete("/auth/account")
    [first] = messages_of(stores.erasure_queue)
    account_functions.erase_account({"Records": [first]}, Context())
    again = new_client(stores.pool, "dana@example.com")
    furnish(str(again.user))
    work(stores)
    assert left_of(str(again.user), stores.pool).keys() == {"items", "ledger", "statistics", "files", "uploads", "user"}


@pytest.mark.usefixtures("delays")
def test_another_account_under_the_same_name_in_the_pool_is_left_alone(dana: Client, stores: Stores) -> None:
    # As of people who come through Google: the pool's name stays, the user is new.
    claims = {"sub": "the-user-before", "token_use": "access", "username": str(dana.user)}
    assert dana.delete("/auth/account", claims=claims).status == 202
    work(stores)
    assert "user" in left_of(str(dana.user), stores.pool)
    user = clients.cognito_admin().admin_get_user(UserPoolId=stores.pool, Username=str(dana.user))
    assert user["Enabled"] is True


@pytest.mark.usefixtures("delays")
def test_what_a_call_has_no_time_for_is_left_to_the_next(dana: Client, stores: Stores) -> None:
    dana.delete("/auth/account")
    calls = 0
    while records := messages_of(stores.erasure_queue):
        for record in records:
            calls += 1
            # Time for one batch and no more.
            is_last = message_of(record)["isLastLook"]
            account_functions.erase_account({"Records": [record]}, Context([29_999]))
            assert is_last or calls < 20
    assert calls > 5
    assert left_of(str(dana.user), stores.pool) == {}
    assert None not in mark_expiries(str(dana.user))


def test_a_message_that_fails_comes_again_and_names_nobody(
    dana: Client, stores: Stores, delays: list[int], monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    dana.delete("/auth/account")
    [message] = messages_of(stores.erasure_queue)

    def broken(_: object) -> Iterator[None]:
        raise RuntimeError("S3 is gone")

    monkeypatch.setattr(bucket, "erase", broken)
    answer = account_functions.erase_account({"Records": [message]}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": message["messageId"]}]}
    assert "example.com" not in log_lines.text
    assert delays == [0]


@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_it_is_killed_nothing_is_left_in_the_end(
    erin: Client, stores: Stores, delays: list[int], when: Literal["before", "after"]
) -> None:
    """The request is repeated by its client, a message by its queue. Each run kills one call later than the last."""
    others = left_of(str(erin.user), stores.pool)
    kill = Kill()
    kill.when = when
    runs = 0
    while True:
        runs += 1
        kill.left = runs
        victim = new_client(stores.pool, f"victim-{runs}@example.com")
        user = str(victim.user)
        furnish(user)
        delays.clear()
        killed = _erase(victim, stores, kill)
        assert left_of(user, stores.pool) == {}, runs
        assert None not in mark_expiries(user), runs
        assert QUARTER_OF_AN_HOUR in delays
        if not killed:
            break
    assert runs > 25  # request, batches, files, uploads, user, twice: as many as there are
    assert left_of(str(erin.user), stores.pool) == others


def _erase(victim: Client, stores: Stores, kill: Kill) -> bool:
    """Send the request and handle its messages, repeated after a kill. Returns whether there was one."""
    killed = False
    while True:
        try:
            with kill.watching():
                assert victim.delete("/auth/account").status == 202
        except Killed:
            killed = True
        else:
            break
    waiting = messages_of(stores.erasure_queue)
    while waiting:
        record = waiting.pop(0)
        try:
            with kill.watching():
                assert account_functions.erase_account({"Records": [record]}, Context()) == {"batchItemFailures": []}
        except Killed:
            killed = True
            waiting.append(record)  # it comes again, and may meet what it has sent itself
        waiting += messages_of(stores.erasure_queue)
    return killed


@pytest.mark.usefixtures("delays")
def test_a_request_that_broke_off_behind_its_message_is_carried_on_without_its_owner(
    dana: Client, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("Cognito is gone")

    with monkeypatch.context() as patched:
        patched.setattr(erase_account, "_lock_out", broken)
        assert dana.delete("/auth/account").status == 500
    work(stores)
    assert left_of(str(dana.user), stores.pool) == {}

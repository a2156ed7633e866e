"""Restores whose process ends at any call of AWS, and what goes on beside them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from handlers.entry.images import check_image
from handlers.entry.restores import restore_journal
from handlers.storage import clients, erasure_marks, image_files, uploads
from handlers.storage import restores as restore_storage
from handlers.storage import restores as storage
from handlers.storage.errors import LedgerChanged, TradeNotFound
from handlers.usecases import restore_archive, restores
from handlers.usecases import restore_journal as writing
from handlers.usecases.archive_check import check_archive
from tests.api import journals
from tests.api.client import Client
from tests.api.journals import exported, file_of
from tests.api.restoring import begin, commit, everything, restored, send, work
from tests.api.restoring import queue as queue
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_restores import ZIP, same
from tests.api.uploading import Arrival, Context, check, illustrate
from tests.api.uploading import messages as events
from tests.api.user_data import Stores, messages_of, new_client
from tests.storage.examples import NOW


def a_small_journal(client: Client) -> None:
    """One with all that is written in a way of its own."""
    account = client.post("/accounts", {"name": "Own", "currency": "EUR"}).json["accountId"]
    client.patch("/settings", {"lotMethod": "FIFO", "defaultAccountId": account})
    trade = client.new_trade(externalId="x", accountId=account)
    illustrate(client, trade["tradeId"])
    fill = {"symbol": "A", "side": "BUY", "quantity": "2", "price": "1", "accountId": account}
    for minute in range(3):
        client.post("/executions", {**fill, "executedAt": f"2026-01-05T10:0{minute}:00Z"})
    split = {"type": "SPLIT", "symbol": "A", "effectiveAt": "2026-01-06T10:00:00Z", "new": "2", "old": "1"}
    client.post("/corporate-actions", split)
    cash = {"type": "DEPOSIT", "amount": "1", "at": "2026-01-05T10:00:00Z", "externalId": "c"}
    client.post(f"/accounts/{account}/cash", cash)
    client("PUT", "/fx-rates", {"rates": [{"from": "EUR", "to": "USD", "day": "2026-01-05", "rate": "1.1"}]})


def stored(user: str) -> list[Any]:
    """All items of the user but restores, without the versions of files and the user's id."""
    tables = {"trades": "tradeId", "ledger": "item", "stats": "statKey"}
    found = []
    for table, key in tables.items():
        query: Any = {"KeyConditionExpression": "userId = :user", "ExpressionAttributeValues": {":user": {"S": user}}}
        for item in clients.dynamodb().query(TableName=table, **query)["Items"]:
            for image in item.get("images", {"L": []})["L"]:
                del image["M"]["fileVersion"]
            if not item[key]["S"].startswith("restore|"):
                found.append(json.loads(json.dumps(item, sort_keys=True).replace(user, "user")))
    return found


def created(user: str) -> tuple[Any, dict[str, str]]:
    """A restore that awaits its archive, and the fields of its form."""
    shown, _ = restores.create(user, only_check=False, now=datetime.now(UTC))
    assert shown is not None
    return shown.restore, shown.fields


def committed(user: str, file: bytes) -> Any:
    """The message of a restore that is committed."""
    made, fields = created(user)
    clients.s3().put_object(Bucket="files", Key=fields["key"], Body=file)
    restores.commit(user, made.restore_id, lambda _: True)
    return {"userId": user, "restoreId": made.restore_id}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_restore_that_is_killed_at_any_call_goes_on(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch, when: Any
) -> None:
    monkeypatch.setattr(restore_archive, "PROGRESS_SECONDS", -1)  # the progress is stored after each transaction
    monkeypatch.setattr(writing, "_MOST_ACTIONS", 20)
    monkeypatch.setattr("handlers.journal.restores.WORKED_FOR", timedelta(0))
    dana = new_client(stores.pool, "dana@example.com")
    a_small_journal(dana)
    file = file_of(dana.post("/exports", ZIP))
    undisturbed = str(uuid4())
    restore_journal(events(committed(undisturbed, file)), Context())
    expected = stored(undisturbed)
    kill, at, was_killed = Kill(), -1, True
    kill.when = when
    while was_killed:
        at += 2  # killed behind a call is what is killed before the next one
        user = str(uuid4())
        event = events(committed(user, file))
        messages_of(queue)
        kill.left = at
        try:
            with kill.watching():
                restore_journal(event, Context())
            was_killed = False
        except Killed:
            pass
        assert restore_journal(event, Context()) == {"batchItemFailures": []}
        assert stored(user) == expected
    assert at > 20


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_that_is_killed_at_any_call_can_be_repeated(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch, when: Any
) -> None:
    monkeypatch.setattr("handlers.journal.restores.WORKED_FOR", timedelta(0))
    monkeypatch.setattr(restores, "IN_CASE", timedelta(0))
    file = file_of(new_client(stores.pool, "dana@example.com").post("/exports", ZIP))
    kill, at, was_killed = Kill(), 0, True
    kill.when = when
    while was_killed:
        at += 1
        user = str(uuid4())
        made, fields = created(user)
        clients.s3().put_object(Bucket="files", Key=fields["key"], Body=file)
        ask = partial(restores.commit, user, made.restore_id, lambda version: version == 1)
        kill.left = at
        try:
            with kill.watching():
                ask()
            was_killed = False
        except Killed:
            with suppress(LedgerChanged):  # it was stored as committed, and a message is on its way
                ask()
        assert work(queue) == []
        assert restores.get(user, made.restore_id, datetime.now(UTC)).status == "RESTORED"
    assert at > 3


class Hurried(Context):
    """Lambda's context of a call whose time is up after so many questions."""

    def __init__(self, questions: int) -> None:
        super().__init__()
        self._questions = questions

    def get_remaining_time_in_millis(self) -> int:
        self._questions -= 1
        return 300_000 if self._questions > 0 else 1_000


@pytest.mark.parametrize("questions", [1, 2, 3])
def test_a_restore_that_takes_longer_than_a_call_goes_on_by_itself(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch, questions: int
) -> None:
    monkeypatch.setattr(writing, "_MOST_ACTIONS", 6)
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    a_small_journal(dana)
    made = begin(erin)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(erin, made).status == 202
    path, seen, calls = f"/restores/{made['restore']['restoreId']}", [], 0
    while messages := messages_of(queue):
        assert restore_journal({"Records": messages[:1]}, Hurried(questions)) == {"batchItemFailures": []}
        seen.append(erin.get(path).json)
        calls += 1
    assert seen[-1]["status"] == "RESTORED"
    assert calls > 2
    phases = [each["progress"]["phase"] for each in seen if "progress" in each]
    assert phases == sorted(phases, key=ORDER.index)
    assert same(exported(erin), exported(dana))


ORDER = [
    *("accounts", "settings", "fx", "actions", "groups", "trades", "executions", "cash", "reconciliations"),
    *("memberships", "mappings"),
]


def test_a_second_message_does_nothing_while_the_first_is_worked_on(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    a_small_journal(dana)
    made = begin(erin)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(erin, made).status == 202
    messages = messages_of(queue)
    told: list[Any] = []

    def beside(*given: Any) -> Any:
        told.append(restore_journal({"Records": messages[:1]}, Context()))
        return check_archive(*given)

    monkeypatch.setattr(restore_archive, "check_archive", beside)
    assert restore_journal({"Records": messages[:1]}, Context()) == {"batchItemFailures": []}
    assert told == [{"batchItemFailures": []}]
    assert same(exported(erin), exported(dana))


def test_what_is_written_beside_a_restore_is_not_overwritten(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    a_small_journal(dana)
    made = begin(erin)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(erin, made).status == 202
    read_plan = restore_storage.read_plan

    def beside(restore: Any) -> Any:
        erin.new_trade(externalId="x")  # takes the external id of a trade to come
        return read_plan(restore)

    monkeypatch.setattr(restore_storage, "read_plan", beside)
    assert work(queue) == []
    shown = erin.get(f"/restores/{made['restore']['restoreId']}").json
    assert (shown["status"], [each["code"] for each in shown["problems"]]) == ("FAILED", ["CHANGED_MEANWHILE"])


def test_a_restore_of_an_account_that_is_being_erased_ends(stores: Stores, queue: str) -> None:
    dana = new_client(stores.pool, "dana@example.com")
    made = begin(dana)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(dana, made).status == 202
    erasure_marks.begin(str(dana.user), NOW)
    assert work(queue) == []
    assert dana.post("/restores", {"mode": "EMPTY_ONLY"}).kind == "/problems/account-erased"


def test_the_files_version_that_was_committed_is_restored(stores: Stores, queue: str) -> None:
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    a_small_journal(dana)
    made = begin(erin)
    send(made, file_of(dana.post("/exports", ZIP)))
    assert commit(erin, made).status == 202
    send(made, b"something else")
    assert work(queue) == []
    assert same(exported(erin), exported(dana))


def test_restored_images_are_left_alone_by_what_checks_files(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    a_small_journal(dana)
    arrived: list[Arrival] = []
    write = image_files.write

    def checked_at_once(place: Any, *given: Any) -> str:
        version = write(place, *given)
        arrived.append(Arrival(place.key, version))
        assert check(arrived[-1]) == []  # before the trade is stored
        return version

    monkeypatch.setattr(image_files, "write", checked_at_once)
    assert restored(erin, queue, file_of(dana.post("/exports", ZIP)))["status"] == "RESTORED"
    [arrival] = arrived
    assert check(arrival) == []  # and after it
    assert same(exported(erin), exported(dana))
    # A file that comes between both looks of the check, too.
    is_restoring = uploads.is_restoring
    monkeypatch.setattr(uploads, "read", partial(_gone, uploads.read))
    assert check(arrival) == []
    assert not is_restoring(str(erin.user), arrival.key.split("/")[2], arrival.key.split("/")[3])
    assert same(exported(erin), exported(dana))
    assert check_image({"Records": []}, Context()) == {"batchItemFailures": []}


def _gone(_: Any, user_id: str, trade_id: str, *__: Any) -> Any:
    """As if the trade had not been there yet."""
    raise TradeNotFound(f"{user_id} {trade_id}")


def test_an_image_that_is_missing_from_the_archive_is_left_off(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    a_small_journal(dana)
    with monkeypatch.context() as patch:
        patch.setattr(image_files, "read_whole", lambda *_: None)
        file = file_of(dana.post("/exports", ZIP))
    assert restored(erin, queue, file)["status"] == "RESTORED"
    assert [trade.get("images") for trade in everything(erin)["trades"]] == [None, None]


def test_a_large_position_is_written_in_parts(stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_MOST_ACTIONS", 7)
    monkeypatch.setattr(writing, "_MOST_ACCOUNTS", 0)
    dana, erin = (new_client(stores.pool, f"{name}@example.com") for name in ("dana", "erin"))
    journals.keep(dana)
    assert restored(erin, queue, file_of(dana.post("/exports", ZIP)))["status"] == "RESTORED"
    assert everything(erin) == everything(dana)


@pytest.mark.usefixtures("queue")
def test_what_nobody_asked_for_is_not_restored(stores: Stores) -> None:
    never = {"userId": "99999999-aaaa-4bbb-8ccc-000000000009", "restoreId": "99999999-0000-4000-8000-000000000000"}
    dana = new_client(stores.pool, "dana@example.com")
    waiting = begin(dana)["restore"]["restoreId"]
    for message in (never, {"userId": dana.user, "restoreId": waiting}):
        assert restore_journal(events(message), Context()) == {"batchItemFailures": []}
    assert dana.get(f"/restores/{waiting}").json["status"] == "AWAITING_FILE"


def test_of_two_functions_that_begin_at_once_one_restores(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana = new_client(stores.pool, "dana@example.com")
    made = begin(dana)
    send(made, b"no archive")
    assert commit(dana, made).status == 202
    messages, read = messages_of(queue), storage.get

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(storage, "get", read)
        found = read(*args)
        assert restore_journal({"Records": messages}, Context()) == {"batchItemFailures": []}
        return found

    monkeypatch.setattr(storage, "get", overtaken)
    assert restore_journal({"Records": messages}, Context()) == {"batchItemFailures": []}
    restore = dana.get(f"/restores/{made['restore']['restoreId']}").json
    assert (restore["status"], [each["code"] for each in restore["problems"]]) == ("FAILED", ["NOT_A_ZIP"])
    assert restore["version"] == 4  # committed, begun, ended

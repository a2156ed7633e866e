"""What a restore has written is taken back: what it created goes, and what it replaced comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers.entry.restores import restore_journal
from handlers.journal.settings import MAIN
from handlers.storage import clients, ledger
from handlers.storage import restores as storage
from handlers.usecases import restore_archive
from handlers.usecases import restores as usecase
from tests.api import journals
from tests.api.client import Answer, Client
from tests.api.journals import exported, made
from tests.api.restoring import begin, commit, everything, merged, restored, send, work
from tests.api.restoring import dana as dana
from tests.api.restoring import erin as erin
from tests.api.restoring import queue as queue
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_killed_merges import figures, keep, spoil
from tests.api.test_killed_restores import Hurried
from tests.api.test_merges import a_journal_of_two_halves, backup, edit, without_versions
from tests.api.uploading import Context, messages
from tests.api.user_data import Stores, messages_of, new_client

FIGURES = ("quantity", "entryPrice", "maxQuantity", "status", "openDate")


def ask(client: Client, shown: Any, **given: str) -> Answer:
    return client.post(f"/restores/{shown['restoreId']}/undo", given)


def undone(client: Client, queue: str, shown: Any, **given: str) -> Any:
    """The restore once it is undone."""
    answer = ask(client, shown, **given)
    assert (answer.status, answer.json.get("status")) == (202, "UNDOING"), answer.json
    assert work(queue) == []
    return client.get(f"/restores/{shown['restoreId']}").json


def members(client: Client) -> dict[str, bytes]:
    """The members of an export, but manifest and settings."""
    found = exported(client)
    return {name: content for name, content in found.items() if name not in ("manifest.json", "settings.json")}


def test_nothing_is_left_of_a_restore_into_an_empty_journal(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    nothing = members(erin)
    shown = restored(erin, queue, backup(dana))
    assert undone(erin, queue, shown)["status"] == "UNDONE"
    assert members(erin) == nothing
    assert everything(erin)["statistics"]["tradeCount"] == 0
    assert ask(erin, shown).status == 409
    assert restored(erin, queue, backup(dana))["status"] == "RESTORED"
    assert members(erin) == members(dana)


def test_what_was_replaced_and_merged_comes_back(dana: Client, queue: str) -> None:
    journals.keep(dana)
    file = backup(dana)
    edit(dana)
    before = everything(dana)
    shown = merged(dana, queue, file, conflicts="REPLACE")
    assert undone(dana, queue, shown)["status"] == "UNDONE"
    after = everything(dana)
    for name in ("trades", "groups", "settings", "tradingAccounts", "executions", "cash", "rates", "statistics"):
        assert without_versions(after[name]) == without_versions(before[name]), name


def test_halves_of_a_position_part_again(dana: Client, erin: Client, queue: str) -> None:
    file = a_journal_of_two_halves(dana, erin)
    before = everything(erin)
    shown = merged(erin, queue, file)
    assert undone(erin, queue, shown)["status"] == "UNDONE"
    after = everything(erin)
    # The trade keeps its id and the notes of both.
    [was], [is_] = before["trades"], after["trades"]
    assert [is_[name] for name in FIGURES] == [was[name] for name in FIGURES]
    assert (is_["preTradeNotes"], is_["lessons"]) == ("of the other", "of one")
    assert len(after["executions"]) == len(before["executions"])


def test_corporate_actions_go_with_their_effects(dana: Client, erin: Client, queue: str) -> None:
    fill = {"symbol": "A", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T10:00:00Z"}
    split = {"type": "SPLIT", "symbol": "A", "effectiveAt": "2026-01-06T10:00:00Z", "new": "2", "old": "1"}
    made(dana.post("/corporate-actions", split))
    made(erin.post("/executions", fill))
    shown = merged(erin, queue, backup(dana))
    assert erin.get("/positions").json["items"][0]["quantity"] == "2"
    assert undone(erin, queue, shown)["status"] == "UNDONE"
    assert erin.get("/positions").json["items"][0]["quantity"] == "1"
    assert erin.get("/corporate-actions").json["items"] == []


def test_what_was_edited_since_refuses_it_or_stays_or_goes(dana: Client, erin: Client, queue: str) -> None:
    trades = [dana.new_trade()["tradeId"] for _ in range(2)]
    row = {"type": "DEPOSIT", "amount": "1", "at": "2026-01-05T10:00:00Z"}
    cash = made(dana.post(f"/accounts/{MAIN}/cash", row))["cashId"]
    file = backup(dana)
    shown = restored(erin, queue, file)
    made(erin.patch(f"/trades/{trades[0]}", {"lessons": "mine"}))
    made(erin.patch(f"/accounts/{MAIN}/cash/{cash}", {"note": "mine"}))
    made(erin.patch("/settings", {"timeZone": "Asia/Tokyo"}))
    refused = ask(erin, shown)
    assert (refused.status, refused.kind) == (409, "/problems/edited-since")
    assert refused.json["documents"] == [
        {"name": "trades", "id": trades[0]},
        {"name": "cash", "id": f"{cash}|{MAIN}"},
    ]
    assert undone(erin, queue, shown, edited="KEEP")["status"] == "UNDONE"
    assert [trade["tradeId"] for trade in erin.get("/trades").json["items"]] == [trades[0]]
    again = merged(erin, queue, file, conflicts="REPLACE")
    made(erin.patch(f"/trades/{trades[0]}", {"lessons": "mine again"}))
    assert undone(erin, queue, again, edited="REMOVE")["status"] == "UNDONE"
    [trade] = erin.get("/trades").json["items"]
    assert (trade["tradeId"], trade["lessons"]) == (trades[0], "mine")


def test_a_long_journal_is_looked_through_behind_the_answer(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = dana.new_trade()["tradeId"]
    shown = restored(erin, queue, backup(dana))
    made(erin.patch(f"/trades/{trade}", {"lessons": "mine"}))
    monkeypatch.setattr(usecase, "SECONDS_TO_LOOK", -1)
    for _ in range(2):
        refused = undone(erin, queue, shown)
        assert (refused["status"], [each["code"] for each in refused["problems"]]) == ("RESTORED", ["EDITED_SINCE"])
    assert undone(erin, queue, shown, edited="KEEP")["status"] == "UNDONE"


def test_a_restore_that_broke_off_can_be_undone(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana.new_trade(externalId="x")
    made(dana("PUT", "/fx-rates", {"rates": [{"from": "EUR", "to": "USD", "day": "2026-01-05", "rate": "1.1"}]}))
    read_plan = storage.read_plan

    def beside(restore: Any) -> Any:
        erin.new_trade(externalId="x")
        return read_plan(restore)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "read_plan", beside)
        shown = restored(erin, queue, backup(dana))
    assert shown["status"] == "FAILED"
    assert len(erin.get("/fx-rates", query="from=EUR&to=USD").json["items"]) == 1
    assert undone(erin, queue, shown)["status"] == "UNDONE"
    assert erin.get("/fx-rates", query="from=EUR&to=USD").json["items"] == []
    assert len(erin.get("/trades").json["items"]) == 1


def test_an_account_in_which_something_lies_stays(dana: Client, erin: Client, queue: str) -> None:
    account = made(dana.post("/accounts", {"name": "Own", "currency": "EUR"}))["accountId"]
    made(dana.patch(f"/accounts/{MAIN}", {"name": "Principal", "lotMethod": "FIFO"}))
    shown = restored(erin, queue, backup(dana))
    erin.new_trade(accountId=account)
    assert undone(erin, queue, shown)["status"] == "UNDONE"
    assert erin.get(f"/accounts/{account}").status == 200
    assert erin.get(f"/accounts/{MAIN}").json["name"] == "Principal"


def test_it_can_be_undone_for_a_week(dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dana.new_trade()
    shown = restored(erin, queue, backup(dana))
    ends = datetime.fromisoformat(shown["expiresAt"])
    assert ends - datetime.fromisoformat(shown["updatedAt"]) == timedelta(days=7)
    waiting = begin(erin)["restore"]
    assert ask(erin, waiting).kind == "/problems/state-forbids"
    assert ask(dana, shown).status == 404

    class Later(datetime):
        @classmethod
        def now(cls, _: Any = None) -> Any:
            return ends + timedelta(seconds=1)

    monkeypatch.setattr(usecase, "datetime", Later)
    assert ask(erin, shown).status == 404
    assert datetime.now(UTC) < ends


def test_a_restore_is_deleted_with_its_files(dana: Client, erin: Client, queue: str) -> None:
    dana.new_trade()
    shown = restored(erin, queue, backup(dana))
    path = f"/restores/{shown['restoreId']}"
    assert dana.delete(path).status == 404
    assert erin.delete(path).status == 204
    assert erin.delete(path).status == 404
    assert erin.get("/restores").json["items"] == []
    for prefix in ("exports", "imports"):
        listed = clients.s3().list_objects_v2(Bucket="files", Prefix=f"{prefix}/{erin.user}/restores/")
        assert listed.get("Contents", []) == []
    assert len(erin.get("/trades").json["items"]) == 1
    offer = begin(erin, onlyCheck=True)
    send(offer, backup(dana))
    assert commit(erin, offer).status == 202
    assert erin.delete(f"/restores/{offer['restore']['restoreId']}").kind == "/problems/state-forbids"
    assert work(queue) == []


@pytest.mark.parametrize(("when", "start", "step"), [("before", 1, 11), ("after", 6, 11)])
def test_an_undoing_that_is_killed_at_a_call_goes_on(
    stores: Stores, queue: str, monkeypatch: pytest.MonkeyPatch, when: Any, start: int, step: int
) -> None:
    monkeypatch.setattr(restore_archive, "PROGRESS_SECONDS", -1)  # the progress is stored after each step
    monkeypatch.setattr("handlers.journal.restores.WORKED_FOR", timedelta(0))
    kill, at, was_killed = Kill(), start, True
    kill.when = when
    while was_killed:
        client = new_client(stores.pool, f"user-{at}@example.com")
        ids = keep(client)
        file = backup(client)
        spoil(client, ids)
        before = figures(client)
        shown = merged(client, queue, file, conflicts="REPLACE")
        assert figures(client) != before
        assert ask(client, shown).status == 202
        messages_of(queue)
        event = messages({"userId": str(client.user), "restoreId": shown["restoreId"]})
        kill.left, was_killed = at, False
        try:
            with kill.watching():
                restore_journal(event, Context())
        except Killed:
            was_killed = True
        assert restore_journal(event, Context()) == {"batchItemFailures": []}
        assert figures(client) == before, at
        assert client.get(f"/restores/{shown['restoreId']}").json["status"] == "UNDONE"
        at += step
    assert at > 30


def test_an_undoing_that_takes_longer_than_a_call_goes_on_by_itself(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    shown = restored(erin, queue, backup(dana))
    assert ask(erin, shown).status == 202
    seen, calls = [], 0
    while found := messages_of(queue):
        assert restore_journal({"Records": found[:1]}, Hurried(4)) == {"batchItemFailures": []}
        seen.append(erin.get(f"/restores/{shown['restoreId']}").json)
        calls += 1
    assert (seen[-1]["status"], calls > 5) == ("UNDONE", True)
    assert erin.get("/trades").json["items"] == []
    assert {each["progress"]["phase"] for each in seen if "progress" in each} >= {"executions", "trades"}


@pytest.mark.parametrize("what", ["gone", "edited"])
def test_what_is_gone_or_edited_is_left_alone(dana: Client, erin: Client, queue: str, what: str) -> None:
    group = "99999999-0000-4000-8000-000000000001"
    trades = [dana.new_trade()["tradeId"] for _ in range(2)]
    made(dana("PUT", f"/groups/{group}", {"name": "Pair", "tradeIds": trades}))
    at = "2026-01-05T10:00:00Z"
    split = {"type": "SPLIT", "symbol": "A", "effectiveAt": at, "new": "2", "old": "1"}
    action = made(dana.post("/corporate-actions", split))["actionId"]
    cash = made(dana.post(f"/accounts/{MAIN}/cash", {"type": "DEPOSIT", "amount": "1", "at": at}))["cashId"]
    made(dana("PUT", "/fx-rates", {"rates": [{"from": "EUR", "to": "USD", "day": "2026-01-05", "rate": "1.1"}]}))
    account = made(dana.post("/accounts", {"name": "Own", "currency": "EUR"}))["accountId"]
    made(dana.post(f"/accounts/{MAIN}/reconciliations", {"statementBalance": "1", "at": at}))
    made(dana.patch("/settings", {"timeZone": "Asia/Tokyo"}))
    columns = {"time": "A", "symbol": "B", "quantity": "C", "price": "D"}
    table = {"name": "Own", "rowKind": "FILL", "columns": columns}
    mapping = made(dana.post("/import-mappings", table))["mappingId"]
    shown = restored(erin, queue, backup(dana))
    assert shown["status"] == "RESTORED", shown
    if what == "gone":
        paths = (
            f"groups/{group}",
            f"accounts/{MAIN}/cash/{cash}",
            f"corporate-actions/{action}",
            f"trades/{trades[0]}",
        )
        for path in (*paths, f"accounts/{account}", f"import-mappings/{mapping}"):
            assert erin.delete(f"/{path}").status == 204, path
    else:
        made(erin("PUT", f"/groups/{group}", {"name": "mine", "tradeIds": trades}))
        made(erin.patch(f"/accounts/{MAIN}/cash/{cash}", {"note": "mine"}))
        made(erin.patch(f"/accounts/{account}", {"name": "mine"}))
        made(erin.patch("/settings", {"timeZone": "Europe/Paris"}))
        made(erin("PUT", f"/import-mappings/{mapping}", {**table, "name": "mine"}))
        for trade in trades:
            made(erin.patch(f"/trades/{trade}", {"lessons": "mine"}))
        assert ask(erin, shown).json["documents"][0] == {"name": "settings", "id": "settings"}
    made(erin("PUT", "/fx-rates", {"rates": [{"from": "EUR", "to": "USD", "day": "2026-01-05", "rate": "9"}]}))
    assert undone(erin, queue, shown, edited="KEEP")["status"] == "UNDONE"
    assert len(erin.get("/fx-rates", query="from=EUR&to=USD").json["items"]) == 1
    assert erin.get("/corporate-actions").json["items"] == []
    left = 0 if what == "gone" else 2
    assert len(erin.get("/trades").json["items"]) == left
    assert len(erin.get(f"/accounts/{MAIN}/cash").json["items"]) == left / 2
    assert erin.get(f"/accounts/{account}").status == (404 if what == "gone" else 200)
    assert erin.get("/settings").json.get("timeZone") == (None if what == "gone" else "Europe/Paris")
    assert erin.get(f"/import-mappings/{mapping}").status == (404 if what == "gone" else 200)


def test_annotations_that_were_edited_stay(dana: Client, queue: str) -> None:
    fill = {"symbol": "A", "side": "BUY", "quantity": "1", "price": "10", "executedAt": "2026-01-05T10:00:00Z"}
    [trade] = made(dana.post("/executions", fill))["trades"]
    path = f"/trades/{trade['tradeId']}"
    file = backup(dana)
    made(dana.patch(path, {"lessons": "one"}))
    shown = merged(dana, queue, file, conflicts="REPLACE")
    assert "lessons" not in dana.get(path).json
    made(dana.patch(path, {"lessons": "two"}))
    assert undone(dana, queue, shown, edited="KEEP")["status"] == "UNDONE"
    assert dana.get(path).json["lessons"] == "two"


def test_a_step_that_is_overtaken_is_taken_again(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = {"type": "SPLIT", "symbol": "A", "effectiveAt": "2026-01-05T10:00:00Z", "new": "2", "old": "1"}
    made(dana.post("/corporate-actions", split))
    dana.new_trade()
    shown = restored(erin, queue, backup(dana))
    write, deletions = ledger.write, []

    def overtaken(user: str, actions: Any, **options: Any) -> Any:
        if "Delete" in actions[0]:
            deletions.append(actions)
            if len(deletions) in (1, 3):  # the first of the action, and the first of the trade
                return [{"Code": "TransactionConflict"}]
        return write(user, actions, **options)

    monkeypatch.setattr(ledger, "write", overtaken)
    assert undone(erin, queue, shown)["status"] == "UNDONE"
    assert len(deletions) == 4
    assert (erin.get("/trades").json["items"], erin.get("/corporate-actions").json["items"]) == ([], [])

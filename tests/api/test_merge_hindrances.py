"""What hinders a merge, what changes between its preview and its commit, and which files the bucket's notices mean."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.entry.restores import restore_journal
from handlers.journal.settings import MAIN
from handlers.storage import mappings
from handlers.storage import restores as storage
from handlers.usecases import restore_comparison, restore_replacing
from handlers.usecases import restore_journal as restore_journal_usecase
from tests.api import journals
from tests.api.client import Client
from tests.api.journals import documents_of, exported, file_of, made
from tests.api.restoring import account_file, archive, begin, changed, commit, compared, merged, send, work
from tests.api.restoring import dana as dana
from tests.api.restoring import erin as erin
from tests.api.restoring import queue as queue
from tests.api.test_merges import backup, fill, outcomes
from tests.api.test_restore_problems import where
from tests.api.test_restores import same
from tests.api.uploading import Arrival, Context, illustrate, messages

GROUP = "99999999-0000-4000-8000-000000000001"
COLUMNS = {"time": "When", "symbol": "What", "quantity": "How many", "price": "At"}
NEVER = "99999999-0000-4000-8000-000000000000"


def codes(shown: Any) -> list[tuple[str, str]]:
    """The problems of a restore that has failed: codes and members."""
    assert shown["status"] == "FAILED", shown
    return [(each["code"], each["member"]) for each in shown["problems"]]


def arrive(offer: Any, data: bytes) -> None:
    """Send the archive, and have the bucket tell of it."""
    arrival = Arrival(offer["upload"]["fields"]["key"], send(offer, data))
    assert restore_journal(messages(arrival.notice), Context()) == {"batchItemFailures": []}


def look(client: Client, offer: Any) -> Any:
    """The restore as it is now."""
    return client.get(f"/restores/{offer['restore']['restoreId']}").json


def test_a_file_that_is_sent_later_makes_another_preview(dana: Client, queue: str) -> None:
    trade = dana.new_trade()
    first = backup(dana)
    assert dana.delete(f"/trades/{trade['tradeId']}").status == 204
    offer = compared(dana, backup(dana))
    assert outcomes(offer["restore"]) == {}
    arrive(offer, b"no archive")
    assert codes(look(dana, offer) | {"problems": [{"code": "NOT_A_ZIP", "member": ""}]}) == [("NOT_A_ZIP", "")]
    arrive(offer, first)
    shown = look(dana, offer)
    assert outcomes(shown) == {"trades": (1, 0, 0)}
    assert commit(dana, offer, f'"{offer["restore"]["version"]}"').status == 412
    assert commit(dana, offer, f'"{shown["version"]}"').status == 202
    arrive(offer, b"too late")
    assert work(queue) == []
    assert look(dana, offer)["status"] == "RESTORED"
    assert commit(dana, offer, f'"{look(dana, offer)["version"]}"').status == 409


def test_only_a_check_of_a_merge_writes_nothing(dana: Client, erin: Client, queue: str) -> None:
    dana.new_trade()
    nothing = exported(erin)
    shown = merged(erin, queue, account_file(dana), onlyCheck=True)
    assert (shown["status"], outcomes(shown)) == ("CHECKED", {"trades": (1, 0, 0)})
    assert same(exported(erin), nothing)


def test_a_file_of_version_1_is_merged(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    shown = merged(erin, queue, account_file(dana))
    assert shown["status"] == "RESTORED", shown
    again = merged(erin, queue, account_file(dana))
    assert again["preview"]["changed"] == []
    assert all(new == 0 for new, *_ in outcomes(again).values())


def test_what_changes_behind_the_preview_is_shown_before_anything_is_written(
    dana: Client, erin: Client, queue: str
) -> None:
    trade = dana.new_trade()
    offer = compared(erin, backup(dana))
    assert commit(erin, offer, f'"{offer["restore"]["version"]}"').status == 202
    merged_meanwhile = compared(erin, backup(dana))
    # The other one is written first.
    assert commit(erin, merged_meanwhile, f'"{merged_meanwhile["restore"]["version"]}"').status == 202
    ids = [offer["restore"]["restoreId"], merged_meanwhile["restore"]["restoreId"]]
    for restore_id in reversed(ids):
        message = {"userId": str(erin.user), "restoreId": restore_id}
        assert restore_journal(messages(message), Context()) == {"batchItemFailures": []}
    shown = look(erin, offer)
    assert (shown["status"], outcomes(shown)) == ("PREVIEW", {"trades": (0, 1, 0)})
    assert [each["code"] for each in shown["warnings"]] == ["CHANGED_SINCE_PREVIEW"]
    assert commit(erin, offer, f'"{shown["version"]}"').status == 202
    assert work(queue) == []
    assert look(erin, offer)["status"] == "RESTORED"
    assert [each["tradeId"] for each in erin.get("/trades").json["items"]] == [trade["tradeId"]]


@pytest.mark.parametrize("what", ["trade", "cash", "group", "mapping"])
def test_what_somebody_changes_while_it_is_merged_stays(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    trade, other = dana.new_trade(), dana.new_trade()
    made(dana("PUT", f"/groups/{GROUP}", {"name": "Pair", "tradeIds": [trade["tradeId"], other["tradeId"]]}))
    row = made(dana.post(f"/accounts/{MAIN}/cash", {"type": "DEPOSIT", "amount": "1", "at": "2026-01-05T10:00:00Z"}))
    table = {"name": "Own", "rowKind": "FILL", "columns": COLUMNS}
    mapping = made(dana.post("/import-mappings", table))["mappingId"]
    paths = {
        "trade": f"/trades/{trade['tradeId']}",
        "cash": f"/accounts/{MAIN}/cash/{row['cashId']}",
        "group": f"/groups/{GROUP}",
        "mapping": f"/import-mappings/{mapping}",
    }
    file = backup(dana)
    made(dana("PUT", paths["mapping"], {**table, "name": "one"}))
    made(dana.patch(paths["trade"], {"lessons": "one"}))
    made(dana.patch(paths["cash"], {"note": "one"}))
    made(dana("PUT", paths["group"], {"name": "one", "tradeIds": [other["tradeId"]]}))
    read_plan = storage.read_plan

    def beside(restore: Any) -> Any:
        assert dana.delete(paths[what]).status == 204
        return read_plan(restore)

    monkeypatch.setattr(storage, "read_plan", beside)
    shown = merged(dana, queue, file, conflicts="REPLACE")
    assert (shown["status"], [each["code"] for each in shown["problems"]]) == ("FAILED", ["CHANGED_MEANWHILE"])


def test_mappings_that_become_too_many_while_it_is_merged_end_it(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = {"name": "Own", "rowKind": "FILL", "columns": COLUMNS}
    made(dana.post("/import-mappings", table))
    read_plan = storage.read_plan

    def beside(restore: Any) -> Any:
        made(erin.post("/import-mappings", table))
        return read_plan(restore)

    monkeypatch.setattr(storage, "read_plan", beside)
    monkeypatch.setattr(mappings, "MOST_MAPPINGS", 1)
    shown = merged(erin, queue, backup(dana))
    assert (shown["status"], [each["code"] for each in shown["problems"]]) == ("FAILED", ["CHANGED_MEANWHILE"])
    assert len(erin.get("/import-mappings").json["items"]) == 1


def test_a_trade_that_was_edited_again_is_not_replaced(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = dana.new_trade()
    file = backup(dana)
    made(dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "one"}))
    read_plan = storage.read_plan

    def beside(restore: Any) -> Any:
        made(dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "two"}))
        return read_plan(restore)

    monkeypatch.setattr(storage, "read_plan", beside)
    assert merged(dana, queue, file, conflicts="REPLACE")["status"] == "FAILED"
    assert dana.get(f"/trades/{trade['tradeId']}").json["lessons"] == "two"


def test_what_undoing_could_not_bring_back_is_not_replaced(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"name": "Own", "rowKind": "FILL", "columns": COLUMNS}
    mapping = made(dana.post("/import-mappings", given))["mappingId"]
    file = backup(dana)
    with monkeypatch.context() as earlier:  # as an earlier release took it
        earlier.setattr("handlers.usecases.mappings.wrong_zone", lambda _: None)
        made(dana("PUT", f"/import-mappings/{mapping}", {**given, "timeZone": "Mars/Olympus"}))
    shown = compared(dana, file, conflicts="REPLACE")["restore"]
    assert codes(shown) == [("UNKNOWN_TIME_ZONE", "mappings.ndjson")]
    assert "cannot replace what is stored, which breaks a rule: /timeZone" in shown["problems"][0]["detail"]
    assert compared(dana, file, conflicts="KEEP")["restore"]["status"] == "PREVIEW"


def test_a_trade_is_by_hand_in_both_or_in_neither(dana: Client) -> None:
    trade = dana.new_trade()
    file = backup(dana)
    made(dana.post(f"/trades/{trade['tradeId']}/to-executions"))
    assert codes(compared(dana, file)["restore"]) == [("OTHER_SOURCE", "trades.ndjson")]


def test_external_ids_instruments_and_accounts_have_to_fit(
    dana: Client, erin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    dana.new_trade(externalId="x")
    erin.new_trade(externalId="x")
    fill(dana, "A", "BUY", "1", 0, instrument={"multiplier": "10"})
    fill(erin, "A", "BUY", "1", 0)
    cash = {"type": "DEPOSIT", "amount": "1", "at": "2026-01-05T10:00:00Z", "externalId": "c"}
    for client in (dana, erin):
        made(client.post(f"/accounts/{MAIN}/cash", cash))
        made(client.post("/accounts", {"name": "Own", "currency": "EUR"}))
        made(client.post("/import-mappings", {"name": "Own", "rowKind": "FILL", "columns": COLUMNS}))
    monkeypatch.setattr(restore_comparison, "MOST_ACCOUNTS", 1)
    monkeypatch.setattr(restore_comparison, "MOST_MAPPINGS", 1)
    assert codes(compared(erin, backup(dana))["restore"]) == [
        ("ALREADY_TAKEN", "trades.ndjson"),
        ("DIFFERS_FROM_INSTRUMENT", "executions.ndjson"),
        ("ALREADY_TAKEN", "cash.ndjson"),
        ("TOO_MANY_ITEMS", "accounts.ndjson"),
        ("TOO_MANY_ITEMS", "mappings.ndjson"),
    ]


def test_what_cannot_be_changed_is_not_replaced(dana: Client) -> None:
    journals.keep(dana)
    members = exported(dana)
    other = changed(members, "actions", where({"type": "SPLIT"}, new="3"))
    other = changed(other, "accounts", where({"name": "Empty"}, currency="EUR"))
    other = changed(other, "executions", where({"symbol": "COIN"}, symbol="KOIN"))
    assert codes(compared(dana, archive(other), conflicts="REPLACE")["restore"]) == [
        ("OTHER_CURRENCY", "accounts.ndjson"),
        ("OTHER_POSITION", "executions.ndjson"),
        ("CANNOT_BE_REPLACED", "actions.ndjson"),
    ]


def test_a_trade_is_in_one_group(dana: Client, queue: str) -> None:
    trades = [dana.new_trade()["tradeId"] for _ in range(2)]
    made(dana("PUT", f"/groups/{GROUP}", {"name": "Pair", "tradeIds": trades}))
    file = backup(dana)
    assert dana.delete(f"/groups/{GROUP}").status == 204
    assert merged(dana, queue, file)["status"] == "RESTORED"
    assert dana.get(f"/groups/{GROUP}").json["tradeIds"] == trades
    assert dana.delete(f"/groups/{GROUP}").status == 204
    made(dana("PUT", f"/groups/{NEVER}", {"name": "Other", "tradeIds": trades[:1]}))
    assert codes(compared(dana, file)["restore"]) == [("IN_ANOTHER_GROUP", "groups.ndjson")]


def test_a_trade_that_was_deleted_comes_back_into_its_group(dana: Client, queue: str) -> None:
    trades = [dana.new_trade()["tradeId"] for _ in range(3)]
    made(dana("PUT", f"/groups/{GROUP}", {"name": "Three", "tradeIds": trades}))
    file = backup(dana)
    assert dana.delete(f"/trades/{trades[1]}").status == 204
    shown = merged(dana, queue, file)
    assert outcomes(shown) == {"trades": (1, 2, 0), "groups": (0, 1, 0)}
    assert dana.get(f"/groups/{GROUP}").json["tradeIds"] == trades


def test_images_of_both_stay(dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade = dana.new_trade()
    illustrate(dana, trade["tradeId"])
    file = backup(dana)
    [first] = dana.get(f"/trades/{trade['tradeId']}").json["images"]
    assert dana.delete(f"/trades/{trade['tradeId']}/images/{first['imageId']}").status == 204
    illustrate(dana, trade["tradeId"])
    with monkeypatch.context() as patch:
        patch.setattr(restore_comparison, "MOST_IMAGES", 1)
        assert codes(compared(dana, file)["restore"]) == [("TOO_MANY_ITEMS", "trades.ndjson")]
    assert merged(dana, queue, file, conflicts="REPLACE")["status"] == "RESTORED"
    images = dana.get(f"/trades/{trade['tradeId']}").json["images"]
    assert first["imageId"] in [image["imageId"] for image in images]
    assert len(images) == 2
    assert outcomes(merged(dana, queue, file)) == {"trades": (0, 1, 0)}
    assert documents_of(exported(dana), "trades")[0]["images"][1]["imageId"] == first["imageId"]


def test_conflicts_are_of_merging_alone(dana: Client) -> None:
    answer = dana.post("/restores", {"mode": "EMPTY_ONLY", "conflicts": "KEEP"})
    assert answer.status == 422
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [("/conflicts", "NOT_FOR_KIND")]
    offer = begin(dana, mode="MERGE")
    assert commit(dana, offer).kind == "/problems/state-forbids"  # without a preview


def test_only_files_to_merge_are_read_when_they_come(dana: Client, queue: str) -> None:
    dana.new_trade()
    into_empty = begin(dana)
    arrive(into_empty, backup(dana))
    assert look(dana, into_empty)["status"] == "AWAITING_FILE"
    never = f"exports/{dana.user}/restores/{NEVER}/file"
    for key in (never, f"exports/{dana.user}/table.csv/file", f"exports/{dana.user}/restores/{NEVER}/converted.zip"):
        assert restore_journal(messages(Arrival(key, "1").notice), Context()) == {"batchItemFailures": []}
    assert restore_journal(messages({"Event": "s3:TestEvent"}), Context()) == {"batchItemFailures": []}
    assert work(queue) == []


def test_nobody_merges_by_the_restore_of_another(dana: Client, erin: Client) -> None:
    offer = compared(dana, backup(dana))
    assert commit(erin, offer, f'"{offer["restore"]["version"]}"').status == 404
    assert erin.get(f"/restores/{offer['restore']['restoreId']}").status == 404
    assert file_of(dana.post("/exports", {"format": "ZIP"}))


def test_a_group_is_replaced_in_two_steps_if_many_trades_move(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trades = [dana.new_trade()["tradeId"] for _ in range(4)]
    made(dana("PUT", f"/groups/{GROUP}", {"name": "Before", "tradeIds": trades[:2]}))
    file = backup(dana)
    made(dana("PUT", f"/groups/{GROUP}", {"name": "Before", "tradeIds": trades[2:]}))
    monkeypatch.setattr(restore_replacing, "MOST_CHANGES", 3)
    assert merged(dana, queue, file, conflicts="REPLACE")["status"] == "RESTORED"
    assert dana.get(f"/groups/{GROUP}").json["tradeIds"] == trades[:2]
    shown = {trade["tradeId"]: trade.get("groupId") for trade in dana.get("/trades").json["items"]}
    assert shown == {**dict.fromkeys(trades[:2], GROUP), **dict.fromkeys(trades[2:])}


def test_a_repeated_step_finds_what_it_wrote(dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trade = dana.new_trade()
    row = made(dana.post(f"/accounts/{MAIN}/cash", {"type": "DEPOSIT", "amount": "1", "at": "2026-01-05T10:00:00Z"}))
    made(dana.patch("/settings", {"timeZone": "Asia/Tokyo"}))
    made(dana.patch(f"/accounts/{MAIN}", {"name": "Principal"}))
    given = {"name": "Own", "rowKind": "FILL", "columns": COLUMNS}
    mapping = made(dana.post("/import-mappings", given))["mappingId"]
    file = backup(dana)
    made(dana("PUT", f"/import-mappings/{mapping}", {**given, "name": "Other"}))
    made(dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "one"}))
    made(dana.patch(f"/accounts/{MAIN}/cash/{row['cashId']}", {"note": "one"}))
    made(dana.patch("/settings", {"timeZone": "Europe/Paris"}))
    made(dana.patch(f"/accounts/{MAIN}", {"name": "Other"}))
    write = restore_journal_usecase.write

    def twice(*given: Any) -> bool:
        assert write(*given)
        return write(*given)

    monkeypatch.setattr(restore_journal_usecase, "write", twice)
    assert merged(dana, queue, file, conflicts="REPLACE")["status"] == "RESTORED"
    assert dana.get(f"/trades/{trade['tradeId']}").json["version"] == 3
    assert dana.get("/settings").json["timeZone"] == "Asia/Tokyo"
    shown = dana.get(f"/import-mappings/{mapping}").json
    assert (shown["name"], shown["version"]) == ("Own", 3)


def test_an_account_in_which_nothing_lay_is_in_use_then(dana: Client, erin: Client, queue: str) -> None:
    account = made(dana.post("/accounts", {"name": "Own", "currency": "EUR"}))["accountId"]
    assert merged(erin, queue, backup(dana))["status"] == "RESTORED"
    dana.new_trade(accountId=account)
    assert merged(erin, queue, backup(dana))["status"] == "RESTORED"
    assert erin.delete(f"/accounts/{account}").status == 409
    dana.new_trade(accountId=account)
    assert erin.get("/trades").json["items"][0]["accountId"] == account


def test_an_account_that_is_gone_is_no_place_for_an_archive(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = made(dana.post("/accounts", {"name": "Own", "currency": "EUR"}))["accountId"]
    assert merged(erin, queue, backup(dana))["status"] == "RESTORED"
    dana.new_trade(accountId=account)
    read_plan = storage.read_plan

    def beside(restore: Any) -> Any:
        erin.delete(f"/accounts/{account}")
        return read_plan(restore)

    monkeypatch.setattr(storage, "read_plan", beside)
    shown = merged(erin, queue, backup(dana))
    assert (shown["status"], [each["code"] for each in shown["problems"]]) == ("FAILED", ["CHANGED_MEANWHILE"])

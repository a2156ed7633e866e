"""A file whose reading ends at any call of AWS: the next message finishes it, and nothing of the first try is seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from handlers.imports.record import Progress
from handlers.storage import clients, erasure_marks, imports
from handlers.storage.errors import Unavailable, VersionMismatch
from tests.api.client import DANA, Client
from tests.api.importing import Importing, a_file, rows, shown, trades
from tests.api.test_erase_account import Kill, Killed

pytestmark = pytest.mark.usefixtures("bucket")

ROWS = ("31 Buy 100 AAPL 185.25", "42 Sell 40 AAPL 186.25", "43 Buy 5 MSFT 400", "50 Sell 60 AAPL 187")
NEW_YORK = {"timeZone": "America/New_York"}


def report(client: Client, import_id: str) -> Any:
    """What the import says, without ids and times that each import has of its own."""
    one = shown(client, import_id)
    said = {name: one[name] for name in ("status", "counts", "reading", "fileSha256", "undecided", "warnings")}
    totals = client.get(f"/imports/{import_id}/trades").json["totals"]
    changes = [(each["change"], each["trade"]["tradeId"], each["trade"]["status"]) for each in trades(client, one)]
    return said, rows(client, one), changes, totals


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_reading_that_is_killed_at_any_call_is_finished_by_the_next_message(
    dana: Client, importing: Importing, when: Literal["before", "after"]
) -> None:
    dana.post(
        "/executions",
        {"symbol": "AAPL", "side": "BUY", "quantity": "5", "price": "1", "executedAt": "2026-01-02T10:00:00Z"},
    )
    expected = report(dana, importing.imported(dana, a_file(*ROWS), **NEW_YORK)["importId"])
    kill, was_killed, at = Kill(), True, 0
    kill.when = when
    while was_killed:
        at += 1
        made = dana.post("/imports", {"fileName": "a.csv", **NEW_YORK}).json
        import_id = made["import"]["importId"]
        notice = importing.send(made, a_file(*ROWS).encode())
        kill.left, was_killed = at, False
        try:
            with kill.watching():
                assert importing.read(notice) == []
        except Killed:
            was_killed = True
            half = shown(dana, import_id)
            assert half["status"] in ("AWAITING_FILE", "PARSING") or report(dana, import_id) == expected
        assert importing.read(notice) == []
        assert report(dana, import_id) == expected
        assert dana.delete(f"/imports/{import_id}").status == 204
    assert at > 8


def test_a_request_to_read_again_that_is_killed_at_any_call_has_its_effect_or_none(
    dana: Client, importing: Importing
) -> None:
    one = importing.imported(dana, a_file(*ROWS), **NEW_YORK)
    kill, was_killed, at = Kill(), True, 0
    kill.when = "after"
    while was_killed:
        at += 1
        before = shown(dana, one["importId"])
        kill.left, was_killed = at, False
        wanted = {"decisions": [{"line": 2 + at % 3, "decision": "SKIP"}]}
        try:
            with kill.watching():
                assert dana.patch(f"/imports/{one['importId']}", wanted).status == 202
        except Killed:
            was_killed = True
        half = shown(dana, one["importId"])
        if half["status"] == "PARSING":  # the message that was sent in case of this arrives later
            body = {"userId": DANA, "importId": one["importId"], "version": half["version"]}
            assert importing.read(body) == []
        else:
            assert half == before
        importing.work()
        assert shown(dana, one["importId"])["status"] == "PREVIEW"
    assert at > 4


def test_a_message_is_repeated_when_aws_fails(
    dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dana.post("/imports", {"fileName": "a.csv", **NEW_YORK}).json
    notice = importing.send(made, a_file(*ROWS).encode())

    def fails(*_: Any) -> None:
        raise Unavailable

    with monkeypatch.context() as patched:
        patched.setattr("handlers.usecases.read_import.set_outcomes", fails)
        assert importing.read(notice) == [{"itemIdentifier": "0"}]
    assert shown(dana, made["import"]["importId"])["status"] == "PARSING"
    assert importing.read(notice) == []
    assert shown(dana, made["import"]["importId"])["status"] == "PREVIEW"


def test_progress_is_told_and_is_no_change(dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.usecases.file_writing.PROGRESS_SECONDS", -1)
    told: list[Progress] = []

    def tell(one: Any, progress: Progress) -> None:
        imports_tell(one, progress)
        seen = shown(dana, one.import_id)
        assert (seen["progress"]["done"], seen["version"]) == (progress.done, one.version)
        assert dana.get(f"/imports/{one.import_id}").headers["retry-after"] == "2"
        told.append(progress)

    imports_tell = imports.tell
    monkeypatch.setattr(imports, "tell", tell)
    one = importing.imported(dana, a_file(*ROWS), **NEW_YORK)
    assert [progress.done for progress in told] == [3, 4]
    assert "progress" not in one
    with pytest.raises(VersionMismatch):
        imports_tell(replace(imports.get(DANA, one["importId"]), version=1), told[0])


def test_a_reading_of_an_account_that_is_erased_leaves_no_report(
    dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dana.post("/imports", {"fileName": "a.csv", **NEW_YORK}).json
    notice = importing.send(made, a_file(*ROWS).encode())

    def erased(*_: Any) -> None:
        erasure_marks.begin(DANA, datetime.now(UTC))

    monkeypatch.setattr("handlers.usecases.read_import.set_outcomes", erased)
    assert importing.read(notice) == []
    found = clients.s3().list_object_versions(Bucket="files", Prefix=f"imports/{DANA}/")["Versions"]
    assert [each["Key"].rpartition("/")[2] for each in found] == ["file"]

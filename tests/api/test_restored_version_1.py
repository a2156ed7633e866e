"""The file of the account's export (format version 1) is restored as an archive is, but for the files of images."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import pytest

from handlers.entry.restores import restore_journal
from handlers.storage import clients
from handlers.usecases import compare_figures, convert_version_1, json_reading
from tests.api import journals
from tests.api.client import Client
from tests.api.journals import documents_of, exported
from tests.api.restoring import account_file, everything, restored
from tests.api.restoring import dana as dana
from tests.api.restoring import erin as erin
from tests.api.restoring import queue as queue
from tests.api.test_erase_account import Kill, Killed
from tests.api.test_killed_restores import committed, stored
from tests.api.uploading import Context
from tests.api.uploading import messages as events
from tests.api.user_data import messages_of


@cache
def _kept() -> list[bytes]:
    """Where a file is kept once it was made: to keep a journal takes a second."""
    return []


def a_file(client: Client) -> bytes:
    """The file of a journal of everything."""
    if not _kept():
        journals.keep(client)
        _kept().append(account_file(client))
    return _kept()[0]


def changed(file: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The file with its document changed in place, written by another program."""
    document = json.loads(gzip.decompress(file))
    change(document)
    return json.dumps(document, indent=1).encode()


def told(shown: Any) -> list[Any]:
    """What is wrong with the file, or to be known of it."""
    found = [*shown.get("problems", ()), *shown.get("warnings", ())]
    return [(each["code"], each.get("member"), each.get("line")) for each in found]


def without_images(document: Any) -> Any:
    for trade in document["trades"]:
        trade.pop("images", None)
    return document


def test_a_file_makes_an_equal_journal_but_for_images(dana: Client, erin: Client, queue: str) -> None:
    journals.keep(dana)
    shown = restored(erin, queue, account_file(dana))
    assert shown["status"] == "RESTORED", shown
    assert told(shown) == [("IMAGES_MISSING", "trades.ndjson", None), ("DELETED_TRADES_LEFT_OUT", None, None)]
    assert shown["warnings"][0]["detail"].startswith("3 images")
    assert everything(erin) == without_images(everything(dana))
    before, after = exported(dana), exported(erin)
    for name in ("accounts", "groups", "cash", "reconciliations", "fx"):
        assert after[f"{name}.ndjson"] == before[f"{name}.ndjson"], name
    assert after["settings.json"] == before["settings.json"]
    assert documents_of(after, "actions") == documents_of(before, "actions")
    for ours, theirs in zip(documents_of(before, "executions"), documents_of(after, "executions"), strict=True):
        # What opens no trade has no id of one in the file.
        assert {**ours, "opens": ""} == {**theirs, "opens": ""}


def test_only_a_check_compares_the_figures(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = restored(erin, queue, a_file(dana), onlyCheck=True)
    assert shown["status"] == "CHECKED", shown
    assert [code for code, *_ in told(shown)] == ["IMAGES_MISSING", "DELETED_TRADES_LEFT_OUT"]

    def other_figures(document: dict[str, Any]) -> None:
        for source in (None, "LEDGER"):
            trade = next(
                each for each in document["trades"] if each.get("source") == source and "partialCloses" in each
            )
            trade["maxQuantity"] = "12345"

    shown = restored(erin, queue, changed(a_file(dana), other_figures), onlyCheck=True)
    assert shown["status"] == "CHECKED", shown
    differing = [each for each in shown["warnings"] if each["code"] == "DERIVED_DIFFERS"]
    assert [each["detail"] for each in differing] == ["shows another maxQuantity than follows from what was given"] * 2
    lines = [each["line"] for each in differing]
    assert lines == sorted(lines)
    monkeypatch.setattr(compare_figures, "MOST_PROBLEMS", 1)
    shown = restored(erin, queue, changed(a_file(dana), other_figures), onlyCheck=True)
    assert [code for code, *_ in told(shown)].count("DERIVED_DIFFERS") == 1


def test_a_file_may_be_packed_or_not_and_in_any_order(dana: Client, erin: Client, queue: str) -> None:
    def reversed_(document: dict[str, Any]) -> None:
        for name, value in list(document.items())[::-1]:
            document[name] = document.pop(name)
            if name in ("trades", "groups", "cash", "corporateActions", "tradingAccounts"):
                value.reverse()
            if name == "executions":
                value.sort(key=lambda one: one["accountId"], reverse=True)

    file = changed(a_file(dana), reversed_)
    shown = restored(erin, queue, b"\xef\xbb\xbf" + file, onlyCheck=True)
    assert (shown["status"], [code for code, *_ in told(shown)][2:]) == ("CHECKED", [])


def put(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document.update({name: value})


FAULTS: list[tuple[Callable[[dict[str, Any]], object], tuple[str, str | None, int | None]]] = [
    (put("formatVersion", 3), ("FORMAT_VERSION", None, None)),
    (lambda document: document.pop("settings"), ("FORMAT_VERSION", None, None)),
    (put("trades", [1]), ("MALFORMED", "trades", 1)),
    (put("trades", [{}]), ("MALFORMED", "trades", 1)),
    (put("executions", [{"executionId": "x"}]), ("MALFORMED", "executions", 1)),
    (lambda document: document["corporateActions"][1].pop("createdAt"), ("MALFORMED", "corporateActions", 2)),
    (lambda document: document["trades"][3].update(version=0), ("MALFORMED", "trades.ndjson", 4)),
    (lambda document: [row.update(counter=1) for row in document["cash"]], ("MALFORMED", "cash.ndjson", 1)),
    (lambda document: document["rates"][0].update(rate="0"), ("NOT_POSITIVE", "fx.ndjson", 1)),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_what_is_wrong_with_a_file_is_told(dana: Client, erin: Client, queue: str, fault: Any, expected: Any) -> None:
    shown = restored(erin, queue, changed(a_file(dana), fault))
    assert shown["status"] == "FAILED"
    assert told(shown)[0] == expected


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"{", "NOT_JSON"),
        (b"{}", "FORMAT_VERSION"),
        (b"{} 1", "NOT_JSON"),
        (b"{1:2}", "NOT_JSON"),
        (b'{"a":1', "NOT_JSON"),
        (b'{"a":1]', "NOT_JSON"),
        (b'{"a":NaN}', "NOT_JSON"),
        (b'{"a":[1;2]}', "NOT_JSON"),
        (b'{"a":[],"b":[1,2]}', "FORMAT_VERSION"),
        (b'{"a"', "NOT_JSON"),
        (b'{"a" 1}', "NOT_JSON"),
        (b'{"a":"\xff"}', "NOT_JSON"),
        (b'{"a":' + b"[" * 100_000, "NOT_JSON"),
        (b"\x1f\x8b" + bytes(50), "UNREADABLE_MEMBER"),
        (gzip.compress(b'{"a":1}', mtime=0)[:-9], "UNREADABLE_MEMBER"),
    ],
)
def test_a_file_that_is_no_whole_object_is_none(erin: Client, queue: str, file: bytes, code: str) -> None:
    assert told(restored(erin, queue, file)) == [(code, None, None)]


def test_a_file_is_not_larger_than_it_may_be(
    dana: Client, erin: Client, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = a_file(dana)
    for module, name, most, code in (
        (convert_version_1, "MOST_HELD", 10_000, "TOO_LARGE"),
        (json_reading, "MOST_UNPACKED", 1_000, "TOO_LARGE"),
        (json_reading, "MOST_AT_ONCE", 100, "TOO_LONG"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            patch.setattr(json_reading, "_PIECE", 100)
            assert told(restored(erin, queue, file)) == [(code, None, None)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_file_is_converted_once_though_the_function_is_killed(
    dana: Client, queue: str, monkeypatch: pytest.MonkeyPatch, when: Any
) -> None:
    monkeypatch.setattr("handlers.journal.restores.WORKED_FOR", timedelta(0))
    dana.new_trade()
    file = account_file(dana)
    undisturbed = str(uuid4())
    restore_journal(events(committed(undisturbed, file)), Context())
    kill, at, was_killed = Kill(), 0, True
    kill.when = when
    while was_killed:
        at += 1
        user = str(uuid4())
        event = events(committed(user, file))
        messages_of(queue)
        kill.left, was_killed = at, False
        try:
            with kill.watching():
                restore_journal(event, Context())
        except Killed:
            was_killed = True
        assert restore_journal(event, Context()) == {"batchItemFailures": []}
        assert stored(user) == stored(undisturbed)
    assert at > 7
    files = clients.s3().list_objects_v2(Bucket="files", Prefix=f"exports/{user}/restores/")["Contents"]
    assert sorted(file["Key"].rpartition("/")[2] for file in files) == ["converted.zip", "file"]

"""Listing formats and imports, and undoing an import, with the command."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from openapi.clients.command import managing
from openapi.clients.command.api import Refused
from tests.unit.command.fake_journal import FakeJournal, Said, import_of, problem

COMMITTED = import_of("COMMITTED", counts={"rows": 2, "new": 2})


@pytest.fixture
def fake() -> FakeJournal:
    """A journal with a committed import."""
    fake = FakeJournal()
    fake.on(
        "GET /imports/i-1", COMMITTED, import_of("UNDOING", progress={"phase": "CASH", "done": 1}), import_of("UNDONE")
    )
    fake.on("POST /imports/i-1/undo", httpx.Response(202, json=import_of("UNDOING")))
    return fake


def test_formats_are_listed_with_the_way_to_export_them(fake: FakeJournal) -> None:
    one = {"formatId": "tradervue", "broker": "Tradervue", "needs": ["TIME_ZONE"], "howToExport": "Reports, CSV."}
    fake.on("GET /import-formats", {"items": [one, {**one, "formatId": "own_trades", "needs": []}]})
    said = Said()
    managing.show_formats(fake.journal(), said.terminal)
    assert said.text.splitlines() == [
        "tradervue: Tradervue (give its TIME_ZONE)",
        "    Reports, CSV.",
        "own_trades: Tradervue",
        "    Reports, CSV.",
    ]


def test_the_format_of_a_file_is_told_by_its_beginning(fake: FakeJournal, tmp_path: Path) -> None:
    file = tmp_path / "fills.csv"
    file.write_bytes(b"Date,\xff" + b"x" * 100_000)
    found = {"formatId": "tradervue", "broker": "Tradervue", "confidence": 90}
    fake.on("POST /import-formats/detect", {"candidates": [found]}, {"candidates": []})
    said = Said()
    assert managing.show_format_of(fake.journal(), said.terminal, file)
    assert not managing.show_format_of(fake.journal(), said.terminal, file)
    assert said.text == "tradervue: Tradervue, 90 %\n"
    assert said.complaints == "fills.csv has no format that the journal knows.\n"
    assert [len(body["text"]) for body in fake.bodies("POST /import-formats/detect")] == [60_000, 60_000]
    file.write_bytes(b"")
    assert not managing.show_format_of(fake.journal(), said.terminal, file)
    assert len(fake.sent("POST /import-formats/detect")) == 2


def test_imports_are_listed(fake: FakeJournal) -> None:
    fake.on("GET /imports", {"items": [COMMITTED, import_of("AWAITING_FILE")]}, {"items": []})
    said = Said()
    managing.show_imports(fake.journal(), said.terminal)
    managing.show_imports(fake.journal(), said.terminal)
    assert said.text.splitlines() == [
        "import  begun             status         file       rows",
        "i-1     2026-01-05 10:00  COMMITTED      fills.csv  2 rows: 2 new executions",
        "i-1     2026-01-05 10:00  AWAITING_FILE  fills.csv",
        "There are no imports.",
    ]


def test_an_import_is_undone_once_somebody_agrees(fake: FakeJournal) -> None:
    notes = {"url": "https://files.example.com/notes", "trades": 2, "expiresAt": "2026-01-05T10:10:00Z"}
    remarks = [{"line": number, "detail": "was kept"} for number in range(1, 12)]
    undone = import_of("UNDONE", leftOverNotes=notes, remarks=remarks, remarksMade=15)
    fake.on("GET /imports/i-1", COMMITTED, import_of("UNDOING"), undone)
    said = Said("y\n")
    assert managing.undo(fake.journal(), said.terminal, "i-1", "KEEP", yes=False)
    assert fake.bodies("POST /imports/i-1/undo") == [{"edited": "KEEP"}]
    assert "Take fills.csv (2 rows: 2 new executions) out of the journal again?" in said.text
    assert "Undone: fills.csv is out of the journal.\n  line 1: was kept\n" in said.text
    assert "  ... and 5 more\nNotes of 2 trades that are gone, until 2026-01-05T10:10:00Z: https://" in said.text


def test_nothing_is_undone_without_a_yes(fake: FakeJournal) -> None:
    said = Said()
    assert not managing.undo(fake.journal(), said.terminal, "i-1", "REFUSE", yes=False)
    assert fake.sent("POST /imports/i-1/undo") == []
    assert "Nothing is changed" in said.complaints


@pytest.mark.parametrize("status", ["UNDOING", "UNDONE"])
def test_an_undoing_that_was_begun_is_followed(fake: FakeJournal, status: str) -> None:
    fake.on("GET /imports/i-1", import_of(status), import_of("UNDONE"))
    assert managing.undo(fake.journal(), Said().terminal, "i-1", "REFUSE", yes=False)
    assert fake.sent("POST /imports/i-1/undo") == []


def test_only_a_committed_import_can_be_undone(fake: FakeJournal) -> None:
    fake.on("GET /imports/i-1", import_of("PREVIEW"))
    said = Said()
    assert not managing.undo(fake.journal(), said.terminal, "i-1", "REFUSE", yes=True)
    assert "The import of fills.csv is PREVIEW." in said.complaints


def test_an_undoing_that_ends_otherwise_is_told(fake: FakeJournal) -> None:
    fake.on("GET /imports/i-1", COMMITTED, COMMITTED)
    said = Said()
    assert not managing.undo(fake.journal(), said.terminal, "i-1", "REFUSE", yes=True)
    assert "The import of fills.csv is COMMITTED." in said.complaints


def test_what_was_edited_since_asks_what_is_to_become_of_it(fake: FakeJournal) -> None:
    fake.on("POST /imports/i-1/undo", problem(409, "edited-since", detail="2 were edited."), problem(409, "contended"))
    for words in ("2 were edited. Say with --edited KEEP or --edited REMOVE", "contended"):
        fake.on("GET /imports/i-1", COMMITTED)
        with pytest.raises(Refused, match=words):
            managing.undo(fake.journal(), Said().terminal, "i-1", "REFUSE", yes=True)

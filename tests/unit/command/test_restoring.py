"""Listing restores, and undoing one, with the command."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from openapi.clients.command import restoring
from openapi.clients.command.api import Refused
from tests.unit.command.fake_journal import FakeJournal, Said, problem


def restore_of(status: str, **values: Any) -> dict[str, Any]:
    """A restore as the API shows it."""
    return {
        "restoreId": "r-1",
        "createdAt": "2026-01-05T10:00:00Z",
        "status": status,
        "mode": "MERGE",
        "version": 3,
        **values,
    }


@pytest.fixture
def fake() -> FakeJournal:
    """A journal with a restore that has written."""
    fake = FakeJournal()
    progress = {"phase": "trades", "done": 3}
    fake.on("GET /restores/r-1", restore_of("RESTORED"), restore_of("UNDOING", progress=progress), restore_of("UNDONE"))
    fake.on("POST /restores/r-1/undo", httpx.Response(202, json=restore_of("UNDOING")))
    return fake


def test_restores_are_listed(fake: FakeJournal) -> None:
    fake.on("GET /restores", {"items": [restore_of("RESTORED")]}, {"items": []})
    said = Said()
    restoring.show_restores(fake.journal(), said.terminal)
    restoring.show_restores(fake.journal(), said.terminal)
    assert said.text.splitlines() == [
        "restore  begun             status    mode",
        "r-1      2026-01-05 10:00  RESTORED  MERGE",
        "There are no restores.",
    ]


def test_a_restore_is_undone_once_somebody_agrees(fake: FakeJournal) -> None:
    said = Said("y\n")
    assert restoring.undo(fake.journal(), said.terminal, "r-1", "KEEP", yes=False)
    assert fake.bodies("POST /restores/r-1/undo") == [{"edited": "KEEP"}]
    assert "Take all that the restore of 2026-01-05 10:00 has written out of the journal again?" in said.text
    assert "Undone: what the restore has written is out of the journal." in said.text


def test_nothing_is_undone_unless_somebody_agrees(fake: FakeJournal) -> None:
    said = Said("n\n")
    assert not restoring.undo(fake.journal(), said.terminal, "r-1", "KEEP", yes=False)
    assert said.complaints == "Nothing is changed; with --yes the restore is undone.\n"
    assert fake.sent("POST /restores/r-1/undo") == []


def test_an_undoing_that_has_begun_is_followed(fake: FakeJournal) -> None:
    for begun in (restore_of("UNDOING"), restore_of("UNDONE")):
        fake.on("GET /restores/r-1", begun, restore_of("UNDONE"))
        assert restoring.undo(fake.journal(), Said().terminal, "r-1", "KEEP", yes=False)
    # The answer to the request was lost, and the next one finds that it has begun.
    fake.on("GET /restores/r-1", restore_of("RESTORED"), restore_of("UNDOING"), restore_of("UNDONE"))
    fake.on("POST /restores/r-1/undo", problem(409, "state-forbids"))
    assert restoring.undo(fake.journal(), Said().terminal, "r-1", "KEEP", yes=True)


def test_what_was_edited_since_is_decided_about(fake: FakeJournal) -> None:
    fake.on("GET /restores/r-1", restore_of("RESTORED"), restore_of("RESTORED"))
    fake.on("POST /restores/r-1/undo", problem(409, "edited-since", detail="3 documents were edited since."))
    with pytest.raises(Refused, match=r"3 documents were edited since\. Say with --edited KEEP or --edited REMOVE"):
        restoring.undo(fake.journal(), Said().terminal, "r-1", "REFUSE", yes=True)


def test_an_undoing_that_is_refused_later_says_why(fake: FakeJournal) -> None:
    edited = {"code": "EDITED_SINCE", "detail": "101 documents, or more, were edited since"}
    fake.on("GET /restores/r-1", restore_of("RESTORED"), restore_of("RESTORED", problems=[edited]))
    said = Said()
    assert not restoring.undo(fake.journal(), said.terminal, "r-1", "REFUSE", yes=True)
    assert said.complaints == (
        "The restore was not undone (RESTORED).\n  101 documents, or more, were edited since (EDITED_SINCE)\n"
    )

"""Lists formats and imports, and takes an import back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice
from pathlib import Path

from . import preview
from .api import Document, Journal, Refused
from .importing import followed, why_not
from .terminal import Terminal

MOST_LISTED = 50
BEGINNING = 60_000  # bytes of a file; enough to know its format by


def show_formats(journal: Journal, terminal: Terminal) -> None:
    """List the formats that the journal reads by itself. Raises Refused."""
    formats = journal.ask("GET", "/import-formats").document["items"]
    for each in formats:
        needs = f" (give its {' and '.join(each['needs'])})" if each["needs"] else ""
        terminal.say(f"{each['formatId']}: {each['broker']}{needs}\n    {each['howToExport']}")


def show_format_of(journal: Journal, terminal: Terminal, file: Path) -> bool:
    """Tell which format a file has. Returns whether there is one. Raises Refused."""
    with file.open("rb") as content:
        text = content.read(BEGINNING).decode("utf-8", "replace")
    found = journal.ask("POST", "/import-formats/detect", {"text": text}).document["candidates"] if text else []
    for each in found:
        terminal.say(f"{each['formatId']}: {each['broker']}, {each['confidence']} %")
    if not found:
        terminal.complain(f"{file.name} has no format that the journal knows.")
    return bool(found)


def show_imports(journal: Journal, terminal: Terminal) -> None:
    """List the newest imports. Raises Refused."""
    found = list(islice(journal.pages("/imports"), MOST_LISTED))
    if not found:
        terminal.say("There are no imports.")
        return
    rows = [
        (each["importId"], each["createdAt"][:16].replace("T", " "), each["status"], each["fileName"], _told(each))
        for each in found
    ]
    terminal.table(("import", "begun", "status", "file", "rows"), rows)


def _told(one: Document) -> str:
    return preview.counted(one["counts"]) if one["counts"]["rows"] else ""


class NoImport(Exception):
    """Raised when no import has an id."""


def undo(journal: Journal, terminal: Terminal, import_id: str, edited: str, *, yes: bool) -> bool:
    """Take an import back. Returns whether it is out of the journal. Raises NoImport, Refused."""
    path = f"/imports/{import_id}"
    try:
        one = journal.ask("GET", path).document
    except Refused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        raise NoImport from None
    if one["status"] == "COMMITTED":
        what = f"{one['fileName']} ({preview.counted(one['counts'])})"
        if not (yes or terminal.agrees(f"Take {what} out of the journal again?")):
            terminal.complain("Nothing is changed; with --yes the import is undone.")
            return False
        _begin_undo(journal, one, edited)
    elif one["status"] not in ("UNDOING", "UNDONE"):
        terminal.complain(f"Only a committed import can be undone. {why_not(one)}")
        return False
    one = followed(journal, terminal, path, "Undoing", ("UNDOING",))
    if one["status"] != "UNDONE":
        terminal.complain(why_not(one))
        return False
    terminal.say(f"Undone: {one['fileName']} is out of the journal.")
    for remark in preview.remarks(one):
        terminal.say(remark)
    if notes := one.get("leftOverNotes"):
        terminal.say(f"Notes of {notes['trades']} trades that are gone, until {notes['expiresAt']}: {notes['url']}")
    return True


def _begin_undo(journal: Journal, one: Document, edited: str) -> None:
    key = f"undo-{one['importId']}-{one['version']}-{edited}"
    with asking_what_becomes_of_edits():
        journal.ask("POST", f"/imports/{one['importId']}/undo", {"edited": edited}, Idempotency_Key=key)


@contextmanager
def asking_what_becomes_of_edits() -> Iterator[None]:
    """A refusal since something was edited says how to go on. Raises Refused."""
    try:
        yield
    except Refused as refusal:
        if refusal.kind != "edited-since":
            raise
        raise Refused(f"{refusal} Say with --edited KEEP or --edited REMOVE what becomes of them.") from None

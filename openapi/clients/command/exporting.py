"""Exports a journal into a file, and checks that it arrived whole."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from . import archive
from .api import Document, Journal, Refused
from .terminal import Terminal


def default_name(kind: str) -> Path:
    """What an export of today is called."""
    return Path(f"trading-journal-{datetime.now(UTC):%Y-%m-%d}.{kind.lower()}")


def export(journal: Journal, terminal: Terminal, kind: str, target: Path) -> None:
    """Write the journal into `target`, which only its owner can read. Raises Refused, also when the file exists."""
    if target.exists():
        raise Refused(f"{target} exists already. Give another --output.")
    asked = journal.ask("POST", "/exports", {"format": kind}).document
    told = journal.followed(
        f"/exports/{asked['exportId']}",
        lambda one: one["status"] != "WRITING",
        lambda one: terminal.progress("Writing", one.get("rowsWritten", 0), None),
    )
    if told["status"] != "WRITTEN":
        raise Refused("The journal did not finish the file. Please try again.")
    part = target.with_name(f"{target.name}.part")
    try:
        # Made before it is filled, so that nobody else ever reads it.
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        _fetch(journal, terminal, told, part)
        said = _checked(terminal, part) if kind == "ZIP" else "a table of closes"
        part.rename(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    terminal.say(f"{target}: {told['size']} bytes, {said}")


def _fetch(journal: Journal, terminal: Terminal, told: Document, part: Path) -> None:
    journal.fetch_file(told["url"], part, told["size"], lambda done, size: terminal.progress("Fetching", done, size))
    terminal.end_progress()


def _checked(terminal: Terminal, part: Path) -> str:
    try:
        manifest = archive.checked(part, lambda done, size: terminal.progress("Checking", done, size))
    except archive.Damaged as damage:
        raise Refused(f"The archive did not arrive whole. {damage} Please try again.") from None
    if missing := manifest.get("missingImages"):
        terminal.complain(f"{len(missing)} images were deleted while the archive was written.")
    return f"checked: {archive.told(manifest)}"

"""Restores an archive into an empty journal, or checks that it could be restored."""

from __future__ import annotations

from pathlib import Path

from . import archive
from .api import Document, Journal, Refused
from .terminal import Terminal

AT_WORK = ("CHECKING", "RESTORING")


def restore(journal: Journal, terminal: Terminal, file: Path, *, only_check: bool, yes: bool) -> bool:
    """Check an archive here, send it, and have it checked again and written. Returns whether that is done.

    Raises Refused.
    """
    try:
        manifest = archive.checked(file, lambda done, size: terminal.progress("Checking", done, size))
    except archive.Damaged as damage:
        raise Refused(f"{file} cannot be restored. {damage}") from None
    terminal.say(f"{file}: written {manifest['exportedAt']}, {archive.told(manifest)}")
    if not (only_check or yes or terminal.agrees("Restore all of it into your journal, which has to be empty?")):
        terminal.complain("Nothing is sent; with --yes the archive is restored, with --check only checked.")
        return False
    made = journal.ask("POST", "/restores", {"mode": "EMPTY_ONLY", "onlyCheck": only_check}).document
    journal.send_file(made["upload"], file, lambda done, size: terminal.progress("Sending", done, size))
    path = f"/restores/{made['restore']['restoreId']}"
    journal.ask("POST", f"{path}/commit", If_Match=f'"{made["restore"]["version"]}"')

    def told(one: Document) -> None:
        progress = one.get("progress", {})
        doing = f"Restoring {progress['phase']}" if "phase" in progress else "Checking"
        terminal.progress(doing, progress.get("done", 0), progress.get("total"))

    one = journal.followed(path, lambda one: one["status"] not in AT_WORK, told)
    if one["status"] in ("RESTORED", "CHECKED"):
        terminal.say("It can be restored." if only_check else "Restored.")
        return True
    terminal.complain(f"The archive was not restored ({one['status']}).")
    for problem in one.get("problems", []):
        terminal.complain(f"  {_place(problem)}{problem['detail']} ({problem['code']})")
    return False


def _place(problem: Document) -> str:
    """Where in the archive a problem is."""
    line = f", line {problem['line']}" if "line" in problem else ""
    return f"{problem['member']}{line}: " if "member" in problem else ""

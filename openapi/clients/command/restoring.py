"""Restores an archive into an empty journal, merges it with one, or checks that it could be restored; takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import archive
from .api import Document, Journal, Refused
from .managing import asking_what_becomes_of_edits
from .terminal import Terminal

AT_WORK = ("CHECKING", "RESTORING")
UNDOING = ("UNDOING", "UNDONE")


def restore(
    journal: Journal,
    terminal: Terminal,
    file: Path,
    *,
    only_check: bool,
    yes: bool,
    merge: bool = False,
    conflicts: str = "REFUSE",
) -> bool:
    """Check an archive here, send it, and have it checked again and written. Returns whether that is done.

    merge: whether it is merged with the journal, once somebody agrees to what would become of it. conflicts: KEEP,
    REPLACE or REFUSE what differs then. Raises Refused.
    """
    _look_at(file, terminal)
    if merge:
        return _merge(journal, terminal, file, {"mode": "MERGE", "conflicts": conflicts, "onlyCheck": only_check}, yes)
    if not (only_check or yes or terminal.agrees("Restore all of it into your journal, which has to be empty?")):
        terminal.complain("Nothing is sent; with --yes the archive is restored, with --check only checked.")
        return False
    made = _send(journal, terminal, file, {"mode": "EMPTY_ONLY", "onlyCheck": only_check})
    return _commit(journal, terminal, made["restore"], only_check)


def _look_at(file: Path, terminal: Terminal) -> None:
    """Check an archive by its manifest, and say what it holds. The file of `GET /auth/export` has none."""
    if archive.is_of_version_1(file):
        terminal.say(f"{file}: an export of the account, without the files of images")
        return
    try:
        manifest = archive.checked(file, lambda done, size: terminal.progress("Checking", done, size))
    except archive.Damaged as damage:
        raise Refused(f"{file} cannot be restored. {damage}") from None
    terminal.say(f"{file}: written {manifest['exportedAt']}, {archive.told(manifest)}")


def _send(journal: Journal, terminal: Terminal, file: Path, wanted: Document) -> Document:
    made = journal.ask("POST", "/restores", wanted).document
    journal.send_file(made["upload"], file, lambda done, size: terminal.progress("Sending", done, size))
    return made


def _merge(journal: Journal, terminal: Terminal, file: Path, wanted: Document, yes: bool) -> bool:
    made = _send(journal, terminal, file, wanted)
    one = _followed(journal, terminal, made["restore"], ("AWAITING_FILE", *AT_WORK))
    if one["status"] != "PREVIEW":
        return _complain(terminal, one)
    for member in one["preview"]["members"]:
        if member["new"] or member["changed"]:
            terminal.say(f"{member['name']}: {member['new']} new, {member['changed']} otherwise than stored")
    for each in one["preview"]["changed"]:
        terminal.say(f"  {each['name']} {each['id']}")
    if wanted["onlyCheck"]:
        return _commit(journal, terminal, one, only_check=True)
    if one["preview"]["changed"] and wanted["conflicts"] == "REFUSE":
        terminal.complain("Nothing is written, as some is stored otherwise: give --conflicts KEEP or REPLACE.")
        return False
    if not (yes or terminal.agrees("Merge it with your journal?")):
        terminal.complain("Nothing is written; with --yes the archive is merged.")
        return False
    return _commit(journal, terminal, one, only_check=False)


def _commit(journal: Journal, terminal: Terminal, one: Document, only_check: bool) -> bool:
    journal.ask("POST", f"/restores/{one['restoreId']}/commit", If_Match=f'"{one["version"]}"')
    one = _followed(journal, terminal, one, AT_WORK)
    for warning in one.get("warnings", []):
        terminal.complain(f"  {_place(warning)}{warning['detail']} ({warning['code']})")
    if one["status"] in ("RESTORED", "CHECKED"):
        undoing = f"Restored. To take it back: trading-journal undo {one['restoreId']}"
        terminal.say("It can be restored." if only_check else undoing)
        return True
    return _complain(terminal, one)


def show_restores(journal: Journal, terminal: Terminal) -> None:
    """List the restores that have not expired. Raises Refused."""
    found = journal.ask("GET", "/restores").document["items"]
    if not found:
        terminal.say("There are no restores.")
        return
    rows = [
        (each["restoreId"], each["createdAt"][:16].replace("T", " "), each["status"], each["mode"]) for each in found
    ]
    terminal.table(("restore", "begun", "status", "mode"), rows)


def undo(journal: Journal, terminal: Terminal, restore_id: str, edited: str, *, yes: bool) -> bool:
    """Take back what a restore has written. Returns whether it is out of the journal. Raises Refused."""
    path = f"/restores/{restore_id}"
    one = journal.ask("GET", path).document
    if one["status"] not in UNDOING:
        what = f"the restore of {one['createdAt'][:16].replace('T', ' ')}"
        if not (yes or terminal.agrees(f"Take all that {what} has written out of the journal again?")):
            terminal.complain("Nothing is changed; with --yes the restore is undone.")
            return False
        with asking_what_becomes_of_edits():
            one = _begin_undo(journal, path, edited)
    one = _followed(journal, terminal, one, UNDOING[:1], "Undoing")
    if one["status"] == "UNDONE":
        terminal.say("Undone: what the restore has written is out of the journal.")
        return True
    return _complain(terminal, one, "The restore was not undone")


def _begin_undo(journal: Journal, path: str, edited: str) -> Document:
    """The restore, once it is being undone. Raises Refused."""
    try:
        return journal.ask("POST", f"{path}/undo", {"edited": edited}).document
    except Refused:
        one = journal.ask("GET", path).document  # it has begun, and the answer was lost
        if one["status"] not in UNDOING:
            raise
        return one


def _followed(
    journal: Journal, terminal: Terminal, one: Document, while_in: Sequence[str], work: str = "Restoring"
) -> Document:
    def told(one: Document) -> None:
        progress = one.get("progress", {})
        doing = f"{work} {progress['phase']}" if "phase" in progress else "Checking"
        terminal.progress(doing, progress.get("done", 0), progress.get("total"))

    return journal.followed(f"/restores/{one['restoreId']}", lambda one: one["status"] not in while_in, told)


def _complain(terminal: Terminal, one: Document, what: str = "The archive was not restored") -> bool:
    terminal.complain(f"{what} ({one['status']}).")
    for problem in one.get("problems", []):
        terminal.complain(f"  {_place(problem)}{problem['detail']} ({problem['code']})")
    return False


def _place(problem: Document) -> str:
    """Where in the archive a problem is."""
    line = f", line {problem['line']}" if "line" in problem else ""
    return f"{problem['member']}{line}: " if "member" in problem else ""

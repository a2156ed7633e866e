"""Restores an archive into an empty journal, merges it with one, or checks that it could be restored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from . import archive
from .api import Document, Journal, Refused
from .terminal import Terminal

AT_WORK = ("CHECKING", "RESTORING")


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
        terminal.say("It can be restored." if only_check else "Restored.")
        return True
    return _complain(terminal, one)


def _followed(journal: Journal, terminal: Terminal, one: Document, while_in: Sequence[str]) -> Document:
    def told(one: Document) -> None:
        progress = one.get("progress", {})
        doing = f"Restoring {progress['phase']}" if "phase" in progress else "Checking"
        terminal.progress(doing, progress.get("done", 0), progress.get("total"))

    return journal.followed(f"/restores/{one['restoreId']}", lambda one: one["status"] not in while_in, told)


def _complain(terminal: Terminal, one: Document) -> bool:
    terminal.complain(f"The archive was not restored ({one['status']}).")
    for problem in one.get("problems", []):
        terminal.complain(f"  {_place(problem)}{problem['detail']} ({problem['code']})")
    return False


def _place(problem: Document) -> str:
    """Where in the archive a problem is."""
    line = f", line {problem['line']}" if "line" in problem else ""
    return f"{problem['member']}{line}: " if "member" in problem else ""

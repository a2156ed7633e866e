"""Imports a file: sends it, shows what would become of it, and brings it into the journal when somebody agrees.

A run that is repeated goes on with the import that an earlier one began: the Idempotency-Key follows from the file's
bytes and from how they are to be read.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import islice
from pathlib import Path

from . import preview
from .api import Answer, Document, Journal, Refused
from .terminal import Terminal

OPEN = ("AWAITING_FILE", "PARSING", "NEEDS_MAPPING", "PREVIEW", "COMMITTING")
MOST_ATTEMPTS = 100


@dataclass(frozen=True)
class Wishes:
    """How files are read and committed. `given` are properties of the contract's ImportInput."""

    given: Document = field(default_factory=dict)
    yes: bool = False
    skip_undecided: bool = False
    mapping_file: Path | None = None


def import_file(journal: Journal, terminal: Terminal, file: Path, wishes: Wishes) -> bool:
    """Import a file. Returns whether all that it says is in the journal now. Raises Refused."""
    content = file.read_bytes()
    terminal.say(f"{file.name}: {len(content)} bytes are sent to be read; nothing is recorded yet.")
    one = _begun(journal, terminal, file, content, wishes)
    path = f"/imports/{one['importId']}"
    while True:
        one = followed(journal, terminal, path, "Reading", ("AWAITING_FILE", "PARSING"))
        if one["status"] == "COMMITTING":  # an earlier run began that
            return _ended(journal, terminal, path)
        if one["status"] == "NEEDS_MAPPING":
            _propose(terminal, one, file, wishes)
            return False
        if one["status"] != "PREVIEW":
            terminal.complain(why_not(one))
            return False
        _show(journal, terminal, one)
        if not preview.adds_something(one["counts"]):
            journal.ask("DELETE", path)
            terminal.say("There is nothing to record: the import is deleted again.")
            return _is_whole(terminal, one)
        if not _is_agreed(terminal, one, wishes):
            return False
        try:
            _commit(journal, one, wishes)
        except Refused as refusal:
            if refusal.status != HTTPStatus.PRECONDITION_FAILED:
                raise
            terminal.say("The preview has changed meanwhile:")
            continue
        return _ended(journal, terminal, path)


def key_of(content: bytes, given: Document, attempt: int) -> str:
    """The Idempotency-Key of an attempt to import these bytes in this way."""
    way = json.dumps(given, sort_keys=True).encode()
    return f"file-{hashlib.sha256(hashlib.sha256(content).digest() + way).hexdigest()[:40]}-{attempt}"


def _begun(journal: Journal, terminal: Terminal, file: Path, content: bytes, wishes: Wishes) -> Document:
    """The import of this file that is still open, else a new one; its file is sent."""
    named = re.sub(r'[|<>"\x00-\x1f\x7f]', "_", file.name)[:255]
    given = {"fileName": named, **wishes.given}
    for attempt in range(1, MOST_ATTEMPTS + 1):
        answer = journal.ask("POST", "/imports", given, Idempotency_Key=key_of(content, given, attempt))
        one: Document = answer.document["import"]
        if "Idempotent-Replayed" in answer.headers:
            found = _still_open(journal, answer)
            if found is None:
                continue
            terminal.say("An earlier run has sent this file: going on with its import.")
            one = found
        form = answer.document["upload"]
        if len(content) > form["maxBytes"]:
            journal.ask("DELETE", f"/imports/{one['importId']}")
            raise Refused(f"{file.name} has {len(content)} bytes; up to {form['maxBytes']} can be imported.")
        if one["status"] == "AWAITING_FILE":
            journal.send_file(form, file, lambda done, size: terminal.progress("Sending", done, size))
        return one
    raise Refused(f"{file.name} was imported {MOST_ATTEMPTS} times today.")


def _still_open(journal: Journal, answer: Answer) -> Document | None:
    """The import as it is now; None when it is over, or its form has expired before the file was sent."""
    made, form = answer.document["import"], answer.document["upload"]
    try:
        one = journal.ask("GET", f"/imports/{made['importId']}").document
    except Refused as refusal:
        if refusal.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    expired = datetime.fromisoformat(form["expiresAt"]) <= datetime.now(UTC)
    return None if one["status"] not in OPEN or (one["status"] == "AWAITING_FILE" and expired) else one


def followed(journal: Journal, terminal: Terminal, path: str, doing: str, while_in: tuple[str, ...]) -> Document:
    """The import at this path once it is in none of these statuses. Raises Refused."""

    def told(one: Document) -> None:
        progress = one.get("progress", {})
        terminal.progress(doing, progress.get("done", 0), progress.get("total"))

    one = journal.followed(path, lambda one: one["status"] not in while_in, told)
    terminal.end_progress()
    return one


def _show(journal: Journal, terminal: Terminal, one: Document) -> None:
    terminal.say(preview.reading(one))
    terminal.say(preview.counted(one["counts"]))
    path = f"/imports/{one['importId']}"
    if one["counts"]["error"]:
        rows = journal.pages(f"{path}/rows", {"outcome": "ERROR"})
        for line in preview.bad_rows(islice(rows, preview.MOST_SHOWN)):
            terminal.say(line)
    page = journal.ask("GET", f"{path}/trades").document
    shown = page["items"][: preview.MOST_SHOWN]
    if shown:
        terminal.table(preview.TRADE_HEADS, preview.trade_rows(shown))
        if one["counts"]["trades"] > len(shown):
            terminal.say(f"... and {one['counts']['trades'] - len(shown)} more")
    for line in preview.totals(page):
        terminal.say(line)


def _is_agreed(terminal: Terminal, one: Document, wishes: Wishes) -> bool:
    """Whether the import is to be committed as it was shown; says what keeps it from that."""
    if missing := preview.needs(one):
        terminal.complain(f"The file does not say {'; '.join(missing)}.")
        return False
    undecided = one["counts"]["undecided"]
    if undecided and not wishes.skip_undecided:
        lines = ", ".join(map(str, one["undecided"][: preview.MOST_SHOWN]))
        terminal.complain(
            f"{undecided} rows wait for a decision, as in line {lines}. Decide in the app, say with --orphans what "
            "becomes of closes of what was never opened, or leave such rows out with --undecided SKIP."
        )
        return False
    left_out = f", leaving out {undecided} rows without a decision" if undecided else ""
    if wishes.yes or terminal.agrees(f"Record this{left_out}?"):
        return True
    terminal.complain(
        f"Nothing is recorded. The preview {one['importId']} is kept until {one['expiresAt'][:10]}; "
        "the same command with --yes records it."
    )
    return False


def _commit(journal: Journal, one: Document, wishes: Wishes) -> None:
    undecided = "SKIP" if wishes.skip_undecided else "REFUSE"
    journal.ask(
        "POST",
        f"/imports/{one['importId']}/commit",
        {"undecided": undecided},
        If_Match=f'"{one["version"]}"',
        Idempotency_Key=f"commit-{one['importId']}-{one['version']}-{undecided}",
    )


def _ended(journal: Journal, terminal: Terminal, path: str) -> bool:
    """Wait until the import is committed."""
    one = followed(journal, terminal, path, "Recording", ("COMMITTING",))
    if one["status"] != "COMMITTED":
        terminal.complain(why_not(one))
        return False
    terminal.say(f"Recorded: {preview.applied(one)}. To take it back: trading-journal undo {one['importId']}")
    for remark in preview.remarks(one):
        terminal.say(remark)
    return _is_whole(terminal, one)


def _is_whole(terminal: Terminal, one: Document) -> bool:
    """Whether every row of the file could be read; says how many could not."""
    unread: int = one["counts"]["error"]
    if unread:
        terminal.complain(f"{unread} rows of {one['fileName']} cannot be read and are not in the journal.")
    return not unread


def why_not(one: Document) -> str:
    """Why an import has ended without being committed."""
    failure = one.get("failure")
    if failure:
        return f"{one['fileName']} cannot be imported: it {failure['detail'].rstrip('.')} ({failure['reason']})."
    return f"The import of {one['fileName']} is {one['status']}."


def _propose(terminal: Terminal, one: Document, file: Path, wishes: Wishes) -> None:
    """Say which mapping the table needs; write the proposed one where it was asked for, not over another file."""
    terminal.complain(preview.mapping_needed(one))
    if wishes.mapping_file is None:
        terminal.complain(f"To correct that: trading-journal import {file} --propose mapping.json")
        return
    with wishes.mapping_file.open("x", encoding="utf-8") as out:
        json.dump(one["table"]["proposal"], out, indent=2, ensure_ascii=False)
        out.write("\n")
    terminal.complain(
        f"The proposed mapping is in {wishes.mapping_file}. Correct it, then: "
        f"trading-journal import {file} --mapping {wishes.mapping_file}"
    )

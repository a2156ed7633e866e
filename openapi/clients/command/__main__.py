"""The command `trading-journal`."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import exporting, importing, managing, names, restoring, sessions, watching
from .api import Document, Journal, Refused
from .arguments import parser
from .environment import api_of
from .terminal import Terminal

DONE, NOT_DONE, INTERRUPTED = 0, 1, 130
# The import's properties that an argument gives as it is.
_GIVEN = {
    "zone": "timeZone",
    "day": "day",
    "format": "formatId",
    "dates": "dateOrder",
    "decimals": "decimalMark",
    "orphans": "orphanPolicy",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments say. Returns the exit code; wrong arguments end the program with 2."""
    reader = parser()
    given = reader.parse_args(arguments)
    if given.command == "import" and not (given.files or given.watch):
        reader.error("import: give files, or a folder with --watch")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name in a file may have letters that the terminal has not
    terminal = Terminal(sys.stdout, sys.stderr, sys.stdin)
    try:
        return DONE if _do(given, terminal, os.environ) else NOT_DONE
    except (Refused, OSError) as error:
        terminal.complain(str(error))
        return NOT_DONE
    except KeyboardInterrupt:
        if given.command == "import" and given.watch:
            terminal.say("Not watching any more.")
            return DONE
        terminal.complain("Stopped. What the journal has begun, it goes on with; the same command shows how far it is.")
        return INTERRUPTED


def _do(given: argparse.Namespace, terminal: Terminal, environment: Mapping[str, str]) -> bool:
    """Returns whether all is done."""
    api = api_of(given.api, environment)
    if given.command == "login":
        sessions.log_in(api, given.email, environment, terminal)
        return True
    if given.command == "logout":
        sessions.log_out(api, environment, terminal)
        return True
    if given.command == "formats" and given.file is None:
        with sessions.anybody(api) as journal:
            managing.show_formats(journal, terminal)
        return True
    with sessions.journal_of(api, environment) as journal:
        return _with_session(given, terminal, journal)


def _with_session(given: argparse.Namespace, terminal: Terminal, journal: Journal) -> bool:
    match given.command:
        case "formats":
            return managing.show_format_of(journal, terminal, given.file)
        case "import":
            return _import(given, terminal, journal)
        case "imports":
            managing.show_imports(journal, terminal)
        case "undo":
            return _undo(given, terminal, journal)
        case "restores":
            restoring.show_restores(journal, terminal)
        case "export":
            target = given.output or exporting.default_name(given.format)
            exporting.export(journal, terminal, given.format, target)
        case "restore":
            return restoring.restore(
                journal,
                terminal,
                given.file,
                only_check=given.check,
                yes=given.yes,
                merge=given.merge,
                conflicts=given.conflicts,
            )
    return True


def _undo(given: argparse.Namespace, terminal: Terminal, journal: Journal) -> bool:
    try:
        return managing.undo(journal, terminal, given.undone, given.edited, yes=given.yes)
    except managing.NoImport:
        return restoring.undo(journal, terminal, given.undone, given.edited, yes=given.yes)


def _import(given: argparse.Namespace, terminal: Terminal, journal: Journal) -> bool:
    own: Document = {
        name: value for argument, name in _GIVEN.items() if (value := getattr(given, argument)) is not None
    }
    if given.account is not None:
        own["accountId"] = names.account_named(journal, given.account)
    if given.mapping is not None:
        own["mappingId"] = names.mapping_named(journal, given.mapping)
    wishes = importing.Wishes(own, given.yes, given.undecided == "SKIP", given.propose)

    def import_file(file: Path) -> bool:
        return importing.import_file(journal, terminal, file, wishes)

    done = True
    for file in given.files:
        try:
            done &= import_file(file)
        except Refused as refusal:  # which may be about this file alone
            terminal.complain(f"{file.name}: {refusal}")
            done = False
    if given.watch:
        watching.watch(given.watch, terminal, import_file)
    return done


if __name__ == "__main__":
    sys.exit(main())

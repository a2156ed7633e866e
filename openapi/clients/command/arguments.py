"""The command's arguments."""

from __future__ import annotations

import argparse
from pathlib import Path

from .environment import API, EMAIL, PASSWORD

ENVIRONMENT = f"""
environment:
  {API}       the API's address with its version, as https://journal.example.com/v1
  {EMAIL}     with {PASSWORD}: the user of this run, when no session is kept

It answers 0 when all is done, 1 when something was refused, could not be read or is left to decide,
2 for wrong arguments.
"""


def parser() -> argparse.ArgumentParser:
    """Reads the command line."""
    top = argparse.ArgumentParser(
        prog="trading-journal",
        description="Imports files of brokers into a trading journal, takes imports back, exports and restores.",
        epilog=ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--api", metavar="URL", help="the API's address; by default that of the last log-in")
    does = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    login = does.add_parser("login", help="log in, and keep the session in a file of your own")
    login.add_argument("--email", help="whose journal it is; the password is asked for")
    does.add_parser("logout", help="end the session that is kept")

    formats = does.add_parser("formats", help="list the formats that can be imported, or tell which one a file has")
    formats.add_argument("file", nargs="?", type=Path, help="the file to look at")

    _add_import(does.add_parser("import", help="show what files would bring into the journal, and record it"))

    does.add_parser("imports", help="list the newest imports")

    undo = does.add_parser("undo", help="take an import or a restore out of the journal again")
    undo.add_argument("undone", metavar="ID", help="the import or restore, as `imports` or `restores` lists it")
    undo.add_argument(
        "--edited",
        type=str.upper,
        choices=("REFUSE", "KEEP", "REMOVE"),
        default="REFUSE",
        help="what to do with what was edited since (REFUSE)",
    )
    _add_yes(undo)

    export = does.add_parser("export", help="write the journal into a file")
    export.add_argument("--output", type=Path, metavar="FILE", help="a file that does not exist yet")
    export.add_argument(
        "--format",
        type=str.upper,
        choices=("ZIP", "CSV"),
        default="ZIP",
        help="ZIP: all that was given, for `restore`; CSV: a table of closes (ZIP)",
    )

    restore = does.add_parser("restore", help="restore an archive of `export` into an empty journal, or merge it")
    restore.add_argument("file", type=_file, metavar="FILE")
    restore.add_argument("--check", action="store_true", help="only check whether it can be restored")
    restore.add_argument("--merge", action="store_true", help="merge it with a journal that is not empty")
    restore.add_argument(
        "--conflicts",
        type=str.upper,
        choices=("KEEP", "REPLACE", "REFUSE"),
        default="REFUSE",
        help="with --merge: what becomes of what is stored otherwise (REFUSE)",
    )
    _add_yes(restore)

    does.add_parser("restores", help="list the restores of the last days, with their ids for `undo`")
    return top


def _add_import(own: argparse.ArgumentParser) -> None:
    own.add_argument("files", nargs="*", type=_file, metavar="FILE")
    own.add_argument("--watch", type=_folder, metavar="FOLDER", help="go on with each file that comes into this folder")
    own.add_argument(
        "--account", metavar="NAME", help="name or id of the trading account; by default that of the settings"
    )
    own.add_argument("--zone", metavar="ZONE", help="the time zone of times without an offset, as Europe/Berlin")
    own.add_argument("--day", metavar="DAY", help="the day of times without one, as 2026-01-05")
    own.add_argument("--format", metavar="ID", help="the format, as `formats` lists it; by default it is found out")
    own.add_argument(
        "--mapping", metavar="MAPPING", help="how to read another table: name, id, or a JSON file with one"
    )
    own.add_argument(
        "--propose", type=Path, metavar="FILE", help="write a mapping to correct, for a table that needs one"
    )
    own.add_argument("--dates", type=str.upper, choices=("MDY", "DMY", "YMD"), help="the order of day, month and year")
    own.add_argument("--decimals", type=str.upper, choices=("POINT", "COMMA"), help="what stands before decimals")
    own.add_argument(
        "--orphans",
        type=str.upper,
        choices=("ASK", "SHORT", "OPENING", "SKIP"),
        help="closes of what was never opened: SHORT opens a short position, OPENING adds an entry of unknown cost",
    )
    own.add_argument(
        "--undecided",
        type=str.upper,
        choices=("REFUSE", "SKIP"),
        default="REFUSE",
        help="whether rows that wait for a decision are left out (REFUSE)",
    )
    _add_yes(own)


def _add_yes(own: argparse.ArgumentParser) -> None:
    own.add_argument("--yes", action="store_true", help="do not ask")


def _file(given: str) -> Path:
    path = Path(given)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {given}")
    return path


def _folder(given: str) -> Path:
    path = Path(given)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {given}")
    return path

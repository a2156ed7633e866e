"""Turns the account's export (format version 1) into an archive (format version 2), from which a restore goes on.

What that file does not hold is told: the files of images above all. What it shows beyond what was given, such as
figures, is left out; `compare_figures` compares it with what the archive makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handlers.documents import version_1
from handlers.documents.exported import ARCHIVE_FORMAT_VERSION, CONTRACT_VERSION
from handlers.documents.fields import as_json
from handlers.journal.executions import symbol_key
from handlers.journal.restores import RestoreProblem
from handlers.usecases.export_archive import MANIFEST
from handlers.usecases.journal_things import KEYS
from handlers.usecases.json_reading import json_members
from handlers.usecases.zip_reading import BadArchive
from handlers.usecases.zip_writing import ZipWriting

# Bytes of documents that are held in memory, to be sorted.
MOST_HELD = 400 * 1024 * 1024
_WRONG_SHAPE = (AttributeError, KeyError, TypeError, ValueError)

_Document = Mapping[str, Any]


@dataclass(slots=True)
class _Version1Contents:
    """What was read of the file: the lines of each member with what sorts them, and what is to be told."""

    lines: dict[str, list[tuple[Any, bytes]]]
    settings: bytes | None = None
    exported_at: str = ""
    executions: list[_Document] = field(default_factory=list)
    first_entries: dict[str, str] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    deleted_trades: int = 0
    held: int = 0

    def add(self, member: str, sorted_by: Any, document: _Document) -> None:
        """Hold a document. Raises BadArchive when they are too many."""
        line = as_json(document).encode() + b"\n"
        self.hold(len(line))
        self.lines[member].append((sorted_by, line))

    def hold(self, size: int) -> None:
        """Count what is held. Raises BadArchive when it is too much."""
        self.held += size
        if self.held > MOST_HELD:
            raise BadArchive("TOO_LARGE", "has more than 400 MB of documents")


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of the archive: its name, how a document of it is made, and what its documents are sorted by."""

    name: str
    convert: Callable[[_Document], dict[str, Any] | None]
    sorted_by: tuple[str, ...]


# By the names of version 1, but for what is read in a way of its own.
_MEMBERS = {
    "tradingAccounts": _Member("accounts", version_1.account, ("accountId",)),
    "trades": _Member("trades", version_1.trade, ("tradeId",)),
    "groups": _Member("groups", version_1.group, ("groupId",)),
    "corporateActions": _Member("actions", version_1.action, ("actionId",)),
    "cash": _Member("cash", version_1.cash, ("cashId", "accountId")),
    "reconciliations": _Member("reconciliations", version_1.reconciliation, ("reconciliationId",)),
    "rates": _Member("fx", version_1.rate, ("from", "to", "day")),
}


def archive_of_version_1(pieces: Iterable[bytes], tell: Callable[[RestoreProblem], None]) -> Iterator[bytes]:
    """The archive of a file of version 1, in pieces.

    tell: called at the end with everything that the file does not hold. Raises BadArchive for a file that is none of
    version 1.
    """
    found = _Version1Contents({name: [] for name in KEYS})
    for name, values in json_members(pieces):
        for number, value in enumerate(values, start=1):
            try:
                _take(found, name, value)
            except _WRONG_SHAPE:
                raise BadArchive("MALFORMED", "is not as getAccountExport writes it", name[:200], number) from None
    if found.settings is None or not found.exported_at:
        raise BadArchive("FORMAT_VERSION", "is no export of an account")
    _make_executions(found)
    archive = ZipWriting()
    yield from archive.add("settings.json", [found.settings])
    for name, lines in found.lines.items():
        lines.sort()
        yield from archive.add(f"{name}.ndjson", (line for _, line in lines))
    yield from archive.add(MANIFEST, [_manifest(archive, found)])
    yield from archive.end()
    for warning in _missing(found):
        tell(warning)


def _take(found: _Version1Contents, name: str, value: Any) -> None:
    if name == "formatVersion":
        if value != 1:
            raise BadArchive("FORMAT_VERSION", "is of another format version than 1")
    elif name == "exportedAt":
        found.exported_at = str(value)
    elif name == "settings":
        found.settings = as_json(version_1.settings(value)).encode()
    elif name == "deletedTrades":
        found.deleted_trades += 1
    elif name == "executions":
        found.hold(len(as_json(value)))
        found.executions.append(value)
    elif name in _MEMBERS:
        own = _MEMBERS[name]
        document = own.convert(value)
        if document is not None:
            found.add(own.name, tuple(document[key] for key in own.sorted_by), document)
        if name == "trades":
            found.images.update(image["imageId"] for image in value.get("images", ()))
            if (opener := version_1.opener(value)) is not None:
                found.first_entries.update([opener])


def _make_executions(found: _Version1Contents) -> None:
    """Make the executions, once all trades are known. Those of one instant follow each other as in the file."""
    places: dict[Any, int] = {}
    for number, shown in enumerate(found.executions, start=1):
        try:
            at = datetime.fromisoformat(shown["executedAt"])
            moment = shown["accountId"], symbol_key(shown["symbol"]), shown.get("pairId"), at
            sequence = places[moment] = places.get(moment, -1) + 1
            document = version_1.execution(shown, sequence, found.first_entries)
            found.add("executions", (document["executionId"],), document)
        except _WRONG_SHAPE:
            raise BadArchive("MALFORMED", "is not as getAccountExport writes it", "executions", number) from None
    found.executions.clear()


def _manifest(archive: ZipWriting, found: _Version1Contents) -> bytes:
    """The contract's ExportManifest, by which no image is in the archive."""
    manifest = {
        "formatVersion": ARCHIVE_FORMAT_VERSION,
        "contractVersion": CONTRACT_VERSION,
        "exportedAt": found.exported_at,
        "members": [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in archive.members],
        "missingImages": sorted(found.images),
    }
    return as_json(manifest).encode()


def _missing(found: _Version1Contents) -> Iterator[RestoreProblem]:
    if found.images:
        detail = f"{len(found.images)} images of trades are left out: a file of format version 1 has none"
        yield RestoreProblem(code="IMAGES_MISSING", detail=detail, member="trades.ndjson")
    if found.deleted_trades:
        detail = f"{found.deleted_trades} deleted trades are left out: restore no trade that was deleted"
        yield RestoreProblem(code="DELETED_TRADES_LEFT_OUT", detail=detail)

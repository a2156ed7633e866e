"""The lossless export: a ZIP archive of all that the user gave, from which a restore makes an equal journal.

It is written as it is read: no member that grows with the journal is held in memory, but the ids of the trades and
images. The manifest comes last, with the hash of every other member.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from handlers.documents import exported
from handlers.documents.exported import ARCHIVE_FORMAT_VERSION, CONTRACT_VERSION
from handlers.documents.fields import as_json, time_text
from handlers.documents.import_mappings import mapping_document
from handlers.documents.ledger import cash_document, rate_document, reconciliation_document, settings_document
from handlers.journal.settings import MAIN
from handlers.journal.trade import Image
from handlers.storage import (
    cash,
    corporate_actions,
    erasure_marks,
    executions,
    groups,
    image_files,
    mappings,
    rates,
    reconciliations,
    trade_queries,
    trading_accounts,
)
from handlers.storage.errors import AccountErased
from handlers.storage.image_files import ImagePlace
from handlers.usecases.file_writing import in_larger_pieces
from handlers.usecases.zip_writing import Member, ZipWriting

MEDIA_TYPE = "application/zip"
MANIFEST, IMAGES = "manifest.json", "images/"

_Documents = Iterable[dict[str, Any]]


class ExportedJournal:
    """What is read of a user's journal, member by member, and counted. `images` and `group_of`, the groups that trades
    name, are known once the trades are read.
    """

    def __init__(self, user_id: str, tell: Callable[[int], None]) -> None:
        self.documents: dict[str, int] = {}
        self.images: dict[str, tuple[ImagePlace, Image]] = {}
        self._user = user_id
        self.group_of: dict[str, str] = {}
        self._tell = tell
        self._written = 0

    def members(self) -> Iterator[tuple[str, _Documents]]:
        """Each member's name and its documents, which are read when they are asked for."""
        for name, documents in (
            ("accounts", self._accounts),
            ("trades", self._trades),
            ("groups", self._groups),
            ("executions", self._executions),
            ("actions", self._actions),
            ("cash", self._cash),
            ("reconciliations", self._reconciliations),
            ("fx", self._rates),
            ("mappings", self._mappings),
        ):
            member = f"{name}.ndjson"
            self.documents[member] = 0
            yield member, self._counted(member, documents())

    def settings(self) -> str:
        """The document of the settings."""
        return as_json(settings_document(trading_accounts.settings(self._user)))

    def _counted(self, member: str, documents: _Documents) -> _Documents:
        for document in documents:
            yield document
            self.documents[member] += 1
            self._written += 1
            self._tell(self._written)

    def _accounts(self) -> _Documents:
        own = (account for account in trading_accounts.every(self._user) if account.created_at is not None)
        return map(exported.exported_account, sorted(own, key=attrgetter("account_id")))

    def _trades(self) -> _Documents:
        for trade in trade_queries.every_trade(self._user):
            if trade.group_id is not None:
                self.group_of[trade.trade_id] = trade.group_id
            for image in trade.images:
                self.images[image.image_id] = ImagePlace(self._user, trade.trade_id, image.image_id), image
            yield exported.exported_trade(trade)

    def _groups(self) -> _Documents:
        return (exported.exported_group(group, self.group_of) for group in groups.every(self._user))

    def _executions(self) -> _Documents:
        return map(exported.exported_execution, executions.by_id(self._user))

    def _actions(self) -> _Documents:
        return map(exported.exported_action, sorted(corporate_actions.every(self._user), key=attrgetter("action_id")))

    def _cash(self) -> _Documents:
        accounts = [MAIN, *(account.account_id for account in trading_accounts.every(self._user))]
        by_account = (cash.every(self._user, account) for account in dict.fromkeys(accounts))
        return map(cash_document, heapq.merge(*by_account, key=attrgetter("cash_id")))

    def _reconciliations(self) -> _Documents:
        made = sorted(reconciliations.every(self._user), key=attrgetter("reconciliation_id"))
        return map(reconciliation_document, made)

    def _rates(self) -> _Documents:
        return map(rate_document, rates.stored(self._user))

    def _mappings(self) -> _Documents:
        return map(mapping_document, sorted(mappings.every(self._user), key=attrgetter("mapping_id")))


def content(user_id: str, tell: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    """The archive in pieces. `tell` is called with the number of lines so far.

    Raises AccountErased at the end when the erasure of the account has begun meanwhile; Busy.
    """
    journal, archive = ExportedJournal(user_id, tell), ZipWriting()
    yield from archive.add("settings.json", [journal.settings().encode()])
    for name, documents in journal.members():
        yield from archive.add(name, _lines(documents))
    missing: list[str] = []
    for image_id in sorted(journal.images):
        file = image_files.read_whole(*journal.images[image_id])
        if file is None:  # deleted since its trade was read
            missing.append(image_id)
        else:
            yield from archive.add(f"{IMAGES}{image_id}", [file], compress=False)
    manifest = _manifest(archive.members, journal.documents, missing)
    yield from archive.add(MANIFEST, [as_json(manifest).encode()])
    if erasure_marks.has_begun(user_id):
        raise AccountErased(user_id)
    yield from archive.end()


def _lines(documents: _Documents) -> Iterator[bytes]:
    lines = (as_json(document) + "\n" for document in documents)
    return (piece.encode() for piece in in_larger_pieces(lines))


def _manifest(members: Iterable[Member], documents: dict[str, int], missing: list[str]) -> dict[str, Any]:
    """The contract's ExportManifest."""
    shown = [
        {
            "name": member.name,
            **({"documents": documents[member.name]} if member.name in documents else {}),
            "size": member.size,
            "sha256": member.sha256,
        }
        for member in members
    ]
    return {
        "formatVersion": ARCHIVE_FORMAT_VERSION,
        "contractVersion": CONTRACT_VERSION,
        "exportedAt": time_text(datetime.now(UTC)),
        "members": shown,
        **({"missingImages": missing} if missing else {}),
    }

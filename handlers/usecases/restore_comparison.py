"""Compares the documents of an archive with those of the journal into which it is merged.

A document is there already if a thing of its id is stored, and has the same content. Versions and times of the last
change say how the content came about: they are not compared. Of images, those of the archive have to be there; further
ones of the journal stay.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from handlers.documents.fields import as_json
from handlers.documents.ledger import settings_document
from handlers.documents.restored import BadDocument
from handlers.journal.executions import MADE_BY_ACTIONS, symbol_key
from handlers.journal.images import MOST_IMAGES
from handlers.journal.merges import (
    MOST_NAMED,
    Conflicts,
    DocumentChange,
    DocumentOutcome,
    Named,
    Preview,
    RestorePlan,
    Tally,
)
from handlers.journal.restores import MOST_PROBLEMS, RestoreProblem
from handlers.journal.settings import MAIN
from handlers.journal.trading_accounts import MOST_ACCOUNTS
from handlers.storage import corporate_actions, executions, groups, trading_accounts
from handlers.storage.executions import PositionKey
from handlers.storage.mappings import MOST_MAPPINGS
from handlers.usecases.archive_check import CheckedArchive, NotRestorable, read_document
from handlers.usecases.export_archive import ExportedJournal
from handlers.usecases.journal_things import KEYS, SETTINGS, Document, content_hash, id_of

# Immutable documents: replacing a stored one by a different one of the same id is an error.
_UNCHANGEABLE = ("actions", "reconciliations")


@dataclass(frozen=True, slots=True)
class ArchiveComparison:
    """What merging an archive would do, and its changes: what is new and, unless it is kept as it is, what differs."""

    preview: Preview
    plan: RestorePlan


def compare_archive(checked: CheckedArchive, conflicts: Conflicts, *, into_empty: bool = False) -> ArchiveComparison:
    """Compare all of an archive with the journal as it is now. Nothing is written.

    into_empty: the journal is empty but for settings, and to be an equal one. Raises NotRestorable for what cannot be
    merged, whatever is kept; Busy.
    """
    comparing = _Comparing(checked, conflicts)
    comparing.settings()
    for member, documents in comparing.journal.members():
        comparing.member(member.removesuffix(".ndjson"), documents)
    comparing.in_all()
    if comparing.problems:
        raise NotRestorable(tuple(comparing.problems[:MOST_PROBLEMS]))
    return comparing.comparison(into_empty=into_empty)


class _Comparing:
    def __init__(self, checked: CheckedArchive, conflicts: Conflicts) -> None:
        self.journal = ExportedJournal(checked.user_id, lambda _: None)
        self.problems: list[RestoreProblem] = []
        self._checked = checked
        self._replaces = conflicts is Conflicts.REPLACE
        self._counts: dict[str, dict[DocumentOutcome, int]] = {}
        self._named: list[Named] = []
        self._changes: list[DocumentChange] = []
        self._digest = hashlib.sha256()
        self._group_of = checked.group_of()
        self._accounts: set[str] = set()
        self._mappings: set[str] = set()
        self._new_trades: set[str] = set()
        # Of what is stored: who has an external id, and the instrument of each position.
        self._taken: dict[Any, str] = {}
        self._instruments: dict[Any, Any] = {}

    def comparison(self, *, into_empty: bool) -> ArchiveComparison:
        """What was found."""
        tallies = tuple(
            Tally(
                name=name,
                new=counts[DocumentOutcome.NEW],
                duplicate=counts[DocumentOutcome.DUPLICATE],
                changed=counts[DocumentOutcome.CHANGED],
            )
            for name, counts in self._counts.items()
        )
        preview = Preview(tallies=tallies, changed=tuple(self._named), digest=self._digest.hexdigest())
        user = self._checked.user_id
        own = {action.action_id for action in self._checked.actions}
        others = (action for action in corporate_actions.every(user) if action.action_id not in own)
        plan = RestorePlan(
            into_empty=into_empty,
            changes={(change.name, change.id): change for change in self._changes},
            positions=frozenset(map(position_name, map(executions.position_key, executions.positions(user)))),
            symbols=frozenset(symbol_key(symbol) for action in others for symbol in corporate_actions.symbols(action)),
        )
        return ArchiveComparison(preview, plan)

    def settings(self) -> None:
        """Settings that were never set are none."""
        stored = trading_accounts.settings(self._checked.user_id)
        wanted = self._checked.settings
        if wanted.updated_at is not None:
            former = None if stored.updated_at is None else settings_document(stored)
            self._compare(SETTINGS, SETTINGS, settings_document(wanted), former, 1)

    def member(self, name: str, stored: Iterable[Document]) -> None:
        """Compare a member with the stored documents, which are sorted as it is."""
        keys = KEYS[name]
        self._counts[name] = dict.fromkeys(DocumentOutcome, 0)
        found = iter(stored)
        former = next(found, None)
        waiting: list[tuple[int, str, Document, Document | None]] = []
        for line, text in enumerate(self._checked.archive.lines(f"{name}.ndjson"), start=1):
            document = json.loads(text)
            key = tuple(document[each] for each in keys)
            while former is not None and tuple(former[each] for each in keys) < key:
                self._see(name, former)
                former = next(found, None)
            equal = former is not None and tuple(former[each] for each in keys) == key
            if equal and former is not None:
                self._see(name, former)
            if name != "trades" or document["tradeId"] not in self._checked.left_out:
                waiting.append((line, "|".join(key), document, former if equal else None))
            if equal:
                former = next(found, None)
        while former is not None:
            self._see(name, former)
            former = next(found, None)
        # External ids and instruments of stored documents are complete only now.
        for line, thing_id, document, own in waiting:
            self._compare(name, thing_id, document, own, line)

    def _see(self, name: str, stored: Document) -> None:
        """Note what of a stored document others may not have."""
        if name == "accounts":
            self._accounts.add(stored["accountId"])
        if name == "mappings":
            self._mappings.add(stored["mappingId"])
        if (external_id := stored.get("externalId")) is not None and name in ("trades", "cash"):
            self._taken[name, stored.get("accountId") if name == "cash" else None, external_id] = id_of(name, stored)
        if name == "executions":
            self._instruments.setdefault(_position(stored), stored["instrument"])

    def _compare(self, name: str, thing_id: str, document: Document, stored: Document | None, line: int) -> None:
        if name == "trades":
            document = self._with_known_images(document, stored)
        if name == "groups":
            there = [trade_id for trade_id in document["tradeIds"] if trade_id not in self._checked.left_out]
            document = {**document, "tradeIds": there}
        if name == "groups" and stored is not None:
            stored = self._with_members_to_come(stored, document)
        outcome = DocumentOutcome.NEW
        if stored is not None and document.get("kind") in MADE_BY_ACTIONS:  # which follows from others
            outcome = DocumentOutcome.DUPLICATE
        elif stored is not None:
            outcome = (
                DocumentOutcome.DUPLICATE if content_hash(stored) == content_hash(document) else DocumentOutcome.CHANGED
            )
        self._counts.setdefault(name, dict.fromkeys(DocumentOutcome, 0))[outcome] += 1
        self._digest.update(as_json([name, thing_id, outcome]).encode())
        if outcome is DocumentOutcome.DUPLICATE:
            return
        if outcome is DocumentOutcome.NEW and name == "trades":
            self._new_trades.add(thing_id)
        if outcome is DocumentOutcome.CHANGED and stored is not None:
            self._digest.update(content_hash(stored).encode())
            if len(self._named) < MOST_NAMED:
                self._named.append(Named(name=name, id=thing_id))
        if outcome is DocumentOutcome.NEW or self._replaces:
            change = DocumentChange(name=name, id=thing_id, after=content_hash(document))
            if stored is not None:
                change = replace(change, before=as_json(stored), before_hash=content_hash(stored))
            self._changes.append(change)
        for code, detail in self._hindrances(name, document, stored):
            member = f"{name}.{'json' if name == SETTINGS else 'ndjson'}"
            self.problems.append(RestoreProblem(code=code, detail=detail, member=member, line=line))

    def _with_known_images(self, document: Document, stored: Document | None) -> Document:
        """The trade with those of its images whose files are in the archive, and those that are stored."""
        missing = self._checked.missing_images
        own = [image for image in document.get("images", ()) if image["imageId"] not in missing]
        kept = [] if stored is None else list(stored.get("images", ()))
        known = {image["imageId"] for image in kept}
        images = [*kept, *(image for image in own if image["imageId"] not in known)]
        without = {name: value for name, value in document.items() if name != "images"}
        return {**without, "images": images} if images else without

    def _with_members_to_come(self, stored: Document, document: Document) -> Document:
        """The group as it is once the trades are written that are not there: a group names deleted trades, too."""
        [group] = groups.several(self._checked.user_id, [stored["groupId"]])
        to_come = {trade_id for trade_id in document["tradeIds"] if trade_id in self._new_trades}
        members = [one for one in group.trade_ids if one in to_come or one in stored["tradeIds"]]
        return {**stored, "tradeIds": members}

    def _hindrances(self, name: str, document: Document, stored: Document | None) -> Iterator[tuple[str, str]]:
        """Yield a code and words for each reason why a new or changed document cannot be written."""
        if stored is None:
            yield from self._new_ones(name, document)
        elif name == "trades" and document.get("source") != stored.get("source"):
            yield "OTHER_SOURCE", "is recorded by hand either in the archive or in the journal, and not in the other"
        elif name == "accounts" and document["currency"] != stored["currency"]:
            yield "OTHER_CURRENCY", "is an account in another currency than the stored one"
        elif name == "executions" and _position(document) != _position(stored):
            yield "OTHER_POSITION", "is in another account or symbol than the stored execution"
        elif name in _UNCHANGEABLE and self._replaces:
            yield "CANNOT_BE_REPLACED", "differs from what is stored, which cannot be changed"
        own = self._instruments.get(_position(document)) if name == "executions" else None
        if own is not None and any(
            own.get(each) != document["instrument"].get(each) for each in ("multiplier", "currency")
        ):
            yield "DIFFERS_FROM_INSTRUMENT", "is in another multiplier or currency than the stored executions"
        if name == "trades" and len(document.get("images", ())) > MOST_IMAGES:
            yield "TOO_MANY_ITEMS", f"has more than {MOST_IMAGES} images, together with the stored ones"
        if name == "groups" and (stored is None or self._replaces):
            group_of = self.journal.group_of
            others = (group_of.get(trade_id, document["groupId"]) for trade_id in document["tradeIds"])
            if any(other != document["groupId"] for other in others):
                yield "IN_ANOTHER_GROUP", "has a trade that is in another group of the journal"
        if stored is not None and self._replaces:
            try:  # undoing reads it again, to bring it back
                read_document(name, as_json(stored).encode(), self._checked.user_id)
            except BadDocument as error:
                yield error.code, f"cannot replace what is stored, which breaks a rule: {error.detail}"

    def _new_ones(self, name: str, document: Document) -> Iterator[tuple[str, str]]:
        external_id = document.get("externalId")
        owner = document.get("accountId") if name == "cash" else None
        if external_id is not None and (name, owner, external_id) in self._taken:
            yield "ALREADY_TAKEN", "/externalId is that of another thing in the journal"

    def in_all(self) -> None:
        """Note when accounts or mappings are too many together."""
        coming = {one.mapping_id for one in self._checked.mappings}
        for name, together, most in (
            ("accounts", (self._accounts | self._checked.accounts.keys()) - {MAIN}, MOST_ACCOUNTS),
            ("mappings", self._mappings | coming, MOST_MAPPINGS),
        ):
            if len(together) > most:
                detail = f"has more than {most} {name}, together with the stored ones"
                self.problems.append(RestoreProblem(code="TOO_MANY_ITEMS", detail=detail, member=f"{name}.ndjson"))


def position_name(key: PositionKey) -> str:
    """A position's key as one text."""
    return "|".join((key.account_id, key.symbol, key.pair_id or ""))


def _position(document: Document) -> tuple[str, str, str | None]:
    return document["accountId"], symbol_key(document["symbol"]), document.get("pairId")

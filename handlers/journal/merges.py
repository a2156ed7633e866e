"""What merging an archive into a journal means: what becomes of each of its documents, and what was changed by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# How many documents that differ are named.
MOST_NAMED = 100


class DocumentOutcome(StrEnum):
    """A document of an archive compared with the journal. NEW: its id is not stored. DUPLICATE: it is stored with the
    same content. CHANGED: it is stored with other content.
    """

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"
    CHANGED = "CHANGED"


class Conflicts(StrEnum):
    """What becomes of CHANGED documents: the stored one stays, the archive's replaces it, or nothing is merged."""

    KEEP = "KEEP"
    REPLACE = "REPLACE"
    REFUSE = "REFUSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many documents of a member have each outcome."""

    name: str
    new: int = 0
    duplicate: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A document: its member, and its id in that."""

    name: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What merging would do: the documents by member and outcome, the first of those that differ, and a hash of all of
    it, by which it is known whether it is still so.
    """

    tallies: tuple[Tally, ...] = ()
    changed: tuple[Named, ...] = ()
    digest: str

    @property
    def number_changed(self) -> int:
        """How many documents are there otherwise."""
        return sum(tally.changed for tally in self.tallies)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChange:
    """A document that a restore writes: its member and id, a hash of its content and, if it replaces one, that document
    as an export writes it, and its hash.
    """

    name: str
    id: str
    after: str
    before: str | None = None
    before_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RestorePlan:
    """All that a restore writes, as it was decided before anything was written.

    changes: by member and id. into_empty: whether the journal is to be an equal one. positions: those that the journal
    had, as texts. symbols: those of which the journal had corporate actions that the archive has not.
    """

    changes: Mapping[tuple[str, str], DocumentChange]
    into_empty: bool = False
    positions: frozenset[str] = frozenset()
    symbols: frozenset[str] = frozenset()

    def of(self, name: str, thing_id: str) -> DocumentChange | None:
        """The change of a thing; None if it stays as it is."""
        return self.changes.get((name, thing_id))

    def is_new(self, name: str, thing_id: str) -> bool:
        """Whether the restore creates the thing."""
        change = self.of(name, thing_id)
        return change is not None and change.before is None

"""An import: one file of a broker on its way into the journal."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from handlers.journal.undoing import EditedPolicy

# How long a form takes a file, an import waits for one, a preview is kept, and a committed import can be undone.
TIME_TO_SEND = timedelta(minutes=15)
WAITS_FOR_FILE = timedelta(hours=24)
PREVIEW_KEPT = timedelta(days=7)
CAN_BE_UNDONE = timedelta(days=90)

MOST_BYTES = 20_971_520
MOST_ROWS = 200_000
MOST_OPEN, MOST_WORKING = 20, 3
MOST_DECISIONS = 20_000
# As many lines without a decision are named when an import cannot be committed for them.
MOST_NAMED = 100


class ImportStatus(StrEnum):
    """How far an import has come."""

    AWAITING_FILE = "AWAITING_FILE"
    PARSING = "PARSING"
    NEEDS_MAPPING = "NEEDS_MAPPING"
    PREVIEW = "PREVIEW"
    COMMITTING = "COMMITTING"
    COMMITTED = "COMMITTED"
    UNDOING = "UNDOING"
    UNDONE = "UNDONE"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


# In these, a function works on the import.
WORKING = frozenset({ImportStatus.PARSING, ImportStatus.COMMITTING, ImportStatus.UNDOING})
# In these, it is not decided yet what becomes of the file. They end when their time is over.
OPEN = frozenset({ImportStatus.AWAITING_FILE, ImportStatus.PARSING, ImportStatus.NEEDS_MAPPING, ImportStatus.PREVIEW})


# Why a file cannot be imported, beside the reasons for which it cannot be read (refusals.FileReason): its account or
# its mapping is gone, or the API has a bug.
NO_SUCH_ACCOUNT, NO_SUCH_MAPPING, UNEXPECTED = "NO_SUCH_ACCOUNT", "NO_SUCH_MAPPING", "UNEXPECTED"


class OrphanPolicy(StrEnum):
    """What becomes of a close of what was never opened: the user decides, it opens a short position, an OPENING fill of
    unknown basis comes before it, or it is left out.
    """

    ASK = "ASK"
    SHORT = "SHORT"
    OPENING = "OPENING"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How the file is to be read and into which account, as the user said. None leaves it to the file.

    day: that of its times, for a file that has none.
    """

    account_id: str
    format_id: str | None = None
    mapping_id: str | None = None
    time_zone: str | None = None
    date_order: str | None = None
    decimal_mark: str | None = None
    day: date | None = None
    orphan_policy: OrphanPolicy = OrphanPolicy.ASK


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCandidate:
    """A format that the file may have; confidence is from 0 to 100."""

    format_id: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReading:
    """How the file was read. `needs` is what the file leaves open: its time zone, its date, or a multiplier."""

    format_id: str | None = None
    candidates: tuple[ImportCandidate, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    header_line: int | None = None
    decimal_mark: str | None = None
    date_order: str | None = None
    time_zone: str | None = None
    currencies: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many rows have each outcome, how many of them wait for a decision, and how many trades would change."""

    rows: int = 0
    new: int = 0
    duplicate: int = 0
    changed: int = 0
    matches_manual: int = 0
    cash: int = 0
    actions: int = 0
    orphan: int = 0
    skipped: int = 0
    error: int = 0
    undecided: int = 0
    trades: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How much is done of what a function is doing; `total` is None as long as nobody knows it."""

    phase: str
    done: int = 0
    total: int | None = None


class Phase(StrEnum):
    """What is being done of a commit or an undoing, in this order."""

    LINKS = "LINKS"
    EXECUTIONS = "EXECUTIONS"
    CASH = "CASH"
    ACTIONS = "ACTIONS"
    SETTLING = "SETTLING"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportApplied:
    """What a commit has written so far, and how many things of the file were there already (`present`)."""

    executions: int = 0
    linked: int = 0
    cash: int = 0
    actions: int = 0
    present: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What came up when a line was committed or undone, in words."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import as it stands. `version` rises with every change of it.

    `file_version` is the version of the uploaded file that is read, whatever is uploaded later. `report` names the
    files with the rows and trades of the last reading, of which there are `rows_files` and `trades_files`; `table` the
    file with the header of a table that needs a mapping; `decisions` that with what the user decided. `undecided` are
    the first lines without a decision. `warnings` are about the file as a whole. `expires_at` is when the import ends
    by itself: its record, file and report are deleted.

    `remarks` are the first of those that were made when lines were committed or undone; `remarks_made` counts all.
    `undo_edited` is what undoing does with what was edited, `left_over_notes` counts the trades that vanished then and
    whose notes are kept in a file.
    """

    user_id: str
    import_id: str
    status: ImportStatus = ImportStatus.AWAITING_FILE
    version: int = 1
    file_name: str
    file_version: str | None = None
    file_sha256: str | None = None
    options: ImportOptions
    reading: ImportReading = field(default_factory=ImportReading)
    counts: Counts = field(default_factory=Counts)
    progress: Progress | None = None
    report: str | None = None
    rows_files: int = 0
    trades_files: int = 0
    table: str | None = None
    decisions: str | None = None
    decided: int = 0
    undecided: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: str | None = None
    failure_detail: str | None = None
    committed_at: datetime | None = None
    applied: ImportApplied = field(default_factory=ImportApplied)
    remarks: tuple[Remark, ...] = ()
    remarks_made: int = 0
    undo_edited: EditedPolicy | None = None
    left_over_notes: int = 0
    created_at: datetime
    updated_at: datetime
    expires_at: datetime

    def status_at(self, now: datetime) -> ImportStatus:
        """The status; EXPIRED for one that is only waiting and whose time is over: its record may outlive it."""
        if self.status in OPEN and self.status not in WORKING and self.expires_at <= now:
            return ImportStatus.EXPIRED
        return self.status


def new_import_id(now: datetime) -> str:
    """An id for an import that is made now: a UUID of version 7, which sorts by time to the millisecond."""
    milliseconds = int(now.timestamp() * 1000)
    number = (milliseconds << 80) | secrets.randbits(80)
    number = number & ~(0xF << 76) | (7 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return str(UUID(int=number))

"""Reads the file of an import and writes its report: what becomes of each row, and which trades would follow.

The file is read twice, so that its rows are never all in memory: first for what they say, which is compared with what
the account has, then to write each row with what becomes of it. A reading that breaks off is begun again, and gives the
same. Nobody sees any of it before the last step, which stores the import on the condition that it is as it was when the
reading began.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import IO, Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from handlers.imports import reading as files
from handlers.imports.decided import DecidedRow, RowOutcome
from handlers.imports.findings import Finding, decided_row, sharing
from handlers.imports.fingerprints import Fingerprints, place_in_file
from handlers.imports.format import Need
from handlers.imports.placing import placed
from handlers.imports.reading import FileReading
from handlers.imports.record import (
    NO_SUCH_ACCOUNT,
    NO_SUCH_MAPPING,
    PREVIEW_KEPT,
    UNEXPECTED,
    Counts,
    Import,
    ImportCandidate,
    ImportReading,
    ImportStatus,
    Progress,
)
from handlers.imports.refusals import FileRefused
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.imports.values import DateOrder, DecimalMark
from handlers.journal.settings import Settings
from handlers.journal.stats.clock import time_zone
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import import_files, mappings, trading_accounts
from handlers.storage import imports as storage
from handlers.storage.errors import (
    AccountErased,
    ImportNotFound,
    MappingNotFound,
    TradingAccountNotFound,
    VersionMismatch,
)
from handlers.storage.import_files import ImportFolder
from handlers.storage.retry import retry_overtaken
from handlers.usecases.file_writing import now_and_then
from handlers.usecases.import_matching import set_outcomes
from handlers.usecases.import_report import write_rows, write_trade_changes
from handlers.usecases.import_trades import DryRun
from handlers.usecases.imports import READING, decisions_of

SETTLING = "SETTLING"
# The time zone of times for which nobody has said one; then it has to be said before the import is committed.
_UTC = "UTC"
# Bytes of a file that are in memory; what is more lies on the function's disk.
_IN_MEMORY, _CHUNK = 1024 * 1024, 256 * 1024
# How much is shown of a table that needs a mapping: characters of a cell, and columns.
_LONGEST_CELL, _MOST_SHOWN = 200, 64
_OUTCOMES = {ReportedFill: RowOutcome.NEW, CashMove: RowOutcome.CASH, Action: RowOutcome.ACTION}


class _Failed(Exception):
    """Raised when a file cannot be imported: a reason for programs, and words for its owner."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Under(NamedTuple):
    """What a file is read under: its account, the settings, and the time zone of its times."""

    account: TradingAccount
    settings: Settings
    zone: ZoneInfo
    zone_is_known: bool


def arrived(key: str, version: str, now: datetime) -> Import | None:
    """The import for which an uploaded file has come, which is then to be read.

    A file that no import waits for is deleted: then, and when the file is read or was read already, it is None. Raises
    AccountErased, Busy.
    """
    place = import_files.folder_of(key)
    if place is None:
        return None

    def attempt() -> Import | None:
        try:
            former = storage.get(*place)
        except ImportNotFound:
            return None
        if former.file_version == version:  # the notice came before
            return former if former.status is ImportStatus.PARSING else None
        if former.status_at(now) is not ImportStatus.AWAITING_FILE:
            return None
        changed = replace(
            former,
            status=ImportStatus.PARSING,
            file_version=version,
            progress=Progress(phase=READING),
            version=former.version + 1,
            updated_at=now,
            expires_at=now + PREVIEW_KEPT,
        )
        storage.replace(changed, former)
        return changed

    found = retry_overtaken(attempt)
    if found is None and not _is_its_file(place, version):
        import_files.delete_upload(place, version)
    return found


def _is_its_file(place: ImportFolder, version: str) -> bool:
    with suppress(ImportNotFound):
        return storage.get(*place).file_version == version
    return False


def asked(user: str, import_id: str, version: int) -> Import | None:
    """The import that is to be read again, at that version; None if it was changed or read since. Raises Busy."""
    with suppress(ImportNotFound):
        found = storage.get(user, import_id)
        if found.version == version and found.status is ImportStatus.PARSING:
            return found
    return None


def read(one: Import) -> Import | None:
    """Read the file, and store what it says. Returns the import then; None if it was changed or deleted meanwhile.

    Raises AccountErased, Busy.
    """
    place, report = ImportFolder(one.user_id, one.import_id), str(uuid4())
    try:
        changed = _read(one, place, report)
        storage.replace(changed, one)
    except (VersionMismatch, AccountErased) as error:
        import_files.delete_report(place, report)
        if isinstance(error, AccountErased):
            raise
        return None
    for unused in {report, one.report} - {changed.report, None}:
        import_files.delete_report(place, str(unused))
    return changed


def fail(one: Import) -> None:
    """Say that the file cannot be read for a reason that nobody knows yet. Raises AccountErased, Busy."""
    detail = "The file cannot be read: the API has a bug. Its operator is told."
    with suppress(VersionMismatch):
        storage.replace(_ended(one, ImportStatus.FAILED, failure=UNEXPECTED, failure_detail=detail), one)


def _read(one: Import, place: ImportFolder, report: str) -> Import:
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        digest = sha256()
        for chunk in import_files.chunks(place, one.file_version or ""):
            digest.update(chunk)
            file.write(chunk)
        one = replace(one, file_sha256=digest.hexdigest())
        try:
            return _reported(one, place, report, file)
        except FileRefused as error:
            return _ended(one, ImportStatus.FAILED, failure=error.reason, failure_detail=error.detail)
        except _Failed as error:
            return _ended(one, ImportStatus.FAILED, failure=error.reason, failure_detail=error.detail)


def _ended(one: Import, status: ImportStatus, **changes: Any) -> Import:
    """The import when its reading is over, without what a reading before has found."""
    now = datetime.now(UTC)
    found: dict[str, Any] = {
        "report": None,
        "rows_files": 0,
        "trades_files": 0,
        "table": None,
        "counts": Counts(),
        "undecided": (),
        "warnings": (),
        "failure": None,
        "failure_detail": None,
        "progress": None,
        **changes,
    }
    version = one.version + 1
    return replace(one, status=status, version=version, updated_at=now, expires_at=now + PREVIEW_KEPT, **found)


def _reported(one: Import, place: ImportFolder, report: str, file: IO[bytes]) -> Import:
    under = _under(one)
    options = _options(one)
    reading = _opened(file, options)
    if reading.format is None:
        table = f"{report}/table.json.gz"
        import_files.write_small(place, table, _table_of(reading))
        return _ended(
            one, ImportStatus.NEEDS_MAPPING, reading=_reading_of(reading, under, ()), table=table, report=report
        )
    if Need.DATE in reading.needs and one.options.day is None:
        raise _Failed("NEEDS_DAY", "Its times have no day: say on which day they are.")
    prints = Fingerprints(f"{one.user_id}|{one.options.account_id}", reading.format.family or reading.format.id)
    found = _found(one, reading, under, prints)
    set_outcomes(one.user_id, one.options.account_id, found.findings, prints, under.zone)
    total = len(found.findings)
    tell = now_and_then(lambda done: storage.tell(one, Progress(phase=SETTLING, done=done, total=total)))
    dry_run = DryRun(one, under.account, under.settings, found.findings, datetime.now(UTC))
    trades_files, trades = write_trade_changes(place, report, dry_run.changes(tell))
    needs = (str(Need.TIME_ZONE),) if found.is_local and not under.zone_is_known else ()
    again = _opened(file, options)
    rows = write_rows(place, report, _rows(again, under, found))
    return _ended(
        one,
        ImportStatus.PREVIEW,
        reading=_reading_of(again, under, needs),
        report=report,
        rows_files=rows.files,
        trades_files=trades_files,
        counts=replace(rows.counts, trades=trades),
        undecided=rows.undecided,
        warnings=again.warnings,
    )


def _under(one: Import) -> Under:
    try:
        account, settings = trading_accounts.with_settings(one.user_id, one.options.account_id)
    except TradingAccountNotFound:
        raise _Failed(NO_SUCH_ACCOUNT, "Its trading account is gone: name another one.") from None
    if account.closing:
        raise _Failed(NO_SUCH_ACCOUNT, "Its trading account is being deleted: name another one.")
    name = one.options.time_zone or account.time_zone or settings.time_zone
    return Under(account, settings, time_zone(name or _UTC), zone_is_known=name is not None)


def _options(one: Import) -> files.ReadingOptions:
    options = one.options
    mapping = None
    if options.mapping_id is not None:
        try:
            mapping = mappings.get(one.user_id, options.mapping_id).mapping
        except MappingNotFound:
            raise _Failed(NO_SUCH_MAPPING, "Its mapping is gone: name another one.") from None
    return files.ReadingOptions(
        format_id=options.format_id,
        date_order=None if options.date_order is None else DateOrder(options.date_order),
        decimal_mark=None if options.decimal_mark is None else DecimalMark(options.decimal_mark),
        day=options.day,
        mapping=mapping,
    )


def _opened(file: IO[bytes], options: files.ReadingOptions) -> FileReading:
    file.seek(0)
    return files.open_file(iter(partial(file.read, _CHUNK), b""), options)


@dataclass(slots=True)
class _RowsFound:
    """What the rows of a file say, in its order, and whether a time of theirs has no offset of its own."""

    findings: list[Finding] = field(default_factory=list)
    is_local: bool = False


def _found(one: Import, reading: FileReading, under: Under, prints: Fingerprints) -> _RowsFound:
    wanted = decisions_of(one)
    found = _RowsFound()
    shared: dict[Any, Any] = {}
    for row in reading.rows():
        own, instants = placed(row, under.zone)
        found.is_local |= any(what.at.tzinfo is None for what in row.found)
        decided = wanted.get(own.line)
        for part, (what, when) in enumerate(zip(own.found, instants, strict=True)):
            found.findings.append(
                Finding(
                    line=own.line,
                    order=part,
                    what=sharing(what, shared),
                    id=prints.of(what, when).id,
                    outcome=_OUTCOMES[type(what)],
                    wanted=None if decided is None else decided.decision,
                    linked=None if decided is None else decided.trade_id,
                )
            )
    for finding in found.findings:  # which is known once all are read
        finding.order = place_in_file(finding.line, finding.order, newest_first=reading.newest_first)
    return found


def _rows(reading: FileReading, under: Under, found: _RowsFound) -> Iterator[DecidedRow]:
    """Each row of the file with what becomes of it."""
    rest = iter(found.findings)
    for row in reading.rows():
        own, _ = placed(row, under.zone)
        yield decided_row(own, [next(rest) for _ in own.found])


def _reading_of(reading: FileReading, under: Under, needs: tuple[str, ...]) -> ImportReading:
    candidates = [ImportCandidate(format_id=each.format_id, confidence=each.confidence) for each in reading.candidates]
    return ImportReading(
        format_id=None if reading.format is None else reading.format.id,
        candidates=tuple(candidates),
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        header_line=reading.header_line,
        decimal_mark=reading.decimal_mark,
        date_order=reading.date_order,
        time_zone=under.zone.key,
        currencies=tuple(sorted(reading.currencies)),
        needs=needs,
    )


def _table_of(reading: FileReading) -> dict[str, list[object]]:
    """The header and the first rows of a table that needs a mapping."""
    return {
        "header": [cell[:_LONGEST_CELL] for cell in reading.header[:_MOST_SHOWN]],
        "rows": [[cell[:_LONGEST_CELL] for cell in cells[:_MOST_SHOWN]] for cells in reading.sample],
    }

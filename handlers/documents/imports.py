"""Imports and their reports as the contract has them, and what a client gives of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from handlers.documents.fields import Column, columns_of, document, time_text
from handlers.documents.import_mappings import draft_document
from handlers.imports.decided import DecidedAction, DecidedCash, DecidedFill, DecidedRow, Same
from handlers.imports.proposals import proposal
from handlers.imports.record import (
    MOST_BYTES,
    Counts,
    Import,
    ImportApplied,
    ImportCandidate,
    ImportOptions,
    ImportReading,
    ImportStatus,
    OrphanPolicy,
    Progress,
    Remark,
)
from handlers.imports.rows import Action, CashMove, Noticed, ReportedFill
from handlers.journal.executions import Instrument

if TYPE_CHECKING:
    from pydantic import BaseModel


def _several(columns: Iterable[Column], items: Iterable[Any]) -> list[dict[str, Any]]:
    return [document(columns, each) for each in items]


_INSTRUMENT = columns_of(Instrument)
_SAME = columns_of(Same, without=("line",))
_FILL = columns_of(ReportedFill, without=("at",), writers={"instrument": partial(document, _INSTRUMENT)})
_CASH = columns_of(CashMove)
_ACTION = columns_of(Action, without=("at",))
_NOTICED = columns_of(Noticed)
_CANDIDATE = columns_of(ImportCandidate)
_READING = columns_of(
    ImportReading, writers={"candidates": lambda found: _several(_CANDIDATE, found) or None, "needs": list}
)
_APPLIED_COUNTS, _REMARK = columns_of(ImportApplied), columns_of(Remark)
# In these, something of the file was written into the journal.
_APPLIED = frozenset(
    {ImportStatus.COMMITTING, ImportStatus.COMMITTED, ImportStatus.UNDOING, ImportStatus.UNDONE, ImportStatus.FAILED}
)
_IMPORT = columns_of(
    Import,
    without=(
        "user_id",
        "status",
        "file_version",
        "report",
        "rows_files",
        "trades_files",
        "table",
        "decisions",
        "failure",
        "failure_detail",
        "applied",
        "remarks",
        "remarks_made",
        "undo_edited",
        "left_over_notes",
    ),
    writers={
        "reading": partial(document, _READING),
        "counts": partial(document, columns_of(Counts)),
        "progress": partial(document, columns_of(Progress)),
        "undecided": list,
        "warnings": list,
    },
)


def given_options(given: BaseModel, *, changes: bool = False) -> dict[str, Any]:
    """What a body gives of how a file is read, by the names of `ImportOptions`; with `changes`, None takes one back."""
    values = given.model_dump(exclude_unset=True) if changes else given.model_dump(exclude_none=True)
    own = {name: value for name, value in values.items() if name in ImportOptions.__dataclass_fields__}
    return {name: None if value is None else _TYPES.get(name, str)(value) for name, value in own.items()}


def _lower(value: object) -> str:
    return str(value).lower()


_TYPES: Mapping[str, Any] = {
    "account_id": _lower,
    "mapping_id": _lower,
    "orphan_policy": OrphanPolicy,
    "day": lambda day: day,
}


def import_document(
    one: Import, now: datetime, table: Mapping[str, Any] | None = None, notes: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The contract's Import. table: what was kept of a table that needs a mapping. notes: where left-over ones are."""
    shown = {"status": one.status_at(now), **document(_IMPORT, one)}
    if one.failure is not None:
        shown["failure"] = {"reason": one.failure, "detail": one.failure_detail or ""}
    if one.status in _APPLIED:
        shown["applied"] = document(_APPLIED_COUNTS, one.applied)
        shown |= {"remarks": _several(_REMARK, one.remarks), "remarksMade": one.remarks_made}
    if notes is not None:
        shown["leftOverNotes"] = {"trades": one.left_over_notes, **notes}
    if table is not None:
        shown["table"] = {**table, "proposal": draft_document(proposal(table["header"], table["rows"]))}
    return shown


def form_document(url: str, fields: Mapping[str, str], expires_at: datetime) -> dict[str, Any]:
    """The contract's ImportForm."""
    return {"url": url, "fields": dict(fields), "maxBytes": MOST_BYTES, "expiresAt": time_text(expires_at)}


def row_document(row: DecidedRow) -> dict[str, Any]:
    """The contract's ImportRow."""
    said = {"decision": row.decision, "reason": row.reason, "detail": row.detail}
    return {
        "line": row.line,
        "lines": row.lines,
        "outcome": row.outcome,
        **{name: value for name, value in said.items() if value is not None},
        "raw": dict(row.raw),
        "executions": list(map(_fill_document, row.fills)),
        "cash": list(map(_cash_document, row.cash)),
        "actions": list(map(_action_document, row.actions)),
        "warnings": _several(_NOTICED, row.warnings),
    }


def _fill_document(decided: DecidedFill) -> dict[str, Any]:
    shown = {"executionId": decided.execution_id, "executedAt": time_text(decided.fill.at)}
    opening = {} if decided.opening is None else document(_OPENING, decided)
    return {**shown, **_outcome(decided), **opening, **document(_FILL, decided.fill)}


def _cash_document(decided: DecidedCash) -> dict[str, Any]:
    return {"cashId": decided.cash_id, **_outcome(decided), **document(_CASH, decided.cash)}


def _action_document(decided: DecidedAction) -> dict[str, Any]:
    shown = {"actionId": decided.action_id, "effectiveAt": time_text(decided.action.at)}
    return {**shown, **_outcome(decided), **document(_ACTION, decided.action)}


def _outcome(decided: DecidedFill | DecidedCash | DecidedAction) -> dict[str, Any]:
    shown: dict[str, Any] = {"outcome": decided.outcome}
    return shown if decided.of is None else {**shown, "of": document(_SAME, decided.of)}


_OPENING = columns_of(DecidedFill, without=("outcome", "execution_id", "sequence", "fill", "of"))

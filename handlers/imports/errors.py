"""What an import in its present state refuses.

ImportRefusal
├── ImportNotReady   the import is in another state than the change needs
├── UndecidedRows    rows wait for the user's decision
└── EditedSince      what was imported has been edited since
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # every function imports its errors, and few the record
    from handlers.imports.record import ImportStatus


class ImportRefusal(Exception):
    """The root of everything that the state of an import refuses."""


class ImportNotReady(ImportRefusal):
    """Raised when the import is in a state that does not allow the change; `detail` says what it needs, in words."""

    def __init__(self, status: ImportStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class UndecidedRows(ImportRefusal):
    """Raised when rows wait for a decision: `number` in all, of which `lines` are the first."""

    def __init__(self, lines: Sequence[int], number: int) -> None:
        super().__init__(f"{number} rows")
        self.lines = tuple(lines)
        self.number = number


class EditedSince(ImportRefusal):
    """Raised when executions or cash of the import were edited since it was committed; names the first of them."""

    def __init__(self, execution_ids: Sequence[str], cash_ids: Sequence[str]) -> None:
        super().__init__(f"{len(execution_ids)} executions, {len(cash_ids)} cash rows")
        self.execution_ids = tuple(execution_ids)
        self.cash_ids = tuple(cash_ids)

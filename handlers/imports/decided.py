"""What becomes of each row of a file: what the preview shows and the commit carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from handlers.imports.rows import Action, CashMove, Noticed, ReportedFill, RowReason


class RowOutcome(StrEnum):
    """What a row is, compared with what the account has."""

    NEW = "NEW"
    DUPLICATE = "DUPLICATE"
    CHANGED = "CHANGED"
    MATCHES_MANUAL = "MATCHES_MANUAL"
    CASH = "CASH"
    ACTION = "ACTION"
    ORPHAN = "ORPHAN"
    SKIPPED = "SKIPPED"
    ERROR = "ERROR"


class Decision(StrEnum):
    """What is to become of a row. LINK turns the manual trade that it matches into executions."""

    IMPORT = "IMPORT"
    SKIP = "SKIP"
    LINK = "LINK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """What the account has already of what a row says: an execution, cash row or action, or a trade by hand.

    `import_id` is the import that it came with, and `line` an earlier line of this file.
    """

    execution_id: str | None = None
    cash_id: str | None = None
    action_id: str | None = None
    trade_id: str | None = None
    import_id: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedFill:
    """A fill of a row. Its `at` has an offset; side and quantity are known unless the row is in error.

    `execution_id` is the same each time that the fill is read for its account. `sequence` is its place among the fills
    of one instant. `opening` is the quantity of the OPENING fill that has to come before it.
    """

    outcome: RowOutcome
    execution_id: str
    sequence: int
    fill: ReportedFill
    of: Same | None = None
    opening: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedCash:
    """Cash of a row; `at` has an offset. `cash_id` is the same each time that it is read for its account."""

    outcome: RowOutcome
    cash_id: str
    cash: CashMove
    of: Same | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedAction:
    """A corporate action of a row; `at` has an offset. `action_id` is the same each time that it is read."""

    outcome: RowOutcome
    action_id: str
    action: Action
    of: Same | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedRow:
    """A row of the file, what it says, and what becomes of it.

    Of a row that says several things, `outcome` is the one that matters most; each has its own beside it, and the
    decision holds for those that are not duplicates. `decision` is None for a row that waits for the user's, and for
    one of which there is nothing to decide.
    """

    line: int
    lines: int = 1
    outcome: RowOutcome
    decision: Decision | None = None
    reason: RowReason | None = None
    detail: str | None = None
    raw: Mapping[str, str] = field(default_factory=dict)
    fills: tuple[DecidedFill, ...] = ()
    cash: tuple[DecidedCash, ...] = ()
    actions: tuple[DecidedAction, ...] = ()
    warnings: tuple[Noticed, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether the user has to decide what becomes of it."""
        return self.decision is None and self.outcome not in _NOTHING_TO_DECIDE


# A row is DUPLICATE if all that it says is.
_NOTHING_TO_DECIDE = frozenset({RowOutcome.SKIPPED, RowOutcome.ERROR, RowOutcome.DUPLICATE})

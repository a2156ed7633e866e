"""The errors of the journal.

JournalError
├── RuleBroken      the input is well formed, but breaks a rule across its fields
├── StateForbids    the input is valid, but the present state of the trade does not allow it
├── CurrencyInUse   the currency of an account that holds something would change
├── PositionTooSmall  a fill that may only close takes more than is open
├── DerivedFromExecutions  the change is of something that follows from the trade's executions
├── TradeDiffers    a trade is recorded again with other values
├── RestoreEdited   what a restore has written was edited since
├── UploadsFull     pending or rejected uploads take the last places for images
├── CloseNotFound   the trade has no close of that id
├── EntryNotFound   the trade has no entry of that id
├── EventNotFound   the trade has no event of that id
├── SplitNotFound   the trade has no split of that id
└── ImageNotFound   the trade has no image of that id
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from handlers.faults import Fault

if TYPE_CHECKING:
    from handlers.journal.merges import Named


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong, and the rule that it breaks.

    path leads from the trade, or from the part that is added, to the field. It holds names of fields and indexes
    of lists: ("closes", 0, "closed_at").
    """

    path: tuple[str | int, ...]
    fault: Fault


class JournalError(Exception):
    """The base class of the journal's errors."""


class RuleBroken(JournalError):
    """Raised for input that is well formed, but breaks a rule; names all wrong fields at once."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, error.path))} {error.fault.detail}" for error in errors))
        self.errors = tuple(errors)


class StateForbids(JournalError):
    """Raised when the present state forbids the change; names the fields that are the reason, if there are any."""

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class RestoreEdited(JournalError):
    """Raised when things were edited since a restore wrote them; names the first of them."""

    def __init__(self, named: Sequence[Named]) -> None:
        super().__init__(f"{len(named)} documents")
        self.named = tuple(named)


class CurrencyInUse(JournalError):
    """Raised when the currency of an account that holds something, or did, would change."""


class PositionTooSmall(JournalError):
    """Raised when a fill that may only close takes more than is open at its instant."""

    def __init__(self, execution_id: str, is_open: Decimal) -> None:
        super().__init__(execution_id)
        self.execution_id = execution_id
        self.is_open = is_open


class DerivedFromExecutions(JournalError):
    """Raised when a change of a trade would change what follows from its executions; names the fields, if any."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


class ActionImpossible(StateForbids):
    """Raised when a corporate action cannot be applied to an open position; names the action and its wrong field, if
    there is one.
    """

    def __init__(self, action_id: str, detail: str, error: FieldError | None) -> None:
        super().__init__(detail)
        self.action_id = action_id
        self.error = error


class TradeDiffers(JournalError):
    """Raised when a trade is recorded again with other money than it has; names the fields in which it differs."""

    def __init__(self, trade_id: str, errors: Sequence[FieldError]) -> None:
        super().__init__(trade_id)
        self.trade_id = trade_id
        self.errors = tuple(errors)


class UploadsFull(JournalError):
    """Raised when uploads take the last places for images; one of them expires in `seconds` at the latest."""

    def __init__(self, detail: str, seconds: int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.seconds = seconds


class CloseNotFound(JournalError):
    """Raised when a trade has no close of the given id."""


class EntryNotFound(JournalError):
    """Raised when a trade has no entry of the given id."""


class EventNotFound(JournalError):
    """Raised when a trade has no event of the given id."""


class SplitNotFound(JournalError):
    """Raised when a trade has no split of the given id."""


class ImageNotFound(JournalError):
    """Raised when a trade has no image of the given id."""

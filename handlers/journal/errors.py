"""What a trade can refuse.

JournalError
├── RuleBroken      the input is well formed and yet breaks a rule across its fields
├── StateForbids    the input is sound, but the trade, as it stands, does not allow it
├── CurrencyInUse   an account in which something lies is to be in another currency
├── PositionTooSmall  a fill closes more than is open
├── DerivedFromExecutions  what is to be changed follows from the trade's executions
├── TradeDiffers    a trade that is recorded again is not the one that was recorded
├── UploadsFull     uploads that are forgotten by themselves take the places of the trade's images
├── CloseNotFound   the trade has no close of that id
├── EntryNotFound   the trade has no entry of that id
├── EventNotFound   the trade has no event of that id
├── SplitNotFound   the trade has no split of that id
└── ImageNotFound   the trade has no image of that id
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from handlers.faults import Fault


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field that is wrong, and the rule that it breaks.

    path leads from the trade, or from the close that is to be made, to the field. It holds names of fields and indexes
    of lists: ("closes", 0, "closed_at").
    """

    path: tuple[str | int, ...]
    fault: Fault


class JournalError(Exception):
    """The root of everything that the journal refuses."""


class RuleBroken(JournalError):
    """Raised for input that is well formed and yet breaks a rule; names all the broken fields at once."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, error.path))} {error.fault.detail}" for error in errors))
        self.errors = tuple(errors)


class StateForbids(JournalError):
    """Raised when the trade's present state forbids the change; points to fields where there are some to blame."""

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class CurrencyInUse(JournalError):
    """Raised when an account in which something lies, or lay, is to be in another currency."""


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
    """Raised when a corporate action cannot be applied to what is open; names the action, and the field that is wrong,
    if one is.
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
    """Raised when uploads take the last places for images; one of them is forgotten in `seconds` at the latest."""

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

"""Which executions and cash rows of an import were edited since it was committed: an item in the ledger for each, so
that undoing asks for them in one request, however much its account holds.

An item is written with the edit and deleted with what was edited. It ends by itself after the time in which its import
can be undone.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from handlers.imports.record import CAN_BE_UNDONE
from handlers.storage import ledger
from handlers.storage.trade_items import epoch_seconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef


class EditedKind(StrEnum):
    """What was edited."""

    EXECUTION = "fill"
    CASH = "cash"


class Edited(NamedTuple):
    """The ids of what was edited."""

    executions: list[str]
    cash: list[str]


def mark(user_id: str, import_id: str, kind: EditedKind, of_id: str, now: datetime) -> TransactWriteItemTypeDef:
    """The write that says that something of an import is edited now."""
    key = ledger.key(user_id, ledger.edited(import_id, kind, of_id))
    # Edits come after the commit, from which on the time to undo runs. DynamoDB deletes the item some time after that.
    return ledger.put({**key, "expiresAt": {"N": str(epoch_seconds(now + CAN_BE_UNDONE))}})


def unmark(user_id: str, import_id: str, kind: EditedKind, of_id: str) -> TransactWriteItemTypeDef:
    """The write that forgets something of an import which is deleted."""
    return ledger.delete(user_id, ledger.edited(import_id, kind, of_id))


def first(user_id: str, import_id: str, most: int) -> Edited:
    """What was edited of an import and is still there, up to `most` of it. Raises Busy."""
    found = Edited([], [])
    prefix = ledger.edited(import_id)
    for item in islice(ledger.below(user_id, prefix, limit=most), most):
        kind, _, of_id = item["item"]["S"].removeprefix(prefix).partition("|")
        (found.executions if kind == EditedKind.EXECUTION else found.cash).append(of_id)
    return found

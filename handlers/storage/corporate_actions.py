"""Corporate actions in the ledger, and how many of a symbol there are.

Every position of the symbol has the actions that apply to it, so that settling it reads nothing else. What counts them
changes with each of them: a position that is new is written on the condition that it has not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.journal.executions import CorporateAction, RecordedAction, symbol_key
from handlers.storage import ledger
from handlers.storage.clients import ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import at_version
from handlers.storage.errors import ActionNotFound

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ACTIONS = Codec(RecordedAction)


@dataclass(frozen=True, slots=True)
class Count:
    """How many actions of a symbol there are, and how often that has changed; 0 while nothing is stored."""

    actions: int = 0
    version: int = 0


def get(user_id: str, action_id: str) -> RecordedAction:
    """The action. Raises ActionNotFound, Busy."""
    where = ledger.get(user_id, ledger.ref(action_id))
    place = where["at"]["S"] if where else ""
    found = ledger.get(user_id, place) if place.startswith(ledger.actions()) else {}
    if not found:
        raise ActionNotFound(action_id)
    return _ACTIONS.instance(found)


def every(user_id: str, symbol: str | None = None) -> Iterator[RecordedAction]:
    """All actions, or those of a symbol, by symbol and time, as they stand now. Raises Busy."""
    return map(_ACTIONS.instance, ledger.below(user_id, ledger.actions(symbol)))


def page(user_id: str, symbol: str | None, *, limit: int, after: str | None) -> tuple[list[RecordedAction], str | None]:
    """Actions by symbol and time, as they stand now, and the place after which the next page goes on. Raises Busy."""
    prefix = ledger.actions(symbol)
    low = prefix if after is None else f"{after}~"
    found: list[RecordedAction] = []
    for item in ledger.between(user_id, low, prefix.removesuffix("|") + "|~", limit=limit + 1):
        if len(found) == limit:
            return found, _place(found[-1])
        found.append(_ACTIONS.instance(item))
    return found, None


def count(user_id: str, symbol: str) -> Count:
    """How many actions of the symbol there are now. Raises Busy."""
    return count_of(ledger.get(user_id, ledger.actions_count(symbol)))


def count_of(item: Mapping[str, Any] | None) -> Count:
    """What the item of a symbol counts."""
    return Count(int(item["count"]["N"]), int(item["version"]["N"])) if item else Count()


def of_position(user_id: str, account_id: str, symbol: str, counted: Count) -> tuple[CorporateAction, ...]:
    """The actions that apply to a position that is new. Raises Busy."""
    if not counted.actions:
        return ()
    return tuple(one.alone for one in every(user_id, symbol) if one.account_id in (None, account_id))


def unchanged(user_id: str, symbol: str, version: int) -> TransactWriteItemTypeDef:
    """The check that the actions of the symbol are those that were counted at that version."""
    check: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(user_id, ledger.actions_count(symbol)),
        **_at(version),
    }
    return {"ConditionCheck": check}


def put(action: RecordedAction, counted: Count) -> list[TransactWriteItemTypeDef]:
    """The writes of a new action, on the condition that the count is what it was."""
    user_id, place = action.user_id, _place(action)
    return [
        ledger.put_new({**ledger.key(user_id, place), **_ACTIONS.item(action)}),
        ledger.put_new({**ledger.key(user_id, ledger.ref(action.action_id)), "at": {"S": place}}),
        _put_count(action, counted, 1),
    ]


def remove(action: RecordedAction, counted: Count) -> list[TransactWriteItemTypeDef]:
    """The deletion of an action, on the condition that the count is what it was."""
    user_id = action.user_id
    return [
        ledger.delete(user_id, _place(action), **at_version(action.version)),
        ledger.delete(user_id, ledger.ref(action.action_id)),
        _put_count(action, counted, -1),
    ]


def _put_count(action: RecordedAction, counted: Count, change: int) -> TransactWriteItemTypeDef:
    item: ledger.Item = {
        **ledger.key(action.user_id, ledger.actions_count(action.symbol)),
        "count": {"N": str(counted.actions + change)},
        "version": {"N": str(counted.version + 1)},
    }
    return ledger.put(item, **_at(counted.version))


def _at(version: int) -> Any:
    if version:
        return at_version(version)
    return {"ConditionExpression": "attribute_not_exists(#item)", "ExpressionAttributeNames": {"#item": "item"}}


def _place(action: RecordedAction) -> str:
    return ledger.action(symbol_key(action.symbol), action.effective_at, action.action_id)

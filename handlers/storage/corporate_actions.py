"""Corporate actions in the ledger, and how many of a symbol there are.

Every position of the symbol has the actions that apply to it, so that settling it reads nothing else. What counts them
changes with each of them: a position that is new is written on the condition that it has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handlers.journal.executions import CorporateAction, RecordedAction, symbol_key
from handlers.storage import ledger
from handlers.storage.clients import ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import at_version
from handlers.storage.errors import ActionNotFound, VersionMismatch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ACTIONS = Codec(RecordedAction)


@dataclass(frozen=True, slots=True)
class ActionCount:
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
    """All actions, or those of a symbol, also those that move another one to it, by symbol and time, as they stand
    now. Raises Busy.
    """
    return _among(ledger.below(user_id, ledger.actions(symbol)), symbol)


def page(user_id: str, symbol: str | None, *, limit: int, after: str | None) -> tuple[list[RecordedAction], str | None]:
    """Actions as `every` has them, and the place after which the next page goes on. Raises Busy."""
    prefix = ledger.actions(symbol)
    low = prefix if after is None else f"{after}~"
    found: list[RecordedAction] = []
    items = ledger.between(user_id, low, prefix.removesuffix("|") + "|~", limit=limit + 1)
    for action in _among(items, symbol):
        if len(found) == limit:
            return found, _place(found[-1], symbol)
        found.append(action)
    return found, None


def _among(items: Iterable[Mapping[str, Any]], symbol: str | None) -> Iterator[RecordedAction]:
    """The actions that the items hold; of all symbols, each once."""
    for item in items:
        action = _ACTIONS.instance(item)
        if symbol is not None or item["item"]["S"] == _place(action):
            yield action


def count(user_id: str, symbol: str) -> ActionCount:
    """How many actions of the symbol there are now. Raises Busy."""
    return count_of(ledger.get(user_id, ledger.actions_count(symbol)))


def count_of(item: Mapping[str, Any] | None) -> ActionCount:
    """What the item of a symbol counts."""
    return ActionCount(int(item["count"]["N"]), int(item["version"]["N"])) if item else ActionCount()


def of_position(user_id: str, account_id: str, symbol: str, counted: ActionCount) -> tuple[CorporateAction, ...]:
    """The actions that apply to a position that is new. Raises Busy."""
    if not counted.actions:
        return ()
    return tuple(one.alone for one in every(user_id, symbol) if one.account_id in (None, account_id))


def unchanged(user_id: str, symbol: str, version: int) -> TransactWriteItemTypeDef:
    """The check that the actions of the symbol are those that were counted at that version."""
    check: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(user_id, ledger.actions_count(symbol)),
        **at_version(version),
    }
    return {"ConditionCheck": check}


def symbols(action: CorporateAction) -> list[str]:
    """The symbols whose positions have the action: two where it names a new one."""
    return [action.symbol] if action.new_symbol is None else [action.symbol, action.new_symbol]


def put(action: RecordedAction, counted: Sequence[ActionCount]) -> list[TransactWriteItemTypeDef]:
    """The writes of a new action, on the condition that the counts of its symbols are what they were."""
    return [
        *map(ledger.put_new, items_of(action)),
        *(_put_count(action.user_id, *each, 1) for each in zip(symbols(action), counted, strict=True)),
    ]


def items_of(action: RecordedAction) -> list[ledger.Item]:
    """The item that says where the action lies, and the action as an item of each of its symbols."""
    user_id, item = action.user_id, _ACTIONS.item(action)
    ref: ledger.Item = {**ledger.key(user_id, ledger.ref(action.action_id)), "at": {"S": _place(action)}}
    return [ref, *({**ledger.key(user_id, _place(action, symbol)), **item} for symbol in symbols(action))]


def set_count(user_id: str, symbol: str, actions: int) -> None:
    """Say how many actions of a symbol there are. Raises VersionMismatch when that changes meanwhile; AccountErased,
    Busy.
    """
    counted = count(user_id, symbol)
    if counted.actions != actions:
        change = _put_count(user_id, symbol, counted, actions - counted.actions)
        if any(ledger.write(user_id, [change])):
            raise VersionMismatch(symbol)


def remove(action: RecordedAction, counted: Sequence[ActionCount]) -> list[TransactWriteItemTypeDef]:
    """The deletion of an action, on the condition that the counts of its symbols are what they were."""
    user_id, version = action.user_id, at_version(action.version)
    return [
        ledger.delete(user_id, ledger.ref(action.action_id)),
        *(ledger.delete(user_id, _place(action, symbol), **version) for symbol in symbols(action)),
        *(_put_count(user_id, *each, -1) for each in zip(symbols(action), counted, strict=True)),
    ]


def _put_count(user_id: str, symbol: str, counted: ActionCount, change: int) -> TransactWriteItemTypeDef:
    item: ledger.Item = {
        **ledger.key(user_id, ledger.actions_count(symbol)),
        "count": {"N": str(counted.actions + change)},
        "version": {"N": str(counted.version + 1)},
    }
    return ledger.put(item, **at_version(counted.version))


def _place(action: CorporateAction, symbol: str | None = None) -> str:
    return ledger.action(symbol_key(symbol or action.symbol), action.effective_at, action.action_id)

"""Executions and positions in the ledger, and the trades that follow from them.

What a change writes is one transaction: the executions, the positions at the versions that were read, and every trade
that differs. So a position, its executions and its trades agree at every moment, and of two changes of one position
that are made at once one begins again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.journal import money
from handlers.journal.errors import StateForbids
from handlers.journal.executions import Instrument, RecordedExecution, symbol_key
from handlers.journal.money import ZERO
from handlers.journal.positions import Side
from handlers.journal.trade import Trade
from handlers.storage import dynamo, ledger
from handlers.storage.clients import dynamodb, ledger_table, trades_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import at_version
from handlers.storage.errors import ExecutionNotFound, VersionMismatch
from handlers.storage.trade_items import KeptAnswer, instant, trade_item, trade_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# What one change may read of a position's history, and write at once: a transaction has 100 actions, of which two are
# the check that the account is not being erased and the kept answer.
MOST_READ = 2_000
MOST_WRITTEN = 98
# The first page holds what most open positions have.
_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosition:
    """A position as it stands: what is open, its trade, and what its symbol stands for. Version 0 is not stored yet."""

    user_id: str
    account_id: str
    symbol: str
    pair_id: str | None = None
    version: int = 0
    open_quantity: Decimal = ZERO
    side: Side | None = None
    trade_id: str | None = None
    instrument: Instrument = field(default_factory=Instrument)

    @property
    def signed(self) -> Decimal:
        """What is open: above 0 for a long position, below for a short one."""
        return self.open_quantity if self.side is Side.BUY else -self.open_quantity


class PositionKey(NamedTuple):
    """Names a position of a user."""

    account_id: str
    symbol: str
    pair_id: str | None


class Written(NamedTuple):
    """All that a change of one position writes."""

    position: StoredPosition
    put: Sequence[RecordedExecution]
    removed: Sequence[RecordedExecution]
    trades: Sequence[tuple[Trade, Trade | None]]
    vanished: Sequence[Trade]


_EXECUTIONS = Codec(RecordedExecution, maps=("instrument",))
_POSITIONS = Codec(StoredPosition, maps=("instrument",))


def position_key(execution: RecordedExecution) -> PositionKey:
    """The position that an execution belongs to; the case of its symbol does not count."""
    return PositionKey(execution.account_id, symbol_key(execution.symbol), execution.pair_id)


def position(user_id: str, wanted: PositionKey, symbol: str) -> StoredPosition:
    """The position as it stands now; an empty one, under the symbol as given, if there is none. Raises Busy."""
    item = ledger.get(user_id, ledger.position(*wanted))
    if item:
        return _POSITIONS.instance(item)
    return StoredPosition(user_id=user_id, account_id=wanted.account_id, symbol=symbol, pair_id=wanted.pair_id)


def positions(user_id: str) -> Iterator[StoredPosition]:
    """All positions of the user, flat ones too, as they stand now. Raises Busy."""
    return (_POSITIONS.instance(item) for item in ledger.below(user_id, ledger.positions()))


def get(user_id: str, execution_id: str) -> RecordedExecution:
    """The execution as it stands now. Raises ExecutionNotFound, Busy."""
    where = ledger.get(user_id, ledger.ref(execution_id))
    found = ledger.get(user_id, where["at"]["S"]) if where else {}
    if not found:
        raise ExecutionNotFound(execution_id)
    return _EXECUTIONS.instance(found)


def every(user_id: str) -> Iterator[RecordedExecution]:
    """All executions of the user, position by position in their order, as they stand now. Raises Busy."""
    return (_EXECUTIONS.instance(item) for item in ledger.below(user_id, "fill|"))


def since_flat(of: StoredPosition, before: tuple[datetime, int, str]) -> list[RecordedExecution]:
    """The executions of a position from where it was flat last before that place, in their order.

    before: instant, sequence and id of an execution. Raises StateForbids when they are more than 2 000; Busy.
    """
    place = (instant(before[0]), before[1], before[2])
    found: list[RecordedExecution] = []
    held = of.signed
    for execution in _newest_first(of):
        own = (instant(execution.executed_at), execution.sequence, execution.execution_id)
        if own < place and held == ZERO:
            break
        if len(found) >= MOST_READ:
            raise StateForbids(f"More than {MOST_READ} executions of the position would have to be settled again.")
        found.append(execution)
        moved = execution.quantity if execution.side is Side.BUY else -execution.quantity
        held = money.minus(held, moved)
    return found[::-1]


def last_until(of: StoredPosition, at: datetime) -> RecordedExecution | None:
    """The last execution of the position up to the instant, included, as it stands now. Raises Busy."""
    prefix = ledger.fills(of.account_id, of.symbol, of.pair_id)
    found = ledger.between(of.user_id, prefix, f"{prefix}{instant(at)}|~", newest_first=True, limit=1)
    return next(map(_EXECUTIONS.instance, found), None)


def _newest_first(of: StoredPosition) -> Iterator[RecordedExecution]:
    prefix = ledger.fills(of.account_id, of.symbol, of.pair_id)
    query: dict[str, Any] = {
        "TableName": ledger_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(#item, :prefix)",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": {":user": {"S": of.user_id}, ":prefix": {"S": prefix}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
        "Limit": _PAGE,
    }
    for page in dynamo.pages(query):
        yield from map(_EXECUTIONS.instance, page)


class Page(NamedTuple):
    """A page of executions, and the place in the index from which the next one goes on."""

    executions: list[RecordedExecution]
    next: str | None


def listed(
    user_id: str,
    account_id: str,
    *,
    low: datetime | None,
    high: datetime | None,
    symbol: str | None,
    newest_first: bool,
    limit: int,
    after: str | None,
) -> Page:
    """Executions of an account by time, from the index, which may lag. `high` is excluded; `after` is where the page
    before ended. Raises Busy.
    """
    first = f"{account_id}|{'' if low is None else instant(low)}"
    last = f"{account_id}|{'~' if high is None else instant(high)}"
    low_key, high_key = (first, after) if newest_first else (after, last)
    query: dict[str, Any] = {
        "TableName": ledger_table(),
        "IndexName": ledger.BY_TIME,
        "KeyConditionExpression": "userId = :user AND #at BETWEEN :low AND :high",
        "FilterExpression": "begins_with(#item, :fill)",
        "ExpressionAttributeNames": {"#at": "at", "#item": "item"},
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":low": {"S": low_key or first},
            ":high": {"S": high_key or last},
            ":fill": {"S": ledger.fills(account_id, symbol).removesuffix("-|") if symbol else ledger.fills(account_id)},
        },
        "ScanIndexForward": not newest_first,
        "Limit": limit + 1,
    }
    found: list[dict[str, Any]] = []
    answer = dynamodb().query(**query)
    found = [item for item in answer["Items"] if item["at"]["S"] != after]
    ended = "LastEvaluatedKey" not in answer
    following = None
    if len(found) > limit:
        found = found[:limit]
        following = found[-1]["at"]["S"]
    elif not ended:
        following = answer["LastEvaluatedKey"]["at"]["S"]
    return Page([_EXECUTIONS.instance(item) for item in found], following)


def write(user_id: str, changes: Sequence[Written], answer: KeptAnswer | None, now: datetime) -> KeptAnswer | None:
    """Write all of it or nothing. Returns the answer kept for the same request, in which case nothing is written.

    Raises StateForbids when it is more than one transaction holds; VersionMismatch when something has changed since it
    was read; KeyReused, AccountErased, Busy.
    """
    actions = [action for change in changes for action in _actions(user_id, change)]
    if len(actions) > MOST_WRITTEN:
        raise StateForbids("Too many trades would change at once: correct the executions after it first.")
    earlier, reasons = ledger.write_once(user_id, actions, answer, now)
    if earlier is None and any(reasons):
        raise VersionMismatch(user_id)
    return earlier


def _actions(user_id: str, change: Written) -> Iterator[TransactWriteItemTypeDef]:
    held = change.position
    key = ledger.position(held.account_id, held.symbol, held.pair_id)
    stored = _POSITIONS.item(replace(held, version=held.version + 1))
    condition: Any = at_version(held.version)
    if held.version == 0:
        condition = {
            "ConditionExpression": "attribute_not_exists(#item)",
            "ExpressionAttributeNames": {"#item": "item"},
        }
    yield ledger.put({**ledger.key(user_id, key), **stored}, **condition)
    kept = {_place(execution) for execution in change.put}
    put_ids = {execution.execution_id for execution in change.put}
    for execution in change.removed:
        if _place(execution) not in kept:
            yield ledger.delete(user_id, _place(execution))
        if execution.execution_id not in put_ids:
            yield ledger.delete(user_id, ledger.ref(execution.execution_id))
    for execution in change.put:
        place = _place(execution)
        by_time = ledger.by_time(execution.account_id, execution.executed_at, execution.execution_id)
        yield ledger.put({**ledger.key(user_id, place), **_EXECUTIONS.item(execution), "at": {"S": by_time}})
        yield ledger.put({**ledger.key(user_id, ledger.ref(execution.execution_id)), "at": {"S": place}})
    for new, old in change.trades:
        yield _put_trade(new, old)
    for trade in change.vanished:
        gone: Any = {
            "TableName": trades_table(),
            "Key": trade_key(user_id, trade.trade_id),
            **at_version(trade.version),
        }
        yield {"Delete": gone}


def _place(execution: RecordedExecution) -> str:
    return ledger.fill(
        execution.account_id,
        execution.symbol,
        execution.pair_id,
        execution.executed_at,
        execution.sequence,
        execution.execution_id,
    )


def _put_trade(new: Trade, old: Trade | None) -> TransactWriteItemTypeDef:
    condition: Any = (
        {"ConditionExpression": "attribute_not_exists(tradeId)"} if old is None else at_version(old.version)
    )
    put: Any = {"TableName": trades_table(), "Item": trade_item(new), **condition}
    return {"Put": put}

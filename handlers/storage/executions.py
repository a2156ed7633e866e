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
from handlers.journal.settings import Settings
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import dynamo, ledger, trading_accounts
from handlers.storage.clients import ledger_table, trades_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import at_version
from handlers.storage.errors import ExecutionNotFound, VersionMismatch
from handlers.storage.trade_items import KeptAnswer, answer_key, answer_of, instant, trade_item, trade_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# What one change may read of a position's history, and write at once: a transaction has 100 actions, of which three are
# the check that the account is not being erased, that of the trading account, and the kept answer.
MOST_READ = 2_000
MOST_WRITTEN = 97
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


class Place(NamedTuple):
    """A position with its account, None if there is none, and the user's settings; and the answer that is kept for an
    idempotency key, if one was asked for.
    """

    position: StoredPosition
    account: TradingAccount | None
    settings: Settings
    answer: KeptAnswer | None = None


def place(user_id: str, wanted: PositionKey, symbol: str, *, answer_for: str | None, now: datetime) -> Place:
    """The position, its account and the settings as they stand now, in one request.

    The position is an empty one, under the symbol as given, if there is none. answer_for: the idempotency key whose
    answer is wanted, too. Raises Busy.
    """
    key = ledger.position(*wanted)
    names = [key, ledger.account(wanted.account_id), ledger.SETTINGS]
    asked = {ledger_table(): [ledger.key(user_id, name) for name in names]}
    if answer_for is not None:
        asked[trades_table()] = [answer_key(user_id, answer_for)]
    found, answer = {}, None
    for table, item in dynamo.batch_get_of_tables(asked, ConsistentRead=True):
        if table == ledger_table():
            found[item["item"]["S"]] = item
        else:
            answer = answer_of(item, str(answer_for), now)
    account, settings = trading_accounts.among(user_id, wanted.account_id, found)
    if key in found:
        return Place(_POSITIONS.instance(found[key]), account, settings, answer)
    empty = StoredPosition(user_id=user_id, account_id=wanted.account_id, symbol=symbol, pair_id=wanted.pair_id)
    return Place(empty, account, settings, answer)


def positions(user_id: str, account_id: str | None = None) -> Iterator[StoredPosition]:
    """All positions of the user, or of an account, flat ones too, as they stand now. Raises Busy."""
    return (_POSITIONS.instance(item) for item in ledger.below(user_id, ledger.positions(account_id)))


def get(user_id: str, execution_id: str) -> RecordedExecution:
    """The execution as it stands now. Raises ExecutionNotFound, Busy."""
    where = ledger.get(user_id, ledger.ref(execution_id))
    found = ledger.get(user_id, where["at"]["S"]) if where else {}
    if not found:
        raise ExecutionNotFound(execution_id)
    return _EXECUTIONS.instance(found)


def execution_of(item: Any) -> RecordedExecution:
    """The execution that the item holds."""
    return _EXECUTIONS.instance(item)


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


def write(
    user_id: str,
    changes: Sequence[Written],
    answer: KeptAnswer | None,
    now: datetime,
    *,
    into: TradingAccount | None = None,
) -> KeptAnswer | None:
    """Write all of it or nothing. Returns the answer kept for the same request, in which case nothing is written.

    into: the account, as it was read, into which new executions come. Raises StateForbids when it is more than one
    transaction holds; VersionMismatch when something has changed since it was read; NoSuchAccount, AccountClosing,
    KeyReused, AccountErased, Busy.
    """
    actions = [action for change in changes for action in _actions(user_id, change)]
    if len(actions) > MOST_WRITTEN:
        raise StateForbids("Too many trades would change at once: correct the executions after it first.")
    if into is not None and into.is_main:  # it is never deleted
        into = None
    if into is not None:
        actions.append(trading_accounts.lies_in(user_id, into.account_id, is_first=not into.in_use))
    earlier, reasons = ledger.write_once(user_id, actions, answer, now)
    if earlier is None and any(reasons):
        if into is not None and reasons[-1].get("Code") == dynamo.CONDITION_FAILED:
            refusal = trading_accounts.refusal(into.account_id, reasons[-1].get("Item"))
            raise refusal or VersionMismatch(user_id)
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

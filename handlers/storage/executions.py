"""Executions and positions in the ledger, and the trades that follow from them.

What a change writes is one transaction: the executions, the positions at the versions that were read, and every trade
that differs. So a position, its executions and its trades agree at every moment, and of two changes of one position
that are made at once one begins again. Where that is too much for one request, the transaction has the executions and
the position alone, which is marked with `dirty_since`: its trades follow behind the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.journal import money
from handlers.journal.executions import CorporateAction, Execution, Instrument, RecordedExecution, symbol_key
from handlers.journal.money import ZERO
from handlers.journal.positions import Side
from handlers.journal.settings import Settings
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import corporate_actions, dynamo, import_edits, kept_answers, ledger, trading_accounts
from handlers.storage.clients import ledger_table, trades_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import absent, at_version, pages
from handlers.storage.errors import Contended, ExecutionNotFound, VersionMismatch
from handlers.storage.import_edits import EditedKind
from handlers.storage.trade_items import KeptAnswer, answer_key, answer_of, external_key, instant, trade_item, trade_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# What one change may read of a position's history, and write at once: a transaction has 100 actions, of which three are
# the check that the account is not being erased, that of the trading account, and the kept answer.
MOST_READ = 2_000
MOST_WRITTEN = 97
# What the sort keys of executions begin with.
_FILLS = "fill|"
# What the items that say where something lies begin with, and how many are read at once.
_REFS, _PAGE_OF_ITEMS = "ref|", 100
# So many of them are held at once, where only the first is looked for.
_REFS_AT_ONCE = 1_000
# The first page holds what most open positions have.
_PAGE = 50
# As many items as fit into the megabyte of a page, and more.
_LARGEST_PAGE = 10_000
# What a marked position remembers of deleted executions.
_MOST_GONE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPosition:
    """A position as it stands: what is open, its trade, and what its symbol stands for. Version 0 is not stored yet.

    `executions` are about as many as there were since it was flat last. `dirty_since` is the oldest instant from which
    on its trades do not follow from its executions yet, and None when they all do; `dirty_version` is its version when
    it was marked last, and `gone` are the trades of executions that were deleted since.

    `actions` are the corporate actions of its symbol and account; of a new position, `actions_version` says which they
    are. `former_actions` are those that were taken back since it was settled. `is_stale` when the actions have changed
    since: then what is open is not what it says.

    A marked position without `dirty_version` is held back: more executions of an import are to come before it is
    settled, so that no trade is ever made of the half of them.
    """

    user_id: str
    account_id: str
    symbol: str
    pair_id: str | None = None
    version: int = 0
    open_quantity: Decimal = ZERO
    side: Side | None = None
    trade_id: str | None = None
    instrument: Instrument = field(default_factory=Instrument)
    executions: int = 0
    dirty_since: datetime | None = None
    dirty_version: int | None = None
    gone: tuple[str, ...] = ()
    actions: tuple[CorporateAction, ...] = ()
    actions_version: int = 0
    former_actions: tuple[CorporateAction, ...] = ()
    is_stale: bool | None = None

    def is_settled(self, execution: RecordedExecution) -> bool:
        """Whether the trades follow from that execution already."""
        return self.dirty_since is None or execution.executed_at < self.dirty_since

    def marked(self, change: Decimal, *moments: datetime, gone: Sequence[str] = ()) -> StoredPosition:
        """The position with that much more open (less, below 0), marked from the earliest of the moments on.

        Raises Contended when it cannot remember the trades of more deleted executions.
        """
        held = money.total((self.signed, change))
        remembered = tuple(dict.fromkeys((*self.gone, *gone)))
        if len(remembered) > _MOST_GONE:
            raise Contended
        side = None
        if held != ZERO:
            side = Side.BUY if held > ZERO else Side.SELL
        return replace(
            self,
            open_quantity=held.copy_abs(),
            side=side,
            trade_id=self.trade_id if side is not None else None,
            dirty_since=min(one for one in (*moments, self.dirty_since) if one is not None),
            dirty_version=self.version + 1,
            gone=remembered,
        )

    def held_back(self) -> StoredPosition:
        """The marked position, which nobody settles before it is released."""
        return replace(self, dirty_version=None)

    def released(self) -> StoredPosition:
        """The position that was held back, as it is when the settler is to hear of it."""
        return replace(self, dirty_version=self.version + 1)

    @property
    def signed(self) -> Decimal:
        """What is open: above 0 for a long position, below for a short one."""
        return self.open_quantity if self.side is Side.BUY else self.open_quantity.copy_negate()


class PositionKey(NamedTuple):
    """Names a position of a user."""

    account_id: str
    symbol: str
    pair_id: str | None


class TooMuchAtOnce(Exception):
    """Raised when a change is more than one transaction holds."""


class PositionWrite(NamedTuple):
    """All that a change of one position writes. `is_gone` when the position is deleted, `is_counted` when the same
    transaction changes the count of its symbol's actions. `new` are the ids that no execution may have yet; of others,
    it is known.
    """

    position: StoredPosition
    put: Sequence[RecordedExecution]
    removed: Sequence[RecordedExecution]
    trades: Sequence[tuple[Trade, Trade | None]]
    vanished: Sequence[Trade]
    is_gone: bool = False
    is_counted: bool = False
    new: frozenset[str] = frozenset()


_EXECUTIONS = Codec(RecordedExecution, maps=("instrument",))
_POSITIONS = Codec(StoredPosition, maps=("instrument",))


def position_key(of: Execution | StoredPosition) -> PositionKey:
    """What names the position, or that of the execution; the case of its symbol does not count."""
    return PositionKey(of.account_id, symbol_key(of.symbol), of.pair_id)


class PositionInAccount(NamedTuple):
    """A position with its account, None if there is none, and the user's settings; and the answer that is kept for an
    idempotency key, if one was asked for.
    """

    position: StoredPosition
    account: TradingAccount | None
    settings: Settings
    answer: KeptAnswer | None = None


def place(
    user_id: str, wanted: PositionKey, symbol: str, *, answer_for: str | None, now: datetime
) -> PositionInAccount:
    """The position, its account and the settings as they stand now, in one request.

    The position is an empty one, under the symbol as given, if there is none. answer_for: the idempotency key whose
    answer is wanted, too. Raises Busy.
    """
    asked = {ledger_table(): _keys_of_places(user_id, wanted.account_id, {wanted: symbol})}
    if answer_for is not None:
        asked[trades_table()] = [answer_key(user_id, answer_for)]
    found, answer = {}, None
    for table, item in dynamo.batch_get_of_tables(asked, ConsistentRead=True):
        if table == ledger_table():
            found[item["item"]["S"]] = item
        else:
            answer = answer_of(item, str(answer_for), now)
    return _place_among(user_id, wanted, symbol, found)._replace(answer=answer)


def places(user_id: str, account_id: str, wanted: Mapping[PositionKey, str]) -> dict[PositionKey, PositionInAccount]:
    """Positions of one account by what names them, as `place` has each of them, in as few requests as they take.

    wanted: what names each position, and its symbol as given. Raises Busy.
    """
    asked = {ledger_table(): _keys_of_places(user_id, account_id, wanted)}
    found = {item["item"]["S"]: item for _, item in dynamo.batch_get_of_tables(asked, ConsistentRead=True)}
    return {key: _place_among(user_id, key, symbol, found) for key, symbol in wanted.items()}


def _keys_of_places(user_id: str, account_id: str, wanted: Mapping[PositionKey, str]) -> list[ledger.Item]:
    """The keys of an account, the settings, and positions with the counts of their symbols' actions."""
    names = [ledger.account(account_id), ledger.SETTINGS, *(ledger.position(*key) for key in wanted)]
    names += {ledger.actions_count(symbol): None for symbol in wanted.values()}
    return [ledger.key(user_id, name) for name in names]


def _place_among(user_id: str, wanted: PositionKey, symbol: str, found: Mapping[str, Any]) -> PositionInAccount:
    """The position with its account and the settings, of what was found of their keys."""
    account, settings = trading_accounts.among(user_id, wanted.account_id, found)
    if (held := found.get(ledger.position(*wanted))) is not None:
        return PositionInAccount(_POSITIONS.instance(held), account, settings)
    counted = corporate_actions.count_of(found.get(ledger.actions_count(symbol)))
    empty = StoredPosition(
        user_id=user_id,
        account_id=wanted.account_id,
        symbol=symbol,
        pair_id=wanted.pair_id,
        actions=corporate_actions.of_position(user_id, wanted.account_id, symbol, counted),
        actions_version=counted.version,
    )
    return PositionInAccount(empty, account, settings)


def marked_position(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, PositionKey, int] | None:
    """The position that a change of an item has marked: its user, what names it, and its version then."""
    version = after.get("dirtyVersion")
    if version is None or version == before.get("dirtyVersion"):
        return None
    found = _POSITIONS.instance(after)
    return found.user_id, position_key(found), int(version["N"])


def positions(user_id: str, account_id: str | None = None) -> Iterator[StoredPosition]:
    """All positions of the user, or of an account, flat ones too, as they stand now. Raises Busy."""
    return (_POSITIONS.instance(item) for item in ledger.below(user_id, ledger.positions(account_id)))


def several_positions(user_id: str, keys: Sequence[PositionKey]) -> dict[PositionKey, StoredPosition]:
    """Those of the positions that are stored, as they stand now. Raises Busy."""
    found = ledger.several(user_id, [ledger.position(*key) for key in keys])
    return {position_key(held): held for held in map(_POSITIONS.instance, found.values())}


def places_of(user_id: str, execution_ids: Sequence[str]) -> dict[str, str]:
    """Where the things of these ids lie now, by id: the sort keys of those that are stored. Raises Busy."""
    keys = [ledger.key(user_id, ledger.ref(execution_id)) for execution_id in execution_ids]
    found = dynamo.batch_get(ledger_table(), keys, ConsistentRead=True)
    return {item["item"]["S"].removeprefix(_REFS): item["at"]["S"] for item in found}


def ids_of_import(user_id: str, places: Iterable[str], import_id: str) -> set[str]:
    """The ids of the executions at these places, as `places_of` finds them, that came with the import. Raises Busy."""
    found = dynamo.batch_get(
        ledger_table(),
        [ledger.key(user_id, place) for place in places if place.startswith(_FILLS)],
        ConsistentRead=True,
        ProjectionExpression="#item, importId",
        ExpressionAttributeNames={"#item": "item"},
    )
    return {item["item"]["S"].rpartition("|")[2] for item in found if item.get("importId") == {"S": import_id}}


def several(user_id: str, execution_ids: Sequence[str]) -> dict[str, RecordedExecution]:
    """The executions of these ids that are stored, as they stand now, by id. Raises Busy."""
    places = [place for place in places_of(user_id, execution_ids).values() if place.startswith(_FILLS)]
    found = map(execution_of, ledger.several(user_id, places).values())
    return {one.execution_id: one for one in found}


def first_of(user_id: str, of: PositionKey, execution_ids: Sequence[str]) -> tuple[datetime, int, str] | None:
    """Instant, sequence and id of the first of these executions that is in the position now; None if none is. Raises
    Busy.
    """
    of_position = ledger.fills(*of)
    first = None
    for begin in range(0, len(execution_ids), _REFS_AT_ONCE):
        places = places_of(user_id, execution_ids[begin : begin + _REFS_AT_ONCE]).values()
        own = (place for place in (first, *places) if place is not None and place.startswith(of_position))
        first = min(own, default=None)
    if first is None:
        return None
    at, sequence, execution_id = first.removeprefix(of_position).split("|")
    return datetime.fromisoformat(at), int(sequence), execution_id


def get(user_id: str, execution_id: str) -> RecordedExecution:
    """The execution as it stands now. Raises ExecutionNotFound, Busy."""
    where = ledger.get(user_id, ledger.ref(execution_id))
    place = where["at"]["S"] if where else ""
    found = ledger.get(user_id, place) if place.startswith(_FILLS) else {}
    if not found:
        raise ExecutionNotFound(execution_id)
    return _EXECUTIONS.instance(found)


def get_with_position(user_id: str, execution_id: str) -> tuple[RecordedExecution, StoredPosition]:
    """The execution and its position as they stand now. Raises ExecutionNotFound, Busy."""
    where = ledger.get(user_id, ledger.ref(execution_id))
    place = where["at"]["S"] if where else ""
    if not place.startswith(_FILLS):
        raise ExecutionNotFound(execution_id)
    of_position = ledger.position_of_fill(place)
    found = ledger.several(user_id, [place, of_position])
    if place not in found:
        raise ExecutionNotFound(execution_id)
    return _EXECUTIONS.instance(found[place]), _POSITIONS.instance(found[of_position])


def position_of(user_id: str, account_id: str, symbol: str, trade_id: str) -> StoredPosition | None:
    """The position that is open by this trade, as it stands now; None if there is none. Raises Busy."""
    prefix = ledger.position(account_id, symbol).removesuffix("-")
    found = map(_POSITIONS.instance, ledger.below(user_id, prefix))
    return next((position for position in found if position.trade_id == trade_id and position.open_quantity), None)


def execution_of(item: Any) -> RecordedExecution:
    """The execution that the item holds."""
    return _EXECUTIONS.instance(item)


def every(user_id: str) -> Iterator[RecordedExecution]:
    """All executions of the user, position by position in their order, as they stand now. Raises Busy."""
    return (_EXECUTIONS.instance(item) for item in ledger.below(user_id, _FILLS))


def by_id(user_id: str) -> Iterator[RecordedExecution]:
    """All executions of the user in the order of their ids, as they stand now, a hundred in memory. Raises Busy."""
    places = (item["at"]["S"] for item in ledger.below(user_id, _REFS))
    fills = (place for place in places if place.startswith(_FILLS))
    while some := list(islice(fills, _PAGE_OF_ITEMS)):
        found = ledger.several(user_id, some)
        yield from (_EXECUTIONS.instance(found[place]) for place in some if place in found)


def since_flat(
    of: StoredPosition, before: tuple[datetime, int, str] | None, most: int | None = None
) -> list[RecordedExecution] | None:
    """The executions of a position since it was last flat before `before`, or before its mark if that is earlier, in
    their order. None when they are more than `most`; no more than these are read.

    before: instant, sequence and id of an execution. Raises Busy.
    """
    places = [] if before is None else [(instant(before[0]), before[1], before[2])]
    if of.dirty_since is not None:
        places.append((instant(of.dirty_since), -1, ""))
    place = min(places)
    found: list[RecordedExecution] = []
    # None: the open quantity cannot be traced back across a corporate action. Only the executions' trades tell then.
    held: Decimal | None = of.signed
    actions = sorted(action.effective_at for action in of.actions)
    if of.is_stale or (of.dirty_since is not None and actions and actions[-1] >= of.dirty_since):
        held = None
    trades: set[str] = set()
    for execution in _newest_first(of):
        own = (instant(execution.executed_at), execution.sequence, execution.execution_id)
        while actions and actions[-1] > execution.executed_at:
            held = None
            actions.pop()
        if own < place and (held == ZERO or (held is None and trades and trades.isdisjoint(execution.trade_ids))):
            break
        if most is not None and len(found) >= most:
            return None
        found.append(execution)
        if own < place:
            trades.update(execution.trade_ids)
        held = None if held is None else money.minus(held, moved(execution))
    found.reverse()
    return found


def made_at(user_id: str, of: PositionKey, at: datetime) -> Iterator[RecordedExecution]:
    """The executions of a position at that instant, in their order, as they stand now. Raises Busy."""
    return map(execution_of, ledger.below(user_id, f"{ledger.fills(*of)}{instant(at)}|"))


def last_until(of: StoredPosition, at: datetime | None = None) -> RecordedExecution | None:
    """The last execution of the position, up to the instant, included, if there is one. Raises Busy."""
    prefix = ledger.fills(of.account_id, of.symbol, of.pair_id)
    high = f"{prefix}~" if at is None else f"{prefix}{instant(at)}|~"
    found = ledger.between(of.user_id, prefix, high, newest_first=True, limit=1)
    return next(map(_EXECUTIONS.instance, found), None)


def moved(execution: RecordedExecution) -> Decimal:
    """What the execution adds to what is open, long above 0."""
    return execution.quantity if execution.side is Side.BUY else execution.quantity.copy_negate()


def all_of(of: StoredPosition, most: int | None = None) -> list[RecordedExecution] | None:
    """All executions of a position, in their order; None when they are more than `most`. Raises Busy."""
    found: list[RecordedExecution] = []
    for execution in _newest_first(of) if of.version else ():
        if most is not None and len(found) >= most:
            return None
        found.append(execution)
    found.reverse()
    return found


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
    shared: dict[Any, Any] = {}
    # Most need the first page alone. No page has more than a megabyte, and DynamoDB takes no limit beyond 32 bits.
    for page in pages(query, next_limit=lambda limit: min(2 * limit, _LARGEST_PAGE)):
        for item in page.items:
            yield sharing(_EXECUTIONS.instance(item), shared)


def sharing(execution: RecordedExecution, shared: dict[Any, Any]) -> RecordedExecution:
    """The execution, with the values that others have too: so 100 000 of a position take half of the memory.

    shared: the values so far, to which new ones are added.
    """
    for name in _SHARED:
        held = getattr(execution, name)
        object.__setattr__(execution, name, shared.setdefault((name, held), held))
    return execution


_SHARED = (
    "user_id",
    "account_id",
    "symbol",
    "instrument",
    "quantity",
    "commission",
    "fees",
    "trade_ids",
    "order_id",
    "created_at",
    "updated_at",
)


def alone(position: StoredPosition) -> PositionWrite:
    """The write of a position without anything else."""
    return PositionWrite(position=position, put=(), removed=(), trades=(), vanished=())


def write(
    user_id: str,
    changes: Sequence[PositionWrite],
    answer: KeptAnswer | None,
    now: datetime,
    *,
    into: TradingAccount | None = None,
    others: Sequence[KeptAnswer] = (),
    also: Sequence[TransactWriteItemTypeDef] = (),
) -> KeptAnswer | None:
    """Write all of it, and `also`, or nothing. Returns the answer kept for the same request, in which case nothing is
    written; with `others` that are to be kept, too, one that is kept already is a VersionMismatch.

    into: the account, as it was read, into which new executions come. Raises TooMuchAtOnce when it is more than one
    transaction holds; VersionMismatch when something has changed since it was read; NoSuchAccount, AccountClosing,
    KeyReused, AccountErased, Busy.
    """
    actions = [*also, *(action for change in changes for action in _actions(user_id, change))]
    actions += _actions_are_counted(user_id, changes)
    actions += [kept_answers.keep(user_id, other, now) for other in others]
    if len(actions) > MOST_WRITTEN:
        raise TooMuchAtOnce
    if into is not None and into.is_main:  # it is never deleted
        into = None
    if into is not None:
        actions.append(trading_accounts.lies_in(user_id, into.account_id, is_first=not into.in_use))
    earlier, reasons = ledger.write_once(user_id, actions, answer, now)
    if earlier is not None and others:
        raise VersionMismatch(user_id)
    if earlier is None and any(reasons):
        if into is not None and reasons[-1].get("Code") == dynamo.CONDITION_FAILED:
            refusal = trading_accounts.refusal(into.account_id, reasons[-1].get("Item"))
            raise refusal or VersionMismatch(user_id)
        raise VersionMismatch(user_id)
    return earlier


def _actions_are_counted(user_id: str, changes: Sequence[PositionWrite]) -> Iterator[TransactWriteItemTypeDef]:
    """The checks that new positions have all corporate actions of their symbols. Several may be of one symbol, and a
    transaction checks an item once. Raises VersionMismatch when two of them have others.
    """
    versions: dict[str, int] = {}
    for position, is_counted in ((change.position, change.is_counted) for change in changes):
        if position.version == 0 and not is_counted:
            symbol = ledger.folded(position.symbol)
            if versions.setdefault(symbol, position.actions_version) != position.actions_version:
                raise VersionMismatch(symbol)
    for symbol, version in versions.items():
        yield corporate_actions.unchanged(user_id, symbol, version)


def _actions(user_id: str, change: PositionWrite) -> Iterator[TransactWriteItemTypeDef]:
    if change.is_gone:
        key = ledger.position(change.position.account_id, change.position.symbol, change.position.pair_id)
        yield ledger.delete(user_id, key, **at_version(change.position.version))
    else:
        yield put_position(change.position)
    kept = {_place(execution) for execution in change.put}
    put_ids = {execution.execution_id for execution in change.put}
    versions = {}
    for execution in change.removed:
        item, *others = delete_execution(execution)
        if _place(execution) not in kept:
            yield item
        if execution.execution_id not in put_ids:
            yield from others
        versions[execution.execution_id] = execution.version
    for execution in change.put:
        if execution.import_id is not None and execution.version > versions.get(execution.execution_id, 1):
            edited = EditedKind.EXECUTION, execution.execution_id, execution.updated_at
            yield import_edits.mark(user_id, execution.import_id, *edited)
        yield put_execution(execution)
        yield put_ref(execution, is_new=execution.execution_id in change.new)
    for new, old in change.trades:
        yield put_trade(new, old)
    for trade in change.vanished:
        yield from delete_trade(trade)


def write_in_parts(
    user_id: str,
    positions: Sequence[tuple[StoredPosition, StoredPosition]],
    units: Iterable[Sequence[TransactWriteItemTypeDef]],
) -> None:
    """Write the units in their order, each of them whole or not at all, and then the positions as they are settled.

    positions: each as it was read, and as it is settled. Each part is written on the condition that nobody else has
    changed one of them, and raises their versions, so that nobody writes what was worked out before. Raises
    VersionMismatch when somebody has; AccountErased, Busy.
    """
    held = [was for was, _ in positions]
    for part, is_last in in_parts(units, MOST_WRITTEN - len(held)):
        if is_last:
            held = [replace(each, version=was.version) for was, (_, each) in zip(held, positions, strict=True)]
        held = _write_part(user_id, held, part)


def in_parts(
    units: Iterable[Sequence[TransactWriteItemTypeDef]], most: int
) -> Iterator[tuple[list[TransactWriteItemTypeDef], bool]]:
    """The writes of the units, in their order, as many together as `most` allows, and whether they are the last ones.

    There is one part at least, which is empty without units.
    """
    part: list[TransactWriteItemTypeDef] = []
    for unit in units:
        if len(part) + len(unit) > most:
            yield part, False
            part = []
        part.extend(unit)
    yield part, True


def _write_part(
    user_id: str, held: Sequence[StoredPosition], part: Sequence[TransactWriteItemTypeDef]
) -> list[StoredPosition]:
    if any(ledger.write(user_id, [*map(put_position, held), *part], retry_conflicts=True)):
        raise VersionMismatch(user_id)
    return [replace(each, version=each.version + 1) for each in held]


def release(held: StoredPosition) -> None:
    """Let the settler hear of a position that was held back, unless it has changed since it was read.

    Raises AccountErased, Busy.
    """
    ledger.write(held.user_id, [put_position(held.released())])


def put_position(held: StoredPosition) -> TransactWriteItemTypeDef:
    """The write of a position that was read at its version."""
    return ledger.put(position_item(replace(held, version=held.version + 1)), **at_version(held.version))


def position_item(held: StoredPosition) -> ledger.Item:
    """The position as an item of the ledger."""
    key = ledger.position(held.account_id, held.symbol, held.pair_id)
    return {**ledger.key(held.user_id, key), **_POSITIONS.item(held)}


def delete_position(held: StoredPosition) -> None:
    """Delete a position at its version. Raises VersionMismatch, AccountErased, Busy."""
    key = ledger.position(held.account_id, held.symbol, held.pair_id)
    if any(ledger.write(held.user_id, [ledger.delete(held.user_id, key, **at_version(held.version))])):
        raise VersionMismatch(key)


def put_execution(execution: RecordedExecution) -> TransactWriteItemTypeDef:
    """The write of an execution, on the condition of its position."""
    return ledger.put(execution_item(execution))


def execution_item(execution: RecordedExecution) -> ledger.Item:
    """The execution as an item of the ledger."""
    by_time = ledger.by_time(execution.account_id, execution.executed_at, execution.execution_id)
    key = ledger.key(execution.user_id, _place(execution))
    return {**key, **_EXECUTIONS.item(execution), "at": {"S": by_time}}


def put_ref(execution: RecordedExecution, *, is_new: bool = False) -> TransactWriteItemTypeDef:
    """The write of what says where the execution lies; with `is_new`, on the condition that nothing has its id."""
    item = ref_item(execution)
    return ledger.put_new(item) if is_new else ledger.put(item)


def ref_item(execution: RecordedExecution) -> ledger.Item:
    """The item that says where the execution lies."""
    key = ledger.key(execution.user_id, ledger.ref(execution.execution_id))
    return {**key, "at": {"S": _place(execution)}}


def delete_execution(execution: RecordedExecution) -> Iterator[TransactWriteItemTypeDef]:
    """The deletions of an execution that is still at its version, and of what says where it lies and that it was
    edited, if it was.
    """
    user_id = execution.user_id
    yield ledger.delete(user_id, _place(execution), **at_version(execution.version))
    yield ledger.delete(user_id, ledger.ref(execution.execution_id))
    if execution.import_id is not None and execution.version > 1:
        yield import_edits.unmark(user_id, execution.import_id, EditedKind.EXECUTION, execution.execution_id)


def _place(execution: RecordedExecution) -> str:
    return ledger.fill(
        execution.account_id,
        execution.symbol,
        execution.pair_id,
        execution.executed_at,
        execution.sequence,
        execution.execution_id,
    )


def put_trade(new: Trade, old: Trade | None) -> TransactWriteItemTypeDef:
    """The write of a trade in place of the one that was read, which has to be stored still."""
    condition = absent("tradeId") if old is None else at_version(old.version)
    put: Any = {"TableName": trades_table(), "Item": trade_item(new), **condition}
    return {"Put": put}


def delete_trade(trade: Trade) -> Iterator[TransactWriteItemTypeDef]:
    """The deletion of a trade that was read and is still at its version, and what frees its external id."""
    gone: Any = {
        "TableName": trades_table(),
        "Key": trade_key(trade.user_id, trade.trade_id),
        **at_version(trade.version),
    }
    yield {"Delete": gone}
    if trade.external_id is not None:  # one that was recorded by hand once
        yield {"Delete": {"TableName": trades_table(), "Key": external_key(trade.user_id, trade.external_id)}}

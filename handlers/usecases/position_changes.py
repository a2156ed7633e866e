"""The changes that a request makes to positions, computed and written together.

A change reads the position and its executions since it was last flat, derives its trades from them, and writes all of
it in one transaction on the condition that nothing has changed meanwhile. If that is too much for a request, it writes
the executions and marks the position, and settling.py updates the trades after the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import uuid4

from handlers.journal import money
from handlers.journal.errors import FieldError, PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import (
    COMES_IN,
    DIFFERS_FROM_INSTRUMENT,
    MAKES_SHARES,
    WORTHLESS,
    Execution,
    ExecutionKind,
    ExecutionSource,
    Instrument,
    RecordedExecution,
    in_order,
    side_and_quantity,
    symbol_key,
)
from handlers.journal.money import ZERO
from handlers.journal.positions import Position, Side
from handlers.journal.regrouping import ANY, groups_of, open_after
from handlers.journal.tags import unique
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import executions as storage
from handlers.storage import kept_answers
from handlers.storage import trades as trade_storage
from handlers.storage.executions import (
    MOST_READ,
    PositionInAccount,
    PositionKey,
    PositionWrite,
    StoredPosition,
    TooMuchAtOnce,
)
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases import settling
from handlers.usecases.keyed import KeyedRequest

# Returns what was recorded, by the ids of executions; those that are gone are left out.
_Shown = Callable[[Sequence[str]], dict[str, "Recorded"]]

# Higher than every sequence.
_LAST = 10**9


class Recorded(NamedTuple):
    """An execution that was recorded or changed, and the trades that it is then a part of.

    If it is not `settled`, the trades are derived after the answer, and `trades` is empty.
    """

    execution: RecordedExecution
    trades: tuple[Trade, ...]
    settled: bool = True


@dataclass(slots=True)
class _Open:
    """A position that is being changed: as it was read, and as it will be.

    `is_large` if it has more executions since it was flat than a request reads: then `before` is empty, `after` has
    only the executions in `put`, `running` is the position after these, and `newest` its newest execution. `removed`
    has executions as they were, `put` as they will be.
    """

    held: StoredPosition
    before: list[RecordedExecution]
    after: list[RecordedExecution]
    is_large: bool = False
    running: StoredPosition | None = None
    newest: RecordedExecution | None = None
    removed: list[RecordedExecution] = field(default_factory=list)
    put: list[RecordedExecution] = field(default_factory=list)
    linked: tuple[PositionKey, ...] = ()


class PositionChanges:
    """The changes of one request. Positions are read when they are needed, and written together."""

    def __init__(self, user: str, now: datetime) -> None:
        self.is_settled = True
        self._user = user
        self._now = now
        self._open: dict[PositionKey, _Open] = {}
        self._places: dict[PositionKey, PositionInAccount] = {}

    def in_account(
        self, execution: Execution, keyed: KeyedRequest[Recorded] | None, *, named: bool
    ) -> tuple[Execution, TradingAccount | None, KeptAnswer | None]:
        """The execution in its account, the default one unless it is named; the account, None if there is none; and the
        answer that is kept for the same request. Raises KeyReused.
        """
        key = storage.position_key(execution)
        place = self._place(key, execution.symbol, None if keyed is None else keyed.key)
        kept = None if keyed is None else kept_answers.of_the_same_request(place.answer, keyed.fingerprint)
        default = place.settings.default_account_id
        if not named and default != key.account_id and kept is None:
            execution = replace(execution, account_id=default)
            place = self._place(key._replace(account_id=default), execution.symbol)
        return execution, place.account, kept

    def with_its_instrument(self, execution: Execution) -> Execution:
        """The execution in the instrument of its position, if there is one."""
        key = storage.position_key(execution)
        held = self._read(key, execution.symbol, (execution.executed_at, _LAST, "")).held
        return replace(execution, instrument=held.instrument) if held.version else execution

    def add(
        self,
        execution: Execution,
        *,
        names_instrument: bool,
        source: ExecutionSource = ExecutionSource.API,
        opens: str | None = None,
        with_dust: bool = True,
    ) -> RecordedExecution:
        """Add a new execution; a missing side, quantity or price follows from what is open.

        opens: the id of the trade that it opens, if it opens one; None for a new id. with_dust: whether a rest that is
        dust to the account is closed with it.
        """
        place = (execution.executed_at, _LAST, "")
        recorded = recorded_of(self._user, execution, self._now)
        if opens is not None:
            recorded = replace(recorded, opens=opens)
        position = self._read(storage.position_key(recorded), recorded.symbol, place)
        held = position.held
        if held.version and names_instrument:
            _check_instrument(execution.instrument, held)
        if position.is_large:
            complete = self._added_to_large(position, execution, recorded)
        else:
            at_once = [one.sequence for one in position.after if one.executed_at == execution.executed_at]
            sequence = max(at_once, default=-1) + 1
            complete = replace(recorded, sequence=sequence, **_resolved(execution, self._together(position), held))
        if held.version == 0:
            instrument = execution.instrument
            if instrument.currency is None:
                instrument = replace(instrument, currency=self._currency(storage.position_key(recorded)))
            held = position.held = replace(held, instrument=instrument)
        complete = replace(complete, instrument=held.instrument, source=source)
        position.after = in_order([*position.after, complete])
        position.put.append(complete)
        if with_dust and (dust := self._dust(position, complete)) is not None:
            self.add(dust, names_instrument=False, source=source)
        return complete

    def _together(self, position: _Open) -> list[_Open]:
        """The position with those that it is linked with."""
        return [self._open[key] for key in position.linked] or [position]

    def _dust(self, position: _Open, exit_: RecordedExecution) -> Execution | None:
        """The fill that closes the rest of the newest exit, if that is worth less than the account's dust value.

        It has the exit's price, so it makes no artificial loss.
        """
        account = self._places[storage.position_key(exit_)].account
        if account is None or not account.dust_value or position.is_large or position.linked:
            return None
        if position.after[-1] is not exit_:
            return None
        group = groups_of(position.after, ANY, position.held.actions)[-1]
        worth = money.product(group.open_quantity, exit_.price, exit_.instrument.multiplier).copy_abs()
        if group.side is exit_.side or not group.open_quantity or worth >= account.dust_value:
            return None
        return Execution(
            execution_id=str(uuid4()),
            account_id=exit_.account_id,
            symbol=exit_.symbol,
            instrument=exit_.instrument,
            pair_id=exit_.pair_id,
            kind=ExecutionKind.DUST,
            side=exit_.side,
            quantity=group.open_quantity,
            price=exit_.price,
            executed_at=exit_.executed_at,
            linked_to=exit_.execution_id,
        )

    def _added_to_large(self, position: _Open, execution: Execution, recorded: RecordedExecution) -> RecordedExecution:
        """The execution as far as it is known without the position's executions; mostly it is the newest one."""
        held = position.running or position.held
        if position.newest is None:
            position.newest = storage.last_until(held)
        newest = position.newest
        is_newest = newest is None or newest.executed_at <= execution.executed_at
        before = newest if is_newest else storage.last_until(held, execution.executed_at)
        at_once = [
            one.sequence
            for one in (before, *position.put)
            if one is not None and one.executed_at == execution.executed_at
        ]
        recorded = replace(recorded, sequence=max(at_once, default=-1) + 1)
        if held.is_stale or any(action.effective_at > execution.executed_at for action in held.actions):
            is_newest = False  # what is open is not what was open then
        if execution.price is None and execution.kind not in WORTHLESS | COMES_IN:
            raise StateForbids("The position has too many executions to compute the cost of what leaves: give a price.")
        side, quantity = execution.side, execution.quantity
        if is_newest:
            side, quantity = side_and_quantity(execution, held.side, held.open_quantity)
        if side is None or quantity is None:
            raise StateForbids("Too many executions of the position come after it: give its side and quantity.")
        price = ZERO if execution.kind in WORTHLESS else execution.price or ZERO
        recorded = replace(recorded, side=side, quantity=quantity, price=price)
        after = held.marked(storage.moved(recorded), recorded.executed_at)
        if is_newest:
            # What is open names the trades of the newest execution, as the settler will.
            trade_ids: tuple[str, ...] = (held.trade_id or recorded.opens,)
            if held.trade_id is not None and side is not held.side and quantity > held.open_quantity:
                trade_ids = (held.trade_id, recorded.opens)
            recorded = replace(recorded, trade_ids=trade_ids)
            after = replace(after, trade_id=None if after.side is None else trade_ids[-1])
            position.newest = recorded
        position.running = after
        return recorded

    def change(self, old: RecordedExecution, new: RecordedExecution | None) -> None:
        """Replace an execution by `new`; remove it if that is None."""
        places = [(one.executed_at, one.sequence, one.execution_id) for one in (old, new) if one is not None]
        position = self._read(storage.position_key(old), old.symbol, min(places))
        others = [one for one in position.after if one.execution_id != old.execution_id]
        position.after = others if new is None else in_order([*others, new])
        position.removed.append(old)
        if new is not None:
            position.put.append(new)

    def made_with(self, execution: RecordedExecution) -> list[RecordedExecution]:
        """The fills that were recorded with an execution: the dust that it left, the shares that an option became."""
        symbols = {storage.position_key(execution): execution.symbol}
        underlying = execution.instrument.underlying
        if execution.kind in MAKES_SHARES and underlying is not None:
            symbols[PositionKey(execution.account_id, symbol_key(underlying), None)] = underlying
        found: list[RecordedExecution] = []
        for key, symbol in symbols.items():
            # The position first: then what is read of it is deleted on the condition that it has not changed since.
            self._read(key, symbol, (execution.executed_at, -1, ""))
            found += storage.made_at(self._user, key, execution.executed_at)
        return [one for one in found if one.linked_to == execution.execution_id]

    def open(self, first: Execution, moments: Sequence[datetime]) -> None:
        """Read the position of an execution, as far back as executions at these instants need it."""
        self._read(storage.position_key(first), first.symbol, (min(moments), _LAST, ""))

    def write(
        self,
        execution_id: str,
        keyed: KeyedRequest[Recorded] | None = None,
        into: TradingAccount | None = None,
        check: Callable[[Recorded | None], None] = lambda _: None,
    ) -> tuple[Recorded | None, KeptAnswer | None]:
        """Write the changes as `write_all` does, for a single execution.

        check: called with what is about to be written; raises to refuse it.
        """
        [recorded], earlier = self.write_all(
            [(execution_id, keyed)], into, lambda shown: check(shown.get(execution_id))
        )
        return recorded, earlier

    def write_all(
        self,
        wanted: Sequence[tuple[str, KeyedRequest[Recorded] | None]],
        into: TradingAccount | None = None,
        check: Callable[[dict[str, Recorded]], None] = lambda _: None,
    ) -> tuple[list[Recorded | None], KeptAnswer | None]:
        """Write the changes with the trades that follow; for a position where that is too much, the executions alone.

        wanted: ids of executions, with the requests whose answers are kept. into: the account of new executions, as it
        was read. Returns these executions with their trades, None for a deleted one; and, for a single one, the answer
        that the same request got earlier, in which case nothing is written.
        """
        while True:
            written: list[PositionWrite] = []
            shown: dict[str, Recorded] = {}
            for keys in dict.fromkeys(position.linked or (key,) for key, position in self._open.items()):
                some, executions = self._written(keys)
                written += some
                shown |= executions([id_ for id_, _ in wanted])
                self.is_settled &= all(one.position.dirty_since is None for one in some)
            check(shown)
            answers = [keyed.answer(shown[id_]) for id_, keyed in wanted if keyed is not None and id_ in shown]
            try:
                earlier = storage.write(
                    self._user, written, next(iter(answers), None), self._now, into=into, others=answers[1:]
                )
            except TooMuchAtOnce:
                if len(wanted) > 1:  # alone, they may be settled at once
                    raise
                for position in self._open.values():
                    position.is_large = True
            else:
                return [shown.get(id_) for id_, _ in wanted], earlier

    def _written(self, keys: Sequence[PositionKey]) -> tuple[list[PositionWrite], _Shown]:
        """The writes for a position, or for several that are linked."""
        if not any(self._open[key].is_large for key in keys):
            return self._settled(keys)
        marked = [self._marked(self._open[key]) for key in keys]

        def shown(ids: Sequence[str]) -> dict[str, Recorded]:
            return {id_: one for _, of_one in marked for id_, one in of_one(ids).items()}

        return [one for one, _ in marked if one.put or one.removed], shown

    def _settled(self, keys: Sequence[PositionKey]) -> tuple[list[PositionWrite], _Shown]:
        """The writes for these positions with the trades that follow from their executions."""
        positions = [self._open[key] for key in keys]
        parts = [
            settling.PositionToSettle(self._places[key], one.held, one.before, one.after, one.held.actions)
            for key, one in zip(keys, positions, strict=True)
        ]
        outcome = settling.settled(parts, self._now)
        by_id = {one.execution_id: one for executions in outcome.executions for one in executions}

        def shown(ids: Sequence[str]) -> dict[str, Recorded]:
            return {
                one.execution_id: Recorded(one, tuple(outcome.trades[each] for each in one.trade_ids))
                for one in (by_id[id_] for id_ in ids if id_ in by_id)
            }

        return [one for one, _ in settling.written(parts, outcome)], shown

    def _marked(self, position: _Open) -> tuple[PositionWrite, _Shown]:
        """The writes for a position that is marked, whose trades are derived after the answer."""
        kept = {one.execution_id: one for one in position.put}
        held, removed = position.held, position.removed
        if {one.execution_id for one in removed} != kept.keys() or any(
            _money_differs(one, kept[one.execution_id]) for one in removed
        ):
            change = money.minus(
                money.total(storage.moved(one) for one in position.put), *(storage.moved(one) for one in removed)
            )
            gone = [id_ for one in removed if one.execution_id not in kept for id_ in (*one.trade_ids, one.opens)]
            moments = [one.executed_at for one in (*position.put, *removed)]
            held = held.marked(change, *moments, gone=gone)
            held = replace(held, executions=max(0, held.executions + len(kept) - len(removed)))
            if position.running is not None and held.side is not None:
                held = replace(held, trade_id=position.running.trade_id)
        written = PositionWrite(position=held, put=position.put, removed=removed, trades=(), vanished=())

        def shown(ids: Sequence[str]) -> dict[str, Recorded]:
            found = {}
            for one in (kept[id_] for id_ in ids if id_ in kept):
                follow = not held.is_settled(one)
                trades = () if follow else tuple(trade_storage.several(self._user, one.trade_ids))
                found[one.execution_id] = Recorded(one, trades, settled=not follow)
            return found

        return written, shown

    def _read(self, key: PositionKey, symbol: str, place: tuple[datetime, int, str]) -> _Open:
        if key not in self._open:
            held = self._place(key, symbol).position
            found: list[RecordedExecution] | None = []
            if held.executions > MOST_READ:
                found = None
            elif held.version:
                found = storage.since_flat(held, place, MOST_READ)
            executions = [] if found is None else found
            self._open[key] = _Open(held, executions, list(executions), is_large=found is None)
            if found is not None and not settling.stands_alone(held, found, place[0]):
                self._link(key, symbol)
        return self._open[key]

    def _link(self, key: PositionKey, symbol: str) -> None:
        """Read all executions of the position and of those that it is linked with, and apply the changes to them."""
        keys = tuple(settling.linked(key, symbol, lambda one, name: self._place(one, name).position))
        for one in keys:
            held = self._places[one].position
            found = storage.all_of(held, MOST_READ)
            executions = [] if found is None else found
            changed = self._open.get(one, _Open(held, [], []))
            removed = {each.execution_id for each in changed.removed}
            after = in_order([*(each for each in executions if each.execution_id not in removed), *changed.put])
            self._open[one] = replace(
                changed, before=executions, after=after, is_large=found is None or changed.is_large, linked=keys
            )

    def _place(self, key: PositionKey, symbol: str, answer_for: str | None = None) -> PositionInAccount:
        if key not in self._places:
            self._places[key] = storage.place(self._user, key, symbol, answer_for=answer_for, now=self._now)
        return self._places[key]

    def _currency(self, key: PositionKey) -> str | None:
        account = self._places[key].account
        return None if account is None else account.currency


def recorded_of(user: str, execution: Execution, now: datetime) -> RecordedExecution:
    """The execution as it is stored, as far as it is known without its position."""
    own = {
        name.name: getattr(execution, name.name)
        for name in fields(Execution)
        if name.name not in ("side", "quantity", "price", "tags")
    }
    return RecordedExecution(
        user_id=user,
        side=execution.side or Side.SELL,
        quantity=execution.quantity or money.ONE,
        price=execution.price or ZERO,
        basis_unknown=execution.price is None and execution.kind in COMES_IN,
        tags=unique(execution.tags),
        opens=str(uuid4()),
        created_at=now,
        updated_at=now,
        **own,
    )


def _check_instrument(given: Instrument, held: StoredPosition) -> None:
    """Raise RuleBroken when the position is in another instrument."""
    errors = [
        FieldError(("instrument", name), DIFFERS_FROM_INSTRUMENT)
        for name in ("multiplier", "currency")
        if getattr(given, name) not in (None, getattr(held.instrument, name))
    ]
    if errors:
        raise RuleBroken(errors)


def _resolved(execution: Execution, positions: Sequence[_Open], held: StoredPosition) -> dict[str, Any]:
    """Side, quantity and price of an execution, by what the executions of the positions before it leave open.

    An exit without a price leaves at the mean cost of what is open then. Raises PositionTooSmall.
    """
    price = ZERO if execution.kind in WORTHLESS | COMES_IN and not execution.price else execution.price
    if not execution.may_only_close:  # it says all
        return {"side": execution.side, "quantity": execution.quantity, "price": price}
    at = execution.executed_at
    earlier = in_order([one for position in positions for one in position.after if one.executed_at <= at])
    actions = {one.action_id: one for position in positions for one in position.held.actions if one.effective_at <= at}
    position = open_after(execution.symbol, earlier, actions.values())
    if position is None:
        raise PositionTooSmall(execution.execution_id, ZERO)
    side, quantity = side_and_quantity(execution, position.side, position.open_quantity)
    if price is None:
        price = mean_cost(position, held.instrument.multiplier)
    return {"side": side, "quantity": quantity, "price": price}


def mean_cost(position: Position, multiplier: Decimal) -> Decimal:
    """The price at which what is open came in, in the mean."""
    [*_, trip] = position.trips()
    units = money.product(trip.open_quantity, multiplier)
    return money.ratio(trip.open_cost, units, money.MOST_DECIMALS)


def _money_differs(old: RecordedExecution, new: RecordedExecution) -> bool:
    """Whether the executions differ in anything that trades depend on."""
    return replace(old, note=new.note, tags=new.tags, version=new.version, updated_at=new.updated_at) != new

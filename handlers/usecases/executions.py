"""Executions: recorded, corrected and deleted, with the positions and trades that follow from them.

A change reads the position and its executions since it was flat last, works out what they make of its trades, and
writes all of it in one transaction on the condition that nothing of it has changed since. When another write came
first, it begins again, as long as there is time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import uuid4

from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import FieldError, PositionTooSmall, RuleBroken
from handlers.journal.executions import (
    CLOSING,
    DIFFERS_FROM_INSTRUMENT,
    MAKES_SHARES,
    WORTHLESS,
    Execution,
    Instrument,
    RecordedExecution,
    execution_errors,
    share_fill,
    share_fill_errors,
    symbol_key,
    without_costs,
)
from handlers.journal.money import ZERO
from handlers.journal.positions import Fill, LotMethod, Position, Side
from handlers.journal.regrouping import former_trades, groups_of, overclosing, regrouped
from handlers.journal.replaying import as_of
from handlers.journal.settings import MAIN
from handlers.journal.tags import unique
from handlers.journal.trade import Trade
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import execution_lists, kept_answers, trading_accounts
from handlers.storage import executions as storage
from handlers.storage import trades as trade_storage
from handlers.storage.errors import LedgerChanged, NoSuchAccount
from handlers.storage.execution_lists import ExecutionFilter, Page
from handlers.storage.executions import Place, PositionKey, StoredPosition, Written
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_items import KeptAnswer
from handlers.usecases.keyed import KeyedRequest

Precondition = Callable[[int], bool]

# Behind every sequence of an instant.
_LAST = 10**9

_NEEDS_PRICE = Fault(FieldCode.REQUIRED, "is required: without it, what the trade earns is not known")


class Recorded(NamedTuple):
    """An execution that was recorded or changed, and the trades that it is a part of, as they are then."""

    execution: RecordedExecution
    trades: tuple[Trade, ...]


@dataclass(slots=True)
class _Open:
    """A position while it is being changed: as it was read, and as it becomes."""

    held: StoredPosition
    before: list[RecordedExecution]
    after: list[RecordedExecution]


def record(
    user: str,
    given: Execution,
    keyed: KeyedRequest[Recorded] | None,
    *,
    names_account: bool,
    names_instrument: bool,
    with_shares: bool,
) -> tuple[Recorded | None, KeptAnswer | None]:
    """Record an execution and, for an option that becomes shares, the fill in its underlying.

    names_account: whether the request names the account; else it is the default one of the settings.
    names_instrument: whether the request says what the symbol stands for; else it is what the position says. Returns
    None and the kept answer when the same request did before. Raises RuleBroken, PositionTooSmall, StateForbids,
    NoSuchAccount, AccountClosing, KeyReused, AccountErased, Busy.
    """
    errors = execution_errors(given)
    if given.kind not in CLOSING and given.price is None:
        errors = [*(error for error in errors if error.path != ("price",)), FieldError(("price",), _NEEDS_PRICE)]
    if errors:
        raise RuleBroken(errors)
    shares = given.kind in MAKES_SHARES and with_shares
    share_id = str(uuid4())

    def attempt() -> tuple[Recorded | None, KeptAnswer | None]:
        now = datetime.now(UTC)
        plan = _Plan(user, now)
        placed, account, earlier = plan.in_account(given, keyed, named=names_account)
        if earlier is not None:
            return None, earlier
        if account is None:
            raise NoSuchAccount(placed.account_id)
        made = [placed]
        if shares:
            option = placed if names_instrument else plan.with_its_instrument(placed)
            if errors := share_fill_errors(option):
                raise RuleBroken(errors)
            made = [without_costs(option), share_fill(option, share_id)]
        added = [
            plan.add(execution, names_instrument=names_instrument or number > 0)
            for number, execution in enumerate(made)
        ]
        recorded = plan.settle(added[0].execution_id)
        answer = None if keyed is None or recorded is None else keyed.answer(recorded)
        if (earlier := storage.write(user, plan.written, answer, now, into=account)) is not None:
            return None, earlier
        return recorded, answer

    return retry_overtaken(attempt)


def correct(user: str, execution_id: str, changes: Mapping[str, Any], allowed: Precondition) -> Recorded:
    """Change fields of an execution; None takes one back to none. What follows from it is settled again.

    Raises ExecutionNotFound, LedgerChanged, RuleBroken, PositionTooSmall, StateForbids, AccountErased, Busy.
    """

    def attempt() -> Recorded:
        now = datetime.now(UTC)
        old = storage.get(user, execution_id)
        if not allowed(old.version):
            raise LedgerChanged(execution_id)
        new = replace(old, **{name: _value(name, value) for name, value in changes.items()})
        if errors := execution_errors(new):
            raise RuleBroken(errors)
        if new == old and new.executed_at.utcoffset() == old.executed_at.utcoffset():
            return Recorded(old, tuple(trade_storage.several(user, old.trade_ids)))
        plan = _Plan(user, now)
        plan.change(old, replace(new, version=old.version + 1, updated_at=now))
        recorded = plan.settle(execution_id)
        storage.write(user, plan.written, None, now)
        if recorded is None:
            raise AssertionError("what is corrected is still there")
        return recorded

    return retry_overtaken(attempt)


def delete(user: str, execution_id: str, allowed: Precondition) -> None:
    """Delete an execution. What follows from the others is settled again.

    Raises ExecutionNotFound, LedgerChanged, PositionTooSmall, StateForbids, AccountErased, Busy.
    """

    def attempt() -> None:
        now = datetime.now(UTC)
        old = storage.get(user, execution_id)
        if not allowed(old.version):
            raise LedgerChanged(execution_id)
        plan = _Plan(user, now)
        plan.change(old, None)
        plan.settle(execution_id)
        storage.write(user, plan.written, None, now)

    retry_overtaken(attempt)


class OpenPosition(NamedTuple):
    """A position that is open, with its trade as it was at the instant."""

    position: StoredPosition
    trade: Trade


def open_positions(user: str, account_ids: Sequence[str] = (), at: datetime | None = None) -> list[OpenPosition]:
    """The positions that are open, or were at the instant, by account and symbol; in these accounts or in all.

    Raises Busy. At an instant, the trade of the last execution up to it is the one that may be open.
    """
    positions = chain.from_iterable(storage.positions(user, each) for each in account_ids or (None,))
    if at is None:
        held = {each.trade_id: each for each in positions if each.open_quantity and each.trade_id}
    else:
        last = ((each, storage.last_until(each, at)) for each in positions)
        held = {one.trade_ids[-1]: each for each, one in last if one is not None and one.trade_ids}
    trades = {trade.trade_id: trade for trade in trade_storage.several(user, list(held))}
    found = []
    for trade_id, position in held.items():
        trade = trades.get(trade_id)
        if trade is not None and at is not None:
            trade = as_of(trade, at)
        if trade is not None:
            found.append(OpenPosition(position, trade))
    return found


def listed(user: str, wanted: ExecutionFilter, *, newest_first: bool, limit: int, after: str | None) -> Page:
    """A page of executions by time. Raises Busy."""
    first = last = None
    account_ids: Sequence[str] = wanted.account_ids
    if wanted.trade_id is not None:  # its executions lie between its first and its last one, in its account
        trades = trade_storage.several(user, [wanted.trade_id])
        own = {trade.account_id or MAIN for trade in trades}
        account_ids = [each for each in own if not account_ids or each in account_ids]
        for trade in trades:
            first, last = trade.open_date, trade.close_date
    elif not account_ids:
        account_ids = trading_accounts.ids_in_use(user)
    return execution_lists.listed(
        user, wanted, account_ids, first=first, last=last, newest_first=newest_first, limit=limit, after=after
    )


class _Plan:
    """What a request changes: positions are read when they are needed, and written together."""

    def __init__(self, user: str, now: datetime) -> None:
        self.written: list[Written] = []
        self._user = user
        self._now = now
        self._open: dict[PositionKey, _Open] = {}
        self._places: dict[PositionKey, Place] = {}

    def in_account(
        self, execution: Execution, keyed: KeyedRequest[Recorded] | None, *, named: bool
    ) -> tuple[Execution, TradingAccount | None, KeptAnswer | None]:
        """The execution in its account, the default one unless it is named; the account, None if there is none; and the
        answer that is kept for the same request. Raises KeyReused.
        """
        key = PositionKey(execution.account_id, symbol_key(execution.symbol), execution.pair_id)
        place = self._place(key, execution.symbol, None if keyed is None else keyed.key)
        kept = None if keyed is None else kept_answers.of_the_same_request(place.answer, keyed.fingerprint)
        default = place.settings.default_account_id
        if not named and default != key.account_id and kept is None:
            execution = replace(execution, account_id=default)
            place = self._place(key._replace(account_id=default), execution.symbol)
        return execution, place.account, kept

    def with_its_instrument(self, execution: Execution) -> Execution:
        """The execution in the instrument of its position, if there is one."""
        key = PositionKey(execution.account_id, symbol_key(execution.symbol), execution.pair_id)
        held = self._read(key, execution.symbol, (execution.executed_at, _LAST, "")).held
        return replace(execution, instrument=held.instrument) if held.version else execution

    def add(self, execution: Execution, *, names_instrument: bool) -> RecordedExecution:
        """Take in a new execution, its side, quantity and price as they follow from what is open."""
        place = (execution.executed_at, _LAST, "")
        recorded = _recorded(self._user, execution, self._now)
        position = self._read(storage.position_key(recorded), recorded.symbol, place)
        held = position.held
        if held.version and names_instrument:
            _check_instrument(execution.instrument, held)
        at_once = [one.sequence for one in position.after if one.executed_at == execution.executed_at]
        sequence = max(at_once, default=-1) + 1
        earlier = [one for one in position.after if one.executed_at <= execution.executed_at]
        complete = replace(recorded, sequence=sequence, **_resolved(execution, earlier, held))
        if held.version == 0:
            instrument = execution.instrument
            if instrument.currency is None:
                instrument = replace(instrument, currency=self._currency(storage.position_key(recorded)))
            held = position.held = replace(held, instrument=instrument)
        complete = replace(complete, instrument=held.instrument)
        position.after = _ordered([*position.after, complete])
        return complete

    def change(self, old: RecordedExecution, new: RecordedExecution | None) -> None:
        """Take an execution out, and in again as it is then, if it is."""
        places = [(one.executed_at, one.sequence, one.execution_id) for one in (old, new) if one is not None]
        position = self._read(storage.position_key(old), old.symbol, min(places))
        others = [one for one in position.after if one.execution_id != old.execution_id]
        position.after = others if new is None else _ordered([*others, new])

    def settle(self, execution_id: str) -> Recorded | None:
        """Work out what is to be written. Returns the execution of that id with its trades, if it is still there."""
        found: Recorded | None = None
        for key, position in self._open.items():
            former, tolerated = former_trades(position.before), overclosing(position.before)
            groups = groups_of(position.after, tolerated)
            ids = {*former, *(group.trade_id for group in groups)}
            stored = {trade.trade_id: trade for trade in trade_storage.several(self._user, sorted(ids))}
            result = regrouped(
                former,
                position.after,
                groups,
                stored,
                user_id=self._user,
                lot_method=self._lot_method(key),
                now=self._now,
            )
            changed = {one.execution_id: one for one in result.fills}
            after = [changed.get(one.execution_id, one) for one in position.after]
            was = {one.execution_id: one for one in position.before}
            will_be = {one.execution_id: one for one in after}
            group = result.open_group
            self.written.append(
                Written(
                    position=replace(
                        position.held,
                        open_quantity=ZERO if group is None else group.open_quantity,
                        side=None if group is None else group.side,
                        trade_id=None if group is None else group.trade_id,
                    ),
                    put=[one for one in after if one != was.get(one.execution_id)],
                    removed=[one for one in position.before if one != will_be.get(one.execution_id)],
                    trades=result.changed,
                    vanished=result.vanished,
                )
            )
            trades = stored | {trade.trade_id: trade for trade, _ in result.changed}
            for one in after:
                if one.execution_id == execution_id:
                    found = Recorded(one, tuple(trades[trade_id] for trade_id in one.trade_ids))
        return found

    def _read(self, key: PositionKey, symbol: str, place: tuple[datetime, int, str]) -> _Open:
        if key not in self._open:
            held = self._place(key, symbol).position
            executions = storage.since_flat(held, place) if held.version else []
            self._open[key] = _Open(held, executions, list(executions))
        return self._open[key]

    def _place(self, key: PositionKey, symbol: str, answer_for: str | None = None) -> Place:
        if key not in self._places:
            self._places[key] = storage.place(self._user, key, symbol, answer_for=answer_for, now=self._now)
        return self._places[key]

    def _lot_method(self, key: PositionKey) -> LotMethod:
        place = self._places[key]
        return (place.account and place.account.lot_method) or place.settings.lot_method

    def _currency(self, key: PositionKey) -> str | None:
        account = self._places[key].account
        return None if account is None else account.currency


def _ordered(executions: Sequence[RecordedExecution]) -> list[RecordedExecution]:
    return sorted(executions, key=lambda one: (one.executed_at, one.sequence, one.execution_id))


def _recorded(user: str, execution: Execution, now: datetime) -> RecordedExecution:
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


def _resolved(execution: Execution, earlier: Sequence[RecordedExecution], held: StoredPosition) -> dict[str, Any]:
    """Side, quantity and price of an execution, by what the executions before it leave open.

    What leaves without a price does so at the mean cost of what is open then. Raises PositionTooSmall.
    """
    position = Position(LotMethod.AVERAGE, held.instrument.multiplier)
    for one in earlier:
        position.take(
            Fill(fill_id=one.execution_id, side=one.side, quantity=one.quantity, price=one.price, at=one.executed_at)
        )
    side, quantity, price = execution.side, execution.quantity, execution.price
    if execution.may_only_close:
        opposite = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
        if position.side is not None:
            side = side or opposite[position.side]
        quantity = quantity or position.open_quantity
        can_close = position.open_quantity if side is not None and side is not position.side else ZERO
        if not quantity or quantity > can_close:
            raise PositionTooSmall(execution.execution_id, can_close)
    if execution.kind in WORTHLESS:
        price = ZERO
    elif price is None:
        [*_, trip] = position.trips()
        units = money.product(trip.open_quantity, held.instrument.multiplier)
        price = money.ratio(trip.open_cost, units, money.MOST_DECIMALS)
    return {"side": side, "quantity": quantity, "price": price}


_EMPTY: Mapping[str, Any] = {"commission": ZERO, "fees": ZERO, "tags": (), "cost_details": ()}


def _value(name: str, value: Any) -> Any:
    """The value that a merge patch gives a field; None takes it back to none."""
    if value is None:
        return _EMPTY.get(name)
    return unique(value) if name == "tags" else value

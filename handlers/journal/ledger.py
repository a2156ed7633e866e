"""How executions and corporate actions become trades: the positions of all accounts and symbols, settled together.

`settle_all` is a pure function over executions in any order; positions.py has the arithmetic of one position. Rules
besides those of the kinds of executions and the actions:

1. A position belongs to an account, a symbol and, where a broker reports fills as one trade, a pair id.
2. At one instant, actions come before fills.
3. A fill that may only close and finds less open than it takes is refused. EXPIRY, ASSIGNMENT, EXERCISE and
   FEE_IN_KIND close at 0; TRANSFER_OUT and DUST without a price leave at their cost.
4. The result of a trip is unknown if a part of it came in without a price: BASIS_UNKNOWN.
5. Costs in another currency without its price are left out: FEE_NOT_PRICED.
6. Where an exit leaves less than the dust's worth, the rest leaves at the exit's price.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.executions import (
    COMES_IN,
    WORTHLESS,
    ActionType,
    CorporateAction,
    Execution,
    ExecutionKind,
    Instrument,
    PositionEffect,
    in_order,
    in_turn,
    side_and_quantity,
    symbol_key,
)
from handlers.journal.money import ONE, ZERO
from handlers.journal.positions import Fill, LotMethod, Position, Side, Split, Trip, open_after_split
from handlers.journal.trade import BASIS_UNKNOWN

FEE_NOT_PRICED = "FEE_NOT_PRICED"
ROUNDED_BY_SPLIT = "ROUNDED_BY_SPLIT"
OPENING_FILL_CLOSED = "OPENING_FILL_CLOSED"

_LAST_CENT = Decimal("1E-8")
_TOO_DEAR = Fault(
    FieldCode.FIGURE_TOO_LONG,
    f"makes a price longer than {money.MOST_DIGITS} digits before the point",
    {"maxDigits": money.MOST_DIGITS},
)

Key = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTrade:
    """A trip with its account, symbol and instrument."""

    account_id: str
    symbol: str
    pair_id: str | None
    instrument: Instrument
    trip: Trip
    warnings: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether what it earned is known."""
        return BASIS_UNKNOWN not in self.warnings

    @property
    def opened_at(self) -> datetime:
        """When its first fill was made."""
        return self.trip.openings[0].at

    @property
    def closed_at(self) -> datetime | None:
        """When it became flat; None while it is open."""
        return self.trip.exits[-1].at if self.trip.is_flat else None

    @property
    def cash(self) -> Decimal:
        """What its fills and actions brought, before costs: negative when they took more."""
        trip = self.trip
        exact = money.total(
            (
                money.product(money.minus(trip.exited_value, trip.entered_value), self.instrument.multiplier),
                trip.moved,
            )
        )
        return exact if trip.side is Side.BUY else exact.copy_negate()

    @property
    def costs(self) -> Decimal:
        """The costs of all its fills, without those that went along with a share of the cost."""
        paid = money.total(
            (*(opening.costs for opening in self.trip.openings), *(exit_.exit_costs for exit_ in self.trip.exits))
        )
        return money.minus(paid, self.trip.moved_costs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """All trades by the time of their first fill, and the fills that the engine made: dust, and those of actions."""

    trades: tuple[SettledTrade, ...]
    made: tuple[Execution, ...]


def settle_all(
    executions: Iterable[Execution],
    actions: Iterable[CorporateAction] = (),
    method: LotMethod = LotMethod.AVERAGE,
    *,
    dust: Decimal = ZERO,
) -> Settlement:
    """The trades that the executions make.

    All executions of a symbol have one instrument (`instrument_errors`). Raises PositionTooSmall; RuleBroken, with the
    path ("actions", its id, a field), for an action that leaves nothing of what is open, or more than can be kept.
    """
    ledger = _Ledger(method, dust)
    waiting = sorted(actions, key=in_turn)
    next_action = 0
    for execution in in_order(executions):
        while next_action < len(waiting) and waiting[next_action].effective_at <= execution.executed_at:
            ledger.act(waiting[next_action])
            next_action += 1
        ledger.take(execution)
    for action in waiting[next_action:]:
        ledger.act(action)
    return ledger.settled()


@dataclass(slots=True)
class _Held:
    """A position with its symbol as it is shown, and the warnings of each of its trips."""

    symbol: str
    instrument: Instrument
    position: Position
    warnings: dict[int, set[str]] = field(default_factory=dict)
    symbols: dict[int, str] = field(default_factory=dict)

    def warn(self, trip: int, code: str) -> None:
        self.warnings.setdefault(trip, set()).add(code)


class _Ledger:
    """The positions while executions and actions are taken, one after the other, by time."""

    def __init__(self, method: LotMethod, dust: Decimal) -> None:
        self._method = method
        self._dust = dust
        self._held: dict[Key, _Held] = {}
        self._made: list[Execution] = []

    def take(self, execution: Execution) -> None:
        key = (execution.account_id, symbol_key(execution.symbol), execution.pair_id)
        held = self._held.get(key)
        if held is None:
            position = Position(self._method, execution.instrument.multiplier)
            held = self._held[key] = _Held(execution.symbol, execution.instrument, position)
        position = held.position
        side, quantity = side_and_quantity(execution, position.side, position.open_quantity)
        if side is None or quantity is None:
            raise ValueError(f"an execution of the kind {execution.kind} has a side and a quantity")
        price = ZERO if execution.kind in WORTHLESS else execution.price
        first, was_open = position.trip_number, position.side is not None
        closes = was_open and side is not position.side
        position.take(
            Fill(
                fill_id=execution.execution_id,
                side=side,
                quantity=quantity,
                price=price,
                at=execution.executed_at,
                sequence=execution.sequence,
                costs=execution.costs or ZERO,
            )
        )
        last = position.trip_number if position.side is not None else first
        held.symbols.setdefault(first, execution.symbol)
        held.symbols.setdefault(last, execution.symbol)
        if execution.costs is None:
            held.warn(first, FEE_NOT_PRICED)
            held.warn(last, FEE_NOT_PRICED)
        if price is None and execution.kind in COMES_IN:
            held.warn(last, BASIS_UNKNOWN)
            if closes:
                held.warn(first, BASIS_UNKNOWN)
        if closes and execution.position_effect is PositionEffect.OPEN:
            held.warn(first, OPENING_FILL_CLOSED)
        if closes and price is not None and position.side not in (None, side):
            self._sweep_dust(held, execution, side, price)

    def _sweep_dust(self, held: _Held, execution: Execution, side: Side, price: Decimal) -> None:
        left = held.position.open_quantity
        worth = money.product(left, price, held.instrument.multiplier).copy_abs()
        if worth < self._dust:
            self._make(held, execution, ExecutionKind.DUST, execution.execution_id, side, left, price)

    def _make(
        self,
        held: _Held,
        of: Execution | CorporateAction,
        kind: ExecutionKind,
        name: str,
        side: Side,
        quantity: Decimal,
        price: Decimal | None,
        worth: Decimal | None = None,
        costs: Decimal = ZERO,
    ) -> None:
        """Make a fill, such as dust, and take it."""
        at = of.executed_at if isinstance(of, Execution) else of.effective_at
        account = of.account_id or ""
        made = Execution(
            execution_id=f"{name}:{kind.lower()}:{len(self._made) + 1}",
            account_id=account,
            symbol=held.symbol,
            instrument=held.instrument,
            side=side,
            quantity=quantity,
            price=price,
            executed_at=at,
            commission=costs,
            kind=kind,
            linked_to=name,
        )
        self._made.append(made)
        trip = held.position.trip_number
        held.symbols.setdefault(trip, held.symbol)
        held.position.take(
            Fill(fill_id=made.execution_id, side=side, quantity=quantity, price=price, at=at, costs=costs, money=worth)
        )
        if held.position.side is not None:
            held.symbols.setdefault(held.position.trip_number, held.symbol)

    def act(self, action: CorporateAction) -> None:
        symbol = symbol_key(action.symbol)
        for key, held in list(self._held.items()):
            account, side = key[0], held.position.side
            if key[1] == symbol and side is not None and action.account_id in (None, account):
                try:
                    self._act_on(replace(action, account_id=account), key, held, side)
                except RuleBroken as error:
                    path = ("actions", action.action_id)
                    raise RuleBroken([FieldError((*path, *one.path), one.fault) for one in error.errors]) from None

    def _act_on(self, action: CorporateAction, key: Key, held: _Held, side: Side) -> None:
        """Let the action change a position that is open on this side."""
        position, trip = held.position, held.position.trip_number
        if action.type is ActionType.MERGER_CASH:
            price, quantity, name = action.cash_per_share, position.open_quantity, action.action_id
            self._make(held, action, ExecutionKind.MERGER_CASH, name, side.opposite, quantity, price)
            return
        if action.type is ActionType.SPINOFF:
            check_handed_over(position, action, held.instrument.multiplier)
            self._hand_over(action, key, held, side, action.cost_share or ZERO)
            return
        if action.type is ActionType.MERGER_SHARES and self._target(key, held, action.new_symbol).position.side:
            check_handed_over(position, action, held.instrument.multiplier)
            if (paid := paid_to(action)) is not None:
                position.split(paid)
            self._hand_over(action, key, held, side, ONE)
            left = position.open_quantity
            self._make(held, action, ExecutionKind.MERGER_SHARES, action.action_id, side.opposite, left, ZERO)
            return
        if (split := split_by_action(action, position.open_quantity)) is not None:
            position.split(split)
        if action.new_symbol is not None:
            self._move(action, key, held, side, trip, action.new_symbol)

    def _target(self, key: Key, held: _Held, symbol: str | None) -> _Held:
        symbol = symbol or held.symbol
        wanted = (key[0], symbol_key(symbol), key[2])
        if wanted not in self._held:
            self._held[wanted] = _Held(symbol, held.instrument, Position(self._method, held.instrument.multiplier))
        return self._held[wanted]

    def _move(self, action: CorporateAction, key: Key, held: _Held, side: Side, trip: int, symbol: str) -> None:
        """Move what is open to the new symbol: the trade goes on there."""
        target = self._target(key, held, symbol)
        if target.position.side in (None, side):
            there = target.position.trip_number
            held.position.move_to(target.position)
            target.warnings.setdefault(there, set()).update(held.warnings.pop(trip, ()))
            target.symbols[there] = target.symbol
            held.symbols.pop(trip, None)
            return
        quantity = held.position.open_quantity
        name = action.action_id
        self._make(held, action, ExecutionKind.MERGER_SHARES, name, side.opposite, quantity, None)  # by a renaming
        leaving = held.position.trips()[-1].exits[-1]
        self._make(target, action, ExecutionKind.MERGER_SHARES, name, side, quantity, leaving.price, leaving.money)

    def _hand_over(self, action: CorporateAction, key: Key, held: _Held, side: Side, share: Decimal) -> None:
        """Let units of the new symbol take a share of the cost along, lot by lot."""
        position = held.position
        target = self._target(key, held, action.new_symbol)
        kind = ExecutionKind(action.type)
        trips = {target.position.trip_number}
        is_unknown = BASIS_UNKNOWN in held.warnings.get(position.trip_number, ())
        for lot in handed_over(position, action, share):
            price = lot.price(target.instrument.multiplier)
            name = action.action_id
            self._make(target, action, kind, name, side, lot.quantity, price, lot.money, lot.costs)
            trips.add(target.position.trip_number if target.position.side is not None else max(trips))
        for trip in trips if is_unknown else ():
            target.warn(trip, BASIS_UNKNOWN)

    def settled(self) -> Settlement:
        trades = sorted(self._trades(), key=lambda trade: (trade.opened_at, trade.account_id, trade.symbol))
        return Settlement(trades=tuple(trades), made=tuple(self._made))

    def _trades(self) -> Iterator[SettledTrade]:
        for (account, _, pair), held in self._held.items():
            for number, trip in enumerate(held.position.trips()):
                warnings = set(held.warnings.get(number, ()))
                if trip.lost:
                    warnings.add(ROUNDED_BY_SPLIT)
                yield SettledTrade(
                    account_id=account,
                    symbol=held.symbols.get(number, held.symbol),
                    pair_id=pair,
                    instrument=held.instrument,
                    trip=trip,
                    warnings=tuple(sorted(warnings)),
                )


class HandedOver(NamedTuple):
    """The units of another symbol that a lot gives, with their part of its cost (`money`) and of its `costs`."""

    quantity: Decimal
    money: Decimal
    costs: Decimal

    def price(self, multiplier: Decimal) -> Decimal:
        """The cost of one of the units, at 8 decimals."""
        return money.ratio(self.money, money.product(self.quantity, multiplier))


def handed_over(position: Position, action: CorporateAction, share: Decimal) -> list[HandedOver]:
    """Take a share of the cost out of the position, for the units of the new symbol that the action gives.

    A lot that would give less than the smallest quantity is joined with the one before or after it.
    `check_handed_over` refuses what would be too little or too much.
    """
    new, old = action.new or ONE, action.old or ONE
    quantities = [lot.quantity for lot in position.lots()]
    before = given = worth = costs = ZERO
    found: list[HandedOver] = []
    for quantity, (amount, cost) in zip(quantities, position.release(share), strict=True):
        before = money.plus(before, quantity)
        until = money.floored(money.product(before, new), old)
        worth, costs = money.plus(worth, amount), money.plus(costs, cost)
        if until != given:
            found.append(HandedOver(money.minus(until, given), worth, costs))
            given, worth, costs = until, ZERO, ZERO
    last = found[-1]
    found[-1] = last._replace(money=money.plus(last.money, worth), costs=money.plus(last.costs, costs))
    return found


def check_handed_over(position: Position, action: CorporateAction, multiplier: Decimal) -> None:
    """Raise RuleBroken when there is nothing of the new symbol for all that is open, or when the quantity, the cost or
    the price of a lot would be too long.
    """
    new, old = action.new or ONE, action.old or ONE
    open_after_split(position.open_quantity, Split(at=action.effective_at, new=new, old=old))
    before = given = cost = ZERO
    for lot in position.lots():
        before, cost = money.plus(before, lot.quantity), money.total((cost, lot.cost.copy_abs(), _LAST_CENT))
        until = money.floored(money.product(before, new), old)
        if until == given:
            continue
        price = money.ratio(cost, money.product(money.minus(until, given), multiplier))
        if not money.has_few_digits(price) or not money.has_few_digits(cost):
            raise RuleBroken([FieldError(("new",), _TOO_DEAR)])
        given, cost = until, ZERO


def paid_to(action: CorporateAction) -> Split | None:
    """The cash that the action pays to what is open, as a split that changes no units; None without any."""
    if not action.cash_per_share:
        return None
    return Split(at=action.effective_at, new=ONE, old=ONE, cash=action.cash_per_share, split_id=action.action_id)


def split_by_action(action: CorporateAction, is_open: Decimal) -> Split | None:
    """The split by which the action, which is no SPINOFF, changes a position of `is_open` units; None without one.

    SHARE_DIVIDEND splits what is open into that and `quantity` more, MERGER_SHARES may pay cash with it.
    """
    if action.type is ActionType.SHARE_DIVIDEND:
        return Split(at=action.effective_at, new=money.total((is_open, action.quantity or ZERO)), old=is_open)
    if action.new is None or action.old is None:
        return None
    if action.new == action.old:
        return paid_to(action)
    return Split(
        at=action.effective_at,
        new=action.new,
        old=action.old,
        cash=action.cash_per_share or ZERO,
        split_id=action.action_id,
    )


def open_positions(trades: Sequence[SettledTrade]) -> list[SettledTrade]:
    """The trades that are open."""
    return [trade for trade in trades if not trade.trip.is_flat]

"""Derives trades from recorded executions, and keeps their notes when a late execution changes the grouping.

A trade of the ledger is a position from flat to flat. Its entries and closes are its executions, or parts of them where
one flips the position; its money is never changed by hand. Its notes, stops and images are, and they follow the fill
that opened the trade:

1. A group of fills has the id of the trade that its first fill opens.
2. If that id is new, the group takes over a former trade of its fills that would have no group any more.
3. If two trades become one, the notes of the other are added to those of the one that stays.

`regrouped` is a pure function: the same fills and trades give the same result, however they came about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid5

from handlers.journal import money
from handlers.journal.errors import ActionImpossible, PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import (
    MADE_BY_ACTIONS,
    ActionType,
    CorporateAction,
    ExecutionKind,
    ExecutionSource,
    RecordedExecution,
    in_turn,
    symbol_key,
)
from handlers.journal.ledger import (
    FEE_NOT_PRICED,
    ROUNDED_BY_SPLIT,
    HandedOver,
    check_handed_over,
    handed_over,
    paid_to,
    split_by_action,
)
from handlers.journal.merging import MOST_LEGS, Leg, merged, worth
from handlers.journal.money import ONE, ZERO, canonical
from handlers.journal.positions import Fill, LotMethod, Position, Side, Split, open_after_split
from handlers.journal.rules import within_bounds
from handlers.journal.settings import MAIN
from handlers.journal.tags import unique
from handlers.journal.trade import (
    BASIS_UNKNOWN,
    Close,
    Entry,
    EventType,
    JournalNotes,
    Trade,
    TradeEvent,
    TradeSource,
    TradeSplit,
    part_id,
    per_new_unit,
    with_entries,
)

# Warnings of a trade: a fill that may only close took more than was open, and opened this trade with the rest; more
# fills than a trade has entries and closes for.
CLOSING_FILL_OPENED = "CLOSING_FILL_OPENED"
FILLS_MERGED = "FILLS_MERGED"

# Lot methods of groups where none matters.
_AT_MEAN_COST: Mapping[str, LotMethod] = {}

MOST_TAGS = 30
# A trade is written in one transaction with those whose notes it takes over. Each of these takes up to two actions.
_MOST_HANDED = 45
MOST_TEXT = 10_000

_TEXTS = ("pre_trade_notes", "post_trade_notes", "mistakes", "lessons")
_PRICES = ("stop_loss", "take_profit", "initial_stop_loss")
_RISK = ("stop_loss", "take_profit", "risk_amount", "initial_stop_loss", "initial_risk_amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class FillGroup:
    """The fills of a position from flat to flat, or to what is open, as the entries and closes of a trade.

    `symbol` is the last one that it had. `leg_names` are what the ids of entries and closes follow from.
    """

    trade_id: str
    first: RecordedExecution
    symbol: str
    side: Side
    entries: tuple[Entry, ...]
    closes: tuple[Close, ...]
    splits: tuple[TradeSplit, ...]
    execution_ids: tuple[str, ...]
    leg_names: tuple[str, ...]
    open_quantity: Decimal
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """The changes: trades, each with the stored one that it replaces, trades that vanish, and fills that open another
    trade or belong to others than before.

    handed: by the id of a changed trade, the vanished ones whose notes it took over. renamed: by the id of an
    execution, the trade that it opens now and another execution opened before. open_groups: those that are open, by
    their symbols as keys.
    """

    changed: tuple[tuple[Trade, Trade | None], ...]
    vanished: tuple[Trade, ...]
    handed: Mapping[str, tuple[str, ...]]
    fills: tuple[RecordedExecution, ...]
    renamed: Mapping[str, str]
    open_groups: Mapping[str, FillGroup]


def groups_of(
    executions: Sequence[RecordedExecution],
    tolerated: Container[str] = (),
    actions: Iterable[CorporateAction] = (),
    methods: Mapping[str, LotMethod] = _AT_MEAN_COST,
) -> list[FillGroup]:
    """The groups of a position's executions.

    executions: in order, from a flat point on. actions: those of its symbol and account. If actions name other symbols,
    both are those of all these symbols. At one instant, actions come before executions. methods: the lot methods of
    groups by their first executions, AVERAGE without one.

    Raises PositionTooSmall for an execution that may only close and takes more than is open, unless it is `tolerated`:
    then the rest opens something; ActionImpossible for an action that cannot be applied to what is open, unless it is
    `tolerated`: then it changes nothing.
    """
    return walked(executions, tolerated, actions, methods)[0]


def walked(
    executions: Sequence[RecordedExecution],
    tolerated: Container[str] = (),
    actions: Iterable[CorporateAction] = (),
    methods: Mapping[str, LotMethod] = _AT_MEAN_COST,
) -> tuple[list[FillGroup], list[RecordedExecution]]:
    """The groups, as `groups_of` has them, and the executions that actions make, such as the units of a spin-off.

    Executions that actions made before are not settled; they only keep their ids and the like for those made now.
    """
    in_turns = sorted(actions, key=in_turn)
    walk = _Walk(tolerated, executions, methods, with_money=any(map(hands_over, in_turns)))
    walk.all(executions, in_turns)
    return [_group(parts) for parts in walk.groups], walk.made


def open_after(
    symbol: str, executions: Sequence[RecordedExecution], actions: Iterable[CorporateAction]
) -> Position | None:
    """What is open in the symbol, by mean cost, after a position's executions and actions, which are as `groups_of` has
    them; None if nothing is. What cannot be applied is skipped.
    """
    walk = _Walk(ANY, executions, _AT_MEAN_COST, with_money=True)
    walk.all(executions, sorted(actions, key=in_turn))
    return walk.position(symbol)


def hands_over(action: CorporateAction) -> bool:
    """Whether the action may make executions in another symbol, which take a part of the cost along."""
    return action.type in (ActionType.SPINOFF, ActionType.MERGER_SHARES)


class _Walk:
    """The groups of an account's executions while these and actions are taken, one after the other."""

    def __init__(
        self,
        tolerated: Container[str],
        executions: Sequence[RecordedExecution],
        methods: Mapping[str, LotMethod],
        *,
        with_money: bool,
    ) -> None:
        self.groups: list[_Parts] = []
        self.made: list[RecordedExecution] = []
        self._open: dict[str, _Parts] = {}  # by symbol
        self._tolerated = tolerated
        self._methods = methods
        self._with_money = with_money
        self._known = {one.linked_to: one for one in executions if one.kind in MADE_BY_ACTIONS}
        self._opened = {one.opens for one in executions if one.kind not in MADE_BY_ACTIONS}

    def all(self, executions: Iterable[RecordedExecution], actions: Iterable[CorporateAction]) -> None:
        """Take the executions and the actions, both in their order; at one instant, actions come first."""
        waiting = deque(actions)
        for execution in executions:
            while waiting and waiting[0].effective_at <= execution.executed_at:
                self.act(waiting.popleft())
            if execution.kind not in MADE_BY_ACTIONS:
                self.take(execution)
        for action in waiting:
            self.act(action)

    def position(self, symbol: str) -> Position | None:
        """What is open in the symbol, with its money."""
        parts = self._open.get(symbol_key(symbol))
        return None if parts is None else parts.position

    def take(self, execution: RecordedExecution) -> None:
        """Close what is open against the execution, and open the rest of it."""
        self._take(Leg(execution, execution.quantity, execution.costs or ZERO, 0))

    def _take(self, leg: Leg) -> None:
        execution, key = leg.execution, symbol_key(leg.execution.symbol)
        parts = self._open.get(key)
        can_close = ZERO if parts is None or parts.side is execution.side else parts.held
        closed = min(leg.quantity, can_close)
        if execution.may_only_close and leg.quantity > closed and execution.execution_id not in self._tolerated:
            raise PositionTooSmall(execution.execution_id, can_close)
        if parts is not None and closed:
            closing, leg = _parted(leg, closed)
            self._close(parts, closing)
        if leg.quantity:
            if key not in self._open:
                self._open[key] = self._begun(execution)
                self.groups.append(self._open[key])
            self._open[key].open(leg)

    def _begun(self, first: RecordedExecution) -> _Parts:
        position = None
        if self._with_money:
            method = self._methods.get(first.execution_id, LotMethod.AVERAGE)
            position = Position(method, first.instrument.multiplier, one_trip=True)
        return _Parts(first, position)

    def _close(self, parts: _Parts, leg: Leg) -> None:
        parts.close(leg)
        if not parts.held:
            del self._open[symbol_key(parts.symbol)]

    def act(self, action: CorporateAction) -> None:
        """Change what is open, if anything is."""
        parts = self._open.get(symbol_key(action.symbol))
        if parts is None:
            return
        try:
            self._act_on(parts, action)
        except ActionImpossible:
            if action.action_id not in self._tolerated:
                raise

    def _act_on(self, parts: _Parts, action: CorporateAction) -> None:
        if action.type is ActionType.MERGER_CASH:
            self._close(parts, Leg(_paid_out(action, parts), parts.held, ZERO, 0))
            return
        target = None if action.new_symbol is None else self._open.get(symbol_key(action.new_symbol))
        if target is not None and _differ(target, parts):
            detail = f"{action.symbol} and {action.new_symbol} are in another multiplier or currency."
            raise ActionImpossible(action.action_id, detail, None)
        if action.type is ActionType.SPINOFF:
            self._hand_over(parts, action, None, action.cost_share or ZERO)
        elif action.type is ActionType.MERGER_SHARES and target is not None:
            self._hand_over(parts, action, paid_to(action), ONE)
            self._close(parts, Leg(_paid_out(action, parts), parts.held, ZERO, 0))
        elif target is not None:
            at = action.effective_at.isoformat()
            detail = f"{action.symbol} and {action.new_symbol} are both open at {at}: one of them has to be flat then."
            raise ActionImpossible(action.action_id, detail, None)
        else:
            if (split := split_by_action(action, parts.held)) is not None:
                try:
                    parts.split(split, action.action_id)
                except RuleBroken as error:
                    raise _impossible(action, error) from None
            if action.new_symbol is not None:
                self._open[symbol_key(action.new_symbol)] = self._open.pop(symbol_key(action.symbol))
                parts.symbol = action.new_symbol

    def _hand_over(self, parts: _Parts, action: CorporateAction, paid: Split | None, share: Decimal) -> None:
        """Let units of the new symbol, which come in now, take a share of the cost along, lot by lot."""
        try:
            split = replace(
                paid or Split(at=action.effective_at, new=ONE, old=ONE), cost_share=share, split_id=action.action_id
            )
            lots, price = parts.hand_over(split, action)
        except RuleBroken as error:
            raise _impossible(action, error) from None
        made = self._made(parts, action, money.total(lot.quantity for lot in lots), price)
        self.made.append(made)
        for number, lot in enumerate(lots):
            own = lot.price(made.instrument.multiplier)
            self._take(Leg(made, lot.quantity, lot.costs, 0, 0, number, own, lot.money))

    def _made(self, parts: _Parts, action: CorporateAction, quantity: Decimal, price: Decimal) -> RecordedExecution:
        """The execution that an action makes in the new symbol: the known one, updated, or a new one."""
        first, split = parts.executions[0], parts.splits[-1]
        found = self._known.get(action.action_id)
        if found is None:
            execution_id = made_id(action.action_id, first)
            found = RecordedExecution(
                user_id=first.user_id,
                execution_id=execution_id,
                account_id=first.account_id,
                symbol=action.new_symbol or action.symbol,
                instrument=first.instrument,
                pair_id=first.pair_id,
                side=parts.side,
                quantity=quantity,
                price=price,
                executed_at=action.effective_at,
                kind=ExecutionKind(action.type),
                linked_to=action.action_id,
                source=ExecutionSource.ACTION,
                opens=self._first_free(execution_id),
                created_at=first.created_at,
                updated_at=first.created_at,
            )
        return replace(
            found,
            side=parts.side,
            quantity=quantity,
            price=price,
            commission=split.commission or ZERO,
            fees=split.fees or ZERO,
            basis_unknown=any(one.basis_unknown for one in parts.executions),
        )

    def _first_free(self, execution_id: str) -> str:
        """The id of the trade that an execution of an action opens; another one, if an execution took it over."""
        number = 0
        while (trade_id := str(uuid5(UUID(execution_id), f"trade {number}"))) in self._opened:
            number += 1
        return trade_id


def made_id(action_id: str, of: RecordedExecution) -> str:
    """The id of the execution that an action makes of what is open in a position."""
    return str(uuid5(UUID(action_id), f"{of.account_id}|{of.pair_id or '-'}"))


def _parted(leg: Leg, quantity: Decimal) -> tuple[Leg, Leg]:
    """The part of the leg that closes this quantity, with its part of costs and money, and the rest of the leg."""
    if quantity == leg.quantity:
        return leg, leg._replace(quantity=ZERO)
    costs = money.ratio(money.product(leg.costs, quantity), leg.quantity)
    worth = rest = leg.money
    if leg.money is not None:
        worth = money.ratio(money.product(leg.money, quantity), leg.quantity)
        rest = money.minus(leg.money, worth)
    return (
        leg._replace(quantity=quantity, costs=costs, money=worth),
        leg._replace(quantity=money.minus(leg.quantity, quantity), costs=money.minus(leg.costs, costs), money=rest),
    )


def _differ(one: _Parts, other: _Parts) -> bool:
    own, others = one.executions[0].instrument, other.executions[0].instrument
    return (own.multiplier, own.currency) != (others.multiplier, others.currency)


def _impossible(action: CorporateAction, error: RuleBroken) -> ActionImpossible:
    [broken] = error.errors
    path = ("quantity",) if action.type is ActionType.SHARE_DIVIDEND else broken.path
    return ActionImpossible(
        action.action_id,
        f"The {action.type} of {action.symbol} at {action.effective_at.isoformat()} {broken.fault.detail}.",
        replace(broken, path=path),
    )


def _paid_out(action: CorporateAction, parts: _Parts) -> RecordedExecution:
    """The fill by which a merger closes what is open: for cash, or for nothing, when units of another symbol have taken
    its cost along. It is not stored: the close has the id of the action.
    """
    first = parts.executions[0]
    return RecordedExecution(
        user_id=first.user_id,
        execution_id=action.action_id,
        account_id=first.account_id,
        symbol=first.symbol,
        instrument=first.instrument,
        side=parts.side.opposite,
        quantity=parts.held,
        price=(action.cash_per_share if action.type is ActionType.MERGER_CASH else None) or ZERO,
        executed_at=action.effective_at,
        kind=ExecutionKind(action.type),
        linked_to=action.action_id,
        opens=action.action_id,
        created_at=first.created_at,
        updated_at=first.updated_at,
    )


class _Any(Container[str]):
    """Holds everything."""

    def __contains__(self, _: object) -> bool:
        return True


ANY = _Any()


def impossible_ids(executions: Sequence[RecordedExecution], actions: Sequence[CorporateAction] = ()) -> set[str]:
    """The ids of executions that may only close and take more than is open, and of actions that cannot be applied:
    those that `groups_of` refuses unless they are tolerated.

    executions: in order, from a flat point on.
    """
    found: set[str] = set()
    while True:
        try:
            groups_of(executions, found, actions)
        except PositionTooSmall as error:
            found.add(error.execution_id)
        except ActionImpossible as error:
            found.add(error.action_id)
        else:
            return found


class _Parts:
    """A group that is being put together; `position` has its money, if that is needed."""

    __slots__ = ("closes", "entries", "executions", "held", "is_rounded", "position", "side", "splits", "symbol")

    def __init__(self, first: RecordedExecution, position: Position | None) -> None:
        self.side = first.side
        self.symbol = first.symbol
        self.position = position
        self.held = ZERO
        self.executions: list[RecordedExecution] = []
        self.entries: list[Leg] = []
        self.closes: list[Leg] = []
        self.splits: list[TradeSplit] = []
        self.is_rounded = False

    def open(self, leg: Leg) -> None:
        """Add an execution, or a part of it, to what is open."""
        self.held = money.total((self.held, leg.quantity))
        self._add(self.entries, leg, self.side)

    def close(self, leg: Leg) -> None:
        """Close something of what is open by an execution, or a part of it."""
        self.held = money.minus(self.held, leg.quantity)
        self._add(self.closes, leg, self.side.opposite)

    def split(self, split: Split, split_id: str) -> None:
        """Hold what is open in other units, and take the cash that comes with them."""
        left = open_after_split(self.held, split, self.executions[0].instrument.multiplier)
        self.is_rounded |= money.product(self.held, split.new) != money.product(left, split.old)
        if self.position is not None:
            self.position.split(split)
        self.held = left
        self._note(split, split_id)

    def hand_over(self, split: Split, action: CorporateAction) -> tuple[list[HandedOver], Decimal]:
        """Take the cash of the split, and let a share of the cost go along with units of another symbol.

        Returns these by lot, and the mean price of all of them. Raises RuleBroken, and changes nothing then.
        """
        position = cast("Position", self.position)  # never None if an action hands something over
        multiplier = self.executions[0].instrument.multiplier
        check_handed_over(position, action, multiplier)
        position.split(replace(split, cost_share=ZERO))
        lots = handed_over(position, action, split.cost_share)
        worth, costs = money.total(lot.money for lot in lots), money.total(lot.costs for lot in lots)
        quantity = money.total(lot.quantity for lot in lots)
        commission = self._commission_among(costs)
        self._note(
            split,
            action.action_id,
            cost_share=split.cost_share,
            money=worth,
            commission=commission,
            fees=money.minus(costs, commission),
        )
        return lots, money.ratio(worth, money.product(quantity, multiplier))

    def _commission_among(self, costs: Decimal) -> Decimal:
        """The part of costs of the entries that is commission."""
        commission, fees = _costs_of(self.entries)
        paid = money.plus(commission, fees)
        return costs if not paid else money.ratio(money.product(costs, commission), paid)

    def _note(self, split: Split, split_id: str, **moved: Decimal) -> None:
        at_once = self.executions[-1].executed_at == split.at  # the latest of them
        self.splits.append(
            TradeSplit(
                split_id=split_id,
                new=split.new,
                old=split.old,
                at=split.at,
                cash=split.cash or None,
                sequence=len(self.executions) if at_once else None,
                **moved,
            )
        )

    def _add(self, to: list[Leg], leg: Leg, side: Side) -> None:
        own = leg._replace(rank=len(self.executions), units=len(self.splits))
        to.append(own)
        self.executions.append(leg.execution)
        if self.position is not None:
            self.position.take(
                Fill(
                    fill_id=own.name,
                    side=side,
                    quantity=own.quantity,
                    price=own.price,
                    at=own.execution.executed_at,
                    costs=own.costs,
                    money=own.money,
                )
            )


def _group(parts: _Parts) -> FillGroup:
    first = parts.executions[0]
    trade_id = first.opens
    entries, closes = [], []
    for legs in merged(parts.entries):
        price, worth_of = worth(legs)
        commission, fees = _costs_of(legs)
        entries.append(
            Entry(
                entry_id=part_id(trade_id, legs[0].name),
                quantity=money.total(leg.quantity for leg in legs),
                price=price,
                entered_at=legs[0].execution.executed_at,
                commission=commission,
                fees=fees,
                sequence=legs[0].rank,
                money=worth_of,
            )
        )
    for legs in merged(parts.closes):
        price, worth_of = worth(legs)
        commission, fees = _costs_of(legs)
        closes.append(
            Close(
                close_id=part_id(trade_id, legs[0].name),
                quantity=money.total(leg.quantity for leg in legs),
                price=price,
                closed_at=legs[-1].execution.executed_at,
                commission=commission,
                fees=fees,
                sequence=legs[-1].rank,
                money=worth_of,
            )
        )
    warnings = []
    if any(one.costs is None for one in parts.executions):
        warnings.append(FEE_NOT_PRICED)
    if any(one.basis_unknown for one in parts.executions):
        warnings.append(BASIS_UNKNOWN)
    if any(leg.execution.may_only_close for leg in parts.entries):
        warnings.append(CLOSING_FILL_OPENED)
    if max(len(parts.entries), len(parts.closes)) > MOST_LEGS:
        warnings.append(FILLS_MERGED)
    if parts.is_rounded:
        warnings.append(ROUNDED_BY_SPLIT)
    return FillGroup(
        trade_id=trade_id,
        first=first,
        symbol=parts.symbol,
        side=parts.side,
        entries=tuple(entries),
        closes=tuple(closes),
        splits=tuple(parts.splits),
        execution_ids=tuple(dict.fromkeys(one.execution_id for one in parts.executions)),
        leg_names=tuple(leg.name for leg in (*parts.entries, *parts.closes)),
        open_quantity=parts.held,
        warnings=tuple(warnings),
    )


def _costs_of(legs: Sequence[Leg]) -> tuple[Decimal, Decimal]:
    """Commission and fees of the legs together, which add up to their costs."""
    commission = money.total(_commission_of(leg) for leg in legs)
    return commission, money.minus(money.total(leg.costs for leg in legs), commission)


def _commission_of(leg: Leg) -> Decimal:
    execution = leg.execution
    commission = execution.priced(execution.commission)
    if leg.lot_price is not None:
        return ZERO if not execution.costs else money.ratio(money.product(leg.costs, commission), execution.costs)
    if leg.quantity == execution.quantity:
        return commission
    return money.ratio(money.product(commission, leg.quantity), execution.quantity)


Former = Mapping[str, Sequence[str]]


def former_trades(executions: Sequence[RecordedExecution], gone: Iterable[str] = ()) -> Former:
    """The trades that executions were a part of when they were settled last, with their ids, in their order.

    gone: trades of executions that were deleted since.
    """
    found: dict[str, list[str]] = {}
    for execution in executions:
        for trade_id in execution.trade_ids:
            found.setdefault(trade_id, []).append(execution.execution_id)
    for trade_id in gone:
        found.setdefault(trade_id, [])
    return found


def regrouped(
    former: Former,
    executions: Sequence[RecordedExecution],
    groups: Sequence[FillGroup],
    stored: Mapping[str, Trade],
    *,
    user_id: str,
    lot_method: LotMethod,
    now: datetime,
    accepted: bool = False,
) -> Regrouping:
    """Derive the trades of the groups from what the executions' trades were before.

    stored: the trades of `former` and of the groups, by id, those that exist. accepted: the executions were accepted
    before, so nothing can be refused; where a trade cannot become a part of another, for its images or the length of
    its notes, and where no execution of it is left, it stays with all that was written about it, as a cancelled trade
    that is recorded by hand.

    Raises, unless `accepted`, RuleBroken for figures that are too long; StateForbids when notes or images would be
    lost.
    """
    after, renamed = _with_heirs(former, groups, stored)
    kept = {group.trade_id for group in after}
    vanished = [stored[trade_id] for trade_id in former if trade_id not in kept and _is_of_ledger(stored, trade_id)]
    heirs = _heirs_of_notes(vanished, former, after)
    handed: dict[str, list[Trade]] = {}
    changed, aside = [], []
    for group in after:
        old = stored.get(group.trade_id)
        new = _derived(group, old, user_id, lot_method, now)
        for other in vanished:
            if heirs.get(other.trade_id) != group.trade_id or not _is_annotated(other):
                continue
            if accepted and len(handed.get(group.trade_id, ())) >= _MOST_HANDED:
                aside.append(other)
                continue
            try:
                new = _with_notes_of(new, other)
            except StateForbids:
                if not accepted:
                    raise
                aside.append(other)
            else:
                handed.setdefault(group.trade_id, []).append(other)
        if old is None or replace(new, version=old.version, updated_at=old.updated_at) != old:
            changed.append((new if accepted else within_bounds(new), old))
    for trade in vanished:
        if trade.trade_id not in heirs and _is_annotated(trade):
            if not accepted:
                raise StateForbids(
                    "The trade of these fills has notes or images, which would be lost. Remove them from the trade "
                    "first."
                )
            aside.append(trade)
    changed += [(_put_aside(trade, now), trade) for trade in aside]
    return Regrouping(
        changed=tuple(changed),
        vanished=tuple(trade for trade in vanished if trade not in aside),
        handed={trade_id: tuple(trade.trade_id for trade in trades) for trade_id, trades in handed.items()},
        fills=_changed_fills(executions, after, renamed, now),
        renamed=renamed,
        open_groups={symbol_key(group.symbol): group for group in after if group.open_quantity},
    )


def _is_of_ledger(stored: Mapping[str, Trade], trade_id: str) -> bool:
    return trade_id in stored and stored[trade_id].source is TradeSource.LEDGER


def _put_aside(trade: Trade, now: datetime) -> Trade:
    """The trade as one that is recorded by hand and never took place, with its notes and images."""
    return replace(
        trade, closes=(), cancelled=True, source=None, warnings=(), version=trade.version + 1, updated_at=now
    )


def _with_heirs(
    former: Former, after: Sequence[FillGroup], stored: Mapping[str, Trade]
) -> tuple[list[FillGroup], dict[str, str]]:
    """The groups, where new ones take over the ids of trades that would vanish and whose fills they hold; and the
    trades that were taken over so, by the executions that open them now.
    """
    kept = {group.trade_id for group in after}
    homeless = [trade_id for trade_id in former if trade_id not in kept and _is_of_ledger(stored, trade_id)]
    renamed: dict[str, str] = {}
    heirs: list[FillGroup] = []
    for group in after:
        if homeless and group.trade_id not in stored:
            held = set(group.execution_ids)
            trade_id = next((each for each in homeless if not held.isdisjoint(former[each])), None)
            if trade_id is not None:
                homeless.remove(trade_id)
                renamed[group.first.execution_id] = trade_id
                heirs.append(_under(trade_id, group))
                continue
        heirs.append(group)
    return heirs, renamed


def methods_of(
    former: Former, groups: Sequence[FillGroup], stored: Mapping[str, Trade], method: LotMethod
) -> dict[str, LotMethod]:
    """The lot methods of the groups, by their first executions: that of the trade, or `method` for a new one."""
    after, _ = _with_heirs(former, groups, stored)
    return {
        group.first.execution_id: stored[group.trade_id].lot_method if group.trade_id in stored else method
        for group in after
    }


def _under(trade_id: str, group: FillGroup) -> FillGroup:
    """The group as the trade of that id."""
    ids = {part_id(group.trade_id, name): name for name in group.leg_names}
    return replace(
        group,
        trade_id=trade_id,
        first=replace(group.first, opens=trade_id),
        entries=tuple(replace(one, entry_id=part_id(trade_id, ids[one.entry_id])) for one in group.entries),
        closes=tuple(replace(one, close_id=part_id(trade_id, ids[one.close_id])) for one in group.closes),
    )


def _heirs_of_notes(vanished: Sequence[Trade], former: Former, after: Sequence[FillGroup]) -> dict[str, str]:
    """For each trade that vanishes, the trade that gets its notes: the one with its first remaining fill."""
    if not vanished:
        return {}
    holder = {execution_id: group.trade_id for group in reversed(after) for execution_id in group.execution_ids}
    heirs = {}
    for trade in vanished:
        heir = next((holder[one] for one in former[trade.trade_id] if one in holder), None)
        if heir is not None:
            heirs[trade.trade_id] = heir
    return heirs


def _is_annotated(trade: Trade) -> bool:
    return (
        trade.notes != JournalNotes() or bool(trade.images) or any(getattr(trade, name) is not None for name in _RISK)
    )


def _derived(group: FillGroup, old: Trade | None, user_id: str, lot_method: LotMethod, now: datetime) -> Trade:
    """The trade of a group, with the notes, stops and images that it has."""
    first = group.first
    if old is None:
        entry = group.entries[0]
        old_or_new = Trade(
            user_id=user_id,
            trade_id=group.trade_id,
            symbol=group.symbol,
            side=group.side,
            quantity=entry.quantity,
            open_date=entry.entered_at,
            lot_method=lot_method,
            created_at=first.created_at,  # whenever it is derived, it is the same
            updated_at=now,
            version=0,
        )
    else:
        old_or_new = old
    derived = with_entries(
        old_or_new,
        group.entries,
        symbol=group.symbol,
        side=group.side,
        multiplier=first.instrument.multiplier,
        account_id=None if first.account_id == MAIN else first.account_id,
        currency=first.instrument.currency,
        closes=group.closes,
        splits=group.splits,
        **_in_units(old_or_new, group.splits),
        cancelled=False,
        source=TradeSource.LEDGER,
        warnings=group.warnings,
        version=old_or_new.version + 1,
        updated_at=now,
    )
    return replace(derived, events=_events(derived, old_or_new))


def _events(trade: Trade, old: Trade) -> tuple[TradeEvent, ...]:
    """The events of the trade: its own, and one for the cash of each merger beyond the cost."""
    of_actions = {split.split_id for split in (*old.splits, *trade.splits)}
    own = [event for event in old.events if event.event_id not in of_actions]
    if all(split.cash is None for split in trade.splits):
        return tuple(own)
    at = {split.split_id: split.at for split in trade.splits}
    paid = [
        TradeEvent(event_id=each.split_id, type=EventType.OTHER, amount=each.beyond, at=at[each.split_id])
        for each in trade.trip.received
        if each.beyond
    ]
    return (*own, *paid)


def _in_units(trade: Trade, splits: Sequence[TradeSplit]) -> dict[str, Decimal]:
    """The trade's stops and target in units after these splits, if the trade has others."""
    gone = [split for split in reversed(trade.splits) if split not in splits]
    added = [split for split in splits if split not in trade.splits]
    prices = {}
    for name in _PRICES:
        price = getattr(trade, name)
        if price is None:
            continue
        for split in gone:
            price = per_new_unit(price, split.old, split.new)
        for split in added:
            price = per_new_unit(price, split.new, split.old)
        prices[name] = price
    return prices


def _with_notes_of(trade: Trade, other: Trade) -> Trade:
    """The trade with all that was written about the other one. Raises StateForbids where that is not possible."""
    if other.images:  # their files lie under the other trade's id
        raise StateForbids(
            f"The trade {other.trade_id} would become a part of {trade.trade_id}, and has images. Remove them first."
        )
    own, others = trade.notes, other.notes
    values: dict[str, Any] = {}
    rest: list[str] = []
    for field in fields(JournalNotes):
        mine, theirs = getattr(own, field.name), getattr(others, field.name)
        if theirs in (None, (), {}) or theirs == mine:
            continue
        if mine in (None, (), {}):
            values[field.name] = theirs
        elif field.name in _TEXTS:
            values[field.name] = f"{mine}\n\n---\n\n{theirs}"
        elif isinstance(mine, tuple):
            values[field.name] = (
                unique((*mine, *theirs)) if field.name == "tags" else tuple(dict.fromkeys((*mine, *theirs)))
            )
        elif isinstance(mine, Mapping):
            values[field.name] = {**theirs, **mine}
            rest += [f"{key}: {value}" for key, value in theirs.items() if mine.get(key, value) != value]
        else:
            rest.append(f"{field.name}: {theirs}")
    risk = {}
    for name in _RISK:
        mine, theirs = getattr(trade, name), getattr(other, name)
        if theirs is None or theirs == mine:
            continue
        if mine is None:
            risk[name] = theirs
        else:
            rest.append(f"{name}: {canonical(theirs)}")
    if rest:
        text = values.get("post_trade_notes", own.post_trade_notes)
        added = f"Of the trade {other.trade_id}: " + "; ".join(rest)
        values["post_trade_notes"] = added if text is None else f"{text}\n\n---\n\n{added}"
    notes = replace(own, **values)
    if len(notes.tags) > MOST_TAGS or any(len(getattr(notes, name) or "") > MOST_TEXT for name in _TEXTS):
        raise StateForbids(
            f"The trades {trade.trade_id} and {other.trade_id} would become one, and their notes or tags are too long "
            "together. Shorten them first."
        )
    return replace(trade, notes=notes, **risk)


def _changed_fills(
    executions: Sequence[RecordedExecution], after: Sequence[FillGroup], renamed: Mapping[str, str], now: datetime
) -> tuple[RecordedExecution, ...]:
    """The executions that open, or belong to, other trades than are stored in them."""
    of: dict[str, list[str]] = {}
    for group in after:
        for execution_id in group.execution_ids:
            of.setdefault(execution_id, []).append(group.trade_id)
    changed = []
    for execution in executions:
        opens = renamed.get(execution.execution_id, execution.opens)
        if execution.execution_id not in renamed and opens in renamed.values():
            # A new id, used never before: an execution may lose one trade twice, and its new id to another in between.
            opens = str(uuid5(UUID(part_id(opens, execution.execution_id)), now.isoformat()))
        trade_ids = tuple(of.get(execution.execution_id, ()))
        if (opens, trade_ids) != (execution.opens, execution.trade_ids):
            changed.append(replace(execution, opens=opens, trade_ids=trade_ids))
    return tuple(changed)

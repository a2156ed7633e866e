"""Executions (fills), the instruments they are in, and the corporate actions that change what is held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import FieldError, PositionTooSmall
from handlers.journal.money import ONE, ZERO
from handlers.journal.positions import Side
from handlers.journal.rules import wrong_amount, wrong_time
from handlers.journal.settings import MAIN
from handlers.journal.tags import tag_errors

DEFAULT_ACCOUNT = MAIN


class InstrumentKind(StrEnum):
    """What is traded."""

    STOCK = "STOCK"
    FUND = "FUND"
    FUTURE = "FUTURE"
    OPTION = "OPTION"
    FUTURE_OPTION = "FUTURE_OPTION"
    CRYPTO = "CRYPTO"
    FOREX = "FOREX"
    CFD = "CFD"
    BOND = "BOND"
    OTHER = "OTHER"


class Right(StrEnum):
    """What an option gives the right to: to sell (PUT), or to buy (CALL)."""

    PUT = "PUT"
    CALL = "CALL"


class ExecutionKind(StrEnum):
    """What made the fill."""

    TRADE = "TRADE"
    EXPIRY = "EXPIRY"
    ASSIGNMENT = "ASSIGNMENT"
    EXERCISE = "EXERCISE"
    CASH_SETTLEMENT = "CASH_SETTLEMENT"
    TRANSFER_IN = "TRANSFER_IN"
    TRANSFER_OUT = "TRANSFER_OUT"
    DUST = "DUST"
    FEE_IN_KIND = "FEE_IN_KIND"
    OPENING = "OPENING"
    MERGER_CASH = "MERGER_CASH"
    SPINOFF = "SPINOFF"
    MERGER_SHARES = "MERGER_SHARES"


# Kinds that close what is open and never open anything. Their side follows from the position.
CLOSING = frozenset(
    {
        ExecutionKind.EXPIRY,
        ExecutionKind.ASSIGNMENT,
        ExecutionKind.EXERCISE,
        ExecutionKind.CASH_SETTLEMENT,
        ExecutionKind.TRANSFER_OUT,
        ExecutionKind.DUST,
        ExecutionKind.FEE_IN_KIND,
    }
)
# Kinds that close at 0, whatever the price of the day.
WORTHLESS = frozenset(
    {ExecutionKind.EXPIRY, ExecutionKind.ASSIGNMENT, ExecutionKind.EXERCISE, ExecutionKind.FEE_IN_KIND}
)
# Kinds that close all that is open when they name no quantity.
ALL_THAT_IS_OPEN = frozenset({ExecutionKind.EXPIRY, ExecutionKind.CASH_SETTLEMENT, ExecutionKind.DUST})
# Kinds that may have no price: what comes in has an unknown cost then, and what leaves does so at its cost.
WITHOUT_PRICE = WORTHLESS | {
    ExecutionKind.TRANSFER_IN,
    ExecutionKind.TRANSFER_OUT,
    ExecutionKind.DUST,
    ExecutionKind.OPENING,
}
COMES_IN = frozenset({ExecutionKind.TRANSFER_IN, ExecutionKind.OPENING})
# Kinds of stored fills that follow from a corporate action: their quantity and price are derived.
MADE_BY_ACTIONS = frozenset({ExecutionKind.SPINOFF, ExecutionKind.MERGER_SHARES})
MAKES_SHARES = frozenset({ExecutionKind.ASSIGNMENT, ExecutionKind.EXERCISE})


class ExecutionSource(StrEnum):
    """How an execution came about: by an operation on executions or on a trade, an import, or a corporate action."""

    API = "API"
    MANUAL = "MANUAL"
    IMPORT = "IMPORT"
    ACTION = "ACTION"


class PositionEffect(StrEnum):
    """Whether a fill is meant to open or to close. AUTO closes what is open and opens with the rest."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"
    AUTO = "AUTO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What a symbol stands for. `multiplier` is the money that one unit makes when its price moves by 1."""

    kind: InstrumentKind = InstrumentKind.OTHER
    multiplier: Decimal = ONE
    currency: str | None = None
    underlying: str | None = None
    expiry: date | None = None
    strike: Decimal | None = None
    right: Right | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDetail:
    """One part of what an execution cost."""

    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A fill. Of a closing kind, side and quantity may be None: they follow from what is open.

    A cost is >= 0, a rebate < 0, in `fee_currency`, or without one in the instrument's; `fee_price` is the price of a
    unit of the fee's currency. Fills are taken in the order of (executed_at, sequence, execution_id).
    """

    execution_id: str
    account_id: str = DEFAULT_ACCOUNT
    symbol: str
    instrument: Instrument
    side: Side | None
    quantity: Decimal | None
    price: Decimal | None
    executed_at: datetime
    sequence: int = 0
    commission: Decimal = ZERO
    fees: Decimal = ZERO
    cost_details: tuple[CostDetail, ...] = ()
    fee_currency: str | None = None
    fee_price: Decimal | None = None
    kind: ExecutionKind = ExecutionKind.TRADE
    position_effect: PositionEffect = PositionEffect.AUTO
    order_id: str | None = None
    external_id: str | None = None
    pair_id: str | None = None
    linked_to: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def may_only_close(self) -> bool:
        """Whether the fill never opens anything."""
        return self.kind in CLOSING or self.position_effect is PositionEffect.CLOSE

    def priced(self, cost: Decimal) -> Decimal:
        """One of its costs in the instrument's currency; 0 when the fee's currency has no price."""
        if self.fee_currency is None or self.fee_currency == self.instrument.currency:
            return cost
        if self.fee_price is None:
            return ZERO
        return money.rounded(money.product(cost, self.fee_price), money.MOST_DECIMALS)

    @property
    def costs(self) -> Decimal | None:
        """Commission and fees together in the instrument's currency; None when the fee's currency has no price."""
        paid = money.total((self.commission, self.fees))
        if self.fee_price is None and self.fee_currency not in (None, self.instrument.currency) and paid != ZERO:
            return None
        return money.total((self.priced(self.commission), self.priced(self.fees)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExecution(Execution):
    """An execution that is stored: side, quantity and price are known, and it names the trades that it is a part of.

    `basis_unknown` is set for what came in without a price; its price is then 0.

    `opens` is the id of the trade that it opens, if it opens one. The instrument is part of it, so that it can be read
    alone. `version` rises with every change of the execution itself.
    """

    user_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    opens: str
    trade_ids: tuple[str, ...] = ()
    basis_unknown: bool = False
    source: ExecutionSource = ExecutionSource.API
    import_id: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime


class ActionType(StrEnum):
    """What a corporate action does."""

    SPLIT = "SPLIT"
    RENAME = "RENAME"
    MERGER_CASH = "MERGER_CASH"
    MERGER_SHARES = "MERGER_SHARES"
    SPINOFF = "SPINOFF"
    SHARE_DIVIDEND = "SHARE_DIVIDEND"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorporateAction:
    """What happens at an instant to all that is open in a symbol; with an account, in that account alone.

    SPLIT: `new` units for `old` ones. RENAME: to `new_symbol`. MERGER_CASH: `cash_per_share` for each unit, which
    closes. MERGER_SHARES: `new` units of `new_symbol` for `old` ones, and `cash_per_share`, if any, for each of the
    latter. SPINOFF: `new` units of `new_symbol` for each `old` ones that are held, which take `cost_share` (0 to 1) of
    the cost along. SHARE_DIVIDEND: `quantity` units more, at no cost. `sequence` is the order of those of one instant.
    """

    action_id: str
    type: ActionType
    symbol: str
    effective_at: datetime
    account_id: str | None = None
    new: Decimal | None = None
    old: Decimal | None = None
    new_symbol: str | None = None
    cash_per_share: Decimal | None = None
    cost_share: Decimal | None = None
    quantity: Decimal | None = None
    sequence: int = 0


def in_turn(action: CorporateAction) -> tuple[datetime, int, str]:
    """What corporate actions are sorted by; those of one instant are in the order in which they were given."""
    return action.effective_at, action.sequence, action.action_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAction(CorporateAction):
    """A corporate action that is stored. It is recorded and deleted, and never changed."""

    user_id: str
    import_id: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    @property
    def alone(self) -> CorporateAction:
        """The action in the form that positions store."""
        return CorporateAction(**{own.name: getattr(self, own.name) for own in fields(CorporateAction)})


# The fields that an action of each type needs, and those that it may have besides.
ACTION_FIELDS: Mapping[ActionType, tuple[frozenset[str], frozenset[str]]] = {
    ActionType.SPLIT: (frozenset({"new", "old"}), frozenset()),
    ActionType.RENAME: (frozenset({"new_symbol"}), frozenset()),
    ActionType.MERGER_CASH: (frozenset({"cash_per_share"}), frozenset()),
    ActionType.MERGER_SHARES: (frozenset({"new_symbol", "new", "old"}), frozenset({"cash_per_share"})),
    ActionType.SPINOFF: (frozenset({"new_symbol", "new", "old", "cost_share"}), frozenset()),
    ActionType.SHARE_DIVIDEND: (frozenset({"quantity"}), frozenset()),
}
_OF_ACTIONS = ("new", "old", "new_symbol", "cash_per_share", "cost_share", "quantity")

_POSITIVE = frozenset({"quantity", "multiplier", "new", "old", "fee_price"})

_FEE_PRICE_ALONE = Fault(FieldCode.REQUIRED_WITH, "is required with feePrice", {"properties": ["feePrice"]})
_COSTS_DIFFER = Fault(FieldCode.COSTS_DIFFER, "must add up to commission and fees")
_NO_SHARE = Fault(FieldCode.OUT_OF_RANGE, "must be from 0 to 1", {"minimum": 0, "maximum": 1})
DIFFERS_FROM_INSTRUMENT = Fault(
    FieldCode.DIFFERS_FROM_INSTRUMENT, "differs from that of another execution of the symbol"
)


def symbol_key(symbol: str) -> str:
    """Symbols that differ in case alone are one."""
    return symbol.upper()


Taken = TypeVar("Taken", bound=Execution)


def in_order(executions: Iterable[Taken]) -> list[Taken]:
    """The executions in the order in which they are taken."""
    return sorted(executions, key=lambda one: (one.executed_at, one.sequence, one.execution_id))


def side_and_quantity(
    execution: Execution, open_side: Side | None, open_quantity: Decimal
) -> tuple[Side | None, Decimal | None]:
    """The side and the quantity of an execution; if one that may only close has none, they follow from what is open.

    Raises PositionTooSmall for one that may only close and takes more than is open.
    """
    side, quantity = execution.side, execution.quantity
    if not execution.may_only_close:
        return side, quantity
    if side is None and open_side is not None:
        side = open_side.opposite
    can_close = open_quantity if side is not None and side is not open_side else ZERO
    quantity = quantity or can_close
    if not quantity or quantity > can_close:
        raise PositionTooSmall(execution.execution_id, can_close)
    return side, quantity


def execution_errors(execution: Execution, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """What is wrong with the execution in itself; `path` leads to it."""
    kind = execution.kind
    errors = [*_amount_errors(execution, path), *_amount_errors(execution.instrument, (*path, "instrument"))]
    errors += _time_errors(execution.executed_at, (*path, "executed_at"))
    errors += [replace(error, path=(*path, *error.path)) for error in tag_errors(execution.tags)]
    for index, detail in enumerate(execution.cost_details):
        errors += _amount_errors(detail, (*path, "cost_details", index))
    for name, missing in (
        ("side", execution.side is None and kind not in CLOSING),
        ("quantity", execution.quantity is None and kind not in ALL_THAT_IS_OPEN),
        ("price", execution.price is None and kind not in WITHOUT_PRICE),
    ):
        if missing:
            errors.append(FieldError((*path, name), _required_for(kind)))
    if kind in WORTHLESS and execution.price:
        errors.append(FieldError((*path, "price"), _not_for(kind, f"must be 0 or left out for the kind {kind}")))
    if execution.position_effect is PositionEffect.OPEN and kind in CLOSING:
        errors.append(FieldError((*path, "position_effect"), _not_for(kind, f"cannot be OPEN for the kind {kind}")))
    if execution.fee_price is not None and execution.fee_currency is None:
        errors.append(FieldError((*path, "fee_currency"), _FEE_PRICE_ALONE))
    if execution.cost_details:
        detailed = money.total(detail.amount for detail in execution.cost_details)
        if detailed != money.total((execution.commission, execution.fees)):
            errors.append(FieldError((*path, "cost_details"), _COSTS_DIFFER))
    return errors


def share_fill_errors(execution: Execution, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """What an ASSIGNMENT or EXERCISE lacks for the fill in the underlying that it makes."""
    instrument = execution.instrument
    return [
        FieldError((*path, "instrument", name), _required_for(execution.kind))
        for name in ("underlying", "strike", "right")
        if getattr(instrument, name) is None
    ]


def share_fill(execution: Execution, execution_id: str) -> Execution:
    """The fill in the underlying that an ASSIGNMENT or EXERCISE of the option makes, at the strike.

    The costs of the assignment are this fill's. An option on a future delivers one future for each option.
    """
    option = execution.instrument
    if option.underlying is None or execution.quantity is None:
        raise ValueError("an option without an underlying, or of no quantity, delivers nothing")
    on_future = option.kind is InstrumentKind.FUTURE_OPTION
    buys = (option.right is Right.CALL) is (execution.kind is ExecutionKind.EXERCISE)
    return Execution(
        execution_id=execution_id,
        account_id=execution.account_id,
        symbol=option.underlying,
        instrument=Instrument(
            kind=InstrumentKind.FUTURE if on_future else InstrumentKind.STOCK,
            multiplier=option.multiplier if on_future else ONE,
            currency=option.currency,
        ),
        side=Side.BUY if buys else Side.SELL,
        quantity=execution.quantity if on_future else money.product(execution.quantity, option.multiplier),
        price=option.strike,
        executed_at=execution.executed_at,
        sequence=execution.sequence,
        commission=execution.commission,
        fees=execution.fees,
        cost_details=execution.cost_details,
        fee_currency=execution.fee_currency,
        fee_price=execution.fee_price,
        order_id=execution.order_id,
        linked_to=execution.execution_id,
    )


def without_costs(execution: Execution) -> Execution:
    """The execution without its costs, which the fill that it made has instead."""
    return replace(execution, commission=ZERO, fees=ZERO, cost_details=(), fee_currency=None, fee_price=None)


def action_errors(action: CorporateAction, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """What is wrong with the action in itself; `path` leads to it."""
    needed, others = ACTION_FIELDS[action.type]
    errors = [*_amount_errors(action, path), *_time_errors(action.effective_at, (*path, "effective_at"))]
    for name in _OF_ACTIONS:
        given = getattr(action, name) is not None
        if name in needed and not given:
            errors.append(FieldError((*path, name), _required_for(action.type)))
        elif given and name not in needed | others:
            detail = f"does not belong to the type {action.type}"
            errors.append(FieldError((*path, name), _not_for(action.type, detail)))
    if action.type is ActionType.SPLIT and action.new is not None and action.new == action.old:
        errors.append(FieldError((*path, "new"), Fault(FieldCode.SAME_AS, "is the same as old", {"property": "old"})))
    if action.cost_share is not None and not ZERO <= action.cost_share <= ONE:
        errors.append(FieldError((*path, "cost_share"), _NO_SHARE))
    if action.cash_per_share is not None and action.cash_per_share < ZERO:
        errors.append(FieldError((*path, "cash_per_share"), Fault(FieldCode.NEGATIVE, "must not be below 0")))
    if action.new_symbol is not None and symbol_key(action.new_symbol) == symbol_key(action.symbol):
        fault = Fault(FieldCode.SAME_AS, "is the same as symbol", {"property": "symbol"})
        errors.append(FieldError((*path, "new_symbol"), fault))
    return errors


def instrument_errors(executions: Sequence[Execution], path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """The executions whose multiplier or currency differs from that of the first execution of their symbol."""
    errors: list[FieldError] = []
    first: dict[str, Instrument] = {}
    for index, execution in enumerate(executions):
        known = first.setdefault(symbol_key(execution.symbol), execution.instrument)
        errors += [
            FieldError((*path, index, "instrument", own), DIFFERS_FROM_INSTRUMENT)
            for own in ("multiplier", "currency")
            if getattr(known, own) != getattr(execution.instrument, own)
        ]
    return errors


def _amount_errors(of: Any, path: tuple[str | int, ...]) -> Iterator[FieldError]:
    for own in fields(of):
        amount = getattr(of, own.name)
        if not isinstance(amount, Decimal):
            continue
        if (fault := wrong_amount(amount, positive=own.name in _POSITIVE)) is not None:
            yield FieldError((*path, own.name), fault)


def _time_errors(moment: datetime, path: tuple[str | int, ...]) -> list[FieldError]:
    fault = wrong_time(moment)
    return [] if fault is None else [FieldError(path, fault)]


def _required_for(kind: str) -> Fault:
    return Fault(FieldCode.REQUIRED, f"is required for {kind}")


def _not_for(kind: str, detail: str) -> Fault:
    return Fault(FieldCode.NOT_FOR_KIND, detail, {"kind": str(kind)})

"""Executions and corporate actions, from the contract's values to the journal's objects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.executions import (
    DEFAULT_ACCOUNT,
    ActionType,
    CorporateAction,
    CostDetail,
    Execution,
    ExecutionKind,
    Instrument,
    InstrumentKind,
    PositionEffect,
    Right,
)
from handlers.journal.money import ONE
from handlers.journal.point_values import point_value
from handlers.journal.positions import Side

# What one option contract is on, unless it says otherwise.
_OPTION_MULTIPLIER = Decimal(100)


def execution_from_input(
    values: Mapping[str, Any], execution_id: str, instrument: Instrument, *, sequence: int = 0
) -> Execution:
    """The execution of an input's values, by the journal's names."""
    own = {name: value for name, value in values.items() if name != "instrument"}
    kind = ExecutionKind(own.pop("kind", ExecutionKind.TRADE))
    details = own.pop("cost_details", ())
    side = own.pop("side", None)
    return Execution(
        execution_id=execution_id,
        account_id=str(own.pop("account_id", DEFAULT_ACCOUNT)).lower(),
        instrument=instrument,
        side=None if side is None else Side(side),
        quantity=own.pop("quantity", None),
        price=own.pop("price", None),
        kind=kind,
        position_effect=PositionEffect(own.pop("position_effect", PositionEffect.AUTO)),
        cost_details=tuple(CostDetail(kind=str(detail["kind"]), amount=detail["amount"]) for detail in details),
        sequence=sequence,
        tags=tuple(own.pop("tags", ())),
        **own,
    )


def action_of(values: Mapping[str, Any], action_id: str, *, sequence: int = 0) -> CorporateAction:
    """The corporate action of an input's values, by the journal's names."""
    own = dict(values)
    account = own.pop("account_id", None)
    return CorporateAction(
        action_id=action_id,
        type=ActionType(own.pop("type")),
        account_id=None if account is None else str(account).lower(),
        sequence=sequence,
        **own,
    )


def instrument_from_input(values: Mapping[str, Any], symbol: str) -> Instrument:
    """The instrument of an input's values. Raises RuleBroken when it is a future whose point value is not known."""
    own = dict(values)
    kind = InstrumentKind(own.pop("kind", InstrumentKind.OTHER))
    multiplier = own.pop("multiplier", None)
    currency = own.pop("currency", None)
    if multiplier is None and kind is InstrumentKind.FUTURE:
        known = point_value(symbol)
        if known is None:
            fault = Fault(FieldCode.POINT_VALUE_UNKNOWN, "is required: the point value of this future is not known")
            raise RuleBroken([FieldError(("instrument", "multiplier"), fault)])
        multiplier, currency = known.value, currency or known.currency
    if multiplier is None:
        multiplier = _OPTION_MULTIPLIER if kind is InstrumentKind.OPTION else ONE
    right, expiry = own.pop("right", None), own.pop("expiry", None)
    return Instrument(
        kind=kind,
        multiplier=multiplier,
        currency=currency,
        expiry=None if expiry is None else date.fromisoformat(str(expiry)),
        right=None if right is None else Right(right),
        **own,
    )

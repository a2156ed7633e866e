"""Recorded executions and open positions as the documents that the API answers, and what a client gives of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.documents.executions import action_of, execution_from_input, instrument_from_input
from handlers.documents.fields import columns_of, document, time_text
from handlers.documents.trades import trade_document
from handlers.journal import money
from handlers.journal.executions import (
    CorporateAction,
    CostDetail,
    Execution,
    Instrument,
    RecordedAction,
    RecordedExecution,
)
from handlers.journal.money import canonical
from handlers.journal.positions import Side, Trip

if TYPE_CHECKING:
    from datetime import datetime

    from generated import models
    from handlers.journal.trade import Trade
    from handlers.storage.executions import StoredPosition


class Given(NamedTuple):
    """An execution that a client asks to record, what the request names, and whether an option makes the fill in its
    underlying.
    """

    execution: Execution
    names_account: bool
    names_instrument: bool
    with_shares: bool


def new_execution(given: models.ExecutionInput, execution_id: str) -> Given:
    """The execution that a client asks to record. Raises RuleBroken for a future whose point value is not known."""
    values = given.model_dump(exclude_none=True)
    with_shares = values.pop("with_shares", True)
    names_instrument = "instrument" in values
    instrument = instrument_from_input(values["instrument"], values["symbol"]) if names_instrument else Instrument()
    return Given(
        execution_from_input(values, execution_id, instrument), "account_id" in values, names_instrument, with_shares
    )


def changed_fields(given: models.ExecutionUpdateInput) -> dict[str, Any]:
    """The fields of an execution that a merge patch sets, by the journal's names; None takes one back to none."""
    values = given.model_dump(exclude_unset=True)
    if values.get("side") is not None:
        values["side"] = Side(values["side"])
    if values.get("cost_details") is not None:
        values["cost_details"] = tuple(
            CostDetail(kind=str(detail["kind"]), amount=detail["amount"]) for detail in values["cost_details"]
        )
    return values


def new_action(given: models.RecordedActionInput, action_id: str) -> CorporateAction:
    """The corporate action that a client asks to record."""
    return action_of(given.model_dump(exclude_none=True), action_id)


def action_document(action: RecordedAction) -> dict[str, Any]:
    """The contract's CorporateAction."""
    return document(_ACTION, action)


def execution_document(execution: RecordedExecution) -> dict[str, Any]:
    """The contract's Execution."""
    shown = document(_EXECUTION, execution)
    if execution.basis_unknown:
        del shown["price"]
    return shown


def recorded_document(execution: RecordedExecution, trades: tuple[Trade, ...], settled: bool) -> dict[str, Any]:
    """The contract's RecordedExecution: the execution, and its trades as they are then."""
    return {
        "execution": {**execution_document(execution), "settled": settled},
        "trades": [trade_document(trade) for trade in trades],
    }


def position_document(
    position: StoredPosition, trade: Trade | None, *, as_of: datetime, with_lots: bool
) -> dict[str, Any]:
    """The contract's OpenPosition, of a position with its trade as it was at the instant; without one as long as that
    is to follow.
    """
    if trade is None:
        pending = {
            "accountId": position.account_id,
            "symbol": position.symbol,
            "pairId": position.pair_id,
            "currency": position.instrument.currency,
            "side": position.side,
            "quantity": canonical(position.open_quantity),
            "asOf": time_text(as_of),
            "settled": False,
        }
        return {name: value for name, value in pending.items() if value is not None}
    trip: Trip = trade.trip
    units = money.product(trip.open_quantity, trade.multiplier)
    prices = [entry.price for entry in trade.entered if entry.price is not None]
    names = {entry.entry_id for entry in trade.entered}
    shown: Mapping[str, Any] = {
        "accountId": position.account_id,
        "symbol": trade.symbol,
        "pairId": position.pair_id,
        "currency": position.instrument.currency,
        "side": str(trade.side),
        "quantity": canonical(trip.open_quantity),
        "averagePrice": canonical(money.mean_price(trip.open_cost, units, prices)) if trade.is_known else None,
        "costBasis": canonical(money.rounded(trip.open_cost, money.MOST_DECIMALS)) if trade.is_known else None,
        "openCosts": canonical(trip.open_costs),
        "lots": [
            {
                "quantity": canonical(lot.quantity),
                "cost": canonical(lot.cost),
                "costs": canonical(lot.costs),
                **({"entryId": lot.entry_id} if lot.entry_id in names else {}),
            }
            for lot in trip.lots
        ]
        if with_lots
        else None,
        "tradeId": trade.trade_id,
        "openDate": time_text(trade.open_date),
        "asOf": time_text(as_of),
        "settled": position.dirty_since is None or as_of < position.dirty_since,
    }
    return {name: value for name, value in shown.items() if value is not None}


_ACTION = columns_of(RecordedAction, without=["user_id", "sequence"])
_INSTRUMENT = columns_of(Instrument)
_EXECUTION = columns_of(
    RecordedExecution,
    without=["user_id", "sequence", "opens", "basis_unknown"],
    writers={
        "instrument": lambda instrument: document(_INSTRUMENT, instrument),
        "cost_details": lambda details: (
            [{"kind": detail.kind, "amount": canonical(detail.amount)} for detail in details] or None
        ),
        "tags": lambda tags: list(tags) or None,
        "trade_ids": list,
    },
)

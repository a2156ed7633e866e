"""The dated events of a trade: recorded, corrected, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.journal import changes
from handlers.journal.trade import EventType, Trade, TradeEvent
from handlers.usecases import trades
from handlers.usecases.trades import CreatedTrade, Keyed, Precondition

if TYPE_CHECKING:
    from generated import models


def record(
    user: str,
    trade_id: str,
    event_id: str,
    given: models.TradeEventInput,
    *,
    allowed: Precondition,
    keyed: Keyed | None = None,
) -> CreatedTrade:
    """Record an event of a trade, unless the same request did before.

    Raises RuleBroken, StateForbids, TradeNotFound, PreconditionFailed, KeyReused, AccountErased, Busy.
    """
    event = TradeEvent(event_id=event_id, type=EventType(given.type), amount=given.amount, at=given.at, note=given.note)
    return trades.add(
        user, trade_id, lambda trade, now: changes.add_event(trade, event, now), allowed=allowed, keyed=keyed
    )


def correct(
    user: str, trade_id: str, event_id: str, given: models.TradeEventUpdateInput, *, allowed: Precondition
) -> Trade:
    """Change fields of an event. Raises EventNotFound, RuleBroken, TradeNotFound, PreconditionFailed, AccountErased,
    Busy.
    """
    values = given.model_dump(exclude_unset=True)
    if values.get("type") is not None:
        values["type"] = EventType(values["type"])
    return trades.change(user, trade_id, allowed, lambda trade, now: changes.revise_event(trade, event_id, values, now))


def take_back(user: str, trade_id: str, event_id: str, *, allowed: Precondition) -> Trade:
    """Remove an event from a trade. Raises EventNotFound, StateForbids, TradeNotFound, PreconditionFailed,
    AccountErased, Busy.
    """
    return trades.take_back(
        user, trade_id, allowed, "event", lambda trade, now: changes.remove_event(trade, event_id, now)
    )

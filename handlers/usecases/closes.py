"""The closes of a trade: made, corrected, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from handlers.journal import changes
from handlers.journal.errors import DerivedFromExecutions
from handlers.journal.money import ONE, ZERO
from handlers.journal.trade import Close, Status, Trade
from handlers.metrics import count
from handlers.usecases import trades
from handlers.usecases.trades import CreatedTrade, Keyed, Precondition

if TYPE_CHECKING:
    from generated import models


def record(
    user: str,
    trade_id: str,
    close_id: str,
    given: models.CloseInput,
    *,
    allowed: Precondition,
    keyed: Keyed | None = None,
) -> CreatedTrade:
    """Close a part of a trade or all that remains, unless the same request did before.

    A trade that follows from executions gets one. Raises PositionTooSmall, RuleBroken, StateForbids, TradeNotFound,
    PreconditionFailed, KeyReused, AccountErased, Busy.
    """

    def closed(trade: Trade, now: datetime) -> Trade:
        return changes.close(
            trade,
            close_id=close_id,
            quantity=given.quantity,
            price=given.price,
            closed_at=given.closed_at,
            commission=given.commission or ZERO,
            fees=given.fees or ZERO,
            now=now,
        )

    try:
        outcome = trades.add(user, trade_id, closed, allowed=allowed, keyed=keyed)
    except DerivedFromExecutions:
        made = Close(
            close_id=close_id,
            quantity=ONE if given.quantity is None else given.quantity,
            price=given.price,
            closed_at=given.closed_at,
            commission=given.commission or ZERO,
            fees=given.fees or ZERO,
        )
        from handlers.usecases import ledger_trades  # few requests need it: most trades are recorded by hand

        outcome = ledger_trades.close(user, trade_id, made, quantity=given.quantity, allowed=allowed, keyed=keyed)
    if outcome.trade is not None:
        count(TradesClosed=int(outcome.trade.status is Status.CLOSED), Closes=1)
    return outcome


def correct(user: str, trade_id: str, close_id: str, given: models.CloseUpdateInput, *, allowed: Precondition) -> Trade:
    """Correct a close. Raises CloseNotFound, RuleBroken, StateForbids, TradeNotFound, PreconditionFailed,
    AccountErased, Busy.
    """
    values = given.model_dump(exclude_unset=True)
    return trades.change(user, trade_id, allowed, lambda trade, now: changes.revise_close(trade, close_id, values, now))


def take_back(user: str, trade_id: str, close_id: str, *, allowed: Precondition) -> Trade:
    """Remove a close from a trade. Raises CloseNotFound, StateForbids, TradeNotFound, PreconditionFailed,
    AccountErased, Busy.
    """
    return trades.take_back(
        user, trade_id, allowed, "close", lambda trade, now: changes.take_back_close(trade, close_id, now)
    )

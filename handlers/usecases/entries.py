"""The entries of a trade: added, corrected, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.journal import changes
from handlers.journal.errors import DerivedFromExecutions
from handlers.journal.money import ZERO
from handlers.journal.trade import Entry, Trade
from handlers.usecases import trades
from handlers.usecases.trades import CreatedTrade, Keyed, Precondition

if TYPE_CHECKING:
    from generated import models


def record(
    user: str,
    trade_id: str,
    entry_id: str,
    given: models.EntryInput,
    *,
    allowed: Precondition,
    keyed: Keyed | None = None,
) -> CreatedTrade:
    """Add to a trade, unless the same request did before. A trade that follows from executions gets one.

    Raises RuleBroken, StateForbids, TradeNotFound, PreconditionFailed, KeyReused, AccountErased, Busy.
    """
    entry = Entry(
        entry_id=entry_id,
        quantity=given.quantity,
        price=given.price,
        entered_at=given.entered_at,
        commission=given.commission or ZERO,
        fees=given.fees or ZERO,
    )
    try:
        return trades.add(
            user, trade_id, lambda trade, now: changes.add_entry(trade, entry, now), allowed=allowed, keyed=keyed
        )
    except DerivedFromExecutions:
        from handlers.usecases import ledger_trades  # few requests need it: most trades are recorded by hand

        return ledger_trades.enter(user, trade_id, entry, allowed=allowed, keyed=keyed)


def correct(user: str, trade_id: str, entry_id: str, given: models.EntryUpdateInput, *, allowed: Precondition) -> Trade:
    """Correct an entry. Raises EntryNotFound, RuleBroken, StateForbids, TradeNotFound, PreconditionFailed,
    AccountErased, Busy.
    """
    values = given.model_dump(exclude_unset=True)
    return trades.change(user, trade_id, allowed, lambda trade, now: changes.revise_entry(trade, entry_id, values, now))


def take_back(user: str, trade_id: str, entry_id: str, *, allowed: Precondition) -> Trade:
    """Remove an entry from a trade. Raises EntryNotFound, StateForbids, TradeNotFound, PreconditionFailed,
    AccountErased, Busy.
    """
    return trades.take_back(
        user, trade_id, allowed, "entry", lambda trade, now: changes.remove_entry(trade, entry_id, now)
    )

"""The splits of a trade: recorded, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.journal import changes
from handlers.journal.trade import Trade, TradeSplit
from handlers.usecases import trades
from handlers.usecases.trades import CreatedTrade, Keyed, Precondition

if TYPE_CHECKING:
    from generated import models


def record(
    user: str,
    trade_id: str,
    split_id: str,
    given: models.TradeSplitInput,
    *,
    allowed: Precondition,
    keyed: Keyed | None = None,
) -> CreatedTrade:
    """Record a split of a trade, unless the same request did before.

    Raises RuleBroken, StateForbids, TradeNotFound, PreconditionFailed, KeyReused, AccountErased, Busy.
    """
    split = TradeSplit(split_id=split_id, new=given.new, old=given.old, at=given.at)
    return trades.add(
        user, trade_id, lambda trade, now: changes.add_split(trade, split, now), allowed=allowed, keyed=keyed
    )


def take_back(user: str, trade_id: str, split_id: str, *, allowed: Precondition) -> Trade:
    """Remove a split from a trade. Raises SplitNotFound, StateForbids, TradeNotFound, PreconditionFailed,
    AccountErased, Busy.
    """
    return trades.take_back(
        user, trade_id, allowed, "split", lambda trade, now: changes.remove_split(trade, split_id, now)
    )

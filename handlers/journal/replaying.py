"""A trade as it was at an instant, by all that is known today."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handlers.journal.trade import Trade, with_entries

if TYPE_CHECKING:
    from datetime import datetime


def as_of(trade: Trade, at: datetime) -> Trade | None:
    """The trade with what was traded and split up to the instant, included; None when it was not open then."""
    return until(trade, lambda moment: moment <= at)


def until(trade: Trade, has_come: Callable[[datetime], bool]) -> Trade | None:
    """The trade with what was traded and split at moments for which `has_come`; None when it is not open then."""
    entries = [entry for entry in trade.entered if has_come(entry.entered_at)]
    if not entries:
        return None
    then = with_entries(
        trade,
        entries,
        closes=tuple(close for close in trade.closes if has_come(close.closed_at)),
        splits=tuple(split for split in trade.splits if has_come(split.at)),
    )
    return then if then.remaining_quantity else None

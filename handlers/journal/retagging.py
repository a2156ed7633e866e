"""A tag of a trade under another name, or taken away."""

from dataclasses import replace
from datetime import datetime

from handlers.journal.tags import unique
from handlers.journal.trade import Trade


def retagged(trade: Trade, tag: str, name: str | None, now: datetime) -> Trade:
    """The trade with its tag renamed, or without it if `name` is None; the same trade if it has no such tag.

    A trade that has both tags keeps the new one once, at the place of the first of the two.
    """
    if tag not in trade.notes.tags:
        return trade
    named = () if name is None else (name,)
    tags = unique(new for own in trade.notes.tags for new in (named if own == tag else (own,)))
    return replace(trade, notes=replace(trade.notes, tags=tags), version=trade.version + 1, updated_at=now)

"""Trades that were deleted and can be brought back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.journal.trade import Trade

RESTORABLE_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedTrade:
    """A trade as it was when it was deleted, and when that was, in UTC."""

    trade: Trade
    deleted_at: datetime

    @property
    def restorable_until(self) -> datetime:
        """Until when it can be brought back."""
        return self.deleted_at + RESTORABLE_FOR


def restored(deleted: DeletedTrade, now: datetime) -> Trade:
    """The trade as it returns to the journal, at a new version, so that clients with the old version notice."""
    return replace(deleted.trade, version=deleted.trade.version + 1, updated_at=now)

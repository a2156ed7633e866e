from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from handlers.journal.deletions import RESTORABLE_FOR, DeletedTrade, restored
from tests.storage.examples import NOW, a_full_trade, a_trade

DELETED_AT = datetime(2026, 2, 3, 4, 5, 6, 789, UTC)


def test_a_deleted_trade_can_be_restored_for_thirty_days() -> None:
    deleted = DeletedTrade(trade=a_trade(), deleted_at=DELETED_AT)
    assert timedelta(days=30) == RESTORABLE_FOR
    assert deleted.restorable_until == datetime(2026, 3, 5, 4, 5, 6, 789, UTC)


def test_it_comes_back_as_it_was_at_the_next_version() -> None:
    trade = replace(a_full_trade(), version=5)
    back = restored(DeletedTrade(trade=trade, deleted_at=DELETED_AT), NOW + timedelta(days=9))
    assert back.version == 6
    assert back.updated_at == NOW + timedelta(days=9)
    assert (back.closes, back.images, back.notes, back.created_at) == (
        trade.closes,
        trade.images,
        trade.notes,
        trade.created_at,
    )
    assert back.open_date.tzinfo == timezone(timedelta(hours=-5))

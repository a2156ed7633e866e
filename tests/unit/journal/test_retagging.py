from datetime import timedelta

from handlers.journal.retagging import retagged
from handlers.journal.trade import JournalNotes
from tests.storage.examples import NOW, a_trade

LATER = NOW + timedelta(days=1)


def test_a_trade_without_the_tag_stays_as_it_is() -> None:
    trade = a_trade(notes=JournalNotes(tags=("gap",)))
    assert retagged(trade, "news", "events", LATER) is trade


def test_a_tag_is_renamed_in_its_place_or_taken_away() -> None:
    trade = a_trade(notes=JournalNotes(tags=("gap", "news", "swing")), version=5)
    renamed = retagged(trade, "news", "events", LATER)
    assert (renamed.notes.tags, renamed.version, renamed.updated_at) == (("gap", "events", "swing"), 6, LATER)
    assert retagged(trade, "news", None, LATER).notes.tags == ("gap", "swing")


def test_a_trade_that_has_both_tags_keeps_the_new_one_once() -> None:
    trade = a_trade(notes=JournalNotes(tags=("gap", "news", "events")))
    assert retagged(trade, "news", "events", LATER).notes.tags == ("gap", "events")

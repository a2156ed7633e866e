"""A trade as a stored item, and read back unchanged."""

from datetime import UTC, datetime, timedelta

from handlers.journal.changes import revise
from handlers.journal.images import Upload
from handlers.storage.trade_items import (
    KeptAnswer,
    answer_item,
    answer_of,
    has_expired,
    image_ids_of,
    instant,
    is_trade,
    trade_item,
    trade_of,
    upload_item,
    upload_of,
)
from tests.storage.examples import NOW, OPENED, a_full_trade, a_trade
from tests.template_file import properties


def test_a_trade_comes_back_as_it_was() -> None:
    for trade in (a_full_trade(), a_trade(), a_trade(cancelled=True, entry_price=None)):
        assert trade_of(trade_item(trade)) == trade


def test_times_come_back_in_their_own_offset() -> None:
    trade = trade_of(trade_item(a_full_trade()))
    assert trade.open_date.utcoffset() == OPENED.utcoffset()
    assert trade.closes[0].closed_at.isoformat() == "2026-01-02T23:30:00.000001-05:00"
    assert trade.updated_at.tzinfo == UTC


def test_the_sort_keys_hold_the_instant_and_the_day_is_the_offsets_own() -> None:
    item = trade_item(a_trade())
    assert item["openDate"] == {"S": "2026-01-03T04:30:00.000000Z"}
    assert item["symbolOpenDate"] == {"S": "aapl|2026-01-03T04:30:00.000000Z|trade-1"}
    assert item["statusOpenDate"] == {"S": "OPEN|2026-01-03T04:30:00.000000Z|trade-1"}
    assert item["openDay"] == {"S": "2026-01-02"}
    assert item["openedAt"] == {"S": "2026-01-02T23:30:00-05:00"}


def test_what_a_trade_does_not_have_is_absent() -> None:
    item = trade_item(a_trade())
    assert not item.keys() & {"idempotencyKey", "stopLoss", "closes", "tags", "psychology", "setupType"}
    assert not any("NULL" in value for value in item.values())


def test_derived_attributes_are_not_trusted() -> None:
    item = trade_item(a_trade()) | {"status": {"S": "CLOSED"}, "openDay": {"S": "1999-01-01"}}
    assert trade_of(item) == a_trade()


def test_a_kept_answer_expires_after_two_days_and_is_in_no_index() -> None:
    answer = KeptAnswer(key="key-1", fingerprint="f", body="{}")
    item = answer_item("user-1", answer, NOW)
    assert item["expiresAt"] == {"N": str(int(NOW.timestamp()) + 48 * 3600)}
    assert answer_of(item, "key-1", NOW + timedelta(hours=48)) == answer
    assert answer_of(item, "key-1", NOW + timedelta(hours=48, seconds=1)) is None
    assert not item.keys() & _sort_keys()
    assert _sort_keys() <= trade_item(a_full_trade()).keys()


def test_instants_are_of_one_width() -> None:
    moments = [NOW, OPENED, datetime(1, 1, 1, tzinfo=UTC), NOW + timedelta(microseconds=1)]
    assert {len(instant(moment)) for moment in moments} == {27}
    assert sorted(moments) == sorted(moments, key=instant)


def _sort_keys() -> set[str]:
    return {index["KeySchema"][1]["AttributeName"] for index in properties("TradesTable")["GlobalSecondaryIndexes"]}


def test_a_revised_trade_has_no_trace_of_what_was_removed() -> None:
    trade = a_full_trade()
    bare = revise(trade, {"tags": None, "psychology": None, "setup_type": None}, NOW)
    assert trade_of(trade_item(bare)) == bare
    assert not trade_item(bare).keys() & {"tags", "psychology", "setupType"}


def test_a_trade_tells_the_streams_filter_how_many_images_it_has() -> None:
    assert trade_item(a_full_trade())["imageCount"] == {"N": "2"}
    assert image_ids_of(trade_item(a_full_trade())) == {"image-1", "image-2"}
    assert "imageCount" not in trade_item(a_trade())
    assert image_ids_of(trade_item(a_trade())) == set()


def test_an_uploads_record_follows_its_trade_expires_and_is_in_no_index() -> None:
    upload = Upload(
        image_id="image-1", content_type="image/png", created_at=NOW, reason="No image.", reason_code="UNKNOWN_TYPE"
    )
    item = upload_item("user-1", "trade-1", upload, NOW + timedelta(days=7))
    assert item["tradeId"] == {"S": "trade-1|image|image-1"}
    assert upload_of(item) == upload
    assert not has_expired(item, NOW + timedelta(days=7))
    assert has_expired(item, NOW + timedelta(days=7, seconds=1))
    assert not is_trade(item)
    assert not item.keys() & _sort_keys()

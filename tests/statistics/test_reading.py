"""Statistics are read as they were kept up, for any days; and what is packed is unpacked as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handlers.entry.streams import update_stats
from handlers.journal.rows import Dimension, RowKey, dimensions
from handlers.journal.summaries import DaySummary, shares
from handlers.journal.trade import JournalNotes
from handlers.storage import stat_items, statistics
from handlers.storage.trade_items import trade_of
from tests.statistics.conftest import Db
from tests.statistics.fake_dynamodb import FakeDynamoDB
from tests.statistics.journal import Step, do, steps, wanted
from tests.storage.examples import a_trade

USER = "user-1"
FIRST = date(2029, 12, 28)
few = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
# 31 digits before the point are more than any sum has, and squares have more than DynamoDB's numbers.
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**46), max_value=10**46)
days = st.none() | st.integers(0, 9).map(lambda more: FIRST + timedelta(days=more))


@few
@given(story=st.lists(steps, min_size=1, max_size=8), first=days, last=days)
def test_the_days_of_any_value_in_any_range_are_those_of_the_rows(
    db: Db, story: list[Step], first: date | None, last: date | None
) -> None:
    fake = db.renew()
    for step in story:
        do(fake, step._replace(user=USER))
    if fake.stream:
        update_stats({"Records": [*fake.stream]}, None)
    right = {
        row: summary
        for row, summary in wanted(fake, USER).items()
        if (first is None or first <= row.day) and (last is None or row.day <= last)
    }
    for dimension in Dimension:
        of_dimension = {row: summary for row, summary in right.items() if row.dimension is dimension}
        assert statistics.rows(USER, dimension, first=first, last=last) == of_dimension
        for value in {None, "A", "AB", "AB|", "x", *(row.value for row in of_dimension)}:
            of_value = {row.day: summary for row, summary in of_dimension.items() if row.value == value}
            assert statistics.days(USER, dimension=dimension, value=value, first=first, last=last) == of_value


def test_a_user_without_trades_has_no_statistics_at_version_0(db: Db) -> None:
    db.renew()
    assert statistics.standing("nobody") == statistics.Standing(last_updated=None, version=0)
    assert statistics.days("nobody") == {}


def test_the_version_rises_with_a_change_and_stays_without_one(db: Db) -> None:
    fake = db.renew()
    do(fake, Step(USER, "trade-1", "create", 12))
    before = datetime.now(UTC)
    update_stats({"Records": fake.stream}, None)
    standing = statistics.standing(USER)
    assert standing.version > 0
    assert standing.last_updated is not None
    assert before <= standing.last_updated <= datetime.now(UTC)
    update_stats({"Records": fake.stream}, None)
    do(fake, Step(USER, "trade-1", "write", 1))
    update_stats({"Records": fake.stream[-1:]}, None)
    assert statistics.standing(USER) == standing
    do(fake, Step(USER, "trade-1", "delete", 0))
    update_stats({"Records": fake.stream[-1:]}, None)
    assert statistics.standing(USER).version > standing.version


def test_ten_years_are_one_request(db: Db) -> None:
    fake = db.renew()
    fake.page = 500  # months; a page of DynamoDB is 1 MB, of such months about 300
    for month in range(120):
        day = f"{2020 + month // 12}-{month % 12 + 1:02}"
        name = stat_items.row_key(Dimension.JOURNAL, None, day)
        fake.put_item(
            TableName="stats",
            Item={**stat_items.key(USER, name), "05": {"S": stat_items.pack(DaySummary(closes=1))}},
        )
    calls: list[str] = []
    fake.around = calls.append
    assert len(statistics.days(USER)) == 120
    assert calls == ["Query", "Query"]  # before it and after it


@few
@given(
    summary=st.builds(
        DaySummary,
        **dict.fromkeys(("realized", "net_squares", "gross_loss"), amounts),
        best=st.none() | amounts,
        last_run=st.integers(-50, 50),
        closes=st.integers(0, 10**6),
    )
)
def test_a_summary_is_unpacked_as_it_was_packed(summary: DaySummary) -> None:
    assert stat_items.unpack(stat_items.pack(summary)) == summary


def test_equal_summaries_are_equal_texts_and_other_packings_are_refused() -> None:
    assert stat_items.pack(DaySummary(realized=Decimal("1.50"))) == stat_items.pack(DaySummary(realized=Decimal("1.5")))
    with pytest.raises(ValueError, match="packed by 2"):
        stat_items.unpack("2;")


@given(value=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
@example("-")
@example("=")
@example("%7C|%25")
def test_a_value_is_read_from_a_key_as_it_was(value: str | None) -> None:
    name = stat_items.row_key(Dimension.TAG, value, "2026-01")
    assert stat_items.place_of(name) == (Dimension.TAG, value, "2026-01")
    assert len(name.encode()) <= 1024


@few
@given(story=st.lists(steps, min_size=1, max_size=6), tag=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_share_is_read_as_it_was(story: list[Step], tag: str) -> None:
    fake = FakeDynamoDB()
    for step in story:
        do(fake, step)
    for item in fake.items("trades", USER).values():
        trade = trade_of(item)
        places = dimensions(trade) | dimensions(a_trade(notes=JournalNotes(tags=(tag,))))
        for day, share in shares(trade).items():
            stored: Any = {
                **stat_items.key(USER, stat_items.share_key(day, trade.trade_id)),
                "share": {"S": stat_items.pack_share(share, places)},
            }
            read = stat_items.stored_share(stored)
            assert (read.share, read.places, read.day, read.trade_id) == (share, places, day, trade.trade_id)
            assert {RowKey(*place, day) for place in read.places} == {RowKey(*place, day) for place in places}

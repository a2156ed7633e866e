"""Books of any days are read as they were written, and each change raises the version."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.growth.journals import trade_id
from handlers.entry.streams import update_stats
from handlers.journal.stats.entries import BookEntry
from handlers.storage.stats import books
from handlers.storage.stats.book_items import LARGEST_PART
from tests.statistics.conftest import CONTEXT, Db
from tests.statistics.journal import Step, do, facts, steps, wanted

USER = "user-1"
FIRST = date(2029, 12, 28)
few = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
days = st.none() | st.integers(0, 9).map(lambda more: FIRST + timedelta(days=more))


@few
@given(
    story=st.lists(steps, min_size=1, max_size=8),
    first=days,
    last=days,
    largest=st.sampled_from([LARGEST_PART, 200, 100]),
)
def test_the_entries_of_any_days_are_those_of_the_trades(
    db: Db, story: list[Step], first: date | None, last: date | None, largest: int
) -> None:
    fake = db.renew(largest_part=largest)
    for step in story:
        do(fake, step._replace(user=USER))
    if fake.stream:
        update_stats({"Records": [*fake.stream]}, CONTEXT)
    right = {
        (day, id_): entry
        for (day, id_), entry in wanted(fake, USER).items()
        if (first is None or first <= day) and (last is None or day <= last)
    }
    found: dict[tuple[date, str], BookEntry] = {}
    for day, entry in books.entries_between(USER, first, last):
        assert (day, entry.trade_id) not in found
        assert not found or day >= max(earlier for earlier, _ in found)
        found[day, entry.trade_id] = entry
    assert facts(found) == facts(right)


def test_a_user_without_trades_has_no_statistics_at_version_0(db: Db) -> None:
    db.renew()
    assert books.stats_version("nobody") == books.StatsVersion(last_updated=None, version=0)
    assert list(books.entries_between("nobody", None, None)) == []


def test_the_version_rises_with_a_change_and_stays_without_one(db: Db) -> None:
    fake = db.renew()
    do(fake, Step(USER, "trade-1", "create", 12))
    before = datetime.now(UTC)
    update_stats({"Records": fake.stream}, CONTEXT)
    version = books.stats_version(USER)
    assert version.version > 0
    assert version.last_updated is not None
    assert before <= version.last_updated <= datetime.now(UTC)
    update_stats({"Records": fake.stream}, CONTEXT)
    do(fake, Step(USER, "trade-1", "write", 1))
    update_stats({"Records": fake.stream[-1:]}, CONTEXT)
    assert books.stats_version(USER) == version
    do(fake, Step(USER, "trade-1", "delete", 0))
    update_stats({"Records": fake.stream[-1:]}, CONTEXT)
    assert books.stats_version(USER).version > version.version


def test_a_day_of_20_000_trades_is_kept_up_and_read(db: Db) -> None:
    fake = db.renew(batch=100)
    fake.page = 1000
    trade_ids = [trade_id(number) for number in range(20_000)]
    for one in trade_ids:
        do(fake, Step(USER, one, "create", 12))
    calls: list[str] = []
    fake.around = calls.append
    for start in range(0, len(fake.stream), 1000):
        assert update_stats({"Records": fake.stream[start : start + 1000]}, CONTEXT) == {"batchItemFailures": []}
    fake.around = lambda _: None
    [(day, head)] = [
        (name, item) for name, item in fake.items("stats", USER).items() if len(name) == len("book|2029-12-30")
    ]
    parts = [item for name, item in fake.items("stats", USER).items() if name.startswith(f"{day}|")]
    assert int(head["parts"]["N"]) == len(parts) == 64
    assert max(len(part["entries"]["B"]) for part in parts) < 32 * 1024
    assert sum(1 for _ in books.entries_between(USER, None, None)) == 20_000
    assert facts({(one, entry.trade_id): entry for one, entry in books.entries_between(USER, None, None)}) == facts(
        wanted(fake, USER)
    )
    do(fake, Step(USER, "one-more", "create", 12))
    fake.around = calls.append
    one_more = len(calls)
    update_stats({"Records": fake.stream[-1:]}, CONTEXT)
    assert calls[one_more:] == ["BatchGetItem"] * 4 + ["TransactWriteItems"] * 2  # before and after each

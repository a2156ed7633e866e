"""Lists of trades: exactly the filtered and sorted trades, whatever the filters and the size of the pages."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import product
from re import findall
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.journal.changes import close
from handlers.journal.trade import JournalNotes, Side, Status, Trade
from handlers.storage import trades
from handlers.storage.clients import dynamodb
from handlers.storage.errors import BadPageToken, Unavailable
from handlers.storage.trade_items import KeptAnswer, trade_item
from handlers.storage.trade_queries import ListPosition, TradeCount, TradeFilter, TradePage, count_trades, list_trades
from tests.storage.examples import NOW, OPENED, a_trade, an_image
from tests.template_file import properties

pytestmark = pytest.mark.usefixtures("table")

EVERYTHING = TradeFilter()
KEYS = {
    index["IndexName"]: {key["AttributeName"] for key in index["KeySchema"]}
    for index in properties("TradesTable")["GlobalSecondaryIndexes"]
}


def store(*stored: Trade) -> None:
    for trade in stored:
        trades.create(trade)


def some(count: int, **given: Any) -> list[Trade]:
    """Trades entered a minute apart."""
    return [a_trade(trade_id=f"trade-{n:03}", open_date=OPENED + timedelta(minutes=n), **given) for n in range(count)]


def ids(page: TradePage) -> list[str]:
    return [trade.trade_id for trade in page.trades]


def all_pages(
    wanted: TradeFilter, limit: int, *, newest_first: bool = True, user_id: str = "user-1"
) -> Iterator[TradePage]:
    after = None
    for _ in range(1000):
        page = list_trades(user_id, wanted, limit=limit, newest_first=newest_first, after=after)
        yield page
        if page.next is None:
            return
        after = page.next
    raise AssertionError("the list does not end")


# The model: any trades, any filters, any limit

days = st.integers(0, 4).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
moments = st.builds(
    lambda hours, offset: (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)).astimezone(
        timezone(timedelta(hours=offset))
    ),
    st.integers(0, 8).map(lambda n: n * 12),
    st.sampled_from([-12, -5, 0, 14]),
)
keys = st.none() | st.sampled_from(["key-1", "key-2"])
filters = st.builds(
    TradeFilter,
    symbol=st.none() | st.sampled_from(["A", "AA", "aa"]),
    statuses=st.lists(st.sampled_from(Status), max_size=4).map(tuple),
    side=st.none() | st.sampled_from(Side),
    tags=st.sampled_from([(), (), ("x",), ("x", "y")]),
    setup_type=st.sampled_from([None, None, "gap", "GAP"]),
    has_images=st.sampled_from([None, None, True, False]),
    open_from=st.none() | days,
    open_to=st.none() | days,
    idempotency_key=st.sampled_from([None, None, None, "key-1"]),
)


@st.composite
def any_trade(draw: st.DrawFn) -> Trade:
    trade = a_trade(
        trade_id=str(draw(st.uuids(version=4))),
        symbol=draw(st.sampled_from(["A", "AA", "Aa"])),
        side=draw(st.sampled_from(Side)),
        open_date=draw(moments),
        notes=JournalNotes(
            tags=draw(st.sampled_from([(), ("x",), ("y", "x"), ("xy",)])),
            setup_type=draw(st.sampled_from([None, "gap", "Gap"])),
        ),
        images=draw(st.sampled_from([(), (an_image("image-1"),)])),
        idempotency_key=draw(keys),
    )
    for quantity in draw(st.sampled_from([(), (40,), (40, 60)])):
        trade = close(
            trade,
            close_id="close",
            quantity=Decimal(quantity),
            price=Decimal(1),
            closed_at=trade.open_date,
            now=NOW,
        )
    return trade if trade.closes else replace(trade, cancelled=draw(st.booleans()))


def meets(trade: Trade, wanted: TradeFilter) -> bool:
    return (
        (wanted.symbol is None or wanted.symbol.lower() == trade.symbol.lower())
        and (not wanted.statuses or trade.status in wanted.statuses)
        and wanted.side in (None, trade.side)
        and set(wanted.tags) <= set(trade.notes.tags)
        and (wanted.setup_type is None or wanted.setup_type.lower() == (trade.notes.setup_type or "").lower())
        and wanted.has_images in (None, bool(trade.images))
        and (wanted.open_from is None or wanted.open_from <= trade.open_day)
        and (wanted.open_to is None or trade.open_day <= wanted.open_to)
        and wanted.idempotency_key in (None, trade.idempotency_key)
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    user=st.uuids(),
    stored=st.lists(any_trade(), max_size=10, unique_by=lambda trade: trade.trade_id),
    wanted=st.lists(filters, min_size=1, max_size=4),
    limit=st.integers(1, 4),
    newest_first=st.booleans(),
)
def test_the_pages_together_are_the_filtered_and_sorted_trades(
    user: object, stored: list[Trade], wanted: list[TradeFilter], limit: int, newest_first: bool
) -> None:
    mine = [replace(trade, user_id=str(user)) for trade in stored]
    store(*mine)
    for one in wanted:
        pages = list(all_pages(one, limit, newest_first=newest_first, user_id=str(user)))
        listed = [trade for page in pages for trade in page.trades]
        expected = [trade for trade in mine if meets(trade, one)]
        assert sorted(trade.trade_id for trade in listed) == sorted(trade.trade_id for trade in expected)
        assert all(trade in expected for trade in listed)
        instants = [trade.open_date for trade in listed]
        assert instants == sorted(instants, reverse=newest_first)
        assert all(len(page.trades) <= limit for page in pages)
        counted = count_trades(str(user), one, most=limit, out_of_time=lambda: False)
        assert counted == TradeCount(min(limit, len(expected)), is_exact=len(expected) <= limit)
        assert all(one.fits(trade) == (trade in expected) for trade in mine)
    for trade in mine:
        trades.delete(trade, NOW)


# Pages


def test_a_page_is_one_request_and_says_whether_another_follows(requests: Counter[str]) -> None:
    store(*some(5))
    requests.clear()
    assert ids(list_trades("user-1", EVERYTHING, limit=4)) == ["trade-004", "trade-003", "trade-002", "trade-001"]
    assert requests == {"Query": 1}
    assert list_trades("user-1", EVERYTHING, limit=4).next is not None
    assert list_trades("user-1", EVERYTHING, limit=5).next is None


def test_a_filtered_page_is_one_request_too(requests: Counter[str]) -> None:
    store(*some(30, notes=JournalNotes(tags=("gap",))))
    requests.clear()
    page = list_trades("user-1", TradeFilter(tags=("gap",), open_from=date(2026, 1, 2)), limit=20)
    assert len(page.trades) == 20
    assert requests == {"Query": 1}


def test_trades_of_the_same_instant_are_paged_without_repeating_or_skipping_any() -> None:
    store(*(a_trade(trade_id=f"trade-{n}") for n in range(7)))
    for newest_first in (True, False):
        listed = [name for page in all_pages(EVERYTHING, 2, newest_first=newest_first) for name in ids(page)]
        assert sorted(listed) == [f"trade-{n}" for n in range(7)]


def test_a_list_goes_on_after_a_trade_that_was_deleted_in_between() -> None:
    store(*some(4))
    page = list_trades("user-1", EVERYTHING, limit=2)
    trades.delete(page.trades[-1], NOW)
    assert ids(list_trades("user-1", EVERYTHING, limit=2, after=page.next)) == ["trade-001", "trade-000"]


def test_a_list_shows_no_other_users_trades_and_no_kept_answers() -> None:
    trades.create(a_trade(user_id="user-2"))
    trades.create(a_trade(), KeptAnswer(key="key-1", fingerprint="f", body="{}"))
    assert ids(list_trades("user-1", EVERYTHING, limit=10)) == ["trade-1"]


def test_days_that_end_before_they_begin_hold_nothing() -> None:
    store(a_trade())
    wanted = TradeFilter(open_from=date(2026, 1, 3), open_to=date(2026, 1, 1))
    assert list_trades("user-1", wanted, limit=1) == TradePage(trades=(), next=None)


def test_the_first_and_the_last_day_that_there_are_may_bound_a_list() -> None:
    store(a_trade())
    wanted = TradeFilter(open_from=date.min, open_to=date.max)
    assert ids(list_trades("user-1", wanted, limit=1)) == ["trade-1"]


def test_a_position_in_another_index_is_refused() -> None:
    position = ListPosition(index="trades-by-date-gsi", sort_key="x", trade_id="trade-1")
    with pytest.raises(BadPageToken):
        list_trades("user-1", TradeFilter(symbol="AAPL"), limit=1, after=position)


# What is asked of DynamoDB


@pytest.fixture
def asked() -> list[dict[str, Any]]:
    """The queries sent since the test began."""
    queries: list[dict[str, Any]] = []
    dynamodb().meta.events.register(
        "before-parameter-build.dynamodb.Query", lambda params, **_: queries.append(dict(params))
    )
    return queries


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "trades-by-date-gsi"),
        ({"side": Side.BUY, "tags": ("gap",)}, "trades-by-date-gsi"),
        ({"symbol": "AAPL"}, "user-symbol-date-gsi"),
        ({"symbol": "AAPL", "statuses": (Status.CLOSED,)}, "user-symbol-date-gsi"),
        ({"symbol": "AAPL", "statuses": (Status.OPEN,)}, "user-status-date-gsi"),
        ({"statuses": (Status.CLOSED,)}, "user-status-date-gsi"),
        ({"statuses": (Status.CANCELLED,)}, "user-status-date-gsi"),
        ({"statuses": (Status.OPEN, Status.PARTIAL), "symbol": "AAPL"}, "user-status-date-gsi"),
        ({"statuses": (Status.OPEN, Status.CLOSED), "symbol": "AAPL"}, "user-symbol-date-gsi"),
        ({"statuses": (Status.OPEN, Status.CLOSED)}, "trades-by-date-gsi"),
        ({"statuses": (Status.OPEN,), "idempotency_key": "key-1"}, "user-idempotency-gsi"),
    ],
)
def test_the_most_selective_index_is_read(asked: list[dict[str, Any]], wanted: dict[str, Any], index: str) -> None:
    list_trades("user-1", TradeFilter(**wanted), limit=1)
    assert asked[0]["IndexName"] == index


@pytest.mark.parametrize("wanted", [EVERYTHING, TradeFilter(symbol="AAPL"), TradeFilter(statuses=(Status.CLOSED,))])
def test_what_an_index_selects_is_read_without_a_filter_and_no_further_than_the_page(
    asked: list[dict[str, Any]], wanted: TradeFilter
) -> None:
    list_trades("user-1", wanted, limit=50)
    assert "FilterExpression" not in asked[0]
    assert asked[0]["Limit"] == 51


def test_no_query_filters_on_a_key_or_names_what_it_does_not_use(asked: list[dict[str, Any]]) -> None:
    # DynamoDB refuses both; moto and the emulator accept the first.
    choices: dict[str, tuple[Any, ...]] = {
        "symbol": (None, "AAPL"),
        "statuses": ((), (Status.CLOSED,), (Status.OPEN, Status.PARTIAL), (Status.OPEN, Status.CLOSED)),
        "has_images": (None, True, False),
        "side": (None, Side.BUY),
        "tags": ((), ("a", "b")),
        "setup_type": (None, "gap"),
        "open_from": (None, date(2026, 1, 1)),
        "open_to": (None, date(2026, 1, 2)),
        "idempotency_key": (None, "key-1"),
    }
    for chosen in product(*choices.values()):
        list_trades("user-1", TradeFilter(**dict(zip(choices, chosen, strict=True))), limit=1)
    assert {query["IndexName"] for query in asked} == KEYS.keys()
    for query in asked:
        names, values = query["ExpressionAttributeNames"], query["ExpressionAttributeValues"]
        tested = query.get("FilterExpression", "")
        assert not {names[name] for name in findall(r"#\w+", tested)} & KEYS[query["IndexName"]]
        everything = f"{query['KeyConditionExpression']} {tested}"
        assert set(findall(r"#\w+", everything)) == names.keys()
        assert set(findall(r":\w+", everything)) == values.keys()


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(dynamodb()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


HEADERS: Any = {"ResponseMetadata": {"HTTPHeaders": {"content-length": "1000"}}}


def answered(stub: Stubber, *found: Trade, more: bool = True, length: int = 1000) -> None:
    response: dict[str, Any] = {
        "Items": [trade_item(trade) for trade in found],
        "ResponseMetadata": {"HTTPHeaders": {"content-length": str(length)}},
    }
    if more:
        last = trade_item(found[-1] if found else a_trade(trade_id="hidden"))
        response["LastEvaluatedKey"] = {name: last[name] for name in ("userId", "tradeId", "openDate")}
    stub.add_response("query", response)


def test_a_page_gives_up_after_six_queries_and_says_where_to_go_on(stub: Stubber, asked: list[dict[str, Any]]) -> None:
    for _ in range(6):
        answered(stub)
    page = list_trades("user-1", TradeFilter(tags=("rare",)), limit=1)
    assert page == TradePage(
        trades=(),
        next=ListPosition(index="trades-by-date-gsi", sort_key="2026-01-03T04:30:00.000000Z", trade_id="hidden"),
    )
    assert [query["Limit"] for query in asked] == [20 * 4**n for n in range(6)]


def test_a_page_stops_when_it_is_heavy(stub: Stubber) -> None:
    found = some(2)
    for trade in found:
        answered(stub, trade, length=1_000_000)
    page = list_trades("user-1", EVERYTHING, limit=100)
    assert ids(page) == ["trade-000", "trade-001"]
    assert page.next is not None
    assert page.next.trade_id == "trade-001"


def test_a_key_whose_trades_span_queries_is_read_to_the_end(stub: Stubber) -> None:
    first, second = some(2, idempotency_key="key-1")
    answered(stub, first)
    answered(stub, second, more=False)
    assert ids(list_trades("user-1", TradeFilter(idempotency_key="key-1"), limit=2)) == ["trade-001", "trade-000"]


def test_a_count_ends_with_its_time(stub: Stubber) -> None:
    last = {name: trade_item(a_trade())[name] for name in ("userId", "tradeId", "openDate")}
    stub.add_response("query", {"Count": 5, "LastEvaluatedKey": last})
    assert count_trades("user-1", EVERYTHING, most=10, out_of_time=lambda: True) == TradeCount(5, is_exact=False)


def test_a_count_goes_on_while_there_is_time(stub: Stubber) -> None:
    last = {name: trade_item(a_trade())[name] for name in ("userId", "tradeId", "openDate")}
    stub.add_response("query", {"Count": 5, "LastEvaluatedKey": last})
    stub.add_response("query", {"Count": 4})
    assert count_trades("user-1", EVERYTHING, most=10, out_of_time=lambda: False) == TradeCount(9, is_exact=True)


def test_a_list_of_two_statuses_holds_back_what_may_come_later(stub: Stubber) -> None:
    """The list of open trades was read as far as a request may; partly closed ones beyond wait for the next page."""
    reached = trade_item(a_trade(trade_id="reached"))
    last = {name: reached[name] for name in ("userId", "tradeId", "statusOpenDate")}
    older = a_trade(trade_id="older", open_date=a_trade().open_date - timedelta(days=1))
    newer = a_trade(trade_id="newer", open_date=a_trade().open_date + timedelta(days=1))
    for _ in range(6):
        stub.add_response("query", {"Items": [], "LastEvaluatedKey": last, **HEADERS})
    stub.add_response("query", {"Items": [trade_item(newer), trade_item(older)], **HEADERS})
    page = list_trades("user-1", TradeFilter(statuses=(Status.OPEN, Status.PARTIAL), tags=("rare",)), limit=3)
    assert ids(page) == ["newer"]
    assert page.next == ListPosition(
        index="user-status-date-gsi, merged", sort_key=reached["openDate"]["S"], trade_id="reached"
    )


def test_a_throttled_list_is_unavailable(stub: Stubber) -> None:
    stub.add_client_error("query", "ThrottlingException")
    with pytest.raises(Unavailable):
        list_trades("user-1", EVERYTHING, limit=1)


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_trades_of_one_key_are_listed_page_by_page(newest_first: bool) -> None:
    store(*some(5, idempotency_key="key-1"))
    pages = all_pages(TradeFilter(idempotency_key="key-1"), 2, newest_first=newest_first)
    listed = [name for page in pages for name in ids(page)]
    assert listed == sorted((f"trade-{number:03}" for number in range(5)), reverse=newest_first)

"""Day books agree with the trades, cost the same for any history, and stay readable when their shape changes."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.growth.journals import TODAY, journal, store
from benchmarks.growth.meter import Meter, weight
from handlers.journal.changes import open_trade
from handlers.journal.stats.entries import BookEntry, Gain, Result, entries
from handlers.journal.trade import Trade
from handlers.storage import clients
from handlers.storage.errors import UnreadableBook
from handlers.storage.stats import book_items, books, comparing, updating
from handlers.storage.stats.book_items import Book, book_item, book_key, book_of, entry_of, row_of
from handlers.storage.trade_items import trade_item
from tests.storage.examples import a_full_trade, a_trade

USER = "user-1"
NOW = datetime(2026, 2, 1, tzinfo=UTC)
Days = Mapping[date, Mapping[str, BookEntry]]


@pytest.fixture(autouse=True)
def of_tables(table: None) -> None:
    """All of these tests want the tables."""


def keep(*trades: Trade) -> Days:
    """Store the trades and their books. What the books have to say."""
    store("trades", map(trade_item, trades))
    found: dict[date, dict[str, BookEntry]] = {}
    for trade in trades:
        for day, entry in entries(trade).items():
            found.setdefault(day, {})[trade.trade_id] = entry
    updating.update(USER, found, NOW)
    return found


def read(first: date | None = None, last: date | None = None) -> dict[date, dict[str, BookEntry]]:
    found: dict[date, dict[str, BookEntry]] = {}
    for day, entry in books.entries_between(USER, first, last):
        assert entry.trade_id not in found.setdefault(day, {})
        found[day][entry.trade_id] = entry
    assert list(found) == sorted(found)
    return found


def item_at(stat_key: str) -> Any:
    key = book_items.key(USER, stat_key)
    return clients.dynamodb().get_item(TableName="stats", Key=key, ConsistentRead=True).get("Item")


def put(item: Any) -> None:
    clients.dynamodb().put_item(TableName="stats", Item=item)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
zones = [UTC, timezone(timedelta(hours=-5)), timezone(timedelta(minutes=345))]
# Days beyond the first and the last that an offset may lead to.
moments = st.builds(
    lambda seconds, zone: (datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(zone),
    st.decimals(-(6 * 10**10), 2 * 10**11, places=6, allow_nan=False, allow_infinity=False).map(float),
    st.sampled_from(zones),
)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**15) + 1, max_value=10**15 - 1)
whatever = st.builds(
    BookEntry,
    trade_id=texts,
    version=st.integers(1, 10**9),
    recorded=moments,
    symbol=texts,
    side=st.sampled_from(["BUY", "SELL"]),
    quantity=amounts,
    opened_at=moments,
    tags=st.lists(texts, max_size=3).map(tuple),
    setup_type=st.none() | texts,
    trading_session=st.none() | texts,
    trade_grade=st.none() | texts,
    account=st.none() | texts,
    currency=st.none() | texts,
    group=st.none() | texts,
    risk=st.none() | amounts,
    net=st.none() | amounts,
    gains=st.lists(st.builds(Gain, at=moments, position=st.integers(0, 199), amount=amounts), max_size=3).map(tuple),
    result=st.none()
    | st.builds(Result, at=moments, costs=amounts, holding_seconds=st.integers(0, 10**9), events=amounts),
)


@settings(max_examples=300)
@given(entry=whatever)
def test_an_entry_is_read_as_it_was_written(entry: BookEntry) -> None:
    read_again = entry_of(json.loads(json.dumps(row_of(entry))))
    assert read_again == entry
    assert [gain.at.utcoffset() for gain in read_again.gains] == [gain.at.utcoffset() for gain in entry.gains]
    assert read_again.opened_at.utcoffset() == entry.opened_at.utcoffset()
    assert row_of(read_again) == row_of(entry)


def test_books_say_what_the_trades_did_on_the_days_asked_for() -> None:
    wanted = keep(a_full_trade(), *journal(USER, 60, a_day=7))
    assert read() == wanted
    days = sorted(wanted)
    first, last = days[1], days[4]
    assert read(first, last) == {day: found for day, found in wanted.items() if first <= day <= last}
    assert read(last, first) == {}
    assert read(first) == {day: found for day, found in wanted.items() if day >= first}
    assert read(None, last) == {day: found for day, found in wanted.items() if day <= last}
    assert read(last, last) == {last: wanted[last]}


def test_a_reading_says_when_its_books_last_changed() -> None:
    trade = next(journal(USER, 1, a_day=1))
    keep(trade)
    later = NOW + timedelta(hours=1)
    other = replace(trade, trade_id="other", closes=(replace(trade.closes[0], closed_at=TODAY + timedelta(days=9)),))
    store("trades", [trade_item(other)])
    updating.update(USER, {other.closes[0].day: ["other"]}, later)
    reading = books.read(USER, None, None)
    assert reading.last_updated is None
    assert len(list(reading)) == 2
    assert reading.last_updated == later
    reading = books.read(USER, None, TODAY.date())
    assert len(list(reading)) == 1
    assert reading.last_updated == NOW
    assert books.stats_version(USER) == books.StatsVersion(last_updated=later, version=2)


def test_the_item_of_a_day_shows_the_base_set() -> None:
    trade = next(journal(USER, 1, a_day=1))
    close = trade.closes[0]
    won, lost, even = (
        open_trade(
            replace(trade, trade_id=name, commission=Decimal(0), closes=()),
            [replace(close, price=Decimal(185) + sign * gain)],
        )
        for name, sign, gain in (("won", 1, 2), ("lost", -1, 1), ("even", 0, 0))
    )
    sign = 1 if trade.side == "BUY" else -1
    keep(won, lost, even)
    [base] = item_at(book_key(close.day))["base"]["L"]
    numbers = {name: Decimal(value["N"]) for name, value in base["M"].items()}
    gained, paid = (200, -100) if sign == 1 else (100, -200)
    assert numbers == {
        "tradeCount": 3,
        "realizedPnl": gained + paid,
        "wins": 1,
        "losses": 1,
        "bestWin": gained,
        "worstLoss": paid,
        "sumWinPnl": gained,
        "sumLossPnl": paid,
    }


def test_accounts_and_currencies_have_base_sets_of_their_own() -> None:
    [(day, entry)] = entries(next(journal(USER, 1, a_day=1))).items()
    of_day = [
        entry._replace(trade_id=str(number), account=account, currency=currency)
        for number, (account, currency) in enumerate([(None, None), ("a", "USD"), ("a", "EUR"), ("a", "USD")])
    ]
    book = Book(day=day, version=1, entries={one.trade_id: one for one in of_day})
    shown = [one["M"] for one in book_item(USER, book, NOW)["base"]["L"]]
    assert [(one.get("account"), one.get("currency"), one["tradeCount"]["N"]) for one in shown] == [
        (None, None, "1"),
        ({"S": "a"}, {"S": "EUR"}, "1"),
        ({"S": "a"}, {"S": "USD"}, "2"),
    ]
    assert book_of(book_item(USER, book, NOW)).has_right_base


# What it costs


def test_a_year_of_a_thousand_trades_is_one_request_of_twenty_read_units() -> None:
    of_days: dict[date, dict[str, BookEntry]] = {}
    for trade in journal(USER, 1000, a_day=4):
        for day, entry in entries(trade).items():
            of_days.setdefault(day, {})[trade.trade_id] = entry
    store("stats", [book_item(USER, Book(day=day, version=9, entries=held), NOW) for day, held in of_days.items()])
    meter = Meter(clients.dynamodb())
    assert sum(len(found) for found in read().values()) == 1000
    assert meter.use.requests == 1
    assert meter.use.reads <= 20, meter.use


def test_a_change_of_one_day_takes_two_requests_and_twenty_write_units(requests: Counter[str]) -> None:
    trades = list(journal(USER, 60, a_day=30))
    padded = [replace(trade, notes=replace(trade.notes, lessons="x" * 900)) for trade in trades]
    days = keep(*padded)
    assert max(weight(trade_item(trade)) for trade in padded) <= 2048
    changed = replace(padded[0], commission=Decimal(7), version=2)
    store("trades", [trade_item(changed)])
    requests.clear()
    day = padded[0].closes[0].day
    assert updating.update(USER, {day: [changed.trade_id]}, NOW) == 1
    assert requests == {"BatchGetItem": 1, "TransactWriteItems": 1}
    written = [
        weight(item_at(book_key(day))),
        weight(item_at("books")),
        weight(trade_item(changed)),
        0,  # the mark that is not there
    ]
    assert len(days[day]) == 30
    assert sum(2 * max(1, -(-size // 1024)) for size in written) + 1 <= 20  # and the index of the due lists


def test_what_is_right_is_not_written_again(requests: Counter[str]) -> None:
    days = keep(*journal(USER, 10, a_day=5))
    before = books.stats_version(USER)
    requests.clear()
    assert updating.update(USER, days, NOW + timedelta(hours=1)) == 0
    assert requests == {"BatchGetItem": 1}
    assert books.stats_version(USER) == before


def test_a_batch_of_changes_takes_few_transactions(requests: Counter[str]) -> None:
    trades = list(journal(USER, 100, a_day=1))
    store("trades", map(trade_item, trades))
    touched = {trade.closes[0].day: [trade.trade_id] for trade in trades}
    requests.clear()
    assert updating.update(USER, touched, NOW) == 100
    assert requests == {"BatchGetItem": 3, "TransactWriteItems": 3}
    assert sum(len(found) for found in read().values()) == 100


# Busy days


def test_a_busy_day_is_divided_and_read_as_before(requests: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "LARGEST_PART", 700)
    trades = list(journal(USER, 70, a_day=70))
    wanted = keep(*trades)
    assert len(wanted) <= 2
    day = max(wanted, key=lambda day: len(wanted[day]))
    head = item_at(book_key(day))
    parts = int(head["parts"]["N"])
    assert parts > 1
    assert "entries" not in head
    sizes = [len(item_at(book_key(day, part))["entries"]["B"]) for part in range(parts)]
    assert max(sizes) <= 700
    assert read() == wanted
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()

    changed = replace(trades[0], commission=Decimal(7), version=2)
    store("trades", [trade_item(changed)])
    requests.clear()
    assert updating.update(USER, {changed.closes[0].day: [changed.trade_id]}, NOW) == 1
    assert requests == {"BatchGetItem": 2, "TransactWriteItems": 1}
    assert read()[changed.closes[0].day][changed.trade_id].net == changed.net_pnl


def test_a_day_that_is_divided_while_it_is_read_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    trades = list(journal(USER, 40, a_day=40))
    wanted = keep(*trades)
    day = trades[0].closes[0].day
    before = item_at(book_key(day))
    monkeypatch.setattr(updating, "LARGEST_PART", 700)
    updating.update(USER, {day: wanted[day]}, NOW, anew=[day])
    assert int(item_at(book_key(day))["parts"]["N"]) > 1
    after = item_at(book_key(day))
    old_parts = item_at(book_key(day, 1))
    real = clients.dynamodb().query
    torn: list[Any] = [
        [before],  # the book from before, and nothing of its parts
        [before, old_parts],  # and one of its parts
        [after],  # the head from after, the parts not yet
        [after, {**old_parts, "parts": {"N": "999"}}],
    ]
    for items in torn:
        answers = [{"Items": items}]

        def query(given: Any = answers, **asked: Any) -> Any:
            return given.pop() if given else real(**asked)

        monkeypatch.setattr(clients.dynamodb(), "query", query)
        assert read() == wanted


# Damage


def test_a_book_that_cannot_be_read_is_told_and_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_SETTLING", 0)
    trades = list(journal(USER, 20, a_day=5))
    wanted = keep(*trades)
    day = trades[0].closes[0].day
    for damage in (b"", b"\xff\xff", zlib.compress(b"[[1]]", 9)[2:-4], zlib.compress(b"{", 9)[2:-4]):
        put({**item_at(book_key(day)), "entries": {"B": damage}})
        with pytest.raises(UnreadableBook):
            read()
        with pytest.raises(UnreadableBook):
            updating.update(USER, {day: [trades[0].trade_id]}, NOW)
        drift = comparing.compare(USER, lambda: NOW)
        assert (drift.entries, drift.books) == (5, 1)
        assert read() == wanted
        assert comparing.compare(USER, lambda: NOW) == comparing.Drift()


def test_a_wrong_base_set_and_lost_or_stray_parts_are_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_SETTLING", 0)
    monkeypatch.setattr(updating, "LARGEST_PART", 700)
    trades = list(journal(USER, 60, a_day=30))
    wanted = keep(*trades)
    busy = trades[0].closes[0].day
    assert int(item_at(book_key(busy))["parts"]["N"]) >= 2

    def lose(stat_key: str) -> None:
        clients.dynamodb().delete_item(TableName="stats", Key=book_items.key(USER, stat_key))

    damages: list[Callable[[], None]] = [
        lambda: put({**item_at(book_key(busy, 0)), "base": {"L": []}}),
        lambda: lose(book_key(busy, 1)),
        lambda: lose(book_key(busy)),
        lambda: put({**item_at(book_key(busy, 0)), "statKey": {"S": book_key(busy, 1)}}),
        lambda: put({**item_at(book_key(busy, 0)), "parts": {"N": "64"}}),
    ]
    for damage in damages:
        damage()
        assert comparing.compare(USER, lambda: NOW).books == 1
        assert read() == wanted
        assert comparing.compare(USER, lambda: NOW) == comparing.Drift()


# Shapes


def reshaped(item: Any, change: Any) -> Any:
    """The item with each row changed, under the next number of a shape."""
    rows = json.loads(zlib.decompress(item["entries"]["B"], -15))
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = compressor.compress(json.dumps([change(row) for row in rows]).encode()) + compressor.flush()
    return {**item, "shape": {"N": str(int(item["shape"]["N"]) + 1)}, "entries": {"B": data}}


def test_books_of_a_newer_shape_are_read_and_kept_up() -> None:
    wanted = keep(*journal(USER, 10, a_day=5))
    width = len(book_items.COLUMNS)
    for day in wanted:
        put(reshaped(item_at(book_key(day)), lambda row: [*row, *[None] * (width - len(row)), "new", {"a": 1}]))
    assert read() == wanted
    day = max(wanted)
    trade_id = next(iter(wanted[day]))
    clients.dynamodb().delete_item(TableName="trades", Key={"userId": {"S": USER}, "tradeId": {"S": trade_id}})
    assert updating.update(USER, {day: [trade_id]}, NOW) == 1
    assert trade_id not in read()[day]
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()


def test_books_of_an_older_shape_are_read_and_filled_in_by_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "_SETTLING", 0)
    wanted = keep(*journal(USER, 10, a_day=5))
    for day in wanted:
        put({**reshaped(item_at(book_key(day)), lambda row: row[:9]), "shape": {"N": "0"}})
    found = read()
    assert found != wanted
    assert {day: of_day.keys() for day, of_day in found.items()} == {
        day: of_day.keys() for day, of_day in wanted.items()
    }
    assert all(entry.tags == () and entry.net is None for of_day in found.values() for entry in of_day.values())
    assert comparing.compare(USER, lambda: NOW).entries == 10
    assert read() == wanted


def test_a_trade_that_is_recorded_again_is_another_one() -> None:
    trade = a_trade(trade_id="again")
    closed = open_trade(trade, [next(journal(USER, 1, a_day=1)).closes[0]])
    wanted = keep(closed)
    clients.dynamodb().delete_item(TableName="trades", Key={"userId": {"S": USER}, "tradeId": {"S": "again"}})
    updating.update(USER, wanted, NOW)
    assert read() == {}
    keep(replace(closed, symbol="MSFT"))
    [of_day] = read().values()
    assert of_day["again"].symbol == "MSFT"

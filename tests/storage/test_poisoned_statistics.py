"""Statistics with obstacles: unreadable trades and books, deleted accounts, refused calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from benchmarks.growth.journals import journal, store
from handlers.entry.streams import rebuild_stats, update_stats
from handlers.journal.stats.entries import entries
from handlers.journal.trade import Trade
from handlers.storage import clients, erasure_marks
from handlers.storage.errors import AccountErased, Contended, UnreadableBook
from handlers.storage.stats import book_items, books, comparing, due, updating
from handlers.storage.stats.book_items import Book, book_item, book_of
from handlers.storage.trade_items import trade_item

USER = "user-1"
NOW = datetime(2026, 2, 1, tzinfo=UTC)
DAY = date(2026, 1, 15)


pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison does not wait for the stream."""
    monkeypatch.setattr(comparing, "_SETTLING", 0)


class Context:
    """A function's context with time left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def records_of(items: list[Any]) -> dict[str, Any]:
    """The stream's records of these new items."""
    return {
        "Records": [
            {
                "dynamodb": {
                    "Keys": {"userId": item["userId"], "tradeId": item["tradeId"]},
                    "NewImage": item,
                    "SequenceNumber": str(number),
                }
            }
            for number, item in enumerate(items)
        ]
    }


def failed_of(answer: Any) -> set[str]:
    return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}


def read_ids() -> set[str]:
    return {entry.trade_id for _, entry in books.entries_between(USER, None, None)}


@pytest.fixture
def trades() -> list[Trade]:
    return list(journal(USER, 5, a_day=5))


def test_an_unreadable_trade_holds_up_no_other(trades: list[Trade]) -> None:
    items: list[Any] = [trade_item(trade) for trade in trades]
    items[2] = {**items[2], "quantity": {"S": "many"}}
    store("trades", items)
    assert failed_of(update_stats(records_of(items), Context())) == {"2"}
    assert read_ids() == {trade.trade_id for trade in trades} - {trades[2].trade_id}
    mended: Any = trade_item(trades[2])
    store("trades", [mended])
    assert failed_of(update_stats(records_of([mended]), Context())) == set()
    assert read_ids() == {trade.trade_id for trade in trades}


def test_an_unreadable_trade_is_counted_by_the_comparison(trades: list[Trade]) -> None:
    items: list[Any] = [trade_item(trade) for trade in trades]
    store("trades", [*items[1:], {**items[0], "quantity": {"S": "many"}}])
    drift = comparing.compare(USER, lambda: NOW)
    assert (drift.entries, drift.unreadable) == (4, 1)
    assert read_ids() == {trade.trade_id for trade in trades[1:]}


def test_records_wait_for_others_that_write_the_same_books(
    trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    def contended(*_: object) -> None:
        raise Contended

    monkeypatch.setattr(updating, "update", contended)
    assert failed_of(update_stats(records_of([trade_item(trade) for trade in trades]), Context())) == set("01234")


def test_nothing_is_kept_up_for_an_account_that_is_being_erased(
    trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [trade_item(trade) for trade in trades]
    store("trades", items)
    erasure_marks.begin(USER, NOW)
    assert failed_of(update_stats(records_of(items), Context())) == set()
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()
    assert read_ids() == set()

    def erased(*_: object) -> None:
        raise AccountErased(USER)

    monkeypatch.setattr(comparing, "compare", erased)
    message = {"messageId": "1", "body": f'{{"user": "{USER}"}}'}
    assert rebuild_stats({"Records": [message]}, Context()) == {"batchItemFailures": []}


def test_a_transaction_that_is_still_under_way_is_written_again(
    trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: Iterator[str] = iter(["TransactionInProgressException"])
    write = clients.dynamodb().transact_write_items

    def transact(**given: Any) -> Any:
        if code := next(refusals, None):
            error = getattr(clients.dynamodb().exceptions, code)
            raise error({"Error": {"Code": code}}, "TransactWriteItems")
        return write(**given)

    monkeypatch.setattr(clients.dynamodb(), "transact_write_items", transact)
    store("trades", [trade_item(trade) for trade in trades])
    assert comparing.compare(USER, lambda: NOW).entries == 5
    assert read_ids() == {trade.trade_id for trade in trades}


def test_a_transaction_that_is_refused_for_good_is_an_error(
    trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    def transact(**_: Any) -> Any:
        reasons = [{"Code": "None"}, {"Code": "ValidationError"}]
        response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
        raise clients.dynamodb().exceptions.TransactionCanceledException(response, "TransactWriteItems")

    monkeypatch.setattr(clients.dynamodb(), "transact_write_items", transact)
    store("trades", [trade_item(trade) for trade in trades])
    with pytest.raises(ClientError):
        comparing.compare(USER, lambda: NOW)


def test_a_comparison_whose_end_is_refused_for_good_is_an_error(
    trades: list[Trade], monkeypatch: pytest.MonkeyPatch
) -> None:
    store("trades", [trade_item(trade) for trade in trades])
    comparing.compare(USER, lambda: NOW)

    def refused(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ValidationException"}}, "UpdateItem")

    monkeypatch.setattr(clients.dynamodb(), "update_item", refused)
    with pytest.raises(ClientError, match="ValidationException"):
        comparing.compare(USER, lambda: NOW)


def test_a_book_without_trades_that_says_something_is_mended() -> None:
    wrong = Book(day=DAY, part=0, version=1, parts=1, entries={}, base=None)
    item = {**book_item(USER, wrong, NOW), "base": {"M": {"tradeCount": {"N": "7"}}}}
    clients.dynamodb().put_item(TableName="stats", Item=item)
    assert comparing.compare(USER, lambda: NOW).books == 1
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()


def test_an_item_that_is_no_book_is_told_by_its_key(trades: list[Trade]) -> None:
    [day] = entries(trades[0])
    with pytest.raises(UnreadableBook, match=str(day)):
        book_of({**book_items.key(USER, book_items.book_key(day)), "version": {"S": "one"}})


def test_a_due_list_of_several_pages_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    users = [f"user-{number}" for number in range(40)]
    [due_list] = {due.list_of(users[0])}
    wanted = {user for user in users if due.list_of(user) == due_list}
    assert len(wanted) > 1
    for user in users:
        items: list[Any] = [trade_item(trade) for trade in journal(user, 1, a_day=1)]
        store("trades", items)
        assert failed_of(update_stats(records_of(items), Context())) == set()
    query = clients.dynamodb().query
    monkeypatch.setattr(clients.dynamodb(), "query", lambda **asked: query(**asked, Limit=1))
    asked: list[str] = []

    def ask(user_ids: list[str]) -> int:
        asked.extend(user_ids)
        return len(user_ids)

    monkeypatch.setattr(due, "ask", ask)
    assert due.find(due.Search(due_list=due_list), lambda: True) == len(wanted)
    assert sorted(asked) == sorted(wanted)

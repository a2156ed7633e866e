"""The result of a group is in the right day's book, and costs in proportion to the group's trades."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from benchmarks.growth.journals import journal, store
from benchmarks.growth.meter import weight
from handlers.journal.groups import MOST_TRADES, Group
from handlers.journal.stats.entries import GROUP
from handlers.journal.trade import Trade
from handlers.storage import clients
from handlers.storage.groups import group_item, group_key
from handlers.storage.stats import book_items, books, comparing, group_results, updating
from handlers.storage.trade_items import trade_item, trade_key

USER = "user-1"
NOW = datetime(2026, 2, 1, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("table")


def a_group(number: int) -> tuple[Group, list[Trade]]:
    """A group of so many flat trades, stored."""
    trades = [replace(trade, group_id="g") for trade in journal(USER, number, a_day=30)]
    group = Group(
        user_id=USER,
        group_id="g",
        name="spread",
        trade_ids=tuple(trade.trade_id for trade in trades),
        created_at=NOW,
        updated_at=NOW,
    )
    store("trades", [*map(trade_item, trades), group_item(group)])
    return group, trades


def days_of_the_group() -> list[date]:
    return [day for day, entry in books.entries_between(USER, None, None) if entry.trade_id == f"{GROUP}g"]


def item_at(stat_key: str) -> Any:
    key = book_items.key(USER, stat_key)
    return clients.dynamodb().get_item(TableName="stats", Key=key, ConsistentRead=True).get("Item")


def last_day(trades: list[Trade]) -> date:
    return max(trade.closes[-1].closed_at for trade in trades).date()


def test_a_group_takes_four_requests_and_units_for_each_of_its_trades(requests: Counter[str]) -> None:
    _, trades = a_group(2)
    requests.clear()
    assert group_results.write_group_entry(USER, "g", NOW) == 1
    assert requests == {"BatchGetItem": 3, "TransactWriteItems": 1}
    day = last_day(trades)
    assert days_of_the_group() == [day]
    written = [
        weight(item_at(book_items.book_key(day))),
        weight(item_at("group|g")),
        weight(item_at("books")),
        *(weight(trade_item(trade)) for trade in trades),
        *(0, 0),  # the group, and the mark that is not there
    ]
    assert sum(2 * max(1, -(-size // 1024)) for size in written) + 1 <= 16  # and the index of the due lists
    requests.clear()
    assert group_results.write_group_entry(USER, "g", NOW) == 0
    assert requests == {"BatchGetItem": 3}


def test_a_result_that_another_writer_overtook_is_worked_out_again(
    requests: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, trades = a_group(2)
    write = clients.dynamodb().transact_write_items
    late = max(trades, key=lambda trade: trade.closes[-1].closed_at)
    moved = replace(late.closes[-1], closed_at=late.closes[-1].closed_at + timedelta(days=3))
    others = iter([replace(late, closes=(*late.closes[:-1], moved), version=2)])

    def overtaken(**given: Any) -> Any:
        store("trades", map(trade_item, others))
        return write(**given)

    monkeypatch.setattr(clients.dynamodb(), "transact_write_items", overtaken)
    requests.clear()
    assert group_results.write_group_entry(USER, "g", NOW) == 1
    assert requests["TransactWriteItems"] == 2
    assert days_of_the_group() == [moved.closed_at.date()]


def test_the_largest_group_fits_into_one_transaction_also_when_its_result_moves(requests: Counter[str]) -> None:
    _, trades = a_group(MOST_TRADES)
    group_results.write_group_entry(USER, "g", NOW)
    late = max(trades, key=lambda trade: trade.closes[-1].closed_at)
    moved = replace(late.closes[-1], closed_at=late.closes[-1].closed_at + timedelta(days=3))
    store("trades", [trade_item(replace(late, closes=(*late.closes[:-1], moved), version=2))])
    requests.clear()
    assert group_results.write_group_entry(USER, "g", NOW, date(2020, 1, 1)) == 2
    assert requests["TransactWriteItems"] == 1
    assert days_of_the_group() == [moved.closed_at.date()]


def test_the_comparison_mends_lost_and_stray_results(requests: Counter[str]) -> None:
    group, trades = a_group(3)
    assert comparing.compare(USER, lambda: NOW).figures > 0
    day = last_day(trades)
    assert days_of_the_group() == [day]
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()
    clients.dynamodb().delete_item(TableName="stats", Key=book_items.key(USER, "group|g"))
    assert comparing.compare(USER, lambda: NOW).entries == 1
    assert group_results.day_in(item_at("group|g")) == day
    clients.dynamodb().delete_item(TableName="trades", Key=group_key(USER, group.group_id))
    assert comparing.compare(USER, lambda: NOW).entries == 1
    assert days_of_the_group() == []
    assert requests["TransactWriteItems"] > 0


def test_a_group_with_a_trade_that_cannot_be_read_stays_as_it_is() -> None:
    _, trades = a_group(2)
    comparing.compare(USER, lambda: NOW)
    key: Any = trade_key(USER, trades[0].trade_id)
    broken = {**trade_item(trades[0]), "quantity": {"S": "many"}}
    clients.dynamodb().put_item(TableName="trades", Item={**broken, **key})
    drift = comparing.compare(USER, lambda: NOW)
    assert (drift.figures, drift.unreadable) == (0, 1)
    assert days_of_the_group() == [last_day(trades)]


def test_the_comparison_reads_the_trades_of_many_groups_at_once_and_leaves_out_the_unreadable(
    requests: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, trades = a_group(6)
    groups = [
        Group(
            user_id=USER,
            group_id=f"g{number}",
            name="spread",
            trade_ids=(trade.trade_id,),
            created_at=NOW,
            updated_at=NOW,
        )
        for number, trade in enumerate(trades)
    ]
    store(
        "trades",
        [*(trade_item(replace(trade, group_id=group.group_id)) for trade, group in zip(trades, groups, strict=True))],
    )
    store("trades", map(group_item, groups))
    clients.dynamodb().delete_item(TableName="trades", Key=group_key(USER, "g"))
    comparing.compare(USER, lambda: NOW)
    found = {entry.group for _, entry in books.entries_between(USER, None, None) if entry.is_of_group}
    assert found == {group.group_id for group in groups}
    for at_once, requests_made in ((100, 1), (2, 3)):
        monkeypatch.setattr(comparing, "_READ_AT_ONCE", at_once)
        requests.clear()
        assert comparing.compare(USER, lambda: NOW) == comparing.Drift()
        assert requests["BatchGetItem"] == requests_made
    key: Any = trade_key(USER, trades[0].trade_id)
    broken = {**trade_item(replace(trades[0], group_id="g0")), "quantity": {"S": "many"}}
    clients.dynamodb().put_item(TableName="trades", Item={**broken, **key})
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift(unreadable=1)


def test_the_result_of_a_group_is_in_its_part_of_a_busy_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updating, "LARGEST_PART", 300)
    _, trades = a_group(12)
    comparing.compare(USER, lambda: NOW)
    day = last_day(trades)
    head = item_at(book_items.book_key(day))
    assert book_items.number_of_parts(head) > 1
    assert days_of_the_group() == [day]
    assert comparing.compare(USER, lambda: NOW) == comparing.Drift()


def test_a_day_that_a_group_makes_too_large_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    group, trades = a_group(12)
    monkeypatch.setattr(updating, "LARGEST_PART", 10)
    assert group_results.write_group_entry(USER, group.group_id, NOW) == 1
    assert book_items.number_of_parts(item_at(book_items.book_key(last_day(trades)))) > 1
    assert days_of_the_group() == [last_day(trades)]

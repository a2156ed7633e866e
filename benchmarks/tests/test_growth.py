"""The tools that measure growth: the journals, the rule of the units, the tables of the results."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.growth.journals import TODAY, journal, trade_id
from benchmarks.growth.listing import Cost, Row, measure
from benchmarks.growth.meter import Meter, Use, read_units, weight
from benchmarks.report import page
from benchmarks.report.page import growth_table, listing_table
from benchmarks.report.targets import of_growth
from benchmarks.tests.test_targets import grown, taken
from handlers.journal.trade import Status


def test_a_journal_goes_back_from_today_with_as_many_trades_each_day() -> None:
    trades = list(journal("dana", 95, a_day=30, open_=2))
    assert [trade.trade_id for trade in trades] == [trade_id(number) for number in range(95)]
    assert [trade.status for trade in trades[:3]] == [Status.OPEN, Status.OPEN, Status.CLOSED]
    days = [trade.open_date.date() for trade in trades]
    assert [days.count(day) for day in sorted(set(days), reverse=True)] == [30, 30, 30, 5]
    assert days[0] == TODAY.date()


def test_a_journal_is_the_same_each_time() -> None:
    assert list(journal("dana", 50, a_day=10)) == list(journal("dana", 50, a_day=10))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "äb"}, 3),
        ({"N": "12345"}, 4),
        ({"N": "-100"}, 2),
        ({"BOOL": True}, 1),
        ({"L": [{"S": "ab"}, {"S": "c"}]}, 3 + 3 + 2),
        ({"M": {"of": {"S": "abc"}}}, 3 + 1 + 2 + 3),
    ],
)
def test_an_item_weighs_what_dynamodb_says(value: Any, size: int) -> None:
    assert weight({"name": value}) == len("name") + size


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (4096, 1), (4097, 2), (1 << 20, 256)])
def test_a_unit_reads_4_kb(size: int, units: int) -> None:
    assert read_units(size) == units


def test_pages_of_every_combination_of_filters_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADES_TABLE", "trades")
    rows = measure((20, 200))
    assert len(rows) == 97
    assert all(row.costs[count].requests >= 1 and row.costs[count].units >= 0.5 for row in rows for count in (20, 200))


class Client:
    """A client to which a meter registers its handlers, and which calls them."""

    def __init__(self) -> None:
        self.hooks: dict[str, Any] = {}
        self.meta = self.events = self

    def register(self, name: str, hook: Any) -> None:
        self.hooks[name] = hook

    def call(self, operation: str, asked: Any, answered: Any) -> None:
        model = type("Model", (), {"name": operation})
        asked = self.hooks[f"provide-client-params.dynamodb.{operation}"](params=asked)
        assert asked["ReturnConsumedCapacity"] == "TOTAL"
        self.hooks[f"after-call.dynamodb.{operation}"](parsed=answered, model=model)


WRITTEN = {"CapacityUnits": 4.0}
PAGE = {"Items": [{"a": {"S": "x" * 4095}}] * 3, "Count": 3, "ScannedCount": 6}


@pytest.mark.parametrize(
    ("operation", "asked", "answered", "use"),
    [
        ("Query", {"ConsistentRead": True}, PAGE, Use(1, 6)),
        ("Query", {}, PAGE, Use(1, 3)),
        ("Query", {"ConsistentRead": True}, {"Items": [], "Count": 0, "ScannedCount": 0}, Use(1, 1)),
        ("GetItem", {"ConsistentRead": True}, {}, Use(1, 1)),
        (
            "BatchGetItem",
            {"RequestItems": {"stats": {"ConsistentRead": True}}},
            {"Responses": {"stats": PAGE["Items"]}},
            Use(1, 3),
        ),
        ("PutItem", {}, {"ConsumedCapacity": WRITTEN}, Use(1, 0, 4)),
        ("TransactWriteItems", {}, {"ConsumedCapacity": [WRITTEN, WRITTEN]}, Use(1, 0, 8)),
        ("TransactWriteItems", {}, {"Error": {"Code": "TransactionCanceledException"}}, Use(1)),
    ],
)
def test_a_meter_counts_what_is_billed(operation: str, asked: Any, answered: Any, use: Use) -> None:
    client = Client()
    meter = Meter(client)
    client.call(operation, asked, answered)
    assert meter.use == use


def test_a_meter_counts_the_requests_to_other_services() -> None:
    s3 = Client()
    meter = Meter(Client(), s3)
    s3.hooks["after-call"](parsed={})
    assert meter.use == Use(requests=1)


def test_growth_is_shown_for_each_trade_or_in_all() -> None:
    rows = [taken(1_000, requests=202, reads=3058, writes=7154), taken(10_000, requests=1889, reads=30589)]
    assert growth_table(rows, per_trade=True).splitlines()[2:] == [
        "| 1,000 | 202.0 | 3.06 | 7.15 | 1.00 | 60 | 80 |",
        "| 10,000 | 188.9 | 3.06 | 0.00 | 1.00 | 60 | 80 |",
    ]
    assert growth_table(rows[:1], per_trade=False).splitlines()[2:] == [
        "| 1,000 | 202 | 3058 | 7154 | 1.00 | 60 | 80 |"
    ]


def test_of_pages_those_that_an_index_serves_are_shown_one_by_one() -> None:
    rows = [
        Row(name, name == "none", {1_000: Cost(1, units), 10_000: Cost(requests, 2 * units)})
        for name, units, requests in (("none", 5.0, 1), ("side", 7.5, 1), ("tags", 5.0, 2))
    ]
    assert listing_table(rows).splitlines()[2:] == [
        "| none | 1 / 5 | 1 / 10 | 2.00 | **missed** |",
        "| 2 others, at most | 1 / 7.5 | 2 / 15 | 2.00 | **missed** |",
    ]


def test_growth_that_is_measured_again_takes_its_place_in_the_page() -> None:
    before = page.RESULTS.read_text("utf-8")
    again = page.with_growth(before, grown())
    assert again == page.with_growth(again, grown())
    for one in of_growth(grown()):
        assert again.count(f"| {one.what} |") == 1
    kept = [
        line for line in before.splitlines() if line.startswith(("| Cold start", "| Load", "| AAPL", "| createTrade"))
    ]
    assert kept
    assert set(kept) <= set(again.splitlines())
    assert again.count(page.AGAIN) == 1
    assert page.growth_sections(grown()) in again

"""Splits of a trade: figures in new units, and money that stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import Client
from tests.api.test_stats import settle

SPLIT = {"new": "4", "old": "1", "at": "2026-01-06T09:30:00-05:00"}
NEVER = "99999999-0000-4000-8000-000000000000"
SHOWN = ("quantity", "remainingQuantity", "maxQuantity", "entryPrice", "exitPrice", "stopLoss", "takeProfit")


@pytest.fixture
def path(dana: Client) -> str:
    """The address of 2 @ 100, of which 0.5 were closed @ 110 and 0.25 @ 111: 7.75 is realized."""
    closes = [
        {"quantity": quantity, "price": price, "closedAt": f"2026-01-05T1{hour}:00:00-05:00"}
        for hour, (quantity, price) in enumerate((("0.5", "110"), ("0.25", "111")), start=1)
    ]
    trade = dana.new_trade(
        quantity="2",
        entryPrice="100",
        stopLoss="90",
        takeProfit="130",
        commission=None,
        fees=None,
        openDate="2026-01-05T09:31:04-05:00",
        closes=closes,
    )
    assert trade["realizedPartialPnl"] == "7.75"
    return f"/trades/{trade['tradeId']}"


def test_what_is_realized_stays_and_all_else_is_in_the_new_units(dana: Client, path: str) -> None:
    before = dana.get(path).json
    answer = dana.post(f"{path}/splits", SPLIT)
    trade = answer.json
    [split] = trade["splits"]
    assert answer.status == 201
    assert (answer.headers["location"], answer.headers["etag"]) == (f"/v1{path}/splits/{split['splitId']}", '"2"')
    assert trade["realizedPartialPnl"] == "7.75"
    assert trade["partialCloses"] == before["partialCloses"]
    assert trade["entries"] == before["entries"]
    assert [trade[name] for name in SHOWN] == ["8", "5", "8", "25", "27.58333333", "22.5", "32.5"]
    assert (trade["initialStopLoss"], trade["status"]) == ("22.5", "PARTIAL")
    assert trade["riskRewardRatio"] == before["riskRewardRatio"] == 3
    assert dana.get(path).json == trade
    assert dana.get(f"{path}/splits/{split['splitId']}").json == split == {"splitId": split["splitId"], **SPLIT}
    assert dana.get(f"{path}/splits").json == {"items": [split]}


def test_closes_after_the_split_count_in_the_new_units(dana: Client, path: str) -> None:
    dana.post(f"{path}/splits", SPLIT)
    refused = dana.post(f"{path}/closes", {"quantity": "6", "price": "30", "closedAt": "2026-01-07T10:00:00-05:00"})
    assert (refused.status, refused.bad_fields) == (409, {("body", "/quantity")})
    trade = dana.post(f"{path}/closes", {"price": "30", "closedAt": "2026-01-07T10:00:00-05:00"}).json
    assert (trade["partialCloses"][-1]["quantity"], trade["partialCloses"][-1]["realizedPnl"]) == ("5", "25")
    assert (trade["status"], trade["netPnl"], trade["rMultiple"]) == ("CLOSED", "32.75", 1.6375)
    settle()
    days = dana.get("/stats/calendar", query="month=2026-01").json["days"]
    assert {day["from"]: day["realizedPnl"] for day in days if day["realizedPnl"] != "0"} == {
        "2026-01-05": "7.75",
        "2026-01-07": "25",
    }


def test_a_split_that_is_taken_back_leaves_the_trade_as_if_it_had_never_been(dana: Client, path: str) -> None:
    before = dana.get(path).json
    for new, old in (("4", "1"), ("1", "3"), ("3", "2")):
        split = dana.post(f"{path}/splits", {**SPLIT, "new": new, "old": old}).json["splits"][0]
        answer = dana.delete(f"{path}/splits/{split['splitId']}")
        assert answer.status == 200
        assert {**answer.json, "version": 1, "updatedAt": ""} == {**before, "updatedAt": ""}
    for gone in (dana.delete(f"{path}/splits/{split['splitId']}"), dana.get(f"{path}/splits/{NEVER}")):
        assert (gone.status, gone.kind) == (404, "/problems/not-found")


def test_a_split_that_later_closes_need_is_not_taken_back(dana: Client, path: str) -> None:
    split = dana.post(f"{path}/splits", SPLIT).json["splits"][0]
    dana.post(f"{path}/closes", {"quantity": "4", "price": "30", "closedAt": "2026-01-07T10:00:00-05:00"})
    refused = dana.delete(f"{path}/splits/{split['splitId']}")
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    backwards = dana.post(f"{path}/splits", {"new": "1", "old": "4", "at": "2026-01-06T12:00:00-05:00"})
    assert (backwards.status, backwards.kind) == (409, "/problems/state-forbids")


def test_entries_before_and_after_a_split_are_as_they_were_traded(dana: Client, path: str) -> None:
    dana.post(f"{path}/splits", SPLIT)
    added = {"quantity": "5", "price": "35", "enteredAt": "2026-01-08T10:00:00-05:00"}
    trade = dana.post(f"{path}/entries", added).json
    assert [entry["quantity"] for entry in trade["entries"]] == ["2", "5"]
    # 8 @ 25 and 5 @ 35, of which 10 are open
    assert [trade[name] for name in SHOWN[:4]] == ["13", "10", "10", "28.84615385"]
    assert trade["realizedPartialPnl"] == "7.75"
    refused = dana.patch(path, {"quantity": "9"})
    assert (refused.status, refused.bad_fields) == (422, {("body", "/quantity")})


def test_a_repeated_create_splits_once(dana: Client, path: str) -> None:
    key = {"Idempotency-Key": "split-2026"}
    first, again = (dana.post(f"{path}/splits", SPLIT, headers=key) for _ in range(2))
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    assert dana.get(path).json["quantity"] == "8"


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"at": "2026-01-05T09:31:03-05:00"}, 422, "/at"),
        ({"new": "1"}, 422, "/new"),
        ({"new": "0.000000000000000001", "old": "999999999999999"}, 422, "/new"),
        ({"new": "0"}, 400, "/new"),
        ({"old": "-1"}, 400, "/old"),
        ({"new": 4}, 400, "/new"),
        ({"ratio": "4"}, 400, "/ratio"),
    ],
)
def test_what_is_wrong_with_a_split_is_named(
    dana: Client, path: str, given: dict[str, Any], status: int, field: str
) -> None:
    answer = dana.post(f"{path}/splits", {**SPLIT, **given})
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})
    assert dana.get(path).json["version"] == 1


def test_trades_without_an_entry_price_cancelled_ones_and_other_versions_are_not_split(dana: Client, path: str) -> None:
    for given in ({"entryPrice": None}, {"status": "CANCELLED"}):
        other = f"/trades/{dana.new_trade(**given)['tradeId']}"
        assert dana.post(f"{other}/splits", SPLIT).kind == "/problems/state-forbids"
    assert dana.post(f"{path}/splits", SPLIT, headers={"If-Match": '"2"'}).status == 412
    split = dana.post(f"{path}/splits", SPLIT, headers={"If-Match": '"1"'}).json["splits"][0]
    assert dana.delete(f"{path}/splits/{split['splitId']}", headers={"If-Match": '"1"'}).status == 412


def test_the_entry_is_not_moved_behind_a_split(dana: Client, path: str) -> None:
    trade = dana.post(f"{path}/splits", SPLIT).json
    entry = f"{path}/entries/{trade['entries'][0]['entryId']}"
    for change in ({"enteredAt": "2026-01-07T10:00:00-05:00"}, {"quantity": "0.1"}):
        assert dana.patch(entry, change).kind == "/problems/state-forbids"
    assert dana.patch(entry, {"price": "96"}).json["realizedPartialPnl"] == "10.75"


def test_a_trade_takes_so_many_splits_and_no_more(dana: Client, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.journal.changes.MOST_SPLITS", 1)
    assert [dana.post(f"{path}/splits", SPLIT).status for _ in range(2)] == [201, 409]


def test_figures_that_are_too_long_without_a_split_keep_it(dana: Client) -> None:
    path = (
        f"/trades/{dana.new_trade(quantity='500000000000000', entryPrice='1', commission=None, fees=None)['tradeId']}"
    )
    first = dana.post(f"{path}/splits", {**SPLIT, "new": "1", "old": "10"}).json["splits"][0]
    assert dana.post(f"{path}/splits", {"new": "10", "old": "1", "at": "2026-01-07T09:30:00-05:00"}).status == 201
    refused = dana.delete(f"{path}/splits/{first['splitId']}")
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")


@pytest.mark.parametrize(
    ("given", "split"),
    [
        ({"takeProfit": "900000000000000"}, {"new": "1", "old": "10"}),
        ({"quantity": "500000000000000", "exitPrice": "10", "closeDate": "2026-01-05T16:00:00-05:00"}, {"new": "4"}),
    ],
)
def test_a_split_that_makes_a_figure_too_long_is_refused(dana: Client, given: dict[str, Any], split: Any) -> None:
    path = f"/trades/{dana.new_trade(**{'commission': None, 'fees': None, **given})['tradeId']}"
    answer = dana.post(f"{path}/splits", {**SPLIT, **split})
    assert (answer.status, answer.bad_fields) == (422, {("body", "/new")})


def test_an_entry_of_which_a_split_leaves_nothing_is_refused_at_its_quantity(dana: Client, path: str) -> None:
    other = f"/trades/{dana.new_trade(quantity='1')['tradeId']}"
    trade = dana.post(f"{other}/splits", {**SPLIT, "new": "1", "old": "10"}).json
    entry = f"{other}/entries/{trade['entries'][0]['entryId']}"
    answer = dana.patch(entry, {"quantity": "0.000000000000000001"})
    assert (answer.status, answer.bad_fields) == (422, {("body", "/quantity")})
    assert dana.get(path).json["version"] == 1

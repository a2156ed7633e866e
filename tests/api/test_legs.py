"""The legs of a trade: entries, closes and matches, a page at a time, of trades by hand and of the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from handlers.journal import money
from tests.api.client import Client
from tests.api.test_executions import fill, put, trades


def legs(client: Client, trade_id: str, limit: int = 100) -> dict[str, list[Any]]:
    """All pages together."""
    found: dict[str, list[Any]] = {"entries": [], "closes": [], "matches": []}
    token = ""
    while True:
        page = client.get(f"/trades/{trade_id}/legs", query=f"limit={limit}{token}")
        assert page.status == 200
        assert sum(len(page.json[name]) for name in found) <= limit
        for name, kept in found.items():
            kept += page.json[name]
        if "nextToken" not in page.json:
            return found
        token = f"&nextToken={page.json['nextToken']}"


def added(matches: list[Any], name: str) -> str:
    return money.canonical(money.total(Decimal(match[name]) for match in matches))


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_a_trade_recorded_by_hand_shows_its_legs(dana: Client, limit: int) -> None:
    at = "2026-01-05T1{}:00:00-05:00"
    closes = [
        {"quantity": "1", "price": "101", "closedAt": at.format(1), "commission": "0.1"},
        {"quantity": "1", "price": "102", "closedAt": at.format(2), "commission": "0.1"},
        {"quantity": "1", "price": "103", "closedAt": at.format(3), "commission": "0.1"},
    ]
    trade = dana.new_trade(quantity="3", entryPrice="100", commission="1", fees=None, closes=closes)
    found = legs(dana, trade["tradeId"].upper(), limit)
    assert found["entries"] == trade["entries"]
    assert found["closes"] == trade["partialCloses"]
    assert [(match["entryId"], match["net"]) for match in found["matches"]] == [
        (trade["entries"][0]["entryId"], net) for net in ("0.56666667", "1.56666667", "2.56666666")
    ]
    assert (added(found["matches"], "gross"), added(found["matches"], "net")) == (trade["grossPnl"], trade["netPnl"])


def test_a_trade_of_the_ledger_shows_which_lots_its_closes_took(dana: Client) -> None:
    dana.patch("/settings", {"lotMethod": "LIFO"})
    put(
        dana,
        fill("BUY", "100", "10", 0, commission="1"),
        fill("BUY", "50", "10.4", 1, commission="0.5"),
        fill("SELL", "60", "11", 2, commission="0.6"),
        fill("SELL", "200", "12", 3, commission="2"),
    )
    flat, open_ = trades(dana)
    found = legs(dana, flat["tradeId"], 4)
    first, second = (entry["entryId"] for entry in flat["entries"])
    assert [(match["entryId"], match["quantity"], match["net"]) for match in found["matches"]] == [
        (second, "50", "29"),
        (first, "10", "9.8"),
        (first, "90", "178.2"),
    ]
    assert added(found["matches"], "net") == flat["netPnl"]
    assert legs(dana, open_["tradeId"]) == {"entries": open_["entries"], "closes": [], "matches": []}


def test_a_page_of_legs_is_of_one_trade_as_it_is(dana: Client, erin: Client) -> None:
    trade = dana.new_trade(closes=[{"quantity": "1", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}])
    other = dana.new_trade(closes=[{"quantity": "1", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00"}])
    path = f"/trades/{trade['tradeId']}/legs"
    page = dana.get(path, query="limit=1")
    assert page.headers["etag"] == f'"{trade["version"]}"'
    asked = f"limit=1&nextToken={page.json['nextToken']}"
    assert dana.get(f"/trades/{other['tradeId']}/legs", query=asked).bad_fields == {("query", "/nextToken")}
    assert erin.get(path, query=asked).status == 404
    assert dana.get(path, query=asked).status == 200
    dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "x"})
    refused = dana.get(path, query=asked)
    assert (refused.status, refused.bad_fields) == (400, {("query", "/nextToken")})

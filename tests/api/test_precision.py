"""Numbers with 18 decimals, from the request to table, lists, statistics and export."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Context, Decimal, localcontext
from typing import Any

import pytest

from handlers.storage.stats import comparing
from tests.api.client import Client
from tests.api.test_account import exported
from tests.api.user_data import Stores, new_client

OUT = "2026-01-06T09:00:00-05:00"

# What traders hold: a coin of tiny price, a fraction of a share, a fee of eleven decimals, one wei of ether.
SHIB = {"symbol": "SHIB", "quantity": "123456789.5", "entryPrice": "0.000012345678"}
SHARE = {"symbol": "AAPL", "quantity": "0.123456789", "entryPrice": "185.25"}
FEE = {"symbol": "BTC", "quantity": "1", "entryPrice": "60000", "fees": "0.12385683625"}
WEI = {"symbol": "ETH", "quantity": "0.000000000000000001", "entryPrice": "3000.000000000000000001"}


@pytest.mark.parametrize("given", [SHIB, SHARE, FEE, WEI], ids=lambda given: given["symbol"])
def test_what_was_given_is_read_back_to_the_last_digit(dana: Client, given: dict[str, Any]) -> None:
    trade = dana.new_trade(commission=None, **given)
    assert {name: trade[name] for name in given} == given
    assert trade["remainingQuantity"] == given["quantity"]
    assert dana.get(f"/trades/{trade['tradeId']}").json == trade
    assert dana.get("/trades").json["items"] == [trade]
    changed = dana.patch(f"/trades/{trade['tradeId']}", {"stopLoss": "0.000000000000000001"}).json
    assert changed["stopLoss"] == "0.000000000000000001"


def test_money_has_the_decimals_of_the_costs_and_gross_has_eight(dana: Client) -> None:
    trade = dana.new_trade(commission=None, **FEE)
    close = {"quantity": "0.3", "price": "61000.000000012345", "closedAt": OUT, "commission": "0.000000000000000001"}
    trade = dana.post(f"/trades/{trade['tradeId']}/closes", close).json
    assert trade["partialCloses"][0]["realizedPnl"] == "299.962842949999999999"  # 300 - 0.03715705 - 1E-18
    assert trade["exitPrice"] == "61000.000000012345"
    trade = dana.post(
        f"/trades/{trade['tradeId']}/closes", {"price": "61000.000000000001", "closedAt": OUT, "fees": "-1"}
    ).json
    assert trade["exitPrice"] == "61000.000000003704"  # the mean price has as many decimals as the prices
    assert (trade["grossPnl"], trade["netPnl"]) == ("1000", "1000.876143163749999999")


def test_the_mean_price_of_tiny_prices_keeps_their_decimals(dana: Client) -> None:
    trade = dana.new_trade(**SHIB, commission=None, fees=None)
    for quantity, price in (("23456789.5", "0.000013456789"), ("100000000", "0.000012345679")):
        trade = dana.post(
            f"/trades/{trade['tradeId']}/closes", {"quantity": quantity, "price": price, "closedAt": OUT}
        ).json
    assert trade["exitPrice"] == "0.00001255679"
    # 23456789.5 x 0.000001111111 + 100000000 x 0.000000000001 = 26.0631968381345
    assert (trade["grossPnl"], trade["netPnl"]) == ("26.06319684", "26.06319684")


def test_statistics_and_export_neither_refuse_such_numbers_nor_round_them(stores: Stores) -> None:
    dana = new_client(stores.pool, "dana@example.com")
    assert dana.user is not None
    cost = "0.000000000000000001"
    for given in (SHIB, SHARE, FEE, WEI):
        dana.new_trade(**{"commission": cost, "fees": None, **given, "exitPrice": "61000", "closeDate": OUT})
    trades = {trade["symbol"]: trade for trade in dana.get("/trades").json["items"]}
    net = {symbol: Decimal(trade["netPnl"]) for symbol, trade in trades.items()}
    assert net["ETH"] == -Decimal(cost)  # its gross is too small for 8 decimals
    assert net["BTC"] == Decimal("999.876143163749999999")

    comparing.compare(dana.user, lambda: datetime.now(UTC))
    stats = dana.get("/stats", query=f"openingBalance={cost}").json
    with localcontext(Context(prec=60)):
        everything = sum(net.values())
    assert stats["costs"] == "0.123856836250000004"
    assert Decimal(stats["netPnl"]) == Decimal(stats["realizedPnl"]) == everything
    assert Decimal(stats["bestWin"]) == net["SHIB"]
    assert Decimal(stats["worstLoss"]) == Decimal(stats["sumLossPnl"]) == net["ETH"]
    [point] = dana.get("/stats/equity-curve").json["points"]
    assert Decimal(point["realizedPnl"]) == Decimal(point["equity"]) == everything
    [day] = [day for day in dana.get("/stats/calendar", query="month=2026-01").json["days"] if day["tradeCount"]]
    assert Decimal(day["realizedPnl"]) == everything
    sizes = dana.get("/stats/breakdown", query="by=SIZE").json["buckets"]
    assert "0.000000000000000001-0.000000000000000002" in {bucket["keys"][0]["value"] for bucket in sizes}

    _, document = exported(dana)
    assert {trade["symbol"]: trade for trade in document["trades"]} == trades


@pytest.mark.parametrize("name", ["quantity", "entryPrice", "stopLoss", "commission", "riskAmount", "multiplier"])
def test_nineteen_decimals_are_refused(dana: Client, name: str) -> None:
    body = {"symbol": "X", "side": "BUY", "quantity": "1", "openDate": OUT, name: "0.1234567890123456789"}
    answer = dana.post("/trades", body)
    assert (answer.status, answer.bad_fields) == (400, {("body", f"/{name}")})

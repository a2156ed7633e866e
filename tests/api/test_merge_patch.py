"""updateTrade is a JSON merge patch (RFC 7396) of what a client may change."""

from collections import Counter
from typing import Any

import pytest

from handlers.storage import clients
from handlers.web.contract import contract
from tests.api.client import Client
from tests.api.test_currencies import account

REMOVABLE: dict[str, Any] = {
    "entryPrice": "10",
    "stopLoss": "9",
    "takeProfit": "12",
    "riskAmount": "50",
    "initialStopLoss": "8",
    "initialRiskAmount": "100",
    "setupType": "gap",
    "timeframe": "5m",
    "marketCondition": "trending",
    "tradingSession": "London",
    "tradeGrade": "A",
    "confidence": 0,
    "setupQuality": 10,
    "execution": 5,
    "emotionalState": "calm",
    "psychology": {"greed": False},
    "preTradeNotes": "before",
    "postTradeNotes": "after",
    "mistakes": "none",
    "lessons": "wait",
    "newsEvents": ["CPI"],
    "economicEvents": ["FOMC"],
    "externalId": "U1234567-1",
    "currency": "EUR",
}
DEFAULTS: dict[str, Any] = {
    "multiplier": ("5", "1"),
    "commission": ("2", "0"),
    "fees": ("2", "0"),
    "lotMethod": ("FIFO", "AVERAGE"),
    "tags": (["a"], []),
}
REQUIRED = ("symbol", "side", "quantity", "openDate")
DERIVED = (
    "tradeId",
    "userId",
    "remainingQuantity",
    "maxQuantity",
    "entries",
    "partialCloses",
    "closes",
    "realizedPartialPnl",
    "grossPnl",
    "netPnl",
    "exitPrice",
    "closeDate",
    "rMultiple",
    "riskRewardRatio",
    "holdingSeconds",
    "idempotencyKey",
    "images",
    "version",
    "createdAt",
    "updatedAt",
)


def test_these_are_all_fields_of_a_patch_but_those_with_tests_of_their_own() -> None:
    patch = contract()["components"]["schemas"]["TradeUpdateInput"]["properties"]
    assert patch.keys() - {"status", "accountId"} == {*REMOVABLE, *DEFAULTS, *REQUIRED}


def test_what_a_patch_does_not_name_stays(dana: Client) -> None:
    trade = dana.new_trade(**REMOVABLE, tags=["a"])
    changed = dana.patch(f"/trades/{trade['tradeId']}", {"symbol": "MSFT"}).json
    assert changed == {**trade, "symbol": "MSFT", "version": 2, "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > trade["updatedAt"]


@pytest.mark.parametrize("name", REMOVABLE)
def test_null_removes_a_property(dana: Client, name: str) -> None:
    trade = dana.new_trade(**REMOVABLE)
    assert trade[name] == REMOVABLE[name]
    changed = dana.patch(f"/trades/{trade['tradeId']}", {name: None})
    assert changed.status == 200
    assert name not in changed.json
    assert name not in dana.get(f"/trades/{trade['tradeId']}").json


@pytest.mark.parametrize("name", DEFAULTS)
def test_null_takes_a_property_with_a_default_back_to_it(dana: Client, name: str) -> None:
    given, default = DEFAULTS[name]
    trade = dana.new_trade(**{name: given})
    assert dana.patch(f"/trades/{trade['tradeId']}", {name: None}).json[name] == default


def test_null_takes_a_trade_back_to_the_main_account(dana: Client) -> None:
    own = account(dana)
    path = f"/trades/{dana.new_trade(accountId=own)['tradeId']}"
    assert dana.get(path).json["accountId"] == own
    changed = dana.patch(path, {"accountId": None})
    assert (changed.status, "accountId" in changed.json) == (200, False)


@pytest.mark.parametrize("name", REQUIRED)
def test_null_cannot_remove_what_a_trade_must_have(dana: Client, name: str) -> None:
    answer = dana.patch(f"/trades/{dana.new_trade()['tradeId']}", {name: None})
    assert (answer.status, answer.bad_fields) == (400, {("body", f"/{name}")})


@pytest.mark.parametrize("name", DERIVED)
def test_what_is_derived_is_refused_and_not_ignored(dana: Client, name: str) -> None:
    trade = dana.new_trade(exitPrice="12", closeDate="2026-01-06T09:00:00-05:00")
    answer = dana.patch(f"/trades/{trade['tradeId']}", {"symbol": "MSFT", name: trade.get(name, "1")})
    assert (answer.status, answer.bad_fields) == (400, {("body", f"/{name}")})
    assert dana.get(f"/trades/{trade['tradeId']}").json == trade


@pytest.mark.parametrize("status", ["OPEN", "PARTIAL", "CLOSED"])
def test_a_status_that_follows_from_the_closes_cannot_be_set(dana: Client, status: str) -> None:
    answer = dana.patch(f"/trades/{dana.new_trade()['tradeId']}", {"status": status})
    assert (answer.status, answer.bad_fields) == (400, {("body", "/status")})


def test_psychology_is_merged_property_by_property(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(psychology={'greed': True, 'fear': False})['tradeId']}"
    changed = dana.patch(path, {"psychology": {"greed": None, "fomo": True}}).json
    assert changed["psychology"] == {"fear": False, "fomo": True}


def test_psychology_of_which_nothing_is_left_is_absent(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(psychology={'greed': True})['tradeId']}"
    assert "psychology" not in dana.patch(path, {"psychology": {"greed": None}}).json


def test_psychology_can_be_given_later(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    changed = dana.patch(path, {"psychology": {"patience": True, "greed": None}}).json
    assert changed["psychology"] == {"patience": True}


def test_an_unknown_feeling_is_refused(dana: Client) -> None:
    answer = dana.patch(f"/trades/{dana.new_trade()['tradeId']}", {"psychology": {"joy": True}})
    assert (answer.status, answer.bad_fields) == (400, {("body", "/psychology/joy")})


def test_lists_are_replaced_and_not_merged(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(tags=['a', 'b'])['tradeId']}"
    assert dana.patch(path, {"tags": ["c"]}).json["tags"] == ["c"]


@pytest.mark.parametrize("document", [{}, [], None, "x", 1, True])
def test_a_patch_that_changes_nothing_or_is_no_object_is_refused(dana: Client, document: Any) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    body = {None: b"null"}.get(document) if document is None else None
    answer = dana.patch(path, document, body=body)
    assert (answer.status, answer.bad_fields) == (400, {("body", "")})


def test_a_patch_may_also_come_as_plain_json(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answer = dana.patch(path, {"stopLoss": "9"}, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.json["stopLoss"]) == (200, "9")


def test_correcting_what_money_follows_from_changes_the_figures(dana: Client) -> None:
    trade = dana.new_trade(commission=None, fees=None, exitPrice="12", closeDate="2026-01-06T09:00:00-05:00")
    changed = dana.patch(f"/trades/{trade['tradeId']}", {"multiplier": "2", "side": "SELL", "fees": "1"}).json
    assert (changed["grossPnl"], changed["netPnl"]) == ("-400", "-401")


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_change_is_answered_with_the_figures_that_are_read_afterwards(dana: Client, side: str) -> None:
    trade = dana.new_trade(side="SELL", exitPrice="12", closeDate="2026-01-06T09:00:00-05:00")
    changed = dana.patch(f"/trades/{trade['tradeId']}", {"side": side}).json
    assert changed == dana.get(f"/trades/{trade['tradeId']}").json


def test_what_the_closes_forbid_is_refused_with_every_field_that_is_to_blame(dana: Client) -> None:
    trade = dana.new_trade(exitPrice="12", closeDate="2026-01-06T09:00:00-05:00")
    patch = {"quantity": "99", "entryPrice": None, "openDate": "2026-01-06T09:00:00.000001-05:00"}
    answer = dana.patch(f"/trades/{trade['tradeId']}", patch)
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")
    assert answer.bad_fields == {("body", "/quantity"), ("body", "/entryPrice"), ("body", "/openDate")}


@pytest.mark.parametrize(
    "patch",
    [
        {"symbol": "AAPL"},
        {"quantity": "100.0", "entryPrice": "10.00", "commission": "1.000", "fees": "0.10"},
        {"openDate": "2026-01-05T09:31:04.000-05:00"},
        {"tags": ["gap", "trend"]},
        {"psychology": {"fomo": True}},
        {"psychology": {"greed": None}},
        {"stopLoss": None, "takeProfit": None, "lessons": None, "status": None},
        {"multiplier": "1", "confidence": 7},
    ],
)
def test_a_patch_that_changes_nothing_leaves_version_time_and_etag(dana: Client, patch: Any) -> None:
    before = dana.new_trade(tags=["gap", "trend"], psychology={"fomo": True}, confidence=7)
    path = f"/trades/{before['tradeId']}"
    sent = Counter[str]()
    clients.dynamodb().meta.events.register_first(
        "before-send.dynamodb", lambda event_name, **_: sent.update([event_name.rpartition(".")[2]])
    )
    for headers in ({}, {"If-Match": '"1"'}):
        answer = dana.patch(path, patch, headers=headers)
        assert (answer.status, answer.json, answer.headers["etag"]) == (200, before, '"1"')
    assert sent == {"GetItem": 2}
    assert dana.patch(path, patch, headers={"If-Match": '"2"'}).status == 412


@pytest.mark.parametrize(
    "patch",
    [
        {"openDate": "2026-01-05T14:31:04Z"},  # the same instant, which may be another day
        {"quantity": "100.00000001"},
        {"tags": ["trend", "gap"]},
        {"psychology": {"fomo": False}},
        {"lessons": "wait"},
    ],
)
def test_a_patch_that_changes_anything_raises_the_version(dana: Client, patch: Any) -> None:
    before = dana.new_trade(tags=["gap", "trend"], psychology={"fomo": True})
    answer = dana.patch(f"/trades/{before['tradeId']}", patch)
    assert (answer.status, answer.json["version"], answer.headers["etag"]) == (200, 2, '"2"')

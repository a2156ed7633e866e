import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from generated import models
from handlers.documents import inputs
from handlers.journal.money import canonical
from handlers.journal.trade import Status, Trade
from local.demo import demo_rates, demo_trades, told_accounts, told_trades

TODAY = date(2026, 3, 2)
SPECIFICATION = json.loads((Path(__file__).parents[3] / "generated" / "openapi.json").read_text())


@pytest.fixture(scope="module")
def trades() -> list[dict[str, Any]]:
    return demo_trades(TODAY)


def test_the_same_day_and_seed_give_the_same_trades(trades: list[dict[str, Any]]) -> None:
    assert demo_trades(TODAY) == trades
    assert demo_trades(TODAY, seed=1) != trades


def test_there_are_two_hundred_of_the_year_before_today_oldest_first(trades: list[dict[str, Any]]) -> None:
    opened = [datetime.fromisoformat(trade["openDate"]) for trade in trades]
    assert len(trades) == 200
    assert opened == sorted(opened)
    assert all(1 <= (TODAY - at.date()).days <= 366 for at in opened)


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2026, 1, 1), TODAY])
def test_each_is_a_valid_body_of_the_contract(today: date) -> None:
    body = jsonschema.Draft4Validator({"$ref": "#/components/schemas/TradeInput", **SPECIFICATION})
    for trade in demo_trades(today):
        assert [error.message for error in body.iter_errors(trade)] == []


def told(today: date) -> list[Trade]:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    given = [models.TradeInput.model_validate(trade) for trade, _ in told_trades(today)]
    return [inputs.new_trade(each, user="demo", idempotency_key=None, now=now) for each in given]


@pytest.mark.parametrize("today", [date(2024, 2, 29), TODAY])
def test_those_that_are_told_show_what_else_a_trade_can_be(today: date) -> None:
    body = jsonschema.Draft4Validator({"$ref": "#/components/schemas/TradeInput", **SPECIFICATION})
    event = jsonschema.Draft4Validator({"$ref": "#/components/schemas/TradeEventInput", **SPECIFICATION})
    split = jsonschema.Draft4Validator({"$ref": "#/components/schemas/TradeSplitInput", **SPECIFICATION})
    for trade, parts in told_trades(today):
        assert body.is_valid(trade)
        assert all(event.is_valid(part) for path, part in parts if path == "events")
        assert all(split.is_valid(part) for path, part in parts if path == "splits")
    added_to, expired, coin, *_ = made = told(today)
    assert [entry.quantity for entry in added_to.entries] == [2, 1, 1]
    assert [canonical(part.realized_pnl) for part in added_to.realized] == ["147.37", "141.12"]
    assert expired.closes[-1].price == 0
    assert coin.entry_price == Decimal("0.000012345678")
    assert [trade.status for trade in made[:4]] == [Status.CLOSED] * 4


@pytest.mark.parametrize("today", [date(2024, 2, 29), TODAY])
def test_accounts_and_rates_are_valid_bodies_of_the_contract(today: date) -> None:
    named = {
        "cash": "CashInput",
        "/executions": "ExecutionInput",
        "/corporate-actions": "RecordedActionInput",
        "/trades": "TradeInput",
    }

    def errors(schema: str, body: Any) -> list[str]:
        validator = jsonschema.Draft4Validator({"$ref": f"#/components/schemas/{schema}", **SPECIFICATION})
        return [error.message for error in validator.iter_errors(body)]

    assert errors("RatesInput", {"rates": demo_rates(today)}) == []
    for account, parts in told_accounts(today):
        assert errors("TradingAccountInput", account) == []
        assert [errors(named[path], part) for path, part in parts] == [[]] * len(parts)


def test_closes_are_after_the_opening_not_in_the_future_and_never_too_many(trades: list[dict[str, Any]]) -> None:
    for trade in trades:
        opened = datetime.fromisoformat(trade["openDate"])
        closed = [datetime.fromisoformat(close["closedAt"]) for close in trade.get("closes", [])]
        assert [opened, *closed] == sorted([opened, *closed])
        assert all(at.date() <= TODAY for at in closed)
        assert sum(Decimal(close["quantity"]) for close in trade.get("closes", [])) <= Decimal(trade["quantity"])


def test_stop_and_target_are_on_their_sides_of_the_entry(trades: list[dict[str, Any]]) -> None:
    for trade in trades:
        stop, entry, target = (Decimal(trade[name]) for name in ("stopLoss", "entryPrice", "takeProfit"))
        assert stop < entry < target if trade["side"] == "BUY" else stop > entry > target


@pytest.mark.parametrize(
    ("what", "least", "is_so"),
    [
        ("bought", 90, lambda trade: trade["side"] == "BUY"),
        ("sold", 50, lambda trade: trade["side"] == "SELL"),
        ("won", 60, lambda trade: _gross(trade) > 0),
        ("lost", 50, lambda trade: _gross(trade) < 0),
        ("break-even", 5, lambda trade: "closes" in trade and _gross(trade) == 0),
        ("closed in parts", 30, lambda trade: len(trade.get("closes", [])) > 1),
        ("still open", 2, lambda trade: "closes" not in trade and "status" not in trade),
        ("partly open", 2, lambda trade: 0 < _closed(trade) < Decimal(trade["quantity"])),
        ("cancelled", 1, lambda trade: trade.get("status") == "CANCELLED"),
        ("with a multiplier", 10, lambda trade: (trade["symbol"], trade["multiplier"]) == ("ESZ5", "50")),
    ],
)
def test_every_kind_of_trade_occurs(
    trades: list[dict[str, Any]], what: str, least: int, is_so: Callable[[dict[str, Any]], bool]
) -> None:
    assert sum(map(is_so, trades)) >= least, what


def _closed(trade: dict[str, Any]) -> Decimal:
    return sum((Decimal(close["quantity"]) for close in trade.get("closes", [])), Decimal(0))


def _gross(trade: dict[str, Any]) -> Decimal:
    direction = 1 if trade["side"] == "BUY" else -1
    return sum(
        (
            direction * (Decimal(close["price"]) - Decimal(trade["entryPrice"])) * Decimal(close["quantity"])
            for close in trade.get("closes", [])
        ),
        Decimal(0),
    )

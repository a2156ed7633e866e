"""Many requests for one trade at once: every possible change succeeds, and none is lost or doubled."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from tests.api.client import Client
from tests.api.contention import at_once, statuses
from tests.api.contention import one_call_at_a_time as one_call_at_a_time

SLEEP = time.sleep
CLOSE = {"quantity": "1", "price": "11", "closedAt": "2026-01-05T11:00:00-05:00", "commission": "0.03"}

pytestmark = pytest.mark.usefixtures("one_call_at_a_time", "waits")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries sleep, as they do on AWS."""
    monkeypatch.setattr("time.sleep", SLEEP)


def test_of_a_hundred_closes_of_1_fifty_succeed_on_a_quantity_of_50(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(quantity='50', entryPrice='10', commission='1', fees='0.25')['tradeId']}"
    answers = at_once(100, "closeTrade", f"{path}/closes", lambda _: CLOSE)
    assert statuses(answers) == {201: 50, 409: 50}
    trade = dana.get(path).json
    assert (trade["status"], trade["remainingQuantity"], len(trade["partialCloses"])) == ("CLOSED", "0", 50)
    assert trade["version"] == 51
    # 50 x (11 - 10) - 50 x 0.03 - 1.25, and the closes add up to it.
    assert trade["netPnl"] == "47.25"
    assert sum(Decimal(close["realizedPnl"]) for close in trade["partialCloses"]) == Decimal("47.25")
    assert len({answer.json["version"] for answer in answers if answer.status == 201}) == 50


def test_of_a_hundred_changes_of_one_version_one_is_made(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answers = at_once(
        100, "updateTrade", path, lambda index: {"lessons": f"number {index}"}, headers={"If-Match": '"1"'}
    )
    assert statuses(answers) == {200: 1, 412: 99}
    [made] = [answer for answer in answers if answer.status == 200]
    trade = dana.get(path).json
    assert trade == made.json
    assert trade["version"] == 2


def test_of_36_changes_without_a_version_all_are_made(dana: Client) -> None:
    path = f"/trades/{dana.new_trade()['tradeId']}"
    answers = at_once(36, "updateTrade", path, lambda index: {"lessons": f"number {index}"})
    assert statuses(answers) == {200: 36}
    assert dana.get(path).json["version"] == 37
    assert sorted(answer.json["version"] for answer in answers) == list(range(2, 38))


def test_of_fills_of_one_position_at_once_none_is_lost(dana: Client) -> None:
    def fill(index: int) -> dict[str, str]:
        at = f"2026-01-05T10:00:{index:02}Z"
        return {"symbol": "AAPL", "side": "BUY", "quantity": "1", "price": "10", "executedAt": at}

    answers = at_once(12, "createExecution", "/executions", fill)
    assert statuses(answers) == {201: 12}
    [trade] = dana.get("/trades").json["items"]
    assert (trade["quantity"], len(trade["entries"]), trade["version"]) == ("12", 12, 12)
    assert dana.get("/positions").json["items"][0]["quantity"] == "12"

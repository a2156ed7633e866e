"""Metrics in the log, in CloudWatch's embedded metric format, a line for each event."""

from __future__ import annotations

import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.metrics import count
from tests.api.client import Client, a_trade

Captured = pytest.CaptureFixture[str]
CLOSE = {"quantity": "40", "price": "12", "closedAt": "2026-01-06T10:00:00-05:00"}


def counted(capsys: Captured) -> Counter[str]:
    """The sum of each metric since the last call; metrics of 0 are left out."""
    sums: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line)
        for directive in told.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == "TradingJournal"
            assert directive["Dimensions"] == [["service"]]
            assert told["service"] == "trading-journal"
            sums.update({metric["Name"]: int(sum(told[metric["Name"]])) for metric in directive["Metrics"]})
    return +sums


def test_a_trade_is_counted_once_however_often_it_is_sent(dana: Client, capsys: Captured) -> None:
    for _ in range(3):
        dana.post("/trades", a_trade(), headers={"Idempotency-Key": "once"})
    assert counted(capsys) == {"TradesCreated": 1}


def test_a_trade_that_is_recorded_closed_is_counted_as_both(dana: Client, capsys: Captured) -> None:
    dana.new_trade(exitPrice="190", closeDate="2026-01-06T10:00:00-05:00")
    assert counted(capsys) == {"TradesCreated": 1, "TradesClosed": 1}


def test_the_last_close_of_a_trade_closes_it(dana: Client, capsys: Captured) -> None:
    trade = dana.new_trade(quantity="80")
    counted(capsys)
    dana.post(f"/trades/{trade['tradeId']}/closes", CLOSE)
    assert counted(capsys) == {"Closes": 1}
    dana.post(f"/trades/{trade['tradeId']}/closes", CLOSE)
    assert counted(capsys) == {"Closes": 1, "TradesClosed": 1}


def test_what_is_refused_is_not_counted(dana: Client, capsys: Captured) -> None:
    assert dana.post("/trades", {"symbol": "AAPL"}).status == 400
    trade = dana.new_trade(quantity="10")
    counted(capsys)
    assert dana.post(f"/trades/{trade['tradeId']}/closes", CLOSE).status in (409, 422)
    assert not counted(capsys)


def test_threads_neither_lose_nor_share_what_they_count(capsys: Captured) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: count(Closes=1), range(400)))
    finally:
        sys.setswitchinterval(before)
    assert counted(capsys) == {"Closes": 400}

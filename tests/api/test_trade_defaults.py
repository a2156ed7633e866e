"""New trades take account and lot method from the settings and accounts, where their requests name none."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import erasure_marks, trade_defaults, trading_accounts
from tests.api.client import DANA, Client, a_trade
from tests.api.test_trading_accounts import make

TWO_ENTRIES = {
    "symbol": "AAPL",
    "side": "BUY",
    "entries": [
        {"quantity": "1", "price": "10", "enteredAt": "2026-01-05T10:00:00Z"},
        {"quantity": "1", "price": "20", "enteredAt": "2026-01-05T11:00:00Z"},
    ],
    "closes": [{"quantity": "1", "price": "30", "closedAt": "2026-01-05T12:00:00Z"}],
}


def settings(client: Client, **changes: Any) -> None:
    answer = client.patch("/settings", changes)
    assert answer.status == 200, answer.json


def made(client: Client, **given: Any) -> tuple[str | None, str, str]:
    """Account, lot method and what the one close realized, of a new trade."""
    answer = client.post("/trades", {**TWO_ENTRIES, **given})
    assert answer.status == 201, answer.json
    trade = answer.json
    assert client.get(f"/trades/{trade['tradeId']}").json == trade
    return trade.get("accountId"), trade["lotMethod"], trade["realizedPartialPnl"]


def test_the_settings_decide_until_they_say_something_else(dana: Client, erin: Client) -> None:
    account = make(dana)["accountId"]
    assert made(dana) == (None, "AVERAGE", "15")
    settings(dana, defaultAccountId=account, lotMethod="FIFO")
    assert made(dana) == (account, "FIFO", "20")
    assert made(erin) == (None, "AVERAGE", "15")
    settings(dana, lotMethod="LIFO")
    assert made(dana) == (account, "LIFO", "10")
    settings(dana, defaultAccountId=None)
    assert made(dana) == (None, "LIFO", "10")
    settings(dana, lotMethod=None)
    assert made(dana) == (None, "AVERAGE", "15")


def test_the_account_comes_before_the_settings_and_the_request_before_both(dana: Client) -> None:
    own, other = make(dana, lotMethod="LIFO")["accountId"], make(dana)["accountId"]
    settings(dana, defaultAccountId=own, lotMethod="FIFO")
    assert made(dana) == (own, "LIFO", "10")
    assert made(dana, accountId=other) == (other, "FIFO", "20")
    assert made(dana, accountId=MAIN) == (None, "FIFO", "20")
    assert made(dana, lotMethod="AVERAGE") == (own, "AVERAGE", "15")
    assert made(dana, lotMethod="AVERAGE", accountId=MAIN) == (None, "AVERAGE", "15")
    assert dana.patch(f"/accounts/{own}", {"lotMethod": None}).status == 200
    assert made(dana) == (own, "FIFO", "20")
    assert dana.patch(f"/accounts/{other}", {"lotMethod": "AVERAGE"}).status == 200
    assert made(dana, accountId=other) == (other, "AVERAGE", "15")


def test_the_account_that_everybody_has_may_have_a_lot_method_too(dana: Client) -> None:
    own = make(dana)["accountId"]
    assert dana.patch(f"/accounts/{MAIN}", {"lotMethod": "FIFO"}).status == 200
    assert made(dana) == (None, "FIFO", "20")
    settings(dana, lotMethod="LIFO")
    assert made(dana) == (None, "FIFO", "20")
    assert made(dana, accountId=own) == (own, "LIFO", "10")
    assert dana.patch(f"/accounts/{MAIN}", {"lotMethod": None}).status == 200
    assert made(dana) == (None, "LIFO", "10")


def test_trades_of_a_bulk_request_take_the_same(dana: Client) -> None:
    account = make(dana, lotMethod="LIFO")["accountId"]
    settings(dana, defaultAccountId=account)
    results = dana.post("/trades/bulk", {"items": [{"trade": TWO_ENTRIES}, {"trade": a_trade(accountId=MAIN)}]})
    first, second = (result["trade"] for result in results.json["results"])
    assert (first["accountId"], first["lotMethod"]) == (account, "LIFO")
    assert (second.get("accountId"), second["lotMethod"]) == (None, "AVERAGE")


def test_what_a_request_took_is_answered_again(dana: Client) -> None:
    account = make(dana)["accountId"]
    settings(dana, defaultAccountId=account)
    headers = {"Idempotency-Key": "once"}
    first = dana.post("/trades", TWO_ENTRIES, headers=headers)
    settings(dana, defaultAccountId=None)
    assert dana.post("/trades", TWO_ENTRIES, headers=headers).json == first.json
    assert first.json["accountId"] == account


def test_settings_cost_a_new_trade_one_request_in_the_first_call_alone(dana: Client, requests: Counter[str]) -> None:
    requests.clear()
    made_first = dana.post("/trades", TWO_ENTRIES)
    assert (made_first.status, requests) == (201, {"TransactWriteItems": 1})
    settings(dana, defaultAccountId=make(dana)["accountId"], lotMethod="FIFO")
    assert made(dana)[1] == "FIFO"
    requests.clear()
    assert dana.post("/trades", TWO_ENTRIES).status == 201
    assert requests == {"TransactWriteItems": 1}


def test_much_is_not_remembered_for_ever(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trade_defaults, "_MOST_REMEMBERED", 1)
    settings(dana, lotMethod="FIFO")
    account = make(dana)["accountId"]
    for _ in range(2):
        assert made(dana)[1] == "FIFO"
        assert made(dana, accountId=account)[1] == "FIFO"
    assert len(trade_defaults._remembered) == 1


def test_nothing_is_told_to_the_marks_of_an_account_that_is_being_erased(
    dana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = trading_accounts.settings(DANA)
    erasure_marks.begin(DANA, datetime.now(UTC))
    monkeypatch.setattr(trading_accounts, "settings", lambda _: former)
    for refused in (dana.patch("/settings", {"lotMethod": "FIFO"}), dana.post("/trades", TWO_ENTRIES)):
        assert (refused.status, refused.kind) == (409, "/problems/account-erased")
    assert erasure_marks.has_begun(DANA)


def test_marks_that_only_tell_defaults_are_no_erasure(dana: Client) -> None:
    settings(dana, lotMethod="FIFO")
    assert not erasure_marks.has_begun(DANA)
    trade = dana.new_trade()
    assert dana.patch(f"/trades/{trade['tradeId']}", {"lessons": "wait"}).status == 200
    assert [each["tradeId"] for each in dana.get("/trades").json["items"]] == [trade["tradeId"]]
    erasure_marks.begin(DANA, datetime.now(UTC))
    assert erasure_marks.has_begun(DANA)

"""Trading accounts on the deployed stack: money between them, statements, and one that goes with all it holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.stack import Stack
from tests.e2e.conftest import User
from tests.e2e.test_account import files_of, items_of, sub_of, until
from tests.e2e.test_images import ask, send, shown
from tests.pictures import png

AT = "2026-01-05T08:00:00Z"
TRADE = {"symbol": "AAPL", "side": "BUY", "quantity": "10", "entryPrice": "50", "openDate": "2026-01-05T12:00:00Z"}


def account(api: Any, name: str, currency: str = "EUR") -> str:
    answer = api.post("/accounts", json={"name": name, "currency": currency, "openingBalance": "1000"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["accountId"])


@pytest.mark.anywhere
def test_money_moves_between_accounts_and_is_compared_with_a_statement(new_user: Callable[[], User]) -> None:
    api = new_user().api
    first, second = account(api, "First"), account(api, "Second")
    counter = {"amount": "100", "currency": "EUR", "accountId": second}
    given = {"type": "TRANSFER", "amount": "-100", "currency": "EUR", "at": AT, "counter": counter}
    sent = api.post(f"/accounts/{first}/cash", json=given, headers={"Idempotency-Key": "t-1"}).json()
    other = f"/accounts/{second}/cash/{sent['counter']['cashId']}"
    assert api.patch(other, json={"amount": "120"}).status_code == 200
    assert api.get(f"/accounts/{first}/cash/{sent['cashId']}").json()["amount"] == "-120"
    exchange = {"type": "CONVERSION", "amount": "-500", "at": AT, "counter": {"amount": "550", "currency": "USD"}}
    assert api.post(f"/accounts/{first}/cash", json={**exchange, "externalId": "x-1"}).status_code == 201
    assert api.post(f"/accounts/{first}/cash", json={**exchange, "externalId": "x-1"}).status_code == 409
    api.post("/trades", json={**TRADE, "accountId": first, "currency": "EUR"})
    until(lambda: api.get(f"/accounts/{first}/balance").json()["openCostBasis"] == "500")
    balance = api.get(f"/accounts/{first}/balance", params={"at": "2026-01-05"}).json()
    assert (balance["balance"], balance["openCostBasis"]) == ("880", "500")
    assert balance["byCurrency"] == [{"currency": "EUR", "amount": "380"}, {"currency": "USD", "amount": "550"}]
    statement = {"statementBalance": "1000", "at": "2026-01-31T22:59:59Z"}
    made = api.post(f"/accounts/{first}/reconciliations", json=statement)
    assert (made.status_code, made.json()["difference"]) == (201, "120")
    [candidate] = made.json()["candidates"]
    assert (candidate["reason"], candidate["amounts"][0]["cashId"]) == ("NOT_IN_STATEMENT", sent["cashId"])
    assert api.get(made.headers["Location"].removeprefix("/v1")).json() == made.json()
    assert api.get(f"/accounts/{first}/reconciliations").json()["items"] == [made.json()]
    assert api.delete(other).status_code == 204
    assert api.get(f"/accounts/{first}/cash/{sent['cashId']}").status_code == 404


def test_an_account_is_deleted_with_its_trades_images_and_fills(stack: Stack, new_user: Callable[[], User]) -> None:
    user = new_user()
    api, sub = user.api, sub_of(stack, user)
    own, other = account(api, "Own", "USD"), account(api, "Other", "USD")
    close = {"quantity": "10", "price": "60", "closedAt": "2026-01-06T12:00:00Z"}
    for each in (own, other):
        trade = api.post("/trades", json={**TRADE, "accountId": each, "closes": [close]}).json()
        path = f"/trades/{trade['tradeId']}"
        assert send(ask(api, path), png()).status_code == 204
        assert shown(api, path, "READY")
        fill = {"symbol": "MSFT", "side": "BUY", "quantity": "1", "price": "10", "executedAt": AT, "accountId": each}
        assert api.post("/executions", json=fill).status_code == 201
        assert api.post(f"/accounts/{each}/cash", json={"type": "DEPOSIT", "amount": "5", "at": AT}).status_code == 201
    until(lambda: api.get("/stats").json()["netPnl"] == "200")
    begun = api.delete(f"/accounts/{own}", params={"with": "everything"})
    assert (begun.status_code, begun.json()["closing"]) == (202, True)
    assert api.post("/trades", json={**TRADE, "accountId": own}).status_code == 409
    until(lambda: api.get(f"/accounts/{own}").status_code == 404, 120)
    until(lambda: api.get("/stats").json()["netPnl"] == "100")
    [left] = [trade for trade in api.get("/trades").json()["items"] if trade.get("source") != "LEDGER"]
    assert left["accountId"] == other
    until(lambda: bool(files := files_of(stack, sub)) and all(left["tradeId"] in file for file in files))
    assert len([key for key in items_of(stack, sub) if key == left["tradeId"]]) == 1
    assert api.get("/deleted-trades").json()["items"] == []
    assert len(api.get("/executions").json()["items"]) == 1

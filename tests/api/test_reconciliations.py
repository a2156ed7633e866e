"""Accounts compared with statements; and what is open, at cost, in a balance."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import trading_accounts
from handlers.usecases import balances as usecase
from tests.api.client import DANA, Client, a_trade
from tests.api.test_cash import NEVER, of, pay
from tests.api.test_currencies import account, give_rates
from tests.api.test_executions import fill, put
from tests.api.test_stats import record, settle
from tests.api.test_trading_accounts import stored


def reconcile(client: Client, account_id: str, balance: str, at: str, **headers: str) -> dict[str, Any]:
    given = {"statementBalance": balance, "at": at}
    answer = client.post(f"/accounts/{account_id}/reconciliations", given, headers=headers)
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def test_the_balance_of_an_instant_is_compared_with_that_of_a_statement(dana: Client) -> None:
    own = account(dana, openingBalance="1000")
    row = pay(dana, own, "DEPOSIT", "500", "2026-01-05")  # at 08:00 UTC
    trade = record(dana, "2026-01-05", "40", accountId=own)["tradeId"]
    settle()
    closed = dana.get(f"/trades/{trade}").json["closeDate"]
    for at, computed in (
        ("2026-01-05T08:59:59+01:00", "1000"),
        ("2026-01-05T09:00:00+01:00", "1500"),
        (closed, "1540"),
        ("2026-01-31T23:59:59Z", "1540"),
    ):
        made = reconcile(dana, own, computed, at)
        assert (made["computed"], made["difference"], made["candidates"], made["at"]) == (computed, "0", [], at)
    less = reconcile(dana, own, "1040", "2026-01-31T23:59:59Z")
    assert (less["difference"], less["currency"], less["statementBalance"]) == ("-500", "EUR", "1040")
    amount = {"amount": "500", "at": row["at"], "cashId": row["cashId"]}
    assert less["candidates"] == [{"reason": "NOT_IN_STATEMENT", "amounts": [amount]}]
    early = reconcile(dana, own, "1500", "2026-01-04T23:59:59Z")
    assert early["candidates"] == [{"reason": "IN_STATEMENT_ALREADY", "amounts": [amount]}]
    gain = reconcile(dana, own, "1500", "2026-01-06T00:00:00Z")
    assert gain["candidates"][0]["amounts"] == [{"amount": "40", "at": closed, "tradeId": trade}]


def test_reconciliations_are_kept_listed_and_deleted(dana: Client) -> None:
    own = account(dana)
    path = f"/accounts/{own}/reconciliations"
    made = [reconcile(dana, own, "1", f"2026-01-{day:02}T00:00:00Z") for day in (5, 7, 6)]
    found, token = [], None
    while True:
        page = of(dana, own, "reconciliations", "limit=1" + (f"&nextToken={token}" if token else ""))
        found += page["items"]
        token = page.get("nextToken")
        if token is None:
            break
    assert found == [made[1], made[2], made[0]]
    assert dana.get(f"{path}?limit=2".partition("?")[0], query="limit=2").json["items"] == found[:2]
    one = f"{path}/{made[0]['reconciliationId']}"
    assert (
        dana.get(one.upper().replace("/ACCOUNTS", "/accounts").replace("/RECONCILIATIONS", "/reconciliations")).json
        == made[0]
    )
    assert dana.get(f"/accounts/{MAIN}/reconciliations/{made[0]['reconciliationId']}").status == 404
    assert dana.delete(one).status == 204
    for gone in (dana.get(one), dana.delete(one), dana.get(f"/executions/{made[1]['reconciliationId']}")):
        assert (gone.status, gone.kind) == (404, "/problems/not-found")
    refused = dana.get(f"/accounts/{MAIN}/reconciliations", query=f"nextToken={page_token(dana, path)}")
    assert (refused.status, refused.bad_fields) == (400, {("query", "/nextToken")})
    # They do not keep an account, and go with it.
    assert dana.delete(f"/accounts/{own}").status == 204
    left = [item["item"]["S"] for item in stored("ledger") if item["item"]["S"].startswith(("reconciliation|", "ref|"))]
    assert left == []


def page_token(client: Client, path: str) -> str:
    token: str = client.get(path, query="limit=1").json["nextToken"]
    return token


def test_a_repeated_request_keeps_one(dana: Client) -> None:
    own = account(dana)
    given = {"statementBalance": "1", "at": "2026-01-05T00:00:00Z"}
    first, again = (
        dana.post(f"/accounts/{own}/reconciliations", given, headers={"Idempotency-Key": "r-1"}) for _ in range(2)
    )
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert of(dana, own, "reconciliations")["items"] == [first.json]


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"at": "2026-01-05"}, 400, "/at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, 422, "/at"),
        ({"statementBalance": "1e3"}, 400, "/statementBalance"),
        ({"note": "x"}, 400, "/note"),
    ],
)
def test_a_wrong_field_of_a_statement_is_named(dana: Client, given: dict[str, Any], status: int, field: str) -> None:
    body = {"statementBalance": "1", "at": "2026-01-05T00:00:00Z", **given}
    answer = dana.post(f"/accounts/{MAIN}/reconciliations", body)
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})


def test_an_account_that_is_deleted_meanwhile_is_not_compared(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    own = account(dana)
    given = {"statementBalance": "1", "at": "2026-01-05T00:00:00Z"}
    path = f"/accounts/{own}/reconciliations"
    opened = usecase._opened

    def and_deleted(*args: Any) -> Any:
        found = opened(*args)
        assert dana.delete(f"/accounts/{own}").status == 204
        return found

    with monkeypatch.context() as patched:
        patched.setattr(usecase, "_opened", and_deleted)
        assert dana.post(path, given).status == 404
    other = account(dana)
    trading_accounts.set_closing(trading_accounts.get(DANA, other), closing=True)
    refused = dana.post(f"/accounts/{other}/reconciliations", given)
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert dana.get(f"/accounts/{NEVER}/reconciliations").status == 404


def test_what_has_no_rate_is_left_out_and_named(dana: Client) -> None:
    pay(dana, MAIN, "DIVIDEND", "20", "2026-01-06", currency="EUR")
    record(dana, "2026-01-06", "1000", currency="JPY")
    settle()
    made = reconcile(dana, MAIN, "0", "2026-01-31T00:00:00Z")
    assert (made["computed"], made["unconverted"]) == ("0", ["EUR", "JPY"])
    give_rates(dana, ("EUR", "USD", "2026-01-06", "1.1"), ("USD", "JPY", "2026-01-06", "100"))
    made = reconcile(dana, MAIN, "10", "2026-01-31T00:00:00Z")
    assert (made["computed"], made["difference"], "unconverted" in made) == ("32", "-22", False)
    assert made["candidates"][0]["amounts"][0]["amount"] == "22"


# What is open, at cost


def test_what_is_open_is_shown_at_cost_of_any_day(dana: Client) -> None:
    own, other = account(dana, currency="USD"), account(dana, currency="USD")
    entry = a_trade(accountId=own, quantity="10", entryPrice="50", openDate="2026-01-05T12:00:00Z", commission="1")
    long = dana.post("/trades", entry).json["tradeId"]
    short = {**entry, "side": "SELL", "quantity": "2", "multiplier": "5", "openDate": "2026-01-06T12:00:00Z"}
    dana.post("/trades", short)
    dana.post("/trades", {**entry, "accountId": other})
    dana.post(
        "/trades",
        a_trade(accountId=own, openDate="2026-01-05T12:00:00Z", entryPrice=None)
        | {"entryPrice": "7", "status": "CANCELLED"},
    )
    close = {"quantity": "4", "price": "60", "closedAt": "2026-01-08T12:00:00Z"}
    assert dana.post(f"/trades/{long}/closes", close).status == 201
    settle()
    for query, cost in (
        ("at=2026-01-04", "0"),
        ("at=2026-01-05", "500"),
        ("at=2026-01-06", "0"),  # 500 - 2 x 5 x 50
        ("at=2026-01-08", "-200"),
        ("", "-200"),
    ):
        assert of(dana, own, "balance", query)["openCostBasis"] == cost, query
    dana.post(f"/trades/{long}/closes", {"quantity": "6", "price": "70", "closedAt": "2026-01-09T12:00:00Z"})
    settle()
    for query, cost in (("at=2026-01-05", "500"), ("at=2026-01-08", "-200"), ("at=2026-01-09", "-500"), ("", "-500")):
        assert of(dana, own, "balance", query)["openCostBasis"] == cost, query
    assert of(dana, MAIN, "balance")["openCostBasis"] == "0"
    assert of(dana, other, "balance")["openCostBasis"] == "500"


def test_open_executions_cost_what_their_position_does(dana: Client) -> None:
    put(dana, fill("BUY", "2", "10", 0), fill("BUY", "1", "16", 1), fill("SELL", "1", "20", 2))
    settle()
    [position] = dana.get("/positions").json["items"]
    assert of(dana, MAIN, "balance")["openCostBasis"] == position["costBasis"] == "24"


def test_what_is_open_in_another_currency_is_at_the_rate_of_its_first_day(dana: Client) -> None:
    dana.post("/trades", a_trade(quantity="10", entryPrice="50", currency="EUR", openDate="2026-01-05T12:00:00Z"))
    shown = of(dana, MAIN, "balance")
    assert (shown["openCostBasis"], shown["unconverted"]) == ("0", ["EUR"])
    give_rates(dana, ("EUR", "USD", "2026-01-05", "1.1"), ("EUR", "USD", "2026-01-06", "9"))
    shown = of(dana, MAIN, "balance")
    assert (shown["openCostBasis"], "unconverted" in shown) == ("550", False)


def test_too_many_open_trades_have_no_cost(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecase, "MOST_OPEN", 1)
    for day in ("05", "06"):
        record(dana, f"2026-01-{day}", "5")
    dana.new_trade()
    settle()
    assert "openCostBasis" in of(dana, MAIN, "balance")
    assert "openCostBasis" in of(dana, MAIN, "balance", "at=2026-01-01")
    dana.new_trade()
    assert "openCostBasis" not in of(dana, MAIN, "balance")


def test_too_many_trades_that_were_open_then_have_no_cost(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecase, "MOST_OPEN", 1)
    close = {"price": "60", "closedAt": "2026-01-08T12:00:00Z"}
    for _ in range(2):
        trade = dana.post("/trades", a_trade(openDate="2026-01-05T12:00:00Z")).json["tradeId"]
        assert dana.post(f"/trades/{trade}/closes", close).status == 201
    settle()
    assert "openCostBasis" not in of(dana, MAIN, "balance", "at=2026-01-06")
    assert of(dana, MAIN, "balance", "at=2026-01-08")["openCostBasis"] == "0"


def test_candidates_are_found_by_all_digits_of_an_amount(dana: Client) -> None:
    own, amount = account(dana), "123456789012345.123456789012345678"
    pay(dana, own, "DEPOSIT", amount, "2026-01-05")
    at = "2026-01-31T00:00:00Z"
    for balance, reason in (
        ("0", "NOT_IN_STATEMENT"),
        (f"-{amount}", "WRONG_SIGN"),
        (f"{amount[:-2]}87", "DIGITS_SWAPPED"),
    ):
        assert [each["reason"] for each in reconcile(dana, own, balance, at)["candidates"]] == [reason]
    pay(dana, own, "DEPOSIT", "0.000000000000000001", "2026-01-05")
    [both] = reconcile(dana, own, "0", at)["candidates"]
    assert (both["reason"], len(both["amounts"])) == ("NOT_IN_STATEMENT", 2)

"""Cash of trading accounts, and the balances and returns that follow from it and from trades."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import cash as cash_rows
from handlers.storage import trading_accounts
from tests.api.client import DANA, Client
from tests.api.test_currencies import account, give_rates
from tests.api.test_stats import record, settle

TRADE = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "entryPrice": "1000"}
NEVER = "99999999-0000-4000-8000-000000000000"


def pay(client: Client, account_id: str, kind: str, amount: str, day: str, **given: Any) -> dict[str, Any]:
    body = {"type": kind, "amount": amount, "at": f"{day}T08:00:00Z", **given}
    answer = client.post(f"/accounts/{account_id}/cash", body)
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def of(client: Client, account_id: str, what: str, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/accounts/{account_id}/{what}", query=query)
    assert answer.status == 200, answer.json
    shown: dict[str, Any] = answer.json
    return shown


def test_cash_is_recorded_read_corrected_and_deleted(dana: Client) -> None:
    own = account(dana)
    at = "2026-01-05T23:30:00-05:00"
    given = {"type": "DIVIDEND", "amount": "12.50", "at": at, "symbol": "AAPL", "note": "Q4"}
    made = dana.post(f"/accounts/{own.upper()}/cash", given)
    cash = made.json
    assert (made.status, cash["amount"], cash["at"], cash["accountId"]) == (201, "12.5", at, own)
    path = f"/accounts/{own}/cash/{cash['cashId']}"
    assert (made.headers["location"], made.headers["etag"]) == (f"/v1{path}", '"1"')
    assert dana.get(path).json == cash
    changed = dana.patch(path, {"amount": "-3", "note": None, "currency": "USD"}, headers={"If-Match": '"1"'}).json
    assert (changed["amount"], changed["currency"], changed["version"], "note" in changed) == ("-3", "USD", 2, False)
    assert dana.patch(path, {"amount": "-3.0"}).json == changed
    for refused in (
        dana.patch(path, {"amount": "1"}, headers={"If-Match": '"1"'}),
        dana.delete(path, headers={"If-Match": '"1"'}),
    ):
        assert (refused.status, refused.kind) == (412, "/problems/version-mismatch")
    assert dana.delete(path).status == 204
    for gone in (dana.get(path), dana.delete(path), dana.patch(path, {"amount": "1"})):
        assert (gone.status, gone.kind) == (404, "/problems/not-found")


def test_a_repeated_request_records_cash_once(dana: Client) -> None:
    body = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T08:00:00Z"}
    for own in (MAIN, account(dana)):
        headers = {"Idempotency-Key": f"cash-{own}"}
        first, again = (dana.post(f"/accounts/{own}/cash", body, headers=headers) for _ in range(2))
        assert (first.status, again.status, again.json) == (201, 201, first.json)
        assert again.headers["idempotent-replayed"] == "true"
        assert len(of(dana, own, "cash")["items"]) == 1
        other = dana.post(f"/accounts/{own}/cash", {**body, "amount": "6"}, headers=headers)
        assert (other.status, other.kind) == (422, "/problems/idempotency-key-reused")


@pytest.mark.parametrize(
    ("given", "status", "field", "code"),
    [
        ({"amount": "0"}, 422, "/amount", "NOT_POSITIVE"),
        ({"amount": "-5"}, 422, "/amount", "NOT_POSITIVE"),
        ({"type": "WITHDRAWAL"}, 422, "/amount", "NOT_NEGATIVE"),
        ({"type": "PAYOUT"}, 422, "/amount", "NOT_NEGATIVE"),
        ({"type": "FEE", "amount": "0"}, 422, "/amount", "ZERO"),
        ({"type": "GIFT"}, 400, "/type", "NOT_ONE_OF"),
        ({"currency": "x"}, 400, "/currency", None),
        ({"at": "2026-01-05"}, 400, "/at", None),
    ],
)
def test_a_wrong_field_of_cash_is_named(
    dana: Client, given: dict[str, Any], status: int, field: str, code: str | None
) -> None:
    body = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T08:00:00Z", **given}
    answer = dana.post(f"/accounts/{MAIN}/cash", body)
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})
    assert code is None or answer.json["errors"][0]["code"] == code
    assert of(dana, MAIN, "cash") == {"items": []}


def test_what_cash_must_have_cannot_be_removed_and_its_amount_keeps_fitting(dana: Client) -> None:
    path = f"/accounts/{MAIN}/cash/{pay(dana, MAIN, 'DEPOSIT', '5', '2026-01-05')['cashId']}"
    for name in ("type", "amount", "at"):
        answer = dana.patch(path, {name: None})
        assert answer.status in (400, 422)
        assert answer.bad_fields == {("body", f"/{name}")}
    assert dana.patch(path, {"type": "WITHDRAWAL"}).status == 422
    assert dana.patch(path, {"type": "WITHDRAWAL", "amount": "-5"}).status == 200


def test_cash_is_listed_by_time_page_by_page(dana: Client, erin: Client) -> None:
    days = [f"2026-01-{day:02}" for day in (9, 5, 7, 6, 8)]
    other = account(dana)
    for day in days:
        pay(dana, MAIN, "DEPOSIT", "5", day)
        pay(dana, other, "DEPOSIT", "5", day)
    token = ""
    for order, is_reversed in (("desc", True), ("asc", False)):
        query = [("limit", "2"), ("order", order)]
        page = dana.get(f"/accounts/{MAIN}/cash", query=query).json
        found: list[str] = [each["at"][:10] for each in page["items"]]
        while "nextToken" in page:
            token = page["nextToken"]
            page = dana.get(f"/accounts/{MAIN}/cash", query=[*query, ("nextToken", token)]).json
            found += [each["at"][:10] for each in page["items"]]
        assert found == sorted(days, reverse=is_reversed)
    for foreign in (
        erin.get(f"/accounts/{MAIN}/cash", query=[*query, ("nextToken", token)]),
        dana.get(f"/accounts/{other}/cash", query=[*query, ("nextToken", token)]),
        dana.get("/trades", query=[("accountId", MAIN), ("nextToken", token), ("order", "asc")]),
    ):
        assert (foreign.status, foreign.bad_fields) == (400, {("query", "/nextToken")})


def test_a_page_reads_on_behind_what_its_filters_discard(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cash_rows, "_MOST_ITEMS", 1)
    for kind, day in (("DEPOSIT", "2026-01-05"), ("DEPOSIT", "2026-01-06"), ("FEE", "2026-01-07")):
        pay(dana, MAIN, kind, "-1" if kind == "FEE" else "1", day)
    found = of(dana, MAIN, "cash", "cashType=FEE&limit=1&order=asc")["items"]
    assert [each["type"] for each in found] == ["FEE"]


def test_an_account_with_cash_stays_in_its_currency_and_takes_none_while_it_is_deleted(dana: Client) -> None:
    own = account(dana)
    path = f"/accounts/{own}"
    cash = pay(dana, own, "DEPOSIT", "5", "2026-01-05")["cashId"]
    assert dana.patch(path, {"currency": "USD"}).status == 409
    assert dana.delete(path).status == 409
    dana.delete(f"{path}/cash/{cash}")
    trading_accounts.set_closing(trading_accounts.get(DANA, own), closing=True)
    body = {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T08:00:00Z"}
    assert dana.post(f"{path}/cash", body).status == 409
    assert dana.delete(path).status == 204
    assert dana.post(f"{path}/cash", body).status == 404
    pay(dana, MAIN, "DEPOSIT", "5", "2026-01-05")
    dana.patch("/settings", {"baseCurrency": "EUR"})
    assert dana.get(f"/accounts/{MAIN}").json["currency"] == "USD"


@pytest.fixture
def reference(dana: Client) -> str:
    """10 000: +100; -50; deposit 5 000, +150; withdrawal 2 000, -132; +264, on five days in a row."""
    own = account(dana, openingBalance="10000", currency="USD")
    for day, net in (("05", "100"), ("06", "-50"), ("07", "150"), ("08", "-132"), ("09", "264")):
        record(dana, f"2026-01-{day}", net, accountId=own)
    pay(dana, own, "DEPOSIT", "5000", "2026-01-07")
    pay(dana, own, "WITHDRAWAL", "-2000", "2026-01-08")
    settle()
    return own


def test_the_returns_of_the_reference_account(dana: Client, reference: str) -> None:
    found = of(dana, reference, "returns")
    assert (found["timeWeightedReturn"], found["moneyWeightedReturn"]) == (2.516678, 2.721311)
    assert (found["opening"], found["closing"], found["earned"], found["flow"]) == ("10000", "13332", "332", "3000")
    assert [period["returned"] for period in found["periods"]] == [1, -0.49505, 0.996678, -1, 2.020202]
    assert (found["from"], found["to"], found["reasons"]) == ("2026-01-05", "2026-01-09", {})
    assert found["maxDrawdownPercent"] == 1.0
    [month] = of(dana, reference, "returns", "by=MONTH")["periods"]
    assert (month["from"], month["to"], month["returned"]) == ("2026-01-05", "2026-01-09", 2.516678)
    later = of(dana, reference, "returns", "from=2026-01-07&to=2026-01-08")
    assert (later["opening"], later["closing"]) == ("10050", "13068")
    assert [period["returned"] for period in later["periods"]] == [0.996678, -1]


def test_the_balance_of_the_reference_account_at_any_day(dana: Client, reference: str) -> None:
    for day, held in (
        ("01", "10000"),
        ("05", "10100"),
        ("06", "10050"),
        ("07", "15200"),
        ("08", "13068"),
        ("31", "13332"),
    ):
        assert of(dana, reference, "balance", f"at=2026-01-{day}")["balance"] == held
    assert of(dana, reference, "balance") == {
        "accountId": reference,
        "currency": "USD",
        "opening": "10000",
        "deposits": "5000",
        "withdrawals": "-2000",
        "income": "0",
        "costs": "0",
        "realized": "332",
        "balance": "13332",
        "openCostBasis": "0",
        "byCurrency": [{"currency": "USD", "amount": "13332"}],
    }


def test_a_deposit_hides_no_drawdown(dana: Client) -> None:
    # 1 000, -400, deposit 1 000, -160: equity 1 440, drawdown 46 %
    own = account(dana, openingBalance="1000", currency="USD")
    record(dana, "2026-01-05", "-400", accountId=own)
    pay(dana, own, "DEPOSIT", "1000", "2026-01-06")
    record(dana, "2026-01-06", "-160", accountId=own)
    settle()
    found = of(dana, own, "returns")
    assert (found["closing"], found["maxDrawdownPercent"], found["timeWeightedReturn"]) == ("1440", 46, -46)


def test_sharpe_and_sortino_of_an_account_without_flows_are_those_of_the_statistics(dana: Client) -> None:
    own = account(dana, openingBalance="10000", currency="USD")
    for day, net in (("05", "100"), ("06", "-50"), ("09", "150"), ("14", "-132")):
        record(dana, f"2026-01-{day}", net, accountId=own)
    settle()
    found = of(dana, own, "returns")
    shown = dana.get("/stats", query=f"accountId={own}&openingBalance=10000").json
    assert (found["sharpe"], found["sortino"]) == (shown["sharpe"], shown["sortino"])


def test_dividends_and_fees_are_earned_and_what_is_converted_is_at_the_rate_of_its_day(dana: Client) -> None:
    pay(dana, MAIN, "DEPOSIT", "1000", "2026-01-05")
    pay(dana, MAIN, "DIVIDEND", "20", "2026-01-06", currency="EUR")
    pay(dana, MAIN, "FEE", "-2", "2026-01-06")
    record(dana, "2026-01-06", "10", currency="JPY")
    settle()
    shown = of(dana, MAIN, "balance")
    assert (shown["balance"], shown["income"], shown["unconverted"]) == ("998", "0", ["EUR", "JPY"])
    held = {each["currency"]: each["amount"] for each in shown["byCurrency"]}
    assert held == {"USD": "998", "EUR": "20", "JPY": "10"}
    give_rates(dana, ("EUR", "USD", "2026-01-06", "1.1"), ("USD", "JPY", "2026-01-06", "100"))
    shown = of(dana, MAIN, "balance")
    assert (shown["balance"], shown["income"], shown["costs"], shown["realized"]) == ("1020.1", "22", "-2", "0.1")
    assert "unconverted" not in shown
    assert [period["returned"] for period in of(dana, MAIN, "returns")["periods"]] == [0, 2.01]


def test_an_account_that_held_nothing_has_no_returns(dana: Client) -> None:
    empty = of(dana, MAIN, "returns")
    assert (empty["periods"], empty["closing"], empty["reasons"]["timeWeightedReturn"]) == ([], "0", "NO_TRADES")
    assert "from" not in empty
    record(dana, "2026-01-05", "10")
    record(dana, "2026-01-06", "10")
    settle()
    found = of(dana, MAIN, "returns")
    assert (found["closing"], found["timeWeightedReturn"], found["sharpe"]) == ("20", None, None)
    assert set(found["reasons"].values()) == {"NO_BALANCE"}
    assert [period["returned"] for period in found["periods"]] == [None, None]
    assert of(dana, MAIN, "balance", "at=2026-01-05")["balance"] == "10"


def test_days_are_by_the_accounts_clock_or_else_the_settings(dana: Client) -> None:
    dana.patch("/settings", {"timeZone": "America/New_York"})
    pay(dana, MAIN, "DEPOSIT", "5", "2026-01-05", at="2026-01-05T02:00:00Z")
    assert of(dana, MAIN, "balance", "at=2026-01-04")["balance"] == "5"
    dana.patch(f"/accounts/{MAIN}", {"timeZone": "Europe/Berlin"})
    assert of(dana, MAIN, "balance", "at=2026-01-04")["balance"] == "0"


def test_an_account_of_nobody_has_no_cash(dana: Client) -> None:
    for answer in (
        dana.get(f"/accounts/{NEVER}/cash"),
        dana.get(f"/accounts/{NEVER}/balance"),
        dana.get(f"/accounts/{NEVER}/returns"),
        dana.post(f"/accounts/{NEVER}/cash", {"type": "DEPOSIT", "amount": "5", "at": "2026-01-05T08:00:00Z"}),
    ):
        assert (answer.status, answer.kind) == (404, "/problems/not-found")


def test_cash_is_found_by_all_that_it_is(dana: Client) -> None:
    trade = "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f"
    for day, given in (
        ("05", {"type": "DEPOSIT", "amount": "1"}),
        ("06", {"type": "DIVIDEND", "amount": "2", "symbol": "aapl", "tradeId": trade.upper()}),
        ("07", {"type": "FEE", "amount": "-3", "symbol": "AAPL"}),
        ("08", {"type": "DIVIDEND", "amount": "4"}),
    ):
        answer = dana.post(f"/accounts/{MAIN}/cash", {**given, "at": f"2026-01-{day}T23:59:59Z"})
        assert (answer.status, answer.json.get("tradeId")) == (201, trade if day == "06" else None)
    for query, expected in (
        ("cashType=DIVIDEND", ["2", "4"]),
        ("cashType=DIVIDEND&cashType=FEE&symbol=AAPL", ["2", "-3"]),
        (f"tradeId={trade.upper()}", ["2"]),
        ("from=2026-01-06&to=2026-01-07", ["2", "-3"]),
        ("from=2026-01-08", ["4"]),
        ("to=2026-01-05", ["1"]),
        ("from=2026-01-07&to=2026-01-06", []),
        ("cashType=TAX", []),
    ):
        for limit in ("1", "2", "100"):
            found: list[str] = []
            page = dana.get(f"/accounts/{MAIN}/cash", query=f"{query}&order=asc&limit={limit}").json
            found += [each["amount"] for each in page["items"]]
            while "nextToken" in page:
                asked = f"{query}&order=asc&limit={limit}&nextToken={page['nextToken']}"
                page = dana.get(f"/accounts/{MAIN}/cash", query=asked).json
                found += [each["amount"] for each in page["items"]]
            assert found == expected, (query, limit)
    [row] = dana.get(f"/accounts/{MAIN}/cash", query=f"tradeId={trade}").json["items"]
    assert "tradeId" not in dana.patch(f"/accounts/{MAIN}/cash/{row['cashId']}", {"tradeId": None}).json
    token = dana.get(f"/accounts/{MAIN}/cash", query="cashType=DIVIDEND&limit=1").json["nextToken"]
    other = dana.get(f"/accounts/{MAIN}/cash", query=f"cashType=FEE&limit=1&nextToken={token}")
    assert (other.status, other.bad_fields) == (400, {("query", "/nextToken")})


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        # New York's clocks go forward on 8 March 2026 and back on 1 November; Berlin's on 29 March and 25 October.
        ("America/New_York", "2026-03-08T04:59:59Z", "2026-03-07"),
        ("America/New_York", "2026-03-08T05:00:00Z", "2026-03-08"),
        ("America/New_York", "2026-03-09T03:59:59Z", "2026-03-08"),
        ("America/New_York", "2026-03-09T04:00:00Z", "2026-03-09"),
        ("America/New_York", "2026-11-02T04:59:59Z", "2026-11-01"),
        ("America/New_York", "2026-11-02T05:00:00Z", "2026-11-02"),
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
        ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25"),
        ("Europe/Berlin", "2026-10-25T23:00:00Z", "2026-10-26"),
        ("Europe/Berlin", "2026-10-25T23:30:00-12:00", "2026-10-26"),
        (None, "2026-10-25T23:30:00-12:00", "2026-10-25"),
        (None, "2026-10-26T00:30:00+14:00", "2026-10-26"),
    ],
)
def test_a_balance_ends_with_the_day_of_the_accounts_clock_whatever_offset_money_was_given_in(
    dana: Client, zone: str | None, at: str, day: str
) -> None:
    own = account(dana, **({} if zone is None else {"timeZone": zone}))
    pay(dana, own, "DEPOSIT", "5", day, at=at)
    opened = f"{int(at[:4]) - 1}{at[4:]}"
    closes = [{"quantity": "1", "price": "1040", "closedAt": at}]
    dana.post("/trades", {**TRADE, "accountId": own, "openDate": opened, "closes": closes, "currency": "EUR"})
    settle()
    before = (date.fromisoformat(day) - timedelta(1)).isoformat()
    assert of(dana, own, "balance", f"at={before}")["balance"] == "0"
    assert of(dana, own, "balance", f"at={day}")["balance"] == "45"
    [period] = of(dana, own, "returns")["periods"]
    assert (period["from"], period["flow"], period["earned"], period["returned"]) == (day, "5", "40", 800)


def test_sharpe_and_sortino_of_an_account_with_flows_are_of_its_time_weighted_days(
    dana: Client, reference: str
) -> None:
    """The days return 1, -0.49505, 0.996678, -1 and 2.020202 %, whatever was put in and taken out."""
    days = [100 / 10_000, -50 / 10_100, 150 / 15_050, -132 / 13_200, 264 / 13_068]
    mean = sum(days) / len(days)
    deviation = (sum((day - mean) ** 2 for day in days) / (len(days) - 1)) ** 0.5
    downside = (sum(min(day, 0) ** 2 for day in days) / len(days)) ** 0.5
    found = of(dana, reference, "returns")
    assert found["sharpe"] == pytest.approx(mean / deviation * 252**0.5, abs=1e-6)
    assert found["sortino"] == pytest.approx(mean / downside * 252**0.5, abs=1e-6)


def test_money_of_another_currency_is_in_no_figure_as_it_is(dana: Client) -> None:
    own = account(dana, openingBalance="1000")
    record(dana, "2026-01-05", "10", accountId=own)
    record(dana, "2026-01-05", "10000", accountId=own, currency="JPY")
    pay(dana, own, "DEPOSIT", "10000", "2026-01-05", currency="JPY")
    pay(dana, own, "FEE", "-10000", "2026-01-05", currency="JPY")
    settle()
    for rate, balance in ((None, "1010"), ("0.01", "1110")):
        if rate is not None:
            give_rates(dana, ("JPY", "EUR", "2026-01-05", rate))
        shown, found = of(dana, own, "balance"), of(dana, own, "returns")
        assert shown["balance"] == found["closing"] == balance
        assert ("unconverted" in shown, "unconverted" in found) == (rate is None, rate is None)
        assert {each["currency"]: each["amount"] for each in shown["byCurrency"]} == {"EUR": "1010", "JPY": "10000"}
    assert [period["flow"] for period in found["periods"]] == ["100"]

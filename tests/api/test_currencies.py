"""Trades in accounts and currencies: which statistics count them, and in what money."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import rates as stored_rates
from handlers.storage import trading_accounts
from tests.api.client import DANA, Client, a_trade
from tests.api.test_stats import record, settle

NEVER = "99999999-0000-4000-8000-000000000000"


def account(client: Client, **given: Any) -> str:
    made = client.post("/accounts", {"name": "Second", "currency": "EUR", **given})
    assert made.status == 201, made.json
    account_id: str = made.json["accountId"]
    return account_id


def give_rates(client: Client, *rates: tuple[str, str, str, str]) -> None:
    body = {"rates": [dict(zip(("from", "to", "day", "rate"), rate, strict=True)) for rate in rates]}
    answer = client("PUT", "/fx-rates", body)
    assert (answer.status, answer.json) == (200, {"stored": len(rates)})


def stats(client: Client, query: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = client.get("/stats", query=query).json
    return shown


def sums(shown: dict[str, Any]) -> tuple[Any, ...]:
    return shown["currency"], shown["tradeCount"], shown["netPnl"], shown["realizedPnl"]


def test_a_trade_lies_in_an_account_and_has_a_currency(dana: Client) -> None:
    euros = account(dana)
    made = dana.post("/trades", a_trade(accountId=euros.upper(), currency="CHF"))
    assert (made.json["accountId"], made.json["currency"]) == (euros, "CHF")
    path = f"/trades/{made.json['tradeId']}"
    moved = dana.patch(path, {"accountId": None, "currency": None}).json
    assert moved.keys().isdisjoint({"accountId", "currency"})
    assert dana.patch(path, {"accountId": MAIN}).json["version"] == moved["version"]
    assert dana.patch(path, {"accountId": euros}).json["accountId"] == euros


def test_a_trade_cannot_lie_in_an_account_that_is_none_of_ones_own(dana: Client, erin: Client) -> None:
    own = dana.new_trade()["tradeId"]
    for wrong in (NEVER, account(erin)):
        for refused in (
            dana.post("/trades", a_trade(accountId=wrong)),
            dana.post("/trades", a_trade(accountId=wrong), headers={"Idempotency-Key": f"k-{wrong}"}),
            dana.patch(f"/trades/{own}", {"accountId": wrong}),
        ):
            assert (refused.status, refused.bad_fields) == (422, {("body", "/accountId")})
    assert len(dana.get("/trades").json["items"]) == 1
    for body in ({"currency": "usd"}, {"accountId": "x"}):
        assert dana.post("/trades", a_trade(**body)).status == 400


def test_an_account_with_trades_keeps_its_currency_and_stays(dana: Client) -> None:
    euros = account(dana)
    path = f"/accounts/{euros}"
    trade = dana.new_trade(accountId=euros)["tradeId"]
    for refused, kind in (
        (dana.patch(path, {"currency": "USD"}), "/problems/currency-in-use"),
        (dana.delete(path), "/problems/state-forbids"),
    ):
        assert (refused.status, refused.kind) == (409, kind)
    dana.delete(f"/trades/{trade}")
    assert dana.delete(path).status == 409  # the trade can come back
    dana.post(f"/deleted-trades/{trade}/restore")
    assert dana.patch(f"/trades/{trade}", {"accountId": MAIN}).status == 200
    assert dana.get(path).json["version"] == 1
    assert dana.delete(path).status == 204


def test_nothing_is_put_into_an_account_that_is_being_deleted(dana: Client) -> None:
    euros, used = account(dana), account(dana)
    dana.new_trade(accountId=used)
    for each in (euros, used):
        trading_accounts.set_closing(trading_accounts.get(DANA, each), closing=True)
        refused = dana.post("/trades", a_trade(accountId=each))
        assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert dana.delete(f"/accounts/{euros}").status == 204
    assert dana.delete(f"/accounts/{used}").status == 409
    assert dana.post("/trades", a_trade(accountId=used)).status == 201


def test_lists_take_several_accounts(dana: Client) -> None:
    euros, paper = account(dana), account(dana, kind="PAPER")
    ids = {each: record(dana, "2026-01-05", "5", accountId=each)["tradeId"] for each in (MAIN, euros, paper)}
    settle()
    for wanted in ([MAIN], [euros], [paper, MAIN], [NEVER]):
        query = [("accountId", each.upper()) for each in wanted]
        expected = {ids[each] for each in wanted if each in ids}
        for more in ([], [("closeFrom", "2026-01-01"), ("closeTo", "2026-01-31")]):
            shown = dana.get("/trades", query=[*query, *more, ("count", "true")]).json
            assert ({each["tradeId"] for each in shown["items"]}, shown["count"]) == (expected, len(expected))


def test_two_currencies_are_never_added_as_they_are(dana: Client) -> None:
    record(dana, "2026-01-05", "1100", currency="JPY")
    record(dana, "2026-01-05", "10")
    settle()
    shown = stats(dana)
    assert sums(shown) == ("USD", 1, "10", "10")
    assert shown["unconverted"] == {"trades": 1, "currencies": ["JPY"]}
    assert shown["byCurrency"] == [
        {"currency": "JPY", "tradeCount": 1, "realizedPnl": "1100", "netPnl": "1100"},
        {"currency": "USD", "tradeCount": 1, "realizedPnl": "10", "netPnl": "10"},
    ]
    for path in ("/stats/equity-curve", "/stats/calendar?month=2026-01", "/stats/breakdown?by=SYMBOL"):
        answer = dana.get(path.partition("?")[0], query=path.partition("?")[2]).json
        assert answer["unconverted"] == {"trades": 1, "currencies": ["JPY"]}
    give_rates(dana, ("JPY", "USD", "2026-01-05", "0.0064"))
    shown = stats(dana)
    assert sums(shown) == ("USD", 2, "17.04", "17.04")
    assert "unconverted" not in shown
    curve = dana.get("/stats/equity-curve").json
    assert [point["cumulativePnl"] for point in curve["points"]] == ["17.04"]


def test_money_is_converted_at_the_rate_of_its_own_day_and_r_stays(dana: Client) -> None:
    dana.patch("/settings", {"baseCurrency": "EUR"})
    give_rates(dana, ("USD", "EUR", "2026-01-05", "0.9"), ("USD", "EUR", "2026-01-06", "0.8"))
    dana.new_trade(
        currency="USD",
        entryPrice="10",
        quantity="2",
        commission=None,
        fees=None,
        riskAmount="20",
        openDate="2026-01-04T09:00:00Z",
        closes=[
            {"quantity": "1", "price": "20", "closedAt": "2026-01-05T12:00:00Z"},
            {"quantity": "1", "price": "40", "closedAt": "2026-01-06T12:00:00Z"},
        ],
    )
    settle()
    shown = stats(dana)
    # 10 x 0.9 + 30 x 0.8, and the whole 40 at the rate of the last close
    assert sums(shown) == ("EUR", 1, "32", "33")
    assert (shown["sumR"], shown["byCurrency"][0]["realizedPnl"]) == (2.0, "40")
    one_day = stats(dana, "from=2026-01-05&to=2026-01-05")
    assert sums(one_day) == ("EUR", 0, "0", "9")


@pytest.mark.parametrize(
    ("rates", "net"),
    [
        ([("CHF", "USD", "2026-01-05", "2")], "20"),
        ([("CHF", "USD", "2026-01-01", "1"), ("CHF", "USD", "2026-01-04", "3")], "30"),
        ([("CHF", "USD", "2026-01-04", "3"), ("CHF", "USD", "2026-01-06", "5")], "30"),
        ([("CHF", "USD", "2025-12-29", "2")], "20"),  # seven days before
        ([("CHF", "USD", "2025-12-28", "2")], None),
        ([("USD", "CHF", "2026-01-05", "4")], "2.5"),
        ([("CHF", "EUR", "2026-01-05", "2"), ("USD", "EUR", "2026-01-05", "4")], "5"),
        ([("CHF", "GBP", "2026-01-05", "2"), ("GBP", "USD", "2026-01-05", "4")], None),
    ],
)
def test_the_rate_of_a_day(dana: Client, rates: list[tuple[str, str, str, str]], net: str | None) -> None:
    give_rates(dana, *rates)
    record(dana, "2026-01-05", "10", currency="CHF")
    settle()
    shown = stats(dana)
    assert sums(shown)[1:3] == ((1, net) if net else (0, "0"))
    assert ("unconverted" in shown) is (net is None)


def test_figures_of_an_account_are_in_its_currency_and_totals_in_the_base_currency(dana: Client) -> None:
    euros = account(dana)
    record(dana, "2026-01-05", "100", accountId=euros)
    record(dana, "2026-01-05", "10")
    settle()
    assert sums(stats(dana, f"accountId={euros}")) == ("EUR", 1, "100", "100")
    assert sums(stats(dana, f"accountId={MAIN}")) == ("USD", 1, "10", "10")
    assert stats(dana)["unconverted"] == {"trades": 1, "currencies": ["EUR"]}
    give_rates(dana, ("EUR", "USD", "2026-01-02", "1.1"))
    for query in ("", f"accountId={euros}&accountId={MAIN}"):
        assert sums(stats(dana, query)) == ("USD", 2, "120", "120")
    buckets = dana.get("/stats/breakdown", query="by=ACCOUNT").json["buckets"]
    assert {bucket["keys"][0]["value"]: bucket["netPnl"] for bucket in buckets} == {euros: "110", MAIN: "10"}


def test_paper_and_backtests_stay_out_of_totals_unless_they_are_asked_for(dana: Client) -> None:
    paper = account(dana, kind="PAPER", currency="USD")
    record(dana, "2026-01-05", "1000", accountId=paper)
    record(dana, "2026-01-05", "10")
    settle()
    assert sums(stats(dana)) == ("USD", 1, "10", "10")
    assert sums(stats(dana, f"accountId={paper}")) == ("USD", 1, "1000", "1000")
    dana.patch(f"/accounts/{paper}", {"includeInTotals": True})
    assert sums(stats(dana)) == ("USD", 2, "1010", "1010")
    dana.patch(f"/accounts/{MAIN}", {"includeInTotals": False})
    for query in ("", "from=2026-01-05&to=2026-01-05"):
        assert sums(stats(dana, query)) == ("USD", 1, "1000", "1000")


def test_settings_say_what_a_question_does_not_and_parameters_win(dana: Client) -> None:
    dana.patch(
        "/settings",
        {
            "timeZone": "Asia/Tokyo",
            "dayStartsAt": "01:00",
            "weekStartsOn": "SUNDAY",
            "breakevenTolerance": "5",
        },
    )
    record(dana, "2026-01-05", "5")
    settle()
    shown = stats(dana)
    assert (shown["timeZone"], shown["dayStartsAt"], shown["breakevenTolerance"]) == ("Asia/Tokyo", "01:00", "5")
    assert (shown["breakevens"], shown["wins"]) == (1, 0)
    shown = stats(dana, "timeZone=UTC&dayStartsAt=00:00&breakevenTolerance=1&from=2026-01-05&to=2026-01-05")
    assert (shown["timeZone"], shown["dayStartsAt"], shown["breakevenTolerance"]) == ("UTC", "00:00", "1")
    assert (shown["breakevens"], shown["wins"]) == (0, 1)
    weeks = dana.get("/stats/calendar", query="from=2026-01-04&to=2026-01-10").json
    assert (weeks["weekStartsOn"], len(weeks["weeks"])) == ("SUNDAY", 1)
    assert dana.get("/stats/calendar", query="month=2026-01&weekStartsOn=MONDAY").json["weekStartsOn"] == "MONDAY"
    late = dana.new_trade(
        openDate="2026-01-05T10:00:00Z", closes=[{"quantity": "1", "price": "20", "closedAt": "2026-01-05T23:30:00Z"}]
    )["tradeId"]
    settle()
    # 23:30 in UTC is 8:30 of the next day in Tokyo.
    for query, expected in (("activeOn=2026-01-06", [late]), ("activeOn=2026-01-06&timeZone=UTC", [])):
        assert [each["tradeId"] for each in dana.get("/trades", query=query).json["items"]] == expected


def test_a_question_about_one_currency_reads_no_rates(dana: Client, requests: Any) -> None:
    record(dana, "2026-01-05", "10")
    settle()
    requests.clear()
    stats(dana)
    assert requests == {"Query": 1}
    record(dana, "2026-01-05", "10", currency="EUR")
    settle()
    requests.clear()
    stats(dana)
    assert requests == {"Query": 2}


def test_a_trade_in_the_base_currency(dana: Client) -> None:
    # 100 @ 50 -> 52, costs 1 + 1, in dollars, at 0.92 and 0.90 euros
    dana.patch("/settings", {"baseCurrency": "EUR"})
    give_rates(dana, ("USD", "EUR", "2026-01-05", "0.92"), ("USD", "EUR", "2026-01-07", "0.90"))
    trade = dana.new_trade(
        currency="USD",
        quantity="100",
        entryPrice="50",
        commission="1",
        fees=None,
        openDate="2026-01-05T10:00:00Z",
        closes=[{"quantity": "100", "price": "52", "commission": "1", "closedAt": "2026-01-07T10:00:00Z"}],
    )["tradeId"]
    expected = {"currency": "EUR", "rate": "0.9", "netPnl": "178.2", "netCash": "78.18", "fxEffect": "-100.02"}
    assert dana.get(f"/trades/{trade}", query="include=base").json["base"] == expected
    [listed] = dana.get("/trades", query="include=base&include=thumbnail").json["items"]
    assert listed["base"] == expected
    assert "base" not in dana.get(f"/trades/{trade}").json
    shown = dana.get(f"/trades/{trade}", query="include=base", headers={"If-None-Match": "*"})
    assert shown.status == 200


def test_a_trade_without_a_rate_or_still_open_has_nothing_in_the_base_currency(dana: Client) -> None:
    opened = dana.new_trade(currency="EUR")["tradeId"]
    flat = record(dana, "2026-01-05", "10", currency="EUR")["tradeId"]
    own = record(dana, "2026-01-05", "10")["tradeId"]
    for trade_id in (opened, flat):
        assert "base" not in dana.get(f"/trades/{trade_id}", query="include=base").json
    assert dana.get(f"/trades/{own}", query="include=base").json["base"] == {
        "currency": "USD",
        "rate": "1",
        "netPnl": "10",
        "netCash": "10",
        "fxEffect": "0",
    }
    give_rates(dana, ("EUR", "USD", "2026-01-05", "2"))
    short = dana.new_trade(
        side="SELL",
        currency="EUR",
        quantity="1",
        entryPrice="10",
        openDate="2025-12-01T10:00:00Z",
        commission=None,
        fees=None,
        closes=[{"quantity": "1", "price": "4", "closedAt": "2026-01-05T10:00:00Z"}],
    )["tradeId"]
    assert dana.get(f"/trades/{short}", query="include=base").json["base"] == {
        "currency": "USD",
        "rate": "2",
        "netPnl": "12",
    }


def test_rates_are_listed_by_day_page_by_page_and_overwritten(dana: Client, erin: Client) -> None:
    given = [("USD", "EUR", f"2026-01-{day:02}", f"0.{day}") for day in range(10, 20)]
    give_rates(dana, *given, ("EUR", "USD", "2026-01-10", "1.1"))
    give_rates(dana, ("USD", "EUR", "2026-01-10", "0.5"))
    first = dana.get("/fx-rates", query="from=USD&to=EUR&limit=6").json
    token = first["nextToken"]
    rest = dana.get("/fx-rates", query=[("from", "USD"), ("to", "EUR"), ("limit", "6"), ("nextToken", token)]).json
    assert "nextToken" not in rest
    found = [*first["items"], *rest["items"]]
    assert [each["day"] for each in found] == [day for _, _, day, _ in given]
    assert found[0] == {"from": "USD", "to": "EUR", "day": "2026-01-10", "rate": "0.5"}
    within = dana.get("/fx-rates", query="from=USD&to=EUR&fromDay=2026-01-12&toDay=2026-01-13").json["items"]
    assert [each["day"] for each in within] == ["2026-01-12", "2026-01-13"]
    assert dana.get("/fx-rates", query="from=USD&to=EUR&fromDay=2026-01-13&toDay=2026-01-12").json == {"items": []}
    for foreign in (
        erin.get("/fx-rates", query=[("from", "USD"), ("to", "EUR"), ("nextToken", token)]),
        dana.get("/fx-rates", query=[("from", "EUR"), ("to", "USD"), ("nextToken", token)]),
        dana.get("/trades", query=[("nextToken", token)]),
    ):
        assert (foreign.status, foreign.bad_fields) == (400, {("query", "/nextToken")})
    assert erin.get("/fx-rates", query="from=USD&to=EUR").json == {"items": []}


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"rate": "0"}, 422, "/rates/0/rate"),
        ({"rate": "-1"}, 422, "/rates/0/rate"),
        ({"to": "USD"}, 422, "/rates/0/to"),
        ({"from": "us"}, 400, "/rates/0/from"),
        ({"day": "2026-02-30"}, 400, "/rates/0/day"),
        ({"rate": "NaN"}, 400, "/rates/0/rate"),
    ],
)
def test_a_wrong_rate_is_named_and_none_is_stored(dana: Client, given: dict[str, Any], status: int, field: str) -> None:
    right = {"from": "USD", "to": "EUR", "day": "2026-01-05", "rate": "0.9"}
    answer = dana("PUT", "/fx-rates", {"rates": [{**right, **given}, right]})
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})
    assert dana.get("/fx-rates", query="from=USD&to=EUR").json == {"items": []}


def test_a_thousand_rates_are_stored_in_one_request(dana: Client) -> None:
    days = [f"20{year}-{month:02}-{day:02}" for year in (24, 25, 26) for month in range(1, 13) for day in range(1, 29)]
    give_rates(dana, *[("USD", "EUR", day, "0.9") for day in days[:1000]])
    assert len(dana.get("/fx-rates", query="from=USD&to=EUR&limit=1000").json["items"]) == 1000
    assert len(list(stored_rates.every(DANA)._pairs[("USD", "EUR")])) == 1000


def test_the_trades_of_a_group_have_one_account_and_one_currency(dana: Client) -> None:
    euros = account(dana)
    first, second = record(dana, "2026-01-05", "10")["tradeId"], record(dana, "2026-01-05", "20")["tradeId"]
    foreign = record(dana, "2026-01-05", "20", currency="JPY")["tradeId"]
    path = "/groups/7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f"
    refused = dana("PUT", path, {"name": "pair", "tradeIds": [first, foreign]})
    assert (refused.status, refused.bad_fields) == (422, {("body", "/tradeIds/1")})
    assert dana("PUT", path, {"name": "pair", "tradeIds": [first, second]}).status == 201
    for change, field in (({"currency": "JPY"}, "/currency"), ({"accountId": euros}, "/accountId")):
        refused = dana.patch(f"/trades/{second}", change)
        assert (refused.status, refused.bad_fields) == (409, {("body", field)})


def test_a_trade_that_is_recorded_again_has_to_be_in_the_same_currency(dana: Client) -> None:
    given = a_trade(externalId="x-1", currency="JPY")
    dana.post("/trades", given)
    again = dana.post("/trades", {**given, "currency": "USD"}, query="onExisting=COMPLETE")
    assert (again.status, again.kind, again.bad_fields) == (409, "/problems/trade-differs", {("body", "/currency")})

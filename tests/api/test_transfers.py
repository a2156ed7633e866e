"""Cash with two sides: conversions within an account, transfers between two; and external ids of cash."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.storage import cash as rows
from handlers.storage import trading_accounts
from tests.api.client import DANA, Client
from tests.api.contention import at_once, statuses
from tests.api.contention import one_call_at_a_time as one_call_at_a_time
from tests.api.test_cash import NEVER, of, pay
from tests.api.test_currencies import account, give_rates
from tests.api.test_stats import record, settle
from tests.api.test_trading_accounts import stored

AT = "2026-01-05T08:00:00Z"


def held(client: Client, account_id: str, query: str = "") -> dict[str, str]:
    """What the account holds by currency."""
    shown = of(client, account_id, "balance", query)["byCurrency"]
    return {each["currency"]: each["amount"] for each in shown}


def transfer(client: Client, source: str, target: str, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both rows of 100 euros that go from an account to another one."""
    counter = {"amount": "100", "currency": "EUR", "accountId": target}
    sent = pay(client, source, "TRANSFER", "-100", "2026-01-05", counter=counter, **given)
    answer = client.get(f"/accounts/{target}/cash/{sent['counter']['cashId']}")
    assert answer.status == 200
    return sent, answer.json


def refused(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    return answer.status, [(error["pointer"], error["code"]) for error in answer.json.get("errors", ())]


def test_a_conversion_moves_two_currencies_and_no_balance(dana: Client) -> None:
    own = account(dana, openingBalance="5000")
    made = pay(dana, own, "CONVERSION", "-1000", "2026-01-05", counter={"amount": "1100.5", "currency": "USD"})
    assert (made["currency"], made["counter"]) == ("EUR", {"amount": "1100.5", "currency": "USD"})
    shown = of(dana, own, "balance")
    assert (shown["balance"], shown["income"], shown["costs"]) == ("5000", "0", "0")
    assert "unconverted" not in shown
    assert held(dana, own) == {"EUR": "4000", "USD": "1100.5"}
    assert held(dana, own, "at=2026-01-04") == {"EUR": "5000"}
    # A rate of the day that differs from that of the conversion makes no profit of it.
    give_rates(dana, ("USD", "EUR", "2026-01-05", "0.5"))
    assert of(dana, own, "balance")["balance"] == "5000"
    assert of(dana, own, "returns")["periods"] == []
    path = f"/accounts/{own}/cash/{made['cashId']}"
    assert dana.patch(path, {"counter": {"amount": "1090"}}).json["counter"] == {"amount": "1090", "currency": "USD"}
    assert held(dana, own) == {"EUR": "4000", "USD": "1090"}
    assert "counter" not in dana.patch(path, {"counter": None}).json
    assert held(dana, own) == {"EUR": "4000"}
    again = dana.patch(path, {"counter": {"amount": "7", "currency": "CHF"}}).json
    assert again["counter"] == {"amount": "7", "currency": "CHF"}
    assert again["version"] == 4


def test_a_transfer_is_a_row_in_each_account_and_each_names_the_other(dana: Client) -> None:
    own = account(dana)
    sent, received = transfer(dana, MAIN, own.upper(), currency="EUR", note="to DEGIRO")
    assert (sent["amount"], sent["accountId"], sent["counter"]["accountId"]) == ("-100", MAIN, own)
    assert received == {
        **sent,
        "accountId": own,
        "cashId": sent["counter"]["cashId"],
        "amount": "100",
        "counter": {"amount": "-100", "currency": "EUR", "accountId": MAIN, "cashId": sent["cashId"]},
    }
    assert of(dana, own, "cash")["items"] == [received]
    assert dana.patch(f"/accounts/{own}", {"currency": "USD"}).status == 409


def test_a_transfer_is_a_flow_of_each_account_and_no_profit_of_any(dana: Client) -> None:
    first, second = account(dana, openingBalance="1000"), account(dana, openingBalance="1000")
    before = dana.get("/stats").json
    transfer(dana, first, second)
    record(dana, "2026-01-06", "90", accountId=first)
    record(dana, "2026-01-06", "110", accountId=second)
    settle()
    for own, flow, closing in ((first, "-100", "990"), (second, "100", "1210")):
        found = of(dana, own, "returns")
        assert (found["flow"], found["closing"], found["timeWeightedReturn"]) == (flow, closing, 10)
    totals = of(dana, first, "balance"), of(dana, second, "balance")
    assert [(each["deposits"], each["withdrawals"]) for each in totals] == [("0", "-100"), ("100", "0")]
    assert (before["netPnl"], dana.get("/stats", query=f"accountId={first}&accountId={second}").json["netPnl"]) == (
        "0",
        "200",
    )


def test_correcting_either_row_changes_both(dana: Client) -> None:
    first, second = account(dana), account(dana)
    sent, received = transfer(dana, first, second, note="both")
    paths = [f"/accounts/{row['accountId']}/cash/{row['cashId']}" for row in (sent, received)]
    later = "2026-02-05T09:00:00+01:00"
    changed = dana.patch(paths[1], {"amount": "120", "at": later, "note": "mine"}, headers={"If-Match": '"1"'}).json
    assert (changed["amount"], changed["counter"]["amount"], changed["version"]) == ("120", "-120", 2)
    other = dana.get(paths[0]).json
    assert (other["amount"], other["counter"]["amount"], other["at"], other["version"]) == ("-120", "120", later, 2)
    assert other["note"] == "both"
    # What is each row's own leaves the other one at its version.
    dana.patch(paths[0], {"externalId": "A-1", "symbol": "EURO"})
    assert dana.get(paths[1]).json == changed
    mixed = dana.patch(paths[0], {"counter": {"amount": "130", "currency": "USD"}})
    assert (mixed.status, mixed.json["amount"]) == (200, "-120")
    other = dana.get(paths[1]).json
    assert (other["amount"], other["currency"], other["counter"]["amount"]) == ("130", "USD", "-120")
    # In two currencies, an amount follows none.
    dana.patch(paths[0], {"amount": "-121"})
    assert dana.get(paths[1]).json["amount"] == "130"
    assert dana.patch(paths[0], {"amount": "-1"}, headers={"If-Match": '"2"'}).status == 412


def test_deleting_either_row_deletes_both(dana: Client) -> None:
    first, second = account(dana), account(dana)
    for place in (0, 1):
        both = transfer(dana, first, second, externalId="A-1")
        paths = [f"/accounts/{row['accountId']}/cash/{row['cashId']}" for row in both]
        assert dana.delete(paths[place], headers={"If-Match": '"2"'}).status == 412
        assert dana.delete(paths[place]).status == 204
        assert [dana.get(path).status for path in paths] == [404, 404]
    assert [
        item["item"]["S"] for item in stored("ledger") if item["item"]["S"].startswith(("cash|", "external|"))
    ] == []


def test_a_transfer_gets_loses_and_changes_its_other_account(dana: Client) -> None:
    first, second, third = (account(dana) for _ in range(3))
    sent, received = transfer(dana, first, second)
    path = f"/accounts/{first}/cash/{sent['cashId']}"
    moved = dana.patch(path, {"counter": {"accountId": third}}).json
    assert moved["counter"]["accountId"] == third
    assert dana.get(f"/accounts/{second}/cash/{received['cashId']}").status == 404
    assert dana.get(f"/accounts/{third}/cash/{moved['counter']['cashId']}").json["amount"] == "100"
    assert "counter" not in dana.patch(path, {"counter": None}).json
    assert of(dana, third, "cash")["items"] == []
    linked = dana.patch(path, {"counter": {"amount": "100", "currency": "EUR", "accountId": second}}).json
    assert of(dana, second, "cash")["items"][0]["cashId"] == linked["counter"]["cashId"]
    unknown = dana.patch(path, {"counter": {"accountId": NEVER}})
    assert refused(unknown) == (422, [("/counter/accountId", "UNKNOWN_ACCOUNT")])
    assert dana.get(path).json == linked


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"type": "DEPOSIT"}, "/counter", "NOT_FOR_KIND"),
        ({"type": "CONVERSION"}, "/counter/accountId", "NOT_FOR_KIND"),
        ({"counter": {"accountId": None}}, "/counter/accountId", "REQUIRED"),
        ({"counter": {"accountId": MAIN}}, "/counter/accountId", "SAME_AS"),
        ({"counter": {"accountId": NEVER}}, "/counter/accountId", "UNKNOWN_ACCOUNT"),
        ({"counter": {"amount": "-5"}}, "/counter/amount", "NOT_NEGATIVE"),
        ({"counter": {"amount": "0"}}, "/counter/amount", "NOT_NEGATIVE"),
        ({"amount": "-5"}, "/counter/amount", "NOT_POSITIVE"),
        ({"counter": {"amount": "-6"}}, "/counter/amount", "AMOUNTS_DIFFER"),
        ({"type": "CONVERSION", "counter": {"accountId": None}}, "/counter/currency", "SAME_AS"),
    ],
)
def test_a_wrong_counter_is_named_and_nothing_is_recorded(
    dana: Client, given: dict[str, Any], pointer: str, code: str
) -> None:
    counter: dict[str, Any] = {
        "amount": "-5",
        "currency": "USD",
        "accountId": account(dana),
        **given.get("counter", {}),
    }
    counter = {name: value for name, value in counter.items() if value is not None}
    if counter["amount"] == "-5" and given.get("counter", {}).get("amount"):
        counter["amount"] = "5"
    body = {"type": "TRANSFER", "amount": "5", "at": AT, **given, "counter": counter}
    before = stored("ledger")
    status, errors = refused(dana.post(f"/accounts/{MAIN}/cash", body))
    assert (status, errors[0]) == (422, (pointer, code))
    assert stored("ledger") == before


def test_what_a_counter_must_have_is_named(dana: Client, erin: Client) -> None:
    path = f"/accounts/{MAIN}/cash"
    for counter, pointer in (
        ({"amount": "5"}, "/counter/currency"),
        ({"currency": "EUR"}, "/counter/amount"),
        ({"amount": "5", "currency": "EUR", "cashId": NEVER}, "/counter/cashId"),
    ):
        answer = dana.post(path, {"type": "TRANSFER", "amount": "-5", "at": AT, "counter": counter})
        assert (answer.status, answer.bad_fields) == (400, {("body", pointer)})
    row = pay(dana, MAIN, "CONVERSION", "-5", "2026-01-05")
    answer = dana.patch(f"{path}/{row['cashId']}", {"counter": {"amount": "5"}})
    assert refused(answer) == (422, [("/counter/currency", "REQUIRED")])
    assert dana.patch(f"{path}/{row['cashId']}", {"counter": {"amount": None, "currency": "EUR"}}).status == 400
    hers = account(erin)
    counter = {"amount": "5", "currency": "USD", "accountId": hers}
    answer = dana.post(path, {"type": "TRANSFER", "amount": "-5", "at": AT, "counter": counter})
    assert refused(answer) == (422, [("/counter/accountId", "UNKNOWN_ACCOUNT")])
    assert of(erin, hers, "cash")["items"] == []
    gone = dana.post(
        f"/accounts/{NEVER}/cash",
        {"type": "TRANSFER", "amount": "-5", "currency": "USD", "at": AT, "counter": {**counter, "accountId": MAIN}},
    )
    assert (gone.status, gone.kind) == (404, "/problems/not-found")


def test_nothing_goes_into_or_out_of_an_account_that_is_being_deleted(dana: Client) -> None:
    own = account(dana)
    trading_accounts.set_closing(trading_accounts.get(DANA, own), closing=True)
    for source, target in ((MAIN, own), (own, MAIN)):
        body = {"type": "TRANSFER", "amount": "-5", "currency": "USD", "at": AT}
        counter = {"amount": "5", "currency": "USD", "accountId": target}
        answer = dana.post(f"/accounts/{source}/cash", {**body, "counter": counter})
        assert (answer.status, answer.kind) == (409, "/problems/state-forbids")
    assert of(dana, MAIN, "cash")["items"] == []


def test_an_external_id_is_one_rows_of_the_account(dana: Client) -> None:
    own = account(dana)
    first = pay(dana, own, "DEPOSIT", "5", "2026-01-05", externalId="T-1")
    assert first["externalId"] == "T-1"
    body = {"type": "DEPOSIT", "amount": "5", "at": AT, "externalId": "T-1"}
    again = dana.post(f"/accounts/{own}/cash", body)
    assert (again.status, again.kind) == (409, "/problems/external-id-taken")
    assert refused(again)[1] == [("/externalId", "ALREADY_TAKEN")]
    location = f"/v1/accounts/{own}/cash/{first['cashId']}"
    assert (again.json["cashId"], again.json["location"]) == (first["cashId"], location)
    assert dana.post(f"/accounts/{MAIN}/cash", body).status == 201  # ids of two brokers may be equal
    second = pay(dana, own, "DEPOSIT", "6", "2026-01-06")
    path = f"/accounts/{own}/cash/{second['cashId']}"
    assert dana.patch(path, {"externalId": "T-1"}).status == 409
    assert dana.patch(path, {"externalId": "T-2"}).json["externalId"] == "T-2"
    assert dana.patch(location.removeprefix("/v1"), {"externalId": None}).status == 200
    assert dana.patch(path, {"externalId": "T-1"}).status == 200
    assert dana.delete(path).status == 204
    assert dana.post(f"/accounts/{own}/cash", body).status == 201
    assert dana.post(f"/accounts/{own}/cash", {**body, "externalId": "T-2"}).status == 201


def test_a_repeated_request_with_a_key_gets_its_first_answer_and_not_the_refusal(dana: Client) -> None:
    own = account(dana)
    counter = {"amount": "100", "currency": "EUR", "accountId": own}
    body = {"type": "TRANSFER", "amount": "-100", "currency": "EUR", "at": AT, "counter": counter, "externalId": "T-1"}
    first, again = (
        dana.post(f"/accounts/{MAIN}/cash", body, headers={"Idempotency-Key": "transfer-1"}) for _ in range(2)
    )
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert len(of(dana, own, "cash")["items"]) == 1


@pytest.mark.usefixtures("one_call_at_a_time")
def test_of_two_corrections_from_both_sides_each_is_whole(dana: Client) -> None:
    first, second = account(dana), account(dana)
    sent, received = transfer(dana, first, second)
    sides = (sent, received)

    def path(number: int) -> str:
        row = sides[number % 2]
        return f"/accounts/{row['accountId']}/cash/{row['cashId']}"

    def body(number: int) -> dict[str, Any]:
        amount = 200 + number
        return {"amount": str(-amount if number % 2 == 0 else amount)}

    made = at_once(6, "updateCash", path, body)
    assert statuses(made) == {200: 6}
    out, into = (dana.get(path(number)).json for number in (0, 1))
    assert out["amount"] == into["counter"]["amount"] == f"-{into['amount']}"
    assert (out["version"], into["version"]) == (7, 7)


def test_a_row_whose_other_side_is_gone_stands_alone(dana: Client) -> None:
    first, second = account(dana), account(dana)
    sent, received = transfer(dana, first, second)
    lost = rows.get(DANA, second, received["cashId"])
    rows.write(DANA, [rows.CashChange(None, lost)])
    path = f"/accounts/{first}/cash/{sent['cashId']}"
    assert dana.patch(path, {"counter": None}).status == 200
    assert dana.delete(path).status == 204


def test_both_sides_have_all_digits_of_an_amount(dana: Client) -> None:
    own, amount = account(dana), "123456789012345.123456789012345678"
    counter = {"amount": amount, "currency": "EUR", "accountId": own}
    sent = pay(dana, MAIN, "TRANSFER", f"-{amount}", "2026-01-05", currency="EUR", counter=counter)
    less = "923456789012345.123456789012345678"
    changed = dana.patch(f"/accounts/{MAIN}/cash/{sent['cashId']}", {"amount": f"-{less}"}).json
    assert changed["counter"]["amount"] == less
    assert held(dana, own) == {"EUR": less}
    short = dana.patch(f"/accounts/{MAIN}/cash/{sent['cashId']}", {"counter": {"amount": amount}})
    assert short.json["errors"][0]["detail"] == f"must be {less}, as both sides are in one currency"

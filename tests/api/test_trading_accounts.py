"""Settings and trading accounts: read, made, changed, deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from generated.models import TradingAccountUpdateInput
from handlers.journal.settings import MAIN
from handlers.storage import clients, erasure_marks, trading_accounts
from handlers.usecases import trading_accounts as usecase
from tests.api.client import DANA, Client, a_trade
from tests.api.contention import at_once, statuses
from tests.api.contention import one_call_at_a_time as one_call_at_a_time

NEVER = "99999999-0000-4000-8000-000000000000"
DEFAULTS = {
    "baseCurrency": "USD",
    "dayStartsAt": "00:00",
    "weekStartsOn": "MONDAY",
    "breakevenTolerance": "0",
    "defaultAccountId": MAIN,
    "lotMethod": "AVERAGE",
    "version": 1,
}
MAIN_ACCOUNT = {
    "accountId": MAIN,
    "name": "Main",
    "kind": "LIVE",
    "currency": "USD",
    "openingBalance": "0",
    "dustValue": "0",
    "archived": False,
    "includeInTotals": True,
    "version": 1,
}
EUROS = {"name": "DEGIRO", "currency": "EUR", "openingBalance": "10000.0"}


def make(client: Client, **given: Any) -> dict[str, Any]:
    answer = client.post("/accounts", {**EUROS, **given})
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def stored(table: str) -> list[dict[str, Any]]:
    return clients.dynamodb().scan(TableName=table)["Items"]


def copies() -> dict[str, dict[str, Any]]:
    """What the statistics find of settings and accounts, by sort key."""
    return {
        item["statKey"]["S"]: item for item in stored("stats") if item["statKey"]["S"].startswith(("account", "copy|"))
    }


def test_without_settings_the_defaults_hold_and_nothing_is_stored(dana: Client) -> None:
    answer = dana.get("/settings")
    assert (answer.status, answer.json, answer.headers["etag"]) == (200, DEFAULTS, '"1"')
    assert dana.get("/accounts").json == {"items": [MAIN_ACCOUNT]}
    assert dana.get(f"/accounts/{MAIN}").json == MAIN_ACCOUNT
    assert stored("ledger") == []


def test_settings_are_changed_and_null_takes_one_back(dana: Client) -> None:
    changes = {
        "baseCurrency": "EUR",
        "timeZone": "Europe/Berlin",
        "dayStartsAt": "17:00",
        "weekStartsOn": "SUNDAY",
        "breakevenTolerance": "0.05R",
        "lotMethod": "FIFO",
    }
    first = dana.patch("/settings", changes, headers={"If-Match": '"1"'})
    assert first.json == {**DEFAULTS, **changes, "version": 2, "updatedAt": first.json["updatedAt"]}
    assert first.headers["etag"] == '"2"'
    second = dana.patch("/settings", {"timeZone": None, "dayStartsAt": None, "lotMethod": None})
    assert second.json == {
        **DEFAULTS,
        "baseCurrency": "EUR",
        "weekStartsOn": "SUNDAY",
        "breakevenTolerance": "0.05R",
        "version": 3,
        "updatedAt": second.json["updatedAt"],
    }
    assert dana.get("/settings").json == second.json
    same = dana.patch("/settings", {"baseCurrency": "EUR", "timeZone": None})
    assert same.json == second.json


def test_settings_that_changed_meanwhile_are_not_overwritten(dana: Client) -> None:
    dana.patch("/settings", {"baseCurrency": "EUR"})
    refused = dana.patch("/settings", {"baseCurrency": "GBP"}, headers={"If-Match": '"1"'})
    assert (refused.status, refused.kind) == (412, "/problems/version-mismatch")
    assert "settings" in refused.json["detail"]
    assert dana.get("/settings").json["baseCurrency"] == "EUR"


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"baseCurrency": "eur"}, 400, "/baseCurrency"),
        ({"baseCurrency": "EU"}, 400, "/baseCurrency"),
        ({"timeZone": "Mars/Olympus"}, 422, "/timeZone"),
        ({"dayStartsAt": "24:00"}, 400, "/dayStartsAt"),
        ({"weekStartsOn": "FUNDAY"}, 400, "/weekStartsOn"),
        ({"breakevenTolerance": "-1"}, 400, "/breakevenTolerance"),
        ({"defaultAccountId": NEVER}, 422, "/defaultAccountId"),
        ({"lotMethod": "HIFO"}, 400, "/lotMethod"),
        ({"version": 7}, 400, "/version"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_is_stored(
    dana: Client, given: dict[str, Any], status: int, field: str
) -> None:
    answer = dana.patch("/settings", given)
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})
    assert stored("ledger") == []


def test_an_account_of_ones_own_can_be_the_default_and_anothers_cannot(dana: Client, erin: Client) -> None:
    own, hers = make(dana)["accountId"], make(erin)["accountId"]
    assert dana.patch("/settings", {"defaultAccountId": own.upper()}).json["defaultAccountId"] == own
    assert dana.patch("/settings", {"defaultAccountId": hers}).status == 422
    assert dana.patch("/settings", {"defaultAccountId": None}).json["defaultAccountId"] == MAIN


def test_an_account_is_made_and_read_where_location_says(dana: Client) -> None:
    made = dana.post("/accounts", EUROS)
    account = made.json
    assert account == {
        **MAIN_ACCOUNT,
        **EUROS,
        "accountId": account["accountId"],
        "openingBalance": "10000",
        "createdAt": account["createdAt"],
        "updatedAt": account["createdAt"],
    }
    assert made.headers["location"] == f"/v1/accounts/{account['accountId']}"
    read = dana.get(f"/accounts/{account['accountId'].upper()}")
    assert (read.status, read.json, read.headers["etag"]) == (200, account, '"1"')
    second = make(dana, name="Paper", kind="PAPER", broker="IBKR", timeZone="Europe/Berlin", lotMethod="FIFO")
    assert second["includeInTotals"] is False
    assert dana.get("/accounts").json["items"] == [MAIN_ACCOUNT, account, second]


def test_a_repeated_request_makes_one_account(dana: Client) -> None:
    headers = {"Idempotency-Key": "account-1"}
    first, again = (dana.post("/accounts", EUROS, headers=headers) for _ in range(2))
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert len(dana.get("/accounts").json["items"]) == 2
    other = dana.post("/accounts", {**EUROS, "name": "other"}, headers=headers)
    assert (other.status, other.kind) == (422, "/problems/idempotency-key-reused")
    assert dana.post("/trades", {}, headers=headers).status == 400


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"name": ""}, 400, "/name"),
        ({"name": "x" * 61}, 400, "/name"),
        ({"currency": "euro"}, 400, "/currency"),
        ({"kind": "DEMO"}, 400, "/kind"),
        ({"dustValue": "-1"}, 400, "/dustValue"),
        ({"openingBalance": "1e3"}, 400, "/openingBalance"),
        ({"timeZone": "Nowhere/Land"}, 422, "/timeZone"),
        ({"accountId": NEVER}, 400, "/accountId"),
    ],
)
def test_a_wrong_field_of_an_account_is_named(dana: Client, given: dict[str, Any], status: int, field: str) -> None:
    answer = dana.post("/accounts", {**EUROS, **given})
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})


def test_an_account_is_changed_and_null_removes(dana: Client) -> None:
    account = make(dana, broker="IBKR", includeInTotals=False, openedAt="2026-01-05T09:00:00-05:00")
    path = f"/accounts/{account['accountId']}"
    changes = {"name": "Second", "currency": "CHF", "kind": "PROP", "archived": True, "includeInTotals": None}
    changed = dana.patch(path, {**changes, "broker": None, "openingBalance": None}, headers={"If-Match": '"1"'})
    expected = {**account, **changes, "includeInTotals": True, "openingBalance": "0", "version": 2}
    del expected["broker"]
    assert changed.json == {**expected, "updatedAt": changed.json["updatedAt"]}
    assert dana.patch(path, {"archived": True}).json == changed.json
    refused = dana.patch(path, {"archived": False}, headers={"If-Match": '"1"'})
    assert (refused.status, refused.kind) == (412, "/problems/version-mismatch")
    assert "account" in refused.json["detail"]


@pytest.mark.parametrize("name", ["name", "kind", "currency"])
def test_what_an_account_must_have_cannot_be_removed(dana: Client, name: str) -> None:
    path = f"/accounts/{make(dana)['accountId']}"
    answer = dana.patch(path, {name: None})
    assert answer.status in (400, 422)
    assert answer.bad_fields == {("body", f"/{name}")}


def test_main_follows_the_base_currency_until_something_lies_in_it(dana: Client) -> None:
    dana.patch("/settings", {"baseCurrency": "EUR"})
    assert dana.get(f"/accounts/{MAIN}").json["currency"] == "EUR"
    dana.new_trade()
    dana.patch("/settings", {"baseCurrency": "JPY"})
    main = dana.get(f"/accounts/{MAIN}").json
    assert (main["currency"], main["name"], dana.get("/settings").json["baseCurrency"]) == ("EUR", "Main", "JPY")
    refused = dana.patch(f"/accounts/{MAIN}", {"currency": "JPY"})
    assert (refused.status, refused.kind) == (409, "/problems/currency-in-use")
    assert refused.bad_fields == {("body", "/currency")}
    assert copies()[f"account|{MAIN}"]["currency"] == {"S": "EUR"}


def test_main_can_be_changed_and_another_base_currency_then_leaves_it_alone(dana: Client) -> None:
    changed = dana.patch(f"/accounts/{MAIN}", {"name": "Broker", "currency": "GBP"})
    assert (changed.status, changed.json["currency"], changed.headers["etag"]) == (200, "GBP", '"2"')
    dana.patch("/settings", {"baseCurrency": "EUR"})
    assert dana.get(f"/accounts/{MAIN}").json == changed.json
    assert [account["name"] for account in dana.get("/accounts").json["items"]] == ["Broker"]


def test_an_empty_account_is_deleted_and_main_is_not(dana: Client) -> None:
    path = f"/accounts/{make(dana)['accountId']}"
    assert dana.delete(path, headers={"If-Match": '"9"'}).status == 412
    assert dana.delete(path).status == 204
    for gone in (dana.get(path), dana.delete(path), dana.patch(path, {"name": "x"})):
        assert (gone.status, gone.kind) == (404, "/problems/not-found")
    refused = dana.delete(f"/accounts/{MAIN}")
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert copies() == {}


def test_there_are_at_most_fifty_accounts_and_room_for_one_after_a_deletion(dana: Client) -> None:
    paths = [f"/accounts/{make(dana)['accountId']}" for _ in range(50)]
    refused = dana.post("/accounts", EUROS)
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert len(dana.get("/accounts").json["items"]) == 51
    dana.delete(paths[7])
    assert dana.post("/accounts", EUROS).status == 201


def test_the_statistics_have_two_copies_of_settings_and_accounts(dana: Client) -> None:
    account = make(dana)["accountId"]
    dana.patch("/settings", {"baseCurrency": "EUR"})
    dana.patch(f"/accounts/{account}", {"includeInTotals": False})
    found = copies()
    assert found.keys() == {
        place + name for place in ("", "copy|") for name in ("account-settings", f"account|{account}")
    }
    for place in ("", "copy|"):
        assert trading_accounts.settings_of(found[f"{place}account-settings"]) == trading_accounts.settings(DANA)
        assert trading_accounts.account_of(found[f"{place}account|{account}"]) == trading_accounts.get(DANA, account)


def test_nothing_is_written_once_the_account_is_being_erased(dana: Client) -> None:
    account = make(dana)["accountId"]
    erasure_marks.begin(DANA, datetime.now(UTC))
    before = stored("ledger")
    for refused in (
        dana.post("/accounts", EUROS),
        dana.post("/accounts", EUROS, headers={"Idempotency-Key": "k"}),
        dana.patch("/settings", {"baseCurrency": "EUR"}),
        dana.patch(f"/accounts/{account}", {"name": "x"}),
        dana.delete(f"/accounts/{account}"),
    ):
        assert (refused.status, refused.kind) == (409, "/problems/account-erased")
    assert stored("ledger") == before


@pytest.mark.usefixtures("one_call_at_a_time")
def test_accounts_that_are_made_at_once_are_all_made_and_counted() -> None:
    made = at_once(6, "createTradingAccount", "/accounts", lambda _: EUROS)
    assert statuses(made) == {201: 6}
    [counter] = [item for item in stored("ledger") if item["item"]["S"] == "accounts"]
    assert counter["total"] == {"N": "6"}


def test_a_change_that_was_overtaken_is_made_again(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/accounts/{make(dana)['accountId']}"
    read = trading_accounts.with_settings
    overtaken: list[bool] = []

    def read_and_be_overtaken(user: str, account_id: str) -> Any:
        found = read(user, account_id)
        if not overtaken:
            overtaken.append(True)
            usecase.change(user, account_id, TradingAccountUpdateInput(broker="IBKR"), lambda _: True)
        return found

    monkeypatch.setattr(trading_accounts, "with_settings", read_and_be_overtaken)
    changed = dana.patch(path, {"name": "Second"})
    assert (changed.json["name"], changed.json["broker"], changed.json["version"]) == ("Second", "IBKR", 3)


def test_trades_of_a_bulk_request_lie_in_their_accounts(dana: Client, erin: Client) -> None:
    own, hers = make(dana)["accountId"], make(erin)["accountId"]

    def recorded(*accounts: str) -> list[Any]:
        trades = [{"trade": a_trade(accountId=account)} for account in accounts]
        results: list[Any] = dana.post("/trades/bulk", {"items": trades}).json["results"]
        return results

    first, second, not_hers = recorded(own, own, hers)
    assert [one["trade"]["accountId"] for one in (first, second)] == [own, own]
    assert (not_hers["status"], not_hers["problem"]["errors"][0]["pointer"]) == (422, "/accountId")
    assert dana.delete(f"/accounts/{own}").status == 409
    listed = dana.get("/trades", query={"accountId": own}).json["items"]
    assert [one["accountId"] for one in listed] == [own, own]

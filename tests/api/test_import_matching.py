"""What a file has in common with its account: it comes again, with other values under the same ids, without times."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from handlers.storage import account_contents, imports, trading_accounts
from tests.api.applying import Applying
from tests.api.client import DANA, Client
from tests.api.importing import Importing, a_file, outcomes, rows, shown, trades

pytestmark = pytest.mark.usefixtures("bucket")

FORMATS = Path(__file__).parents[1] / "formats"
FILES = sorted(path for path in FORMATS.glob("*/*") if path.suffix not in (".json", ".py", ".pyc"))
NEW_YORK = {"timeZone": "America/New_York"}


def committed(client: Client, applying: Applying, one: dict[str, Any]) -> None:
    """Commit an import; what waits for a decision is left out."""
    path, headers = f"/imports/{one['importId']}/commit", {"If-Match": f'"{one["version"]}"'}
    answer = client.post(path, {"undecided": "SKIP"}, headers=headers)
    assert answer.status == 202, answer.json
    applying.run(imports.get(DANA, one["importId"]))
    assert shown(client, one["importId"])["status"] == "COMMITTED"


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_that_comes_again_adds_nothing(
    dana: Client, importing: Importing, applying: Applying, path: Path
) -> None:
    options = {"day": "2026-01-05", "orphanPolicy": "SHORT", **NEW_YORK}
    one = importing.imported(dana, path.read_bytes(), **options)
    assert one["status"] == "PREVIEW", one.get("failure")
    left_out = {row["line"] for row in rows(dana, one) if row.get("decision") not in ("IMPORT", "LINK")}
    committed(dana, applying, one)
    left_out |= {remark.line for remark in imports.get(DANA, one["importId"]).remarks}
    again = importing.imported(dana, path.read_bytes(), **options)
    assert {row["outcome"] for row in rows(dana, again) if row["line"] not in left_out} == {"DUPLICATE"}
    assert again["counts"]["trades"] == 0
    assert again["counts"]["rows"] == one["counts"]["rows"]


OWN_IDS = "Action,Time (UTC),ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),ID"


def of_broker(*fills: tuple[str, str, str]) -> str:
    """A file whose fills have ids: each is an id, a quantity and a price, all of one instant."""
    lines = [
        f"Market buy,2026-01-05 15:31:00,US0378331005,AAPL,Apple,{quantity},{price},USD,{own}"
        for own, quantity, price in fills
    ]
    return "\n".join([OWN_IDS, *lines]) + "\n"


def of_ids(client: Client, importing: Importing, *fills: tuple[str, str, str], **options: Any) -> dict[str, Any]:
    """An import of such a file."""
    return importing.imported(client, of_broker(*fills), timeZone="UTC", **options)


def test_other_values_under_the_same_id_are_for_the_user_to_decide(
    dana: Client, importing: Importing, applying: Applying
) -> None:
    committed(dana, applying, of_ids(dana, importing, ("E1", "5", "100")))
    one = of_ids(dana, importing, ("E1", "6", "100"), ("E2", "5", "100"))
    first, second = rows(dana, one)
    assert (first["outcome"], first.get("decision"), second["outcome"]) == ("CHANGED", None, "NEW")
    assert one["undecided"] == [2]
    [held] = dana.get("/executions").json["items"]
    assert first["executions"][0]["of"] == {"executionId": held["executionId"], "importId": held["importId"]}
    [change] = trades(dana, one)
    assert (change["change"], change["trade"]["quantity"]) == ("UPDATE", "10")
    dana.patch(f"/imports/{one['importId']}", {"decisions": [{"line": 2, "decision": "IMPORT"}]})
    importing.work()
    one = shown(dana, one["importId"])
    assert one["undecided"] == []
    [change] = trades(dana, one)
    assert change["trade"]["quantity"] == "11"
    committed(dana, applying, one)
    assert dana.get(f"/executions/{held['executionId']}").json["quantity"] == "6"
    assert [trade["quantity"] for trade in dana.get("/trades").json["items"]] == ["11"]


def test_equal_fills_with_other_ids_of_the_same_broker_are_no_duplicates(
    dana: Client, importing: Importing, applying: Applying
) -> None:
    committed(dana, applying, of_ids(dana, importing, ("E1", "5", "100")))
    assert outcomes(dana, of_ids(dana, importing, ("E2", "5", "100"))) == ["NEW"]


def test_a_fill_of_the_api_with_the_brokers_id_is_a_duplicate(dana: Client, importing: Importing) -> None:
    given = {"symbol": "AAPL", "side": "BUY", "quantity": "5", "price": "100", "executedAt": "2026-01-05T15:31:00Z"}
    dana.post("/executions", given | {"externalId": "E1"})
    assert outcomes(dana, of_ids(dana, importing, ("E1", "5", "100"))) == ["DUPLICATE"]
    assert outcomes(dana, of_ids(dana, importing, ("E1", "5", "101"))) == ["CHANGED"]


def test_the_same_day_from_an_export_without_ids_is_found(
    dana: Client, importing: Importing, applying: Applying
) -> None:
    committed(dana, applying, of_ids(dana, importing, ("E1", "5", "100"), ("E2", "5", "100")))
    one = importing.imported(dana, a_file(*["31 Buy 5 AAPL 100"] * 3), **NEW_YORK)
    assert sorted(outcomes(dana, one)) == ["DUPLICATE", "DUPLICATE", "NEW"]


def test_a_file_with_days_alone_and_one_with_times_are_the_same(
    dana: Client, importing: Importing, applying: Applying
) -> None:
    times = a_file("31 Buy 5 AAPL 100", "32 Sell 5 AAPL 101")
    days = times.replace("10:31:00", "").replace("10:32:00", "")
    committed(dana, applying, importing.imported(dana, times, **NEW_YORK))
    assert outcomes(dana, importing.imported(dana, days, **NEW_YORK)) == ["DUPLICATE"] * 2
    account = dana.post("/accounts", {"name": "second", "kind": "LIVE", "currency": "USD"}).json["accountId"]
    second = {"accountId": account, **NEW_YORK}
    committed(dana, applying, importing.imported(dana, days, **second))
    assert outcomes(dana, importing.imported(dana, times, **second)) == ["DUPLICATE"] * 2


def test_what_a_user_deleted_comes_in_again(dana: Client, importing: Importing, applying: Applying) -> None:
    content = a_file("31 Buy 5 AAPL 100", "31 Buy 5 AAPL 100")
    committed(dana, applying, importing.imported(dana, content, **NEW_YORK))
    first = dana.get("/executions").json["items"][0]
    assert dana.delete(f"/executions/{first['executionId']}").status == 204
    assert sorted(outcomes(dana, importing.imported(dana, content, **NEW_YORK))) == ["DUPLICATE", "NEW"]


def test_cash_is_compared_as_fills_are(dana: Client, importing: Importing) -> None:
    deposit = "Deposit,2026-01-05 15:31:00,,,,,,,D1\n"
    lines = OWN_IDS + ",Total,Currency (Total)\n" + deposit.replace("D1", "D1,100.00,USD")
    one = importing.imported(dana, lines)
    [row] = rows(dana, one)
    assert (row["outcome"], row["decision"], row["cash"][0]["amount"]) == ("CASH", "IMPORT", "100")
    given = {"type": "DEPOSIT", "amount": "100", "at": "2026-01-05T15:31:00Z", "externalId": "D1", "currency": "USD"}
    main = one["accountId"]
    assert dana.post(f"/accounts/{main}/cash", given).status == 201
    [row] = rows(dana, importing.imported(dana, lines))
    assert (row["outcome"], row["decision"]) == ("DUPLICATE", "SKIP")
    assert row["cash"][0]["of"].keys() == {"cashId"}
    [row] = rows(dana, importing.imported(dana, lines.replace("100.00", "101.00")))
    assert (row["outcome"], row.get("decision")) == ("CHANGED", None)


def test_a_deleted_trading_account_takes_its_imports_along(dana: Client, importing: Importing) -> None:
    account = dana.post("/accounts", {"name": "second", "kind": "LIVE", "currency": "USD"}).json["accountId"]
    gone = of_ids(dana, importing, ("E1", "5", "100"), accountId=account)
    stays = of_ids(dana, importing, ("E1", "5", "100"))
    assert [*account_contents.delete_imports(DANA, account, datetime.now(UTC))] == [None]
    assert dana.get(f"/imports/{gone['importId']}").status == 404
    assert shown(dana, stays["importId"]) == stays


def test_an_account_that_is_being_deleted_takes_no_import(dana: Client, importing: Importing) -> None:
    account = dana.post("/accounts", {"name": "second", "kind": "LIVE", "currency": "USD"}).json["accountId"]
    made = dana.post("/imports", {"fileName": "a.csv", "accountId": account}).json
    one = importing.imported(dana, of_broker(("E1", "5", "100")))
    stored = trading_accounts.get(DANA, account)
    trading_accounts.set_closing(stored, closing=True)
    assert dana.post("/imports", {"fileName": "a.csv", "accountId": account}).status == 409
    assert dana.patch(f"/imports/{one['importId']}", {"accountId": account}).status == 409
    assert importing.read(importing.send(made, of_broker(("E1", "5", "100")).encode())) == []
    assert shown(dana, made["import"]["importId"])["failure"]["reason"] == "NO_SUCH_ACCOUNT"


def test_an_import_moves_to_another_account(dana: Client, importing: Importing) -> None:
    account = dana.post("/accounts", {"name": "second", "kind": "LIVE", "currency": "EUR"}).json["accountId"]
    one = of_ids(dana, importing, ("E1", "5", "100"))
    assert dana.patch(f"/imports/{one['importId']}", {"accountId": account.upper()}).status == 202
    importing.work()
    moved = shown(dana, one["importId"])
    assert moved["accountId"] == account
    assert trades(dana, moved)[0]["trade"]["accountId"] == account


def test_the_close_of_a_trade_by_hand_is_matched_and_a_cancelled_one_is_not(dana: Client, importing: Importing) -> None:
    given = {"symbol": "AAPL", "side": "BUY", "quantity": "5", "openDate": "2026-01-05T10:30:00-05:00"}
    dana.new_trade(**given, entryPrice="100", exitPrice="101", closeDate="2026-01-05T10:32:00-05:00")
    dana.new_trade(**given | {"symbol": "MSFT"}, entryPrice="100", status="CANCELLED")
    dana.new_trade(**given | {"symbol": "TSLA"})
    fills = a_file("31 Buy 5 AAPL 100", "32 Sell 5 AAPL 101", "33 Buy 5 MSFT 100", "34 Buy 5 TSLA 100")
    one = importing.imported(dana, fills, **NEW_YORK)
    assert outcomes(dana, one) == ["MATCHES_MANUAL", "MATCHES_MANUAL", "NEW", "NEW"]


def test_there_are_at_most_so_many_decisions(
    dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.usecases.imports.MOST_DECISIONS", 1)
    one = of_ids(dana, importing, ("E1", "5", "100"))
    decisions = [{"line": line, "decision": "SKIP"} for line in (2, 3)]
    refused = dana.patch(f"/imports/{one['importId']}", {"decisions": decisions})
    assert (refused.status, refused.bad_fields) == (422, {("body", "/decisions")})


def test_a_committed_import_is_deleted_only_if_it_need_not_be_undone(
    dana: Client, importing: Importing, applying: Applying
) -> None:
    one = of_ids(dana, importing, ("E1", "5", "100"))
    path = f"/imports/{one['importId']}"
    answer = dana.post(f"{path}/commit", {}, headers={"If-Match": f'"{one["version"]}"'})
    assert answer.status == 202
    assert dana.delete(path, query="keep=executions").kind == "/problems/import-not-ready"
    applying.run(imports.get(DANA, one["importId"]))
    assert dana.delete(path).kind == "/problems/import-not-ready"
    assert dana.delete(path, query="keep=executions").status == 204
    assert len(dana.get("/executions").json["items"]) == 1

"""Imports up to the preview: files are sent and read, rows compared with what is there, and nothing is recorded."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from handlers.entry.ledger import after_ledger_change
from handlers.storage import clients
from handlers.usecases import file_writing
from tests.api.client import DANA, ERIN, Client
from tests.api.conftest import LogLines
from tests.api.importing import MAPPING, Importing, a_file, notice, outcomes, rows, shown, trades

pytestmark = pytest.mark.usefixtures("bucket")

FORMATS = Path(__file__).parents[1] / "formats"
NEW_YORK = {"timeZone": "America/New_York"}
ROUND_TRIP = a_file("31 Buy 100 AAPL 185.25", "42 Sell 40 AAPL 186.25", "50 Sell 60 AAPL 187")
NOTHING = {
    "rows": 0,
    "new": 0,
    "duplicate": 0,
    "changed": 0,
    "matchesManual": 0,
    "cash": 0,
    "actions": 0,
    "orphan": 0,
    "skipped": 0,
    "error": 0,
    "undecided": 0,
    "trades": 0,
}


def files_below(prefix: str) -> list[str]:
    """The keys of the files in the bucket, without the users' and imports' ids."""
    found = clients.s3().list_object_versions(Bucket="files", Prefix=prefix)
    assert "DeleteMarkers" not in found
    return sorted(each["Key"].removeprefix(prefix) for each in found.get("Versions", ()))


def ledger_items() -> dict[str, Any]:
    """All items of the ledger but imports, by their sort keys."""
    items = clients.dynamodb().scan(TableName="ledger")["Items"]
    return {item["item"]["S"]: item for item in items if not item["item"]["S"].startswith("import")}


# From the form to the preview


def test_a_new_import_waits_for_its_file(dana: Client, importing: Importing) -> None:
    made = dana.post("/imports", {"fileName": "fills.csv", "decimalMark": "COMMA"})
    assert made.status == 201
    one, form = made.json["import"], made.json["upload"]
    assert made.headers["location"] == f"/v1/imports/{one['importId']}"
    assert one["status"] == "AWAITING_FILE"
    assert one["decimalMark"] == "COMMA"
    assert one["counts"] == NOTHING
    assert form["fields"]["key"] == f"imports/{DANA}/{one['importId']}/file"
    assert form["maxBytes"] == 20_971_520
    assert shown(dana, one["importId"]) == one
    assert importing.work() == 0


def test_the_form_takes_no_file_that_is_too_large(dana: Client, importing: Importing) -> None:
    assert importing.work() == 0
    form = dana.post("/imports", {"fileName": "fills.csv"}).json["upload"]
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    assert ["content-length-range", 1, 20_971_520] in policy["conditions"]


def test_a_file_that_has_come_is_read_and_nothing_is_recorded(dana: Client, importing: Importing) -> None:
    before = ledger_items()
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    assert one["status"] == "PREVIEW"
    assert one["counts"] == NOTHING | {"rows": 3, "new": 3, "trades": 1}
    assert one["reading"]["formatId"] == "tradervue"
    assert one["reading"]["timeZone"] == "America/New_York"
    assert one["reading"]["needs"] == []
    assert "progress" not in one
    found = rows(dana, one)
    assert [(row["line"], row["outcome"], row["decision"]) for row in found] == [
        (2, "NEW", "IMPORT"),
        (3, "NEW", "IMPORT"),
        (4, "NEW", "IMPORT"),
    ]
    assert found[0]["raw"]["Symbol"] == "AAPL"
    [fill] = found[0]["executions"]
    assert (fill["side"], fill["quantity"], fill["price"]) == ("BUY", "100", "185.25")
    assert fill["executedAt"] == "2026-01-05T10:31:00-05:00"
    assert ledger_items() == before
    assert dana.get("/trades").json["items"] == dana.get("/executions").json["items"] == []


def test_the_dry_run_shows_the_trades_and_what_they_add_up_to(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP + a_file("55 Buy 5 MSFT 400").splitlines()[1] + "\n", **NEW_YORK)
    first, second = trades(dana, one)
    assert (first["change"], first["trade"]["symbol"], first["trade"]["netPnl"]) == ("CREATE", "AAPL", "142")
    assert (second["trade"]["symbol"], second["trade"]["status"]) == ("MSFT", "OPEN")
    [total] = dana.get(f"/imports/{one['importId']}/trades").json["totals"]
    assert total == {
        "currency": "USD",
        "trades": 1,
        "grossPnl": "145",
        "netPnl": "142",
        "costs": "3",
        "byDay": [{"day": "2026-01-05", "trades": 1, "netPnl": "142"}],
    }


def test_a_long_dry_run_tells_its_progress(dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[Any]()

    def see(params: Any, **_: Any) -> None:
        updates = [action["Update"] for action in params["TransactItems"] if "Update" in action]
        told.extend(update["ExpressionAttributeValues"][":progress"]["M"] for update in updates)

    monkeypatch.setattr(file_writing, "PROGRESS_SECONDS", -1)
    made = dana.post("/imports", {"fileName": "fills.csv", **NEW_YORK}).json
    sent = importing.send(made, a_file("31 Buy 1 AAPL 185", "42 Sell 1 AAPL 186", "31 Buy 1 MSFT 185").encode())
    clients.dynamodb().meta.events.register("provide-client-params.dynamodb.TransactWriteItems", see)
    assert importing.read(sent) == []
    assert told == [{"phase": {"S": "SETTLING"}, "done": {"N": done}, "total": {"N": "3"}} for done in ("2", "3")]
    assert shown(dana, made["import"]["importId"])["status"] == "PREVIEW"


def test_the_dry_run_goes_on_from_what_is_open(dana: Client, importing: Importing) -> None:
    held = {"symbol": "AAPL", "side": "BUY", "quantity": "100", "price": "180", "executedAt": "2026-01-04T10:00:00Z"}
    dana.post("/executions", held)
    [trade] = dana.get("/trades").json["items"]
    one = importing.imported(dana, a_file("31 Sell 60 AAPL 185", "32 Sell 40 AAPL 186"), **NEW_YORK)
    [change] = trades(dana, one)
    assert change["change"] == "UPDATE"
    assert change["before"] == trade
    assert (change["trade"]["tradeId"], change["trade"]["status"]) == (trade["tradeId"], "CLOSED")
    assert change["trade"]["netPnl"] == "538"


def test_a_late_fill_that_joins_two_trades_is_a_merger(dana: Client, importing: Importing) -> None:
    for minute, side in enumerate(("BUY", "SELL", "BUY", "SELL")):
        at = f"2026-01-05T15:{10 * minute:02}:00Z"
        dana.post("/executions", {"symbol": "AAPL", "side": side, "quantity": "1", "price": "10", "executedAt": at})
    dana.patch(f"/trades/{dana.get('/trades').json['items'][0]['tradeId']}", {"lessons": "late"})
    one = importing.imported(dana, a_file("5 Buy 1 AAPL 10", "45 Sell 1 AAPL 11"), **NEW_YORK)
    changes = trades(dana, one)
    assert [each["change"] for each in changes] == ["MERGE"]
    assert changes[0]["trade"]["lessons"] == "late"


# What is there already


def commit_by_hand(dana: Client, one: dict[str, Any]) -> None:
    """Record the executions of an import's rows by the API, under its own external ids."""
    for row in rows(dana, one):
        for fill in row["executions"]:
            given = {name: fill[name] for name in ("symbol", "side", "quantity", "price", "executedAt", "commission")}
            assert dana.post("/executions", given).status == 201


def test_what_was_recorded_by_the_api_is_a_duplicate(dana: Client, importing: Importing) -> None:
    first = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    commit_by_hand(dana, first)
    again = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    assert outcomes(dana, again) == ["DUPLICATE"] * 3
    assert again["counts"]["trades"] == 0
    [of] = [fill["of"] for fill in rows(dana, again)[0]["executions"]]
    assert dana.get(f"/executions/{of['executionId']}").json["quantity"] == "100"


def test_two_equal_fills_are_two_and_a_third_one_is_new(dana: Client, importing: Importing) -> None:
    twice = ["31 Buy 100 AAPL 185.25"] * 2
    commit_by_hand(dana, importing.imported(dana, a_file(*twice), **NEW_YORK))
    one = importing.imported(dana, a_file(*twice, *twice[:1]), **NEW_YORK)
    assert sorted(outcomes(dana, one)) == ["DUPLICATE", "DUPLICATE", "NEW"]


def test_a_fill_of_another_account_is_no_duplicate(dana: Client, importing: Importing) -> None:
    commit_by_hand(dana, importing.imported(dana, ROUND_TRIP, **NEW_YORK))
    account = dana.post("/accounts", {"name": "second", "kind": "LIVE", "currency": "USD"}).json["accountId"]
    one = importing.imported(dana, ROUND_TRIP, accountId=account, **NEW_YORK)
    assert outcomes(dana, one) == ["NEW"] * 3


def test_a_fill_that_equals_a_trade_by_hand_is_linked_with_it(dana: Client, importing: Importing) -> None:
    by_hand = dana.new_trade(
        symbol="AAPL",
        side="BUY",
        quantity="100",
        openDate="2026-01-05T10:30:00-05:00",
        entryPrice="185.3",
        preTradeNotes="breakout",
    )
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    first, *others = rows(dana, one)
    assert (first["outcome"], first["decision"]) == ("MATCHES_MANUAL", "LINK")
    assert first["executions"][0]["of"] == {"tradeId": by_hand["tradeId"]}
    assert [row["outcome"] for row in others] == ["NEW", "NEW"]
    [change] = trades(dana, one)
    assert change["change"] == "UPDATE"
    assert change["trade"]["tradeId"] == by_hand["tradeId"]
    assert change["trade"]["preTradeNotes"] == "breakout"
    assert (change["trade"]["entryPrice"], change["trade"]["status"]) == ("185.25", "CLOSED")


def test_a_trade_by_hand_is_matched_once(dana: Client, importing: Importing) -> None:
    dana.new_trade(symbol="AAPL", side="BUY", quantity="1", openDate="2026-01-05T10:30:00-05:00", entryPrice="10")
    one = importing.imported(dana, a_file("31 Buy 1 AAPL 10", "32 Buy 1 AAPL 10"), **NEW_YORK)
    assert sorted(outcomes(dana, one)) == ["MATCHES_MANUAL", "NEW"]


@pytest.mark.parametrize("entry", [{"entryPrice": "11"}, {"openDate": "2026-01-03T10:30:00-05:00"}, {"quantity": "2"}])
def test_a_trade_by_hand_that_differs_is_not_matched(dana: Client, importing: Importing, entry: dict[str, str]) -> None:
    given = {"symbol": "AAPL", "side": "BUY", "quantity": "1", "openDate": "2026-01-05T10:30:00-05:00"}
    dana.new_trade(**(given | {"entryPrice": "10"} | entry))
    assert outcomes(dana, importing.imported(dana, a_file("31 Buy 1 AAPL 10"), **NEW_YORK)) == ["NEW"]


# Decisions


def decide(dana: Client, importing: Importing, one: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Change an import and have its file read again; returns it then."""
    answer = dana.patch(f"/imports/{one['importId']}", changes, headers={"If-Match": f'"{one["version"]}"'})
    assert answer.status == 202, answer.json
    assert answer.json["status"] == "PARSING"
    assert importing.work() == 1  # the other message is delayed
    return shown(dana, one["importId"])


def test_a_row_is_skipped_when_the_user_says_so(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    one = decide(dana, importing, one, {"decisions": [{"line": 4, "decision": "SKIP"}]})
    assert [row["decision"] for row in rows(dana, one)] == ["IMPORT", "IMPORT", "SKIP"]
    assert one["decided"] == 1
    [change] = trades(dana, one)
    assert change["trade"]["status"] == "PARTIAL"
    one = decide(dana, importing, one, {"decisions": [{"line": 2, "decision": "SKIP"}]})
    assert [row["decision"] for row in rows(dana, one)] == ["SKIP", "IMPORT", "SKIP"]
    assert one["decided"] == 2


def test_a_row_is_linked_with_the_trade_that_the_user_names(dana: Client, importing: Importing) -> None:
    by_hand = dana.new_trade(
        symbol="AAPL", side="BUY", quantity="100", openDate="2026-01-05T02:00:00-05:00", entryPrice="180"
    )
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    wanted = {"line": 2, "decision": "LINK", "tradeId": by_hand["tradeId"]}
    one = decide(dana, importing, one, {"decisions": [wanted]})
    assert rows(dana, one)[0]["outcome"] == "MATCHES_MANUAL"
    assert [each["trade"]["tradeId"] for each in trades(dana, one)] == [by_hand["tradeId"]]


def test_a_row_that_cannot_be_linked_as_the_user_says_waits_for_another_decision(
    dana: Client, erin: Client, importing: Importing
) -> None:
    given = {"symbol": "AAPL", "side": "BUY", "openDate": "2026-01-02T02:00:00-05:00", "entryPrice": "180"}
    other_account = dana.post("/accounts", {"name": "B", "currency": "USD"}).json["accountId"]
    wrong = [
        erin.new_trade(**given, quantity="100"),
        dana.new_trade(**given, quantity="100", accountId=other_account),
        dana.new_trade(**given, quantity="99"),
    ]
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    for link in (*({"tradeId": trade["tradeId"]} for trade in wrong), {}):
        one = decide(dana, importing, one, {"decisions": [{"line": 2, "decision": "LINK", **link}]})
        row = rows(dana, one)[0]
        assert (row["outcome"], row.get("decision"), one["undecided"]) == ("NEW", None, [2])
        assert row["detail"].startswith("this account has no trade by hand with an entry or close of this quantity")
    refused = dana.post(f"/imports/{one['importId']}/commit", {}, headers={"If-Match": f'"{one["version"]}"'})
    assert (refused.status, refused.json["lines"]) == (409, [2])


def test_two_rows_are_not_linked_with_one_entry(dana: Client, importing: Importing) -> None:
    by_hand = dana.new_trade(
        symbol="AAPL", side="BUY", quantity="1", openDate="2026-01-05T10:00:00-05:00", entryPrice="10"
    )
    one = importing.imported(dana, a_file("0 BUY 1 AAPL 10", "1 BUY 1 AAPL 10"), **NEW_YORK)
    link = {"decision": "LINK", "tradeId": by_hand["tradeId"]}
    one = decide(dana, importing, one, {"decisions": [{"line": 2, **link}, {"line": 3, **link}]})
    assert [(row["outcome"], row.get("decision")) for row in rows(dana, one)] == [
        ("MATCHES_MANUAL", "LINK"),
        ("NEW", None),
    ]
    one = decide(dana, importing, one, {"decisions": [{"line": 2, "decision": "IMPORT"}]})
    assert [row["outcome"] for row in rows(dana, one)] == ["NEW", "MATCHES_MANUAL"]


def test_another_time_zone_moves_the_fills(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    one = decide(dana, importing, one, {"timeZone": "Europe/Berlin"})
    assert rows(dana, one)[0]["executions"][0]["executedAt"] == "2026-01-05T10:31:00+01:00"


def test_without_any_time_zone_the_import_says_that_it_needs_one(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP)
    assert one["reading"]["needs"] == ["TIME_ZONE"]
    dana.patch("/settings", {"timeZone": "Asia/Tokyo"})
    one = importing.imported(dana, ROUND_TRIP)
    assert (one["reading"]["needs"], one["reading"]["timeZone"]) == ([], "Asia/Tokyo")


def test_null_takes_an_option_back(dana: Client, importing: Importing) -> None:
    made = dana.post("/imports", {"fileName": "a.csv", "timeZone": "Asia/Tokyo", "day": "2026-01-05"}).json["import"]
    changed = dana.patch(f"/imports/{made['importId']}", {"timeZone": None, "day": None, "dateOrder": "DMY"})
    assert (changed.status, changed.json["status"]) == (202, "AWAITING_FILE")
    assert {"timeZone", "day"}.isdisjoint(changed.json)
    assert changed.json["dateOrder"] == "DMY"
    assert importing.work() == 0


@pytest.mark.parametrize(
    ("policy", "decision", "open_"),
    [("ASK", None, None), ("SHORT", "IMPORT", "SELL"), ("SKIP", "SKIP", None), ("OPENING", "IMPORT", None)],
)
def test_a_close_of_what_was_never_opened_follows_the_policy(
    dana: Client, importing: Importing, policy: str, decision: str | None, open_: str | None
) -> None:
    content = ROUND_TRIP.replace("Buy", "Buy to Open").replace(",Sell,", ",Sell to Close,")
    orphan = content.splitlines()
    one = importing.imported(dana, "\n".join([orphan[0], *orphan[2:]]) + "\n", orphanPolicy=policy, **NEW_YORK)
    found = rows(dana, one)
    assert [row["outcome"] for row in found] == ["ORPHAN", "ORPHAN"]
    assert [row.get("decision") for row in found] == [decision, decision]
    assert one["undecided"] == ([2, 3] if policy == "ASK" else [])
    assert one["counts"]["undecided"] == len(one["undecided"])
    openings = [fill.get("opening") for row in found for fill in row["executions"]]
    assert openings == (["40", "60"] if policy == "OPENING" else [None, None])
    sides = {each["trade"]["side"] for each in trades(dana, one)}
    assert sides == ({open_} if open_ else {"BUY"} if policy == "OPENING" else set())


# Files that cannot be imported


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "EMPTY"),
        (b"%PDF-1.7 " + b"\x00" * 50, "BINARY"),
        (b"PK\x03\x04" + b"\x00" * 200, "ARCHIVE"),
        (b"\x1f\x8b\x08" + b"\x00" * 200, "ARCHIVE"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'x'>]><FlexQueryResponse>&e;</FlexQueryResponse>", None),
        (b"just one line of words", "NO_TABLE"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(
    dana: Client, importing: Importing, content: bytes, reason: str | None
) -> None:
    one = importing.imported(dana, content)
    assert one["status"] == "FAILED"
    assert one["failure"]["reason"] == reason or reason is None
    assert one["failure"]["detail"]
    assert dana.get(f"/imports/{one['importId']}/rows").kind == "/problems/import-not-ready"
    assert dana.get(f"/imports/{one['importId']}/trades").kind == "/problems/import-not-ready"


def test_rows_that_cannot_be_read_are_reported_and_stop_no_other(dana: Client, importing: Importing) -> None:
    content = ROUND_TRIP + "01/05/2026,10:55:00,AAPL,many,1,Buy,0,0,0\n01/05/2026,10:56:00,AAPL,1\n"
    one = importing.imported(dana, content + f"01/05/2026,10:57:00,AAPL,{'9' * 30},1,Buy,0,0,0\n", **NEW_YORK)
    assert one["counts"] == NOTHING | {"rows": 6, "new": 3, "error": 3, "trades": 1}
    wrong = rows(dana, one, outcome="ERROR")
    assert [(row["line"], row["reason"]) for row in wrong] == [(5, "NUMBER"), (6, "COLUMN_COUNT"), (7, "NUMBER")]
    assert all(row["detail"] for row in wrong)


def test_a_file_of_no_known_format_shows_its_table_and_proposes_a_mapping(dana: Client, importing: Importing) -> None:
    content = "Zeitpunkt;Titel;Richtung;Anzahl;Kurs\n05.01.2026 10:31:00;AAPL;Kauf;100;185,25\n"
    one = importing.imported(dana, content, **NEW_YORK)
    assert one["status"] == "NEEDS_MAPPING"
    assert one["table"]["header"] == ["Zeitpunkt", "Titel", "Richtung", "Anzahl", "Kurs"]
    assert one["table"]["rows"] == [["05.01.2026 10:31:00", "AAPL", "Kauf", "100", "185,25"]]
    proposal = one["table"]["proposal"]
    assert proposal["columns"]["symbol"] == "Titel"
    assert dana.get(f"/imports/{one['importId']}/rows").kind == "/problems/import-not-ready"
    draft = {name: value for name, value in proposal.items() if name != "name"} | {"name": "mine", "dateOrder": "DMY"}
    mapping = dana.post("/import-mappings", draft)
    assert mapping.status == 201, mapping.json
    one = decide(dana, importing, one, {"mappingId": mapping.json["mappingId"]})
    assert one["status"] == "PREVIEW"
    [fill] = rows(dana, one)[0]["executions"]
    assert (fill["symbol"], fill["price"]) == ("AAPL", "185.25")
    assert fill["executedAt"] == "2026-01-05T10:31:00-05:00"


def test_a_file_without_days_needs_one(dana: Client, importing: Importing) -> None:
    content = (FORMATS / "das").glob("*.csv")
    text = sorted(content)[0].read_bytes()
    one = importing.imported(dana, text, **NEW_YORK)
    assert (one["status"], one["failure"]["reason"]) == ("FAILED", "NEEDS_DAY")
    one = decide(dana, importing, one, {"day": "2026-01-05"})
    assert (one["status"], one["day"]) == ("PREVIEW", "2026-01-05")


def test_an_import_whose_mapping_or_account_is_gone_fails(dana: Client, importing: Importing) -> None:
    mapping = dana.post("/import-mappings", MAPPING).json["mappingId"]
    account = dana.post("/accounts", {"name": "second", "kind": "LIVE", "currency": "USD"}).json["accountId"]
    one = dana.post("/imports", {"fileName": "a.csv", "mappingId": mapping}).json
    two = dana.post("/imports", {"fileName": "a.csv", "accountId": account}).json
    assert dana.delete(f"/import-mappings/{mapping}").status == 204
    assert dana.delete(f"/accounts/{account}").status == 204
    assert importing.read(importing.send(one, ROUND_TRIP.encode()), importing.send(two, ROUND_TRIP.encode())) == []
    reasons = [shown(dana, each["import"]["importId"])["failure"]["reason"] for each in (one, two)]
    assert reasons == ["NO_SUCH_MAPPING", "NO_SUCH_ACCOUNT"]


# Whose file, and which


def test_a_file_that_nobody_waits_for_is_deleted(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    again = importing.send({"upload": {"fields": {"key": f"imports/{DANA}/{one['importId']}/file"}}}, b"other")
    strange = importing.send({"upload": {"fields": {"key": f"imports/{DANA}/{DANA}/file"}}}, b"other")
    assert importing.read(again, strange, {"Records": []}, notice("imports/x", "1")) == []
    assert shown(dana, one["importId"]) == one
    assert files_below(f"imports/{DANA}/{DANA}/") == []
    assert files_below(f"imports/{DANA}/{one['importId']}/").count("file") == 1


def test_a_notice_that_comes_twice_changes_nothing(dana: Client, importing: Importing) -> None:
    made = dana.post("/imports", {"fileName": "a.csv", **NEW_YORK}).json
    said = importing.send(made, ROUND_TRIP.encode())
    assert importing.read(said) == []
    one = shown(dana, made["import"]["importId"])
    assert importing.read(said) == []
    assert shown(dana, made["import"]["importId"]) == one
    prefix = f"imports/{DANA}/{one['importId']}/"
    names = sorted(name.rpartition("/")[2] for name in files_below(prefix))
    assert names == ["file", "rows-0000.ndjson.gz", "totals.json.gz", "trades-0000.ndjson.gz"]


def test_nobody_else_sees_an_import(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    erin = Client(ERIN)
    path = f"/imports/{one['importId']}"
    answers = [
        erin.get(path),
        erin.get(f"{path}/rows"),
        erin.get(f"{path}/trades"),
        erin.patch(path, {"orphanPolicy": "SKIP"}),
        erin.delete(path),
    ]
    assert {answer.status for answer in answers} == {404}
    assert erin.get("/imports").json == {"items": []}


# Lists


def test_imports_are_listed_newest_first_page_by_page(dana: Client, importing: Importing) -> None:
    made = [importing.imported(dana, ROUND_TRIP, **NEW_YORK)["importId"]]
    made += [dana.post("/imports", {"fileName": "a.csv"}).json["import"]["importId"] for _ in range(2)]
    first = dana.get("/imports", query=[("limit", "2")]).json
    assert [each["importId"] for each in first["items"]] == made[:0:-1]
    second = dana.get("/imports", query=[("limit", "2"), ("nextToken", first["nextToken"])]).json
    assert [each["importId"] for each in second["items"]] == made[:1]
    assert "nextToken" not in second
    previews = dana.get("/imports", query=[("status", "PREVIEW"), ("status", "FAILED")]).json["items"]
    assert [each["importId"] for each in previews] == made[:1]


def test_rows_and_trades_are_listed_page_by_page(dana: Client, importing: Importing, monkeypatch: Any) -> None:
    monkeypatch.setattr("handlers.storage.import_files.ROWS_IN_A_FILE", 4)
    monkeypatch.setattr("handlers.usecases.import_report.ROWS_IN_A_FILE", 4)
    monkeypatch.setattr("handlers.storage.import_files.TRADES_IN_A_FILE", 3)
    monkeypatch.setattr("handlers.usecases.import_report.TRADES_IN_A_FILE", 3)
    content = a_file(*(f"{number} Buy 1 S{number:02} {number + 1}" for number in range(30)))
    one = importing.imported(dana, content + "nothing\n", **NEW_YORK)
    found = rows(dana, one, limit=7)
    assert [row["line"] for row in found] == [*range(2, 33)]
    assert [row["line"] for row in rows(dana, one, limit=7, outcome=["ERROR", "SKIPPED"])] == [32]
    changed = trades(dana, one, limit=4)
    assert [each["trade"]["symbol"] for each in changed] == [f"S{number:02}" for number in range(30)]
    page = dana.get(f"/imports/{one['importId']}/rows", query=[("limit", "1")]).json
    monkeypatch.setattr("handlers.operations.imports._ENOUGH_BYTES", 10)
    assert len(dana.get(f"/imports/{one['importId']}/rows").json["items"]) == 1
    assert len(dana.get(f"/imports/{one['importId']}/trades").json["items"]) == 1
    one = decide(dana, importing, one, {"orphanPolicy": "SKIP"})
    stale = dana.get(f"/imports/{one['importId']}/rows", query=[("limit", "1"), ("nextToken", page["nextToken"])])
    assert (stale.status, stale.bad_fields) == (400, {("query", "/nextToken")})


# Limits, versions and deletion


def test_a_repeated_request_makes_no_second_import(dana: Client, importing: Importing) -> None:
    assert importing.work() == 0
    headers = {"Idempotency-Key": "key-1"}
    first, again = (dana.post("/imports", {"fileName": "a.csv"}, headers=headers) for _ in range(2))
    assert first.body == again.body
    assert again.headers["idempotent-replayed"] == "true"
    assert len(dana.get("/imports").json["items"]) == 1
    other = dana.post("/imports", {"fileName": "b.csv"}, headers=headers)
    assert (other.status, other.kind) == (422, "/problems/idempotency-key-reused")


def test_no_more_than_twenty_imports_wait(dana: Client, importing: Importing) -> None:
    assert importing.work() == 0
    headers = {"Idempotency-Key": "key-20"}
    for _ in range(19):
        assert dana.post("/imports", {"fileName": "a.csv"}).status == 201
    last = dana.post("/imports", {"fileName": "a.csv"}, headers=headers)
    assert last.status == 201
    refused = dana.post("/imports", {"fileName": "a.csv"})
    assert (refused.status, refused.headers["retry-after"]) == (429, "10")
    assert dana.post("/imports", {"fileName": "a.csv"}, headers=headers).body == last.body
    assert dana.delete(f"/imports/{last.json['import']['importId']}").status == 204
    assert dana.post("/imports", {"fileName": "a.csv"}).status == 201


def test_no_more_than_three_imports_are_worked_on(dana: Client, importing: Importing) -> None:
    made = [importing.imported(dana, ROUND_TRIP, **NEW_YORK) for _ in range(4)]
    answers = [dana.patch(f"/imports/{one['importId']}", {"orphanPolicy": "SKIP"}).status for one in made]
    assert answers == [202, 202, 202, 429]
    assert dana.post("/imports", {"fileName": "a.csv"}).status == 429
    again = dana.patch(f"/imports/{made[0]['importId']}", {"orphanPolicy": "SHORT"})
    assert again.status == 202
    importing.work()
    assert {shown(dana, one["importId"])["status"] for one in made} == {"PREVIEW"}
    assert shown(dana, made[0]["importId"])["orphanPolicy"] == "SHORT"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"timeZone": "Mars/Olympus"}, "timeZone"),
        ({"formatId": "nobodys"}, "formatId"),
        ({"mappingId": "99999999-0000-4000-8000-000000000000"}, "mappingId"),
        ({"accountId": "99999999-0000-4000-8000-000000000000"}, "accountId"),
    ],
)
def test_what_does_not_exist_is_refused(dana: Client, importing: Importing, given: dict[str, str], field: str) -> None:
    assert importing.work() == 0
    refused = dana.post("/imports", {"fileName": "a.csv", **given})
    assert (refused.status, refused.bad_fields) == (422, {("body", f"/{field}")})
    made = dana.post("/imports", {"fileName": "a.csv"}).json["import"]
    refused = dana.patch(f"/imports/{made['importId']}", given)
    assert (refused.status, refused.bad_fields) == (422, {("body", f"/{field}")})


def test_a_stale_version_changes_nothing(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    path, stale = f"/imports/{one['importId']}", {"If-Match": '"1"'}
    assert dana.patch(path, {"orphanPolicy": "SKIP"}, headers=stale).kind == "/problems/version-mismatch"
    assert dana.delete(path, headers=stale).status == 412
    assert shown(dana, one["importId"]) == one


def test_a_deleted_import_takes_its_files_along(dana: Client, importing: Importing) -> None:
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    item = clients.dynamodb().get_item(
        TableName="ledger", Key={"userId": {"S": DANA}, "item": {"S": f"import|{one['importId']}"}}
    )["Item"]
    assert dana.delete(f"/imports/{one['importId']}").status == 204
    assert dana.delete(f"/imports/{one['importId']}").status == 404
    assert files_below(f"imports/{DANA}/") != []
    record = {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1", "OldImage": item}}
    assert after_ledger_change({"Records": [record]}, None) == {"batchItemFailures": []}
    assert files_below(f"imports/{DANA}/") == []


def test_an_import_that_is_deleted_while_it_is_read_leaves_no_report(
    dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dana.post("/imports", {"fileName": "a.csv", **NEW_YORK}).json
    said = importing.send(made, ROUND_TRIP.encode())

    def gone(*_: Any) -> None:
        assert dana.delete(f"/imports/{made['import']['importId']}").status == 204

    monkeypatch.setattr("handlers.usecases.read_import.set_outcomes", gone)
    assert importing.read(said) == []
    assert files_below(f"imports/{DANA}/{made['import']['importId']}/") == ["file"]


def test_an_import_whose_time_is_over_is_expired(dana: Client, importing: Importing) -> None:
    made = dana.post("/imports", {"fileName": "a.csv", **NEW_YORK}).json
    clients.dynamodb().update_item(
        TableName="ledger",
        Key={"userId": {"S": DANA}, "item": {"S": f"import|{made['import']['importId']}"}},
        UpdateExpression="SET endsAt = :then",
        ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00+00:00"}},
    )
    one = shown(dana, made["import"]["importId"])
    assert one["status"] == "EXPIRED"
    assert dana.patch(f"/imports/{one['importId']}", {"orphanPolicy": "SKIP"}).kind == "/problems/import-not-ready"
    assert importing.read(importing.send(made, ROUND_TRIP.encode())) == []
    assert files_below(f"imports/{DANA}/{one['importId']}/") == []


def test_a_mistake_in_a_reader_fails_the_import_and_logs_no_word_of_the_file(
    dana: Client, importing: Importing, monkeypatch: pytest.MonkeyPatch, log_lines: LogLines
) -> None:
    def broken(*_: Any) -> None:
        raise ValueError("AAPL 185.25 is a secret of Dana")

    monkeypatch.setattr("handlers.usecases.read_import.set_outcomes", broken)
    one = importing.imported(dana, ROUND_TRIP, **NEW_YORK)
    assert (one["status"], one["failure"]["reason"]) == ("FAILED", "UNEXPECTED")
    [line] = [each for each in log_lines.records if each["level"] == "ERROR"]
    assert (line["bug"], line["import_id"]) == ("ValueError", one["importId"])
    assert "secret of Dana" not in log_lines.text


# What is stored already


def recorded(dana: Client, minute: int, side: str, symbol: str = "AAPL") -> None:
    """A fill of one share at 10 that is there before the import, at a minute after ten in New York."""
    fill = {"symbol": symbol, "side": side, "quantity": "1", "price": "10"}
    made = dana.post("/executions", {**fill, "executedAt": f"2026-01-05T10:{minute:02}:00-05:00"})
    assert made.status == 201, made.json


def test_a_file_of_subtotals_changes_nothing(dana: Client, importing: Importing) -> None:
    header = "Date,Action,Symbol,Description,Quantity,Price,Fees & Comm,Amount"
    one = importing.imported(dana, f'{header}\nTransactions Total,,,,,,,"$0.00"\n')
    assert (one["status"], one["counts"]["skipped"], trades(dana, one)) == ("PREVIEW", 1, [])


def test_a_late_fill_that_joins_two_trades_deletes_one_of_them(dana: Client, importing: Importing) -> None:
    for minute, side in ((1, "BUY"), (2, "SELL"), (3, "BUY"), (4, "SELL")):
        recorded(dana, minute, side)
    one = importing.imported(dana, a_file("1 Buy 1 AAPL 11"), **NEW_YORK)
    assert sorted(each["change"] for each in trades(dana, one)) == ["DELETE", "UPDATE"]
    assert one["counts"]["trades"] == 2


def test_positions_that_a_renaming_links_are_previewed_together(dana: Client, importing: Importing) -> None:
    recorded(dana, 1, "BUY", "OLD")
    action = {"type": "RENAME", "symbol": "OLD", "newSymbol": "NEW", "effectiveAt": "2026-01-05T10:05:00-05:00"}
    assert dana.post("/corporate-actions", action).status == 201
    one = importing.imported(dana, a_file("2 Buy 1 OLD 12", "6 Sell 2 NEW 13"), **NEW_YORK)
    [found] = trades(dana, one)
    assert (found["change"], found["trade"]["symbol"], found["trade"]["status"]) == ("UPDATE", "NEW", "CLOSED")


def test_a_request_with_every_option_and_a_key_is_answered_once(dana: Client) -> None:
    every = {
        "fileName": "fills.csv",
        "formatId": "das",
        "timeZone": "America/New_York",
        "dateOrder": "MDY",
        "decimalMark": "POINT",
        "orphanPolicy": "SHORT",
        "day": "2026-01-05",
    }
    headers = {"Idempotency-Key": "key-of-every-option"}
    made = [dana.post("/imports", every, headers=headers) for _ in range(2)]
    assert [answer.status for answer in made] == [201, 201]
    assert made[0].json["import"]["day"] == made[1].json["import"]["day"] == "2026-01-05"
    assert made[0].json["import"]["importId"] == made[1].json["import"]["importId"]
    assert dana.post("/imports", every | {"day": "2026-01-06"}, headers=headers).status == 422

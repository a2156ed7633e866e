"""Entries, corrections and the first risk, through the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest

from handlers.storage import clients
from handlers.storage.stats import comparing
from tests.api.client import DANA, Client, a_trade

ENTRY = {"quantity": "0.5", "price": "130", "enteredAt": "2026-01-07T10:00:00-05:00"}
CLOSE = {"quantity": "0.5", "price": "120", "closedAt": "2026-01-06T10:00:00-05:00"}
KEY = {"Idempotency-Key": "added-once"}
PLAIN: dict[str, Any] = {"commission": None, "fees": None}


def path_of(trade: Any) -> str:
    return f"/trades/{trade['tradeId']}"


def item_of(trade: Any) -> dict[str, Any]:
    key = {"userId": {"S": DANA}, "tradeId": {"S": trade["tradeId"]}}
    return dict(clients.dynamodb().get_item(TableName="trades", Key=key)["Item"])


def given_at_once(**given: Any) -> dict[str, Any]:
    one_entry = dict.fromkeys(("quantity", "openDate", "entryPrice", "commission", "fees"))
    return a_trade(**{**one_entry, **given})


def test_what_is_realized_stays_when_more_is_bought(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", entryPrice="100", **PLAIN)
    assert trade["entries"] == [
        {
            "entryId": str(uuid5(UUID(trade["tradeId"]), "entry")),
            "quantity": "1",
            "price": "100",
            "enteredAt": "2026-01-05T09:31:04-05:00",
            "commission": "0",
            "fees": "0",
        }
    ]
    assert (trade["lotMethod"], trade["maxQuantity"], "entries" in item_of(trade)) == ("AVERAGE", "1", False)
    dana.post(f"{path_of(trade)}/closes", CLOSE)
    answer = dana.post(f"{path_of(trade)}/entries", ENTRY)
    added = answer.json
    entry = added["entries"][1]
    assert (answer.status, answer.headers["etag"]) == (201, '"3"')
    assert answer.headers["location"] == f"/v1{path_of(trade)}/entries/{entry['entryId']}"
    assert added["entries"][0] == trade["entries"][0]
    assert entry == {**ENTRY, "entryId": entry["entryId"], "commission": "0", "fees": "0"}
    assert (added["quantity"], added["entryPrice"], added["remainingQuantity"]) == ("1.5", "110", "1")
    assert (added["realizedPartialPnl"], added["partialCloses"][0]["realizedPnl"]) == ("10", "10")
    assert (added["status"], added["maxQuantity"]) == ("PARTIAL", "1")
    assert len(item_of(trade)["entries"]["L"]) == 2
    shown = dana.get(answer.headers["location"].removeprefix("/v1"))
    assert (shown.json, shown.headers["etag"]) == (entry, '"3"')
    assert dana.get(path_of(trade)).json == dana.get("/trades").json["items"][0] == added
    back = dana.delete(f"{path_of(trade)}/entries/{entry['entryId']}")
    assert (back.status, back.json["entries"], "entries" in item_of(trade)) == (200, trade["entries"], False)
    assert dana.get(f"{path_of(trade)}/entries/{entry['entryId']}").status == 404


def test_a_patch_of_quantity_or_price_says_which_operation_does_what_is_wanted(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", entryPrice="100", **PLAIN)
    dana.post(f"{path_of(trade)}/closes", CLOSE)
    before = dana.get(path_of(trade)).json
    answer = dana.patch(path_of(trade), {"quantity": "1.5", "entryPrice": "110"})
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")
    assert answer.bad_fields == {("body", "/quantity"), ("body", "/entryPrice")}
    assert all("updateEntry" in field["detail"] and "addEntry" in field["detail"] for field in answer.json["errors"])
    assert dana.get(path_of(trade)).json == before
    assert dana.patch(path_of(trade), {"quantity": "1.0", "symbol": "MSFT"}).status == 200
    dana.post(f"{path_of(trade)}/entries", ENTRY)
    answer = dana.patch(path_of(trade), {"quantity": "2"})
    assert (answer.status, answer.bad_fields) == (422, {("body", "/quantity")})
    assert "has several entries: change those" in answer.json["errors"][0]["detail"]


def test_a_trade_is_recorded_with_its_entries(dana: Client) -> None:
    entries = [
        {"quantity": "2", "price": "5000.25", "enteredAt": "2026-01-05T10:00:00Z", "commission": "1.94"},
        {"quantity": "1", "price": "4990.50", "enteredAt": "2026-01-05T09:00:00Z", "fees": "0.97"},
    ]
    trade = dana.post("/trades", given_at_once(entries=entries, multiplier="5", lotMethod="LIFO")).json
    assert [entry["price"] for entry in trade["entries"]] == ["4990.5", "5000.25"]
    assert (trade["quantity"], trade["entryPrice"], trade["openDate"]) == ("3", "4997", "2026-01-05T09:00:00Z")
    assert (trade["commission"], trade["fees"], trade["lotMethod"]) == ("1.94", "0.97", "LIFO")
    close = {"quantity": "2", "price": "5010.50", "closedAt": "2026-01-05T11:00:00Z", "commission": "1.94"}
    trade = dana.post(f"{path_of(trade)}/closes", close).json
    assert trade["realizedPartialPnl"] == "98.62"
    close = {"price": "4995", "closedAt": "2026-01-05T12:00:00Z", "commission": "0.97"}
    trade = dana.post(f"{path_of(trade)}/closes", close).json
    assert (trade["grossPnl"], trade["netPnl"], trade["exitPrice"]) == ("125", "119.18", "5005.33333333")


def test_one_entry_in_the_list_is_the_same_as_its_own_fields(dana: Client) -> None:
    entry = {
        "quantity": "100",
        "price": "10",
        "enteredAt": "2026-01-05T09:31:04-05:00",
        "commission": "1",
        "fees": "0.1",
    }
    listed = dana.post("/trades", given_at_once(entries=[entry], exitPrice="11", closeDate="2026-01-06T09:00:00Z")).json
    alone = dana.new_trade(exitPrice="11", closeDate="2026-01-06T09:00:00Z")
    own = {"tradeId", "createdAt", "updatedAt", "entries", "partialCloses"}
    assert {name: listed[name] for name in listed.keys() - own} == {name: alone[name] for name in alone.keys() - own}
    assert listed["entries"][0]["entryId"] == str(uuid5(UUID(listed["tradeId"]), "entry"))


def test_entries_and_the_fields_of_one_exclude_each_other(dana: Client) -> None:
    both = dana.post("/trades", a_trade(entries=[ENTRY]))
    assert both.status == 422
    assert both.bad_fields == {
        ("body", f"/{name}") for name in ("quantity", "openDate", "entryPrice", "commission", "fees")
    }
    neither = dana.post("/trades", given_at_once())
    assert (neither.status, neither.bad_fields) == (422, {("body", "/quantity"), ("body", "/openDate")})
    assert dana.post("/trades", given_at_once(entries=[])).bad_fields == neither.bad_fields
    assert dana.new_trade(entries=[])["quantity"] == "100"  # some clients send an empty list for none
    wrong = given_at_once(entries=[ENTRY, {**ENTRY, "quantity": "0"}, {"price": "1"}])
    assert {pointer.rpartition("/")[0] for _, pointer in dana.post("/trades", wrong).bad_fields} == {
        "/entries/1",
        "/entries/2",
    }
    uncovered = given_at_once(
        entries=[ENTRY], closes=[{**CLOSE, "quantity": "0.6", "closedAt": "2026-01-08T00:00:00Z"}]
    )
    assert dana.post("/trades", uncovered).bad_fields == {("body", "/closes/0/quantity")}
    early = given_at_once(
        entries=[ENTRY, {**ENTRY, "enteredAt": "2026-01-05T00:00:00Z"}], closes=[{**CLOSE, "quantity": "0.6"}]
    )
    assert dana.post("/trades", early).bad_fields == {("body", "/closes/0/quantity")}


def test_an_exit_in_short_before_the_last_entry_is_refused_at_its_own_field(dana: Client) -> None:
    entries = [ENTRY, {**ENTRY, "enteredAt": "2026-01-05T00:00:00Z"}]
    answer = dana.post("/trades", given_at_once(entries=entries, exitPrice="11", closeDate="2026-01-06T00:00:00Z"))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/closeDate")})


def test_an_entry_with_a_key_is_added_once(dana: Client) -> None:
    trade = dana.new_trade()
    first, again = (dana.post(f"{path_of(trade)}/entries", ENTRY, headers=KEY) for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    spelled = {**ENTRY, "quantity": "0.50"}
    assert dana.post(f"{path_of(trade)}/entries", spelled, headers=KEY).body == first.body
    other = dana.post(f"{path_of(trade)}/entries", {**ENTRY, "price": "131"}, headers=KEY)
    assert other.kind == "/problems/idempotency-key-reused"
    assert len(dana.get(path_of(trade)).json["entries"]) == 2


@pytest.mark.parametrize(
    ("given", "entry", "status", "fields"),
    [
        ({"status": "CANCELLED"}, ENTRY, 409, set()),
        ({"exitPrice": "11", "closeDate": "2026-01-06T09:00:00Z"}, ENTRY, 409, set()),
        ({"entryPrice": None}, ENTRY, 409, set()),
        ({}, {**ENTRY, "quantity": "0"}, 400, {("body", "/quantity")}),
        ({}, {"quantity": "1"}, 400, {("body", "/price"), ("body", "/enteredAt")}),
        ({}, {**ENTRY, "quantity": "999999999999999.5"}, 422, {("body", "/quantity")}),
    ],
)
def test_what_cannot_be_added_is_refused(
    dana: Client, given: dict[str, Any], entry: dict[str, Any], status: int, fields: set[Any]
) -> None:
    trade = dana.new_trade(**given)
    answer = dana.post(f"{path_of(trade)}/entries", entry)
    assert (answer.status, {(f["in"], f["pointer"]) for f in answer.json.get("errors", [])}) == (status, fields)
    assert dana.get(path_of(trade)).json == trade


def test_an_entry_that_closes_need_and_the_only_one_cannot_be_taken_back(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", **PLAIN)
    only = f"{path_of(trade)}/entries/{trade['entries'][0]['entryId']}"
    assert dana.delete(only).kind == "/problems/state-forbids"
    dana.post(f"{path_of(trade)}/entries", ENTRY)
    dana.post(f"{path_of(trade)}/closes", CLOSE)
    assert dana.delete(only).kind == "/problems/state-forbids"
    answer = dana.patch(only, {"quantity": "0.4"})
    assert (answer.status, answer.bad_fields) == (409, {("body", "/quantity")})
    answer = dana.patch(only, {"enteredAt": "2026-01-06T11:00:00-05:00"})
    assert (answer.status, answer.bad_fields) == (409, {("body", "/enteredAt")})


def test_an_entry_that_is_left_is_where_it_was_and_the_one_taken_back_is_gone(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", **PLAIN)
    path, first = path_of(trade), trade["entries"][0]["entryId"]
    added = dana.post(f"{path}/entries", ENTRY)
    second = added.headers["location"].removeprefix("/v1")
    left = dana.delete(f"{path}/entries/{first}").json
    assert [f"{path}/entries/{entry['entryId']}" for entry in left["entries"]] == [second]
    assert dana.get(second).status == 200
    dana.post(f"{path}/entries", ENTRY)
    assert dana.delete(f"{path}/entries/{first}").status == 404
    dana.delete(f"{path}/entries/{dana.get(path).json['entries'][1]['entryId']}")
    patched = dana.patch(path, {"quantity": "3", "entryPrice": None}).json
    assert (patched["quantity"], "entryPrice" in patched) == ("3", False)
    assert patched == dana.get(path).json
    assert dana.patch(second, {"price": "120"}).json["entryPrice"] == "120"
    shown = dana.get(path).json
    assert (shown["entries"][0]["quantity"], shown["entries"][0]["price"]) == ("3", "120")


def test_taking_back_an_entry_that_makes_the_figures_too_long_is_refused(dana: Client) -> None:
    at = "2026-01-05T10:00:00Z"
    entries = [{"quantity": "1", "price": price, "enteredAt": at} for price in ("900000000000000", "-900000000000000")]
    close = {"quantity": "1", "price": "900000000000000", "closedAt": "2026-01-06T10:00:00Z"}
    trade = dana.post("/trades", given_at_once(entries=entries, closes=[close])).json
    high = next(entry for entry in trade["entries"] if not entry["price"].startswith("-"))
    answer = dana.delete(f"{path_of(trade)}/entries/{high['entryId']}")
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")


def test_a_close_can_be_followed_and_corrected_and_a_patch_of_nothing_keeps_the_version(dana: Client) -> None:
    trade = dana.new_trade(**PLAIN)
    made = dana.post(f"{path_of(trade)}/closes", {**CLOSE, "quantity": "40"})
    address = made.headers["location"].removeprefix("/v1")
    shown = dana.get(address)
    assert (shown.json, shown.headers["etag"]) == (made.json["partialCloses"][0], '"2"')
    same = dana.patch(address, {"price": "120.0", "commission": None})
    assert (same.status, same.headers["etag"], same.json) == (200, '"2"', made.json)
    corrected = dana.patch(address, {"price": "12", "commission": "1.5"}, headers={"If-Match": '"2"'})
    assert (corrected.status, corrected.headers["etag"]) == (200, '"3"')
    assert corrected.json["partialCloses"][0]["realizedPnl"] == "78.5"
    assert corrected.json == dana.get(path_of(trade)).json
    assert dana.patch(address, {"price": "13"}, headers={"If-Match": '"2"'}).status == 412
    assert dana.patch(address, {"quantity": "101"}).bad_fields == {("body", "/quantity")}
    early = dana.patch(address, {"closedAt": "2026-01-05T09:31:03-05:00"})
    assert (early.status, early.bad_fields) == (422, {("body", "/closedAt")})
    assert dana.patch(address, {"price": None}).bad_fields == {("body", "/price")}
    assert dana.patch(address, {"realizedPnl": "1"}).bad_fields == {("body", "/realizedPnl")}
    never = f"{path_of(trade)}/closes/99999999-0000-4000-8000-000000000000"
    assert (dana.get(never).status, dana.patch(never, {"price": "1"}).status) == (404, 404)
    assert (
        dana.patch(address.upper().replace("TRADES", "trades").replace("CLOSES", "closes"), {"price": "13"}).status
        == 200
    )


def test_list_calendar_and_statistics_agree_on_the_day_of_a_corrected_close(dana: Client) -> None:
    trade = dana.new_trade(**PLAIN, exitPrice="11", closeDate="2026-01-06T10:00:00-05:00")
    address = f"{path_of(trade)}/closes/{trade['partialCloses'][0]['closeId']}"
    comparing.compare(DANA, lambda: datetime.now(UTC))
    corrected = dana.patch(address, {"closedAt": "2026-01-08T10:00:00-05:00", "price": "12"}).json
    comparing.compare(DANA, lambda: datetime.now(UTC))
    assert (corrected["closeDate"], corrected["netPnl"]) == ("2026-01-08T10:00:00-05:00", "200")
    days = dana.get("/stats/calendar", query="month=2026-01").json["days"]
    assert {day["from"]: day["realizedPnl"] for day in days if day["realizedPnl"] != "0"} == {"2026-01-08": "200"}
    assert dana.get("/trades", query="activeOn=2026-01-08").json["items"] == [corrected]
    assert dana.get("/trades", query="activeOn=2026-01-06").json["items"] == []
    assert dana.get("/stats", query="from=2026-01-08&to=2026-01-08").json["netPnl"] == "200"
    only = f"{path_of(trade)}/entries/{trade['entries'][0]['entryId']}"
    dana.patch(only, {"price": "11"})
    comparing.compare(DANA, lambda: datetime.now(UTC))
    assert dana.get("/stats").json["netPnl"] == "100"


def test_r_follows_the_first_stop_in_trades_and_statistics(dana: Client) -> None:
    trade = dana.new_trade(quantity="10", entryPrice="100", stopLoss="95", **PLAIN)
    assert trade["initialStopLoss"] == "95"
    for stop in ("100", "98"):
        moved = dana.patch(path_of(trade), {"stopLoss": stop}).json
        assert (moved["stopLoss"], moved["initialStopLoss"]) == (stop, "95")
    trade = dana.post(f"{path_of(trade)}/closes", {"price": "110", "closedAt": "2026-01-06T09:00:00Z"}).json
    assert trade["rMultiple"] == 2
    comparing.compare(DANA, lambda: datetime.now(UTC))
    assert dana.get("/stats").json["expectancyR"] == 2
    corrected = dana.patch(path_of(trade), {"initialStopLoss": "90", "initialRiskAmount": None}).json
    assert corrected["rMultiple"] == 1
    assert "rMultiple" not in dana.patch(path_of(trade), {"initialStopLoss": None}).json


def test_the_lot_method_is_set_while_nothing_is_closed(dana: Client) -> None:
    trade = dana.new_trade(quantity="1", entryPrice="100", **PLAIN)
    assert dana.patch(path_of(trade), {"lotMethod": "FIFO"}).json["lotMethod"] == "FIFO"
    assert dana.patch(path_of(trade), {"lotMethod": None}).json["lotMethod"] == "AVERAGE"
    assert dana.patch(path_of(trade), {"lotMethod": "HIFO"}).status == 400
    dana.post(f"{path_of(trade)}/closes", CLOSE)
    answer = dana.patch(path_of(trade), {"lotMethod": "LIFO"})
    assert (answer.status, answer.bad_fields) == (409, {("body", "/lotMethod")})


def test_the_most_entries_and_closes_fit_into_an_item(dana: Client) -> None:
    longest = "0.123456789012345678"
    costs = {"commission": longest, "fees": longest}
    moment = "2026-01-05T10:00:00.123456-05:00"
    entries = [{"quantity": "999999999.123456789012345678", "price": longest, "enteredAt": moment, **costs}] * 200
    closes = [{"quantity": longest, "price": longest, "closedAt": moment, **costs}] * 199
    notes = dict.fromkeys(("preTradeNotes", "postTradeNotes", "mistakes", "lessons"), "\U0001f4c8" * 4000)
    trade = dana.post("/trades", given_at_once(entries=entries, closes=closes)).json
    trade = dana.patch(path_of(trade), {**notes, "newsEvents": ["ä" * 200] * 20}).json
    closed = dana.post(f"{path_of(trade)}/closes", {"price": longest, "closedAt": moment}, headers=KEY)
    assert (closed.status, closed.json["status"], len(closed.json["entries"])) == (201, "CLOSED", 200)
    assert dana.post(f"{path_of(trade)}/entries", ENTRY).status == 409


def test_a_repeated_create_compares_entries_and_adds_closes_that_are_missing(dana: Client) -> None:
    entries = [ENTRY, {**ENTRY, "quantity": "2", "price": "131"}]
    given = given_at_once(entries=entries, externalId="broker-1")
    trade = dana.post("/trades", given).json
    close = {"quantity": "1", "price": "140", "closedAt": "2026-01-08T10:00:00Z"}
    again = {**given, "entries": entries[::-1], "closes": [close]}
    completed = dana.post("/trades", again, query="onExisting=COMPLETE")
    assert (completed.status, completed.json["tradeId"]) == (200, trade["tradeId"])
    assert len(completed.json["partialCloses"]) == 1
    other = {**again, "entries": [{**ENTRY, "price": "129"}, entries[1]]}
    answer = dana.post("/trades", other, query="onExisting=COMPLETE")
    assert (answer.status, answer.bad_fields) == (409, {("body", "/entries")})
    answer = dana.post("/trades", {**again, "lotMethod": "FIFO"}, query="onExisting=COMPLETE")
    assert (answer.status, answer.bad_fields) == (409, {("body", "/lotMethod")})

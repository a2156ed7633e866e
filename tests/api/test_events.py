"""Dated events of a trade: recorded, listed, corrected, taken back, and what statistics make of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.client import Client
from tests.api.test_stats import record, settle

DIVIDEND = {"type": "DIVIDEND", "amount": "24", "at": "2026-01-09T09:00:00-05:00", "note": "0.24 a share"}
FUNDING = {"type": "FUNDING", "amount": "-1.25", "at": "2026-01-05T16:00:00Z"}
NEVER = "99999999-0000-4000-8000-000000000000"


@pytest.fixture
def flat(dana: Client) -> str:
    """The address of a trade that became flat on 5 January with 100 of net result."""
    return f"/trades/{record(dana, '2026-01-05', '100')['tradeId']}"


def test_an_event_is_recorded_after_the_trade_is_flat_and_can_be_read_where_location_says(
    dana: Client, flat: str
) -> None:
    answer = dana.post(f"{flat}/events", DIVIDEND)
    trade = answer.json
    [event] = trade["events"]
    assert answer.status == 201
    assert (answer.headers["location"], answer.headers["etag"]) == (f"/v1{flat}/events/{event['eventId']}", '"2"')
    assert (trade["status"], trade["grossPnl"], trade["eventPnl"], trade["netPnl"]) == ("CLOSED", "100", "24", "124")
    read = dana.get(f"{flat}/events/{event['eventId']}")
    assert (read.status, read.json, read.headers["etag"]) == (200, event, '"2"')
    assert event == {"eventId": event["eventId"], **DIVIDEND}
    assert dana.get(flat).json == trade


def test_events_are_listed_by_time(dana: Client, flat: str) -> None:
    assert dana.get(f"{flat}/events").json == {"items": []}
    dana.post(f"{flat}/events", DIVIDEND)
    dana.post(f"{flat}/events", FUNDING)
    answer = dana.get(f"{flat}/events")
    assert [event["type"] for event in answer.json["items"]] == ["FUNDING", "DIVIDEND"]
    assert answer.headers["etag"] == '"3"'


def test_an_event_is_corrected_by_a_merge_patch(dana: Client, flat: str) -> None:
    trade = dana.post(f"{flat}/events", DIVIDEND).json
    path = f"{flat}/events/{trade['events'][0]['eventId']}"
    answer = dana.patch(path, {"amount": "-7.5", "type": "SWAP", "note": None})
    [event] = answer.json["events"]
    assert (answer.status, answer.headers["etag"]) == (200, '"3"')
    assert event == {"eventId": event["eventId"], "type": "SWAP", "amount": "-7.5", "at": DIVIDEND["at"]}
    assert answer.json["netPnl"] == "92.5"
    same = dana.patch(path, {"amount": "-7.50"})
    assert (same.json, same.headers["etag"]) == (answer.json, '"3"')


def test_an_event_is_taken_back_once(dana: Client, flat: str) -> None:
    before = dana.get(flat).json
    path = f"{flat}/events/{dana.post(f'{flat}/events', DIVIDEND).json['events'][0]['eventId']}"
    answer = dana.delete(path)
    assert answer.status == 200
    assert {**answer.json, "version": 1, "updatedAt": ""} == {**before, "updatedAt": ""}
    for again in (dana.delete(path), dana.patch(path, {"amount": "1"}), dana.get(path)):
        assert (again.status, again.kind) == (404, "/problems/not-found")


def test_an_id_is_told_by_its_value_not_by_its_case(dana: Client, flat: str) -> None:
    event = dana.post(f"{flat}/events", DIVIDEND).json["events"][0]["eventId"]
    assert dana.get(f"{flat}/events/{event.upper()}").json["eventId"] == event


def test_a_repeated_create_records_one_event(dana: Client, flat: str) -> None:
    key = {"Idempotency-Key": "dividend-2026-01"}
    first, again = (dana.post(f"{flat}/events", DIVIDEND, headers=key) for _ in range(2))
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    assert len(dana.get(f"{flat}/events").json["items"]) == 1
    other = dana.post(f"{flat}/events", {**DIVIDEND, "amount": "25"}, headers=key)
    assert (other.status, other.kind) == (422, "/problems/idempotency-key-reused")
    same = dana.post(f"{flat}/events", {**DIVIDEND, "amount": "24.00"}, headers=key)
    assert same.body == first.body


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"at": "2026-01-05T08:59:59Z"}, 422, "/at"),
        ({"amount": "1e2"}, 400, "/amount"),
        ({"amount": 24}, 400, "/amount"),
        ({"type": "ROLLOVER"}, 400, "/type"),
        ({"note": ""}, 400, "/note"),
        ({"note": "x" * 201}, 400, "/note"),
        ({"at": "2026-01-09"}, 400, "/at"),
        ({"eventId": NEVER}, 400, "/eventId"),
    ],
)
def test_what_is_wrong_with_an_event_is_named(
    dana: Client, flat: str, given: dict[str, Any], status: int, field: str
) -> None:
    answer = dana.post(f"{flat}/events", {**DIVIDEND, **given})
    assert (answer.status, answer.bad_fields) == (status, {("body", field)})
    path = f"{flat}/events/{dana.post(f'{flat}/events', DIVIDEND).json['events'][0]['eventId']}"
    patched = dana.patch(path, given)
    assert (patched.status, patched.bad_fields) == (status, {("body", field)})


@pytest.mark.parametrize("name", ["type", "amount", "at"])
def test_what_an_event_needs_cannot_be_left_out_or_removed(dana: Client, flat: str, name: str) -> None:
    without = {key: value for key, value in DIVIDEND.items() if key != name}
    assert dana.post(f"{flat}/events", without).bad_fields == {("body", f"/{name}")}
    path = f"{flat}/events/{dana.post(f'{flat}/events', DIVIDEND).json['events'][0]['eventId']}"
    assert dana.patch(path, {name: None}).bad_fields == {("body", f"/{name}")}


def test_a_cancelled_trade_has_no_events_and_an_entry_stays_before_them(dana: Client) -> None:
    cancelled = f"/trades/{dana.new_trade(status='CANCELLED')['tradeId']}"
    refused = dana.post(f"{cancelled}/events", DIVIDEND)
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    path = f"/trades/{dana.new_trade()['tradeId']}"
    dana.post(f"{path}/events", DIVIDEND)
    for change, field in (({"status": "CANCELLED"}, "/status"), ({"openDate": "2026-01-10T00:00:00Z"}, "/openDate")):
        answer = dana.patch(path, change)
        assert (answer.status, answer.bad_fields) == (409, {("body", field)})


def test_events_are_derived_for_a_create_and_a_patch_of_a_trade(dana: Client, flat: str) -> None:
    assert dana.patch(flat, {"events": []}).bad_fields == {("body", "/events")}


def test_the_last_of_so_many_events_is_taken_and_the_next_one_is_not(
    dana: Client, flat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.journal.changes.MOST_EVENTS", 2)
    assert [dana.post(f"{flat}/events", FUNDING | {"at": "2026-01-06T00:00:00Z"}).status for _ in range(3)] == [
        201,
        201,
        409,
    ]


def test_the_money_of_an_event_counts_on_its_day_and_in_the_result_on_the_day_of_the_last_close(
    dana: Client, flat: str
) -> None:
    dana.post(f"{flat}/events", DIVIDEND)
    settle()
    days = {day["from"]: day for day in dana.get("/stats/calendar", query="month=2026-01").json["days"]}
    assert (days["2026-01-05"]["realizedPnl"], days["2026-01-05"]["tradeCount"]) == ("100", 1)
    assert (days["2026-01-09"]["realizedPnl"], days["2026-01-09"]["tradeCount"]) == ("24", 0)
    stats = dana.get("/stats").json
    assert {name: stats[name] for name in ("realizedPnl", "netPnl", "grossPnl", "costs", "eventPnl", "bestWin")} == {
        "realizedPnl": "124",
        "netPnl": "124",
        "grossPnl": "100",
        "costs": "0",
        "eventPnl": "24",
        "bestWin": "124",
    }
    points = dana.get("/stats/equity-curve").json["points"]
    assert [(point["from"], point["cumulativePnl"]) for point in points] == [
        ("2026-01-05", "100"),
        ("2026-01-09", "124"),
    ]
    late = dana.get("/stats", query="from=2026-01-09&to=2026-01-09").json
    assert (late["realizedPnl"], late["netPnl"], late["tradeCount"]) == ("24", "0", 0)


def test_an_event_can_turn_a_loss_into_a_win(dana: Client) -> None:
    path = f"/trades/{record(dana, '2026-01-05', '-10')['tradeId']}"
    dana.post(f"{path}/events", DIVIDEND)
    settle()
    stats = dana.get("/stats").json
    assert (stats["wins"], stats["losses"], stats["sumWinPnl"]) == (1, 0, "14")


def test_a_day_of_the_calendar_on_which_an_event_paid_lists_its_trade(dana: Client, flat: str) -> None:
    trade = dana.post(f"{flat}/events", DIVIDEND).json
    settle()
    for day in ("2026-01-05", "2026-01-09"):
        assert dana.get("/trades", query=f"activeOn={day}").json == {"items": [trade]}
    assert dana.get("/trades", query="closeFrom=2026-01-09&closeTo=2026-01-09").json == {"items": []}
    assert dana.get("/trades", query="closeFrom=2026-01-05&closeTo=2026-01-05").json == {"items": [trade]}


def test_the_money_of_an_open_trade_counts_on_the_days_of_its_events(dana: Client) -> None:
    path = f"/trades/{dana.new_trade(entryPrice=None)['tradeId']}"
    trade = dana.post(f"{path}/events", FUNDING).json
    assert (trade["status"], trade["realizedPartialPnl"]) == ("OPEN", "-1.25")
    settle()
    stats = dana.get("/stats").json
    assert (stats["realizedPnl"], stats["tradeCount"]) == ("-1.25", 0)
    assert dana.get("/trades", query="activeOn=2026-01-05").json == {"items": [trade]}


def test_an_event_counts_at_once_for_who_names_the_trade(dana: Client, flat: str) -> None:
    settle()
    trade = dana.post(f"{flat}/events", DIVIDEND).json
    asked = f"includes={trade['tradeId']}@{trade['version']}"
    assert dana.get("/stats", query=asked).json["realizedPnl"] == "124"
    assert dana.get("/trades", query=f"activeOn=2026-01-09&{asked}").json == {"items": [trade]}


def test_an_event_whose_removal_makes_the_figures_too_long_cannot_be_taken_back(dana: Client, flat: str) -> None:
    for amount in ("900000000000000", "-900000000000000", "900000000000000"):
        trade = dana.post(f"{flat}/events", {**DIVIDEND, "amount": amount}).json
    loss = next(event for event in trade["events"] if event["amount"].startswith("-"))
    answer = dana.delete(f"{flat}/events/{loss['eventId']}")
    assert (answer.status, answer.kind) == (409, "/problems/state-forbids")

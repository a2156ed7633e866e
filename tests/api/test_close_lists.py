"""Lists of trades by the days of their closes, as a calendar and a ranking need them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from handlers.journal.stats.close_lists import SortBy
from handlers.operations import trades as operations
from handlers.storage.errors import BadPageToken
from handlers.storage.stats import comparing
from handlers.storage.trade_queries import ListPosition
from handlers.usecases import list_by_close
from tests.api.client import DANA, ERIN, Client


def settle(user: str = DANA) -> None:
    comparing.compare(user, lambda: datetime.now(UTC))


def record(client: Client, symbol: str, closed: str, net: str, **given: Any) -> str:
    """A trade opened on 1 December that became flat then, and earned that. Its id."""
    trade: dict[str, Any] = client.new_trade(
        symbol=symbol,
        entryPrice="1000",
        quantity="1",
        stopLoss=None,
        commission=None,
        fees=None,
        openDate="2025-12-01T09:00:00Z",
        closes=[{"quantity": "1", "price": str(1000 + int(net)), "closedAt": closed}],
        **given,
    )
    return str(trade["tradeId"])


@pytest.fixture
def january(dana: Client) -> Client:
    """Five trades that became flat in January, one in February, one that is open in part, one that is open."""
    record(dana, "B", "2026-01-05T12:00:00Z", "10", riskAmount="5")
    record(dana, "A", "2026-01-05T14:00:00Z", "-20", riskAmount="40", tags=["gap"])
    record(dana, "C", "2026-01-06T12:00:00Z", "30")
    record(dana, "E", "2026-01-07T23:30:00-05:00", "0", riskAmount="10")
    record(dana, "D", "2026-01-31T12:00:00Z", "-40")
    record(dana, "F", "2026-02-01T12:00:00Z", "60")
    part = [{"quantity": "1", "price": "12", "closedAt": "2026-01-06T13:00:00Z"}]
    dana.new_trade(symbol="P", quantity="2", openDate="2025-12-01T09:00:00Z", closes=part)
    dana.new_trade(symbol="O", openDate="2026-01-05T09:00:00Z")
    settle()
    return dana


def symbols(client: Client, query: str) -> str:
    """The symbols of a list, all pages of it."""
    found, token = "", ""
    for _ in range(20):
        page = client.get("/trades", query=query + token).json
        found += "".join(trade["symbol"] for trade in page["items"])
        if "nextToken" not in page:
            return found
        token = f"&nextToken={page['nextToken']}"
    raise AssertionError("the list never ends")


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("closeFrom=2026-01-05&closeTo=2026-01-05", "AB"),
        ("closeFrom=2026-01-05&closeTo=2026-01-05&order=asc", "BA"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31", "DECAB"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&sort=NET_PNL", "CBEAD"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&sort=NET_PNL&order=asc", "DAEBC"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&sort=SYMBOL&order=asc", "ABCDE"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&sort=SYMBOL", "EDCBA"),
        ("closeFrom=2026-01-07&closeTo=2026-01-07", "E"),
        ("closeFrom=2026-01-08&closeTo=2026-01-08", ""),
        ("closeFrom=2026-01-08&closeTo=2026-01-08&timeZone=UTC", "E"),
        ("closeFrom=2026-01-08&closeTo=2026-01-08&dayStartsAt=17:00", "E"),
        ("closeFrom=2026-01-06&closeTo=2026-01-05", ""),
        ("activeOn=2026-01-06", "PC"),
        ("activeOn=2026-01-06&status=PARTIAL", "P"),
        ("activeOn=2026-01-05", "AB"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&tag=gap", "A"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&symbol=C", "C"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&symbol=c", "C"),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&side=SELL", ""),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&openFrom=2025-12-02", ""),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&openTo=2025-12-01", "DECAB"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_trades_are_listed_by_their_closes_page_by_page(january: Client, asked: str, listed: str, limit: int) -> None:
    assert symbols(january, f"{asked}&limit={limit}") == listed


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 100])
def test_trades_without_a_risk_come_last_whichever_way_r_is_sorted(january: Client, order: str, limit: int) -> None:
    asked = f"closeFrom=2026-01-01&closeTo=2026-01-31&sort=R_MULTIPLE&order={order}&limit={limit}"
    found = symbols(january, asked)
    assert found[:3] == ("AEB" if order == "asc" else "BEA")
    assert set(found[3:]) == {"C", "D"}


def test_a_day_of_the_calendar_lists_as_many_trades_as_it_counts(january: Client) -> None:
    for zone in ("", "&timeZone=Asia/Tokyo", "&timeZone=America/Los_Angeles&dayStartsAt=17:00"):
        calendar = january.get("/stats/calendar", query=f"month=2026-01{zone}").json
        for day in calendar["days"]:
            listed = symbols(january, f"closeFrom={day['from']}&closeTo={day['to']}{zone}")
            assert len(listed) == day["tradeCount"]


def test_a_trade_that_was_just_closed_is_listed_when_it_is_included(january: Client) -> None:
    trade = record(january, "N", "2026-01-05T15:00:00Z", "1")
    day = "closeFrom=2026-01-05&closeTo=2026-01-05"
    assert symbols(january, day) == "AB"
    assert symbols(january, f"{day}&includes={trade}@1") == "NAB"


def test_a_trade_that_has_left_the_list_since_is_not_shown(january: Client) -> None:
    [b] = january.get("/trades", query="symbol=B").json["items"]
    january.delete(f"/trades/{b['tradeId']}/closes/{b['partialCloses'][0]['closeId']}")
    [a] = january.get("/trades", query="symbol=A").json["items"]
    january.delete(f"/trades/{a['tradeId']}")
    assert symbols(january, "closeFrom=2026-01-05&closeTo=2026-01-06&limit=1") == "C"


def test_a_page_holds_no_more_than_an_answer_can(january: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_by_close, "ENOUGH_BYTES", 1)
    page = january.get("/trades", query="closeFrom=2026-01-01&closeTo=2026-01-31").json
    assert len(page["items"]) == 1
    assert symbols(january, "closeFrom=2026-01-01&closeTo=2026-01-31") == "DECAB"


def test_a_token_belongs_to_its_list_alone(january: Client, erin: Client) -> None:
    asked = "closeFrom=2026-01-01&closeTo=2026-01-31&limit=1"
    token = january.get("/trades", query=asked).json["nextToken"]
    for other in (
        f"{asked}&sort=NET_PNL",
        f"{asked}&timeZone=UTC",
        "closeFrom=2026-01-01&closeTo=2026-01-30&limit=1",
        "activeOn=2026-01-05",
        "limit=1",
    ):
        answer = january.get("/trades", query=f"{other}&nextToken={token}")
        assert (answer.status, answer.bad_fields) == (400, {("query", "/nextToken")})
    settle(ERIN)
    assert erin.get("/trades", query=f"{asked}&nextToken={token}").status == 400
    assert erin.get("/trades", query=asked).json == {"items": []}


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ("closeFrom=2026-01-01", {"/closeTo"}),
        ("closeTo=2026-01-01", {"/closeFrom"}),
        ("closeFrom=2026-01-01&closeTo=2027-01-02", {"/closeTo"}),
        ("activeOn=2026-01-01&closeFrom=2026-01-01&closeTo=2026-01-01", {"/closeFrom", "/closeTo"}),
        ("sort=NET_PNL", {"/sort"}),
        ("sort=CLOSE_DATE&symbol=A", {"/sort"}),
        ("timeZone=Mars/Olympus", {"/timeZone"}),
        ("timeZone=Europe/Berlin", {"/timeZone"}),
        ("dayStartsAt=17:00&openFrom=2026-01-01", {"/dayStartsAt"}),
        ("includes=0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f@1", {"/includes"}),
        (
            "timeZone=UTC&dayStartsAt=00:01&sort=SYMBOL&includes=0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f@1",
            {"/timeZone", "/dayStartsAt", "/sort", "/includes"},
        ),
    ],
)
def test_what_breaks_a_rule_is_named(dana: Client, asked: str, fields: set[str]) -> None:
    answer = dana.get("/trades", query=asked)
    assert (answer.status, answer.kind) == (422, "/problems/rule-broken")
    assert answer.bad_fields == {("query", field) for field in fields}


def test_by_the_entry_is_what_a_list_is_sorted_by_without_a_range(january: Client) -> None:
    assert symbols(january, "sort=OPEN_DATE&status=OPEN") == "O"


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_trades_closed_in_a_range_are_sorted_by_their_entries(dana: Client, order: str, limit: int) -> None:
    for number, symbol in enumerate("BCA"):
        opened = f"2026-01-0{number + 1}T09:00:00Z"
        dana.new_trade(symbol=symbol, openDate=opened, exitPrice="12", closeDate="2026-01-05T12:00:00Z")
    settle()
    asked = f"closeFrom=2026-01-05&closeTo=2026-01-05&sort=OPEN_DATE&order={order}&limit={limit}"
    assert symbols(dana, asked) == ("BCA" if order == "asc" else "ACB")


def test_a_position_of_another_list_is_refused() -> None:
    elsewhere = ListPosition(index="trades-by-date-gsi", sort_key="x", trade_id="trade-1")
    with pytest.raises(BadPageToken):
        list_by_close._following([], elsewhere, SortBy.CLOSE_DATE, descending=True)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ("closeFrom=2026-01-01&closeTo=2026-01-31", 5),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&limit=2", 5),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&tag=gap", 1),
        ("activeOn=2026-01-06", 2),
        ("activeOn=2026-01-06&status=PARTIAL", 1),
        ("activeOn=2026-01-06&status=PARTIAL&status=CLOSED", 2),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&hasImages=false", 5),
        ("closeFrom=2026-01-01&closeTo=2026-01-31&openFrom=2025-12-02", 0),
        ("closeFrom=2026-01-06&closeTo=2026-01-05", 0),
    ],
)
def test_such_a_list_is_counted_when_that_is_asked(january: Client, asked: str, number: int) -> None:
    assert january.get("/trades", query=f"{asked}&count=true").json["count"] == number
    assert "count" not in january.get("/trades", query=asked).json


@pytest.mark.parametrize("more", ["", "&status=CLOSED"])
def test_of_many_trades_as_many_are_told_as_were_counted(
    january: Client, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    monkeypatch.setattr(operations, "MOST_COUNTED", 2)
    monkeypatch.setattr(list_by_close, "_COUNTED_AT_ONCE", 2)
    answer = january.get("/trades", query=f"closeFrom=2026-01-01&closeTo=2026-01-31&count=true{more}").json
    assert (answer["countIsAtLeast"], "count" in answer) == (2, False)


def test_a_trade_that_was_just_closed_is_counted_when_it_is_included(january: Client) -> None:
    made = january.new_trade(symbol="N", exitPrice="12", closeDate="2026-01-06T15:00:00Z")
    asked = "closeFrom=2026-01-01&closeTo=2026-01-31&count=true"
    included = f"&includes={made['tradeId']}@{made['version']}"
    assert january.get("/trades", query=asked).json["count"] == 5
    assert january.get("/trades", query=asked + included).json["count"] == 6

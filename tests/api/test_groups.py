"""Groups of trades: made, changed, read, listed, deleted, and counted as one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from handlers.storage import clients, erasure_marks, trades
from handlers.storage import groups as storage
from handlers.usecases import groups as usecase
from tests.api.client import DANA, Client
from tests.api.contention import at_once, statuses
from tests.api.contention import one_call_at_a_time as one_call_at_a_time
from tests.api.test_stats import record, settle

PAIR, OTHER = "7e1d0c9b-8a7f-4e6d-b5c4-3a2b1c0d9e8f", "8f2e1d0c-9b8a-4f7e-a6d5-4b3c2d1e0f9a"
NEVER = "99999999-0000-4000-8000-000000000000"


def a_group(*trade_ids: str, **given: Any) -> dict[str, Any]:
    return {"name": "AAPL / MSFT", "strategy": "pair", "tradeIds": list(trade_ids), **given}


@pytest.fixture
def legs(dana: Client) -> list[str]:
    """The ids of two trades: one flat on 5 January with 30, one on 7 January with -10."""
    return [
        record(dana, "2026-01-05", "30", "10")["tradeId"],
        record(dana, "2026-01-07", "-10", "30", symbol="MSFT")["tradeId"],
    ]


def test_a_group_is_made_and_read_where_location_says_and_its_trades_name_it(dana: Client, legs: list[str]) -> None:
    made = dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    assert (made.status, made.headers["location"], made.headers["etag"]) == (201, f"/v1/groups/{PAIR}", '"1"')
    group = made.json
    assert group == {
        "groupId": PAIR,
        "name": "AAPL / MSFT",
        "strategy": "pair",
        "tradeIds": legs,
        "realizedPnl": "20",
        "netPnl": "20",
        "rMultiple": 0.5,
        "closeDate": "2026-01-07T12:00:00Z",
        "version": 1,
        "createdAt": group["createdAt"],
        "updatedAt": group["createdAt"],
    }
    read = dana.get(f"/groups/{PAIR.upper()}")
    assert (read.status, read.json, read.headers["etag"]) == (200, group, '"1"')
    for trade_id in legs:
        trade = dana.get(f"/trades/{trade_id}")
        assert (trade.json["groupId"], trade.headers["etag"]) == (PAIR, '"2"')


def test_a_group_with_an_open_trade_has_no_result_yet(dana: Client, legs: list[str]) -> None:
    opened = dana.new_trade()["tradeId"]
    group = dana("PUT", f"/groups/{PAIR}", a_group(legs[0], opened)).json
    assert group["realizedPnl"] == "30"
    assert group.keys().isdisjoint({"netPnl", "rMultiple", "closeDate"})


def test_a_repeated_put_changes_nothing_and_another_lets_trades_join_and_leave(dana: Client, legs: list[str]) -> None:
    first = dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    again = dana("PUT", f"/groups/{PAIR}", a_group(legs[0].upper(), legs[1]))
    assert (again.status, again.json) == (200, first.json)
    third = dana.new_trade()["tradeId"]
    changed = dana("PUT", f"/groups/{PAIR}", {"name": "triple", "tradeIds": [third, legs[1]]})
    assert (changed.status, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json["name"], changed.json["tradeIds"], changed.json["createdAt"]) == (
        "triple",
        [third, legs[1]],
        first.json["createdAt"],
    )
    assert "strategy" not in changed.json
    trades = [dana.get(f"/trades/{trade_id}").json for trade_id in (*legs, third)]
    assert [(trade.get("groupId"), trade["version"]) for trade in trades] == [(None, 3), (PAIR, 2), (PAIR, 2)]


def test_a_group_that_is_deleted_leaves_its_trades(dana: Client, legs: list[str]) -> None:
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    assert dana.delete(f"/groups/{PAIR}").status == 204
    for gone in (dana.get(f"/groups/{PAIR}"), dana.delete(f"/groups/{PAIR}")):
        assert (gone.status, gone.kind) == (404, "/problems/not-found")
    trades = [dana.get(f"/trades/{trade_id}").json for trade_id in legs]
    assert [(trade.get("groupId"), trade["version"]) for trade in trades] == [(None, 3), (None, 3)]


def test_a_trade_belongs_to_one_group_at_most(dana: Client, legs: list[str]) -> None:
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    refused = dana("PUT", f"/groups/{OTHER}", a_group(dana.new_trade()["tradeId"], legs[1]))
    assert (refused.status, refused.kind) == (409, "/problems/state-forbids")
    assert refused.bad_fields == {("body", "/tradeIds/1")}
    assert PAIR in refused.json["errors"][0]["detail"]
    assert dana.get(f"/groups/{OTHER}").status == 404
    dana("PUT", f"/groups/{PAIR}", a_group(legs[0]))
    assert dana("PUT", f"/groups/{OTHER}", a_group(legs[1])).status == 201


def test_what_is_no_trade_of_the_user_is_named(dana: Client, erin: Client, legs: list[str]) -> None:
    erins = erin.new_trade()["tradeId"]
    answer = dana("PUT", f"/groups/{PAIR}", a_group(legs[0], erins, NEVER))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/tradeIds/1"), ("body", "/tradeIds/2")})
    assert dana.get(f"/trades/{legs[0]}").json["version"] == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tradeIds": []}, "/tradeIds"),
        ({"tradeIds": [str(UUID(int=number)) for number in range(91)]}, "/tradeIds"),
        ({"tradeIds": ["x"]}, "/tradeIds/0"),
        ({"name": ""}, "/name"),
        ({"strategy": "x" * 51}, "/strategy"),
        ({"groupId": PAIR}, "/groupId"),
    ],
)
def test_what_does_not_follow_the_contract_is_named(dana: Client, given: dict[str, Any], field: str) -> None:
    answer = dana("PUT", f"/groups/{PAIR}", a_group(NEVER, **given))
    assert (answer.status, answer.bad_fields) == (400, {("body", field)})


def test_a_change_with_if_match_is_made_to_the_version_that_was_meant(dana: Client, legs: list[str]) -> None:
    path, body = f"/groups/{PAIR}", a_group(*legs)
    for tags in ('"1"', "*"):  # there is none yet
        assert dana("PUT", path, body, headers={"If-Match": tags}).kind == "/problems/version-mismatch"
    dana("PUT", path, body)
    assert dana("PUT", path, a_group(legs[0]), headers={"If-Match": '"2"'}).status == 412
    assert dana.delete(path, headers={"If-Match": '"2"'}).status == 412
    assert dana("PUT", path, a_group(legs[0]), headers={"If-Match": '"1"'}).headers["etag"] == '"2"'
    assert dana.delete(path, headers={"If-Match": '"2"'}).status == 204


def test_more_trades_than_one_transaction_holds_do_not_join_and_leave_at_once(
    dana: Client, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecase, "MOST_CHANGES", 2)
    assert dana("PUT", f"/groups/{PAIR}", a_group(*legs)).status == 201
    others = [dana.new_trade()["tradeId"] for _ in range(2)]
    refused = dana("PUT", f"/groups/{PAIR}", a_group(*others))
    assert (refused.status, refused.bad_fields) == (422, {("body", "/tradeIds")})
    assert dana("PUT", f"/groups/{PAIR}", a_group(legs[0], others[0])).status == 200


def test_ninety_trades_become_a_group_and_ninety_others_take_two_requests(dana: Client) -> None:
    items = [{"trade": {"symbol": "AAPL", "side": "BUY", "quantity": "1", "openDate": "2026-01-05T09:00:00Z"}}] * 90
    made = [
        [each["trade"]["tradeId"] for each in dana.post("/trades/bulk", {"items": items}).json["results"]]
        for _ in range(2)
    ]
    assert dana("PUT", f"/groups/{PAIR}", a_group(*made[0])).status == 201
    assert dana("PUT", f"/groups/{PAIR}", a_group(*made[1])).status == 422
    assert dana("PUT", f"/groups/{PAIR}", a_group(*made[0][:5])).status == 200
    assert dana("PUT", f"/groups/{PAIR}", a_group(*made[1])).json["tradeIds"] == made[1]


def test_a_trade_that_is_deleted_is_in_the_group_no_more_and_another_may_take_its_place(
    dana: Client, legs: list[str]
) -> None:
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    dana.delete(f"/trades/{legs[1]}")
    group = dana.get(f"/groups/{PAIR}").json
    assert (group["tradeIds"], group["netPnl"], group["version"]) == ([legs[0]], "30", 1)
    assert dana("PUT", f"/groups/{PAIR}", a_group(legs[0])).json["version"] == 2
    assert dana("PUT", f"/groups/{PAIR}", a_group(*legs)).bad_fields == {("body", "/tradeIds/1")}
    dana.delete(f"/trades/{legs[0]}")
    assert dana.get(f"/groups/{PAIR}").json["tradeIds"] == []
    assert dana.delete(f"/groups/{PAIR}").status == 204


def test_a_repeated_put_still_names_a_trade_that_was_deleted(dana: Client, legs: list[str]) -> None:
    path = f"/groups/{PAIR}"
    dana("PUT", path, a_group(*legs))
    dana.delete(f"/trades/{legs[1]}")
    again = dana("PUT", path, a_group(*legs))
    assert (again.status, again.json["version"], again.json["tradeIds"]) == (200, 1, [legs[0]])
    assert dana("PUT", path, a_group(*legs, name="Renamed")).json["version"] == 2
    assert dana("PUT", path, a_group(*legs, NEVER)).bad_fields == {("body", "/tradeIds/2")}
    third = dana.new_trade()["tradeId"]
    assert dana("PUT", path, a_group(*legs, third)).json["tradeIds"] == [legs[0], third]
    assert dana("PUT", f"/groups/{OTHER}", a_group(legs[1])).bad_fields == {("body", "/tradeIds/0")}
    assert dana.post(f"/deleted-trades/{legs[1]}/restore").json["groupId"] == PAIR
    assert dana.get(path).json["tradeIds"] == [*legs, third]


def test_a_trade_that_comes_back_is_in_its_group_again_if_that_still_names_it(dana: Client, legs: list[str]) -> None:
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    dana.delete(f"/trades/{legs[1]}")
    assert dana.post(f"/deleted-trades/{legs[1]}/restore").json["groupId"] == PAIR
    assert dana.get(f"/groups/{PAIR}").json["tradeIds"] == legs
    settle()
    assert dana.get("/stats", query="countAs=GROUPS").json["tradeCount"] == 1
    dana.delete(f"/trades/{legs[1]}")
    dana("PUT", f"/groups/{PAIR}", a_group(legs[0]))
    assert "groupId" not in dana.post(f"/deleted-trades/{legs[1]}/restore").json
    dana.delete(f"/trades/{legs[0]}")
    dana.delete(f"/groups/{PAIR}")
    assert "groupId" not in dana.post(f"/deleted-trades/{legs[0]}/restore").json


@pytest.mark.usefixtures("one_call_at_a_time")
def test_a_group_that_gives_a_trade_up_while_it_comes_back_is_not_named_by_it(
    dana: Client, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    dana.delete(f"/trades/{legs[1]}")
    read = trades._in_its_group
    changed: list[int] = []

    def overtaken(trade: Any) -> Any:
        found = read(trade)
        if not changed:
            changed.append(dana("PUT", f"/groups/{PAIR}", a_group(legs[0])).status)
        return found

    monkeypatch.setattr(trades, "_in_its_group", overtaken)
    back = dana.post(f"/deleted-trades/{legs[1]}/restore")
    assert (changed, back.status, "groupId" in back.json) == ([200], 200, False)


def test_a_trade_that_names_a_group_which_is_gone_can_join_another(dana: Client, legs: list[str]) -> None:
    # As a trade does that was deleted, and comes back after its group has gone on without it.
    clients.dynamodb().update_item(
        TableName="trades",
        Key={"userId": {"S": DANA}, "tradeId": {"S": legs[0]}},
        UpdateExpression="SET groupId = :group",
        ExpressionAttributeValues={":group": {"S": OTHER}},
    )
    assert dana("PUT", f"/groups/{PAIR}", a_group(*legs)).status == 201
    assert dana.get(f"/trades/{legs[0]}").json["groupId"] == PAIR


def test_groups_are_listed_a_page_at_a_time(dana: Client, erin: Client, legs: list[str]) -> None:
    assert dana.get("/groups").json == {"items": []}
    for group_id, trade_id in ((PAIR, legs[0]), (OTHER, legs[1])):
        dana("PUT", f"/groups/{group_id}", a_group(trade_id))
    first = dana.get("/groups", query="limit=1").json
    token = first["nextToken"]
    second = dana.get("/groups", query=[("limit", "1"), ("nextToken", token)]).json
    assert [group["groupId"] for group in (*first["items"], *second["items"])] == [PAIR, OTHER]
    assert "nextToken" not in second
    assert dana.get("/groups").json["items"] == [*first["items"], *second["items"]]
    assert [group["netPnl"] for group in (*first["items"], *second["items"])] == ["30", "-10"]
    for forged in (
        erin.get("/groups", query=[("nextToken", token)]),
        dana.get("/trades", query=[("nextToken", token), ("order", "asc")]),
        dana.get("/groups", query=[("nextToken", dana.get("/trades", query="limit=1&order=asc").json["nextToken"])]),
    ):
        assert (forged.status, forged.bad_fields) == (400, {("query", "/nextToken")})


def test_a_page_of_groups_ends_early_when_they_have_many_trades(
    dana: Client, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usecase, "ENOUGH_TRADES", 1)
    for group_id, trade_id in ((PAIR, legs[0]), (OTHER, legs[1])):
        dana("PUT", f"/groups/{group_id}", a_group(trade_id))
    first = dana.get("/groups").json
    second = dana.get("/groups", query=[("nextToken", first["nextToken"])]).json
    assert [len(page["items"]) for page in (first, second)] == [1, 1]
    assert "nextToken" not in second


def test_the_statistics_count_a_group_as_one_where_that_is_asked(dana: Client, legs: list[str]) -> None:
    single = record(dana, "2026-01-06", "-5")
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    settle()
    each, together = (dana.get("/stats", query=f"countAs={count_as}").json for count_as in ("TRADES", "GROUPS"))
    assert each["countAs"] == dana.get("/stats").json["countAs"] == "TRADES"
    assert together["countAs"] == "GROUPS"
    assert [(stats["tradeCount"], stats["wins"], stats["losses"]) for stats in (each, together)] == [
        (3, 1, 2),
        (2, 1, 1),
    ]
    assert (together["netPnl"], together["realizedPnl"], together["bestWin"]) == ("15", "15", "20")
    assert (together["sumR"], together["rCount"]) == (0.5, 1)
    days = dana.get("/stats/calendar", query="month=2026-01&countAs=GROUPS").json["days"]
    assert {day["from"][-2:]: (day["realizedPnl"], day["tradeCount"]) for day in days if day["realizedPnl"] != "0"} == {
        "05": ("30", 0),
        "06": ("-5", 1),
        "07": ("-10", 1),
    }
    buckets = dana.get("/stats/breakdown", query="by=GROUP&countAs=GROUPS").json["buckets"]
    assert [(bucket["keys"][0].get("value"), bucket["tradeCount"], bucket["netPnl"]) for bucket in buckets] == [
        (PAIR, 1, "20"),
        (None, 1, "-5"),
    ]
    of_group = dana.get("/stats", query=f"groupId={PAIR.upper()}").json
    assert (of_group["tradeCount"], of_group["netPnl"]) == (2, "20")
    # Lists are of trades, whatever counts.
    listed = dana.get("/trades", query="closeFrom=2026-01-01&closeTo=2026-01-31").json["items"]
    assert {trade["tradeId"] for trade in listed} == {*legs, single["tradeId"]}


def test_the_result_of_a_group_moves_and_vanishes_with_its_trades(dana: Client, legs: list[str]) -> None:
    def counted() -> tuple[int, str]:
        settle()
        stats = dana.get("/stats", query="countAs=GROUPS").json
        return stats["tradeCount"], stats["netPnl"]

    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    assert counted() == (1, "20")
    close = dana.get(f"/trades/{legs[1]}").json["partialCloses"][0]["closeId"]
    dana.delete(f"/trades/{legs[1]}/closes/{close}")
    assert counted() == (0, "0")
    dana.post(f"/trades/{legs[1]}/closes", {"price": "1001", "closedAt": "2026-02-03T10:00:00Z"})
    assert counted() == (1, "31")
    stats = dana.get("/stats", query="countAs=GROUPS&from=2026-02-03&to=2026-02-03").json
    assert (stats["tradeCount"], stats["netPnl"], stats["realizedPnl"]) == (1, "31", "1")
    dana.delete(f"/trades/{legs[0]}")
    assert counted() == (1, "1")
    dana.delete(f"/groups/{PAIR}")
    assert counted() == (1, "1")


def test_who_has_just_written_sees_the_groups_of_the_trades_that_are_named(dana: Client, legs: list[str]) -> None:
    settle()
    dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    asked = f"countAs=GROUPS&includes={legs[0]}@2&includes={legs[1]}@2"
    assert dana.get("/stats", query=asked).json["tradeCount"] == 1


def test_an_account_that_is_being_erased_takes_no_group(dana: Client, legs: list[str]) -> None:
    dana("PUT", f"/groups/{OTHER}", a_group(legs[1]))
    erasure_marks.begin(DANA, datetime.now(UTC))
    for answer in (dana("PUT", f"/groups/{PAIR}", a_group(legs[0])), dana.delete(f"/groups/{OTHER}")):
        assert (answer.status, answer.kind) == (409, "/problems/account-erased")


@pytest.mark.usefixtures("one_call_at_a_time")
def test_of_groups_that_want_one_trade_at_once_one_gets_it(dana: Client, legs: list[str]) -> None:
    bodies = [a_group(legs[0], name=f"group {number}") for number in range(8)]
    answers = [
        answer
        for group_id in (PAIR, OTHER)
        for answer in at_once(4, "putGroup", f"/groups/{group_id}", lambda number: bodies[number])
    ]
    assert statuses(answers)[409] == 4
    assert dana.get(f"/trades/{legs[0]}").json["groupId"] == PAIR


@pytest.mark.usefixtures("one_call_at_a_time")
def test_a_trade_that_changes_while_its_group_is_put_loses_neither_change(
    dana: Client, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = storage.put
    noted: list[int] = []

    def overtaken(*given: Any, **named: Any) -> None:
        if not noted:
            noted.append(dana.patch(f"/trades/{legs[0]}", {"lessons": "Wait."}).status)
        put(*given, **named)

    monkeypatch.setattr(storage, "put", overtaken)
    assert dana("PUT", f"/groups/{PAIR}", a_group(*legs)).status == 201
    trade = dana.get(f"/trades/{legs[0]}").json
    assert (noted, trade["lessons"], trade["groupId"], trade["version"]) == ([200], "Wait.", PAIR, 3)


@pytest.mark.usefixtures("one_call_at_a_time")
def test_a_trade_that_is_deleted_while_its_group_is_put_is_named(
    dana: Client, legs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    put = storage.put
    deleted: list[int] = []

    def overtaken(*given: Any, **named: Any) -> None:
        if not deleted:
            deleted.append(dana.delete(f"/trades/{legs[0]}").status)
        put(*given, **named)

    monkeypatch.setattr(storage, "put", overtaken)
    answer = dana("PUT", f"/groups/{PAIR}", a_group(*legs))
    assert (answer.status, answer.bad_fields) == (422, {("body", "/tradeIds/0")})
    assert "groupId" not in dana.get(f"/trades/{legs[1]}").json

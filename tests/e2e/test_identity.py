"""Trades that are imported again, corrected by the hundred and found by their tags, through the deployed template."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import User

CLOSE = {"quantity": "100", "price": "187.25", "closedAt": "2026-01-05T11:02:00-05:00"}


@pytest.mark.anywhere
def test_an_import_that_is_repeated_adds_what_is_missing(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api, complete = new_user().api, {"onExisting": "COMPLETE"}
    given = {**trade, "externalId": "U1234567-0000e0d5.65cb1a2b"}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.post("/trades", json=given), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [made] = [answer.json() for answer in answers if answer.status_code == 201]
    for answer in answers:
        assert answer.json()["tradeId"] == made["tradeId"]
    closed = api.post("/trades", json={**given, "closes": [CLOSE]}, params=complete)
    assert (closed.status_code, closed.json()["status"], closed.headers["ETag"]) == (200, "CLOSED", '"2"')
    again = api.post("/trades/bulk", json={"items": [{"trade": {**given, "closes": [CLOSE]}, **complete}]})
    assert again.json()["results"] == [{"status": 200, "trade": closed.json()}]
    other = api.post("/trades", json={**given, "entryPrice": "1"}, params=complete)
    assert (other.status_code, other.json()["type"]) == (409, "/v1/problems/trade-differs")
    assert api.delete(f"/trades/{made['tradeId']}").status_code == 204
    assert api.post("/trades", json=given).status_code == 201


@pytest.mark.anywhere
def test_many_trades_are_corrected_at_once(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api = new_user().api
    made = [api.post("/trades", json=trade).json()["tradeId"] for _ in range(3)]
    items = [{"tradeId": trade_id, "changes": {"tags": ["fomo", " fomo\u200b"]}} for trade_id in made]
    items += [{"tradeId": made[0], "version": 1, "changes": {"lessons": "wait"}}]
    results = api.post("/trades/bulk-update", json={"items": items}).json()["results"]
    assert [result["status"] for result in results] == [200, 200, 200, 412]
    assert [result["trade"]["tags"] for result in results[:3]] == [["fomo"]] * 3
    found = api.get("/trades", params={"tag": "fomo "}).json()["items"]
    assert {each["tradeId"] for each in found} == set(made)


@pytest.mark.anywhere
def test_a_tag_with_a_slash_is_renamed_in_all_trades(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api = new_user().api
    made = [api.post("/trades", json={**trade, "tags": ["gap/up 100%", "news"]}).json() for _ in range(3)]
    patch = {"Content-Type": "application/merge-patch+json"}
    begun = api.patch(f"/tags/{quote('gap/up 100%', safe='')}", json={"name": "gap-up"}, headers=patch)
    assert begun.status_code == 202, begun.text
    assert (begun.json()["tag"], begun.headers["Location"]) == ("gap/up 100%", "/v1/tag-change")
    assert finished(api)["tradesChanged"] == 3
    for each in made:
        changed = api.get(f"/trades/{each['tradeId']}")
        assert (changed.json()["tags"], changed.headers["ETag"]) == (["gap-up", "news"], '"2"')
        stale = api.patch(f"/trades/{each['tradeId']}", json={"lessons": "wait"}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412
    assert api.delete("/tags/news").status_code == 202
    assert finished(api)["status"] == "DONE"
    assert {tuple(each["tags"]) for each in api.get("/trades").json()["items"]} == {("gap-up",)}
    refused = api.post("/tags/news")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "DELETE, PATCH")


def finished(api: httpx.Client) -> Any:
    """The change of a tag, once it is done."""
    deadline = time.monotonic() + 60
    while (change := api.get("/tag-change").json())["status"] != "DONE":
        assert time.monotonic() < deadline, change
        time.sleep(0.2)
    return change


@pytest.mark.anywhere
def test_what_there_is_to_filter_by_is_listed(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api = new_user().api
    flat = {**trade, "exitPrice": "187.25", "closeDate": "2026-01-05T11:02:00-05:00", "tags": ["gap"]}
    for given in ({**trade, "tags": ["gap", "news"]}, flat):
        assert api.post("/trades", json=given).status_code == 201
    deadline = time.monotonic() + 60  # closed trades are seen once the books have followed
    while (found := api.get("/facets").json())["symbols"] != [{"value": trade["symbol"], "count": 2}]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert found["tags"] == [{"value": "gap", "count": 2}, {"value": "news", "count": 1}]


@pytest.mark.anywhere
def test_lists_take_several_statuses_any_case_and_count(new_user: Callable[[], User], trade: dict[str, Any]) -> None:
    api = new_user().api
    part = {"closes": [{"quantity": "1", "price": "187.25", "closedAt": "2026-01-05T11:02:00-05:00"}]}
    flat = {"exitPrice": "187.25", "closeDate": "2026-01-05T11:02:00-05:00"}
    made = [
        api.post("/trades", json={**trade, **more}).json()["tradeId"] for more in ({"externalId": "one"}, part, flat)
    ]
    asked = {"status": ["OPEN", "PARTIAL"], "symbol": trade["symbol"].lower(), "count": "true", "limit": "1"}
    first = api.get("/trades", params=asked).json()
    rest = api.get("/trades", params={**asked, "nextToken": first["nextToken"]}).json()
    assert {first["items"][0]["tradeId"], rest["items"][0]["tradeId"]} == set(made[:2])
    assert (first["count"], "nextToken" in rest) == (2, False)
    one = api.get("/trades", params={"externalId": "one", "hasImages": "false", "include": "thumbnail"}).json()["items"]
    assert [each["tradeId"] for each in one] == made[:1]
    days = {"openFrom": "2026-01-05", "openTo": "2026-01-05", "count": "true"}
    assert api.get("/trades", params=days).json()["count"] == 3

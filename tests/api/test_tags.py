"""Tags have one form in all requests: tags that look the same are found, counted and shown as one."""

import pytest

from tests.api.client import Answer, Client, a_trade
from tests.api.test_stats import settle

WRITTEN = ["fomo", " fomo", "fomo\u200b", "fo\u00admo", "new\nhigh", "e\u0301clat", "\u00e9clat", "👩\u200d🚀"]
STORED = ["fomo", "new high", "éclat", "👩\u200d🚀"]
EMPTY = " \u200b\n"


def test_a_new_trade_has_each_tag_once(dana: Client) -> None:
    created = dana.post("/trades", a_trade(tags=WRITTEN)).json
    assert created["tags"] == STORED
    assert dana.get(f"/trades/{created['tradeId']}").json["tags"] == STORED


def test_so_has_each_trade_of_many(dana: Client) -> None:
    [result] = dana.post("/trades/bulk", {"items": [{"trade": a_trade(tags=WRITTEN)}]}).json["results"]
    assert result["trade"]["tags"] == STORED


def test_so_has_a_corrected_trade_whose_version_stays_when_nothing_differs(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    patched = dana.patch(f"/trades/{trade_id}", {"tags": WRITTEN}).json
    assert (patched["tags"], patched["version"]) == (STORED, 2)
    assert dana.patch(f"/trades/{trade_id}", {"tags": [*STORED, "fomo "]}).json["version"] == 2


def test_a_tag_of_which_nothing_is_left_is_named(dana: Client) -> None:
    trade_id = dana.new_trade()["tradeId"]
    single: list[Answer] = [
        dana.post("/trades", a_trade(tags=["gap", EMPTY])),
        dana.patch(f"/trades/{trade_id}", {"tags": ["gap", EMPTY]}),
    ]
    [result] = dana.post("/trades/bulk", {"items": [{"trade": a_trade(tags=["gap", EMPTY])}]}).json["results"]
    for problem in [*(answer.json for answer in single), result["problem"]]:
        assert problem["status"] == 422
        [field] = problem["errors"]
        assert (field["in"], field["pointer"]) == ("body", "/tags/1")
        assert "nothing that can be seen" in field["detail"]


@pytest.mark.parametrize("written", ["fomo", " fomo ", "f\u200domo", "fomo\ufeff"])
def test_a_list_finds_a_tag_however_it_is_written(dana: Client, written: str) -> None:
    found = dana.new_trade(tags=["fomo"])["tradeId"]
    dana.new_trade(tags=["gap"])
    listed = dana.get("/trades", query=[("tag", written)]).json["items"]
    assert [trade["tradeId"] for trade in listed] == [found]


QUERIES: list[tuple[str, list[tuple[str, str]]]] = [
    ("/trades", []),
    ("/trades", [("closeFrom", "2026-01-01"), ("closeTo", "2026-01-31")]),
    ("/stats", []),
    ("/stats/equity-curve", []),
    ("/stats/calendar", [("month", "2026-01")]),
    ("/stats/breakdown", [("by", "TAG")]),
]


@pytest.mark.parametrize(("path", "others"), QUERIES)
def test_a_filter_of_which_nothing_is_left_is_named(dana: Client, path: str, others: list[tuple[str, str]]) -> None:
    names = ["tag"] if path == "/trades" else ["tag", "excludeTag"]
    for name in names:
        answer = dana.get(path, query=[*others, (name, EMPTY)])
        assert (answer.status, answer.bad_fields) == (422, {("query", f"/{name}")})


def test_statistics_count_a_tag_however_it_is_written(dana: Client) -> None:
    dana.new_trade(tags=["fomo\u200b"], exitPrice="12", closeDate="2026-01-05T15:00:00Z")
    dana.new_trade(tags=["gap"], exitPrice="13", closeDate="2026-01-05T15:00:00Z")
    settle()
    assert dana.get("/stats", query=[("tag", " fomo")]).json["tradeCount"] == 1
    assert dana.get("/stats", query=[("excludeTag", "fomo\u200d")]).json["tradeCount"] == 1

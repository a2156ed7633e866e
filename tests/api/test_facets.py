"""Facets: each value of the trades' filters once, with its count."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.journal.settings import MAIN
from handlers.operations import tags as operations
from handlers.usecases import list_facets
from tests.api.client import Client
from tests.api.test_stats import settle

FLAT = {"exitPrice": "12", "closeDate": "2026-01-05T15:00:00Z"}
LONG_AGO = {"openDate": "2019-01-05T15:00:00Z", "exitPrice": "12", "closeDate": "2019-02-05T15:00:00Z"}
PART = {"closes": [{"quantity": "1", "price": "11", "closedAt": "2026-01-06T15:00:00Z"}]}


def facets(client: Client) -> Any:
    settle(str(client.user))
    return client.get("/facets").json


def counts(values: Any, name: str = "count") -> dict[str, int]:
    return {each["value"]: each[name] for each in values}


def test_trades_of_every_status_count_once(dana: Client, erin: Client) -> None:
    dana.new_trade(symbol="OPEN", tags=["gap", "fomo"], setupType="fade")
    dana.new_trade(symbol="PART", tags=["gap"], **PART)
    dana.new_trade(symbol="FLAT", tags=["gap", "news"], setupType="fade", **FLAT)
    dana.new_trade(symbol="FLAT", **LONG_AGO)
    dana.new_trade(symbol="NONE", status="CANCELLED", tags=["news"])
    gone = dana.new_trade(symbol="GONE", tags=["gone"], **FLAT)["tradeId"]
    dana.delete(f"/trades/{gone}")
    erin.new_trade(symbol="HERS", tags=["hers"])
    found = facets(dana)
    assert counts(found["symbols"]) == {"FLAT": 2, "NONE": 1, "OPEN": 1, "PART": 1}
    assert [each["value"] for each in found["symbols"]] == ["FLAT", "NONE", "OPEN", "PART"]
    assert counts(found["tags"]) == {"gap": 3, "news": 2, "fomo": 1}
    assert counts(found["setupTypes"]) == {"fade": 2}
    assert counts(found["accounts"]) == {MAIN: 5}
    assert found["isComplete"] is True


def test_a_journal_without_trades_has_none(dana: Client) -> None:
    assert facets(dana) == {"symbols": [], "tags": [], "setupTypes": [], "accounts": [], "isComplete": True}


def test_case_alone_makes_no_other_symbol_or_setup_and_the_usual_spelling_is_shown(dana: Client) -> None:
    for symbol, setup in (("btc", "Fade"), ("BTC", "fade"), ("BTC", "fade")):
        dana.new_trade(symbol=symbol, setupType=setup, tags=[setup])
    found = facets(dana)
    assert counts(found["symbols"]) == {"BTC": 3}
    assert counts(found["setupTypes"]) == {"fade": 3}
    assert counts(found["tags"]) == {"fade": 2, "Fade": 1}


@pytest.mark.parametrize("most", [0, 1, 2, 3, 4])
def test_with_many_trades_a_count_is_a_least_one(dana: Client, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    for given in ({}, PART, FLAT, LONG_AGO):
        dana.new_trade(**given)
    monkeypatch.setattr(list_facets, "MOST_TRADES", most)
    found = facets(dana)
    assert found["isComplete"] is (most == 4)
    assert counts(found["symbols"], "count" if most == 4 else "countIsAtLeast") == ({"AAPL": most} if most else {})


def test_of_many_values_the_most_frequent_are_shown(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "MOST_VALUES", 1)
    dana.new_trade(tags=["a", "b"])
    dana.new_trade(tags=["b"])
    found = facets(dana)
    assert counts(found["tags"]) == {"b": 2}
    assert found["isComplete"] is False


def test_an_unknown_parameter_is_refused(dana: Client) -> None:
    assert dana.get("/facets", query=[("tag", "x")]).status == 400

"""Mappings of unknown tables: made, shown, replaced and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.storage import mappings
from tests.api.client import Client
from tests.api.importing import MAPPING

PATH = "/import-mappings"
WHOLE: dict[str, Any] = {
    "name": "everything",
    "rowKind": "MIXED",
    "columns": {"date": "Tag", "clock": "Zeit", "type": "Art", "symbol": "Titel", "side": "Seite", "quantity": "Menge"}
    | {"price": "Kurs", "amount": "Betrag", "externalId": "Nr", "currency": "Währung"},
    "fees": ["Gebühr"],
    "match": ["Tag", "Art"],
    "skipLines": 3,
    "sides": [{"side": "BUY", "words": ["Kauf", "K"]}, {"side": "SELL", "words": ["Verkauf"]}],
    "types": [{"type": "FILL", "words": ["Handel"]}, {"type": "DEPOSIT", "words": ["Einzahlung"]}],
    "dateFormats": ["DD.MM.YYYY HH:mm"],
    "dateOrder": "DMY",
    "decimalMark": "COMMA",
    "timeZone": "Europe/Berlin",
    "costSign": "NEGATIVE_IS_COST",
    "profitIsNet": True,
    "lotSize": "100",
    "instrumentKind": "FOREX",
    "skipWhen": [{"column": "Art", "comparison": "startsWith", "text": "Summe"}],
}


def test_a_mapping_comes_back_as_it_was_given(dana: Client) -> None:
    made = dana.post(PATH, WHOLE)
    assert made.status == 201, made.json
    own = {name: made.json[name] for name in ("mappingId", "version", "createdAt", "updatedAt")}
    assert made.json == WHOLE | own
    read = dana.get(f"{PATH}/{own['mappingId']}")
    assert (read.json, read.headers["etag"]) == (made.json, '"1"')
    assert dana.get(PATH).json == {"items": [made.json]}


def test_mappings_are_listed_in_the_order_in_which_they_were_made(dana: Client) -> None:
    for name in "bca":
        dana.post(PATH, MAPPING | {"name": name})
    assert [each["name"] for each in dana.get(PATH).json["items"]] == ["b", "c", "a"]


def test_a_repeated_request_makes_no_second_mapping(dana: Client) -> None:
    first, again = (dana.post(PATH, MAPPING, headers={"Idempotency-Key": "key-1"}) for _ in range(2))
    assert first.body == again.body
    assert again.headers["idempotent-replayed"] == "true"
    assert len(dana.get(PATH).json["items"]) == 1


def test_a_mapping_is_replaced_at_the_version_that_was_read(dana: Client) -> None:
    path = f"{PATH}/{dana.post(PATH, WHOLE).json['mappingId']}"
    changed = dana("PUT", path, MAPPING, headers={"If-Match": '"1"'})
    assert (changed.status, changed.headers["etag"]) == (200, '"2"')
    assert "fees" not in changed.json
    assert dana("PUT", path, MAPPING, headers={"If-Match": '"1"'}).kind == "/problems/version-mismatch"
    assert dana.delete(path, headers={"If-Match": '"1"'}).status == 412
    assert dana.delete(path).status == 204
    assert [dana.get(path).status, dana.delete(path).status, dana("PUT", path, MAPPING).status] == [404, 404, 404]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"columns": {"symbol": "S"}}, "/columns/time"),
        ({"columns": {"time": "T", "clock": "C", "symbol": "S", "quantity": "Q", "price": "P"}}, "/columns/date"),
        ({"dateFormats": ["today"]}, "/dateFormats/0"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_refused(dana: Client, given: dict[str, Any], field: str) -> None:
    refused = dana.post(PATH, MAPPING | given)
    assert refused.status == 422
    assert ("body", field) in refused.bad_fields
    assert {error["code"] for error in refused.json["errors"]} == {"MAPPING_RULE"}


def test_a_mapping_names_a_time_zone_that_there_is(dana: Client) -> None:
    made = dana.post(PATH, MAPPING | {"timeZone": "Europe/Berlin"})
    assert (made.status, made.json["timeZone"]) == (201, "Europe/Berlin")
    path = f"{PATH}/{made.json['mappingId']}"
    for refused in (
        dana.post(PATH, MAPPING | {"timeZone": "Mars/Olympus"}),
        dana("PUT", path, MAPPING | {"timeZone": ""}),
    ):
        assert refused.status in (400, 422)
        assert ("body", "/timeZone") in refused.bad_fields
    both = dana.post(PATH, MAPPING | {"timeZone": "Mars/Olympus", "dateFormats": ["today"]})
    assert [error["code"] for error in both.json["errors"]] == ["MAPPING_RULE", "UNKNOWN_TIME_ZONE"]


def test_there_are_at_most_fifty_mappings(dana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mappings, "MOST_MAPPINGS", 2)
    first = dana.post(PATH, MAPPING).json["mappingId"]
    assert dana.post(PATH, MAPPING).status == 201
    assert dana.post(PATH, MAPPING).kind == "/problems/state-forbids"
    assert dana.delete(f"{PATH}/{first}").status == 204
    assert dana.post(PATH, MAPPING).status == 201

"""A deprecated operation says so in every answer. The test makes a contract of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from handlers.entry.http import serve
from handlers.web import contract
from handlers.web.connexion.app import create_app
from openapi.generate import gateway
from tests import events
from tests.api.client import Client

Deprecate = Callable[..., events.Function]

# Functions keep their event loops for as long as they live, as on AWS; none of these may go before the process does.
KEPT: list[events.Function] = []


@pytest.fixture
def deprecate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deprecate]:
    """A function that serves listTrades by a contract that says this of it."""

    def served(**said: Any) -> events.Function:
        document = copy.deepcopy(contract.contract())
        document["paths"]["/trades"]["get"].update(said)
        path = tmp_path / "openapi.json"
        path.write_text(json.dumps(document))
        monkeypatch.setattr(contract, "PATH", path)
        contract.contract.cache_clear()
        KEPT.append(serve(create_app(["listTrades"])))
        return KEPT[-1]

    yield served
    contract.contract.cache_clear()


def headers(answer: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in answer["headers"].items() if name in ("Deprecation", "Sunset")}


DEPRECATED = {"deprecated": True, "x-deprecated-at": "2027-01-01", "x-sunset": "2027-07-01"}


def test_a_deprecated_operation_says_since_when_and_until_when(deprecate: Deprecate, dana: Client) -> None:
    answer = deprecate(**DEPRECATED)(dana.event("GET", "/trades"), None)
    assert answer["statusCode"] == 200
    assert headers(answer) == {"Deprecation": "@1798761600", "Sunset": "Thu, 01 Jul 2027 00:00:00 GMT"}
    assert datetime.fromtimestamp(1798761600, UTC) == datetime(2027, 1, 1, tzinfo=UTC)
    assert parsedate_to_datetime(answer["headers"]["Sunset"]) == datetime(2027, 7, 1, tzinfo=UTC)


def test_its_errors_say_so_too(deprecate: Deprecate, dana: Client) -> None:
    answer = deprecate(**DEPRECATED)(dana.event("GET", "/trades", query="limit=0"), None)
    assert answer["statusCode"] == 400
    assert headers(answer).keys() == {"Deprecation", "Sunset"}


def test_who_may_not_read_it_hears_it_all_the_same(deprecate: Deprecate, nobody: Client) -> None:
    answer = deprecate(**DEPRECATED)(nobody.event("GET", "/trades"), None)
    assert answer["statusCode"] == 401
    assert headers(answer).keys() == {"Deprecation", "Sunset"}


def test_what_has_no_last_day_yet_has_no_sunset(deprecate: Deprecate, dana: Client) -> None:
    said = {name: value for name, value in DEPRECATED.items() if name != "x-sunset"}
    assert headers(deprecate(**said)(dana.event("GET", "/trades"), None)).keys() == {"Deprecation"}


@pytest.mark.parametrize("said", [{}, {"deprecated": False, "x-sunset": "2027-07-01"}], ids=["silent", "not"])
def test_what_is_not_deprecated_says_nothing(deprecate: Deprecate, dana: Client, said: dict[str, Any]) -> None:
    answer = deprecate(**said)(dana.event("GET", "/trades"), None)
    assert answer["statusCode"] == 200
    assert headers(answer) == {}


def test_pages_may_read_the_headers_once_there_is_a_deprecated_operation() -> None:
    document = copy.deepcopy(contract.contract())
    exposed = set(gateway(document)["x-amazon-apigateway-cors"]["exposeHeaders"])
    document["paths"]["/trades"]["get"]["deprecated"] = True
    more = set(gateway(document)["x-amazon-apigateway-cors"]["exposeHeaders"])
    assert more - exposed == {"deprecation", "sunset"}
    assert exposed < more


def test_a_deprecated_operation_without_days_says_nothing(deprecate: Deprecate, dana: Client) -> None:
    assert headers(deprecate(deprecated=True)(dana.event("GET", "/trades"), None)) == {}

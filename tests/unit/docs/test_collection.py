"""The collection for Postman and Bruno: its form by Postman's documentation, and its requests by the contract."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from openapi.docs_page.collection import collection
from openapi.docs_page.reading import Reader
from openapi.docs_page.samples import HOST
from openapi.generate import contract, operations
from tests.conformance import Request, assert_valid_request
from tests.events import route_of

COLLECTION: dict[str, Any] = collection(Reader(contract()).contract())
DEFAULTS = {"baseUrl": f"{HOST}", "token": "t", "$guid": "0b9f2f0a-6c1e-4a55-9d8e-3a4b5c6d7e8f"}

# What Postman's collection format 2.1.0 says of the parts that are used here; nothing else is allowed.
PAIR: dict[str, Any] = {
    "type": "object",
    "required": ["key", "value"],
    "additionalProperties": False,
    "properties": {"key": {"type": "string"}, "value": {"type": "string"}, "disabled": {"type": "boolean"}},
}
AUTH = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["bearer", "noauth"]},
        "bearer": {
            "type": "array",
            "items": {**PAIR, "properties": {**PAIR["properties"], "type": {"const": "string"}}},
        },
    },
}
URL = {
    "type": "object",
    "required": ["raw", "host", "path"],
    "additionalProperties": False,
    "properties": {
        "raw": {"type": "string"},
        "host": {"const": ["{{baseUrl}}"]},
        "path": {"type": "array", "items": {"type": "string", "pattern": "^[^/{}]+$"}},
        "query": {"type": "array", "items": PAIR},
        "variable": {"type": "array", "items": PAIR},
    },
}
ITEM = {
    "type": "object",
    "required": ["name", "request"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "event": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["listen", "script"],
                "properties": {
                    "listen": {"enum": ["test", "prerequest"]},
                    "script": {
                        "type": "object",
                        "properties": {
                            "type": {"const": "text/javascript"},
                            "exec": {"type": "array", "items": {"type": "string"}},
                        },
                    },
                },
            },
        },
        "request": {
            "type": "object",
            "required": ["method", "header", "url"],
            "additionalProperties": False,
            "properties": {
                "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
                "header": {"type": "array", "items": PAIR},
                "url": URL,
                "auth": AUTH,
                "body": {
                    "type": "object",
                    "required": ["mode", "raw"],
                    "additionalProperties": False,
                    "properties": {
                        "mode": {"const": "raw"},
                        "raw": {"type": "string"},
                        "options": {"const": {"raw": {"language": "json"}}},
                    },
                },
            },
        },
    },
}
FORMAT = {
    "type": "object",
    "required": ["info", "item"],
    "additionalProperties": False,
    "properties": {
        "info": {
            "type": "object",
            "required": ["name", "schema"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "schema": {"const": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
            },
        },
        "auth": AUTH,
        "variable": {"type": "array", "items": PAIR},
        "item": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "item"],
                "additionalProperties": False,
                "properties": {"name": {"type": "string"}, "item": {"type": "array", "items": ITEM}},
            },
        },
    },
}


def items() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each request with its names."""
    for folder in COLLECTION["item"]:
        for item in folder["item"]:
            yield f"{folder['name']}: {item['name']}", item


def filled(text: str, path: dict[str, str]) -> str:
    """The text as Postman sends it, with the variables' values."""
    text = re.sub(r"\{\{(.+?)\}\}", lambda found: DEFAULTS[found[1]], text)
    return re.sub(r"/:(\w+)", lambda found: f"/{path[found[1]]}", text)


def sent(item: dict[str, Any]) -> Request:
    """The request as it is sent before anybody changes anything."""
    request, url = item["request"], item["request"]["url"]
    path = filled(f"/{'/'.join(url['path'])}", {each["key"]: each["value"] for each in url.get("variable", [])})
    assert (
        filled(url["raw"].partition("?")[0], {each["key"]: each["value"] for each in url.get("variable", [])})
        == HOST + path
    )
    headers = {each["key"]: filled(each["value"], {}) for each in request["header"] if not each.get("disabled")}
    if "auth" not in request:
        headers["Authorization"] = f"Bearer {filled(COLLECTION['auth']['bearer'][0]['value'], {})}"
    query = [(each["key"], each["value"]) for each in url.get("query", []) if not each.get("disabled")]
    body = request["body"]["raw"].encode() if "body" in request else None
    return Request(method=request["method"], path=f"/v1{path}", query=query, headers=headers, body=body)


def test_it_has_the_collection_format() -> None:
    assert [error.message for error in Draft7Validator(FORMAT).iter_errors(COLLECTION)] == []


def number_of_examples(operation: dict[str, Any]) -> int:
    """How many requests show the operation: one for each example of its body."""
    content: dict[str, Any] = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    return max(len(content.get("examples", ())), 1)


def test_it_has_every_operation_with_all_its_examples_in_folders_by_tag() -> None:
    routes = [route_of(item["request"]["method"], sent(item).path.removeprefix("/v1")) for _, item in items()]
    found = [route.operation_id for route in routes if route]
    wanted = [
        each["operationId"]
        for _, method, each in operations(contract())
        if method != "head"
        for _ in range(number_of_examples(each))
    ]
    assert sorted(found) == sorted(wanted)
    assert len({name for name, _ in items()}) == len(found)


@pytest.mark.parametrize(("name", "item"), list(items()), ids=lambda each: each if isinstance(each, str) else "")
def test_a_request_is_accepted_by_the_contract(name: str, item: dict[str, Any]) -> None:
    request = sent(item)
    route = route_of(request.method, request.path.removeprefix("/v1"))
    assert route, name
    assert_valid_request(route, request)
    if request.body:
        json.loads(request.body)
    # What may be left out is right too, once somebody ticks it.
    parameters = [*item["request"]["url"].get("query", []), *item["request"]["header"]]
    assert all(each["value"] for each in parameters), name


def test_a_log_in_sets_the_token_that_all_but_public_requests_send() -> None:
    by_name = dict(items())
    assert "pm.collectionVariables.set" in by_name["auth: Log in"]["event"][0]["script"]["exec"][0]
    assert by_name["auth: Log in"]["request"]["auth"] == {"type": "noauth"}
    assert COLLECTION["auth"]["bearer"] == [{"key": "token", "value": "{{token}}", "type": "string"}]
    secured = {
        operation["operationId"] for _, _, operation in operations(contract()) if operation.get("security") != []
    }
    for _, item in items():
        route = route_of(item["request"]["method"], sent(item).path.removeprefix("/v1"))
        assert route
        assert ("auth" not in item["request"]) is (route.operation_id in secured)

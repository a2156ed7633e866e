"""The modules of the TypeScript client that the example front end loads follow the contract; without Node."""

from __future__ import annotations

import json
import re
from typing import Any

from openapi.clients.browser import TARGET, hashes
from openapi.generate import contract, operations

STALE = "generated/web_client is stale; run: make web-client"
# export const getTrade = (options) => (options.client ?? client).get({ security: ..., url: '/trades/{tradeId}', ... });
HEAD = re.compile(r"(\w+) = \(options\) => \(options\??\.client \?\? client\)\.(\w+)\(\{")


def called(text: str) -> tuple[str, bool, str | None]:
    """The path of a function, whether it sends the token, and the media type of its body."""
    [path] = re.findall(r"url: '([^']*)'", text)
    [media_type] = re.findall(r"'Content-Type': '([^']*)'", text) or [None]
    return path, "scheme: 'bearer'" in text, media_type


def test_each_operation_is_called_as_the_contract_has_it() -> None:
    document = contract()
    code = (TARGET / "sdk.gen.js").read_text("utf-8")
    functions = code.split("export const ")[1:]
    found = {match[1]: (match[2], *called(text)) for text in functions if (match := HEAD.match(text))}
    assert len(found) == len(functions)

    def wanted(path: str, method: str, operation: dict[str, Any]) -> tuple[str, str, bool, str | None]:
        media_types = operation.get("requestBody", {}).get("content", {})
        return method, path, operation.get("security", document["security"]) != [], next(iter(media_types), None)

    assert found == {each["operationId"]: wanted(path, method, each) for path, method, each in operations(document)}, (
        STALE
    )


def test_what_is_written_by_hand_and_the_generator_are_those_of_the_modules() -> None:
    assert json.loads((TARGET / "sources.json").read_text("utf-8")) == hashes(), STALE

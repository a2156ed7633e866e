"""Reads the contract for the functions: whole, or only the operations that a function serves.

It is read from JSON, which loads about a hundred times faster than YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[2] / "generated" / "openapi.json"
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
# Marks an array of a request body: a wrong item fails alone and leaves the rest of the request valid.
ITEMS_ALONE = "x-validate-items-individually"
# `slice_of` adds this to the schema of a request body: the properties that only the answer has, since they are derived.
DERIVED = "x-derived"
_SENT = re.compile(r"(?:Initial)?(?P<answered>\w+?)(?:Update)?Input")
# On an operation: "ignored" lets unknown query parameters pass. Without it they are refused.
UNKNOWN_QUERY_PARAMETERS = "x-unknown-query-parameters"

_OF_AN_OPERATION = ("tags", "operationId", "requestBody", UNKNOWN_QUERY_PARAMETERS)


@cache
def contract() -> dict[str, Any]:
    """The whole contract. Callers share one object and must not change it."""
    document: dict[str, Any] = json.loads(PATH.read_bytes())
    return document


def base_path() -> str:
    """The prefix of every path: /v1."""
    path: str = contract()["servers"][0]["url"]
    return path


def without_items(body: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a request body without the schemas of items that are validated one by one (ITEMS_ALONE)."""
    properties = body.get("properties", {})
    freed = {
        name: {key: value for key, value in held.items() if key not in (ITEMS_ALONE, "items")}
        for name, held in properties.items()
        if held.get(ITEMS_ALONE)
    }
    return {**body, "properties": {**properties, **freed}} if freed else dict(body)


def items_alone(body: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of the items of each array marked ITEMS_ALONE, by the array's property name."""
    return {name: held["items"] for name, held in body.get("properties", {}).items() if held.get(ITEMS_ALONE)}


def slice_of(operation_ids: Collection[str]) -> dict[str, Any]:
    """The contract of these operations alone, with references resolved and without answers and security.

    Connexion prepares every operation that it is given, which takes time at start; a function serves only a few.
    """
    document = contract()
    paths: dict[str, Any] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            whole = item.get(method)
            if whole and whole["operationId"] in operation_ids:
                operation = {key: whole[key] for key in _OF_AN_OPERATION if key in whole}
                operation["parameters"] = [*item.get("parameters", []), *whole.get("parameters", [])]
                operation["responses"] = {"default": {"description": "as the contract has it"}}
                paths.setdefault(path, {})[method] = _resolved(operation)
    return {"openapi": document["openapi"], "info": document["info"], "paths": paths}


def _resolved(node: Any) -> Any:
    """The node with every reference replaced by its target. No schema of the contract is recursive, so this ends."""
    if isinstance(node, dict):
        if "$ref" in node:
            target: Any = contract()
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            derived = _derived(node["$ref"].rpartition("/")[2], target)
            return {**_resolved(target), **({DERIVED: derived} if derived else {})}
        return {key: _resolved(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolved(value) for value in node]
    return node


def _derived(name: str, schema: Mapping[str, Any]) -> list[str]:
    """The properties of X that a schema XInput, InitialXInput or XUpdateInput without further properties lacks."""
    sent = _SENT.fullmatch(name)
    if sent is None or schema.get("additionalProperties") is not False:
        return []
    answered = contract()["components"]["schemas"].get(sent["answered"], {})
    return sorted(answered.get("properties", {}).keys() - schema["properties"].keys())

"""The contract as a collection for Postman, which Bruno and Insomnia import too: every operation with its examples.

`python -m openapi.docs_page.collection FILE` writes it; the docs page offers the same with its own address. Its
variables are `baseUrl` and `token`; a log-in sets `token` by a script. Format: Postman collection 2.1.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from openapi.docs_page.reading import Contract, Operation, Reader
from openapi.docs_page.samples import HOST
from openapi.generate import contract

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# What a log-in and a refresh are followed by.
AFTER_LOG_IN = 'if (pm.response.code === 200) pm.collectionVariables.set("token", pm.response.json().accessToken);'

Json = dict[str, Any]


def collection(shown: Contract) -> Json:
    """The collection, with a folder for each tag and a request for each example of an operation."""
    return {
        "info": {"name": shown.title, "version": shown.version, "schema": SCHEMA},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": "baseUrl", "value": HOST}, {"key": "token", "value": ""}],
        "item": [
            {"name": tag.name, "item": [item for operation in tag.operations for item in _items(operation)]}
            for tag in shown.tags
            if tag.operations
        ],
    }


def _items(operation: Operation) -> list[Json]:
    bodies = operation.bodies or (("", ""),)
    several = len(bodies) > 1
    return [
        _item(operation, f"{operation.summary}: {name}" if several else operation.summary, body)
        for name, body in bodies
    ]


def _item(operation: Operation, name: str, body: str) -> Json:
    request: Json = {"method": operation.method, "header": _headers(operation), "url": _url(operation)}
    if operation.is_public:
        request["auth"] = {"type": "noauth"}
    if body:
        request["body"] = {"mode": "raw", "raw": body, "options": {"raw": {"language": "json"}}}
    item: Json = {"name": name, "request": request}
    if operation.id in ("logIn", "refreshSession"):
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": [AFTER_LOG_IN]}}]
    return item


def _headers(operation: Operation) -> list[Json]:
    found = [_given(each) for each in operation.form["parameters"] if each["in"] == "header"]
    for header in found:
        if header["key"] == "Idempotency-Key":  # a new one each time that it is sent
            header.update(value="{{$guid}}", disabled=False)
    return [*found, *([{"key": "Content-Type", "value": operation.media_type}] if operation.media_type else [])]


def _url(operation: Operation) -> Json:
    steps = [f":{step[1:-1]}" if step.startswith("{") else step for step in operation.path.strip("/").split("/")]
    query = [
        {**_given(each), "value": one}
        for each in operation.form["parameters"]
        if each["in"] == "query"
        for one in _values(each)
    ]
    sent = "&".join(f"{each['key']}={each['value']}" for each in query if not each["disabled"])
    url: Json = {
        "raw": "/".join(["{{baseUrl}}", *steps]) + (f"?{sent}" if sent else ""),
        "host": ["{{baseUrl}}"],
        "path": steps,
    }
    if query:
        url["query"] = query
    if in_path := [each for each in operation.form["parameters"] if each["in"] == "path"]:
        url["variable"] = [{"key": each["name"], "value": each["example"]} for each in in_path]
    return url


def _values(parameter: Json) -> list[str]:
    """A list repeats the parameter, or has commas in one."""
    if not parameter["list"]:
        return [parameter["example"]]
    values = parameter["example"].split(", ")
    return values if parameter["exploded"] else [",".join(values)]


def _given(parameter: Json) -> Json:
    """A parameter with its example; one that may be left out is not sent until somebody ticks it."""
    return {"key": parameter["name"], "value": parameter["example"], "disabled": not parameter["required"]}


def main() -> int:
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(collection(Reader(contract()).contract()), indent=2, ensure_ascii=False)
    target.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

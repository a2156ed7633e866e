"""Reading an OpenAPI document: references, JSON pointers, and what in a schema is words only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
Schema = Mapping[str, Any]

# Keywords of a schema that say nothing about which values it allows.
_WORDS = frozenset({"title", "description", "example", "examples", "externalDocs", "deprecated", "xml", "$comment"})
# Our own keywords with which a request takes more: handlers/web/contract.py and handlers/web/input_forms.py.
WIDENING = frozenset({"x-ignore-case", "x-validate-items-individually"})
_MEANT = WIDENING | {"x-extensible-enum"}
_ONE_SCHEMA = ("items", "not", "additionalProperties")
_LISTS_OF_SCHEMAS = ("allOf", "anyOf", "oneOf")


def target(document: Document, node: Document) -> Document:
    """Follow the references of a node until it is none. A reference's siblings are ignored, as OpenAPI 3.0 says."""
    followed = set()
    while "$ref" in node and node["$ref"] not in followed:
        followed.add(node["$ref"])
        node = named(document, node["$ref"])
    return {} if "$ref" in node else node


def named(document: Document, reference: str) -> Document:
    """What one reference names, which may be a reference again; nothing where the document has no such place."""
    return _found(document, reference) or {}


def _found(document: Document, reference: str) -> Document | None:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


def dangling(document: Document) -> list[str]:
    """The references of a document that name nothing in it, each once."""
    return [reference for reference in dict.fromkeys(references(document)) if _found(document, reference) is None]


def escaped(step: str) -> str:
    """A name as one step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def canonical(value: Any) -> str:
    """A text that two JSON values share exactly when they are the same value: 1 is 1.0, and neither is "1" or true."""
    return json.dumps(_plain(value), sort_keys=True, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def without_words(schema: Any) -> Any:
    """A schema without descriptions, examples and extensions. A property may be called like one of these."""
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    bare: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword == "properties":
            bare[keyword] = {name: without_words(one) for name, one in value.items()}
        elif keyword in _ONE_SCHEMA:
            bare[keyword] = without_words(value)
        elif keyword in _LISTS_OF_SCHEMAS:
            bare[keyword] = [without_words(one) for one in value]
        elif keyword in _MEANT or (keyword not in _WORDS and not keyword.startswith("x-")):
            bare[keyword] = value
    return bare


def references(node: Any) -> Iterator[str]:
    """Every reference in a node, at any depth."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def unchanged_schemas(old: Document, new: Document) -> set[str]:
    """The references of the named schemas that are the same in both documents, and all that they refer to."""
    before, after = (
        {f"#/components/schemas/{escaped(name)}": without_words(schema) for name, schema in schemas(document).items()}
        for document in (old, new)
    )
    same = {name for name, schema in before.items() if schema == after.get(name)}
    while changed := {name for name in same if not same.issuperset(references(before[name]))}:
        same -= changed
    return same


def schemas(document: Document) -> Mapping[str, Schema]:
    """The named schemas of a document."""
    found: Mapping[str, Schema] = document.get("components", {}).get("schemas", {})
    return found

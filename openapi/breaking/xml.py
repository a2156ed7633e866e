"""How values are written as XML: the `xml` keywords of a schema and of all that it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openapi.breaking.documents import Document, Schema, canonical, escaped, target


def changed(old: Document, old_schema: Schema, new: Document, new_schema: Schema) -> Iterator[str]:
    """The pointers, relative to the schema, of what both have and write otherwise."""
    before, after = dict(_written(old, old_schema)), dict(_written(new, new_schema))
    yield from (pointer for pointer, xml in before.items() if after.get(pointer, xml) != xml)


def _written(
    document: Document, schema: Schema, pointer: str = "", inside: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str]]:
    if (reference := schema.get("$ref")) is not None:
        if reference in inside:
            return
        schema, inside = target(document, schema), inside | {reference}
    if pointer not in inside:
        yield pointer, canonical(_meant(schema))
    for part in schema.get("allOf", ()):
        yield from _written(document, part, pointer, inside | {pointer})
    for name, held in schema.get("properties", {}).items():
        yield from _written(document, held, f"{pointer}/properties/{escaped(name)}", inside)
    if isinstance(schema.get("items"), Mapping):
        yield from _written(document, schema["items"], f"{pointer}/items", inside)


def _meant(schema: Schema) -> Any:
    """The keywords without the defaults that are written out."""
    return {name: value for name, value in schema.get("xml", {}).items() if value not in (False, None, "")}

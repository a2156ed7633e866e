"""Changes of a contract, for the corpora of the breaking gate: each is a function that changes a document in place."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def at(document: dict[str, Any], pointer: str) -> Any:
    """The node that a JSON pointer names."""
    node: Any = document
    for name in _steps(pointer):
        node = node[int(name)] if isinstance(node, list) else node[name]
    return node


def _parent(pointer: str) -> tuple[str, str]:
    parent, _, _ = pointer.rpartition("/")
    return parent, _steps(pointer)[-1]


def put(pointer: str, value: Any) -> Change:
    """Set what the pointer points to."""
    parent, name = _parent(pointer)

    def change(document: dict[str, Any]) -> None:
        node = at(document, parent)
        node[int(name) if isinstance(node, list) else name] = value

    return change


def drop(pointer: str) -> Change:
    """Remove what the pointer points to."""
    parent, name = _parent(pointer)

    def change(document: dict[str, Any]) -> None:
        node = at(document, parent)
        node.pop(int(name) if isinstance(node, list) else name)

    return change


def append(pointer: str, value: Any) -> Change:
    """Add to the list that the pointer points to."""
    return lambda document: at(document, pointer).append(value)


def remove(pointer: str, value: Any) -> Change:
    """Take from the list that the pointer points to."""
    return lambda document: at(document, pointer).remove(value)


def turn(pointer: str) -> Change:
    """Reverse the list that the pointer points to."""
    return lambda document: at(document, pointer).reverse()


def rename(pointer: str, name: str) -> Change:
    """Give what the pointer points to another name."""
    parent, old = _parent(pointer)

    def change(document: dict[str, Any]) -> None:
        node = at(document, parent)
        node[name] = node.pop(old)

    return change


def replace(old: str, new: str) -> Change:
    """Write one text for another one wherever it stands in the document."""

    def change(document: dict[str, Any]) -> None:
        changed = json.loads(json.dumps(document).replace(old, new))
        document.clear()
        document.update(changed)

    return change


def rename_schema(old: str, new: str) -> Change:
    """Give a schema another name, here and wherever it is used."""
    return several(replace(f'/schemas/{old}"', f'/schemas/{new}"'), rename(f"/components/schemas/{old}", new))


def several(*changes: Change) -> Change:
    """Make changes one after the other."""

    def change(document: dict[str, Any]) -> None:
        for one in changes:
            one(document)

    return change

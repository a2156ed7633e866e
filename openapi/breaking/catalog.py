"""The kinds of problem and the codes of field errors: clients branch on them, so none is ever removed.

They stand in two places: in tables of the descriptions, where the first column names one, and in the enumerations of
the schemas that problem documents are made of. Each is compared with itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openapi.breaking.documents import Document, named, references, schemas

PROBLEM = "application/problem+json"
_TYPE = re.compile(r"(?<![\w/])(?:/v[0-9]+)?/problems/[a-z0-9-]+")
_PARAM = re.compile(r"`(\w+)(\?)?`")
_CODE = re.compile(r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")


def removed(old: Document, new: Document) -> Iterator[tuple[str, str]]:
    """Each problem type and field code that was removed: the pointer of where it stood, and its name."""
    for find in (_in_tables, _in_enumerations):
        before, after = dict(find(old)), dict(find(new))
        yield from ((pointer, name) for name, pointer in before.items() if name not in after)


def changed_params(old: Document, new: Document) -> Iterator[tuple[str, str]]:
    """Each param of a field code that was removed or may be absent now: the pointer of its table, and what changed.

    A table names them in a column headed "Params"; a question mark says that a param may be absent.
    """
    before, after = _params(old), _params(new)
    for code, (pointer, params) in before.items():
        for name, optional in params.items() if code in after else ():
            if name not in after[code][1]:
                yield pointer, f"the param {name} of {code} was removed"
            elif after[code][1][name] and not optional:
                yield pointer, f"the param {name} of {code} may be absent"


def _params(document: Document) -> dict[str, tuple[str, dict[str, bool]]]:
    """The params of each code with whether they may be absent, and the pointer of the table."""
    found: dict[str, tuple[str, dict[str, bool]]] = {}
    for pointer, text in _descriptions("/info", document.get("info", {})):
        column: int | None = None
        for line in text.splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.lstrip().startswith("|"):
                column = None
            elif column is None:
                heads = [
                    number for number, cell in enumerate(cells) if cell.lower() in ("param", "params", "parameters")
                ]
                column = heads[0] if heads else -1
            elif 0 < column < len(cells) and _CODE.match(cells[0].strip("`* ")):
                found[cells[0].strip("`* ")] = (
                    pointer,
                    {name: bool(mark) for name, mark in _PARAM.findall(cells[column])},
                )
    return found


def _in_tables(document: Document) -> Iterator[tuple[str, str]]:
    """Names by the pointer of the description whose table holds them; field codes only where errors are described."""
    places = [("/info", document.get("info", {}))]
    places += [(f"/tags/{number}", tag) for number, tag in enumerate(document.get("tags", []))]
    errors = _of_problems(document)
    places += [(f"/components/schemas/{name}", schema) for name, schema in schemas(document).items()]
    for place, node in places:
        codes = not place.startswith("/components") or place.rpartition("/")[2] in errors
        for pointer, text in _descriptions(place, node):
            for line in text.splitlines():
                yield from ((name, pointer) for name in _first_cell(line, codes))


def _first_cell(line: str, codes: bool) -> list[str]:
    if not line.lstrip().startswith("|"):
        return []
    cell = line.strip().strip("|").partition("|")[0].strip()
    types = _TYPE.findall(cell)
    code = cell.strip("`* ")
    return types or ([code] if codes and _CODE.match(code) else [])


def _descriptions(place: str, node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == "description" and isinstance(value, str):
                yield f"{place}/description", value
            else:
                yield from _descriptions(f"{place}/{name}", value)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _descriptions(f"{place}/{number}", value)


def _in_enumerations(document: Document) -> Iterator[tuple[str, str]]:
    for name in sorted(_of_problems(document)):
        for pointer, values in _enumerations(f"/components/schemas/{name}", schemas(document).get(name, {})):
            for value in values:
                if isinstance(value, str) and (_CODE.match(value) or _TYPE.match(value)):
                    yield value, pointer


def _enumerations(place: str, node: Any) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name in ("enum", "x-extensible-enum") and isinstance(value, list):
                yield f"{place}/{name}", value
            else:
                yield from _enumerations(f"{place}/{name}", value)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _enumerations(f"{place}/{number}", value)


def _of_problems(document: Document) -> set[str]:
    """The names of the schemas that problem documents are made of."""
    waiting = [reference for node in _problem_contents(document) for reference in references(node.get("schema", {}))]
    found: set[str] = set()
    while waiting:
        reference = waiting.pop()
        name = reference.rpartition("/")[2]
        if name not in found:
            found.add(name)
            waiting.extend(references(named(document, reference)))
    return found


def _problem_contents(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        for name, value in node.items():
            if name == PROBLEM and isinstance(value, Mapping):
                yield value
            else:
                yield from _problem_contents(value)
    elif isinstance(node, list):
        for value in node:
            yield from _problem_contents(value)

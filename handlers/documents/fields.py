"""The journal's dataclasses as the contract's documents: the names, and each value by its type.

A field's name in the contract is its own in camelCase; `NAMES` has the exceptions.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Union, get_args, get_origin, get_type_hints

from handlers.journal.money import canonical
from handlers.names import camel_case

# `status` is derived; a client can only set CANCELLED, stored as `cancelled`. Closes are shown with what they realized.
NAMES = {"cancelled": "status", "entered": "entries", "realized": "partial_closes"}

Writer = Callable[[Any], Any]
# Reads one value of an instance, and writes it.
Column = tuple[str, Callable[[Any], Any], Writer]


# json.dumps would make one for every document.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def as_json(document: Any) -> str:
    """The document as JSON text."""
    return _encode(document)


def contract_name(field: str) -> str:
    """The contract's name of a field: open_date is openDate."""
    return camel_case(NAMES.get(field, field))


def pointer(path: Iterable[str | int]) -> str:
    """An RFC 6901 pointer into a request's body: ("closes", 0, "closed_at") is /closes/0/closedAt."""
    return "".join(f"/{contract_name(str(part))}" for part in path)


def time_text(moment: datetime) -> str:
    """RFC 3339, with the offset that the moment was given with; Z for none."""
    text = moment.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def columns_of(
    cls: type, *, without: Iterable[str] = (), also: Iterable[str] = (), writers: Mapping[str, Writer] | None = None
) -> list[Column]:
    """How each field of a dataclass is written, in their order, then the properties `also`.

    The fields of a field that is a dataclass stand beside the others, unless it has a writer. `writers` has those
    fields and properties whose type alone does not say how they are written. A type that cannot be written raises
    TypeError.
    """
    own = writers or {}
    columns: list[Column] = []
    for name, hint in get_type_hints(cls).items():
        if name in without or name not in {field.name for field in fields(cls)}:
            continue
        if isinstance(hint, type) and is_dataclass(hint) and name not in own:
            columns += [(inner, _reader(name, read), write) for inner, read, write in columns_of(hint, writers=writers)]
        else:
            columns.append((contract_name(name), _reader(name), own.get(name) or _writer(hint)))
    for name in also:
        columns.append((contract_name(name), _reader(name), own.get(name) or _writer(_type_of_property(cls, name))))
    return columns


def document(columns: Iterable[Column], instance: Any) -> dict[str, Any]:
    """The instance's values under the contract's names. What it does not have, empty collections too, is absent."""
    return {
        name: written
        for name, read, write in columns
        if (value := read(instance)) is not None and (written := write(value)) is not None
    }


def _reader(name: str, then: Callable[[Any], Any] | None = None) -> Callable[[Any], Any]:
    def read(instance: Any) -> Any:
        value = getattr(instance, name)
        return value if then is None else then(value)

    return read


def _type_of_property(cls: type, name: str) -> Any:
    attribute = getattr(cls, name)
    function = attribute.fget if isinstance(attribute, property) else attribute.func
    return get_type_hints(function)["return"]


def _writer(hint: Any) -> Writer:
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [kind for kind in get_args(hint) if kind is not types.NoneType]
    kind = get_origin(hint) or hint
    if not isinstance(kind, type):
        raise TypeError(f"no document holds a {hint}")
    if kind is Decimal:
        return canonical
    if kind is datetime:
        return time_text
    if kind is date:
        return date.isoformat
    if issubclass(kind, str | int):
        return _as_it_is
    if issubclass(kind, Mapping):
        return lambda value: dict(value) or None
    if kind is tuple and get_args(hint)[0] is str:
        return lambda value: list(value) or None
    raise TypeError(f"no document holds a {hint}")


def _as_it_is(value: Any) -> Any:
    return value

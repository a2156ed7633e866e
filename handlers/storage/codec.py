"""Values and dataclasses as DynamoDB's attributes, and back.

`attribute` and `value` convert single values, as boto3's resources do. A number is a Decimal or an int and comes back
as a Decimal; one that DynamoDB could not keep to the last digit raises.

`Codec` converts a dataclass by the types of its fields: a new field is stored and read back without a line here.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from handlers.names import camel_case

Stored = TypeVar("Stored")

# DynamoDB's numbers: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NUMBER = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Inexact, Overflow, Rounded, Underflow])


def attribute(value: Any) -> Any:
    """The attribute that holds the value. Raises TypeError for a type that no item has; ArithmeticError."""
    try:
        write = _WRITE[type(value)]
    except KeyError:
        raise TypeError(f"no attribute holds a {type(value).__name__}") from None
    return write(value)


def value(attribute: Any) -> Any:
    """The value that the attribute holds; lists and maps with all that is in them."""
    [(kind, held)] = attribute.items()
    return _READ[kind](held)


def _number(number: Decimal | int) -> dict[str, str]:
    return {"N": str(_NUMBER.create_decimal(number))}


_WRITE: dict[type, Callable[[Any], Any]] = {
    str: lambda text: {"S": text},
    bool: lambda truth: {"BOOL": truth},
    int: _number,
    Decimal: _number,
    bytes: lambda data: {"B": data},
    list: lambda items: {"L": [attribute(item) for item in items]},
    tuple: lambda items: {"L": [attribute(item) for item in items]},
    dict: lambda items: {"M": {name: attribute(item) for name, item in items.items()}},
}

_READ: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "BOOL": bool,
    "N": _NUMBER.create_decimal,
    "B": bytes,
    "L": lambda held: [value(item) for item in held],
    "M": lambda held: {name: value(item) for name, item in held.items()},
}


class _Column(NamedTuple):
    """How one field of a dataclass is stored."""

    field: str
    attribute: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


class Codec(Generic[Stored]):
    """Stores instances of a dataclass as the attributes of an item.

    An attribute has its field's name in camelCase, unless `renamed` gives another. A field that is itself a dataclass
    is stored as attributes of the same item, or as a map if `maps` names it, at whatever depth. None and empty
    collections are absent, and come back as the field's default; fields without a default have to be there.

    Field types: str, bool, int, Decimal, date and datetime (ISO 8601, with its offset), StrEnum, a Mapping from texts,
    a tuple of any of these or of dataclasses, and each of them or None. Another type raises TypeError when the codec
    is made.
    """

    def __init__(self, cls: type[Stored], renamed: Mapping[str, str] | None = None, maps: Collection[str] = ()) -> None:
        self._cls = cls
        self._columns: list[_Column] = []
        self._parts: list[tuple[str, Codec[Any]]] = []
        hints = get_type_hints(cls)
        for own in fields(cls):  # type: ignore[arg-type] # mypy has no type variable for dataclasses
            kind = _without_none(hints[own.name])
            if isinstance(kind, type) and is_dataclass(kind) and own.name not in maps:
                self._parts.append((own.name, Codec(kind, maps=maps)))
            else:
                name = (renamed or {}).get(own.name, camel_case(own.name))
                self._columns.append(_Column(own.name, name, *_functions(kind, maps)))

    def item(self, instance: Stored) -> dict[str, Any]:
        """The instance as attributes."""
        written = {
            attribute: write(held)
            for field, attribute, write, _ in self._columns
            if (held := getattr(instance, field)) is not None and held != () and held != {}
        }
        for field, part in self._parts:
            written.update(part.item(getattr(instance, field)))
        return written

    def instance(self, item: Mapping[str, Any]) -> Stored:
        """The instance that the item holds; other attributes are left alone. Raises TypeError when one is missing."""
        values = {field: read(item[attribute]) for field, attribute, _, read in self._columns if attribute in item}
        values.update({field: part.instance(item) for field, part in self._parts})
        return self._cls(**values)


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        [hint] = [kind for kind in get_args(hint) if kind is not types.NoneType]
    return hint


def _functions(kind: Any, maps: Collection[str] = ()) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """How a value of that type becomes an attribute, and is read from it."""
    if kind in _SCALARS:
        return _SCALARS[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return lambda held: {"S": held.value}, lambda stored: kind(stored["S"])
    if get_origin(kind) is tuple:
        return _list_functions(get_args(kind)[0], maps)
    if isinstance(kind, type) and is_dataclass(kind):
        codec = Codec(kind, maps=maps)
        return lambda held: {"M": codec.item(held)}, lambda stored: codec.instance(stored["M"])
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        write, read = _functions(get_args(kind)[1], maps)
        return (
            lambda held: {"M": {name: write(each) for name, each in held.items()}},
            lambda stored: {name: read(each) for name, each in stored["M"].items()},
        )
    raise TypeError(f"no attribute holds a {kind}")


def _list_functions(kind: Any, maps: Collection[str]) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    write, read = _functions(kind, maps)
    return (
        lambda held: {"L": [write(each) for each in held]},
        lambda stored: tuple([read(each) for each in stored["L"]]),
    )


_SCALARS: dict[Any, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    str: (lambda held: {"S": held}, lambda stored: stored["S"]),
    bool: (lambda held: {"BOOL": held}, lambda stored: stored["BOOL"]),
    int: (lambda held: {"N": str(held)}, lambda stored: int(Decimal(stored["N"]))),
    Decimal: (_number, lambda stored: _NUMBER.create_decimal(stored["N"])),
    date: (lambda held: {"S": held.isoformat()}, lambda stored: date.fromisoformat(stored["S"])),
    datetime: (lambda held: {"S": held.isoformat()}, lambda stored: datetime.fromisoformat(stored["S"])),
}

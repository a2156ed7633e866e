"""What a schema allows, in one flat form: references followed, allOf merged into one, spelled-out defaults gone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from typing import Any

from openapi.breaking.documents import WIDENING, Document, Schema, canonical, target, without_words

ALL_TYPES = frozenset({"string", "number", "boolean", "array", "object"})
# What is counted, with the type that it is counted of: the keywords are min… and max….
COUNTED = {"Length": "string", "Items": "array", "Properties": "object"}
# The keywords that a shape is made of. What others mean, for instance those of OpenAPI 3.1, is not known here.
_KNOWN = frozenset(
    {
        *("$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "discriminator", "enum"),
        *(
            "exclusiveMaximum",
            "exclusiveMinimum",
            "format",
            "items",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
        ),
        *("minItems", "minLength", "minProperties", "minimum", "multipleOf", "not", "nullable", "oneOf", "pattern"),
        *("properties", "readOnly", "required", "type", "uniqueItems", "writeOnly", "x-extensible-enum", *WIDENING),
    }
)
# How a contract says that clients have to expect more values than an enumeration names today.
_OPEN = re.compile(r"\bvalues? (may|might|can|will) be added\b|\bmore values may\b", re.IGNORECASE)
_MANY = 256

MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Union:
    """An anyOf or a oneOf with its members, as they are written."""

    kind: str
    members: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The values that a schema allows. The empty one allows all.

    Attributes:
        types: the types other than null; "number" includes integers.
        null: whether null is allowed.
        says_null: whether `nullable: true` is written at a schema that is made of others, and so holds for them.
        values: an enumeration's values by their canonical texts, without null.
        open_values: whether the description calls the enumeration open.
        lowest, highest: limits by keyword suffix ("Length", "Items", "Properties", "imum").
        past_lowest, past_highest: whether the limit of a number is itself excluded.
        additional: False, or the schema of properties that are not declared.
        others: keywords that are not known here, each with its value's canonical text.
        widening: keywords with which a request takes more.
        member: the members of unions that this alternative is made of, as they are written.
    """

    types: frozenset[str] = ALL_TYPES
    null: bool = True
    says_null: bool = False
    values: Mapping[str, Any] | None = None
    open_values: bool = False
    lowest: Mapping[str, float] = field(default_factory=dict)
    highest: Mapping[str, float] = field(default_factory=dict)
    past_lowest: bool = False
    past_highest: bool = False
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    multiples: frozenset[Fraction] = frozenset()
    unique: bool = False
    items: Schema = field(default_factory=dict)
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    additional: Any = field(default_factory=dict)
    excluded: tuple[Schema, ...] = ()
    unions: tuple[Union, ...] = ()
    discriminator: Mapping[str, Any] | None = None
    default: Any = MISSING
    others: frozenset[tuple[str, str]] = frozenset()
    widening: frozenset[str] = frozenset()
    member: tuple[str, ...] = ()

    def at_least(self, counted: str) -> float:
        """The least length or count that values of this shape can have."""
        least = self.lowest.get(counted, 0)
        return max(least, len(self.required)) if counted == "Properties" else least

    def at_most(self, counted: str) -> float:
        """The greatest length or count that values of this shape can have."""
        most = self.highest.get(counted, math.inf)
        closed = counted == "Properties" and self.additional is False
        return min(most, len(self.properties)) if closed else most


def shape(document: Document, schema: Schema, inside: frozenset[str] = frozenset()) -> Shape:
    """The shape of a schema of this document; `inside` names the references that lead here through allOf."""
    if "$ref" in schema:
        name = schema["$ref"]
        return Shape() if name in inside else shape(document, target(document, schema), inside | {name})
    flat = _own(schema)
    for part in schema.get("allOf", []):
        flat = both(flat, shape(document, part, inside))
    if schema.get("nullable") is True and not _null_by_type(schema):
        flat = replace(flat, null=True, says_null=True)
    return flat


def _null_by_type(schema: Schema) -> bool:
    return "type" in schema and not any(keyword in schema for keyword in ("allOf", "anyOf", "oneOf"))


def _own(schema: Schema) -> Shape:
    """The shape of what a schema says itself, without its allOf."""
    types, null = _types(schema)
    values = [schema["const"]] if "const" in schema else schema.get("enum", schema.get("x-extensible-enum"))
    named = None if values is None else {canonical(value): value for value in values if value is not None}
    if named is not None and "type" not in schema and values is not None:
        types, null = frozenset(_type_of(value) for value in named.values()), None in values or "nullable" in schema
    numbers = [Fraction(str(schema["multipleOf"]))] if "multipleOf" in schema else []
    if "number" in types and any(number.denominator == 1 for number in numbers):
        types = types - {"number"} | {"integer"}
    lowest, past_lowest = _limit(schema, "minimum", "exclusiveMinimum", max)
    highest, past_highest = _limit(schema, "maximum", "exclusiveMaximum", min)
    if types & {"integer", "number"} == {"integer"}:
        lowest, past_lowest = _whole(lowest, past_lowest, math.floor, 1), False
        highest, past_highest = _whole(highest, past_highest, math.ceil, -1), False
    return Shape(
        types=types,
        null=null,
        values=named,
        open_values="x-extensible-enum" in schema or bool(_OPEN.search(str(schema.get("description", "")))),
        lowest={it: schema[f"min{it}"] for it in COUNTED if f"min{it}" in schema} | _kept("imum", lowest),
        highest={it: schema[f"max{it}"] for it in COUNTED if f"max{it}" in schema} | _kept("imum", highest),
        past_lowest=past_lowest,
        past_highest=past_highest,
        patterns=frozenset({schema["pattern"]} if "pattern" in schema else ()),
        formats=frozenset({schema["format"]} if schema.get("format", "password") != "password" else ()),
        multiples=frozenset(numbers),
        unique=bool(schema.get("uniqueItems")),
        items=schema.get("items", {}),
        properties=schema.get("properties", {}),
        required=frozenset(schema.get("required", ())),
        additional={} if schema.get("additionalProperties", True) is True else schema["additionalProperties"],
        excluded=(schema["not"],) if "not" in schema else (),
        unions=tuple(Union(kind, tuple(schema[kind])) for kind in ("anyOf", "oneOf") if schema.get(kind)),
        discriminator=schema.get("discriminator"),
        default=schema.get("default", MISSING),
        others=frozenset(
            (keyword, canonical(value)) for keyword, value in without_words(schema).items() if keyword not in _KNOWN
        ),
        widening=frozenset(keyword for keyword in WIDENING if schema.get(keyword)),
    )


def _types(schema: Schema) -> tuple[frozenset[str], bool]:
    if "type" not in schema:
        return ALL_TYPES, True
    named = {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])
    return frozenset(named - {"null"}), schema.get("nullable") is True or "null" in named


def _type_of(value: Any) -> str:
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, python):
            return name
    return "object"


def _limit(schema: Schema, keyword: str, exclusive: str, stricter: Any) -> tuple[float | None, bool]:
    """The limit and whether it is excluded; `exclusiveMinimum` is a flag in OpenAPI 3.0 and a number in 3.1."""
    limit, flag = schema.get(keyword), schema.get(exclusive, False)
    if isinstance(flag, bool):
        return limit, flag and limit is not None
    return (flag, True) if limit is None or stricter(limit, flag) == flag else (limit, False)


def _whole(limit: float | None, past: bool, rounded: Any, step: int) -> float | None:
    """The limit of an integer as the outermost integer that is allowed."""
    if limit is None:
        return None
    return int(rounded(limit)) + step if past else -int(rounded(-limit))


def _kept(name: str, limit: float | None) -> dict[str, float]:
    return {} if limit is None else {name: limit}


def both(one: Shape, other: Shape) -> Shape:
    """The values that two shapes both allow."""
    null = one.null and other.null
    lowest, past_lowest = _stricter(one.lowest, other.lowest, one.past_lowest, other.past_lowest, max)
    highest, past_highest = _stricter(one.highest, other.highest, one.past_highest, other.past_highest, min)
    properties = {}
    for name in [*one.properties, *(name for name in other.properties if name not in one.properties)]:
        parts = [side.properties.get(name, side.additional) for side in (one, other)]
        if False not in parts:
            properties[name] = _all_of(parts)
    additional = [one.additional, other.additional]
    return Shape(
        types=common_types(one.types, other.types),
        null=null,
        says_null=null and (one.says_null or other.says_null),
        values=_common_values(one, other),
        open_values=one.open_values or other.open_values,
        lowest=lowest,
        highest=highest,
        past_lowest=past_lowest,
        past_highest=past_highest,
        patterns=one.patterns | other.patterns,
        formats=one.formats | other.formats,
        multiples=one.multiples | other.multiples,
        unique=one.unique or other.unique,
        items=_all_of([one.items, other.items]),
        properties=properties,
        required=one.required | other.required,
        additional=False if False in additional else _all_of(additional),
        excluded=one.excluded + other.excluded,
        unions=one.unions + other.unions,
        discriminator=one.discriminator or other.discriminator,
        default=other.default if one.default is MISSING else one.default,
        others=one.others | other.others,
        widening=one.widening | other.widening,
        member=one.member + other.member,
    )


def _common_values(one: Shape, other: Shape) -> Mapping[str, Any] | None:
    if one.values is None or other.values is None:
        return other.values if one.values is None else one.values
    return {text: value for text, value in one.values.items() if text in other.values}


def _stricter(
    one: Mapping[str, float], other: Mapping[str, float], past_one: bool, past_other: bool, choose: Any
) -> tuple[dict[str, float], bool]:
    limits = {**one, **{name: choose(limit, one.get(name, limit)) for name, limit in other.items()}}
    number = limits.get("imum")
    past = (past_one and one.get("imum") == number) or (past_other and other.get("imum") == number)
    return limits, past and number is not None


def _all_of(parts: Sequence[Schema]) -> Schema:
    """One schema for what all of these allow."""
    different = {canonical(part): part for part in parts if without_words(part)}
    if len(different) > 1:
        return {"allOf": list(different.values())}
    return next(iter(different.values()), {})


def common_types(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """The types that both sets name; an integer is a number."""
    wide = [types | {"integer"} if "number" in types else types for types in (one, other)]
    shared = wide[0] & wide[1]
    return shared - {"integer"} if "number" in shared else shared


def alternatives(document: Document, flat: Shape) -> list[Shape]:
    """A shape with unions as a list of shapes without any: a value of one of these is a value of it."""
    if not flat.unions:
        return [flat]
    base = replace(flat, unions=())
    choices = [[(member, shape(document, member)) for member in union.members] for union in flat.unions]
    found: list[Shape] = []
    for chosen in product(*choices):
        one = base
        for member, other in chosen:
            one = both(one, replace(other, member=(canonical(without_words(member)),), default=MISSING))
        if flat.says_null:
            one = replace(one, null=True)
        found.extend(alternatives(document, one))
        if len(found) > _MANY:
            raise ValueError(f"a schema has more than {_MANY} combinations of variants")
    return found


def has_flag(document: Document, schema: Schema, name: str, depth: int = 0) -> bool:
    """Whether a property's schema says readOnly or writeOnly, by itself or by what it is made of."""
    schema = target(document, schema)
    return bool(schema.get(name)) or (
        depth < 10 and any(has_flag(document, part, name, depth + 1) for part in schema.get("allOf", []))
    )


def accepts(document: Document, flat: Shape, value: Any, *, any_value: bool = False) -> bool:
    """Whether a shape allows a value of an enumeration; `any_value` leaves the shape's own enumeration aside."""
    if value is None:
        return flat.null
    name = _type_of(value)
    if not common_types(flat.types, frozenset({name})):
        return False
    if flat.values is not None and not any_value and canonical(value) not in flat.values:
        return False
    if isinstance(value, str):
        fits = flat.at_least("Length") <= len(value) <= flat.at_most("Length")
        if not fits or not all(re.search(pattern, value) for pattern in flat.patterns):
            return False
    if name in ("integer", "number") and not _number_fits(flat, value):
        return False
    if any(accepts_schema(document, schema, value) for schema in flat.excluded):
        return False
    return all(_fits_union(document, union, value) for union in flat.unions)


def accepts_schema(document: Document, schema: Schema, value: Any) -> bool:
    """Whether a schema allows a value of an enumeration."""
    return accepts(document, shape(document, schema), value)


def _fits_union(document: Document, union: Union, value: Any) -> bool:
    fitting = sum(accepts_schema(document, member, value) for member in union.members)
    return fitting == 1 if union.kind == "oneOf" else fitting > 0


def _number_fits(flat: Shape, value: float) -> bool:
    lowest, highest = flat.lowest.get("imum", -math.inf), flat.highest.get("imum", math.inf)
    if value < lowest or value > highest:
        return False
    if (flat.past_lowest and value == lowest) or (flat.past_highest and value == highest):
        return False
    return all(Fraction(str(value)) % number == 0 for number in flat.multiples)

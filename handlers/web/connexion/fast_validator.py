"""A fast validator that only says whether a value follows a schema.

jsonschema builds a validator for every property of every request; the tests here are plain functions, built once
(benchmarks/README.md says what that saves, and why no library does it). A value that this module does not accept, or a
schema with a keyword that it does not know, goes to jsonschema, which decides and names the fault.
tests/contract/test_fast_validator.py compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from handlers.web.connexion.formats import fits_format
from handlers.web.connexion.schema_faults import pattern_of
from handlers.web.contract import DERIVED

Test = Callable[[Any], bool]

_TYPES: dict[str, Test] = {
    "string": lambda value: type(value) is str,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
    "array": lambda value: type(value) is list,
    "object": lambda value: type(value) is dict,
}
_SAYS_NOTHING = {"description", "example", "examples", "title", "default", "type", DERIVED}


def acceptance(schema: Mapping[str, Any]) -> Test:
    """A test for values of this schema. It accepts no value of a schema that has neither a type nor allOf."""
    tests = []
    for keyword, wanted in schema.items():
        if keyword in _SAYS_NOTHING or keyword.startswith("x-"):
            continue
        if keyword not in _KEYWORDS:
            return lambda _: False
        tests.append(_KEYWORDS[keyword](wanted, schema))
    is_type = _TYPES.get(schema.get("type", ""), lambda _: "type" not in schema and "allOf" in schema)
    nullable = _takes_null(schema)

    def accepts(value: Any) -> bool:
        if value is None:
            return nullable
        if not is_type(value):
            return False
        for test in tests:  # noqa: SIM110 a generator for all() takes twice as long
            if not test(value):
                return False
        return True

    return accepts


def _takes_null(schema: Mapping[str, Any]) -> bool:
    """Whether the schema accepts null. A schema without a type does if all parts of its allOf do."""
    if "type" not in schema and "allOf" in schema:
        return all(acceptance(part)(None) for part in schema["allOf"])
    return bool(schema.get("nullable")) and None in schema.get("enum", (None,))


def _enum(wanted: Any, _: Any) -> Test:
    return lambda value: value in wanted


def _pattern(wanted: str, _: Any) -> Test:
    search = pattern_of(wanted).search
    return lambda value: search(value) is not None


def _format(wanted: str, _: Any) -> Test:
    return lambda value: fits_format(value, wanted)


def _properties(wanted: Mapping[str, Any], schema: Mapping[str, Any]) -> Test:
    tests = {name: acceptance(of_property) for name, of_property in wanted.items()}
    closed = schema.get("additionalProperties") is False

    def accepts(value: dict[str, Any]) -> bool:
        for name, held in value.items():
            test = tests.get(name)
            if not (test(held) if test else not closed):
                return False
        return True

    return accepts


def _additional(wanted: Any, schema: Mapping[str, Any]) -> Test:
    # `additionalProperties: false` is tested in _properties. A schema there is not supported: jsonschema decides.
    known = isinstance(wanted, bool) and "properties" in schema
    return lambda _: known


def _items(wanted: Mapping[str, Any], _: Any) -> Test:
    test = acceptance(wanted)
    return lambda value: all(map(test, value))


def _unique(wanted: bool, _: Any) -> Test:
    def accepts(value: list[Any]) -> bool:
        return not wanted or len({json.dumps(item, sort_keys=True) for item in value}) == len(value)

    return accepts


def _all_of(wanted: list[Mapping[str, Any]], _: Any) -> Test:
    tests = [acceptance(each) for each in wanted]
    return lambda value: all(test(value) for test in tests)


_KEYWORDS: dict[str, Callable[[Any, Mapping[str, Any]], Test]] = {
    "allOf": _all_of,
    "nullable": lambda _, __: lambda _: True,
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minLength": lambda least, _: lambda value: len(value) >= least,
    "maxLength": lambda most, _: lambda value: len(value) <= most,
    "minimum": lambda least, _: lambda value: value >= least,
    "maximum": lambda most, _: lambda value: value <= most,
    "minItems": lambda least, _: lambda value: len(value) >= least,
    "maxItems": lambda most, _: lambda value: len(value) <= most,
    "minProperties": lambda least, _: lambda value: len(value) >= least,
    "maxProperties": lambda most, _: lambda value: len(value) <= most,
    "required": lambda names, _: frozenset(names).issubset,
    "uniqueItems": _unique,
    "items": _items,
    "properties": _properties,
    "additionalProperties": _additional,
}

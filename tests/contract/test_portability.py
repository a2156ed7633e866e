"""The contract holds no name, format, pattern or enum that a generator of clients cannot take.

`make clients-check` runs the generators themselves; these rules say in a second what they would say in minutes.
"""

from __future__ import annotations

import itertools
import json
import re
from calendar import isleap
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pydantic_core
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import core_schema

from openapi.generate import contract, is_decimal, operations, with_decimals

CONTRACT = contract()
SCHEMAS: dict[str, dict[str, Any]] = CONTRACT["components"]["schemas"]
# Formats that every generator either reads as text or as a type that takes and gives back the same text. Not among
# them: `decimal`, of which openapi-generator makes a float in Go and PHP, a double in Dart and a JSON number in Java;
# `byte` and `binary`; `time`, `duration` and whatever else only some of them know.
FORMATS = {
    "string": {"date", "date-time", "email", "password", "uri", "uri-reference", "uuid"},
    "integer": {"int32", "int64"},
    "number": {"double"},
}
# Classes of the languages and of their libraries, which a generated class of the same name would hide or clash with.
TAKEN = {
    "Any",
    "Array",
    "Boolean",
    "Class",
    "Collection",
    "Date",
    "DateTime",
    "Dict",
    "Double",
    "Duration",
    "Enum",
    "Error",
    "Event",
    "Exception",
    "File",
    "Float",
    "Function",
    "Integer",
    "Iterator",
    "List",
    "Map",
    "Module",
    "None",
    "Number",
    "Object",
    "Optional",
    "Record",
    "Request",
    "Response",
    "Result",
    "Set",
    "String",
    "Symbol",
    "Type",
    "UUID",
    "Void",
}


def everywhere(node: Any = CONTRACT, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the contract with its JSON pointer, examples left out."""
    if isinstance(node, dict):
        yield where, node
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from everywhere(value, f"{where}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from everywhere(value, f"{where}/{number}")


PATTERNS = {where: node["pattern"] for where, node in everywhere() if isinstance(node.get("pattern"), str)}
TYPED = {where: node for where, node in everywhere() if isinstance(node.get("type"), str) and "format" in node}


@pytest.mark.parametrize("where", PATTERNS)
def test_a_pattern_compiles_without_look_around_and_back_references(where: str) -> None:
    # Rust's engine, which has the limits of Go's and of every other RE2; pydantic brings it.
    pydantic_core.SchemaValidator(core_schema.str_schema(pattern=PATTERNS[where], regex_engine="rust-regex"))


@pytest.mark.parametrize("where", PATTERNS)
def test_a_pattern_means_the_same_in_every_language(where: str) -> None:
    # What \s, \w and \d match differs between engines, and some refuse escapes that others know (\u0085, \Z, \/).
    escapes = set(re.findall(r"\\(.)", PATTERNS[where]))
    assert escapes <= set(".*+?()[]{}|^$") | set("tnr"), f"write characters out instead of {sorted(escapes)}"
    assert "(?" not in PATTERNS[where]


@pytest.mark.parametrize("pattern", ["^(?!0)[0-9]+$", "^(?<=a)b$", r"^(a)\1$"])
def test_the_check_of_patterns_finds_what_it_looks_for(pattern: str) -> None:
    with pytest.raises(pydantic_core.SchemaError):
        pydantic_core.SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


@pytest.mark.parametrize("where", TYPED)
def test_a_format_is_one_that_generators_take_alike(where: str) -> None:
    assert TYPED[where]["format"] in FORMATS[TYPED[where]["type"]]


def test_no_pattern_stands_beside_a_format_that_becomes_another_type() -> None:
    # Ruby's client matches the pattern with the Time that it has made of the text, and then can read no trade at all.
    converted = {"date", "date-time", "uri", "uuid"}
    assert {where for where in TYPED.keys() & PATTERNS.keys() if TYPED[where]["format"] in converted} == set()


def test_no_day_or_time_is_a_parameter_but_as_text() -> None:
    # PHP, Dart and Swift write a date that stands in the query as a date with a time.
    parameters = json.dumps([schema_of(parameter) for parameter in CONTRACT["components"]["parameters"].values()])
    assert {"date", "date-time"}.isdisjoint(re.findall(r'"format": "([^"]*)"', parameters))


def schema_of(parameter: dict[str, Any]) -> Any:
    schema = parameter["schema"]
    return [schema, *(SCHEMAS[name] for name in referred(schema))]


@pytest.mark.parametrize("combined", ["anyOf", "oneOf", "not"])
def test_nothing_is_of_several_schemas_at_once(combined: str) -> None:
    # A choice that holds a free form does not compile in Java; clients tell choices without a discriminator by trying.
    assert [where for where, node in everywhere() if combined in node] == []


def test_no_object_that_a_client_sends_is_a_free_form() -> None:
    open_ones = [
        name for name in sent() if SCHEMAS[name]["type"] == "object" and SCHEMAS[name].get("additionalProperties", True)
    ]
    assert open_ones == []


def referred(node: Any) -> set[str]:
    """The names of the schemas that a part of the contract leads to, through others too."""
    names = {target.rpartition("/")[2] for target in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(node))}
    return names.union(*(referred(SCHEMAS[name]) for name in names))


def sent() -> set[str]:
    """The schemas of request bodies and of all that they hold."""
    return set().union(*(referred(operation.get("requestBody", {})) for _, _, operation in operations(CONTRACT)))


def received() -> set[str]:
    """The schemas of answers and of all that they hold."""
    answers = [operation["responses"] for _, _, operation in operations(CONTRACT)]
    return referred(answers) | referred(CONTRACT["components"]["responses"])


def test_objects_that_are_only_sent_are_named_input_and_no_others_are() -> None:
    objects = {name for name, schema in SCHEMAS.items() if schema["type"] == "object"}
    assert {name for name in SCHEMAS if name.endswith("Input")} == objects & (sent() - received())


@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if schema["type"] == "object"])
def test_what_is_sent_is_closed_and_what_is_answered_takes_more_properties_later(name: str) -> None:
    is_closed = SCHEMAS[name].get("additionalProperties") is False
    assert is_closed == (name in sent())
    assert not (is_closed and name in received())


# They are complete by what they are: another value would be another thing.
COMPLETE = {
    "CountedAs",
    "ExportState",
    "Grade",
    "ImageStatus",
    "Side",
    "TagChangeState",
    "TokenType",
    "TradeStatus",
    "Weekday",
}


def test_an_enumeration_of_an_answer_says_that_values_may_be_added_or_is_complete() -> None:
    answered = {name for name in received() if "enum" in SCHEMAS[name]}
    open_ones = {name for name in answered if "Values may be added." in SCHEMAS[name]["description"]}
    assert answered - open_ones == COMPLETE


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_name_of_a_schema_is_one_that_a_generator_also_makes(name: str) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)
    assert name not in TAKEN
    # Go: NewTrade makes a Trade, NullableTrade holds one, APIClient and TradesAPI are its own. Java: the builder.
    assert not re.match(r"(New|Nullable|Api|API)[A-Z]", name)
    assert not re.search(r"(Api|API|Builder|Service|Request|Response|Body|Params|Data|Errors)$", name)
    # Numbers are what generators put behind a name that is taken.
    assert not re.search(r"[0-9]$", name)


def test_names_of_schemas_and_operations_stay_apart_whatever_their_case() -> None:
    names = [*SCHEMAS, *(operation["operationId"] for _, _, operation in operations(CONTRACT))]
    assert [name for name, times in Counter(map(str.lower, names)).items() if times > 1] == []


def test_no_two_named_enums_share_a_value_for_generators_that_prefix_nothing() -> None:
    # Go makes a constant of each value of a named schema, in one name space with the types.
    constants = Counter(
        re.sub(r"[^A-Z0-9]+", "_", str(value).upper())
        for schema in SCHEMAS.values()
        for value in set(schema.get("enum", ()))
    )
    assert [name for name, times in constants.items() if times > 1] == []
    assert constants.keys().isdisjoint(SCHEMAS)


def test_a_named_enum_holds_no_null() -> None:
    # Generators make a constant of it, or another enum; where null is allowed, the enum stands in the property.
    assert [name for name, schema in SCHEMAS.items() if None in schema.get("enum", ())] == []


DECIMALS = {where: node for where, node in everywhere() if is_decimal(node)}


def test_the_decimals_are_told_from_other_texts_by_their_patterns() -> None:
    by_name = {where.rpartition("/")[2] for where in DECIMALS}
    assert by_name >= {"Price", "PriceOrNull", "Quantity", "Money", "Cost", "RemainingQuantity", "Sum", "bestWin"}
    # Whatever has a figure as its example and is a text, is one.
    figures = {
        where
        for where, node in everywhere()
        if node.get("type") == "string" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(node.get("example")))
    }
    assert figures - {"/components/schemas/ConfirmationCode", "/components/schemas/DayHour"} == set(DECIMALS)


def test_our_own_models_hold_decimals() -> None:
    marked = {where for where, node in everywhere(with_decimals(CONTRACT)) if node.get("format") == "decimal"}
    assert marked == set(DECIMALS)
    assert "decimal" not in [node.get("format") for _, node in everywhere()]


WRITTEN = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "-"]),
    st.text("0123456789", max_size=16),
    st.one_of(st.just(""), st.text("0123456789", max_size=9).map(".{}".format)),
)
POSITIVE = {where: node for where, node in DECIMALS.items() if not re.compile(node["pattern"]).search("0")}


@pytest.mark.parametrize("where", POSITIVE)
def test_a_decimal_above_zero_is_what_a_decimal_is_without_zero_and_those_below(where: str) -> None:
    # Without a look-ahead the pattern counts the zeros behind the point; this is what it has to amount to.
    above_zero = re.compile(POSITIVE[where]["pattern"])
    any_decimal = re.compile(SCHEMAS["Price"]["pattern"])

    def compare(text: str) -> None:
        wanted = bool(any_decimal.fullmatch(text)) and Decimal(text) > 0
        assert bool(above_zero.fullmatch(text)) == wanted, text

    for digits in range(10):
        for fraction in itertools.islice(itertools.product("01", repeat=digits), 512):
            compare("0." + "".join(fraction))

    @settings(max_examples=500, database=None)
    @given(WRITTEN)
    def agree(text: str) -> None:
        compare(text)

    agree()


def test_a_day_in_the_query_is_a_day_of_the_calendar() -> None:
    pattern = re.compile(SCHEMAS["DayFilter"]["pattern"])

    def is_day(text: str) -> bool:
        try:
            return bool(date.fromisoformat(text))
        except ValueError:
            return False

    for year in (1, 4, 10, 100, 400, 999, 1000, 1900, 1996, 2000, 2023, 2024, 2100, 2400, 2999, 9999):
        for month in range(14):
            for day in range(33):
                text = f"{year:04}-{month:02}-{day:02}"
                assert bool(pattern.fullmatch(text)) == is_day(text), text
    for text in (
        "0000-01-01",
        "0000-02-29",
        "999-01-01",
        "10000-01-01",
        "2026-1-05",
        "20260105",
        "2026-W01-1",
        "2026-01-05T00:00:00Z",
        "",
    ):
        assert not pattern.fullmatch(text)
    leap_years = {year for year in range(10_000) if pattern.fullmatch(f"{year:04}-02-29")}
    assert leap_years == {year for year in range(1, 10_000) if isleap(year)}


def test_the_walk_finds_what_it_is_meant_to_find() -> None:
    assert {"/components/schemas/Price", "/components/headers/ETag/schema"} <= set(PATTERNS)
    assert "/components/schemas/Stats/properties/avgWin" in PATTERNS
    assert {"/components/schemas/TradePage", "/components/schemas/TradeInput"}.isdisjoint(TYPED)
    assert {"TradeInput", "InitialCloseInput", "PsychologyInput"} <= sent()
    assert {"Trade", "Problem", "GatewayMessage", "Psychology"} <= received()
    assert "TradeInput" not in received()
    assert len(POSITIVE) == 3

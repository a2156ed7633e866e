"""The fast validator agrees with jsonschema on every schema of requests."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.web.connexion.slow_validator import Validator
from handlers.web.connexion.validation import SchemaChecks
from handlers.web.contract import METHODS, contract, items_alone, slice_of, without_items


def schemas() -> Iterator[tuple[str, Any]]:
    """Name and schema of each parameter, each body and all that these hold."""
    operations = [
        item[method]["operationId"] for item in contract()["paths"].values() for method in METHODS if method in item
    ]
    found: dict[str, Any] = {}
    left: list[Any] = []
    for item in slice_of(operations)["paths"].values():
        for operation in item.values():
            left += [parameter["schema"] for parameter in operation.get("parameters", ())]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                left += [without_items(content["schema"]), *items_alone(content["schema"]).values()]
    while left:
        one = left.pop()
        found[json.dumps(one, sort_keys=True)] = one
        left += [*one.get("properties", {}).values(), *([one["items"]] if "items" in one else [])]
    return iter(sorted(found.items()))


SCHEMAS = [one for _, one in schemas()]
NAMES = sorted({name for one in SCHEMAS for name in one.get("properties", {})})
WORDS = sorted({str(value) for one in SCHEMAS for value in (one.get("example"), *one.get("enum", ())) if value})
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=60),
    st.sampled_from(WORDS),
    st.sampled_from(WORDS).map(lambda word: word + "\n"),
    st.sampled_from(("0", "-0.1", "1e3", "2026-02-30", "2026-01-05T24:00:00Z", "", " ", "²")),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=12,
)


def examples(one: Any) -> Iterator[Any]:
    """Values that follow the schema, as it shows them."""
    if "example" in one:
        yield one["example"]
    if "properties" in one:
        yield {name: next(examples(of), None) for name, of in one["properties"].items()}
        yield {name: next(examples(one["properties"][name]), None) for name in one.get("required", ())}


@pytest.mark.parametrize("number", range(len(SCHEMAS)))
def test_what_is_accepted_at_once_is_what_jsonschema_finds_nothing_wrong_with(number: int) -> None:
    one = SCHEMAS[number]
    judge, quick = Validator(one), SchemaChecks(one)

    def compare(value: Any) -> None:
        assert quick.accepts(value) == judge.is_valid(value)

    @settings(max_examples=40, database=None)
    @given(VALUES)
    def agree(value: Any) -> None:
        compare(value)

    agree()

    @settings(max_examples=20, database=None)
    @given(st.data())
    def agree_near_what_is_right(data: st.DataObject) -> None:
        good = copy.deepcopy(data.draw(st.sampled_from(list(examples(one)) or [None])))
        if isinstance(good, dict) and good:
            name = data.draw(st.sampled_from(sorted(good)))
            good[name] = data.draw(VALUES)
        elif isinstance(good, list):
            good.append(data.draw(VALUES))
        compare(good)

    agree_near_what_is_right()


def test_what_the_contract_shows_is_accepted_at_once() -> None:
    for one in SCHEMAS:
        for good in examples(one):
            if Validator(one).is_valid(good):
                assert SchemaChecks(one).accepts(good), good

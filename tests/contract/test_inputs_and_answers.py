"""What a client may send of a property is what answers may show of it, so that no answer breaks the contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from openapi.generate import contract

SCHEMAS = contract()["components"]["schemas"]
RULES = ("type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf", "maxItems")
# Rules that the code holds, so that a wrong value is told which one it breaks: 422 in place of 400.
HELD_BY_CODE = {
    ("RateInput", "day", "format"),
    ("RateInput", "rate", "pattern"),
    ("InstrumentInput", "expiry", "format"),
    ("ExecutionInput", "instrument/expiry", "format"),
}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what its references and `allOf` say."""
    if "$ref" in schema:
        return resolved(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    merged: dict[str, Any] = {}
    for part in schema.get("allOf", ()):
        merged |= resolved(part)
    return merged | {name: value for name, value in schema.items() if name != "allOf"}


def pairs() -> Iterator[tuple[str, str]]:
    """The schemas of what clients send, each with the schema of its answer."""
    for name in SCHEMAS:
        stem = name.removesuffix("Input").removesuffix("Update")
        answer = next((each for each in (stem, f"Recorded{stem}") if each != name and each in SCHEMAS), None)
        if name.endswith("Input") and answer is not None:
            yield name, answer


PAIRS = dict(pairs())


def looser(name: str, sent: dict[str, Any], shown: dict[str, Any], place: str = "") -> Iterator[tuple[str, str, str]]:
    """The rules of an answer's properties that those of a request lack, or have otherwise."""
    sent, shown = resolved(sent), resolved(shown)
    # Answers leave room for values to come; a request names one of those that there are.
    names_values = "enum" in sent or re.fullmatch(r"\^\([A-Z_|]+\)\$", sent.get("pattern", ""))
    rules = ("type",) if names_values else RULES
    for rule in rules:
        if rule in shown and sent.get(rule) != shown[rule]:
            yield name, place, rule
    for own in sent.get("properties", {}).keys() & shown.get("properties", {}).keys():
        yield from looser(name, sent["properties"][own], shown["properties"][own], f"{place}/{own}".lstrip("/"))
    if "items" in sent and "items" in shown:
        yield from looser(name, sent["items"], shown["items"], f"{place}/-".lstrip("/"))


def test_the_pairs_are_those_of_the_resources() -> None:
    assert PAIRS.keys() >= {"TradeInput", "TradeUpdateInput", "CashInput", "CashUpdateInput", "ExecutionUpdateInput"}


@pytest.mark.parametrize("name", PAIRS)
def test_no_request_takes_what_no_answer_may_show(name: str) -> None:
    assert set(looser(name, SCHEMAS[name], SCHEMAS[PAIRS[name]])) <= HELD_BY_CODE

"""Everything in the contract has an example, every example follows the contract, and its figures are right."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator, oas30_format_checker

from generated import models
from handlers.journal import trades as journal
from handlers.web import documents
from handlers.web.replies import as_json
from openapi.generate import contract, operations

CONTRACT = contract()
COMPONENTS = CONTRACT["components"]
SCALARS = {"string", "integer", "number", "boolean"}


def resolved(node: Any) -> Any:
    """The node with every reference replaced by what it points to."""
    if isinstance(node, dict):
        if "$ref" in node:
            target: Any = CONTRACT
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            return resolved(target)
        return {key: resolved(value) for key, value in node.items()}
    return [resolved(value) for value in node] if isinstance(node, list) else node


def checker() -> FormatChecker:
    formats = FormatChecker(formats=())
    formats.checkers = dict(oas30_format_checker.checkers)
    formats.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(text)))
    return formats


def strict(node: Any) -> Any:
    """The schema with unknown properties forbidden: an example must not name what the contract does not."""
    if isinstance(node, dict):
        closed = {key: strict(value) for key, value in node.items()}
        if "properties" in node:
            closed.setdefault("additionalProperties", False)
        return closed
    return [strict(value) for value in node] if isinstance(node, list) else node


def assert_follows(example: Any, schema: Any) -> None:
    # ECMA 262's `$` is the very end, Python's also the place before a last line feed.
    OAS30Validator(strict(schema), format_checker=checker()).validate(example)


def schemas(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema that stands somewhere itself and is no reference."""
    if isinstance(node, dict):
        is_schema = isinstance(node.get("type"), str) and ("schema" in where or "/components/schemas/" in where)
        if is_schema and "/example" not in where and not where.endswith("/properties"):
            yield where, node
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from schemas(value, f"{where}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from schemas(value, f"{where}/{number}")


ALL_SCHEMAS = dict(schemas(CONTRACT))


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every request's and response's content, by operation, place and media type."""
    for _, _, operation in operations(CONTRACT):
        name = operation["operationId"]
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} request {media_type}", resolved(content)
        for status, response in operation["responses"].items():
            for media_type, content in resolved(response).get("content", {}).items():
                yield f"{name} {status} {media_type}", resolved(content)


CONTENTS = dict(contents())


def test_the_walk_finds_the_schemas_it_is_meant_to_find() -> None:
    assert "/components/schemas/TradeId" in ALL_SCHEMAS
    assert "/components/schemas/Psychology/properties/greed" in ALL_SCHEMAS
    assert "/components/parameters/Limit/schema" in ALL_SCHEMAS
    assert "/components/headers/ETag/schema" in ALL_SCHEMAS


@pytest.mark.parametrize("where", [where for where, schema in ALL_SCHEMAS.items() if schema["type"] in SCALARS])
def test_a_scalar_schema_has_an_example(where: str) -> None:
    assert "example" in ALL_SCHEMAS[where]


@pytest.mark.parametrize("where", [where for where, schema in ALL_SCHEMAS.items() if "example" in schema])
def test_a_schemas_example_follows_it(where: str) -> None:
    assert_follows(ALL_SCHEMAS[where]["example"], resolved(ALL_SCHEMAS[where]))


@pytest.mark.parametrize("where", [where for where, schema in ALL_SCHEMAS.items() if "pattern" in schema])
def test_a_pattern_holds_the_whole_value(where: str) -> None:
    assert re.match(r"\^.*\$$", ALL_SCHEMAS[where]["pattern"])


@pytest.mark.parametrize("where", CONTENTS)
def test_a_request_and_a_response_have_examples_that_follow_their_schema(where: str) -> None:
    examples = CONTENTS[where]["examples"]
    assert examples
    for example in examples.values():
        assert_follows(example["value"], CONTENTS[where]["schema"])


def test_every_named_example_is_used() -> None:
    used = {each["$ref"].rpartition("/")[2] for each in references(CONTRACT) if "/examples/" in each["$ref"]}
    assert set(COMPONENTS["examples"]) == used


def references(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("kind", ["schemas", "parameters", "headers", "responses", "links", "examples"])
def test_every_component_is_used(kind: str) -> None:
    used = {each["$ref"] for each in references(CONTRACT)}
    assert {f"#/components/{kind}/{name}" for name in COMPONENTS[kind]} <= used


def example(name: str) -> Any:
    return COMPONENTS["examples"][name]["value"]


def opened(name: str) -> journal.Trade:
    given = models.NewTrade.model_validate(example(name)).model_dump(exclude_none=True)
    return documents.opened_trade(given, user="dana", idempotency_key=None, now=datetime.fromisoformat(_RECORDED))


_RECORDED = "2026-01-05T14:31:10+00:00"


def closed(trade: journal.Trade, name: str, shown: str) -> journal.Trade:
    """The trade after the close of an example, recorded when another example says so."""
    values = models.NewClose.model_validate(example(name)).model_dump(exclude_none=True)
    close_id = example(shown)["partialCloses"][-1]["closeId"]
    now = datetime.fromisoformat(example(shown)["updatedAt"])
    return journal.close(trade, close_id=close_id, now=now, **values)


def as_shown(trade: journal.Trade) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(as_json(documents.trade_document(trade)))
    return {**shown, "tradeId": example("OpenTrade")["tradeId"]}


def test_the_trade_in_the_examples_is_what_the_journal_makes_of_the_requests_in_the_examples() -> None:
    trade = opened("NewOpenTrade")
    assert as_shown(trade) == example("OpenTrade")
    trade = closed(trade, "NewPartialClose", "PartlyClosedTrade")
    assert as_shown(trade) == example("PartlyClosedTrade")
    trade = closed(trade, "NewFinalClose", "ClosedTrade")
    assert as_shown(trade) == example("ClosedTrade")


def test_the_page_in_the_examples_holds_the_open_trade() -> None:
    assert example("TradePage") == {"items": [example("OpenTrade")]}


def test_the_trade_closed_at_once_in_the_examples_earns_what_the_text_book_says() -> None:
    assert opened("NewClosedTrade").net_pnl == Decimal("98.9")


def test_the_patches_in_the_examples_can_be_applied() -> None:
    trade = opened("NewOpenTrade")
    for name in ("MoveStop", "CancelTrade"):
        given = models.TradeChanges.model_validate(example(name)).model_dump(exclude_unset=True)
        changed = journal.revise(trade, documents.changes(given, trade), trade.created_at)
        assert changed.version == 2

"""How DynamoDB and SQS are asked is written once: no other module of the storage, or above it, does it by itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

HANDLERS = Path(__file__).parents[2] / "handlers"
DYNAMO, QUEUES = "storage/dynamo.py", "storage/queues.py"

# What is asked in one module alone.
ALONE = {
    "LastEvaluatedKey": DYNAMO,
    "ExclusiveStartKey": DYNAMO,
    "get_paginator": "storage/bucket.py",  # of S3's lists; DynamoDB's pages are read by dynamo.pages
    "transact_write_items": DYNAMO,
    "transact_get_items": DYNAMO,
    "batch_get_item": DYNAMO,
    "batch_write_item": DYNAMO,
    "CancellationReasons": DYNAMO,
    "ConditionalCheckFailed": DYNAMO,
    "TransactionConflict": DYNAMO,
    "TransactionInProgress": DYNAMO,
    "attribute_not_exists": DYNAMO,
    "send_message_batch": QUEUES,
}
# Who may have DynamoDB's client, and loop over attempts; the others call what these offer.
USERS = {"dynamodb": {DYNAMO}, "attempts": {DYNAMO, QUEUES}}
# An item's version as a condition, whatever the value is called; "SET #version = :next" is none.
AT_VERSION = re.compile(r"(?<!SET )#version = :")


def sources() -> dict[str, str]:
    return {str(path.relative_to(HANDLERS)): path.read_text() for path in sorted(HANDLERS.rglob("*.py"))}


def imported_of_storage(source: str) -> Iterator[str]:
    """The names that a module imports from the storage's clients and retries."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in ("handlers.storage.clients", "handlers.storage.retry"):
            yield from (name.name for name in node.names)


@pytest.mark.parametrize("text", ALONE)
def test_it_is_asked_in_one_module_alone(text: str) -> None:
    assert {module for module, source in sources().items() if text in source} == {ALONE[text]}


@pytest.mark.parametrize("name", USERS)
def test_only_these_modules_have_it(name: str) -> None:
    assert {module for module, source in sources().items() if name in imported_of_storage(source)} == USERS[name]


def test_no_module_reaches_it_through_another_import() -> None:
    """The client is called by its own name only."""
    calls = re.compile(r"\b(clients|dynamo)\.dynamodb\b|\bretry\.attempts\b")
    assert {module for module, source in sources().items() if calls.search(source)} == set()


def test_the_condition_of_a_version_is_written_once() -> None:
    assert {module for module, source in sources().items() if AT_VERSION.search(source)} == {DYNAMO}

"""Patches of ministack's DynamoDB: expressions that AWS refuses. (It refuses reserved words by itself.)

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.FilterExpression.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]
Path = tuple[str, ...]

DYNAMODB = "ministack.services.dynamodb"

# A document path; one before "(" is a function's name.
_PATH = re.compile(r"(?<![:#\w.])(#?[A-Za-z_]\w*(?:\.#?\w+|\[\d+\])*)(?!\w)(?!\s*\()")
_WORDS = {"and", "or", "not", "between", "in"}
_CLAUSE = re.compile(r"\b(SET|REMOVE|ADD|DELETE)\b", re.IGNORECASE)


def elements(path: str, names: Mapping[str, str]) -> Path:
    """The elements of a document path, with its placeholders replaced by the names."""
    found = re.findall(r"#?\w+|\[\d+\]", path)
    return tuple(names.get(element, element) for element in found)


def paths_of_filter(expression: str, names: Mapping[str, str]) -> Iterator[Path]:
    """The document paths that a filter names."""
    for path in _PATH.findall(expression):
        if path.lower() not in _WORDS:
            yield elements(path, names)


def updated_paths(expression: str, names: Mapping[str, str]) -> Iterator[Path]:
    """The document paths that an update sets or removes."""
    _, *rest = _CLAUSE.split(expression)
    for _clause, actions in zip(rest[::2], rest[1::2], strict=True):
        for action in _at_top_level(actions):
            target = re.match(r"\s*([#\w.\[\]]+)", action)
            if target:
                yield elements(target[1], names)


def _at_top_level(actions: str) -> Iterator[str]:
    """The parts between the commas outside parentheses."""
    depth, part = 0, ""
    for character in actions:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    yield part


def filter_error(expression: str, names: Mapping[str, str], keys: list[str]) -> str | None:
    """AWS's error for a query's filter that names a key attribute of the queried table or index; else None."""
    for path in paths_of_filter(expression, names):
        if path[0] in keys:
            return f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {path[0]}"
    return None


def update_error(expression: str, names: Mapping[str, str]) -> str | None:
    """AWS's error for an update with two equal paths, or with one path inside another; else None."""
    for one, two in combinations(updated_paths(expression, names), 2):
        if one[: len(two)] == two or two[: len(one)] == one:
            return (
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of"
                f" these paths; path one: [{', '.join(one)}], path two: [{', '.join(two)}]"
            )
    return None


def _keys_of(request: Json) -> list[str]:
    """The key attributes of the table, or of its index, that is queried."""
    table = take(f"{DYNAMODB}:_tables").get(take(f"{DYNAMODB}:_normalize_table_name")(request.get("TableName", "")), {})
    schema = table.get("KeySchema", [])
    for index in (*(table.get("GlobalSecondaryIndexes") or ()), *(table.get("LocalSecondaryIndexes") or ())):
        if index["IndexName"] == request.get("IndexName"):
            schema = index["KeySchema"]
    return [key["AttributeName"] for key in schema]


def _of_query(request: Json) -> str | None:
    names = request.get("ExpressionAttributeNames") or {}
    given = request.get("FilterExpression")
    return filter_error(given, names, _keys_of(request)) if isinstance(given, str) else None


def _of_update(request: Json) -> str | None:
    given = request.get("UpdateExpression")
    return update_error(given, request.get("ExpressionAttributeNames") or {}) if isinstance(given, str) else None


def _of_transaction(request: Json) -> str | None:
    updates = (item["Update"] for item in request.get("TransactItems") or () if "Update" in item)
    return next(filter(None, map(_of_update, updates)), None)


def _apply() -> None:
    def checked(name: str, check: Callable[[Json], str | None]) -> None:
        handle: Callable[[Json], Any] = take(f"{DYNAMODB}:{name}")

        def checked_first(request: Json) -> Any:
            error = check(request)
            return (
                take(f"{DYNAMODB}:error_response_json")("ValidationException", error, 400) if error else handle(request)
            )

        put(f"{DYNAMODB}:{name}", checked_first)

    checked("_query", _of_query)
    checked("_update_item", _of_update)
    checked("_transact_write_items", _of_transaction)


PATCHES = [
    Patch(
        "expressions that name an attribute twice",
        ministack="accepts filters on key attributes, and an update of a path together with one inside it",
        aws="refuses both: ValidationException",
        needs=(
            f"{DYNAMODB}:_query",
            f"{DYNAMODB}:_update_item",
            f"{DYNAMODB}:_transact_write_items",
            f"{DYNAMODB}:_tables",
            f"{DYNAMODB}:_normalize_table_name",
            f"{DYNAMODB}:error_response_json",
        ),
        apply=_apply,
    ),
]

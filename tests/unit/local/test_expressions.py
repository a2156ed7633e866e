"""Which expressions the embedded DynamoDB refuses, as AWS does."""

from __future__ import annotations

import pytest

from local.emulator.expressions import filter_error, update_error

NAMES = {"#u": "userId", "#s": "status", "#m": "meta"}
KEYS = ["userId", "openDate"]


@pytest.mark.parametrize(
    ("expression", "key"),
    [
        ("userId = :user", "userId"),
        ("#u = :user", "userId"),
        ("side = :side AND openDate BETWEEN :a AND :b", "openDate"),
        ("NOT begins_with(openDate, :day)", "openDate"),
        ("side IN (:a, openDate)", "openDate"),
        ("attribute_exists(#u) OR contains(tags, :tag)", "userId"),
    ],
)
def test_a_filter_on_a_key_is_refused(expression: str, key: str) -> None:
    error = filter_error(expression, NAMES, KEYS)
    assert error == f"Filter Expression can only contain non-primary key attributes: Primary key attribute: {key}"


@pytest.mark.parametrize(
    "expression",
    [
        "side = :openDate",
        "#s = :status AND contains(tags, :tag)",
        "meta.userId = :user",
        "#m.#u = :user AND size(notes) < :most",
        "userIds[0] = :user",
        "(NOT side = :buy) OR (quantity BETWEEN :a AND :b)",
    ],
)
def test_a_filter_on_other_attributes_is_taken(expression: str) -> None:
    assert filter_error(expression, NAMES, KEYS) is None


@pytest.mark.parametrize(
    "expression",
    [
        "SET meta = :meta, meta.note = :note",
        "SET #m.note = :note REMOVE meta",
        "SET a = :a REMOVE a",
        "ADD askedFor :one SET askedFor = :none",
        "SET list[0] = :a, list = :b",
        "SET a = if_not_exists(b, :c), b = :d, a = :e",
        "delete tags :some set #s = :s remove tags",
    ],
)
def test_an_update_of_overlapping_paths_is_refused(expression: str) -> None:
    assert (update_error(expression, NAMES) or "").startswith(
        "Invalid UpdateExpression: Two document paths overlap with each other"
    )


@pytest.mark.parametrize(
    "expression",
    [
        "SET expiresAt = :end ADD askedFor :one",
        "SET meta.a = :a, meta.b = :b REMOVE metadata",
        "SET list[0] = :a, list[1] = :b",
        "SET a = a + :one, b = if_not_exists(a, :none)",
        "REMOVE #s, #u",
    ],
)
def test_an_update_of_paths_beside_each_other_is_taken(expression: str) -> None:
    assert update_error(expression, NAMES) is None

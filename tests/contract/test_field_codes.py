"""The table of field codes in the contract, the enumeration, and every place that makes a field error agree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.faults import FieldCode
from handlers.web.contract import contract
from tests.field_codes import hold_to_table, table

HANDLERS = Path(__file__).parents[2] / "handlers"


def test_the_table_has_the_codes_of_the_enumeration_and_no_others() -> None:
    assert set(table()) == set(FieldCode)


def test_a_code_is_its_own_name() -> None:
    assert all(code.name == code.value for code in FieldCode)


def made_faults() -> Iterator[tuple[str, ast.Call]]:
    """Where each fault is made, and the call that makes it."""
    for path in sorted(HANDLERS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Fault", "NotJson"):
                yield f"{path.relative_to(HANDLERS)}:{node.lineno}", node


FAULTS = dict(made_faults())


@pytest.mark.parametrize("place", FAULTS)
def test_params_that_are_written_out_are_those_of_the_table(place: str) -> None:
    code, *rest = FAULTS[place].args
    if not ast.unparse(code).startswith("FieldCode."):
        return  # the code is itself a variable: the tests of the API see it
    row = table()[ast.unparse(code).removeprefix("FieldCode.")]
    if len(rest) < 2:
        assert not row.params
    elif isinstance(rest[1], ast.Dict):
        names = {key.value for key in rest[1].keys if isinstance(key, ast.Constant)}
        assert row.params <= names <= row.params | row.optional


def test_the_places_are_found() -> None:
    assert len(FAULTS) > 50


EXAMPLES = {
    name: example["value"]
    for name, example in contract()["components"]["examples"].items()
    if isinstance(example["value"], dict)
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_field_errors_of_the_examples_are_of_the_table(name: str) -> None:
    hold_to_table(EXAMPLES[name])
    for result in EXAMPLES[name].get("results", ()):
        hold_to_table(result.get("problem", {}))


def test_a_code_that_is_in_no_table_is_noticed() -> None:
    error = {"in": "body", "pointer": "/x", "code": "REQUIRED", "params": {}, "detail": "is required"}
    hold_to_table({"errors": [error]})
    with pytest.raises(KeyError):
        hold_to_table({"errors": [{**error, "code": "ODD"}]})
    with pytest.raises(AssertionError):
        hold_to_table({"errors": [{**error, "params": {"maxLength": 1}}]})

"""Use cases are given the contract's models or the journal's objects, and no operation decodes what is decoded."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HANDLERS = Path(__file__).parents[2] / "handlers"


def used_by_operations() -> list[Path]:
    """The modules of use cases that an operation imports."""
    found = set()
    for file in (HANDLERS / "operations").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handlers.usecases"):
                named = [f"{node.module}.{alias.name}" for alias in node.names] + [str(node.module)]
                found |= {HANDLERS.parent / Path(*name.split(".")).with_suffix(".py") for name in named}
    return sorted(file for file in found if file.is_file())


@pytest.mark.parametrize("file", used_by_operations(), ids=lambda file: file.stem)
def test_a_use_case_takes_typed_values(file: Path) -> None:
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            kinds = {arg.arg: ast.unparse(arg.annotation) for arg in taken if arg.annotation}
            assert not {name for name, kind in kinds.items() if "str, Any]" in kind or kind == "Any"}, node.name


def test_operations_call_use_cases() -> None:
    assert len(used_by_operations()) > 15


@pytest.mark.parametrize("file", sorted((HANDLERS / "operations").glob("*.py")), ids=lambda file: file.stem)
def test_an_operation_decodes_no_body(file: Path) -> None:
    """Bodies are decoded before operations are called, and kept answers are sent on as the texts that they are."""
    imported = {
        alias.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert "json" not in imported

"""Selects the models for a function's artifact, because pydantic takes one or two milliseconds to build each."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import cache
from pathlib import Path

from building.sources import cut, evaluated, reached

ROOT = Path(__file__).parent.parent
MODELS = Path("generated", "models.py")


@cache
def named_in(text: str) -> frozenset[str]:
    """The models that the source of a module refers to at run time, as `models.X`."""
    return frozenset(
        part.attr
        for part in evaluated(ast.parse(text))
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "models"
    )


def models_for(names: Collection[str]) -> str:
    """The source of the named models and of the models that they refer to, without descriptions and examples."""
    tree = ast.parse((ROOT / MODELS).read_text("utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    unwanted = classes.keys() - reached(classes, names)
    tree.body = [node for node in tree.body if not _is_of(node, unwanted)]
    return cut(ast.unparse(_WithoutProse().visit(tree)), operations=())


def _is_of(node: ast.stmt, names: Collection[str]) -> bool:
    """Whether the statement defines one of these classes or is an expression about one, as `Model.model_rebuild()`."""
    if isinstance(node, ast.ClassDef):
        return node.name in names
    return isinstance(node, ast.Expr) and any(
        isinstance(part, ast.Name) and part.id in names for part in ast.walk(node)
    )


class _WithoutProse(ast.NodeTransformer):
    """Removes docstrings and the examples of fields, which no function reads."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self.generic_visit(node)
        node.body = node.body or [ast.Pass()]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != "examples"]
        return node

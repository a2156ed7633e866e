"""Selects the models for a function's artifact, because pydantic takes one or two milliseconds to build each."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODELS = Path("generated", "models.py")


def named_in(path: Path, starts: Collection[str]) -> frozenset[str]:
    """The models that a file needs: those named at module level, in the functions `starts`, and in what these call.

    A file without any of these functions is used by other modules, so all models that it names are needed.
    """
    tree = _tree(path)
    parts = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    if parts.keys().isdisjoint(starts):
        return _models_in(tree)
    outside: set[str] = set().union(*(_names_in(node) for node in tree.body if node not in parts.values()))
    unwanted = {parts[name] for name in parts.keys() - _reached(parts, parts.keys() & {*starts, *outside})}
    return frozenset().union(*(_models_in(node) for node in tree.body if node not in unwanted))


def models_for(names: Collection[str]) -> str:
    """The source of the named models and of the models that they refer to, without descriptions and examples."""
    tree = ast.parse((ROOT / MODELS).read_text("utf-8"))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    unwanted = classes.keys() - _reached(classes, names)
    tree.body = [node for node in tree.body if not _is_of(node, unwanted)]
    return ast.unparse(_WithoutProse().visit(tree)) + "\n"


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"))


def _models_in(node: ast.AST) -> frozenset[str]:
    """The models that the code refers to at run time. Annotations of functions do not count: they are not evaluated."""
    found: set[str] = set()
    left = [node]
    while left:
        part = left.pop()
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "models":
            found.add(part.attr)
        for name, held in ast.iter_fields(part):
            if name not in ("annotation", "returns"):
                left += [each for each in (held if isinstance(held, list) else [held]) if isinstance(each, ast.AST)]
    return frozenset(found)


def _reached(parts: Mapping[str, ast.AST], starts: Collection[str]) -> set[str]:
    """The names of the parts that `starts` refer to, directly or not, themselves included."""
    found: set[str] = set()
    left = list(starts)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _names_in(parts[name]) & parts.keys()
    return found


def _names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


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

"""Cuts a module's source to what a function needs of it. Lines keep their numbers, so tracebacks fit the repository."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from functools import cache

Function = ast.FunctionDef | ast.AsyncFunctionDef


def cut(text: str, operations: Collection[str]) -> str:
    """A module of operations cut to these: without functions that none of them needs, and without imports for those.

    operations: the names of the operations' functions.
    """
    tree = ast.parse(text)
    functions = {node.name: node for node in tree.body if isinstance(node, Function)}
    rest = [node for node in tree.body if not isinstance(node, Function | ast.Import | ast.ImportFrom)]
    at_import = set().union(*map(names_in, rest))
    needed = reached(functions, functions.keys() & {*operations, *at_import})
    named = at_import.union(*(names_in(functions[name]) for name in needed))
    lines = text.splitlines()
    for node in tree.body:
        if isinstance(node, Function) and node.name not in needed:
            first = min(part.lineno for part in (node, *node.decorator_list))
            _put(lines, first, node.end_lineno, "")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            used = [alias for alias in node.names if _is_used(node, alias, named)]
            if len(used) < len(node.names):
                node.names = used
                _put(lines, node.lineno, node.end_lineno, ast.unparse(node) if used else "")
    return "\n".join(lines) + "\n"


@cache
def without_docstrings(text: str) -> str:
    """The source without the docstrings of modules and functions, which are a twelfth of an artifact.

    Those of classes stay: a dataclass without one writes its own from its signature, at each start.
    """
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | Function) and ast.get_docstring(node) is not None:
            said = node.body[0]
            is_all = len(node.body) == 1 and not isinstance(node, ast.Module)
            _put(lines, said.lineno, said.end_lineno, " " * said.col_offset + "pass" if is_all else "")
    return "\n".join(lines) + "\n"


def reached(parts: Mapping[str, ast.AST], starts: Collection[str]) -> set[str]:
    """The names of the parts that `starts` refer to, directly or not, themselves included."""
    found: set[str] = set()
    left = list(starts)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += names_in(parts[name]) & parts.keys()
    return found


def names_in(node: ast.AST) -> set[str]:
    """The names that the code refers to at run time, where annotations of functions are not evaluated."""
    return {part.id for part in evaluated(node) if isinstance(part, ast.Name)}


def evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all that it holds, but for annotations of arguments and results."""
    left = [node]
    while left:
        part = left.pop()
        yield part
        unevaluated = (getattr(part, "returns", None), part.annotation if isinstance(part, ast.arg) else None)
        left += [each for each in ast.iter_child_nodes(part) if each not in unevaluated]


def _is_used(node: ast.Import | ast.ImportFrom, alias: ast.alias, named: Collection[str]) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return True
    return (alias.asname or alias.name.split(".")[0]) in named


def _put(lines: list[str], first: int, last: int | None, text: str) -> None:
    """Replace the lines from `first` to `last`, counted from 1, by one and empty lines."""
    lines[first - 1 : last] = [text, *[""] * ((last or first) - first)]

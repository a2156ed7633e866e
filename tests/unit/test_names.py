"""No two things of the code share a name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

HANDLERS = Path(__file__).parents[2] / "handlers"


def public_classes(source: str) -> Iterator[str]:
    """The names of a module's classes that other modules may use."""
    return (
        node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )


def shared_names(modules: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The names that several public classes have, each with the modules of these. modules: each by name and source."""
    named: dict[str, list[str]] = defaultdict(list)
    for module, source in modules:
        for name in public_classes(source):
            named[name].append(module)
    return {name: of for name, of in named.items() if len(of) > 1}


def test_no_two_public_classes_share_a_name() -> None:
    modules = ((str(path.relative_to(HANDLERS)), path.read_text("utf-8")) for path in sorted(HANDLERS.rglob("*.py")))
    assert shared_names(modules) == {}


def test_classes_of_one_name_are_found_with_their_modules() -> None:
    trade, fill = "class Trade: ...\nclass _Lot: ...\n", "class Fill:\n    class Trade: ...\nclass _Lot: ...\n"
    assert shared_names([("a.py", trade), ("b.py", fill)]) == {}
    assert shared_names([("a.py", trade), ("b.py", fill), ("c.py", trade)]) == {"Trade": ["a.py", "c.py"]}

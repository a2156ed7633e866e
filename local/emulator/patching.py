"""Patches of ministack, and the only access to its untyped, private names.

Names are written "module:attribute" or "module:class.attribute". `import_module` returns a module whose attributes are
Any to the type checker, so nothing here needs ministack to be installed until a patch is applied.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from typing import Any


@dataclass(frozen=True)
class Patch:
    title: str
    ministack: str  # what ministack does without it
    aws: str  # what AWS does
    needs: tuple[str, ...]  # every private name it reads or replaces
    apply: Callable[[], None]


def take(name: str) -> Any:
    module, attribute = name.split(":")
    return attrgetter(attribute)(import_module(module))


def put(name: str, value: object) -> None:
    module, attribute = name.split(":")
    setattr(import_module(module), attribute, value)


def missing_names(names: Iterable[str]) -> list[str]:
    return sorted(name for name in set(names) if not _exists(name))


def _exists(name: str) -> bool:
    try:
        take(name)
    except (ImportError, AttributeError):
        return False
    return True

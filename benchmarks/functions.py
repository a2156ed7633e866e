"""The functions of the template, by the operations that they serve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from building.functions import functions
from local.artifacts import read_template
from local.places import ROOT


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function: its logical id, the operations that it serves, and the names of its environment variables."""

    name: str
    operations: tuple[str, ...]
    variables: tuple[str, ...]


@cache
def function_of(operation: str) -> Function:
    """The function that serves the operation. Raises LookupError if none does."""
    template = read_template(ROOT / "template.yaml")
    for name, _, operations in functions(template):
        if operation in operations:
            variables = template["Resources"][name]["Properties"]["Environment"]["Variables"]
            return Function(name, tuple(operations), tuple(variables))
    raise LookupError(f"no function serves {operation}")

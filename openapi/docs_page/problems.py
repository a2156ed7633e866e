"""The pages that explain the types of problems, one at the address of each type, from the contract's table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ROW = re.compile(
    r"^\| \[`(?P<type>[^`]*/problems/(?P<name>[a-z-]+))`\]\(problems/(?P=name)\) \| (?P<status>[1-5][0-9]{2}) "
    r"\| (?P<title>[^|]+) \| (?P<meaning>[^|]+) \| (?P<remedy>[^|]+) \|$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A row of the table: the type with its last part, its HTTP status, its title, what it means and what helps."""

    name: str
    type: str
    status: int
    title: str
    meaning: str
    remedy: str


def problem_types(contract: Mapping[str, Any]) -> Iterator[ProblemType]:
    """The problem types of the contract's table, in its order."""
    for row in _ROW.finditer(contract["info"]["description"]):
        yield ProblemType(
            name=row["name"],
            type=row["type"],
            status=int(row["status"]),
            title=row["title"],
            meaning=row["meaning"],
            remedy=row["remedy"],
        )


def example_of(contract: Mapping[str, Any], problem: ProblemType) -> str:
    """The contract's first example of such a problem as JSON, empty without one."""
    for example in contract["components"]["examples"].values():
        value = example["value"]
        if isinstance(value, dict) and value.get("type") == problem.type:
            return json.dumps(value, indent=2, ensure_ascii=False)
    return ""

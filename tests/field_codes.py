"""Reads the contract's table of field codes, and checks each field error of an answer against it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.web.contract import contract

_ROW = re.compile(r"^\| `(?P<code>[A-Z0-9_]+)` \|(?P<params>[^|]*)\| (?P<meaning>[^|]+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A row of the table: the params that always go with the code, and those that may."""

    params: frozenset[str]
    optional: frozenset[str]
    meaning: str


@cache
def table() -> Mapping[str, Row]:
    """The rows by their codes."""
    rows = {}
    for row in _ROW.finditer(contract()["info"]["description"]):
        names = re.findall(r"`([A-Za-z]+\??)`", row["params"])
        assert row["code"] not in rows, f"{row['code']} stands in the table twice"
        rows[row["code"]] = Row(
            frozenset(name for name in names if not name.endswith("?")),
            frozenset(name.removesuffix("?") for name in names if name.endswith("?")),
            row["meaning"],
        )
    return rows


def hold_to_table(problem: Mapping[str, Any]) -> None:
    """Fail unless each field error of a problem document has a code of the table, and the params that it names."""
    for error in problem.get("errors", ()):
        assert set(error) == {"in", "pointer", "code", "params", "detail"}, error
        row = table()[error["code"]]
        assert row.params <= set(error["params"]) <= row.params | row.optional, error

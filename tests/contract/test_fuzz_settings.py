"""The settings of schemathesis for each operation follow from the contract, for every seed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from handlers.web.contract import contract

SETTINGS = tomllib.loads((Path(__file__).parents[1] / "fuzz" / "schemathesis.toml").read_text(encoding="utf-8"))
MOSTLY_4XX = {"missing_test_data", "validation_mismatch"}
TAG_CHANGES = {"renameTag", "deleteTag"}  # Their own section leaves the same warnings out, and rate_limited.


def operations() -> Iterator[dict[str, Any]]:
    """Each operation of the contract."""
    for item in contract()["paths"].values():
        yield from (
            operation for operation in item.values() if isinstance(operation, dict) and "operationId" in operation
        )


def named(section: dict[str, Any]) -> list[str]:
    """The operations that a section of the settings is about."""
    names = section["include-operation-id"]
    return [names] if isinstance(names, str) else names


def without_the_warnings() -> list[str]:
    """The operations for which a share of 4xx answers is no warning."""
    return [
        name
        for section in SETTINGS["operations"]
        if "warnings" in section and not MOSTLY_4XX & set(section["warnings"]["display"])
        for name in named(section)
    ]


def test_a_share_of_4xx_is_no_warning_where_the_contract_declares_a_404_or_a_422_and_nowhere_else() -> None:
    declared = [
        operation["operationId"] for operation in operations() if {"404", "422"} & operation["responses"].keys()
    ]
    assert sorted(without_the_warnings()) == sorted({*declared, *TAG_CHANGES})


@pytest.mark.parametrize("section", SETTINGS["operations"], ids=lambda section: "-".join(named(section))[:40])
def test_a_section_names_operations_that_there_are(section: dict[str, Any]) -> None:
    assert set(named(section)) <= {operation["operationId"] for operation in operations()}

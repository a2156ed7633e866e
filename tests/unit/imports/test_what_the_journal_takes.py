"""What is read in any file is what the journal takes: no row is refused later for what its format made of it."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handlers.imports.moments import instant_of
from handlers.imports.reading import open_file
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.journal.cash import Cash, checked
from handlers.journal.executions import ActionType, CorporateAction, Execution, action_errors, execution_errors
from tests.formats.expected import FOLDER

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILES = sorted(file for file in FOLDER.glob("*/*") if file.suffix in (".csv", ".xml", ".html", ".htm"))
OF_CASH = ("type", "amount", "currency", "symbol", "external_id", "note")


def shared(found: Any, target: type) -> dict[str, Any]:
    """The fields that a finding and what it becomes have in common."""
    names = {each.name for each in fields(target)}
    return {each.name: getattr(found, each.name) for each in fields(found) if each.name in names}


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_is_read_is_taken(file: Path) -> None:
    for row in open_file([file.read_bytes()]).rows():
        for found in row.found:
            at = instant_of(found.at, ZONE, day_only=found.day_only).at
            if isinstance(found, ReportedFill):
                assert execution_errors(Execution(execution_id="1", executed_at=at, **shared(found, Execution))) == []
            elif isinstance(found, CashMove):
                own = {name: getattr(found, name) for name in OF_CASH}
                checked(Cash(user_id="u", account_id="a", cash_id="1", at=at, created_at=NOW, updated_at=NOW, **own))
            else:
                assert isinstance(found, Action)
                errors = action_errors(
                    CorporateAction(action_id="1", effective_at=at, **shared(found, CorporateAction))
                )
                # A split of which the added units are known has no ratio until what is open is known.
                missing = {error.path for error in errors}
                by_units = found.type is ActionType.SPLIT and found.added is not None
                assert missing == ({("new",), ("old",)} if by_units else set())

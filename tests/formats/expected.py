"""What is read in a file, as the document that stands beside it.

    python -m tests.formats.expected FILE...

writes the document of each file that has none, for its author to check line by line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from handlers.imports.reading import ReadingOptions, open_file
from handlers.imports.rows import Action, CashMove, ReportedFill
from handlers.journal.money import canonical

FOLDER = Path(__file__).parent


def document_of(file: Path, options: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the file says: its format, then fills, cash, actions, skipped and wrong rows, each with its line.

    Fields that have their default are left out. options: those of ReadingOptions, as the document has them.
    """
    given: dict[str, Any] = dict(options or {})
    day = date.fromisoformat(given.pop("day")) if "day" in given else None
    reading = open_file([file.read_bytes()], ReadingOptions(day=day, **given))
    found: dict[str, list[Any]] = {"fills": [], "cash": [], "actions": [], "skipped": [], "errors": [], "warnings": []}
    lists = {ReportedFill: "fills", CashMove: "cash", Action: "actions"}
    for row in reading.rows():
        for each in row.found:
            found[lists[type(each)]].append({"line": row.line, **_document(each)})
        if row.skipped is not None:
            found["skipped"].append(row.line)
        if row.error is not None:
            found["errors"].append({"line": row.line, "reason": str(row.error)})
        found["warnings"] += [{"line": row.line, "reason": str(notice.reason)} for notice in row.warnings]
    assert reading.format is not None
    own = {"options": dict(options)} if options else {}
    return {"format": reading.format.id, **own, **{name: value for name, value in found.items() if value}}


def _document(of: Any) -> dict[str, Any]:
    return {
        own.name: _plain(value)
        for own in fields(of)
        if (value := getattr(of, own.name)) is not None and (own.default is MISSING or value != own.default)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return canonical(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str | bool):
        return value if isinstance(value, bool) else str(value)
    return _document(value)


def _main(files: list[str]) -> None:
    for name in files:
        target = Path(name).with_suffix(".json")
        if not target.exists():
            text = json.dumps(document_of(Path(name)), indent=1, ensure_ascii=False)
            target.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    _main(sys.argv[1:])

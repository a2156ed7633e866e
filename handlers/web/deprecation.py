"""How an operation says that its days are numbered: the headers Deprecation (RFC 9745) and Sunset (RFC 8594).

The contract decides: `deprecated: true`, with `x-deprecated-at`, the day since when, and `x-sunset`, the day from which
on it may be gone. docs/versioning.md has the whole story.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any


def announcement(operation: Mapping[str, Any]) -> dict[str, str]:
    """The headers for every answer of the operation; none as long as it is not deprecated."""
    if not operation.get("deprecated"):
        return {}
    headers = {}
    if since := operation.get("x-deprecated-at"):
        headers["Deprecation"] = f"@{_midnight(since).timestamp():.0f}"
    if until := operation.get("x-sunset"):
        headers["Sunset"] = format_datetime(_midnight(until), usegmt=True)
    return headers


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)

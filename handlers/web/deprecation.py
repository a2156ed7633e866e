"""The headers Deprecation (RFC 9745) and Sunset (RFC 8594) of deprecated operations.

The contract marks such an operation with `deprecated: true`, `x-deprecated-at` (the day since when it is deprecated)
and `x-sunset` (the first day on which it may be gone). docs/versioning.md describes the procedure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any


def announcement(operation: Mapping[str, Any]) -> dict[str, str]:
    """The headers for every answer of the operation; none if it is not deprecated."""
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

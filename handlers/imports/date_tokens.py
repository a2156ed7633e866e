"""Formats of dates that users write with tokens: `DD.MM.YYYY HH:mm`. They become patterns of digits alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from handlers.imports.notation import Moment, shown
from handlers.imports.refusals import Refusal, Unreadable
from handlers.imports.rows import RowReason

LONGEST = 40
_TOKENS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short>[0-9]{2})",
    "MM": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{1,2})",
    "HH": r"(?P<hour>[0-9]{1,2})",
    "hh": r"(?P<hour>[0-9]{1,2})",
    "mm": r"(?P<minute>[0-9]{2})",
    "ss": r"(?P<second>[0-9]{2})(?:[.,][0-9]+)?",
    "A": r"(?P<half>[AaPp])\.?[Mm]\.?",
}
_TOKEN = re.compile("YYYY|YY|MM|DD|HH|hh|mm|ss|A|.", re.DOTALL)


@lru_cache(maxsize=64)
def compiled(text: str) -> re.Pattern[str]:
    """The pattern of a format. Raises Refusal for a format without a whole day, and for one with a token twice."""
    if len(text) > LONGEST:
        raise Refusal(f"must be at most {LONGEST} characters")
    parts = _TOKEN.findall(text)
    if ("YYYY" in parts) + ("YY" in parts) != 1 or "MM" not in parts or "DD" not in parts:
        raise Refusal("must have a year (YYYY or YY), MM and DD")
    tokens = [part.upper() if part == "hh" else part for part in parts if part in _TOKENS]
    if len(tokens) != len(set(tokens)):
        raise Refusal("has a token twice")
    if ("mm" in tokens) != ("HH" in tokens) or ("ss" in tokens and "mm" not in tokens):
        raise Refusal("must have HH (or hh) and mm for a time")
    return re.compile("".join(_TOKENS.get(part, re.escape(part)) for part in parts))


def moment_by(formats: Sequence[str], text: str) -> Moment:
    """The time, or the day, in the first of the formats that the text has. Raises Unreadable."""
    for each in formats:
        found = compiled(each).fullmatch(text.strip())
        if found is None:
            continue
        parts = found.groupdict()
        hour, half = int(parts.get("hour") or 0), (parts.get("half") or "").casefold()
        if half:
            hour = hour % 12 + (12 if half == "p" else 0)
        year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
        clock = (hour, int(parts.get("minute") or 0), int(parts.get("second") or 0))
        try:
            at = datetime(year, int(parts["month"]), int(parts["day"]), *clock)  # noqa: DTZ001  # its zone comes later
        except ValueError:
            continue
        return Moment(at, "hour" not in parts)
    raise Unreadable(RowReason.DATE, f"{shown(text)} is in none of the formats of dates")

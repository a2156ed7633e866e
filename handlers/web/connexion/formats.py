"""The formats of the contract's texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from handlers.web.input_forms import canonical_time

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _is_date(text: str) -> bool:
    return bool(date.fromisoformat(text))


def _is_date_time(text: str) -> bool:
    return bool(canonical_time(text))


def _is_email(text: str) -> bool:
    # handlers/web/credentials.py checks the rest, and names the rule that an address breaks.
    return "@" in text


def _is_uuid(text: str) -> bool:
    return bool(UUID.fullmatch(text))


# Each returns whether the text is of the format, or raises ValueError.
FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_date_time,
    "email": _is_email,
    "uuid": _is_uuid,
}


def fits_format(value: object, name: str) -> bool:
    """Whether the value is of the format. True also for what is no text, and for a format that is not listed here."""
    if not isinstance(value, str) or name not in FORMATS:
        return True
    try:
        return FORMATS[name](value)
    except ValueError:
        return False

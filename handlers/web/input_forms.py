"""Converts values that a client may write in several ways into the one form that the journal keeps.

- `format: date-time`: RFC 3339 in full. Lower-case `t` and `z` become upper case, fractions of a second are cut to the
  microsecond, and a leap second becomes the last microsecond before it ends, so that it stays on its day.
- `format: uuid`: lower case.
- `x-ignore-case`: the spelling of the enumeration.

Invalid values are not changed, so that the validation can name their fault.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

# On a string enumeration of a request: values match without regard to upper and lower case.
IGNORE_CASE = "x-ignore-case"

Reader = Callable[[Any], Any]

_DATE_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<minute>([01][0-9]|2[0-3]):[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
    r"(?P<fraction>\.[0-9]+)?(?P<offset>[Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


def canonical_time(text: str) -> str:
    """An RFC 3339 date-time in the form that datetime.fromisoformat reads. Raises ValueError for any other text."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError("no date-time of RFC 3339")
    second, fraction, offset = found["second"], (found["fraction"] or "")[:7], found["offset"].upper()
    leaps = second == "60"
    if leaps:
        second, fraction = "59", ".999999"
    made = f"{found['day']}T{found['minute']}:{second}{fraction}{offset}"
    moment = datetime.fromisoformat(made)
    if leaps and not _ends_a_month(moment):
        raise ValueError("a leap second comes at the end of a month in UTC")
    return made


def _ends_a_month(moment: datetime) -> bool:
    """Whether a leap second can follow the moment: RFC 3339, section 5.7 and appendix D."""
    try:
        at = moment.astimezone(UTC)
    except OverflowError:
        return False
    return (at.hour, at.minute, at.day) == (23, 59, monthrange(at.year, at.month)[1])


def reader(schema: Mapping[str, Any]) -> Reader | None:
    """A function that converts values of this schema into their one form; None if no value has several forms."""
    found = [*_own(schema), *(each for part in schema.get("allOf", ()) if (each := reader(part)) is not None)]
    if not found:
        return None

    def read(value: Any) -> Any:
        for each in found:
            value = each(value)
        return value

    return found[0] if len(found) == 1 else read


def _own(schema: Mapping[str, Any]) -> list[Reader]:
    """The conversions that the schema's own keywords ask for, without those of its allOf."""
    found: list[Reader] = []
    if of_format := _FORMATS.get(schema.get("format", "")):
        found.append(of_format)
    if schema.get(IGNORE_CASE):
        found.append(_spelled(schema["enum"]))
    if "items" in schema and (of_item := reader(schema["items"])) is not None:
        found.append(_of_items(of_item))
    by_name = {name: each for name, held in schema.get("properties", {}).items() if (each := reader(held)) is not None}
    if by_name:
        found.append(_of_properties(by_name))
    return found


def _time(value: Any) -> Any:
    try:
        return canonical_time(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_FORMATS: dict[str, Reader] = {"date-time": _time, "uuid": _lower}


def _spelled(values: list[Any]) -> Reader:
    spelling = {value.lower(): value for value in values if isinstance(value, str)}
    return lambda value: spelling.get(value.lower(), value) if isinstance(value, str) else value


def _of_items(read: Reader) -> Reader:
    return lambda value: [read(item) for item in value] if isinstance(value, list) else value


def _of_properties(readers: Mapping[str, Reader]) -> Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        changed = {name: readers[name](value[name]) for name in readers.keys() & value.keys()}
        return {**value, **changed} if changed else value

    return read

"""How a file writes numbers and days, as far as whoever reads it has to be told; and cells in messages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

# The longest part of a cell that a message repeats.
_SHOWN = 40


class DecimalMark(StrEnum):
    """What stands before the decimals of a number."""

    POINT = "POINT"
    COMMA = "COMMA"


class DateOrder(StrEnum):
    """The order of day, month and year where digits alone do not tell it."""

    MDY = "MDY"
    DMY = "DMY"
    YMD = "YMD"


class Moment(NamedTuple):
    """A time as its file has it, without an offset where the file has none; or midnight of a day without a time."""

    at: datetime
    day_only: bool


def shown(text: str) -> str:
    """The beginning of a cell, in quotes, for a message."""
    return f'"{text[:_SHOWN]}{"..." if len(text) > _SHOWN else ""}"'

"""Parts of cells, and columns whose names go on after what is known of them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from handlers.imports.moments import instant_of
from handlers.imports.records import Columns, Record, plain
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason
from handlers.imports.values import Moment, shown
from handlers.journal.stats.clock import UnknownTimeZone, time_zone


def quantity_in(record: Record, text: str) -> Decimal:
    """The size of the number in a part of a cell, whatever its sign. Raises Unreadable for none, and for 0."""
    found = record.notation.number(text)
    if not found:
        raise Unreadable(RowReason.NUMBER, f"{shown(text)} is no quantity")
    return found.copy_abs()


@lru_cache(maxsize=256)
def beginning_with(columns: Columns, *beginnings: str) -> str:
    """The name of the first column that begins with one of these, whatever its letters; "" if none does.

    Each row of a file asks the same, so the answers are kept.
    """
    small = tuple(map(plain, beginnings))
    return next((name for name in columns.names if plain(name).startswith(small)), "")


_AREA_IN_NAME = re.compile(r"\((?P<area>[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2})\)")
_ZONE_IN_NAME = re.compile(r"\((?P<zone>UTC(?:[-+][0-9]{1,2}(?::[0-9]{2})?)?|E[SD]T|C[SD]T|P[SD]T)\)", re.IGNORECASE)


def moment_by_name(record: Record, *beginnings: str) -> Moment:
    """The time in the first column that begins so, with the zone that the name goes on with: `Filled Time(UTC+02:00)`,
    or `Time(America/Sao_Paulo)`.

    A zone behind the time itself comes first. A name that is no zone is not read.
    """
    name = beginning_with(record.columns, *beginnings)
    moment = record.moment(name)
    if moment.at.tzinfo is not None or moment.day_only:
        return moment
    if (area := _AREA_IN_NAME.search(name)) is not None:
        return _in_area(record, moment, area["area"])
    found = _ZONE_IN_NAME.search(name)
    if found is None:
        return moment
    return record.notation.moment(f"{record.text(name)} {found['zone']}")


def _in_area(record: Record, moment: Moment, area: str) -> Moment:
    try:
        found = instant_of(moment.at, time_zone(area))
    except UnknownTimeZone:
        return moment
    if found.moved is not None:
        record.notice(RowReason.TIME_MOVED, found.moved)
    return Moment(found.at, moment.day_only)

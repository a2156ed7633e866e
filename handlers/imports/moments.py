"""The instants of times that a file has without an offset, in the time zone of the import."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason

_NOON = time(12)


class Instant(NamedTuple):
    """An instant with its offset. `known` is false for a day without a time; `moved` says why the time was changed."""

    at: datetime
    known: bool
    moved: str | None = None


def instant_of(at: datetime, zone: ZoneInfo, *, day_only: bool = False) -> Instant:
    """The instant of a time of a file: with an offset as it is, else in the zone; of a day alone it is noon.

    A time that the clocks skip in spring moves forward by what they skip; of one that they show twice in autumn it is
    the first. Both are `moved`, with the reason in words. Raises Unreadable if UTC has no such year.
    """
    if day_only:
        at = datetime.combine(at.date(), _NOON)
    if at.tzinfo is not None:
        return Instant(at, not day_only)
    try:
        here = at.replace(tzinfo=zone, fold=0)
        offset, later = here.utcoffset() or timedelta(), here.replace(fold=1).utcoffset() or timedelta()
        # Through UTC, a skipped time comes out as the time that the clocks show instead.
        real = here.astimezone(UTC).astimezone(zone)
    except OverflowError:
        raise Unreadable(RowReason.DATE, f"{at.isoformat()} is outside the years 1 to 9999") from None
    moved = None
    if offset < later:
        moved = f"the clocks of {zone.key} skip this time: it is {real:%H:%M:%S}"
    elif offset > later:
        moved = f"the clocks of {zone.key} show this time twice: it is the first"
    return Instant(real.replace(tzinfo=timezone(real.utcoffset() or timedelta())), not day_only, moved)

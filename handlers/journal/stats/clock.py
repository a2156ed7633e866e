"""Sorts instants into calendar days, hours and weekdays, by the clock of a question.

Without a time zone, an instant's own UTC offset counts; with one, the zone's offset at that instant, so that days on
which clocks change are right. A day can start at another time than midnight.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from handlers.faults import UNKNOWN_TIME_ZONE, Fault

# The longest range of a calendar, and of a list of trades by their closes.
MOST_DAYS = 366

MIDNIGHT, NOON = time(0), time(12)

# Offsets of zones differ by up to 26 hours, those of RFC 3339 by up to 48, and the day's start moves a day by up to 12
# more: by any clock, the day of a close is at most three days from its day by its own offset.
MOST_DAYS_APART = timedelta(days=3)


class Weekday(StrEnum):
    """The days of the week, in their order."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


WEEKDAYS = tuple(Weekday)


class UnknownTimeZone(Exception):
    """Raised for a name that is not a time zone of the IANA database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How instants are sorted into days, hours and weekdays.

    `zone` is None for the offset of each instant. With a `day_starts_at` up to 12:00, earlier instants belong to the
    day before; with a later one, instants from then on belong to the next day, as in the sessions of futures. The
    weekday is that of the day; the hour is that of the wall clock.
    """

    zone: ZoneInfo | None = None
    day_starts_at: time = MIDNIGHT
    week_starts_on: Weekday = Weekday.MONDAY

    def local(self, at: datetime) -> datetime:
        """The instant on the wall clock."""
        if self.zone is None:
            return at
        try:
            return at.astimezone(self.zone)
        except OverflowError:  # the zone's year would be 0 or 10000
            return at.astimezone(UTC)

    def day(self, at: datetime) -> date:
        """The day to which the instant belongs."""
        local = self.local(at)
        day, start = local.date(), self.day_starts_at
        if start == MIDNIGHT:
            return day
        if start <= NOON:
            return moved(day, -1) if local.time() < start else day
        return moved(day, 1) if local.time() >= start else day

    def weekday(self, at: datetime) -> Weekday:
        """The weekday of the day to which the instant belongs."""
        return WEEKDAYS[self.day(at).weekday()]

    def hour(self, at: datetime) -> str:
        """The hour of the wall clock, from 00 to 23."""
        return f"{self.local(at).hour:02}"

    def week(self, day: date) -> tuple[date, date]:
        """The first and the last day of the week in which the day lies."""
        into = (day.weekday() - WEEKDAYS.index(self.week_starts_on)) % 7
        return moved(day, -into), moved(day, 6 - into)

    @property
    def may_move_days(self) -> bool:
        """Whether an instant can belong to another day than that of its own offset."""
        return self.zone is not None or self.day_starts_at != MIDNIGHT


def time_zone(name: str) -> ZoneInfo:
    """The zone of that name in the IANA database. Raises UnknownTimeZone.

    A machine's database also has names that are not IANA's, such as `right/UTC`, so the package's list decides.
    """
    if name not in _zone_names():
        raise UnknownTimeZone(name)
    return ZoneInfo(name)


def wrong_zone(name: str | None) -> Fault | None:
    """What is wrong with a name that a client gives; None if it is a time zone, or left out."""
    return None if name is None or name in _zone_names() else UNKNOWN_TIME_ZONE


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def moved(day: date, by: int) -> date:
    """The day `by` days later, or earlier if negative; at the ends of the calendar, its first or last day."""
    return date.fromordinal(min(max(day.toordinal() + by, date.min.toordinal()), date.max.toordinal()))

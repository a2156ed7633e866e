"""To which calendar day, hour and weekday an instant belongs, in the way that the trader asks for.

Without a time zone, the UTC offset in which the instant was given decides; with one, the zone's offset at that instant,
so that days on which clocks change are right. A day can start at another time than midnight.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

# The longest range of a calendar, and of a list of trades by their closes.
MOST_DAYS = 366

MIDNIGHT, NOON = time(0), time(12)

# Two offsets differ by up to 26 hours among zones, by up to 48 among those that RFC 3339 can write, and the day's start
# moves a day by up to 12 more: a close is on a day that is at most three from the day of its own offset.
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
    """The name is no time zone of the IANA database."""


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

    The database of a machine also has names that are none of IANA's, such as `right/UTC`; the package's list decides.
    """
    if name not in _zone_names():
        raise UnknownTimeZone(name)
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def moved(day: date, by: int) -> date:
    """The day so many days later, or earlier; the first or the last day of the calendar where it ends before."""
    return date.fromordinal(min(max(day.toordinal() + by, date.min.toordinal()), date.max.toordinal()))

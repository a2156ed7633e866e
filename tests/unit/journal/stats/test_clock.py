"""Days, hours and weekdays by time zone and by the start of the day, on days on which clocks change too."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.journal.stats.clock import MOST_DAYS, MOST_DAYS_APART, Clock, UnknownTimeZone, Weekday, moved, time_zone

instants = st.integers(0, 315_000_000_000).map(lambda second: datetime(2, 1, 1, tzinfo=UTC) + timedelta(seconds=second))
ANY_ZONE = ["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kathmandu"]


def clock(zone: str | None = None, starts: str = "00:00") -> Clock:
    return Clock(zone=None if zone is None else time_zone(zone), day_starts_at=time.fromisoformat(starts))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_without_a_zone_the_instants_own_offset_decides() -> None:
    late = instant("2026-01-02T23:30:00-05:00")
    assert (clock().day(late), clock().hour(late), clock().weekday(late)) == (date(2026, 1, 2), "23", Weekday.FRIDAY)
    assert clock("UTC").day(late) == date(2026, 1, 3)
    assert (clock("UTC").hour(late), clock("UTC").weekday(late)) == ("04", Weekday.SATURDAY)


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour"),
    [
        # New York, 8 March 2026: 02:00 EST becomes 03:00 EDT; 1 November: 02:00 EDT becomes 01:00 EST.
        ("America/New_York", "2026-03-08T06:59:59Z", "2026-03-08", "01"),
        ("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08", "03"),
        ("America/New_York", "2026-03-09T03:59:59Z", "2026-03-08", "23"),
        ("America/New_York", "2026-03-09T04:00:00Z", "2026-03-09", "00"),
        ("America/New_York", "2026-11-01T05:30:00Z", "2026-11-01", "01"),
        ("America/New_York", "2026-11-01T06:30:00Z", "2026-11-01", "01"),
        ("America/New_York", "2026-11-02T04:30:00Z", "2026-11-01", "23"),
        ("America/New_York", "2026-11-02T05:00:00Z", "2026-11-02", "00"),
        # Berlin, 29 March 2026: 02:00 CET becomes 03:00 CEST; 25 October: 03:00 CEST becomes 02:00 CET.
        ("Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29", "00"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29", "03"),
        ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30", "00"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25", "00"),
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25", "02"),
        ("Europe/Berlin", "2026-10-25T22:59:59Z", "2026-10-25", "23"),
        # Lord Howe moves by half an hour: 5 April 2026, 02:00 +11:00 becomes 01:30 +10:30; 4 October back.
        ("Australia/Lord_Howe", "2026-04-04T14:59:59Z", "2026-04-05", "01"),
        ("Australia/Lord_Howe", "2026-04-04T15:15:00Z", "2026-04-05", "01"),
        ("Australia/Lord_Howe", "2026-04-05T13:30:00Z", "2026-04-06", "00"),
        ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04", "02"),
        ("Australia/Lord_Howe", "2026-10-04T12:59:59Z", "2026-10-04", "23"),
        ("Australia/Lord_Howe", "2026-10-04T13:00:00Z", "2026-10-05", "00"),
    ],
)
def test_days_on_which_clocks_change_have_their_true_hours(zone: str, at: str, day: str, hour: str) -> None:
    assert (clock(zone).day(instant(at)).isoformat(), clock(zone).hour(instant(at))) == (day, hour)


@pytest.mark.parametrize(
    ("starts", "at", "day"),
    [
        ("06:00", "05:59:59", "2026-01-01"),
        ("06:00", "06:00:00", "2026-01-02"),
        ("12:00", "11:59:59", "2026-01-01"),
        ("12:00", "12:00:00", "2026-01-02"),
        ("12:01", "12:00:59", "2026-01-02"),
        ("12:01", "12:01:00", "2026-01-03"),
        ("17:00", "16:59:59", "2026-01-02"),
        ("17:00", "17:00:00", "2026-01-03"),
    ],
)
def test_a_day_can_start_at_another_time_than_midnight(starts: str, at: str, day: str) -> None:
    moment = instant(f"2026-01-02T{at}-05:00")
    assert clock(starts=starts).day(moment).isoformat() == day
    assert clock("America/New_York", starts).day(moment).isoformat() == day
    assert clock(starts=starts).hour(moment) == at[:2]


def test_the_start_of_the_day_is_wall_clock_time_also_when_clocks_change() -> None:
    """Futures: the session of Monday 9 March 2026 opens on Sunday at 17:00 in Chicago, on the day of the change."""
    chicago = clock("America/Chicago", "17:00")
    assert chicago.day(instant("2026-03-08T21:59:59Z")) == date(2026, 3, 8)
    assert chicago.day(instant("2026-03-08T22:00:00Z")) == date(2026, 3, 9)
    assert chicago.weekday(instant("2026-03-08T22:00:00Z")) is Weekday.MONDAY


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "europe/berlin", "right/UTC", "../UTC", "Europe", "localtime"])
def test_a_name_that_is_no_time_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        time_zone(name)


@pytest.mark.parametrize(
    ("starts_on", "day", "week"),
    [
        (Weekday.MONDAY, "2026-01-04", ("2025-12-29", "2026-01-04")),
        (Weekday.MONDAY, "2026-01-05", ("2026-01-05", "2026-01-11")),
        (Weekday.SUNDAY, "2026-01-04", ("2026-01-04", "2026-01-10")),
        (Weekday.SATURDAY, "2026-01-04", ("2026-01-03", "2026-01-09")),
    ],
)
def test_a_week_starts_on_the_day_asked_for(starts_on: Weekday, day: str, week: tuple[str, str]) -> None:
    first, last = Clock(week_starts_on=starts_on).week(date.fromisoformat(day))
    assert (first.isoformat(), last.isoformat()) == week


@pytest.mark.parametrize("starts_on", Weekday)
def test_a_week_is_the_seven_days_from_the_day_that_it_starts_on(starts_on: Weekday) -> None:
    weeks = Clock(week_starts_on=starts_on)
    for number in range(7):
        day = date(2026, 1, 5) + timedelta(number)
        first, last = weeks.week(day)
        assert first <= day <= last
        assert (last - first, weeks.weekday(datetime.combine(first, time(12)))) == (timedelta(6), starts_on)


@pytest.mark.parametrize("zone", [None, "UTC"])
@pytest.mark.parametrize("starts", ["00:00", "06:00", "17:00"])
def test_a_zone_or_a_start_of_the_day_may_move_days(zone: str | None, starts: str) -> None:
    assert clock(zone, starts).may_move_days is (zone is not None or starts != "00:00")


@pytest.mark.parametrize("zone", ANY_ZONE)
@pytest.mark.parametrize("starts", ["00:00", "12:00", "17:00"])
def test_the_ends_of_the_calendar_have_days_too(zone: str, starts: str) -> None:
    for at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        assert clock(zone, starts).day(instant(at)) in (date.min, moved(date.min, 1), moved(date.max, -1), date.max)


@given(instants, st.integers(-1439, 1439), st.sampled_from(ANY_ZONE), st.times())
def test_no_day_is_further_from_the_own_offsets_day_than_is_read(
    moment: datetime, offset: int, zone: str, starts: time
) -> None:
    at = moment.astimezone(timezone(timedelta(minutes=offset)))
    day = Clock(zone=time_zone(zone), day_starts_at=starts).day(at)
    assert abs(day - at.date()) <= MOST_DAYS_APART


@given(instants, st.sampled_from(ANY_ZONE), st.times())
def test_two_hours_later_it_is_the_same_day_or_a_later_one(at: datetime, zone: str, starts: time) -> None:
    sorted_by = Clock(zone=time_zone(zone), day_starts_at=starts)
    assert sorted_by.day(at) <= sorted_by.day(at + timedelta(hours=2))


def test_a_leap_year_is_the_longest_range() -> None:
    assert (date(2029, 1, 1) - date(2028, 1, 1)).days == MOST_DAYS


def test_the_first_hours_belong_to_the_day_before_when_a_day_starts_after_them() -> None:
    half_past_midnight = instant("2026-01-02T00:30:00Z")
    assert clock(starts="01:00").day(half_past_midnight) == date(2026, 1, 1)
    assert clock(starts="01:00").day(half_past_midnight + timedelta(hours=1)) == date(2026, 1, 2)


def test_offset_zone_and_start_move_a_day_as_far_as_is_read_around_a_range() -> None:
    at = instant("2026-01-02T23:59:00-23:59")
    assert clock("Pacific/Kiritimati", "13:00").day(at) - date(2026, 1, 2) == MOST_DAYS_APART

"""Times without an offset become instants in the zone of the import, also where its clocks change."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from handlers.imports.moments import instant_of
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("2024-01-05T09:30:00", "2024-01-05T09:30:00-05:00"),
        ("2024-07-05T09:30:00", "2024-07-05T09:30:00-04:00"),
        ("2024-07-05T09:30:00+02:00", "2024-07-05T09:30:00+02:00"),
        ("2024-07-05T09:30:00.000001", "2024-07-05T09:30:00.000001-04:00"),
    ],
)
def test_a_time_gets_the_offset_of_its_zone_unless_it_has_one(text: str, result: str) -> None:
    found = instant_of(at(text), NEW_YORK)
    assert (found.at.isoformat(), found.known, found.moved) == (result, True, None)


def test_a_time_that_the_clocks_skip_moves_forward() -> None:
    found = instant_of(at("2024-03-10T02:30:00"), NEW_YORK)
    assert found.at.isoformat() == "2024-03-10T03:30:00-04:00"
    assert found.moved == "the clocks of America/New_York skip this time: it is 03:30:00"


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    found = instant_of(at("2024-11-03T01:30:00"), NEW_YORK)
    assert found.at.isoformat() == "2024-11-03T01:30:00-04:00"
    assert found.moved == "the clocks of America/New_York show this time twice: it is the first"


def test_a_day_alone_is_noon() -> None:
    found = instant_of(at("2024-03-10T00:00:00"), NEW_YORK, day_only=True)
    assert (found.at.isoformat(), found.known, found.moved) == ("2024-03-10T12:00:00-04:00", False, None)


@pytest.mark.parametrize(
    ("text", "zone"), [("9999-12-31T23:00:00", "America/New_York"), ("0001-01-01T01:00:00", "Asia/Tokyo")]
)
def test_an_instant_outside_of_the_years_of_utc_is_wrong(text: str, zone: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        instant_of(at(text), ZoneInfo(zone))
    assert wrong.value.reason is RowReason.DATE

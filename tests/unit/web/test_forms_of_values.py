"""The forms in which values are taken, at their edges."""

from typing import Any

import pytest

from handlers.web.input_forms import reader
from handlers.web.strict_json import number


def test_a_leap_second_beyond_the_years_of_utc_is_refused() -> None:
    read = reader({"type": "string", "format": "date-time"})
    assert read is not None
    given = "9999-12-31T23:59:60-23:59"
    assert read(given) == given  # what has no one form stays, for the schema to refuse


def test_a_value_of_several_rules_is_read_by_each() -> None:
    read = reader({"allOf": [{"type": "string", "format": "uuid"}, {"type": "string", "format": "date-time"}]})
    assert read is not None
    assert read("2026-01-05t10:00:00z") == "2026-01-05T10:00:00Z"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7.0", 7),
        ("1e1", 10),
        ("9007199254740993.5", 9007199254740993.5),
        ("7.25", 7.25),
        ("1e-99999999999999999999", 0.0),
    ],
)
def test_a_number_is_an_integer_if_its_value_is(text: str, value: Any) -> None:
    found = number(text)
    assert (found, type(found)) == (value, type(value))

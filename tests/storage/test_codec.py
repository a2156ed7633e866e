from decimal import Decimal
from typing import Any

import pytest

from handlers.storage.codec import attribute, value


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("text", {"S": "text"}),
        (True, {"BOOL": True}),
        (7, {"N": "7"}),
        (Decimal("-1.50"), {"N": "-1.50"}),
        (b"\x00", {"B": b"\x00"}),
        (["a", 1], {"L": [{"S": "a"}, {"N": "1"}]}),
        ({"a": {"b": False}}, {"M": {"a": {"M": {"b": {"BOOL": False}}}}}),
    ],
)
def test_a_value_is_stored_and_read_back(given: Any, stored: Any) -> None:
    assert attribute(given) == stored
    assert value(stored) == given


def test_a_tuple_is_a_list() -> None:
    assert value(attribute(("a",))) == ["a"]


@pytest.mark.parametrize("number", [Decimal("1." + "1" * 38), Decimal("1E200"), Decimal("1E-200")])
def test_a_number_that_dynamodb_would_not_keep_is_refused(number: Decimal) -> None:
    with pytest.raises(ArithmeticError):
        attribute(number)


@pytest.mark.parametrize("given", [1.5, None, {1}, object()])
def test_no_attribute_holds_anything_else(given: Any) -> None:
    with pytest.raises(TypeError):
        attribute(given)

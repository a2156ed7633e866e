import json
from random import Random
from typing import Any

import pytest

from local.emulator.tables import SortedKeys, has_text_as_sort_key, looked_at

ITEMS = {"dana": {f"{kind}|{number:03}": {"number": number} for kind in "cab" for number in range(100)}, "erin": {}}
TABLE: dict[str, Any] = {
    "sk_name": "statKey",
    "items": ITEMS,
    "AttributeDefinitions": [{"AttributeName": "statKey", "AttributeType": "S"}],
}


def seen(condition: str, size: int = 1, **more: Any) -> list[str] | None:
    values = {":user": "dana", ":prefix": "b|", ":low": "b|010", ":high": "b|019"}
    request = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
        **more,
    }
    part = looked_at(request, TABLE, SortedKeys(), lambda _: size)
    return None if part is None else list(part["dana"])


def test_a_whole_partition_is_seen_in_the_order_of_its_keys() -> None:
    assert seen("userId = :user") == sorted(ITEMS["dana"])


def test_what_begins_so_is_seen() -> None:
    assert seen("userId = :user AND begins_with(statKey, :prefix)") == [f"b|{number:03}" for number in range(100)]


def test_what_lies_between_is_seen_with_both_ends() -> None:
    assert seen("#u = :user AND #k BETWEEN :low AND :high") == [f"b|{number:03}" for number in range(10, 20)]


def test_a_page_that_goes_on_sees_what_it_goes_on_after_and_not_what_was_before() -> None:
    after = {"userId": {"S": "dana"}, "statKey": {"S": "b|050"}}
    found = seen("userId = :user AND begins_with(statKey, :prefix)", ExclusiveStartKey=after)
    assert found == [f"b|{number:03}" for number in range(50, 100)]


def test_more_than_a_page_is_seen_so_that_another_follows() -> None:
    megabyte = 1 << 20
    assert seen("userId = :user", size=megabyte // 10) == sorted(ITEMS["dana"])[:21]
    assert seen("userId = :user", Limit=4) == sorted(ITEMS["dana"])[:6]


@pytest.mark.parametrize("more", [{"IndexName": "by-date"}, {"ScanIndexForward": False}], ids=["an index", "backwards"])
def test_other_queries_are_left_to_ministack(more: dict[str, Any]) -> None:
    assert seen("userId = :user", **more) is None


@pytest.mark.parametrize("condition", ["", "userId = :user AND statKey > :low", ":user = userId", "userId = :absent"])
def test_other_conditions_are_left_to_ministack(condition: str) -> None:
    assert seen(condition) is None


def test_only_texts_are_in_the_order_of_texts() -> None:
    numbers = [{"AttributeName": "statKey", "AttributeType": "N"}]
    assert has_text_as_sort_key(TABLE)
    assert not has_text_as_sort_key({**TABLE, "AttributeDefinitions": numbers})
    assert not has_text_as_sort_key({**TABLE, "sk_name": None})


def test_the_order_is_kept_up_with_what_is_written() -> None:
    chance = Random(7)
    partition: dict[str, Any] = {}
    keys = SortedKeys()
    for _ in range(500):
        key = str(chance.randrange(50))
        if key in partition and chance.random() < 0.5:
            del partition[key]
            keys.remove(partition, key)
        elif key not in partition:
            partition[key] = {}
            keys.add(partition, key)
        if chance.random() < 0.3:
            assert keys.of(partition) == sorted(partition)


def test_another_partition_in_the_place_of_one_has_its_own_order() -> None:
    keys = SortedKeys()
    assert keys.of({"a": {}, "b": {}}) == ["a", "b"]
    assert [keys.of(json.loads(f'{{"{name}": {{}}}}')) for name in "xyz"] == [["x"], ["y"], ["z"]]

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from local.emulator.tables import Entry, Keys, Ordered, Pages, bounds, keys_of, limit_error

Json = dict[str, Any]

ITEMS = {
    "dana": {
        f"{kind}|{number:03}": {
            "userId": {"S": "dana"},
            "statKey": {"S": f"{kind}|{number:03}"},
            "day": {"S": f"2026-{number % 12 + 1:02}"},
        }
        for kind in "cab"
        for number in range(100)
    },
    "erin": {"a": {"userId": {"S": "erin"}, "statKey": {"S": "a"}}},
}
TABLE: Json = {
    "pk_name": "userId",
    "sk_name": "statKey",
    "items": ITEMS,
    "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "statKey", "KeyType": "RANGE"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("userId", "statKey", "day", "number")
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-day",
            "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}, {"AttributeName": "day", "KeyType": "RANGE"}],
        }
    ],
}
MEGABYTE = 1 << 20


def text(_table: Json, _name: str, attribute: Json) -> str:
    return str(attribute["S"])


def clauses(expression: str) -> list[Any]:
    """Clauses of tokens as ministack makes them, of expressions with blanks between their tokens."""
    kinds = {"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE", "(": "LPAREN", ")": "RPAREN", ",": "COMMA"}
    found: list[Any] = [[]]
    for word in expression.split():
        kind = kinds.get(word) or {":": "VALUE_REF", "#": "NAME_REF"}.get(word[0], "IDENT")
        is_of_between = [text for _, text in found[-1][1:2]] == ["BETWEEN"] and len(found[-1]) < 5
        if word == "AND" and not is_of_between:
            found.append([])
        else:
            found[-1].append((kind, word))
    return found


def seen(condition: str, size: int = 1, table: Json = TABLE, **more: Any) -> list[str] | None:
    values = {":user": "dana", ":prefix": "b|", ":low": "b|010", ":high": "b|019", ":from": "2026-11", ":to": "2026-12"}
    request = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
        "ExpressionAttributeNames": {"#u": "userId", "#k": "statKey"},
        **more,
    }
    part = Pages(Ordered(text), clauses, text, lambda _: size).of_query(request, table)
    return None if part is None else list(part["items"].get("dana", {}))


def test_a_whole_partition_is_seen_in_the_order_of_its_keys() -> None:
    assert seen("userId = :user") == sorted(ITEMS["dana"])


def test_backwards_it_is_seen_from_its_end() -> None:
    assert seen("userId = :user", ScanIndexForward=False, Limit=3) == sorted(ITEMS["dana"])[:-6:-1]


def test_what_begins_so_is_seen() -> None:
    assert seen("userId = :user AND begins_with ( statKey , :prefix )") == [f"b|{number:03}" for number in range(100)]


def test_what_lies_between_is_seen_with_both_ends() -> None:
    expected = [f"b|{number:03}" for number in range(10, 20)]
    assert seen("#u = :user AND #k BETWEEN :low AND :high") == expected
    assert seen("#k BETWEEN :low AND :high AND #u = :user") == expected


def test_an_index_is_seen_in_its_own_order() -> None:
    found = seen("userId = :user AND day BETWEEN :from AND :to", IndexName="by-day")
    days = [ITEMS["dana"][key]["day"]["S"] for key in found or []]
    assert days == ["2026-11"] * 24 + ["2026-12"] * 24


def test_a_page_that_goes_on_sees_what_it_goes_on_after_and_not_what_was_before() -> None:
    after = {"userId": {"S": "dana"}, "statKey": {"S": "b|050"}}
    condition = "userId = :user AND begins_with ( statKey , :prefix )"
    assert seen(condition, ExclusiveStartKey=after) == [f"b|{number:03}" for number in range(50, 100)]
    backwards = seen(condition, ExclusiveStartKey=after, ScanIndexForward=False)
    assert backwards == [f"b|{number:03}" for number in range(50, -1, -1)]


def test_more_than_a_page_is_seen_so_that_another_follows() -> None:
    assert seen("userId = :user", size=MEGABYTE // 10) == sorted(ITEMS["dana"])[:21]
    assert seen("userId = :user", Limit=4) == sorted(ITEMS["dana"])[:6]


@pytest.mark.parametrize(
    "condition",
    ["", "statKey = :low", "userId < :user", ":user = userId", "userId = :absent", "userId = :user AND day = :from"],
)
def test_other_conditions_are_left_to_ministack(condition: str) -> None:
    assert seen(condition) is None


@pytest.mark.parametrize(("limit", "is_refused"), [(None, False), (1, False), (2**31 - 1, False), (2**31, True)])
def test_a_limit_has_at_most_32_bits(limit: int | None, is_refused: bool) -> None:
    assert (limit_error({} if limit is None else {"Limit": limit}) is not None) == is_refused


def test_a_start_that_is_no_key_is_left_to_ministack() -> None:
    assert seen("userId = :user", ExclusiveStartKey={"statKey": {"S": "a"}}) is None


def test_a_scan_sees_every_partition_from_where_it_goes_on() -> None:
    pages = Pages(Ordered(text), clauses, text, lambda _: 1)

    def found(**request: Any) -> list[tuple[str, str]]:
        part = pages.of_scan(request, TABLE)
        return [(user, key) for user, items in (part or {})["items"].items() for key in items]

    everything = [(user, key) for user in ("dana", "erin") for key in sorted(ITEMS[user])]
    assert found() == everything
    after = {"userId": {"S": "dana"}, "statKey": {"S": "c|098"}}
    assert found(ExclusiveStartKey=after) == everything[-3:]
    assert found(ExclusiveStartKey=after, Limit=0) == everything[-3:-1]


def test_keys_that_are_no_texts_are_left_to_ministack() -> None:
    numbers = [{"AttributeName": "userId", "AttributeType": "S"}, {"AttributeName": "statKey", "AttributeType": "N"}]
    assert keys_of(TABLE, None) == Keys("userId", "statKey", "userId", "statKey")
    assert keys_of(TABLE, "by-day") == Keys("userId", "day", "userId", "statKey")
    assert keys_of(TABLE, "unknown") is None
    assert keys_of({**TABLE, "AttributeDefinitions": numbers}, None) is None


HOLDS: dict[str | None, Callable[[str, str, str], bool]] = {
    "=": lambda sort, low, _high: sort == low,
    "<": lambda sort, low, _high: sort < low,
    "<=": lambda sort, low, _high: sort <= low,
    ">": lambda sort, low, _high: sort > low,
    ">=": lambda sort, low, _high: sort >= low,
    "BETWEEN": lambda sort, low, high: low <= sort <= high,
    "begins_with": lambda sort, low, _high: sort.startswith(low),
    None: lambda _sort, _low, _high: True,
}


@pytest.mark.parametrize("comparison", HOLDS)
def test_a_comparison_holds_from_where_to_where_it_says(comparison: str | None) -> None:
    chance = Random(7)
    for _ in range(200):
        sorts = sorted("".join(chance.choices("ab", k=chance.randint(0, 3))) for _ in range(7))
        low, high = sorted("".join(chance.choices("ab", k=chance.randint(0, 2))) for _ in range(2))
        entries: list[Entry] = [(sort, "user", "key") for sort in sorts]
        first, end = bounds(entries, comparison, (low, high) if comparison == "BETWEEN" else (low,))
        assert sorts[first:end] == [sort for sort in sorts if HOLDS[comparison](sort, low, high)]


def test_the_order_is_kept_up_with_what_is_written() -> None:
    chance = Random(7)
    items: Json = {}
    table = {**TABLE, "items": items}
    ordered = Ordered(text)
    indexes = {name: keys for name in (None, "by-day") if (keys := keys_of(table, name))}
    for _ in range(500):
        user, key = chance.choice("xy"), str(chance.randrange(20))
        old = items.get(user, {}).pop(key, None)
        new: Json | None = {"userId": {"S": user}, "statKey": {"S": key}, "day": {"S": chance.choice("12")}}
        if new and chance.random() < 0.3:
            del new["day"]
        if chance.random() < 0.3:
            new = None
        else:
            items.setdefault(user, {})[key] = new
        ordered.replace(table, old, new)
        if chance.random() < 0.3:
            for name, keys in indexes.items():
                fresh = Ordered(text).partition(table, name, keys, user)
                assert ordered.partition(table, name, keys, user) == fresh


def test_a_table_whose_items_were_replaced_is_read_anew() -> None:
    ordered, keys = Ordered(text), keys_of(TABLE, None)
    assert keys is not None
    table = dict(TABLE)
    assert len(ordered.partition(table, None, keys, "dana")) == 300
    table["items"] = {}
    assert ordered.partition(table, None, keys, "dana") == []

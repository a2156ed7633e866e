"""Keeping the entries of groups up with their trades.

A group's entry follows from the group and all of its trades. It is written like the entries of trades (`updating`): in
one transaction with the checks that group and trades are those that were read, that the books have the versions that
were read, and that the account is not being erased. A writer that another one overtook begins again.

An item for each group says which day's book holds its entry, so that the entry can be removed when the result moves to
another day or vanishes. The item stays when the group is deleted, so that its version never starts again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from handlers.journal.groups import Group
from handlers.journal.money import canonical
from handlers.journal.stats.entries import GROUP, BookEntry, group_entry, same_facts
from handlers.journal.trade import Trade
from handlers.storage.clients import stats_table, trades_table
from handlers.storage.dynamo import absent, batch_get_of_tables
from handlers.storage.errors import VersionMismatch
from handlers.storage.groups import group_key, group_of
from handlers.storage.retry import retry_overtaken
from handlers.storage.stats.book_items import (
    GROUPS,
    Item,
    book_item,
    book_key,
    key,
    number_of_parts,
    part_of,
    version_of,
)
from handlers.storage.stats.updating import (
    as_updated,
    book_at,
    divide,
    is_too_large,
    next_version,
    part_items,
    put_next,
    read_trades,
    unchanged,
    write_all_or_none,
)
from handlers.storage.trade_items import instant


def write_group_entry(user_id: str, group_id: str, now: datetime, also: date | None = None) -> int:
    """Write the group's entry into its day's book. Returns how many books were wrong.

    The entry is removed from the books of its old day and of the day `also`, if it does not belong there. One
    transaction holds the books of these days, the checks of MOST_TRADES trades and four more actions. Raises
    AccountErased, UnreadableTrade, UnreadableBook, Busy.
    """
    return retry_overtaken(lambda: _write_group_entry(user_id, group_id, now, also))


def _write_group_entry(user_id: str, group_id: str, now: datetime, also: date | None) -> int:
    """As `write_group_entry` does, once. Raises VersionMismatch when another writer came first."""
    group, place = _read(user_id, group_id)
    trades = {} if group is None else read_trades(user_id, group.trade_ids)
    made = None if group is None else group_entry(group, trades.values())
    books = _books(user_id, group_id, made, {day for day in (day_in(place), also) if day is not None}, now)
    has_moved = place_facts(place) != place_facts(_place(user_id, group_id, made, 0, now))
    if not books and not has_moved:
        return 0
    stored = version_of(place)
    checks = [] if group is None else [_check(user_id, one, trades) for one in group.trade_ids]
    actions = [
        {"Update": next_version(user_id, now)},
        {"ConditionCheck": _group_unchanged(user_id, group_id, group)},
        put_next(_place(user_id, group_id, made, stored + 1, now)),
        *checks,
        *map(put_next, books.values()),
    ]
    if write_all_or_none(user_id, actions):
        raise VersionMismatch(group_id)
    for day in {day for day, item in books.items() if is_too_large(item)}:
        divide(user_id, day, now)
    return len(books) or 1


def day_in(place: Mapping[str, Any] | None) -> date | None:
    """The day whose book holds the group's entry, by the group's item."""
    return date.fromisoformat(place["day"]["S"]) if place is not None and "day" in place else None


def place_facts(place: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """The attributes of the group's item, apart from its version."""
    return tuple((place or {}).get(name) for name in ("day", "netPnl", "rMultiple"))


def _read(user_id: str, group_id: str) -> tuple[Group | None, Any]:
    """The group, and its item of the statistics, as far as they exist."""
    keys = {trades_table(): [group_key(user_id, group_id)], stats_table(): [key(user_id, f"{GROUPS}{group_id}")]}
    found = dict(batch_get_of_tables(keys, ConsistentRead=True))
    item = found.get(trades_table())
    return None if item is None else group_of(item), found.get(stats_table())


def _books(
    user_id: str, group_id: str, made: tuple[date, BookEntry] | None, days: Collection[date], now: datetime
) -> dict[date, Item]:
    """The changed books, or parts of books, that hold or shall hold the group's entry, by day."""
    in_book = GROUP + group_id
    wanted = dict([made]) if made is not None else {}
    keys = {book_key(day): day for day in {*days, *wanted}}
    if not keys:
        return {}
    heads = batch_get_of_tables({stats_table(): [key(user_id, name) for name in keys]}, ConsistentRead=True)
    items: dict[date, Any] = {keys[item["statKey"]["S"]]: item for _, item in heads}
    parts = {day: number_of_parts(items.get(day)) for day in keys.values()}
    places = {day: part_of(in_book, number) for day, number in parts.items()}
    divided = part_items(user_id, [(day, part) for day, part in places.items() if part is not None])
    books: dict[date, Item] = {}
    for day, part in places.items():
        item = items.get(day) if part is None else divided.get((day, part))
        book = book_at(day, part, parts[day], item, is_anew=False)
        entry, held = wanted.get(day), dict(book.entries)
        if same_facts(held.get(in_book), entry):
            continue
        if entry is None:
            del held[in_book]
        else:
            held[in_book] = entry
        books[day] = book_item(user_id, replace(book, version=book.version + 1, entries=held), now)
    return books


def _place(user_id: str, group_id: str, made: tuple[date, BookEntry] | None, version: int, now: datetime) -> Item:
    item: Item = {
        **key(user_id, f"{GROUPS}{group_id}"),
        "version": {"N": str(version)},
        "lastUpdated": {"S": instant(now)},
    }
    if made is not None:
        day, entry = made
        item["day"] = {"S": day.isoformat()}
        for name, number in (("netPnl", entry.net), ("rMultiple", entry.r)):
            if number is not None:
                item[name] = {"S": canonical(number)}  # more digits than DynamoDB's numbers have
    return item


def _check(user_id: str, trade_id: str, trades: Mapping[str, Trade]) -> Any:
    return {"ConditionCheck": unchanged(user_id, trade_id, trades.get(trade_id))}


def _group_unchanged(user_id: str, group_id: str, group: Group | None) -> Any:
    """The check that the group is still the one that was read, or still absent."""
    check: Any = {"TableName": trades_table(), "Key": group_key(user_id, group_id)}
    if group is None:
        return {**check, **absent("tradeId")}
    return {**check, **as_updated(group)}

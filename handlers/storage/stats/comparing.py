"""A user's day books, compared with the trades alone and made right where they are wrong.

All trades and all books are read, but nothing is written from that reading, which is no snapshot: it only says what to
look at. What still differs a moment later is made right by `updating`, with its conditions, so a change that comes in
meanwhile wins or is included. A comparison that is cut off is begun again and finds less to do.

Of the entries only ids and hashes stay in memory, about 250 bytes each, as long as their books have not been read.

The entries of groups are compared likewise, each with its group's trades, which are read once more for that; and the
copies of settings and accounts, which lie beside the books, with the ledger.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from handlers.journal.groups import Group
from handlers.journal.stats.entries import GROUP, BookEntry, entries, group_entry
from handlers.log import logger
from handlers.storage import erasure_marks, trading_accounts
from handlers.storage.clients import stats_table, trades_table
from handlers.storage.dynamo import all_items, at_version, write_if
from handlers.storage.errors import UnreadableBook, UnreadableTrade
from handlers.storage.groups import group_of, is_group
from handlers.storage.stats.book_items import GROUPS, STATE, book_of, key, number_of_parts, part_of, row_of
from handlers.storage.stats.books import AllBooks, stats_version
from handlers.storage.stats.group_results import day_in, write_group_entry
from handlers.storage.stats.updating import read_trades, readable, update
from handlers.storage.trade_items import instant, is_trade

_READ_AT_ONCE = 100  # trades of groups
_SETTLING = 3.0  # seconds that the stream may be behind without anything being wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What was wrong: how many entries, how many books beside their entries, and of how many accounts and settings the
    copies; and how many trades cannot be read.
    """

    entries: int = 0
    books: int = 0
    copies: int = 0
    unreadable: int = 0

    @property
    def figures(self) -> int:
        """How much of what is stored was wrong."""
        return self.entries + self.books + self.copies


@dataclass(slots=True)
class _Differences:
    """What differs: trades by day, groups with the days on which their entries are wrong, days whose books are to be
    written anew, copies of settings and accounts; and trades that cannot be read.
    """

    touched: dict[date, list[str]] = field(default_factory=dict)
    groups: dict[str, set[date]] = field(default_factory=dict)
    anew: set[date] = field(default_factory=set)
    copies: bool = False
    unreadable: set[str] = field(default_factory=set)


def compare(user_id: str, clock: Callable[[], datetime]) -> Drift:
    """Make the user's day books what the trades say, and tell what was wrong.

    Does nothing for an account that is being erased, and raises AccountErased if that begins meanwhile; Busy.
    """
    if erasure_marks.has_begun(user_id):
        return Drift()
    version = stats_version(user_id).version
    differences = _differences(user_id)
    wrong = copies = 0
    if differences.touched or differences.anew or differences.groups or differences.copies:
        time.sleep(_SETTLING)
        copies = trading_accounts.restore_copies(user_id) if differences.copies else 0
        wrong = update(user_id, differences.touched, clock(), differences.anew)
        wrong += sum(_settle_group(user_id, group_id, days, clock()) for group_id, days in differences.groups.items())
    for trade_id in sorted(differences.unreadable):
        logger.error("a stored trade cannot be read", user_id=user_id, trade_id=trade_id)
    if version > 0 and not differences.unreadable:
        _is_compared(user_id, version, clock())
    return Drift(entries=wrong, books=len(differences.anew), copies=copies, unreadable=len(differences.unreadable))


def _settle_group(user_id: str, group_id: str, days: set[date], now: datetime) -> int:
    """One transaction writes the group's entry and one day on which there was something else. How many were wrong.

    A group with a trade that cannot be read stays as it is.
    """
    try:
        return sum(write_group_entry(user_id, group_id, now, day) for day in (sorted(days) if days else (None,)))
    except UnreadableTrade:
        return 0


def _differences(user_id: str) -> _Differences:
    differences = _Differences()
    wanted: dict[date, dict[str, int]] = {}
    groups: list[Group] = []
    for item in _trades_and_groups(user_id):
        if is_group(item):
            groups.append(group_of(item))
            continue
        try:
            trade = readable(item)
        except UnreadableTrade:
            differences.unreadable.add(item["tradeId"]["S"])
            continue
        for day, entry in entries(trade).items():
            wanted.setdefault(day, {})[trade.trade_id] = _facts(entry)
    _compare_places(user_id, _wanted_of_groups(user_id, groups, wanted), differences)
    stored = AllBooks(user_id)
    for day, items in stored:
        _compare_day(day, items, wanted.pop(day, {}), differences)
    differences.copies = trading_accounts.copies_differ(user_id, stored.copies)
    while wanted:
        day, of_day = wanted.popitem()
        if trade_ids := _without_groups(day, of_day, differences):
            differences.touched[day] = trade_ids
    return differences


def _wanted_of_groups(
    user_id: str, groups: Sequence[Group], wanted: dict[date, dict[str, int]]
) -> dict[str, tuple[date, BookEntry]]:
    """The entries of the groups; their hashes are added to what is wanted. One with an unreadable trade has none."""
    found: dict[str, tuple[date, BookEntry]] = {}
    for some in _together(groups):
        try:
            trades = read_trades(user_id, [trade_id for group in some for trade_id in group.trade_ids])
        except UnreadableTrade:
            if len(some) > 1:
                for group in some:
                    found |= _wanted_of_groups(user_id, [group], wanted)
            continue
        for group in some:
            made = group_entry(group, trades.values())
            if made is not None:
                day, entry = found[group.group_id] = made
                wanted.setdefault(day, {})[entry.trade_id] = _facts(entry)
    return found


def _together(groups: Iterable[Group]) -> Iterator[list[Group]]:
    """The groups, as many at a time as have trades for one request."""
    some: list[Group] = []
    for group in groups:
        if some and sum(len(each.trade_ids) for each in (*some, group)) > _READ_AT_ONCE:
            yield some
            some = []
        some.append(group)
    if some:
        yield some


def _compare_places(user_id: str, made: dict[str, tuple[date, BookEntry]], differences: _Differences) -> None:
    """What the items of the groups say about their days is to be right, too."""
    query: Any = {
        "TableName": stats_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(statKey, :prefix)",
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":prefix": {"S": GROUPS}},
        "ConsistentRead": True,
    }
    places = {item["statKey"]["S"].removeprefix(GROUPS): item for item in all_items(query)}
    for group_id in places.keys() | made.keys():
        day = made[group_id][0] if group_id in made else None
        if day_in(places.get(group_id)) != day:
            differences.groups.setdefault(group_id, set())


def _without_groups(day: date, ids: Iterable[str], differences: _Differences) -> list[str]:
    """Those of the ids that are of trades; the others are of groups, which are added to the differences."""
    of_trades = []
    for each in ids:
        if each.startswith(GROUP):
            differences.groups.setdefault(each.removeprefix(GROUP), set()).add(day)
        else:
            of_trades.append(each)
    return of_trades


def _compare_day(day: date, items: Sequence[Any] | None, wanted: dict[str, int], differences: _Differences) -> None:
    all_wanted = list(wanted)
    differing: list[str] = []
    if items is None:
        differences.anew.add(day)
    for item in items or ():
        try:
            book = book_of(item)
        except UnreadableBook:
            differences.anew.add(day)
            continue
        if not book.has_right_base:
            differences.anew.add(day)
        for trade_id, entry in book.entries.items():
            if part_of(trade_id, number_of_parts(item)) != book.part:
                differences.anew.add(day)
            elif wanted.pop(trade_id, None) != _facts(entry) and trade_id not in differences.unreadable:
                differing.append(trade_id)
    differing += wanted
    if day in differences.anew:
        differing = list(dict.fromkeys([*all_wanted, *differing]))
    trade_ids = _without_groups(day, differing, differences)
    if trade_ids or day in differences.anew:
        differences.touched[day] = trade_ids


def _facts(entry: BookEntry) -> int:
    """A hash of the entry apart from the version of the trade."""
    row = row_of(entry)
    row[1] = None
    return hash(str(row))


def _trades_and_groups(user_id: str) -> Iterator[Any]:
    query: Any = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
        "ConsistentRead": True,
    }
    return (item for item in all_items(query) if is_trade(item) or is_group(item))


def _is_compared(user_id: str, version: int, now: datetime) -> None:
    """Take the user out of the due list, unless the statistics have changed since that version. Raises Busy."""
    update: Any = {
        "TableName": stats_table(),
        "Key": key(user_id, STATE),
        "UpdateExpression": "SET comparedAt = :now REMOVE dueList, dueSince",
        **at_version(version, values={":now": {"S": instant(now)}}),
    }
    write_if({"Update": update})

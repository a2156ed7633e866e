"""Reading the day books.

Reads of books are eventually consistent, at half the price: they may miss a change of the last moment, and show a newer
version of the statistics beside an older book. Within a day they are never torn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, groupby
from typing import Any

from handlers.journal.stats.entries import BookEntry
from handlers.journal.trading_accounts import SettingsAndAccounts
from handlers.log import logger
from handlers.storage.clients import stats_table
from handlers.storage.dynamo import all_items, get_item
from handlers.storage.errors import UnreadableBook
from handlers.storage.stats.book_items import (
    AFTER_ALL_BOOKS,
    BOOKS,
    STATE,
    book_key,
    day_of,
    entries_of,
    key,
    number_of_parts,
    part_in,
    version_of,
)
from handlers.storage.trading_accounts import BEHIND_ALL, SETTINGS_COPY, settings_and_accounts_of

_MOST_READINGS = 4  # tries for a day whose parts do not fit together; a day is divided six times at most


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsVersion:
    """The version of a user's statistics, which begins at 0 and rises with each change of a book; when it last rose."""

    last_updated: datetime | None
    version: int


class BookReading:
    """The entries of a range of days, by day in ascending order; those of one day in no order.

    Each page is fetched when it is needed. `last_updated` is the time of the last change among the books read so far.
    Iterating raises Busy, and UnreadableBook for a book that is damaged.
    """

    def __init__(self, user_id: str, items: Iterator[Any]) -> None:
        """`items` are those of books, in the order of their keys."""
        self.last_updated: datetime | None = None
        self._updated = ""
        self._entries = self._read(user_id, items)

    def __iter__(self) -> Iterator[tuple[date, BookEntry]]:
        return self._entries

    def _read(self, user_id: str, items: Iterator[Any]) -> Iterator[tuple[date, BookEntry]]:
        for day, found in groupby(items, key=day_of):
            for item in _whole(user_id, day, list(found)):
                updated = item.get("lastUpdated", {}).get("S", "")
                if updated > self._updated:
                    self._updated, self.last_updated = updated, datetime.fromisoformat(updated)
                for entry in entries_of(item):
                    yield day, entry


def read(user_id: str, first: date | None, last: date | None) -> BookReading:
    """What the user's trades did from the first day to the last, both included; None for an open end."""
    return BookReading(user_id, _books_between(user_id, first, last))


def read_up_to(user_id: str, last: date | None) -> tuple[SettingsAndAccounts, BookReading]:
    """What `read` reads from the beginning, and what `settings_and_accounts` does, by the same query. Raises Busy."""
    high = AFTER_ALL_BOOKS if last is None else book_key(last) + "|~"
    items = _items_between(user_id, SETTINGS_COPY, high)
    copies, first_book = [], []
    for item in items:
        stat_key = item["statKey"]["S"]
        if stat_key.startswith(BOOKS):
            first_book.append(item)
            break
        if stat_key != STATE:
            copies.append(item)
    return settings_and_accounts_of(user_id, copies), BookReading(user_id, chain(first_book, items))


def read_from(user_id: str, first: date) -> tuple[SettingsAndAccounts, BookReading]:
    """The settings, the accounts, and all books from `first` on, by one query. Raises Busy.

    The copies come last, so all books are fetched at once and kept, compressed, until they are iterated.
    """
    of_books: deque[Any] = deque()
    copies: list[Any] = []
    for item in _items_between(user_id, book_key(first), BEHIND_ALL):
        if item["statKey"]["S"].startswith(BOOKS):
            of_books.append(item)
        else:
            copies.append(item)
    return settings_and_accounts_of(user_id, copies), BookReading(user_id, _taken_out(of_books))


def _taken_out(items: deque[Any]) -> Iterator[Any]:
    while items:  # each can be forgotten once it is decoded
        yield items.popleft()


def entries_between(user_id: str, first: date | None, last: date | None) -> Iterable[tuple[date, BookEntry]]:
    """What `read` reads, where it does not matter when the books last changed. Raises Busy, UnreadableBook."""
    return read(user_id, first, last)


def stats_version(user_id: str) -> StatsVersion:
    """The version of the user's statistics, read consistently. Raises Busy."""
    item = get_item(stats_table(), key(user_id, STATE))
    return StatsVersion(
        last_updated=datetime.fromisoformat(item["lastUpdated"]["S"]) if "lastUpdated" in item else None,
        version=version_of(item),
    )


def _books_between(user_id: str, first: date | None, last: date | None, *, consistent: bool = False) -> Iterator[Any]:
    """The items of the books in that range, in the order of their keys. Raises Busy."""
    if first is not None and last is not None and first > last:
        return  # DynamoDB refuses a range whose end comes before its start
    low = BOOKS if first is None else book_key(first)
    high = AFTER_ALL_BOOKS if last is None else book_key(last) + "|~"
    yield from _items_between(user_id, low, high, consistent=consistent)


def _items_between(user_id: str, low: str, high: str, *, consistent: bool = False) -> Iterator[Any]:
    query: Any = {
        "TableName": stats_table(),
        "KeyConditionExpression": "userId = :user AND statKey BETWEEN :low AND :high",
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":low": {"S": low}, ":high": {"S": high}},
        "ConsistentRead": consistent,
    }
    return all_items(query)


class AllBooks:
    """The items of all books by day, read consistently: those that hold the day's entries, None if some are missing.

    `copies` are the items of settings and accounts before and behind the books: all, once the books are read. Iterating
    raises Busy.
    """

    def __init__(self, user_id: str) -> None:
        self.copies: list[Any] = []
        self._user_id = user_id

    def __iter__(self) -> Iterator[tuple[date, Sequence[Any] | None]]:
        for day, found in groupby(self._books(), key=day_of):
            try:
                items = _whole(self._user_id, day, list(found))
            except UnreadableBook:
                yield day, None
            else:
                yield day, items

    def _books(self) -> Iterator[Any]:
        for item in _items_between(self._user_id, SETTINGS_COPY, BEHIND_ALL, consistent=True):
            stat_key = item["statKey"]["S"]
            if stat_key.startswith(BOOKS):
                yield item
            elif stat_key != STATE:
                self.copies.append(item)


def _whole(user_id: str, day: date, items: Sequence[Any]) -> Sequence[Any]:
    """The items that hold the day's entries: its book, or all of its parts.

    A query reads one item after the other. When the day was divided meanwhile, some items are from before and some from
    after; the day is then read again. Raises UnreadableBook if that does not help, since then some are lost; Busy.
    """
    for _ in range(_MOST_READINGS):
        if (found := _holding(items)) is not None:
            return found
        logger.info("a day is read again, since its parts do not fit together", user_id=user_id, day=day.isoformat())
        items = list(_books_between(user_id, day, day, consistent=True))
    raise UnreadableBook(book_key(day))


def _holding(items: Sequence[Any]) -> Sequence[Any] | None:
    """Those of a day's items that hold its entries; None if they do not fit together."""
    by_part = {part_in(item["statKey"]["S"]): item for item in items}
    if None not in by_part:
        return None
    number = number_of_parts(by_part[None])
    if number == 1:
        return [by_part[None]]
    wanted = [by_part[part] for part in range(number) if part in by_part and number_of_parts(by_part[part]) == number]
    return wanted if len(wanted) == number else None

"""Keeping the day books up with the trades.

A change touches the days that the old and the new trade name. For each of them the trade and the book are read, the
trade's entry is put in its place, and the book is written, in a transaction with these conditions: the trade is the one
that was read, the book has the version that was read, and the account is not being erased. The transaction also raises
the user's version of the statistics. If a condition fails, everything is read again. Entries that are right already are
not written.

The books are therefore right in whatever order changes are handled, and however often: an entry is wrong only if a
change of its trade that touches its day has not been handled to its end, and handling it writes what a trade at least
as new as the change says.

A busy day is divided into parts, which are written like books. Dividing a day further writes all of its parts, so
nobody can write any more who has read them before and believes that there are fewer.

One transaction holds as many trades and books as DynamoDB allows, so a batch of changes takes few requests. The books
of it that others have written meanwhile are left out and come in the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.groups import Group
from handlers.journal.stats.entries import BookEntry, entries, same_facts
from handlers.journal.trade import Trade
from handlers.log import logger
from handlers.storage import erasure_marks
from handlers.storage.clients import stats_table, trades_table
from handlers.storage.dynamo import (
    CONDITION_FAILED,
    absent,
    at_version,
    batch_get,
    batch_get_of_tables,
    transact_once,
)
from handlers.storage.errors import AccountErased, UnreadableBook, UnreadableTrade, VersionMismatch
from handlers.storage.retry import retry_overtaken
from handlers.storage.stats.book_items import (
    LARGEST_PART,
    MOST_PARTS,
    STATE,
    Book,
    Item,
    book_item,
    book_key,
    book_of,
    by_part,
    key,
    number_of_parts,
    part_of,
    spread,
    version_of,
)
from handlers.storage.stats.due import list_of
from handlers.storage.trade_items import instant, is_trade, trade_key, trade_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

Touched = Mapping[date, Collection[str]]

_MOST_ACTIONS = 100  # of a transaction
_OF_EVERY_TRANSACTION = 2  # actions: the check of the account, the version of the statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The trades and the items of the days' books that a batch of changes is based on, as far as they exist."""

    trades: Mapping[str, Trade]
    days: Mapping[date, Any]

    def parts(self, day: date) -> int:
        """How many parts the day has."""
        return number_of_parts(self.days.get(day))


@dataclass(frozen=True, slots=True, kw_only=True)
class _BookChange:
    """A new item of one book or part, the trades that it is based on, and how many of its entries changed."""

    day: date
    item: Item
    trade_ids: Collection[str]
    changed: int


def update(user_id: str, touched: Touched, now: datetime, anew: Collection[date] = ()) -> int:
    """Make the entries of these trades, by day, what the trades say. Returns how many entries were wrong.

    The books of the days in `anew` are written even if their entries are right. If such a book cannot be read, only the
    entries of the given trades remain in it, so give all trades of the day. Raises AccountErased, UnreadableTrade,
    UnreadableBook, Busy.
    """
    return sum(_settle(user_id, group, now, anew) for group in _groups(touched))


def read_trades(user_id: str, trade_ids: Collection[str]) -> dict[str, Trade]:
    """Those of the trades that exist, as they stand now. Raises UnreadableTrade, Busy."""
    found = _items(trades_table(), (trade_key(user_id, trade_id) for trade_id in trade_ids))
    return {item["tradeId"]["S"]: readable(item) for item in found if is_trade(item)}


def readable(item: Mapping[str, Any]) -> Trade:
    """The trade that the item holds. Raises UnreadableTrade."""
    try:
        return trade_of(item)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableTrade(item["tradeId"]["S"]) from error


def _groups(touched: Touched) -> Iterator[dict[date, list[str]]]:
    """The touched trades and days in batches: each is read with one request and, unless a day has parts, written with
    one.
    """
    most = _MOST_ACTIONS - _OF_EVERY_TRANSACTION
    group: dict[date, list[str]] = {}
    trade_ids: set[str] = set()
    for day, of_day in sorted(touched.items()):
        for trade_id in by_part(of_day):
            more = (trade_id not in trade_ids) + (day not in group)
            if len(trade_ids) + len(group) + more > most:
                yield group
                group, trade_ids = {}, set()
            group.setdefault(day, []).append(trade_id)
            trade_ids.add(trade_id)
        if not of_day:
            yield {day: []}
    if group:
        yield group


def _settle(user_id: str, group: Touched, now: datetime, anew: Collection[date]) -> int:
    done = 0
    pending: Touched = group

    def settle_pending() -> None:
        """Raises VersionMismatch as long as something is pending."""
        nonlocal done, pending
        read = _read(user_id, pending)
        again: dict[date, set[str]] = {}
        for changes in _transactions(_changes(user_id, pending, read, now, anew)):
            written, overtaken = _write(user_id, changes, read, now)
            done += sum(change.changed for change in written)
            for day in {change.day for change in written if is_too_large(change.item)}:
                divide(user_id, day, now)
            for change in overtaken:
                again.setdefault(change.day, set()).update(change.trade_ids)
        pending = again
        if pending:
            raise VersionMismatch(user_id)

    retry_overtaken(settle_pending)
    return done


def _write(
    user_id: str, changes: Sequence[_BookChange], read: _Read, now: datetime
) -> tuple[Sequence[_BookChange], Sequence[_BookChange]]:
    """Write the changes that nobody has overtaken. Returns those, and the others. Raises AccountErased, Busy."""
    overtaken: list[_BookChange] = []
    while changes:
        failed = write_all_or_none(user_id, _actions(user_id, changes, read, now))
        if not failed:
            return changes, overtaken
        left_out = [change for change in changes if not failed.isdisjoint(_places(change))]
        if not left_out:  # what failed concerns all of them
            return [], [*overtaken, *changes]
        overtaken += left_out
        changes = [change for change in changes if change not in left_out]
    return [], overtaken


def _read(user_id: str, pending: Touched) -> _Read:
    """Raises UnreadableTrade, Busy."""
    trade_ids = dict.fromkeys(trade_id for of_day in pending.values() for trade_id in of_day)
    days = {book_key(day): day for day in pending}
    keys = {
        trades_table(): [trade_key(user_id, trade_id) for trade_id in trade_ids],
        stats_table(): [key(user_id, stat_key) for stat_key in days],
    }
    found: dict[str, list[Any]] = {table: [] for table in keys}
    for table, item in batch_get_of_tables(keys, ConsistentRead=True):
        found[table].append(item)
    return _Read(
        trades={item["tradeId"]["S"]: readable(item) for item in found[trades_table()] if is_trade(item)},
        days={days[item["statKey"]["S"]]: item for item in found[stats_table()]},
    )


def _changes(
    user_id: str, pending: Touched, read: _Read, now: datetime, anew: Collection[date]
) -> Iterator[_BookChange]:
    """The changes to write. Raises UnreadableBook, Busy."""
    wanted = {trade_id: entries(trade) for trade_id, trade in read.trades.items()}
    touched: dict[tuple[date, int | None], list[str]] = {}
    for day, of_day in pending.items():
        parts = read.parts(day)
        if day in anew:
            touched.update({(day, part): [] for part in (range(parts) if parts > 1 else [None])})
        for trade_id in of_day:
            touched.setdefault((day, part_of(trade_id, parts)), []).append(trade_id)
    items = part_items(user_id, [(day, part) for day, part in touched if part is not None])
    for (day, part), trade_ids in touched.items():
        item = read.days.get(day) if part is None else items.get((day, part))
        book = book_at(day, part, read.parts(day), item, is_anew=day in anew)
        held = dict(book.entries)
        changed = 0
        for trade_id in trade_ids:
            entry = wanted[trade_id].get(day) if trade_id in wanted else None
            if same_facts(held.get(trade_id), entry):
                continue
            changed += 1
            if entry is None:
                del held[trade_id]
            else:
                held[trade_id] = entry
        if changed or day in anew:
            written = book_item(user_id, replace(book, version=book.version + 1, entries=held), now)
            yield _BookChange(day=day, item=written, trade_ids=trade_ids, changed=changed)


def part_items(user_id: str, places: Iterable[tuple[date, int]]) -> dict[tuple[date, int], Any]:
    """The items of those parts, as far as they exist. Raises Busy."""
    by_key = {book_key(day, part): (day, part) for day, part in places}
    found = _items(stats_table(), (key(user_id, stat_key) for stat_key in by_key))
    return {by_key[item["statKey"]["S"]]: item for item in found}


def book_at(day: date, part: int | None, parts: int, item: Any, *, is_anew: bool) -> Book:
    """The book, or the part, as it is stored; empty where nothing is. Raises UnreadableBook."""
    if item is None:
        return Book(day=day, part=part, parts=parts)
    try:
        book = replace(book_of(item), parts=parts)
    except UnreadableBook:
        if not is_anew:
            raise
        return Book(day=day, part=part, parts=parts, version=version_of(item))
    if is_anew:  # an entry that lies in another part than its own is taken out
        of_part = {trade_id: one for trade_id, one in book.entries.items() if part_of(trade_id, parts) == part}
        return replace(book, entries=of_part)
    return book


# Writing


def _transactions(changes: Iterable[_BookChange]) -> Iterator[list[_BookChange]]:
    """The changes in as few transactions as hold them; a change is never divided."""
    some: list[_BookChange] = []
    for change in changes:
        if some and _size([*some, change]) > _MOST_ACTIONS:
            yield some
            some = []
        some.append(change)
    if some:
        yield some


def _size(changes: Sequence[_BookChange]) -> int:
    return _OF_EVERY_TRANSACTION + len(_trade_ids(changes)) + len(changes)


def _trade_ids(changes: Iterable[_BookChange]) -> set[str]:
    return {trade_id for change in changes for trade_id in change.trade_ids}


def _actions(user_id: str, changes: Sequence[_BookChange], read: _Read, now: datetime) -> list[Any]:
    return [
        {"Update": next_version(user_id, now)},
        *(
            {"ConditionCheck": unchanged(user_id, trade_id, read.trades.get(trade_id))}
            for trade_id in sorted(_trade_ids(changes))
        ),
        *(put_next(change.item) for change in changes),
    ]


def put_next(item: Item) -> Any:
    """Writes the item on the condition that the version before it is there."""
    return {"Put": {"TableName": stats_table(), "Item": item, **at_version(version_of(item) - 1)}}


def unchanged(user_id: str, trade_id: str, trade: Trade | None) -> Any:
    """The check that the trade is still the one that was read, or still absent."""
    check: dict[str, Any] = {"TableName": trades_table(), "Key": trade_key(user_id, trade_id)}
    if trade is None:
        return {**check, **absent("tradeId")}
    return {**check, **as_updated(trade)}


def as_updated(read: Trade | Group) -> Any:
    """The condition that it is stored as it was read: a version alone would not tell it from one made in its place."""
    return at_version(read.version, "updatedAt = :updated", values={":updated": {"S": read.updated_at.isoformat()}})


def next_version(user_id: str, now: datetime) -> Any:
    """Raises the version of the statistics, and puts the user into its due list."""
    return {
        "TableName": stats_table(),
        "Key": key(user_id, STATE),
        "UpdateExpression": "SET lastUpdated = :now, dueList = :list, dueSince = if_not_exists(dueSince, :now)"
        " ADD #version :one",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":now": {"S": instant(now)},
            ":list": {"S": list_of(user_id)},
        },
    }


def write_all_or_none(user_id: str, actions: Sequence[TransactWriteItemTypeDef]) -> set[str]:
    """Write all of the actions, or none if another writer has changed an item that they are based on.

    Returns the sort keys of the items that failed; none if all is written. Raises AccountErased, Busy.
    """
    of_account, *others = transact_once([{"ConditionCheck": erasure_marks.not_begun(user_id)}, *actions])
    if of_account.get("Code") == CONDITION_FAILED:
        raise AccountErased(user_id)
    failed = {_sort_key(action) for action, reason in zip(actions, others, strict=True) if reason}
    return failed or ({STATE} if of_account else set())


def _sort_key(action: Any) -> str:
    [asked] = action.values()
    key_: Any = asked.get("Key") or asked["Item"]
    return str((key_.get("statKey") or key_["tradeId"])["S"])


def _places(change: _BookChange) -> set[str]:
    """The sort keys of the items that the change is based on: its book and its trades."""
    return {change.item["statKey"]["S"], *change.trade_ids}


# Busy days


def is_too_large(item: Item) -> bool:
    return "entries" in item and len(item["entries"]["B"]) > LARGEST_PART and number_of_parts(item) < MOST_PARTS


def divide(user_id: str, day: date, now: datetime) -> None:
    """Give the day twice as many parts, and again until none is too large, in one transaction.

    No entry changes, so no trade is read. If another writer changes the day at the same time, it is not divided until
    its next change. Raises AccountErased, UnreadableBook, Busy.
    """
    stored = _stored(user_id, day)
    parts = number_of_parts(stored.get(None))
    if parts >= MOST_PARTS:
        return
    holding = [stored.get(part) for part in (range(parts) if parts > 1 else [None])]
    of_day: dict[str, BookEntry] = {}
    for item in holding:
        of_day.update({} if item is None else book_of(item).entries)
    items: list[Item] = []
    while not items or any(is_too_large(item) for item in items):
        parts *= 2
        held: list[dict[str, BookEntry]] = [{} for _ in range(parts)]
        for trade_id, entry in of_day.items():
            held[spread(trade_id) % parts][trade_id] = entry
        books = [Book(day=day, parts=parts)]
        books += [Book(day=day, part=part, parts=parts, entries=of_part) for part, of_part in enumerate(held)]
        items = [
            book_item(user_id, replace(book, version=version_of(stored.get(book.part)) + 1), now) for book in books
        ]
    if not write_all_or_none(user_id, [put_next(item) for item in items]):
        logger.info("a day was divided", user_id=user_id, day=day.isoformat(), parts=parts)


def _stored(user_id: str, day: date) -> dict[int | None, Any]:
    """The items of the day by part, parts that are not in use included. The day's book has the key None."""
    places = {book_key(day, part): part for part in (None, *range(MOST_PARTS))}
    found = _items(stats_table(), (key(user_id, stat_key) for stat_key in places))
    return {places[item["statKey"]["S"]]: item for item in found}


# Reading


def _items(table: str, keys: Iterable[Item]) -> Iterator[Any]:
    return batch_get(table, list(keys), ConsistentRead=True)

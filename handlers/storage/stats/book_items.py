"""Day books as items of the statistics' table.

| statKey            | what it is                                                                     |
|--------------------|--------------------------------------------------------------------------------|
| books              | the version of a user's statistics, and the user's due list                    |
| book|2026-01-02    | the book of a day; if the day has several parts, only the number of parts      |
| book|2026-01-02|05 | one part of a busy day: the trades whose hash, modulo the number of parts, is 5 |

A book or part has these attributes. `version` rises with every write. `entries` is compressed JSON, one row for each
trade. `shape` is the number of the rows' shape. `base` is the base set of the entries, for each account and currency.
`parts` is the number of the day's parts, absent for one. A book that has become empty stays, so that its version never
starts again.

The entry of a group is in a book beside those of trades, with `group|` and the group's id in place of a trade's id; the
base sets leave it out. An item `group|<id>` names the day of that book, so that the entry is found when the group's
result moves to another day. It also holds the group's net result and R.

A row has the columns of COLUMNS in their order, without the empty ones at its end. A new shape may only add columns at
the end, each with a default in BookEntry, and raise SHAPE. So newer and older code can read each other's books.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from handlers.journal.money import ZERO, canonical, total
from handlers.journal.stats.entries import BookEntry, Gain, Result
from handlers.storage.codec import value
from handlers.storage.errors import UnreadableBook
from handlers.storage.trade_items import instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = dict[str, "AttributeValueTypeDef"]

SHAPE = 2
STATE = "books"  # sorts before all books, whose keys go on with "|"
BOOKS = "book|"
AFTER_ALL_BOOKS = "book|~"
LARGEST_PART = 8 * 1024  # bytes of compressed entries, above which a day gets twice as many parts
GROUPS = "group|"
# One transaction doubles the parts of a day: it has at most 100 actions, one for each part and two besides.
MOST_PARTS = 64

_LEVEL, _RAW = 9, -15  # zlib: as small as it can, without header and checksum, since DynamoDB has its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A day's book, or one part of it, as it is stored. Version 0 means that it is not stored."""

    day: date
    part: int | None = None
    version: int = 0
    parts: int = 1
    entries: Mapping[str, BookEntry] = field(default_factory=dict)
    base: Any = None

    @property
    def has_right_base(self) -> bool:
        """Whether the stored base set is that of the entries."""
        of_trades = any(not entry.is_of_group for entry in self.entries.values())
        if not of_trades or self.base is None:
            return not of_trades and self.base is None
        # By value: DynamoDB may give a number back in another spelling.
        return bool(value(self.base) == value(base_set(self.entries.values())))


def key(user_id: str, stat_key: str) -> Item:
    """The key of an item of the statistics' table."""
    return {"userId": {"S": user_id}, "statKey": {"S": stat_key}}


def book_key(day: date, part: int | None = None) -> str:
    """The sort key of a day's book, or of one of its parts."""
    return f"{BOOKS}{day}" if part is None else f"{BOOKS}{day}|{part:02}"


def part_of(trade_id: str, parts: int) -> int | None:
    """The part of the day in which the trade's entry is kept; None if the book is not divided."""
    return None if parts == 1 else spread(trade_id) % parts


def spread(trade_id: str) -> int:
    """The hash by which trades are spread over parts."""
    return zlib.crc32(trade_id.encode())


def by_part(trade_ids: Iterable[str]) -> list[str]:
    """The ids in an order in which those of one part are neighbours, however many parts there are."""
    # The last bits say the part: the ids are ordered by them from the last one on.
    return sorted(trade_ids, key=lambda trade_id: f"{spread(trade_id) % MOST_PARTS:06b}"[::-1])


def day_of(item: Mapping[str, Any]) -> date:
    """The day that the item is about."""
    return date.fromisoformat(item["statKey"]["S"][len(BOOKS) : len(BOOKS) + 10])


def part_in(stat_key: str) -> int | None:
    """The part of the day that the key is of; None for the day's book. Raises ValueError."""
    part = stat_key[len(BOOKS) + 11 :]
    return int(part) if part else None


def number_of_parts(item: Mapping[str, Any] | None) -> int:
    """How many parts the day has, as the item says."""
    return int(item["parts"]["N"]) if item is not None and "parts" in item else 1


def version_of(item: Mapping[str, Any] | None) -> int:
    """The item's version; 0 without an item."""
    return int(item["version"]["N"]) if item is not None and "version" in item else 0


def book_of(item: Mapping[str, Any]) -> Book:
    """The book, or the part, that the item holds. Raises UnreadableBook."""
    stat_key: str = item["statKey"]["S"]
    try:
        return Book(
            day=day_of(item),
            part=part_in(stat_key),
            version=version_of(item),
            parts=number_of_parts(item),
            entries={entry.trade_id: entry for entry in entries_of(item)},
            base=item.get("base"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableBook(stat_key) from error


def book_item(user_id: str, book: Book, now: datetime) -> Item:
    """The item that holds the book, or the part, as of now."""
    item: Item = {
        **key(user_id, book_key(book.day, book.part)),
        "version": {"N": str(book.version)},
        "shape": {"N": str(SHAPE)},
        "lastUpdated": {"S": instant(now)},
    }
    if book.parts > 1:
        item["parts"] = {"N": str(book.parts)}
    if book.entries:
        item["entries"] = {"B": packed(book.entries.values())}
        if any(not entry.is_of_group for entry in book.entries.values()):
            item["base"] = base_set(book.entries.values())
    return item


def entries_of(item: Mapping[str, Any]) -> list[BookEntry]:
    """The entries in the item. Raises UnreadableBook."""
    if "entries" not in item:
        return []
    try:
        return [entry_of(row) for row in json.loads(zlib.decompress(item["entries"]["B"], _RAW))]
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise UnreadableBook(item["statKey"]["S"]) from error


def packed(entries: Collection[BookEntry]) -> bytes:
    """The entries, compressed; the same entries are the same bytes."""
    rows = [row_of(entry) for entry in sorted(entries, key=lambda entry: entry.trade_id)]
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return compressor.compress(text.encode("utf-8", "surrogatepass")) + compressor.flush()


COLUMNS = (
    "trade_id",
    "version",
    "recorded",
    "symbol",
    "side",
    "quantity",
    "opened_at",
    "gains",  # of each the instant, the position, the amount
    "result",  # the instant, None for that of the last gain; the costs, the holding time; the sum of events, if not 0
    "net",
    "risk",
    "tags",
    "setup_type",
    "trading_session",
    "trade_grade",
    "account",
    "currency",
    "group",
)


def row_of(entry: BookEntry) -> list[Any]:
    """The entry as a row: equal facts are equal rows, whatever the spelling of their numbers."""
    gains = [part for gain in entry.gains for part in (_time(gain.at), gain.position, canonical(gain.amount))]
    result: list[Any] | None = None
    if entry.result is not None:
        at = _time(entry.result.at)
        is_last = bool(entry.gains) and at == gains[-3]
        result = [None if is_last else at, canonical(entry.result.costs), entry.result.holding_seconds]
        if entry.result.events:
            result.append(canonical(entry.result.events))
    row = [
        entry.trade_id,
        entry.version,
        _time(entry.recorded),
        entry.symbol,
        entry.side,
        canonical(entry.quantity),
        _time(entry.opened_at),
        gains,
        result,
        _number(entry.net),
        _number(entry.risk),
        list(entry.tags) or None,
        entry.setup_type,
        entry.trading_session,
        entry.trade_grade,
        entry.account,
        entry.currency,
        entry.group,
    ]
    while row[-1] is None:
        row.pop()
    return row


def entry_of(row: Sequence[Any]) -> BookEntry:
    """The entry in the row. Columns that this code does not know are left alone, those that are missing are empty."""
    columns = [*row, *_EMPTY[len(row) :]] if len(row) < len(_EMPTY) else row
    flat, result = columns[7], columns[8]
    when = datetime.fromisoformat
    gains = tuple(
        [
            Gain(at=when(flat[place]), position=flat[place + 1], amount=Decimal(flat[place + 2]))
            for place in range(0, len(flat), 3)
        ]
    )
    return BookEntry(
        trade_id=columns[0],
        version=columns[1],
        recorded=when(columns[2]),
        symbol=columns[3],
        side=columns[4],
        quantity=Decimal(columns[5]),
        opened_at=when(columns[6]),
        gains=gains,
        result=None
        if result is None
        else Result(
            at=gains[-1].at if result[0] is None else when(result[0]),  # the same object: whoever folds looks for it
            costs=Decimal(result[1]),
            holding_seconds=result[2],
            events=ZERO if len(result) < 4 else Decimal(result[3]),
        ),
        net=None if columns[9] is None else Decimal(columns[9]),
        risk=None if columns[10] is None else Decimal(columns[10]),
        tags=() if columns[11] is None else tuple(columns[11]),
        setup_type=columns[12],
        trading_session=columns[13],
        trade_grade=columns[14],
        account=columns[15],
        currency=columns[16],
        group=columns[17],
    )


_EMPTY: list[Any] = [None] * len(COLUMNS)


def base_set(entries: Iterable[BookEntry]) -> AttributeValueTypeDef:
    """The base set of each account and currency, as attributes. There is no best win without a win."""
    groups: dict[tuple[str | None, str | None], list[BookEntry]] = {}
    for entry in entries:
        if entry.is_of_group:
            continue
        groups.setdefault((entry.account, entry.currency), []).append(entry)
    ordered = sorted(groups.items(), key=lambda group: tuple(name or "" for name in group[0]))
    return {"L": [{"M": _base_of(account, currency, of_group)} for (account, currency), of_group in ordered]}


def _base_of(account: str | None, currency: str | None, entries: Sequence[BookEntry]) -> Item:
    nets = [entry.net for entry in entries if entry.result is not None and entry.net is not None]
    wins, losses = [net for net in nets if net > ZERO], [net for net in nets if net < ZERO]
    names = {"account": account, "currency": currency}
    numbers: dict[str, Decimal | int | None] = {
        "tradeCount": len(nets),
        "realizedPnl": total(gain.amount for entry in entries for gain in entry.gains),
        "wins": len(wins),
        "losses": len(losses),
        "bestWin": max(wins, default=None),
        "worstLoss": min(losses, default=None),
        "sumWinPnl": total(wins),
        "sumLossPnl": total(losses),
    }
    return {
        **{name: {"S": value} for name, value in names.items() if value is not None},
        **{name: {"N": canonical(Decimal(number))} for name, number in numbers.items() if number is not None},
    }


def _time(moment: datetime) -> str:
    text = moment.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def _number(number: Decimal | None) -> str | None:
    return None if number is None else canonical(number)

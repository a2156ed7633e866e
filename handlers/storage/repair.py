"""A user's statistics, compared with the trades alone and made right where they are wrong.

The whole journal is walked, but nothing is written from that walk, which is no snapshot: it only says what to look at.
What still differs a moment later is made right by `upkeep`, in its own steps, so a change that comes in meanwhile wins
or is included. A walk that is cut off is begun again and finds less to do.

Of shares and rows only keys and hashes stay in memory, about 250 bytes each: a user of 100 000 trades takes 50 MB.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from botocore.exceptions import ClientError

from handlers.journal.rows import Dimension, RowKey, dimensions
from handlers.journal.summaries import shares, summary_of
from handlers.log import logger
from handlers.storage import erasure_marks
from handlers.storage.clients import dynamodb, stats_table, trades_table
from handlers.storage.errors import UnreadableTrade
from handlers.storage.retry import attempts
from handlers.storage.stat_items import (
    DECADES,
    ROWS,
    SHARES,
    TOTALS,
    YEARS,
    Item,
    Place,
    StoredShare,
    days_in,
    key,
    months_of,
    pack,
    pack_share,
    rows_in,
    share_key,
    stored_share,
)
from handlers.storage.statistics import beginning_with
from handlers.storage.trade_items import is_trade
from handlers.storage.upkeep import (
    fold_of,
    folded,
    get,
    parts_of,
    read,
    read_trades,
    readable,
    rebuild,
    settle,
    write_folds,
)

_TRADES_AT_ONCE = 90
_SETTLING = 3.0  # seconds that the stream may be behind without anything being wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What was wrong: how many shares of trades, summaries of days, and folds; and how many trades cannot be read."""

    shares: int = 0
    rows: int = 0
    folds: int = 0
    unreadable: int = 0

    @property
    def figures(self) -> int:
        """How many stored figures were wrong."""
        return self.shares + self.rows + self.folds


@dataclass(slots=True)
class _Doubts:
    """What the walk found different: rows to rebuild, by trade where a share is what differs."""

    touched: dict[str, frozenset[RowKey]] = field(default_factory=dict)
    rows: set[RowKey] = field(default_factory=set)
    unreadable: set[str] = field(default_factory=set)


def repair(user_id: str, clock: Callable[[], datetime]) -> Drift:
    """Make the user's statistics what the trades say, and tell what was wrong.

    Does nothing for an account that is being erased, and raises AccountErased if that begins meanwhile; Busy.
    """
    if erasure_marks.has_begun(user_id):
        return Drift()
    doubts = _walk(user_id)
    if doubts.touched or doubts.rows:
        time.sleep(_SETTLING)
    concerned = doubts.rows
    shares_wrong = 0
    ids = sorted(doubts.touched)
    for some in (ids[start : start + _TRADES_AT_ONCE] for start in range(0, len(ids), _TRADES_AT_ONCE)):
        # Some at a time from reading to writing, so that no more of a user's trades are in memory.
        touched = {trade_id: doubts.touched.pop(trade_id) for trade_id in some}
        wrong = _still_wrong(user_id, touched)
        settle(user_id, wrong)
        concerned.update(*touched.values(), *wrong.values())
        shares_wrong += sum(len({row.day for row in rows}) for rows in wrong.values())
    rows = rebuild(user_id, concerned, clock())
    folds = _fold_all(user_id, clock())
    for trade_id in sorted(doubts.unreadable):
        logger.error("a stored trade cannot be read", user_id=user_id, trade_id=trade_id)
    return Drift(
        shares=shares_wrong,
        rows=rows,
        folds=folds,
        unreadable=len(doubts.unreadable),
    )


def _walk(user_id: str) -> _Doubts:
    doubts = _Doubts()
    wanted: dict[date, dict[str, int]] = {}
    for item in _trades(user_id):
        try:
            trade = readable(item)
        except UnreadableTrade:
            doubts.unreadable.add(item["tradeId"]["S"])
            continue
        places = dimensions(trade)
        for day, share in shares(trade).items():
            wanted.setdefault(day, {})[trade.trade_id] = hash(pack_share(share, places))
    rows = _walk_shares(user_id, wanted, doubts)
    for item in beginning_with(user_id, ROWS):
        kept = rows_in(item)
        if not kept:
            _delete_if_empty(item)
        doubts.rows |= {row for row, packed in kept.items() if rows.pop(row, None) != hash(packed)}
    doubts.rows |= rows.keys()
    return doubts


def _walk_shares(user_id: str, wanted: dict[date, dict[str, int]], doubts: _Doubts) -> dict[RowKey, int]:
    """The hashes of the rows that the stored shares make. What is wanted and not stored so is put among the doubts."""
    rows: dict[RowKey, int] = {}
    for day, items in groupby(beginning_with(user_id, SHARES), key=lambda item: date.fromisoformat(_day_of(item))):
        of_day = []
        wanted_of_day = wanted.pop(day, {})
        for item in items:
            trade_id = item["statKey"]["S"].split("|", 2)[2]
            same = wanted_of_day.pop(trade_id, None) == hash(item["share"]["S"])
            share = _readable_share(item)
            if share is not None:
                of_day.append(share)
            if not same and trade_id not in doubts.unreadable:
                touched = set() if share is None else {RowKey(*place, day) for place in share.places}
                _doubt(doubts, trade_id, frozenset(touched | {RowKey(Dimension.JOURNAL, None, day)}))
        _doubt_absent(doubts, day, wanted_of_day)
        for place in {place for one in of_day for place in one.places}:
            summary = summary_of(one.share for one in of_day if place in one.places)
            rows[RowKey(*place, day)] = hash(pack(summary))
    while wanted:
        _doubt_absent(doubts, *wanted.popitem())
    return rows


def _doubt_absent(doubts: _Doubts, day: date, trade_ids: Iterable[str]) -> None:
    row = frozenset({RowKey(Dimension.JOURNAL, None, day)})  # one for all: without any statistics, every trade is here
    for trade_id in trade_ids:
        _doubt(doubts, trade_id, row)


def _doubt(doubts: _Doubts, trade_id: str, touched: frozenset[RowKey]) -> None:
    before = doubts.touched.get(trade_id)
    doubts.touched[trade_id] = touched if before is None else before | touched


def _still_wrong(user_id: str, touched: Mapping[str, Collection[RowKey]]) -> dict[str, set[RowKey]]:
    """Those of a few trades whose shares of these days are not what the trades contribute; with all rows concerned."""
    trades = read_trades(user_id, touched)
    wanted = {
        (trade_id, day): (share, dimensions(trade))
        for trade_id, trade in trades.items()
        for day, share in shares(trade).items()
    }
    keys = {(trade_id, row.day): share_key(row.day, trade_id) for trade_id, rows in touched.items() for row in rows}
    found = read(stats_table(), [key(user_id, stat_key) for stat_key in keys.values()])
    kept = {item["statKey"]["S"]: item for item in found}
    wrong: dict[str, set[RowKey]] = {}
    for (trade_id, day), stat_key in keys.items():
        packed = kept[stat_key]["share"]["S"] if stat_key in kept else None
        share, places = wanted.get((trade_id, day), (None, frozenset[Place]()))
        if packed != (None if share is None else pack_share(share, places)):
            before = _readable_share(kept[stat_key]) if stat_key in kept else None
            concerned: set[Place] = {(Dimension.JOURNAL, None), *places, *(() if before is None else before.places)}
            wrong.setdefault(trade_id, set()).update(RowKey(*place, day) for place in concerned)
    return wrong


def _fold_all(user_id: str, now: datetime) -> int:
    """Fold all rows of the journal anew. How many folds were wrong."""
    for _ in attempts():
        standing = get(user_id, TOTALS)
        years: dict[str, dict[str, str]] = {}
        decades: dict[str, dict[str, str]] = {}
        for item in beginning_with(user_id, months_of(Dimension.JOURNAL, None)):
            days = days_in(item)
            month = item["statKey"]["S"][-7:]
            if (packed := folded({day.isoformat(): of_day for day, of_day in days.items()})) is not None:
                years.setdefault(month[:4], {})[month[5:]] = packed
        for year, months in years.items():
            decades.setdefault(year[:3], {})[year] = pack(fold_of(months))
        wanted = {YEARS + year: months for year, months in years.items()}
        wanted |= {DECADES + decade: of_decade for decade, of_decade in decades.items()}
        kept = {
            item["statKey"]["S"]: parts_of(item)
            for prefix in (YEARS, DECADES)
            for item in beginning_with(user_id, prefix)
        }
        changed = {
            name: wanted.get(name, {}) for name in wanted.keys() | kept.keys() if wanted.get(name) != kept.get(name)
        }
        totals = {decade: pack(fold_of(of_decade)) for decade, of_decade in decades.items()}
        if (wrong := write_folds(user_id, changed, standing, totals, now)) is not None:
            return wrong
    raise AssertionError("attempts end by raising")


def _trades(user_id: str) -> Iterator[Any]:
    query: Any = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
        "ConsistentRead": True,
    }
    while True:
        answer = dynamodb().query(**query)
        yield from filter(is_trade, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _delete_if_empty(item: Item) -> None:
    """Delete the item of a month that has lost its last day, unless it has got one again."""
    names = {f"#{day}": f"{day:02}" for day in range(1, 32)}
    try:
        dynamodb().delete_item(
            TableName=stats_table(),
            Key={"userId": item["userId"], "statKey": item["statKey"]},
            ConditionExpression=" AND ".join(f"attribute_not_exists({name})" for name in names),
            ExpressionAttributeNames=names,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ConditionalCheckFailedException", "TransactionConflictException"):
            raise


def _readable_share(item: Item) -> StoredShare | None:
    try:
        return stored_share(item)
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return None


def _day_of(item: Item) -> str:
    return item["statKey"]["S"].split("|", 2)[1]

"""The statistics as they are kept up: a trade's change becomes shares of days, rows, and what is folded from the rows.

Nothing is ever added to what is there: every step reads what it builds on, consistently, and writes the result in full.
Each step's transaction also raises the version under which the next step writes:

1. shares   on the condition that the trade is still the one that was read; raises the version of each day written
2. rows     of a day, from all its shares, on the condition that the day's version is the one read before the shares;
            raises it, and the version of the totals
3. totals   month, year, decade and all, from the stored rows and folds, on the condition that the totals' version is
            the one read before them; raises it

So whoever read before somebody else wrote cannot write any more and begins again: an older result never takes the place
of a newer one, and what is found to be right already needs no write. A step that was cut off is made up for when its
record comes again. Why that is enough, in whatever order records come and however often: a row is wrong only if
a change of some trade that touches it has not been handled to its end; the record of every change names all rows that
it touches; and handling it to its end rebuilds them from trades that are at least as new as the change.

Every transaction begins with the check that the user's account is not being erased.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, TypeVar

from handlers.journal.money import canonical
from handlers.journal.rows import Dimension, RowKey, dimensions
from handlers.journal.summaries import EMPTY, DaySummary, merge, shares, summary_of, totals
from handlers.journal.trade import Trade
from handlers.storage import erasure_marks
from handlers.storage.clients import dynamodb, stats_table, trades_table
from handlers.storage.dynamo import CONDITION_FAILED
from handlers.storage.errors import AccountErased, Unavailable, UnreadableTrade
from handlers.storage.retry import attempts
from handlers.storage.stat_items import (
    DECADES,
    SHARES,
    TOTALS,
    YEARS,
    Item,
    Place,
    day_name,
    days_in,
    key,
    lock_key,
    month_of,
    pack,
    pack_share,
    row_key,
    share_key,
    stored_share,
    unpack,
)
from handlers.storage.statistics import beginning_with
from handlers.storage.trade_items import instant, is_trade, trade_key, trade_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

T = TypeVar("T")
Touched = Mapping[str, Collection[RowKey]]

_MOST_ACTIONS = 100  # of a transaction
_MOST_KEYS = 100  # of a batch of reads
_MONTHS_AT_ONCE = 30

# Why a transaction is cancelled if nothing is wrong with it.
_SOMEBODY_ELSE = {
    "None",
    CONDITION_FAILED,
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
}


def update(user_id: str, touched: Touched, now: datetime) -> None:
    """Bring up to date the rows that changes of trades touch, given by trade, and what is folded from them.

    Raises AccountErased, UnreadableTrade, Busy.
    """
    settle(user_id, touched)
    rows = {row for of_trade in touched.values() for row in of_trade}
    rebuild(user_id, rows, now)
    for months in _batched(sorted({month_of(row.day) for row in rows}), _MONTHS_AT_ONCE):
        _fold(user_id, months, now)


def rebuild(user_id: str, rows: Collection[RowKey], now: datetime) -> int:
    """Rebuild the rows from the shares of their days. How many were wrong. Raises AccountErased, Busy."""
    return sum(
        _rebuild_day(user_id, day, {(row.dimension, row.value) for row in of_day}, now)
        for day, of_day in groupby(sorted(rows, key=lambda row: row.day), key=lambda row: row.day)
    )


def settle(user_id: str, touched: Touched) -> None:
    """Make the trades' shares of the days that are touched what the trades, read now, contribute to them.

    Raises AccountErased, UnreadableTrade, Busy.
    """
    pending = {trade_id: {row.day for row in rows} for trade_id, rows in touched.items()}
    waits = attempts()
    while pending:
        next(waits)
        again = set()
        for parts in _transactions(user_id, pending, read_trades(user_id, pending)):
            if not _commit(user_id, [action for part in parts for action in part.actions]):
                again |= {part.trade_id for part in parts}
        pending = {trade_id: days for trade_id, days in pending.items() if trade_id in again}


def read_trades(user_id: str, trade_ids: Collection[str]) -> dict[str, Trade]:
    """Those of the trades that exist, as they stand now. Raises AccountErased, UnreadableTrade, Busy."""
    marks = [erasure_marks.mark_keys(user_id)[0]]
    found = read(trades_table(), [*marks, *(trade_key(user_id, trade_id) for trade_id in trade_ids)])
    trades = {}
    for item in found:
        if item["tradeId"] == marks[0]["tradeId"]:
            raise AccountErased(user_id)
        if is_trade(item):
            trade = readable(item)
            trades[trade.trade_id] = trade
    return trades


def readable(item: Mapping[str, Any]) -> Trade:
    """The trade that the item holds. Raises UnreadableTrade."""
    try:
        return trade_of(item)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableTrade(item["tradeId"]["S"]) from error


# Shares


class _Part:
    """What is done to one trade's share of one day, with the checks and versions that go with it."""

    def __init__(self, trade_id: str, day: date, actions: list[TransactWriteItemTypeDef]) -> None:
        self.trade_id = trade_id
        self.day = day
        self.actions = actions


def _transactions(
    user_id: str, pending: Mapping[str, Collection[date]], trades: Mapping[str, Trade]
) -> Iterator[list[_Part]]:
    """The writes of all shares, in as few transactions as hold them. Each is right by itself: it checks its trades."""
    parts: list[_Part] = []
    size = 1
    for trade_id, days in pending.items():
        trade = trades.get(trade_id)
        wanted = {} if trade is None else shares(trade)
        places = frozenset() if trade is None else dimensions(trade)
        for day in sorted(days):
            if size + 3 > _MOST_ACTIONS:
                yield parts
                parts, size = [], 1
            actions: list[TransactWriteItemTypeDef] = []
            if not any(part.trade_id == trade_id for part in parts):
                actions.append({"ConditionCheck": _unchanged(user_id, trade_id, trade)})
            if not any(part.day == day for part in parts):
                actions.append({"Update": _raise_version(user_id, lock_key(day))})
            share_at = key(user_id, share_key(day, trade_id))
            if day in wanted:
                item: Item = {**share_at, "share": {"S": pack_share(wanted[day], places)}}
                actions.append({"Put": {"TableName": stats_table(), "Item": item}})
            else:
                actions.append({"Delete": {"TableName": stats_table(), "Key": share_at}})
            parts.append(_Part(trade_id, day, actions))
            size += len(actions)
    if parts:
        yield parts


def _unchanged(user_id: str, trade_id: str, trade: Trade | None) -> Any:
    """The check that the trade is still the one that was read, or still absent."""
    check: dict[str, Any] = {"TableName": trades_table(), "Key": trade_key(user_id, trade_id)}
    if trade is None:
        return {**check, "ConditionExpression": "attribute_not_exists(tradeId)"}
    return {
        **check,
        # A version alone would not tell a trade from one that was made in its place.
        "ConditionExpression": "#version = :version AND updatedAt = :updated",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {
            ":version": {"N": str(trade.version)},
            ":updated": {"S": trade.updated_at.isoformat()},
        },
    }


def _raise_version(user_id: str, stat_key: str) -> Any:
    return {
        "TableName": stats_table(),
        "Key": key(user_id, stat_key),
        "UpdateExpression": "ADD #version :one",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


# Rows


def _rebuild_day(user_id: str, day: date, places: Collection[Place], now: datetime) -> int:
    """Make the rows of a day what its shares say. How many were not.

    More rows than a transaction holds are written in several. Each checks the version that the one before it left, so
    together they are as good as one; who reads in between, or after a kill, finds some rows of the day new and some
    old, and the record that comes again, or the next rebuild, finds the rest.
    """
    ordered = sorted(places, key=lambda place: (place[0] is not Dimension.JOURNAL, place[0], place[1] or ""))
    wrong = 0
    for _ in attempts():
        version = _version(get(user_id, lock_key(day)))
        of_day = [stored_share(item) for item in beginning_with(user_id, f"{SHARES}{day}|")]
        wanted = {place: [one.share for one in of_day if place in one.places] for place in ordered}
        kept = _kept(user_id, day, ordered)
        changes = [
            _set_day(user_id, day, place, packed)
            for place, packed in (
                (place, pack(summary_of(of_row)) if of_row else None) for place, of_row in wanted.items()
            )
            if packed != kept.get(place)
        ]
        for some in _batched(changes, _MOST_ACTIONS - 3):
            if not _commit(user_id, [_next_day(user_id, day, version), _next_totals(user_id, now), *some]):
                break
            version += 1
            wrong += len(some)
        else:
            return wrong
    return wrong


def _kept(user_id: str, day: date, places: Iterable[Place]) -> dict[Place, str]:
    """The rows of a day as they are stored."""
    by_key = {row_key(*place, month_of(day)): place for place in places}
    found = read(stats_table(), [key(user_id, row) for row in by_key])
    name = day_name(day)
    return {by_key[item["statKey"]["S"]]: item[name]["S"] for item in found if name in item}


def _set_day(user_id: str, day: date, place: Place, packed: str | None) -> TransactWriteItemTypeDef:
    update: Any = {
        "TableName": stats_table(),
        "Key": key(user_id, row_key(*place, month_of(day))),
        "ExpressionAttributeNames": {"#day": day_name(day)},
        "UpdateExpression": "REMOVE #day",
    }
    if packed is not None:
        update["UpdateExpression"] = "SET #day = :packed"
        update["ExpressionAttributeValues"] = {":packed": {"S": packed}}
    return {"Update": update}


def _next_day(user_id: str, day: date, version: int) -> TransactWriteItemTypeDef:
    item: Item = {**key(user_id, lock_key(day)), "version": {"N": str(version + 1)}}
    put: Any = {"TableName": stats_table(), "Item": item, **_at_version(version)}
    return {"Put": put}


def _next_totals(user_id: str, now: datetime) -> TransactWriteItemTypeDef:
    raised = _raise_version(user_id, TOTALS)
    raised["UpdateExpression"] = "SET lastUpdated = :now ADD #version :one"
    raised["ExpressionAttributeValues"][":now"] = {"S": instant(now)}
    return {"Update": raised}


# Folds


def _fold(user_id: str, months: Sequence[str], now: datetime) -> None:
    """Fold the months into their years, these into their decades, these into the totals."""
    for _ in attempts():
        standing = get(user_id, TOTALS)
        names = {
            *(row_key(Dimension.JOURNAL, None, month) for month in months),
            *(YEARS + month[:4] for month in months),
            *(DECADES + month[:3] for month in months),
        }
        found = read(stats_table(), [key(user_id, name) for name in sorted(names)])
        kept = {item["statKey"]["S"]: item for item in found}
        folds = {name: parts_of(kept.get(name)) for name in names if name.startswith((YEARS, DECADES))}
        decades = parts_of(standing)
        for month in months:
            rows = kept.get(row_key(Dimension.JOURNAL, None, month))
            days = {} if rows is None else {day.isoformat(): packed for day, packed in days_in(rows).items()}
            year, decade = folds[YEARS + month[:4]], folds[DECADES + month[:3]]
            _put(year, month[5:], folded(days))
            _put(decade, month[:4], folded(year))
            _put(decades, month[:3], folded(decade))
        changed = {name: parts for name, parts in folds.items() if parts != parts_of(kept.get(name))}
        if write_folds(user_id, changed, standing, decades, now) is not None:
            return


def write_folds(
    user_id: str, changed: Mapping[str, dict[str, str]], standing: Item, decades: dict[str, str], now: datetime
) -> int | None:
    """Write these years and decades, and the totals if they differ from what stands. How many items, or None if
    somebody else has written since the standing was read.
    """
    wanted = totals_item(user_id, decades)
    stays = {"version", "lastUpdated"}
    if not changed and wanted == {name: value for name, value in standing.items() if name not in stays}:
        return 0
    if not changed and not decades and not standing:
        return 0
    actions = [_write_fold(user_id, name, parts) for name, parts in changed.items()]
    version = _version(standing)
    *first, last = list(_batched(actions, _MOST_ACTIONS - 2)) or [[]]
    for number, some in enumerate([*first, last]):
        item = {**(wanted if number == len(first) else standing or wanted)}
        item |= {"version": {"N": str(version + 1)}, "lastUpdated": {"S": instant(now)}}
        put: Any = {"Put": {"TableName": stats_table(), "Item": item, **_at_version(version)}}
        if not _commit(user_id, [put, *some]):
            return None
        version += 1
    return len(changed) + 1


def parts_of(item: Item | None) -> dict[str, str]:
    """What an item of folds was folded from, packed."""
    return {name: part["S"] for name, part in (item or {}).get("parts", {"M": {}})["M"].items()}


def folded(parts: Mapping[str, str]) -> str | None:
    """The parts folded and packed; none if there are none."""
    return pack(fold_of(parts)) if parts else None


def fold_of(parts: Mapping[str, str]) -> DaySummary:
    """The parts, in the order of their names, folded."""
    return reduce(merge, (unpack(parts[name]) for name in sorted(parts)), EMPTY)


def _put(parts: dict[str, str], name: str, packed: str | None) -> None:
    if packed is None:
        parts.pop(name, None)
    else:
        parts[name] = packed


def _write_fold(user_id: str, name: str, parts: Mapping[str, str]) -> TransactWriteItemTypeDef:
    if not parts:
        return {"Delete": {"TableName": stats_table(), "Key": key(user_id, name)}}
    return {"Put": {"TableName": stats_table(), "Item": {**key(user_id, name), "parts": _map(parts)}}}


def totals_item(user_id: str, decades: Mapping[str, str]) -> Item:
    """The base set as it is kept, from the decades; without version and time."""
    base = totals(fold_of(decades))
    numbers: dict[str, Decimal | int | None] = {
        "tradeCount": base.trade_count,
        "realizedPnL": base.realized_pnl,
        "wins": base.wins,
        "losses": base.losses,
        "bestWin": base.best_win,
        "worstLoss": base.worst_loss,
        "sumWinPnL": base.sum_win_pnl,
        "sumLossPnL": base.sum_loss_pnl,
    }
    return {
        **key(user_id, TOTALS),
        "parts": _map(decades),
        **{name: {"N": canonical(Decimal(number))} for name, number in numbers.items() if number is not None},
    }


def _map(parts: Mapping[str, str]) -> Any:
    return {"M": {name: {"S": packed} for name, packed in parts.items()}}


# Reading and writing


def get(user_id: str, stat_key: str) -> Item:
    """The item, or an empty one. Raises Busy."""
    answer = dynamodb().get_item(TableName=stats_table(), Key=key(user_id, stat_key), ConsistentRead=True)
    return answer.get("Item", {})


def read(table: str, keys: Sequence[Item]) -> list[Any]:
    """Those of the items that exist, in any order, however many are asked for. Raises Busy."""
    found: list[Any] = []
    for some in _batched(keys, _MOST_KEYS):
        asked: Any = {table: {"Keys": some, "ConsistentRead": True}}
        waits = attempts(at_the_end=Unavailable)
        while asked:
            next(waits)
            answer = dynamodb().batch_get_item(RequestItems=asked)
            found += answer["Responses"].get(table, [])
            asked = answer.get("UnprocessedKeys")
    return found


def _commit(user_id: str, actions: Sequence[TransactWriteItemTypeDef]) -> bool:
    """Write all of it, unless somebody else has written what it builds on. Raises AccountErased, Busy."""
    try:
        dynamodb().transact_write_items(TransactItems=[{"ConditionCheck": erasure_marks.not_begun(user_id)}, *actions])
    except dynamodb().exceptions.TransactionCanceledException as error:
        of_account, *others = error.response["CancellationReasons"]
        if of_account["Code"] == CONDITION_FAILED:
            raise AccountErased(user_id) from error
        if not {reason["Code"] for reason in others} <= _SOMEBODY_ELSE:
            raise
        return False
    except dynamodb().exceptions.TransactionInProgressException:
        return False
    return True


def _at_version(version: int) -> Any:
    """The condition that an item is at that version; one without a version is at 0."""
    if version == 0:
        return {
            "ConditionExpression": "attribute_not_exists(#version)",
            "ExpressionAttributeNames": {"#version": "version"},
        }
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(version)}},
    }


def _version(item: Item) -> int:
    return int(item["version"]["N"]) if "version" in item else 0


def _batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch

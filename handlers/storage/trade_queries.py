"""Lists of trades by entry date, with any combination of filters, page by page, from the index that reads least."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.journal.facets import Labels
from handlers.journal.settings import MAIN
from handlers.journal.trade import Side, Status, Trade
from handlers.storage.clients import trades_table
from handlers.storage.dynamo import ENOUGH_BYTES, MOST_QUERIES, all_items, batch_get, is_absent, pages
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_items import external_key, instant, trade_key, trade_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

# Instants start with a digit: these two enclose them all.
_BEGINNING_OF_TIME, _END_OF_TIME = "0", ":"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFilter:
    """The filters of a list: a trade has to meet all that are set. Days are those of the entry's own UTC offset.

    A trade lies in one of the accounts, has one of the statuses and all of the tags. The case of symbol and setup type
    does not count.
    """

    symbol: str | None = None
    statuses: tuple[Status, ...] = ()
    side: Side | None = None
    tags: tuple[str, ...] = ()
    setup_type: str | None = None
    open_from: date | None = None
    open_to: date | None = None
    has_images: bool | None = None
    external_id: str | None = None
    idempotency_key: str | None = None
    account_ids: tuple[str, ...] = ()

    def fits(self, trade: Trade) -> bool:
        """Whether the trade meets all filters that are set."""
        equal = (
            (self.symbol and self.symbol.casefold(), trade.symbol.casefold()),
            (self.side, trade.side),
            (self.setup_type and self.setup_type.casefold(), (trade.notes.setup_type or "").casefold()),
            (self.has_images, bool(trade.images)),
            (self.external_id, trade.external_id),
            (self.idempotency_key, trade.idempotency_key),
        )
        return (
            all(want is None or want == has for want, has in equal)
            and (not self.statuses or trade.status in self.statuses)
            and (not self.account_ids or (trade.account_id or MAIN) in self.account_ids)
            and set(self.tags) <= set(trade.notes.tags)
            and (self.open_from is None or self.open_from <= trade.open_day)
            and (self.open_to is None or trade.open_day <= self.open_to)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPosition:
    """The last trade that a list has shown, by its keys in the index that the list is read from."""

    index: str
    sort_key: str
    trade_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TradePage:
    """Trades of a list, and the position at which the next page starts; None at the end. A page may be empty before the
    end."""

    trades: tuple[Trade, ...]
    next: ListPosition | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """An index of a user's trades: those whose attribute `of` equals `value`, or all."""

    name: str
    sort_key: str
    of: str | None = None
    value: str | None = None

    @property
    def prefix(self) -> str:
        """The beginning of the sort key, before the instant of the entry."""
        return "" if self.value is None else f"{self.value}|"


_BY_KEY, BY_STATUS, _BY_SYMBOL, _BY_DATE = (
    "user-idempotency-gsi",
    "user-status-date-gsi",
    "user-symbol-date-gsi",
    "trades-by-date-gsi",
)
_SEVERAL = f"{BY_STATUS}, merged"


def list_trades(
    user_id: str, wanted: TradeFilter, *, limit: int, newest_first: bool = True, after: ListPosition | None = None
) -> TradePage:
    """A page of at most `limit` of the user's trades, by the instant of their entry.

    Reads an index, which may lag behind a write by a moment; an external id is looked up consistently. Raises
    BadPageToken for a position in another index; Busy.
    """
    if wanted.open_from and wanted.open_to and wanted.open_from > wanted.open_to:
        return TradePage(trades=(), next=None)
    if wanted.external_id is not None:
        return TradePage(trades=tuple(_of_external_id(user_id, wanted, wanted.external_id)), next=None)
    indexes = _indexes(wanted)
    name = indexes[0].name if len(indexes) == 1 else _SEVERAL
    if after is not None and after.index != name:
        raise BadPageToken("The position lies in another index.")
    if len(indexes) > 1:
        return _merged(user_id, wanted, indexes, limit, newest_first, after)
    [index] = indexes
    query = _query(user_id, wanted, index)
    if index.name == _BY_KEY:
        return _page_of_one_key(query, index, limit, newest_first, after)
    start = None if after is None else (after.sort_key, after.trade_id)
    found, rest = _some(query, wanted, index, limit, newest_first, start)
    if len(found) > limit:
        return _page(found[:limit], _position(index, found[limit - 1]))
    return _page(found, _position(index, rest) if rest else None)


def _some(
    query: Any, wanted: TradeFilter, index: _Index, limit: int, newest_first: bool, start: tuple[str, str] | None
) -> tuple[list[Any], Any]:
    """Items of the index behind the sort key and the trade id of `start`: more than `limit`, or all that there are, or
    as many as a request may read. And the key of the last that was read, None at the end.
    """
    query["ScanIndexForward"] = not newest_first
    after = None
    if start is not None:
        user = query["ExpressionAttributeValues"][":user"]
        after = {"userId": user, "tradeId": {"S": start[1]}, index.sort_key: {"S": start[0]}}
    # Fetch one more than the page, to know whether another follows. Filters by tag or equality discard most items, and
    # those by day few: then read ten times as many.
    query["Limit"] = (limit + 1) * (10 if wanted.tags or _conditions(wanted, index) else 1)
    found: list[Any] = []
    received = 0
    rest: Any = None
    for page in islice(pages(query, after=after, next_limit=lambda most: 4 * most), MOST_QUERIES):
        found += page.items
        rest = page.last
        if len(found) > limit or rest is None:
            break
        received += page.size
        if received >= ENOUGH_BYTES:
            break
    return found, rest


def _merged(
    user_id: str,
    wanted: TradeFilter,
    indexes: Sequence[_Index],
    limit: int,
    newest_first: bool,
    after: ListPosition | None,
) -> TradePage:
    """A page of the trades of several statuses: the lists of each, merged by the instant of the entry.

    A list that was not read to its end is known up to where it was; what other lists have beyond that is left to the
    next page.
    """
    found: dict[tuple[str, str], Any] = {}
    known: list[tuple[str, str]] = []
    for index in indexes:
        start = None if after is None else (f"{index.prefix}{after.sort_key}|{after.trade_id}", after.trade_id)
        some, rest = _some(_query(user_id, wanted, index), wanted, index, limit, newest_first, start)
        found.update({_entry(item): item for item in some})
        if rest is not None or len(some) > limit:
            last = rest or some[-1]
            _, instant_of_entry, trade_id = last[index.sort_key]["S"].split("|", 2)
            known.append((instant_of_entry, trade_id))
    entries = sorted(found, reverse=newest_first)
    if known:
        bound = max(known) if newest_first else min(known)
        entries = [each for each in entries if (each >= bound if newest_first else each <= bound)]
    shown = entries[:limit]
    following = shown[-1] if len(entries) > limit else (bound if known else None)
    position = None if following is None else ListPosition(index=_SEVERAL, sort_key=following[0], trade_id=following[1])
    return _page([found[each] for each in shown], position)


def _of_external_id(user_id: str, wanted: TradeFilter, external_id: str) -> Iterator[Trade]:
    """The trade that has the external id, if there is one and it fits, read consistently. Raises Busy."""
    for holder in batch_get(trades_table(), [external_key(user_id, external_id)], ConsistentRead=True):
        key = trade_key(user_id, holder["ofTrade"]["S"])
        for item in batch_get(trades_table(), [key], ConsistentRead=True):
            trade = trade_of(item)
            if wanted.fits(trade):
                yield trade


class TradeCount(NamedTuple):
    """How many trades a list has, and whether all were counted."""

    number: int
    is_exact: bool


def count_trades(user_id: str, wanted: TradeFilter, *, most: int, out_of_time: Callable[[], bool]) -> TradeCount:
    """How many of the user's trades fit: exact up to `most`, as long as there is time. Raises Busy."""
    if wanted.open_from and wanted.open_to and wanted.open_from > wanted.open_to:
        return TradeCount(0, is_exact=True)
    if wanted.external_id is not None:
        return TradeCount(len(list(_of_external_id(user_id, wanted, wanted.external_id))), is_exact=True)
    number = 0
    for index in _indexes(wanted):
        asked: Any = {**_query(user_id, wanted, index), "Select": "COUNT"}
        for page in pages(asked):
            number += page.answer["Count"]
            if number > most:
                return TradeCount(most, is_exact=False)
            if page.last is not None and out_of_time():
                return TradeCount(number, is_exact=False)
    return TradeCount(number, is_exact=True)


def every_trade(user_id: str) -> Iterator[Trade]:
    """All trades of the user in no particular order, read consistently, one page in memory at a time. Raises Busy."""
    query = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user",
        # Kept answers and uploads share the partition, and are no trades.
        "FilterExpression": "attribute_exists(openDate)",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
        "ConsistentRead": True,
    }
    return map(trade_of, all_items(query))


def has_any(user_id: str, account_id: str | None = None) -> bool:
    """Whether the user has a trade, or one that was deleted and can come back: any, or one in that account.

    Reads until it finds one, without an index, consistently. Raises Busy.
    """
    query: dict[str, Any] = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user",
        "FilterExpression": "attribute_exists(openDate) OR attribute_exists(deletedAt)",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
        "ProjectionExpression": "tradeId",
        "ConsistentRead": True,
    }
    if account_id is None:
        query["Limit"] = 50  # trades are all over the partition: one of the first items is one
    else:
        query["FilterExpression"] = "accountId = :account OR #trade.accountId = :account"
        query["ExpressionAttributeNames"] = {"#trade": "trade"}
        query["ExpressionAttributeValues"][":account"] = {"S": account_id}
    return any(page.items for page in pages(query))


def open_in(user_id: str, account_id: str, most: int) -> list[Trade] | None:
    """The trades of the account that are open, wholly or in part; None when there are more than that.

    Reads an index, which may lag behind a write by a moment. Raises Busy.
    """
    is_main = account_id == MAIN
    values = {":user": user_id, ":low": f"{Status.OPEN}|", ":high": f"{Status.PARTIAL}|~"}
    query: Any = {
        "TableName": trades_table(),
        "IndexName": BY_STATUS,
        # No status sorts between these two.
        "KeyConditionExpression": "userId = :user AND statusOpenDate BETWEEN :low AND :high",
        "FilterExpression": is_absent("accountId") if is_main else "accountId = :account",
        "ExpressionAttributeValues": {
            name: {"S": value} for name, value in (values if is_main else {**values, ":account": account_id}).items()
        },
    }
    found: list[Trade] = []
    read = 0
    for page in pages(query):
        read += page.answer["ScannedCount"]
        if read > most:
            return None
        found += map(trade_of, page.items)
    return found


def by_entry(user_id: str) -> Iterator[Trade]:
    """All trades of the user by the instant of their entry, one page in memory at a time.

    Reads an index, which may lag behind a write by a moment. Raises Busy.
    """
    query = {
        "TableName": trades_table(),
        "IndexName": _BY_DATE,
        "KeyConditionExpression": "userId = :user",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
    }
    return map(trade_of, all_items(query))


def labels_by_status(user_id: str, status: Status) -> Iterator[tuple[str, Labels]]:
    """The ids of the user's trades of that status, the newest first, each with what it is found by.

    Reads an index, which may lag behind a write by a moment, one page in memory at a time. Raises Busy.
    """
    query = {
        "TableName": trades_table(),
        "IndexName": BY_STATUS,
        "KeyConditionExpression": "userId = :user AND begins_with(statusOpenDate, :status)",
        "ExpressionAttributeNames": {"#symbol": "symbol", "#tags": "tags"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":status": {"S": f"{status}|"}},
        "ProjectionExpression": "tradeId, #symbol, #tags, setupType, accountId",
        "ScanIndexForward": False,
    }
    for item in all_items(query):
        labels = Labels(
            symbol=item["symbol"]["S"],
            tags=tuple(tag["S"] for tag in item.get("tags", {"L": []})["L"]),
            setup_type=item["setupType"]["S"] if "setupType" in item else None,
            account_id=item["accountId"]["S"] if "accountId" in item else MAIN,
        )
        yield item["tradeId"]["S"], labels


def _indexes(wanted: TradeFilter) -> list[_Index]:
    """The index that reads the fewest trades, on the assumption that few are open and most are closed. Of several
    statuses without CLOSED, each has its part of the index by status.
    """
    by_status = [
        _Index(name=BY_STATUS, sort_key="statusOpenDate", of="status", value=status)
        for status in dict.fromkeys(wanted.statuses)
    ]
    if wanted.idempotency_key is not None:
        return [_Index(name=_BY_KEY, sort_key="openDate", of="idempotencyKey", value=wanted.idempotency_key)]
    if by_status and Status.CLOSED not in wanted.statuses:
        return by_status
    if wanted.symbol is not None:
        folded = wanted.symbol.casefold()
        return [_Index(name=_BY_SYMBOL, sort_key="symbolOpenDate", of="symbol", value=folded)]
    if len(by_status) == 1:
        return by_status
    return [_Index(name=_BY_DATE, sort_key="openDate")]


class _Condition(NamedTuple):
    """A part of a filter expression, with the names and the values that it uses."""

    test: str
    names: dict[str, str]
    values: dict[str, str]


def _conditions(wanted: TradeFilter, index: _Index) -> list[_Condition]:
    """What a trade has to be beside the index's own attribute, tags and days. DynamoDB refuses filters on keys."""
    found = []
    if wanted.symbol is not None and index.of != "symbol":
        values = {":symbol": f"{wanted.symbol.casefold()}|"}
        found.append(_Condition("begins_with(#symbol, :symbol)", {"#symbol": "symbolOpenDate"}, values))
    if wanted.statuses and index.of != "status":
        values = {f":status{number}": str(status) for number, status in enumerate(wanted.statuses)}
        found.append(_Condition(f"#status IN ({', '.join(values)})", {"#status": "status"}, values))
    if wanted.side is not None:
        found.append(_Condition("#side = :side", {"#side": "side"}, {":side": str(wanted.side)}))
    if wanted.setup_type is not None:
        values = {":setup": wanted.setup_type.casefold()}
        found.append(_Condition("#setup = :setup", {"#setup": "setupKey"}, values))
    if wanted.account_ids:
        values = {f":account{number}": account_id for number, account_id in enumerate(wanted.account_ids)}
        test = f"#account IN ({', '.join(values)})"
        if MAIN in wanted.account_ids:
            test = f"({test} OR {is_absent('#account')})"
        found.append(_Condition(test, {"#account": "accountId"}, values))
    if wanted.has_images is not None:
        test = "attribute_exists(#images)" if wanted.has_images else is_absent("#images")
        found.append(_Condition(test, {"#images": "imageCount"}, {}))
    return found


def _query(user_id: str, wanted: TradeFilter, index: _Index) -> QueryInputTypeDef:
    names = {"#user": "userId"}
    values = {":user": user_id}
    tests = []
    if index.name == _BY_KEY:
        names["#sort"], values[":key"] = "idempotencyKey", str(index.value)
        within = "#sort = :key"
    else:
        # A day in its own offset lies within a day on either side of the same day in UTC; the test below is exact.
        names["#sort"] = index.sort_key
        values[":low"] = index.prefix + _midnight(wanted.open_from, -1, _BEGINNING_OF_TIME)
        values[":high"] = index.prefix + _midnight(wanted.open_to, 2, _END_OF_TIME)
        within = "#sort BETWEEN :low AND :high"
    for condition in _conditions(wanted, index):
        names.update(condition.names)
        values.update(condition.values)
        tests.append(condition.test)
    for number, tag in enumerate(wanted.tags):
        names["#tags"], values[f":tag{number}"] = "tags", tag
        tests.append(f"contains(#tags, :tag{number})")
    for bound, day, test in ((":first", wanted.open_from, ">="), (":last", wanted.open_to, "<=")):
        if day is not None:
            names["#day"], values[bound] = "openDay", day.isoformat()
            tests.append(f"#day {test} {bound}")
    query: QueryInputTypeDef = {
        "TableName": trades_table(),
        "IndexName": index.name,
        "KeyConditionExpression": f"#user = :user AND {within}",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {name: {"S": value} for name, value in values.items()},
    }
    if tests:
        query["FilterExpression"] = " AND ".join(tests)
    return query


def _midnight(day: date | None, days_later: int, otherwise: str) -> str:
    """The instant at which the day, moved by `days_later`, begins in UTC; `otherwise` without a day."""
    try:
        return otherwise if day is None else instant(datetime.combine(day + timedelta(days_later), time.min, UTC))
    except OverflowError:
        return otherwise


def _page_of_one_key(
    query: QueryInputTypeDef, index: _Index, limit: int, newest_first: bool, after: ListPosition | None
) -> TradePage:
    """A page of the trades of one idempotency key. They are few, and their index is not ordered by entry, so all are
    read and sorted.
    """
    found = sorted(all_items(query), key=_entry, reverse=newest_first)
    if after is not None:
        reached = (after.sort_key, after.trade_id)
        found = [item for item in found if (_entry(item) < reached if newest_first else _entry(item) > reached)]
    return _page(found[:limit], _position(index, found[limit - 1]) if len(found) > limit else None)


def _entry(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["openDate"]["S"], item["tradeId"]["S"]


def _position(index: _Index, item: Mapping[str, Any]) -> ListPosition:
    return ListPosition(index=index.name, sort_key=item[index.sort_key]["S"], trade_id=item["tradeId"]["S"])


def _page(items: Sequence[Any], following: ListPosition | None) -> TradePage:
    return TradePage(trades=tuple(trade_of(item) for item in items), next=following)

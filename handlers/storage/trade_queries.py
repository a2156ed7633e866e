"""Lists of trades by entry date, with any combination of filters, page by page, from the index that reads least."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from handlers.journal.facets import Labels
from handlers.journal.trade import Side, Status, Trade
from handlers.storage.clients import dynamodb, trades_table
from handlers.storage.dynamo import pages
from handlers.storage.errors import BadPageToken
from handlers.storage.trade_items import instant, trade_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

_MOST_QUERIES = 6
_ENOUGH_BYTES = 1_500_000  # of 6 MB that a Lambda may answer, and a Query may add 1 MB to what is there

# Instants start with a digit: these two enclose them all.
_BEGINNING_OF_TIME, _END_OF_TIME = "0", ":"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeFilter:
    """The filters of a list: a trade has to meet all that are set. Days are those of the entry's own UTC offset."""

    symbol: str | None = None
    status: Status | None = None
    side: Side | None = None
    tags: tuple[str, ...] = ()
    setup_type: str | None = None
    start_date: date | None = None
    end_date: date | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPosition:
    """The last trade that a list has shown, by its keys in the index that the list is read from."""

    index: str
    sort_key: str
    trade_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
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


_BY_KEY, _BY_STATUS, _BY_SYMBOL, _BY_DATE = (
    "user-idempotency-gsi",
    "user-status-date-gsi",
    "user-symbol-date-gsi",
    "trades-by-date-gsi",
)


def list_trades(
    user_id: str, wanted: TradeFilter, *, limit: int, newest_first: bool = True, after: ListPosition | None = None
) -> Page:
    """A page of at most `limit` of the user's trades, by the instant of their entry.

    Reads an index, which may lag behind a write by a moment. Raises BadPageToken for a position in another index;
    Busy.
    """
    index = _most_selective(wanted)
    if after is not None and after.index != index.name:
        raise BadPageToken("The position lies in another index.")
    if wanted.start_date and wanted.end_date and wanted.start_date > wanted.end_date:
        return Page(trades=(), next=None)
    query = _query(user_id, wanted, index)
    if index.name == _BY_KEY:
        return _page_of_one_key(query, index, limit, newest_first, after)
    query["ScanIndexForward"] = not newest_first
    if after is not None:
        query["ExclusiveStartKey"] = {
            "userId": {"S": user_id},
            "tradeId": {"S": after.trade_id},
            index.sort_key: {"S": after.sort_key},
        }
    # Fetch one more than the page, to know whether another follows. Filters by tag or equality discard most items, and
    # those by day few: then read ten times as many.
    query["Limit"] = (limit + 1) * (10 if wanted.tags or _equalities(wanted, index) else 1)
    found: list[Any] = []
    received = 0
    for _ in range(_MOST_QUERIES):
        response = dynamodb().query(**query)
        found += response["Items"]
        if len(found) > limit:
            return _page(found[:limit], _position(index, found[limit - 1]))
        if "LastEvaluatedKey" not in response:
            return _page(found, None)
        query["ExclusiveStartKey"] = response["LastEvaluatedKey"]
        query["Limit"] *= 4
        received += int(response["ResponseMetadata"]["HTTPHeaders"].get("content-length", 0))
        if received >= _ENOUGH_BYTES:
            break
    return _page(found, _position(index, response["LastEvaluatedKey"]))


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
    for page in pages(query):
        yield from map(trade_of, page)


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
    for page in pages(query):
        yield from map(trade_of, page)


def labels_by_status(user_id: str, status: Status) -> Iterator[tuple[str, Labels]]:
    """The ids of the user's trades of that status, the newest first, each with what it is found by.

    Reads an index, which may lag behind a write by a moment, one page in memory at a time. Raises Busy.
    """
    query = {
        "TableName": trades_table(),
        "IndexName": _BY_STATUS,
        "KeyConditionExpression": "userId = :user AND begins_with(statusOpenDate, :status)",
        "ExpressionAttributeNames": {"#symbol": "symbol", "#tags": "tags"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":status": {"S": f"{status}|"}},
        "ProjectionExpression": "tradeId, #symbol, #tags, setupType",
        "ScanIndexForward": False,
    }
    for page in pages(query):
        for item in page:
            labels = Labels(
                symbol=item["symbol"]["S"],
                tags=tuple(tag["S"] for tag in item.get("tags", {"L": []})["L"]),
                setup_type=item["setupType"]["S"] if "setupType" in item else None,
            )
            yield item["tradeId"]["S"], labels


def _most_selective(wanted: TradeFilter) -> _Index:
    """The index that reads the fewest trades, on the assumption that few are open and most are closed."""
    by_status = _Index(name=_BY_STATUS, sort_key="statusOpenDate", of="status", value=wanted.status)
    if wanted.idempotency_key is not None:
        return _Index(name=_BY_KEY, sort_key="openDate", of="idempotencyKey", value=wanted.idempotency_key)
    if wanted.status not in (None, Status.CLOSED):
        return by_status
    if wanted.symbol is not None:
        return _Index(name=_BY_SYMBOL, sort_key="symbolOpenDate", of="symbol", value=wanted.symbol)
    if wanted.status is not None:
        return by_status
    return _Index(name=_BY_DATE, sort_key="openDate")


def _equalities(wanted: TradeFilter, index: _Index) -> dict[str, str]:
    """Equality filters other than the index's own: DynamoDB refuses filters on key attributes."""
    equalities = {
        "symbol": wanted.symbol,
        "status": wanted.status,
        "side": wanted.side,
        "setupType": wanted.setup_type,
    }
    return {name: str(value) for name, value in equalities.items() if value is not None and name != index.of}


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
        values[":low"] = index.prefix + _midnight(wanted.start_date, -1, _BEGINNING_OF_TIME)
        values[":high"] = index.prefix + _midnight(wanted.end_date, 2, _END_OF_TIME)
        within = "#sort BETWEEN :low AND :high"
    for name, value in _equalities(wanted, index).items():
        names[f"#{name}"], values[f":{name}"] = name, value
        tests.append(f"#{name} = :{name}")
    for number, tag in enumerate(wanted.tags):
        names["#tags"], values[f":tag{number}"] = "tags", tag
        tests.append(f"contains(#tags, :tag{number})")
    for bound, day, test in ((":first", wanted.start_date, ">="), (":last", wanted.end_date, "<=")):
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
) -> Page:
    """A page of the trades of one idempotency key. They are few, and their index is not ordered by entry, so all are
    read and sorted.
    """
    found = sorted((item for page in pages(query) for item in page), key=_entry, reverse=newest_first)
    if after is not None:
        reached = (after.sort_key, after.trade_id)
        found = [item for item in found if (_entry(item) < reached if newest_first else _entry(item) > reached)]
    return _page(found[:limit], _position(index, found[limit - 1]) if len(found) > limit else None)


def _entry(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["openDate"]["S"], item["tradeId"]["S"]


def _position(index: _Index, item: Mapping[str, Any]) -> ListPosition:
    return ListPosition(index=index.name, sort_key=item[index.sort_key]["S"], trade_id=item["tradeId"]["S"])


def _page(items: Sequence[Any], following: ListPosition | None) -> Page:
    return Page(trades=tuple(trade_of(item) for item in items), next=following)

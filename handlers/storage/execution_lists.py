"""Lists of executions by time: each account is a range of the index by time, and the ranges are merged.

A position in a list is the instant and the id of an execution, so it is the same in every account's range: the next
page goes on behind it in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import itemgetter
from typing import Any, NamedTuple

from handlers.journal.executions import ExecutionKind, RecordedExecution
from handlers.storage import dynamo, ledger
from handlers.storage.clients import ledger_table
from handlers.storage.dynamo import ENOUGH_BYTES, MOST_QUERIES, pages
from handlers.storage.executions import execution_of
from handlers.storage.trade_items import instant
from handlers.storage.trade_queries import TradeFilter

_FIRST = 10
_MOST_ITEMS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter(TradeFilter):
    """The filters of a list: an execution has to meet all that are set. Days are those of UTC.

    It has one of the kinds. The days from `open_from` to `open_to` are those on which it was made.
    """

    trade_id: str | None = None
    import_id: str | None = None
    kinds: tuple[ExecutionKind, ...] = ()


class ExecutionPage(NamedTuple):
    """A page of executions, and the position behind which the next one begins; None at the end."""

    executions: list[RecordedExecution]
    next: str | None


class _Reading:
    """How much a page has read of the index."""

    def __init__(self, accounts: int) -> None:
        self._queries = accounts + MOST_QUERIES
        self._bytes = ENOUGH_BYTES

    def count(self, page: dynamo.Page) -> None:
        """Count a query that was made."""
        self._queries -= 1
        self._bytes -= page.size

    @property
    def is_enough(self) -> bool:
        """Whether the page is answered with what it has."""
        return self._queries <= 0 or self._bytes <= 0


def listed(
    user_id: str,
    wanted: ExecutionFilter,
    account_ids: Sequence[str],
    *,
    first: datetime | None = None,
    last: datetime | None = None,
    newest_first: bool,
    limit: int,
    after: str | None,
) -> ExecutionPage:
    """Executions of these accounts by time, from the index, which may lag behind a write by a moment.

    first, last: further bounds of the time, both included. after: where the page before ended. A page that has less
    than `limit` and a next one has read as much as a request may. Raises Busy.
    """
    low, high = _bounds(wanted, first, last)
    if low > high or not account_ids:
        return ExecutionPage([], None)
    reading = _Reading(len(account_ids))
    page_size = _page_size(wanted, limit, len(account_ids))
    ranges = [
        _range(user_id, account_id, wanted, low, high, newest_first, page_size, after, reading)
        for account_id in account_ids
    ]
    found: list[RecordedExecution] = []
    reached = None
    for position, item in merge(*ranges, key=itemgetter(0), reverse=newest_first):
        if item is None:  # all ranges were read up to here
            if reading.is_enough:
                return ExecutionPage(found, position)
            continue
        if len(found) == limit:
            return ExecutionPage(found, reached)
        found.append(execution_of(item))
        reached = position
    return ExecutionPage(found, None)


def _bounds(wanted: ExecutionFilter, first: datetime | None, last: datetime | None) -> tuple[str, str]:
    """The first and the last position that may be in the list: instants in UTC begin with a digit."""
    low, high = ledger.days_in_utc(wanted.open_from, wanted.open_to)
    return (
        low if first is None else max(low, instant(first)),
        high if last is None else min(high, f"{instant(last)}~"),
    )


def _page_size(wanted: ExecutionFilter, limit: int, accounts: int) -> int:
    """How much a query reads first: of one account the page and one more; ten times as much where filters discard."""
    is_sparse = bool(wanted.symbol or wanted.side or wanted.trade_id or wanted.import_id or wanted.kinds)
    return max((limit + 1) // accounts + 1, _FIRST) * (10 if is_sparse else 1)


def _range(
    user_id: str,
    account_id: str,
    wanted: ExecutionFilter,
    low: str,
    high: str,
    newest_first: bool,
    page_size: int,
    after: str | None,
    reading: _Reading,
) -> Iterator[tuple[str, Any]]:
    """Position and item of each execution of an account, in order. Behind each query but the last stand the position up
    to which it read, and None.
    """
    prefix = f"{account_id}|"
    if after is not None:
        low, high = (low, after) if newest_first else (after, high)
    if low > high:  # the bounds are others than those of the page before
        return
    query: dict[str, Any] = {
        "TableName": ledger_table(),
        "IndexName": ledger.BY_TIME,
        "KeyConditionExpression": "userId = :user AND #at BETWEEN :low AND :high",
        "ScanIndexForward": not newest_first,
        "Limit": page_size,
        **_conditions(account_id, wanted),
    }
    query["ExpressionAttributeValues"] |= {
        ":user": {"S": user_id},
        ":low": {"S": prefix + low},
        ":high": {"S": prefix + high},
    }
    for page in pages(query, next_limit=lambda limit: min(4 * limit, _MOST_ITEMS)):
        reading.count(page)
        for item in page.items:
            position = item["at"]["S"].removeprefix(prefix)
            if position != after:
                yield position, item
        if page.last is not None:
            yield page.last["at"]["S"].removeprefix(prefix), None


def _conditions(account_id: str, wanted: ExecutionFilter) -> dict[str, Any]:
    """The filter expression, with its names and values. Cash rows are in the index, too."""
    of_symbol = ledger.fills(account_id, wanted.symbol).removesuffix("-|") if wanted.symbol else None
    tests = ["begins_with(#item, :fill)"]
    names = {"#at": "at", "#item": "item"}
    values = {":fill": {"S": of_symbol or ledger.fills(account_id)}}
    for name, attribute, value in (
        ("side", "side", wanted.side),
        ("import", "importId", wanted.import_id),
    ):
        if value is not None:
            tests.append(f"#{name} = :{name}")
            names[f"#{name}"], values[f":{name}"] = attribute, {"S": str(value)}
    if wanted.trade_id is not None:
        tests.append("contains(#trades, :trade)")
        names["#trades"], values[":trade"] = "tradeIds", {"S": wanted.trade_id}
    if wanted.kinds:
        kinds = {f":kind{number}": {"S": str(kind)} for number, kind in enumerate(wanted.kinds)}
        tests.append(f"#kind IN ({', '.join(kinds)})")
        names["#kind"] = "kind"
        values |= kinds
    return {
        "FilterExpression": " AND ".join(tests),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }

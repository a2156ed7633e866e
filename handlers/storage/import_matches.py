"""What an account has that the rows of a file may be the same as, between two instants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from handlers.journal.cash import CashType
from handlers.journal.executions import ExecutionKind
from handlers.journal.positions import Side
from handlers.journal.settings import MAIN
from handlers.journal.trade import Trade, TradeSource
from handlers.storage import ledger
from handlers.storage.clients import ledger_table, trades_table
from handlers.storage.dynamo import all_items, is_absent
from handlers.storage.trade_items import instant, trade_of

_OF_EXECUTIONS = ("symbol", "side", "quantity", "price", "kind", "executedAt")
_OF_CASH = ("symbol", "type", "amount", "currency", "happenedAt")


class StoredExecution(NamedTuple):
    """The attributes of an execution by which duplicates are found."""

    id: str
    import_id: str | None
    external_id: str | None
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    kind: ExecutionKind
    at: datetime


class StoredCash(NamedTuple):
    """The attributes of a cash row by which duplicates are found."""

    id: str
    import_id: str | None
    external_id: str | None
    symbol: str | None
    type: CashType
    amount: Decimal
    currency: str | None
    at: datetime


def between(user_id: str, account_id: str, first: datetime, last: datetime) -> Iterator[StoredExecution | StoredCash]:
    """The account's executions and cash rows from the first instant to the last.

    Reads the index by time, which may lag behind a write by a moment: what is written at the same time as this is read
    may be missing. Raises Busy.
    """
    names = ("item", "importId", "externalId", *_OF_EXECUTIONS, *_OF_CASH)
    query = {
        "TableName": ledger_table(),
        "IndexName": ledger.BY_TIME,
        "KeyConditionExpression": "userId = :user AND #at BETWEEN :low AND :high",
        "ProjectionExpression": ", ".join(f"#{name}" for name in dict.fromkeys(names)),
        "ExpressionAttributeNames": {"#at": "at", **{f"#{name}": name for name in names}},
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":low": {"S": f"{account_id}|{instant(first)}"},
            ":high": {"S": f"{account_id}|{instant(last)}~"},
        },
    }
    for item in all_items(query):
        yield _execution(item) if item["item"]["S"].startswith(ledger.fills(account_id)) else _cash(item)


def by_hand(user_id: str, account_id: str, until: datetime) -> Iterator[Trade]:
    """The account's trades that were recorded by hand and opened until then.

    Reads the index by date, which may lag behind a write by a moment, one page in memory at a time. Raises Busy.
    """
    query: dict[str, Any] = {
        "TableName": trades_table(),
        "IndexName": "trades-by-date-gsi",
        "KeyConditionExpression": "userId = :user AND openDate <= :until",
        "FilterExpression": f"({is_absent('#source')} OR #source <> :ledger) AND "
        + (is_absent("accountId") if account_id == MAIN else "accountId = :account"),
        "ExpressionAttributeNames": {"#source": "source"},
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":until": {"S": instant(until)},
            ":ledger": {"S": TradeSource.LEDGER.value},
            **({} if account_id == MAIN else {":account": {"S": account_id}}),
        },
    }
    return map(trade_of, all_items(query))


def _execution(item: Any) -> StoredExecution:
    return StoredExecution(
        id=item["item"]["S"].rpartition("|")[2],
        import_id=_text(item, "importId"),
        external_id=_text(item, "externalId"),
        symbol=item["symbol"]["S"],
        side=Side(item["side"]["S"]),
        quantity=Decimal(item["quantity"]["N"]),
        price=Decimal(item["price"]["N"]),
        kind=ExecutionKind(item["kind"]["S"]),
        at=datetime.fromisoformat(item["executedAt"]["S"]),
    )


def _cash(item: Any) -> StoredCash:
    return StoredCash(
        id=item["item"]["S"].rpartition("|")[2],
        import_id=_text(item, "importId"),
        external_id=_text(item, "externalId"),
        symbol=_text(item, "symbol"),
        type=CashType(item["type"]["S"]),
        amount=Decimal(item["amount"]["N"]),
        currency=_text(item, "currency"),
        at=datetime.fromisoformat(item["happenedAt"]["S"]),
    )


def _text(item: Any, name: str) -> str | None:
    return item[name]["S"] if name in item else None

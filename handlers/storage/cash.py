"""Cash rows, in the ledger: an item each, and an index by time for lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.cash import Cash, CashType
from handlers.journal.settings import MAIN
from handlers.storage import ledger, trading_accounts
from handlers.storage.clients import dynamodb, ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, at_version
from handlers.storage.errors import CashNotFound, VersionMismatch
from handlers.storage.execution_lists import days_in_utc
from handlers.storage.trade_items import KeptAnswer
from handlers.storage.trade_queries import TradeFilter

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# A page is answered after so many queries, full or not: filters may discard all that is read.
_MOST_QUERIES, _MOST_ITEMS = 6, 500

# "at" is the sort key of the index by time: the instant with its own offset is beside it.
_CASH = Codec(Cash, renamed={"at": "happenedAt"})


def get(user_id: str, account_id: str, cash_id: str) -> Cash:
    """The row as it is now. Raises CashNotFound, Busy."""
    item = ledger.get(user_id, ledger.cash(account_id, cash_id))
    if not item:
        raise CashNotFound(cash_id)
    return _CASH.instance(item)


def every(user_id: str, account_id: str | None = None) -> Iterator[Cash]:
    """All rows of an account, or of all, as they are now, in no order. Raises Busy."""
    prefix = "cash|" if account_id is None else ledger.cash(account_id)
    return map(_CASH.instance, ledger.below(user_id, prefix))


def create(cash: Cash, answer: KeptAnswer | None, now: datetime, *, is_first: bool = False) -> KeptAnswer | None:
    """Store a new row, unless the same request did. Returns the answer kept for that request, if it did.

    Raises NoSuchAccount, AccountClosing, KeyReused, AccountErased, Busy; VersionMismatch when another write is in the
    way.
    """
    actions: list[TransactWriteItemTypeDef] = [ledger.put_new(_item(cash))]
    if cash.account_id != MAIN:
        actions.append(trading_accounts.lies_in(cash.user_id, cash.account_id, is_first=is_first))
    earlier, reasons = ledger.write_once(cash.user_id, actions, answer, now)
    if earlier is not None:
        return earlier
    of_account = reasons[1] if len(reasons) > 1 else {}
    if of_account.get("Code") == CONDITION_FAILED:
        if (error := trading_accounts.refusal(cash.account_id, of_account.get("Item"))) is not None:
            raise error
        return create(cash, answer, now, is_first=True)
    if any(reasons):
        raise VersionMismatch(cash.cash_id)
    return None


def replace(cash: Cash, former: Cash) -> None:
    """Store a changed row in place of the former one. Raises VersionMismatch, AccountErased, Busy."""
    if any(ledger.write(cash.user_id, [ledger.put(_item(cash), **at_version(former.version))])):
        raise VersionMismatch(cash.cash_id)


def delete(cash: Cash) -> None:
    """Delete the row at its version. Raises VersionMismatch, AccountErased, Busy."""
    deletion = ledger.delete(cash.user_id, ledger.cash(cash.account_id, cash.cash_id), **at_version(cash.version))
    if any(ledger.write(cash.user_id, [deletion])):
        raise VersionMismatch(cash.cash_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFilter(TradeFilter):
    """The filters of a list of an account's cash; the days from `open_from` to `open_to` are those of UTC."""

    types: tuple[CashType, ...] = ()
    trade_id: str | None = None


def page(
    user_id: str, wanted: CashFilter, *, limit: int, newest_first: bool, after: tuple[str, str] | None
) -> tuple[list[Cash], tuple[str, str] | None]:
    """At most `limit` rows of an account by time, from behind a position, and the position behind which the next page
    begins; None at the end. Reads the index, which may lag behind a write by a moment. Raises Busy.

    wanted: names the one account. A page that has read enough is answered with what it has.
    """
    [account_id] = wanted.account_ids
    low, high = days_in_utc(wanted.open_from, wanted.open_to)
    if low > high:
        return [], None
    query: Any = {
        "TableName": ledger_table(),
        "IndexName": ledger.BY_TIME,
        "KeyConditionExpression": "userId = :user AND #at BETWEEN :low AND :high",
        "ScanIndexForward": not newest_first,
        **_conditions(account_id, wanted),
    }
    query["ExpressionAttributeValues"] |= {
        ":user": {"S": user_id},
        ":low": {"S": f"{account_id}|{low}"},
        ":high": {"S": f"{account_id}|{high}"},
    }
    if after is not None:
        query["ExclusiveStartKey"] = {**ledger.key(user_id, after[1]), "at": {"S": after[0]}}
    found: list[Any] = []
    for _ in range(_MOST_QUERIES):
        # What is read and fits is shown, so a query reads no more than the page lacks, however much filters discard.
        query["Limit"] = limit - len(found) if not _discards(wanted) else max(limit, _MOST_ITEMS)
        answer = dynamodb().query(**query)
        found += answer["Items"]
        last = answer.get("LastEvaluatedKey")
        if last is None or len(found) >= limit:
            break
        query["ExclusiveStartKey"] = last
    if len(found) > limit:
        found = found[:limit]
        last = found[-1]
    return [_CASH.instance(item) for item in found], None if last is None else (last["at"]["S"], last["item"]["S"])


def _discards(wanted: CashFilter) -> bool:
    """Whether filters may discard most of what is read."""
    return bool(wanted.types or wanted.symbol or wanted.trade_id)


def _conditions(account_id: str, wanted: CashFilter) -> dict[str, Any]:
    """The filter expression, with its names and values. Executions are in the index, too."""
    tests, names = ["begins_with(#item, :cash)"], {"#at": "at", "#item": "item"}
    values = {":cash": {"S": ledger.cash(account_id)}}
    if wanted.types:
        types = {f":type{number}": {"S": str(each)} for number, each in enumerate(wanted.types)}
        tests.append(f"#type IN ({', '.join(types)})")
        names["#type"] = "type"
        values |= types
    if wanted.symbol is not None:
        tests.append("#symbol = :symbol")
        names["#symbol"], values[":symbol"] = "symbolKey", {"S": ledger.folded(wanted.symbol)}
    if wanted.trade_id is not None:
        tests.append("#trade = :trade")
        names["#trade"], values[":trade"] = "tradeId", {"S": wanted.trade_id}
    return {
        "FilterExpression": " AND ".join(tests),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _item(cash: Cash) -> ledger.Item:
    folded = {} if cash.symbol is None else {"symbolKey": {"S": ledger.folded(cash.symbol)}}
    return {
        **_CASH.item(cash),
        **folded,
        **ledger.key(cash.user_id, ledger.cash(cash.account_id, cash.cash_id)),
        "at": {"S": ledger.by_time(cash.account_id, cash.at, cash.cash_id)},
    }

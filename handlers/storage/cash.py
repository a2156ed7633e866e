"""Cash rows, in the ledger: an item each, and an index by time for lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.cash import Cash
from handlers.journal.settings import MAIN
from handlers.storage import ledger, trading_accounts
from handlers.storage.clients import dynamodb, ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, at_version
from handlers.storage.errors import CashNotFound, VersionMismatch
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

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


def page(
    user_id: str, account_id: str, *, limit: int, newest_first: bool, after: tuple[str, str] | None
) -> tuple[list[Cash], tuple[str, str] | None]:
    """At most `limit` rows of an account by time, from behind a position, and the position behind which the next page
    begins; None at the end. Reads the index, which may lag behind a write by a moment. Raises Busy.
    """
    query: Any = {
        "TableName": ledger_table(),
        "IndexName": ledger.BY_TIME,
        "KeyConditionExpression": "userId = :user AND begins_with(#at, :account)",
        "FilterExpression": "begins_with(#item, :cash)",  # executions are in the index, too
        "ExpressionAttributeNames": {"#at": "at", "#item": "item"},
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":account": {"S": f"{account_id}|"},
            ":cash": {"S": ledger.cash(account_id)},
        },
        "ScanIndexForward": not newest_first,
        "Limit": limit,
    }
    if after is not None:
        query["ExclusiveStartKey"] = {**ledger.key(user_id, after[1]), "at": {"S": after[0]}}
    answer = dynamodb().query(**query)
    last = answer.get("LastEvaluatedKey")
    following = None if last is None else (last["at"]["S"], last["item"]["S"])
    return [_CASH.instance(item) for item in answer["Items"]], following


def _item(cash: Cash) -> ledger.Item:
    return {
        **_CASH.item(cash),
        **ledger.key(cash.user_id, ledger.cash(cash.account_id, cash.cash_id)),
        "at": {"S": ledger.by_time(cash.account_id, cash.at, cash.cash_id)},
    }

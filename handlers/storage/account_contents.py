"""What lies in a trading account that is being deleted with all it holds: found and deleted, batch by batch.

Nothing is put into such an account any more. Changes of what is in it may still be made at the same moment: what a
batch finds changed is left to the next search. Each step yields after each batch, and finds nothing once it is done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from handlers.journal.cash import Cash
from handlers.storage import cash, corporate_actions, erasure_marks, imports, ledger, reconciliations
from handlers.storage.clients import trades_table
from handlers.storage.dynamo import CONDITION_FAILED, all_items, at_version, transact
from handlers.storage.errors import AccountErased, CashNotFound, VersionMismatch
from handlers.storage.trade_items import external_key, trade_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Each takes up to three writes of a transaction, of which one more checks that the user's erasure has not begun.
_BATCH = 33


def delete_positions(user_id: str, account_id: str, _: datetime) -> Iterator[None]:
    """Positions, then executions: a change of an execution is written on the condition that its position is there."""
    for prefix in (ledger.positions(account_id), ledger.fills(account_id)):
        for some in _batches(ledger.below(user_id, prefix)):
            keys = [item["item"]["S"] for item in some]
            refs = [ledger.ref(key.rpartition("|")[2]) for key in keys if key.startswith(ledger.fills(account_id))]
            ledger.write(user_id, [ledger.delete(user_id, key) for key in (*keys, *refs)], retry_conflicts=True)
            yield


def delete_actions(user_id: str, account_id: str, _: datetime) -> Iterator[None]:
    """Corporate actions that apply to this account alone."""
    for action in corporate_actions.every(user_id):
        if action.account_id == account_id:
            counted = [corporate_actions.count(user_id, symbol) for symbol in corporate_actions.symbols(action)]
            ledger.write(user_id, corporate_actions.remove(action, counted))
            yield


def delete_trades(user_id: str, account_id: str, _: datetime) -> Iterator[None]:
    """Trades, and those that were deleted and could come back."""
    for some in _batches(trades_in(user_id, account_id)):
        actions: list[TransactWriteItemTypeDef] = [{"ConditionCheck": erasure_marks.not_begun(user_id)}]
        for item in some:
            deletion: Any = {"TableName": trades_table(), "Key": trade_key(user_id, item["tradeId"]["S"])}
            if "version" in item:  # it may change still
                deletion |= at_version(int(item["version"]["N"]))
            actions.append({"Delete": deletion})
            if "externalId" in item:
                key = external_key(user_id, item["externalId"]["S"])
                actions.append({"Delete": {"TableName": trades_table(), "Key": key}})
        of_user, *_others = transact(actions)
        if of_user.get("Code") == CONDITION_FAILED:
            raise AccountErased(user_id)
        yield


def delete_cash(user_id: str, account_id: str, now: datetime) -> Iterator[None]:
    """Cash. The other row of a transfer stays in its own account, and stands alone from then on."""
    alone: list[Cash] = []
    for row in cash.every(user_id, account_id):
        if row.other_account is None:
            alone.append(row)
            continue
        with suppress(CashNotFound, VersionMismatch):
            row, other = cash.with_other_side(user_id, account_id, row.cash_id)
            changes = [cash.CashChange(None, row)]
            if other is not None:
                changes.append(cash.CashChange(other.alone(now), other))
            cash.write(user_id, changes)
        yield
    for some in _batches(alone):
        with suppress(VersionMismatch):
            cash.write(user_id, [cash.CashChange(None, row) for row in some])
        yield


def delete_reconciliations(user_id: str, account_id: str, _: datetime) -> Iterator[None]:
    """Reconciliations."""
    for some in _batches(reconciliations.every(user_id, account_id)):
        reconciliations.delete_all(user_id, some)
        yield


def delete_imports(user_id: str, account_id: str, _: datetime) -> Iterator[None]:
    """Imports into the account. Their files follow."""
    for one in imports.newest_first(user_id):
        if one.options.account_id == account_id:
            with suppress(VersionMismatch):
                imports.delete(one)
            yield


def group_ids(user_id: str, account_id: str) -> set[str]:
    """The groups that trades in the account name. All trades of a group are in one account. Raises Busy."""
    named = (item.get("groupId") or item.get("groupOfDeleted") for item in trades_in(user_id, account_id))
    return {group["S"] for group in named if group is not None}


def trades_in(user_id: str, account_id: str) -> Iterator[dict[str, Any]]:
    """Of the items of trades and deleted trades in the account: key, version, external id and group. Raises Busy."""
    query = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user",
        "FilterExpression": "accountId = :account OR #trade.accountId = :account",
        "ProjectionExpression": "tradeId, #version, externalId, groupId, #trade.groupId",
        "ExpressionAttributeNames": {"#trade": "trade", "#version": "version"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":account": {"S": account_id}},
        "ConsistentRead": True,
    }
    for item in all_items(query):
        of_deleted = item.pop("trade", {}).get("M", {}).get("groupId")
        yield item if of_deleted is None else {**item, "groupOfDeleted": of_deleted}


def _batches(found: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(found)
    while some := list(islice(rest, _BATCH)):
        yield some

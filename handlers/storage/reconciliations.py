"""Comparisons of accounts with statements, in the ledger: an item each in the order of their instants, and one that
says where that of an id lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from handlers.journal.reconciling import Reconciliation
from handlers.journal.settings import MAIN
from handlers.storage import ledger, trading_accounts
from handlers.storage.clients import ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, page_of_list
from handlers.storage.errors import ReconciliationNotFound, VersionMismatch
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# "at" would put it into the index by time.
_RECONCILIATIONS = Codec(Reconciliation, renamed={"at": "comparedAt"})


def create(
    made: Reconciliation, answer: KeptAnswer | None, now: datetime, *, is_first: bool = False
) -> KeptAnswer | None:
    """Store it, unless the same request did. Returns the answer kept for that request, if it did.

    Raises NoSuchAccount, AccountClosing, KeyReused, AccountErased, Busy; VersionMismatch when another write is in the
    way.
    """
    user = made.user_id
    actions: list[TransactWriteItemTypeDef] = [ledger.put_new(item) for item in items_of(made)]
    if made.account_id != MAIN:
        actions.append(trading_accounts.lies_in(user, made.account_id, is_first=is_first))
    earlier, reasons = ledger.write_once(user, actions, answer, now)
    if earlier is not None:
        return earlier
    of_account = reasons[2] if len(reasons) > 2 else {}
    if of_account.get("Code") == CONDITION_FAILED:
        if (error := trading_accounts.refusal(made.account_id, of_account.get("Item"))) is not None:
            raise error
        return create(made, answer, now, is_first=True)
    if any(reasons):
        raise VersionMismatch(made.reconciliation_id)
    return None


def items_of(made: Reconciliation) -> tuple[ledger.Item, ledger.Item]:
    """The reconciliation as an item, and the item that says where it lies."""
    user, key = made.user_id, _key(made)
    return (
        {**_RECONCILIATIONS.item(made), **ledger.key(user, key)},
        {**ledger.key(user, ledger.ref(made.reconciliation_id)), "at": {"S": key}},
    )


def get(user_id: str, account_id: str, reconciliation_id: str) -> Reconciliation:
    """The reconciliation. Raises ReconciliationNotFound, Busy."""
    item = ledger.get(user_id, _place(user_id, account_id, reconciliation_id))
    if not item:
        raise ReconciliationNotFound(reconciliation_id)
    return _RECONCILIATIONS.instance(item)


def delete(user_id: str, account_id: str, reconciliation_id: str) -> None:
    """Delete the reconciliation. Raises ReconciliationNotFound, AccountErased, Busy."""
    key = _place(user_id, account_id, reconciliation_id)
    ledger.write(
        user_id,
        [ledger.delete(user_id, key), ledger.delete(user_id, ledger.ref(reconciliation_id))],
        retry_conflicts=True,
    )


def delete_all(user_id: str, some: Iterable[Reconciliation]) -> None:
    """Delete these reconciliations, 49 at most. Raises AccountErased, Busy."""
    keys = [key for made in some for key in (_key(made), ledger.ref(made.reconciliation_id))]
    ledger.write(user_id, [ledger.delete(user_id, key) for key in keys], retry_conflicts=True)


def every(user_id: str, account_id: str | None = None) -> Iterator[Reconciliation]:
    """All of an account, or of all accounts, by account and instant, as they are now. Raises Busy."""
    return map(_RECONCILIATIONS.instance, ledger.below(user_id, ledger.reconciliations(account_id)))


def page(user_id: str, account_id: str, *, limit: int, after: str | None) -> tuple[list[Reconciliation], str | None]:
    """At most `limit` of an account, the latest first, from behind a place; and the place behind which the next page
    begins, None at the end. Raises Busy.
    """
    prefix = ledger.reconciliations(account_id)
    query = {
        "TableName": ledger_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(#item, :prefix)",
        "ExpressionAttributeNames": {"#item": "item"},
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":prefix": {"S": prefix}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
    }
    found, has_more = page_of_list(query, limit, None if after is None else ledger.key(user_id, prefix + after))
    shown = [_RECONCILIATIONS.instance(item) for item in found]
    return shown, _key(shown[-1]).removeprefix(prefix) if has_more and shown else None


def _place(user_id: str, account_id: str, reconciliation_id: str) -> str:
    """The sort key of the account's reconciliation of that id. Raises ReconciliationNotFound, Busy."""
    named = ledger.get(user_id, ledger.ref(reconciliation_id))
    key: str = named.get("at", {}).get("S", "")
    if not key.startswith(ledger.reconciliations(account_id)):
        raise ReconciliationNotFound(reconciliation_id)
    return key


def _key(made: Reconciliation) -> str:
    return ledger.reconciliation(made.account_id, made.at, made.reconciliation_id)

"""The lease of an import on its account: of two imports of one account, one is committed or undone after the other.

Nothing is lost without it, since every write has its own conditions. It keeps two files of one account from being
interleaved, and ends by itself when its holder does not come back.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from handlers.storage import ledger
from handlers.storage.dynamo import is_absent
from handlers.storage.trade_items import epoch_seconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# Longer than a call of the function lasts.
LEASE = timedelta(minutes=15)


def take(user_id: str, account_id: str, import_id: str, now: datetime) -> bool:
    """Take or renew the lease. Returns whether the import has it; another has it if not. Raises AccountErased, Busy."""
    item: ledger.Item = {
        **ledger.key(user_id, ledger.lock(account_id)),
        "importId": {"S": import_id},
        # DynamoDB deletes the item some time after that.
        "expiresAt": {"N": str(epoch_seconds(now + LEASE))},
    }
    put = ledger.put(
        item,
        ConditionExpression=f"{is_absent('importId')} OR importId = :own OR expiresAt < :now",
        ExpressionAttributeValues={":own": {"S": import_id}, ":now": {"N": str(epoch_seconds(now))}},
    )
    return not any(ledger.write(user_id, [put], retry_conflicts=True))


def giving_back(user_id: str, account_id: str, import_id: str) -> TransactWriteItemTypeDef:
    """The write that ends the lease, on the condition that the import has it."""
    return ledger.delete(
        user_id,
        ledger.lock(account_id),
        ConditionExpression="importId = :own",
        ExpressionAttributeValues={":own": {"S": import_id}},
    )

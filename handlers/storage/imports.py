"""Imports, in the ledger: an item each, whose id sorts by the time when it was made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.imports.record import MOST_OPEN, MOST_WORKING, OPEN, WORKING, Import, Progress
from handlers.journal.settings import MAIN
from handlers.storage import ledger, trading_accounts
from handlers.storage.clients import ledger_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, at_version
from handlers.storage.errors import ImportNotFound, TooManyImports, VersionMismatch
from handlers.storage.import_files import ImportFolder
from handlers.storage.trade_items import KeptAnswer, epoch_seconds

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

# "expiresAt" is a number of seconds, for DynamoDB; the status has a name of its own for the filter of the stream.
_IMPORTS = Codec(
    Import,
    renamed={"expires_at": "endsAt", "status": "importStatus"},
    maps={"options", "reading", "counts", "progress", "applied"},
)


def get(user_id: str, import_id: str) -> Import:
    """The import as it stands now. Raises ImportNotFound, Busy."""
    item = ledger.get(user_id, ledger.import_(import_id))
    if not item:
        raise ImportNotFound(import_id)
    return import_of(item)


def newest_first(user_id: str, before: str | None = None) -> Iterator[Import]:
    """The user's imports as they stand now, or those made before that one; pages are read when needed. Raises Busy."""
    low, high = ledger.import_(), ledger.import_("~") if before is None else ledger.import_(before)
    found = map(import_of, ledger.between(user_id, low, high, newest_first=True))
    return (one for one in found if one.import_id != before)


def create(made: Import, answer: KeptAnswer | None, now: datetime) -> KeptAnswer | None:
    """Store a new import, unless the same request did. Returns the answer kept for that request, if it did.

    Raises TooManyImports, NoSuchAccount, AccountClosing, KeyReused, AccountErased, Busy; VersionMismatch when another
    import is being made, so that no limit is passed by two at once.
    """
    user_id, account_id = made.user_id, made.options.account_id
    made_so_far = ledger.get(user_id, ledger.IMPORTS_MADE)
    check_limits(user_id, now)
    version = int(made_so_far["version"]["N"]) if made_so_far else 0
    counted: ledger.Item = {**ledger.key(user_id, ledger.IMPORTS_MADE), "version": {"N": str(version + 1)}}
    actions = [ledger.put(counted, **at_version(version)), ledger.put_new(_item(made))]
    if account_id != MAIN:
        actions.append(trading_accounts.can_be_used(user_id, account_id))
    earlier, reasons = ledger.write_once(user_id, actions, answer, now)
    if earlier is not None:
        return earlier
    if account_id != MAIN and reasons[-1].get("Code") == CONDITION_FAILED:
        raise trading_accounts.refusal(account_id, reasons[-1].get("Item")) or VersionMismatch(account_id)
    if any(reasons):
        raise VersionMismatch(made.import_id)
    return None


def check_limits(user_id: str, now: datetime, *, open_too: bool = True) -> None:
    """Raise TooManyImports when the user has as many imports at work as there may be or, with `open_too`, as many that
    are not decided. Raises Busy.
    """
    found = [(one.status, one.status_at(now)) for one in newest_first(user_id)]
    working = sum(status in WORKING for status, _ in found)
    undecided = sum(status in OPEN for _, status in found)
    if working >= MOST_WORKING or (open_too and undecided >= MOST_OPEN):
        raise TooManyImports


def replace(changed: Import, former: Import) -> None:
    """Store a changed import, which has a higher version, in place of the former one.

    Raises VersionMismatch when that was changed or deleted since; AccountErased, Busy.
    """
    if any(ledger.write(changed.user_id, [replacing(changed, former)])):
        raise VersionMismatch(changed.import_id)


def replacing(changed: Import, former: Import) -> TransactWriteItemTypeDef:
    """The write of a changed import, on the condition that the former one is stored still."""
    return ledger.put(_item(changed), **at_version(former.version))


def replace_once(changed: Import, former: Import, answer: KeptAnswer | None, now: datetime) -> KeptAnswer | None:
    """Store a changed import as `replace` does, unless the same request did. Returns the answer kept for it, if it did.

    Raises VersionMismatch, KeyReused, AccountErased, Busy.
    """
    earlier, reasons = ledger.write_once(changed.user_id, [replacing(changed, former)], answer, now)
    if earlier is None and any(reasons):
        raise VersionMismatch(changed.import_id)
    return earlier


def tell(one: Import, progress: Progress) -> None:
    """Store how much is done, which is no change of the import: its version stays.

    Raises VersionMismatch when the import was changed or deleted meanwhile; AccountErased, Busy.
    """
    told = _IMPORTS.item(dataclasses.replace(one, progress=progress))["progress"]
    update: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(one.user_id, ledger.import_(one.import_id)),
        "UpdateExpression": "SET progress = :progress",
        **at_version(one.version, values={":progress": told}),
    }
    if any(ledger.write(one.user_id, [{"Update": update}])):
        raise VersionMismatch(one.import_id)


def delete(former: Import) -> None:
    """Delete the import, as it was read. Its files follow. Raises VersionMismatch, AccountErased, Busy."""
    deleted = ledger.delete(former.user_id, ledger.import_(former.import_id), **at_version(former.version))
    if any(ledger.write(former.user_id, [deleted])):
        raise VersionMismatch(former.import_id)


def gone(before: Mapping[str, Any], after: Mapping[str, Any]) -> ImportFolder | None:
    """The import that a change of an item has deleted, whoever did."""
    if "importStatus" not in before or after:
        return None
    found = import_of(before)
    return ImportFolder(found.user_id, found.import_id)


def import_of(item: Any) -> Import:
    """The import that the item holds."""
    return _IMPORTS.instance(item)


def _item(one: Import) -> ledger.Item:
    key = ledger.key(one.user_id, ledger.import_(one.import_id))
    return {**_IMPORTS.item(one), **key, "expiresAt": {"N": str(epoch_seconds(one.expires_at))}}

"""Restores: an item of the ledger each, the archive in the bucket, and the writes of what an archive holds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from botocore.exceptions import ClientError

from handlers.journal.merges import DocumentChange, RestorePlan
from handlers.journal.restores import MOST_BYTES, TIME_TO_SEND, Restore
from handlers.storage import bucket, ledger, trade_queries, trading_accounts
from handlers.storage.clients import failures_are_unavailable, files_bucket, s3
from handlers.storage.codec import Codec
from handlers.storage.dynamo import absent, at_version
from handlers.storage.errors import RestoreNotFound, VersionMismatch
from handlers.storage.trade_items import KeptAnswer, epoch_seconds, has_expired

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_RESTORES = Codec(Restore, maps={"preview"})
_ALL = "restore|"
# As quick as writing the text itself, and a tenth of its size.
_COMPRESSION = 1
# Prefixes of keys of the ledger that no item of an empty journal has. Positions may be left over without executions.
_HOLDINGS = (ledger.account(), "fill|", ledger.actions(), "cash|", ledger.reconciliations(), "fx|")


def create(made: Restore, answer: KeptAnswer | None = None) -> KeptAnswer | None:
    """Store a new restore, unless the same request did. Returns the answer kept for that request, if it did.

    Raises VersionMismatch when another request with that key is being handled; KeyReused, AccountErased, Busy.
    """
    earlier, reasons = ledger.write_once(made.user_id, [ledger.put_new(_item(made))], answer, made.created_at)
    if earlier is None and any(reasons):
        raise VersionMismatch(made.restore_id)
    return earlier


def get(user_id: str, restore_id: str, now: datetime) -> Restore:
    """The restore as it stands now. Raises RestoreNotFound, Busy."""
    item = ledger.get(user_id, f"{_ALL}{restore_id}")
    if not item or has_expired(item, now):
        raise RestoreNotFound(restore_id)
    return _RESTORES.instance(item)


def every(user_id: str, now: datetime) -> list[Restore]:
    """All restores of the user that have not expired, the newest first. Raises Busy."""
    found = [_RESTORES.instance(item) for item in ledger.below(user_id, _ALL) if not has_expired(item, now)]
    return sorted(found, key=lambda each: (each.created_at, each.restore_id), reverse=True)


def replace(changed: Restore, former: Restore) -> None:
    """Store a changed restore in place of the former one. Raises VersionMismatch, AccountErased, Busy."""
    put = ledger.put(_item(changed), **at_version(former.version))
    if any(ledger.write(changed.user_id, [put], retry_conflicts=True)):
        raise VersionMismatch(changed.restore_id)


def delete(former: Restore) -> None:
    """Delete the restore, as it was read, and then its files. Raises VersionMismatch, AccountErased, Busy."""
    gone = ledger.delete(former.user_id, f"{_ALL}{former.restore_id}", **at_version(former.version))
    if any(ledger.write(former.user_id, [gone], retry_conflicts=True)):
        raise VersionMismatch(former.restore_id)
    for key in (_key(former), converted(former).key, _plan_key(former)):
        s3().delete_object(Bucket=files_bucket(), Key=key)


def _item(restore: Restore) -> ledger.Item:
    return {
        **_RESTORES.item(restore),
        **ledger.key(restore.user_id, f"{_ALL}{restore.restore_id}"),
        "expiresAt": {"N": str(epoch_seconds(restore.expires_at))},
    }


def journal_is_empty(user_id: str) -> bool:
    """Whether the user has neither trades, accounts nor anything else that an archive holds, but settings. Deleted
    trades do not count. Raises Busy.
    """
    if any(ledger.has_any(user_id, prefix) for prefix in _HOLDINGS):
        return False
    return next(iter(trade_queries.every_trade(user_id)), None) is None


# The archive


def form(restore: Restore) -> tuple[str, dict[str, str]]:
    """Address and fields of a form that sends the archive."""
    fields = {"Content-Type": "application/zip"}
    with failures_are_unavailable():
        signed = s3().generate_presigned_post(
            files_bucket(),
            _key(restore),
            Fields=dict(fields),
            Conditions=[fields, ["content-length-range", 1, MOST_BYTES]],
            ExpiresIn=int(TIME_TO_SEND.total_seconds()),
        )
    return signed["url"], signed["fields"]


def file_version(restore: Restore) -> str | None:
    """The version of the archive that was sent last; None as long as there is none."""
    try:
        return s3().head_object(Bucket=files_bucket(), Key=_key(restore))["VersionId"]
    except ClientError as error:
        # 403 is what S3 says of a missing file to who may not list the bucket.
        if error.response["Error"]["Code"] not in ("403", "404", "NoSuchKey"):
            raise
        return None


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A file in the bucket that is read by ranges; without a version, as it is now."""

    key: str
    version: str | None = None

    def size(self) -> int:
        """Its size in bytes."""
        return s3().head_object(**self._named())["ContentLength"]

    def read(self, start: int, count: int) -> bytes:
        """`count` bytes from the position `start` on."""
        answer = s3().get_object(**self._named(), Range=f"bytes={start}-{start + count - 1}")
        with failures_are_unavailable(), closing(answer["Body"]) as body:
            return body.read()

    def whole(self) -> bytes:
        """All of it."""
        answer = s3().get_object(**self._named())
        with failures_are_unavailable(), closing(answer["Body"]) as body:
            return body.read()

    def _named(self) -> Any:
        version = {} if self.version is None else {"VersionId": self.version}
        return {"Bucket": files_bucket(), "Key": self.key, **version}


def sent(restore: Restore) -> ArchiveFile:
    """The file that was sent, at the version to which the restore is pinned."""
    return ArchiveFile(_key(restore), restore.file_version)


def converted(restore: Restore) -> ArchiveFile:
    """The archive that was made of the file, where that was none."""
    return ArchiveFile(f"{_key(restore).removesuffix('file')}converted.zip")


def write_converted(restore: Restore, pieces: Iterable[bytes]) -> None:
    """Store the converted archive. No form lets users upload to its key, so it needs no pinned version."""
    bucket.write(converted(restore).key, pieces, "application/zip")


def _key(restore: Restore) -> str:
    return f"{bucket.EXPORTS}{restore.user_id}/restores/{UUID(restore.restore_id)}/file"


def named_by(key: str) -> tuple[str, str] | None:
    """The ids of user and restore whose archive has that key; None for a key that no form was made for."""
    match key.split("/"):
        case ["exports", user_id, "restores", restore_id, "file"]:
            return user_id, restore_id
    return None


# The plan


def write_plan(restore: Restore, plan: RestorePlan) -> None:
    """Store all that the restore is to write, before it writes anything."""
    lines = [json.dumps([plan.into_empty, sorted(plan.positions), sorted(plan.symbols)])]
    lines += [json.dumps(list(asdict(change).values())) for change in plan.changes.values()]
    bucket.write_whole(_plan_key(restore), gzip.compress("\n".join(lines).encode(), _COMPRESSION))


def read_plan(restore: Restore) -> RestorePlan:
    """The plan that was stored. Raises Unavailable."""
    packed = ArchiveFile(_plan_key(restore)).whole()
    first, *lines = gzip.decompress(packed).decode().split("\n")
    into_empty, positions, symbols = json.loads(first)
    changes = [_change(*json.loads(line)) for line in lines]
    by_id = {(change.name, change.id): change for change in changes}
    return RestorePlan(changes=by_id, into_empty=into_empty, positions=frozenset(positions), symbols=frozenset(symbols))


def _change(name: str, thing_id: str, after: str, before: str | None, before_hash: str | None) -> DocumentChange:
    return DocumentChange(name=name, id=thing_id, after=after, before=before, before_hash=before_hash)


def _plan_key(restore: Restore) -> str:
    # Beside the files of imports, which are kept longer than those of exports.
    return f"{bucket.IMPORTS}{restore.user_id}/restores/{UUID(restore.restore_id)}/plan.ndjson.gz"


# Writing


@dataclass(frozen=True, slots=True)
class Unit:
    """Items that are written together, each with its table, unless the first of them is stored already.

    also: further writes of the same transaction. account_id: the account in which it lies, which has to be there. size:
    about how many characters the items have.
    """

    items: Sequence[tuple[str, ledger.Item]]
    also: Sequence[TransactWriteItemTypeDef] = ()
    account_id: str | None = None
    size: int = 0

    @property
    def actions(self) -> int:
        """How many actions of a transaction it takes, without the check of its account."""
        return len(self.items) + len(self.also)


def write(user_id: str, units: Sequence[Unit]) -> None:
    """Write the units that are not stored yet in one transaction.

    A repetition writes what is missing, and overwrites nothing that has been changed since. Raises VersionMismatch
    when an account is gone, or something else of a unit than its first item is stored; AccountErased, Busy.
    """
    left = list(units)
    while left:
        accounts = sorted({unit.account_id for unit in left if unit.account_id is not None})
        checks = [trading_accounts.lies_in(user_id, account_id) for account_id in accounts]
        actions = [action for unit in left for action in _actions(unit)]
        reasons = ledger.write(user_id, [*checks, *actions], retry_conflicts=True)
        if not any(reasons):
            return
        of_units = iter(reasons[len(checks) :])
        failed = [[next(of_units) for _ in range(unit.actions)] for unit in left]
        stored = [bool(of_first) for of_first, *_ in failed]
        others = any(any(reasons) for reasons, is_stored in zip(failed, stored, strict=True) if not is_stored)
        if others or not any(stored):
            raise VersionMismatch(user_id)
        left = [unit for unit, is_stored in zip(left, stored, strict=True) if not is_stored]


def _actions(unit: Unit) -> Sequence[TransactWriteItemTypeDef]:
    puts: list[Any] = [{"Put": {"TableName": table, "Item": item, **absent("userId")}} for table, item in unit.items]
    return [*puts, *unit.also]

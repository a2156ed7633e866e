"""`make restore`: copies trades back from a table that was restored to a point in time; docs/runbook.md, "Restore".

DynamoDB restores into a new table. This command copies every trade that the journal lacks from there; with REPLACE=yes
it also replaces trades that were changed since. It writes as the API does, so lists and statistics follow. It restores
nothing of users whose account was deleted since, or is being erased. An image is restored if its file still exists.

With USERS="sub ..." it reads the trades of these users only; without, the whole table, several segments at once. It may
be interrupted and run again at any time: restored trades are not restored twice, and a run through the whole table
continues where it stopped. The progress is stored in the restored table, where another operator's run finds it, and is
deleted with that table.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

from botocore.exceptions import ClientError

from handlers.journal.trade import Image, Trade
from handlers.storage import clients, trades
from handlers.storage.errors import (
    AccountErased,
    DeletedTradeNotFound,
    ExternalIdTaken,
    TradeNotFound,
    VersionMismatch,
)
from handlers.storage.image_files import ImagePlace
from handlers.storage.trade_items import is_trade, trade_of
from ops.stack import Client, at_home, on_aws

SEGMENTS = 16  # segments of the table that are read at once; changing the number restarts a run
_CHECKPOINTS = "restore"  # the userId of the progress items; real ones are UUIDs


@dataclass(slots=True, kw_only=True)
class Restored:
    """Counts of what was done with the trades of the restored table."""

    returned: int = 0
    replaced: int = 0
    untouched: int = 0
    of_erased_users: int = 0
    lost_images: int = 0

    def __add__(self, other: Restored) -> Restored:
        return Restored(**{name: count + getattr(other, name) for name, count in asdict(self).items()})


def restore(
    client: Client, outputs: Mapping[str, str], table: str, *, replacing: bool = False, users: Collection[str] = ()
) -> Restored:
    """Copy the trades of these users, or of all, from the restored table.

    Exits when that table is the journal's own.
    """
    if table == outputs["TradesTableName"]:
        raise SystemExit(f"{table} is the journal's own table. Name the one that DynamoDB has restored into.")
    os.environ["TRADES_TABLE"], os.environ["FILES_BUCKET"] = outputs["TradesTableName"], outputs["UserFilesName"]
    run = _Run(client, outputs["UserPoolId"], table, replacing)
    return run.of_users(dict.fromkeys(users)) if users else run.of_everybody()


class _Run:
    """One run: the table to restore from, and whether changed trades are replaced."""

    def __init__(self, client: Client, pool: str, table: str, replacing: bool) -> None:
        clients.dynamodb()  # created before the threads start: boto3's session is not thread-safe
        self._dynamodb, self._s3, self._cognito = client("dynamodb"), client("s3"), client("cognito-idp")
        self._pool = pool
        self._table = table
        self._replacing = replacing
        self._is_over = Event()

    def of_users(self, users: Collection[str]) -> Restored:
        done = Restored()
        for user in users:
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="userId = :user",
                ExpressionAttributeValues={":user": {"S": user}},
            )
            for page in pages:
                done += self._of_page(page["Items"])
        return done

    def of_everybody(self) -> Restored:
        with ThreadPoolExecutor(SEGMENTS) as threads:
            parts = [threads.submit(self._of_segment, segment) for segment in range(SEGMENTS)]
            try:
                done = sum((part.result() for part in parts), Restored())
            except BaseException:
                self._is_over.set()  # the other threads stop after their current page
                raise
        self._forget()
        return done

    def _of_segment(self, segment: int) -> Restored:
        checkpoint = self._checkpoint(segment)
        found = self._dynamodb.get_item(TableName=self._table, Key=checkpoint, ConsistentRead=True).get("Item", {})
        done = Restored(**{field.name: int(found.get(field.name, {"N": "0"})["N"]) for field in fields(Restored)})
        request: Any = {"TableName": self._table, "Segment": segment, "TotalSegments": SEGMENTS}
        if "after" in found:
            request["ExclusiveStartKey"] = found["after"]["M"]
        while not (self._is_over.is_set() or found.get("finished")):
            page = self._dynamodb.scan(**request)
            done += self._of_page(page["Items"])
            counts = {name: {"N": str(count)} for name, count in asdict(done).items()}
            after = page.get("LastEvaluatedKey")
            found = {**checkpoint, **counts, **({"after": {"M": after}} if after else {"finished": {"BOOL": True}})}
            self._dynamodb.put_item(TableName=self._table, Item=found)
            request["ExclusiveStartKey"] = after
        return done

    def _forget(self) -> None:
        for segment in range(SEGMENTS):
            self._dynamodb.delete_item(TableName=self._table, Key=self._checkpoint(segment))

    def _checkpoint(self, segment: int) -> dict[str, Any]:
        rule = "replacing" if self._replacing else "returning"
        return {"userId": {"S": _CHECKPOINTS}, "tradeId": {"S": f"{rule}|{SEGMENTS}|{segment}"}}

    def _of_page(self, items: list[Any]) -> Restored:
        """Copy these trades, which are sorted by user, so that each user is looked up once."""
        done = Restored()
        user, has_account = "", False
        for trade in (trade_of(item) for item in items if is_trade(item)):
            if trade.user_id != user:
                user, has_account = trade.user_id, self._has_account(trade.user_id)
            if not has_account:
                done.of_erased_users += 1
                continue
            kept = tuple(image for image in trade.images if self._has_file(trade, image))
            try:
                back = _bring_back(replace(trade, images=kept), replacing=self._replacing, done=done)
            except AccountErased:
                done.of_erased_users += 1
            else:
                done.lost_images += len(trade.images) - len(kept) if back else 0
        return done

    def _has_account(self, user_id: str) -> bool:
        # By sub, since users who signed in with Google have another user name.
        found = self._cognito.list_users(UserPoolId=self._pool, Filter=f'sub = "{user_id}"', Limit=1)
        return bool(found["Users"])

    def _has_file(self, trade: Trade, image: Image) -> bool:
        key = ImagePlace(trade.user_id, trade.trade_id, image.image_id).key
        try:
            self._s3.head_object(Bucket=os.environ["FILES_BUCKET"], Key=key, VersionId=image.file_version)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 405):
                raise
            return False
        return True


def _bring_back(trade: Trade, *, replacing: bool, done: Restored) -> bool:
    """Write the trade. Returns whether this call changed the journal. Raises AccountErased, Busy."""
    while True:
        try:
            present = trades.get(trade.user_id, trade.trade_id)
        except TradeNotFound:
            present = None
        try:
            if present is None:
                back = _back_from_deleted(trade)
                if back is None:
                    trades.create(trade)
                done.returned += 1
                if replacing and back is not None and _content(back) != _content(trade):
                    continue
                return True
            if replacing and _content(present) != _content(trade):
                # A new version, so that a client that has read the current one cannot overwrite this one.
                newer = replace(trade, version=present.version + 1, updated_at=datetime.now(UTC))
                trades.replace(newer, present.version, former=present)
                done.replaced += 1
                return True
        except (TradeNotFound, VersionMismatch):
            continue  # changed by its owner in the meantime; read it again
        except ExternalIdTaken:  # another trade has it by now
            trade = replace(trade, external_id=present.external_id if present else None)
            continue
        done.untouched += 1
        return False


def _back_from_deleted(trade: Trade) -> Trade | None:
    """Restore the trade from the deleted trades, as its owner would. Returns it as it was when it was deleted.

    Returns None if it is not among the deleted trades, or if another trade has its external id by now.
    """
    try:
        return trades.restore(trade.user_id, trade.trade_id, datetime.now(UTC))
    except (DeletedTradeNotFound, ExternalIdTaken):
        return None


def _content(trade: Trade) -> Trade:
    """The trade without the fields that change at every write."""
    return replace(trade, version=0, updated_at=datetime.min.replace(tzinfo=UTC))


def main() -> int:
    table = os.environ.get("FROM")
    if not table:
        raise SystemExit("Which table? make restore FROM=the-restored-table STACK=its-name")
    client, outputs = on_aws(stack) if (stack := os.environ.get("STACK")) else at_home()
    replacing, users = os.environ.get("REPLACE") == "yes", os.environ.get("USERS", "").split()
    done = restore(client, outputs, table, replacing=replacing, users=users)
    sys.stdout.write(
        f"{done.returned} trades restored, {done.replaced} set back to their earlier state, {done.untouched} left "
        f"unchanged.\n{done.of_erased_users} trades of deleted accounts were not restored; {done.lost_images} images "
        "have lost their files.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

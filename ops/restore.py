"""`make restore`: puts trades back from a table that was restored to a point in time; docs/runbook.md, "Restore".

DynamoDB restores into a new table. From there this brings back each trade that the journal lacks; with REPLACE=yes also
the earlier state of each that was changed since. It writes as the API does, so statistics and lists follow, and nothing
comes back of anybody whose account was deleted since: whoever is not in the users' pool any more, or is being erased,
stays away. An image comes back as long as its file is still there.

It may be cut off and run again at any time: what is back already is not brought back twice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from handlers.journal.trades import Image, Trade
from handlers.storage import trades
from handlers.storage.errors import AccountErased, TradeNotFound, VersionMismatch
from handlers.storage.image_files import Place
from handlers.storage.items import is_trade, trade_of
from ops.stack import Client, at_home, on_aws


@dataclass(slots=True, kw_only=True)
class Restored:
    """What became of the trades in the restored table."""

    returned: int = 0
    replaced: int = 0
    untouched: int = 0
    of_erased_users: int = 0
    lost_images: int = 0


def restore(
    client: Client, outputs: Mapping[str, str], table: str, *, replacing: bool = False, users: Collection[str] = ()
) -> Restored:
    """Bring back the trades of these users, or of all, from the restored table."""
    os.environ["TRADES_TABLE"], os.environ["FILES_BUCKET"] = outputs["TradesTableName"], outputs["UserFilesName"]
    pool = client("cognito-idp")

    @cache
    def has_account(user_id: str) -> bool:
        # By sub: whoever came through Google is called something else in the pool.
        found = pool.list_users(UserPoolId=outputs["UserPoolId"], Filter=f'sub = "{user_id}"', Limit=1)
        return bool(found["Users"])

    done = Restored()
    for trade in _trades(client("dynamodb"), table):
        if users and trade.user_id not in users:
            continue
        if not has_account(trade.user_id):
            done.of_erased_users += 1
            continue
        kept = tuple(image for image in trade.images if _has_file(client("s3"), trade, image))
        try:
            back = _bring_back(replace(trade, images=kept), replacing=replacing, done=done)
        except AccountErased:
            done.of_erased_users += 1
        else:
            done.lost_images += len(trade.images) - len(kept) if back else 0
    return done


def _trades(dynamodb: Any, table: str) -> Iterator[Trade]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        yield from (trade_of(item) for item in page["Items"] if is_trade(item))


def _bring_back(trade: Trade, *, replacing: bool, done: Restored) -> bool:
    """Whether the journal now has the trade as it is here because of this call. Raises AccountErased, Busy."""
    while True:
        try:
            present = trades.get(trade.user_id, trade.trade_id)
        except TradeNotFound:
            present = None
        try:
            if present is None:
                trades.create(trade)
                done.returned += 1
                return True
            if replacing and _content(present) != _content(trade):
                # A version of its own: whoever has read the present one is not to overwrite this one unseen.
                newer = replace(trade, version=present.version + 1, updated_at=datetime.now(UTC))
                trades.replace(newer, present.version)
                done.replaced += 1
                return True
        except (TradeNotFound, VersionMismatch):
            continue  # its owner was faster
        done.untouched += 1
        return False


def _content(trade: Trade) -> Trade:
    """The trade without what changes at every write."""
    return replace(trade, version=0, updated_at=datetime.min.replace(tzinfo=UTC))


def _has_file(s3: Any, trade: Trade, image: Image) -> bool:
    key = Place(trade.user_id, trade.trade_id, image.image_id).key
    try:
        s3.head_object(Bucket=os.environ["FILES_BUCKET"], Key=key, VersionId=image.file_version)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (404, 405):
            raise
        return False
    return True


def main() -> int:
    table = os.environ.get("FROM")
    if not table:
        raise SystemExit("Which table? make restore FROM=the-restored-table STACK=its-name")
    client, outputs = on_aws(stack) if (stack := os.environ.get("STACK")) else at_home()
    replacing, users = os.environ.get("REPLACE") == "yes", os.environ.get("USERS", "").split()
    done = restore(client, outputs, table, replacing=replacing, users=users)
    sys.stdout.write(
        f"{done.returned} trades brought back, {done.replaced} put into their earlier state, {done.untouched} left as "
        f"they are.\n{done.of_erased_users} trades of deleted accounts stay away; {done.lost_images} images have lost "
        "their files.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

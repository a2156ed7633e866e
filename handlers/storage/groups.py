"""Groups of trades, as items beside the trades.

Who changes a group writes it and each trade that joins or leaves it in one transaction, on the condition that group and
trades are at the versions that were read: so a trade is in one group at most, whoever else changes it meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.journal.groups import Group
from handlers.storage import erasure_marks
from handlers.storage.clients import trades_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, absent, at_version, batch_get, get_item, page_of_list, transact
from handlers.storage.errors import AccountErased, GroupNotFound, VersionMismatch
from handlers.storage.trade_items import is_trade, trade_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

PREFIX = "group|"
# One transaction writes the group, checks that the account is not being erased, and has 100 actions at most.
MOST_CHANGES = 98
_PAGE = 100

_GROUPS = Codec(Group)


class Membership(NamedTuple):
    """Of a trade: its version, the group that it names, its account and its currency."""

    version: int
    group_id: str | None
    account_id: str | None = None
    currency: str | None = None


def group_key(user_id: str, group_id: str) -> dict[str, AttributeValueTypeDef]:
    """The key of a group. It lies in the trades' own table, and in none of its indexes."""
    return trade_key(user_id, f"{PREFIX}{group_id}")


def is_group(item: Mapping[str, Any]) -> bool:
    """Whether the item is a group."""
    stored: str = item["tradeId"]["S"]
    return stored.startswith(PREFIX)


def group_id_of(sort_key: str) -> str | None:
    """The id of the group whose item has this sort key; None if it is the key of another item."""
    return sort_key.removeprefix(PREFIX) if sort_key.startswith(PREFIX) else None


def group_item(group: Group) -> dict[str, AttributeValueTypeDef]:
    """The group as an item of the trades' table."""
    return {**_GROUPS.item(group), **group_key(group.user_id, group.group_id)}


def group_of(item: Mapping[str, Any]) -> Group:
    """The group that the item holds."""
    return _GROUPS.instance(item)


def get(user_id: str, group_id: str) -> Group:
    """The group as it is stored now. Raises GroupNotFound, Busy."""
    item = get_item(trades_table(), group_key(user_id, group_id))
    if not item:
        raise GroupNotFound(group_id)
    return group_of(item)


def several(user_id: str, group_ids: Collection[str]) -> list[Group]:
    """Those of the groups that exist, as they stand now, in any order. Raises Busy."""
    keys = [group_key(user_id, group_id) for group_id in group_ids]
    return [group_of(item) for item in batch_get(trades_table(), keys, ConsistentRead=True)]


def page(user_id: str, *, limit: int, after: str | None = None) -> tuple[list[Group], bool]:
    """At most `limit` groups of the user in the order of their ids, from behind the group `after`.

    And whether there are more. Raises Busy.
    """
    query = {
        "TableName": trades_table(),
        "KeyConditionExpression": "userId = :user AND begins_with(tradeId, :prefix)",
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":prefix": {"S": PREFIX}},
        "ConsistentRead": True,
    }
    found, has_more = page_of_list(query, limit, None if after is None else group_key(user_id, after))
    return [group_of(item) for item in found], has_more


def every(user_id: str) -> Iterator[Group]:
    """All groups of the user in the order of their ids, a page in memory at a time. Raises Busy."""
    after, has_more = None, True
    while has_more:
        found, has_more = page(user_id, limit=_PAGE, after=after)
        yield from found
        after = found[-1].group_id if found else after


def memberships(user_id: str, trade_ids: Collection[str]) -> dict[str, Membership]:
    """Version, group, account and currency of those of the trades that exist. Raises Busy."""
    found = batch_get(
        trades_table(),
        [trade_key(user_id, trade_id) for trade_id in trade_ids],
        ConsistentRead=True,
        ProjectionExpression="tradeId, openDate, groupId, #version, accountId, currency",
        ExpressionAttributeNames={"#version": "version"},
    )
    return {
        item["tradeId"]["S"]: Membership(
            int(item["version"]["N"]), *(item.get(name, {}).get("S") for name in ("groupId", "accountId", "currency"))
        )
        for item in found
        if is_trade(item)
    }


def put(group: Group, expected_version: int | None, *, joining: Mapping[str, int], leaving: Mapping[str, int]) -> None:
    """Store the group in place of its expected version, None for a new one, and let trades join and leave it.

    `joining` and `leaving` are at most MOST_CHANGES trades together, each with the version that was read. Raises
    VersionMismatch when the group or one of these trades was changed since; AccountErased, Busy.
    """
    condition = absent("tradeId") if expected_version is None else at_version(expected_version)
    write: Any = {"Put": {"TableName": trades_table(), "Item": group_item(group), **condition}}
    _write(group, write, joining, leaving, group.updated_at)


def delete(group: Group, *, leaving: Mapping[str, int], now: datetime) -> None:
    """Delete the group at its version, and let trades leave it. Raises as `put` does."""
    deletion: Any = {
        "TableName": trades_table(),
        "Key": group_key(group.user_id, group.group_id),
        **at_version(group.version),
    }
    _write(group, {"Delete": deletion}, {}, leaving, now)


def _write(group: Group, write: Any, joining: Mapping[str, int], leaving: Mapping[str, int], now: datetime) -> None:
    members = [_member(group, trade_id, version, now, joins=True) for trade_id, version in joining.items()]
    members += [_member(group, trade_id, version, now, joins=False) for trade_id, version in leaving.items()]
    actions: list[TransactWriteItemTypeDef] = [{"ConditionCheck": erasure_marks.not_begun(group.user_id)}, write]
    actions += [{"Update": update} for update in members]
    of_account, *others = transact(actions, retry_conflicts=False)
    if of_account.get("Code") == CONDITION_FAILED:
        raise AccountErased(group.user_id)
    if of_account or any(others):
        raise VersionMismatch(group.group_id)


def _member(group: Group, trade_id: str, version: int, now: datetime, *, joins: bool) -> Any:
    """Lets a trade at that version name the group, or name it no more."""
    change = "SET #version = :next, updatedAt = :now" + (", groupId = :group" if joins else " REMOVE groupId")
    values = {
        ":next": {"N": str(version + 1)},
        ":now": {"S": now.isoformat()},
        **({":group": {"S": group.group_id}} if joins else {}),
    }
    return {
        "TableName": trades_table(),
        "Key": trade_key(group.user_id, trade_id),
        "UpdateExpression": change,
        **at_version(version, values=values),
    }

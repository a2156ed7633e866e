"""Single trades. Every write is conditional, so that no change is lost, repeated or overwritten."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from handlers.journal.deletions import DeletedTrade, restored
from handlers.journal.trade import Trade
from handlers.storage import erasure_marks, kept_answers, trade_defaults, trading_accounts
from handlers.storage.clients import trades_table
from handlers.storage.dynamo import CONDITION_FAILED, absent, at_version, batch_get, get_item, is_absent, transact
from handlers.storage.errors import (
    AccountClosing,
    AccountErased,
    Contended,
    DeletedTradeNotFound,
    ExternalIdTaken,
    StorageError,
    TradeNotFound,
    VersionMismatch,
)
from handlers.storage.groups import group_key, group_of
from handlers.storage.trade_defaults import Taken
from handlers.storage.trade_items import (
    KeptAnswer,
    answer_key,
    answer_of,
    deleted_item,
    deleted_key,
    deleted_trade_of,
    external_item,
    external_key,
    has_expired,
    is_trade,
    trade_item,
    trade_key,
    trade_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef


def create(trade: Trade, answer: KeptAnswer | None = None, taken: Taken | None = None) -> KeptAnswer | None:
    """Store a new trade and, in the same transaction, its external id and the answer kept for its idempotency key.

    The transaction also checks the account in which the trade lies, unless that is the one that every user has.
    taken: what the trade took of settings and account. Returns None when this call stored the trade, and the answer
    kept earlier when the same request did: then nothing is written. Raises KeyReused, ExternalIdTaken, NoSuchAccount,
    AccountClosing, AccountErased, Busy; DefaultsDiffer when settings or account say something else than it took;
    VersionMismatch when the trade's id is taken.
    """
    put: PutTypeDef = {**_put(trade), **absent("tradeId")}
    external_ids = [take_external_id(trade)] if trade.external_id is not None else []
    return _store(trade, {"Put": put}, answer, external_ids, is_new=True, into=trade.account_id, taken=taken)


def replace(
    trade: Trade, expected_version: int, answer: KeptAnswer | None = None, *, former: Trade | None = None
) -> KeptAnswer | None:
    """Store a changed trade in place of its expected version; answers are kept and given back as for `create`.

    former: the trade at the expected version, where its external id or its account may be another; the same transaction
    then moves it. Raises TradeNotFound, KeyReused, ExternalIdTaken, NoSuchAccount, AccountClosing, AccountErased, Busy;
    VersionMismatch also when another change is being made at this moment.
    """
    into = trade.account_id if former is not None and former.account_id != trade.account_id else None
    moved: list[TransactWriteItemTypeDef] = []
    if former is not None and former.external_id != trade.external_id:
        moved += [take_external_id(trade)] if trade.external_id is not None else []
        moved += [_free(former)] if former.external_id is not None else []
    return _store(trade, {"Put": {**_put(trade), **at_version(expected_version)}}, answer, moved, into=into)


def keep_answer(trade: Trade, answer: KeptAnswer) -> KeptAnswer | None:
    """Keep the answer to a request that changes nothing of the trade, if the trade is still at its version.

    Raises as `replace` does.
    """
    check: Any = {
        "TableName": trades_table(),
        "Key": trade_key(trade.user_id, trade.trade_id),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **at_version(trade.version),
    }
    return _store(trade, {"ConditionCheck": check}, answer, ())


def get(user_id: str, trade_id: str) -> Trade:
    """The trade as it is stored now. Raises TradeNotFound, Busy."""
    item = get_item(trades_table(), trade_key(user_id, trade_id))
    if not is_trade(item):
        raise TradeNotFound(trade_id)
    return trade_of(item)


def several(user_id: str, trade_ids: Collection[str]) -> list[Trade]:
    """Those of the trades that exist, as they stand now, in any order. Raises Busy."""
    keys = [trade_key(user_id, trade_id) for trade_id in trade_ids]
    return [trade_of(item) for item in batch_get(trades_table(), keys, ConsistentRead=True) if is_trade(item)]


def get_with_answer(
    user_id: str, trade_id: str, *, key: str, fingerprint: str, now: datetime
) -> tuple[Trade | None, KeptAnswer | None]:
    """The trade as it is stored now and the answer kept for the key, in one request. An answer outlives its trade.

    Raises KeyReused when the answer belongs to a request with another fingerprint; Busy.
    """
    wanted_answer = answer_key(user_id, key)
    trade = answer = None
    for item in batch_get(trades_table(), [trade_key(user_id, trade_id), wanted_answer], ConsistentRead=True):
        if item["tradeId"] == wanted_answer["tradeId"]:
            answer = kept_answers.of_the_same_request(answer_of(item, key, now), fingerprint)
        elif is_trade(item):
            trade = trade_of(item)
    return trade, answer


def delete(trade: Trade, now: datetime) -> None:
    """Delete the trade, which has to be at this version still, keep it among the deleted ones and free its external id.

    Raises TradeNotFound, VersionMismatch, AccountErased, Busy.
    """
    deletion: Any = {
        "TableName": trades_table(),
        "Key": trade_key(trade.user_id, trade.trade_id),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **at_version(trade.version),
    }
    kept = deleted_item(DeletedTrade(trade=trade, deleted_at=now))
    actions: list[TransactWriteItemTypeDef] = [
        {"Delete": deletion},
        {"ConditionCheck": erasure_marks.not_begun(trade.user_id)},
        {"Put": {"TableName": trades_table(), "Item": kept}},
    ]
    if trade.external_id is not None:
        actions.append(_free(trade))
    of_trade, of_account, *_ = transact(actions)
    if of_account:
        raise AccountErased(trade.user_id)
    if of_trade:
        raise refusal(of_trade.get("Item", {}), trade.trade_id)


def restore(user_id: str, trade_id: str, now: datetime) -> Trade:
    """Bring back a trade that was deleted. One that is back already is returned as it is.

    It is in its group again if that still names it. Raises DeletedTradeNotFound; ExternalIdTaken when another trade has
    its external id by now; AccountClosing when its account is being deleted; VersionMismatch when another request
    changes what is kept, or the group, at this moment; TradeNotFound, AccountErased, Busy.
    """
    kept = get_item(trades_table(), deleted_key(user_id, trade_id))
    if not kept or has_expired(kept, now):
        try:
            return get(user_id, trade_id)  # read after the other: what is not among the deleted any more is back
        except TradeNotFound:
            raise DeletedTradeNotFound(trade_id) from None
    trade, of_group = _in_its_group(restored(deleted_trade_of(kept), now))
    put: PutTypeDef = {**_put(trade), **absent("tradeId")}
    forget: TransactWriteItemTypeDef = {
        "Delete": {
            "TableName": trades_table(),
            "Key": deleted_key(user_id, trade_id),
            "ConditionExpression": "deletedAt = :deletedAt",
            "ExpressionAttributeValues": {":deletedAt": kept["deletedAt"]},
        }
    }
    into = [] if trade.account_id is None else [trading_accounts.lies_in(user_id, trade.account_id)]
    taken = [take_external_id(trade)] if trade.external_id is not None else []
    of_trade, of_account, of_deleted, *others = transact(
        [{"Put": put}, {"ConditionCheck": erasure_marks.not_begun(user_id)}, forget, *into, *of_group, *taken]
    )
    others, of_target = others[len(into) :], others[: len(into)]
    if of_account:
        raise AccountErased(user_id)
    if of_trade:  # back by another request, or by an operator who restored the table
        transact([forget])
        return get(user_id, trade_id)
    if any(of_target):
        if of_target[0].get("Item"):
            raise AccountClosing(trade_id)
        raise DeletedTradeNotFound(trade_id)
    if of_deleted or any(others[: len(of_group)]):
        raise VersionMismatch(trade_id)
    if any(others):
        raise ExternalIdTaken(others[-1]["Item"]["ofTrade"]["S"])
    return trade


def _in_its_group(trade: Trade) -> tuple[Trade, list[TransactWriteItemTypeDef]]:
    """The trade, without its group if that names it no more; and the check that the group stays as it is. Raises
    Busy.
    """
    if trade.group_id is None:
        return trade, []
    key = group_key(trade.user_id, trade.group_id)
    item = get_item(trades_table(), key)
    if not item or trade.trade_id not in group_of(item).trade_ids:
        return dataclasses.replace(trade, group_id=None), []
    check: Any = {"TableName": trades_table(), "Key": key, **at_version(group_of(item).version)}
    return trade, [{"ConditionCheck": check}]


def _put(trade: Trade) -> PutTypeDef:
    return {
        "TableName": trades_table(),
        "Item": trade_item(trade),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def has_external_id(user_id: str, external_id: str) -> bool:
    """Whether a trade of the user has the external id now. Raises Busy."""
    return bool(get_item(trades_table(), external_key(user_id, external_id)))


def take_external_id(trade: Trade) -> TransactWriteItemTypeDef:
    """The write that keeps the trade's external id for it, if no other trade has it."""
    put: Any = {
        "TableName": trades_table(),
        "Item": external_item(trade.user_id, str(trade.external_id), trade.trade_id),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **absent("tradeId"),
    }
    return {"Put": put}


def keep_external_id(trade: Trade) -> TransactWriteItemTypeDef:
    """The same, also if the trade has it already."""
    put: Any = {
        "TableName": trades_table(),
        "Item": external_item(trade.user_id, str(trade.external_id), trade.trade_id),
        "ConditionExpression": f"{is_absent('tradeId')} OR ofTrade = :trade",
        "ExpressionAttributeValues": {":trade": {"S": trade.trade_id}},
    }
    return {"Put": put}


def _free(trade: Trade) -> TransactWriteItemTypeDef:
    """The write that lets other trades have the external id of this one."""
    return {"Delete": {"TableName": trades_table(), "Key": external_key(trade.user_id, str(trade.external_id))}}


def _store(
    trade: Trade,
    written: TransactWriteItemTypeDef,
    answer: KeptAnswer | None,
    external_ids: Sequence[TransactWriteItemTypeDef],
    *,
    is_new: bool = False,
    into: str | None = None,
    is_first: bool = False,
    taken: Taken | None = None,
) -> KeptAnswer | None:
    now, user_id = trade.updated_at, trade.user_id
    of_user: TransactWriteItemTypeDef = {"ConditionCheck": erasure_marks.not_begun(user_id)}
    if taken is not None:
        of_user = trade_defaults.agree(user_id, taken, trade.account_id)
    actions: list[TransactWriteItemTypeDef] = [written, of_user, *external_ids]
    if into is not None:
        actions.append(trading_accounts.lies_in(user_id, into, is_first=is_first, taken=taken))
    if answer is not None:
        actions.append(kept_answers.keep(trade.user_id, answer, now))
    # A change in conflict with another is not repeated as it is: the other has most likely made a new version.
    failed = transact(actions, retry_conflicts=is_new)
    if not any(failed):
        return None
    of_trade, of_account, *others = failed
    if answer is not None and (kept := kept_answers.kept(trade.user_id, answer, now)) is not None:
        return None if kept == answer else kept
    if of_account.get("Code") == CONDITION_FAILED:
        mark = of_account.get("Item", {})
        if taken is None or erasure_marks.says_so(mark):
            raise AccountErased(user_id)
        raise trade_defaults.differ(user_id, taken, trade.account_id, mark)
    if of_trade.get("Code") == CONDITION_FAILED:
        raise refusal(of_trade.get("Item", {}), trade.trade_id)
    for of_id in others[: len(external_ids)]:
        if of_id.get("Code") == CONDITION_FAILED:
            raise ExternalIdTaken(of_id["Item"]["ofTrade"]["S"])
    if into is not None and (of_target := others[len(external_ids)]).get("Code") == CONDITION_FAILED:
        stored = of_target.get("Item")
        if (error := trading_accounts.refusal(into, stored)) is not None:
            raise error
        if taken is not None:
            differs = trade_defaults.account_differs(user_id, taken, trading_accounts.account_of(stored))
            if differs is not None:
                raise differs
        return _store(trade, written, answer, external_ids, is_new=is_new, into=into, is_first=True, taken=taken)
    if not is_new:
        raise VersionMismatch(trade.trade_id)
    raise Contended  # the kept answer expired between the write and the read


def refusal(stored: Mapping[str, Any], trade_id: str) -> StorageError:
    """The error for a condition on a trade that failed, by the item that is stored under its key."""
    return VersionMismatch(trade_id) if is_trade(stored) else TradeNotFound(trade_id)

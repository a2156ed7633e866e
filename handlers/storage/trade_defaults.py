"""What a new trade takes from settings and accounts where its request names nothing.

To record a trade takes one transaction, and reads nothing. So each mark of the user (erasure_marks.py), of which the
transaction checks one anyway, also says what differs from the usual defaults: the account, the lot method of the
settings, and that of the account that every user has. A trade is written on the condition that its mark, and its
account, say what it took. Where they say something else, it is made again with that; what they said last is remembered,
so that the next trade of the same user takes it at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from handlers.journal.positions import LotMethod
from handlers.journal.settings import MAIN, Settings, TradeDefaults
from handlers.storage import erasure_marks
from handlers.storage.clients import trades_table
from handlers.storage.dynamo import is_absent
from handlers.storage.errors import VersionMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from handlers.journal.trading_accounts import TradingAccount

_ACCOUNT, _METHOD, _METHOD_OF_MAIN = "defaultAccountId", "lotMethod", "mainLotMethod"

_USUAL = TradeDefaults()
# By user and the account that the request names.
_remembered: dict[tuple[str, str | None], TradeDefaults] = {}
_MOST_REMEMBERED = 1_000


class Taken(NamedTuple):
    """What a new trade took, since its request names no account, no lot method, or neither."""

    defaults: TradeDefaults
    account: bool
    lot_method: bool


class DefaultsDiffer(VersionMismatch):
    """Raised when settings or account say something else than the trade took; it is remembered."""


def remembered(user_id: str, account_id: str | None) -> TradeDefaults:
    """What settings and account said last, which may have changed since; the usual defaults, if they said nothing.

    account_id: the account that the request names.
    """
    return _remembered.get((user_id, account_id), _USUAL)


def forget() -> None:
    """Forget what settings and accounts said."""
    _remembered.clear()


def agree(user_id: str, taken: Taken, account_id: str | None) -> TransactWriteItemTypeDef:
    """The condition of a transaction that the user's erasure has not begun and that the settings say what was taken.

    account_id: the account of the trade, None for the one that every user has.
    """
    check: Any = erasure_marks.not_begun(user_id)
    check["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    wanted: dict[str, str | None] = {}
    defaults = taken.defaults
    if taken.account:
        wanted[_ACCOUNT] = _unless(defaults.account_id, MAIN)
    if taken.lot_method:
        if account_id is None:
            wanted[_METHOD_OF_MAIN] = defaults.of_account
        if defaults.of_account is None:
            wanted[_METHOD] = _unless(defaults.lot_method, LotMethod.AVERAGE)
    _say(check, wanted)
    return {"ConditionCheck": check}


def account_says(check: dict[str, Any], taken: Taken) -> None:
    """Add to the check of the account in which a new trade is to lie that its lot method is the one that was taken."""
    if taken.lot_method:
        _say(check, {_METHOD: taken.defaults.of_account})


def _say(check: dict[str, Any], wanted: Mapping[str, str | None]) -> None:
    """Add to a check that the item has these values; None: that it has none."""
    for name, value in wanted.items():
        if value is None:
            check["ConditionExpression"] += f" AND {is_absent(name)}"
        else:
            check["ConditionExpression"] += f" AND {name} = :{name}"
            check.setdefault("ExpressionAttributeValues", {})[f":{name}"] = {"S": value}


def differ(user_id: str, taken: Taken, account_id: str | None, mark: Mapping[str, Any]) -> DefaultsDiffer:
    """Remember what the mark says, which is something else than the trade took."""
    own = account_id or MAIN
    account = _said(mark, _ACCOUNT) or MAIN if taken.account else own
    method = _said(mark, _METHOD)
    if account == MAIN:
        method_of_main = _said(mark, _METHOD_OF_MAIN)
        of_account = None if method_of_main is None else LotMethod(method_of_main)
    else:
        of_account = taken.defaults.of_account if account == own else None
    found = TradeDefaults(account_id=account, lot_method=LotMethod(method or LotMethod.AVERAGE), of_account=of_account)
    return _remember(user_id, taken, account_id, found)


def account_differs(user_id: str, taken: Taken, account: TradingAccount) -> DefaultsDiffer | None:
    """Remember the lot method of the account in which the trade is to lie; None if it is the one that it took."""
    if not taken.lot_method or account.lot_method == taken.defaults.of_account:
        return None
    found = replace(taken.defaults, of_account=account.lot_method)
    return _remember(user_id, taken, account.account_id, found)


def _remember(user_id: str, taken: Taken, account_id: str | None, found: TradeDefaults) -> DefaultsDiffer:
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[user_id, None if taken.account else account_id] = found
    return DefaultsDiffer(user_id)


def tell_settings(changed: Settings, former: Settings) -> list[TransactWriteItemTypeDef]:
    """The writes that tell the user's marks of changed settings; none when nothing differs that a trade takes.

    They fail where the erasure has begun.
    """
    return _told(
        changed.user_id,
        {
            _ACCOUNT: _unless(changed.default_account_id, MAIN),
            _METHOD: _unless(changed.lot_method, LotMethod.AVERAGE),
        },
        {
            _ACCOUNT: _unless(former.default_account_id, MAIN),
            _METHOD: _unless(former.lot_method, LotMethod.AVERAGE),
        },
    )


def tell_account(changed: TradingAccount, former: TradingAccount) -> list[TransactWriteItemTypeDef]:
    """The writes that tell the user's marks of a changed account, if it is the one that every user has."""
    if not changed.is_main:
        return []
    return _told(changed.user_id, {_METHOD_OF_MAIN: changed.lot_method}, {_METHOD_OF_MAIN: former.lot_method})


def _told(
    user_id: str, says: Mapping[str, str | None], said: Mapping[str, str | None]
) -> list[TransactWriteItemTypeDef]:
    changed = {name: value for name, value in says.items() if value != said[name]}
    if not changed:
        return []
    set_ = [f"{name} = :{name}" for name, value in changed.items() if value is not None]
    removed = [name for name, value in changed.items() if value is None]
    update: Any = {
        "TableName": trades_table(),
        "UpdateExpression": " ".join(
            f"{verb} {', '.join(parts)}" for verb, parts in (("SET", set_), ("REMOVE", removed)) if parts
        ),
        "ConditionExpression": erasure_marks.NOT_BEGUN,
    }
    if set_:
        update["ExpressionAttributeValues"] = {
            f":{name}": {"S": str(value)} for name, value in changed.items() if value is not None
        }
    told: list[Any] = [{"Update": {**update, "Key": key}} for key in erasure_marks.mark_keys(user_id)]
    return told


def _unless(value: str, usual: str) -> str | None:
    return None if value == usual else value


def _said(mark: Mapping[str, Any], name: str) -> str | None:
    said: str | None = mark[name]["S"] if name in mark else None
    return said

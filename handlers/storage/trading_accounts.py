"""Trading accounts and settings, in the ledger.

The statistics read them together with the day books: so the table of the statistics has a copy of each, which is
written in the same transaction.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from handlers.journal.settings import MAIN, Settings
from handlers.journal.trading_accounts import MOST_ACCOUNTS, Standing, TradingAccount, main_account
from handlers.storage import ledger
from handlers.storage.clients import ledger_table, stats_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, pages
from handlers.storage.errors import (
    AccountClosing,
    NoSuchAccount,
    StorageError,
    TradingAccountNotFound,
    VersionMismatch,
)
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

_ACCOUNTS = Codec(TradingAccount)
_SETTINGS = Codec(Settings)

# The sort keys of the copies. They sort right before those of the day books, so that one query brings both.
SETTINGS_COPY, ACCOUNT_COPIES = "account-settings", "account|"


class TooManyAccounts(Exception):
    """The user has made as many accounts as one may have."""


def settings(user_id: str) -> Settings:
    """The user's settings; the defaults as long as the user sets nothing. Raises Busy."""
    return _settings_of(user_id, ledger.get(user_id, ledger.SETTINGS))


def get(user_id: str, account_id: str) -> TradingAccount:
    """The account as it is now. Raises TradingAccountNotFound, Busy."""
    return with_settings(user_id, account_id)[0]


def with_settings(user_id: str, account_id: str) -> tuple[TradingAccount, Settings]:
    """The account and the settings as they are now, in one request. Raises TradingAccountNotFound, Busy."""
    found = ledger.several(user_id, [ledger.account(account_id), ledger.SETTINGS])
    own = _settings_of(user_id, found.get(ledger.SETTINGS, {}))
    if (item := found.get(ledger.account(account_id))) is not None:
        return account_of(item), own
    if account_id == MAIN:
        return main_account(own), own
    raise TradingAccountNotFound(account_id)


def every(user_id: str) -> list[TradingAccount]:
    """All accounts of the user, the one that every user has first, the others in the order they were made. Raises
    Busy.
    """
    found = [account_of(item) for item in ledger.below(user_id, ledger.account())]
    if not any(account.is_main for account in found):
        found.append(main_account(settings(user_id)))
    return sorted(found, key=lambda account: (not account.is_main, account.created_at is None, account.created_at))


def create(account: TradingAccount, answer: KeptAnswer | None, now: datetime) -> KeptAnswer | None:
    """Store a new account, unless the same request did. Returns the answer kept for that request, if it did.

    Raises TooManyAccounts, KeyReused, AccountErased, Busy; VersionMismatch when another account is being made.
    """
    made: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(account.user_id, ledger.ACCOUNTS_MADE),
        "UpdateExpression": "ADD #total :one",
        "ConditionExpression": "attribute_not_exists(#total) OR #total < :most",
        "ExpressionAttributeNames": {"#total": "total"},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":most": {"N": str(MOST_ACCOUNTS)}},
    }
    actions: list[TransactWriteItemTypeDef] = [
        {"Update": made},
        ledger.put_new(account_item(account)),
        _copied(account),
    ]
    earlier, reasons = ledger.write_once(account.user_id, actions, answer, now)
    if earlier is not None:
        return earlier
    of_total, *others = reasons
    if of_total.get("Code") == CONDITION_FAILED:
        raise TooManyAccounts
    if of_total or any(others):
        raise VersionMismatch(account.account_id)
    return None


def replace(account: TradingAccount, former: TradingAccount, under: Settings) -> None:
    """Store a changed account in place of the former one. `under` are the settings that were read with it.

    Raises VersionMismatch when either was changed since, or something was put into the account; AccountErased, Busy.
    """
    actions: list[TransactWriteItemTypeDef] = [
        ledger.put(account_item(account), **_as_read(former)),
        _copied(account),
    ]
    if former.created_at is None:  # its currency is that of the settings
        actions.append(_unchanged(under))
    if any(ledger.write(account.user_id, actions)):
        raise VersionMismatch(account.account_id)


def set_closing(account: TradingAccount, closing: bool) -> TradingAccount:
    """Let nothing be put into the account any more, or again. The account as it is then.

    Raises VersionMismatch, AccountErased, Busy.
    """
    changed = dataclasses.replace(account, closing=closing)
    if any(ledger.write(account.user_id, [ledger.put(account_item(changed), **_as_read(account))])):
        raise VersionMismatch(account.account_id)
    return changed


def delete(account: TradingAccount) -> None:
    """Delete the account, as it was read. Raises VersionMismatch, AccountErased, Busy."""
    made: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(account.user_id, ledger.ACCOUNTS_MADE),
        "UpdateExpression": "ADD #total :one",
        "ExpressionAttributeNames": {"#total": "total"},
        "ExpressionAttributeValues": {":one": {"N": "-1"}},
    }
    copy: Any = {"TableName": stats_table(), "Key": _copy_key(account.user_id, ACCOUNT_COPIES + account.account_id)}
    actions: list[TransactWriteItemTypeDef] = [
        ledger.delete(account.user_id, ledger.account(account.account_id), **_as_read(account)),
        {"Update": made},
        {"Delete": copy},
    ]
    if any(ledger.write(account.user_id, actions)):
        raise VersionMismatch(account.account_id)


def put_settings(changed: Settings, former: Settings, main: TradingAccount | None = None) -> None:
    """Store changed settings in place of the former ones, and `main` if that account is to be stored with them.

    Raises VersionMismatch when the settings were changed since, or the account was stored; AccountErased, Busy.
    """
    actions: list[TransactWriteItemTypeDef] = [
        ledger.put({**_SETTINGS.item(changed), **ledger.key(changed.user_id, ledger.SETTINGS)}, **_settings_as(former)),
        {"Put": {"TableName": stats_table(), "Item": settings_copy(changed)}},
    ]
    if main is not None:
        actions += [ledger.put_new(account_item(main)), _copied(main)]
    if any(ledger.write(changed.user_id, actions)):
        raise VersionMismatch(ledger.SETTINGS)


def standing(user_id: str) -> Standing:
    """Settings and accounts as the statistics have them: eventually consistent, in one request. Raises Busy."""
    query = {
        "TableName": stats_table(),
        "KeyConditionExpression": "userId = :user AND statKey BETWEEN :low AND :high",
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":low": {"S": SETTINGS_COPY},
            ":high": {"S": f"{ACCOUNT_COPIES}~"},
        },
    }
    return standing_of(user_id, chain.from_iterable(pages(query)))


def standing_of(user_id: str, copies: Iterable[Any]) -> Standing:
    """Settings and accounts of the items in which the statistics have them."""
    own, accounts = Settings(user_id=user_id), {}
    for item in copies:
        if item["statKey"]["S"] == SETTINGS_COPY:
            own = settings_of(item)
        else:
            account = account_of(item)
            accounts[account.account_id] = account
    return Standing(settings=own, accounts=accounts)


def lies_in(user_id: str, account_id: str, *, is_first: bool = False) -> TransactWriteItemTypeDef:
    """The part of a transaction that puts something into an account: the check that it is there and stays.

    The first thing marks the account as being in use: `is_first` is for whoever `refusal` told that it is not yet. The
    account that every user has needs none of this.
    """
    of_account: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(user_id, ledger.account(account_id)),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    of_account["ExpressionAttributeValues"] = {":true": {"BOOL": True}, ":false": {"BOOL": False}}
    if is_first:
        of_account |= {"UpdateExpression": "SET inUse = :true", "ConditionExpression": "closing = :false"}
        return {"Update": of_account}
    of_account["ConditionExpression"] = "inUse = :true AND closing = :false"
    return {"ConditionCheck": of_account}


def refusal(account_id: str, stored: Any) -> StorageError | None:
    """Why nothing can lie in the account that is stored so; None if it is not in use yet, but can be."""
    if not stored:
        return NoSuchAccount(account_id)
    return AccountClosing(account_id) if account_of(stored).closing else None


def account_item(account: TradingAccount) -> ledger.Item:
    """The account as an item of the ledger."""
    return {**_ACCOUNTS.item(account), **ledger.key(account.user_id, ledger.account(account.account_id))}


def account_of(item: Any) -> TradingAccount:
    """The account that the item holds."""
    return _ACCOUNTS.instance(item)


def settings_of(item: Any) -> Settings:
    """The settings that the item holds."""
    return _SETTINGS.instance(item)


def settings_copy(of_user: Settings) -> ledger.Item:
    """The settings as an item of the statistics' table."""
    return {**_SETTINGS.item(of_user), **_copy_key(of_user.user_id, SETTINGS_COPY)}


def account_copy(account: TradingAccount) -> ledger.Item:
    """The account as an item of the statistics' table."""
    return {**_ACCOUNTS.item(account), **_copy_key(account.user_id, ACCOUNT_COPIES + account.account_id)}


def _copy_key(user_id: str, stat_key: str) -> ledger.Item:
    return {"userId": {"S": user_id}, "statKey": {"S": stat_key}}


def _copied(account: TradingAccount) -> TransactWriteItemTypeDef:
    return {"Put": {"TableName": stats_table(), "Item": account_copy(account)}}


def _settings_of(user_id: str, item: Any) -> Settings:
    return settings_of(item) if item else Settings(user_id=user_id)


def _as_read(account: TradingAccount) -> dict[str, Any]:
    """The condition that the account is stored as it was read, also in what its version does not count."""
    if account.created_at is None:
        return {"ConditionExpression": "attribute_not_exists(#item)", "ExpressionAttributeNames": {"#item": "item"}}
    return {
        "ConditionExpression": "#version = :version AND inUse = :inUse AND closing = :closing",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {
            ":version": {"N": str(account.version)},
            ":inUse": {"BOOL": account.in_use},
            ":closing": {"BOOL": account.closing},
        },
    }


def _settings_as(former: Settings) -> dict[str, Any]:
    """The condition that the settings are stored as they were read."""
    if former.updated_at is None:
        return {"ConditionExpression": "attribute_not_exists(#item)", "ExpressionAttributeNames": {"#item": "item"}}
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(former.version)}},
    }


def _unchanged(under: Settings) -> TransactWriteItemTypeDef:
    check: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(under.user_id, ledger.SETTINGS),
        **_settings_as(under),
    }
    return {"ConditionCheck": check}

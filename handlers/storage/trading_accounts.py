"""Trading accounts and settings, in the ledger.

The statistics read them together with the day books: so the table of the statistics has two copies of each, which are
written in the same transaction. One sorts before the books and one behind them, so that one query brings the copies and
the books up to a day, or the copies and the books from a day on. The comparison of the statistics restores copies that
are wrong.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from handlers.journal.settings import MAIN, Settings
from handlers.journal.trading_accounts import MOST_ACCOUNTS, SettingsAndAccounts, TradingAccount, main_account
from handlers.storage import ledger, trade_defaults
from handlers.storage.clients import ledger_table, stats_table
from handlers.storage.codec import Codec
from handlers.storage.dynamo import CONDITION_FAILED, absent, all_items, at_version, is_absent
from handlers.storage.errors import (
    AccountClosing,
    NoSuchAccount,
    StorageError,
    TradingAccountNotFound,
    VersionMismatch,
)
from handlers.storage.retry import retry_overtaken
from handlers.storage.trade_defaults import Taken
from handlers.storage.trade_items import KeptAnswer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import ConditionCheckTypeDef, TransactWriteItemTypeDef

_ACCOUNTS = Codec(TradingAccount)
_SETTINGS = Codec(Settings)

# The sort keys of the copies before the books; those of the copies behind the books begin with one more prefix.
SETTINGS_COPY, ACCOUNT_COPIES = "account-settings", "account|"
BEHIND_BOOKS = "copy|"
BEHIND_ALL = f"{BEHIND_BOOKS}~"


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
    account, own = among(user_id, account_id, found)
    if account is None:
        raise TradingAccountNotFound(account_id)
    return account, own


def among(user_id: str, account_id: str, found: Mapping[str, Any]) -> tuple[TradingAccount | None, Settings]:
    """The account, None if there is none, and the settings of what `ledger.several` found."""
    own = _settings_of(user_id, found.get(ledger.SETTINGS, {}))
    if (item := found.get(ledger.account(account_id))) is not None:
        return account_of(item), own
    return (main_account(own) if account_id == MAIN else None), own


def every(user_id: str) -> list[TradingAccount]:
    """All accounts of the user, the one that every user has first, the others in the order they were made. Raises
    Busy.
    """
    found = [account_of(item) for item in ledger.below(user_id, ledger.account())]
    if not any(account.is_main for account in found):
        found.append(main_account(settings(user_id)))
    return sorted(found, key=lambda account: (not account.is_main, account.created_at is None, account.created_at))


def ids_in_use(user_id: str) -> list[str]:
    """The ids of the accounts in which something may lie. Raises Busy."""
    found = (account_of(item) for item in ledger.below(user_id, ledger.account()))
    return [MAIN, *(account.account_id for account in found if account.in_use and not account.is_main)]


def create(account: TradingAccount, answer: KeptAnswer | None, now: datetime) -> KeptAnswer | None:
    """Store a new account, unless the same request did. Returns the answer kept for that request, if it did.

    Raises TooManyAccounts, KeyReused, AccountErased, Busy; VersionMismatch when another account is being made.
    """
    made: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(account.user_id, ledger.ACCOUNTS_MADE),
        "UpdateExpression": "ADD #total :one",
        "ConditionExpression": f"{is_absent('#total')} OR #total < :most",
        "ExpressionAttributeNames": {"#total": "total"},
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":most": {"N": str(MOST_ACCOUNTS)}},
    }
    actions: list[TransactWriteItemTypeDef] = [
        {"Update": made},
        ledger.put_new(account_item(account)),
        *_copied(account),
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


def restore(account: TradingAccount, under: Settings) -> None:
    """Store an account as it was in another journal, unless one of its id is stored. `under` are the settings that were
    read before.

    The account that every user has is stored in place of the one that settings make. Raises VersionMismatch when the
    settings were changed since; AccountErased, Busy.
    """
    actions = [ledger.put_new(account_item(account)), *_copied(account)]
    marks = trade_defaults.tell_account(account, main_account(under)) if account.is_main else []
    if account.is_main:
        actions.append(_unchanged(under))
    of_account, *others = ledger.write(account.user_id, actions, retry_conflicts=True, marks=marks)
    if any(others) and not of_account:
        raise VersionMismatch(account.account_id)


def set_in_use(user_id: str, account_id: str) -> None:
    """Say that something lies in the account. Raises VersionMismatch when it is gone or being deleted; AccountErased,
    Busy.
    """
    if any(ledger.write(user_id, [lies_in(user_id, account_id, is_first=True)], retry_conflicts=True)):
        raise VersionMismatch(account_id)


def set_made(user_id: str, total: int) -> None:
    """Say how many accounts the user has made. Raises AccountErased, Busy."""
    item: ledger.Item = {**ledger.key(user_id, ledger.ACCOUNTS_MADE), "total": {"N": str(total)}}
    ledger.write(user_id, [ledger.put(item)], retry_conflicts=True)


def replace(account: TradingAccount, former: TradingAccount, under: Settings) -> None:
    """Store a changed account in place of the former one. `under` are the settings that were read with it.

    Raises VersionMismatch when either was changed since, or something was put into the account; AccountErased, Busy.
    """
    actions: list[TransactWriteItemTypeDef] = [
        ledger.put(account_item(account), **_as_read(former)),
        *_copied(account),
    ]
    if former.created_at is None:  # its currency is that of the settings
        actions.append(_unchanged(under))
    if any(ledger.write(account.user_id, actions, marks=trade_defaults.tell_account(account, former))):
        raise VersionMismatch(account.account_id)


def set_closing(account: TradingAccount, closing: bool) -> TradingAccount:
    """Let nothing be put into the account any more, or again. The account as it is then.

    Raises VersionMismatch, AccountErased, Busy.
    """
    changed = dataclasses.replace(account, closing=closing)
    if any(ledger.write(account.user_id, [ledger.put(account_item(changed), **_as_read(account))])):
        raise VersionMismatch(account.account_id)
    return changed


def set_erasing(account: TradingAccount, under: Settings) -> TradingAccount:
    """Let nothing be put into the account any more, for good. `under` are the settings that were read with it, which do
    not name it. The account as it is then.

    Raises VersionMismatch when either was changed since; AccountErased, Busy.
    """
    changed = dataclasses.replace(account, closing=True, erasing=True)
    actions = [ledger.put(account_item(changed), **_as_read(account)), _unchanged(under)]
    if any(ledger.write(account.user_id, actions)):
        raise VersionMismatch(account.account_id)
    return changed


def delete(account: TradingAccount, under: Settings) -> None:
    """Delete the account, as it was read. `under` are the settings that were read with it, which do not name it.

    Raises VersionMismatch when either was changed since; AccountErased, Busy.
    """
    made: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(account.user_id, ledger.ACCOUNTS_MADE),
        "UpdateExpression": "ADD #total :one",
        "ExpressionAttributeNames": {"#total": "total"},
        "ExpressionAttributeValues": {":one": {"N": "-1"}},
    }
    actions: list[TransactWriteItemTypeDef] = [
        ledger.delete(account.user_id, ledger.account(account.account_id), **_as_read(account)),
        {"Update": made},
        *_not_copied(account.user_id, ACCOUNT_COPIES + account.account_id),
        _unchanged(under),
    ]
    if any(ledger.write(account.user_id, actions)):
        raise VersionMismatch(account.account_id)


def forget_main(account: TradingAccount, under: Settings) -> None:
    """Let the account that every user has, as it was read, be as if it had never been changed. `under` are the settings
    that were read with it. Raises VersionMismatch when either was changed since; AccountErased, Busy.
    """
    actions = [
        ledger.delete(account.user_id, ledger.account(MAIN), **_as_read(account)),
        *_not_copied(account.user_id, ACCOUNT_COPIES + MAIN),
        _unchanged(under),
    ]
    marks = trade_defaults.tell_account(main_account(under), account)
    if any(ledger.write(account.user_id, actions, marks=marks)):
        raise VersionMismatch(MAIN)


def put_settings(changed: Settings, former: Settings, main: TradingAccount | None = None) -> None:
    """Store changed settings in place of the former ones, and `main` if that account is to be stored with them.

    Raises VersionMismatch when the settings were changed since, or the account was stored; AccountErased, Busy.
    """
    actions: list[TransactWriteItemTypeDef] = [
        ledger.put({**_SETTINGS.item(changed), **ledger.key(changed.user_id, ledger.SETTINGS)}, **_settings_as(former)),
        *_copied(changed),
    ]
    if main is not None:
        actions += [ledger.put_new(account_item(main)), *_copied(main)]
    default = changed.default_account_id
    if default not in (former.default_account_id, MAIN):
        actions.append(can_be_used(changed.user_id, default))
    if any(ledger.write(changed.user_id, actions, marks=trade_defaults.tell_settings(changed, former))):
        raise VersionMismatch(ledger.SETTINGS)


def settings_and_accounts(user_id: str) -> SettingsAndAccounts:
    """Settings and accounts as the statistics have them: eventually consistent, in one request. Raises Busy."""
    return settings_and_accounts_of(user_id, _copies_between(user_id, SETTINGS_COPY, f"{ACCOUNT_COPIES}~"))


def settings_and_accounts_of(user_id: str, copies: Iterable[Any]) -> SettingsAndAccounts:
    """Settings and accounts of the items in which the statistics have them: the copies before or behind the books."""
    own, accounts = Settings(user_id=user_id), {}
    for item in copies:
        if _copied_as(item) == SETTINGS_COPY:
            own = settings_of(item)
        else:
            account = account_of(item)
            accounts[account.account_id] = account
    return SettingsAndAccounts(settings=own, accounts=accounts)


def lies_in(
    user_id: str, account_id: str, *, is_first: bool = False, taken: Taken | None = None
) -> TransactWriteItemTypeDef:
    """The part of a transaction that puts something into an account: the check that it is there and stays.

    is_first: also set `inUse` (pass it after `refusal` returned None). taken: what a new trade took, also of the
    account. The account that every user has needs none of this.
    """
    of_account: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(user_id, ledger.account(account_id)),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    of_account["ExpressionAttributeValues"] = {":true": {"BOOL": True}, ":false": {"BOOL": False}}
    of_account["ConditionExpression"] = "closing = :false" if is_first else "inUse = :true AND closing = :false"
    if taken is not None:
        trade_defaults.account_says(of_account, taken)
    if is_first:
        of_account["UpdateExpression"] = "SET inUse = :true"
    return {"Update": of_account} if is_first else {"ConditionCheck": of_account}


def can_be_used(user_id: str, account_id: str) -> TransactWriteItemTypeDef:
    """The part of a transaction that checks that the account exists and is not being deleted."""
    check: ConditionCheckTypeDef = {
        "TableName": ledger_table(),
        "Key": ledger.key(user_id, ledger.account(account_id)),
        "ConditionExpression": "closing = :false",
        "ExpressionAttributeValues": {":false": {"BOOL": False}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return {"ConditionCheck": check}


def refusal(account_id: str, stored: Any) -> StorageError | None:
    """The error of an account that takes no new contents, by its stored item; None if it only lacks `inUse`."""
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


# The copies


def copies_differ(user_id: str, copies: Iterable[Any]) -> bool:
    """Whether these, all copies of the user, say anything else than the ledger does now. Raises Busy."""
    return bool(_differing(_in_ledger(user_id), copies))


def restore_copies(user_id: str) -> int:
    """Make the copies what the ledger says. Returns of how many things they were wrong. Raises AccountErased, Busy."""
    return retry_overtaken(lambda: _restore(user_id))


def _restore(user_id: str) -> int:
    of_ledger = _in_ledger(user_id)
    ends = ((SETTINGS_COPY, f"{ACCOUNT_COPIES}~"), (BEHIND_BOOKS, BEHIND_ALL))
    found = chain.from_iterable(_copies_between(user_id, low, high, consistent=True) for low, high in ends)
    differing = _differing(of_ledger, found)
    for name in sorted(differing):
        if any(ledger.write(user_id, _restored(user_id, name, of_ledger.get(name)))):
            raise VersionMismatch(name)
    return len(differing)


def _restored(user_id: str, name: str, of_ledger: Settings | TradingAccount | None) -> list[TransactWriteItemTypeDef]:
    """The writes of both copies, on the condition that the ledger still says what was read."""
    item = ledger.SETTINGS if name == SETTINGS_COPY else name
    check: Any = {"TableName": ledger_table(), "Key": ledger.key(user_id, item)}
    if of_ledger is None:
        check |= absent("#item")
        return [{"ConditionCheck": check}, *_not_copied(user_id, name)]
    check |= _settings_as(of_ledger) if isinstance(of_ledger, Settings) else _as_read(of_ledger)
    return [{"ConditionCheck": check}, *_copied(of_ledger)]


def _in_ledger(user_id: str) -> dict[str, Settings | TradingAccount]:
    """What the ledger has, as it stands now, by the sort keys of the copies before the books. Raises Busy."""
    found: dict[str, Settings | TradingAccount] = {
        ACCOUNT_COPIES + account.account_id: account
        for account in map(account_of, ledger.below(user_id, ledger.account()))
    }
    if item := ledger.get(user_id, ledger.SETTINGS):
        found[SETTINGS_COPY] = settings_of(item)
    return found


def _differing(of_ledger: Mapping[str, Settings | TradingAccount], copies: Iterable[Any]) -> set[str]:
    """The sort keys, before the books, of copies that are wrong, missing or left over, at either end."""
    wanted = {place + name: _as_copied(one) for name, one in of_ledger.items() for place in ("", BEHIND_BOOKS)}
    wrong = set()
    for item in copies:
        try:
            copied = _as_copied(settings_of(item) if _copied_as(item) == SETTINGS_COPY else account_of(item))
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            copied = None
        if copied is None or wanted.pop(item["statKey"]["S"], None) != copied:
            wrong.add(_copied_as(item))
    return wrong | {name.removeprefix(BEHIND_BOOKS) for name in wanted}


def _as_copied(one: Settings | TradingAccount) -> Settings | TradingAccount:
    """What the copy has to say: the marks of an account that only the ledger keeps are left out."""
    return one if isinstance(one, Settings) else dataclasses.replace(one, in_use=False, closing=False, erasing=False)


def _copied_as(item: Any) -> str:
    """What the item is a copy of: the sort key of the copy before the books."""
    stat_key: str = item["statKey"]["S"]
    return stat_key.removeprefix(BEHIND_BOOKS)


def _copies_between(user_id: str, low: str, high: str, *, consistent: bool = False) -> Iterator[Any]:
    query: Any = {
        "TableName": stats_table(),
        "KeyConditionExpression": "userId = :user AND statKey BETWEEN :low AND :high",
        "ExpressionAttributeValues": {":user": {"S": user_id}, ":low": {"S": low}, ":high": {"S": high}},
        "ConsistentRead": consistent,
    }
    return all_items(query)


def _copy_keys(user_id: str, name: str) -> list[ledger.Item]:
    return [{"userId": {"S": user_id}, "statKey": {"S": place + name}} for place in ("", BEHIND_BOOKS)]


def _copied(one: Settings | TradingAccount) -> list[TransactWriteItemTypeDef]:
    """The writes of both copies."""
    if isinstance(one, Settings):
        name, item = SETTINGS_COPY, _SETTINGS.item(one)
    else:
        name, item = ACCOUNT_COPIES + one.account_id, _ACCOUNTS.item(one)
    return [
        {"Put": {"TableName": stats_table(), "Item": {**item, **copy_key}}}
        for copy_key in _copy_keys(one.user_id, name)
    ]


def _not_copied(user_id: str, name: str) -> list[TransactWriteItemTypeDef]:
    """The deletions of both copies."""
    return [{"Delete": {"TableName": stats_table(), "Key": copy_key}} for copy_key in _copy_keys(user_id, name)]


def _settings_of(user_id: str, item: Any) -> Settings:
    return settings_of(item) if item else Settings(user_id=user_id)


def _as_read(account: TradingAccount) -> Any:
    """The condition that the account is stored as it was read, also in what its version does not count."""
    if account.created_at is None:
        return absent("#item")
    marks = {"inUse": account.in_use, "closing": account.closing, "erasing": account.erasing}
    return at_version(
        account.version,
        *(f"{name} = :{name}" for name in marks),
        values={f":{name}": {"BOOL": is_set} for name, is_set in marks.items()},
    )


def _settings_as(former: Settings) -> Any:
    """The condition that the settings are stored as they were read."""
    return absent("#item") if former.updated_at is None else at_version(former.version)


def _unchanged(under: Settings) -> TransactWriteItemTypeDef:
    check: Any = {
        "TableName": ledger_table(),
        "Key": ledger.key(under.user_id, ledger.SETTINGS),
        **_settings_as(under),
    }
    return {"ConditionCheck": check}

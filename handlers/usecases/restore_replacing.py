"""Writes things of an archive in place of others of their ids, one by one.

Each is written at the next version of what it replaces, and only if that is what was planned. If it is written already,
nothing is done: so all of it can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from handlers.documents import exported
from handlers.documents.import_mappings import mapping_document
from handlers.documents.ledger import cash_document, settings_document
from handlers.journal import cash as journal
from handlers.journal.groups import Group
from handlers.journal.merges import DocumentChange
from handlers.journal.settings import Settings
from handlers.journal.trade import Image, Trade
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import cash, groups, mappings, trades, trading_accounts
from handlers.storage.errors import CashNotFound, GroupNotFound, MappingNotFound, TradeNotFound, VersionMismatch
from handlers.storage.groups import MOST_CHANGES
from handlers.storage.mappings import StoredMapping
from handlers.usecases.journal_things import content_hash


def _is_to_do(change: DocumentChange, stored: Mapping[str, Any]) -> bool:
    """Whether the stored document is still the one to replace; False if its replacement is written already.

    Raises VersionMismatch if it is neither.
    """
    found = content_hash(stored)
    if found not in (change.before_hash, change.after):
        raise VersionMismatch(change.id)
    return found != change.after


def settings(change: DocumentChange, wanted: Settings, stored: Settings, *, exactly: bool) -> None:
    """Store the settings in place of others, or of none. exactly: with their version, as in an equal journal."""
    was_set = stored.updated_at is not None
    if was_set and not _is_to_do(change, settings_document(stored)):
        return
    if was_set and not exactly:
        wanted = replace(wanted, version=stored.version + 1, updated_at=datetime.now(UTC))
    trading_accounts.put_settings(wanted, stored)


def account(change: DocumentChange, wanted: TradingAccount, stored: TradingAccount, under: Settings) -> None:
    """Store the account in place of another one."""
    if _is_to_do(change, exported.exported_account(stored)):
        kept = {name: getattr(stored, name) for name in ("in_use", "closing", "erasing")}
        changed = replace(wanted, **kept, version=stored.version + 1, updated_at=datetime.now(UTC))
        trading_accounts.replace(changed, stored, under)


def trade(user: str, change: DocumentChange, wanted: Trade, images: Callable[[Trade], list[Image]]) -> None:
    """Store the trade that was recorded by hand in place of another one, in its group. images: writes the files of the
    trade's images, and returns these with those that are stored.
    """
    try:
        stored = trades.get(user, wanted.trade_id)
    except TradeNotFound:
        raise VersionMismatch(change.id) from None
    if _is_to_do(change, exported.exported_trade(stored)):
        changed = replace(
            wanted,
            images=tuple(images(wanted)),
            group_id=stored.group_id,
            version=stored.version + 1,
            updated_at=datetime.now(UTC),
        )
        trades.replace(changed, stored.version, former=stored)


def cash_row(user: str, change: DocumentChange, wanted: journal.Cash) -> None:
    """Store the row in place of another one."""
    try:
        stored = cash.get(user, wanted.account_id, wanted.cash_id)
    except CashNotFound:
        raise VersionMismatch(change.id) from None
    if _is_to_do(change, cash_document(stored)):
        changed = replace(wanted, version=stored.version + 1, updated_at=datetime.now(UTC))
        cash.write(user, [cash.CashChange(changed, stored)])


def mapping(user: str, change: DocumentChange, wanted: StoredMapping) -> None:
    """Store the mapping in place of another one."""
    try:
        stored = mappings.get(user, wanted.mapping_id)
    except MappingNotFound:
        raise VersionMismatch(change.id) from None
    if _is_to_do(change, mapping_document(stored)):
        mappings.replace(replace(wanted, version=stored.version + 1, updated_at=datetime.now(UTC)), stored)


def group(user: str, change: DocumentChange, wanted: Group) -> None:
    """Let the group, which is stored, have the values and trades that it is to have. A new one keeps its version."""
    try:
        stored = groups.get(user, wanted.group_id)
    except GroupNotFound:
        raise VersionMismatch(change.id) from None
    found = groups.memberships(user, tuple(dict.fromkeys((*wanted.trade_ids, *stored.trade_ids))))
    own = {trade_id for trade_id, one in found.items() if one.group_id == wanted.group_id}
    joining = {one: found[one].version for one in wanted.trade_ids if one in found and one not in own}
    leaving = {one: found[one].version for one in sorted(own - set(wanted.trade_ids))}
    values = (stored.name, stored.strategy, stored.trade_ids) == (wanted.name, wanted.strategy, wanted.trade_ids)
    if values and not joining and not leaving:
        return
    changed = wanted
    if change.before is not None:
        changed = replace(wanted, version=stored.version + 1, updated_at=datetime.now(UTC))
    if len(joining) + len(leaving) > MOST_CHANGES:
        left = replace(stored, trade_ids=tuple(one for one in stored.trade_ids if one not in leaving))
        groups.put(left, stored.version, joining={}, leaving=leaving)
        leaving = {}
    groups.put(changed, stored.version, joining=joining, leaving=leaving)

"""Writes and removes the cash rows of an import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from handlers.imports.record import Import, Phase, Remark
from handlers.journal import cash as rules
from handlers.journal.cash import Cash
from handlers.journal.errors import RuleBroken
from handlers.journal.undoing import EditedPolicy
from handlers.storage import cash as storage
from handlers.storage import executions, trading_accounts
from handlers.storage.errors import NoSuchAccount, TradingAccountNotFound
from handlers.usecases import cash as cash_changes
from handlers.usecases.import_contents import Contents, FiledCash
from handlers.usecases.import_work import Work

# Each row takes two actions of a transaction, and three when it goes: one more forgets that it was edited.
MOST_AT_ONCE, MOST_REMOVED = 45, 32


def write(work: Work, contents: Contents) -> None:
    """Write all cash that is not written yet; rows that exist already are left as they are, and counted.

    Raises Paused, Overtaken, NoSuchAccount, AccountClosing, AccountErased, Busy.
    """
    while work.done(Phase.CASH) < len(contents.cash):
        work.check_time()
        work.attempt(partial(_write, work, contents.cash))


def _write(work: Work, filed: Sequence[FiledCash]) -> Import:
    now, begin = datetime.now(UTC), work.done(Phase.CASH)
    some = filed[begin : begin + MOST_AT_ONCE]
    try:
        account = trading_accounts.get(work.user, work.account_id)
    except TradingAccountNotFound:
        raise NoSuchAccount(work.account_id) from None
    stored = storage.several(work.user, work.account_id, [each.cash.cash_id for each in some])
    named = [each.cash.external_id for each in some if each.cash.external_id is not None]
    holders = storage.holders(work.user, work.account_id, list(dict.fromkeys(named)))
    others = storage.several(work.user, work.account_id, list(holders.values()))
    by_external_id = {external_id: others[cash_id] for external_id, cash_id in holders.items() if cash_id in others}
    new: list[Cash] = []
    remarks: list[Remark] = []
    for line, cash in some:
        if cash.cash_id in stored:
            continue
        cash = replace(cash, created_at=now, updated_at=now)
        try:
            rules.checked(cash)
        except RuleBroken as error:
            remarks.append(Remark(line=line, detail=f"left out: {error}"))
            continue
        cash, is_there = _with_a_free_id(cash, by_external_id)
        if is_there:
            stored[cash.cash_id] = cash
            continue
        new.append(cash)
        if cash.external_id is not None:
            by_external_id[cash.external_id] = cash
    changed = work.advanced(Phase.CASH, begin + len(some), len(filed), remarks, cash=len(new), present=len(stored))
    actions = [action for cash in new for action in storage.putting(cash)]
    executions.write(work.user, [], None, now, into=account, also=[work.writing(changed), *actions])
    return changed


def _with_a_free_id(cash: Cash, by_external_id: Mapping[str, Cash]) -> tuple[Cash, bool]:
    """The row, without its external id if another row has it; and whether that row says the same and came otherwise.

    Brokers give one id to several rows, such as a dividend and its tax: both are money that moved.
    """
    holder = by_external_id.get(cash.external_id or "")
    if holder is None:
        return cash, False
    is_there = holder.import_id != cash.import_id and _content(holder) == _content(cash)
    return replace(cash, external_id=None), is_there


def _content(cash: Cash) -> tuple[object, ...]:
    return cash.type, cash.amount, cash.currency, cash.at, cash.symbol


def remove(work: Work, contents: Contents) -> None:
    """Delete the cash that came with the import; what was edited since stays, unless it is to be removed too.

    Raises Paused, Overtaken, AccountErased, Busy.
    """
    rows = contents.cash
    while (begin := work.done(Phase.CASH)) < len(rows):
        work.check_time()
        some = rows[begin : begin + MOST_REMOVED]
        work.attempt(partial(_remove, work, some, begin, len(rows)))


def _remove(work: Work, some: Sequence[FiledCash], begin: int, total: int) -> Import:
    stored = storage.several(work.user, work.account_id, [each.cash.cash_id for each in some])
    own = [row for row in stored.values() if row.import_id == work.one.import_id]
    if work.one.undo_edited is not EditedPolicy.REMOVE:
        own = [row for row in own if row.version == 1]
    for row in own:
        if row.other_account is not None:  # edited into a transfer: the other account's row goes, too
            cash_changes.delete(work.user, row.account_id, row.cash_id, lambda _: True)
    alone = [storage.CashChange(None, row) for row in own if row.other_account is None]
    if alone:
        storage.write(work.user, alone)
    changed = work.advanced(Phase.CASH, begin + len(some), total)
    executions.write(work.user, [], None, datetime.now(UTC), also=[work.writing(changed)])
    return changed

"""Gives the fills of an import the place of what stands in the journal already: of a trade that was recorded by hand,
whose entries and closes they are, and of an execution whose content the file corrects.

A manual trade is turned into executions, so its id, notes, tags and images stay, and then its money becomes the file's.
What is changed is kept in a file before, and comes back when the import is undone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from operator import eq
from typing import NamedTuple

from handlers.imports.record import Phase, Remark
from handlers.journal.errors import PositionTooSmall, RuleBroken, StateForbids
from handlers.journal.executions import Execution, ExecutionSource, RecordedExecution, execution_errors, symbol_key
from handlers.journal.settings import MAIN
from handlers.journal.trade import Close, Entry, Trade, TradeSource
from handlers.storage import executions as storage
from handlers.storage import import_files, trades
from handlers.storage.errors import ExecutionNotFound, PreconditionFailed, TradeNotFound
from handlers.storage.executions import PositionKey
from handlers.storage.import_files import Kept
from handlers.storage.retry import retry_overtaken
from handlers.usecases.convert_trade import convert
from handlers.usecases.import_contents import Contents, Filed
from handlers.usecases.import_work import WAIT, Paused, Work
from handlers.usecases.position_changes import PositionChanges

_REFUSED = (RuleBroken, StateForbids, PositionTooSmall)


class Correction(NamedTuple):
    """An execution that is stored under the id, and the one of the file whose content it gets."""

    execution_id: str
    filed: Filed


def write(work: Work, contents: Contents) -> None:
    """Link all trades and correct all executions that are not done yet.

    Raises Paused, Overtaken, NoSuchAccount, AccountClosing, AccountErased, Busy.
    """
    total = len(contents.links) + len(contents.changes)
    if not total:
        return
    if work.one.progress is None:
        _keep(work, contents, total)
    steps: list[Callable[[], tuple[int, list[Remark]]]]
    steps = [partial(_link, work, trade_id, fills) for trade_id, fills in contents.links.items()]
    steps += [partial(_correct, work, execution_id, filed) for execution_id, filed in contents.changes.items()]
    for number, step in enumerate(steps[work.done(Phase.LINKS) :], work.done(Phase.LINKS) + 1):
        work.check_time()
        linked, remarks = step()
        work.checkpoint(work.advanced(Phase.LINKS, number, total, remarks, linked=linked))


def _place(work: Work) -> import_files.ImportFolder:
    return import_files.ImportFolder(work.user, work.one.import_id)


def _keep(work: Work, contents: Contents, total: int) -> None:
    """Keep the trades and executions as they are before anything is changed."""
    found = trades.several(work.user, list(contents.links))
    by_hand = {trade.trade_id: trade for trade in found if trade.source is not TradeSource.LEDGER}
    import_files.keep_for_undo(_place(work), Kept(by_hand, storage.several(work.user, list(contents.changes))))
    work.checkpoint(work.advanced(Phase.LINKS, 0, total))


def _link(work: Work, trade_id: str, fills: Sequence[Filed]) -> tuple[int, list[Remark]]:
    """Turn a trade into executions and correct these by the fills. Returns how many were, and what there is to say."""
    lines = [each.line for each in fills]
    former = import_files.kept_for_undo(_place(work)).trades.get(trade_id)
    if former is None:
        return 0, _said(lines, "left out: the trade that it was to be linked with is not there any more")
    try:
        former = _converted(work, former)
    except TradeNotFound:
        return 0, _said(lines, "left out: the trade that it was to be linked with is not there any more")
    except StateForbids as error:
        if _is_marked(work, former):
            raise Paused(WAIT) from None
        return 0, _said(lines, f"left out: {error}")
    found, unmatched = corrections(former, fills)
    remarks = _said([each.line for each in unmatched], "left out: no entry or close of the trade has its quantity")
    try:
        return _corrected(work, found), remarks
    except _REFUSED as error:
        return 0, _said(lines, f"the trade keeps its own money: {error}")


def _said(lines: Sequence[int], detail: str) -> list[Remark]:
    return [Remark(line=line, detail=detail) for line in lines]


def _converted(work: Work, former: Trade) -> Trade:
    """The trade as it was before it was turned into executions, which it is now.

    Raises StateForbids if it cannot be, TradeNotFound.
    """
    while True:
        now = trades.get(work.user, former.trade_id)
        if now.source is TradeSource.LEDGER:
            return former
        if now != former:  # it has changed since it was kept
            kept = import_files.kept_for_undo(_place(work))
            import_files.keep_for_undo(_place(work), kept._replace(trades={**kept.trades, now.trade_id: now}))
            former = now
        try:
            convert(work.user, former.trade_id, partial(eq, former.version))
        except PreconditionFailed:
            continue
        return former


def _is_marked(work: Work, trade: Trade) -> bool:
    """Whether the trade's position waits to be settled."""
    key = PositionKey(trade.account_id or MAIN, symbol_key(trade.symbol), None)
    held = storage.several_positions(work.user, [key]).get(key)
    return held is not None and held.dirty_since is not None


def corrections(trade: Trade, fills: Sequence[Filed]) -> tuple[list[Correction], list[Filed]]:
    """For each entry or close that a fill stands for, that fill: of the same side and quantity, the nearest in time.
    And the fills that stand for none.
    """
    parts: list[Entry | Close] = [*trade.entered, *trade.closes]
    found, unmatched = [], []
    for filed in fills:
        execution = filed.execution
        own = [part for part in parts if isinstance(part, Entry) is (execution.side is trade.side)]
        own = [part for part in own if part.quantity == execution.quantity]
        if not own:
            unmatched.append(filed)
            continue
        part = min(own, key=lambda part: abs(_at(part) - execution.executed_at))
        parts.remove(part)
        found.append(Correction(part_ids([part])[0], filed))
    return found, unmatched


def _at(part: Entry | Close) -> datetime:
    return part.entered_at if isinstance(part, Entry) else part.closed_at


def part_ids(parts: Sequence[Entry | Close]) -> list[str]:
    """The ids of entries and closes, which their executions have too."""
    return [part.entry_id if isinstance(part, Entry) else part.close_id for part in parts]


def _corrected(work: Work, wanted: Sequence[Correction]) -> int:
    """Give the executions of a linked trade the content of their fills. Returns how many have it."""

    def attempt() -> int:
        now = datetime.now(UTC)
        plan = PositionChanges(work.user, now)
        stored = storage.several(work.user, [each.execution_id for each in wanted])
        changed = [one for one in stored.values() if one.import_id != work.one.import_id]
        fills = {each.execution_id: each.filed.execution for each in wanted}
        for old in changed:
            new = with_content(old, fills[old.execution_id], now)
            plan.change(old, replace(new, source=ExecutionSource.IMPORT, import_id=work.one.import_id))
        if changed:
            plan.write(changed[0].execution_id)
        return len(stored)

    return retry_overtaken(attempt)


def with_content(old: RecordedExecution, fill: Execution, now: datetime) -> RecordedExecution:
    """The execution with the content of the fill, in its own position. Raises RuleBroken for content that none has."""
    if fill.quantity is None or fill.price is None:
        raise AssertionError("a fill that equals another one says both")
    new = replace(
        old,
        side=fill.side or old.side,
        quantity=fill.quantity,
        price=fill.price,
        executed_at=fill.executed_at,
        sequence=fill.sequence,
        commission=fill.commission,
        fees=fill.fees,
        cost_details=(),
        fee_currency=fill.fee_currency,
        fee_price=fill.fee_price,
        order_id=fill.order_id,
        external_id=fill.external_id,
        updated_at=now,
    )
    if errors := execution_errors(new):
        raise RuleBroken(errors)
    return new


def _correct(work: Work, execution_id: str, filed: Filed) -> tuple[int, list[Remark]]:
    """Give a stored execution the content that the file has of it. Returns 1 if it has it, and what there is to say."""

    def attempt() -> int:
        now = datetime.now(UTC)
        old = storage.get(work.user, execution_id)
        new = with_content(old, filed.execution, now)
        if replace(new, updated_at=old.updated_at) != old:
            plan = PositionChanges(work.user, now)
            plan.change(old, replace(new, version=old.version + 1))
            plan.write(execution_id)
        return 1

    try:
        return retry_overtaken(attempt), []
    except ExecutionNotFound:
        return 0, _said([filed.line], "left out: the execution that it differs from is not there any more")
    except _REFUSED as error:
        return 0, _said([filed.line], f"the execution stays as it was: {error}")


def restore(work: Work, contents: Contents) -> None:
    """Give executions that the import corrected the content that they had before, unless they were edited since.

    Raises Paused, Overtaken, AccountErased, Busy.
    """
    kept = import_files.kept_for_undo(_place(work)).executions
    remarks: list[Remark] = []
    for execution_id, old in kept.items():
        work.check_time()
        filed = contents.changes[execution_id]
        try:
            retry_overtaken(partial(_restore, work.user, old, filed.execution))
        except _REFUSED as error:
            remarks += _said([filed.line], f"the execution stays corrected: {error}")
    if kept:
        work.checkpoint(work.advanced(Phase.LINKS, len(kept), len(kept), remarks))


def _restore(user: str, old: RecordedExecution, fill: Execution) -> None:
    now = datetime.now(UTC)
    current = storage.several(user, [old.execution_id]).get(old.execution_id)
    if current is None or with_content(current, fill, current.updated_at) != current:
        return
    plan = PositionChanges(user, now)
    former = replace(old, opens=current.opens, trade_ids=current.trade_ids)
    plan.change(current, replace(former, version=current.version + 1, updated_at=now))
    plan.write(old.execution_id)

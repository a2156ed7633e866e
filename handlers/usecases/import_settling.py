"""Waits until the trades of an import's positions follow from their executions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from handlers.imports.record import Phase
from handlers.storage import executions as storage
from handlers.storage.executions import PositionKey
from handlers.usecases.import_contents import Contents
from handlers.usecases.import_work import WAIT, Paused, Work

# Positions that are read at once, as many as a request of DynamoDB takes.
_AT_ONCE = 100
# After so long without progress, the positions are left to the settler and its alarm.
_LONGEST_WAIT = timedelta(minutes=30)
_SOON = timedelta(minutes=1)
# A warning of an import: trades of its positions are still to follow.
NOT_SETTLED = "NOT_SETTLED"


def own_positions(contents: Contents) -> list[PositionKey]:
    """The positions of the executions of an import, always in the same order."""
    corrected = (storage.position_key(filed.execution) for filed in contents.changes.values())
    linked = (storage.position_key(fills[0].execution) for fills in contents.links.values())
    return list(dict.fromkeys((*contents.fills, *linked, *corrected)))


def moved_positions(work: Work, contents: Contents) -> list[PositionKey]:
    """Further positions, to which the corporate actions of an import apply, as they are now. Raises Busy."""
    symbols = action_symbols(contents)
    if not symbols:
        return []
    own = set(own_positions(contents))
    held = map(storage.position_key, storage.positions(work.user, work.account_id))
    return [key for key in held if key.symbol in symbols and key not in own]


def action_symbols(contents: Contents) -> set[str]:
    """The symbols of the import's corporate actions, as keys have them."""
    actions = [filed.decided.action for filed in contents.actions]
    return {symbol.upper() for action in actions for symbol in (action.symbol, action.new_symbol) if symbol}


def wait(work: Work, contents: Contents) -> None:
    """Release all positions that are held back, and go on once all are settled.

    Raises Paused while some are not, Overtaken, AccountErased, Busy.
    """
    keys = own_positions(contents)
    while (done := work.done(Phase.SETTLING)) < len(keys):
        work.check_time()
        some = keys[done : done + _AT_ONCE]
        settled = _settled_first(work, some)
        if settled:
            work.checkpoint(work.advanced(Phase.SETTLING, done + settled, len(keys)))
        elif _give_up(work, len(keys)):
            return
        if settled < len(some):
            _pause(work)
    moved = moved_positions(work, contents)
    for first in range(0, len(moved), _AT_ONCE):
        some = moved[first : first + _AT_ONCE]
        if _settled_first(work, some) < len(some) and not _give_up(work, len(keys)):
            _pause(work)


def _pause(work: Work) -> None:
    raise Paused(WAIT if _waited(work) < _SOON else 5 * WAIT)


def _give_up(work: Work, total: int) -> bool:
    """Whether there was no progress for so long that the rest is left to the settler; then the import says so."""
    if _waited(work) < _LONGEST_WAIT:
        return False
    changed = work.advanced(Phase.SETTLING, total, total)
    work.checkpoint(replace(changed, warnings=(*changed.warnings, NOT_SETTLED)))
    return True


def _settled_first(work: Work, keys: Sequence[PositionKey]) -> int:
    """How many positions are settled before the first that is not. Those that are held back are released."""
    stored = storage.several_positions(work.user, keys)
    marked = {key: held for key, held in stored.items() if held.dirty_since is not None}
    for held in marked.values():
        if held.dirty_version is None:
            storage.release(held)
    return next((number for number, key in enumerate(keys) if key in marked), len(keys))


def _waited(work: Work) -> timedelta:
    """How long there was no progress."""
    return datetime.now(UTC) - work.one.updated_at

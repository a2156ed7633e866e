"""Writes the executions of an import, position by position, with the trades that follow from them.

Positions of which the file has few executions are written together, in one transaction. One of many executions takes
several: its trades are derived from all of them first, and until the last ones are written, it is held back: it is
marked, so that nobody takes its trades for settled, but the settler does not hear of it. So trades that exist are never
regrouped by the half of a file, which could move their notes for good.

Positions that corporate actions concern or link with others are only marked, and settled once they are whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any, NamedTuple

from handlers.imports.record import Import, Phase, Remark
from handlers.journal import money
from handlers.journal.executions import RecordedExecution, in_order
from handlers.journal.money import ZERO
from handlers.journal.trading_accounts import TradingAccount
from handlers.storage import executions as storage
from handlers.storage import ledger
from handlers.storage.errors import NoSuchAccount, VersionMismatch
from handlers.storage.executions import (
    MOST_READ,
    PositionInAccount,
    PositionKey,
    PositionWrite,
    StoredPosition,
    TooMuchAtOnce,
)
from handlers.usecases import settling
from handlers.usecases.import_batches import Batch, batches
from handlers.usecases.import_contents import Contents
from handlers.usecases.import_recording import in_its_instrument, recorded
from handlers.usecases.import_settling import action_symbols
from handlers.usecases.import_work import Work

# The most executions that are written into a position that is only marked: each takes two actions.
MOST_MARKED = 46
# Beside what it writes, a transaction has the position, the import, and a check of the symbol's actions.
_BESIDE = 3


class _NotAlone(Exception):
    """Raised when a position is linked with others, so that it is only marked."""


def write(work: Work, contents: Contents) -> None:
    """Write all executions that are not written yet. Those that exist already are left as they are, and counted.

    Raises Paused, Overtaken, NoSuchAccount, AccountClosing, AccountErased, Busy.
    """
    awaited = action_symbols(contents)
    apart = {key for key in contents.fills if key.symbol in awaited}
    total = contents.number_of_fills
    for batch in batches(contents.fills, apart, work.done(Phase.EXECUTIONS)):
        work.check_time()
        if batch.is_long:
            _write_long(work, batch, total, apart)
            continue
        try:
            work.attempt(partial(_write_together, work, batch, total, count()))
        except TooMuchAtOnce:
            for each in batch.one_by_one:
                _write_long(work, each, total, apart)


def _write_long(work: Work, batch: Batch, total: int, apart: Container[PositionKey]) -> None:
    [(key, fills)] = batch.fills
    if key not in apart:
        try:
            work.attempt(partial(_write_in_parts, work, batch, total, count()))
        except _NotAlone:
            pass
        else:
            return
    for first in range(0, len(fills), MOST_MARKED):
        if first:
            work.check_time()
        some = fills[first : first + MOST_MARKED]
        is_whole = first + MOST_MARKED >= len(fills) and key not in apart
        end = batch.begin + first + len(some)
        part = Batch(((key, some),), end, is_long=True)
        work.attempt(partial(_mark, work, part, total, count(), is_whole=is_whole))


class _New(NamedTuple):
    """A position with the executions that a file adds to it, the times of those that were there before the import, and
    what there is to say of the file's lines.
    """

    place: PositionInAccount
    executions: list[RecordedExecution]
    present: list[datetime]
    remarks: list[Remark]

    @property
    def account(self) -> TradingAccount:
        """The position's account, which is there: it was looked for."""
        if self.place.account is None:
            raise AssertionError("without its account, nothing is written")
        return self.place.account


class _BatchPositions(NamedTuple):
    """What a batch adds to its positions.

    looked: whether stored executions were read; otherwise none are assumed to exist, until a write shows that some do.
    """

    positions: Sequence[_New]
    looked: bool


def _found(work: Work, batch: Batch, now: datetime, tries: Iterator[int]) -> _BatchPositions:
    """What the batch adds to what is stored. The remarks of a position cover all its lines, also those that an earlier
    call wrote: they are stored with its last part.

    tries: numbers of the attempts. The first one trusts the preview and reads no executions, unless an earlier call
    began the batch. It then reads none from before the span at which that call stopped.
    """
    symbols = {key: fills[0].execution.symbol for key, fills in batch.fills}
    places = storage.places(work.user, work.account_id, symbols)
    goes_on = work.done(Phase.EXECUTIONS) > batch.begin
    looked = next(tries) > 0 or goes_on
    written: set[str] = set()
    for key, fills in batch.fills:
        if goes_on and (passed := _passed(places[key].position)) is not None:
            written |= {each.execution.execution_id for each in fills if each.execution.executed_at < passed}
    ids = [each.execution.execution_id for _, fills in batch.fills for each in fills]
    there = storage.places_of(work.user, [one for one in ids if one not in written]) if looked else {}
    own = written | storage.ids_of_import(work.user, there.values(), work.one.import_id)
    others = there.keys() - own
    positions = []
    for key, fills in batch.fills:
        place = places[key]
        if place.account is None:
            raise NoSuchAccount(key.account_id)
        mine = [each for each in fills if each.execution.execution_id not in others]
        absent = [each for each in mine if each.execution.execution_id not in own]
        if absent:
            place = place._replace(position=in_its_instrument(place.position, place.account, absent))
        executions, remarks = recorded(work, place.position, mine, now)
        new = [one for one in executions if one.execution_id not in own]
        left = sorted(each.execution.executed_at for each in fills if each.execution.execution_id in others)
        positions.append(_New(place, new, left, remarks))
    return _BatchPositions(positions, looked)


def _passed(held: StoredPosition) -> datetime | None:
    """The instant up to which earlier calls wrote a position in parts; None if they wrote none. None with corporate
    actions, too: the parts are not in the order of time then.
    """
    is_in_parts = held.is_stale and held.dirty_version is None and not (held.actions or held.former_actions)
    return held.dirty_since if is_in_parts else None


def _write_together(work: Work, batch: Batch, total: int, tries: Iterator[int]) -> Import:
    """Write the positions of a batch in one transaction, each with its trades, or marked where these take too long."""
    now = datetime.now(UTC)
    found = _found(work, batch, now, tries)
    written = [
        _settled(each, now, found.looked) or _marked(each, is_whole=True) for each in found.positions if each.executions
    ]
    changed = work.advanced(
        Phase.EXECUTIONS,
        batch.end,
        total,
        [remark for each in found.positions for remark in each.remarks],
        executions=sum(len(one.new) for one in written),
        present=sum(len(each.present) for each in found.positions),
    )
    account = found.positions[0].account
    storage.write(work.user, written, None, now, into=account, also=[work.writing(changed)])
    return changed


def _settled(new: _New, now: datetime, looked: bool) -> PositionWrite | None:
    """The write of a position with new executions and all trades that follow; None if it is too long for that, or
    linked with others.
    """
    held = new.place.position
    before = None if held.executions > MOST_READ else _since_flat(held, new.executions, MOST_READ)
    if before is None or not settling.stands_alone(held, before, new.executions[0].executed_at):
        return None
    part = settling.PositionToSettle(new.place, held, before, in_order([*before, *new.executions]), held.actions)
    [(written, _)] = settling.written([part], _outcome(part, now, looked))
    return written._replace(new=_ids(new.executions))


def _outcome(part: settling.PositionToSettle, now: datetime, looked: bool) -> settling.SettledPositions:
    """The part, settled. A trade of new executions alone is stored already only if an undo was left unfinished, so
    the first attempt does not look for it.
    """
    return settling.settled([part], now, behind=True, known=None if looked or part.before else {})


def _since_flat(
    held: StoredPosition, new: Sequence[RecordedExecution], most: int | None = None
) -> list[RecordedExecution] | None:
    """The executions of a position since it was flat before the first new one; None if they are more than `most`.

    Raises VersionMismatch when a new one is among them.
    """
    first = (new[0].executed_at, new[0].sequence, new[0].execution_id) if new else None
    found = storage.since_flat(held, first, most) if held.version else []
    if found is not None and not _ids(new).isdisjoint(one.execution_id for one in found):
        raise VersionMismatch(held.symbol)
    return found


def _write_in_parts(work: Work, batch: Batch, total: int, tries: Iterator[int]) -> Import:
    """Write a position and its trades in as many transactions as it takes. The import is written with each, so that a
    call that goes on knows what was done, and the position, so that nothing else changes it meanwhile.

    Raises _NotAlone before anything is written.
    """
    now = datetime.now(UTC)
    found = _found(work, batch, now, tries)
    [new] = found.positions
    derived = _derived(new, now, found.looked)
    refs = {ledger.ref(one.execution_id) for one in new.executions}
    done = work.done(Phase.EXECUTIONS)
    version = derived.held_back.version
    counted = 0
    for writes, is_last in storage.in_parts(derived.units(), storage.MOST_WRITTEN - _BESIDE):
        number = sum(_key_of(each) in refs for each in writes)
        done = batch.end if is_last else min(done + number, batch.end - 1)
        passed = _passed(derived.held_back)
        present = len(new.present) if is_last else bisect_left(new.present, passed) if passed else 0
        changed = work.advanced(
            Phase.EXECUTIONS,
            done,
            total,
            new.remarks if is_last else (),
            executions=number,
            present=present - counted,
        )
        position = replace(derived.settled if is_last else derived.held_back, version=version)
        written = [storage.alone(position)] if derived.spans else []
        storage.write(work.user, written, None, now, into=new.account, also=[work.writing(changed), *writes])
        version += 1
        counted = present
        work.one = changed
        if not is_last:
            work.check_time()
    return work.one


def _derived(new: _New, now: datetime, looked: bool) -> settling.SpanBySpan:
    """What is to be written of a position: also without new executions, if a call before has not finished it.

    Raises _NotAlone.
    """
    held, executions = new.place.position, new.executions
    outcome_of = partial(_outcome, now=now, looked=looked)
    since = executions[0].executed_at if executions else None
    if since is None and held.dirty_version is None:
        since = held.dirty_since
    if since is None:
        return settling.SpanBySpan(held, (), outcome_of)
    before = _since_flat(held, executions) or []
    if not settling.stands_alone(held, before, since):
        raise _NotAlone
    part = settling.PositionToSettle(new.place, held, before, in_order([*before, *executions]), held.actions)
    held_back = replace(held.marked(ZERO, since).held_back(), is_stale=True)
    return settling.SpanBySpan(held_back, settling.spans(part), outcome_of)


def _key_of(action: Mapping[str, Any]) -> str:
    """The sort key of what an action puts into the ledger; empty for other actions."""
    key: str = action.get("Put", {}).get("Item", {}).get("item", {}).get("S", "")
    return key


def _mark(work: Work, batch: Batch, total: int, tries: Iterator[int], *, is_whole: bool) -> Import:
    """Write executions of a position, and mark it: it is held back unless it is whole."""
    now = datetime.now(UTC)
    found = _found(work, batch, now, tries)
    [new] = found.positions
    if not new.executions and batch.end <= work.done(Phase.EXECUTIONS):
        return work.one  # a call before has done it
    written = [_marked(new, is_whole=is_whole)] if new.executions else []
    changed = work.advanced(
        Phase.EXECUTIONS,
        batch.end,
        total,
        new.remarks,
        executions=len(new.executions),
        present=len(new.present),
    )
    storage.write(work.user, written, None, now, into=new.account, also=[work.writing(changed)])
    return changed


def _marked(new: _New, *, is_whole: bool) -> PositionWrite:
    """The write of a position with new executions that is marked, and held back unless it is whole."""
    held, executions = new.place.position, new.executions
    marked = held.marked(money.total(map(storage.moved, executions)), *(one.executed_at for one in executions))
    marked = replace(marked, executions=held.executions + len(executions))
    if not is_whole:
        marked = marked.held_back()
    return storage.alone(marked)._replace(put=executions, new=_ids(executions))


def _ids(executions: Sequence[RecordedExecution]) -> frozenset[str]:
    return frozenset(one.execution_id for one in executions)

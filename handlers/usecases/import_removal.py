"""Removes the executions of an import, position by position, with all that follows from that.

A position is written without them in one transaction, or is held back while it takes several: no trade is ever made of
the half of what remains. Trades by hand that were linked come back. What was written about trades that vanish is kept
in a file of the import.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from handlers.documents.trades import trade_document
from handlers.imports.record import Import, Phase
from handlers.journal.executions import RecordedExecution, in_order, symbol_key
from handlers.journal.money import ZERO
from handlers.journal.settings import MAIN
from handlers.journal.trade import Trade, TradeSource
from handlers.journal.undoing import EditedPolicy
from handlers.storage import executions as storage
from handlers.storage import import_files, trades
from handlers.storage.executions import PositionKey, StoredPosition, TooMuchAtOnce
from handlers.storage.import_files import Kept
from handlers.usecases import settling
from handlers.usecases.import_contents import Contents
from handlers.usecases.import_links import part_ids
from handlers.usecases.import_settling import moved_positions, own_positions
from handlers.usecases.import_work import Work
from handlers.usecases.settling import PositionToSettle, SettledPositions

# Beside what it writes, a transaction has the position and the import.
_BESIDE = 2


class _Removal(NamedTuple):
    """What is removed of a position: executions by their ids, those of linked trades, and corporate actions."""

    key: PositionKey
    ids: Sequence[str]
    linked: Sequence[Trade]
    actions: Collection[str]


def remove(work: Work, contents: Contents) -> None:
    """Remove all executions of the import that are still there. Those that were edited since stay, unless they are to
    be removed too.

    Raises Paused, Overtaken, AccountErased, Busy.
    """
    kept = import_files.kept_for_undo(_place(work))
    keys = list(dict.fromkeys((*own_positions(contents), *map(_key, kept.trades.values()))))
    for number, key in enumerate(keys[work.done(Phase.EXECUTIONS) :], work.done(Phase.EXECUTIONS) + 1):
        _remove_from(work, _removal(contents, kept, key), number, len(keys))
    for key in moved_positions(work, contents):  # which may be others the next time: they are not counted
        _remove_from(work, _removal(contents, kept, key), len(keys), len(keys))


def _place(work: Work) -> import_files.ImportFolder:
    return import_files.ImportFolder(work.user, work.one.import_id)


def _key(trade: Trade) -> PositionKey:
    return PositionKey(trade.account_id or MAIN, symbol_key(trade.symbol), None)


def _removal(contents: Contents, kept: Kept, key: PositionKey) -> _Removal:
    return _Removal(
        key=key,
        ids=[each.execution.execution_id for each in contents.fills.get(key, ())],
        linked=[trade for trade in kept.trades.values() if _key(trade) == key],
        actions={filed.decided.action_id for filed in contents.actions},
    )


class _ChangedPositions(NamedTuple):
    """The positions without what is removed. `since` is the first instant at which something is removed, `coming_back`
    the linked trades that are by hand again.
    """

    parts: Sequence[PositionToSettle]
    since: datetime
    coming_back: Sequence[Trade]


def _remove_from(work: Work, removal: _Removal, done: int, total: int) -> None:
    work.check_time()
    work.attempt(partial(_remove, work, removal, done, total))


def _remove(work: Work, removal: _Removal, done: int, total: int) -> Import:
    """Write the position without what is removed, with the checkpoint: in one transaction, or in several ones."""
    now = datetime.now(UTC)
    changed = work.advanced(Phase.EXECUTIONS, done, total)
    change = _change(work, removal, now)
    if change is None:
        storage.write(work.user, [], None, now, also=[work.writing(changed)])
        return changed
    if len(change.parts) == 1 and len(spans := _spans(change)) > 1:
        return _write_span_by_span(work, change, spans, done, total)
    following = _Following(work, change, now)
    outcome = following.outcome(change.parts)
    changed = replace(changed, left_over_notes=following.left_over or changed.left_over_notes)
    written = [one for one, _ in settling.written(change.parts, outcome)]
    try:
        storage.write(work.user, written, None, now, also=[work.writing(changed), *following.also])
    except TooMuchAtOnce:
        _write_in_parts(work.user, change, outcome, following.also, now)
        storage.write(work.user, [], None, now, also=[work.writing(changed)])
    return changed


def _spans(change: _ChangedPositions) -> list[PositionToSettle]:
    """The position in spans, each with all parts of the trades that come back there."""
    spans = [*settling.spans(change.parts[0])]
    place_of = {one.execution_id: number for number, span in enumerate(spans) for one in span.before}
    of_trades = ({place_of[part] for part in _parts_of(trade) if part in place_of} for trade in change.coming_back)
    until = {min(places): max(places) for places in sorted(filter(None, of_trades), key=max)}
    whole: list[PositionToSettle] = []
    last = -1  # up to this one, spans belong to the one before
    for number, span in enumerate(spans):
        if number <= last:
            former = whole.pop()
            span = former._replace(before=[*former.before, *span.before], after=[*former.after, *span.after])
        whole.append(span)
        last = max(last, until.get(number, number))
    return whole


def _write_in_parts(
    user: str, change: _ChangedPositions, outcome: SettledPositions, also: Sequence[Any], now: datetime
) -> None:
    """Hold the positions back, and write them in as many transactions as it takes.

    Trades go first and executions last: after a crash, the executions tell what is still to be done.
    """
    was = [_held_back(part, change) for part in change.parts]
    storage.write(user, list(map(storage.alone, was)), None, now)
    executions = in_order(one for part in change.parts for one in part.before)
    units = chain([also] if also else [], settling.units(executions, outcome))
    held = [replace(each, version=each.version + 1) for each in was]
    storage.write_in_parts(user, list(zip(held, outcome.positions, strict=True)), units)


def _write_span_by_span(
    work: Work, change: _ChangedPositions, spans: Sequence[PositionToSettle], done: int, total: int
) -> Import:
    """Write a long position span by span, in as many transactions as it takes, and the import with each: so a call that
    has no time left ends between two of them, and no other one does the same meanwhile.

    Of each span, trades go first and executions last: after a crash, the executions tell what is still to be done.
    """
    now = datetime.now(UTC)
    following = _Following(work, change, now)
    derived = settling.SpanBySpan(_held_back(change.parts[0], change), spans, lambda span: following.outcome([span]))
    version = derived.held_back.version
    for writes, is_last in storage.in_parts(_with_others(derived.units(), following), storage.MOST_WRITTEN - _BESIDE):
        changed = work.advanced(Phase.EXECUTIONS, done if is_last else work.done(Phase.EXECUTIONS), total)
        changed = replace(changed, left_over_notes=following.left_over or changed.left_over_notes)
        position = replace(derived.settled if is_last else derived.held_back, version=version)
        storage.write(work.user, [storage.alone(position)], None, now, also=[work.writing(changed), *writes])
        version += 1
        work.one = changed
        if not is_last:
            work.check_time()
    return work.one


def _with_others(units: Iterable[Sequence[Any]], following: _Following) -> Iterator[Sequence[Any]]:
    """The units, with the further writes of what follows, which are known once the span's outcome is."""
    for unit in units:
        if following.also:
            yield following.also
            following.also = []
        yield unit


def _held_back(part: PositionToSettle, change: _ChangedPositions) -> StoredPosition:
    return replace(part.held.marked(ZERO, change.since).held_back(), is_stale=True)


class _Following:
    """The trades that follow once something is removed. `also` are further writes that belong to the last outcome, and
    `left_over` is how many trades there are whose notes are kept in a file.
    """

    def __init__(self, work: Work, change: _ChangedPositions, now: datetime) -> None:
        self.also: list[Any] = []
        self.left_over = 0
        self._work = work
        self._coming_back = change.coming_back
        self._now = now

    def outcome(self, parts: Sequence[PositionToSettle]) -> SettledPositions:
        """What follows in these parts of positions."""
        ids = {one.execution_id for part in parts for one in part.before}
        coming_back = [trade for trade in self._coming_back if not ids.isdisjoint(_parts_of(trade))]
        outcome = settling.settled(parts, self._now, behind=True)
        outcome, self.also = _with_trades_by_hand(outcome, coming_back, self._now)
        outcome, left_over = _without_trades_put_aside(outcome)
        if left_over:
            self.left_over = import_files.leave_over(_place(self._work), map(trade_document, left_over))
        return outcome


def _change(work: Work, removal: _Removal, now: datetime) -> _ChangedPositions | None:
    """What is to be written of a position; None if nothing of the import is in it."""
    linked_ids = [part_id for trade in removal.linked for part_id in _parts_of(trade)]
    first = storage.first_of(work.user, removal.key, [*removal.ids, *linked_ids])
    place = storage.place(work.user, removal.key, removal.key.symbol, answer_for=None, now=now)
    held = place.position
    places = [] if first is None else [first]
    places += [(each.effective_at, -1, "") for each in held.actions if each.action_id in removal.actions]
    if not places:
        return None
    since = min(places)
    executions = storage.since_flat(held, since) or []
    parts = [PositionToSettle(place, held, executions, executions, held.actions)]
    if not settling.stands_alone(held, executions, since[0]):
        parts = settling.linked_parts(work.user, place, now)
    before = [one for part in parts for one in part.before]
    coming_back = [trade for trade in removal.linked if _comes_back(work.one, trade, before)]
    going = _going(work.one, removal.linked, coming_back, before)
    parts = [
        part._replace(
            after=[one for one in part.before if one.execution_id not in going],
            actions=tuple(each for each in part.held.actions if each.action_id not in removal.actions),
        )
        for part in parts
    ]
    if not going and all(part.actions == part.held.actions for part in parts):
        return None
    return _ChangedPositions(parts, since[0], coming_back)


def _parts_of(trade: Trade) -> list[str]:
    return part_ids([*trade.entered, *trade.closes])


def _is_own(one: Import, execution: RecordedExecution) -> bool:
    """Whether the execution goes with the import."""
    may_go = one.undo_edited is EditedPolicy.REMOVE or execution.version == 1
    return execution.import_id == one.import_id and may_go


def _comes_back(one: Import, trade: Trade, executions: Sequence[RecordedExecution]) -> bool:
    """Whether a linked trade becomes manual again: some of its executions exist, none of them was edited (or edited
    ones are removed too), and no execution of another origin has become a part of it since.
    """
    parts = set(_parts_of(trade))
    own = [each for each in executions if each.execution_id in parts]
    edited = one.undo_edited is not EditedPolicy.REMOVE and any(each.version > 1 for each in own)
    others = [
        each
        for each in executions
        if each.execution_id not in parts and trade.trade_id in each.trade_ids and not _is_own(one, each)
    ]
    return bool(own) and not edited and not others


def _going(
    one: Import, linked: Sequence[Trade], coming_back: Sequence[Trade], executions: Sequence[RecordedExecution]
) -> set[str]:
    """The ids of the executions that are removed."""
    going = {each.execution_id for each in executions if _is_own(one, each)}
    for trade in linked:
        if trade in coming_back:
            going |= set(_parts_of(trade))
        else:
            going -= set(_parts_of(trade))
    return going & {each.execution_id for each in executions}


def _with_trades_by_hand(
    outcome: SettledPositions, trades_by_hand: Sequence[Trade], now: datetime
) -> tuple[SettledPositions, list[Any]]:
    """The outcome with these trades in the place of those that they had become, with what was written about them since;
    and the writes that keep the external ids of those that are not stored any more.
    """
    result, also = outcome.regrouping, []
    changed, vanished = list(result.changed), list(result.vanished)
    for former in trades_by_hand:
        own = [old for new, old in changed if new.trade_id == former.trade_id and old is not None]
        own += [trade for trade in vanished if trade.trade_id == former.trade_id]
        changed = [pair for pair in changed if pair[0].trade_id != former.trade_id]
        vanished = [trade for trade in vanished if trade.trade_id != former.trade_id]
        if own:
            changed.append((_annotated_as(former, own[0], now), own[0]))
            continue
        back = replace(former, version=former.version + 2, updated_at=now)  # it was turned into executions in between
        if back.external_id is not None:
            if trades.has_external_id(back.user_id, back.external_id):
                back = replace(back, external_id=None)
            else:
                also.append(trades.take_external_id(back))
        changed.append((back, None))
    return outcome._replace(regrouping=replace(result, changed=tuple(changed), vanished=tuple(vanished))), also


def _annotated_as(former: Trade, current: Trade, now: datetime) -> Trade:
    """The trade by hand, with the notes, images, stops, group and ids that it has now."""
    return replace(
        former,
        notes=current.notes,
        images=current.images,
        stop_loss=current.stop_loss,
        take_profit=current.take_profit,
        risk_amount=current.risk_amount,
        initial_stop_loss=current.initial_stop_loss,
        initial_risk_amount=current.initial_risk_amount,
        external_id=current.external_id,
        group_id=current.group_id,
        version=current.version + 1,
        updated_at=now,
    )


def _without_trades_put_aside(outcome: SettledPositions) -> tuple[SettledPositions, list[Trade]]:
    """The outcome without the trades that would stay for their notes alone, and these trades. Those with images stay:
    nothing else keeps the images.
    """
    result = outcome.regrouping
    aside = [
        old
        for new, old in result.changed
        if old is not None and new.cancelled and old.source is TradeSource.LEDGER and not old.images
    ]
    ids = {trade.trade_id for trade in aside}
    changed = tuple(pair for pair in result.changed if pair[0].trade_id not in ids)
    return outcome._replace(regrouping=replace(result, changed=changed, vanished=(*result.vanished, *aside))), aside

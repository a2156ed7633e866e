"""Brings executions, and what was written about the trades that follow, into positions that may be stored, or takes
them out again.

Positions that corporate actions link are changed together. They are held back while their executions come, so that no
trade is made of the half of them; then the trades are derived from all that is stored. Each step can be repeated: what
is there already is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

from handlers.journal.executions import RecordedExecution, in_order
from handlers.journal.money import ZERO
from handlers.journal.regrouping import ANY, walked
from handlers.journal.restoring import Annotations
from handlers.journal.trade import Image, Trade, TradeSource
from handlers.storage import corporate_actions, import_edits, uploads
from handlers.storage import executions as storage
from handlers.storage import trades as trade_storage
from handlers.storage.executions import PositionInAccount, PositionKey, PositionWrite, StoredPosition
from handlers.storage.import_edits import EditedKind
from handlers.storage.retry import retry_overtaken
from handlers.usecases import settling
from handlers.usecases.settling import PositionToSettle, SettledPositions


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a restore, or its undoing, changes in positions.

    executions: to add or replace. executions_going: the ids of those to delete.
    annotations: what is written about trades, by their ids, with their images. group_of: the groups of trades that
    come. arriving: of trades that come, the images whose files are there already. going: trades that vanish with their
    executions, whatever was written about them.
    """

    executions: Sequence[RecordedExecution] = ()
    executions_going: Collection[str] = ()
    annotations: Mapping[str, Annotations] = field(default_factory=dict)
    group_of: Mapping[str, str] = field(default_factory=dict)
    arriving: Mapping[str, Sequence[Image]] = field(default_factory=dict)
    going: Collection[str] = ()


def bring(user: str, key: PositionKey, symbol: str, wanted: Wanted) -> None:
    """Bring it all into the position and those that it is linked with.

    Raises VersionMismatch when the positions are changed again and again meanwhile; AccountErased, Busy.
    """
    retry_overtaken(lambda: _bring(user, key, symbol, wanted, datetime.now(UTC)))


def _bring(user: str, key: PositionKey, symbol: str, wanted: Wanted, now: datetime) -> None:
    linked = _linked(user, key, symbol, now)
    places = [each.place for each in linked]
    stored = {one.execution_id: one for place in places for one in storage.all_of(place.position) or ()}
    keys = {storage.position_key(place.position) for place in places}
    own = (one for one in wanted.executions if storage.position_key(one) in keys)
    coming = [one for one in (_as_stored(one, stored, now) for one in own) if one is not None]
    going = [stored[execution_id] for execution_id in wanted.executions_going if execution_id in stored]
    has_others = any(each.with_actions.actions != each.place.position.actions for each in linked)
    if coming or going or has_others:
        _hold_back(user, linked, coming, going, now)
        _write_executions(user, places, coming, stored)
        places = [each.place for each in _linked(user, key, symbol, now)]
    _settle(user, places, wanted, now)


class _Linked(NamedTuple):
    """A position as it is stored, and with all corporate actions that are stored."""

    place: PositionInAccount
    with_actions: StoredPosition


def _linked(user: str, key: PositionKey, symbol: str, now: datetime) -> list[_Linked]:
    """The position and those that it is linked with by all actions that are stored."""
    found: dict[PositionKey, _Linked] = {}

    def position(one: PositionKey, name: str) -> StoredPosition:
        if one not in found:
            place = storage.place(user, one, name, answer_for=None, now=now)
            found[one] = _Linked(place, _with_actions(user, place.position))
        return found[one].with_actions

    return [found[one] for one in settling.linked(key, symbol, position)]


def _with_actions(user: str, held: StoredPosition) -> StoredPosition:
    counted = corporate_actions.count(user, held.symbol)
    actions = corporate_actions.of_position(user, held.account_id, held.symbol, counted)
    gone = tuple(action for action in held.actions if action not in actions)
    former = (*held.former_actions, *gone)
    return replace(held, actions=actions, actions_version=counted.version, former_actions=former)


def _as_stored(
    one: RecordedExecution, stored: Mapping[str, RecordedExecution], now: datetime
) -> RecordedExecution | None:
    """The execution as it is to be stored; None if it is there already."""
    own = stored.get(one.execution_id)
    if own is None:
        return one
    kept = replace(one, trade_ids=own.trade_ids, opens=own.opens, version=own.version, updated_at=own.updated_at)
    return None if kept == own else replace(kept, version=own.version + 1, updated_at=now)


def _hold_back(
    user: str,
    linked: Sequence[_Linked],
    coming: Sequence[RecordedExecution],
    going: Sequence[RecordedExecution],
    now: datetime,
) -> None:
    """Mark the positions from the first change on, with all actions that are stored, and hold them back."""
    moments = [one.executed_at for one in (*coming, *going)]
    marked = []
    for place, target in linked:
        changed = [each.effective_at for each in {*target.actions} ^ {*place.position.actions}]
        own = [one for one in coming if storage.position_key(one) == storage.position_key(target)]
        if not target.version and own:
            target = replace(target, symbol=own[0].symbol, instrument=own[0].instrument)
        if target.version or own:
            since = min((*moments, *changed, *([target.dirty_since] if target.dirty_since else ()), now))
            marked.append(replace(target.marked(ZERO, since).held_back(), is_stale=True))
    storage.write(
        user, [PositionWrite(position=held, put=(), removed=(), trades=(), vanished=()) for held in marked], None, now
    )


def _write_executions(
    user: str,
    places: Sequence[PositionInAccount],
    coming: Sequence[RecordedExecution],
    stored: Mapping[str, RecordedExecution],
) -> None:
    """Write the executions that come, in as many transactions as it takes."""
    keys = [storage.position_key(place.position) for place in places]
    held = list(storage.several_positions(user, keys).values())
    units = (_put(one, stored.get(one.execution_id)) for one in in_order(coming))
    storage.write_in_parts(user, [(one, one) for one in held], units)


def _put(one: RecordedExecution, former: RecordedExecution | None) -> Sequence[Any]:
    writes = [storage.put_execution(one), storage.put_ref(one, is_new=former is None)]
    if former is not None and storage.execution_item(former)["item"] != storage.execution_item(one)["item"]:
        writes.append(next(storage.delete_execution(former)))
    if one.import_id is not None and one.version > 1:  # so that undoing the import asks about it
        edited = EditedKind.EXECUTION, one.execution_id, one.updated_at
        writes.append(import_edits.mark(one.user_id, one.import_id, *edited))
    return writes


def _settle(user: str, places: Sequence[PositionInAccount], wanted: Wanted, now: datetime) -> None:
    """Derive the trades of all executions but those that go, and write what differs."""
    parts = []
    for place in places:
        held = place.position
        before = storage.all_of(held) or []
        after = [one for one in before if one.execution_id not in wanted.executions_going]
        parts.append(PositionToSettle(place, held, before, after, held.actions))
    before = in_order(one for part in parts for one in part.before)
    stored = _trades_of(user, parts)
    known = _known(user, parts, stored, wanted)
    outcome = settling.settled(parts, now, behind=True, known=known)
    outcome = _with_stored_ones(outcome, stored, wanted, now)
    is_dirty = any(part.held.dirty_since is not None for part in parts)
    if not (is_dirty or outcome.regrouping.changed or outcome.regrouping.vanished):
        return
    positions = [
        (part.held, position)
        for part, position in zip(parts, outcome.positions, strict=True)
        if part.held.version or position != part.held
    ]
    fresh = [new for new, old in outcome.regrouping.changed if old is None]
    # An external id is taken before its trade comes, which makes sure that both do.
    first = [[trade_storage.keep_external_id(trade)] for trade in fresh if trade.external_id is not None]
    arrived = [(trade.trade_id, wanted.arriving.get(trade.trade_id, ())) for trade in fresh]
    last = [uploads.end_restoring(user, trade_id, images) for trade_id, images in arrived if images]
    storage.write_in_parts(user, positions, chain(first, settling.units(before, outcome), last))


def _trades_of(user: str, parts: Sequence[PositionToSettle]) -> dict[str, Trade]:
    ids = {trade_id for part in parts for trade_id in part.held.gone}
    for part in parts:
        for one in part.before:
            ids |= {one.opens, *one.trade_ids}
    return {trade.trade_id: trade for trade in trade_storage.several(user, sorted(ids))}


def _known(
    user: str, parts: Sequence[PositionToSettle], stored: Mapping[str, Trade], wanted: Wanted
) -> dict[str, Trade]:
    """The stored trades with what is to be written about them, and those to come of which something is."""
    after = in_order(one for part in parts for one in part.after)
    actions = {action.action_id: action for part in parts for action in part.actions}.values()
    known = dict(stored)
    for group in walked(after, ANY, actions)[0]:
        own = wanted.annotations.get(group.trade_id)
        if own is not None and group.trade_id not in stored:
            known[group.trade_id] = replace(own.on(group, user), group_id=wanted.group_of.get(group.trade_id))
    for trade_id, own in wanted.annotations.items():
        if trade_id in stored:
            known[trade_id] = written_about(stored[trade_id], own)
    return known


def written_about(trade: Trade, own: Annotations) -> Trade:
    """The trade of executions with what is written about it in place of what was. Its id and version stay."""
    made = {split.split_id for split in trade.splits}
    kept = [event for event in trade.events if event.event_id in made]
    names = [each.name for each in fields(Annotations) if each.name not in _KEPT]
    return replace(trade, events=(*own.events, *kept), **{name: getattr(own, name) for name in names})


_KEPT = ("trade_id", "version", "updated_at", "events")


def _with_stored_ones(
    outcome: SettledPositions, stored: Mapping[str, Trade], wanted: Wanted, now: datetime
) -> SettledPositions:
    """The outcome by what is stored in place of what was given as known."""
    result = outcome.regrouping
    changed: dict[str, tuple[Trade, Trade | None]] = {}
    vanished = [trade for trade in result.vanished if trade.trade_id in stored]
    for new, old in result.changed:
        was = stored.get(new.trade_id)
        own = wanted.annotations.get(new.trade_id)
        if was is None and own is not None:
            new = replace(new, version=own.version, updated_at=own.updated_at)
        if new.trade_id in wanted.going and new.cancelled and was is not None and was.source is TradeSource.LEDGER:
            vanished.append(was)
        elif was is not None or old is None or own is not None:
            changed[new.trade_id] = new, was
    for trade_id in wanted.annotations.keys() & stored.keys() - changed.keys():
        was = stored[trade_id]
        new = written_about(was, wanted.annotations[trade_id])
        if new != was and was.source is TradeSource.LEDGER:
            changed[trade_id] = replace(new, version=was.version + 1, updated_at=now), was
    regrouping = replace(result, changed=tuple(changed.values()), vanished=tuple(vanished))
    return outcome._replace(regrouping=regrouping)

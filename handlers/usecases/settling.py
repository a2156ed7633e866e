"""Settles positions: derives their trades from their executions, within a request or after its answer.

A request that cannot settle a position marks it. The stream of LedgerTable reports every mark, so none is lost, and
`settle` updates the trades. It reads the executions that are stored by then, so calls may be repeated, late or in any
order, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, NamedTuple

from handlers.journal import money
from handlers.journal.executions import MADE_BY_ACTIONS, CorporateAction, RecordedExecution, in_order, symbol_key
from handlers.journal.money import ZERO
from handlers.journal.regrouping import ANY, Regrouping, former_trades, impossible_ids, methods_of, regrouped, walked
from handlers.journal.trade import Trade
from handlers.storage import corporate_actions
from handlers.storage import executions as storage
from handlers.storage import trades as trade_storage
from handlers.storage.executions import PositionInAccount, PositionKey, PositionWrite, StoredPosition
from handlers.storage.retry import retry_overtaken

# The fewest executions of a span, in which a long position is settled.
SPAN = 2_000


class PositionToSettle(NamedTuple):
    """A position to settle: its account and settings, its executions before and after a change, from a flat point on,
    and its corporate actions after the change.
    """

    place: PositionInAccount
    held: StoredPosition
    before: Sequence[RecordedExecution]
    after: Sequence[RecordedExecution]
    actions: tuple[CorporateAction, ...]


class SettledPositions(NamedTuple):
    """The settled positions and their executions, in the order of the parts, and all their trades by id."""

    regrouping: Regrouping
    positions: list[StoredPosition]
    executions: list[list[RecordedExecution]]
    trades: dict[str, Trade]


def settled(
    parts: Sequence[PositionToSettle], now: datetime, *, behind: bool = False, known: Mapping[str, Trade] | None = None
) -> SettledPositions:
    """Derive the trades of a position from its executions, or of several positions that are linked.

    behind: this is after the answer, which accepted the executions, so nothing is refused. known: the trades as they
    are, by id; without them, they are read. Raises, unless `behind`, PositionTooSmall, StateForbids, RuleBroken; Busy.
    """
    place, user_id = parts[0].place, parts[0].held.user_id
    before = in_order(one for part in parts for one in part.before)
    after = in_order(one for part in parts for one in part.after)
    were = {action.action_id: action for part in parts for action in part.held.actions}
    are = {action.action_id: action for part in parts for action in part.actions}
    tolerated = ANY if behind else impossible_ids(before, [*were.values()])
    groups, made = walked(after, tolerated, are.values())
    former = former_trades(before, [trade_id for part in parts for trade_id in part.held.gone])
    ids = {*former, *(group.trade_id for group in groups)}
    stored = known
    if stored is None:
        stored = {trade.trade_id: trade for trade in trade_storage.several(user_id, sorted(ids))}
    method = (place.account and place.account.lot_method) or place.settings.lot_method
    if made:  # the cost that they take along depends on the lot methods of the trades
        groups, made = walked(after, tolerated, are.values(), methods_of(former, groups, stored, method))
    after = _with_made(after, made, before, now)
    result = regrouped(former, after, groups, stored, user_id=user_id, lot_method=method, now=now, accepted=behind)
    changed = {one.execution_id: one for one in result.fills}
    of_position: dict[PositionKey, list[RecordedExecution]] = {}
    for one in after:
        of_position.setdefault(storage.position_key(one), []).append(changed.get(one.execution_id, one))
    positions = []
    for part in parts:
        group = result.open_groups.get(symbol_key(part.held.symbol))
        positions.append(
            replace(
                part.held,
                instrument=part.held.instrument if group is None or part.held.version else group.first.instrument,
                open_quantity=ZERO if group is None else group.open_quantity,
                side=None if group is None else group.side,
                trade_id=None if group is None else group.trade_id,
                executions=0 if group is None else len(group.execution_ids),
                dirty_since=None,
                dirty_version=None,
                gone=(),
                actions=part.actions,
                former_actions=(),
                is_stale=None,
            )
        )
    return SettledPositions(
        regrouping=result,
        positions=positions,
        executions=[of_position.get(storage.position_key(part.held), []) for part in parts],
        trades={**stored, **{trade.trade_id: trade for trade, _ in result.changed}},
    )


def spans(part: PositionToSettle) -> Iterator[PositionToSettle]:
    """Cut the part into spans where nothing is open, neither before nor after the change. No trade crosses a cut.

    So a long position is settled piece by piece, in less memory, to the same trades. The last span tells what is open.
    With actions, or executions that moved, there is one span, since they may concern all. A flat point in the midst of
    a trade, which a change that broke off may leave, is no cut.
    """
    before, after = part.before, part.after
    places = {one.execution_id: _place(one) for one in before}
    moved = any(places.get(one.execution_id, _place(one)) != _place(one) for one in after)
    actions = (*part.actions, *part.held.actions, *part.held.former_actions)
    if moved or actions or part.held.gone:
        yield part
        return
    last_of = {trade_id: number for number, one in enumerate(before, start=1) for trade_id in one.trade_ids}
    first, begin, number, end, reach = 0, 0, 0, 0, 0
    was_open = is_open = ZERO
    while number < len(before) or end < len(after):
        place = min(_place(some[0]) for some in (before[number : number + 1], after[end : end + 1]) if some)
        if number < len(before) and _place(before[number]) == place:
            was_open = money.plus(was_open, storage.moved(before[number]))
            reach = max(reach, *(last_of[trade_id] for trade_id in before[number].trade_ids), 0)
            number += 1
        if end < len(after) and _place(after[end]) == place:
            is_open = money.plus(is_open, storage.moved(after[end]))
            end += 1
        is_flat = is_open == ZERO and (was_open == ZERO or number == len(before)) and reach <= number
        is_last = number == len(before) and end == len(after)
        if is_flat and not is_last and max(number - first, end - begin) >= SPAN:
            yield part._replace(before=before[first:number], after=after[begin:end])
            first, begin = number, end
    yield part._replace(before=before[first:], after=after[begin:])


def _place(one: RecordedExecution) -> tuple[datetime, int, str]:
    return one.executed_at, one.sequence, one.execution_id


def _with_made(
    after: Sequence[RecordedExecution],
    made: Sequence[RecordedExecution],
    before: Sequence[RecordedExecution],
    now: datetime,
) -> list[RecordedExecution]:
    """The executions, where those made by actions are replaced by the ones that the actions make now."""
    known = {one.execution_id: one for one in before if one.kind in MADE_BY_ACTIONS}
    current = [one for one in after if one.kind not in MADE_BY_ACTIONS]
    for one in made:
        was = known.get(one.execution_id)
        current.append(one if was in (None, one) else replace(one, version=one.version + 1, updated_at=now))
    return in_order(current)


def written(
    parts: Sequence[PositionToSettle], outcome: SettledPositions
) -> Iterator[tuple[PositionWrite, Sequence[RecordedExecution]]]:
    """What each position writes, with the executions that it has then; the first one also writes the trades.

    A position that is not stored and stays empty, such as one of a symbol that was renamed, writes nothing.
    """
    result, is_first = outcome.regrouping, True
    for part, position, executions in zip(parts, outcome.positions, outcome.executions, strict=True):
        if not position.version and not executions and position == part.held:
            continue
        was = {one.execution_id: one for one in part.before}
        will_be = {one.execution_id: one for one in executions}
        yield (
            PositionWrite(
                position=position,
                put=[one for one in executions if one != was.get(one.execution_id)],
                removed=[one for one in part.before if one != will_be.get(one.execution_id)],
                trades=result.changed if is_first else (),
                vanished=result.vanished if is_first else (),
            ),
            executions,
        )
        is_first = False


def stands_alone(held: StoredPosition, executions: Sequence[RecordedExecution], since: datetime) -> bool:
    """Whether these executions, which begin at a flat point before the instant, determine their trades alone: no action
    after that point names another symbol.
    """
    actions = (*held.actions, *held.former_actions)
    if all(action.new_symbol is None for action in actions):
        return True
    if any(one.kind in MADE_BY_ACTIONS for one in executions):
        return False
    start = min([since, *(one.executed_at for one in executions[:1])])
    was_flat = not held.is_stale and money.total(map(storage.moved, executions)) == held.signed
    return was_flat and all(action.effective_at <= start for action in actions)


def linked(key: PositionKey, symbol: str, position: Callable[[PositionKey, str], StoredPosition]) -> list[PositionKey]:
    """The position, and those of its account and pair with which corporate actions link it.

    position: finds the position of a key, or an empty one under the symbol.
    """
    found: dict[PositionKey, str] = {}
    waiting = [(key, symbol)]
    while waiting:
        one, name = waiting.pop()
        if one in found:
            continue
        found[one] = name
        held = position(one, name)
        for action in (*held.actions, *held.former_actions):
            if action.new_symbol is not None:
                names = corporate_actions.symbols(action)
                waiting += [(one._replace(symbol=symbol_key(each)), each) for each in names]
    return list(found)


def settle(user: str, key: PositionKey, version: int) -> int | None:
    """Settle a position that was marked at that version.

    Returns the number of executions that were settled; None if there is nothing to do, since the position is settled
    already, or was marked again, for which there is another message. Safe to repeat, also after a crash at any point.
    Raises AccountErased, Busy.
    """

    def attempt() -> int | None:
        now = datetime.now(UTC)
        place = storage.place(user, key, key.symbol, answer_for=None, now=now)
        held = place.position
        if held.dirty_version is None or held.dirty_version > version:
            return None
        executions = storage.since_flat(held, None)
        if executions is None or held.dirty_since is None:
            raise AssertionError("without a limit, all are read of a position that is marked")
        parts = [PositionToSettle(place, held, executions, executions, held.actions)]
        if not stands_alone(held, executions, held.dirty_since):
            parts = linked_parts(user, place, now)
            executions = in_order(one for part in parts for one in part.before)
        outcome = settled(parts, now, behind=True)
        positions = [
            (part.held, position)
            for part, position in zip(parts, outcome.positions, strict=True)
            if part.held.version or position != part.held
        ]
        storage.write_in_parts(user, positions, units(executions, outcome))
        return len(executions)

    return retry_overtaken(attempt)


def linked_parts(user: str, place: PositionInAccount, now: datetime) -> list[PositionToSettle]:
    """The position and those that it is linked with, each with all of its executions."""
    places: dict[PositionKey, PositionInAccount] = {}

    def position(key: PositionKey, symbol: str) -> StoredPosition:
        if key not in places:
            places[key] = storage.place(user, key, symbol, answer_for=None, now=now)
        return places[key].position

    held = place.position
    own = storage.position_key(held)
    places[own] = place
    parts = []
    for key in linked(own, held.symbol, position):
        one = places[key].position
        executions = storage.all_of(one) or []
        parts.append(PositionToSettle(places[key], one, executions, executions, one.actions))
    return parts


class SpanBySpan:
    """The writes of a position and its trades, span by span. Without spans, there is nothing to write.

    `held_back` is the position as long as the next one of `units` is not written: marked from its span on, since all
    before is settled. `settled` is what the position is after the last one.
    """

    def __init__(
        self,
        held: StoredPosition,
        spans: Iterable[PositionToSettle],
        outcome_of: Callable[[PositionToSettle], SettledPositions],
    ) -> None:
        self.held_back = self.settled = held
        self.spans = spans
        self._outcome_of = outcome_of

    def units(self) -> Iterator[Sequence[Any]]:
        """The writes, as `units` has them."""
        for number, span in enumerate(self.spans):
            if number:
                begins = min(some[0].executed_at for some in (span.before, span.after) if some)
                self.held_back = replace(self.held_back, dirty_since=begins)
            outcome = self._outcome_of(span)
            [self.settled] = outcome.positions
            yield from units(span.before, outcome)


def units(executions: Sequence[RecordedExecution], outcome: SettledPositions) -> Iterator[Sequence[Any]]:
    """Groups of writes that one transaction must hold together: a trade with the trades whose notes it takes over, and
    with the executions that open it now and opened it before. Deletions of executions that are gone come last.

    executions: those that were there before; no other one may have the id of a new one, unless an action makes it.
    """
    result = outcome.regrouping
    before = {one.execution_id: one for one in executions}
    after = [one for some in outcome.executions for one in some]
    taken_over = {trade_id for others in result.handed.values() for trade_id in others}
    vanished = {trade.trade_id: trade for trade in result.vanished}
    opened_before = {one.execution_id: one.opens for one in executions}
    openers: dict[str, list[RecordedExecution]] = {}
    others = []
    for fill in after:
        if fill == before.get(fill.execution_id):
            continue
        trade_id = result.renamed.get(fill.execution_id)
        if trade_id is None and fill.execution_id not in opened_before:
            trade_id = fill.opens  # a new one
        elif trade_id is None and fill.opens != opened_before[fill.execution_id]:
            trade_id = opened_before[fill.execution_id]
        if trade_id is None:
            others.append(fill)
        else:
            openers.setdefault(trade_id, []).append(fill)
    for new, old in result.changed:
        yield [
            storage.put_trade(new, old),
            *(
                deletion
                for trade_id in result.handed.get(new.trade_id, ())
                for deletion in storage.delete_trade(vanished[trade_id])
            ),
            *chain.from_iterable(_put(fill, before) for fill in openers.pop(new.trade_id, ())),
        ]
    for trade in result.vanished:
        if trade.trade_id not in taken_over:
            yield [*storage.delete_trade(trade)]
    for fill in (*others, *chain.from_iterable(openers.values())):
        yield [*_put(fill, before)]
    kept = {one.execution_id for one in after}
    for one in executions:
        if one.execution_id not in kept:
            yield [*storage.delete_execution(one)]


def _put(execution: RecordedExecution, before: Container[str]) -> Iterator[Any]:
    yield storage.put_execution(execution)
    is_made = execution.kind in MADE_BY_ACTIONS  # whose id may be known
    if is_made or execution.execution_id not in before:
        yield storage.put_ref(execution, is_new=not is_made)

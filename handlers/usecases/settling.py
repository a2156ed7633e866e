"""What the executions of a position make of its trades: worked out within a request, or behind its answer.

A position that a request could not settle is marked. The stream of LedgerTable tells, so no mark is ever lost, and
`settle` makes its trades follow. It reads the executions as they are then, so it may be called again, late and in any
order: the result is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from handlers.journal.executions import CorporateAction, RecordedExecution
from handlers.journal.money import ZERO
from handlers.journal.regrouping import ANY, Regrouping, former_trades, groups_of, overclosing, regrouped
from handlers.journal.trade import Trade
from handlers.storage import executions as storage
from handlers.storage import trades as trade_storage
from handlers.storage.executions import Place, PositionKey, StoredPosition
from handlers.storage.retry import retry_overtaken


class Outcome(NamedTuple):
    """What executions make of a position and its trades; `trades` are all of them, as they are then, by id."""

    regrouping: Regrouping
    position: StoredPosition
    executions: list[RecordedExecution]
    trades: dict[str, Trade]


def settled(
    place: Place,
    held: StoredPosition,
    before: Sequence[RecordedExecution],
    after: Sequence[RecordedExecution],
    now: datetime,
    *,
    actions: Sequence[CorporateAction] | None = None,
    behind: bool = False,
) -> Outcome:
    """What the executions `after`, which begin where the position is flat, make of the trades of those `before`.

    place: where the position lies; held: the position, with its instrument; actions: the corporate actions that there
    are then, when they are others than the position has. behind: the executions are accepted already, so nothing is
    refused. Raises, unless `behind`, PositionTooSmall, StateForbids, RuleBroken; Busy.
    """
    then = held.actions if actions is None else tuple(actions)
    groups = groups_of(after, ANY if behind else overclosing(before, held.actions), then)
    former = former_trades(before, held.gone)
    ids = {*former, *(group.trade_id for group in groups)}
    stored = {trade.trade_id: trade for trade in trade_storage.several(held.user_id, sorted(ids))}
    method = (place.account and place.account.lot_method) or place.settings.lot_method
    result = regrouped(former, after, groups, stored, user_id=held.user_id, lot_method=method, now=now, behind=behind)
    changed = {one.execution_id: one for one in result.fills}
    group = result.open_group
    position = replace(
        held,
        open_quantity=ZERO if group is None else group.open_quantity,
        side=None if group is None else group.side,
        trade_id=None if group is None else group.trade_id,
        executions=0 if group is None else len(group.execution_ids),
        dirty_since=None,
        dirty_version=None,
        gone=(),
        actions=then,
        is_stale=None,
    )
    return Outcome(
        regrouping=result,
        position=position,
        executions=[changed.get(one.execution_id, one) for one in after],
        trades=stored | {trade.trade_id: trade for trade, _ in result.changed},
    )


def settle(user: str, key: PositionKey, version: int) -> int | None:
    """Make the trades of a position follow that was marked at that version.

    Returns of how many executions they follow; None when there is nothing to do, since they follow already or the
    position was marked again, of which another message tells. Safe to repeat, also after a crash at any point. Raises
    AccountErased, Busy.
    """

    def attempt() -> int | None:
        now = datetime.now(UTC)
        place = storage.place(user, key, key.symbol, answer_for=None, now=now)
        held = place.position
        if held.dirty_version is None or held.dirty_version > version:
            return None
        executions = storage.since_flat(held, None)
        if executions is None:
            raise AssertionError("without a limit, all are read")
        outcome = settled(place, held, executions, executions, now, behind=True)
        storage.write_in_parts(user, held, outcome.position, _units(executions, outcome.regrouping))
        return len(executions)

    return retry_overtaken(attempt)


def _units(executions: Sequence[RecordedExecution], result: Regrouping) -> Iterator[Sequence[Any]]:
    """The writes, those together that must not be parted: a trade with those whose notes it takes over, and with the
    executions that open it now and did before.
    """
    taken_over = {trade_id for others in result.handed.values() for trade_id in others}
    vanished = {trade.trade_id: trade for trade in result.vanished}
    opened_before = {one.execution_id: one.opens for one in executions}
    openers: dict[str, list[RecordedExecution]] = {}
    others = []
    for fill in result.fills:
        trade_id = result.renamed.get(fill.execution_id)
        if trade_id is None and fill.opens != opened_before[fill.execution_id]:
            trade_id = opened_before[fill.execution_id]
        if trade_id is None:
            others.append(fill)
        else:
            openers.setdefault(trade_id, []).append(fill)
    for new, old in result.changed:
        yield [
            storage.put_trade(new, old),
            *(storage.delete_trade(vanished[trade_id]) for trade_id in result.handed.get(new.trade_id, ())),
            *map(storage.put_execution, openers.pop(new.trade_id, ())),
        ]
    for fills in openers.values():
        yield [*map(storage.put_execution, fills)]
    for trade in result.vanished:
        if trade.trade_id not in taken_over:
            yield [storage.delete_trade(trade)]
    for fill in others:
        yield [storage.put_execution(fill)]

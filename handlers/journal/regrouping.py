"""Trades that follow from recorded executions, and what becomes of their notes when a late one changes the grouping.

A trade of the ledger is a position from flat to flat. Its entries and closes are its executions, or parts of them where
one flips the position; its money is never changed by hand. Its notes, stops and images are, and they follow the fill
that opened the trade:

1. A group of fills has the id of the trade that its first fill opens.
2. When that id is new and a trade that was there has none of its own any more, the group takes over that trade whole.
3. Where two trades become one, the notes of the other are added to those of the one that stays.

`regrouped` is a pure function: the same fills and trades give the same result, however they came about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from handlers.journal import money
from handlers.journal.errors import PositionTooSmall, StateForbids
from handlers.journal.executions import RecordedExecution
from handlers.journal.ledger import FEE_NOT_PRICED
from handlers.journal.money import ZERO, canonical
from handlers.journal.positions import Fill, LotMethod, Position, Side, Trip
from handlers.journal.rules import within_bounds
from handlers.journal.settings import MAIN
from handlers.journal.tags import unique
from handlers.journal.trade import Close, Entry, JournalNotes, Trade, TradeSource, with_entries

# As many entries, and closes, as a trade that is recorded by hand may have.
MOST_PARTS = 200
MOST_TAGS = 30
MOST_TEXT = 10_000

_TEXTS = ("pre_trade_notes", "post_trade_notes", "mistakes", "lessons")
_RISK = ("stop_loss", "take_profit", "risk_amount", "initial_stop_loss", "initial_risk_amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The fills of a position from flat to flat, or to what is open, as the entries and closes of a trade."""

    trade_id: str
    first: RecordedExecution
    side: Side
    entries: tuple[Entry, ...]
    closes: tuple[Close, ...]
    execution_ids: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def open_quantity(self) -> Decimal:
        """What is open of it."""
        entered = money.total(entry.quantity for entry in self.entries)
        return money.minus(entered, *(close.quantity for close in self.closes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """What changes: trades, each with the stored one that it replaces, trades that vanish, and fills that open another
    trade or belong to others than before.
    """

    changed: tuple[tuple[Trade, Trade | None], ...]
    vanished: tuple[Trade, ...]
    fills: tuple[RecordedExecution, ...]
    open_group: Group | None


def groups_of(executions: Sequence[RecordedExecution]) -> list[Group]:
    """The groups of a position's executions, which begin where it is flat and stand in their order.

    Raises PositionTooSmall for an execution that may only close and takes more than is open.
    """
    position = Position(LotMethod.AVERAGE)
    for execution in executions:
        if execution.may_only_close:
            held = position.open_quantity if position.side not in (None, execution.side) else ZERO
            if execution.quantity > held:
                raise PositionTooSmall(execution.execution_id, held)
        position.take(_fill(execution))
    by_id = {execution.execution_id: execution for execution in executions}
    return [_group(trip, by_id) for trip in position.trips()]


def _fill(execution: RecordedExecution) -> Fill:
    return Fill(
        fill_id=execution.execution_id,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        at=execution.executed_at,
        sequence=execution.sequence,
        costs=execution.costs or ZERO,
    )


def _group(trip: Trip, by_id: Mapping[str, RecordedExecution]) -> Group:
    first = by_id[trip.openings[0].fill_id]
    ids = {part.fill_id for part in trip.openings} | {part.fill_id for part in trip.exits}
    ordered = [execution_id for execution_id in by_id if execution_id in ids]
    rank = {execution_id: number for number, execution_id in enumerate(ordered)}
    trade_id = first.opens
    entries, closes = [], []
    for opening in trip.openings:
        commission, fees = _costs_of_part(by_id[opening.fill_id], opening.quantity, opening.costs)
        entries.append(
            Entry(
                entry_id=_part_id(trade_id, opening.fill_id),
                quantity=opening.quantity,
                price=opening.price,
                entered_at=opening.at,
                commission=commission,
                fees=fees,
                sequence=rank[opening.fill_id],
            )
        )
    for exit_ in trip.exits:
        commission, fees = _costs_of_part(by_id[exit_.fill_id], exit_.quantity, exit_.exit_costs)
        closes.append(
            Close(
                close_id=_part_id(trade_id, exit_.fill_id),
                quantity=exit_.quantity,
                price=exit_.price,
                closed_at=exit_.at,
                commission=commission,
                fees=fees,
                sequence=rank[exit_.fill_id],
            )
        )
    unpriced = any(by_id[execution_id].costs is None for execution_id in ordered)
    return Group(
        trade_id=trade_id,
        first=first,
        side=trip.side,
        entries=tuple(entries),
        closes=tuple(closes),
        execution_ids=tuple(ordered),
        warnings=(FEE_NOT_PRICED,) if unpriced else (),
    )


def _part_id(trade_id: str, execution_id: str) -> str:
    return str(uuid5(UUID(trade_id), execution_id))


def _costs_of_part(execution: RecordedExecution, quantity: Decimal, costs: Decimal) -> tuple[Decimal, Decimal]:
    """Commission and fees of a part of the execution, which add up to its costs."""
    commission = execution.priced(execution.commission)
    if quantity != execution.quantity:
        share = money.ratio(money.product(commission, quantity), execution.quantity)
        commission = share
    return commission, money.minus(costs, commission)


def regrouped(
    before: Sequence[Group],
    executions: Sequence[RecordedExecution],
    stored: Mapping[str, Trade],
    *,
    user_id: str,
    lot_method: LotMethod,
    now: datetime,
) -> Regrouping:
    """What the executions, which begin where the position is flat, make of the trades that `before` had made.

    stored: the trades of the groups of `before` and of these executions, by id, those that exist. Raises
    PositionTooSmall; RuleBroken for figures that are too long; StateForbids when a trade would have more than 200
    entries or closes, and when notes or images would be lost.
    """
    after = groups_of(executions)
    after, renamed = _with_heirs(before, after, stored)
    if any(max(len(group.entries), len(group.closes)) > MOST_PARTS for group in after):
        raise StateForbids(f"A trade has {MOST_PARTS} entries and closes at most, and this one would have more.")
    kept = {group.trade_id for group in after}
    unchanged = {group.trade_id: group for group in before}
    vanished = [stored[group.trade_id] for group in before if group.trade_id not in kept and group.trade_id in stored]
    handed = _notes_for(vanished, before, after)
    changed = []
    for group in after:
        old = stored.get(group.trade_id)
        if old is not None and unchanged.get(group.trade_id) == group and group.trade_id not in handed:
            continue
        new = _derived(group, old, user_id, lot_method, now)
        for other in handed.get(group.trade_id, ()):
            new = _with_notes_of(new, other)
        if old is None or replace(new, version=old.version, updated_at=old.updated_at) != old:
            changed.append((within_bounds(new), old))
    return Regrouping(
        changed=tuple(changed),
        vanished=tuple(vanished),
        fills=_changed_fills(executions, after, renamed, now),
        open_group=after[-1] if after and after[-1].open_quantity else None,
    )


def _with_heirs(
    before: Sequence[Group], after: Sequence[Group], stored: Mapping[str, Trade]
) -> tuple[list[Group], dict[str, str]]:
    """The groups, new ones under the ids of trades that would vanish and whose fills they hold; and which execution
    opens which of those trades now.
    """
    kept = {group.trade_id for group in after}
    homeless = [group for group in before if group.trade_id not in kept and group.trade_id in stored]
    renamed: dict[str, str] = {}
    heirs: list[Group] = []
    for group in after:
        if group.trade_id not in stored:
            held = set(group.execution_ids)
            former = next((each for each in homeless if held & set(each.execution_ids)), None)
            if former is not None:
                homeless.remove(former)
                renamed[group.first.execution_id] = former.trade_id
                heirs.append(_under(former.trade_id, group))
                continue
        heirs.append(group)
    return heirs, renamed


def _under(trade_id: str, group: Group) -> Group:
    """The group as the trade of that id."""
    ids = {_part_id(group.trade_id, execution_id): execution_id for execution_id in group.execution_ids}
    return replace(
        group,
        trade_id=trade_id,
        first=replace(group.first, opens=trade_id),
        entries=tuple(replace(one, entry_id=_part_id(trade_id, ids[one.entry_id])) for one in group.entries),
        closes=tuple(replace(one, close_id=_part_id(trade_id, ids[one.close_id])) for one in group.closes),
    )


def _notes_for(vanished: Sequence[Trade], before: Sequence[Group], after: Sequence[Group]) -> dict[str, list[Trade]]:
    """The trades that vanish, by the trade that gets their notes: the one that holds their first fill that is left."""
    handed: dict[str, list[Trade]] = {}
    fills = {group.trade_id: group.execution_ids for group in before}
    for trade in vanished:
        holders = (
            group.trade_id
            for execution_id in fills[trade.trade_id]
            for group in after
            if execution_id in group.execution_ids
        )
        heir = next(holders, None)
        if heir is not None:
            handed.setdefault(heir, []).append(trade)
        elif _is_annotated(trade):
            raise StateForbids(
                "The trade of these fills has notes or images, which would be lost. Remove them from the trade first."
            )
        if trade.images and heir is not None:
            raise StateForbids(
                f"The trade {trade.trade_id} would become a part of {heir}, and has images. Remove them first."
            )
    return handed


def _is_annotated(trade: Trade) -> bool:
    return (
        trade.notes != JournalNotes() or bool(trade.images) or any(getattr(trade, name) is not None for name in _RISK)
    )


def _derived(group: Group, old: Trade | None, user_id: str, lot_method: LotMethod, now: datetime) -> Trade:
    """The trade of a group, with the notes, stops and images that it has."""
    first = group.first
    if old is None:
        entry = group.entries[0]
        old_or_new = Trade(
            user_id=user_id,
            trade_id=group.trade_id,
            symbol=first.symbol,
            side=group.side,
            quantity=entry.quantity,
            open_date=entry.entered_at,
            lot_method=lot_method,
            source=TradeSource.LEDGER,
            created_at=now,
            updated_at=now,
            version=0,
        )
    else:
        old_or_new = old
    return with_entries(
        old_or_new,
        group.entries,
        symbol=first.symbol,
        side=group.side,
        multiplier=first.instrument.multiplier,
        account_id=None if first.account_id == MAIN else first.account_id,
        currency=first.instrument.currency,
        closes=group.closes,
        warnings=group.warnings,
        version=old_or_new.version + 1,
        updated_at=now,
    )


def _with_notes_of(trade: Trade, other: Trade) -> Trade:
    """The trade with all that was written about the other one."""
    own, others = trade.notes, other.notes
    values: dict[str, Any] = {}
    rest: list[str] = []
    for field in fields(JournalNotes):
        mine, theirs = getattr(own, field.name), getattr(others, field.name)
        if theirs in (None, (), {}) or theirs == mine:
            continue
        if mine in (None, (), {}):
            values[field.name] = theirs
        elif field.name in _TEXTS:
            values[field.name] = f"{mine}\n\n---\n\n{theirs}"
        elif isinstance(mine, tuple):
            values[field.name] = (
                unique((*mine, *theirs)) if field.name == "tags" else tuple(dict.fromkeys((*mine, *theirs)))
            )
        elif isinstance(mine, Mapping):
            values[field.name] = {**theirs, **mine}
            rest += [f"{key}: {value}" for key, value in theirs.items() if mine.get(key, value) != value]
        else:
            rest.append(f"{field.name}: {theirs}")
    risk = {}
    for name in _RISK:
        mine, theirs = getattr(trade, name), getattr(other, name)
        if theirs is None or theirs == mine:
            continue
        if mine is None:
            risk[name] = theirs
        else:
            rest.append(f"{name}: {canonical(theirs)}")
    if rest:
        text = values.get("post_trade_notes", own.post_trade_notes)
        added = f"Of the trade {other.trade_id}: " + "; ".join(rest)
        values["post_trade_notes"] = added if text is None else f"{text}\n\n---\n\n{added}"
    notes = replace(own, **values)
    if len(notes.tags) > MOST_TAGS or any(len(getattr(notes, name) or "") > MOST_TEXT for name in _TEXTS):
        raise StateForbids(
            f"The trades {trade.trade_id} and {other.trade_id} would become one, and their notes or tags are too long "
            "together. Shorten them first."
        )
    return replace(trade, notes=notes, **risk)


def _changed_fills(
    executions: Sequence[RecordedExecution], after: Sequence[Group], renamed: Mapping[str, str], now: datetime
) -> tuple[RecordedExecution, ...]:
    """The executions that open another trade, or belong to others, than they say."""
    of: dict[str, list[str]] = {}
    for group in after:
        for execution_id in group.execution_ids:
            of.setdefault(execution_id, []).append(group.trade_id)
    changed = []
    for execution in executions:
        opens = renamed.get(execution.execution_id, execution.opens)
        if execution.execution_id not in renamed and opens in renamed.values():
            # An id that none has had: an execution may lose one trade twice, and between that its new id to another.
            opens = str(uuid5(UUID(_part_id(opens, execution.execution_id)), now.isoformat()))
        new = replace(
            execution,
            opens=opens,
            trade_ids=tuple(of.get(execution.execution_id, ())),
        )
        if new != execution:
            changed.append(new)
    return tuple(changed)

"""Makes the trades of a restored journal: checks what was recorded by hand, and derives the rest from executions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal

from handlers.faults import Fault, FieldCode
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.positions import LotMethod
from handlers.journal.regrouping import FillGroup
from handlers.journal.rules import (
    MOST_EVENT_NOTES,
    cannot_be_closed,
    close_errors,
    conflicts_with_closes,
    conflicts_with_events,
    entry_errors,
    event_errors,
    first_uncovered,
    split_errors,
    trade_errors,
    within_bounds,
)
from handlers.journal.trade import Image, JournalNotes, Trade, TradeEvent, with_entries

_REQUIRED = Fault(FieldCode.REQUIRED, "is required")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What was written about a trade that follows from executions. Fields are those of Trade."""

    trade_id: str
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    risk_amount: Decimal | None = None
    initial_stop_loss: Decimal | None = None
    initial_risk_amount: Decimal | None = None
    lot_method: LotMethod
    notes: JournalNotes
    images: tuple[Image, ...] = ()
    external_id: str | None = None
    idempotency_key: str | None = None
    version: int
    created_at: datetime
    updated_at: datetime
    events: tuple[TradeEvent, ...] = ()

    def on(self, group: FillGroup, user_id: str) -> Trade:
        """The trade of a group of executions before it is derived: its stops are in units after the group's splits."""
        first = group.entries[0]
        own = {each.name: getattr(self, each.name) for each in fields(Annotations)}
        return Trade(
            user_id=user_id,
            symbol=group.symbol,
            side=group.side,
            quantity=first.quantity,
            open_date=first.entered_at,
            splits=group.splits,
            **own,
        )


def is_written_about(own: Annotations) -> bool:
    """Whether anything was written about the trade that would be lost without it."""
    risk = (own.stop_loss, own.take_profit, own.risk_amount, own.initial_stop_loss, own.initial_risk_amount)
    return (
        own.notes != JournalNotes()
        or bool(own.images)
        or bool(own.events)
        or own.external_id is not None
        or any(each is not None for each in risk)
    )


def as_written(derived: Trade, annotations: Mapping[str, Annotations]) -> Trade:
    """A derived trade at the version and the time that its annotations have."""
    own = annotations.get(derived.trade_id)
    return derived if own is None else replace(derived, version=own.version, updated_at=own.updated_at)


def recorded_by_hand(trade: Trade) -> Trade:
    """The trade, with what follows from its entries. Raises RuleBroken with everything that is wrong.

    trade: with its entries, closes, splits and events, all of which are as they were given.
    """
    errors = _part_errors(trade)
    if errors:
        raise RuleBroken(errors)
    whole = with_entries(trade, trade.entries)
    errors = trade_errors(whole)
    errors += _within("splits", [split_errors(whole, each) for each in whole.splits])
    errors += _within("events", [event_errors(whole, each) for each in whole.events])
    errors += _within("closes", [close_errors(whole, each) for each in whole.closes])
    errors += conflicts_with_closes(whole) + conflicts_with_events(whole)
    if whole.splits:
        errors += cannot_be_closed(whole)
    if sum(len(event.note or "") for event in whole.events) > MOST_EVENT_NOTES:
        detail = f"have notes of more than {MOST_EVENT_NOTES} characters together"
        errors.append(_at("events", Fault(FieldCode.TOO_LONG_TOGETHER, detail, {"maxLength": MOST_EVENT_NOTES})))
    if not errors and first_uncovered(replace(whole, entries=whole.entered)) is not None:
        errors.append(_at("closes", Fault(FieldCode.MORE_THAN_HELD, "close more than is held")))
    if errors:
        raise RuleBroken(errors)
    return within_bounds(whole)


def _part_errors(trade: Trade) -> list[FieldError]:
    errors = _within("entries", [entry_errors(each) for each in trade.entries])
    if len(trade.entries) > 1:
        errors += _within(
            "entries", [[_at("price", _REQUIRED)] if each.price is None else [] for each in trade.entries]
        )
    elif trade.splits and trade.entries[0].price is None:
        errors += cannot_be_closed(replace(trade, entry_price=None))
    for name, ids in (
        ("entries", [each.entry_id for each in trade.entries]),
        ("closes", [each.close_id for each in trade.closes]),
        ("splits", [each.split_id for each in trade.splits]),
        ("events", [each.event_id for each in trade.events]),
        ("images", [each.image_id for each in trade.images]),
    ):
        if len(set(ids)) < len(ids):
            errors.append(_at(name, Fault(FieldCode.DUPLICATE_ITEM, "have an id twice")))
    return errors


def _within(name: str, of_parts: Sequence[Sequence[FieldError]]) -> list[FieldError]:
    """The errors of the parts, with the path that leads to each part."""
    return [
        replace(error, path=(name, index, *error.path)) for index, errors in enumerate(of_parts) for error in errors
    ]


def _at(name: str, fault: Fault) -> FieldError:
    return FieldError((name,), fault)

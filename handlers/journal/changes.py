"""How a trade is opened, closed in parts, revised, given events and images; each change makes a new trade."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from handlers.journal import money
from handlers.journal.errors import CloseNotFound, EventNotFound, FieldError, ImageNotFound, RuleBroken, StateForbids
from handlers.journal.money import ZERO, canonical
from handlers.journal.rules import (
    cannot_be_closed,
    close_errors,
    conflicts_with_closes,
    conflicts_with_events,
    event_errors,
    trade_errors,
    within_bounds,
)
from handlers.journal.tags import unique
from handlers.journal.trade import Close, Image, JournalNotes, Trade, TradeEvent

MOST_CLOSES = 200
MOST_EVENTS = 400
# A trade has to fit into an item of 400 KB, with its closes and its other notes.
MOST_EVENT_NOTES = 10_000
MOST_IMAGES = 20


def open_trade(trade: Trade, closes: Sequence[Close] = ()) -> Trade:
    """The trade as it enters the journal, with the closes it already has, in the order in which they were given.

    Raises RuleBroken with everything that is wrong.
    """
    errors = trade_errors(trade)
    closed = ZERO
    for index, close in enumerate(closes):
        path = ("closes", index)
        errors += close_errors(trade, close, path)
        before, closed = closed, money.total((closed, close.quantity))
        if before <= trade.quantity < closed:
            errors.append(FieldError((*path, "quantity"), "closes more than the quantity of the trade"))
    if closes:
        errors += cannot_be_closed(trade)
    if len(closes) > MOST_CLOSES:
        errors.append(FieldError(("closes",), f"holds more than {MOST_CLOSES} closes"))
    if errors:
        raise RuleBroken(errors)
    notes = replace(trade.notes, tags=unique(trade.notes.tags))
    return within_bounds(replace(trade, closes=tuple(closes), notes=notes))


def close(
    trade: Trade,
    *,
    close_id: str,
    price: Decimal,
    closed_at: datetime,
    now: datetime,
    quantity: Decimal | None = None,
    commission: Decimal = ZERO,
    fees: Decimal = ZERO,
) -> Trade:
    """The trade with a part of it closed, or, without a quantity, all that remains of it.

    Raises StateForbids when the trade is cancelled, has no entry price, has nothing or less than that left, or has
    200 closes already; RuleBroken for a close that is wrong in itself or comes before the entry.
    """
    if trade.cancelled:
        raise StateForbids("The trade is cancelled.")
    if trade.entry_price is None:
        raise StateForbids("The trade has no entry price.")
    if trade.is_flat:
        raise StateForbids("Nothing of the trade remains to be closed.")
    if len(trade.closes) >= MOST_CLOSES:
        raise StateForbids(f"The trade has {MOST_CLOSES} closes already.")
    added = Close(
        close_id=close_id,
        quantity=trade.remaining_quantity if quantity is None else quantity,
        price=price,
        closed_at=closed_at,
        commission=commission,
        fees=fees,
    )
    errors = close_errors(trade, added)
    if errors:
        raise RuleBroken(errors)
    if added.quantity > trade.remaining_quantity:
        remains = canonical(trade.remaining_quantity)
        raise StateForbids(
            f"Only {remains} of the trade remains to be closed.",
            [FieldError(("quantity",), f"is more than the {remains} that remains")],
        )
    return within_bounds(_changed(trade, now, closes=(*trade.closes, added)))


def take_back_close(trade: Trade, close_id: str, now: datetime) -> Trade:
    """The trade as if that close had never been made. Raises CloseNotFound."""
    kept = tuple(close for close in trade.closes if close.close_id != close_id)
    if len(kept) == len(trade.closes):
        raise CloseNotFound(f"The trade has no close {close_id}.")
    return within_bounds(_changed(trade, now, closes=kept))


def add_event(trade: Trade, event: TradeEvent, now: datetime) -> Trade:
    """The trade with the event, whether or not it is flat.

    Raises StateForbids when the trade is cancelled or has 400 events already; RuleBroken for an event that is wrong in
    itself, comes before the entry, or makes the notes of all events longer than 10 000 characters.
    """
    if trade.cancelled:
        raise StateForbids("The trade is cancelled.")
    if len(trade.events) >= MOST_EVENTS:
        raise StateForbids(f"The trade has {MOST_EVENTS} events already.")
    return _with_events(trade, event, (*trade.events, event), now)


def revise_event(trade: Trade, event_id: str, changes: Mapping[str, Any], now: datetime) -> Trade:
    """The trade with some fields of an event changed; None takes the note away.

    The same trade, at its version, when that changes nothing. Raises EventNotFound; RuleBroken as for a new event, and
    for another field than the note that is None.
    """
    event = event_of(trade, event_id)
    if removed := [name for name, value in changes.items() if value is None and name != "note"]:
        raise RuleBroken([FieldError((name,), "is required and cannot be removed") for name in removed])
    revised = replace(event, **changes)
    if revised == event and revised.at.utcoffset() == event.at.utcoffset():
        return trade
    events = tuple(revised if each is event else each for each in trade.events)
    return _with_events(trade, revised, events, now)


def remove_event(trade: Trade, event_id: str, now: datetime) -> Trade:
    """The trade as if that event had never been recorded. Raises EventNotFound."""
    event = event_of(trade, event_id)
    return within_bounds(_changed(trade, now, events=tuple(each for each in trade.events if each is not event)))


def event_of(trade: Trade, event_id: str) -> TradeEvent:
    """The trade's event of that id. Raises EventNotFound."""
    for event in trade.events:
        if event.event_id == event_id:
            return event
    raise EventNotFound(f"The trade has no event {event_id}.")


def _with_events(trade: Trade, event: TradeEvent, events: tuple[TradeEvent, ...], now: datetime) -> Trade:
    """The trade with these events, among which `event` is new or changed."""
    errors = event_errors(trade, event)
    if sum(len(each.note or "") for each in events) > MOST_EVENT_NOTES:
        detail = f"makes the notes of the trade's events longer than {MOST_EVENT_NOTES} characters together"
        errors.append(FieldError(("note",), detail))
    if errors:
        raise RuleBroken(errors)
    try:
        return within_bounds(_changed(trade, now, events=events))
    except RuleBroken as error:  # all that has changed is the event
        raise RuleBroken([replace(each, path=("amount",)) for each in error.errors]) from None


def attach_image(trade: Trade, image: Image, now: datetime) -> Trade:
    """The trade with the image; the same trade when it has it already. Raises StateForbids at 20 images."""
    if any(image.image_id == attached.image_id for attached in trade.images):
        return trade
    if len(trade.images) >= MOST_IMAGES:
        raise StateForbids(f"The trade has {MOST_IMAGES} images already.")
    return _changed(trade, now, images=(*trade.images, image))


def detach_image(trade: Trade, image_id: str, now: datetime) -> Trade:
    """The trade without the image. Raises ImageNotFound."""
    kept = tuple(image for image in trade.images if image.image_id != image_id)
    if len(kept) == len(trade.images):
        raise ImageNotFound(f"The trade has no image {image_id}.")
    return _changed(trade, now, images=kept)


def revise(trade: Trade, changes: Mapping[str, object], now: datetime) -> Trade:
    """The trade with some of its own fields, or of its notes' fields, changed; None takes a field back to none.

    The same trade, at its version, when that changes nothing. Raises RuleBroken for values that are wrong, StateForbids
    for changes that the closes do not allow; either names all the fields. Fields that no trader revises (closes,
    version, ...) are a TypeError.
    """
    if unknown := changes.keys() - _REVISABLE.keys():
        raise TypeError(f"not revisable: {sorted(unknown)}")
    removed = [_REVISABLE[name] for name, value in changes.items() if value is None]
    if required := [field for field in removed if _is_required(field)]:
        raise RuleBroken([FieldError((field.name,), "is required and cannot be removed") for field in required])
    values: dict[str, Any] = {**changes, **{field.name: _default(field) for field in removed}}
    notes = {field.name: values.pop(field.name) for field in fields(JournalNotes) if field.name in values}
    revised = _changed(trade, now, notes=replace(trade.notes, **notes), **values)
    if errors := trade_errors(revised):
        raise RuleBroken(errors)
    if "tags" in notes:
        revised = replace(revised, notes=replace(revised.notes, tags=unique(revised.notes.tags)))
    if conflicts := conflicts_with_closes(revised):
        raise StateForbids("What is closed already does not allow this change.", conflicts)
    if conflicts := conflicts_with_events(revised):
        raise StateForbids("The trade's events do not allow this change.", conflicts)
    return trade if _is_as_before(revised, trade) else within_bounds(revised)


def _is_as_before(revised: Trade, trade: Trade) -> bool:
    """Whether they differ in version and time alone. Amounts are compared by value. The same instant in another offset
    is a difference: it may lie on another day.
    """
    same_offset = revised.open_date.utcoffset() == trade.open_date.utcoffset()
    return same_offset and replace(revised, version=trade.version, updated_at=trade.updated_at) == trade


def _changed(trade: Trade, now: datetime, **values: Any) -> Trade:
    return replace(trade, **values, version=trade.version + 1, updated_at=now)


_FIXED = {
    "user_id",
    "trade_id",
    "closes",
    "events",
    "notes",
    "images",
    "group_id",
    "idempotency_key",
    "version",
    "created_at",
    "updated_at",
}
_REVISABLE: dict[str, Field[Any]] = {
    own.name: own for own in (*fields(Trade), *fields(JournalNotes)) if own.name not in _FIXED
}


def revisable_fields() -> frozenset[str]:
    """The fields of a trade and of its notes that a trader gives and may revise."""
    return frozenset(_REVISABLE)


def _is_required(own: Field[Any]) -> bool:
    return own.default is MISSING and own.default_factory is MISSING


def _default(own: Field[Any]) -> object:
    return own.default if own.default_factory is MISSING else own.default_factory()

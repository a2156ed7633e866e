"""Opens trades, and changes their fields, entries, closes, events, splits and images. Changes return new trades."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, Field, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from handlers.faults import CANNOT_BE_REMOVED, Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import (
    CloseNotFound,
    DerivedFromExecutions,
    EntryNotFound,
    EventNotFound,
    FieldError,
    ImageNotFound,
    RuleBroken,
    SplitNotFound,
    StateForbids,
)
from handlers.journal.images import MOST_IMAGES
from handlers.journal.money import ZERO, canonical
from handlers.journal.rules import (
    AFTER_FIRST_EVENT,
    AFTER_FIRST_SPLIT,
    MOST_EVENT_NOTES,
    cannot_be_closed,
    closable,
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
from handlers.journal.settings import MAIN, TradeDefaults
from handlers.journal.tags import unique
from handlers.journal.trade import (
    OF_THE_ENTRY,
    Close,
    Entry,
    Image,
    JournalNotes,
    Trade,
    TradeEvent,
    TradeSource,
    TradeSplit,
    in_last_units,
    per_new_unit,
    with_entries,
    with_own_values,
)

Part = TypeVar("Part", Entry, Close)

MOST_ENTRIES = 200
MOST_CLOSES = 200
MOST_EVENTS = 400
MOST_SPLITS = 20

_OF_SEVERAL_ENTRIES = Fault(
    FieldCode.SEVERAL_ENTRIES, "has several entries: change those (updateEntry, addEntry, deleteEntry)"
)
_OF_AN_ENTRY_BEFORE_SPLITS = Fault(
    FieldCode.HAS_SPLITS, "has splits: change its entry (updateEntry, addEntry, deleteEntry)"
)
_OF_A_CLOSED_ENTRY = Fault(
    FieldCode.CLOSED_ALREADY,
    "is that of the entry, of which something is closed: correct the entry with updateEntry, or record what was "
    "entered later with addEntry",
)
_FIXED_BY_CLOSES = Fault(FieldCode.CLOSED_ALREADY, "cannot be changed once something is closed")


def open_trade(trade: Trade, closes: Sequence[Close] = (), entries: Sequence[Entry] = ()) -> Trade:
    """The trade as it enters the journal, with the closes it already has, in the order in which they were given.

    With `entries`, which are in the order given, too, the trade's own quantity, price, time and costs follow from them.
    Stop and risk amount are the initial ones, too, if none are given. Raises RuleBroken with everything that is wrong.
    """
    errors: list[FieldError] = []
    for index, entry in enumerate(entries):
        errors += entry_errors(entry, ("entries", index))
    if len(entries) > MOST_ENTRIES:
        errors.append(_too_many("entries", MOST_ENTRIES))
    if len(entries) == 1:
        entries = [replace(entries[0], entry_id=trade.first_entry_id)]
    if entries:
        trade = with_entries(trade, entries)
    if not errors:  # else what follows from the entries may be wrong, too
        errors += trade_errors(trade)
    closed = ZERO
    for index, close in enumerate(closes):
        path = ("closes", index)
        errors += close_errors(trade, close, path)
        before, closed = closed, money.total((closed, close.quantity))
        if before <= trade.quantity < closed:
            held = canonical(money.minus(trade.quantity, before))
            fault = Fault(FieldCode.MORE_THAN_HELD, "closes more than the quantity of the trade", {"held": held})
            errors.append(FieldError((*path, "quantity"), fault))
    if closes:
        errors += cannot_be_closed(trade)
    if len(closes) > MOST_CLOSES:
        errors.append(_too_many("closes", MOST_CLOSES))
    if errors:
        raise RuleBroken(errors)
    opened = replace(
        trade,
        closes=tuple(closes),
        initial_stop_loss=_first(trade.initial_stop_loss, trade.stop_loss),
        initial_risk_amount=_first(trade.initial_risk_amount, trade.risk_amount),
        notes=replace(trade.notes, tags=unique(trade.notes.tags)),
    )
    if (uncovered := first_uncovered(opened)) is not None:
        fault = Fault(FieldCode.MORE_THAN_HELD, "closes more than the entries before it hold")
        raise RuleBroken([FieldError(("closes", closes.index(uncovered), "quantity"), fault)])
    return within_bounds(opened)


def with_defaults(trade: Trade, defaults: TradeDefaults, named: Collection[str]) -> Trade:
    """The new trade with the account and the lot method of the settings, as far as its request names none.

    named: the fields that the request names. Raises RuleBroken when its figures are too long by that lot method.
    """
    account_id, lot_method = trade.account_id, trade.lot_method
    if "account_id" not in named:
        account_id = None if defaults.account_id == MAIN else defaults.account_id
    if "lot_method" not in named:
        lot_method = defaults.of_account or defaults.lot_method
    if (account_id, lot_method) == (trade.account_id, trade.lot_method):
        return trade
    return within_bounds(replace(trade, account_id=account_id, lot_method=lot_method))


def _too_many(name: str, most: int) -> FieldError:
    return FieldError((name,), Fault(FieldCode.TOO_MANY_ITEMS, f"holds more than {most} {name}", {"maxItems": most}))


def _first(given: Decimal | None, other: Decimal | None) -> Decimal | None:
    return other if given is None else given


def check_is_manual(trade: Trade) -> None:
    """Raise DerivedFromExecutions when the trade follows from executions, which have to be changed instead."""
    if trade.source is TradeSource.LEDGER:
        raise DerivedFromExecutions


def trade_is_closed() -> StateForbids:
    """The error for adding to a flat trade."""
    return StateForbids("The trade is closed: record what was entered afterwards as a trade of its own.")


def nothing_remains() -> StateForbids:
    """The error for closing a part of a flat trade."""
    return StateForbids("Nothing of the trade remains to be closed.")


def add_entry(trade: Trade, entry: Entry, now: datetime) -> Trade:
    """The trade, which is not flat, with one more entry; it may lie before those that it has.

    Raises StateForbids when the trade is cancelled, closed, has no entry price, or has 200 entries already; RuleBroken
    for an entry that is wrong in itself.
    """
    check_is_manual(trade)
    if trade.cancelled:
        raise StateForbids("The trade is cancelled: change its status to null first.")
    if trade.is_flat:
        raise trade_is_closed()
    if trade.entry_price is None:
        raise StateForbids("The trade has no entry price: set it first.")
    if len(trade.entered) >= MOST_ENTRIES:
        raise StateForbids(f"The trade has {MOST_ENTRIES} entries already.")
    if errors := entry_errors(entry):
        raise RuleBroken(errors)
    return _with_entries(trade, (*trade.entered, entry), now)


def revise_entry(trade: Trade, entry_id: str, changes: Mapping[str, Any], now: datetime) -> Trade:
    """The trade with some fields of an entry corrected; None takes costs back to 0. What is realized follows.

    The same trade, at its version, when that changes nothing. Raises EntryNotFound; RuleBroken for wrong values;
    StateForbids when closes or events would lie before the entries that they need.
    """
    check_is_manual(trade)
    entry = entry_of(trade, entry_id)
    revised = _revised_part(entry, changes)
    if revised == entry and revised.entered_at.utcoffset() == entry.entered_at.utcoffset():
        return trade
    if errors := entry_errors(revised):
        raise RuleBroken(errors)
    entries = tuple(revised if each is entry else each for each in trade.entered)
    return _with_entries(
        trade, entries, now, corrected=[name for name in ("quantity", "entered_at") if name in changes]
    )


def remove_entry(trade: Trade, entry_id: str, now: datetime) -> Trade:
    """The trade without that entry, as if it had never been recorded.

    Raises EntryNotFound; StateForbids for the last entry, and for one that closes or events need.
    """
    check_is_manual(trade)
    entry = entry_of(trade, entry_id)
    if len(trade.entered) == 1:
        raise StateForbids("It is the only entry of the trade: delete the trade instead.")
    return _with_entries(trade, tuple(each for each in trade.entered if each is not entry), now)


def entry_of(trade: Trade, entry_id: str) -> Entry:
    """The trade's entry of that id. Raises EntryNotFound."""
    for entry in trade.entered:
        if entry.entry_id == entry_id:
            return entry
    raise EntryNotFound(f"The trade has no entry {entry_id}.")


def _with_entries(trade: Trade, entries: Sequence[Entry], now: datetime, corrected: Sequence[str] = ()) -> Trade:
    """The trade with these entries, if closes and events allow them. Errors name the fields in `corrected`."""
    try:
        changed = with_entries(trade, entries, version=trade.version + 1, updated_at=now)
    except RuleBroken as error:  # what a split leaves is too little or too much
        raise RuleBroken([replace(each, path=("quantity",)) for each in error.errors]) from None
    if errors := trade_errors(changed):  # sums that are too long
        raise RuleBroken(errors)
    if (uncovered := first_uncovered(changed)) is not None:
        at = uncovered.closed_at.isoformat()
        fault = Fault(FieldCode.LEAVES_TOO_LITTLE, f"does not leave enough for the close at {at}", {"closedAt": at})
        raise StateForbids(
            "What is closed needs these entries: correct the closes, or take them back, first.",
            [FieldError((name,), fault) for name in corrected],
        )
    if conflicts_with_events(changed):
        is_event = changed.events and changed.events[0].at < changed.open_date
        kind, fault = ("event", AFTER_FIRST_EVENT) if is_event else ("split", AFTER_FIRST_SPLIT)
        named = [FieldError((name,), fault) for name in corrected if name == "entered_at"]
        raise StateForbids(f"The trade would have {kind}s before its first entry: change or delete these first.", named)
    return within_bounds(changed)


def _revised_part(part: Part, changes: Mapping[str, Any]) -> Part:
    """The entry or close with some fields changed; None takes costs back to 0. Raises RuleBroken for another None."""
    costs = ("commission", "fees")
    if removed := [name for name, value in changes.items() if value is None and name not in costs]:
        raise RuleBroken([FieldError((name,), CANNOT_BE_REMOVED) for name in removed])
    values: dict[str, Any] = {name: ZERO if value is None else value for name, value in changes.items()}
    return replace(part, **values)


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

    Raises StateForbids when the trade is cancelled, has no entry price, has nothing or less than that left at that
    instant, or has 200 closes already; RuleBroken for a close that is wrong in itself or comes before the first entry.
    """
    check_is_manual(trade)
    if trade.cancelled:
        raise StateForbids("The trade is cancelled: change its status to null first.")
    if trade.entry_price is None:
        raise StateForbids("The trade has no entry price: set it first.")
    if trade.is_flat:
        raise nothing_remains()
    if len(trade.closes) >= MOST_CLOSES:
        raise StateForbids(f"The trade has {MOST_CLOSES} closes already.")
    asked = trade.remaining_quantity if quantity is None else quantity
    added = Close(close_id=close_id, quantity=asked, price=price, closed_at=closed_at, commission=commission, fees=fees)
    if errors := close_errors(trade, added):
        raise RuleBroken(errors)
    remains = closable(trade, closed_at)
    if quantity is None:
        added = replace(added, quantity=remains)
    if remains <= ZERO:
        raise StateForbids("All that was entered before this time is closed already.")
    _check_closable(added, remains)
    return within_bounds(_changed(trade, now, closes=(*trade.closes, added)))


def _check_closable(close: Close, remains: Decimal) -> None:
    if close.quantity > remains:
        left = canonical(remains)
        fault = Fault(FieldCode.MORE_THAN_HELD, f"is more than the {left} that remains", {"held": left})
        raise StateForbids(f"Only {left} of the trade remains to be closed.", [FieldError(("quantity",), fault)])


def revise_close(trade: Trade, close_id: str, changes: Mapping[str, Any], now: datetime) -> Trade:
    """The trade with some fields of a close corrected; None takes costs back to 0. What is realized follows.

    The same trade, at its version, when that changes nothing. Raises CloseNotFound; RuleBroken for wrong values, and
    for a time before the first entry; StateForbids for a quantity that is not there at that time.
    """
    check_is_manual(trade)
    close = close_of(trade, close_id)
    revised = _revised_part(close, changes)
    if revised == close and revised.closed_at.utcoffset() == close.closed_at.utcoffset():
        return trade
    if errors := close_errors(trade, revised):
        raise RuleBroken(errors)
    without = replace(trade, closes=tuple(each for each in trade.closes if each is not close))
    _check_closable(revised, closable(without, revised.closed_at))
    return within_bounds(
        _changed(trade, now, closes=tuple(revised if each is close else each for each in trade.closes))
    )


def close_of(trade: Trade, close_id: str) -> Close:
    """The trade's close of that id. Raises CloseNotFound."""
    for close in trade.closes:
        if close.close_id == close_id:
            return close
    raise CloseNotFound(f"The trade has no close {close_id}.")


def take_back_close(trade: Trade, close_id: str, now: datetime) -> Trade:
    """The trade as if that close had never been made. Raises CloseNotFound."""
    check_is_manual(trade)
    taken_back = close_of(trade, close_id)
    return within_bounds(_changed(trade, now, closes=tuple(close for close in trade.closes if close is not taken_back)))


def add_event(trade: Trade, event: TradeEvent, now: datetime) -> Trade:
    """The trade with the event, whether or not it is flat.

    Raises StateForbids when the trade is cancelled or has 400 events already; RuleBroken for an event that is wrong in
    itself, comes before the entry, or makes the notes of all events longer than 10 000 characters.
    """
    check_is_manual(trade)
    if trade.cancelled:
        raise StateForbids("The trade is cancelled: change its status to null first.")
    if len(trade.events) >= MOST_EVENTS:
        raise StateForbids(f"The trade has {MOST_EVENTS} events already.")
    return _with_events(trade, event, (*trade.events, event), now)


def revise_event(trade: Trade, event_id: str, changes: Mapping[str, Any], now: datetime) -> Trade:
    """The trade with some fields of an event changed; None takes the note away.

    The same trade, at its version, when that changes nothing. Raises EventNotFound; RuleBroken as for a new event, and
    for another field than the note that is None.
    """
    event = _own_event(trade, event_id)
    if removed := [name for name, value in changes.items() if value is None and name != "note"]:
        raise RuleBroken([FieldError((name,), CANNOT_BE_REMOVED) for name in removed])
    revised = replace(event, **changes)
    if revised == event and revised.at.utcoffset() == event.at.utcoffset():
        return trade
    events = tuple(revised if each is event else each for each in trade.events)
    return _with_events(trade, revised, events, now)


def remove_event(trade: Trade, event_id: str, now: datetime) -> Trade:
    """The trade as if that event had never been recorded. Raises EventNotFound."""
    event = _own_event(trade, event_id)
    return within_bounds(_changed(trade, now, events=tuple(each for each in trade.events if each is not event)))


def _own_event(trade: Trade, event_id: str) -> TradeEvent:
    """The event of that id, which was recorded. Raises EventNotFound; StateForbids for the cash of a merger."""
    event = event_of(trade, event_id)
    if any(split.split_id == event_id for split in trade.splits):
        raise _of_an_action(event_id)
    return event


def _of_an_action(action_id: str) -> StateForbids:
    return StateForbids(f"This follows from the corporate action {action_id}: delete that.")


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
        fault = Fault(FieldCode.TOO_LONG_TOGETHER, detail, {"maxLength": MOST_EVENT_NOTES})
        errors.append(FieldError(("note",), fault))
    if errors:
        raise RuleBroken(errors)
    try:
        return within_bounds(_changed(trade, now, events=events))
    except RuleBroken as error:  # all that has changed is the event
        raise RuleBroken([replace(each, path=("amount",)) for each in error.errors]) from None


def add_split(trade: Trade, split: TradeSplit, now: datetime) -> Trade:
    """The trade with the split, whether or not it is flat: quantities, mean prices, stops and target in the new units.

    What was realized before it stays. Closes after it count in the new units, as they were traded. Raises StateForbids
    when the trade is cancelled, has no entry price or 20 splits already, or when closes after it take more than is held
    then; RuleBroken for a split that is wrong in itself, comes before the first entry, or leaves nothing of what is
    open.
    """
    check_is_manual(trade)
    if trade.cancelled:
        raise StateForbids("The trade is cancelled: change its status to null first.")
    if trade.entry_price is None:
        raise StateForbids("The trade has no entry price: set it first.")
    if len(trade.splits) >= MOST_SPLITS:
        raise StateForbids(f"The trade has {MOST_SPLITS} splits already.")
    if errors := split_errors(trade, split):
        raise RuleBroken(errors)
    return _with_splits(trade, (*trade.splits, split), now, new=split.new, old=split.old)


def remove_split(trade: Trade, split_id: str, now: datetime) -> Trade:
    """The trade as if that split had never been. Raises SplitNotFound; StateForbids when later closes need it, and when
    it is a corporate action.
    """
    split = split_of(trade, split_id)
    if trade.source is TradeSource.LEDGER:
        raise _of_an_action(split_id)
    kept = tuple(each for each in trade.splits if each is not split)
    return _with_splits(trade, kept, now, new=split.old, old=split.new)


def split_of(trade: Trade, split_id: str) -> TradeSplit:
    """The trade's split of that id. Raises SplitNotFound."""
    for split in trade.splits:
        if split.split_id == split_id:
            return split
    raise SplitNotFound(f"The trade has no split {split_id}.")


def _with_splits(trade: Trade, splits: tuple[TradeSplit, ...], now: datetime, *, new: Decimal, old: Decimal) -> Trade:
    """The trade with these splits. Its stops and target are converted by `new` units for `old` ones."""
    uncovered = first_uncovered(replace(trade, entries=trade.entered, splits=splits))
    if uncovered is not None:
        raise StateForbids(
            f"Not enough would be held for the close at {uncovered.closed_at.isoformat()}: correct that first."
        )
    converted = {
        name: None if price is None else per_new_unit(price, new, old)
        for name in ("stop_loss", "take_profit", "initial_stop_loss")
        for price in [getattr(trade, name)]
    }
    changed = with_entries(trade, trade.entered, splits=splits, version=trade.version + 1, updated_at=now, **converted)
    if errors := trade_errors(changed):
        raise RuleBroken([replace(error, path=("new",)) for error in errors])
    return within_bounds(changed)


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
    """The trade with some of its own fields, or of its notes' fields, changed; None clears a field.

    The first stop and risk that a trade is given are its initial ones, too. The same trade, at its version, when that
    changes nothing. Raises RuleBroken for values that are wrong, and for those of one entry when there are several;
    StateForbids for changes that the closes do not allow. Either names all the fields. Fields that no trader revises
    (closes, version, ...) are a TypeError.
    """
    if unknown := changes.keys() - _REVISABLE.keys():
        raise TypeError(f"not revisable: {sorted(unknown)}")
    if trade.source is TradeSource.LEDGER:
        derived = [name for name in changes if name in _OF_EXECUTIONS and changes[name] != getattr(trade, name)]
        if derived:
            raise DerivedFromExecutions(derived)
    removed = [_REVISABLE[name] for name, value in changes.items() if value is None]
    if required := [field for field in removed if _is_required(field)]:
        raise RuleBroken([FieldError((field.name,), CANNOT_BE_REMOVED) for field in required])
    values: dict[str, Any] = {**changes, **{field.name: _default(field) for field in removed}}
    notes = {field.name: values.pop(field.name) for field in fields(JournalNotes) if field.name in values}
    revised = _changed(trade, now, notes=replace(trade.notes, **notes), **values)
    if not trade.splits:
        revised = with_own_values(revised)
    if errors := [*_entry_conflicts(trade, values), *trade_errors(revised)]:
        raise RuleBroken(errors)
    if "tags" in notes:
        revised = replace(revised, notes=replace(revised.notes, tags=unique(revised.notes.tags)))
    for current, first in (("stop_loss", "initial_stop_loss"), ("risk_amount", "initial_risk_amount")):
        if current in values and first not in values and getattr(trade, first) is None:
            revised = replace(revised, **{first: values[current]})
    if conflicts := [*_realized_conflicts(trade, values), *conflicts_with_closes(revised)]:
        raise StateForbids("What is closed already does not allow this change.", conflicts)
    if conflicts := conflicts_with_events(revised):
        raise StateForbids("The trade's events or splits do not allow this change.", conflicts)
    return trade if _is_as_before(revised, trade) else within_bounds(revised)


def _entry_conflicts(trade: Trade, values: Mapping[str, Any]) -> list[FieldError]:
    """The fields that follow from several entries, or from one with splits, and would be changed."""
    if len(trade.entries) < 2 and not trade.splits:
        return []
    changed = [name for name in OF_THE_ENTRY if name in values and values[name] != getattr(trade, name)]
    if "open_date" in values and values["open_date"].utcoffset() != trade.open_date.utcoffset():
        changed.append("open_date")
    fault = _OF_SEVERAL_ENTRIES if len(trade.entries) > 1 else _OF_AN_ENTRY_BEFORE_SPLITS
    return [FieldError((name,), fault) for name in dict.fromkeys(changed)]


def _realized_conflicts(trade: Trade, values: Mapping[str, Any]) -> list[FieldError]:
    """The fields whose change would rewrite what closes realized; it may be meant for what was entered later."""
    if not trade.closes:
        return []
    changed = [
        name
        for name in ("quantity", "entry_price")
        if values.get(name) is not None and values[name] != getattr(trade, name)
    ]
    errors = [FieldError((name,), _OF_A_CLOSED_ENTRY) for name in changed]
    if values.get("lot_method", trade.lot_method) is not trade.lot_method:
        errors.append(FieldError(("lot_method",), _FIXED_BY_CLOSES))
    return errors


def _is_as_before(revised: Trade, trade: Trade) -> bool:
    """Whether they differ in version and time alone. Amounts are compared by value. The same instant in another offset
    is a difference: it may lie on another day.
    """
    same_offset = revised.open_date.utcoffset() == trade.open_date.utcoffset()
    return same_offset and replace(revised, version=trade.version, updated_at=trade.updated_at) == trade


def _changed(trade: Trade, now: datetime, **values: Any) -> Trade:
    return in_last_units(replace(trade, **values, version=trade.version + 1, updated_at=now))


# The fields of a trade that follow from its executions, if it has some. It cannot be cancelled, and external ids are
# those of its executions.
_OF_EXECUTIONS = {*OF_THE_ENTRY, "symbol", "side", "multiplier", "cancelled", "external_id", "account_id", "currency"}
_FIXED = {
    "user_id",
    "trade_id",
    "entries",
    "closes",
    "events",
    "splits",
    "notes",
    "images",
    "group_id",
    "source",
    "warnings",
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

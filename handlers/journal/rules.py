"""The rules for trades and their parts, and the faults of fields that break them."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.money import ONE, ZERO
from handlers.journal.positions import Split, after_split
from handlers.journal.tags import tag_errors
from handlers.journal.trade import Close, Entry, Trade, TradeEvent, TradeSource, TradeSplit

# Characters. A trade has to fit into an item of 400 KB, with its closes and its other notes.
MOST_EVENT_NOTES = 10_000

# Amounts that have to be more than 0; costs may be rebates, and prices of spreads below 0.
_POSITIVE = {"new", "old", "quantity", "multiplier", "risk_amount", "initial_risk_amount"}

BEFORE_OPEN_DATE = Fault(FieldCode.BEFORE_OPEN_DATE, "is before the trade's openDate")
_TOO_MANY_DIGITS = Fault(
    FieldCode.TOO_MANY_DIGITS,
    f"has more than {money.MOST_DIGITS} digits before the point",
    {"maxDigits": money.MOST_DIGITS},
)
_TOO_MANY_DECIMALS = Fault(
    FieldCode.TOO_MANY_DECIMALS,
    f"has more than {money.MOST_DECIMALS} digits after the point",
    {"maxDecimals": money.MOST_DECIMALS},
)
_LAST_DECIMAL = Decimal((0, (1,), -money.MOST_DECIMALS))  # the least of all quantities
_NOT_POSITIVE = Fault(FieldCode.NOT_POSITIVE, "must be more than 0")
AFTER_FIRST_EVENT = Fault(FieldCode.AFTER_FIRST_EVENT, "is after the first event")
AFTER_FIRST_SPLIT = Fault(FieldCode.AFTER_FIRST_SPLIT, "is after the first split")
_YEAR_OUT_OF_RANGE = Fault(
    FieldCode.YEAR_OUT_OF_RANGE, "is outside the years 1 to 9999 in UTC", {"minimum": 1, "maximum": 9999}
)


def _amounts(kind: type[Trade] | type[Close] | type[Entry]) -> tuple[str, ...]:
    return tuple(own.name for own in fields(kind) if own.type in (Decimal, Decimal | None))


_TRADE_AMOUNTS, _CLOSE_AMOUNTS, _ENTRY_AMOUNTS = _amounts(Trade), _amounts(Close), _amounts(Entry)


def trade_errors(trade: Trade) -> list[FieldError]:
    """What is wrong with the trade in itself: its amounts, its time and its tags; its parts are checked alone."""
    return [
        *_amount_errors(trade, _TRADE_AMOUNTS),
        *_time_errors(trade.open_date, "open_date"),
        *tag_errors(trade.notes.tags),
    ]


def entry_errors(entry: Entry, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """What is wrong with the entry in itself; `path` leads to it."""
    return [*_amount_errors(entry, _ENTRY_AMOUNTS, path), *_time_errors(entry.entered_at, *path, "entered_at")]


def close_errors(trade: Trade, close: Close, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """What is wrong with the close in itself, or with regard to its trade; `path` leads to the close."""
    times = list(_time_errors(close.closed_at, *path, "closed_at"))
    if not times and close.closed_at < trade.open_date:
        times.append(FieldError((*path, "closed_at"), BEFORE_OPEN_DATE))
    return [*_amount_errors(close, _CLOSE_AMOUNTS, path), *times]


def _amount_errors(
    of: Trade | Entry | Close | TradeEvent | TradeSplit, names: Sequence[str], path: tuple[str | int, ...] = ()
) -> Iterator[FieldError]:
    for name in names:
        if (fault := wrong_amount(getattr(of, name), positive=name in _POSITIVE)) is not None:
            yield FieldError((*path, name), fault)


def _time_errors(moment: datetime, *path: str | int) -> Iterator[FieldError]:
    if (fault := wrong_time(moment)) is not None:
        yield FieldError(path, fault)


def wrong_amount(amount: Decimal | None, *, positive: bool) -> Fault | None:
    """What is wrong with the amount; None if nothing is, or if there is no amount.

    It may have 15 digits before the point and 18 after it. positive: it has to be more than 0, too.
    """
    if amount is None:
        return None
    if not money.fits(amount):
        return _TOO_MANY_DECIMALS if money.has_few_digits(amount) else _TOO_MANY_DIGITS
    return _NOT_POSITIVE if positive and amount <= ZERO else None


def wrong_time(moment: datetime) -> Fault | None:
    """What is wrong with the moment, which has a UTC offset; None if nothing is. In UTC, its year is from 1 to 9999."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return _YEAR_OUT_OF_RANGE
    return None


def _at(name: str, code: FieldCode, detail: str) -> FieldError:
    return FieldError((name,), Fault(code, detail))


def cannot_be_closed(trade: Trade) -> list[FieldError]:
    """Why nothing of the trade can be closed: it has no entry price, or is cancelled. Empty if it can."""
    errors = []
    if trade.entry_price is None:
        errors.append(_at("entry_price", FieldCode.REQUIRED_TO_CLOSE, "is required as soon as anything is closed"))
    if trade.cancelled:
        errors.append(_at("cancelled", FieldCode.CANCELLED_WITH_CLOSES, "cannot be CANCELLED when something is closed"))
    return errors


def conflicts_with_closes(trade: Trade) -> list[FieldError]:
    """What is wrong with the trade with regard to its closes."""
    if not trade.closes:
        return []
    errors = cannot_be_closed(trade)
    if trade.open_date > trade.closes[0].closed_at:
        errors.append(_at("open_date", FieldCode.AFTER_FIRST_CLOSE, "is after the first close"))
    return errors


def closable(trade: Trade, at: datetime) -> Decimal:
    """How much can be closed at that instant, which is not before the first entry.

    This is what is held then, less what later closes need, in units of that instant.
    """
    if not trade.entries:
        return trade.remaining_quantity
    course = list(_course(trade))
    held_then = [step.held for step in course if step.at <= at][-1]
    new = old = coarsest = ONE
    free, is_split_later = [held_then], False
    for step in course:
        if step.at > at:
            if step.split is not None:
                new, old = money.product(new, step.split.new), money.product(old, step.split.old)
                coarsest, is_split_later = max(coarsest, money.plus(money.ratio(old, new, 0), ONE)), True
            free.append(after_split(step.held, Split(at=at, new=old, old=new)) if new != old else step.held)
    if not is_split_later:
        return min(free)
    if _covers(trade, held_then, at):  # converting back to these units may have rounded off more than the splits do
        return held_then
    # Each split rounds off less than a last decimal of its units, which is up to `coarsest` last decimals of these.
    most, less = min(free), money.product(coarsest, _LAST_DECIMAL)
    while most > ZERO and not _covers(trade, most, at):
        most = max(ZERO, money.minus(most, less))
    return most


def _covers(trade: Trade, quantity: Decimal, at: datetime) -> bool:
    """Whether all closes are covered when this quantity is closed at that instant, too."""
    added = Close(close_id="", quantity=quantity, price=ZERO, closed_at=at)
    return first_uncovered(replace(trade, closes=(*trade.closes, added))) is None


def first_uncovered(trade: Trade) -> Close | None:
    """The first close that takes more than is held at its instant; None if there is none."""
    return next((step.close for step in _course(trade) if step.close is not None and step.held < ZERO), None)


class _Step(NamedTuple):
    """What is held after a split, an entry or a close, in units of its instant."""

    at: datetime
    held: Decimal
    split: Split | None = None
    close: Close | None = None


def _course(trade: Trade) -> Iterator[_Step]:
    """The steps of the trade by time; at one instant, splits come first, and then entries."""
    entries = [(entry.entered_at, entry.quantity) for entry in trade.entries] or [(trade.open_date, trade.quantity)]
    steps: list[tuple[datetime, int, Any]] = [
        *((split.at, 0, Split(at=split.at, new=split.new, old=split.old)) for split in trade.splits),
        *((moment, 1, quantity) for moment, quantity in entries),
        *((close.closed_at, 2, close) for close in trade.closes),
    ]
    held = ZERO
    for moment, kind, what in sorted(steps, key=lambda step: step[:2]):
        if kind == 0:
            held = after_split(held, what)
            yield _Step(moment, held, split=what)
        elif kind == 1:
            held = money.total((held, what))
            yield _Step(moment, held)
        else:
            held = money.minus(held, what.quantity)
            yield _Step(moment, held, close=what)


def split_errors(trade: Trade, split: TradeSplit) -> list[FieldError]:
    """What is wrong with the split in itself, or with regard to its trade."""
    times = list(_time_errors(split.at, "at"))
    if not times and split.at < trade.open_date:
        times.append(FieldError(("at",), BEFORE_OPEN_DATE))
    errors = [*_amount_errors(split, ("new", "old")), *times]
    if split.new == split.old:
        errors.append(FieldError(("new",), Fault(FieldCode.SAME_AS, "is the same as old", {"property": "old"})))
    return errors


def event_errors(trade: Trade, event: TradeEvent) -> list[FieldError]:
    """What is wrong with the event in itself, or with regard to its trade."""
    times = list(_time_errors(event.at, "at"))
    if not times and event.at < trade.open_date:
        times.append(FieldError(("at",), BEFORE_OPEN_DATE))
    return [*_amount_errors(event, ("amount",)), *times]


def conflicts_with_events(trade: Trade) -> list[FieldError]:
    """What is wrong with the trade with regard to its events and splits."""
    errors = []
    if trade.events and trade.cancelled:
        errors.append(
            _at("cancelled", FieldCode.CANCELLED_WITH_EVENTS, "cannot be CANCELLED when the trade has events")
        )
    for fault, first in ((AFTER_FIRST_EVENT, trade.events[:1]), (AFTER_FIRST_SPLIT, trade.splits[:1])):
        if first and trade.open_date > first[0].at:
            errors.append(FieldError(("open_date",), fault))
    return errors


def within_bounds(trade: Trade) -> Trade:
    """The trade itself. Raises RuleBroken if a figure derived from it has more than 15 digits before the point."""
    figures = [
        ("the quantity", trade.quantity),
        ("the entry price", trade.entry_price),
        ("the commission", trade.commission),
        ("the fees", trade.fees),
        ("the stop", trade.stop_loss),
        ("the first stop", trade.initial_stop_loss),
        ("the target", trade.take_profit),
        ("the risk", trade.risk),
        ("the gross P&L", trade.gross_pnl),
        ("the realized P&L", trade.realized_partial_pnl),
    ]
    if trade.source is TradeSource.LEDGER:  # of which positions show the cost and the costs
        figures += [("the cost", _cost(trade)), ("the costs", money.total((trade.commission, trade.fees)))]
    figures.append(("the sum of the events", trade.event_pnl))
    for part in trade.realized:
        figures += [("the gross P&L of a close", part.gross), ("the realized P&L of a close", part.realized_pnl)]
    for name, amount in figures:
        if amount is not None and not money.has_few_digits(amount):
            detail = f"makes {name} longer than {money.MOST_DIGITS} digits before the point"
            fault = Fault(FieldCode.FIGURE_TOO_LONG, detail, {"maxDigits": money.MOST_DIGITS})
            raise RuleBroken([FieldError(("quantity",), fault)])
    return trade


def _cost(trade: Trade) -> Decimal:
    """The absolute worth of all entries, added up, without costs: no part of them costs more."""
    paid = (money.product(entry.price or ZERO, entry.quantity, trade.multiplier).copy_abs() for entry in trade.entered)
    return money.total(paid)

"""A trade, what it earned, and the rules by which it is opened, closed in parts and revised.

All P&L is net unless called gross, and in the currency of the prices. Everything derived is computed, never kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from handlers.journal import money
from handlers.journal.errors import CloseNotFound, FieldError, ImageNotFound, RuleBroken, StateForbids
from handlers.journal.money import ONE, ZERO, canonical

MOST_CLOSES = 200
MOST_IMAGES = 20


class Side(StrEnum):
    """Which way the trade was entered: BUY is long, SELL is short."""

    BUY = "BUY"
    SELL = "SELL"


class Status(StrEnum):
    """How far the trade has come."""

    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A part of the position that was closed. Costs are this close's own: a cost is >= 0, a rebate < 0."""

    close_id: str
    quantity: Decimal
    price: Decimal
    closed_at: datetime
    commission: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def costs(self) -> Decimal:
        """Commission and fees together."""
        return money.total((self.commission, self.fees))

    @property
    def day(self) -> date:
        """The calendar day on which the close counts: the day in its own UTC offset."""
        return self.closed_at.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Realized:
    """What one close earned: its gross, its share of the entry's costs, and the net of these and its own costs."""

    close: Close
    gross: Decimal
    entry_cost_share: Decimal
    realized_pnl: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A checked image that is part of the trade: its media type, its size in bytes, when its upload was asked for.

    file_version names the very bytes that were checked: the same form can send other ones after them.
    """

    image_id: str
    content_type: str
    size: int
    created_at: datetime
    file_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalNotes:
    """All that the trader writes about a trade and that no money depends on. Scores go from 0 to 10."""

    setup_type: str | None = None
    timeframe: str | None = None
    market_condition: str | None = None
    trading_session: str | None = None
    trade_grade: str | None = None
    confidence: int | None = None
    setup_quality: int | None = None
    execution: int | None = None
    emotional_state: str | None = None
    psychology: Mapping[str, bool] = field(default_factory=dict)
    pre_trade_notes: str | None = None
    post_trade_notes: str | None = None
    mistakes: str | None = None
    lessons: str | None = None
    news_events: tuple[str, ...] = ()
    economic_events: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trade:
    """One position, from its entry to the last close.

    Commission and fees are the entry's. open_date and closed_at keep the UTC offset they were given with; created_at
    and updated_at are UTC. The closes stand in the order of their instants, ties in the order recorded. The properties
    assume a trade that went through `open_trade` and the changes below. Those that the others ask again and again are
    worked out once: a trade never changes.
    """

    user_id: str
    trade_id: str
    symbol: str
    side: Side
    quantity: Decimal
    open_date: datetime
    entry_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    multiplier: Decimal = ONE
    commission: Decimal = ZERO
    fees: Decimal = ZERO
    risk_amount: Decimal | None = None
    cancelled: bool = False
    closes: tuple[Close, ...] = ()
    notes: JournalNotes = field(default_factory=JournalNotes)
    images: tuple[Image, ...] = ()
    idempotency_key: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "closes", tuple(sorted(self.closes, key=lambda close: close.closed_at)))

    @property
    def status(self) -> Status:
        """CANCELLED if so marked, else by how much of the quantity is closed."""
        if self.cancelled:
            return Status.CANCELLED
        if not self.closes:
            return Status.OPEN
        return Status.CLOSED if self.is_flat else Status.PARTIAL

    @property
    def is_flat(self) -> bool:
        """Whether all of the quantity is closed."""
        return bool(self.closes) and self.remaining_quantity == ZERO

    @cached_property
    def closed_quantity(self) -> Decimal:
        """How much the closes took together."""
        return money.total(close.quantity for close in self.closes)

    @cached_property
    def remaining_quantity(self) -> Decimal:
        """How much is left to close."""
        return money.minus(self.quantity, self.closed_quantity)

    @property
    def open_day(self) -> date:
        """The calendar day of the entry in its own UTC offset."""
        return self.open_date.date()

    @cached_property
    def realized(self) -> tuple[Realized, ...]:
        """What each close earned, in the order of the closes.

        gross = gain per unit x closed quantity x multiplier, rounded to 8 decimals. The entry's costs are shared in
        proportion to the quantity, rounded likewise; the close that makes the trade flat takes what is left of them,
        so that the parts add up to the last digit (docs/statistics.md, "Trade P&L").
        """
        if self.entry_price is None:
            return ()
        entry_costs = money.total((self.commission, self.fees))
        shares = [money.ratio(money.product(entry_costs, close.quantity), self.quantity) for close in self.closes]
        if self.is_flat:
            shares[-1] = money.minus(entry_costs, *shares[:-1])
        grosses = [
            money.rounded(
                money.product(_gain(self.side, self.entry_price, close.price), close.quantity, self.multiplier)
            )
            for close in self.closes
        ]
        return tuple(
            Realized(
                close=close, gross=gross, entry_cost_share=share, realized_pnl=money.minus(gross, close.costs, share)
            )
            for close, gross, share in zip(self.closes, grosses, shares, strict=True)
        )

    @cached_property
    def realized_partial_pnl(self) -> Decimal:
        """What the closes so far earned together; 0 without closes."""
        return money.total(part.realized_pnl for part in self.realized)

    @property
    def pnl(self) -> Decimal | None:
        """Gross P&L, once the trade is flat."""
        return money.total(part.gross for part in self.realized) if self.is_flat else None

    @property
    def net_pnl(self) -> Decimal | None:
        """Gross minus all costs, once the trade is flat: exactly the sum of what the closes realized."""
        return self.realized_partial_pnl if self.is_flat else None

    @property
    def exit_price(self) -> Decimal | None:
        """The closes' mean price, weighted by quantity, at 8 decimals; from the first close on."""
        if not self.closes:
            return None
        return money.ratio(
            money.total(money.product(close.price, close.quantity) for close in self.closes), self.closed_quantity
        )

    @property
    def risk(self) -> Decimal | None:
        """The risk amount as given, else |entry - stop| x quantity x multiplier for a stop on the losing side."""
        if self.risk_amount is not None or self.entry_price is None or self.stop_loss is None:
            return self.risk_amount
        distance = _gain(self.side, self.stop_loss, self.entry_price)
        risk = money.rounded(money.product(distance, self.quantity, self.multiplier))
        return risk if risk > ZERO else None

    @property
    def r_multiple(self) -> Decimal | None:
        """Net P&L in units of the risk, at 8 decimals, once the trade is flat."""
        net, risk = self.net_pnl, self.risk
        return None if net is None or risk is None else money.ratio(net, risk)

    @property
    def risk_reward_ratio(self) -> Decimal | None:
        """|target - entry| / |entry - stop|, at 8 decimals, when both lie on the right side of the entry."""
        if self.entry_price is None or self.stop_loss is None or self.take_profit is None:
            return None
        risk = _gain(self.side, self.stop_loss, self.entry_price)
        reward = _gain(self.side, self.entry_price, self.take_profit)
        return money.ratio(reward, risk) if risk > ZERO and reward > ZERO else None

    @property
    def close_date(self) -> datetime | None:
        """When the last close was made, once the trade is flat."""
        return self.closes[-1].closed_at if self.is_flat else None

    @property
    def holding_seconds(self) -> int | None:
        """Whole seconds from the entry to the last close, once the trade is flat."""
        return None if self.close_date is None else int((self.close_date - self.open_date).total_seconds())


def open_trade(trade: Trade, closes: Sequence[Close] = ()) -> Trade:
    """The trade as it enters the journal, with the closes it already has, in the order in which they were given.

    Raises RuleBroken with everything that is wrong.
    """
    errors = _trade_errors(trade)
    closed = ZERO
    for index, close in enumerate(closes):
        path = ("closes", index)
        errors += _close_errors(trade, close, path)
        before, closed = closed, money.total((closed, close.quantity))
        if before <= trade.quantity < closed:
            errors.append(FieldError((*path, "quantity"), "closes more than the quantity of the trade"))
    if closes:
        errors += _cannot_be_closed(trade)
    if len(closes) > MOST_CLOSES:
        errors.append(FieldError(("closes",), f"holds more than {MOST_CLOSES} closes"))
    if errors:
        raise RuleBroken(errors)
    return _within_bounds(replace(trade, closes=tuple(closes)))


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
    errors = _close_errors(trade, added)
    if errors:
        raise RuleBroken(errors)
    if added.quantity > trade.remaining_quantity:
        remains = canonical(trade.remaining_quantity)
        raise StateForbids(
            f"Only {remains} of the trade remains to be closed.",
            [FieldError(("quantity",), f"is more than the {remains} that remains")],
        )
    return _within_bounds(_changed(trade, now, closes=(*trade.closes, added)))


def take_back_close(trade: Trade, close_id: str, now: datetime) -> Trade:
    """The trade as if that close had never been made. Raises CloseNotFound."""
    kept = tuple(close for close in trade.closes if close.close_id != close_id)
    if len(kept) == len(trade.closes):
        raise CloseNotFound(f"The trade has no close {close_id}.")
    return _within_bounds(_changed(trade, now, closes=kept))


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
    if errors := _trade_errors(revised):
        raise RuleBroken(errors)
    if conflicts := _conflicts_with_closes(revised):
        raise StateForbids("What is closed already does not allow this change.", conflicts)
    return trade if _is_as_before(revised, trade) else _within_bounds(revised)


def _is_as_before(revised: Trade, trade: Trade) -> bool:
    """Whether they differ in version and time alone. Amounts are compared by value. The same instant in another offset
    is a difference: it may lie on another day.
    """
    same_offset = revised.open_date.utcoffset() == trade.open_date.utcoffset()
    return same_offset and replace(revised, version=trade.version, updated_at=trade.updated_at) == trade


def _gain(side: Side, entry: Decimal, price: Decimal) -> Decimal:
    """How far the price moved in favour of the side, per unit; negative when against it."""
    return money.minus(price, entry) if side is Side.BUY else money.minus(entry, price)


def _changed(trade: Trade, now: datetime, **values: Any) -> Trade:
    return replace(trade, **values, version=trade.version + 1, updated_at=now)


_FIXED = {
    "user_id",
    "trade_id",
    "closes",
    "notes",
    "images",
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


# Amounts that have to be more than 0; costs may be rebates, and prices of spreads below 0.
_POSITIVE = {"quantity", "multiplier", "risk_amount"}


def _amounts(kind: type[Trade] | type[Close]) -> tuple[str, ...]:
    return tuple(own.name for own in fields(kind) if own.type in (Decimal, Decimal | None))


_TRADE_AMOUNTS, _CLOSE_AMOUNTS = _amounts(Trade), _amounts(Close)


def _trade_errors(trade: Trade) -> list[FieldError]:
    return [*_amount_errors(trade, _TRADE_AMOUNTS), *_time_errors(trade.open_date, "open_date")]


def _close_errors(trade: Trade, close: Close, path: tuple[str | int, ...] = ()) -> list[FieldError]:
    """What is wrong with the close in itself, or before its trade; `path` leads to the close."""
    times = list(_time_errors(close.closed_at, *path, "closed_at"))
    if not times and close.closed_at < trade.open_date:
        times.append(FieldError((*path, "closed_at"), "is before the trade's openDate"))
    return [*_amount_errors(close, _CLOSE_AMOUNTS, path), *times]


def _amount_errors(of: Trade | Close, names: Sequence[str], path: tuple[str | int, ...] = ()) -> Iterator[FieldError]:
    for name in names:
        if (detail := _wrong_amount(getattr(of, name), positive=name in _POSITIVE)) is not None:
            yield FieldError((*path, name), detail)


def _time_errors(moment: datetime, *path: str | int) -> Iterator[FieldError]:
    if (detail := _wrong_time(moment)) is not None:
        yield FieldError(path, detail)


def _wrong_amount(amount: Decimal | None, *, positive: bool = False) -> str | None:
    if amount is None:
        return None
    if not money.fits(amount):
        return "has more than 15 digits before the point or 8 after it"
    return "must be more than 0" if positive and amount <= ZERO else None


def _wrong_time(moment: datetime) -> str | None:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return "is outside the years 1 to 9999 in UTC"
    return None


def _cannot_be_closed(trade: Trade) -> list[FieldError]:
    errors = []
    if trade.entry_price is None:
        errors.append(FieldError(("entry_price",), "is required as soon as anything is closed"))
    if trade.cancelled:
        errors.append(FieldError(("cancelled",), "cannot be CANCELLED when something is closed"))
    return errors


def _conflicts_with_closes(trade: Trade) -> list[FieldError]:
    if not trade.closes:
        return []
    errors = _cannot_be_closed(trade)
    if trade.quantity < trade.closed_quantity:
        errors.append(FieldError(("quantity",), f"is less than the {canonical(trade.closed_quantity)} that is closed"))
    if trade.open_date > trade.closes[0].closed_at:
        errors.append(FieldError(("open_date",), "is after the first close"))
    return errors


def _within_bounds(trade: Trade) -> Trade:
    """The trade, if every figure derived from it can be written down."""
    figures = [("the risk", trade.risk), ("the gross P&L", trade.pnl), ("the realized P&L", trade.realized_partial_pnl)]
    for part in trade.realized:
        figures += [("the gross P&L of a close", part.gross), ("the realized P&L of a close", part.realized_pnl)]
    for name, amount in figures:
        if amount is not None and not money.fits(amount):
            raise RuleBroken([FieldError(("quantity",), f"makes {name} longer than 15 digits before the point")])
    return trade

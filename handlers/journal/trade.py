"""A trade and what it earned.

All P&L is net unless called gross, and in the currency of the prices. Everything derived is computed, never stored.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

from handlers.journal import money
from handlers.journal.money import ONE, ZERO
from handlers.journal.positions import Fill, LotMethod, Match, Split, Trip, trips_of
from handlers.journal.positions import Side as Side


class Status(StrEnum):
    """How far the trade has come."""

    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"


# The warning of a trade with an entry that came in without a price.
BASIS_UNKNOWN = "BASIS_UNKNOWN"


class TradeSource(StrEnum):
    """How a trade came about: recorded by hand, or from executions."""

    MANUAL = "MANUAL"
    LEDGER = "LEDGER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A part of the position that was entered. Costs are this entry's own: a cost is >= 0, a rebate < 0.

    Only a trade's single entry may be without a price, as long as nothing is closed. `sequence` is the place among all
    entries and closes of a trade that follows from executions; `money` is the exact worth, with the multiplier, of
    several executions that are shown as one, where that is not quantity x price x multiplier.
    """

    entry_id: str
    quantity: Decimal
    price: Decimal | None = None
    entered_at: datetime
    commission: Decimal = ZERO
    fees: Decimal = ZERO
    sequence: int | None = None
    money: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """A part of the position that was closed. Costs are this close's own: a cost is >= 0, a rebate < 0.

    `sequence` and `money` are as those of an entry.
    """

    close_id: str
    quantity: Decimal
    price: Decimal
    closed_at: datetime
    commission: Decimal = ZERO
    fees: Decimal = ZERO
    sequence: int | None = None
    money: Decimal | None = None

    @property
    def costs(self) -> Decimal:
        """Commission and fees together."""
        return money.total((self.commission, self.fees))

    @property
    def day(self) -> date:
        """The calendar day on which the close counts: the day in its own UTC offset."""
        return self.closed_at.date()


class EventType(StrEnum):
    """What a dated event of a trade is."""

    FUNDING = "FUNDING"
    SWAP = "SWAP"
    DIVIDEND = "DIVIDEND"
    INTEREST = "INTEREST"
    BORROW = "BORROW"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeEvent:
    """Money that the position brought (amount > 0) or took (amount < 0) at an instant, apart from its prices."""

    event_id: str
    type: EventType
    amount: Decimal
    at: datetime
    note: str | None = None

    @property
    def day(self) -> date:
        """The calendar day on which its money counts: the day in its own UTC offset."""
        return self.at.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeSplit:
    """`new` units for `old` ones, both above 0, from that instant on; it applies before what is traded at its instant.

    In a trade that follows from executions, each corporate action that changes what is open is a split with the
    action's id. A merger may pay `cash` for each old unit, which lowers the cost. A spin-off keeps the units, and takes
    `cost_share` (0 to 1) of the cost along: `money`, `commission` and `fees`. `sequence` is the split's place among all
    entries and closes, if some of its instant come before it.
    """

    split_id: str
    new: Decimal
    old: Decimal
    at: datetime
    cash: Decimal | None = None
    cost_share: Decimal | None = None
    money: Decimal | None = None
    commission: Decimal | None = None
    fees: Decimal | None = None
    sequence: int | None = None

    @property
    def as_settled(self) -> Split:
        """The split as the engine takes it."""
        return Split(
            at=self.at,
            new=self.new,
            old=self.old,
            sequence=self.sequence,
            cash=self.cash or ZERO,
            cost_share=self.cost_share or ZERO,
            money=self.money,
            costs=None if self.money is None else money.total((self.commission or ZERO, self.fees or ZERO)),
            split_id=self.split_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Realized:
    """What one close earned: its gross, its share of the entries' costs, and the net of these and its own costs.

    `matches` are the entries that it was matched with; their amounts add up to these.
    """

    close: Close
    gross: Decimal
    entry_cost_share: Decimal
    realized_pnl: Decimal
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A checked image that is part of the trade: its media type, its size in bytes, when its upload was asked for.

    file_version names the bytes that were checked, since the same form can send others later.
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


# The fields of a trade that are its entry's, if it has one, and follow from the entries, if it has several.
OF_THE_ENTRY = ("quantity", "entry_price", "open_date", "commission", "fees")


@dataclass(frozen=True, kw_only=True)
class Trade:
    """One position, from its first entry to the last close.

    `entries` is empty for a trade without splits whose single entry has the id `first_entry_id`: quantity, entry_price,
    open_date, commission and fees are that entry's. Otherwise they are computed from the entries (`with_entries`): the
    summed quantity and costs, the mean price and the first instant. Entries and closes are as they were traded; with
    splits, quantities, mean prices, stops and target of the trade itself are in units after the last one. open_date,
    entered_at and closed_at keep the UTC offset they were given with; created_at and updated_at are UTC. Entries,
    closes and events are in the order of their instants, ties in the order recorded.

    `account_id` is None for the account that every user has, `currency` is None for that of the account.

    `stop_loss` and `risk_amount` are the present ones; the initial ones are the first that the trade was given, and the
    risk is computed from them. The properties assume a trade that went through `open_trade` and the changes of
    changes.py. Properties that others use often are cached, since a trade never changes.
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
    initial_stop_loss: Decimal | None = None
    initial_risk_amount: Decimal | None = None
    lot_method: LotMethod = LotMethod.AVERAGE
    cancelled: bool = False
    entries: tuple[Entry, ...] = ()
    closes: tuple[Close, ...] = ()
    events: tuple[TradeEvent, ...] = ()
    splits: tuple[TradeSplit, ...] = ()
    notes: JournalNotes = field(default_factory=JournalNotes)
    images: tuple[Image, ...] = ()
    account_id: str | None = None
    currency: str | None = None
    external_id: str | None = None
    group_id: str | None = None
    source: TradeSource | None = None
    warnings: tuple[str, ...] = ()
    idempotency_key: str | None = None
    version: int = 1
    created_at: datetime
    updated_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(sorted(self.entries, key=lambda entry: entry.entered_at)))
        object.__setattr__(self, "closes", tuple(sorted(self.closes, key=lambda close: close.closed_at)))
        object.__setattr__(self, "events", tuple(sorted(self.events, key=lambda event: event.at)))
        object.__setattr__(self, "splits", tuple(sorted(self.splits, key=lambda split: split.at)))

    @cached_property
    def entered(self) -> tuple[Entry, ...]:
        """All entries. An entry keeps its id when others are added or removed."""
        return self.entries or (self._only_entry(self.first_entry_id),)

    @property
    def first_entry_id(self) -> str:
        """The id of the entry with which the trade is recorded, if it is one."""
        return str(uuid5(UUID(self.trade_id), "entry"))

    def _only_entry(self, entry_id: str) -> Entry:
        return Entry(
            entry_id=entry_id,
            quantity=self.quantity,
            price=self.entry_price,
            entered_at=self.open_date,
            commission=self.commission,
            fees=self.fees,
        )

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
        if self.splits:
            return money.minus(self.quantity, self.remaining_quantity)
        return money.total(close.quantity for close in self.closes)

    @cached_property
    def remaining_quantity(self) -> Decimal:
        """How much is left to close."""
        if self.splits:
            return self.trip.open_quantity
        return money.minus(self.quantity, self.closed_quantity)

    @property
    def open_day(self) -> date:
        """The calendar day of the entry in its own UTC offset."""
        return self.open_date.date()

    @cached_property
    def max_quantity(self) -> Decimal:
        """The largest quantity that was held at once."""
        if not self.splits and (not self.entries or not self.closes):
            return self.quantity
        return self.trip.max_quantity

    @cached_property
    def realized(self) -> tuple[Realized, ...]:
        """What each close earned, in the order of the closes; 0 for each if the result is unknown."""
        if not self.closes:
            return ()
        if not self.is_known:
            return tuple(
                Realized(close=close, gross=ZERO, entry_cost_share=ZERO, realized_pnl=ZERO, matches=())
                for close in self.closes
            )
        return tuple(
            Realized(
                close=close,
                gross=exit_.gross,
                entry_cost_share=exit_.entry_costs,
                realized_pnl=exit_.net,
                matches=exit_.matches,
            )
            for close, exit_ in zip(self.closes, self.trip.exits, strict=True)
        )

    @cached_property
    def trip(self) -> Trip:
        """The entries and closes as fills that are settled, lot by lot; at one instant, entries come first. The trade
        has a price. Of closes that take more than is held then, which no trade keeps, it is the last trip.
        """
        fills = [
            Fill(
                fill_id=entry.entry_id,
                side=self.side,
                quantity=entry.quantity,
                price=entry.price,
                at=entry.entered_at,
                sequence=number if entry.sequence is None else entry.sequence,
                costs=money.total((entry.commission, entry.fees)),
                money=entry.money,
            )
            for number, entry in enumerate(self.entries or (self._only_entry("entry"),))
            if entry.price is not None
        ]
        fills += [
            Fill(
                fill_id=close.close_id,
                side=self.side.opposite,
                quantity=close.quantity,
                price=close.price,
                at=close.closed_at,
                sequence=number if close.sequence is None else close.sequence,
                costs=close.costs,
                money=close.money,
            )
            for number, close in enumerate(self.closes, start=len(fills))
        ]
        splits = [split.as_settled for split in self.splits]
        *_, trip = trips_of(fills, splits, self.lot_method, multiplier=self.multiplier, one_trip=True)
        return trip

    @cached_property
    def event_pnl(self) -> Decimal | None:
        """The sum of the events' amounts; None without events."""
        return money.total(event.amount for event in self.events) if self.events else None

    @cached_property
    def realized_partial_pnl(self) -> Decimal:
        """What the closes and the events so far brought together; 0 without any."""
        return money.total((*(part.realized_pnl for part in self.realized), self.event_pnl or ZERO))

    @property
    def is_known(self) -> bool:
        """Whether the trade's result is known: all that came in had a price."""
        return BASIS_UNKNOWN not in self.warnings

    @property
    def gross_pnl(self) -> Decimal | None:
        """Gross P&L, once the trade is flat; None when it is not known."""
        return money.total(part.gross for part in self.realized) if self.is_flat and self.is_known else None

    @property
    def net_pnl(self) -> Decimal | None:
        """Gross minus all costs plus the events, once the trade is flat: exactly the sum of what closes and events
        realized. None when it is not known.
        """
        return self.realized_partial_pnl if self.is_flat and self.is_known else None

    @property
    def exit_price(self) -> Decimal | None:
        """The closes' mean price, weighted by quantity; from the first close on."""
        if not self.closes:
            return None
        if self.splits:
            return self.trip.exit_price
        paid = money.total(money.product(close.price, close.quantity) for close in self.closes)
        return money.mean_price(paid, self.closed_quantity, (close.price for close in self.closes))

    @property
    def risk(self) -> Decimal | None:
        """What was at risk: the first risk amount that was given, else what the entries lose at the first stop.

        None if neither was given, and if the stop is not on the losing side of the entries.
        """
        if self.initial_risk_amount is not None or self.entry_price is None or self.initial_stop_loss is None:
            return self.initial_risk_amount
        if not self.is_known:
            return None
        if self.splits:  # the entries' money stays, and so does what they lose at a stop in the new units
            paid = money.total(money.product(entry.price or ZERO, entry.quantity) for entry in self.entries)
            distances = [_gain(self.side, money.product(self.initial_stop_loss, self.quantity), paid)]
        elif self.entries:
            distances = [
                money.product(_gain(self.side, self.initial_stop_loss, entry.price), entry.quantity)
                for entry in self.entries
                if entry.price is not None
            ]
        else:
            distances = [money.product(_gain(self.side, self.initial_stop_loss, self.entry_price), self.quantity)]
        risk = money.rounded(money.product(money.total(distances), self.multiplier))
        return risk if risk > ZERO else None

    @property
    def r_multiple(self) -> Decimal | None:
        """Net P&L in units of the risk, at 8 decimals, once the trade is flat."""
        net, risk = self.net_pnl, self.risk
        return None if net is None or risk is None else money.ratio(net, risk)

    @property
    def risk_reward_ratio(self) -> Decimal | None:
        """|target - entry| / |entry - first stop|, at 8 decimals, when both lie on the right side of the entry."""
        if self.entry_price is None or self.initial_stop_loss is None or self.take_profit is None or not self.is_known:
            return None
        entered, stop, target = self.entry_price, self.initial_stop_loss, self.take_profit
        if self.splits:  # the mean price in the new units is rounded, what was paid is not
            entered = money.total(money.product(entry.price or ZERO, entry.quantity) for entry in self.entered)
            stop, target = (money.product(price, self.quantity) for price in (stop, target))
        risk, reward = _gain(self.side, stop, entered), _gain(self.side, entered, target)
        return money.ratio(reward, risk) if risk > ZERO and reward > ZERO else None

    @property
    def close_date(self) -> datetime | None:
        """When the last close was made, once the trade is flat."""
        return self.closes[-1].closed_at if self.is_flat else None

    @property
    def holding_seconds(self) -> int | None:
        """Whole seconds from the first entry to the last close, once the trade is flat."""
        return None if self.close_date is None else int((self.close_date - self.open_date).total_seconds())


def part_id(trade_id: str, execution_id: str) -> str:
    """The id of the entry or close that an execution is in a trade that follows from it."""
    return str(uuid5(UUID(trade_id), execution_id))


def with_entries(trade: Trade, entries: Iterable[Entry], **others: Any) -> Trade:
    """The trade with these entries, at least one, and the fields that follow from them.

    Each of several entries has a price. others: further fields to change.
    """
    ordered = sorted(entries, key=lambda entry: entry.entered_at)
    price = ordered[0].price
    if len(ordered) > 1:
        priced = [(entry.price, entry.quantity) for entry in ordered if entry.price is not None]
        value = money.total(money.product(*one) for one in priced)
        price = money.mean_price(value, money.total(quantity for _, quantity in priced), (one for one, _ in priced))
    splits = others.get("splits", trade.splits)
    changed = replace(
        trade,
        quantity=money.total(entry.quantity for entry in ordered),
        entry_price=price,
        open_date=ordered[0].entered_at,
        commission=money.minus(
            money.total(entry.commission for entry in ordered), *(split.commission or ZERO for split in splits)
        ),
        fees=money.minus(money.total(entry.fees for entry in ordered), *(split.fees or ZERO for split in splits)),
        entries=tuple(ordered) if len(ordered) > 1 or splits or ordered[0].entry_id != trade.first_entry_id else (),
        **others,
    )
    return in_last_units(changed)


def with_own_values(trade: Trade) -> Trade:
    """The trade, which has no splits, with its quantity, price, time and costs copied into its entry, if `entries` has
    exactly one.
    """
    if len(trade.entries) != 1:
        return trade
    own = trade._only_entry(trade.entries[0].entry_id)
    return replace(trade, entries=(replace(own, sequence=trade.entries[0].sequence, money=trade.entries[0].money),))


def in_last_units(trade: Trade) -> Trade:
    """The trade with its quantity and mean entry price in units after the last split.

    Raises RuleBroken for a split that leaves nothing of what is open, or more than can be written down.
    """
    if not trade.splits:
        return trade
    return replace(trade, quantity=trade.trip.quantity, entry_price=trade.trip.entry_price)


def per_new_unit(price: Decimal, new: Decimal, old: Decimal) -> Decimal:
    """The price of an old unit as that of a new one, exactly or at 18 decimals, so that the risk stays what it was.

    Returns the shortest price that the reverse split turns into `price` again: so taking a split back restores the
    price that there was before.
    """
    paid = money.product(price, old)
    for decimals in range(money.MOST_DECIMALS):
        shorter = money.ratio(paid, new, decimals)
        if money.ratio(money.product(shorter, new), old, money.MOST_DECIMALS) == price:
            return shorter
    return money.ratio(paid, new, money.MOST_DECIMALS)


def _gain(side: Side, entry: Decimal, price: Decimal) -> Decimal:
    """How far the price moved in favour of the side, per unit; negative when against it."""
    return money.minus(price, entry) if side is Side.BUY else money.minus(entry, price)

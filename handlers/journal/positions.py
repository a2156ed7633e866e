"""How the fills of one instrument become trades, and what each exit earned.

`trips_of` is a pure function: it takes fills and splits in any order and gives the same trips whenever it is called. A
trip goes from flat to flat. Every trade that a trader records is settled by it, too: its entries and closes are fills.

The rules, also in docs/statistics.md ("Trade P&L"):

1. A fill on the position's side adds to it. A fill against it closes, up to what is open; what is beyond flips the
   position. The closing part takes round8(costs x closed / quantity) of the fill's costs, the opening part the rest.
2. FIFO matches an exit with the oldest lot, LIFO with the youngest. AVERAGE keeps one pool of quantity and money, to
   which entries add and which exits shrink in exact proportion.
3. A match of quantity q with a lot that holds the money M for the quantity Q earns round8(sign x (q x price x
   multiplier - q x M / Q)). Its share of the lot's costs C is round8(q x C / Q), and the match that empties the lot
   takes what is left of them; its share of the exit's costs is round8(costs x q / closed), and the fill's last match
   takes what is left.
4. The match that makes the position flat earns round8(sign x (all exits' money - all entries' money)) without what the
   earlier ones earned: a flat trip has earned what its cash says, by every method.
5. A split multiplies what is open, to 18 decimals; money and costs stay.
6. What leaves without a price, as units that move to another account or symbol do, takes round8 of its lot's money
   with it and earns nothing. What comes with money of its own (`Fill.money`) costs that, to the last digit.
7. Money that a position receives without an exit, such as the cash part of a merger, lowers the cost of its lots, to 0
   at most. Money beyond that is earned at once.
8. If a share of the cost goes to units of another symbol, as in a spin-off, each lot gives round8(share x cost), and of
   its costs round8(share x costs).

round8 is rounding to 8 decimals, ties to the even digit, of the exact value.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from enum import StrEnum
from math import gcd
from typing import NamedTuple

from handlers.faults import Fault, FieldCode
from handlers.journal import money
from handlers.journal.errors import FieldError, RuleBroken
from handlers.journal.money import ONE, ZERO


class Side(StrEnum):
    """Which way a fill goes, and by which way a trade was entered: BUY is long, SELL is short."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The side that closes what was opened by this one."""
        return Side.SELL if self is Side.BUY else Side.BUY


class LotMethod(StrEnum):
    """Which entries an exit is matched with: the mean of all that is open, the oldest, or the youngest."""

    AVERAGE = "AVERAGE"
    FIFO = "FIFO"
    LIFO = "LIFO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A quantity that was bought or sold, above 0. A cost is >= 0, a rebate < 0.

    Fills are taken in the order of (at, sequence, fill_id). Without a price, what the fill closes leaves at its cost,
    and what it opens is held at 0. `money` is the exact worth of the quantity, with the multiplier, of a fill whose
    price is a rounded quotient.
    """

    fill_id: str
    side: Side
    quantity: Decimal
    price: Decimal | None
    at: datetime
    sequence: int = 0
    costs: Decimal = ZERO
    money: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`new` units for `old` ones, both above 0, from that instant on.

    It applies before the fills of its instant; with a `sequence`, only before those whose sequence is not lower. First
    each old unit receives `cash`, without the multiplier; a short position pays it. `cost_share` (0 to 1) of the cost
    and the costs of each lot leaves the position; `money` and `costs` are the sums of that, if they are known.
    `split_id` names the split in the trip.
    """

    at: datetime
    new: Decimal
    old: Decimal
    sequence: int | None = None
    cash: Decimal = ZERO
    cost_share: Decimal = ZERO
    money: Decimal | None = None
    costs: Decimal | None = None
    split_id: str = ""

    def is_before(self, fill: Fill) -> bool:
        """Whether it applies before the fill."""
        if self.at == fill.at and self.sequence is not None:
            return self.sequence <= fill.sequence
        return self.at <= fill.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A fill, or the part of one that did not close anything, that added to the position.

    `money` is its exact worth where that is not quantity x price x multiplier.
    """

    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime
    costs: Decimal
    money: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A quantity of an exit with the entry that it closes. `entry_id` is None for the pool of AVERAGE."""

    entry_id: str | None
    quantity: Decimal
    gross: Decimal
    entry_costs: Decimal
    exit_costs: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """A fill, or the closing part of one, and what it earned; `open_...` is what it leaves of the trip.

    `open_cost` is what the cash says: sign x (all gross so far - cash before costs), so that what is open and what is
    realized add up to the last digit. `open_costs` are the costs of entries that no exit took yet. `money` is the exact
    worth of an exit for which that is not quantity x price x multiplier.
    """

    fill_id: str
    quantity: Decimal
    price: Decimal
    at: datetime
    matches: tuple[Match, ...]
    gross: Decimal
    entry_costs: Decimal
    exit_costs: Decimal
    open_quantity: Decimal
    open_cost: Decimal
    open_costs: Decimal
    money: Decimal | None = None

    @property
    def net(self) -> Decimal:
        """The gross after its share of the entries' costs and its own costs."""
        return money.minus(self.gross, self.entry_costs, self.exit_costs)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLot:
    """What is open of an entry, or of the pool of AVERAGE, whose `entry_id` is None.

    `cost` is what the quantity cost, with the multiplier and without costs, at 8 decimals; `costs` are those of the
    entry that no exit took.
    """

    entry_id: str | None
    quantity: Decimal
    cost: Decimal
    costs: Decimal


class Received(NamedTuple):
    """The cash of a split, and the part of it beyond the cost, which is earned at once."""

    split_id: str
    amount: Decimal
    beyond: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A position from flat to flat, or to what is open.

    `openings` and `exits` are as they were traded. All other quantities and the mean prices are in units after the last
    split; `lost` is what splits left below 18 decimals, in the units of each. `max_quantity` is the largest that was
    held. `entered_value` and `exited_value` are quantity x price; amounts of money include the multiplier, too. `moved`
    is the cash of a long trip less (exited_value - entered_value) x multiplier; for a short trip it has the other sign.
    `moved_costs` are the costs of openings that left with a share of the cost. `received` is the cash of splits, which
    is below 0 for a short trip.
    """

    side: Side
    openings: tuple[Opening, ...]
    exits: tuple[Exit, ...]
    lots: tuple[OpenLot, ...]
    quantity: Decimal
    open_quantity: Decimal
    max_quantity: Decimal
    open_cost: Decimal
    open_costs: Decimal
    entered_value: Decimal
    exited_value: Decimal
    moved: Decimal
    moved_costs: Decimal
    received: tuple[Received, ...]
    lost: Decimal

    @property
    def entry_price(self) -> Decimal:
        """The entries' mean price."""
        return money.mean_price(self.entered_value, self.quantity, (one.price for one in self.openings))

    @property
    def exit_price(self) -> Decimal | None:
        """The exits' mean price; None before the first exit."""
        exited = money.minus(self.quantity, self.open_quantity)
        return money.mean_price(self.exited_value, exited, (one.price for one in self.exits)) if exited else None

    @property
    def is_flat(self) -> bool:
        """Whether nothing is open."""
        return self.open_quantity == ZERO

    @property
    def gross(self) -> Decimal:
        """What the exits earned together before costs, with cash beyond the cost."""
        return money.total((self.received_beyond_cost, *(exit_.gross for exit_ in self.exits)))

    @property
    def net(self) -> Decimal:
        """What the exits earned together after costs, with cash beyond the cost."""
        return money.total((self.received_beyond_cost, *(exit_.net for exit_ in self.exits)))

    @property
    def received_beyond_cost(self) -> Decimal:
        """What splits earned with cash beyond the cost."""
        return money.total(each.beyond for each in self.received)


def trips_of(
    fills: Iterable[Fill],
    splits: Iterable[Split] = (),
    method: LotMethod = LotMethod.AVERAGE,
    *,
    multiplier: Decimal = ONE,
    one_trip: bool = False,
) -> tuple[Trip, ...]:
    """The trips that the fills of one instrument make, in order; the last one may be open.

    `splits` apply to what is open at their instants. With `one_trip`, a position that is flat in between goes on with
    the next fill of its side instead of beginning a new trip. Raises RuleBroken for a split that leaves nothing of what
    is open, or more than 15 digits before the point.
    """
    position = Position(method, multiplier, one_trip=one_trip)
    waiting = deque(sorted(splits, key=lambda split: split.at))
    for fill in sorted(fills, key=lambda fill: (fill.at, fill.sequence, fill.fill_id)):
        while waiting and waiting[0].is_before(fill):
            position.split(waiting.popleft())
        position.take(fill)
    for split in waiting:
        position.split(split)
    return position.trips()


class Position:
    """The position in one instrument while its fills are taken, one after the other, by time."""

    def __init__(self, method: LotMethod, multiplier: Decimal = ONE, *, one_trip: bool = False) -> None:
        self._method = method
        self._multiplier = multiplier
        self._one_trip = one_trip
        self._ended: list[Trip] = []
        self._trip: _Trip | None = None

    @property
    def side(self) -> Side | None:
        """The side on which the position is open; None when it is flat."""
        return self._trip.side if self._trip is not None and self._trip.open_quantity else None

    @property
    def open_quantity(self) -> Decimal:
        """How much is open."""
        return self._trip.open_quantity if self._trip is not None else ZERO

    @property
    def trip_number(self) -> int:
        """The place, among all trips, of the one that is open, or of the next one if none is."""
        return len(self._ended)

    def take(self, fill: Fill) -> None:
        """Close what is open against the fill, and open the rest of it."""
        trip, quantity, costs, money = self._trip, fill.quantity, fill.costs, fill.money
        if trip is not None and fill.side is not trip.side and trip.open_quantity:
            closed = min(quantity, trip.open_quantity)
            own, part = costs, money
            if closed < quantity:
                own = _round(_divide(_multiply(costs, closed), quantity))
                part = None if money is None else _round(_divide(_multiply(money, closed), quantity))
            trip.close(fill, closed, own, part)
            quantity, costs = _subtract(quantity, closed), _subtract(costs, own)
            money = None if money is None or part is None else _subtract(money, part)
        if trip is not None and not trip.open_quantity and not (self._one_trip and fill.side is trip.side):
            if self._one_trip and not quantity:
                return
            self._ended.append(trip.finished())
            trip = self._trip = None
        if quantity:
            if trip is None:
                trip = self._trip = _Trip(fill.side, self._method, self._multiplier)
            trip.open(fill, quantity, costs, money)

    def split(self, split: Split) -> None:
        """Apply the split to what is open.

        Raises RuleBroken for one that leaves nothing of it, or too much, and changes nothing then.
        """
        if self._trip is not None:
            self._trip.split(split)

    def lots(self) -> tuple[OpenLot, ...]:
        """What is open, lot by lot, in the order in which the lots were opened."""
        return self._trip.open_lots() if self._trip is not None else ()

    def release(self, share: Decimal) -> list[tuple[Decimal, Decimal]]:
        """Take a share (0 to 1) of the cost and of the costs out of each lot. Returns both by lot, at 8 decimals."""
        return self._trip.release(share) if self._trip is not None else []

    def move_to(self, other: "Position") -> None:
        """Move what is open into another position of the same multiplier, of the same side or flat.

        The trip goes on there. If one is open there, too, the two become one.
        """
        if self._trip is None or not self._trip.open_quantity:
            return
        moved, self._trip = self._trip, None
        if other._trip is not None and other._trip.open_quantity:
            other._trip = moved.united_with(other._trip)
            return
        other._trip = moved

    def trips(self) -> tuple[Trip, ...]:
        """All trips so far, in order; the last one may be open."""
        return (*self._ended, *(() if self._trip is None else (self._trip.finished(),)))


def after_split(quantity: Decimal, split: Split) -> Decimal:
    """What becomes of a quantity; what the split leaves below 18 decimals is lost."""
    return _whole_units(_divide(_multiply(quantity, split.new), split.old))


def open_after_split(quantity: Decimal, split: Split, multiplier: Decimal = ONE) -> Decimal:
    """What becomes of an open quantity, as `after_split` says. Raises RuleBroken when that is nothing, or too much, and
    when the cash of the split is.
    """
    left = after_split(quantity, split)
    if not money.has_few_digits(_multiply(_multiply(quantity, split.cash), multiplier)):
        raise RuleBroken([FieldError(("cash_per_share",), _TOO_MUCH_MONEY)])
    if quantity and not ZERO < left < _LARGEST_QUANTITY:
        raise RuleBroken([FieldError(("new",), _TOO_MUCH if left > ZERO else _NOTHING)])
    return left


# Wide enough for every product and sum to be exact. A quotient is near: how near, _Rate says.
_WIDE = Context(prec=320, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
_add, _subtract, _multiply, _divide, _fma = _WIDE.add, _WIDE.subtract, _WIDE.multiply, _WIDE.divide, _WIDE.fma

_DECIMALS = 8
_STEP, _HALF_A_STEP = Decimal("1E-8"), Decimal("5E-9")
# What is wrong with a split.
_NOTHING = Fault(FieldCode.LEAVES_NOTHING, "leaves nothing of what is open")
_TOO_MUCH = Fault(
    FieldCode.FIGURE_TOO_LONG,
    f"makes the quantity longer than {money.MOST_DIGITS} digits before the point",
    {"maxDigits": money.MOST_DIGITS},
)

_TOO_MUCH_MONEY = Fault(
    FieldCode.FIGURE_TOO_LONG,
    f"makes an amount longer than {money.MOST_DIGITS} digits before the point",
    {"maxDigits": money.MOST_DIGITS},
)

_SMALLEST_QUANTITY, _LARGEST_QUANTITY = Decimal("1E-18"), Decimal("1E15")
_SURELY = Decimal("1E-200")


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_STEP, context=_WIDE)


def _down(amount: Decimal) -> Decimal:
    """The amount rounded down to 8 decimals; an amount within 1E-200 of a step counts as that step."""
    nearest = _round(amount)
    if _subtract(nearest, amount).copy_abs() < _SURELY:
        return nearest
    return amount.quantize(_STEP, rounding=ROUND_DOWN, context=_WIDE)


def _whole_units(quantity: Decimal) -> Decimal:
    return quantity.quantize(_SMALLEST_QUANTITY, rounding=ROUND_DOWN, context=_WIDE)


class _Rate:
    """An amount per unit, often a quotient without end. Products with it are rounded as if it were exact.

    `_near` is the rate in 320 digits. Each change adds an error below 1E-300 in relation to amounts that are below
    1E60, so that a product of a quantity and the rate, after all steps, is within 1E-200 of the exact one. Only if that
    could decide how the product is rounded, the exact rate is computed, as a fraction of integers, from the changes
    since it was last known. So a position of 100 000 fills stays quick, and no digit is ever wrong.
    """

    __slots__ = ("_changes", "_known", "_near")

    def __init__(self, rate: Decimal = ZERO) -> None:
        self._near = rate
        self._known: Decimal | tuple[int, int] = rate
        self._changes: list[tuple[Decimal, Decimal, Decimal]] = []

    def change(self, before: Decimal, amount: Decimal, after: Decimal) -> None:
        """Add the amount to what `before` units hold, and spread it over `after` units."""
        self._near = _divide(_fma(self._near, before, amount), after)
        self._changes.append((before, amount, after))

    def times(self, quantity: Decimal) -> Decimal:
        """quantity x rate, in 320 digits."""
        return _multiply(quantity, self._near)

    def rounded(self, quantity: Decimal, plus: Decimal = ZERO) -> Decimal:
        """round8(quantity x rate + plus)."""
        near = _fma(quantity, self._near, plus)
        result = _round(near)
        if self._near is self._known:
            return result
        from_tie = _subtract(_subtract(near, result).copy_abs(), _HALF_A_STEP)
        return result if from_tie.copy_abs() > _SURELY else self._exactly(quantity, plus)

    def _exactly(self, quantity: Decimal, plus: Decimal) -> Decimal:
        rate, of_rate = self._work_out()
        (q, of_q), (p, of_p) = quantity.as_integer_ratio(), plus.as_integer_ratio()
        numerator = (q * rate * of_p + p * of_q * of_rate) * 10**_DECIMALS
        denominator = of_q * of_p * of_rate
        whole, rest = divmod(numerator, denominator)
        if 2 * rest > denominator or (2 * rest == denominator and whole % 2):
            whole += 1
        return Decimal(whole).scaleb(-_DECIMALS, _WIDE)

    def _work_out(self) -> tuple[int, int]:
        known = self._known
        numerator, denominator = known.as_integer_ratio() if isinstance(known, Decimal) else known
        reduce_at = _FEW_BITS
        for before, amount, after in self._changes:
            (b, of_b), (a, of_a), (c, of_c) = (one.as_integer_ratio() for one in (before, amount, after))
            numerator = (numerator * b * of_a + a * denominator * of_b) * of_c
            denominator *= of_b * of_a * c
            if reduce_at < denominator.bit_length() < _MANY_BITS:  # gcd takes time with the square of the bits
                common = gcd(numerator, denominator)
                numerator, denominator = numerator // common, denominator // common
                reduce_at = max(_FEW_BITS, 2 * denominator.bit_length())
        self._known = numerator, denominator
        self._changes.clear()
        return numerator, denominator


_FEW_BITS, _MANY_BITS = 4_096, 100_000


class _Lot:
    """What is open of an entry, or of all: the quantity, money and costs for each unit, and the costs that are left."""

    __slots__ = ("at", "cost_rate", "costs", "entry_id", "money_rate", "quantity")

    def __init__(self, entry_id: str | None, at: datetime) -> None:
        self.entry_id = entry_id
        self.at = at
        self.quantity = ZERO
        self.costs = ZERO
        self.money_rate = _Rate()
        self.cost_rate = _Rate()

    def add(self, quantity: Decimal, price: Decimal, costs: Decimal, money: Decimal | None = None) -> None:
        """Put more into it; the price includes the multiplier, and so does the money, which stands for it."""
        after = _add(self.quantity, quantity)
        if self.quantity or money is not None:
            self.money_rate.change(self.quantity, _multiply(quantity, price) if money is None else money, after)
        else:
            self.money_rate = _Rate(price)
        if self.quantity or costs:
            self.cost_rate.change(self.quantity, costs, after)
        self.quantity, self.costs = after, _add(self.costs, costs)

    def resize(self, quantity: Decimal) -> None:
        """Hold the same money and costs in another quantity."""
        self.money_rate.change(self.quantity, ZERO, quantity)
        self.cost_rate.change(self.quantity, ZERO, quantity)
        self.quantity = quantity

    def absorb(self, other: "_Lot") -> None:
        """Hold what the other lot does, too: its money to 320 digits, since a quotient may have no end."""
        after = _add(self.quantity, other.quantity)
        self.money_rate.change(self.quantity, other.money_rate.times(other.quantity), after)
        self.cost_rate.change(self.quantity, other.cost_rate.times(other.quantity), after)
        self.quantity, self.costs = after, _add(self.costs, other.costs)

    def spend(self, amount: Decimal) -> None:
        """Hold that much less money in the same quantity."""
        self.money_rate.change(self.quantity, amount.copy_negate(), self.quantity)

    def spend_costs(self, amount: Decimal) -> None:
        """Hold that much less of costs with the same quantity."""
        self.cost_rate.change(self.quantity, amount.copy_negate(), self.quantity)
        self.costs = _subtract(self.costs, amount)

    def take_costs(self, quantity: Decimal) -> Decimal:
        """Take a quantity out, and its share of the costs, which is returned: all that is left with the last of it."""
        share = self.costs if quantity == self.quantity else self.cost_rate.rounded(quantity)
        self.quantity, self.costs = _subtract(self.quantity, quantity), _subtract(self.costs, share)
        return share


# The amounts that are added up when two trips become one.
_ADD_UP = (
    "open_quantity",
    "_entered_value",
    "_exited_value",
    "_gross",
    "_open_costs",
    "_exited",
    "_moved",
    "_moved_costs",
)


class _Trip:
    """A trip that is being put together. Values are quantity x price, without the multiplier."""

    def __init__(self, side: Side, method: LotMethod, multiplier: Decimal) -> None:
        self.side = side
        self.open_quantity = ZERO
        self._sign = ONE if side is Side.BUY else -ONE
        self._method = method
        self._multiplier = multiplier
        self._lots: deque[_Lot] = deque()
        self._openings: list[Opening] = []
        self._exits: list[Exit] = []
        self._entered_value = self._exited_value = self._gross = self._open_costs = ZERO
        self._exited = self._max_quantity = self._lost = self._moved = self._moved_costs = ZERO
        self._received: list[Received] = []

    def open(self, fill: Fill, quantity: Decimal, costs: Decimal, money: Decimal | None = None) -> None:
        """Add this quantity of the fill, with its part of the fill's costs and money."""
        if self._method is not LotMethod.AVERAGE:
            self._lots.append(_Lot(fill.fill_id, fill.at))
        elif not self._lots:
            self._lots.append(_Lot(None, fill.at))
        price = ZERO if fill.price is None else fill.price
        worth = _multiply(price, self._multiplier)
        self._lots[-1].add(quantity, worth, costs, money)
        self.open_quantity = _add(self.open_quantity, quantity)
        self._max_quantity = max(self._max_quantity, self.open_quantity)
        self._open_costs = _add(self._open_costs, costs)
        self._entered_value = _fma(quantity, price, self._entered_value)
        if money is not None:
            self._moved = _subtract(self._moved, _subtract(money, _multiply(quantity, worth)))
        self._openings.append(
            Opening(fill_id=fill.fill_id, quantity=quantity, price=price, at=fill.at, costs=costs, money=money)
        )

    def close(self, fill: Fill, quantity: Decimal, costs: Decimal, money: Decimal | None = None) -> None:
        """Close this quantity, which is open, with its part of the fill's costs and money."""
        if at_cost := fill.price is None and money is None:
            fill, money = self._at_cost(fill, quantity)
        self.open_quantity = _subtract(self.open_quantity, quantity)
        self._exited = _add(self._exited, quantity)
        shown = ZERO if fill.price is None else fill.price
        price = _multiply(shown, self._multiplier)
        self._exited_value = _fma(quantity, shown, self._exited_value)
        if money is not None:
            self._moved = _add(self._moved, _subtract(money, _multiply(quantity, price)))
            price = _divide(money, quantity)
        gross_before = self._gross
        matches: list[Match] = []
        left, costs_left, entry_costs = quantity, costs, ZERO
        while left:
            lot = self._lots[-1 if self._method is LotMethod.LIFO else 0]
            taken = min(left, lot.quantity)
            left = _subtract(left, taken)
            if not left and not self.open_quantity:
                gross = _subtract(_round(_multiply(self._sign, self._cash())), self._gross)
            elif at_cost:
                gross = ZERO
            else:
                signed = _multiply(self._sign, taken)
                gross = lot.money_rate.rounded(signed.copy_negate(), _multiply(signed, price))
            of_entry = lot.take_costs(taken)
            of_exit = _round(_divide(_multiply(costs, taken), quantity)) if left else costs_left
            costs_left = _subtract(costs_left, of_exit)
            entry_costs = _add(entry_costs, of_entry)
            self._gross = _add(self._gross, gross)
            matches.append(
                Match(entry_id=lot.entry_id, quantity=taken, gross=gross, entry_costs=of_entry, exit_costs=of_exit)
            )
            if not lot.quantity:
                (self._lots.pop if self._method is LotMethod.LIFO else self._lots.popleft)()
        self._open_costs = _subtract(self._open_costs, entry_costs)
        self._exits.append(
            Exit(
                fill_id=fill.fill_id,
                quantity=quantity,
                price=shown,
                at=fill.at,
                matches=tuple(matches),
                gross=_subtract(self._gross, gross_before),
                entry_costs=entry_costs,
                exit_costs=costs,
                open_quantity=self.open_quantity,
                open_cost=self._open_cost(),
                open_costs=self._open_costs,
                money=money,
            )
        )

    def _at_cost(self, fill: Fill, quantity: Decimal) -> tuple[Fill, Decimal]:
        """The fill at the mean price of what it takes, and the money that makes it earn nothing."""
        if quantity == self.open_quantity:
            money = self._open_cost()
        else:
            money, left = ZERO, quantity
            for lot in reversed(self._lots) if self._method is LotMethod.LIFO else self._lots:
                taken = min(left, lot.quantity)
                money, left = _add(money, lot.money_rate.rounded(taken)), _subtract(left, taken)
                if not left:
                    break
        price = _divide(money, _multiply(quantity, self._multiplier))
        return replace(fill, price=_round(price)), money

    def _receive(self, split: Split) -> None:
        """Lower what each lot cost by the cash of the split, to 0 at most; the rest is earned at once."""
        each = _multiply(split.cash, self._multiplier)
        beyond = ZERO
        for lot in self._lots:
            amount = _multiply(lot.quantity, each)
            left = _subtract(amount, max(ZERO, lot.money_rate.times(lot.quantity)))
            more = _down(left) if left > ZERO else ZERO
            lot.spend(_subtract(amount, more))
            beyond = _add(beyond, more)
        amount = _multiply(self.open_quantity, each)
        self._moved = _add(self._moved, amount)
        received = Received(split.split_id, _multiply(self._sign, amount), _multiply(self._sign, beyond))
        self._gross = _add(self._gross, received.beyond)
        self._received.append(received)

    def release(
        self, share: Decimal, money: Decimal | None = None, costs: Decimal | None = None
    ) -> list[tuple[Decimal, Decimal]]:
        """Take a share of the cost and of the costs out of each lot. Returns both by lot, at 8 decimals.

        money, costs: the sums of both, if they are known; the last lot takes a difference.
        """
        amounts = [lot.money_rate.rounded(_multiply(lot.quantity, share)) for lot in self._lots]
        of_costs = [_round(_multiply(lot.costs, share)) for lot in self._lots]
        for given, wanted in ((amounts, money), (of_costs, costs)):
            if wanted is not None and given:
                for amount in given[:-1]:
                    wanted = _subtract(wanted, amount)
                given[-1] = wanted
        for lot, amount, cost in zip(self._lots, amounts, of_costs, strict=True):
            lot.spend(amount)
            if cost:
                lot.spend_costs(cost)
            self._moved = _add(self._moved, amount)
            self._moved_costs = _add(self._moved_costs, cost)
            self._open_costs = _subtract(self._open_costs, cost)
        return list(zip(amounts, of_costs, strict=True))

    def united_with(self, other: "_Trip") -> "_Trip":
        """Both trips, of the same side, as one."""
        lots = sorted((*self._lots, *other._lots), key=lambda lot: lot.at)
        if self._method is LotMethod.AVERAGE:
            for lot in lots[1:]:
                lots[0].absorb(lot)
            del lots[1:]
        self._lots = deque(lots)
        self._openings = sorted((*self._openings, *other._openings), key=lambda opening: opening.at)
        self._exits = sorted((*self._exits, *other._exits), key=lambda exit_: exit_.at)
        for name in _ADD_UP:
            setattr(self, name, _add(getattr(self, name), getattr(other, name)))
        self._received = [*other._received, *self._received]
        self._max_quantity = max(self._max_quantity, other._max_quantity, self.open_quantity)
        self._lost = _add(self._lost, other._lost)
        return self

    def open_lots(self) -> tuple[OpenLot, ...]:
        """What is open, lot by lot."""
        return tuple(
            OpenLot(
                entry_id=lot.entry_id,
                quantity=lot.quantity,
                cost=lot.money_rate.rounded(lot.quantity),
                costs=lot.costs,
            )
            for lot in self._lots
        )

    def split(self, split: Split) -> None:
        """Multiply what is open, lot by lot, and count all that was before in the new units."""
        open_quantity = open_after_split(self.open_quantity, split, self._multiplier)
        if split.cash:
            self._receive(split)
        if split.cost_share:
            self.release(split.cost_share, split.money, split.costs)
        if split.new != split.old:
            self._resize(split, open_quantity)

    def _resize(self, split: Split, open_quantity: Decimal) -> None:
        exact = _divide(_multiply(self.open_quantity, split.new), split.old)
        self._lost = _add(self._lost, _subtract(exact, open_quantity))
        before = after = costs = ZERO
        kept: deque[_Lot] = deque()
        for lot in self._lots:
            before = _add(before, lot.quantity)
            until = _whole_units(_divide(_multiply(before, split.new), split.old))
            if until == after:  # less than the smallest quantity: the match that makes the trip flat has its money
                costs = _add(costs, lot.costs)
                continue
            lot.resize(_subtract(until, after))
            after = until
            lot.costs, costs = _add(lot.costs, costs), ZERO
            kept.append(lot)
        if kept:
            kept[-1].costs = _add(kept[-1].costs, costs)
        self._lots = kept
        self.open_quantity = open_quantity
        self._exited = _divide(_multiply(self._exited, split.new), split.old)
        self._max_quantity = _divide(_multiply(self._max_quantity, split.new), split.old)

    def finished(self) -> Trip:
        """The trip so far."""
        exited = money.rounded(self._exited, money.MOST_DECIMALS)
        return Trip(
            side=self.side,
            openings=tuple(self._openings),
            exits=tuple(self._exits),
            lots=self.open_lots(),
            quantity=_add(exited, self.open_quantity),
            open_quantity=self.open_quantity,
            max_quantity=max(money.rounded(self._max_quantity, money.MOST_DECIMALS), self.open_quantity),
            open_cost=self._open_cost(),
            open_costs=self._open_costs,
            entered_value=self._entered_value,
            exited_value=self._exited_value,
            moved=self._moved,
            moved_costs=self._moved_costs,
            received=tuple(self._received),
            lost=self._lost,
        )

    def _cash(self) -> Decimal:
        """The worth of the exits without that of the entries, and with the money that moved without either."""
        return _fma(_subtract(self._exited_value, self._entered_value), self._multiplier, self._moved)

    def _open_cost(self) -> Decimal:
        """What is open cost, by the cash; 0 when nothing is."""
        return _subtract(_multiply(self._sign, self._gross), self._cash()) if self.open_quantity else ZERO

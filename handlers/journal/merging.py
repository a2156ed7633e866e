"""Merges fills into legs, so that a trade with any number of fills shows at most 200 entries and 200 closes.

Fills are merged until they fit: those of one order or one second first, then those of one day, then the oldest ones;
fills with none of the other kind between them come before others. The money of a merged leg is exact, so a flat trade
earns what its cash says, to the last digit. What single exits earned may differ where entries before and after them
were merged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NamedTuple

from handlers.journal import money
from handlers.journal.executions import RecordedExecution

# The most entries, and the most closes: as many as a trade that is recorded by hand may have.
MOST_LEGS = 200

# DynamoDB stores 38 digits of a number.
_STORED = Context(prec=38, rounding=ROUND_HALF_EVEN)


class Leg(NamedTuple):
    """The part of an execution that opens or closes something of a trade.

    `rank` is its place among all legs, `units` the number of splits of the trade before it. An execution that an action
    makes has a leg for each lot that it comes from: `lot` is the number of the lot, `lot_price` its price and `money`
    its worth, with the multiplier.
    """

    execution: RecordedExecution
    quantity: Decimal
    costs: Decimal
    rank: int
    units: int = 0
    lot: int = 0
    lot_price: Decimal | None = None
    money: Decimal | None = None

    @property
    def price(self) -> Decimal:
        """The price of its execution, or of its lot."""
        return self.execution.price if self.lot_price is None else self.lot_price

    @property
    def name(self) -> str:
        """The name of the leg, unique in its trade."""
        return f"{self.execution.execution_id}|{self.lot}" if self.lot else self.execution.execution_id


Legs = list[Leg]


def merged(legs: Sequence[Leg], most: int = MOST_LEGS) -> list[Legs]:
    """Bundle the legs of one kind, which are in order; each bundle is shown as one leg. Returns at most `most`."""
    bundles = [[leg] for leg in legs]
    for key, adjacent in _PASSES:
        if len(bundles) <= most:
            break
        bundles = _joined(bundles, key, adjacent, len(bundles) - most)
    return bundles


def worth(legs: Legs) -> tuple[Decimal, Decimal | None]:
    """Mean price of the legs, and their exact money, with the multiplier, where that is not price x quantity."""
    if len(legs) == 1:
        return legs[0].price, legs[0].money
    multiplier = legs[0].execution.instrument.multiplier
    exact = money.total(
        money.product(leg.price, leg.quantity, multiplier) if leg.money is None else leg.money for leg in legs
    )
    quantity = money.total(leg.quantity for leg in legs)
    price = money.mean_price(exact, money.product(quantity, multiplier), (leg.price for leg in legs))
    if money.product(price, quantity, multiplier) == exact:
        return price, None
    return price, _STORED.plus(money.rounded(exact, money.MOST_DECIMALS))


def _joined(bundles: Sequence[Legs], key: Callable[[Leg], Any], adjacent: bool, excess: int) -> list[Legs]:
    """Join bundles with the one before them that has the same key, from the oldest on, until there are `excess` fewer.

    adjacent: only bundles between which no leg of the other kind lies.
    """
    result = [bundles[0]]
    for bundle in bundles[1:]:
        before, first = result[-1], bundle[0]
        own = key(first)
        is_next = first.rank == before[-1].rank + 1 or not adjacent
        is_like = own is not None and own == key(before[-1]) and first.units == before[-1].units
        if excess and is_next and is_like:
            before.extend(bundle)
            excess -= 1
        else:
            result.append(bundle)
    return result


def _order(leg: Leg) -> Any:
    return leg.execution.order_id


def _second(leg: Leg) -> Any:
    return leg.execution.executed_at.replace(microsecond=0)


def _day(leg: Leg) -> Any:
    return leg.execution.executed_at.date()


def _any(_: Leg) -> Any:
    return True


_PASSES: tuple[tuple[Callable[[Leg], Any], bool], ...] = (
    (_order, True),
    (_second, True),
    (_order, False),
    (_second, False),
    (_day, True),
    (_day, False),
    (_any, False),
)

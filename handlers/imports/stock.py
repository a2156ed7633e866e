"""What an account has already: each thing of it is found by one row of a file, and by no other.

It is a multiset: two equal fills are two fills, and a file that has one more of them than the account adds one. So rows
take what they find: first those that name it by an id, then those that equal it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from handlers.imports.rows import ReportedFill
from handlers.journal import money
from handlers.journal.executions import ExecutionKind, symbol_key
from handlers.journal.positions import Side

# How far a fill by hand may be from the broker's: in time, and in price as a share of it.
_NEAR, _ABOUT = timedelta(hours=24), Decimal("0.001")


@dataclass(slots=True)
class Stored:
    """Something that is stored, as little of it as tells whether a row says the same.

    content: what equal things have in common. day: the same with the day in place of the time. at_noon: whether its
    time may be the one that a file without times gave it.
    """

    id: str
    content: str
    day: str
    external_id: str | None = None
    import_id: str | None = None
    at_noon: bool = False
    is_taken: bool = False


class Stock:
    """Stored things of one kind."""

    def __init__(self, stored: Iterable[Stored]) -> None:
        self._by_id: dict[str, Stored] = {}
        self._by_external_id: dict[str, list[Stored]] = {}
        self._by_content: dict[str, list[Stored]] = {}
        for one in stored:
            self._by_id[one.id] = one
            self._by_content.setdefault(one.content, []).append(one)
            self._by_content.setdefault(one.day, []).append(one)
            if one.external_id is not None:
                self._by_external_id.setdefault(one.external_id, []).append(one)

    def named(self, own_id: str, external_id: str | None) -> Stored | None:
        """Take what has the id, else what has the external id; None if neither is there."""
        found = self._by_id.get(own_id)
        if found is not None and not found.is_taken:
            return _taken(found)
        others = () if external_id is None else self._by_external_id.get(external_id, ())
        return next((_taken(one) for one in others if not one.is_taken), None)

    def equal(self, content: str, day: str, *, day_only: bool, is_other: Callable[[Stored], bool]) -> Stored | None:
        """Take what has the content; None if nothing has.

        day_only: the row has a day and no time; then any time of that day is meant. is_other: whether something is
        known to be another thing, though its content is the same.
        """
        for one in self._candidates(content, day, day_only=day_only):
            if not one.is_taken and not is_other(one):
                return _taken(one)
        return None

    def _candidates(self, content: str, day: str, *, day_only: bool) -> Iterator[Stored]:
        if day_only:
            yield from self._by_content.get(day, ())
            return
        yield from self._by_content.get(content, ())
        yield from (one for one in self._by_content.get(day, ()) if one.at_noon)


def _taken(one: Stored) -> Stored:
    one.is_taken = True
    return one


@dataclass(slots=True)
class ManualPart:
    """An entry or a close of a trade that was recorded by hand."""

    trade_id: str
    at: datetime
    price: Decimal
    is_taken: bool = False


class Parts:
    """The entries and closes of trades by hand, by symbol, side and quantity."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Side, Decimal], list[ManualPart]] = {}
        self._of_trades: dict[tuple[str, Side, Decimal], list[ManualPart]] = {}

    def add(self, symbol: str, side: Side, quantity: Decimal, part: ManualPart) -> None:
        """Add an entry or a close; side: whether it was bought or sold."""
        self._found.setdefault((symbol_key(symbol), side, quantity), []).append(part)
        self._of_trades.setdefault((part.trade_id, side, quantity), []).append(part)

    def of_trade(self, trade_id: str, fill: ReportedFill) -> ManualPart | None:
        """Take the nearest part of this trade that has the fill's side and quantity; None if there is none.

        Symbol and price may differ: the user says that it is the trade.
        """
        if fill.side is None or fill.quantity is None or fill.price is None:
            return None
        parts = self._of_trades.get((trade_id, fill.side, fill.quantity), ())
        return _nearest([part for part in parts if not part.is_taken], fill)

    def matching(self, fill: ReportedFill) -> ManualPart | None:
        """Take the nearest part that the fill may be, by a price that differs little; None if there is none.

        The fill has a time with an offset. One with a day alone matches whatever is within a day of its noon.
        """
        price = fill.price
        if fill.kind is not ExecutionKind.TRADE or fill.side is None or fill.quantity is None or price is None:
            return None
        near = [
            part
            for part in self._found.get((symbol_key(fill.symbol), fill.side, fill.quantity), ())
            if not part.is_taken and abs(part.at - fill.at) <= _NEAR and _is_about(part.price, price)
        ]
        return _nearest(near, fill)


def _nearest(parts: Sequence[ManualPart], fill: ReportedFill) -> ManualPart | None:
    """Take the part that is nearest to the fill in time; None of none."""
    if not parts:
        return None
    part = min(parts, key=lambda one: abs(one.at - fill.at))
    part.is_taken = True
    return part


def _is_about(one: Decimal, other: Decimal) -> bool:
    return money.minus(one, other).copy_abs() <= money.product(other.copy_abs(), _ABOUT)

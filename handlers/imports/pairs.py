"""Rows that are whole trades: two fills each, which a pair id keeps apart from the fills of all other rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

from handlers.imports.checks import check_profit, gross_of
from handlers.imports.records import Record
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, RowReason
from handlers.imports.values import Moment
from handlers.journal.executions import Instrument
from handlers.journal.money import ZERO, canonical, minus, product
from handlers.journal.positions import Side

# No broker takes more for a unit, so a net profit that leaves more between it and the prices is none of theirs.
_MOST_COSTS = Decimal(50)


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrade:
    """A trade as a row of a file has it.

    profit: as the file shows it. If `profit_is_net` it is after costs, and the costs are what the prices make more than
        it, whatever the file says of them, unless the prices make just it; else the prices must make it.
    trade_id: names the trade at the broker; without one, the trade's content does, and which equal row it is.
    """

    symbol: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    entry: Moment
    exit: Moment
    entry_price: Decimal
    exit_price: Decimal
    commission: Decimal = ZERO
    fees: Decimal = ZERO
    profit: Decimal | None = None
    profit_is_net: bool = False
    trade_id: str | None = None
    note: str | None = None


@dataclass(slots=True)
class Pairs:
    """Makes the fills of a file's trades. It counts equal rows, so that two equal trades are two."""

    _seen: Counter[str] = field(default_factory=Counter)

    def fills(self, record: Record, trade: WholeTrade) -> tuple[ReportedFill, ReportedFill]:
        """The fills that open and close the trade; its costs are those of the latter.

        Raises Unreadable, PNL_MISMATCH, for a gross profit that the prices do not make.
        """
        gross = gross_of(trade.side, trade.quantity, trade.entry_price, trade.exit_price, trade.instrument.multiplier)
        commission, fees = trade.commission, trade.fees
        if not trade.profit_is_net:
            check_profit(record, gross, trade.profit)
        elif trade.profit is not None and trade.profit != gross:
            commission, fees = _costs_of(trade, gross, trade.profit), ZERO
        pair_id = trade.trade_id or self._id_by_content(trade)
        opening = ReportedFill(
            symbol=trade.symbol,
            instrument=trade.instrument,
            side=trade.side,
            quantity=trade.quantity,
            price=trade.entry_price,
            at=trade.entry.at,
            day_only=trade.entry.day_only,
            external_id=trade.trade_id and f"{trade.trade_id}/in",
            pair_id=pair_id,
            note=trade.note,
        )
        closing = ReportedFill(
            symbol=trade.symbol,
            instrument=trade.instrument,
            side=trade.side.opposite,
            quantity=trade.quantity,
            price=trade.exit_price,
            at=trade.exit.at,
            day_only=trade.exit.day_only,
            commission=commission,
            fees=fees,
            external_id=trade.trade_id and f"{trade.trade_id}/out",
            pair_id=pair_id,
        )
        return opening, closing

    def _id_by_content(self, trade: WholeTrade) -> str:
        numbers = (trade.quantity, trade.entry_price, trade.exit_price)
        times = (trade.entry.at.isoformat(), trade.exit.at.isoformat())
        content = "|".join((trade.symbol.upper(), trade.side, *times, *map(canonical, numbers)))
        self._seen[content] += 1
        return sha256(f"{content}|{self._seen[content]}".encode()).hexdigest()[:32]


def _costs_of(trade: WholeTrade, gross: Decimal, profit: Decimal) -> Decimal:
    """What the trade cost by its net profit. Raises Unreadable where the profit has nothing to do with the prices."""
    costs = minus(gross, profit)
    size = costs.copy_abs()
    if size > gross.copy_abs() and size > product(trade.quantity, _MOST_COSTS):
        detail = f"the profit is {profit:f}, and by quantity and price it is {gross:f} before costs"
        raise Unreadable(RowReason.PNL_MISMATCH, detail)
    return costs

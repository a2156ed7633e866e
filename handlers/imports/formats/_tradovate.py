"""What the formats of Tradovate share: a pair of a purchase and a sale as a trade."""

from __future__ import annotations

from decimal import Decimal

from handlers.imports.instruments import future
from handlers.imports.pairs import WholeTrade
from handlers.imports.records import Record
from handlers.imports.values import Moment
from handlers.journal.positions import Side

Leg = tuple[Moment, Decimal, str | None]


def pair_of(
    record: Record,
    *,
    symbol: str,
    bought: Leg,
    sold: Leg,
    quantity: Decimal,
    profit: Decimal,
) -> WholeTrade:
    """The trade of a purchase and a sale: time, price and id of each. Its side is that of the earlier one.

    Fills of one second are told apart by their ids, which rise. Both ids name the pair in all of Tradovate's reports.
    """
    is_long = (bought[0].at, _rank(bought[2])) <= (sold[0].at, _rank(sold[2]))
    entry, exit_ = (bought, sold) if is_long else (sold, bought)
    return WholeTrade(
        symbol=symbol,
        instrument=future(symbol, record.currency("Currency")),
        side=Side.BUY if is_long else Side.SELL,
        quantity=quantity,
        entry=entry[0],
        exit=exit_[0],
        entry_price=entry[1],
        exit_price=exit_[1],
        profit=profit,
        trade_id=f"{bought[2]}-{sold[2]}" if bought[2] and sold[2] else None,
    )


def _rank(fill_id: str | None) -> tuple[int, str]:
    return (len(fill_id), fill_id) if fill_id else (0, "")

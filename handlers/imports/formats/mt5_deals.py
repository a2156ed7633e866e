"""MetaTrader 5: the deals of an account, each a fill.

Volumes are in lots. Each side of a trade has its commission; swap and profit stand with the deal that closes. A deal
`in/out` closes one position and opens the opposite one. The file has neither the size of a lot nor the currency of the
account: a lot is the usual one, of 1 for other symbols than pairs and metals, and costs are in the price's currency.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import lot_of
from handlers.imports.formats._metatrader import SIDES, cost, lots, money, parts
from handlers.imports.records import Found, Record, Records, plain
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.executions import Instrument, InstrumentKind, PositionEffect

_EFFECTS = {"in": PositionEffect.OPEN, "out": PositionEffect.CLOSE, "out by": PositionEffect.CLOSE}


def rows(records: Records) -> Iterator[Row]:
    """A row for each deal."""
    for part, record in parts(records, "deals"):
        if part == "deals" and record.has("Deal"):
            yield record.row(_deal)
        else:
            yield record.skip("no deal")


def _deal(record: Record) -> Found:
    moment, number = record.moment("Time"), record.reference("Deal")
    side = SIDES.get(plain(record.text("Type")))
    if side is None:
        return money(record, moment, number, record.note("Comment"))
    symbol = record.symbol("Symbol")
    return ReportedFill(
        symbol=symbol,
        instrument=lot_of(symbol) or Instrument(kind=InstrumentKind.CFD),
        side=side,
        quantity=lots(record, "Volume"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=cost(record, "Commission"),
        fees=cost(record, "Fee", "Swap"),
        position_effect=_EFFECTS.get(plain(record.text("Direction")), PositionEffect.AUTO),
        order_id=record.reference("Order"),
        external_id=number,
        note=record.note("Comment"),
    )


FORMAT = Format(
    id="mt5_deals",
    broker="MetaTrader 5",
    kind=FormatKind.MIXED,
    columns=("Time", "Deal", "Symbol", "Type", "Direction", "Volume", "Price", "Profit"),
    rows=rows,
    how_to_export="Toolbox > History > right click > Deals, then Report > HTML",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    ragged=True,
)

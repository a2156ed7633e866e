"""Bitget: the orders of contracts. The direction names the position: `Close short` is a purchase.

The file has no fees. Times are those of the owner's clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import coin, quote_of_contract, side_of_position
from handlers.imports.names import names
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if not record.number("Executed"):
        raise Skipped("an order without a fill")
    symbol, moment = record.symbol("Futures"), record.moment("Date")
    side, effect = side_of_position(record, "Direction")
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote_of_contract(symbol)),
        side=side,
        quantity=record.quantity("Executed"),
        price=record.amount("Average Price"),
        at=moment.at,
        day_only=moment.day_only,
        position_effect=effect,
        order_id=record.reference("Order ID"),
        external_id=record.reference("Order ID"),
    )
    return check_amount(record, fill, record.number("Trading volume"), with_costs=False)


FORMAT = Format(
    id="bitget_futures",
    broker="Bitget",
    kind=FormatKind.FILLS,
    columns=names("Date,Order ID,Direction,Coin,Futures,Average Price,Executed,Trading volume,Realized P/L,Status"),
    rows=rows,
    how_to_export="Orders > Futures Orders > Order History > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

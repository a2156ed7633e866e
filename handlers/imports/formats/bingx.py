"""BingX: the orders of perpetual contracts and of the spot account. The name of the time has its zone.

Fees are below 0. The type of a contract's order names the position: `Close Long` is a sale.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import moment_by_name
from handlers.imports.formats._coins import coin, market_of, side_of_position, with_fee
from handlers.imports.names import names
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> tuple[ReportedFill, ...]:
    symbol, moment = record.symbol("Pair"), moment_by_name(record, "Time")
    base, quote = market_of(symbol)
    side, effect = side_of_position(record, "Type")
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=side,
        quantity=record.quantity("Quantity") if record.has("Quantity") else record.quantity("Amount"),
        price=record.amount("DealPrice", "Price"),
        at=moment.at,
        day_only=moment.day_only,
        position_effect=effect,
        external_id=record.reference("Order No."),
    )
    value = record.number("Amount") if record.has("Quantity") else record.number("Order Value")
    check_amount(record, fill, value, with_costs=False)
    fee_coin = record.currency("Fee Coin", "Quote Asset") or quote
    return with_fee(record, fill, base, quote, record.taken("Fee"), fee_coin)


FORMAT = Format(
    id="bingx",
    broker="BingX",
    kind=FormatKind.FILLS,
    columns=names("UID,Order No.,Pair,Type,DealPrice|Price,Amount,Fee,Order Type"),
    rows=rows,
    how_to_export="Assets > Order History > Export",
    date_order=DateOrder.YMD,
    newest_first=True,
)

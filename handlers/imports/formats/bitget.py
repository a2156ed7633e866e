"""Bitget: the details of spot orders. A row is a fill; there is no id, and equal fills are common.

Times are those of the owner's clock.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import coin, with_fee
from handlers.imports.names import names
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill."""
    return each(records, _row)


def _row(record: Record) -> tuple[ReportedFill, ...]:
    base, quote, moment = (
        record.currency("Base Asset") or "",
        record.currency("Quote Asset") or "",
        record.moment("Date"),
    )
    fill = ReportedFill(
        symbol=record.symbol("Trading pair"),
        instrument=coin(quote),
        side=record.side("Direction")[0],
        quantity=record.quantity("Amount"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
    )
    check_amount(record, fill, record.number("Total"), with_costs=False)
    return with_fee(record, fill, base, quote, record.paid("Fee").copy_abs(), record.currency("Fee Coin") or quote)


FORMAT = Format(
    id="bitget",
    broker="Bitget",
    kind=FormatKind.FILLS,
    columns=names("Date,Trading pair,Base Asset,Quote Asset,Direction,Price,Amount,Total,Fee,Fee Coin"),
    rows=rows,
    how_to_export="Orders > Spot Orders > Order Details > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

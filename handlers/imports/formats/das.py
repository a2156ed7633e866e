"""DAS Trader: the trades of a day. Times have no day, so that its owner must name it. SS is a short sale.

ECN fees are there, and below 0 where the route paid for liquidity; commissions are not.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    moment = record.moment("Time")
    symbol, instrument = instrument_of(record.text("Symbol"))
    side, effect = record.side("Side")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Qty"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission", "Comm"),
        fees=record.paid("ECNFee", "ECN Fee"),
        position_effect=effect,
    )


FORMAT = Format(
    id="das",
    broker="DAS Trader",
    kind=FormatKind.FILLS,
    columns=("Time", "Symbol", "Side", "Price", "Qty", "Route", "Account"),
    rows=rows,
    how_to_export="Trade > Trades window > right click > Export",
    needs=(Need.DATE, Need.TIME_ZONE),
    date_order=DateOrder.MDY,
    ragged=True,
)

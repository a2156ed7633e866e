"""Zerodha: the tradebook of Console, of shares and of futures and options. Quantities of both are units.

Times are those of India, which has one zone and the same all year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta, timezone

from handlers.imports.format import Format, FormatKind
from handlers.imports.names import names
from handlers.imports.records import Record, Records, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder
from handlers.journal.executions import Instrument, InstrumentKind

_INDIA = timezone(timedelta(hours=5, minutes=30))
_CURRENCY = "INR"


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    moment = record.moment("order_execution_time", "trade_date")
    at = moment.at if moment.at.tzinfo or moment.day_only else moment.at.replace(tzinfo=_INDIA)
    symbol = record.symbol("symbol")
    return ReportedFill(
        symbol=symbol,
        instrument=Instrument(kind=_kind(record, symbol), currency=_CURRENCY),
        side=record.side("trade_type")[0],
        quantity=record.quantity("quantity"),
        price=record.amount("price"),
        at=at,
        day_only=moment.day_only,
        order_id=record.reference("order_id"),
        external_id=record.reference("trade_id"),
    )


def _kind(record: Record, symbol: str) -> InstrumentKind:
    """What is traded: contracts have their segment, and their symbols end with what they are."""
    segment = record.text("segment").upper()
    if segment == "EQ":
        return InstrumentKind.STOCK
    if segment != "FO":
        # Commodities and currencies are counted in lots.
        raise Unreadable(RowReason.SYMBOL, f"the money for one point of {symbol} is not known")
    if symbol.upper().endswith("FUT"):
        return InstrumentKind.FUTURE
    return InstrumentKind.OPTION


FORMAT = Format(
    id="zerodha",
    broker="Zerodha",
    kind=FormatKind.FILLS,
    columns=names("symbol,isin,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id"),
    rows=rows,
    how_to_export="Console > Reports > Tradebook > choose the segment and the dates > CSV",
    date_order=DateOrder.YMD,
)

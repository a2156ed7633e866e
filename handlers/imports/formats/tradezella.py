"""TradeZella's generic template: a row for each fill, month first. Options have their parts in columns of their own."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.instruments import Named, future, option
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.executions import Instrument, InstrumentKind, Right

_KINDS = {"crypto": InstrumentKind.CRYPTO, "forex": InstrumentKind.FOREX, "cfd": InstrumentKind.CFD}


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    moment = record.at("Date", "Time")
    symbol, instrument = _instrument(record)
    side, effect = record.side("Buy/Sell")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission").copy_abs(),
        fees=record.paid("Fees").copy_abs(),
        position_effect=effect,
    )


def _instrument(record: Record) -> Named:
    word = record.text("Spread").casefold()
    if record.has("Call/Put"):
        right = Right.CALL if record.text("Call/Put").casefold().startswith("c") else Right.PUT
        expiry = record.moment("Expiration").at.date()
        return option(record.symbol("Symbol"), expiry, record.amount("Strike"), right)
    if word.startswith("future"):
        symbol = record.symbol("Symbol")
        return symbol, future(symbol)
    if word in _KINDS:
        return record.symbol("Symbol"), Instrument(kind=_KINDS[word])
    return instrument_of(record.text("Symbol"))


FORMAT = Format(
    id="tradezella",
    broker="TradeZella",
    kind=FormatKind.FILLS,
    columns=("Date", "Time", "Symbol", "Buy/Sell", "Quantity", "Price", "Spread", "Expiration", "Strike", "Call/Put"),
    rows=rows,
    how_to_export="The generic template of TradeZella",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

"""tastytrade, then tastyworks: the history of transactions with 15 columns, as it was until 2022."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import Named, future, option, stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, side_and_effect
from handlers.journal.executions import ExecutionKind, InstrumentKind, PositionEffect, Right
from handlers.journal.money import ZERO

_ENDS = {
    "expiration": ExecutionKind.EXPIRY,
    "assignment": ExecutionKind.ASSIGNMENT,
    "exercise": ExecutionKind.EXERCISE,
}
_RIGHTS = {"C": Right.CALL, "P": Right.PUT}
_EFFECTS = {"open": PositionEffect.OPEN, "close": PositionEffect.CLOSE}


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, _row)


def _row(record: Record) -> Found:
    code, sub_code = record.text("Transaction Code").casefold(), record.text("Transaction Subcode").casefold()
    moment = record.moment("Date/Time")
    end = _ENDS.get(sub_code)
    if code == "money movement" or (code != "trade" and end is None and not record.has("Price")):
        if "mark to market" in record.text("Description").casefold():
            raise Skipped("the daily settlement of futures, which their fills say")
        return cash_move(
            cash_type(f"{sub_code} {record.text('Description')}"),
            record.number("Amount"),
            moment,
            currency="USD",
            symbol=record.symbol("Symbol") if record.has("Symbol") else None,
            note=record.note("Description"),
        )
    symbol, instrument = _named(record)
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=None,
        quantity=record.quantity("Quantity"),
        price=None,
        at=moment.at,
        day_only=moment.day_only,
        fees=(record.number("Fees") or ZERO).copy_abs(),
        kind=end or ExecutionKind.TRADE,
    )
    if end is not None:
        return fill
    side, _ = side_and_effect(record.text("Buy/Sell"))
    effect = _EFFECTS.get(record.text("Open/Close").casefold(), PositionEffect.AUTO)
    return replace(fill, side=side, position_effect=effect, price=record.amount("Price").copy_abs())


def _named(record: Record) -> Named:
    symbol, right = record.symbol("Symbol"), _RIGHTS.get(record.text("Call/Put")[:1].upper())
    if symbol.startswith("./"):
        kind = InstrumentKind.FUTURE_OPTION
        return symbol.removeprefix("."), replace(future(symbol.removeprefix(".").split()[0], "USD"), kind=kind)
    if symbol.startswith("/"):
        return symbol, future(symbol, "USD")
    if right is None or not record.has("Strike"):
        return symbol, stock("USD")
    expiry = record.moment("Expiration Date").at.date()
    return option(symbol, expiry, record.amount("Strike"), right, "USD", multiplier=Decimal(100))


FORMAT = Format(
    id="tastytrade_legacy",
    broker="tastytrade",
    kind=FormatKind.MIXED,
    columns=names(
        "Date/Time,Transaction Code,Transaction Subcode,Symbol,Buy/Sell,Open/Close,Quantity,Expiration Date,"
        "Strike,Call/Put,Price,Fees,Amount,Description"
    ),
    rows=rows,
    how_to_export="tastyworks up to 2022: History > Transactions > the CSV button; now the format is tastytrade's",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
)

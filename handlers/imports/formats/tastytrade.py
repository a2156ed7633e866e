"""tastytrade: the history of transactions, with 20 or 21 columns.

The average price of an option already is that of a contract, and that of a future is what the trade moved, so the price
is the one in the description: `Sold 1 /CLJ4 @ 79.53`. Rows without one have a price by the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.halves import Half, Halves
from handlers.imports.instruments import Named, future, share_or_option, stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, ReportedFill, Row
from handlers.imports.values import Moment, side_and_effect
from handlers.journal.executions import ExecutionKind, Instrument, InstrumentKind
from handlers.journal.money import ONE, ZERO, minus, product, ratio
from handlers.journal.positions import Side

_AT = re.compile(r"@ ?\$?(?P<price>[0-9][0-9,]*(?:\.[0-9]+)?)\s*$")
_ENDS = {
    "expiration": ExecutionKind.EXPIRY,
    "assignment": ExecutionKind.ASSIGNMENT,
    "exercise": ExecutionKind.EXERCISE,
    "cash settled assignment": ExecutionKind.CASH_SETTLEMENT,
    "cash settled exercise": ExecutionKind.CASH_SETTLEMENT,
}
_CLOSE, _CENT = Decimal("0.001"), Decimal("0.01")


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, partial(_row, Halves()))


def _row(halves: Halves, record: Record) -> Found:
    kind, sub_type = record.text("Type").casefold(), record.text("Sub Type").casefold()
    moment = record.moment("Date")
    if kind == "money movement":
        if sub_type == "mark to market":
            raise Skipped("the daily settlement of futures, which their fills say")
        return cash_move(
            cash_type(f"{sub_type} {record.text('Description')}" if sub_type == "balance adjustment" else sub_type),
            record.number("Value"),
            moment,
            currency=record.currency("Currency") or "USD",
            symbol=record.symbol("Symbol", "Underlying Symbol") if record.has("Symbol", "Underlying Symbol") else None,
            note=record.note("Description"),
        )
    if sub_type.endswith("split") or sub_type == "symbol change":
        return _split(halves, record, sub_type, moment)
    return _fill(record, sub_type, moment)


def _fill(record: Record, sub_type: str, moment: Moment) -> ReportedFill:
    symbol, instrument = _named(record)
    quantity, end = record.quantity("Quantity"), _ENDS.get(sub_type)
    value = record.number("Value") or ZERO
    price = _price(record, value.copy_abs(), product(quantity, instrument.multiplier))
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=None,
        quantity=quantity,
        price=price if end is ExecutionKind.CASH_SETTLEMENT else None,
        at=moment.at,
        day_only=moment.day_only,
        commission=record.taken("Commissions"),
        fees=record.taken("Fees"),
        kind=end or ExecutionKind.TRADE,
        order_id=record.reference("Order #"),
    )
    if end is not None:
        return fill
    side, effect = side_and_effect(record.text("Action", "Sub Type"))
    if not price and record.text("Type").casefold() == "receive deliver":
        # A transfer, or what a merger brings: what comes in has an unknown cost.
        kind = ExecutionKind.TRANSFER_IN if side is Side.BUY else ExecutionKind.TRANSFER_OUT
        return replace(fill, side=side, kind=kind)
    return replace(fill, side=side, position_effect=effect, price=price)


def _price(record: Record, value: Decimal, units: Decimal) -> Decimal:
    """The price in the description, unless it is rounded so much that the value is another."""
    by_value = ratio(value, units)
    found = _AT.search(record.text("Description"))
    if found is None:
        return by_value
    price = Decimal(found["price"].replace(",", ""))
    is_future = record.text("Instrument Type").casefold() == "future"
    close = minus(price, by_value).copy_abs() <= max(product(price, _CLOSE), ratio(_CENT, units))
    return price if is_future or close else by_value


def _named(record: Record) -> Named:
    kind, symbol = record.text("Instrument Type").casefold(), record.symbol("Symbol")
    currency = record.currency("Currency") or "USD"
    if kind == "future option":
        name = " ".join(symbol.removeprefix(".").split())
        given = record.number("Multiplier")
        multiplier = given if given and given != ONE else None
        underlying = record.text("Underlying Symbol", "Root Symbol") or name
        return name, replace(future(underlying, currency, multiplier), kind=InstrumentKind.FUTURE_OPTION)
    if kind == "future":
        return symbol, future(symbol, currency)
    if kind == "cryptocurrency":
        return symbol, stock(currency, InstrumentKind.CRYPTO)
    name, instrument = share_or_option(symbol, currency)
    return name, _with_multiplier(instrument, record.number("Multiplier"))


def _with_multiplier(instrument: Instrument, given: Decimal | None) -> Instrument:
    if instrument.kind is InstrumentKind.OPTION and given:
        return replace(instrument, multiplier=given)
    return instrument


def _split(halves: Halves, record: Record, sub_type: str, moment: Moment) -> Action:
    quantity = record.quantity("Quantity")
    units = quantity if "OPEN" in record.text("Action").upper() else minus(ZERO, quantity)
    # A change of the symbol has two symbols, so that its rows have the time alone in common.
    name = "" if sub_type == "symbol change" else record.symbol("Symbol")
    return halves.split(f"{sub_type}|{name}|{moment.at.isoformat()}", Half(record.symbol("Symbol"), units), moment)


FORMAT = Format(
    id="tastytrade",
    broker="tastytrade",
    kind=FormatKind.MIXED,
    columns=names(
        "Date,Type,Sub Type,Action,Symbol,Instrument Type,Description,Value,Quantity,Average Price,Commissions,Fees"
    ),
    rows=rows,
    how_to_export="History > Transactions > choose the dates > the CSV button",
    newest_first=True,
)

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

from handlers.imports.format import Format, Kind
from handlers.imports.instruments import Named, future, share_or_option, stock
from handlers.imports.moves import cash, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, Fill, Row
from handlers.imports.values import Moment, side_and_effect
from handlers.journal.executions import ActionType, ExecutionKind, Instrument, InstrumentKind
from handlers.journal.money import ONE, ZERO, product, ratio

_AT = re.compile(r"@ ?\$?(?P<price>[0-9][0-9,]*(?:\.[0-9]+)?)\s*$")
_ENDS = {
    "expiration": ExecutionKind.EXPIRY,
    "assignment": ExecutionKind.ASSIGNMENT,
    "exercise": ExecutionKind.EXERCISE,
    "cash settled assignment": ExecutionKind.CASH_SETTLEMENT,
    "cash settled exercise": ExecutionKind.CASH_SETTLEMENT,
}
_Waiting = dict[tuple[str, str, str], tuple[bool, Decimal]]


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, partial(_row, {}))


def _row(halves: _Waiting, record: Record) -> Found:
    kind, sub_type = record.text("Type").casefold(), record.text("Sub Type").casefold()
    moment = record.moment("Date")
    if kind == "money movement":
        if sub_type == "mark to market":
            raise Skipped("the daily settlement of futures, which their fills say")
        return cash(
            cash_type(f"{sub_type} {record.text('Description')}" if sub_type == "balance adjustment" else sub_type),
            record.number("Value"),
            moment,
            currency=record.currency("Currency") or "USD",
            symbol=record.symbol("Symbol", "Underlying Symbol") if record.has("Symbol", "Underlying Symbol") else None,
            note=record.note("Description"),
        )
    if sub_type.endswith("split"):
        return _split(halves, record, moment)
    if sub_type in ("symbol change", "mergers/acquisitions"):
        raise Skipped(f"{sub_type}: record it as a corporate action")
    return _fill(record, sub_type, moment)


def _fill(record: Record, sub_type: str, moment: Moment) -> Fill:
    symbol, instrument = _named(record)
    quantity, end = record.quantity("Quantity"), _ENDS.get(sub_type)
    value = record.number("Value") or ZERO
    found = _AT.search(record.text("Description"))
    if found is not None:
        price = Decimal(found["price"].replace(",", ""))
    else:
        price = ratio(value.copy_abs(), product(quantity, instrument.multiplier))
    fill = Fill(
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
    return replace(fill, side=side, position_effect=effect, price=price)


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


def _split(halves: _Waiting, record: Record, moment: Moment) -> Action:
    """A split has two rows, what closes and what opens, in either order."""
    symbol, quantity = record.symbol("Symbol"), record.quantity("Quantity")
    opens = "OPEN" in record.text("Action").upper()
    key = (symbol, moment.at.date().isoformat(), record.text("Sub Type"))
    other = halves.pop(key, None)
    if other is None or other[0] is opens:
        halves[key] = (opens, quantity)
        raise Skipped("one half of a split")
    new, old = (quantity, other[1]) if opens else (other[1], quantity)
    return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, new=new, old=old)


FORMAT = Format(
    id="tastytrade",
    broker="tastytrade",
    kind=Kind.MIXED,
    columns=("Date", "Type", "Sub Type", "Action", "Symbol", "Instrument Type", "Description", "Value", "Quantity",
             "Average Price", "Commissions", "Fees"),
    rows=rows,
    how_to_export="History > Transactions > choose the dates > the CSV button",
    newest_first=True,
)  # fmt: skip  # columns, several to a line

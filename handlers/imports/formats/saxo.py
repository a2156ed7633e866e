"""Saxo: the transactions of an account. A trade is a text: `Buy 3 @ 134.85 USD`, with a point before decimals.

Amounts may have a comma before decimals (`"-405,55"`) and stand beside whole ones; they are after costs, which are
nowhere else. Days have no time; months are words, in small letters in Dutch files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, DecimalMark, Moment, Notation, shown, side_and_effect
from handlers.journal.money import MOST_DECIMALS, ONE, ZERO, minus, product, ratio
from handlers.journal.positions import Side

_EVENT = re.compile(
    r"(?P<side>[^\W\d_]+) (?P<quantity>[-+]?[0-9.,]+) @ (?P<price>[0-9.,]+)(?: (?P<currency>[A-Z]{3}))?"
)
_POINT = Notation(decimal_mark=DecimalMark.POINT)
_CENT = Decimal("0.01")
_AMOUNT = ("Booked Amount", "Amount")


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, _row)


def _row(record: Record) -> Found:
    event = record.text("Event")
    if not event:
        raise Skipped("nothing happened")
    moment = record.moment("Trade Date")
    found = _EVENT.fullmatch(event)
    if found is not None:
        return _fill(record, found, moment)
    return cash_move(
        cash_type(event),
        record.number(*_AMOUNT),
        moment,
        currency=record.currency("Instrument currency") if _rate(record) == ONE else None,
        symbol=_symbol(record) if record.has("Instrument Symbol") else None,
        note=record.note("Event"),
    )


def _fill(record: Record, found: re.Match[str], moment: Moment) -> ReportedFill:
    quantity, price = _POINT.number(found["quantity"]), _POINT.number(found["price"])
    if not quantity or price is None:
        raise Unreadable(RowReason.NUMBER, f"{shown(found[0])} has no quantity")
    side, _ = side_and_effect(found["side"])
    symbol, instrument = share_or_option(_symbol(record), found["currency"] or record.currency("Instrument currency"))
    quantity = quantity.copy_abs()
    value = product(quantity, price, instrument.multiplier)
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=quantity,
        price=price,
        at=moment.at,
        day_only=moment.day_only,
        fees=_costs(record, side, value),
        order_id=record.reference("Order ID"),
        note=record.note("Instrument"),
    )


def _costs(record: Record, side: Side, value: Decimal) -> Decimal:
    """What the amount is more than the value of a purchase, or less than that of a sale."""
    shown_amount = record.number(*_AMOUNT)
    if shown_amount is None:
        return ZERO
    amount, rate = shown_amount.copy_abs(), _rate(record)
    if rate != ONE:
        # The amount is in the account's currency; the rate is that of either currency.
        both = product(amount, rate), ratio(amount, rate, MOST_DECIMALS)
        amount = min(both, key=lambda converted: minus(converted, value).copy_abs())
        amount = ratio(amount, ONE, 2)
    costs = minus(amount, value) if side is Side.BUY else minus(value, amount)
    if costs >= ZERO:
        return costs
    detail = f"the amount is {shown_amount:f}, and by quantity and price it is {value:f}"
    if costs < -_CENT:
        raise Unreadable(RowReason.AMOUNT_MISMATCH, detail)
    record.notice(RowReason.ROUNDING, detail)
    return ZERO


def _rate(record: Record) -> Decimal:
    return record.number("Conversion Rate") or ONE


def _symbol(record: Record) -> str:
    """The ticker without the exchange, which stands behind it: `VWRA:xlon`."""
    return record.text("Instrument Symbol").partition(":")[0]


FORMAT = Format(
    id="saxo",
    broker="Saxo",
    kind=FormatKind.MIXED,
    columns=names(
        "Client ID,Trade Date,Type,Instrument,Instrument currency,Instrument Symbol,Event,"
        "Amount|Booked Amount,Conversion Rate"
    ),
    rows=rows,
    how_to_export="Account > Transactions > choose the dates > Export > Excel, saved as CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    newest_first=True,
    ragged=True,
)

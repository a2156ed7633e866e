"""Tradervue: the generic file that it imports. Days have the month first; a row without a time is a day alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import Named, future, option_in, share_or_option
from handlers.imports.records import Record, Records, checked_symbol, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.executions import Instrument, InstrumentKind, Right
from handlers.journal.money import total
from handlers.journal.point_values import point_value

_FEES = ("TransFee", "ECNFee", "Fees", "SEC", "TAF")
# JAN 12 125 CALL, JAN 19 12 125 CALL, of which the first number of the latter is a day
_OPTION = re.compile(r"[A-Z]{3} ?(?:[0-9]{1,2} )?[0-9]{2,4} (?P<strike>[0-9.]+) (?P<right>CALL|PUT|C|P)")


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    symbol, instrument = _named(record)
    moment = record.at("Date", "Time")
    side, effect = record.side("Side")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission"),
        fees=total(record.paid(name) for name in _FEES),
        position_effect=effect,
    )


def _named(record: Record) -> Named:
    symbol, text = record.symbol("Symbol"), " ".join(record.text("Option").upper().split())
    currency = record.currency("Currency")
    if not text:
        if option_in(symbol) is None and symbol.startswith("/") and point_value(symbol) is not None:
            return symbol, future(symbol, currency)
        return share_or_option(symbol, currency)
    named = option_in(f"{symbol} {text}", currency)
    if named is not None:
        return named
    found = _OPTION.fullmatch(text)
    instrument = Instrument(kind=InstrumentKind.OPTION, multiplier=Decimal(100), currency=currency, underlying=symbol)
    if found is not None:
        right = Right.CALL if found["right"].startswith("C") else Right.PUT
        instrument = replace(instrument, strike=Decimal(found["strike"]), right=right)
    return checked_symbol(f"{symbol} {text}"), instrument


FORMAT = Format(
    id="tradervue",
    broker="Tradervue",
    kind=FormatKind.FILLS,
    columns=("Date", "Symbol", "Quantity", "Price", "Side"),
    others=("Time", "Commission", "Option", "Account", "Currency", "Notes", "Tags", "Spread", *_FEES),
    rows=rows,
    how_to_export="write the columns Date, Time, Symbol, Quantity, Price, Side, Commission, TransFee, ECNFee",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

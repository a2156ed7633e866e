"""InvestEngine: the trading statement, below a line of its title. The ISIN stands behind the name, and is the symbol.

Amounts are in pounds. Days come first, with years of two digits.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.pence import POUNDS
from handlers.imports.records import LONGEST_NOTE, Found, Record, Records, checked_symbol, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, side_and_effect
from handlers.journal.executions import InstrumentKind


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry."""
    return each(records, _row)


def _row(record: Record) -> Found:
    word, moment = record.text("Transaction Type").casefold(), record.moment("Trade Date/Time")
    name, _, isin = record.text("Security / ISIN").rpartition("ISIN")
    symbol = checked_symbol(isin.strip(" :"))
    if word not in ("buy", "sell"):
        amount = record.number("Total Trade Value")
        return cash_move(cash_type(word), amount, moment, currency=POUNDS, symbol=symbol)
    fill = ReportedFill(
        symbol=symbol,
        instrument=stock(POUNDS, InstrumentKind.FUND),
        side=side_and_effect(word)[0],
        quantity=record.quantity("Quantity"),
        price=record.amount("Share Price"),
        at=moment.at,
        day_only=moment.day_only,
        note=name.strip(" /")[:LONGEST_NOTE] or None,
    )
    return check_amount(record, fill, record.number("Total Trade Value"), with_costs=False)


FORMAT = Format(
    id="investengine",
    broker="InvestEngine",
    kind=FormatKind.MIXED,
    columns=names("Security / ISIN,Transaction Type,Quantity,Share Price,Total Trade Value,Trade Date/Time"),
    rows=rows,
    how_to_export="Account > Documents > Trading statement > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
)

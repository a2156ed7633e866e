"""Webull outside of the United States: the trade records of a monthly statement. Days come before months.

The symbol and the name of the company are one text. Costs are below 0, and the tax on them has a column of its own. The
net amount is after both. The currency stands in a line before the header, which is not read: it is the account's.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import share_or_option
from handlers.imports.names import names
from handlers.imports.records import Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    if not record.has("Buy/Sell"):
        raise Skipped("a total, or a part of another table")
    moment = record.moment("Trade Date")
    symbol, instrument = share_or_option(record.text("Symbol & Name").partition(" ")[0])
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=record.side("Buy/Sell")[0],
        quantity=record.quantity("Quantity"),
        price=record.amount("Traded Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.taken("Comm/Fee/Tax"),
        fees=record.taken("VAT"),
    )
    return check_amount(record, fill, record.number("Net Amount"))


FORMAT = Format(
    id="webull_statement",
    broker="Webull",
    kind=FormatKind.FILLS,
    columns=names("Symbol & Name,Trade Date,Settlement Date,Buy/Sell,Quantity,Traded Price,Comm/Fee/Tax,Net Amount"),
    rows=rows,
    how_to_export="Account > Statements > Monthly statement > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    newest_first=True,
    ragged=True,
)

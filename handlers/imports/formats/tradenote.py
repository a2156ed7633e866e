"""TradeNote's template, which is TradeZero's export: a row for each fill. SS opens a short, BC covers it.

Fees stand in six columns. The net proceeds are after them and after the commission.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.money import total
from handlers.journal.positions import Side

_FEES = ("SEC", "TAF", "NSCC", "Nasdaq", "ECN Remove", "ECN Add")


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    moment = record.at("T/D", "Exec Time")
    # A cover may turn the short round, so that it is not held to closing.
    side = Side.BUY if record.text("Side").casefold() == "bc" else record.side("Side")[0]
    currency = record.currency("Currency")
    symbol, instrument = instrument_of(record.text("Symbol"), currency)
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Qty"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Comm").copy_abs(),
        fees=total(record.paid(name) for name in _FEES),
        note=record.note("Note"),
    )
    return check_amount(record, fill, record.number("Net Proceeds"))


FORMAT = Format(
    id="tradenote",
    broker="TradeNote",
    kind=FormatKind.FILLS,
    columns=(
        "Account",
        "T/D",
        "Currency",
        "Type",
        "Side",
        "Symbol",
        "Qty",
        "Price",
        "Exec Time",
        "Comm",
        "Net Proceeds",
    ),
    rows=rows,
    how_to_export="The template of TradeNote, or TradeZero > Account > Trades > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
)

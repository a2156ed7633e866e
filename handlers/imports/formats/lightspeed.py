"""Lightspeed: the trades of an account. Costs are in many columns: a commission, and those that begin with Fee."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import share_or_option
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.money import total


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    moment = record.at("Trade Date", "Execution Time")
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    side, effect = record.side("Side")
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Qty"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission Amount"),
        fees=total(record.paid(name) for name in record.columns.names if name.casefold().startswith("fee")),
        position_effect=effect,
        external_id=record.reference("Trade Number"),
    )


FORMAT = Format(
    id="lightspeed",
    broker="Lightspeed",
    kind=FormatKind.FILLS,
    columns=("Trade Number", "Trade Date", "Execution Time", "Symbol", "Side", "Qty", "Price", "Commission Amount"),
    rows=rows,
    how_to_export="Account Management > Reports > Trades > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    ragged=True,
)

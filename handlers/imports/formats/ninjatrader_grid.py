"""NinjaTrader: the grid of executions. A row is a fill, with its own id; rows end with a delimiter."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import future_or_other
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row


def rows(records: Records) -> Iterator[Row]:
    """A row for each execution."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    symbol = record.symbol("Instrument")
    side, effect = record.side("Action")
    moment = record.moment("Time")
    return ReportedFill(
        symbol=symbol,
        instrument=future_or_other(symbol),
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission"),
        position_effect=effect,
        order_id=record.reference("Order ID"),
        external_id=record.reference("ID"),
    )


FORMAT = Format(
    id="ninjatrader_grid",
    broker="NinjaTrader",
    kind=FormatKind.FILLS,
    columns=("Instrument", "Action", "Quantity", "Price", "Time", "ID", "E/X", "Order ID"),
    rows=rows,
    how_to_export="Control Center > Executions > right click > Export > CSV",
    needs=(Need.TIME_ZONE, Need.MULTIPLIER),
    ragged=True,
)

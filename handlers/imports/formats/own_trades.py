"""This API's trades as a table: a column for each property of Trade that has one value. A row is a whole trade.

Partial closes are not in such a table, so the trade is closed at its mean exit price at its last close.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.journal.executions import Instrument
from handlers.journal.money import ONE, ZERO, minus


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> tuple[Found, ...]:
    side, _ = record.side("side")
    instrument = Instrument(multiplier=record.number("multiplier") or ONE, currency=record.currency("currency"))
    opened, quantity, trade_id = record.moment("openDate"), record.quantity("quantity"), record.reference("tradeId")
    opening = ReportedFill(
        symbol=record.symbol("symbol"),
        instrument=instrument,
        side=side,
        quantity=quantity,
        price=record.amount("entryPrice"),
        at=opened.at,
        day_only=opened.day_only,
        commission=record.paid("commission"),
        fees=record.paid("fees"),
        external_id=trade_id and f"{trade_id}/in",
        pair_id=trade_id,
    )
    closed = minus(quantity, record.number("remainingQuantity") or ZERO)
    if not record.has("exitPrice") or closed <= ZERO:
        return (opening,)
    moment = record.moment("closeDate") if record.has("closeDate") else opened
    closing = ReportedFill(
        symbol=opening.symbol,
        instrument=instrument,
        side=side.opposite,
        quantity=closed,
        price=record.amount("exitPrice"),
        at=moment.at,
        day_only=moment.day_only,
        external_id=trade_id and f"{trade_id}/out",
        pair_id=trade_id,
    )
    return opening, closing


FORMAT = Format(
    id="own_trades",
    broker="This API",
    kind=FormatKind.TRADES,
    columns=("tradeId", "symbol", "side", "quantity", "openDate", "entryPrice", "exitPrice"),
    rows=rows,
    how_to_export="listTrades, with each property of a trade as a column",
)

"""This API's table of closes (createExport, format CSV). Each close is the part of its trade that it closed."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.journal.executions import Instrument
from handlers.journal.money import ONE


def rows(records: Records) -> Iterator[Row]:
    """A row for each close, and for each event, which is no fill."""
    return each(records, _row)


def _row(record: Record) -> tuple[Found, ...]:
    if record.text("kind") != "CLOSE":
        raise Skipped("an event of a trade")
    side, _ = record.side("side")
    instrument = Instrument(multiplier=record.number("multiplier") or ONE, currency=record.currency("currency"))
    trade_id, close_id = record.reference("tradeId"), record.reference("id")
    opening = ReportedFill(
        symbol=record.symbol("symbol"),
        instrument=instrument,
        side=side,
        quantity=record.quantity("quantity"),
        price=record.amount("entryPrice"),
        at=record.moment("openDate").at,
        commission=record.paid("entryCosts"),
        external_id=f"{close_id}/in",
        pair_id=trade_id,
    )
    closing = ReportedFill(
        symbol=opening.symbol,
        instrument=instrument,
        side=side.opposite,
        quantity=opening.quantity,
        price=record.amount("price"),
        at=record.moment("at").at,
        commission=record.paid("commission"),
        fees=record.paid("fees"),
        external_id=f"{close_id}/out",
        pair_id=trade_id,
    )
    return opening, closing


FORMAT = Format(
    id="own_closes",
    broker="This API",
    kind=FormatKind.TRADES,
    columns=names("tradeId,id,kind,symbol,side,multiplier,openDate,at,quantity,entryPrice,price,entryCosts"),
    rows=rows,
    how_to_export="createExport with the format CSV",
)

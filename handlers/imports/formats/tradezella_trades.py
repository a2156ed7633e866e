"""TradeZella: the export of trades, a row for each. Prices are means of the fills, so that profits differ by cents.

A time has its zone behind it. The prices of the first and the last fill stand beside the means, and are not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.instruments import Named, option
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Row, RowReason
from handlers.imports.values import DateOrder
from handlers.journal.executions import Right
from handlers.journal.money import total
from handlers.journal.positions import Side

_OPTION = re.compile(r"(?P<day>[0-9-]{10}) (?P<strike>[0-9]{1,9}(?:\.[0-9]{1,9})?) (?P<right>CALL|PUT)", re.IGNORECASE)


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    if not record.has("Close Date"):
        raise Skipped("an open trade")
    side, _ = record.side("Side")
    symbol, instrument = _instrument(record)
    bought, sold = record.amount("Avg Buy Price"), record.amount("Avg Sell Price")
    is_long = side is Side.BUY
    trade = WholeTrade(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        entry=record.at("Open Date", "Open Time"),
        exit=record.at("Close Date", "Close Time"),
        entry_price=bought if is_long else sold,
        exit_price=sold if is_long else bought,
        commission=record.paid("Commission").copy_abs(),
        fees=total(record.paid(name).copy_abs() for name in ("Fee", "Swap")),
        profit=record.number("Gross P&L"),
    )
    return pairs.fills(record, trade)


def _instrument(record: Record) -> Named:
    if record.text("Spread Type").casefold() not in ("", "single", "stock"):
        raise Unreadable(RowReason.SYMBOL, "a spread, whose legs are not in the file")
    found = _OPTION.fullmatch(record.text("Instrument"))
    if found is not None:
        expiry = record.notation.moment(found["day"]).at.date()
        return option(record.symbol("Symbol"), expiry, Decimal(found["strike"]), Right(found["right"].upper()))
    return instrument_of(record.text("Symbol"))


FORMAT = Format(
    id="tradezella_trades",
    broker="TradeZella",
    kind=FormatKind.TRADES,
    columns=names(
        "Avg Buy Price,Avg Sell Price,Open Date,Open Time,Close Date,Close Time,Gross P&L,Side,Symbol,"
        "Instrument,Spread Type,Quantity"
    ),
    rows=rows,
    how_to_export="Trade View > choose the trades > Bulk actions > Export",
    date_order=DateOrder.YMD,
)

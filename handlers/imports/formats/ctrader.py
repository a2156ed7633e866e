"""cTrader: the history of closed trades. The names of the times have their offset: `Opening Time (UTC+2)`.

Quantities are in lots, or have another unit behind them (`1500 Oz`). Some files have the profit before costs (Gross),
others only after them (Net); the name goes on with the account's currency.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta, timezone
from decimal import Decimal
from functools import partial

from handlers.imports.format import Format, Kind, Need
from handlers.imports.formats._cells import beginning_with, quantity_in
from handlers.imports.formats._contracts import contract
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Row, RowReason
from handlers.imports.values import DateOrder, Moment
from handlers.journal.money import total
from handlers.journal.rules import wrong_time

_QUANTITY = ("Closing Quantity", "Quantity", "Closing Volume")
_UNIT = re.compile(r"\s*[^\W\d_]+\s*$")
_OFFSET = re.compile(r"\(UTC(?P<sign>[-+])(?P<hours>[0-9]{1,2})(?::(?P<minutes>[0-9]{2}))?\)", re.IGNORECASE)


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol, side = record.symbol("Symbol"), record.side("Opening Direction")[0]
    quantity = quantity_in(record, _UNIT.sub("", record.text(*_QUANTITY)))
    prices = record.amount("Entry Price"), record.amount("Closing Price")
    commission, swap = record.taken("Commission", "Commissions"), record.taken("Swap", "Swaps")
    profit = _profit(record, commission, swap)
    trade = WholeTrade(
        symbol=symbol,
        instrument=contract(symbol, side, quantity, *prices, profit),
        side=side,
        quantity=quantity,
        entry=_moment(record, "Opening Time"),
        exit=_moment(record, "Closing Time"),
        entry_price=prices[0],
        exit_price=prices[1],
        commission=commission,
        fees=swap,
        profit=profit,
        trade_id=record.reference("ID", "Deal ID"),
        note=record.note("Comment", "Label"),
    )
    return pairs.fills(record, trade)


def _profit(record: Record, *costs: Decimal) -> Decimal | None:
    """The profit before costs."""
    gross = record.number(beginning_with(record.columns, "Gross "))
    net = record.number(beginning_with(record.columns, "Net "))
    return gross if gross is not None or net is None else total((net, *costs))


def _moment(record: Record, beginning: str) -> Moment:
    name = beginning_with(record.columns, beginning)
    moment, found = record.moment(name), _OFFSET.search(name)
    if found is None or moment.at.tzinfo is not None:
        return moment
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    zone = timezone(-offset if found["sign"] == "-" else offset)
    at = moment.at.replace(tzinfo=zone)
    if wrong_time(at) is not None:
        raise Unreadable(RowReason.DATE, "the time is outside the years 1 to 9999")
    return Moment(at, moment.day_only)


FORMAT = Format(
    id="ctrader",
    broker="cTrader",
    kind=Kind.TRADES,
    columns=("Symbol", "Opening Direction", "Entry Price", "Closing Price", "|".join(_QUANTITY)),
    rows=rows,
    how_to_export="History > right click > Export > CSV, or Statement",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    ragged=True,
)

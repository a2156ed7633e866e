"""Bybit: the trades of the spot account. The clock may come before the day: `14:35 2024-11-16`. Times are UTC.

The fee is in the coin that comes in, or in that of the column feeCoin. An id names a fill; that of an order is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import beginning_with
from handlers.imports.formats._coins import coin, market_of, with_fee
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.positions import Side

_CLOCK_FIRST = re.compile(r"(?P<clock>[0-9:]{4,8}) (?P<day>[0-9-]{10})")


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> tuple[ReportedFill, ...]:
    symbol = record.symbol("Spot Pairs")
    base, quote = market_of(symbol)
    text = record.text(beginning_with(record.columns, "Timestamp"))
    found = _CLOCK_FIRST.fullmatch(text)
    moment = in_utc(record.notation.moment(f"{found['day']} {found['clock']}" if found else text))
    side = record.side("Direction")[0]
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=side,
        quantity=record.quantity("Filled Quantity"),
        price=record.amount("Filled Price"),
        at=moment.at,
        day_only=moment.day_only,
        order_id=record.reference("Order No."),
        external_id=record.reference("Transaction ID"),
    )
    check_amount(record, fill, record.number("Filled Value"), with_costs=False)
    fee_coin = record.currency("feeCoin") or (base if side is Side.BUY else quote)
    return with_fee(record, fill, base, quote, record.paid("ExecFeeV2", "Fees"), fee_coin)


FORMAT = Format(
    id="bybit_spot",
    broker="Bybit",
    kind=FormatKind.FILLS,
    columns=("Spot Pairs", "Direction", "Filled Value", "Filled Price", "Filled Quantity", "Fees", "Transaction ID"),
    rows=rows,
    how_to_export="Orders > Spot Orders > Trade History > Export",
    date_order=DateOrder.YMD,
    newest_first=True,
)

"""Bybit: the trades of derivatives. The name of the time has its offset: `Transaction Time(UTC+10)`.

The direction names the position: `Close Short` is a purchase. Funding stands among the trades.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import moment_by_name
from handlers.imports.formats._coins import coin, quote_of_contract, side_of_position
from handlers.imports.moves import cash_move
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.cash import CashType
from handlers.journal.money import ZERO, minus

_FEES = ("Fees Paid", "Trading Fee")
_ID = ("Transaction ID", "Trasaction ID")


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade, and for each payment of funding."""
    return each(records, _row)


def _row(record: Record) -> Found:
    symbol, moment = record.symbol("Contracts"), in_utc(moment_by_name(record, "Transaction Time", "Trade Time"))
    quote, external_id = quote_of_contract(symbol), record.reference(*_ID)
    if record.text("Filled Type").casefold() == "funding":
        amount = minus(ZERO, record.paid(*_FEES))
        return cash_move(CashType.FUNDING, amount, moment, currency=quote, symbol=symbol, external_id=external_id)
    side, effect = side_of_position(record, "Direction")
    return ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=side,
        quantity=record.quantity("Filled Qty", "Exec Qty"),
        price=record.amount("Filled Price", "Exec Price"),
        at=moment.at,
        day_only=moment.day_only,
        fees=record.paid(*_FEES),
        position_effect=effect,
        order_id=record.reference("Order No."),
        external_id=external_id,
    )


FORMAT = Format(
    id="bybit_derivatives",
    broker="Bybit",
    kind=FormatKind.MIXED,
    columns=("Contracts", "Direction", "Filled Qty|Exec Qty", "Filled Price|Exec Price", "Fees Paid|Trading Fee"),
    rows=rows,
    how_to_export="Orders > Derivatives > Trade History > Export",
    date_order=DateOrder.YMD,
    newest_first=True,
)

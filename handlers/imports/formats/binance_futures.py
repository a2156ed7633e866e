"""Binance: the trades of the futures account. A fee may have its coin behind it; the profit is not read.

Times are UTC if their column says so; else they are in the zone that was chosen for the file. The ids of trades count
in a market alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._coins import coin, market_of
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, amount_and_unit, in_utc
from handlers.journal.money import ZERO

_UTC = ("Date(UTC)", "Time(UTC)")


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> ReportedFill:
    symbol, moment = record.symbol("Symbol"), record.moment(*_UTC, "Time")
    if record.text(*_UTC):
        moment = in_utc(moment)
    trade_id = record.reference("Trade ID")
    quote = record.currency("Quote Asset") or market_of(symbol)[1]
    fee, unit = amount_and_unit(record.notation, record.text("Fee"))
    fee_coin = unit or record.currency("Fee Coin") or quote
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=record.side("Side")[0],
        quantity=record.quantity("Quantity", "Qty"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        fees=fee or ZERO,
        order_id=record.reference("Order ID"),
        external_id=trade_id and f"{symbol}/{trade_id}",
    )
    if record.has("Amount"):
        amount, _ = amount_and_unit(record.notation, record.text("Amount"))
        check_amount(record, fill, amount, with_costs=False)
    if fee and fee_coin != quote:
        record.notice(RowReason.UNPRICED_COST, f"the fee is in {fee_coin}, which has no price here")
        return replace(fill, fee_currency=fee_coin)
    return fill


FORMAT = Format(
    id="binance_futures",
    broker="Binance",
    kind=FormatKind.FILLS,
    columns=("|".join((*_UTC, "Time")), "Symbol", "Side", "Price", "Quantity|Qty", "Fee", "Realized Profit"),
    rows=rows,
    how_to_export="Orders > Futures Order > Trade History > Export; give the import the time zone chosen there",
    date_order=DateOrder.YMD,
    newest_first=True,
    version=2,
)

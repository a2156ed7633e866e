"""Binance: the trades of the spot account, in two layouts.

Amounts have their coin behind them (`0.18SOL`), and so has the fee, which may be in the coin that was bought or in a
third one. The older layout names the market as one word and the fee's coin in a column. Times are UTC if
their column says so; else they are in the zone that was chosen for the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import quantity_in
from handlers.imports.formats._coins import coin, market_of, with_fee
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, amount_and_unit, in_utc
from handlers.journal.money import ZERO

_UTC = "Date(UTC)"


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def _row(record: Record) -> tuple[ReportedFill, ...]:
    symbol = record.symbol("Pair", "Market")
    amount, quote = amount_and_unit(record.notation, record.text("Amount" if record.has("Pair") else "Total"))
    base, quote = (symbol.upper().removesuffix(quote), quote) if quote else market_of(symbol)
    quantity = _quantity(record, base)
    moment = record.moment(_UTC, "Time")
    if record.text(_UTC):
        moment = in_utc(moment)
    fee, fee_coin = amount_and_unit(record.notation, record.text("Fee"))
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=record.side("Side", "Type")[0],
        quantity=quantity,
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
    )
    check_amount(record, fill, amount, with_costs=False)
    return with_fee(record, fill, base, quote, fee or ZERO, fee_coin or record.text("Fee Coin").upper() or quote)


def _quantity(record: Record, base: str) -> Decimal:
    """The number without the coin behind it, which may begin with a digit, as 1INCH does."""
    if not record.has("Executed"):
        return record.quantity("Amount")
    return quantity_in(record, record.text("Executed").upper().removesuffix(base))


FORMAT = Format(
    id="binance_spot",
    broker="Binance",
    kind=FormatKind.FILLS,
    columns=(f"{_UTC}|Time", "Pair|Market", "Side|Type", "Price", "Executed|Total", "Amount", "Fee"),
    rows=rows,
    how_to_export="Orders > Spot Order > Trade History > Export; give the import the time zone chosen there",
    date_order=DateOrder.YMD,
    newest_first=True,
    version=2,
)

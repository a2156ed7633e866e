"""TradingView: the orders of an account, of paper trading or of a broker, in four sets of columns.

Only filled orders are read, or the filled part of one. Symbols have their exchange before them (`CME_MINI:ES1!`), which
tells what they are. Brokers' sets have `Filled Qty`, and pairs of currencies in lots; that of paper trading has units.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import currencies_of, instrument_of, lot_of
from handlers.imports.instruments import future
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, checked_symbol, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import amount_and_unit
from handlers.journal.executions import Instrument, InstrumentKind
from handlers.journal.money import ZERO

_FUTURES = frozenset(names("CBOT,CBOT_MINI,CFE,CME,CME_MINI,COMEX,COMEX_MINI,EUREX,ICEEUR,ICEUS,NYMEX,NYMEX_MINI"))
_COINS = frozenset(
    names(
        "BINANCE,BINANCEUS,BITFINEX,BITGET,BITMEX,BITSTAMP,BYBIT,COINBASE,CRYPTO,DERIBIT,GEMINI,KRAKEN,KUCOIN,MEXC,OKX"
    )
)
# The times of fills, and that of the order if a file has no other.
_TIMES = ("Closing Time", "Close Time", "Update Time", "Placing Time")


def rows(records: Records) -> Iterator[Row]:
    """A row for each order."""
    return each(records, _row)


def _row(record: Record) -> Found:
    status = record.text("Status").casefold()
    part = record.has("Filled Qty") and bool(record.number("Filled Qty"))
    if status not in ("", "filled") and not part:
        raise Skipped(f"an order that is {status}")
    moment = record.moment(*_TIMES)
    exchange, _, name = record.symbol("Symbol").rpartition(":")
    symbol = checked_symbol(name)
    return ReportedFill(
        symbol=symbol,
        instrument=_instrument(exchange.upper(), symbol, in_lots=record.columns.has("Filled Qty")),
        side=record.side("Side")[0],
        quantity=record.quantity("Filled Qty", "Qty", "Quantity"),
        price=record.amount("Fill Price", "Avg Fill Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=_commission(record),
        order_id=record.reference("Order ID"),
        external_id=record.reference("Order ID"),
    )


def _commission(record: Record) -> Decimal:
    """The commission, which may have its currency behind it; brokers show what is paid below 0 as well as above."""
    text = record.text("Commission", "Commission Fee", "Execution fee")
    return (amount_and_unit(record.notation, text)[0] or ZERO).copy_abs()


def _instrument(exchange: str, symbol: str, *, in_lots: bool) -> Instrument:
    if exchange in _FUTURES:
        return future(symbol)
    if exchange in _COINS:
        return Instrument(kind=InstrumentKind.CRYPTO)
    lot, quote = lot_of(symbol), currencies_of(symbol)[1]
    if lot is not None:
        return lot if in_lots else Instrument(kind=lot.kind, currency=quote)
    return instrument_of(symbol)[1]


FORMAT = Format(
    id="tradingview",
    broker="TradingView",
    kind=FormatKind.FILLS,
    columns=("Symbol", "Side", "Qty|Quantity", "Fill Price|Avg Fill Price", "|".join(_TIMES)),
    rows=rows,
    how_to_export="Trading panel > the three lines beside the account > Export data > Order history",
    needs=(Need.TIME_ZONE,),
    newest_first=True,
)

"""Kraken: the history of trades. XBT is BTC, and older names of markets have an X or a Z before each coin (`XXBTZEUR`).

The cost and the fee are in what the coin is priced in. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._coins import coin, market_of
from handlers.imports.records import Record, Records, checked_symbol, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, in_utc

_NAMES = {"XBT": "BTC", "XDG": "DOGE"}


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, _row)


def name_of(asset: str) -> str:
    """The name that others give to a coin or currency of Kraken's, such as `XXBT`, `ZEUR` or `DOT.S`."""
    name = asset.strip().upper().partition(".")[0]
    if len(name) == 4 and name[0] in "XZ":
        name = name[1:]
    return _NAMES.get(name, name)


def _row(record: Record) -> ReportedFill:
    pair = record.symbol("pair").upper()
    if len(pair) == 8 and pair[0] in "XZ" and pair[4] in "XZ":
        pair = f"{pair[:4]}/{pair[4:]}"
    base, quote = map(name_of, market_of(pair))
    moment = in_utc(record.moment("time"))
    fill = ReportedFill(
        symbol=checked_symbol(f"{base}/{quote}"),
        instrument=coin(quote),
        side=record.side("type")[0],
        quantity=record.quantity("vol"),
        price=record.amount("price"),
        at=moment.at,
        day_only=moment.day_only,
        fees=record.paid("fee"),
        order_id=record.reference("ordertxid"),
        external_id=record.reference("txid"),
    )
    return check_amount(record, fill, record.number("cost"), with_costs=False)


FORMAT = Format(
    id="kraken",
    broker="Kraken",
    kind=FormatKind.FILLS,
    columns=("txid", "ordertxid", "pair", "time", "type", "price", "cost", "fee", "vol"),
    rows=rows,
    how_to_export="Documents > New export > Trades, all columns, CSV",
    date_order=DateOrder.YMD,
)

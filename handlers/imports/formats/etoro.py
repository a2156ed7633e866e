"""eToro: the closed positions of an account statement. The instrument stands behind the side: `Buy Apple`.

Rates are in the instrument's currency, and the profit is in dollars before costs. Days come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import contract_by_profit
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import LONGEST_SYMBOL, Found, Record, Records, checked_symbol, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder, side_and_effect
from handlers.journal.executions import InstrumentKind

_KINDS = {"stocks": InstrumentKind.STOCK, "etf": InstrumentKind.FUND, "crypto": InstrumentKind.CRYPTO}


def rows(records: Records) -> Iterator[Row]:
    """A row for each position."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    verb, _, name = record.text("Action").partition(" ")
    side, _ = side_and_effect(record.text("Long / Short") or verb)
    name = name if verb.casefold() in ("buy", "sell") else record.text("Action")
    # A long name, or one in other letters, is no symbol; the ISIN is one.
    is_symbol = name.isascii() and len(name) <= LONGEST_SYMBOL
    symbol = checked_symbol(name) if is_symbol or not record.has("ISIN") else record.symbol("ISIN")
    quantity, prices = record.quantity("Units"), (record.amount("Open Rate"), record.amount("Close Rate"))
    profit = record.number("Profit", "Profit(USD)")
    trade = WholeTrade(
        symbol=symbol,
        instrument=replace(contract_by_profit(symbol, side, quantity, *prices, profit), kind=_kind(record)),
        side=side,
        quantity=quantity,
        entry=record.moment("Open Date"),
        exit=record.moment("Close Date"),
        entry_price=prices[0],
        exit_price=prices[1],
        fees=record.taken("Rollover Fees and Dividends"),
        profit=profit,
        trade_id=record.reference("Position ID"),
        note=record.note("Notes"),
    )
    return pairs.fills(record, trade)


def _kind(record: Record) -> InstrumentKind:
    return _KINDS.get(record.text("Type").casefold(), InstrumentKind.CFD)


FORMAT = Format(
    id="etoro",
    broker="eToro",
    kind=FormatKind.TRADES,
    columns=names("Position ID,Action,Units,Open Date,Close Date,Profit|Profit(USD),Open Rate,Close Rate"),
    rows=rows,
    how_to_export="Portfolio > History > Account statement > XLS, whose sheet Closed Positions is saved as CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
)

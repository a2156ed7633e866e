"""Profit, of Nelogica: the trades of a report by operation, from the Brazilian exchange.

Titles come before the header. `C` was bought first and `V` sold first; the times are those of the first and the last
fill. The result is in reais, before costs, of contracts by the money for their point.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._contracts import contract_by_profit
from handlers.imports.names import names
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Row, RowReason
from handlers.imports.values import DateOrder, shown
from handlers.journal.executions import Instrument, InstrumentKind
from handlers.journal.money import ONE
from handlers.journal.positions import Side

_SIDES = {"c": Side.BUY, "v": Side.SELL}
_CURRENCY = "BRL"
# Reais for a point: the index and the dollar, and the minis of both.
_POINTS = {"WIN": Decimal("0.2"), "IND": ONE, "WDO": Decimal(10), "DOL": Decimal(50)}
_CONTRACT = re.compile("(?P<root>WIN|IND|WDO|DOL)[FGHJKMNQUVXZ][0-9]{1,2}")


def rows(records: Records) -> Iterator[Row]:
    """A row for each operation."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    if not record.has("Fechamento") or not record.has("Lado"):
        raise Skipped("a total, or an open operation")
    side = _SIDES.get(record.text("Lado").casefold())
    if side is None:
        raise Unreadable(RowReason.SIDE, f"{shown(record.text('Lado'))} is neither C nor V")
    symbol, quantity = record.symbol("Ativo"), record.quantity("Qtd Compra", "Qtd Venda")
    bought, sold = record.amount("Preço Compra"), record.amount("Preço Venda")
    prices = (bought, sold) if side is Side.BUY else (sold, bought)
    text = record.text("Res. Operação").replace("R$", "")
    profit = record.notation.number(text) if text.strip() else None
    trade = WholeTrade(
        symbol=symbol,
        instrument=_instrument(symbol, contract_by_profit(symbol, side, quantity, *prices, profit)),
        side=side,
        quantity=quantity,
        entry=record.moment("Abertura"),
        exit=record.moment("Fechamento"),
        entry_price=prices[0],
        exit_price=prices[1],
        profit=profit,
    )
    return pairs.fills(record, trade)


def _instrument(symbol: str, by_profit: Instrument) -> Instrument:
    """A contract of the exchange; else a share, unless the profit shows that a unit makes more or less."""
    found = _CONTRACT.fullmatch(symbol.upper())
    if found is not None:
        return Instrument(kind=InstrumentKind.FUTURE, multiplier=_POINTS[found["root"]], currency=_CURRENCY)
    kind = InstrumentKind.STOCK if by_profit.multiplier == ONE else InstrumentKind.FUTURE
    return Instrument(kind=kind, multiplier=by_profit.multiplier, currency=_CURRENCY)


FORMAT = Format(
    id="profit",
    broker="Nelogica Profit",
    kind=FormatKind.TRADES,
    columns=names("Ativo,Abertura,Fechamento,Qtd Compra,Qtd Venda,Lado,Preço Compra,Preço Venda,Res. Operação"),
    rows=rows,
    how_to_export="Relatório de Performance > Operações > right click > Exportar",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    ragged=True,
)

"""TopstepX, and other platforms of ProjectX: a row for each trade. Months come before days, offsets stand behind times.

PnL is before costs, which are in two columns. Contracts may have ProjectX' own names (`CON.F.US.EP.H26` is ESH26).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.instruments import future
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, checked_symbol, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder

_CONTRACT = re.compile(r"CON\.F\.US\.(?P<root>[A-Z0-9]+)\.(?P<month>[FGHJKMNQUVXZ][0-9]{2})")
_ROOTS = {"EP": "ES", "ENQ": "NQ"}


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol = record.symbol("ContractName")
    found = _CONTRACT.fullmatch(symbol.upper())
    if found is not None:
        symbol = checked_symbol(_ROOTS.get(found["root"], found["root"]) + found["month"])
    trade = WholeTrade(
        symbol=symbol,
        instrument=future(symbol),
        side=record.side("Type")[0],
        quantity=record.quantity("Size"),
        entry=record.moment("EnteredAt"),
        exit=record.moment("ExitedAt"),
        entry_price=record.amount("EntryPrice"),
        exit_price=record.amount("ExitPrice"),
        commission=record.paid("Commissions"),
        fees=record.paid("Fees"),
        profit=record.number("PnL"),
        trade_id=record.reference("Id"),
    )
    return pairs.fills(record, trade)


FORMAT = Format(
    id="topstepx",
    broker="TopstepX",
    kind=FormatKind.TRADES,
    columns=("Id", "ContractName", "EnteredAt", "ExitedAt", "EntryPrice", "ExitPrice", "PnL", "Size", "Type"),
    rows=rows,
    how_to_export="Trades > Export > choose the dates",
    date_order=DateOrder.MDY,
)

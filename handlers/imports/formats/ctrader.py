"""cTrader: the history of closed trades. The names of the times have their offset: `Opening Time (UTC+2)`.

Quantities are in lots, or have another unit behind them (`1500 Oz`). Some files have the profit before costs (Gross),
others only after them (Net); the name goes on with the account's currency. Some show no costs beside the latter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from handlers.imports.checks import gross_of
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._cells import beginning_with, moment_by_name, quantity_in
from handlers.imports.formats._contracts import contract_by_profit
from handlers.imports.pairs import Pairs, WholeTrade
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import Row
from handlers.imports.values import DateOrder
from handlers.journal.money import ZERO, minus, product, total

_QUANTITY = ("Closing Quantity", "Quantity", "Closing Volume")
_TENTH = Decimal("0.1")
_UNIT = re.compile(r"\s*[^\W\d_]+\s*$")


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade."""
    return each(records, partial(_row, Pairs()))


def _row(pairs: Pairs, record: Record) -> tuple[Found, ...]:
    symbol, side = record.symbol("Symbol"), record.side("Opening Direction")[0]
    quantity = quantity_in(record, _UNIT.sub("", record.text(*_QUANTITY)))
    prices = record.amount("Entry Price"), record.amount("Closing Price")
    commission, swap = record.taken("Commission", "Commissions"), record.taken("Swap", "Swaps")
    profit = _profit(record, commission, swap)
    usual = contract_by_profit(symbol, side, quantity, *prices, None)
    is_net = _has_hidden_costs(record, profit, gross_of(side, quantity, *prices, usual.multiplier))
    trade = WholeTrade(
        symbol=symbol,
        instrument=usual if is_net else contract_by_profit(symbol, side, quantity, *prices, profit),
        side=side,
        quantity=quantity,
        entry=moment_by_name(record, "Opening Time"),
        exit=moment_by_name(record, "Closing Time"),
        entry_price=prices[0],
        exit_price=prices[1],
        commission=commission,
        fees=swap,
        profit=profit,
        profit_is_net=is_net,
        trade_id=record.reference("ID", "Deal ID"),
        note=record.note("Comment", "Label"),
    )
    return pairs.fills(record, trade)


def _profit(record: Record, *costs: Decimal) -> Decimal | None:
    """The profit before costs."""
    gross = record.number(beginning_with(record.columns, "Gross "))
    net = record.number(beginning_with(record.columns, "Net "))
    return gross if gross is not None or net is None else total((net, *costs))


def _has_hidden_costs(record: Record, profit: Decimal | None, usual: Decimal) -> bool:
    """Whether the profit is what a usual lot makes, less costs that no column shows: then it is a little less."""
    shown = beginning_with(record.columns, "Commission", "Swap", "Gross ")
    if profit is None or shown:
        return False
    hidden = minus(usual, profit)
    return ZERO < hidden <= product(usual.copy_abs(), _TENTH)


FORMAT = Format(
    id="ctrader",
    broker="cTrader",
    kind=FormatKind.TRADES,
    columns=("Symbol", "Opening Direction", "Entry Price", "Closing Price", "|".join(_QUANTITY)),
    rows=rows,
    how_to_export="History > right click > Export > CSV, or Statement",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    ragged=True,
    version=2,
)

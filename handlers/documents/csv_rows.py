"""The rows of the table of closes (createExport, format CSV): the contract has what each column holds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from handlers.documents.fields import time_text
from handlers.journal import money
from handlers.journal.money import ONE, canonical
from handlers.journal.settings import MAIN
from handlers.journal.trade import Realized, Side, Trade, TradeEvent
from handlers.journal.trading_accounts import SettingsAndAccounts

COLUMNS = (
    "tradeId", "id", "kind", "symbol", "side", "multiplier", "openDay", "openDate", "day", "at", "quantity",
    "entryPrice", "price", "grossPnl", "entryCosts", "commission", "fees", "netPnl", "setupType", "tags", "externalId",
    "accountId", "currency",
)  # fmt: skip  # a list, several to a line
# Without it, Excel reads the file in the encoding of the machine.
BYTE_ORDER_MARK = "\ufeff"
# What makes a spreadsheet take a text for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_OF_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def header() -> str:
    """The first row, with what stands before it."""
    return BYTE_ORDER_MARK + _line(COLUMNS)


def rows(
    trade: Trade, first: date | None, last: date | None, settings_and_accounts: SettingsAndAccounts
) -> Iterator[str]:
    """A row for each close and each event of the trade from the first day to the last, by time.

    `settings_and_accounts` tells the currency of the trade's account.
    """
    parts: list[Realized | TradeEvent] = [*trade.realized, *trade.events]
    for part in sorted(parts, key=lambda part: part.at if isinstance(part, TradeEvent) else part.close.closed_at):
        day = part.day if isinstance(part, TradeEvent) else part.close.day
        if (first is None or first <= day) and (last is None or day <= last):
            texts = (
                trade.notes.setup_type or "",
                "; ".join(trade.notes.tags),
                trade.external_id or "",
                trade.account_id or MAIN,
                trade.currency or settings_and_accounts.currency_of(trade.account_id),
            )
            yield _line([*_of_trade(trade, part), *texts])


def _of_trade(trade: Trade, part: Realized | TradeEvent) -> Sequence[str]:
    of_both = [
        trade.symbol,
        str(trade.side),
        canonical(trade.multiplier),
        trade.open_day.isoformat(),
        time_text(trade.open_date),
    ]
    if isinstance(part, TradeEvent):
        at = [part.day.isoformat(), time_text(part.at)]
        no_figures = [""] * 7
        return [trade.trade_id, part.event_id, str(part.type), *of_both, *at, *no_figures, canonical(part.amount)]
    close = part.close
    figures = [close.price, part.gross, part.entry_cost_share, close.commission, close.fees, part.realized_pnl]
    return [
        trade.trade_id,
        close.close_id,
        "CLOSE",
        *of_both,
        close.day.isoformat(),
        time_text(close.closed_at),
        canonical(close.quantity),
        canonical(_entry_price(trade, part)),
        *map(canonical, figures),
    ]


def _entry_price(trade: Trade, part: Realized) -> Decimal:
    """The mean price of what the close took, by the lot method, in the units in which the close was traded.

    It is the price from which the close's gross follows; for a trade with one entry and no split, its entry's.
    """
    close = part.close
    if trade.entry_price is not None and len(trade.entered) == 1 and not trade.splits:
        return trade.entry_price
    sign = ONE if trade.side is Side.BUY else -ONE
    brought = money.product(close.price, close.quantity, trade.multiplier)
    paid = money.minus(brought, money.product(sign, part.gross))
    prices = (close.price, *(entry.price for entry in trade.entered if entry.price is not None))
    return money.mean_price(paid, money.product(close.quantity, trade.multiplier), prices)


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(map(_harmless, cells))
    return written.getvalue()


def _harmless(cell: str) -> str:
    """The cell with a `'` before what a spreadsheet would take for a formula. A negative number is none."""
    return f"'{cell}" if cell.startswith(_OF_FORMULAS) and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    digits = cell.removeprefix("-").replace(".", "", 1)
    return digits.isascii() and digits.isdigit()

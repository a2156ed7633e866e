"""Interactive Brokers: the transaction history. Its amounts and costs are in the base currency of the account.

What is settled of a future every day is the profit of its trades, so it is no cash.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Layout
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import shown
from handlers.journal.executions import ExecutionKind
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_ENDS = {
    "assignment": ExecutionKind.ASSIGNMENT,
    "exercise": ExecutionKind.EXERCISE,
    "expiration": ExecutionKind.EXPIRY,
}


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    base: str | None = None
    for record in records:
        if record.section == "summary" and record.text("Field Name").casefold() == "base currency":
            # Without one, money is in the account's own currency.
            with suppress(Unreadable):
                base = record.currency("Field Value")
        elif record.fault is not None or record.section == "transaction history":
            yield record.row(partial(_row, base))


def _row(base: str | None, record: Record) -> Found:
    kind = record.text("Transaction Type").casefold()
    if kind == "position mtm":
        raise Skipped("the daily settlement of a position, which is in its trades")
    if kind not in _SIDES and kind not in _ENDS:
        if record.has("Quantity") and not record.has("Net Amount", "Gross Amount"):
            raise Unreadable(RowReason.SIDE, f"{shown(kind)} moves shares in a way that is not known")
        return cash_move(
            cash_type(record.text("Transaction Type")),
            record.number("Net Amount", "Gross Amount"),
            record.moment("Date"),
            currency=base,
            symbol=record.symbol("Symbol") if record.has("Symbol") else None,
            note=record.note("Description"),
        )
    own = record.currency("Price Currency") or base
    symbol, instrument = instrument_of(record.text("Symbol"), own)
    moment, signed = record.moment("Date"), record.amount("Quantity")
    commission = record.taken("Commission")
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=_SIDES.get(kind) or (Side.BUY if signed > ZERO else Side.SELL),
        quantity=record.quantity("Quantity"),
        price=None if kind in _ENDS else record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=commission,
        fee_currency=base if commission and own != base else None,
        kind=_ENDS.get(kind, ExecutionKind.TRADE),
    )
    return check_amount(record, fill, record.number("Gross Amount"), with_costs=False) if own == base else fill


FORMAT = Format(
    id="ibkr_transaction_history",
    broker="Interactive Brokers",
    kind=FormatKind.MIXED,
    columns=names("Date,Account,Description,Transaction Type,Symbol,Quantity,Price,Gross Amount,Commission,Net Amount"),
    opening=("Statement,Data,Title,Transaction History",),
    layout=Layout.SECTIONS,
    rows=rows,
    how_to_export="Performance & Reports > Transaction History > choose the dates > CSV",
    newest_first=True,
    version=2,
)

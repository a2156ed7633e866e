"""Vanguard: the transactions of accounts, below a table of what is held.

Sales have shares below 0. What is swept into the settlement fund and out of it, and is reinvested in it without shares,
stays the owner's cash.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, ReportedFill, Row
from handlers.imports.values import DateOrder
from handlers.journal.executions import ActionType, ExecutionKind
from handlers.journal.money import ZERO
from handlers.journal.positions import Side


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, _row)


def _row(record: Record) -> Found:
    word = record.text("Transaction Type").casefold()
    if not word:
        raise Skipped("a line of text")
    shares, amount = record.number("Shares") or ZERO, record.number("Net Amount")
    if word.startswith("sweep") or (word == "reinvestment" and not shares):
        raise Skipped("a move between cash and the settlement fund")
    moment = record.moment("Trade Date")
    if shares and "split" in word:
        symbol = record.symbol("Symbol")
        return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, added=shares)
    if not shares:
        return cash_move(
            cash_type(word),
            amount,
            moment,
            currency="USD",
            symbol=record.symbol("Symbol") if record.has("Symbol") else None,
            note=record.note("Transaction Description"),
        )
    symbol, instrument = share_or_option(record.text("Symbol"), "USD")
    price, kind = record.number("Share Price"), ExecutionKind.TRADE
    if not amount:
        kind = ExecutionKind.TRANSFER_IN if shares > ZERO else ExecutionKind.TRANSFER_OUT
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=Side.BUY if shares > ZERO else Side.SELL,
        quantity=shares.copy_abs(),
        price=price if kind is ExecutionKind.TRADE else None,
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission Fees", "Commissions and Fees", "Commission").copy_abs(),
        kind=kind,
    )
    return check_amount(record, fill, amount)


FORMAT = Format(
    id="vanguard",
    broker="Vanguard",
    kind=FormatKind.MIXED,
    columns=names(
        "Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,Symbol,Shares,"
        "Share Price,Net Amount"
    ),
    rows=rows,
    how_to_export="Activity > Download > CSV, for a spreadsheet program",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
    ragged=True,
)

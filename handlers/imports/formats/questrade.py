"""Questrade: the activity of an account. Days alone, which have a midnight behind them; costs are below 0."""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.instruments import share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, Moment, side_and_effect
from handlers.journal.executions import ExecutionKind
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_MIDNIGHT = " 12:00:00 AM"


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry."""
    return each(records, _row)


def _row(record: Record) -> Found:
    moment = record.notation.moment(record.text("Transaction Date").removesuffix(_MIDNIGHT))
    quantity, amount = record.number("Quantity") or ZERO, record.number("Net Amount")
    if quantity and record.text("Activity Type").casefold() == "trades":
        return _fill(record, moment)
    if quantity and not amount:
        # Shares that are moved, split or given: what comes in has an unknown cost.
        return _moved(record, moment)
    return cash_move(
        cash_type(f"{record.text('Activity Type')} {record.text('Description')}"),
        amount,
        moment,
        currency=record.currency("Currency"),
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Description"),
    )


def _fill(record: Record, moment: Moment) -> ReportedFill:
    symbol, instrument = share_or_option(record.text("Symbol"), record.currency("Currency"))
    side, effect = side_and_effect(record.text("Action"))
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.taken("Commission"),
        position_effect=effect,
    )
    return check_amount(record, fill, record.number("Net Amount"))


def _moved(record: Record, moment: Moment) -> ReportedFill:
    symbol, instrument = share_or_option(record.text("Symbol"), record.currency("Currency"))
    comes = record.amount("Quantity") > ZERO
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=Side.BUY if comes else Side.SELL,
        quantity=record.quantity("Quantity"),
        at=moment.at,
        day_only=moment.day_only,
        kind=ExecutionKind.TRANSFER_IN if comes else ExecutionKind.TRANSFER_OUT,
    )


FORMAT = Format(
    id="questrade",
    broker="Questrade",
    kind=FormatKind.MIXED,
    columns=names(
        "Transaction Date,Settlement Date,Action,Symbol,Description,Quantity,Price,Gross Amount,Commission,Net Amount,"
        "Currency,Activity Type"
    ),
    rows=rows,
    how_to_export="Reports > Account activity > choose the dates > Export to Excel, saved as CSV",
    date_order=DateOrder.YMD,
    newest_first=True,
)

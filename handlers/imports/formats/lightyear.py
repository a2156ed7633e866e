"""Lightyear: the statement of an account. The fee and the tax have columns of their own.

A dividend is before its tax, which is a row of cash of its own. An exchange of currencies is two rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.instruments import stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import CashMove, ReportedFill, Row
from handlers.imports.values import DateOrder, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.money import ZERO, minus


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the statement."""
    return each(records, _row)


def _row(record: Record) -> Found | tuple[Found, ...]:
    word = record.text("Type").casefold()
    if word not in ("buy", "sell"):
        return _moves(word, record)
    moment = record.moment("Date")
    fill = ReportedFill(
        symbol=record.symbol("Ticker", "ISIN"),
        instrument=stock(record.currency("CCY")),
        side=side_and_effect(word)[0],
        quantity=record.quantity("Quantity"),
        price=record.amount("Price/share"),
        at=moment.at,
        day_only=moment.day_only,
        fees=record.paid("Fee"),
        external_id=record.reference("Reference"),
    )
    return check_amount(record, fill, record.number("Gross Amount"), with_costs=None)


def _moves(word: str, record: Record) -> tuple[CashMove, ...]:
    """What came or went, then the fee and the tax that were taken of it.

    The gross amount of what goes has the fee in it, and the net amount of what comes is without it.
    """
    external_id = record.reference("Reference")
    kind = CashType.ADJUSTMENT if word == "reward" else cash_type(word)
    symbol = record.symbol("Ticker") if kind is CashType.DIVIDEND else None
    gross, net = record.number("Gross Amount"), record.number("Net Amt.")
    main = cash_move(
        kind,
        net if net and (gross is None or gross < ZERO) else gross,
        record.moment("Date"),
        currency=record.currency("CCY"),
        symbol=symbol,
        external_id=external_id,
        note=record.note("Type"),
    )
    taken = ((CashType.FEE, "Fee", "fee"), (CashType.TAX, "Tax Amt.", "tax"))
    return main, *(
        replace(main, type=kind, amount=minus(ZERO, amount), external_id=external_id and f"{external_id}/{part}")
        for kind, column, part in taken
        if (amount := record.number(column) or ZERO)
    )


FORMAT = Format(
    id="lightyear",
    broker="Lightyear",
    kind=FormatKind.MIXED,
    columns=names("Date,Reference,Ticker,ISIN,Type,Quantity,CCY,Price/share,Gross Amount,Fee,Net Amt."),
    rows=rows,
    how_to_export="Account > Statements > Account statement > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    newest_first=True,
)

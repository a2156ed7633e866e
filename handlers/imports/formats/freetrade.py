"""Freetrade: the activity of an account. All amounts are above 0; the type of the row says which way the money went.

Prices are in the instrument's currency, and fees in the account's, of which the exchange rate is the price. The total
of a dividend is after its tax, which the file has in the instrument's currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.instruments import stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import CashMove, ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, Moment, in_utc, shown
from handlers.journal.cash import CashType
from handlers.journal.executions import ExecutionKind
from handlers.journal.money import ONE, ZERO, minus, product, rounded, total

_TOTAL = ("Total Amount", "Total Amount in Account Currency")
_SHARES = ("Total Shares Amount", "Total Amount in Instrument Currency")
_PAPERS = ("statement", "certificate", "confirmation")
_OUT = ("withdraw", "fee", "subscription", "charge")
_CENTS = 2


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry."""
    return each(records, _row)


def _row(record: Record) -> Found | tuple[Found, ...]:
    kind, moment = record.text("Type").casefold(), in_utc(record.moment("Timestamp"))
    if kind.endswith("order"):
        return _fill(kind, moment, record)
    if "split" in kind or kind == "corporate_action":
        raise Unreadable(RowReason.SIDE, f"{shown(kind)} changes shares in a way that the file does not tell")
    if any(word in kind for word in _PAPERS) and not record.number(*_TOTAL):
        raise Skipped("a document of the broker")
    if "dividend" in kind:
        return _dividend(moment, record)
    amount = record.number(*_TOTAL)
    if amount is not None and any(word in kind for word in _OUT):
        amount = minus(ZERO, amount.copy_abs())
    currency, note = record.currency("Account Currency"), record.note("Title")
    return cash_move(cash_type(kind.replace("_", " ")), amount, moment, currency=currency, note=note)


def _fill(kind: str, moment: Moment, record: Record) -> ReportedFill:
    currency, account = record.currency("Instrument Currency"), record.currency("Account Currency")
    fees = total((record.paid("Stamp Duty"), record.paid("FX Fee Amount")))
    is_foreign = bool(fees) and account != currency
    fill = ReportedFill(
        symbol=record.symbol("Ticker", "ISIN"),
        instrument=stock(currency),
        side=record.side("Buy / Sell")[0],
        quantity=record.quantity("Quantity"),
        price=record.amount("Price per Share"),
        at=moment.at,
        day_only=moment.day_only,
        fees=fees,
        fee_currency=account if is_foreign else None,
        fee_price=record.number("FX Rate") if is_foreign else None,
        # A share that the broker gave is not paid for.
        kind=ExecutionKind.TRANSFER_IN if kind.startswith("freeshare") else ExecutionKind.TRADE,
        order_id=record.reference("Order ID"),
        external_id=record.reference("Order ID"),
    )
    return check_amount(record, fill, record.number(*_SHARES), with_costs=False)


def _dividend(moment: Moment, record: Record) -> tuple[CashMove, ...]:
    """The dividend before its tax, and the tax, in the account's currency."""
    rate = record.number("FX Rate", "Base FX Rate") or ONE
    tax = rounded(product(record.paid("Dividend Withheld Tax Amount"), rate), _CENTS)
    gross = total((record.amount(*_TOTAL), tax))
    symbol = record.symbol("Ticker", "ISIN")
    main = cash_move(CashType.DIVIDEND, gross, moment, currency=record.currency("Account Currency"), symbol=symbol)
    return (main, replace(main, type=CashType.TAX, amount=minus(ZERO, tax))) if tax else (main,)


FORMAT = Format(
    id="freetrade",
    broker="Freetrade",
    kind=FormatKind.MIXED,
    columns=names(
        "Title,Type,Timestamp,Account Currency,Buy / Sell,Ticker,Quantity,Price per Share,Instrument Currency"
    ),
    rows=rows,
    how_to_export="Activity > Export > Activity feed (CSV)",
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

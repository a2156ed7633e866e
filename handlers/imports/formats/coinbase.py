"""Coinbase: the history of an account. Amounts have the sign of their currency; times are in UTC.

The price at the transaction is that of the market, while the subtotal is what was paid: the price of a fill is the
subtotal for a unit, and its costs are what the total adds. A conversion sells one coin and buys the one in the notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import quantity_in
from handlers.imports.formats._coins import coin, unit_price
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, checked_symbol, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.executions import ExecutionKind
from handlers.journal.money import ZERO, minus
from handlers.journal.positions import Side

_TOTAL = ("Total (inclusive of fees and/or spread)", "Total (inclusive of fees)", "Total")
_CURRENCY = ("Price Currency", "Spot Price Currency")
_CONVERTED = re.compile(r"Converted [0-9.,]+ \S+ to (?P<quantity>[0-9.,]+) (?P<coin>\S+)")
_MOVES_IN = ("receive", "income", "reward", "earn", "airdrop", "interest", "from coinbase")
_MOVES_OUT = ("send", "exchange deposit", "pro deposit", "to coinbase")


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the history."""
    return each(records, _row)


def _row(record: Record) -> Found | tuple[Found, ...]:
    word = record.text("Transaction Type").casefold()
    moment, asset = in_utc(record.moment("Timestamp")), record.text("Asset").upper()
    currency = record.currency(*_CURRENCY)
    if asset == currency:
        amount = record.amount("Quantity Transacted")
        amount = amount.copy_abs().copy_negate() if "withdraw" in word or word == "send" else amount
        return cash_move(cash_type(word), amount, moment, currency=asset, external_id=record.reference("ID"))
    fill = ReportedFill(
        symbol=checked_symbol(f"{asset}-{currency}" if currency else asset),
        instrument=coin(currency),
        side=Side.BUY,
        quantity=record.quantity("Quantity Transacted"),
        price=None,
        at=moment.at,
        day_only=moment.day_only,
        external_id=record.reference("ID"),
        note=record.note("Notes"),
    )
    if word.endswith("buy"):
        return _priced(record, fill)
    if word.endswith("sell"):
        return _priced(record, replace(fill, side=Side.SELL))
    if word == "convert":
        return _converted(record, fill)
    if any(part in word for part in _MOVES_IN):
        price = None if word == "receive" else record.number("Price at Transaction", "Spot Price at Transaction")
        return replace(fill, kind=ExecutionKind.TRANSFER_IN, price=price)
    if any(part in word for part in _MOVES_OUT):
        return replace(fill, kind=ExecutionKind.TRANSFER_OUT, side=Side.SELL)
    raise Skipped("neither a trade nor a move of coins")


def _priced(record: Record, fill: ReportedFill) -> ReportedFill:
    paid, whole = _money(record)
    costs = minus(whole, paid) if fill.side is Side.BUY else minus(paid, whole)
    return replace(fill, price=unit_price(paid, fill.quantity or ZERO), fees=costs)


def _converted(record: Record, fill: ReportedFill) -> tuple[ReportedFill, ReportedFill]:
    """The sale of one coin for the total, and the purchase of the other one for the subtotal, with the costs."""
    found = _CONVERTED.match(record.text("Notes"))
    if found is None:
        raise Unreadable(RowReason.SYMBOL, "the notes do not tell what was converted to what")
    paid, whole = _money(record)
    bought = quantity_in(record, found["quantity"])
    currency = fill.instrument.currency
    symbol = checked_symbol(f"{found['coin'].upper()}-{currency}" if currency else found["coin"].upper())
    sale = replace(fill, side=Side.SELL, price=unit_price(whole, fill.quantity or ZERO))
    purchase = replace(
        fill,
        symbol=symbol,
        quantity=bought,
        price=unit_price(paid, bought),
        fees=minus(whole, paid),
        external_id=fill.external_id and f"{fill.external_id}/in",
    )
    return sale, purchase


def _money(record: Record) -> tuple[Decimal, Decimal]:
    """What was paid for the coins, and that with all costs."""
    paid = record.amount("Subtotal").copy_abs()
    whole = record.number(*_TOTAL)
    return paid, paid if whole is None else whole.copy_abs()


FORMAT = Format(
    id="coinbase",
    broker="Coinbase",
    kind=FormatKind.MIXED,
    columns=("Timestamp", "Transaction Type", "Asset", "Quantity Transacted", "Subtotal", "|".join(_TOTAL), "Notes"),
    rows=rows,
    how_to_export="Profile > Statements > Generate custom statement > Transactions, CSV",
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

"""E*TRADE: the history of transactions, below lines with the account. Years have two digits.

An option is a text: `AAPL Jun 19 '26 $200 Call`. A dividend that is reinvested is a purchase without a price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import unit_price
from handlers.imports.instruments import Named, option, share_or_option
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, Moment, side_and_effect
from handlers.journal.executions import ExecutionKind, PositionEffect, Right
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_OPTION = re.compile(
    r"(?P<root>[A-Z.]+) (?P<month>[A-Z][a-z]{2}) (?P<day>[0-9]{1,2}) '(?P<year>[0-9]{2}) "
    r"\$(?P<strike>[0-9]{1,9}(?:\.[0-9]{1,9})?) (?P<right>Call|Put)"
)
_ENDS = {
    "option expiration": ExecutionKind.EXPIRY,
    "option expired": ExecutionKind.EXPIRY,
    "option assignment": ExecutionKind.ASSIGNMENT,
    "option assigned": ExecutionKind.ASSIGNMENT,
    "option exercise": ExecutionKind.EXERCISE,
}


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    return each(records, _row)


def _row(record: Record) -> Found:
    word = record.text("TransactionType").casefold()
    if not word:
        raise Skipped("a line of text")
    moment, amount = record.moment("TransactionDate"), record.number("Amount")
    quantity = record.number("Quantity") or ZERO
    if word.startswith(("bought", "sold")):
        side, effect = side_and_effect(word.replace("bought", "buy").replace("sold", "sell"))
        fill = _fill(record, moment, side, quantity, record.amount("Price"), effect=effect)
        return check_amount(record, fill, amount)
    if quantity and word in _ENDS:
        return _fill(record, moment, None, quantity, None, kind=_ENDS[word])
    if quantity > ZERO and amount is not None and amount < ZERO:
        return _fill(record, moment, Side.BUY, quantity, unit_price(amount, quantity))
    return cash_move(
        cash_type(word),
        amount,
        moment,
        currency="USD",
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        note=record.note("Description"),
    )


def _fill(
    record: Record,
    moment: Moment,
    side: Side | None,
    quantity: Decimal,
    price: Decimal | None,
    *,
    effect: PositionEffect = PositionEffect.AUTO,
    kind: ExecutionKind = ExecutionKind.TRADE,
) -> ReportedFill:
    symbol, instrument = _instrument(record)
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=quantity.copy_abs(),
        price=price,
        at=moment.at,
        day_only=moment.day_only,
        commission=record.paid("Commission"),
        kind=kind,
        position_effect=effect,
    )


def _instrument(record: Record) -> Named:
    found = _OPTION.fullmatch(record.text("Symbol"))
    if found is None:
        return share_or_option(record.text("Symbol"), "USD")
    expiry = record.notation.moment(f"{found['day']} {found['month']} 20{found['year']}").at.date()
    return option(found["root"], expiry, Decimal(found["strike"]), Right(found["right"].upper()), "USD")


FORMAT = Format(
    id="etrade",
    broker="E*TRADE",
    kind=FormatKind.MIXED,
    columns=(
        "TransactionDate",
        "TransactionType",
        "SecurityType",
        "Symbol",
        "Quantity",
        "Amount",
        "Price",
        "Commission",
    ),
    rows=rows,
    how_to_export="Accounts > Transactions > Download > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
    ragged=True,
)

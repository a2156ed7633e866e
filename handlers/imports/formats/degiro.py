"""DEGIRO: the transactions of an account, with a header in the language of its owner.

The sign of the quantity is the side. Fees are in the account's currency, of which the exchange rate is the price. Times
are minutes, and several fills of an order may have one. Rows are of 17 or 18 cells. There is no ticker: the ISIN is the
symbol. Prices in pence are told in pounds. A split, or another ISIN of the same product, is two rows without an order:
what goes out and what comes in, of the same value.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._degiro import (
    COLUMNS,
    beside_price,
    fees_of,
    moment_of,
    order_of,
    price_of,
    product_of,
    rate_of,
    symbol_of,
    units_of,
)
from handlers.imports.instruments import stock
from handlers.imports.pence import PENCE, POUNDS, pounds
from handlers.imports.records import Found, Record, Records
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, Moment
from handlers.journal.executions import ActionType, ExecutionKind
from handlers.journal.money import ZERO
from handlers.journal.positions import Side


class _Half(NamedTuple):
    """A row without an order: a part of a corporate action, if the next one is the other part."""

    moment: Moment
    symbol: str
    units: Decimal
    value: Decimal


def rows(records: Records) -> Iterator[Row]:
    """A row for each transaction."""
    held: Record | None = None
    for record in records:
        halves = _halves(held, record) if held is not None else None
        if held is None:
            held = record
        elif halves is None:
            yield held.row(_row)
            held = record
        else:
            yield held.skip("the first row of a corporate action, which has two")
            yield record.row(partial(_action, *halves))
            held = None
    if held is not None:
        yield held.row(_row)


def _halves(*pair: Record) -> tuple[_Half, _Half] | None:
    """What goes out and what comes in, if two rows are those of one corporate action."""
    first, second = map(_half, pair)
    if first is None or second is None or (first.moment, first.value) != (second.moment, second.value):
        return None
    if (first.units > ZERO) is (second.units > ZERO):
        return None
    return (first, second) if first.units < ZERO else (second, first)


def _half(record: Record) -> _Half | None:
    if record.fault is not None or record.skipped is not None or order_of(record) is not None:
        return None
    try:
        units, value = units_of(record), beside_price(record)[1]
        return _Half(moment_of(record), symbol_of(record), units, value.copy_abs()) if units and value else None
    except Unreadable:
        return None


def _action(out: _Half, come: _Half, _record: Record) -> Action:
    moment, units = out.moment, out.units.copy_abs()
    at, day_only = moment
    if out.symbol == come.symbol:
        return Action(type=ActionType.SPLIT, symbol=out.symbol, at=at, day_only=day_only, new=come.units, old=units)
    if units == come.units:
        return Action(type=ActionType.RENAME, symbol=out.symbol, at=at, day_only=day_only, new_symbol=come.symbol)
    return Action(
        type=ActionType.MERGER_SHARES,
        symbol=out.symbol,
        at=at,
        day_only=day_only,
        new=come.units,
        old=units,
        new_symbol=come.symbol,
    )


def _row(record: Record) -> Found:
    moment = moment_of(record)
    symbol, quantity, price = symbol_of(record), units_of(record), price_of(record)
    if not quantity:
        raise Unreadable(RowReason.NUMBER, "the quantity is 0")
    if not price and quantity > ZERO:
        # Shares that a split, a bonus or a spin-off brought; the file does not say which.
        return Action(
            type=ActionType.SHARE_DIVIDEND, symbol=symbol, at=moment.at, day_only=moment.day_only, quantity=quantity
        )
    currency, value, value_currency = beside_price(record)
    fees, fee_currency = fees_of(record)
    rate = rate_of(record)
    is_foreign = bool(fees) and fee_currency not in (None, currency)
    in_pence = currency == PENCE
    fill = ReportedFill(
        symbol=symbol,
        instrument=stock(POUNDS if in_pence else currency),
        side=Side.BUY if quantity > ZERO else Side.SELL,
        quantity=quantity.copy_abs(),
        price=(pounds(price) if in_pence else price) or None,
        at=moment.at,
        day_only=moment.day_only,
        fees=fees,
        fee_currency=fee_currency if is_foreign else None,
        fee_price=rate and (pounds(rate) if in_pence else rate) if is_foreign else None,
        kind=ExecutionKind.TRADE if price else ExecutionKind.TRANSFER_OUT,
        order_id=order_of(record),
        note=product_of(record),
    )
    if is_foreign and not rate:
        record.notice(RowReason.UNPRICED_COST, f"the fee is in {fee_currency}, and there is no exchange rate")
    if value is None or value_currency != currency:
        return fill
    return check_amount(record, fill, pounds(value) if in_pence else value, with_costs=False)


FORMAT = Format(
    id="degiro",
    broker="DEGIRO",
    kind=FormatKind.MIXED,
    columns=COLUMNS,
    rows=rows,
    how_to_export="Inbox > Transactions > choose the dates > Export > CSV",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.DMY,
    newest_first=True,
    ragged=True,
    version=2,
)

"""Bitget: the history of spot orders. Below an order stand its fills, with a header of their own in each order.

An order without them is one fill, at its average price. Times are those of the owner's clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import coin, with_fee
from handlers.imports.names import names
from handlers.imports.records import Columns, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, amount_and_unit
from handlers.journal.money import ZERO

_FILLS = Columns(names("Date,Trading Price,Executed,Trading volume,Fee"))
_HEADER = [name.casefold() for name in _FILLS.cells]


def rows(records: Records) -> Iterator[Row]:
    """A row for each order, and for each of its fills."""
    order: Record | None = None
    has_fills = False
    for record in records:
        cells = [cell.strip() for cell in record.cells]
        filled = sum(map(bool, cells))
        if [cell.casefold() for cell in cells if cell] == _HEADER:
            if order is not None and not has_fills:
                yield order.skip("an order, whose fills follow")
            has_fills = True
            yield record.skip("a header")
        elif has_fills and 0 < filled <= len(_HEADER) and record.fault is None:
            fill = Record(_FILLS, record.cells, record.notation, line=record.line, lines=record.lines)
            yield fill.row(partial(_fill, order))
        else:
            if order is not None and not has_fills:
                yield order.row(_order)
            order, has_fills = record, False
    if order is not None and not has_fills:
        yield order.row(_order)


def _order(record: Record) -> tuple[ReportedFill, ...]:
    if not record.number("Executed"):
        raise Skipped("an order without a fill")
    fill = _of(record, record, "Average Price")
    return with_fee(record, fill, *_coins(record), ZERO, "")


def _fill(order: Record | None, record: Record) -> tuple[ReportedFill, ...]:
    if order is None:
        raise Unreadable(RowReason.SYMBOL, "the fill has no order above it")
    fill = _of(order, record, "Trading Price")
    fee, fee_coin = amount_and_unit(record.notation, record.text("Fee"))
    base, quote = _coins(order)
    return with_fee(record, fill, base, quote, (fee or ZERO).copy_abs(), fee_coin or quote)


def _coins(order: Record) -> tuple[str, str]:
    return order.currency("Base Asset") or "", order.currency("Quote Asset") or ""


def _of(order: Record, record: Record, price: str) -> ReportedFill:
    """The fill of an order that the row names."""
    moment = record.moment("Date")
    fill = ReportedFill(
        symbol=order.symbol("Trading pair"),
        instrument=coin(_coins(order)[1]),
        side=order.side("Direction")[0],
        quantity=record.quantity("Executed"),
        price=record.amount(price),
        at=moment.at,
        day_only=moment.day_only,
        order_id=order.reference("Order Id"),
    )
    return check_amount(record, fill, record.number("Trading volume"), with_costs=False)


FORMAT = Format(
    id="bitget_orders",
    broker="Bitget",
    kind=FormatKind.FILLS,
    columns=names(
        "Date,Order Id,Trading pair,Base Asset,Quote Asset,Direction,Executed,Average Price,Trading volume,Status"
    ),
    rows=rows,
    how_to_export="Orders > Spot Orders > Order History > Export",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

"""moomoo and Futu: the orders with their fills, or the fills alone.

The first fill of an order stands in its row, the others in rows of their own without a symbol and a side; the fees are
in the first. An option has its strike in thousandths: `AAPL250509C185000`. Times have their zone behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._contracts import instrument_of
from handlers.imports.instruments import Named, option
from handlers.imports.names import names
from handlers.imports.records import Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder
from handlers.journal.executions import Right
from handlers.journal.money import minus, product, total

_OPTION = re.compile(r"(?P<root>[A-Z.]+)(?P<day>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{1,8})")
_THOUSANDTH = Decimal("0.001")
# The total is there in most files; where it is not, these are its parts.
_FEES = names(
    "Platform Fees,SEC Fees,Trading Activity Fees,Options Regulatory Fees,OCC Fees,Contract Fees,"
    "Settlement Fees,SFC Levy,Stamp Duty,Trading Fees"
)


def rows(records: Records) -> Iterator[Row]:
    """A row for each fill, and for each order that has none."""
    order: Record | None = None

    def read(record: Record) -> ReportedFill:
        if not record.number("Fill Qty"):
            raise Skipped(f"an order that is {record.text('Status').casefold() or 'not filled'}")
        if order is None:
            raise Unreadable(RowReason.SYMBOL, "a fill without the row of its order before it")
        return _fill(order, record)

    for record in records:
        if record.has("Symbol"):
            order = record
        yield record.row(read)


def _fill(order: Record, record: Record) -> ReportedFill:
    symbol, instrument = _instrument(order)
    moment = record.notation.moment(record.text("Fill Time").replace("(", "").replace(")", ""))
    side, effect = order.side("Side")
    commission = record.paid("Commission")
    fees = minus(record.paid("Total"), commission) if record.has("Total") else total(map(record.paid, _FEES))
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=record.quantity("Fill Qty"),
        price=record.amount("Fill Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=commission,
        fees=fees,
        position_effect=effect,
        note=order.note("Name"),
    )
    return check_amount(record, fill, record.number("Fill Amount"), with_costs=False)


def _instrument(order: Record) -> Named:
    text, currency = order.text("Symbol").upper(), order.currency("Currency")
    found = _OPTION.fullmatch(text)
    if found is None:
        return instrument_of(text, currency)
    expiry = order.notation.moment(f"20{found['day']}").at.date()
    right = Right.CALL if found["right"] == "C" else Right.PUT
    return option(found["root"], expiry, product(Decimal(found["strike"]), _THOUSANDTH), right, currency)


FORMAT = Format(
    id="moomoo",
    broker="moomoo",
    kind=FormatKind.FILLS,
    columns=(
        "Symbol",
        "Name",
        "Side",
        "Fill Qty",
        "Fill Price",
        "Fill Amount",
        "Fill Time",
        "Markets",
        "Currency",
    ),
    rows=rows,
    how_to_export="Account > Orders > History > Export, with fills",
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
)

"""KuCoin: the filled orders of the spot account. The name of the time has its offset: `Filled Time(UTC+02:00)`.

A row is an order, or with its orders split a fill of one; neither has an id of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._cells import moment_by_name
from handlers.imports.formats._coins import coin, market_of, with_fee
from handlers.imports.records import Record, Records, each
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, in_utc


def rows(records: Records) -> Iterator[Row]:
    """A row for each order or fill."""
    return each(records, _row)


def _row(record: Record) -> tuple[ReportedFill, ...]:
    symbol, moment = record.symbol("Symbol"), in_utc(moment_by_name(record, "Filled Time"))
    base, quote = market_of(symbol)
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=record.side("Side")[0],
        quantity=record.quantity("Filled Amount"),
        price=record.amount("Avg. Filled Price", "Filled Price"),
        at=moment.at,
        day_only=moment.day_only,
        order_id=record.reference("Order ID"),
    )
    check_amount(record, fill, record.number("Filled Volume"), with_costs=False)
    return with_fee(record, fill, base, quote, record.paid("Fee"), record.currency("Fee Currency") or quote)


FORMAT = Format(
    id="kucoin",
    broker="KuCoin",
    kind=FormatKind.FILLS,
    columns=(
        "Order ID",
        "Symbol",
        "Side",
        "Avg. Filled Price|Filled Price",
        "Filled Amount",
        "Filled Volume",
        "Fee",
        "Fee Currency",
    ),
    rows=rows,
    how_to_export="Orders > Spot Orders > Order History > Export to CSV",
    date_order=DateOrder.YMD,
    newest_first=True,
)

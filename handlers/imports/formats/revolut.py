"""Revolut Invest: the statement of an account. Amounts have the sign of a currency: `-$30.93`.

Costs are in the amounts alone. A split's quantity is the shares that were added. What moves from one company of Revolut
to another stays the owner's.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import with_costs_in
from handlers.imports.format import Format, Kind
from handlers.imports.instruments import stock
from handlers.imports.moves import cash, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, Fill, Row, RowReason
from handlers.imports.values import DateOrder, shown, side_and_effect
from handlers.journal.executions import ActionType
from handlers.journal.money import ZERO, product

_LEAST, _HUNDREDTH = Decimal("1.5"), Decimal("0.01")


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the statement."""
    return each(records, _row)


def _row(record: Record) -> Found:
    kind = record.text("Type").casefold()
    moment = record.moment("Date")
    if kind.startswith("transfer from revolut"):
        raise Skipped("a transfer between companies of Revolut")
    if "split" in kind:
        symbol, added = record.symbol("Ticker"), record.amount("Quantity")
        return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, added=added)
    currency, amount = record.currency("Currency"), record.number("Total Amount")
    verb = kind.partition(" ")[0]
    if verb not in ("buy", "sell") and not amount and record.has("Quantity"):
        raise Unreadable(RowReason.SIDE, f"{shown(kind)} moves shares in a way that is not known")
    if verb not in ("buy", "sell"):
        return cash(
            cash_type(kind),
            amount,
            moment,
            currency=currency,
            symbol=record.symbol("Ticker") if record.has("Ticker") else None,
        )
    side, _ = side_and_effect(verb)
    fill = Fill(
        symbol=record.symbol("Ticker"),
        instrument=stock(currency),
        side=side,
        quantity=record.quantity("Quantity"),
        price=record.amount("Price per share"),
        at=moment.at,
        day_only=moment.day_only,
    )
    # The commission is in the amount alone: a quarter of a percent, at least one unit.
    return with_costs_in(record, fill, amount, max(_LEAST, product(amount or ZERO, _HUNDREDTH).copy_abs()))


FORMAT = Format(
    id="revolut",
    broker="Revolut",
    kind=Kind.MIXED,
    columns=("Date", "Ticker", "Type", "Quantity", "Price per share", "Total Amount", "Currency"),
    rows=rows,
    how_to_export="Invest > More > Documents > Account statement > Excel, saved as CSV",
    date_order=DateOrder.DMY,
)

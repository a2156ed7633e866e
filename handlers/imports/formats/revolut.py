"""Revolut Invest: the statement of an account. Amounts have the sign of a currency: `-$30.93`.

Costs are in the amounts alone. A split's quantity is the shares that were added. A merger into other shares is two rows
of a day. What moves from one company of Revolut to another stays the owner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial

from handlers.imports.checks import with_costs_in
from handlers.imports.days import Exchange, days, exchanges
from handlers.imports.format import Format, FormatKind
from handlers.imports.halves import Half
from handlers.imports.instruments import stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, shown, side_and_effect
from handlers.journal.executions import ActionType
from handlers.journal.money import ZERO, product, ratio

_MERGER, _CLOSURE = "merger - stock", "position closure"
_LENGTH_OF_DAY = len("2025-01-31")
_LEAST, _HUNDREDTH = Decimal("1.5"), Decimal("0.01")


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the statement."""
    for day in days(records, "Date", _LENGTH_OF_DAY):
        read = partial(_row, exchanges(day, _half))
        yield from (record.row(read) for record in day)


def _half(record: Record) -> tuple[str, Half] | None:
    """The units of a row that may be one of the two of a merger into other shares."""
    kind = record.text("Type").casefold()
    return (kind, Half(record.symbol("Ticker"), record.amount("Quantity"))) if kind == _MERGER else None


def _row(merged: Mapping[int, Exchange], record: Record) -> Found:
    kind = record.text("Type").casefold()
    moment = record.moment("Date")
    if kind.startswith("transfer from revolut"):
        raise Skipped("a transfer between companies of Revolut")
    if (merger := merged.get(record.line)) is not None:
        merger.check(record)
        return Action(
            type=ActionType.MERGER_SHARES,
            symbol=merger.out.symbol,
            at=moment.at,
            day_only=moment.day_only,
            new=merger.come.units,
            old=merger.out.units.copy_abs(),
            new_symbol=merger.come.symbol,
        )
    if "split" in kind:
        symbol, added = record.symbol("Ticker"), record.amount("Quantity")
        return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, added=added)
    currency, amount = record.currency("Currency"), record.number("Total Amount")
    # The broker sells what is left of a share at a value of its own.
    verb = "sell" if kind == _CLOSURE and amount else kind.partition(" ")[0]
    if verb not in ("buy", "sell") and not amount and record.has("Quantity"):
        raise Unreadable(RowReason.SIDE, f"{shown(kind)} moves shares in a way that is not known")
    if verb not in ("buy", "sell"):
        return cash_move(
            cash_type(kind),
            amount,
            moment,
            currency=currency,
            symbol=record.symbol("Ticker") if record.has("Ticker") else None,
        )
    side, _ = side_and_effect(verb)
    quantity, price = record.quantity("Quantity"), record.number("Price per share")
    if price is None and kind == _CLOSURE:
        price = ratio(amount or ZERO, quantity)
    fill = ReportedFill(
        symbol=record.symbol("Ticker"),
        instrument=stock(currency),
        side=side,
        quantity=quantity,
        price=record.amount("Price per share") if price is None else price,
        at=moment.at,
        day_only=moment.day_only,
    )
    # The commission is in the amount alone: a quarter of a percent, at least one unit.
    return with_costs_in(record, fill, amount, max(_LEAST, product(amount or ZERO, _HUNDREDTH).copy_abs()))


FORMAT = Format(
    id="revolut",
    broker="Revolut",
    kind=FormatKind.MIXED,
    columns=("Date", "Ticker", "Type", "Quantity", "Price per share", "Total Amount", "Currency"),
    rows=rows,
    how_to_export="Invest > More > Documents > Account statement > Excel, saved as CSV",
    date_order=DateOrder.DMY,
    version=2,
)

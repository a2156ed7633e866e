"""thinkorswim: the account statement, of several tables with a title each, and the trade activity of a day.

Read are the trade history, whose legs below the first one have no time of their own, and the cash balance, which comes
before it and has each trade's costs: they are those of the fill of the same time, size and net price. Options that
end, and shares that they leave, stand in the cash balance alone. The order history repeats the orders: it is not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from handlers.imports.format import Format, FormatKind, Layout, Need
from handlers.imports.formats._thinkorswim import ended, is_end
from handlers.imports.instruments import Named, future, option, stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.rows import ReportedFill, Row
from handlers.imports.values import DateOrder, Moment, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.executions import PositionEffect, Right
from handlers.journal.money import ZERO, canonical

_TRADED = re.compile(r"(?:BOT|SOLD) (?P<quantity>[-+]?[0-9][0-9,.]*) .*@(?P<price>-?[0-9.]+)")
_EFFECTS = {"to open": PositionEffect.OPEN, "to close": PositionEffect.CLOSE}
_RIGHTS = {"CALL": Right.CALL, "PUT": Right.PUT}
_NO_CASH = frozenset({"bal", "trd", "liq"})
_CASH = {"efn": CashType.DEPOSIT, "jrn": CashType.DEPOSIT, "win": CashType.DEPOSIT, "wou": CashType.DEPOSIT}
_Key = tuple[str, str, str]


@dataclass(slots=True)
class _Statement:
    """What earlier rows said: the costs of trades that are still to come, and the time of the legs above."""

    costs: defaultdict[_Key, list[tuple[Decimal, Decimal]]] = field(default_factory=lambda: defaultdict(list))
    moment: Moment | None = None

    def trade(self, record: Record) -> Found:
        """The fill of a row of the trade history."""
        if record.has("Exec Time"):
            self.moment = record.moment("Exec Time")
        if self.moment is None or not record.has("Qty"):
            raise Skipped("no trade")
        symbol, instrument = _named(record)
        side, _ = side_and_effect(record.text("Side"))
        price = record.amount("Price")
        commission, fees = self._costs(record, price)
        return ReportedFill(
            symbol=symbol,
            instrument=instrument,
            side=side,
            quantity=record.quantity("Qty"),
            price=price,
            at=self.moment.at,
            commission=commission,
            fees=fees,
            position_effect=_EFFECTS.get(record.text("Pos Effect").casefold(), PositionEffect.AUTO),
        )

    def _costs(self, record: Record, price: Decimal) -> tuple[Decimal, Decimal]:
        """Commission and fees of the trade whose first leg this is. Other legs have a word for the net price."""
        if self.moment is None or not record.has("Exec Time"):
            return ZERO, ZERO
        net_price = record.number("Net Price")
        size = _size(record.quantity("Qty"), price if net_price is None else net_price)
        known = self.costs.get((self.moment.at.isoformat(), *size))
        return known.pop(0) if known else (ZERO, ZERO)

    def money(self, record: Record) -> Found:
        """The money of a row of the cash balance. Raises Skipped for a trade's, whose costs are kept."""
        kind = record.text("TYPE").casefold()
        day = record.text("DATE", "Exec Date")
        if not day or not kind:
            raise Skipped("a sum")
        moment = record.notation.at(day, record.text("TIME", "Exec Time"))
        description = record.text("DESCRIPTION")
        found = _TRADED.search(description)
        if found is not None:
            quantity = record.notation.number(found["quantity"]) or ZERO
            price = record.notation.number(found["price"]) or ZERO
            paid = (record.taken("Commissions & Fees"), record.taken("Misc Fees"))
            self.costs[moment.at.isoformat(), *_size(quantity, price)].append(paid)
        if kind in _NO_CASH:
            raise Skipped("the cash of a trade, or a balance")
        if is_end(description):
            return ended(record, description, moment)
        return cash_move(
            _CASH.get(kind) or cash_type(description),
            record.number("AMOUNT"),
            moment,
            currency="USD",
            external_id=record.reference("REF #"),
            note=" ".join(description.split())[:200],
        )


def _size(quantity: Decimal, price: Decimal) -> tuple[str, str]:
    return canonical(quantity.copy_abs()), canonical(price.copy_abs())


def rows(records: Records) -> Iterator[Row]:
    """A row for each trade and each movement of cash."""
    statement = _Statement()
    for record in records:
        if record.section in ("account trade history", "filled orders") or record.fault is not None:
            yield record.row(statement.trade)
        elif record.section in ("cash balance", "futures statements"):
            yield record.row(statement.money)


def _named(record: Record) -> Named:
    symbol, right = record.symbol("Symbol"), _RIGHTS.get(record.text("Type").upper())
    if right is None or symbol.startswith("./"):
        return symbol, future(symbol) if symbol.startswith(("/", "./")) else stock("USD")
    expiry = record.notation.moment(record.text("Exp").partition(" (")[0]).at.date()
    return option(symbol, expiry, record.amount("Strike"), right, "USD")


FORMAT = Format(
    id="thinkorswim",
    broker="thinkorswim",
    kind=FormatKind.MIXED,
    columns=names("Exec Time,Spread,Side,Qty,Pos Effect,Symbol,Exp,Strike,Type,Price,Net Price,Order Type"),
    opening=("Cash Balance|Account Trade History|Filled Orders", "TYPE,REF #|Exec Time,Spread"),
    layout=Layout.TITLED,
    rows=rows,
    how_to_export="Monitor > Account Statement > choose the dates > the menu at the right > Export to file",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.MDY,
    newest_first=True,
    version=2,
)

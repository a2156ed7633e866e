"""XTB: the cash operations of an account. A trade is a comment: `OPEN BUY 34/42.5658 @ 11.7480`, of 34 of 42.5658.

The type is in the language of its owner, so that the comment tells what a row is. Amounts are in the account's currency
while the price may be in another one: then the price is what the amount makes for a unit. Ids come twice, so that none
names a fill. The profits of CFDs are in the list of closed positions, which is a format of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import unit_price
from handlers.imports.instruments import stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, DecimalMark, Notation, shown
from handlers.journal.cash import CashType
from handlers.journal.executions import PositionEffect
from handlers.journal.money import minus, product
from handlers.journal.positions import Side

_TRADE = re.compile(
    r"(?P<effect>OPEN|CLOSE) (?P<side>BUY|SELL) (?P<quantity>[0-9.,]+)(?:/[0-9.,]+)? @ (?P<price>[0-9.,]+)",
    re.IGNORECASE,
)
_POINT = Notation(decimal_mark=DecimalMark.POINT)
# From so much on, a difference between the amount and the value is not a rounding.
_CENT, _SHARE = Decimal("0.01"), Decimal("0.001")


def rows(records: Records) -> Iterator[Row]:
    """A row for each operation."""
    return each(records, _row)


def _row(record: Record) -> Found:
    if not record.has("ID"):
        raise Skipped("a total")
    moment = record.moment("Time")
    word, amount = record.text("Type").casefold(), record.amount("Amount")
    found = _TRADE.match(record.text("Comment"))
    if found is None:
        if "profit" in word or word == "close trade":
            raise Skipped("the profit of a position, which the list of closed positions has")
        return cash_move(
            CashType.DIVIDEND if "spin" in word else cash_type(word),
            amount,
            moment,
            symbol=record.symbol("Symbol", "Ticker") if record.has("Symbol", "Ticker") else None,
            note=record.note("Comment"),
        )
    quantity, price = _POINT.number(found["quantity"]), _POINT.number(found["price"])
    if not quantity or price is None:
        raise Unreadable(RowReason.NUMBER, f"{shown(found[0])} has no quantity")
    opens = found["effect"].upper() == "OPEN"
    own, size = Side(found["side"].upper()), amount.copy_abs()
    is_foreign = minus(product(quantity, price), size).copy_abs() > max(_CENT, product(size, _SHARE))
    fill = ReportedFill(
        symbol=record.symbol("Symbol", "Ticker"),
        instrument=stock(),
        side=own if opens else own.opposite,
        quantity=quantity,
        price=unit_price(size, quantity) if is_foreign else price,
        at=moment.at,
        day_only=moment.day_only,
        position_effect=PositionEffect.OPEN if opens else PositionEffect.CLOSE,
        order_id=record.reference("ID"),
        note=record.note("Comment") if is_foreign else None,
    )
    return check_amount(record, fill, size, with_costs=False)


FORMAT = Format(
    id="xtb",
    broker="XTB",
    kind=FormatKind.MIXED,
    columns=("ID", "Type", "Time", "Comment", "Symbol|Ticker", "Amount"),
    rows=rows,
    how_to_export="xStation > Account history > Cash operations > Export, saved as CSV",
    needs=(Need.TIME_ZONE,),
    # The names are those of many files, so that no other ones may be there.
    others=("Instrument", "Product", "Currency", "column 7", "column 8", "column 9", "column 10"),
    date_order=DateOrder.DMY,
    newest_first=True,
    ragged=True,
)

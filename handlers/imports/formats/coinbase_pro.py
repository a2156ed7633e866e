"""Coinbase Pro: the statement of the account. A trade is three lines with one trade id: both coins, and the fee.

The price is not there; it is a quotient, and may be one without end. A trade without a fee has two lines. Times are in
UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._coins import coin, gathered, is_price_of, unit_price, with_fee
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, checked_symbol
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_UNIT = "amount/balance unit"


def rows(records: Records) -> Iterator[Row]:
    """A row for each line; the last line of a trade has its fill."""
    for lines in gathered(records, lambda record: record.text("trade id"), _complete):
        if not lines[0].text("trade id"):
            yield lines[0].row(_move)
            continue
        for line in lines[:-1]:
            yield line.skip(f"a part of the trade in line {lines[-1].line}")
        yield lines[-1].row(partial(_fill, lines))


def _is_match(record: Record) -> bool:
    return record.text("type").casefold() == "match"


def _complete(lines: Sequence[Record]) -> bool | None:
    matches = sum(map(_is_match, lines))
    return False if matches < 2 else True if len(lines) > matches else None


def _fill(lines: Sequence[Record], last: Record) -> tuple[ReportedFill, ...]:
    matches = [line for line in lines if _is_match(line)]
    if len(matches) != 2:
        raise Unreadable(RowReason.NUMBER, "the other side of the trade is not in the file")
    money, coins = matches
    if is_price_of(coins.text(_UNIT), money.text(_UNIT)):
        money, coins = coins, money
    base, quote = coins.text(_UNIT), money.text(_UNIT)
    moment = in_utc(last.moment("time"))
    quantity = coins.quantity("amount")
    fill = ReportedFill(
        symbol=checked_symbol(f"{base}-{quote}"),
        instrument=coin(quote),
        side=Side.BUY if coins.amount("amount") > ZERO else Side.SELL,
        quantity=quantity,
        price=unit_price(money.amount("amount"), quantity),
        at=moment.at,
        day_only=moment.day_only,
        order_id=last.reference("order id"),
        external_id=f"{base}-{quote}/{last.text('trade id')}",
    )
    paid = next((line for line in lines if not _is_match(line)), None)
    if paid is None:
        return (fill,)
    return with_fee(last, fill, base, quote, paid.amount("amount").copy_negate(), paid.text(_UNIT))


def _move(record: Record) -> Found:
    return cash_move(
        cash_type(record.text("type")),
        record.amount("amount"),
        in_utc(record.moment("time")),
        currency=record.currency(_UNIT),
        external_id=record.reference("transfer id"),
    )


FORMAT = Format(
    id="coinbase_pro",
    broker="Coinbase Pro",
    kind=FormatKind.MIXED,
    columns=("type", "time", "amount", "balance", _UNIT, "transfer id", "trade id", "order id"),
    rows=rows,
    how_to_export="Statements > Account > all accounts, CSV",
    date_order=DateOrder.YMD,
)

"""OKX: the trading history. A line before the header has the time zone: `UID:1,Account Type:Main,Time Zone:UTC+8`.

A trade of coins is two rows of an order, one for each coin, in any order: the amount of the one is quantity times price
of the other, and the fee is in the coin that comes in. Contracts are counted in contracts, whose size the file does not
have, so that they cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import takewhile

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.formats._coins import coin, gathered, market_of, with_fee
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, plain
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, Moment
from handlers.journal.cash import CashType
from handlers.journal.money import canonical, product

_ZONE = re.compile(r"Time Zone:\s*(?P<zone>UTC(?:[-+][0-9]{1,2}(?::[0-9]{2})?)?)")


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry; the later one of a trade has its fill."""
    left = iter(records)
    before = " ".join(cell for record in takewhile(_is_before_header, left) for cell in record.cells)
    zone = found["zone"] if (found := _ZONE.search(before)) else ""
    for entries in gathered(left, _trade, _is_complete):
        if not _trade(entries[0]):
            yield entries[0].row(partial(_move, zone))
            continue
        coins = [entry for entry in entries if _is_of_coin(entry)]
        money = [entry for entry in entries if not _is_of_coin(entry)]
        for bought, paid in zip(coins, money, strict=False):
            first, last = sorted((bought, paid), key=lambda entry: entry.line)
            yield first.skip(f"a part of the trade in line {last.line}")
            yield last.row(partial(_fill, zone, bought, paid))
        for alone in (*coins[len(money) :], *money[len(coins) :]):
            yield alone.row(_alone)


def _is_before_header(record: Record) -> bool:
    return plain(record.cells[0] if record.cells else "") != "id"


def _is_of_coin(record: Record) -> bool:
    """Whether the row is that of the coin of its market, not of what this is priced in."""
    return record.text("Symbol").partition("-")[0].casefold() == record.text("Balance Unit").casefold()


def _trade(record: Record) -> str:
    """What the rows of one trade have in common; "" for what is no trade of coins."""
    try:
        value = _value(record) if _is_of_coins(record) else None
    except Unreadable:
        return ""
    return "" if value is None else f"{record.text('Order id')}|{record.text('Time')}|{canonical(value)}"


def _is_of_coins(record: Record) -> bool:
    is_spot = record.text("Trade Type").casefold() in ("spot", "margin")
    return is_spot and record.text("Action").casefold() in ("buy", "sell")


def _value(record: Record) -> Decimal:
    """What the row's side of the trade is worth, in what the coin is priced in. Raises Unreadable."""
    amount = record.quantity("Amount")
    return product(amount, record.amount("Filled Price")) if _is_of_coin(record) else amount


def _is_complete(entries: Sequence[Record]) -> bool:
    return sum(map(_is_of_coin, entries)) * 2 == len(entries)


def _alone(_record: Record) -> Found:
    raise Unreadable(RowReason.NUMBER, "the other row of this trade is not in the file")


def _moment(zone: str, record: Record) -> Moment:
    moment = record.moment("Time")
    if not zone or moment.at.tzinfo is not None or moment.day_only:
        return moment
    return record.notation.moment(f"{record.text('Time')} {zone}")


def _fill(zone: str, bought: Record, paid: Record, last: Record) -> tuple[ReportedFill, ...]:
    """The fill by the row of the coin and that of its price; fees are below 0."""
    symbol, moment = bought.symbol("Symbol"), _moment(zone, bought)
    base, quote = market_of(symbol)
    fill = ReportedFill(
        symbol=symbol,
        instrument=coin(quote),
        side=bought.side("Action")[0],
        quantity=bought.quantity("Amount"),
        price=bought.amount("Filled Price"),
        at=moment.at,
        day_only=moment.day_only,
        order_id=bought.reference("Order id"),
        external_id=bought.reference("id"),
    )
    check_amount(last, fill, paid.number("Amount"), with_costs=False)
    in_coins, in_money = bought.taken("Fee"), paid.taken("Fee")
    fee, fee_coin = (in_coins, base) if in_coins and not in_money else (in_money, quote)
    return with_fee(last, fill, base, quote, fee, fee_coin)


def _move(zone: str, record: Record) -> Found:
    action = record.text("Action").casefold()
    if _is_of_coins(record):
        _value(record)
    if action.endswith((" long", " short")) or action in ("buy", "sell"):
        raise Unreadable(RowReason.SYMBOL, "how much of the coin a contract is, is not in the file")
    amount = record.number("Balance Change") or record.number("PnL")
    return cash_move(
        CashType.DEPOSIT if "transfer" in action else cash_type(action),
        amount,
        _moment(zone, record),
        currency=record.currency("Balance Unit", "Fee Unit"),
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        external_id=record.reference("id"),
        note=record.note("Action"),
    )


FORMAT = Format(
    id="okx",
    broker="OKX",
    kind=FormatKind.MIXED,
    columns=names("id,Order id,Time,Trade Type,Symbol,Action,Amount,Filled Price,Fee,Fee Unit,Balance Unit"),
    rows=rows,
    how_to_export="Assets > Order center > Download > Trading history",
    needs=(Need.TIME_ZONE,),
    date_order=DateOrder.YMD,
    newest_first=True,
    ragged=True,
    own_headers=True,
)

"""Binance: the history of all transactions. A trade is a row for each coin that came or went, and one for its fee.

All rows of a trade have one second; so have several fills of an order, which then are one. Deposits, rewards and the
like are one row each. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial

from handlers.imports.format import Format, Kind
from handlers.imports.formats._coins import coin, gathered, is_price_of, unit_price, with_fee
from handlers.imports.moves import cash, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Fill, Row, RowReason
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.cash import CashType
from handlers.journal.money import ZERO, total
from handlers.journal.positions import Side

_FEES = {"fee", "transaction fee"}
_TRADES = _FEES | frozenset(
    names(
        "buy,sell,transaction buy,transaction spend,transaction sold,transaction revenue,transaction related,"
        "binance convert,large otc trading,small assets exchange bnb"
    )
)
# What moves between the owner's own wallets at Binance.
_INNER = ("transfer", "subscription", "redemption", "purchase", "staking purchase")


def rows(records: Records) -> Iterator[Row]:
    """A row for each line; the last line of a trade has its fill."""
    for lines in gathered(records, _trade, lambda _: None):
        if not _trade(lines[0]):
            yield lines[0].row(_move)
            continue
        for line in lines[:-1]:
            yield line.skip(f"a part of the trade in line {lines[-1].line}")
        yield lines[-1].row(partial(_fill, lines))


def _trade(record: Record) -> str:
    is_part = record.text("Operation").casefold() in _TRADES
    return f"{record.text('UTC_Time')} {record.text('Account')}" if is_part else ""


def _fill(lines: Sequence[Record], last: Record) -> tuple[Fill, ...]:
    moved: dict[str, list[Decimal]] = {}
    fees: dict[str, list[Decimal]] = {}
    for line in lines:
        kept = fees if line.text("Operation").casefold() in _FEES else moved
        kept.setdefault(line.currency("Coin") or "", []).append(line.amount("Change"))
    amounts = {name: total(each) for name, each in moved.items()}
    if len(amounts) != 2 or not all(amounts.values()) or len(fees) > 1:
        raise Unreadable(RowReason.NUMBER, "the rows of this second are not the two coins of one trade")
    base, quote = amounts
    if is_price_of(base, quote):
        base, quote = quote, base
    moment, quantity = in_utc(last.moment("UTC_Time")), amounts[base]
    fill = Fill(
        symbol=f"{base}{quote}",
        instrument=coin(quote),
        side=Side.BUY if quantity > ZERO else Side.SELL,
        quantity=quantity.copy_abs(),
        price=unit_price(amounts[quote], quantity),
        at=moment.at,
        day_only=moment.day_only,
    )
    for fee_coin, paid in fees.items():
        return with_fee(last, fill, base, quote, total(paid).copy_negate(), fee_coin)
    return (fill,)


def _move(record: Record) -> Found:
    word = record.text("Operation").casefold()
    if any(part in word for part in _INNER):
        raise Skipped("a move between the owner's own wallets")
    kind = cash_type(word)
    if kind is CashType.ADJUSTMENT and ("reward" in word or "airdrop" in word or "distribution" in word):
        kind = CashType.INTEREST
    moment = in_utc(record.moment("UTC_Time"))
    return cash(kind, record.amount("Change"), moment, currency=record.currency("Coin"), note=record.note("Operation"))


FORMAT = Format(
    id="binance_transactions",
    broker="Binance",
    kind=Kind.MIXED,
    columns=("UTC_Time", "Account", "Operation", "Coin", "Change", "Remark"),
    rows=rows,
    how_to_export="Wallet > Transaction History > Export > All",
    date_order=DateOrder.YMD,
)

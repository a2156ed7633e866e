"""Kraken: the ledgers. A trade is two entries with one reference, one of each coin, and each may have a fee.

Deposits and withdrawals are entered twice, first without an id and a balance. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._coins import coin, gathered, is_price_of, unit_price, with_fee
from handlers.imports.formats.kraken import name_of
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, checked_symbol
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, in_utc
from handlers.journal.money import ZERO, minus
from handlers.journal.positions import Side

_TRADES = {"trade", "spend", "receive"}


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry; the later one of a trade has its fill."""
    for entries in gathered(records, _trade, lambda held: len(held) == 2):
        if _trade(entries[0]) == "":
            yield entries[0].row(_move)
            continue
        for entry in entries[:-1]:
            yield entry.skip(f"a part of the trade in line {entries[-1].line}")
        yield entries[-1].row(partial(_fill, entries))


def _trade(record: Record) -> str:
    return record.text("refid") if record.text("type").casefold() in _TRADES else ""


def _fill(entries: Sequence[Record], last: Record) -> tuple[ReportedFill, ...]:
    if len(entries) != 2:
        raise Unreadable(RowReason.NUMBER, "the other entry of the trade is not in the file")
    money, coins = entries
    if is_price_of(name_of(coins.text("asset")), name_of(money.text("asset"))):
        money, coins = coins, money
    base, quote = name_of(coins.text("asset")), name_of(money.text("asset"))
    moment = in_utc(last.moment("time"))
    quantity = coins.quantity("amount")
    fill = ReportedFill(
        symbol=checked_symbol(f"{base}/{quote}"),
        instrument=coin(quote),
        side=Side.BUY if coins.amount("amount") > ZERO else Side.SELL,
        quantity=quantity,
        price=unit_price(money.amount("amount"), quantity),
        at=moment.at,
        day_only=moment.day_only,
        external_id=last.reference("refid"),
    )
    in_coins, in_money = coins.number("fee") or ZERO, money.number("fee") or ZERO
    fee, fee_coin = (in_coins, base) if in_coins and not in_money else (in_money, quote)
    return with_fee(last, fill, base, quote, fee, fee_coin)


def _move(record: Record) -> Found:
    if not record.has("txid"):
        raise Skipped("announced, and entered again when it is booked")
    word = record.text("type").casefold()
    if word in ("transfer", "earn") and "reward" not in record.text("subtype").casefold():
        raise Skipped("a move between the account's own wallets")
    amount = minus(record.amount("amount"), record.paid("fee"))
    kind = cash_type("staking" if word == "earn" else word)
    moment = in_utc(record.moment("time"))
    currency = name_of(record.text("asset"))
    return cash_move(kind, amount, moment, currency=currency, external_id=record.reference("txid"))


FORMAT = Format(
    id="kraken_ledgers",
    broker="Kraken",
    family="kraken",
    kind=FormatKind.MIXED,
    columns=("txid", "refid", "time", "type", "asset", "amount", "fee", "balance"),
    rows=rows,
    how_to_export="Documents > New export > Ledgers, all columns, CSV",
    date_order=DateOrder.YMD,
)

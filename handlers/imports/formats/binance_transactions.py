"""Binance: the history of all transactions. A trade is a row for each coin that came or went, and one for its fee.

All rows of a trade have one second; so have several fills of an order, which then are one. The two rows of a purchase
with money, or of a sale for it, are some seconds apart. Deposits, rewards and the like are one row each. The names of
the columns are in the language of the account. Times are UTC, unless the column's name does not say so: then they are
in the zone that was chosen for the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from handlers.imports.format import Format, FormatKind
from handlers.imports.formats._coins import coin, gathered, is_price_of, unit_price, with_fee
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, Moment, in_utc
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
# Coins for money, and money for coins: two rows. The remark of one begins with that of the other.
_OF_MONEY = frozenset(
    names(
        "buy crypto with fiat,sell crypto to fiat,sell crypto with fiat,sell crypto for fiat,buy crypto with card,"
        "sell crypto with card,buy crypto,sell crypto"
    )
)
_APART = timedelta(seconds=30)
# So many first rows wait for their second ones.
_MOST_OPEN = 16
_UTC_TIME = "UTC_Time"
_TIME = (_UTC_TIME, "Time", "Tiempo", "時間")
_ACCOUNT = ("Account", "Cuenta", "アカウント")
_OPERATION = ("Operation", "Operación", "操作")
_COIN = ("Coin", "Moneda", "コイン")
_CHANGE = ("Change", "Cambio", "変更")
_REMARK = ("Remark", "Observación", "備考")
# What moves between the owner's own wallets at Binance.
_INNER = ("transfer", "subscription", "redemption", "purchase", "staking purchase")


def rows(records: Records) -> Iterator[Row]:
    """A row for each line; the last line of a trade has its fill."""
    for lines in gathered(records, _Trades().of, _is_complete):
        if len(lines) == 1 and _word(lines[0]) not in _TRADES:
            yield lines[0].row(_move)
            continue
        for line in lines[:-1]:
            yield line.skip(f"a part of the trade in line {lines[-1].line}")
        yield lines[-1].row(partial(_fill, lines))


@dataclass(frozen=True, slots=True)
class _Leg:
    """One of the two rows of a trade for money, and the name of the trade if it is the first of them."""

    name: str
    word: str
    at: datetime
    comes: bool
    remark: str

    def is_beside(self, other: _Leg) -> bool:
        """Whether both can be one trade."""
        if self.word != other.word or self.comes is other.comes or abs(self.at - other.at) > _APART:
            return False
        return self.remark.startswith(other.remark) or other.remark.startswith(self.remark)


class _Trades:
    """Names the trade that each row is a part of."""

    def __init__(self) -> None:
        self._open: deque[_Leg] = deque(maxlen=_MOST_OPEN)

    def of(self, record: Record) -> str:
        """The trade's name; "" for a row that is no part of one."""
        word = _word(record)
        if word in _OF_MONEY:
            return self._of_money(word, record)
        if word not in _TRADES:
            return ""
        # Small amounts of several coins are exchanged in one second; the remark tells them apart.
        told_apart = record.text(*_REMARK) if word.startswith("small assets") else ""
        return f"{record.text(*_TIME)} {record.text(*_ACCOUNT)} {told_apart}"

    def _of_money(self, word: str, record: Record) -> str:
        """One name for two rows: what came, and what went for it."""
        try:
            at, change = in_utc(record.moment(*_TIME)).at, record.amount(*_CHANGE)
        except Unreadable:
            return ""
        own = _Leg(f"{word} in line {record.line}", word, at, change > ZERO, record.text(*_REMARK))
        first = next((leg for leg in reversed(self._open) if own.is_beside(leg)), None)
        if first is None:
            self._open.append(own)
            return own.name
        self._open.remove(first)
        return first.name


def _is_complete(lines: Sequence[Record]) -> bool | None:
    """Whether a trade for money has its two rows; of other trades no row tells that it is the last."""
    return len(lines) == 2 if _word(lines[0]) in _OF_MONEY else None


def _word(record: Record) -> str:
    return record.text(*_OPERATION).casefold()


def _moment(record: Record) -> Moment:
    moment = record.moment(*_TIME)
    return in_utc(moment) if record.columns.has(_UTC_TIME) else moment


def _fill(lines: Sequence[Record], last: Record) -> tuple[ReportedFill, ...]:
    moved: dict[str, list[Decimal]] = {}
    fees: dict[str, list[Decimal]] = {}
    for line in lines:
        kept = fees if _word(line) in _FEES else moved
        kept.setdefault(line.currency(*_COIN) or "", []).append(line.amount(*_CHANGE))
    amounts = {name: total(each) for name, each in moved.items()}
    if len(amounts) != 2 or not all(amounts.values()) or len(fees) > 1:
        raise Unreadable(RowReason.NUMBER, "the rows of this second are not the two coins of one trade")
    base, quote = amounts
    if is_price_of(base, quote):
        base, quote = quote, base
    moment, quantity = _moment(last), amounts[base]
    fill = ReportedFill(
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
    word = _word(record)
    if any(part in word for part in _INNER):
        raise Skipped("a move between the owner's own wallets")
    kind = cash_type(word)
    if kind is CashType.ADJUSTMENT and ("reward" in word or "airdrop" in word or "distribution" in word):
        kind = CashType.INTEREST
    currency, note = record.currency(*_COIN), record.note(*_OPERATION)
    return cash_move(kind, record.amount(*_CHANGE), _moment(record), currency=currency, note=note)


FORMAT = Format(
    id="binance_transactions",
    broker="Binance",
    kind=FormatKind.MIXED,
    columns=tuple(map("|".join, (_TIME, _ACCOUNT, _OPERATION, _COIN, _CHANGE, _REMARK))),
    rows=rows,
    how_to_export="Wallet > Transaction History > Export > All; give the import the time zone chosen there",
    date_order=DateOrder.YMD,
    version=2,
)

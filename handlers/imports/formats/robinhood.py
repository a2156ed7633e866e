"""Robinhood: the account's activity. Days alone, the newest first; cells of several lines; a footer with a cell more.

Prices are rounded to cents and amounts are exact, so that the price of shares is worked out of the amount where the two
differ by half a cent at most. `1S` in the column of quantities leaves the account. A split's quantity is the shares
that were added. A new symbol, and a merger into other shares, are two rows of one day in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

from handlers.imports.checks import check_amount
from handlers.imports.days import Exchange, days, exchanges
from handlers.imports.format import Format, FormatKind
from handlers.imports.halves import Half
from handlers.imports.instruments import Named, option_in, stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, Skipped
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, ReportedFill, Row, RowReason
from handlers.imports.values import DateOrder, Moment, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, ExecutionKind, InstrumentKind
from handlers.journal.money import ZERO, minus, product, ratio
from handlers.journal.positions import Side

_FILLS = frozenset({"buy", "sell", "bto", "sto", "btc", "stc"})
_ENDS = {"oexp": ExecutionKind.EXPIRY, "oasgn": ExecutionKind.ASSIGNMENT, "oexcs": ExecutionKind.EXERCISE}
_SHARES = frozenset({"rec", "acats", "acati", "acato", "itrf", "sxch", "mrgs", "soff", "sdiv", "conv", "tran"})
# Two rows that exchange one symbol for another.
_EXCHANGES = frozenset({"sxch", "mrgs"})
_CASH = {
    "cdiv": CashType.DIVIDEND, "mdiv": CashType.DIVIDEND, "int": CashType.INTEREST, "slip": CashType.INTEREST,
    "mint": CashType.INTEREST, "gold": CashType.FEE, "gdbp": CashType.DEPOSIT, "afee": CashType.FEE,
    "dfee": CashType.FEE, "dtax": CashType.TAX, "ach": CashType.DEPOSIT, "rtp": CashType.DEPOSIT,
    "wire": CashType.DEPOSIT, "xent": CashType.TRANSFER, "misc": CashType.ADJUSTMENT, "futswp": CashType.ADJUSTMENT,
}  # fmt: skip  # a table, several to a line
_HALF_A_CENT = Decimal("0.0051")
# More than this for a contract is no fee.
_MOST_FEES = Decimal(2)


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry."""
    for day in days(records, "Activity Date"):
        read = partial(_row, exchanges(day, _half))
        yield from (record.row(read) for record in day)


def _half(record: Record) -> tuple[str, Half] | None:
    """The code and the units of a row that may be one of two."""
    code = record.text("Trans Code").casefold()
    if code not in _EXCHANGES or not record.has("Quantity"):
        return None
    units = minus(ZERO, _units(record)) if _leaves(record) else _units(record)
    return code, Half(record.symbol("Instrument"), units)


def _row(joined: Mapping[int, Exchange], record: Record) -> Found:
    code = record.text("Trans Code").casefold()
    if not code:
        raise Skipped("a footer")
    moment = record.moment("Activity Date")
    if (exchange := joined.get(record.line)) is not None:
        return _exchanged(exchange, code, moment, record)
    if code in _FILLS:
        return _fill(record, code, moment)
    quantity = record.text("Quantity")
    if code in _ENDS:
        return _without_price(record, _ENDS[code], None, moment)
    if code in ("spl", "spr") and quantity:
        symbol = record.symbol("Instrument")
        added = minus(ZERO, _units(record)) if _leaves(record) else _units(record)
        return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=True, added=added)
    if quantity and (code in _SHARES or not record.has("Amount")):
        kind, side = ExecutionKind.TRANSFER_IN, Side.BUY
        if _leaves(record):
            kind, side = ExecutionKind.TRANSFER_OUT, Side.SELL
        return _without_price(record, kind, side, moment)
    return cash_move(
        _CASH.get(code) or cash_type(record.text("Description")),
        record.number("Amount"),
        moment,
        currency="USD",
        symbol=record.symbol("Instrument") if record.has("Instrument") else None,
        note=record.note("Description"),
    )


def _exchanged(exchange: Exchange, code: str, moment: Moment, record: Record) -> Action:
    """The action of two rows: a new symbol for as many shares, or shares of another company."""
    exchange.check(record)
    new, old, at = exchange.come.units, exchange.out.units.copy_abs(), moment.at
    symbol, new_symbol = exchange.out.symbol, exchange.come.symbol
    if symbol == new_symbol and new == old:
        raise Skipped("an exchange that changes nothing of what is held")
    if symbol == new_symbol:
        return Action(type=ActionType.SPLIT, symbol=symbol, at=at, day_only=True, new=new, old=old)
    if code == "sxch" and new == old:
        return Action(type=ActionType.RENAME, symbol=symbol, at=at, day_only=True, new_symbol=new_symbol)
    kind = ActionType.MERGER_SHARES
    return Action(type=kind, symbol=symbol, at=at, day_only=True, new=new, old=old, new_symbol=new_symbol)


def _leaves(record: Record) -> bool:
    return record.text("Quantity").upper().endswith("S")


def _units(record: Record) -> Decimal:
    """The quantity, which can have an S behind it."""
    found = record.notation.number(record.text("Quantity").upper().removesuffix("S"))
    if not found:
        raise Unreadable(RowReason.NUMBER, "Quantity: there is no quantity")
    return found.copy_abs()


def _named(record: Record) -> Named:
    """An option stands in the description: `AAPL 1/19/2024 Call $150.00`, behind `Option Expiration for` if it ends."""
    text = record.text("Description").partition("\n")[0]
    named = option_in(text.rpartition(" for ")[2], "USD")
    return named or (record.symbol("Instrument"), stock("USD"))


def _fill(record: Record, code: str, moment: Moment) -> ReportedFill:
    symbol, instrument = _named(record)
    side, effect = side_and_effect(code)
    fill = ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=_units(record),
        price=record.amount("Price"),
        at=moment.at,
        day_only=True,
        position_effect=effect,
    )
    return check_amount(record, _exact(record, fill), record.number("Amount"))


def _exact(record: Record, fill: ReportedFill) -> ReportedFill:
    """The fill of a share with the price that its amount makes, unless the amount has costs in it."""
    amount = record.number("Amount")
    if amount is None or fill.quantity is None or fill.price is None or fill.instrument.kind is InstrumentKind.OPTION:
        return _with_costs(fill, amount)
    by_amount = ratio(amount.copy_abs(), fill.quantity)
    return replace(fill, price=by_amount) if minus(by_amount, fill.price).copy_abs() < _HALF_A_CENT else fill


def _with_costs(fill: ReportedFill, amount: Decimal | None) -> ReportedFill:
    """The fill of an option, whose amount is less its fees, which no column has."""
    if amount is None or fill.quantity is None or fill.price is None:
        return fill
    value = product(fill.quantity, fill.price, fill.instrument.multiplier)
    value = minus(ZERO, value) if fill.side is Side.BUY else value
    fees = minus(value, amount)
    return replace(fill, fees=fees) if ZERO < fees <= product(fill.quantity, _MOST_FEES) else fill


def _without_price(record: Record, kind: ExecutionKind, side: Side | None, moment: Moment) -> ReportedFill:
    symbol, instrument = _named(record)
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=_units(record),
        price=None,
        at=moment.at,
        day_only=True,
        kind=kind,
    )


FORMAT = Format(
    id="robinhood",
    broker="Robinhood",
    kind=FormatKind.MIXED,
    columns=names("Activity Date,Process Date,Settle Date,Instrument,Description,Trans Code,Quantity,Price,Amount"),
    rows=rows,
    how_to_export="Account > Reports and statements > Reports > Generate new report > Download CSV",
    date_order=DateOrder.MDY,
    newest_first=True,
    version=2,
)

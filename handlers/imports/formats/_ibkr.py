"""What the formats of Interactive Brokers share: instruments, fills and cash of a Flex report, corporate actions."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from handlers.imports.halves import Half, Halves
from handlers.imports.instruments import Named, future, option, option_in, stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.records import Found, Record, Skipped, checked_symbol
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, CashMove, ReportedFill, RowReason
from handlers.imports.values import Moment
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType, ExecutionKind, Instrument, InstrumentKind, Right
from handlers.journal.money import ZERO
from handlers.journal.positions import Side

_KINDS = {
    "stk": InstrumentKind.STOCK,
    "stocks": InstrumentKind.STOCK,
    "fund": InstrumentKind.FUND,
    "mutual funds": InstrumentKind.FUND,
    "opt": InstrumentKind.OPTION,
    "equity and index options": InstrumentKind.OPTION,
    "fut": InstrumentKind.FUTURE,
    "futures": InstrumentKind.FUTURE,
    "fop": InstrumentKind.FUTURE_OPTION,
    "fsfop": InstrumentKind.FUTURE_OPTION,
    "options on futures": InstrumentKind.FUTURE_OPTION,
    "cash": InstrumentKind.FOREX,
    "forex": InstrumentKind.FOREX,
    "cfd": InstrumentKind.CFD,
    "cfds": InstrumentKind.CFD,
    "crypto": InstrumentKind.CRYPTO,
    "cryptocurrencies": InstrumentKind.CRYPTO,
    "bond": InstrumentKind.BOND,
    "bonds": InstrumentKind.BOND,
}
# Codes of a fill that no order made.
ENDS = {"A": ExecutionKind.ASSIGNMENT, "Ex": ExecutionKind.EXERCISE, "Ep": ExecutionKind.EXPIRY}
_HUNDREDTH = Decimal("0.01")


def kind_of(category: str) -> InstrumentKind:
    """The kind of instrument by an asset class such as `STK` or `Stocks - Held with ...`."""
    return _KINDS.get(category.casefold().partition(" - ")[0].strip(), InstrumentKind.STOCK)


@lru_cache(maxsize=4096)
def named(symbol: str, kind: InstrumentKind, currency: str | None, multiplier: Decimal | None = None) -> Named:
    """The symbol and the instrument that a symbol and its kind name. Raises Unreadable."""
    found = option_in(symbol, currency) if kind in (InstrumentKind.OPTION, InstrumentKind.STOCK) else None
    if found is not None:
        return found[0], replace(found[1], multiplier=multiplier or found[1].multiplier)
    symbol = checked_symbol(symbol)
    if kind in (InstrumentKind.FUTURE, InstrumentKind.FUTURE_OPTION):
        return symbol, replace(future(symbol, currency, multiplier), kind=kind)
    # The price of a bond is a percentage of what is held.
    default = {InstrumentKind.OPTION: Decimal(100), InstrumentKind.BOND: _HUNDREDTH}.get(kind)
    instrument = stock(currency, kind)
    return symbol, replace(instrument, multiplier=multiplier or default or instrument.multiplier)


def flex_fill(record: Record) -> ReportedFill:
    """The fill of a row of the Flex report's trades. Raises Skipped for a conversion of currencies without a symbol."""
    if not record.has("Symbol", "ISIN", "Conid"):
        raise Skipped("a conversion of currencies")
    symbol, instrument = _flex_named(record)
    signed = record.amount("Quantity")
    if not signed:
        raise Unreadable(RowReason.NUMBER, "Quantity: the quantity is 0")
    word = record.text("Buy/Sell", "buySell")
    cancels = "(Ca" in word
    # A cancellation gives back what was traded: its quantity has the other sign.
    by_sign = Side.BUY if signed > ZERO else Side.SELL
    side = _side(word) if word and not cancels and signed > ZERO else by_sign
    moment = flex_moment(record)
    kind = next((ENDS[code] for code in re.split("[;, ]", record.text("Notes/Codes", "notes")) if code in ENDS), None)
    ends = kind is not None and instrument.kind in (InstrumentKind.OPTION, InstrumentKind.FUTURE_OPTION)
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=side,
        quantity=signed.copy_abs(),
        price=record.amount("TradePrice", "Price"),
        at=moment.at,
        day_only=moment.day_only,
        commission=record.taken("IBCommission", "Commission"),
        fees=record.taken("Taxes", "Tax"),
        fee_currency=_other_currency(record, instrument),
        kind=kind if ends and kind is not None and not record.number("TradePrice") else ExecutionKind.TRADE,
        order_id=record.reference("IBOrderID", "OrderID"),
        external_id=record.reference("IBExecID", "ExecID", "TradeID", "TransactionID"),
    )


def _side(word: str) -> Side:
    if word.casefold() not in ("buy", "sell"):
        raise Unreadable(RowReason.SIDE, f'"{word[:20]}" is neither BUY nor SELL')
    return Side.BUY if word.casefold() == "buy" else Side.SELL


def _other_currency(record: Record, instrument: Instrument) -> str | None:
    currency = record.currency("IBCommissionCurrency")
    return None if currency == instrument.currency else currency


def _flex_named(record: Record) -> Named:
    kind = kind_of(record.text("AssetClass", "assetCategory", "Asset Category"))
    currency = record.currency("CurrencyPrimary", "Currency")
    multiplier = record.number("Multiplier")
    expiry, strike = record.text("Expiry"), record.number("Strike")
    right = {"c": Right.CALL, "p": Right.PUT}.get(record.text("Put/Call", "putCall").casefold()[:1])
    root = record.text("UnderlyingSymbol")
    if kind is InstrumentKind.OPTION and expiry and strike is not None and right is not None and root:
        day = record.notation.moment(expiry).at.date()
        return option(root, day, strike, right, currency, multiplier=multiplier or Decimal(100))
    return named(record.text("Symbol", "ISIN", "Conid"), kind, currency, multiplier)


def flex_moment(record: Record) -> Moment:
    """When a row of a Flex report happened."""
    if record.has("DateTime", "Date/Time"):
        return record.moment("DateTime", "Date/Time")
    if record.has("TradeDate"):
        return record.at("TradeDate", "TradeTime")
    return record.moment("Date", "SettleDate", "ReportDate")


def flex_cash(record: Record) -> CashMove:
    """The money of a row of the Flex report's cash transactions."""
    kind = record.text("Type")
    return cash_move(
        cash_type(kind),
        record.amount("Amount"),
        flex_moment(record),
        currency=record.currency("CurrencyPrimary", "Currency"),
        symbol=record.symbol("Symbol") if record.has("Symbol") else None,
        external_id=record.reference("TransactionID"),
        note=record.note("Description"),
    )


def transfer(record: Record) -> ReportedFill | CashMove:
    """What a row of transfers moves into the account or out of it: money, or units, of which the cost is not known.

    Raises Skipped for a sum, and for a transfer of nothing.
    """
    direction = record.text("Direction").casefold()
    if direction not in ("in", "out"):
        raise Skipped("a sum")
    moment, external_id = flex_moment(record), record.reference("TransactionID")
    quantity = record.number("Quantity", "Qty")
    if not quantity or record.text("assetCategory", "AssetClass").casefold() == "cash":
        amount, currency = record.number("CashTransfer", "Cash Amount"), record.currency("CurrencyPrimary", "Currency")
        note = record.note("Description")
        return cash_move(CashType.DEPOSIT, amount, moment, currency=currency, external_id=external_id, note=note)
    symbol, instrument = _flex_named(record)
    comes = direction == "in"
    return ReportedFill(
        symbol=symbol,
        instrument=instrument,
        side=Side.BUY if comes else Side.SELL,
        quantity=quantity.copy_abs(),
        at=moment.at,
        day_only=moment.day_only,
        kind=ExecutionKind.TRANSFER_IN if comes else ExecutionKind.TRANSFER_OUT,
        external_id=external_id,
    )


_ACTION = re.compile(r"(?P<symbol>[^\s(]+)\s*\([^)]*\)\s*(?P<text>.*)", re.DOTALL)
_RATIO = re.compile(r"SPLIT (?P<new>[0-9.]+) FOR (?P<old>[0-9.]+)")
_PER_SHARE = re.compile(r"FOR [A-Z]{3} (?P<cash>[0-9.]+) PER SHARE")
_FOR = re.compile(r"(?P<new>[0-9.]+) FOR (?P<old>[0-9.]+)")
_OF_ROW = re.compile(r"\((?P<symbol>[^\s,()]+), [^()]*\)\s*$")


class Actions:
    """The corporate actions of a file. Some have a row for what goes out and one for what comes in."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._halves = Halves()

    def action(self, record: Record, moment: Moment) -> Found:
        """The action that a description such as `TSLA(US88160R1014) SPLIT 3 FOR 1 (...)` names.

        Raises Skipped for the other row of an action; Unreadable for one whose figures are not there.
        """
        found = _ACTION.match(record.text("ActionDescription", "Description"))
        if found is None:
            return _by_type(record, moment)
        symbol, text = found["symbol"].removesuffix(".OLD"), found["text"].upper()
        # Both rows of an action differ behind the last parenthesis alone, which names what the row is of.
        key = f"{symbol} {text.rpartition(' (')[0]} {moment.at.date()}"
        own = of_row["symbol"].removesuffix(".OLD") if (of_row := _OF_ROW.search(text)) else symbol
        action = _of_one_row(record, checked_symbol(symbol), checked_symbol(own), text, moment)
        if action is not None:
            if key in self._seen:
                raise Skipped("the other row of a corporate action")
            self._seen.add(key)
            return action
        out, come = self._halves.joined(key, Half(checked_symbol(own), record.amount("Quantity")))
        if out.symbol == come.symbol:
            raise Skipped("a corporate action that changes nothing of what is held")
        at, day_only = moment
        if "MERGED" not in text and "TENDERED" not in text:
            return Action(type=ActionType.RENAME, symbol=out.symbol, at=at, day_only=day_only, new_symbol=come.symbol)
        return Action(
            type=ActionType.MERGER_SHARES,
            symbol=out.symbol,
            at=at,
            day_only=day_only,
            new=come.units,
            old=out.units.copy_abs(),
            new_symbol=come.symbol,
        )


def _of_one_row(record: Record, symbol: str, own: str, text: str, moment: Moment) -> Action | None:
    """The action whose first row says all of it; None for one that needs its other row, too."""
    at, day_only = moment
    if found := _RATIO.search(text):
        new, old = Decimal(found["new"]), Decimal(found["old"])
        return Action(type=ActionType.SPLIT, symbol=symbol, at=at, day_only=day_only, new=new, old=old)
    if found := _PER_SHARE.search(text):
        each = Decimal(found["cash"])
        return Action(type=ActionType.MERGER_CASH, symbol=symbol, at=at, day_only=day_only, cash_per_share=each)
    if "STOCK DIVIDEND" in text:
        quantity = record.quantity("Quantity")
        return Action(type=ActionType.SHARE_DIVIDEND, symbol=symbol, at=at, day_only=day_only, quantity=quantity)
    if (found := _FOR.search(text)) and "SPINOFF" in text and own != symbol:
        # The share of the cost that the new shares take is not in the file: they come at none.
        new, old = Decimal(found["new"]), Decimal(found["old"])
        return Action(
            type=ActionType.SPINOFF,
            symbol=symbol,
            at=at,
            day_only=day_only,
            new=new,
            old=old,
            new_symbol=own,
            cost_share=ZERO,
        )
    return None


def _by_type(record: Record, moment: Moment) -> Action:
    """The action of a report without descriptions of actions: a split, of which the units are known that it adds."""
    if record.text("Type") not in ("FS", "RS") or not record.has("Symbol"):
        raise Skipped("a corporate action that is not described")
    added = record.amount("Quantity")
    return Action(
        type=ActionType.SPLIT, symbol=record.symbol("Symbol"), at=moment.at, day_only=moment.day_only, added=added
    )

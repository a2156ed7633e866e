"""Trading 212: the history of an account, in three sets of columns over the years.

Older files have the currency in a column's name (`Total (EUR)`), newer ones in a column of its own
(`Currency (Total)`). Fees are in the account's currency and are a part of Total; Result is not checked, as it
contradicts Total in real files. The exchange rate, where there is one, is what a unit of the account's currency costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, Kind, Need
from handlers.imports.halves import Half, Halves
from handlers.imports.instruments import stock
from handlers.imports.moves import cash, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records, each
from handlers.imports.rows import CashMove, Fill, Row, RowReason
from handlers.imports.values import Moment, in_utc, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.money import ONE, ZERO, minus, product, ratio, total

_COSTS = names(
    "currency conversion fee,transaction fee,finra fee,stamp duty,stamp duty reserve tax,"
    "french transaction tax,ptm levy"
)
_WITH_CURRENCY = re.compile(r"(?P<name>.+) \((?P<currency>[A-Z]{3})\)")
_TYPES = (
    ("currency conversion", CashType.CONVERSION),
    ("card debit", CashType.WITHDRAWAL),
    ("spending cashback", CashType.DEPOSIT),
    ("result adjustment", CashType.ADJUSTMENT),
)


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the history."""
    return each(records, partial(_row, Halves()))


def _row(halves: Halves, record: Record) -> Found:
    action = record.text("Action").casefold()
    is_utc = record.has("Time (UTC)")
    moment = in_utc(record.moment("Time (UTC)")) if is_utc else record.moment("Time")
    verb = action.rpartition(" ")[2]
    if verb in ("buy", "sell") and record.has("No. of shares"):
        return _fill(record, verb, moment)
    if "split" in action:
        symbol, quantity = record.symbol("Ticker"), record.quantity("No. of shares")
        units = quantity if "open" in action else minus(ZERO, quantity)
        return halves.split(f"{symbol}|{moment.at.isoformat()}", Half(symbol, units), moment)
    return _cash(record, action, moment)


def _cash(record: Record, action: str, moment: Moment) -> CashMove:
    amount, currency = _money(record, "Total")
    return cash(
        next((kind for word, kind in _TYPES if word in action), None) or cash_type(action),
        amount,
        moment,
        currency=currency,
        symbol=record.symbol("Ticker", "ISIN") if record.has("Ticker", "ISIN") else None,
        external_id=record.reference("ID"),
        note=record.note("Notes", "Action"),
    )


def _fill(record: Record, verb: str, moment: Moment) -> Fill:
    side, _ = side_and_effect(verb)
    currency = record.currency("Currency (Price / share)")
    costs, fee_currency = _costs(record)
    amount, amount_currency = _money(record, "Total")
    fill = Fill(
        symbol=record.symbol("Ticker", "ISIN"),
        instrument=stock(currency),
        side=side,
        quantity=record.quantity("No. of shares"),
        price=record.amount("Price / share"),
        at=moment.at,
        fees=costs,
        external_id=record.reference("ID"),
    )
    if currency == amount_currency:
        return check_amount(record, fill, amount)
    price = _price_of_account(fill, record.number("Exchange rate"), amount)
    if not costs or fee_currency == currency:
        return fill
    return replace(fill, fee_currency=fee_currency, fee_price=price if fee_currency == amount_currency else None)


def _price_of_account(fill: Fill, rate: Decimal | None, amount: Decimal | None) -> Decimal | None:
    """What a unit of the account's currency costs: the exchange rate, or in some files one through it."""
    if not rate or not amount or fill.quantity is None or fill.price is None:
        return None
    value = product(fill.quantity, fill.price)
    divided, multiplied = ratio(value, rate), product(value, rate)
    amount = amount.copy_abs()
    if minus(divided, amount).copy_abs() <= minus(multiplied, amount).copy_abs():
        return rate
    return ratio(ONE, rate)


def _costs(record: Record) -> tuple[Decimal, str | None]:
    """The costs, which are in one currency as a rule, and that currency. One of another currency is noticed."""
    paid: list[Decimal] = []
    currency: str | None = None
    for name in record.columns.names:
        bare = found["name"] if (found := _WITH_CURRENCY.fullmatch(name)) else name
        if bare.casefold() not in _COSTS or not (amount := record.number(name)):
            continue
        own = found["currency"] if found else record.currency(f"Currency ({name})")
        currency = currency or own
        if own == currency:
            paid.append(amount.copy_abs())
        else:
            record.notice(RowReason.UNPRICED_COST, f"{name} is in another currency than the other costs")
    return total(paid), currency


def _money(record: Record, name: str) -> tuple[Decimal | None, str | None]:
    """The amount of this name and its currency, from either set of columns."""
    if record.columns.has(name):
        return record.number(name), record.currency(f"Currency ({name})")
    for own in record.columns.names:
        if (found := _WITH_CURRENCY.fullmatch(own)) and found["name"] == name and record.has(own):
            return record.number(own), found["currency"]
    return None, None


FORMAT = Format(
    id="trading212",
    broker="Trading 212",
    kind=Kind.MIXED,
    columns=("Action", "Time|Time (UTC)", "ISIN", "Ticker", "No. of shares", "Price / share"),
    rows=rows,
    how_to_export="History > the export button > choose the years and all kinds of data > Export CSV",
    needs=(Need.TIME_ZONE,),
)

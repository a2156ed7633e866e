"""Trading 212: the history of an account, in three sets of columns over the years.

Older files have the currency in a column's name (`Total (EUR)`), newer ones in a column of its own
(`Currency (Total)`). Fees are in the account's currency and are a part of Total; Result is not checked, as it
contradicts Total in real files. The exchange rate, where there is one, is what a unit of the account's currency costs.
Some fees are in the share's currency: then all are told in it, by that rate. The two rows of a split can be some
milliseconds apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from itertools import chain, islice

from handlers.imports.checks import check_amount
from handlers.imports.days import Exchange, days, exchanges
from handlers.imports.format import Format, FormatKind, Need
from handlers.imports.halves import Half
from handlers.imports.instruments import stock
from handlers.imports.moves import cash_move, cash_type
from handlers.imports.names import names
from handlers.imports.records import Found, Record, Records
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import Action, CashMove, ReportedFill, Row, RowReason
from handlers.imports.values import Moment, in_utc, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType
from handlers.journal.money import MOST_DECIMALS, ONE, ZERO, minus, product, ratio, rounded, total

_COSTS = names(
    "currency conversion fee,transaction fee,finra fee,stamp duty,stamp duty reserve tax,"
    "french transaction tax,ptm levy"
)
# How many characters of a time are its day.
_DAY = 10
_WITH_CURRENCY = re.compile(r"(?P<name>.+) \((?P<currency>[A-Z]{3})\)")
_TYPES = (
    ("currency conversion", CashType.CONVERSION),
    ("card debit", CashType.WITHDRAWAL),
    ("spending cashback", CashType.DEPOSIT),
    ("result adjustment", CashType.ADJUSTMENT),
)


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the history."""
    for day in _days(records):
        read = partial(_row, exchanges(day, _half))
        yield from (record.row(read) for record in day)


def _days(records: Records) -> Iterator[list[Record]]:
    held = iter(records)
    first = list(islice(held, 1))
    column = "Time (UTC)" if any(record.columns.has("Time (UTC)") for record in first) else "Time"
    return days(chain(first, held), column, _DAY)


def _half(record: Record) -> tuple[str, Half] | None:
    """The symbol and the units of a row of a split."""
    action = record.text("Action").casefold()
    if "split" not in action:
        return None
    symbol, units = record.symbol("Ticker"), record.quantity("No. of shares")
    return symbol, Half(symbol, units if "open" in action else minus(ZERO, units))


def _row(splits: Mapping[int, Exchange], record: Record) -> Found:
    action = record.text("Action").casefold()
    is_utc = record.has("Time (UTC)")
    moment = in_utc(record.moment("Time (UTC)")) if is_utc else record.moment("Time")
    verb = action.rpartition(" ")[2]
    if verb in ("buy", "sell") and record.has("No. of shares"):
        return _fill(record, verb, moment)
    if "split" in action:
        return _split(splits.get(record.line), record, moment)
    return _cash(record, action, moment)


def _split(split: Exchange | None, record: Record, moment: Moment) -> Action:
    if split is None:
        raise Unreadable(RowReason.NUMBER, "the other row of this split is not in the file")
    split.check(record)
    new, old, symbol = split.come.units, split.out.units.copy_abs(), split.come.symbol
    return Action(type=ActionType.SPLIT, symbol=symbol, at=moment.at, day_only=moment.day_only, new=new, old=old)


def _cash(record: Record, action: str, moment: Moment) -> CashMove:
    amount, currency = _money(record, "Total")
    return cash_move(
        next((kind for word, kind in _TYPES if word in action), None) or cash_type(action),
        amount,
        moment,
        currency=currency,
        symbol=record.symbol("Ticker", "ISIN") if record.has("Ticker", "ISIN") else None,
        external_id=record.reference("ID"),
        note=record.note("Notes", "Action"),
    )


def _fill(record: Record, verb: str, moment: Moment) -> ReportedFill:
    side, _ = side_and_effect(verb)
    currency = record.currency("Currency (Price / share)")
    amount, amount_currency = _money(record, "Total")
    fill = ReportedFill(
        symbol=record.symbol("Ticker", "ISIN"),
        instrument=stock(currency),
        side=side,
        quantity=record.quantity("No. of shares"),
        price=record.amount("Price / share"),
        at=moment.at,
        external_id=record.reference("ID"),
    )
    price = None
    if currency != amount_currency:
        price = _price_of_account(fill, record.number("Exchange rate"), amount)
    fees, fee_currency = _fees(record, currency, amount_currency, price)
    if currency == amount_currency:
        with_costs = None if record.columns.has("Gross Total") else True
        return check_amount(record, replace(fill, fees=fees), amount, with_costs=with_costs)
    if fee_currency in (None, currency):
        return replace(fill, fees=fees)
    fee_price = price if fee_currency == amount_currency else None
    return replace(fill, fees=fees, fee_currency=fee_currency, fee_price=fee_price)


def _price_of_account(fill: ReportedFill, rate: Decimal | None, amount: Decimal | None) -> Decimal | None:
    """What a unit of the account's currency costs: the exchange rate, or in some files one through it."""
    if not rate or not amount or fill.quantity is None or fill.price is None:
        return None
    value = product(fill.quantity, fill.price)
    divided, multiplied = ratio(value, rate), product(value, rate)
    amount = amount.copy_abs()
    if minus(divided, amount).copy_abs() <= minus(multiplied, amount).copy_abs():
        return rate
    return ratio(ONE, rate)


def _fees(
    record: Record, currency: str | None, account: str | None, price: Decimal | None
) -> tuple[Decimal, str | None]:
    """What the row's costs make together, and their currency: their own if they have one, else the share's.

    price: what a unit of the account's currency costs in the share's. A cost that has no price is noticed.
    """
    costs = _costs(record)
    if len({own for _, own, _ in costs}) <= 1:
        return total(amount for _, _, amount in costs), costs[0][1] if costs else None
    paid: list[Decimal] = []
    for name, own, amount in costs:
        if own == currency:
            paid.append(amount)
        elif own == account and price is not None:
            paid.append(rounded(product(amount, price), MOST_DECIMALS))
        else:
            record.notice(RowReason.UNPRICED_COST, f"{name} is in another currency than the other costs")
    return total(paid), currency


def _costs(record: Record) -> list[tuple[str, str | None, Decimal]]:
    """The costs that the row has, each with its column and its currency."""
    costs: list[tuple[str, str | None, Decimal]] = []
    for name in record.columns.names:
        bare = found["name"] if (found := _WITH_CURRENCY.fullmatch(name)) else name
        if bare.casefold() in _COSTS and (amount := record.number(name)):
            own = found["currency"] if found else record.currency(f"Currency ({name})")
            costs.append((name, own, amount.copy_abs()))
    return costs


def _money(record: Record, name: str) -> tuple[Decimal | None, str | None]:
    """The amount of this name and its currency, from any set of columns; in one of them it is `Gross Total`."""
    if record.columns.has(name):
        return record.number(name), record.currency(f"Currency ({name})")
    for own in record.columns.names:
        if (found := _WITH_CURRENCY.fullmatch(own)) and found["name"] == name and record.has(own):
            return record.number(own), found["currency"]
    gross = f"Gross {name}"
    return record.number(gross), record.currency(f"Currency ({gross})")


FORMAT = Format(
    id="trading212",
    broker="Trading 212",
    kind=FormatKind.MIXED,
    columns=("Action", "Time|Time (UTC)", "ISIN", "Ticker", "No. of shares", "Price / share"),
    rows=rows,
    how_to_export="History > the export button > choose the years and all kinds of data > Export CSV",
    needs=(Need.TIME_ZONE,),
    version=3,
)

"""Trading 212: the history of an account, in three sets of columns over the years.

Older files have the currency in a column's name (`Total (EUR)`), newer ones in a column of its own
(`Currency (Total)`). Fees are in the account's currency and are a part of Total; Result is not checked, as it
contradicts Total in real files. The exchange rate, where there is one, is what a unit of the account's currency costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from handlers.imports.checks import check_amount
from handlers.imports.format import Format, Kind, Need
from handlers.imports.instruments import stock
from handlers.imports.moves import cash, cash_type
from handlers.imports.records import Found, Record, Records, Skipped, each
from handlers.imports.rows import Action, CashMove, Fill, Row, RowReason
from handlers.imports.values import DateOrder, Moment, side_and_effect
from handlers.journal.cash import CashType
from handlers.journal.executions import ActionType
from handlers.journal.money import ONE, total

_COSTS = ("currency conversion fee", "transaction fee", "finra fee", "stamp duty", "stamp duty reserve tax",
          "french transaction tax", "ptm levy")  # fmt: skip  # names, several to a line
_WITH_CURRENCY = re.compile(r"(?P<name>.+) \((?P<currency>[A-Z]{3})\)")
_TYPES = (("currency conversion", CashType.CONVERSION), ("card debit", CashType.WITHDRAWAL),
          ("spending cashback", CashType.DEPOSIT), ("result adjustment", CashType.ADJUSTMENT))  # fmt: skip


def rows(records: Records) -> Iterator[Row]:
    """A row for each entry of the history."""
    return each(records, _row)


def _row(record: Record) -> Found:
    action = record.text("Action").casefold()
    moment = record.moment("Time", "Time (UTC)")
    verb = action.rpartition(" ")[2]
    if verb in ("buy", "sell") and record.has("No. of shares"):
        return _fill(record, verb, moment)
    if "split" in action:
        if "close" in action:
            raise Skipped("the part of a split that leaves")
        quantity = record.amount("No. of shares")
        return Action(type=ActionType.SPLIT, symbol=record.symbol("Ticker"), at=moment.at, added=quantity)
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
    rate = record.number("Exchange rate")
    fill = Fill(
        symbol=record.symbol("Ticker", "ISIN"),
        instrument=stock(currency),
        side=side,
        quantity=record.quantity("No. of shares"),
        price=record.amount("Price / share"),
        at=moment.at,
        fees=costs,
        fee_currency=None if fee_currency == currency else fee_currency,
        fee_price=rate if rate and fee_currency not in (None, currency) and fee_currency == amount_currency else None,
        external_id=record.reference("ID"),
    )
    return check_amount(record, fill, amount if currency == amount_currency and rate in (None, ONE) else None)


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
    date_order=DateOrder.DMY,
)

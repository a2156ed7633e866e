"""What the symbols in brokers' files stand for: options in the notations of brokers, futures, pairs of currencies.

An option has one symbol whatever its notation: `AAPL 240119C00150000` is that of the Options Clearing Corporation with
one blank behind the root, so that files of several formats name one option alike.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from handlers.imports.records import checked_symbol
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import RowReason
from handlers.imports.values import Notation
from handlers.journal.executions import Instrument, InstrumentKind, Right
from handlers.journal.money import ONE, canonical, product
from handlers.journal.point_values import PointValue, point_value

# Symbols repeat in a file, so what they stand for is kept.
_KEPT = 4096
_HUNDREDTH, _HUNDRED, _THOUSAND = Decimal("0.01"), Decimal(100), Decimal(1000)
Named = tuple[str, Instrument]

_OCC = re.compile(r"(?P<root>[A-Z][A-Z0-9.]{0,5})\s*(?P<day>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{8})")
# -MU260619C150, .SPY241231P580.5
_PLAIN_STRIKE = re.compile(
    r"[-.]?(?P<root>[A-Z.]+)(?P<day>[0-9]{6})(?P<right>[CP])(?P<strike>[0-9]{1,9}(?:\.[0-9]{1,9})?)"
)
# AAPL 19JAN24 150 C; AAPL 01/19/2024 150.00 C; AAPL 1/19/2024 Call $150.00; AAPL 19 JAN 24 150 CALL
_DAY = r"(?P<day>[0-9]{1,2}[ ]?[A-Z]{3}[ ]?'?[0-9]{2,4}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2})"
_STRIKE, _RIGHT = r"\$?(?P<strike>[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)", r"(?P<right>C|P|CALL|PUT)"
_WORDS = tuple(
    re.compile(rf"(?P<root>[A-Z][A-Z0-9./]{{0,9}})\s+{_DAY}\s+{ending}")
    for ending in (rf"{_STRIKE}\s*{_RIGHT}", rf"{_RIGHT}\s*{_STRIKE}")
)
_CUSIP = re.compile("[0-9]{3}[0-9A-Z]{5}[0-9]")
_AMERICAN = Notation()
# ES 12-25, MNQ MAR24, MES 17DEC21
_MONTH_OF_CONTRACT = re.compile(r"(?P<root>[A-Z0-9]+) (?:[0-9]{2}-[0-9]{2}|(?:[0-9]{1,2})?[A-Z]{3}[0-9]{2})")


def stock(currency: str | None = None, kind: InstrumentKind = InstrumentKind.STOCK) -> Instrument:
    """A share, or another instrument of which one unit makes 1 when its price moves by 1."""
    return Instrument(kind=kind, currency=currency)


def option(
    root: str,
    expiry: date,
    strike: Decimal,
    right: Right,
    currency: str | None = None,
    *,
    multiplier: Decimal = _HUNDRED,
) -> Named:
    """An option's symbol and instrument."""
    mills = canonical(product(strike, _THOUSAND))
    if "." in mills or len(mills) > 8:
        symbol = f"{root} {expiry:%y%m%d}{right[0]}{canonical(strike)}"
    else:
        symbol = f"{root} {expiry:%y%m%d}{right[0]}{mills:0>8}"
    instrument = Instrument(
        kind=InstrumentKind.OPTION,
        multiplier=multiplier,
        currency=currency,
        underlying=root,
        expiry=expiry,
        strike=strike,
        right=right,
    )
    return checked_symbol(symbol), instrument


@lru_cache(maxsize=_KEPT)
def option_in(text: str, currency: str | None = None, *, multiplier: Decimal = _HUNDRED) -> Named | None:
    """The option that a text such as `AAPL 01/19/2024 150.00 C` names; None for any other text."""
    name = " ".join(text.upper().split()).removeprefix(".").removeprefix("-")
    found = _OCC.fullmatch(name)
    if found is not None:
        strike = Decimal(found["strike"]) / _THOUSAND
        expiry = _AMERICAN.moment(f"20{found['day']}").at.date()
    else:
        found = next((match for pattern in _WORDS if (match := pattern.fullmatch(name))), None)
        if found is None:
            return None
        strike = Decimal(found["strike"].replace(",", ""))
        expiry = _AMERICAN.moment(found["day"].replace("'", " ")).at.date()
    right = Right.CALL if found["right"].startswith("C") else Right.PUT
    return option(found["root"], expiry, strike, right, currency, multiplier=multiplier)


@lru_cache(maxsize=_KEPT)
def option_of_plain_strike(text: str, currency: str | None = None) -> Named | None:
    """The option that a text such as `-MU260619C150` names, whose strike is a plain number; None for any other text."""
    found = _PLAIN_STRIKE.fullmatch(text)
    if found is None:
        return None
    expiry = _AMERICAN.moment(f"20{found['day']}").at.date()
    right = Right.CALL if found["right"] == "C" else Right.PUT
    return option(found["root"], expiry, Decimal(found["strike"]), right, currency)


@lru_cache(maxsize=_KEPT)
def share_or_option(text: str, currency: str | None = None) -> Named:
    """The option that the text names, else the share of this symbol. Raises Unreadable for what is no symbol."""
    return option_in(text, currency) or (checked_symbol(text), stock(currency))


def bond_of_cusip(symbol: str, currency: str | None = None) -> Instrument | None:
    """A bond, which has a CUSIP in place of a ticker, and whose price is a percentage; None for another symbol."""
    if not _CUSIP.fullmatch(symbol):
        return None
    return Instrument(kind=InstrumentKind.BOND, multiplier=_HUNDREDTH, currency=currency)


@lru_cache(maxsize=_KEPT)
def future(symbol: str, currency: str | None = None, multiplier: Decimal | None = None) -> Instrument:
    """A future. Without a multiplier it is the point value of its root; Unreadable is raised if none is known."""
    known = _point_value(symbol)
    if multiplier is None and known is None:
        raise Unreadable(RowReason.SYMBOL, f"the money for one point of {symbol} is not known")
    return Instrument(
        kind=InstrumentKind.FUTURE,
        multiplier=multiplier or (known.value if known else ONE),
        currency=currency or (known.currency if known else None),
    )


def future_or_other(symbol: str, currency: str | None = None) -> Instrument:
    """The future of this symbol if its point value is known or a month stands in it; else another instrument.

    Raises Unreadable for a future of an unknown point value.
    """
    if _point_value(symbol) is not None or _MONTH_OF_CONTRACT.fullmatch(symbol.upper()):
        return future(symbol, currency)
    return stock(currency, InstrumentKind.OTHER)


def _point_value(symbol: str) -> PointValue | None:
    found = _MONTH_OF_CONTRACT.fullmatch(symbol.upper())
    return point_value(found["root"] if found else symbol)

"""What a lot, or another unit of trade, makes when its price moves by 1, where a file does not say it."""

from __future__ import annotations

import re
from decimal import Decimal

from handlers.imports.checks import gross_of
from handlers.imports.instruments import Named, future, share_or_option
from handlers.imports.names import names
from handlers.imports.records import checked_symbol
from handlers.journal.executions import Instrument, InstrumentKind
from handlers.journal.money import MOST_DECIMALS, ONE, ZERO, canonical, has_few_digits, minus, product, ratio
from handlers.journal.point_values import point_value
from handlers.journal.positions import Side

_CURRENCIES = frozenset(
    names("AUD,BRL,CAD,CHF,CNH,CZK,DKK,EUR,GBP,HKD,HUF,ILS,JPY,MXN,NOK,NZD,PLN,RUB,SEK,SGD,THB,TRY,USD,ZAR")
)
# A lot by the convention of the platforms: units of the first currency of a pair, and ounces of a metal.
_LOT = Decimal(100_000)
_METALS = {"XAU": Decimal(100), "XAG": Decimal(5_000), "XPT": Decimal(100), "XPD": Decimal(100)}
# The sizes of other contracts, the commonest first.
_SIZES = tuple(map(Decimal, (1, 10, 100, 1_000, 5_000, 10_000, 100_000)))
_FUTURE = re.compile("/?[A-Z0-9]{1,4}[FGHJKMNQUVXZ](?:[0-9]{1,2}|20[0-9]{2})|/?[A-Z0-9]{1,4}[12]!")
_NO_LETTER = re.compile("[^A-Z]")
# By so much a profit that is shown in cents may differ from the exact one.
_HALF_A_CENT = Decimal("0.005")


def instrument_of(text: str, currency: str | None = None) -> Named:
    """What a symbol stands for that a platform of stocks, options and futures shows without saying which it is.

    A future is known by its month (`ESZ5`, `MESH26`) and its root. Raises Unreadable for what is no symbol.
    """
    if _FUTURE.fullmatch(text.upper()) and point_value(text) is not None:
        symbol = checked_symbol(text)
        return symbol, future(symbol, currency)
    return share_or_option(text, currency)


def lot_of(symbol: str) -> Instrument | None:
    """A lot of the pair of currencies, or of the metal, that a symbol such as `EURUSD.m` or `XAU/USD` begins with."""
    base, quote = currencies_of(symbol)
    if not base:
        return None
    kind = InstrumentKind.CFD if base in _METALS else InstrumentKind.FOREX
    return Instrument(kind=kind, multiplier=_METALS.get(base, _LOT), currency=quote)


def currencies_of(symbol: str) -> tuple[str, str]:
    """The two currencies of a pair, of which the first may be a metal; two blanks for another symbol."""
    letters = _NO_LETTER.sub("", symbol.upper())
    base, quote = letters[:3], letters[3:6]
    return (base, quote) if quote in _CURRENCIES and (base in _CURRENCIES or base in _METALS) else ("", "")


def contract_by_profit(
    symbol: str, side: Side, quantity: Decimal, entry: Decimal, exit_: Decimal, profit: Decimal | None
) -> Instrument:
    """The instrument of a trade whose profit before costs the file shows in the account's currency.

    The multiplier is the size of a lot if that makes the profit. Else the contract is of another size, or the price is
    in another currency than the profit: the multiplier follows from the profit, so that the trade makes it exactly. A
    profit that the prices contradict is left for the check of profits to find.
    """
    lot = lot_of(symbol) or Instrument(kind=InstrumentKind.CFD)
    usual = Instrument(kind=lot.kind, multiplier=lot.multiplier)
    points = gross_of(side, quantity, entry, exit_, ONE)
    if not profit or not points or (points > ZERO) is not (profit > ZERO):
        return usual
    for size in (usual.multiplier, *_SIZES):
        if minus(product(points, size), profit).copy_abs() <= _HALF_A_CENT:
            return Instrument(kind=usual.kind, multiplier=size)
    made = ratio(profit, points, MOST_DECIMALS)
    return Instrument(kind=usual.kind, multiplier=Decimal(canonical(made))) if made and has_few_digits(made) else usual

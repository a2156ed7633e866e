"""What the exchanges of coins have in common: times in UTC, markets of two coins, and trades told in several rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from handlers.imports.names import names
from handlers.imports.records import Record
from handlers.imports.refusals import Unreadable
from handlers.imports.rows import ReportedFill, RowReason
from handlers.imports.values import shown
from handlers.journal.executions import ExecutionKind, Instrument, InstrumentKind, PositionEffect
from handlers.journal.money import MOST_DECIMALS, MOST_DIGITS, ZERO, has_few_digits, ratio
from handlers.journal.positions import Side

_FIAT = names("USD,EUR,GBP,CHF,JPY,CAD,AUD,NZD,TRY,BRL,PLN,RUB,UAH,NGN,ZAR,MXN,ARS,SEK,NOK,DKK,CZK,RON")
_STABLE = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "PYUSD", "USDG", "USDS", "DAI", "EURT", "EURC", "EURI")
# What coins are priced in, the likelier first: between two coins, the one that comes first here is the price's.
_QUOTES = (*_FIAT, *_STABLE, "BTC", "XBT", "ETH", "BNB", "SOL", "TRX", "XRP", "DOGE", "DOT", "VAI", "PAX", "UST")
_EFFECTS = {"open": PositionEffect.OPEN, "close": PositionEffect.CLOSE}
_LONGEST_FIRST = sorted(_QUOTES, key=lambda quote: (-len(quote), quote))


def coin(quote: str | None) -> Instrument:
    """A coin that is priced in another one, or in a currency."""
    return Instrument(kind=InstrumentKind.CRYPTO, currency=quote)


def market_of(pair: str) -> tuple[str, str]:
    """The coin and what it is priced in, of a market such as `SOLBUSD`, `ETH/BTC` or `XLM-EUR`. Raises Unreadable."""
    name = pair.strip().upper()
    for mark in "/-_":
        base, found, quote = name.partition(mark)
        if found and base and quote:
            return base, quote
    quote = next((quote for quote in _LONGEST_FIRST if name.endswith(quote)), "")
    if not quote or not name.removesuffix(quote).isalnum():
        raise Unreadable(RowReason.SYMBOL, f"{shown(pair)} is no market of two known coins")
    return name.removesuffix(quote), quote


def quote_of_contract(symbol: str) -> str:
    """What a perpetual contract is priced in, and its profit is in.

    Raises Unreadable for one that is counted in dollars and pays in its coin, whose trades are no product of prices.
    """
    quote = market_of(symbol)[1]
    if quote in _FIAT:
        raise Unreadable(RowReason.SYMBOL, f"{shown(symbol)} is counted in {quote} and pays in its coin")
    return quote


def is_price_of(coin_: str, other: str) -> bool:
    """Whether, of two coins, the first is the one in which the other is priced."""
    ranks = [_QUOTES.index(name) if name in _QUOTES else len(_QUOTES) for name in (coin_, other)]
    return ranks[0] < ranks[1]


def side_of_position(record: Record, column: str) -> tuple[Side, PositionEffect]:
    """The side of a word such as `Close Short`, which is a purchase, or `Buy`; and whether it opens or closes.

    Raises Unreadable for another word.
    """
    verb, _, position = record.text(column).casefold().partition(" ")
    if verb not in _EFFECTS or position not in ("long", "short"):
        return record.side(column)
    effect = _EFFECTS[verb]
    opens_long = (effect is PositionEffect.OPEN) is (position == "long")
    return Side.BUY if opens_long else Side.SELL, effect


def unit_price(money: Decimal, quantity: Decimal) -> Decimal:
    """The price of a unit, at 18 decimals: of a price without end the quantity makes the money again.

    Raises Unreadable for a price of too many digits.
    """
    price = ratio(money.copy_abs(), quantity.copy_abs(), MOST_DECIMALS)
    if not has_few_digits(price):
        raise Unreadable(RowReason.NUMBER, f"the price of a unit has more than {MOST_DIGITS} digits")
    return price


def with_fee(
    record: Record, fill: ReportedFill, base: str, quote: str, fee: Decimal, fee_coin: str
) -> tuple[ReportedFill, ...]:
    """The fill with its fee. One in the coin that was bought is a fill of its own, which gives that much of it away.

    Of one in a third coin the price is not known; the row is warned of it.
    """
    if not fee or fee_coin == quote:
        return (replace(fill, fees=fee),)
    if fee_coin != base:
        record.notice(RowReason.UNPRICED_COST, f"the fee is in {fee_coin}, which has no price here")
        return (replace(fill, fees=fee, fee_currency=fee_coin),)
    if fill.side is Side.SELL or fee < ZERO:
        # What is sold may be all that is held, so that its fee cannot be taken from it.
        return (replace(fill, fees=fee, fee_currency=base, fee_price=fill.price),)
    given = replace(fill, kind=ExecutionKind.FEE_IN_KIND, side=Side.SELL, quantity=fee, price=None)
    return fill, replace(given, external_id=fill.external_id and f"{fill.external_id}/fee")


def gathered(
    records: Iterable[Record], key: Callable[[Record], str], complete: Callable[[Sequence[Record]], bool | None]
) -> Iterator[list[Record]]:
    """The records of each trade, by its key; records without a key come alone.

    The rows of a trade may stand apart. complete: True when nothing more belongs to these records; None when a row of
    costs may, which then follows at once.
    """
    waiting: dict[str, list[Record]] = {}
    last = ""
    for record in records:
        name = key(record)
        if last != name and last in waiting and complete(waiting[last]) is not False:
            yield waiting.pop(last)
        last = name
        if not name or record.fault is not None or record.skipped is not None:
            yield [record]
            continue
        held = waiting.setdefault(name, [])
        held.append(record)
        if complete(held):
            yield waiting.pop(name)
    yield from waiting.values()

"""What a flat trade earned in another currency: as the trade counts, and as the cash that moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.journal import money
from handlers.journal.money import ONE, ZERO
from handlers.journal.rates import Rates
from handlers.journal.trade import Close, Entry, Side, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class InBase:
    """The result of a flat trade in the base currency.

    `net_pnl` is its net P&L at `rate`, that of the day of its last close. `net_cash` is what came in less what went
    out, each at the rate of its own day; `fx_effect` is what the currency itself brought: net_cash - net_pnl. Both are
    None when the day of an entry, a close or an event has no rate.
    """

    currency: str
    rate: Decimal
    net_pnl: Decimal
    net_cash: Decimal | None = None
    fx_effect: Decimal | None = None


def in_base(trade: Trade, currency: str, base: str, rates: Rates) -> InBase | None:
    """The flat trade, whose money is in `currency`, in the base currency; None without a rate, or if it is not flat."""
    if trade.net_pnl is None:
        return None
    rate = rates.on(trade.closes[-1].day, currency, base)
    if rate is None:
        return None
    net = rate.of(trade.net_pnl)
    parts = []
    for day, amount in _cash(trade):
        of_day = rates.on(day, currency, base)
        if of_day is None:
            return InBase(currency=base, rate=rate.shown, net_pnl=net)
        parts.append(of_day.of(amount))
    cash = money.total(parts)
    return InBase(currency=base, rate=rate.shown, net_pnl=net, net_cash=cash, fx_effect=money.minus(cash, net))


def _cash(trade: Trade) -> Iterator[tuple[date, Decimal]]:
    """What came in (above 0) and went out, with its day."""
    sign = ONE if trade.side is Side.BUY else -ONE
    for entry in trade.entered:
        if entry.price is not None:
            paid = _worth(sign, entry, trade.multiplier)
            yield entry.entered_at.date(), money.minus(ZERO, paid, entry.commission, entry.fees)
    for close in trade.closes:
        brought = _worth(sign, close, trade.multiplier)
        yield close.day, money.minus(brought, close.costs)
    received = {each.split_id: each for each in trade.trip.received} if trade.splits else {}
    for split in trade.splits:
        if split.split_id in received:  # the rest of it is an event
            cash = received[split.split_id]
            yield split.at.date(), money.minus(cash.amount, cash.beyond)
        if split.money is not None:
            moved = money.product(sign, split.money)
            yield split.at.date(), money.total((moved, split.commission or ZERO, split.fees or ZERO))
    for event in trade.events:
        yield event.day, event.amount


def _worth(sign: Decimal, of: Entry | Close, multiplier: Decimal) -> Decimal:
    if of.money is not None:
        return money.product(sign, of.money)
    return money.product(sign, of.quantity, of.price or ZERO, multiplier)

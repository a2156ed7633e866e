"""A flat trade in another currency: its results by the rates of its days, and the cash that moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from handlers.journal.in_base import InBase, in_base
from handlers.journal.rates import DayRate, Rates
from handlers.journal.trade import Entry, EventType, Side, TradeEvent, TradeSplit, with_entries
from tests.unit.journal.journals import a_trade

D = Decimal
TRADE = str(UUID(int=1))
ENTERED, CLOSED = datetime(2026, 1, 5, 10, tzinfo=UTC), datetime(2026, 1, 7, 10, tzinfo=UTC)


def euros(**by_day: str) -> Rates:
    """What a dollar is in euros, by the day of January 2026."""
    return Rates(DayRate("USD", "EUR", date(2026, 1, int(day[1:])), D(rate)) for day, rate in by_day.items())


def shown(rates: Rates, *closes: tuple[datetime, str, str], **given: Any) -> InBase | None:
    """A trade in dollars, entered at 1000, in euros."""
    return in_base(a_trade(TRADE, closes, **{"open_date": ENTERED, **given}), "USD", "EUR", rates)


def test_cash_is_at_the_rate_of_its_own_day_and_the_result_at_that_of_the_last_close() -> None:
    # Bought for 1000 + 1 + 2, at 0.9: -902.7. Sold for 1100, at 0.8: 880. The result: 97 at 0.8.
    assert shown(euros(d5="0.9", d7="0.8"), (CLOSED, "1", "100"), commission=D(1), fees=D(2)) == InBase(
        currency="EUR", rate=D("0.8"), net_pnl=D("77.6"), net_cash=D("-22.7"), fx_effect=D("-100.3")
    )


def test_a_short_sale_brings_its_cash_first() -> None:
    # Sold for 1000 - 1, at 0.9: 899.1. Bought back for 1100, at 0.8: -880. The result: -101 at 0.8.
    assert shown(euros(d5="0.9", d7="0.8"), (CLOSED, "1", "100"), side=Side.SELL, commission=D(1)) == InBase(
        currency="EUR", rate=D("0.8"), net_pnl=D("-80.8"), net_cash=D("19.1"), fx_effect=D("99.9")
    )


def test_quantity_and_multiplier_count_in_the_cash() -> None:
    # 3 contracts of 50 a point: bought for 150 000, at 0.9: -135 000; sold for 150 300, at 0.8: 120 240.
    assert shown(euros(d5="0.9", d7="0.8"), (CLOSED, "3", "2"), multiplier=D(50)) == InBase(
        currency="EUR", rate=D("0.8"), net_pnl=D(240), net_cash=D(-14760), fx_effect=D(-15000)
    )


def test_every_entry_close_and_event_has_its_day() -> None:
    entries = tuple(
        Entry(entry_id=str(n), quantity=D(1), price=D(price), entered_at=ENTERED + timedelta(n), commission=D(n))
        for n, price in ((0, 1000), (1, 1010))
    )
    funding = TradeEvent(event_id="e", type=EventType.FUNDING, amount=D(-4), at=CLOSED + timedelta(1))
    found = shown(
        euros(d5="0.9", d6="0.8", d7="0.7", d8="0.6", d9="0.5"),
        (CLOSED, "1", "20"),
        (CLOSED + timedelta(2), "1", "30"),
        entries=entries,
        quantity=D(2),
        entry_price=D(1005),
        commission=D(1),
        events=(funding,),
    )
    # 1000 x 0.9 and 1011 x 0.8 went out, 1020 x 0.7 and 1030 x 0.5 came in, 4 x 0.6 went out.
    # Earned: 1020 + 1030 - 2010 - 1 - 4 = 35, at 0.5.
    assert found == InBase(
        currency="EUR", rate=D("0.5"), net_pnl=D("17.5"), net_cash=D("-482.2"), fx_effect=D("-499.7")
    )


def test_costs_of_a_close_lessen_what_it_brings() -> None:
    trade = a_trade(TRADE, [(CLOSED, "1", "100")], open_date=ENTERED)
    costly = replace(trade, closes=(replace(trade.closes[0], commission=D(3), fees=D("0.5")),))
    found = in_base(costly, "USD", "EUR", euros(d5="1", d7="1"))
    assert found is not None
    assert (found.net_pnl, found.net_cash, found.fx_effect) == (D("96.5"), D("96.5"), D(0))


def test_the_day_is_that_of_each_times_own_offset() -> None:
    late = datetime(2026, 1, 7, 23, 30, tzinfo=timezone(timedelta(hours=-5)))  # the eighth in UTC
    found = shown(euros(d5="0.9", d7="0.8", d8="0.1"), (late, "1", "100"))
    assert found is not None
    assert found.rate == D("0.8")


def test_without_a_rate_for_a_day_of_its_cash_the_result_stands_alone() -> None:
    long_ago = ENTERED - timedelta(30)
    alone = InBase(currency="EUR", rate=D("0.8"), net_pnl=D(80))
    assert shown(euros(d7="0.8"), (CLOSED, "1", "100"), open_date=long_ago) == alone
    far = TradeEvent(event_id="e", type=EventType.DIVIDEND, amount=D(10), at=CLOSED + timedelta(30))
    with_dividend = shown(euros(d5="0.9", d7="0.8"), (CLOSED, "1", "90"), events=(far,))
    assert with_dividend == alone


@pytest.mark.parametrize("rates", [Rates(), euros(d8="0.8")])
def test_without_a_rate_for_the_last_close_there_is_nothing(rates: Rates) -> None:
    assert shown(rates, (CLOSED, "1", "100")) is None


def test_a_trade_that_is_not_flat_has_nothing_in_the_base_currency() -> None:
    rates = euros(d5="0.9", d7="0.8")
    assert shown(rates) is None
    assert shown(rates, (CLOSED, "1", "100"), quantity=D(2)) is None


def test_in_its_own_currency_the_trade_brings_what_it_earned() -> None:
    trade = a_trade(TRADE, [(CLOSED, "1", "-7.5")], open_date=ENTERED)
    assert in_base(trade, "USD", "USD", Rates()) == InBase(
        currency="USD", rate=D(1), net_pnl=D("-7.5"), net_cash=D("-7.5"), fx_effect=D(0)
    )


def test_cash_of_a_merger_and_what_a_spin_off_takes_along_count_on_their_day() -> None:
    # Bought for 1000 + 10, at 0.9: -909. At 0.85: 100 in cash; half of 900, and of the costs, goes along.
    # Sold for 1100, at 0.8: 880. The result: 1100 - 450 - 5 at 0.8.
    at = ENTERED + timedelta(1)
    splits = (
        TradeSplit(split_id="merger", new=D(1), old=D(1), at=at, cash=D(100)),
        TradeSplit(
            split_id="spin-off",
            new=D(1),
            old=D(1),
            at=at,
            cost_share=D("0.5"),
            money=D(450),
            commission=D(3),
            fees=D(2),
        ),
    )
    plain = a_trade(TRADE, [(CLOSED, "1", "100")], open_date=ENTERED, commission=D(6), fees=D(4))
    trade = with_entries(plain, plain.entered, splits=splits)
    assert trade.net_pnl == D(645)
    assert in_base(trade, "USD", "EUR", euros(d5="0.9", d6="0.85", d7="0.8")) == InBase(
        currency="EUR", rate=D("0.8"), net_pnl=D(516), net_cash=D("442.75"), fx_effect=D("-73.25")
    )


def test_an_entry_of_a_rounded_price_counts_with_its_exact_worth() -> None:
    plain = a_trade(TRADE, [(CLOSED, "3", "0")], open_date=ENTERED)
    entry = replace(plain.entered[0], entry_id="own", price=D("33.33333333"), money=D(100))
    found = in_base(with_entries(plain, [entry]), "USD", "EUR", euros(d5="1", d7="1"))
    assert found is not None
    assert (found.net_pnl, found.net_cash) == (D(2900), D(2900))

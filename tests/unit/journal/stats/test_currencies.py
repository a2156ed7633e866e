"""Figures in one currency: the rates of conversions, amounts that are left out, and the currency chosen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from handlers.journal.changes import add_event
from handlers.journal.rates import DayRate, Rates
from handlers.journal.settings import MAIN, Settings
from handlers.journal.stats.currencies import Conversion, OwnSums, Unconverted
from handlers.journal.stats.questions import Attribute, Question, Selected, Tolerance, TradeOutcome
from handlers.journal.trade import EventType, Trade, TradeEvent
from handlers.journal.trading_accounts import SettingsAndAccounts, TradingAccount
from tests.unit.journal.journals import NOW, a_flat_trade, a_trade
from tests.unit.journal.stats.asking import selected

D = Decimal
SETTINGS_AND_ACCOUNTS = SettingsAndAccounts(
    settings=Settings(user_id="user", base_currency="USD"),
    accounts={
        name: TradingAccount(user_id="user", account_id=name, name=name, currency=currency)
        for name, currency in (("euros", "EUR"), ("yen", "JPY"), ("more-euros", "EUR"))
    },
)


class Loader:
    """The user's rates, and how often they were read."""

    def __init__(self, *given: tuple[str, str, str, str]) -> None:
        self.rates = Rates(DayRate(from_, to, date.fromisoformat(day), D(rate)) for from_, to, day, rate in given)
        self.times = 0

    def __call__(self) -> Rates:
        self.times += 1
        return self.rates


def converted(
    trades: Iterable[Trade], load: Loader, question: Question | None = None
) -> tuple[Conversion, list[Selected]]:
    asked = question or Question()
    conversion = Conversion(SETTINGS_AND_ACCOUNTS, asked, load)
    return conversion, list(conversion(selected(trades, asked)))


def of_accounts(*accounts: str) -> Question:
    return Question(any_of={Attribute.ACCOUNT: frozenset(accounts)})


def at_noon(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "currency"),
    [
        (Question(), "USD"),
        (of_accounts("euros"), "EUR"),
        (of_accounts("euros", "more-euros"), "EUR"),
        (of_accounts("euros", "yen"), "USD"),
        (of_accounts(MAIN), "USD"),
        (of_accounts("gone"), "USD"),
    ],
)
def test_figures_are_in_the_currency_of_the_accounts_that_are_asked_for_or_in_the_base_currency(
    question: Question, currency: str
) -> None:
    assert Conversion(SETTINGS_AND_ACCOUNTS, question, Loader()).into == currency


def test_what_is_in_the_currency_of_the_figures_stays_as_it_is_and_no_rates_are_read() -> None:
    load = Loader()
    trades = [a_flat_trade("1", "2026-01-05", "10"), a_flat_trade("2", "2026-01-05", "5", currency="USD")]
    conversion, found = converted(trades, load)
    assert found == selected(trades)
    assert load.times == 0
    assert conversion.unconverted == Unconverted()
    assert conversion.by_currency == {"USD": OwnSums(trades=2, realized=D(15), net=D(15))}


def test_money_is_converted_at_the_rate_of_its_day_and_a_flat_trade_at_that_of_its_last_close() -> None:
    load = Loader(("EUR", "USD", "2026-01-05", "1.1"), ("EUR", "USD", "2026-01-06", "1.2"))
    trade = a_trade(
        "1",
        [(at_noon(5), "1", "10"), (at_noon(6), "1", "30")],
        account_id="euros",
        commission=D(2),
        risk_amount=D(20),
    )
    dividend = TradeEvent(event_id="e", type=EventType.DIVIDEND, amount=D(5), at=at_noon(6))
    conversion, [first, last] = converted([add_event(trade, dividend, NOW)], load)
    assert load.times == 1
    # Net of half the commission: 9 x 1.1; 29 x 1.2 and 5 x 1.2.
    assert [(day.day, gain.amount) for day, gain in first.gains] == [(5, D("9.9"))]
    assert [(day.day, gain.amount) for day, gain in last.gains] == [(6, D("34.8")), (6, D(6))]
    assert [gain.at for _, gain in last.gains] == [at_noon(6), at_noon(6)]
    assert (first.own_day, last.own_day) == (date(2026, 1, 5), date(2026, 1, 6))
    assert (first.result_day, first.outcome, last.result_day, last.outcome) == (None, None, date(2026, 1, 6), "WIN")
    entry = last.entry
    assert entry.result is not None
    # 10 + 30 + 5 - 2 = 43 at 1.2
    assert (entry.net, entry.risk, entry.result.costs, entry.result.events) == (D("51.6"), D(24), D("2.4"), D(6))
    assert entry.r == D("2.15")  # as in euros: 43 / 20
    assert conversion.by_currency == {"EUR": OwnSums(trades=1, realized=D(43), net=D(43))}
    assert conversion.unconverted == Unconverted()


def test_the_currency_of_a_trade_comes_before_that_of_its_account() -> None:
    load = Loader(("CHF", "USD", "2026-01-05", "2"), ("EUR", "USD", "2026-01-05", "3"))
    trades = [
        a_flat_trade("1", "2026-01-05", "10", account_id="euros", currency="CHF"),
        a_flat_trade("2", "2026-01-05", "10", account_id="euros"),
    ]
    conversion, found = converted(trades, load)
    assert [each.entry.net for each in found] == [D(20), D(30)]
    assert conversion.by_currency.keys() == {"CHF", "EUR"}
    assert load.times == 1


@pytest.mark.parametrize("currency", ["AUD", "ZAR"])
def test_any_other_currency_is_converted(currency: str) -> None:
    _, [found] = converted(
        [a_flat_trade("1", "2026-01-05", "10", currency=currency)], Loader((currency, "USD", "2026-01-05", "0.5"))
    )
    assert (found.entry.net, [gain.amount for _, gain in found.gains]) == (D(5), [D(5)])


def test_what_has_no_rate_is_left_out_and_named() -> None:
    load = Loader(("EUR", "USD", "2026-01-05", "1.5"))
    trades = [
        a_flat_trade("1", "2026-01-05", "10", currency="JPY"),
        a_trade("2", [(at_noon(5), "1", "10"), (at_noon(20), "1", "10")], account_id="euros"),
        a_flat_trade("3", "2026-01-20", "7", currency="JPY"),
        a_flat_trade("4", "2026-01-05", "1"),
    ]
    conversion, found = converted(trades, load)
    assert [(each.entry.trade_id, [gain.amount for _, gain in each.gains]) for each in found] == [
        ("2", [D(15)]),
        ("4", [D(1)]),
    ]
    assert conversion.unconverted == Unconverted(trades={"1", "2", "3"}, currencies={"JPY", "EUR"})
    assert conversion.by_currency == {
        "JPY": OwnSums(trades=2, realized=D(17), net=D(17)),
        "EUR": OwnSums(trades=1, realized=D(20), net=D(20)),
        "USD": OwnSums(trades=1, realized=D(1), net=D(1)),
    }


def test_a_part_that_is_closed_has_no_result_in_either_currency() -> None:
    load = Loader(("EUR", "USD", "2026-01-05", "2"))
    part = a_trade("1", [(at_noon(5), "1", "10")], quantity=D(2), currency="EUR", risk_amount=D(4))
    conversion, [found] = converted([part], load)
    assert (found.entry.net, found.entry.result, found.outcome, found.entry.risk) == (None, None, None, D(8))
    assert conversion.by_currency == {"EUR": OwnSums(trades=0, realized=D(10), net=D(0))}


@pytest.mark.parametrize(
    ("tolerance", "net", "outcome"),
    [
        (Tolerance(amount=D(15)), "10", TradeOutcome.WIN),  # 20 dollars are more than 15
        (Tolerance(amount=D(20)), "10", TradeOutcome.BREAKEVEN),
        (Tolerance(of_risk=D("0.1")), "1", TradeOutcome.BREAKEVEN),  # 2 of 20 dollars
        (Tolerance(of_risk=D("0.1")), "-1.00000001", TradeOutcome.LOSS),
    ],
)
def test_a_break_even_is_one_in_the_currency_of_the_figures(
    tolerance: Tolerance, net: str, outcome: TradeOutcome
) -> None:
    load = Loader(("EUR", "USD", "2026-01-05", "2"))
    trade = a_flat_trade("1", "2026-01-05", net, currency="EUR", risk_amount=D(10))
    _, [found] = converted([trade], load, Question(tolerance=tolerance))
    assert found.outcome is outcome


def test_a_risk_that_rounds_to_nothing_in_the_other_currency_is_unknown() -> None:
    load = Loader(("JPY", "USD", "2026-01-05", "0.005"))
    risks: list[Any] = []
    for risk in ("0.000001", "0.000002"):  # 0.000000005 rounds to 0, 0.00000001 is the smallest amount
        trade = a_flat_trade("1", "2026-01-05", "10", currency="JPY", risk_amount=D(risk))
        _, [found] = converted([trade], load)
        risks.append(found.entry.risk)
        assert (found.entry.r is None) is (found.entry.risk is None)
    assert risks == [None, D("0.00000001")]


def test_a_trade_without_a_known_risk_has_none_in_the_other_currency() -> None:
    load = Loader(("EUR", "USD", "2026-01-05", "2"))
    _, [found] = converted([a_flat_trade("1", "2026-01-05", "10", currency="EUR")], load)
    assert (found.entry.net, found.entry.risk, found.entry.r) == (D(20), None, None)

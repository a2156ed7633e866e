"""Converts what was realized into one currency.

The money of a close or an event is converted at the rate of its day, the result of a flat trade at that of its last
close. What has no rate is left out of all figures, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from handlers.journal import money
from handlers.journal.money import ZERO
from handlers.journal.rates import Rates, Ratio
from handlers.journal.stats.entries import BookEntry
from handlers.journal.stats.questions import Attribute, Question, Selected
from handlers.journal.trading_accounts import SettingsAndAccounts


@dataclass(slots=True)
class Unconverted:
    """What is left out because it has no rate: the ids of trades, and the currencies."""

    trades: set[str] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)


@dataclass(slots=True)
class OwnSums:
    """Sums in one currency, not converted."""

    trades: int = 0
    realized: Decimal = ZERO
    net: Decimal = ZERO


class Conversion:
    """Converts what a question selects into one currency, and says what it could not."""

    def __init__(
        self, settings_and_accounts: SettingsAndAccounts, question: Question, load: Callable[[], Rates]
    ) -> None:
        """`load` reads the user's rates; it is called once at most, when something is to be converted."""
        self.into = _currency_of(settings_and_accounts, question)
        self.unconverted = Unconverted()
        self.by_currency: dict[str, OwnSums] = {}
        self._settings_and_accounts, self._question, self._load = settings_and_accounts, question, load
        self._rates: Rates | None = None

    def __call__(self, selected: Iterable[Selected]) -> Iterator[Selected]:
        """What is selected, in the one currency; what has no rate is left out."""
        for one in selected:
            currency = one.entry.currency or self._settings_and_accounts.currency_of(one.entry.account)
            self._sum(currency, one)
            if currency == self.into:
                yield one
            elif (found := self._converted(one, currency)) is not None:
                yield found

    def _sum(self, currency: str, one: Selected) -> None:
        sums = self.by_currency.get(currency)
        if sums is None:
            sums = self.by_currency[currency] = OwnSums()
        for _, gain in one.gains:
            sums.realized = money.plus(sums.realized, gain.amount)
        if one.outcome is not None and one.entry.net is not None:
            sums.trades += 1
            sums.net = money.plus(sums.net, one.entry.net)

    def _converted(self, one: Selected, currency: str) -> Selected | None:
        if self._rates is None:
            self._rates = self._load()
        rate = self._rates.on(one.own_day, currency, self.into)
        if rate is None:
            self.unconverted.trades.add(one.entry.trade_id)
            self.unconverted.currencies.add(currency)
            return None
        entry = in_other_money(one.entry, rate)
        gains = [(day, gain._replace(amount=rate.of(gain.amount))) for day, gain in one.gains]
        outcome = None if one.outcome is None else self._question.outcome(entry)
        return Selected(one.own_day, entry, gains, one.result_day, outcome)


def _currency_of(settings_and_accounts: SettingsAndAccounts, question: Question) -> str:
    """The currency of the figures: that of the accounts asked for, if they have one, else the base currency."""
    asked = question.any_of.get(Attribute.ACCOUNT)
    of_accounts = {settings_and_accounts.currency_of(account_id) for account_id in asked or ()}
    return of_accounts.pop() if len(of_accounts) == 1 else settings_and_accounts.settings.base_currency


def in_other_money(entry: BookEntry, rate: Ratio) -> BookEntry:
    """The entry with its net result, risk and costs converted at the rate. R stays the same, except for rounding."""
    result = entry.result
    return entry._replace(
        net=None if entry.net is None else rate.of(entry.net),
        risk=None if entry.risk is None else _risk(entry.risk, rate),
        result=None if result is None else result._replace(costs=rate.of(result.costs), events=rate.of(result.events)),
    )


def _risk(risk: Decimal, rate: Ratio) -> Decimal | None:
    return rate.of(risk) or None  # R cannot be divided by a risk that rounds to 0
